"""`tf.GradientTape`: what is computed while a tape is open is recorded, and differentiated afterwards.

While a tape is open, a `Recorder` of JAX's primitives is current. It executes each one as usual, so that values stay
what they are: concrete arrays in plain Python, tracers in a compiled step. It notes those whose operands depend on
what is watched. `gradient` goes through the notes backwards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import _jax, tree
from cornu.compat.tensorflow.backward import Call, Sweep
from cornu.errors import explain
from cornu.symbolic import KerasTensor
from cornu.variables import Variable, reading

NONE, ZERO = "none", "zero"


class UnconnectedGradients:
    """What `gradient` gives for a source on which the target doesn't depend: None or zeros."""

    NONE, ZERO = NONE, ZERO


class GradientTape:
    """Records what is computed inside of `with`, for `gradient`.

    Args:
        persistent: whether `gradient` may be called more than once.
        watch_accessed_variables: whether trainable variables are watched as soon as they are read.

    Works in plain Python, in functions that are compiled (`tf.function`, a model's `train_step`), and inside another
    tape, for derivatives of derivatives. In plain Python the backward pass is compiled, and kept for the next
    recording of the same computation.

    Raises RuntimeError where a tape that isn't persistent is asked twice, TypeError for sources that aren't tensors.

    Difference from TensorFlow: gradients of gathered rows are dense, there is no `IndexedSlices`.

    >>> v = Variable([1.0, 2.0])
    >>> with GradientTape() as tape:
    ...     loss = (v * v).sum()
    >>> float(loss), tape.gradient(loss, v).tolist()
    (5.0, [2.0, 4.0])
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._persistent, self._watch_accessed = persistent, watch_accessed_variables
        self._used = False
        self._recorder: _jax.Recorder | None = None
        self._recording = False
        self.reset()

    # Recording ---------------------------------------------------------------------------------------------------

    def __enter__(self) -> GradientTape:
        if self._recorder is not None:
            raise ValueError(explain("GradientTape: the tape is already recording.", fix="Make another one."))
        self._recorder, self._recording = _jax.Recorder(self._execute), True
        self._context = ExitStack()
        self._context.enter_context(reading(self._read))
        self._context.enter_context(self._recorder.inside())
        return self

    def __exit__(self, *error: Any) -> None:
        self._context.close()
        self._recorder, self._recording = None, False

    def reset(self) -> None:
        """Forgets everything recorded and watched."""
        self._calls: list[Call] = []
        self._active: dict[int, Any] = {}
        self._reads: dict[int, tuple[Variable, dict[int, Any]]] = {}
        self._watched: set[int] = set()
        self._used = False

    def watch(self, tensor: Any) -> None:
        """Makes a tensor or variable, or a nested structure of them, something to differentiate by."""
        for leaf in _leaves(tensor):
            if isinstance(leaf, Variable):
                self._reads.setdefault(id(leaf), (leaf, {}))
                self._watched.add(id(leaf))
            elif not isinstance(leaf, jax.Array):
                _refuse(leaf, "watch")
            elif jnp.issubdtype(leaf.dtype, jnp.inexact):
                self._active[id(leaf)] = leaf

    def watched_variables(self) -> tuple[Variable, ...]:
        """The variables that were read and are watched, in the order of their first reading."""
        return tuple(variable for variable, values in self._reads.values() if values)

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Within it, nothing is recorded."""
        before, self._recording = self._recording, False
        try:
            yield
        finally:
            self._recording = before

    def _read(self, variable: Variable, value: Any) -> Any:
        """A variable was read: the value, as an object that stands for this variable alone."""
        accessed = self._watch_accessed and variable.trainable
        if not self._recording or not (accessed or id(variable) in self._watched) or not _has_gradient(value):
            return value
        _, values = self._reads.setdefault(id(variable), (variable, {}))
        if id(value) in values:
            return values[id(value)][1]
        own = value
        if id(value) in self._active:  # another variable holds the same array
            assert self._recorder is not None
            with self._recorder.outside():
                own = jnp.copy(value)
        values[id(value)] = values[id(own)] = (value, own)
        self._active[id(own)] = own
        return own

    def _execute(self, primitive: Any, operands: Sequence[Any], params: dict) -> Any:
        """Executes a primitive, and notes it where it depends on what is watched."""
        assert self._recorder is not None
        recorder, active = self._recorder, self._active
        if not self._recording or not active:
            return recorder.execute(primitive, operands, params)
        if any(id(value) in active for value in _jax.captured(params)):
            return self._inline(primitive, operands, params)
        places = tuple(place for place, operand in enumerate(operands) if id(operand) in active)
        if not places:
            return recorder.execute(primitive, operands, params)
        call = Call(primitive, params, operands, places)
        with recorder.outside():
            call.run(ahead=recorder.is_traced)
            # A result that is an operand itself would be taken for it: it gets an identity of its own.
            same = {id(operand) for operand in operands}
            call.results = [jnp.copy(r) if id(r) in same and _has_gradient(r) else r for r in call.results]
        self._calls.append(call)
        active.update((id(result), result) for result in call.results if _has_gradient(result))
        return call.results if primitive.multiple_results else call.results[0]

    def _inline(self, primitive: Any, operands: Sequence[Any], params: dict) -> Any:
        """A compiled function captured a watched value: its program is gone through step by step."""
        assert self._recorder is not None
        closed = params.get(_jax.CALLS.get(primitive.name, ""))
        if closed is None:
            raise NotImplementedError(
                explain(
                    f"GradientTape: the primitive {primitive.name!r} holds a function that captured a watched value.",
                    fix="Hand the value to the inner function as an argument.",
                )
            )
        with self._recorder.inside():
            return _jax.as_function(_jax.close(closed))(*operands)

    # Differentiating ---------------------------------------------------------------------------------------------

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = NONE
    ) -> Any:
        """The gradients of `target`, or of the sum of several, in the structure of `sources`.

        Args:
            target: a tensor, or a nested structure of them; one that is no scalar is summed.
            sources: variables, watched tensors, or tensors computed from those; nested as you like.
            output_gradients: the weights of the targets' elements, in the structure of `target`; default: ones.
            unconnected_gradients: "none" gives None for a source on which the target doesn't depend, "zero" zeros.
        """
        self._check_use()
        leaves, structure = tree.flatten_with(sources, is_leaf=_is_source)
        targets = [self._own(leaf) for leaf in _leaves(target)]
        weights = _leaves(output_gradients) if output_gradients is not None else [None] * len(targets)
        seeds = [
            jnp.ones(t.shape, t.dtype) if w is None else jnp.broadcast_to(jnp.asarray(w, t.dtype), t.shape)
            for t, w in zip(targets, weights, strict=True)
        ]
        found = self._sweep(targets, leaves, seeds)
        if unconnected_gradients == ZERO:
            pairs = zip(found, leaves, strict=True)
            found = [jnp.zeros(leaf.shape, leaf.dtype) if g is None else g for g, leaf in pairs]
        self._after_use()
        return tree.unflatten(structure, found)

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The derivative of every element of `target` by every element of `sources`: shape target + source."""
        self._check_use()
        leaves, structure = tree.flatten_with(sources, is_leaf=_is_source)
        target = self._own(target)
        rows = jnp.eye(target.size, dtype=target.dtype).reshape(target.size, *target.shape)
        found = jax.vmap(lambda row: self._sweep([target], leaves, [row]))(rows)
        if unconnected_gradients == ZERO:
            pairs = zip(found, leaves, strict=True)
            found = [jnp.zeros((target.size, *leaf.shape), leaf.dtype) if g is None else g for g, leaf in pairs]
        pairs = zip(found, leaves, strict=True)
        result = [None if g is None else g.reshape(*target.shape, *leaf.shape) for g, leaf in pairs]
        self._after_use()
        return tree.unflatten(structure, result)

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = NONE,
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """The jacobian of each sample of `target` by the same sample of `source`: shape (batch, target, source)."""
        self._check_use()
        target = self._own(target)
        batch, size = target.shape[0], int(np.prod(target.shape[1:]))
        rows = jnp.eye(size, dtype=target.dtype).reshape(size, 1, *target.shape[1:])
        rows = jnp.broadcast_to(rows, (size, *target.shape))
        (found,) = jax.vmap(lambda row: self._sweep([target], [source], [row]))(rows)
        if found is None and unconnected_gradients == ZERO:
            found = jnp.zeros((size, *source.shape), source.dtype)
        self._after_use()
        if found is None:
            return None
        return jnp.moveaxis(found, 0, 1).reshape(batch, *target.shape[1:], *source.shape[1:])

    def _sweep(self, targets: Sequence[Any], sources: Sequence[Any], seeds: Sequence[Any]) -> list[Any]:
        """The gradient for each source; one that was read several times gets the sum over its readings."""
        readings = [self._readings(source) for source in sources]
        sweep = Sweep(self._calls, targets, [value for values in readings for value in values])
        found = iter(sweep.run(seeds))
        gradients = []
        for values in readings:
            parts = [part for part in [next(found) for _ in values] if part is not None]
            gradients.append(sum(parts[1:], parts[0]) if parts else None)
        return gradients

    def _readings(self, source: Any) -> list[Any]:
        """The objects for which a source stands in the recording."""
        if isinstance(source, Variable):
            _, values = self._reads.get(id(source), (source, {}))
            return list({id(own): own for _, own in values.values()}.values())
        if not isinstance(source, jax.Array):
            _refuse(source, "gradient")
        return [source] if id(source) in self._active else []

    def _own(self, target: Any) -> Any:
        """A target as an array; a variable is what it reads as."""
        if isinstance(target, Variable):
            return next(iter(self._readings(target)), target.value)
        if isinstance(target, KerasTensor):
            _refuse(target, "gradient")
        return target if isinstance(target, jax.Array) else jnp.asarray(target)

    def _check_use(self) -> None:
        if self._used and not self._persistent:
            raise RuntimeError(
                explain(
                    "GradientTape: this tape gives gradients once, and they were asked for twice.",
                    fix="Use GradientTape(persistent=True).",
                )
            )
        self._used = True
        if not self._persistent:
            self._recording = False

    def _after_use(self) -> None:
        if not self._persistent:
            self._calls, self._active, self._reads = [], {}, {}


def _is_source(value: Any) -> bool:
    return isinstance(value, Variable) or value is None


def _leaves(value: Any) -> list[Any]:
    return tree.flatten(value, is_leaf=_is_source)


def _has_gradient(value: Any) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jnp.inexact)


def _refuse(value: Any, method: str) -> None:
    fix = "Make it one with tf.convert_to_tensor(x), and compute with that."
    if isinstance(value, KerasTensor):
        fix = "A symbolic tensor has no value: call the model on data inside of the tape, and use its outputs."
    what = f"GradientTape.{method}: only tensors and variables can be differentiated by."
    raise TypeError(explain(what, got=type(value).__name__, fix=fix))
