"""`tf.nn`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from cornu import ops
from cornu import random as draws
from cornu.compat.tensorflow.calls import missing, served, sizes
from cornu.compat.tensorflow.functions import _axis
from cornu.compat.tensorflow.math import _MORE
from cornu.errors import explain
from cornu.symbolic import op


def _window(value: Any, data_format: str, axes: int = 2) -> Any:
    """Strides, dilations or window sizes: given for the space alone, or for all axes."""
    if isinstance(value, int):
        return value
    value = sizes(value)
    if len(value) == axes + 2:
        value = value[2:] if data_format.startswith("NC") else value[1:-1]
    return value[0] if len(value) == 1 else value


def _format(data_format: str | None) -> str:
    return "channels_first" if str(data_format).startswith("NC") else "channels_last"


def _padding(padding: Any) -> str:
    if not isinstance(padding, str):
        raise ValueError(
            explain(
                "tf.nn: padding as numbers isn't had.",
                got=padding,
                expected='"SAME" or "VALID"',
                fix="Call tf.pad before it.",
            )
        )
    return padding.lower()


def _conv(axes: int) -> Any:
    names = {1: "NWC", 2: "NHWC", 3: "NDHWC"}

    def conv(
        input: Any, filters: Any, strides: Any, padding: Any, data_format: Any = names[axes], dilations: Any = 1
    ) -> Any:
        return ops.conv(
            input,
            filters,
            _window(strides, data_format, axes),
            _padding(padding),
            _format(data_format),
            _window(1 if dilations is None else dilations, data_format, axes),
        )

    return conv


def _pool(function: Any, axes: int) -> Any:
    def pool(input: Any, ksize: Any, strides: Any, padding: Any, data_format: str = "NHWC") -> Any:
        window, steps = _window(ksize, data_format, axes), _window(strides, data_format, axes)
        return function(input, window, steps, _padding(padding), _format(data_format))

    return pool


@op
def _maxima(x: Any, window: Sequence[int], strides: Sequence[int], same: bool, with_batch: bool) -> tuple[Any, Any]:
    x = jnp.asarray(x)
    sizes = [
        (n + s - 1) // s if same else (n - w) // s + 1 for n, w, s in zip(x.shape[1:3], window, strides, strict=True)
    ]
    lacking = [max((o - 1) * s + w - n, 0) for o, s, w, n in zip(sizes, strides, window, x.shape[1:3], strict=True)]
    around = [(0, 0), *((total // 2, total - total // 2) for total in lacking), (0, 0)]
    places = jnp.arange(math.prod(x.shape[1:])).reshape(1, *x.shape[1:])
    if with_batch:
        places = places + jnp.arange(x.shape[0])[:, None, None, None] * math.prod(x.shape[1:])
    lowest = -jnp.inf if jnp.issubdtype(x.dtype, jnp.floating) else jnp.iinfo(x.dtype).min

    def parts(padded: Any) -> Any:
        ends = [(o - 1) * s + 1 for o, s in zip(sizes, strides, strict=True)]
        return jnp.stack([
            padded[:, i : i + ends[0] : strides[0], j : j + ends[1] : strides[1]]
            for i in range(window[0]) for j in range(window[1])
        ])  # fmt: skip

    values = parts(jnp.pad(x, around, constant_values=lowest))
    found = parts(jnp.broadcast_to(jnp.pad(places, around), (x.shape[0], *jnp.pad(places, around).shape[1:])))
    return values.max(0), jnp.take_along_axis(found, values.argmax(0)[None], 0)[0]


def max_pool_with_argmax(
    input: Any,
    ksize: Any,
    strides: Any,
    padding: Any,
    data_format: str = "NHWC",
    output_dtype: Any = "int64",
    include_batch_in_index: bool = False,
) -> tuple[Any, Any]:
    """The maxima of windows, and the place of each: (row * width + column) * channels + channel."""
    window, steps = (
        (v, v) if isinstance(v, int) else tuple(v) for v in (_window(ksize, "NHWC"), _window(strides, "NHWC"))
    )
    return _maxima(input, window, steps, _padding(padding) == "same", include_batch_in_index)


def conv2d_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: Any = "SAME", data_format: str = "NHWC"
) -> Any:
    """The transpose of a convolution."""
    return ops.conv_transpose(
        input, filters, _window(strides, data_format), _padding(padding), data_format=_format(data_format)
    )


def _check_shapes(name: str, labels: Any, logits: Any) -> None:
    if tuple(labels.shape) != tuple(logits.shape):
        raise ValueError(
            explain(f"tf.nn.{name}: the shapes differ.", expected=tuple(logits.shape), got=tuple(labels.shape))
        )


def sigmoid_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """max(logits, 0) - logits * labels + log(1 + exp(-|logits|))"""
    labels = ops.cast(labels, logits.dtype)
    _check_shapes("sigmoid_cross_entropy_with_logits", labels, logits)
    return ops.relu(logits) - logits * labels + ops.log1p(ops.exp(ops.negative(ops.abs(logits))))


def weighted_cross_entropy_with_logits(labels: Any, logits: Any, pos_weight: Any) -> Any:
    """The same, with the positive part weighted."""
    weight = 1 + (pos_weight - 1) * labels
    return (1 - labels) * logits + weight * (
        ops.log1p(ops.exp(ops.negative(ops.abs(logits)))) + ops.relu(ops.negative(logits))
    )


def softmax_cross_entropy_with_logits(labels: Any, logits: Any, axis: int = -1) -> Any:
    """-sum(labels * log_softmax(logits))"""
    return ops.negative(ops.sum(ops.cast(labels, logits.dtype) * ops.log_softmax(logits, axis), axis))


def sparse_softmax_cross_entropy_with_logits(labels: Any, logits: Any) -> Any:
    """-log_softmax(logits)[label]"""
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def dropout(x: Any, rate: Any, noise_shape: Any = None, seed: Any = None) -> Any:
    """Zeros in place of a fraction of the elements; the others are scaled up."""
    return draws.dropout(x, rate, noise_shape, seed)


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False) -> tuple[Any, Any]:
    """Mean and variance."""
    return ops.moments(x, _axis(axes), keepdims=keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset"""
    factor = ops.rsqrt(variance + variance_epsilon)
    factor = factor if scale is None else factor * scale
    return (x - mean) * factor + (0 if offset is None else offset)


def embedding_lookup(params: Any, ids: Any, max_norm: Any = None) -> Any:
    """The rows of a matrix."""
    return ops.take(params, ids, axis=0)


_ROWS = {
    **{name: _MORE[name] for name in
       ["l2_normalize", "log_softmax", "softmax", "softplus", "softsign", "top_k", "in_top_k", "zero_fraction"]},
    "relu": lambda features: ops.relu(features),
    "relu6": lambda features: ops.relu6(features),
    "leaky_relu": lambda features, alpha=0.2: ops.leaky_relu(features, alpha),
    "elu": lambda features: ops.elu(features),
    "selu": lambda features: ops.selu(features),
    "gelu": lambda features, approximate=False: ops.gelu(features, approximate),
    "silu": lambda features, beta=1.0: features * ops.sigmoid(features * beta),
    "swish": lambda features, beta=1.0: features * ops.sigmoid(features * beta),
    "sigmoid": lambda x: ops.sigmoid(x),
    "tanh": lambda x: ops.tanh(x),
    "bias_add": lambda value, bias, data_format=None: ops.add(value, bias if _format(data_format) == "channels_last" else ops.reshape(bias, (-1, *[1] * (len(value.shape) - 2)))),  # noqa: E501
    "conv1d": _conv(1),
    "conv2d": _conv(2),
    "conv3d": _conv(3),
    "conv2d_transpose": conv2d_transpose,
    "depthwise_conv2d": lambda input, filter, strides, padding, data_format="NHWC", dilations=1: ops.depthwise_conv(input, filter, _window(strides, data_format), _padding(padding), _format(data_format), _window(dilations or 1, data_format)),  # noqa: E501
    "max_pool": _pool(ops.max_pool, 2),
    "max_pool2d": _pool(ops.max_pool, 2),
    "max_pool1d": _pool(ops.max_pool, 1),
    "max_pool_with_argmax": max_pool_with_argmax,
    "avg_pool": _pool(ops.average_pool, 2),
    "avg_pool2d": _pool(ops.average_pool, 2),
    "avg_pool1d": _pool(ops.average_pool, 1),
    "depth_to_space": lambda input, block_size, data_format="NHWC": ops.depth_to_space(input, block_size, _format(data_format)),  # noqa: E501
    "space_to_depth": lambda input, block_size, data_format="NHWC": ops.space_to_depth(input, block_size, _format(data_format)),  # noqa: E501
    "sigmoid_cross_entropy_with_logits": sigmoid_cross_entropy_with_logits,
    "weighted_cross_entropy_with_logits": weighted_cross_entropy_with_logits,
    "softmax_cross_entropy_with_logits": softmax_cross_entropy_with_logits,
    "sparse_softmax_cross_entropy_with_logits": sparse_softmax_cross_entropy_with_logits,
    "dropout": dropout,
    "l2_loss": lambda t: ops.sum(ops.square(t)) / 2,
    "moments": moments,
    "batch_normalization": batch_normalization,
    "embedding_lookup": embedding_lookup,
    "ctc_loss": lambda labels, logits, label_length, logit_length, logits_time_major=True, unique=None, blank_index=0: ops.ctc_loss(labels, jnp.swapaxes(logits, 0, 1) if logits_time_major else logits, label_length, logit_length, blank_index),  # noqa: E501
}  # fmt: skip

NN = served(_ROWS)
globals().update(NN)


def __getattr__(name: str) -> Any:
    raise missing("nn", name, NN)
