"""Layers around a layer: one that applies it to every time step, and one that runs it in both directions of time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import registry, tree
from cornu import variables as state
from cornu.errors import explain
from cornu.kernels import recurrent
from cornu.layers import calls, parts
from cornu.layers.core import Wrapper
from cornu.layers.layer import Layer
from cornu.layers.stepping import agree, inner_layers, with_losses
from cornu.registry import register
from cornu.signature import Domain, maybe, one_of

_COMMON = ("stateful", "return_sequences", "return_state")


def _goes_both_ways(value: Any) -> bool:
    return isinstance(value, Layer) and all(hasattr(value, name) for name in ("go_backwards", *_COMMON))


_recurrent = Domain("a recurrent layer", lambda v: _goes_both_ways(v) or registry.is_config(v))


@register("layer")
class TimeDistributed(Wrapper):
    """A layer applied to every time step: y[:, t] = layer(x[:, t])

    Args:
        layer: the layer; it is built for one step, (batch, ...).

    Call: layer(inputs (batch, time, ...), training=None, mask=None) -> (batch, time, ...). A mask (batch, time, ...) is
    handed on, step by step, to a layer that takes one.

    Time is folded into the batch, so that the layer runs once. A layer that changes variables of its own, as
    BatchNormalization does in training, runs step by step instead, as in Keras. Differences from Keras: dropout makes
    one draw for all steps, of the same distribution; the layer's activity regularizer has an effect; of a mask with
    more axes, what is left is the layer's own, or whether any entry of the step counts.
    Raises ValueError for inputs without an axis of time, and a mask that doesn't fit them.

    >>> import numpy as np
    >>> from cornu.layers.core import Dense
    >>> TimeDistributed(Dense(3))(np.ones((2, 5, 4))).shape
    (2, 5, 3)
    """

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.supports_masking = True

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Builds the layer for one step."""
        self._check(input_shape)
        super().build((input_shape[0], *input_shape[2:]))

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The layer on every step."""
        self._check(inputs.shape, mask)
        arguments = {"training": training} if calls.takes(type(self.layer), "training") else {}
        masked = mask is not None and calls.takes(type(self.layer), "mask")

        def apply(x: Any, mask: Any) -> Any:
            return self.layer(x, **arguments, **({"mask": mask} if masked else {}))

        if self._changes_state(apply, inputs, mask):
            return self._step_by_step(apply, inputs, mask)
        outputs = apply(*tree.map(_fold, (inputs, mask)))
        return tree.map(lambda y: _unfold(y, inputs), outputs)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the layer's outputs, by step."""
        if mask is None or mask.ndim == 2:
            return mask
        inner = self.layer.compute_mask(_fold(inputs), _fold(mask))
        return jnp.any(mask, axis=tuple(range(2, mask.ndim))) if inner is None else _unfold(inner, inputs)

    def _step_by_step(self, apply: Callable, inputs: Any, mask: Any) -> Any:
        call = with_losses(apply, self.layer)
        steps = tree.map(_swap, (inputs, mask))
        _, (outputs, losses) = recurrent.scan(lambda carry, now: (carry, call(*now)), None, steps)
        self.add_loss([jnp.sum(loss) for loss in losses])
        return tree.map(_swap, outputs)

    def _changes_state(self, apply: Callable, inputs: Any, mask: Any) -> bool:
        """Whether a step writes to variables other than the states of random draws."""
        layers = inner_layers(self.layer)
        seeds = {id(generator.state) for layer in layers for generator in parts.seed_generators(layer)}
        if all(variable.trainable or id(variable) in seeds for variable in self.layer.variables):
            return False
        step = tree.map(lambda x: jax.ShapeDtypeStruct((x.shape[0], *x.shape[2:]), x.dtype), (inputs, mask))
        with state.Scope() as scope:
            jax.eval_shape(apply, *step)
        return any(key not in seeds for key in scope.written)

    def _check(self, shape: Sequence[Any], mask: Any = None) -> None:
        if len(shape) < 3:
            what, expected, got = "inputs", "(batch, time, ...), at least 3 axes", tuple(shape)
        elif mask is not None and not agree([mask.shape[:2]], [shape[:2]]):
            what, expected, got = "mask", f"(batch, time, ...), beginning with {tuple(shape[:2])}", mask.shape
        else:
            return
        raise ValueError(
            explain(f"TimeDistributed {self.name!r}: the shape of the {what} is wrong.", expected=expected, got=got)
        )


def _swap(x: Any) -> Any:
    return jnp.swapaxes(x, 0, 1)


def _fold(x: Any) -> Any:
    """(batch, time, ...) as (batch * time, ...)."""
    return jnp.reshape(x, (x.shape[0] * x.shape[1], *x.shape[2:]))


def _unfold(y: Any, inputs: Any) -> Any:
    return jnp.reshape(y, (*inputs.shape[:2], *y.shape[1:]))


MERGES: dict[str | None, Callable] = {
    "concat": lambda forward, backward: jnp.concatenate([forward, backward], axis=-1),
    "sum": lambda forward, backward: forward + backward,
    "ave": lambda forward, backward: (forward + backward) / 2,
    "mul": lambda forward, backward: forward * backward,
    None: lambda forward, backward: (forward, backward),
}
"""How `Bidirectional` joins the outputs of its two directions."""


@register("layer")
class Bidirectional(Layer):
    """A recurrent layer in both directions of time: merge(forward(x), backward(x))

    Args:
        layer: a recurrent layer, or any with `go_backwards`, `return_sequences`, `return_state` and `stateful`. Copies
            of it, with weights of their own, run forward and backward: `forward_layer` and `backward_layer`.
        merge_mode: "concat", "sum", "mul", "ave", or None: both outputs.
        weights: initial weights, those of the forward layer first.
        backward_layer: in the place of the second copy; its `go_backwards` must be the other one.

    Call: layer(sequences, initial_state=None, mask=None, training=None); `initial_state` holds the forward states, then
    the backward ones; so do the states that `return_state` gives. Outputs of masked steps in sequences are 0.
    Raises ValueError for something that is no such layer, directions that are the same, and directions that differ in
    what they return. Source: Schuster and Paliwal, 1997, "Bidirectional Recurrent Neural Networks".

    >>> import numpy as np
    >>> from cornu.layers.recurrent import GRU
    >>> Bidirectional(GRU(3, return_sequences=True))(np.ones((2, 5, 4))).shape
    (2, 5, 6)
    """

    domains = {"layer": _recurrent, "backward_layer": maybe(_recurrent), "merge_mode": one_of(*MERGES)}

    def __init__(
        self,
        layer: Any,
        merge_mode: str | None = "concat",
        weights: Sequence[Any] | None = None,
        backward_layer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        layer, backward_layer = (
            registry.deserialize(x) if registry.is_config(x) else x for x in (layer, backward_layer)
        )
        stem = layer.name.removeprefix("forward_")
        self.forward_layer = _copy(layer, name=f"forward_{stem}")
        self.backward_layer = backward_layer or _copy(layer, name=f"backward_{stem}", go_backwards=True)
        self.merge_mode, self._first_weights = merge_mode, weights
        self._check_directions()
        for name in _COMMON:
            setattr(self, name, getattr(layer, name))
        for direction in (self.forward_layer, self.backward_layer):
            if hasattr(direction, "zero_output_for_mask"):
                direction.zero_output_for_mask = self.return_sequences
        self.input_spec, self.supports_masking = layer.input_spec, True

    def _check_directions(self) -> None:
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            wrong, expected = "go_backwards", "one True, one False"
        else:
            differing = [name for name in _COMMON if getattr(forward, name) != getattr(backward, name)]
            if not differing:
                return
            wrong, expected = differing[0], "the same in both"
        raise ValueError(
            explain(
                f"Bidirectional {self.name!r}: the two directions don't fit each other in `{wrong}`.",
                expected=expected,
                got=f"forward: {getattr(forward, wrong)}, backward: {getattr(backward, wrong)}",
            )
        )

    @property
    def layer(self) -> Any:
        """The forward layer, which a config holds as `layer`."""
        return self.forward_layer

    def _config_names(self, cls: type) -> list[str]:
        return [name for name in super()._config_names(cls) if name != "weights"]

    def build(self, sequences_shape: Sequence[int | None], initial_state_shape: Any = None) -> None:
        """Builds both directions."""
        for direction in (self.forward_layer, self.backward_layer):
            if not direction.built:
                direction.build(sequences_shape)
        if self._first_weights is not None:
            self.set_weights(self._first_weights)

    def call(self, sequences: Any, initial_state: Any = None, mask: Any = None, training: bool | None = None) -> Any:
        """The merged outputs, then the states of both directions where they are wanted."""
        half = 0 if initial_state is None else len(initial_state) // 2
        given = (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
        forward, backward = (
            self._outputs(direction, sequences, states, mask, training)
            for direction, states in zip((self.forward_layer, self.backward_layer), given, strict=True)
        )
        states = (*forward[1:], *backward[1:])
        ahead, back = forward[0].astype(self.compute_dtype), backward[0].astype(self.compute_dtype)
        if self.return_sequences:
            back = back[:, ::-1]
        merged = MERGES[self.merge_mode](ahead, back)
        if not self.return_state:
            return merged
        return (*merged, *states) if self.merge_mode is None else (merged, *states)

    def _outputs(self, direction: Any, sequences: Any, states: Any, mask: Any, training: Any) -> tuple:
        """The output of one direction, and the states where it gives them."""
        given = {"initial_state": states, "mask": mask, "training": training}
        known = {name: value for name, value in given.items() if calls.takes(type(direction), name)}
        outputs = direction(sequences, **known)
        return tuple(outputs) if self.return_state else (outputs,)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask of the sequence of outputs, twice for two outputs; a state has none."""
        masks = tree.flatten(mask)
        found = masks[0] if masks and self.return_sequences else None
        return [found, found] if self.merge_mode is None else found

    @property
    def states(self) -> tuple | None:
        """The variables that hold the states of stateful directions, the forward ones first."""
        forward, backward = self.forward_layer.states, self.backward_layer.states
        return (*forward, *backward) if forward and backward else None

    def reset_state(self) -> None:
        """Sets the states of stateful directions to zeros; AttributeError for others."""
        if not self.stateful:
            raise AttributeError(explain(f"Bidirectional {self.name!r} has no states to reset: it isn't stateful."))
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state


def _copy(layer: Layer, **changes: Any) -> Layer:
    """A new layer of the same class and config but for `changes`.

    The classes and functions of which the layer is made needn't be registered: they are at hand.
    """
    made_of = [value for part in inner_layers(layer) for value in (type(part), *vars(part).values())]
    known = {v.__name__: v for v in made_of if callable(v) and hasattr(v, "__name__") and not registry.kind_of(v)}
    kept = {name: getattr(layer, name) for name in ("use_cudnn", "implementation") if hasattr(layer, name)}
    with registry.custom_object_scope(known):
        return type(layer).from_config({**layer.get_config(), **kept, **changes})
