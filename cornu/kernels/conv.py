"""Convolutions: how they are computed, for the layers and for `cornu.ops`.

`x` is (batch, *space, channels) or, for "channels_first", (batch, channels, *space). Kernels always are
(*window, inputs, outputs). Strides and dilations are integers or one integer per axis of space. Padding is "valid",
"same", or a pair (before, after) per axis of space.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from cornu.errors import explain
from cornu.signature import normalize_tuple

Sizes = int | Sequence[int]
Padding = str | Sequence[tuple[int, int]]


def dimension_numbers(rank: int, data_format: str) -> lax.ConvDimensionNumbers:
    """Where batch, channels and space are in inputs, kernel and outputs of `rank` axes of space."""
    last = data_format == "channels_last"
    tensor = (0, rank + 1, *range(1, rank + 1)) if last else tuple(range(rank + 2))
    return lax.ConvDimensionNumbers(tensor, (rank + 1, rank, *range(rank)), tensor)


def channels_of(x: Any, data_format: str) -> int:
    """The size of the axis of channels."""
    return x.shape[-1 if data_format == "channels_last" else 1]


def conv(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    groups: int = 1,
    data_format: str = "channels_last",
) -> jax.Array:
    """y[b, i, o] = sum over window w and inputs c of x[b, i * strides + w * dilation, c] * kernel[w, c, o]

    With `groups`, inputs and outputs are cut into as many parts, each of which has its own kernel:
    (*window, inputs / groups, outputs).

    Raises:
        ValueError: where the channels don't fit the kernel, or the output would be empty.
    """
    rank = x.ndim - 2
    channels = channels_of(x, data_format)
    if channels != groups * kernel.shape[-2]:
        raise ValueError(
            explain(
                "Convolution: the inputs' channels don't fit the kernel.",
                expected=f"{groups * kernel.shape[-2]} channels ({groups} groups of {kernel.shape[-2]})",
                got=f"{channels} channels in shape {x.shape}, {data_format}",
            )
        )
    result = lax.conv_general_dilated(
        x,
        kernel,
        normalize_tuple(strides, rank),
        padding.upper() if isinstance(padding, str) else padding,
        rhs_dilation=normalize_tuple(dilation, rank),
        dimension_numbers=dimension_numbers(rank, data_format),
        feature_group_count=groups,
    )
    refuse_empty(result, x, kernel.shape[:-2])
    return result


def refuse_empty(result: jax.Array, x: jax.Array, window: Sequence[int]) -> None:
    """Raises ValueError where a window doesn't fit into the inputs even once."""
    if 0 in result.shape and 0 not in x.shape:
        raise ValueError(
            explain(
                "The result of a sliding window is empty.",
                expected=f"inputs at least as large as the window {tuple(window)} with its dilation",
                got=f"inputs of shape {x.shape}",
                fix='Use a smaller window, larger inputs, or padding="same".',
            )
        )


def depthwise(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sizes = 1,
    padding: Padding = "valid",
    dilation: Sizes = 1,
    data_format: str = "channels_last",
) -> jax.Array:
    """y[b, i, c * M + m] = sum over window w of x[b, i * strides + w * dilation, c] * kernel[w, c, m]

    The kernel is (*window, channels, multiplier M).
    """
    *window, channels, multiplier = kernel.shape
    kernel = jnp.reshape(kernel, (*window, 1, channels * multiplier))
    return conv(x, kernel, strides, padding, dilation, channels, data_format)


def conv_transpose(
    x: jax.Array,
    kernel: jax.Array,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    dilation: Sizes = 1,
    data_format: str = "channels_last",
) -> jax.Array:
    """The transpose of `conv` as a linear map: y[b, i * strides + w * dilation, o] += x[b, i, c] * kernel[w, o, c]

    The kernel is (*window, outputs, inputs), that of the convolution whose transpose this is. "same" gives outputs of
    size * strides; `output_padding` sets the size of the outputs otherwise, as in `transposed_size`.
    """
    rank = x.ndim - 2
    channels = channels_of(x, data_format)
    if channels != kernel.shape[-1]:
        raise ValueError(
            explain(
                "Transposed convolution: the inputs' channels don't fit the kernel.",
                expected=f"{kernel.shape[-1]} channels",
                got=f"{channels} channels in shape {x.shape}, {data_format}",
            )
        )
    strides, dilation = normalize_tuple(strides, rank), normalize_tuple(dilation, rank)
    extra = (None,) * rank if output_padding is None else normalize_tuple(output_padding, rank)
    window = [(size - 1) * d + 1 for size, d in zip(kernel.shape[:-2], dilation, strict=True)]
    pads = [_transposed_padding(w, s, padding, e) for w, s, e in zip(window, strides, extra, strict=True)]
    return lax.conv_transpose(
        x,
        kernel,
        strides,
        pads,
        rhs_dilation=dilation,
        dimension_numbers=dimension_numbers(rank, data_format),
        transpose_kernel=True,
    )


def _transposed_padding(window: int, stride: int, padding: str, extra: int | None) -> tuple[int, int]:
    """The zeros around the stretched inputs; `window` includes the dilation."""
    if padding == "valid":
        return window - 1, window - 1 + (max(stride - window, 0) if extra is None else extra)
    total = stride + window - 2 if extra is None else window + window % 2 - 2 + extra
    before = min((total + 1) // 2, window - 1)
    return before, total - before


def transposed_size(size: int, window: int, stride: int, padding: str, extra: int | None = None) -> int:
    """The size that `conv_transpose` gives to an axis; `window` includes the dilation, `extra` is `output_padding`.

    >>> transposed_size(4, 3, 2, "same"), transposed_size(4, 3, 2, "valid")
    (8, 9)
    """
    before, after = _transposed_padding(window, stride, padding, extra)
    return (size - 1) * stride + 1 + before + after - (window - 1)
