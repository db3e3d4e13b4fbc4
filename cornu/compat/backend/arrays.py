"""Shapes, parts, products: what moves elements and contracts axes, with Keras 2's rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config, ops
from cornu.compat import notices
from cornu.compat.backend.offering import offer
from cornu.compat.backend.sizes import Shape, are_sizes, is_size, shape_of
from cornu.compat.backend.values import is_symbolic, rank
from cornu.errors import explain
from cornu.symbolic import op

# Shapes -------------------------------------------------------------------------------------------------------------


@offer()
def reshape(x: Any, shape: Any) -> Any:
    """x in another shape of as many elements; -1 is what is left over."""
    return ops.reshape(x, tuple(-1 if size is None else size for size in shape))


@offer()
def flatten(x: Any) -> Any:
    """x as a vector."""
    return ops.reshape(x, (-1,))


@offer()
def batch_flatten(x: Any) -> Any:
    """x as a matrix of a row per sample."""
    known = [size for size in x.shape[1:] if isinstance(size, int)]
    width = int(np.prod(known, dtype=int)) if len(known) == rank(x) - 1 else -1
    return ops.reshape(x, (-1, width) if width >= 0 else (shape_of(x)[0] if not is_symbolic(x) else -1, width))


@offer()
def expand_dims(x: Any, axis: int = -1) -> Any:
    """x with another axis, of size 1."""
    return ops.expand_dims(x, axis)


@offer()
def squeeze(x: Any, axis: int) -> Any:
    """x without an axis of size 1."""
    return ops.squeeze(x, axis)


@offer()
def permute_dimensions(x: Any, pattern: Sequence[int]) -> Any:
    """x with its axes in another order."""
    return ops.transpose(x, tuple(pattern))


@offer()
def transpose(x: Any) -> Any:
    """x with its axes in reverse order."""
    return ops.transpose(x)


@offer()
def reverse(x: Any, axes: int | Sequence[int]) -> Any:
    """x backwards along axes."""
    return ops.flip(x, axes)


@offer()
def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Tensors one after the other along an axis; of sizes, a shape."""
    if all(map(are_sizes, tensors)) and any(isinstance(t, Shape) for t in tensors):
        return Shape(size for sizes in tensors for size in sizes)
    return ops.concatenate(list(tensors), axis=axis)


@offer("stack", "pack")
def stack(x: Sequence[Any], axis: int = 0) -> Any:
    """Tensors side by side along a new axis; of sizes, a shape."""
    if all(map(is_size, x)) and not all(isinstance(size, int) for size in x):
        return Shape(x)
    return ops.stack(list(x), axis=axis)


@offer()
def repeat(x: Any, n: Any) -> Any:
    """A matrix (samples, size) as (samples, n, size), each row n times."""
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


@offer()
def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """x with each element `rep` times, one after the other along an axis."""
    return ops.repeat(x, rep, axis=axis)


@offer()
def tile(x: Any, n: Any) -> Any:
    """x repeated as a whole, as often along each axis as n says."""
    return ops.tile(x, n if isinstance(n, int) else tuple(n))


@offer()
def gather(reference: Any, indices: Any) -> Any:
    """The entries of the first axis at the indices."""
    return ops.take(reference, ops.cast(indices, "int32"), axis=0)


@offer()
@op
def slice_(x: Any, start: Any, size: Any) -> Any:
    """The part of a tensor that begins at `start` and has the sizes `size`; -1 is all that is left."""
    x = jnp.asarray(x)
    ends = [None if n == -1 else s + n for s, n in zip(start, size, strict=True)]
    if all(isinstance(v, (int, np.integer)) for v in (*start, *size)):
        return x[tuple(slice(s, e) for s, e in zip(start, ends, strict=True))]
    return jax.lax.dynamic_slice(
        x, start, [n - s if k == -1 else k for s, k, n in zip(start, size, x.shape, strict=True)]
    )


@offer()
def one_hot(indices: Any, num_classes: int) -> Any:
    """1 at each index, else 0, along a new last axis."""
    return ops.one_hot(ops.cast(indices, "int32"), num_classes, dtype=config.floatx())


@offer()
def identity(x: Any, name: str | None = None) -> Any:
    """A tensor of the same values."""
    return ops.copy(x)


@offer("pattern_broadcast", "addbroadcast")
def pattern_broadcast(x: Any, *_: Any) -> Any:
    """x: what broadcasts follows from shapes alone."""
    notices.note("K.pattern_broadcast(x, ...)", "x: what broadcasts follows from shapes alone")
    return x


# Padding ------------------------------------------------------------------------------------------------------------


def _pair(padding: Any) -> tuple[int, int]:
    return (padding, padding) if isinstance(padding, int) else tuple(padding)


def _pad_space(x: Any, pairs: Sequence[Any], data_format: str | None) -> Any:
    first = 1 if config.standardize_data_format(data_format) == "channels_last" else 2
    widths = [(0, 0)] * rank(x)
    widths[first : first + len(pairs)] = [_pair(pair) for pair in pairs]
    return ops.pad(x, widths)


@offer()
def temporal_padding(x: Any, padding: Any = (1, 1)) -> Any:
    """Zeros before and after the middle axis."""
    return ops.pad(x, [(0, 0), _pair(padding), (0, 0)])


@offer()
def asymmetric_temporal_padding(x: Any, left_pad: int = 1, right_pad: int = 1) -> Any:
    """Zeros before and after the middle axis."""
    return ops.pad(x, [(0, 0), (left_pad, right_pad), (0, 0)])


@offer()
def spatial_2d_padding(x: Any, padding: Any = ((1, 1), (1, 1)), data_format: str | None = None) -> Any:
    """Zeros around images: a number, or a pair, for each axis."""
    return _pad_space(x, padding, data_format)


@offer()
def asymmetric_spatial_2d_padding(
    x: Any, top_pad: int = 1, bottom_pad: int = 1, left_pad: int = 1, right_pad: int = 1, data_format: Any = None
) -> Any:
    """Zeros around images."""
    return _pad_space(x, ((top_pad, bottom_pad), (left_pad, right_pad)), data_format)


@offer()
def spatial_3d_padding(x: Any, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None) -> Any:
    """Zeros around volumes: a number, or a pair, for each axis."""
    return _pad_space(x, padding, data_format)


# Size ---------------------------------------------------------------------------------------------------------------


@offer()
def resize_images(
    x: Any,
    height_factor: int,
    width_factor: int,
    data_format: str | None = None,
    interpolation: str = "nearest",
) -> Any:
    """Images that are so many times as high and wide; "nearest" repeats each point."""
    first = 1 if config.standardize_data_format(data_format) == "channels_last" else 2
    if interpolation == "nearest":
        return ops.repeat(ops.repeat(x, height_factor, axis=first), width_factor, axis=first + 1)
    return _resized(x, height_factor, width_factor, first, interpolation)


@op
def _resized(x: Any, height_factor: int, width_factor: int, first: int, interpolation: str) -> Any:
    shape = list(x.shape)
    shape[first], shape[first + 1] = shape[first] * height_factor, shape[first + 1] * width_factor
    return jax.image.resize(jnp.asarray(x), shape, interpolation, antialias=False)


@offer()
def resize_volumes(
    x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str | None = None
) -> Any:
    """Volumes that are so many times as deep, high and wide: each point is repeated."""
    first = 1 if config.standardize_data_format(data_format) == "channels_last" else 2
    for axis, factor in enumerate((depth_factor, height_factor, width_factor), start=first):
        x = ops.repeat(x, factor, axis=axis)
    return x


# Products -----------------------------------------------------------------------------------------------------------


@offer()
def dot(x: Any, y: Any) -> Any:
    """The product over the last axis of x and the last but one of y."""
    return ops.dot(x, y)


@offer()
def batch_dot(x: Any, y: Any, axes: Any = None) -> Any:
    """For each sample, the product over an axis of x and an axis of y.

    Args:
        axes: one number for both, or a pair; default: the last of x, and of y the last but one (of a matrix the last).

    The result has the other axes of x, then those of y; of two matrices it is (samples, 1). Where one has four axes or
    more, those between the samples and its last two belong together, as in a product of stacked matrices; an axis that
    the other one misses is missing at its end.
    """
    axes = _contracted(rank(x), rank(y), axes)
    return _batch_dot(x, y, axes)


def _contracted(x_rank: int, y_rank: int, axes: Any) -> tuple[int, int]:
    if min(x_rank, y_rank) < 2:
        raise ValueError(
            explain("K.batch_dot: a tensor has too few axes.", expected="2 or more each", got=(x_rank, y_rank))
        )
    if axes is None:
        axes = (x_rank - 1, 1 if y_rank == 2 else y_rank - 2)
    first, second = (axes, axes) if isinstance(axes, int) else axes
    first, second = first % x_rank, second % y_rank
    if 0 in (first, second):
        raise ValueError(
            explain("K.batch_dot can't contract the axis of the samples.", expected="axes from 1 on", got=axes)
        )
    return first, second


@op
def _batch_dot(x: Any, y: Any, axes: tuple[int, int]) -> Any:
    x, y = jnp.asarray(x), jnp.asarray(y)
    first, second = axes
    stacked = max(x.ndim, y.ndim, 3) - 3
    batch = tuple(range(1 + stacked)) if min(first, second) > stacked else (0,)
    result = jax.lax.dot_general(x, y, (((first,), (second,)), (batch, batch)))
    return result[:, None] if result.ndim == 1 else result
