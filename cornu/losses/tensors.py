"""What all losses and metrics do to their two tensors before the mathematics: dtypes, ranks, shapes, labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import tags, tree
from cornu.errors import explain
from cornu.symbolic import plain


def array(value: Any, dtype: Any = None) -> jax.Array:
    """The value as an array of a dtype; mask and logits stay beside it."""
    found = plain(value)
    if not isinstance(found, jax.Array):
        found = jnp.asarray(found, dtype=dtype)
    elif dtype is not None and found.dtype != dtype:
        found = found.astype(dtype)
    return carry_tags(value, found, lambda logits: logits.astype(found.dtype))


def pair(y_true: Any, y_pred: Any) -> tuple[jax.Array, jax.Array]:
    """Targets and predictions as arrays of the predictions' dtype."""
    y_pred = array(y_pred)
    return array(y_true, y_pred.dtype), y_pred


def aligned_pair(y_true: Any, y_pred: Any) -> tuple[jax.Array, jax.Array]:
    """Targets and predictions as arrays of one dtype and, where they differ by an axis of size one, one rank."""
    return match_ranks(*pair(y_true, y_pred))


def as_arrays(value: Any, dtype: Any) -> Any:
    """Each array of a structure in a dtype; nested lists of numbers are one array, and None stays None."""
    if value is None or (tree.is_nested(value) and any(hasattr(leaf, "shape") for leaf in tree.walk(value))):
        return tree.map(lambda leaf: array(leaf, dtype), value)
    return array(value, dtype)


def carry_tags(source: Any, target: jax.Array, change: Callable[[jax.Array], jax.Array]) -> jax.Array:
    """`target`, made from `source`, with its mask, and with its logits, to which the same change is made."""
    if target is not source:
        tags.set_mask(target, tags.get_mask(source))
        kind, logits = tags.get_logits(source) or ("", None)
        if logits is not None:
            tags.set_logits(target, kind, change(logits))
    return target


def expand(x: jax.Array) -> jax.Array:
    """`x` with a last axis of size one."""
    return carry_tags(x, x[..., None], lambda logits: logits[..., None])


def squeeze(x: jax.Array) -> jax.Array:
    """`x` without its last axis, of size one. A softmax over that axis isn't one over the axis before it."""
    squeezed = jnp.squeeze(x, -1)
    if (tags.get_logits(x) or ("",))[0] == "softmax":
        return squeezed
    return carry_tags(x, squeezed, lambda logits: jnp.squeeze(logits, -1))


def match_ranks(x: jax.Array, y: jax.Array, expand_vectors: bool = True) -> tuple[jax.Array, jax.Array]:
    """Two arrays, of which one has a further last axis of size one, in one rank: vectors get it, others lose it.

    >>> [a.shape for a in match_ranks(jnp.ones(4), jnp.ones((4, 1)))]
    [(4, 1), (4, 1)]
    >>> [a.shape for a in match_ranks(jnp.ones((4, 3)), jnp.ones((4, 3, 1)))]
    [(4, 3), (4, 3)]
    """
    if x.ndim == y.ndim + 1 and x.shape[-1] == 1:
        return (x, expand(y)) if y.ndim == 1 and expand_vectors else (squeeze(x), y)
    if y.ndim == x.ndim + 1 and y.shape[-1] == 1:
        return (expand(x), y) if x.ndim == 1 and expand_vectors else (x, squeeze(y))
    return x, y


def weights_for(values: jax.Array, weights: jax.Array, what: str) -> tuple[jax.Array, jax.Array]:
    """Values and weights in one rank: weights of the first axes hold for the whole of the later ones.

    Difference from Keras: there the last axes are paired, so that weights (n,) of values (n, t) fail or, where t
    equals n, weigh steps in place of samples.
    """
    given = weights.shape
    values, weights = match_ranks(values, weights)
    if 0 < weights.ndim < values.ndim:
        weights = weights.reshape(weights.shape + (1,) * (values.ndim - weights.ndim))
    if values.ndim and weights.ndim and not _broadcast(values.shape, weights.shape):
        raise ValueError(
            explain(
                f"The shape of {what} doesn't fit.",
                expected=f"that of the values, {values.shape}, or of its first axes",
                got=f"{given}",
            )
        )
    return values, weights


def _broadcast(shape: tuple, other: tuple) -> bool:
    return len(shape) == len(other) and not any(
        differ(a, b) and 1 not in (a, b) for a, b in zip(shape, other, strict=True)
    )


def differ(size: Any, other: Any) -> bool:
    """Whether two sizes are known and differ; a symbolic size may be any."""
    return isinstance(size, int) and isinstance(other, int) and size != other


def shapes_differ(x: Any, y: Any) -> bool:
    """Whether two arrays can't have one shape."""
    return x.ndim != y.ndim or any(map(differ, x.shape, y.shape))


def require_same_shape(name: str, y_true: jax.Array, y_pred: jax.Array) -> None:
    """ValueError where targets and predictions can't have one shape; a hint where labels should be one-hot."""
    if shapes_differ(y_true, y_pred):
        raise ValueError(
            explain(
                f"{name}: the shapes of y_true and y_pred don't fit.",
                expected="one shape for both",
                got=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
                fix=_about_shapes(name, y_true, y_pred),
            )
        )


_SPARSE = {name: f"sparse_{name}" for name in ("categorical_crossentropy", "categorical_accuracy")}
_SPARSE["top_k_categorical_accuracy"] = "sparse_top_k_categorical_accuracy"


def _about_shapes(name: str, y_true: jax.Array, y_pred: jax.Array) -> str | None:
    labels = y_pred.ndim and y_pred.shape[-1] != 1 and y_true.shape in (y_pred.shape[:-1], (*y_pred.shape[:-1], 1))
    if labels and "categorical" in name:
        sparse = f"use {_SPARSE[name]}, or make them one-hot" if name in _SPARSE else "make them one-hot"
        return f"For integer labels, {sparse} with cornu.utils.to_categorical(y_true)."
    if labels:
        return f"Give the last layer one unit, or y_true {y_pred.shape[-1]} columns."
    return "Give the last layer as many units as y_true has columns." if y_true.ndim == y_pred.ndim else None


def class_labels(name: str, y_true: jax.Array, y_pred: jax.Array, axis: int = -1) -> jax.Array:
    """Labels without the predictions' axis of the classes; ValueError where the shapes don't fit."""
    labels = y_true
    if labels.ndim == y_pred.ndim and labels.ndim and labels.shape[axis] == 1:
        labels = jnp.squeeze(labels, axis)
    expected = tuple(size for i, size in enumerate(y_pred.shape) if i != axis % max(y_pred.ndim, 1))
    if not y_pred.ndim or shapes_differ(labels, jax.ShapeDtypeStruct(expected, "int32")):
        other = name.removeprefix("sparse_")
        raise ValueError(
            explain(
                f"{name}: the shapes of y_true and y_pred don't fit.",
                expected=f"integer labels of shape {expected}, one for each row of y_pred",
                got=f"y_true {y_true.shape}, y_pred {y_pred.shape}",
                fix=f"For one-hot targets, use {other}." if y_true.shape == y_pred.shape else None,
            )
        )
    return labels


def check_labels(y_true: Any, classes: int, ignore_class: int | None = None) -> None:
    """Raises ValueError unless every label is a whole number from 0 to `classes` - 1, or `ignore_class`.

    For the host, before training: a compiled step can't raise, and a label out of range would have no loss at all.

    >>> check_labels(np.array([0, 2, 1]), classes=3)
    >>> check_labels(np.array([1, 2, 3]), classes=3)
    Traceback (most recent call last):
    ValueError: Label 3 (at index 2) is out of range.
      expected: whole numbers from 0 to 2: the output has 3 classes
      got:      labels from 1 to 3
      to do:    Number the classes from 0 (y - 1), or give the output layer 4 units.
    """
    labels = np.asarray(y_true)
    if labels.dtype.kind not in "iufb":
        raise ValueError(explain("Labels must be numbers.", expected="whole numbers", got=f"dtype {labels.dtype}"))
    if not labels.size:
        return
    bad = ~((labels >= 0) & (labels < classes))
    if labels.dtype.kind == "f":
        bad |= labels != np.floor(labels)
    if ignore_class is not None:
        bad &= labels != ignore_class
    if bad.any():
        raise ValueError(_about_labels(labels, tuple(int(i) for i in np.argwhere(bad)[0]), classes))


def _about_labels(labels: np.ndarray, place: tuple[int, ...], classes: int) -> str:
    label, low, high = labels[place].item(), np.min(labels).item(), np.max(labels).item()
    whole = label == label and label == int(label)
    fix = None
    if whole and low == 1 and high == classes:
        fix = f"Number the classes from 0 (y - 1), or give the output layer {classes + 1} units."
    elif whole and label >= classes:
        fix = f"Give the output layer {int(high) + 1} units, or correct the labels."
    elif not whole:
        fix = "For targets that aren't class numbers, use another loss: categorical_crossentropy or mean_squared_error."
    index = place[0] if len(place) == 1 else place
    return explain(
        f"Label {label} (at index {index}) is {'out of range' if whole else 'no whole number'}.",
        expected=f"whole numbers from 0 to {classes - 1}: the output has {classes} classes",
        got=f"labels from {low} to {high}",
        fix=fix,
    )
