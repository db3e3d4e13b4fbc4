"""Pooling: how it is computed, for the layers and for `cornu.ops`. Arguments are as in `cornu.kernels.conv`.

Windows that don't overlap and fit are a reshape and a reduction, which is faster than a sliding window in both
directions. The maximum of a small one is that of its places, slice by slice; its gradient goes to the first of the
entries that are the maximum, as with XLA's sliding window and Keras on JAX. The large ones' share it.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cornu.kernels.conv import Sizes, refuse_empty
from cornu.signature import normalize_tuple


def max_pool(
    x: jax.Array,
    size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> jax.Array:
    """y[b, i, c] = max over window w of x[b, i * strides + w, c]; the strides default to the window's size"""
    floating = jnp.issubdtype(x.dtype, jnp.floating)
    lowest = np.asarray(-np.inf if floating else jnp.iinfo(x.dtype).min, x.dtype)
    return _pool(x, size, strides, padding, data_format, _max, lambda *window: _slide(x, lax.max, lowest, *window))


def average_pool(
    x: jax.Array,
    size: Sizes,
    strides: Sizes | None = None,
    padding: str = "valid",
    data_format: str = "channels_last",
) -> jax.Array:
    """y[b, i, c] = mean over window w of x[b, i * strides + w, c]; padding doesn't count"""
    zero = np.zeros((), x.dtype)

    def slide(sizes: tuple, steps: tuple, padding: str) -> jax.Array:
        total = _slide(x, lax.add, zero, sizes, steps, padding)
        if padding == "valid":
            return total / np.asarray(np.prod(sizes), x.dtype)
        ones = jnp.ones([n if w > 1 else 1 for n, w in zip(x.shape, sizes, strict=True)], x.dtype)
        return total / _slide(ones, lax.add, zero, sizes, steps, padding)

    return _pool(x, size, strides, padding, data_format, jnp.mean, slide)


def _pool(
    x: jax.Array, size: Sizes, strides: Sizes | None, padding: str, data_format: str, reduce: Callable, slide: Callable
) -> jax.Array:
    rank = x.ndim - 2
    size = normalize_tuple(size, rank)
    strides = size if strides is None else normalize_tuple(strides, rank)
    space = _space(x, data_format)
    if strides == size and all(isinstance(x.shape[a], int) for a in space):
        cut = padding == "valid" and all(x.shape[a] >= w for a, w in zip(space, size, strict=True))
        if cut or all(x.shape[a] % w == 0 for a, w in zip(space, size, strict=True)):
            return _tile(x, space, size, reduce)
    result = slide(_everywhere(space, size, x.ndim), _everywhere(space, strides, x.ndim), padding)
    refuse_empty(result, x, size)
    return result


def _space(x: jax.Array, data_format: str) -> range:
    return range(1, x.ndim - 1) if data_format == "channels_last" else range(2, x.ndim)


def _everywhere(space: range, sizes: tuple, ndim: int) -> tuple:
    return tuple(sizes[a - space[0]] if a in space else 1 for a in range(ndim))


def _tile(x: jax.Array, space: range, size: tuple, reduce: Callable) -> jax.Array:
    shape: list[Any] = []
    inner = []
    for axis, n in enumerate(x.shape):
        window = size[axis - space[0]] if axis in space else 1
        if window > 1:
            x = lax.slice_in_dim(x, 0, n // window * window, axis=axis)
            inner.append(len(shape) + 1)
            shape += [n // window, window]
        else:
            shape.append(n)
    return reduce(jnp.reshape(x, shape), axis=tuple(inner)) if inner else x


# A window of more places than this is reduced at once: its slices would be too many.
_MOST_SLICES = 16


def _max(tiles: jax.Array, axis: tuple[int, ...]) -> jax.Array:
    """The maximum over the axes of windows."""
    return jnp.max(tiles, axis=axis) if _places(tiles, axis) > _MOST_SLICES else _max_of_slices(tiles, axis)


def _places(tiles: jax.Array, axis: tuple[int, ...]) -> int:
    return math.prod(tiles.shape[a] for a in axis)


def _slices(tiles: jax.Array, axis: tuple[int, ...]) -> list[jax.Array]:
    """For each place in a window, the entries there."""
    index: list[Any] = [slice(None)] * tiles.ndim
    slices = []
    for place in itertools.product(*(range(tiles.shape[a]) for a in axis)):
        for a, i in zip(axis, place, strict=True):
            index[a] = i
        slices.append(tiles[tuple(index)])
    return slices


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _max_of_slices(tiles: jax.Array, axis: tuple[int, ...]) -> jax.Array:
    return functools.reduce(jnp.maximum, _slices(tiles, axis))


@_max_of_slices.defjvp
def _max_of_slices_jvp(axis: tuple[int, ...], primals: tuple, tangents: tuple) -> tuple[jax.Array, jax.Array]:
    (tiles,), (tangent,) = primals, tangents
    slices = _slices(tiles, axis)
    result = functools.reduce(jnp.maximum, slices)
    first = jnp.full(result.shape, len(slices) - 1, "uint8")
    for place, entries in reversed(list(enumerate(slices[:-1]))):
        first = jnp.where(entries == result, np.uint8(place), first)
    sizes = [tiles.shape[a] if a in axis else 1 for a in range(tiles.ndim)]
    places = np.arange(len(slices), dtype="uint8").reshape(sizes)
    chosen = places == jnp.expand_dims(first, axis)
    return result, jnp.sum(jnp.where(chosen, tangent, jnp.zeros_like(tangent)), axis=axis)


def _slide(x: jax.Array, combine: Callable, start: np.ndarray, sizes: tuple, strides: tuple, padding: str) -> jax.Array:
    return lax.reduce_window(x, start, combine, sizes, strides, padding.upper())


# Adaptive pooling ----------------------------------------------------------------------------------------------------


def _windows(size: int, count: int) -> np.ndarray:
    """Which of `size` entries belong to each of `count` windows that cover them evenly: (count, size), boolean."""
    size, index = int(size), np.arange(count)[:, None]  # int() refuses an unknown size
    begin, end = index * size // count, -(-(index + 1) * size // count)
    return (np.arange(size) >= begin) & (np.arange(size) < end)


def adaptive_average_pool(x: jax.Array, output_size: Sizes, data_format: str = "channels_last") -> jax.Array:
    """y[b, i, c] = mean of x[b, floor(i n / N) : ceil((i + 1) n / N), c], from n entries to N = output_size"""
    for axis, count in _targets(x, output_size, data_format):
        inside = _windows(x.shape[axis], count)
        weights = (inside / inside.sum(axis=1, keepdims=True)).astype(x.dtype)
        x = jnp.moveaxis(jnp.tensordot(x, weights, axes=(axis, 1)), -1, axis)
    return x


def adaptive_max_pool(x: jax.Array, output_size: Sizes, data_format: str = "channels_last") -> jax.Array:
    """y[b, i, c] = max of x[b, floor(i n / N) : ceil((i + 1) n / N), c], from n entries to N = output_size"""
    for axis, count in _targets(x, output_size, data_format):
        inside = _windows(x.shape[axis], count)
        begin, length = inside.argmax(axis=1), inside.sum(axis=1)
        steps = np.minimum(np.arange(length.max()), length[:, None] - 1)
        x = jnp.max(jnp.take(x, begin[:, None] + steps, axis=axis), axis=axis + 1)
    return x


def _targets(x: jax.Array, output_size: Sizes, data_format: str) -> list[tuple[int, int]]:
    space = _space(x, data_format)
    return list(zip(space, normalize_tuple(output_size, len(space)), strict=True))
