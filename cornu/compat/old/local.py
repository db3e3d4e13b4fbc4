"""Convolutions whose kernel is another one at every place, with full padding, and dilated ones by their old names."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import prod
from typing import Any

import jax.numpy as jnp

from cornu import constraints as projections
from cornu import initializers, regularizers
from cornu.errors import explain
from cornu.kernels import conv
from cornu.layers import windows
from cornu.layers.convolutional import Conv1D, Conv2D, Conv3D, Convolution, SlidingKernel
from cornu.registry import register
from cornu.signature import one_of, positive_int


class _LocallyConnected(SlidingKernel):
    """Base of LocallyConnected1D and LocallyConnected2D:

    y[b, i, o] = activation(sum over window w and channels c of x[b, i * strides + w, c] * kernel[i, (w, c), o] +
    bias[i, o])

    Args:
        filters, kernel_size, strides, data_format, activation, use_bias, kernel_initializer, bias_initializer,
            kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint, bias_constraint: as in
            `Conv2D`.
        padding: "valid" only.
        implementation: kept for Keras 2's signature; without effect.

    Weights, of P places: kernel (P, window * channels, filters), bias (*new_space, filters).
    Raises ValueError for inputs whose sizes in space aren't known, and windows larger than they are.
    """

    data_format: str
    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        implementation: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_window(kernel_size, strides, padding, data_format, 1)
        self._set_finish(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.filters = int(filters)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = projections.get(kernel_constraint)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes a kernel and a bias for every place."""
        channels, space = self._channels(input_shape), windows.space_of(input_shape, self.data_format)
        if None in space:
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: the sizes of the inputs must be known.",
                    expected="a shape without None but for the batch",
                    got=tuple(input_shape),
                )
            )
        windows.check_fits(self, "kernel_size", input_shape)
        sizes = zip(space, self.kernel_size, self.strides, strict=True)
        self._places = tuple((size - window) // stride + 1 for size, window, stride in sizes)
        self.kernel = self._add_kernel((prod(self._places), prod(self.kernel_size) * channels, self.filters))
        self.bias = self._add_bias() if self.use_bias else None

    def _add_bias(self) -> Any:
        return self.add_weight(
            (*self._places, self.filters),
            self.bias_initializer,
            regularizer=self.bias_regularizer,
            constraint=self.bias_constraint,
            name="bias",
        )

    def call(self, inputs: Any) -> Any:
        """The products, one for every place; the bias, the activation."""
        first = self.data_format == "channels_first"
        x = jnp.moveaxis(inputs, 1, -1) if first else inputs
        flat = (x.shape[0], self.kernel.shape[0])
        offsets = product(*map(range, self.kernel_size))
        parts = [self._shifted(x, offset).reshape((*flat, x.shape[-1])) for offset in offsets]
        if first:  # Keras 2 lays such a window out with the channels before the space
            patches = jnp.stack(parts, axis=-1).reshape((*flat, self.kernel.shape[1]))
        else:
            patches = jnp.concatenate(parts, axis=-1)
        outputs = jnp.einsum("bpi,pio->bpo", patches, self.kernel.value)
        outputs = outputs.reshape((x.shape[0], *self._places, self.filters))
        if self.bias is not None:
            outputs = outputs + self.bias.value
        return self.activation(jnp.moveaxis(outputs, -1, 1) if first else outputs)

    def _shifted(self, x: Any, offset: tuple[int, ...]) -> Any:
        """What lies at one offset of the window, for every place."""
        along = zip(offset, self.strides, self._places, strict=True)
        return x[(slice(None), *(slice(o, o + stride * (n - 1) + 1, stride) for o, stride, n in along))]


def _domains(rank: int) -> dict:
    return {**windows.kernel_domains(rank), "padding": one_of("valid", "VALID"), "implementation": one_of(1, 2, 3)}


@register("layer")
class LocallyConnected1D(_LocallyConnected):
    """(batch, steps, channels) -> (batch, new_steps, filters), with another kernel at every step

    See the base class: y[b, i] = activation(x[b, window at i] · kernel[i] + bias[i]).

    >>> import numpy as np
    >>> layer = LocallyConnected1D(4, 3)
    >>> layer(np.ones((2, 10, 8))).shape, layer.kernel.shape
    ((2, 8, 4), (8, 24, 4))
    """

    rank, domains = 1, _domains(1)


@register("layer")
class LocallyConnected2D(_LocallyConnected):
    """(batch, rows, columns, channels) -> (batch, new_rows, new_columns, filters), with another kernel at every place

    See the base class: y[b, i] = activation(x[b, window at i] · kernel[i] + bias[i]).

    >>> import numpy as np
    >>> layer = LocallyConnected2D(4, (3, 2))
    >>> layer(np.ones((2, 5, 5, 3))).shape, layer.kernel.shape
    ((2, 3, 4, 4), (12, 18, 4))
    """

    rank, domains = 2, _domains(2)


@register("layer")
class AtrousConvolution1D(Conv1D):
    """`Conv1D`, to be given a `dilation_rate`; Keras 1 called it `atrous_rate`.

    >>> import numpy as np
    >>> AtrousConvolution1D(4, 3, dilation_rate=2)(np.ones((2, 10, 8))).shape
    (2, 6, 4)
    """


@register("layer")
class AtrousConvolution2D(Conv2D):
    """`Conv2D`, to be given a `dilation_rate`; Keras 1 called it `atrous_rate`.

    >>> import numpy as np
    >>> AtrousConvolution2D(4, 3, dilation_rate=2)(np.ones((2, 10, 10, 8))).shape
    (2, 6, 6, 4)
    """


class _Full(Convolution):
    """Base of the convolutions with `padding="full"`: an output for every place where the kernel meets the inputs

    Every axis of space gets (window - 1) * dilation_rate zeros at both ends. The other arguments, and the weights, are
    those of today's layer. Keras 1 had it on Theano.
    """

    def _zeros_around(self) -> conv.Padding:
        sizes = zip(self.kernel_size, self.dilation_rate, strict=True)
        return [((window - 1) * rate, (window - 1) * rate) for window, rate in sizes]


def _full_domains(rank: int) -> dict:
    return windows.kernel_domains(rank, groups=positive_int, padding=one_of("full"))


@register("layer")
class FullConvolution1D(_Full, Conv1D):
    """`Conv1D` with `padding="full"`.

    >>> import numpy as np
    >>> FullConvolution1D(4, 3, padding="full")(np.ones((2, 10, 8))).shape
    (2, 12, 4)
    """

    domains = _full_domains(1)


@register("layer")
class FullConvolution2D(_Full, Conv2D):
    """`Conv2D` with `padding="full"`.

    >>> import numpy as np
    >>> FullConvolution2D(4, (3, 2), padding="full")(np.ones((2, 10, 10, 8))).shape
    (2, 12, 11, 4)
    """

    domains = _full_domains(2)


@register("layer")
class FullConvolution3D(_Full, Conv3D):
    """`Conv3D` with `padding="full"`.

    >>> import numpy as np
    >>> FullConvolution3D(4, 2, padding="full")(np.ones((2, 3, 3, 3, 1))).shape
    (2, 4, 4, 4, 4)
    """

    domains = _full_domains(3)
