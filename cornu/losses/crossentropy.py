"""Cross-entropies: binary, categorical, sparse categorical, and their focal forms.

They compute from the logits wherever those are known: with `from_logits=True`, and where the predictions come from a
sigmoid or softmax activation, which leaves its input beside its result. Why: a probability has lost what the logit
knew. Keras on JAX clips probabilities to [1e-7, 1 - 1e-7] and takes the logarithm, so that a class whose probability
falls under the clip gets no gradient any more, however wrong it is, and never recovers. log-softmax and log-sigmoid
are exact at any size. Other probabilities are clipped, as in Keras.
"""

from __future__ import annotations

import warnings
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, tags
from cornu.errors import explain
from cornu.losses.loss import FunctionLoss, elementwise
from cornu.losses.tensors import aligned_pair, array, class_labels, pair, require_same_shape
from cornu.registry import register
from cornu.signature import integer, interval, maybe, nonnegative
from cornu.symbolic import op

_SMOOTHING = {"label_smoothing": interval(0, 1)}


def _logits(kind: str, name: str, y_pred: jax.Array, from_logits: bool, axis: int = -1) -> jax.Array | None:
    """The logits, where the predictions are them or come from an activation of that kind over `axis`."""
    found = tags.get_logits(y_pred)
    if found is None or found[0] != kind or (kind == "softmax" and axis not in (-1, y_pred.ndim - 1)):
        return y_pred if from_logits else None
    if from_logits:
        warnings.warn(
            f"{name}: from_logits=True, but y_pred comes from a {kind}. The loss is that of its probabilities; "
            f"leave out from_logits=True, or the {kind}.",
            stacklevel=4,
        )
    return found[1]


def _clip(probabilities: jax.Array) -> jax.Array:
    return jnp.clip(probabilities, config.epsilon(), 1 - config.epsilon())


def _normalized(probabilities: jax.Array, axis: int) -> jax.Array:
    return _clip(probabilities / jnp.sum(probabilities, axis, keepdims=True))


def _powered(base: jax.Array, exponent: float) -> jax.Array:
    """base to a power; where the base vanishes, so does the gradient, also for exponents below 1."""
    return jnp.maximum(base, jnp.finfo(base.dtype).tiny) ** exponent


def _check_axis(axis: Any) -> None:
    if isinstance(axis, bool):
        raise ValueError(explain("Argument `axis` is wrong.", expected="an integer", got=axis))


def _check_classes(name: str, y_pred: jax.Array, axis: int) -> None:
    if y_pred.ndim and y_pred.shape[axis] == 1:
        warnings.warn(
            f"In loss {name}, y_pred has the shape {y_pred.shape}, a single class, whose probability is always 1. "
            "For two classes and one unit, use binary_crossentropy.",
            SyntaxWarning,
            stacklevel=4,
        )


def _smoothed(y_true: jax.Array, label_smoothing: float, classes: Any) -> jax.Array:
    return y_true * (1 - label_smoothing) + label_smoothing / classes if label_smoothing else y_true


@register("loss", "bce", "BCE")
@elementwise
@op
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> jax.Array:
    """mean over `axis` of -(t log p + (1 - t) log(1 - p))

    Args:
        y_true: targets t in [0, 1], of the shape of y_pred.
        y_pred: probabilities p, or their logits.
        from_logits: whether y_pred are logits.
        label_smoothing: s in t (1 - s) + s / 2, which takes the place of t.
        axis: the axis of the mean.

    The result has the shape of y_pred without `axis`. Probabilities from a sigmoid are computed from its input, as
    the module's text says. Raises ValueError where the shapes differ.

    >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).tolist()
    [0.693...]
    """
    y_true, y_pred = _binary_pair("binary_crossentropy", y_true, y_pred)
    logits = _logits("sigmoid", "binary_crossentropy", y_pred, from_logits)
    return jnp.mean(_binary(_smoothed(y_true, label_smoothing, 2), y_pred, logits), axis)


def _binary_pair(name: str, y_true: Any, y_pred: Any) -> tuple[jax.Array, jax.Array]:
    y_true, y_pred = aligned_pair(y_true, y_pred)
    require_same_shape(name, y_true, y_pred)
    return y_true, y_pred


def _binary(y_true: jax.Array, y_pred: jax.Array, logits: jax.Array | None) -> jax.Array:
    if logits is not None:
        return -y_true * jax.nn.log_sigmoid(logits) - (1 - y_true) * jax.nn.log_sigmoid(-logits)
    y_pred = _clip(y_pred)
    return -(y_true * jnp.log(y_pred) + (1 - y_true) * jnp.log(1 - y_pred))


@register("loss")
@elementwise
@op
def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> jax.Array:
    """mean over `axis` of (1 - q)^gamma times the binary cross-entropy, with q = t p + (1 - t)(1 - p)

    `apply_class_balancing` weighs ones by `alpha` and zeros by 1 - `alpha`; the larger `gamma`, the less do samples
    count that are right already. The other arguments are those of `binary_crossentropy`.

    Lin et al., 2017, "Focal Loss for Dense Object Detection". Difference from Keras: with `from_logits`, too, no
    probability is clipped.

    >>> binary_focal_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).tolist()
    [0.173...]
    """
    y_true, y_pred = _binary_pair("binary_focal_crossentropy", y_true, y_pred)
    logits = _logits("sigmoid", "binary_focal_crossentropy", y_pred, from_logits)
    y_true = _smoothed(y_true, label_smoothing, 2)
    if logits is None:
        factor = (1 - (y_true * y_pred + (1 - y_true) * (1 - y_pred))) ** gamma
    else:
        factor = _powered(y_true * jax.nn.sigmoid(-logits) + (1 - y_true) * jax.nn.sigmoid(logits), gamma)
    values = factor * _binary(y_true, y_pred, logits)
    if apply_class_balancing:
        values = (y_true * alpha + (1 - y_true) * (1 - alpha)) * values
    return jnp.mean(values, axis)


@register("loss")
@elementwise
@op
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> jax.Array:
    """-sum over the classes of t log p

    Args:
        y_true: one-hot targets, or probabilities t, of the shape of y_pred.
        y_pred: probabilities p, normalized here to a sum of one, or their logits.
        from_logits: whether y_pred are logits.
        label_smoothing: s in t (1 - s) + s / classes, which takes the place of t.
        axis: the axis of the classes.

    The result has the shape of y_pred without `axis`. Probabilities from a softmax over the last axis are computed
    from its input, as the module's text says. Raises ValueError where the shapes differ. Difference from Keras: the
    labels are smoothed over the number of classes on `axis`, whichever that is.

    >>> categorical_crossentropy([[0, 1, 0]], [[0.25, 0.5, 0.25]]).tolist()
    [0.693...]
    """
    y_true, y_pred = _categorical_pair("categorical_crossentropy", y_true, y_pred, axis)
    logits = _logits("softmax", "categorical_crossentropy", y_pred, from_logits, axis)
    y_true = _smoothed(y_true, label_smoothing, y_pred.shape[axis])
    return -jnp.sum(y_true * _log_probabilities(y_pred, logits, axis), axis)


def _categorical_pair(name: str, y_true: Any, y_pred: Any, axis: int) -> tuple[jax.Array, jax.Array]:
    _check_axis(axis)
    y_true, y_pred = pair(y_true, y_pred)
    require_same_shape(name, y_true, y_pred)
    _check_classes(name, y_pred, axis)
    return y_true, y_pred


def _log_probabilities(y_pred: jax.Array, logits: jax.Array | None, axis: int) -> jax.Array:
    return jnp.log(_normalized(y_pred, axis)) if logits is None else jax.nn.log_softmax(logits, axis)


@register("loss")
@elementwise
@op
def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: Any = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> jax.Array:
    """-sum over the classes of alpha (1 - p)^gamma t log p

    `alpha` is the weight of every class, or a list of each class's; the larger `gamma`, the less do samples count
    that are right already. The other arguments are those of `categorical_crossentropy`.

    Lin et al., 2017, "Focal Loss for Dense Object Detection". Difference from Keras: with `from_logits`, too, no
    probability is clipped.

    >>> categorical_focal_crossentropy([[0, 1]], [[0.5, 0.5]], alpha=1.0).tolist()
    [0.173...]
    """
    y_true, y_pred = _categorical_pair("categorical_focal_crossentropy", y_true, y_pred, axis)
    logits = _logits("softmax", "categorical_focal_crossentropy", y_pred, from_logits, axis)
    y_true = _smoothed(y_true, label_smoothing, y_pred.shape[axis])
    log_p = _log_probabilities(y_pred, logits, axis)
    factor = (1 - _normalized(y_pred, axis)) ** gamma if logits is None else _powered(-jnp.expm1(log_p), gamma)
    return jnp.sum(jnp.asarray(alpha, factor.dtype) * factor * -y_true * log_p, axis)


@register("loss")
@op
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> jax.Array:
    """-log p of the class that the label names

    Args:
        y_true: whole numbers, the classes; of the shape of y_pred without `axis`, or with size one there.
        y_pred: probabilities p, normalized here to a sum of one, or their logits.
        from_logits: whether y_pred are logits.
        ignore_class: a label whose entries count nothing: their loss is 0 and masked.
        axis: the axis of the classes.

    The result has the shape of y_pred without `axis`. Probabilities from a softmax over the last axis are computed
    from its input, as the module's text says. Raises ValueError where the shapes don't fit. A label out of range has
    no loss; `check_labels` finds it before training does.

    >>> sparse_categorical_crossentropy([1], [[0.25, 0.5, 0.25]]).tolist()
    [0.693...]
    """
    _check_axis(axis)
    y_pred = array(y_pred)
    labels = class_labels("sparse_categorical_crossentropy", array(y_true), y_pred, axis).astype("int32")
    logits = _logits("softmax", "sparse_categorical_crossentropy", y_pred, from_logits, axis)
    chosen = jax.nn.one_hot(labels, y_pred.shape[axis], dtype=bool, axis=axis)
    values = -jnp.sum(jnp.where(chosen, _log_probabilities(y_pred, logits, axis), 0), axis)
    if ignore_class is not None:
        valid = labels != ignore_class
        values = jnp.where(valid, values, 0)
        tags.set_mask(values, valid)
    return values


@register("loss")
class BinaryCrossentropy(FunctionLoss):
    """`binary_crossentropy`, which says what the arguments mean, reduced as `Loss` says.

    >>> float(BinaryCrossentropy(from_logits=True)([1.0, 0.0], [0.0, 0.0]))
    0.693...
    """

    domains = _SMOOTHING

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@register("loss")
class BinaryFocalCrossentropy(FunctionLoss):
    """`binary_focal_crossentropy`, which says what the arguments mean, reduced as `Loss` says.

    >>> float(BinaryFocalCrossentropy()([1.0, 0.0], [0.5, 0.5]))
    0.173...
    """

    domains = _SMOOTHING | {"gamma": nonnegative}

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            binary_focal_crossentropy,
            reduction,
            name,
            dtype,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@register("loss")
class CategoricalCrossentropy(FunctionLoss):
    """`categorical_crossentropy`, which says what the arguments mean, reduced as `Loss` says.

    >>> float(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]))
    0.693...
    """

    domains = _SMOOTHING | {"axis": integer}

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@register("loss")
class CategoricalFocalCrossentropy(FunctionLoss):
    """`categorical_focal_crossentropy`, which says what the arguments mean, reduced as `Loss` says.

    >>> float(CategoricalFocalCrossentropy(alpha=1.0)([[0, 1]], [[0.5, 0.5]]))
    0.173...
    """

    domains = _SMOOTHING | {"axis": integer, "gamma": nonnegative}

    def __init__(
        self,
        alpha: Any = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            categorical_focal_crossentropy,
            reduction,
            name,
            dtype,
            alpha=alpha,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


@register("loss")
class SparseCategoricalCrossentropy(FunctionLoss):
    """`sparse_categorical_crossentropy`, which says what the arguments mean, reduced as `Loss` says.

    >>> float(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]))
    0.693...
    """

    domains = {"axis": integer, "ignore_class": maybe(integer)}
    targets_are_classes = True

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction,
            name,
            dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )
