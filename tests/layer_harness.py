"""One harness for every layer: a row of a table is made in Keras and in cornu and compared in all that a layer does.

A row says how to make the layer, as a function of the library, and on what to call it:

    Row(lambda L: L.Dense(3, activation="relu"), (2, 4))
    Row(lambda L: L.Bidirectional(L.LSTM(3)), (2, 5, 4), mask=ones_and_zeros)
    Row(lambda L: L.Add(), [(2, 4), (2, 4)])
    Row(lambda L: L.MultiHeadAttention(2, 3), (2, 5, 4), call={"value": normal(2, 6, 4)})

and `@table(ROWS)` runs every check on every row.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from keras.src import backend as keras_backend

import cornu.layers
from cornu import registry, tags, tree
from cornu import variables as state
from cornu.symbolic import KerasTensor

TOLERANCE = 1e-5


class Library:
    """The layers of a library; with a dtype policy, each is made with it."""

    def __init__(self, module: ModuleType, dtype: str | None = None) -> None:
        self._module, self._dtype = module, dtype

    def __getattr__(self, name: str) -> Any:
        made = getattr(self._module, name)
        return functools.partial(made, dtype=self._dtype) if self._dtype and isinstance(made, type) else made


@dataclass(frozen=True, eq=False)
class Row:
    """A layer and a call of it.

    inputs: a shape (normal draws), an array, or a list of these; call: more arguments of the call; mask: the mask
    that the input carries (a list for a list of inputs); unlike: entries of the config that aren't Keras's, on purpose;
    skip: names of checks that don't apply, on purpose; policies: the 16-bit dtype policies that are tried.
    """

    make: Callable[[Any], Any]
    inputs: Any
    call: dict = field(default_factory=dict)
    mask: Any = None
    unlike: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    policies: tuple[str, ...] = ("mixed_bfloat16",)
    name: str = ""

    def __str__(self) -> str:
        return self.name or type(self.make(Library(keras.layers))).__name__


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    """Normal draws, always the same."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype("float32")


def _arrays(inputs: Any) -> Any:
    if isinstance(inputs, list):
        return [normal(*one, seed=i) if isinstance(one, tuple) else one for i, one in enumerate(inputs)]
    return normal(*inputs) if isinstance(inputs, tuple) else inputs


class Results(NamedTuple):
    """What a call gives: flat outputs, losses, the outputs' masks, the variables' new values."""

    outputs: list
    losses: list
    masks: list
    values: list


class Side:
    """One library's half of a comparison: the row's layer there, built, and how that library is spoken to."""

    def __init__(self, row: Row, dtype: str | None = None) -> None:
        self.row = row
        self.layer = row.make(Library(self.module, dtype))
        given = (_arrays(row.inputs), row.call)
        self.arguments = jax.tree.map(lambda x: jnp.asarray(x) if isinstance(x, np.ndarray) else x, given)
        self.symbolic(unknown=False)

    def symbolic(self, unknown: bool) -> list:
        """The outputs of a call on symbolic tensors, whose batch size is unknown where `unknown` says so."""

        def convert(x: Any) -> Any:
            if not hasattr(x, "shape"):
                return x
            return self.tensor((None, *x.shape[1:]) if unknown and x.ndim else x.shape, dtype=x.dtype.name)

        inputs, call = jax.tree.map(convert, self.arguments)
        return [v for v in tree.walk(self.layer(inputs, **call)) if v is not None]

    def run(self, arguments: Any, training: bool | None) -> tuple[list, list, list]:
        """The outputs, the losses, the outputs' masks of an eager or traced call."""
        inputs, call = jax.tree.map(lambda x: jnp.array(x) if hasattr(x, "shape") else x, arguments)
        if self.row.mask is not None:
            masks = self.row.mask if isinstance(self.row.mask, list) else [self.row.mask]
            for tensor, mask in zip(inputs if isinstance(inputs, list) else [inputs], masks, strict=True):
                if mask is not None:
                    self.set_mask(tensor, jnp.asarray(mask))
        outputs = self.layer(inputs, **call, training=training)
        flat = [v for v in tree.walk(outputs) if v is not None]
        return flat, [jnp.asarray(loss) for loss in self.layer.losses], [self.get_mask(v) for v in flat]

    def eager(self, values: list, training: bool) -> Results:
        """The results of a call that isn't compiled."""
        for variable, value in zip(self.layer.variables, values, strict=True):
            variable.assign(value)
        return Results(*self.run(self.arguments, training), [v.value for v in self.layer.variables])

    def compiled(self, values: list, training: bool) -> Results:
        """The results of a compiled call."""
        function, arrays = self._function(training)
        return _jit(function, self.layer.compute_dtype)(list(map(jnp.asarray, values)), arrays)

    def gradients(self, values: list) -> tuple[Any, Results]:
        """The gradients of a sum over a call in training, with respect to weights and inputs; and the results."""
        function, arrays = self._function(True)
        values = list(map(jnp.asarray, values))
        trained = {i: values[i] for i, v in enumerate(self.layer.variables) if v.trainable}
        inputs = {i: x for i, x in arrays.items() if jnp.issubdtype(x.dtype, jnp.floating)}

        def total(trained: dict, inputs: dict) -> Any:
            results = function([trained.get(i, v) for i, v in enumerate(values)], {**arrays, **inputs})
            return sum(jnp.sum(o * normal(*o.shape, seed=3)) for o in results.outputs) + sum(results.losses), results

        return _jit(jax.grad(total, (0, 1), has_aux=True), self.layer.compute_dtype)(trained, inputs)

    def _function(self, training: bool) -> tuple[Callable, dict[int, Any]]:
        leaves, structure = jax.tree.flatten(self.arguments)

        def function(values: list, arrays: dict[int, Any]) -> Results:
            filled = [arrays.get(i, leaf) for i, leaf in enumerate(leaves)]
            results, new = self.pure(training)(values, jax.tree.unflatten(structure, filled))
            return Results(*results, list(new))

        return function, {i: leaf for i, leaf in enumerate(leaves) if hasattr(leaf, "dtype")}

    def pure(self, training: bool) -> Callable:
        """(variables' values, arguments) -> (outputs, losses, masks), variables' new values."""
        raise NotImplementedError


def _jit(function: Callable, dtype: str) -> Callable:
    """Compiled with little optimization: every program here runs once. (For float16 the compiler needs it all.)"""
    return jax.jit(function, compiler_options=None if dtype == "float16" else {"xla_backend_optimization_level": 0})


class Theirs(Side):
    """Keras."""

    module, tensor = keras.layers, keras.KerasTensor
    set_mask = staticmethod(keras_backend.set_keras_mask)
    get_mask = staticmethod(keras_backend.get_keras_mask)

    def pure(self, training: bool) -> Callable:
        def function(values: Any, arguments: Any) -> Any:
            pairs = list(zip(self.layer.variables, values, strict=True))
            with keras.StatelessScope(state_mapping=pairs, collect_losses=True) as scope:
                results = self.run(arguments, training)
                return results, [scope.get_current_value(v) for v, _ in pairs]

        return function


class Ours(Side):
    """cornu."""

    module, tensor = cornu.layers, KerasTensor
    set_mask = staticmethod(tags.set_mask)
    get_mask = staticmethod(tags.get_mask)

    def pure(self, training: bool) -> Callable:
        return state.functional(lambda arguments: self.run(arguments, training), self.layer.variables)


@functools.cache
def pair(row: Row, dtype: str | None = None) -> tuple[Theirs, Ours, list[np.ndarray]]:
    """Both sides, built, and values for their variables: random ones, so that no zero hides an error."""
    theirs, ours = Theirs(row, dtype), Ours(row, dtype)
    shapes = [[(tuple(v.shape), str(v.dtype)) for v in side.layer.variables] for side in (theirs, ours)]
    assert shapes[1] == shapes[0], f"variables: ours {shapes[1]}, Keras's {shapes[0]}"
    draw = np.random.default_rng(1)
    values = []
    for variable in theirs.layer.variables:
        value = np.asarray(variable.value)
        if np.issubdtype(value.dtype, np.integer):
            values.append(np.array([7, 0], value.dtype) if "seed" in variable.path else value)
        else:
            drawn = draw.normal(size=value.shape, scale=0.5)
            values.append((np.abs(drawn) + 0.5 if "var" in variable.name else drawn).astype(value.dtype))
    return theirs, ours, values


def assert_close(ours: Any, theirs: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """Asserts equal shapes, dtypes, and values up to a tolerance relative to the largest one."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, Keras {theirs.shape}"
    assert ours.dtype == theirs.dtype, f"{what}: dtype {ours.dtype}, Keras {theirs.dtype}"
    ours, theirs = ours.astype("float64"), theirs.astype("float64")
    scale = max(1.0, float(np.abs(theirs[np.isfinite(theirs)]).max(initial=0.0)))
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def compare(ours: Any, theirs: Any, what: str, tolerance: float = TOLERANCE) -> None:
    """`assert_close` on lists that may hold None."""
    assert len(ours) == len(theirs), f"{what}: {len(ours)}, Keras {len(theirs)}"
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True)):
        assert (mine is None) == (other is None), f"{what} {number}: {mine}, Keras {other}"
        if mine is not None:
            assert_close(mine, other, f"{what} {number}", tolerance)


# The checks -----------------------------------------------------------------------------------------------------------


def check_weights(row: Row) -> None:
    """The weights: number, order, shapes, names, and which are trained."""
    theirs, ours, _ = pair(row)
    for kind in ("weights", "trainable_variables", "non_trainable_variables"):
        names = [[v.path.rpartition("/")[2] for v in getattr(s.layer, kind)] for s in (ours, theirs)]
        shapes = [[tuple(v.shape) for v in getattr(s.layer, kind)] for s in (ours, theirs)]
        assert (names[0], shapes[0]) == (names[1], shapes[1]), kind
    ours.layer.set_weights(theirs.layer.get_weights())


def check_inference(row: Row) -> None:
    """Outputs, masks, losses and variables in inference, not compiled."""
    theirs, ours, values = pair(row)
    mine, other = (side.eager(values, False) for side in (ours, theirs))
    for what in Results._fields:
        compare(getattr(mine, what), getattr(other, what), what)


def check_training(row: Row) -> None:
    """Outputs, masks, losses, new values of variables, and gradients in training, compiled."""
    theirs, ours, values = pair(row)
    (mine, results), (other, expected) = (side.gradients(values) for side in (ours, theirs))
    for what in Results._fields:
        compare(getattr(results, what), getattr(expected, what), what)
    compare(jax.tree.leaves(mine), jax.tree.leaves(other), "gradients")


def check_config(row: Row) -> None:
    """The config, and that each library builds the layer of the other's."""
    made = [row.make(Library(keras.layers)), row.make(Library(cornu.layers))]
    data = [keras.saving.serialize_keras_object(made[0]), registry.serialize(made[1])]
    theirs, ours = (json.loads(json.dumps(entry)) for entry in data)
    mine, other = _essence(ours, row, theirs), _essence(theirs, row, ours)
    differing = {
        key: (mine["config"].get(key), other["config"].get(key))
        for key in {**mine["config"], **other["config"]}
        if mine["config"].get(key) != other["config"].get(key)
    }
    assert not differing, f"config, ours and Keras's: {differing}"
    assert mine == other
    assert _essence(registry.serialize(registry.deserialize(theirs)), row) == _essence(ours, row)
    again = keras.saving.serialize_keras_object(keras.saving.deserialize_keras_object(ours))
    assert _essence(again, row) == _essence(theirs, row)


def _essence(data: Any, row: Row, other: Any = None) -> Any:
    """A serialized layer without automatic names, and without what the other lacks where it says nothing."""
    data = json.loads(json.dumps(data))
    if isinstance(data, list):
        others = other if isinstance(other, list) and len(other) == len(data) else [None] * len(data)
        return [_essence(a, row, b) for a, b in zip(data, others, strict=True)]
    if isinstance(data, float):
        return float(f"{data:.6g}")  # Keras rounds some numbers to 32 bits
    if not isinstance(data, dict):
        return data
    if data.get("class_name") == "DTypePolicy":
        return data["config"]["name"]
    silent = (None, False, {})
    return {
        key: _essence(value, row, other.get(key) if isinstance(other, dict) else None)
        for key, value in data.items()
        if key not in ("name", "build_config", "registered_name", *row.unlike)
        and not (isinstance(other, dict) and key not in other and value in silent)
        and not (other is None and value in silent)
    }


def check_symbolic(row: Row) -> None:
    """Symbolic shapes and dtypes, for an unknown batch size, too: those of the eager call, and Keras's."""
    theirs, ours, values = pair(row)
    eager = ours.eager(values, False).outputs
    for unknown in (True, False):
        spec, other = ours.symbolic(unknown), theirs.symbolic(unknown)
        assert len(spec) == len(eager) == len(other)
        for tensor, value, known in zip(spec, eager, other, strict=True):
            expected = (None, *value.shape[1:]) if unknown and value.ndim else value.shape
            assert tensor.shape == expected
            assert tensor.dtype == value.dtype.name
            assert len(known.shape) == len(expected)
            assert all(k in (None, e) for k, e in zip(known.shape, expected, strict=True))


def check_precision(row: Row) -> None:
    """Under 16-bit policies: the dtypes of Keras, and its values as far as 16 bits go."""
    for policy in row.policies:
        theirs, ours, values = pair(row, policy)
        mine, other = (side.compiled(values, False).outputs for side in (ours, theirs))
        compare(mine, other, policy, 3e-2)


CHECKS = {
    "weights": check_weights,
    "inference": check_inference,
    "training": check_training,
    "config": check_config,
    "symbolic": check_symbolic,
    "precision": check_precision,
}


def table(rows: list[Row]) -> Any:
    """Decorator of a test `(row, check)`: every check on every row; of a layer's rows, only the first in 16 bits.

    How the others train is checked among the slow tests.
    """
    cases, met = [], set()
    for row in rows:
        checks = {name: check for name, check in CHECKS.items() if name not in row.skip}
        if str(row) in met:
            checks.pop("precision", None)
        slow = {"training"} if str(row) in met else set()
        met.add(str(row))
        cases += [
            pytest.param(row, check, id=f"{row}-{name}", marks=[pytest.mark.slow] if name in slow else [])
            for name, check in checks.items()
        ]
    return pytest.mark.parametrize("row, check", cases)
