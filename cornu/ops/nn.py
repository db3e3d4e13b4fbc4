"""Operations of neural networks: activations, convolution, pooling, encodings, losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import activations, config, dtypes
from cornu.activations import celu as celu
from cornu.activations import elu as elu
from cornu.activations import glu as glu
from cornu.activations import hard_shrink as hard_shrink
from cornu.activations import hard_sigmoid as hard_sigmoid
from cornu.activations import hard_silu as hard_silu
from cornu.activations import hard_swish as hard_swish
from cornu.activations import hard_tanh as hard_tanh
from cornu.activations import leaky_relu as leaky_relu
from cornu.activations import log_sigmoid as log_sigmoid
from cornu.activations import log_softmax as log_softmax
from cornu.activations import relu6 as relu6
from cornu.activations import selu as selu
from cornu.activations import sigmoid as sigmoid
from cornu.activations import silu as silu
from cornu.activations import soft_shrink as soft_shrink
from cornu.activations import softmax as softmax
from cornu.activations import softplus as softplus
from cornu.activations import softsign as softsign
from cornu.activations import sparse_plus as sparse_plus
from cornu.activations import sparse_sigmoid as sparse_sigmoid
from cornu.activations import sparsemax as sparsemax
from cornu.activations import squareplus as squareplus
from cornu.activations import swish as swish
from cornu.activations import tanh_shrink as tanh_shrink
from cornu.activations import threshold as threshold
from cornu.errors import brief, explain
from cornu.kernels import conv as conv_kernel
from cornu.kernels import pool
from cornu.ops.attention import dot_product_attention as dot_product_attention
from cornu.ops.base import operation, tensor
from cornu.ops.ctc import ctc_decode as ctc_decode
from cornu.ops.ctc import ctc_loss as ctc_loss
from cornu.ops.normalization import batch_normalization as batch_normalization
from cornu.ops.normalization import layer_normalization as layer_normalization
from cornu.ops.normalization import moments as moments
from cornu.ops.normalization import normalize as normalize
from cornu.ops.normalization import rms_normalization as rms_normalization
from cornu.ops.signal import polar as polar
from cornu.registry import register
from cornu.signature import normalize_tuple

Sizes = int | Sequence[int]

_SHARED = (
    "celu elu glu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu log_sigmoid log_softmax relu6 selu sigmoid "
    "silu soft_shrink softmax softplus softsign sparse_plus sparse_sigmoid sparsemax squareplus tanh_shrink threshold"
)
for _name in _SHARED.split():
    register("operation")(getattr(activations, _name))
register("operation", "swish")(silu)
register("operation", "hard_swish")(hard_silu)


@operation()
def relu(x: Any) -> jax.Array:
    """max(x, 0)

    >>> relu([-1.0, 2.0]).tolist()
    [0.0, 2.0]
    """
    return jax.nn.relu(tensor(x))


@operation()
def gelu(x: Any, approximate: bool = True) -> jax.Array:
    """x * Phi(x), Phi the normal distribution function (Hendrycks and Gimpel, 2016, arXiv:1606.08415)

    `approximate`: by x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x³))); the activation's default is the other.

    >>> gelu([0.0]).tolist()
    [0.0]
    """
    return jax.nn.gelu(tensor(x), approximate)


# Convolution and pooling ---------------------------------------------------------------------------------------------


def _padding(padding: str) -> str:
    if str(padding).lower() not in ("valid", "same"):
        raise ValueError(explain("Unknown `padding`.", expected='"valid" or "same"', got=padding))
    return padding.lower()


@operation()
def conv(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> jax.Array:
    """y[b, i, o] = sum over window w and channels c of x[b, i * strides + w * dilation_rate, c] * kernel[w, c, o]

    Args:
        inputs: (batch, *space, channels), for "channels_first" (batch, channels, *space).
        kernel: (*window, channels / groups, outputs); the number of groups follows.
        padding: "valid", or "same" for outputs of size inputs / strides.

    Raises:
        ValueError: where the channels don't fit, or nothing would come out.

    >>> conv([[[1.0], [2.0], [4.0]]], [[[1.0]], [[-1.0]]]).tolist()
    [[[-1.0], [-2.0]]]
    """
    data_format, kernel = config.standardize_data_format(data_format), tensor(kernel)
    inputs = tensor(inputs, kernel.dtype)
    groups = max(conv_kernel.channels_of(inputs, data_format) // kernel.shape[-2], 1)
    return conv_kernel.conv(inputs, kernel, strides, _padding(padding), dilation_rate, groups, data_format)


@operation()
def depthwise_conv(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> jax.Array:
    """y[b, i, c * M + m] = sum over window w of x[b, i * strides + w * dilation_rate, c] * kernel[w, c, m]

    `kernel`: (*window, channels, multiplier M). Other arguments and errors as in `conv`.

    >>> depthwise_conv([[[1.0, 2.0]]], [[[3.0], [4.0]]]).tolist()
    [[[3.0, 8.0]]]
    """
    data_format, kernel = config.standardize_data_format(data_format), tensor(kernel)
    inputs = tensor(inputs, kernel.dtype)
    return conv_kernel.depthwise(inputs, kernel, strides, _padding(padding), dilation_rate, data_format)


@operation()
def separable_conv(
    inputs: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> jax.Array:
    """`depthwise_conv`, then `conv` with a window of 1, the pointwise kernel (*ones, channels * M, outputs)

    >>> separable_conv([[[1.0, 2.0]]], [[[3.0], [4.0]]], [[[1.0], [1.0]]]).tolist()
    [[[11.0]]]
    """
    data_format = config.standardize_data_format(data_format)
    depthwise_kernel, pointwise_kernel = tensor(depthwise_kernel), tensor(pointwise_kernel)
    inputs = tensor(inputs, depthwise_kernel.dtype)
    x = conv_kernel.depthwise(inputs, depthwise_kernel, strides, _padding(padding), dilation_rate, data_format)
    return conv_kernel.conv(x, pointwise_kernel, data_format=data_format)


@operation()
def conv_transpose(
    inputs: Any,
    kernel: Any,
    strides: Sizes = 1,
    padding: str = "valid",
    output_padding: Sizes | None = None,
    data_format: str | None = None,
    dilation_rate: Sizes = 1,
) -> jax.Array:
    """y[b, i * strides + w * dilation_rate, o] += x[b, i, c] * kernel[w, o, c]: the transpose of `conv`

    Args:
        kernel: (*window, outputs, channels).
        padding: "same" gives outputs of size inputs * strides.
        output_padding: sets the size of the outputs otherwise.

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[1.0]]], strides=2).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """
    data_format, kernel = config.standardize_data_format(data_format), tensor(kernel)
    inputs = tensor(inputs, kernel.dtype)
    return conv_kernel.conv_transpose(
        inputs, kernel, strides, _padding(padding), output_padding, dilation_rate, data_format
    )


@operation()
def max_pool(
    inputs: Any, pool_size: Sizes, strides: Sizes | None = None, padding: str = "valid", data_format: str | None = None
) -> jax.Array:
    """y[b, i, c] = max over window w of x[b, i * strides + w, c]; the strides default to the window's size

    >>> max_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[3.0], [2.0]]]
    """
    data_format = config.standardize_data_format(data_format)
    return pool.max_pool(tensor(inputs), pool_size, strides, _padding(padding), data_format)


@operation()
def average_pool(
    inputs: Any, pool_size: Sizes, strides: Sizes | None = None, padding: str = "valid", data_format: str | None = None
) -> jax.Array:
    """y[b, i, c] = mean over window w of x[b, i * strides + w, c]; padding doesn't count

    >>> average_pool([[[1.0], [3.0], [2.0], [0.0]]], 2).tolist()
    [[[2.0], [1.0]]]
    """
    data_format = config.standardize_data_format(data_format)
    return pool.average_pool(tensor(inputs), pool_size, strides, _padding(padding), data_format)


@operation()
def adaptive_max_pool(inputs: Any, output_size: Sizes, data_format: str | None = None) -> jax.Array:
    """The maxima of windows that cover the axes of space evenly, as many as `output_size` says.

    >>> adaptive_max_pool([[[1.0], [3.0], [2.0]]], 2).tolist()
    [[[3.0], [3.0]]]
    """
    return pool.adaptive_max_pool(tensor(inputs), output_size, config.standardize_data_format(data_format))


@operation()
def adaptive_average_pool(inputs: Any, output_size: Sizes, data_format: str | None = None) -> jax.Array:
    """The means of windows that cover the axes of space evenly, as many as `output_size` says.

    >>> adaptive_average_pool([[[1.0], [3.0], [2.0]]], 2).tolist()
    [[[2.0], [2.5]]]
    """
    return pool.adaptive_average_pool(tensor(inputs), output_size, config.standardize_data_format(data_format))


# Blocks and windows --------------------------------------------------------------------------------------------------


def _block_shape(x: Any, block_size: int, data_format: str) -> tuple[jax.Array, bool]:
    if block_size < 2:
        raise ValueError(explain("Argument `block_size` is wrong.", expected="2 or more", got=block_size))
    return tensor(x), config.standardize_data_format(data_format) == "channels_last"


@operation()
def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> jax.Array:
    """Each group of block_size² channels becomes a square of block_size * block_size pixels (Shi et al., 2016)

    >>> depth_to_space([[[[1, 2, 3, 4]]]], 2)[0, :, :, 0].tolist()
    [[1, 2], [3, 4]]
    """
    x, last = _block_shape(x, block_size, data_format)
    x = x if last else jnp.moveaxis(x, 1, -1)
    b, h, w, c = x.shape
    x = jnp.reshape(x, (b, h, w, block_size, block_size, -1) if last else (b, h, w, -1, block_size, block_size))
    x = jnp.transpose(x, (0, 1, 3, 2, 4, 5) if last else (0, 3, 1, 4, 2, 5))
    channels = c // block_size**2
    space = (h * block_size, w * block_size)
    return jnp.reshape(x, (b, *space, channels) if last else (b, channels, *space))


@operation()
def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> jax.Array:
    """The inverse of `depth_to_space`.

    >>> space_to_depth([[[[1], [2]], [[3], [4]]]], 2).tolist()
    [[[[1, 2, 3, 4]]]]
    """
    x, last = _block_shape(x, block_size, data_format)
    b, h, w, c = x.shape if last else (x.shape[0], *x.shape[2:], x.shape[1])
    h, w = h // block_size, w // block_size
    if last:
        x = jnp.reshape(x, (b, h, block_size, w, block_size, c))
        return jnp.reshape(jnp.transpose(x, (0, 1, 3, 2, 4, 5)), (b, h, w, c * block_size**2))
    x = jnp.reshape(x, (b, c, h, block_size, w, block_size))
    return jnp.reshape(jnp.transpose(x, (0, 1, 3, 5, 2, 4)), (b, c * block_size**2, h, w))


@operation()
def unfold(x: Any, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1) -> jax.Array:
    """The windows of images (batch, channels, height, width) as columns: (batch, channels * window, windows)

    >>> unfold([[[[1.0, 2.0], [3.0, 4.0]]]], (1, 2)).tolist()
    [[[1.0, 3.0], [2.0, 4.0]]]
    """
    x = tensor(x)
    if x.ndim != 4:
        raise ValueError(explain("unfold takes images.", expected="4 axes", got=brief(x)))
    patches = jax.lax.conv_general_dilated_patches(
        x,
        normalize_tuple(kernel_size, 2),
        normalize_tuple(stride, 2),
        [(p, p) for p in normalize_tuple(padding, 2)],
        rhs_dilation=normalize_tuple(dilation, 2),
    )
    return jnp.reshape(patches, (*patches.shape[:2], -1))


@operation()
def fold(
    x: Any, output_size: Sizes, kernel_size: Sizes, dilation: Sizes = 1, padding: Sizes = 0, stride: Sizes = 1
) -> jax.Array:
    """The images (batch, channels, height, width) in which the columns of `unfold` are added up at their places

    >>> fold([[[1.0, 3.0], [2.0, 4.0]]], (2, 2), (1, 2)).tolist()
    [[[[1.0, 2.0], [3.0, 4.0]]]]
    """
    x = tensor(x)
    if x.ndim != 3:
        raise ValueError(explain("fold takes columns.", expected="3 axes", got=brief(x)))
    size, window, steps, skip, edge = (
        normalize_tuple(v, 2) for v in (output_size, kernel_size, stride, dilation, padding)
    )
    padded = [n + 2 * p for n, p in zip(size, edge, strict=True)]
    rows, columns = ((n - d * (w - 1) - 1) // s + 1 for n, d, w, s in zip(padded, skip, window, steps, strict=True))
    x = jnp.reshape(x, (x.shape[0], -1, *window, rows, columns))
    result = jnp.zeros((*x.shape[:2], *padded), x.dtype)
    for i in range(window[0]):
        for j in range(window[1]):
            down = slice(i * skip[0], i * skip[0] + steps[0] * rows, steps[0])
            right = slice(j * skip[1], j * skip[1] + steps[1] * columns, steps[1])
            result = result.at[:, :, down, right].add(x[:, :, i, j])
    return result[:, :, edge[0] : edge[0] + size[0], edge[1] : edge[1] + size[1]]


# Encodings -----------------------------------------------------------------------------------------------------------


def _refuse_sparse(sparse: bool) -> None:
    if sparse:
        raise ValueError(explain("There are no sparse tensors here.", fix="Leave out `sparse`."))


@operation()
def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> jax.Array:
    """y[..., k] = 1 where x = k, else 0; all 0 for classes out of range

    >>> one_hot([0, 2], 3).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
    """
    _refuse_sparse(sparse)
    return jax.nn.one_hot(tensor(x), num_classes, axis=axis, dtype=dtypes.standardize(dtype))


@operation()
def multi_hot(
    inputs: Any,
    num_classes: int | None = None,
    axis: int = -1,
    dtype: Any = None,
    sparse: bool = False,
    **kwargs: Any,
) -> jax.Array:
    """y[..., k] = 1 where k is among the classes of a row, else 0

    >>> multi_hot([[0, 2], [1, 1]], 3).tolist()
    [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    _refuse_sparse(sparse)
    num_classes = kwargs.pop("num_tokens", num_classes)
    if num_classes is None or kwargs:
        raise ValueError(explain("multi_hot: wrong arguments.", expected="num_classes", got=kwargs or None))
    inputs = tensor(inputs, "int32")
    each = jax.nn.one_hot(inputs, num_classes, axis=axis, dtype=dtypes.standardize(dtype))
    return jnp.max(each, axis=1 if inputs.ndim > 1 else 0)


# Losses --------------------------------------------------------------------------------------------------------------


def _check_pair(name: str, target: jax.Array, output: jax.Array, expected: tuple, least: int = 0) -> None:
    if tuple(target.shape) != tuple(expected) or output.ndim < least:
        raise ValueError(
            explain(
                f"{name}: the shapes of `target` and `output` don't fit.",
                expected=f"target of shape {tuple(expected)} for output of shape {output.shape}",
                got=f"target of shape {target.shape}",
            )
        )


def _log_probabilities(output: jax.Array, from_logits: bool, axis: int) -> jax.Array:
    if from_logits:
        return jax.nn.log_softmax(output, axis)
    output = output / jnp.sum(output, axis, keepdims=True)
    return jnp.log(jnp.clip(output, config.epsilon(), 1.0 - config.epsilon()))


@operation()
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> jax.Array:
    """-target * log(p) - (1 - target) * log(1 - p), elementwise

    p is the output, kept within [epsilon, 1 - epsilon], or with `from_logits` sigmoid(output).

    Raises:
        ValueError: where the shapes differ.

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).round(3).tolist()
    [0.6930000185966492, 0.6930000185966492]
    """
    target, output = tensor(target), tensor(output)
    _check_pair("binary_crossentropy", target, output, output.shape)
    if from_logits:
        return target * jax.nn.softplus(-output) + (1.0 - target) * jax.nn.softplus(output)
    p = jnp.clip(output, config.epsilon(), 1.0 - config.epsilon())
    return -(target * jnp.log(p) + (1.0 - target) * jnp.log(1.0 - p))


@operation()
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> jax.Array:
    """-sum over classes k of target[k] * log(p[k]), along `axis`

    p is the output divided by its sum and kept within [epsilon, 1 - epsilon], or with `from_logits` softmax(output).

    Raises:
        ValueError: where the shapes differ, or there is no axis.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).round(3).tolist()
    [0.6930000185966492]
    """
    target, output = tensor(target), tensor(output)
    _check_pair("categorical_crossentropy", target, output, output.shape, least=1)
    return -jnp.sum(target * _log_probabilities(output, from_logits, axis), axis=axis)


@operation()
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> jax.Array:
    """-log(p[target]), along `axis`: `categorical_crossentropy` for a target class in place of its encoding

    A target out of range gives 0. A last axis of size 1 of the target, beside the classes, is dropped. Differences
    from Keras on JAX: `axis` needs not be the last; logits of -inf, for classes that are ruled out, don't give NaN.

    Raises:
        ValueError: where the shapes don't fit, or there is no axis.

    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).round(3).tolist()
    [0.6930000185966492]
    """
    target, output = tensor(target).astype("int32"), tensor(output)
    if target.ndim == output.ndim and target.shape[-1] == 1:
        target = jnp.squeeze(target, -1)
    axis %= max(output.ndim, 1)
    expected = (*output.shape[:axis], *output.shape[axis + 1 :])
    _check_pair("sparse_categorical_crossentropy", target, output, expected, least=1)
    classes = jax.lax.broadcasted_iota("int32", output.shape, axis)
    chosen = classes == jnp.expand_dims(target, axis)
    return -jnp.sum(jnp.where(chosen, _log_probabilities(output, from_logits, axis), 0), axis=axis)


@operation()
def psnr(x1: Any, x2: Any, max_val: float) -> jax.Array:
    """20 log10(max_val) - 10 log10(mean((x1 - x2)²)): the peak signal-to-noise ratio, in decibels

    Raises:
        ValueError: where the shapes differ.

    >>> float(psnr([0.0, 0.0], [1.0, 1.0], 10.0))
    20.0
    """
    x1, x2 = tensor(x1), tensor(x2)
    _check_pair("psnr", x1, x2, x2.shape)
    peak = tensor(max_val, x2.dtype)
    return 20 * jnp.log10(peak) - 10 * jnp.log10(jnp.mean(jnp.square(x1 - x2)))
