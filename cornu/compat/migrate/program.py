"""What a program has: which of its expressions stand for names of Keras, its models, generators and histories."""

from __future__ import annotations

import builtins
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import libcst as cst
from libcst import matchers, metadata

from cornu.compat.migrate.calls import code, literal
from cornu.compat.migrate.names import Meaning, has, meaning

MODELS = ("models.Sequential", "models.Model", "Sequential", "Model", "models.load_model", "models.model_from_json",
          "models.clone_model")  # fmt: skip


class Reference(NamedTuple):
    """An expression that stands for a name of Keras.

    Args:
        base: the name in the program with which it begins.
        path: what that name is bound to, as "keras.utils.np_utils".
        meaning: of the whole expression.
    """

    base: str
    path: str
    meaning: Meaning


@dataclass
class Program:
    """The facts about a program that single calls don't tell.

    Args:
        references: by expression.
        unknown: expressions that name what no era of Keras had.
        bound: every name that the program binds.
        models: what is assigned from a model's constructor: "model", "self.model".
        optimizers: what is assigned from an optimizer's constructor.
        histories: what is assigned from `.history` or `fit(...)`.
        batch_sizes: of generators that `flow` and `flow_from_directory` make, by what they're assigned to.
        methods: the parameters of the methods that the program's own classes have, by the methods' names.
        units: the units of the dense layers in the order of the text; None where they aren't written out.
        metrics: the names in lists of metrics.
        losses: the names in `loss=...`.
        graphs: what is assigned from Keras 1's `Graph()`.
        shows_accuracy: of which models `fit(show_accuracy=True)` asks for it.
        sets_rate: whether something sets the learning rate while training.
    """

    references: dict[cst.CSTNode, Reference] = field(default_factory=dict)
    unknown: dict[cst.CSTNode, str] = field(default_factory=dict)
    bound: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    optimizers: set[str] = field(default_factory=set)
    histories: set[str] = field(default_factory=set)
    batch_sizes: dict[str, str] = field(default_factory=dict)
    methods: dict[str, set[str]] = field(default_factory=dict)
    units: list[int | None] = field(default_factory=list)
    metrics: set[str] = field(default_factory=set)
    losses: set[str] = field(default_factory=set)
    graphs: set[str] = field(default_factory=set)
    shows_accuracy: set[str] = field(default_factory=set)
    sets_rate: bool = False

    def path_of(self, node: cst.CSTNode) -> str:
        """Today's path of what an expression stands for, else nothing."""
        found = self.references.get(node)
        return found.meaning.path if found is not None else ""


def study(wrapper: metadata.MetadataWrapper) -> Program:
    """The facts about a program."""
    program = Program()
    scopes = {scope for scope in wrapper.resolve(metadata.ScopeProvider).values() if scope is not None}
    parents = wrapper.resolve(metadata.ParentNodeProvider)
    stars = list(_stars(wrapper.module))
    for scope in scopes:
        program.bound |= {assignment.name for assignment in scope.assignments}
        for access in scope.accesses:
            node: cst.CSTNode = access.node
            while isinstance(node, cst.Attribute):
                node = node.value
            if isinstance(node, cst.Name):
                _refer(program, node, _bound_to(access, node.value, stars), parents)
    wrapper.module.visit(_Facts(program))
    return program


def _stars(module: cst.Module) -> Iterator[str]:
    """The modules of Keras of which everything is imported."""
    for node in matchers.findall(module, matchers.ImportFrom(names=matchers.ImportStar())):
        if isinstance(node, cst.ImportFrom) and node.module is not None and meaning(code(node.module)):
            yield code(node.module)


def _bound_to(access: metadata.Access, name: str, stars: list[str]) -> str:
    """What a name is bound to by an import of Keras or TensorFlow; else nothing."""
    found = sorted(
        q.name
        for referent in access.referents
        if isinstance(referent, metadata.ImportAssignment)
        for q in referent.get_qualified_names_for(name)
    )
    if not access.referents and not hasattr(builtins, name):
        found = [f"{star}.{name}" for star in stars if meaning(f"{star}.{name}")]
    return next((path for path in found if path == "tensorflow" or meaning(path)), "")


def _refer(program: Program, base: cst.Name, path: str, parents: Mapping[cst.CSTNode, cst.CSTNode]) -> None:
    if not path:
        return
    chain: list[tuple[cst.CSTNode, str]] = [(base, path)]
    node: cst.CSTNode = base
    while isinstance(parent := parents.get(node), cst.Attribute) and parent.value is node:
        node = parent
        chain.append((node, f"{chain[-1][1]}.{parent.attr.value}"))
    for i in reversed(range(len(chain))):
        node, dotted = chain[i]
        found = meaning(dotted)
        if found is not None:
            if not found.key and i + 1 < len(chain):
                name = chain[i + 1][1].rpartition(".")[2]
                if not name.startswith("__") and not has(f"{found.path}.{name}".lstrip(".")):
                    program.unknown[chain[i + 1][0]] = chain[i + 1][1]
            program.references[node] = Reference(base.value, path, found)
            return


class _Facts(cst.CSTVisitor):
    def __init__(self, program: Program) -> None:
        self.program = program
        self._classes: list[str] = []

    def visit_Assign(self, node: cst.Assign) -> None:
        """Models, optimizers, histories, generators by what they are assigned to."""
        names = {code(target.target) for target in node.targets}
        value = node.value
        if isinstance(value, cst.Attribute) and value.attr.value == "history":
            self.program.histories |= names
        if not isinstance(value, cst.Call):
            return
        path = self.program.path_of(value.func)
        if path in MODELS:
            self.program.models |= names
        if path == "models.Graph":
            self.program.graphs |= names
        if path.startswith("optimizers."):
            self.program.optimizers |= names
        method = value.func.attr.value if isinstance(value.func, cst.Attribute) else ""
        if method in ("fit", "fit_generator"):
            self.program.histories |= names
        size = batch_size(value)
        if size:
            self.program.batch_sizes.update(dict.fromkeys(names, size))

    def visit_ClassDef(self, node: cst.ClassDef) -> None:
        """The program's own classes."""
        own = not any(self.program.path_of(base.value) for base in node.bases)
        self._classes.append(node.name.value if own else "")

    def leave_ClassDef(self, original_node: cst.ClassDef) -> None:
        """The end of a class."""
        self._classes.pop()

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        """The methods of the program's own classes."""
        if self._classes and self._classes[-1]:
            names = {p.name.value for p in (*node.params.params, *node.params.kwonly_params)}
            self.program.methods.setdefault(node.name.value, set()).update(names)

    def visit_Call(self, node: cst.Call) -> None:
        """What calls say about the whole program."""
        path = self.program.path_of(node.func)
        method = node.func.attr.value if isinstance(node.func, cst.Attribute) else ""
        given = {a.keyword.value: a.value for a in node.args if a.keyword}
        if path == "layers.Dense":
            first = node.args[0].value if node.args and not node.args[0].keyword else None
            units = given.get("units", given.get("output_dim", first))
            known = literal(units) if units is not None else None
            self.program.units.append(known if isinstance(known, int) else None)
        if method == "compile":
            self._metrics(given.get("metrics") or (node.args[2].value if len(node.args) > 2 else None))
            loss = given.get("loss") or (node.args[1].value if len(node.args) > 1 else None)
            self.program.losses |= {text for text in [literal(loss) if loss else None] if isinstance(text, str)}
        if isinstance(node.func, cst.Attribute) and literal(given.get("show_accuracy", cst.Name("None"))) in (True, 1):
            self.program.shows_accuracy.add(code(node.func.value))
        self.program.sets_rate |= path in ("callbacks.LearningRateScheduler", "callbacks.ReduceLROnPlateau")

    def visit_Attribute(self, node: cst.Attribute) -> None:
        """Learning rates that are read or set."""
        if node.attr.value in ("lr", "learning_rate") and code(node.value).endswith("optimizer"):
            self.program.sets_rate = True

    def _metrics(self, node: cst.BaseExpression | None) -> None:
        texts = matchers.findall(node, matchers.SimpleString()) if node is not None else []
        found = [literal(text) for text in texts if isinstance(text, cst.SimpleString)]
        self.program.metrics |= {name for name in found if isinstance(name, str)}


def batch_size(call: cst.BaseExpression) -> str:
    """The batch size of the generator that a call of `flow` makes, as text; nothing for another expression."""
    if not isinstance(call, cst.Call) or not isinstance(call.func, cst.Attribute):
        return ""
    if call.func.attr.value not in ("flow", "flow_from_directory", "flow_from_dataframe"):
        return ""
    return next((code(a.value) for a in call.args if a.keyword and a.keyword.value == "batch_size"), "32")
