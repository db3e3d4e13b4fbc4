"""The floors of the house: imports go down, never up, never in a circle; heavy frameworks stay outside."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from cornu.engines.engine import _SOURCES
from cornu.export import FORMATS

ROOT = Path(__file__).parent.parent / "cornu"

FLOORS = {
    "F0 ground": "_jax config devices dtype_policies dtypes errors naming nested registry signature tracebacks tree",
    "F1 program": "program",
    "F2 engines": "engines",
    "F3 state and mathematics": "activations constraints initializers kernels losses ops random regularizers scopes "
    "symbolic tags variables",
    "F4 parts": "layers metrics optimizers",
    "F5 work": "callbacks distribution export mixed_precision saving training visualization",
    "F6 models": "models",
    "F7 around it": "applications backend datasets preprocessing tuning utils wrappers",
    "F8 doors": "__main__ cli compat demo playground",
}
"""The names below cornu/ on each floor, from the ground up."""

FLOOR_OF = {name: floor for floor, names in enumerate(FLOORS.values()) for name in names.split()}

APART = {("layers", "engines"), ("engines", "layers"), ("training", "models"), ("optimizers", "layers")}
"""Neighbors that don't know each other, whatever their floors allow."""

HEAVY = ("tensorflow", "torch", "pytensor", "onnx", "onnxruntime", "matplotlib", "pandas", "sklearn", "optax", "keras")


def modules() -> dict[str, ast.Module]:
    """Every module of the package by its dotted name, parsed."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = ast.parse(path.read_text(), str(path))
    return found


TREES = modules()


def imports(tree: ast.AST, known: set[str], late: bool = True) -> set[str]:
    """The names of `known` modules that a module imports, but for type checkers only; `late`: also inside functions."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not late:
            continue
        if isinstance(node, ast.Import):
            found |= {longest(alias.name, known) for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports name their module in full"
            found |= {longest(f"{node.module}.{alias.name}", known) for alias in node.names}
        else:
            found |= imports(node, known, late)
    return found - {""}


def longest(name: str, known: set[str]) -> str:
    """The longest beginning of a dotted name that is a module, else nothing."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name


def graph(late: bool = True) -> dict[str, set[str]]:
    """Which module imports which; the façade, which imports them all, is left out."""
    known = set(TREES)
    return {name: imports(tree, known, late) - {name} for name, tree in TREES.items() if name != "cornu"}


GRAPH = graph()


def place(module: str) -> str:
    """The name right below cornu/."""
    return module.split(".")[1]


def faults(imported: dict[str, set[str]]) -> list[str]:
    """Every import that goes up, to the façade (which is for the doors), or to a neighbor that is to stay apart."""
    found = []
    doors = len(FLOORS) - 1
    for name, targets in imported.items():
        for target in sorted(targets):
            if target == "cornu":
                found += [f"{name} imports the façade"] * (FLOOR_OF[place(name)] < doors)
            elif FLOOR_OF[place(target)] > FLOOR_OF[place(name)]:
                found.append(f"{name} imports {target}, which is above it")
            elif (place(name), place(target)) in APART:
                found.append(f"{name} imports {target}; they are to stay apart")
    return found


def circle(imported: dict[str, set[str]]) -> list[str]:
    """One circle of imports, or nothing."""
    try:
        graphlib.TopologicalSorter(imported).prepare()
    except graphlib.CycleError as error:
        return error.args[1]
    return []


def test_every_module_has_a_floor():
    assert {place(name) for name in GRAPH} <= set(FLOOR_OF)


def test_imports_go_down():
    assert faults(GRAPH) == []


def test_imports_go_in_no_circle():
    """None between packages; inside one, two files may know each other if one of them waits until it is called."""
    between: dict[str, set[str]] = {}
    for name, targets in GRAPH.items():
        between.setdefault(place(name), set()).update(
            place(t) for t in targets if t != "cornu" and place(t) != place(name)
        )
    assert circle(between) == []
    assert circle(graph(late=False)) == []


@pytest.mark.parametrize(
    ("name", "target"),
    [("cornu.errors", "cornu.layers"), ("cornu.ops", "cornu"), ("cornu.layers.dense", "cornu.engines.engine")],
)
def test_planted_imports_are_seen(name, target):
    assert len(faults({name: {target}})) == 1


def test_a_planted_circle_is_seen():
    assert circle({"cornu.a": {"cornu.b"}, "cornu.b": {"cornu.c"}, "cornu.c": {"cornu.a"}})


def test_imports_are_found_wherever_they_stand():
    tree = ast.parse("def f():\n  if x:\n    from a.b import c\nif TYPE_CHECKING:\n  import d\nimport a.e.g as h")
    assert imports(tree, {"a", "a.b", "a.b.c", "a.e", "d"}) == {"a.b.c", "a.e"}


def test_engines_do_not_know_each_other():
    engines = {name for name in GRAPH if name.startswith("cornu.engines.on_") or name == "cornu.engines.reference"}
    assert [(name, other) for name in engines for other in GRAPH[name] & engines] == []


INTERNAL = re.compile(r"jax\.(_src|extend|interpreters)\b|jax\.core\.(?!Tracer|InconclusiveDimensionOperation)\w")
"""What JAX doesn't promise to keep."""


def internals(tree: ast.Module) -> list[str]:
    """What a module names of JAX's internals."""
    text = {
        ast.unparse(node) for node in ast.walk(tree) if isinstance(node, (ast.Attribute, ast.Import, ast.ImportFrom))
    }
    return sorted(filter(INTERNAL.search, text))


def test_only_one_file_touches_the_internals_of_jax():
    assert {name: internals(tree) for name, tree in TREES.items() if name != "cornu._jax" and internals(tree)} == {}
    assert internals(TREES["cornu._jax"])


def test_importing_imports_nothing_heavy():
    """Every module of the package, loaded in a process of its own, but those that are loaded when they are chosen."""
    chosen = {source.module for source in _SOURCES.values()} | {format.module for format in FORMATS.values()}
    parts = {name for name in TREES if name.startswith("cornu.engines.onnx_")}
    left_out = chosen | parts | {"cornu.__main__"}
    program = f"""
import importlib, sys
for name in {sorted(set(TREES) - left_out)}:
    importlib.import_module(name)
print(*[name for name in {HEAVY} if name in sys.modules])
"""
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == []


def test_importing_the_facade_imports_no_more_than_it_needs():
    program = (
        "import sys, cornu; cornu.Sequential, cornu.layers.Dense; print('h5py' in sys.modules, 'rich' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT.parent, capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["False", "False"]
