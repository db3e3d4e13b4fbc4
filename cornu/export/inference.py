"""A model's forward pass as a program whose sizes are open where the model leaves them open."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.export
import numpy as np

from cornu import _jax, dtypes, tree
from cornu.errors import explain
from cornu.program.lower import lower
from cornu.program.trace import Program, trace
from cornu.variables import Scope, Variable, discover


@dataclass(frozen=True)
class Inference:
    """What is exported: a program whose flat inputs are the weights and then the model's inputs.

    Open sizes are symbolic dimensions of `jax.export` in the shapes of `program.inputs` and `program.outputs`;
    `least` is the smallest size, other than of the batch, for which the program holds.
    """

    program: Program
    weights: list[np.ndarray]
    weight_names: list[str]
    input_names: list[str]
    output_names: list[str]
    least: int

    @property
    def inputs(self) -> list[Any]:
        """Shapes and dtypes of the model's inputs, flat."""
        return self.program.inputs[len(self.weights) :]

    def nested(self, flat: Sequence[Any]) -> Any:
        """Flat inputs in the form in which the model takes them."""
        return tree.unflatten(self.program.in_tree, [*self.weights, *flat])[1]


@dataclass(frozen=True)
class _Input:
    """One input as the model describes it; None is an open size."""

    name: str
    shape: tuple[int | None, ...]
    dtype: np.dtype


def inference(model: Any, input_signature: Any = None) -> Inference:
    """The inference program of a built model.

    `input_signature` describes the inputs where the model doesn't, or otherwise: anything with a shape, in which None
    is an open size, and a dtype, nested as the model takes it. Raises ValueError where the inputs aren't known, where
    layers run on the host, and where a size can't be left open.
    """
    if getattr(model, "on_host", None) is not None:
        raise ValueError(
            explain(
                f"Model {model.name!r} begins with layers that run on the host, and they can't be exported.",
                fix="Export a model of the layers behind them.",
            )
        )
    described = _described(model, input_signature)
    failed: Exception | None = None
    for names, least in _schemes(tree.flatten(described)):
        try:
            return _traced(model, described, names, least)
        except (jax.errors.InconclusiveDimensionOperation, TypeError, ValueError) as error:
            failed = failed or error
    raise ValueError(
        explain(
            f"Model {model.name!r} can't be exported with open sizes: {failed}",
            fix="Fix a size: export(..., input_signature=[cornu.KerasTensor((None, 28), 'float32')]).",
        )
    ) from failed


# --- what the inputs are --------------------------------------------------------------------------------------------


def _described(model: Any, input_signature: Any) -> Any:
    """The inputs, nested as the model takes them."""
    given = input_signature if input_signature is not None else _own_inputs(model)
    if isinstance(given, (list, tuple)) and len(given) == 1:
        given = given[0]
    names = tree.flatten(_names(given, "input"))
    flat = [
        _Input(_plain(getattr(leaf, "name", None) or name), tuple(_open(size) for size in leaf.shape), _dtype(leaf))
        for leaf, name in zip(tree.flatten(given), names, strict=True)
    ]
    return tree.unflatten(tree.structure(given), _unique(flat))


def _own_inputs(model: Any) -> Any:
    struct = getattr(model, "_inputs_struct", None)
    struct = getattr(model, "inputs", None) or None if struct is None else struct
    if struct is not None:
        return struct
    shapes = (model.get_build_config() or {}) if model.built else {}
    if not shapes:
        raise ValueError(
            explain(
                f"Model {model.name!r} doesn't know its inputs.",
                expected="a model that was called, or `input_signature`",
                fix="Call it on data once, or pass input_signature=[cornu.KerasTensor((None, 28))].",
            )
        )
    found = shapes.get("shapes_dict", shapes)
    return [jax.ShapeDtypeStruct((None, *shape[1:]), "float32") for shape in found.values()]


def _names(given: Any, prefix: str) -> Any:
    """A name for each leaf: the keys of dicts, and numbers."""
    if isinstance(given, dict):
        return {key: _names(value, str(key)) for key, value in given.items()}
    if isinstance(given, (list, tuple)):
        return [_names(value, f"{prefix}_{i}") for i, value in enumerate(given)]
    return prefix


def _plain(name: str) -> str:
    """A name that every format takes."""
    return re.sub(r"\W", "_", name.split(":")[0])


def _unique(inputs: list[_Input]) -> list[_Input]:
    taken: set[str] = set()
    found = []
    for one in inputs:
        name, number = one.name, 1
        while name in taken:
            name, number = f"{one.name}_{number}", number + 1
        taken.add(name)
        found.append(replace(one, name=name))
    return found


def _open(size: Any) -> int | None:
    return int(size) if isinstance(size, (int, np.integer)) else None


def _dtype(leaf: Any) -> np.dtype:
    name = getattr(leaf.dtype, "name", leaf.dtype)  # a dtype of TensorFlow has its name in `name`
    return dtypes.numpy_dtype(dtypes.standardize(name))


# --- open sizes ------------------------------------------------------------------------------------------------------

_LEAST = (1, 2, 4, 8, 16, 32, 64, 128, 256)


def _schemes(inputs: Sequence[_Input]) -> Iterator[tuple[list[list[str]], int]]:
    """Names for the open sizes of each input, and the least of them: the most general first.

    Each open axis has a size of its own but the first, the batch, which all inputs share; then those at the same place
    share one. A size may be too small for a window of the network, so larger and larger least sizes are tried.
    """
    own = [[f"{one.name}_{axis}" if axis else "batch" for axis in range(len(one.shape))] for one in inputs]
    if not any(size is None for one in inputs for size in one.shape[1:]):
        yield own, 1
        return
    shared = [[f"axis{axis}" if axis else "batch" for axis in range(len(one.shape))] for one in inputs]
    for least in _LEAST:
        yield from ((names, least) for names in ([shared] if len(inputs) == 1 else [own, shared]))


def _symbolic(inputs: Sequence[_Input], names: list[list[str]], least: int) -> list[jax.ShapeDtypeStruct]:
    used = {name: None for one, of in zip(inputs, names, strict=True) for size, name in zip(one.shape, of, strict=True)
            if size is None}  # fmt: skip
    if not used:
        return [jax.ShapeDtypeStruct(one.shape, one.dtype) for one in inputs]
    constraints = [f"{name} >= {least}" for name in used if name != "batch"] if least > 1 else []
    sizes = dict(zip(used, jax.export.symbolic_shape(", ".join(used), constraints=constraints), strict=True))
    return [
        jax.ShapeDtypeStruct([sizes[name] if size is None else size for size, name in zip(one.shape, of, strict=True)],
                             one.dtype)
        for one, of in zip(inputs, names, strict=True)
    ]  # fmt: skip


# --- the program ----------------------------------------------------------------------------------------------------


def _traced(model: Any, described: Any, names: list[list[str]], least: int) -> Inference:
    flat = tree.flatten(described)
    inputs = tree.unflatten(tree.structure(described), _symbolic(flat, names, least))
    program, variables = _program_of_what_is_read(model, inputs)
    return Inference(
        program,
        [np.array(v.stored()) for v in variables],
        _weight_names(variables),
        [one.name for one in flat],
        _output_names(model, program),
        least,
    )


def _program_of_what_is_read(model: Any, inputs: Any) -> tuple[Program, list[Variable]]:
    """The forward pass, and the variables on which it depends; sizes that can't stay open show here."""

    def run(variables: list[Variable]) -> tuple[Program, Scope]:
        scopes: list[Scope] = []

        def forward(values: Sequence[Any], inputs: Any) -> Any:
            with Scope(variables, values) as scope:
                scopes.append(scope)
                return model(inputs, training=False)

        return trace(forward, [v.stored() for v in variables], inputs), scopes[-1]

    def traced(variables: list[Variable]) -> tuple[tuple[Program, list[Variable]], Scope]:
        program, scope = run(variables)
        return (program, list(scope.written.values())), scope

    (program, written), variables = discover(traced, model.variables)
    if written:
        changed = ", ".join(variable.path for variable in written[:3])
        what = f"Model {model.name!r} changes {changed} when it predicts: in the exported model it stays as it is."
        warnings.warn(what, stacklevel=5)
    needed = needed_inputs(lower(program).jaxpr)[: len(variables)]
    variables = [variable for variable, used in zip(variables, needed, strict=True) if used]
    return run(variables)[0], variables


def needed_inputs(closed: _jax.ClosedJaxpr) -> list[bool]:
    """Which inputs of a program without dead code something reads."""
    equations = closed.jaxpr.eqns
    read = {id(atom) for atom in (*closed.jaxpr.outvars, *(a for equation in equations for a in equation.invars))}
    return [id(variable) in read for variable in closed.jaxpr.invars]


def _output_names(model: Any, program: Program) -> list[str]:
    outputs = tree.unflatten(program.out_tree, range(len(program.outputs)))
    own = getattr(model, "output_names", None) or []
    names = own if len(own) == len(program.outputs) else tree.flatten(_names(outputs, "output"))
    return [_plain(name) for name in names]


def _weight_names(variables: Sequence[Variable]) -> list[str]:
    """The variables' paths, numbered where two have the same one."""
    taken: dict[str, int] = {}
    found = []
    for variable in variables:
        count = taken[variable.path] = taken.get(variable.path, 0) + 1
        found.append(variable.path if count == 1 else f"{variable.path}_{count - 1}")
    return found
