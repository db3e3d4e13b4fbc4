"""`K.function`: a compiled function from symbolic inputs to symbolic outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import tree, variables
from cornu.compat import notices
from cornu.compat.backend import phase
from cornu.compat.backend.offering import offer
from cornu.compat.backend.state import as_update
from cornu.compat.backend.values import array_dtype
from cornu.errors import brief, explain
from cornu.layers.context import call_context
from cornu.models.graph import Graph
from cornu.symbolic import KerasTensor, plain
from cornu.variables import Scope, Variable

_SESSION = ("givens", "feed_dict", "fetches", "options", "run_metadata", "mode", "allow_input_downcast", "profile")


class Function:
    """A function from the values of symbolic inputs to those of symbolic outputs.

    Args:
        inputs: placeholders, models' inputs, any tensors of a graph, and the learning phase (a number in its place is
            one, too). A tensor from the middle of a graph cuts off what is before it.
        outputs: tensors, variables and arrays: one, or a list of them.
        updates: what is done after each call: pairs of a variable and its new value, and results of `K.update` and
            `optimizer.get_updates`. All new values are computed from the old ones.

    It is called with a list of arrays and gives NumPy arrays, in the form of `outputs`. It is compiled once for each
    signature of shapes, and each phase; variables are read when it is called. Without a learning phase among its
    inputs, that of `K.set_learning_phase` holds, else 0.

    Raises ValueError where an output depends on an input that isn't given, for values of a wrong number or shape.
    """

    def __init__(self, inputs: Sequence[Any], outputs: Any, updates: Any = (), name: str | None = None) -> None:
        if not isinstance(inputs, (list, tuple)):
            raise TypeError(
                explain("K.function: `inputs` is no list.", expected="a list of tensors", got=brief(inputs))
            )
        self.name = name
        self.inputs, self.outputs = list(inputs), outputs
        self.updates = [as_update(item) for item in _items(updates)]
        self._tensors = [t for t in self.inputs if not _is_phase(t)]
        fetched = [*tree.flatten(outputs, is_leaf=_is_leaf), *(v for u in self.updates for v in u.values)]
        needed = list({id(t): t for t in fetched if isinstance(t, KerasTensor)}.values())
        self._graph = Graph([*self._tensors, phase.placeholder()], needed)
        self._compiled: dict[bool, Callable] = {}

    def __call__(self, inputs: Sequence[Any] = ()) -> Any:
        """The outputs' values."""
        given = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
        if len(given) != len(self.inputs):
            raise ValueError(
                explain("K.function got a wrong number of values.", expected=f"{len(self.inputs)}", got=f"{len(given)}")
            )
        training = bool(phase.chosen())
        values = []
        for tensor, value in zip(self.inputs, given, strict=True):
            if _is_phase(tensor):
                training = bool(np.asarray(value).item())
            else:
                values.append(_fit(tensor, value))
        if training not in self._compiled:
            self._compiled[training] = variables.jit(lambda values: self._body(values, training))
        return tree.map(np.asarray, self._compiled[training](values))

    def _body(self, values: Sequence[Any], training: bool) -> Any:
        with Scope() as scope, call_context(None, training):
            known = dict(zip(map(id, self._graph.outputs), self._graph.run([*values, int(training)]), strict=True))

            def look(value: Any) -> Any:
                return known[id(value)] if isinstance(value, KerasTensor) else jnp.asarray(plain(value))

            outputs = tree.map(look, self.outputs, is_leaf=_is_leaf)
            new = [[look(value) for value in update.values] for update in self.updates]
        for variable in scope.written.values():
            if variable.dtype == "uint32":  # seeds go on; other state changes by `updates` alone
                variable.assign(scope.read(variable))
        for update, value in zip(self.updates, new, strict=True):
            update.apply(value)
        return outputs


@offer()
def function(
    inputs: Sequence[Any], outputs: Any, updates: Any = (), name: str | None = None, **kwargs: Any
) -> Function:
    """A compiled function from symbolic inputs to symbolic outputs: see `Function`.

    What was for TensorFlow's sessions and Theano's compiler is left out. Raises TypeError for other arguments.
    """
    unknown = [key for key in kwargs if key not in _SESSION]
    if unknown:
        raise TypeError(
            explain(f"K.function: unknown argument `{unknown[0]}`.", expected="inputs, outputs, updates, name")
        )
    if kwargs:
        notices.note(f"K.function({', '.join(kwargs)})", "K.function without them: there are no sessions")
    return Function(inputs, outputs, updates, name)


def _is_leaf(value: Any) -> bool:
    return isinstance(value, Variable)


def _is_phase(tensor: Any) -> bool:
    return tensor is phase.placeholder() or isinstance(tensor, int)


def _items(updates: Any) -> list[Any]:
    if isinstance(updates, Mapping):
        return list(updates.items())
    return list(updates or ())


def _fit(tensor: KerasTensor, value: Any) -> Any:
    """A value as an array of an input's dtype."""
    array = jnp.asarray(plain(value), array_dtype(tensor.dtype))
    misfit = len(tensor.shape) != array.ndim or any(
        wanted not in (None, size) for wanted, size in zip(tensor.shape, array.shape, strict=True)
    )
    if misfit:
        raise ValueError(
            explain(
                f"K.function: a value doesn't fit input {tensor.name!r}.",
                expected=f"shape {tensor.shape}",
                got=f"shape {array.shape}",
            )
        )
    return array
