"""General uses of primitives, rewritten into the one plain form that the vocabulary holds.

Matrix products and convolutions become the ones with axes in fixed order; padding keeps to the edges; gather and
scatter become the reading and writing of rows, with the places computed by integer arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from cornu import _jax
from cornu.program.vocabulary import channels_last

Array = jax.Array


# --- shapes ---------------------------------------------------------------------------------------------------


def _reshape(x: Array, *, new_sizes: Sequence[int], dimensions: Sequence[int], **_: Any) -> Array:
    return lax.reshape(lax.transpose(x, dimensions), new_sizes)


def _slice(x: Array, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Any) -> Array:
    return lax.slice_p.bind(x, start_indices=start_indices, limit_indices=limit_indices, strides=(1,) * x.ndim)


def _pad(x: Array, value: Array, *, padding_config: Sequence[tuple[int, int, int]]) -> Array:
    """First elements in between, then the cut that a negative padding is, then the edges."""
    for axis, (_, _, inside) in enumerate(padding_config):
        if inside and x.shape[axis] > 1:
            x = _spread(x, value, axis, inside)
    starts = [max(-low, 0) for low, _, _ in padding_config]
    ends = [size - max(-high, 0) for size, (_, high, _) in zip(x.shape, padding_config, strict=True)]
    x = lax.slice(x, starts, ends)
    return lax.pad(x, value, [(max(low, 0), max(high, 0), 0) for low, high, _ in padding_config])


def _spread(x: Array, value: Array, axis: int, inside: int) -> Array:
    """`inside` further elements between neighbors along an axis: padded behind each, without those behind the last."""
    size = x.shape[axis]
    apart = lax.expand_dims(x, (axis + 1,))
    filled = lax.pad(apart, value, [(0, inside if i == axis + 1 else 0, 0) for i in range(apart.ndim)])
    joined = lax.reshape(filled, (*x.shape[:axis], size * (inside + 1), *x.shape[axis + 1 :]))
    return lax.slice_in_dim(joined, 0, size * (inside + 1) - inside, axis=axis)


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Array, b: Array, *, dimension_numbers: tuple, preferred_element_type: Any, **_: Any) -> Array:
    """(batch, rows, contracted) by (batch, contracted, columns), or without batch, each of them one axis."""
    (a_sum, b_sum), (a_batch, b_batch) = dimension_numbers
    a_free = [i for i in range(a.ndim) if i not in (*a_sum, *a_batch)]
    b_free = [i for i in range(b.ndim) if i not in (*b_sum, *b_batch)]
    sizes = [[x.shape[i] for i in axes] for x, axes in ((a, a_batch), (a, a_free), (a, a_sum), (b, b_free))]
    batch, rows, contracted, columns = map(math.prod, sizes)
    leading = (batch,) if a_batch else ()
    dtype = preferred_element_type or jnp.result_type(a, b)
    if a.dtype != b.dtype:
        a, b = a.astype(dtype), b.astype(dtype)
    result = lax.dot_general(
        lax.reshape(lax.transpose(a, (*a_batch, *a_free, *a_sum)), (*leading, rows, contracted)),
        lax.reshape(lax.transpose(b, (*b_batch, *b_sum, *b_free)), (*leading, contracted, columns)),
        (((2,), (1,)), ((0,), (0,))) if a_batch else (((1,), (0,)), ((), ())),
        preferred_element_type=dtype,
    )
    return lax.reshape(result, (*sizes[0], *sizes[1], *sizes[3]))


def _conv(x: Array, kernel: Array, *, dimension_numbers: Any, padding: Sequence, lhs_dilation: Sequence[int],
          feature_group_count: int, batch_group_count: int, preferred_element_type: Any, window_strides: Sequence[int],
          rhs_dilation: Sequence[int], **_: Any) -> Array:  # fmt: skip
    """(batch, *space, channels) and (*space, in, out); groups of the batch become groups of channels."""
    x_spec, kernel_spec, out_spec = dimension_numbers
    x = lax.transpose(x, (x_spec[0], *x_spec[2:], x_spec[1]))
    kernel = lax.transpose(kernel, (*kernel_spec[2:], kernel_spec[1], kernel_spec[0]))
    if batch_group_count > 1:
        x, feature_group_count = _batch_groups_as_channels(x, batch_group_count), batch_group_count
    if any(_jax.is_symbolic_dim(edge) or edge < 0 for edges in padding for edge in edges):
        inside = [(low, high, d - 1) for (low, high), d in zip(padding, lhs_dilation, strict=True)]
        x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), *inside, (0, 0, 0)])
        padding, lhs_dilation = [(0, 0)] * len(padding), [1] * len(padding)
    result = lax.conv_general_dilated(
        x,
        kernel,
        window_strides,
        padding,
        lhs_dilation,
        rhs_dilation,
        lax.ConvDimensionNumbers(*channels_last(x.ndim)),
        feature_group_count,
        preferred_element_type=preferred_element_type or jnp.result_type(x, kernel),
    )
    return lax.transpose(result, np.argsort((out_spec[0], *out_spec[2:], out_spec[1])))


def _batch_groups_as_channels(x: Array, groups: int) -> Array:
    """(groups x n, *space, c) as (n, *space, groups x c)."""
    batch, *space, channels = x.shape
    apart = lax.reshape(x, (groups, batch // groups, *space, channels))
    return lax.reshape(jnp.moveaxis(apart, 0, -2), (batch // groups, *space, groups * channels))


# --- gather and scatter ---------------------------------------------------------------------------------------


class _Rows:
    """An operand's boxes, one for each index vector, as rows of a table.

    The axes along which a box is chosen, or is smaller than the operand, are `chosen`; their combinations number the
    table's rows. The other axes lie whole in every row. A box is a few rows: one for each of its places along the
    chosen axes.
    """

    def __init__(self, operand: Array, indices: Array, sizes: Sequence[int], mapped: Sequence[int],
                 batched: Sequence[int], index_batched: Sequence[int]):  # fmt: skip
        self.shape, self.sizes = operand.shape, tuple(sizes)
        batch = indices.shape[:-1]
        indices = indices.astype(jnp.int32) if indices.dtype.itemsize < 4 else indices
        self.starts = {axis: indices[..., k] for k, axis in enumerate(mapped)}
        for axis, place in zip(batched, index_batched, strict=True):
            self.starts[axis] = lax.broadcasted_iota(jnp.int32, batch, place)
        self.mapped, self.batch = tuple(mapped), batch
        partial = [axis for axis, size in enumerate(self.shape) if self.sizes[axis] != size]
        self.chosen = sorted({*self.starts, *partial})
        self.whole = [axis for axis in range(operand.ndim) if axis not in self.chosen]

    def inside(self) -> Array:
        """Which boxes lie within the operand."""
        fits = jnp.ones(self.batch, bool)
        for axis in self.mapped:
            fits &= (self.starts[axis] >= 0) & (self.starts[axis] <= self.shape[axis] - self.sizes[axis])
        return fits

    def clamp(self) -> None:
        """Moves boxes that stick out to the nearest place inside."""
        for axis in self.mapped:
            last: Any = self.shape[axis] - self.sizes[axis]
            if not _jax.is_symbolic_dim(last):
                last = min(last, jnp.iinfo(self.starts[axis].dtype).max)
            self.starts[axis] = jnp.clip(self.starts[axis], 0, last)

    def numbers(self) -> Array:
        """The rows' numbers, of shape (*batch, *box sizes along the chosen axes)."""
        rank = len(self.batch)
        shape = (*self.batch, *(self.sizes[axis] for axis in self.chosen))
        total = None
        for k, axis in enumerate(self.chosen):
            start = self.starts.get(axis, jnp.zeros(self.batch, jnp.int32)).astype(jnp.int32)
            start = lax.broadcast_in_dim(start, shape, tuple(range(rank)))
            total = start if total is None else total * self.shape[axis] + start
            if self.sizes[axis] != 1:
                total = total + lax.broadcasted_iota(jnp.int32, shape, rank + k)
        return jnp.zeros(shape, jnp.int32) if total is None else total

    def table(self, operand: Array) -> Array:
        """The operand with one row for each combination of places along the chosen axes."""
        rows = math.prod(self.shape[axis] for axis in self.chosen)
        return lax.reshape(lax.transpose(operand, (*self.chosen, *self.whole)), (rows, *self._whole_sizes()))

    def untable(self, table: Array) -> Array:
        """The operand again."""
        sizes = [self.shape[axis] for axis in (*self.chosen, *self.whole)]
        return lax.transpose(lax.reshape(table, sizes), np.argsort([*self.chosen, *self.whole]))

    def boxes(self, rows: Array, dropped: Sequence[int], places: Sequence[int]) -> Array:
        """Rows (k, ...) as boxes: the axes of the batch, and at `places` those of the box without the `dropped`."""
        kept = [axis for axis in range(len(self.shape)) if axis not in dropped]
        sizes = [self.sizes[axis] for axis in self.chosen if axis in kept]
        rows = lax.reshape(rows, (*self.batch, *sizes, *self._whole_sizes()))
        return lax.transpose(rows, np.argsort(self._order(kept, places)))

    def unbox(self, boxes: Array, dropped: Sequence[int], places: Sequence[int]) -> Array:
        """Rows (k, ...) of boxes."""
        kept = [axis for axis in range(len(self.shape)) if axis not in dropped]
        ordered = lax.transpose(boxes, self._order(kept, places))
        count = math.prod(self.batch) * math.prod(self.sizes[axis] for axis in self.chosen)
        return lax.reshape(ordered, (count, *self._whole_sizes()))

    def _order(self, kept: list[int], places: Sequence[int]) -> list[int]:
        """Where a box array holds the batch axes, then the chosen, then the whole ones."""
        where = dict(zip(kept, places, strict=True))
        batch = [i for i in range(len(self.batch) + len(kept)) if i not in places]
        return batch + [where[axis] for axis in (*self.chosen, *self.whole) if axis in where]

    def _whole_sizes(self) -> list[int]:
        return [self.shape[axis] for axis in self.whole]


def _gather(operand: Array, indices: Array, *, dimension_numbers: Any, slice_sizes: Sequence[int], mode: Any,
            fill_value: Any, **_: Any) -> Array:  # fmt: skip
    """Boxes of the operand at computed places, read as rows."""
    d = dimension_numbers
    rows = _Rows(operand, indices, slice_sizes, d.start_index_map, d.operand_batching_dims,
                 d.start_indices_batching_dims)  # fmt: skip
    fits = rows.inside()
    rows.clamp()
    numbers = rows.numbers().reshape(-1, 1)
    found = _read_rows(rows.table(operand), numbers)
    result = rows.boxes(found, (*d.collapsed_slice_dims, *d.operand_batching_dims), d.offset_dims)
    if mode.name != "FILL_OR_DROP":
        return result
    batch_axes = tuple(i for i in range(result.ndim) if i not in d.offset_dims)
    fill = jnp.array(_default_fill(operand.dtype) if fill_value is None else fill_value, operand.dtype)
    return jnp.where(lax.broadcast_in_dim(fits, result.shape, batch_axes), result, fill)


def _default_fill(dtype: Any) -> Any:
    """What JAX puts where an index is out of bounds."""
    if jnp.issubdtype(dtype, jnp.inexact):
        return jnp.nan
    if jnp.issubdtype(dtype, jnp.signedinteger):
        return jnp.iinfo(dtype).min
    return True if dtype == jnp.bool_ else jnp.iinfo(dtype).max


def _read_rows(table: Array, numbers: Array) -> Array:
    kept = tuple(range(1, table.ndim))
    numbers_of = lax.GatherDimensionNumbers(offset_dims=kept, collapsed_slice_dims=(0,), start_index_map=(0,))
    return lax.gather(table, numbers, numbers_of, (1, *table.shape[1:]), mode="promise_in_bounds")


def _scatter(write: Callable) -> Callable:
    """Boxes written at computed places, as rows; those that stick out are moved inside, or land in a row to spare."""

    def rule(operand: Array, indices: Array, updates: Array, *, dimension_numbers: Any, mode: Any, update_jaxpr: Any,
             **_: Any) -> Array:  # fmt: skip
        if write is lax.scatter and update_jaxpr is not None:
            raise NotImplementedError(
                "scatter by a function of one's own (lax.scatter_apply) is not in the vocabulary."
            )
        d = dimension_numbers
        dropped = (*d.inserted_window_dims, *d.operand_batching_dims)
        sizes = [1] * operand.ndim
        for axis, place in zip((a for a in range(operand.ndim) if a not in dropped), d.update_window_dims, strict=True):
            sizes[axis] = updates.shape[place]
        rows = _Rows(operand, indices, sizes, d.scatter_dims_to_operand_dims, d.operand_batching_dims,
                     d.scatter_indices_batching_dims)  # fmt: skip
        table, fits = rows.table(operand), rows.inside()
        rows.clamp()
        numbers, values = rows.numbers(), rows.unbox(updates, dropped, d.update_window_dims)
        if mode.name == "CLIP" or not rows.mapped:
            return rows.untable(_write_rows(write, table, numbers.reshape(-1, 1), values))
        fits = lax.broadcast_in_dim(fits, numbers.shape, tuple(range(fits.ndim)))
        return rows.untable(_write_fitting(write, table, numbers, values, fits))

    return rule


def _write_fitting(write: Callable, table: Array, numbers: Array, values: Array, fits: Array) -> Array:
    """Writes the fitting rows only: the others add zero, or go to a row that is cut off again."""
    if write is lax.scatter_add:
        fits = lax.broadcast_in_dim(fits.reshape(-1), values.shape, (0,))
        return _write_rows(write, table, numbers.reshape(-1, 1), jnp.where(fits, values, jnp.zeros((), values.dtype)))
    count = table.shape[0]
    spare = lax.pad(table, jnp.zeros((), table.dtype), [(0, int(i == 0), 0) for i in range(table.ndim)])
    written = _write_rows(write, spare, jnp.where(fits, numbers, count).reshape(-1, 1), values)
    return lax.slice_in_dim(written, 0, count)


def _write_rows(write: Callable, table: Array, numbers: Array, values: Array) -> Array:
    kept = tuple(range(1, table.ndim))
    numbers_of = lax.ScatterDimensionNumbers(
        update_window_dims=kept, inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,)
    )
    return write(table, numbers, values, numbers_of, mode="promise_in_bounds")


def _scatter_sub(x: Array, indices: Array, updates: Array, *, dimension_numbers: Any, mode: Any, **_: Any) -> Array:
    return lax.scatter_add(x, indices, -updates, dimension_numbers, mode=mode)


RULES: dict[str, Callable] = {
    "reshape": _reshape,
    "slice": _slice,
    "pad": _pad,
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "gather": _gather,
    "scatter": _scatter(lax.scatter),
    "scatter-add": _scatter(lax.scatter_add),
    "scatter-mul": _scatter(lax.scatter_mul),
    "scatter-min": _scatter(lax.scatter_min),
    "scatter-max": _scatter(lax.scatter_max),
    "scatter-sub": _scatter_sub,
}
