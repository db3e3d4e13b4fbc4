"""`Recurrent`, the base of Keras 1's and 2's recurrent layers before there were cells, which programs subclass."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np

from cornu.compat import dialect
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register


def _backend() -> Any:
    """The backend, which builds on this module's package."""
    from cornu.compat import backend

    return backend


def _with_training(function: Any, training: Any, *args: Any) -> Any:
    takes = "training" in inspect.signature(function).parameters
    return function(*args, **({"training": training} if takes else {}))


@register("layer")
class Recurrent(Layer):
    """A layer that goes over the time of (samples, time, features) by its own `step`.

    A subclass writes `step(x, states) -> output, new states`, and `build`, which makes the weights and sets `states`, a
    list as long as there are states. It may write `get_initial_states(x)` (in Keras 2 `get_initial_state`),
    `preprocess_input(x)`, whose result the steps get, and `get_constants(x)`, which they get after the states.

    Args:
        return_sequences: whether the output of every step is given, not only the last one.
        return_state: whether the last states are given, too.
        go_backwards: whether the last step comes first.
        stateful: whether a batch begins with the states that the one before ended with.
        unroll: whether the program has a copy of the step for each time.
        weights: the weights' values.
        consume_less, implementation: kept; there is one way to compute it.

    Raises NotImplementedError for a subclass without `step`.
    """

    states: list[Any]

    def __init__(
        self,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        consume_less: str = "cpu",
        implementation: int = 0,
        **kwargs: Any,
    ) -> None:
        length, features = kwargs.pop("input_length", None), kwargs.pop("input_dim", None)
        if features is not None and "input_shape" not in kwargs:
            kwargs["input_shape"] = (length, features)
        super().__init__(**kwargs)
        self.return_sequences, self.return_state, self.go_backwards = return_sequences, return_state, go_backwards
        self.stateful, self.unroll = stateful, unroll
        self.consume_less, self.implementation = consume_less, implementation
        self.supports_masking = True
        self.input_spec = [InputSpec(ndim=3)]
        self.initial_weights = None
        self.dropout = self.recurrent_dropout = 0.0

    def step(self, x: Any, states: Sequence[Any]) -> tuple[Any, list]:
        """The output of one step, and the new states."""
        raise NotImplementedError(f"{type(self).__name__} has no step(x, states).")

    def get_initial_states(self, x: Any) -> list:
        """The states before the first step: zeros."""
        K = _backend()
        zeros = K.tile(K.expand_dims(K.sum(K.zeros_like(x), axis=(1, 2))), [1, self._size()])
        return [zeros for _ in range(len(self.states))]

    def get_initial_state(self, inputs: Any) -> list:
        """The same, under Keras 2's name."""
        return self.get_initial_states(inputs)

    def get_constants(self, inputs: Any, training: Any = None) -> list:
        """What the steps get after the states."""
        return []

    def preprocess_input(self, inputs: Any, training: Any = None) -> Any:
        """What the steps get of the inputs."""
        return inputs

    def call(self, inputs: Any, mask: Any = None, training: Any = None, initial_state: Any = None) -> Any:
        """The last output, or all of them."""
        x, *given = inputs if isinstance(inputs, list) else [inputs]
        mask = mask[0] if isinstance(mask, list) else mask
        if given or initial_state is not None:
            states = given or (initial_state if isinstance(initial_state, (list, tuple)) else [initial_state])
        elif self.stateful:
            states = self.states
        else:
            states = self._first_states(x)
        last, outputs, new = _backend().rnn(
            self.step,
            _with_training(self.preprocess_input, training, x),
            states,
            go_backwards=self.go_backwards,
            mask=mask,
            constants=_with_training(self.get_constants, training, x),
            unroll=self.unroll,
        )
        if self.stateful:
            for kept, value in zip(self.states, new, strict=True):
                kept.assign(value)
        result = outputs if self.return_sequences else last
        return [result, *new] if self.return_state else result

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The inputs' mask where every step has an output."""
        mask = mask[0] if isinstance(mask, list) else mask
        found = mask if self.return_sequences else None
        return [found] + [None] * len(self.states) if self.return_state else found

    def reset_states(self, states: Any = None) -> None:
        """Sets the states of a stateful layer to zeros."""
        K, specs = _backend(), self.input_spec if isinstance(self.input_spec, list) else [self.input_spec]
        batch = (getattr(specs[0], "shape", None) or (None,))[0]
        if self.states and self.states[0] is not None:
            for state in self.states:
                K.set_value(state, np.zeros(state.shape))
        else:
            self.states = [K.zeros((batch, self._size())) for _ in self.states]

    def _first_states(self, x: Any) -> list:
        """By the name under which the subclass has it."""
        newer = type(self).get_initial_state is not Recurrent.get_initial_state
        return self.get_initial_state(x) if newer else self.get_initial_states(x)

    def _size(self) -> int:
        return next(getattr(self, name) for name in ("units", "output_dim") if name in vars(self))

    def get_config(self) -> dict:
        """The arguments that every layer of this base has, in the era's names."""
        names = ["return_sequences", "go_backwards", "stateful", "unroll"]
        names += ["consume_less"] if dialect.current().before("keras2") else ["return_state", "implementation"]
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def time_distributed_dense(
    x: Any,
    w: Any,
    b: Any = None,
    dropout: float | None = None,
    input_dim: int | None = None,
    output_dim: int | None = None,
    timesteps: int | None = None,
    training: Any = None,
) -> Any:
    """x w + b at each time; with `dropout`, in training, the same inputs are dropped at all times."""
    K = _backend()
    if dropout:
        kept = K.repeat(K.dropout(K.ones_like(x[:, 0]), dropout), K.shape(x)[1])
        x = K.in_train_phase(x * kept, x, training=training)
    x = K.dot(x, w)
    return x if b is None else K.bias_add(x, b)


_time_distributed_dense = time_distributed_dense


def _generate_dropout_mask(ones: Any, rate: float, training: Any = None, count: int = 1) -> Any:
    """One or several masks of dropout; ones where nothing is trained."""
    K = _backend()
    masks = [K.in_train_phase(lambda: K.dropout(ones, rate), ones, training=training) for _ in range(count)]
    return masks if count > 1 else masks[0]
