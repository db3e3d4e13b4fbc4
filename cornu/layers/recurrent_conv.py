"""Convolutional LSTM layers: sequences of rows, images and volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import jax
import jax.numpy as jnp

from cornu.errors import explain
from cornu.kernels import conv
from cornu.layers import windows
from cornu.layers.core import known_size
from cornu.layers.input_spec import InputSpec
from cornu.layers.recurrent_cells import Drops, GatedCell, dropped_product, forget_bias
from cornu.layers.rnn import OwnCellRNN
from cornu.registry import register
from cornu.signature import one_of


@register("layer")
class ConvLSTMCell(GatedCell):
    """i, f, o = gate(...), g = activation(...), each of x * kernel + h * recurrent_kernel + bias, * a convolution;
    c = f c + i g; h = o activation(c)

    Args:
        rank: the number of axes of space.
        filters: the number of channels of the states.
        kernel_size, strides, padding, data_format, dilation_rate: of the convolution of x, as in `Conv2D`; that of h
            keeps its size.
        activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
            unit_forget_bias, kernel_regularizer, recurrent_regularizer, bias_regularizer, kernel_constraint,
            recurrent_constraint, bias_constraint, dropout, recurrent_dropout, seed: as in `LSTMCell`; dropout draws a
            factor for every gate.

    Call: cell(inputs (batch, *space, channels), states [h, c] (batch, *new_space, filters), training=False) -> h,
    [h, c]. Weights: kernel (*kernel_size, channels, 4 filters), recurrent_kernel (*kernel_size, filters, 4 filters),
    bias (4 filters,). Raises ValueError for arguments outside their domains, strides together with dilation, and sizes
    of space that aren't known. Source: Shi et al., 2015, "Convolutional LSTM Network", arXiv:1506.04214, without its
    peepholes.
    """

    gates = 4
    domains = {"rank": one_of(1, 2, 3)}

    def __init__(
        self,
        rank: int,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        self._set_arguments(locals(), {**kwargs, "implementation": 1})
        windows.set_window(self, rank, kernel_size, strides, padding, data_format, dilation_rate)
        windows.refuse_strides_with_dilation(self)
        self.rank, self.filters, self.unit_forget_bias = rank, int(filters), unit_forget_bias
        self.state_size = [self.filters, self.filters]

    def build(self, inputs_shape: Sequence[int | None], states_shape: Any = None) -> None:
        """Makes the kernels and the bias."""
        axis = windows.channel_axis(self)
        channels, filters = known_size(self, inputs_shape, axis), self.filters
        self._step_shape = tuple(inputs_shape[1:])
        if None in self._step_shape:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: the sizes of space must be known, because the states have them.",
                    expected="a shape (batch, time, ...) with every size of space",
                    got=(None, None, *self._step_shape),
                )
            )
        windows.check_fits(self, "kernel_size", inputs_shape)
        self.kernel = self._add("kernel", (*self.kernel_size, channels, 4 * filters))
        self.recurrent_kernel = self._add("recurrent_kernel", (*self.kernel_size, filters, 4 * filters))
        start = forget_bias(self.bias_initializer, filters) if self.unit_forget_bias else None
        self.bias = self._add("bias", (4 * filters,), start) if self.use_bias else None

    def _shapes(self, batch_size: Any) -> tuple[tuple, tuple]:
        inputs = (batch_size, *self._step_shape)
        kernel = jax.ShapeDtypeStruct((*self.kernel.shape[:-1], self.filters), "float32")
        state = jax.eval_shape(self._convolve, jax.ShapeDtypeStruct((1, *self._step_shape), "float32"), kernel)
        return inputs, (batch_size, *state.shape[1:])

    def _convolve(self, x: Any, kernel: Any) -> Any:
        return conv.conv(x, kernel, self.strides, self.padding, self.dilation_rate, data_format=self.data_format)

    def _project(self, inputs: Any, drops: Drops) -> Any:
        """The convolution of a step, or of all steps as one batch."""
        leading = inputs.shape[: inputs.ndim - self.rank - 1]

        def product(x: Any, kernel: Any) -> Any:
            outputs = self._convolve(jnp.reshape(x, (math.prod(leading), *x.shape[len(leading) :])), kernel)
            return jnp.reshape(outputs, (*leading, *outputs.shape[1:]))

        outputs = dropped_product(inputs, self.kernel.value, drops.inputs, product, self._channels)
        if self.bias is None:
            return outputs
        bias = self.bias.value
        return outputs + (bias if self._channels == -1 else bias[(..., *[None] * self.rank)])

    @property
    def _channels(self) -> int:
        """The axis of channels, counted from the end: with time or without."""
        return -1 if self.data_format == "channels_last" else -1 - self.rank

    def _step(self, projected: Any, states: list, drops: Drops) -> list:
        def product(h: Any, kernel: Any) -> Any:
            return conv.conv(h, kernel, padding="same", data_format=self.data_format)

        h, c = states
        total = projected + dropped_product(h, self.recurrent_kernel.value, drops.state, product, self._channels)
        i, f, g, o = jnp.split(total, 4, axis=self._channels)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(g)
        return [gate(o) * self.activation(c), c]


class ConvLSTM(OwnCellRNN):
    """The base of ConvLSTM1D, 2D and 3D: (batch, time, *space, channels) -> (batch, *new_space, filters)

    Args:
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, recurrent_activation, use_bias,
            kernel_initializer, recurrent_initializer, bias_initializer, unit_forget_bias, kernel_regularizer,
            recurrent_regularizer, bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout,
            recurrent_dropout, seed: as in `ConvLSTMCell`, which also has the equations.
        activity_regularizer: a penalty on the output.
        return_sequences, return_state, go_backwards, stateful: as in `RNN`, which also says what masks do.

    Weights, and errors: those of `ConvLSTMCell`. Differences from Keras: those of `RNN`; masks work.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = "tanh",
        recurrent_activation: Any = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        recurrent_initializer: Any = "orthogonal",
        bias_initializer: Any = "zeros",
        unit_forget_bias: bool = True,
        kernel_regularizer: Any = None,
        recurrent_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        recurrent_constraint: Any = None,
        bias_constraint: Any = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        **kwargs: Any,
    ) -> None:
        self._set_cell(ConvLSTMCell, {**locals(), "rank": self.rank}, kwargs)
        self.input_spec = InputSpec(ndim=self.rank + 3)


def _domains(rank: int) -> dict:
    return {**windows.kernel_domains(rank), **GatedCell.domains}


@register("layer")
class ConvLSTM1D(ConvLSTM):
    """(batch, time, steps, channels) -> (batch, new_steps, filters). See `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM1D(2, 3)(np.ones((1, 2, 5, 1))).shape
    (1, 3, 2)
    """

    rank, domains = 1, _domains(1)


@register("layer")
class ConvLSTM2D(ConvLSTM):
    """(batch, time, rows, columns, channels) -> (batch, new_rows, new_columns, filters). See `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM2D(2, 3, padding="same", return_sequences=True)(np.ones((1, 2, 4, 4, 1))).shape
    (1, 2, 4, 4, 2)
    """

    rank, domains = 2, _domains(2)


@register("layer")
class ConvLSTM3D(ConvLSTM):
    """(batch, time, *space, channels) -> (batch, *new_space, filters). See `ConvLSTM`.

    >>> import numpy as np
    >>> ConvLSTM3D(2, 2)(np.ones((1, 2, 3, 3, 3, 1))).shape
    (1, 2, 2, 2, 2)
    """

    rank, domains = 3, _domains(3)
