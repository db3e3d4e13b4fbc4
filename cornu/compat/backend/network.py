"""Activations, losses and normalizations of networks, with Keras 1's and 2's formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import activations, config, ops
from cornu.compat import dialect
from cornu.compat.backend.offering import offer
from cornu.compat.backend.values import rank
from cornu.errors import explain
from cornu.symbolic import as_array, op

# Activations --------------------------------------------------------------------------------------------------------


@offer()
def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """x from `threshold` on, at most `max_value`; below, alpha * (x - threshold)"""
    return activations.relu(x, alpha, max_value, threshold)


@offer()
def elu(x: Any, alpha: float = 1.0) -> Any:
    """x where x > 0, else alpha * (exp(x) - 1)"""
    return activations.elu(x, alpha)


@offer()
def softmax(x: Any, axis: int = -1) -> Any:
    """exp(x) / sum exp(x) along an axis"""
    return ops.softmax(x, axis)


@offer()
def hard_sigmoid(x: Any) -> Any:
    """0.2 * x + 0.5, within [0, 1]: the formula of Keras 1 and 2"""
    return ops.clip(x * 0.2 + 0.5, 0.0, 1.0)


# Losses -------------------------------------------------------------------------------------------------------------


def _target_first(function: Callable) -> Callable:
    """A function of target and output, which Keras 1 called with the output first."""

    def call(first: Any = None, second: Any = None, *args: Any, **kwargs: Any) -> Any:
        if dialect.current().before("keras2"):
            first, second = second, first
        return function(kwargs.pop("target", first), kwargs.pop("output", second), *args, **kwargs)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    return call


def _offer_loss(function: Callable) -> Callable:
    from cornu.compat.backend.offering import FUNCTIONS

    FUNCTIONS[function.__name__] = _target_first(function)
    return function


@op
def _alike(target: Any, output: Any) -> Any:
    target, output = as_array(target), as_array(output)
    return jnp.broadcast_to(target.astype(output.dtype), jnp.broadcast_shapes(target.shape, output.shape))


@_offer_loss
def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-sum over classes of target * log(output): the output is divided by its sum and kept from 0 and 1 by epsilon

    `from_logits`: the output is the softmax's argument. Keras 1 takes the output first.
    """
    return ops.categorical_crossentropy(_alike(target, output), output, from_logits, axis)


@_offer_loss
def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """-log(output[target]) for a target class; Keras 1 takes the output first."""
    if rank(target) == 1 and rank(output) > 2:
        target = ops.reshape(target, tuple(-1 if s is None else s for s in output.shape[:-1]))
    return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)


@_offer_loss
def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """-target * log(output) - (1 - target) * log(1 - output), elementwise; Keras 1 takes the output first."""
    return ops.binary_crossentropy(_alike(target, output), output, from_logits)


@offer()
@op
def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether the target class is among the k largest predictions."""
    predictions, targets = as_array(predictions), as_array(targets).astype("int32")
    own = jnp.take_along_axis(predictions, targets[:, None], axis=1)
    return jnp.sum(predictions > own, axis=1) < k


# Connectionist temporal classification ------------------------------------------------------------------------------


@offer()
@op
def ctc_batch_cost(y_true: Any, y_pred: Any, input_length: Any, label_length: Any) -> Any:
    """The loss of unaligned sequences (Graves et al., 2006), (samples, 1)

    Args:
        y_true: classes, (samples, labels); `label_length` (samples, 1) of them count.
        y_pred: probabilities, (samples, time, classes), of which `input_length` (samples, 1) steps count. The last
            class is the blank.
    """
    lengths = [jnp.reshape(as_array(n), -1).astype("int32") for n in (label_length, input_length)]
    logits = jnp.log(as_array(y_pred) + config.epsilon())
    blank = logits.shape[-1] - 1
    return ops.ctc_loss(as_array(y_true).astype("int32"), logits, *lengths, mask_index=blank)[:, None]


@offer()
def ctc_decode(
    y_pred: Any,
    input_length: Any,
    greedy: bool = True,
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = False,
) -> tuple[list[Any], Any]:
    """The likeliest labels for probabilities (samples, time, classes), of which the last class is the blank.

    Returns a list of the best paths, (samples, time) each and filled up with -1, and a score for each,
    (samples, paths): for `greedy` minus the sum of logarithms of the largest probabilities, else the logarithm of the
    probability. `merge_repeated` says nothing: repetitions of the greedy path are merged, as TensorFlow does it.
    """
    paths, scores = _decode(y_pred, input_length, "greedy" if greedy else "beam_search", beam_width, top_paths)
    return [paths[i] for i in range(1 if greedy else top_paths)], scores


@op
def _decode(y_pred: Any, input_length: Any, strategy: str, beam_width: int, top_paths: int) -> tuple[Any, Any]:
    logits = jnp.log(as_array(y_pred) + config.epsilon())
    lengths = jnp.reshape(as_array(input_length), -1).astype("int32")
    return ops.ctc_decode(logits, lengths, strategy, beam_width, top_paths, mask_index=logits.shape[-1] - 1)


@offer()
def ctc_label_dense_to_sparse(labels: Any, label_lengths: Any) -> Any:
    """Refused: there are no sparse tensors."""
    raise NotImplementedError(
        explain(
            "K.ctc_label_dense_to_sparse: there are no sparse tensors.",
            fix="Give the full labels and their lengths to K.ctc_batch_cost.",
        )
    )


# Normalization ------------------------------------------------------------------------------------------------------


@offer()
@op
def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """x + bias: one for each channel, or one for each place of a sample."""
    x, bias = as_array(x), as_array(bias)
    last = config.standardize_data_format(data_format) == "channels_last"
    if bias.ndim not in (1, x.ndim - 1):
        raise ValueError(
            explain("K.bias_add: the bias doesn't fit.", expected=f"1 or {x.ndim - 1} axes", got=bias.ndim)
        )
    if bias.ndim == 1:
        return x + (bias if last else jnp.reshape(bias, (1, -1, *[1] * (x.ndim - 2))))
    return x + (bias if last else jnp.moveaxis(bias, -1, 0))[None]


@offer()
@op
def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: Any = -1, epsilon: float = 1e-3
) -> Any:
    """(x - mean) / sqrt(var + epsilon) * gamma + beta; vectors belong to the entries of `axis`

    Keras 1 has no `axis`: a fraction in its place is `epsilon`.
    """
    if isinstance(axis, float):
        axis, epsilon = -1, axis
    x = as_array(x)

    def fit(v: Any) -> Any:
        shape = [1] * x.ndim
        shape[axis] = -1
        v = as_array(v)
        return jnp.reshape(v, shape) if v.ndim == 1 else v

    normal = (x - fit(mean)) * jax.lax.rsqrt(fit(var) + epsilon)
    normal = normal if gamma is None else normal * fit(gamma)
    return normal if beta is None else normal + fit(beta)


@offer()
def normalize_batch_in_training(
    x: Any, gamma: Any, beta: Any, reduction_axes: Any, epsilon: float = 1e-3
) -> tuple[Any, Any, Any]:
    """x normalized by its own mean and variance over axes, and these two."""
    axes = tuple(axis % rank(x) for axis in reduction_axes)
    mean, variance = ops.moments(x, axes)
    return _normalized(x, mean, variance, gamma, beta, axes, epsilon), mean, variance


@op
def _normalized(x: Any, mean: Any, variance: Any, gamma: Any, beta: Any, axes: tuple, epsilon: float) -> Any:
    x = as_array(x)
    shape = [1 if axis in axes else size for axis, size in enumerate(x.shape)]

    def fit(v: Any) -> Any:
        return jnp.reshape(as_array(v), shape)

    normal = (x - fit(mean)) * jax.lax.rsqrt(fit(variance) + epsilon)
    normal = normal if gamma is None else normal * fit(gamma)
    return normal if beta is None else normal + fit(beta)
