"""Convolutions and poolings with the backend's argument orders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config, ops
from cornu.compat import dialect
from cornu.compat.backend.offering import offer
from cornu.compat.backend.values import rank
from cornu.errors import explain
from cornu.symbolic import as_array, op


def _kernel(kernel: Any, data_format: str | None) -> Any:
    """A kernel as (*window, inputs, outputs): Keras 1 has (outputs, inputs, *window) for "th"."""
    first = config.standardize_data_format(data_format) == "channels_first"
    if not (first and dialect.current().before("keras2") and rank(kernel) > 3):
        return kernel
    return ops.transpose(kernel, (*range(2, rank(kernel)), 1, 0))


@offer()
def conv1d(
    x: Any,
    kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """A convolution over one axis; the padding "causal" lets no step see a later one."""
    data_format = config.standardize_data_format(data_format)
    if padding == "causal":
        step = dilation_rate if isinstance(dilation_rate, int) else dilation_rate[0]
        before = (step * (kernel.shape[0] - 1), 0)
        last = data_format == "channels_last"
        x, padding = ops.pad(x, [(0, 0), before, (0, 0)] if last else [(0, 0), (0, 0), before]), "valid"
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


@offer()
def conv2d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """A convolution over two axes."""
    return ops.conv(x, _kernel(kernel, data_format), strides, padding, data_format, dilation_rate)


@offer()
def conv3d(
    x: Any,
    kernel: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    """A convolution over three axes."""
    return ops.conv(x, _kernel(kernel, data_format), strides, padding, data_format, dilation_rate)


@offer()
def atrous_conv2d(
    x: Any, kernel: Any, dilation_rate: Any = 1, padding: str = "valid", data_format: str | None = None
) -> Any:
    """A convolution over two axes whose window has gaps."""
    return ops.conv(x, _kernel(kernel, data_format), 1, padding, data_format, dilation_rate)


def _transposed(rank: int, name: str, doc: str) -> Any:
    def call(
        x: Any,
        kernel: Any,
        output_shape: Any,
        strides: Any = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
    ) -> Any:
        data_format = config.standardize_data_format(data_format)
        kernel = _kernel(kernel, data_format)
        return _conv_transpose(x, kernel, list(output_shape[1:]), strides, padding, data_format, dilation_rate)

    call.__name__, call.__doc__ = name, doc
    return call


@op
def _conv_transpose(
    x: Any, kernel: Any, sizes: Sequence[int], strides: Any, padding: str, data_format: str, dilation_rate: Any
) -> Any:
    """The gradient of the convolution that gives x from a tensor of the wanted shape, which fixes every size."""
    x, kernel = as_array(x), as_array(kernel)

    def forward(wanted: Any) -> Any:
        return ops.conv(wanted, kernel, strides, padding, data_format, dilation_rate)

    start = jnp.zeros((x.shape[0], *sizes), x.dtype)
    made, pull = jax.vjp(forward, start)
    if made.shape[1:] != x.shape[1:]:
        raise ValueError(
            explain(
                "K.conv2d_transpose: `output_shape` doesn't fit.",
                expected=f"a shape whose convolution is {x.shape[1:]}",
                got=f"{tuple(sizes)}, whose convolution is {made.shape[1:]}",
            )
        )
    return pull(x)[0]


_doc = "The transpose of a convolution over {} axes; kernel: (*window, outputs, inputs)."
offer("conv2d_transpose", "deconv2d")(_transposed(2, "conv2d_transpose", _doc.format("two")))
offer("conv3d_transpose", "deconv3d")(_transposed(3, "conv3d_transpose", _doc.format("three")))


@offer()
def separable_conv1d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = 1,
) -> Any:
    """A convolution of each channel, then one over the channels."""
    return ops.separable_conv(x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate)


@offer()
def separable_conv2d(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """A convolution of each channel, then one over the channels."""
    return ops.separable_conv(x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate)


@offer()
def depthwise_conv2d(
    x: Any,
    depthwise_kernel: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """A convolution of each channel."""
    return ops.depthwise_conv(x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def _pool(x: Any, size: Any, strides: Any, padding: str, data_format: str | None, mode: str) -> Any:
    functions = {"max": ops.max_pool, "avg": ops.average_pool}
    if mode not in functions:
        raise ValueError(explain("K.pool: unknown `pool_mode`.", expected='"max" or "avg"', got=mode))
    return functions[mode](x, size, strides, padding, data_format)


@offer()
def pool2d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """The largest element, or with "avg" the mean, of windows over two axes."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


@offer()
def pool3d(
    x: Any,
    pool_size: Any,
    strides: Any = (1, 1, 1),
    padding: str = "valid",
    data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """The largest element, or with "avg" the mean, of windows over three axes."""
    return _pool(x, pool_size, strides, padding, data_format, pool_mode)


# Convolutions whose every place has a kernel of its own ---------------------------------------------------------------


@offer()
@op
def local_conv(
    inputs: Any,
    kernel: Any,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> Any:
    """y[b, i] = window i of x, flattened, times kernel[i]; kernel: (places, window * channels, outputs)"""
    x, kernel = as_array(inputs), as_array(kernel)
    last = config.standardize_data_format(data_format) == "channels_last"
    space = range(1, x.ndim - 1) if last else range(2, x.ndim)
    at = [
        np.arange(count)[:, None] * stride + np.arange(window)
        for count, stride, window in zip(output_shape, strides, kernel_size, strict=True)
    ]
    for number, index in enumerate(at):  # each axis of space becomes two: places and the window
        x = jnp.take(x, index, axis=space[0] + 2 * number)
    count = len(at)
    places = [space[0] + 2 * i for i in range(count)]
    windows = [axis + 1 for axis in places]
    channel = x.ndim - 1 if last else 1
    inner = [*windows, channel] if last else [channel, *windows]
    flat = jnp.transpose(x, (0, *places, *inner)).reshape(x.shape[0], kernel.shape[0], -1)
    result = jnp.einsum("bpi,pio->bpo", flat, kernel).reshape(x.shape[0], *output_shape, kernel.shape[-1])
    return result if last else jnp.moveaxis(result, -1, 1)


@offer()
def local_conv1d(
    inputs: Any, kernel: Any, kernel_size: Sequence[int], strides: Sequence[int], data_format: str | None = None
) -> Any:
    """A convolution over one axis in which every place has a kernel of its own."""
    return local_conv(inputs, kernel, kernel_size, strides, (kernel.shape[0],), data_format)


@offer()
def local_conv2d(
    inputs: Any,
    kernel: Any,
    kernel_size: Sequence[int],
    strides: Sequence[int],
    output_shape: Sequence[int],
    data_format: str | None = None,
) -> Any:
    """A convolution over two axes in which every place has a kernel of its own."""
    return local_conv(inputs, kernel, kernel_size, strides, tuple(output_shape), data_format)
