"""Operations that take, put, look up and sort elements."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import brief, explain
from cornu.ops.base import operation, tensor

Shape = int | Sequence[int]


@operation()
def get_item(x: Any, key: Any) -> jax.Array:
    """x[key]: indices, slices, None for a new axis, Ellipsis, lists, tensors"""

    def index(part: Any) -> Any:
        return jnp.asarray(part) if isinstance(part, list) else part

    return tensor(x)[tuple(map(index, key)) if isinstance(key, tuple) else index(key)]


@operation()
def take(x: Any, indices: Any, axis: int | None = None) -> jax.Array:
    """The slices of x at indices along an axis; None: the elements of the flattened tensor.

    Negative indices count from the end; an index out of range gives NaN, for integers the smallest one.

    >>> take([[1, 2], [3, 4]], [1, 0], axis=1).tolist()
    [[2, 1], [4, 3]]
    """
    return jnp.take(tensor(x), tensor(indices), axis=axis)


@operation()
def take_along_axis(x: Any, indices: Any, axis: int | None = None) -> jax.Array:
    """For each place of `indices`, the element of x at that index of the axis, in the same row.

    >>> take_along_axis([[1, 2], [3, 4]], [[1], [0]], axis=1).tolist()
    [[2], [3]]
    """
    return jnp.take_along_axis(tensor(x), tensor(indices), axis=axis)


@operation()
def slice(inputs: Any, start_indices: Any, shape: Sequence[int]) -> jax.Array:
    """The block of a shape that begins at the start indices; -1 in the shape reaches to the end.

    >>> slice([1, 2, 3, 4], [1], [2]).tolist()
    [2, 3]
    """
    inputs = tensor(inputs)
    sizes = [inputs.shape[i] - start_indices[i] if size == -1 else size for i, size in enumerate(shape)]
    return jax.lax.dynamic_slice(inputs, start_indices, sizes)


@operation()
def slice_update(inputs: Any, start_indices: Any, updates: Any) -> jax.Array:
    """The inputs with the block that begins at the start indices replaced by `updates`.

    >>> slice_update([1, 2, 3, 4], [1], [7, 8]).tolist()
    [1, 7, 8, 4]
    """
    inputs = tensor(inputs)
    return jax.lax.dynamic_update_slice(inputs, tensor(updates, inputs.dtype), start_indices)


@operation()
def scatter(indices: Any, values: Any, shape: Sequence[int]) -> jax.Array:
    """Zeros of a shape, with `values` added at the places that the last axis of `indices` names.

    >>> scatter([[0], [2], [2]], [1, 2, 3], (4,)).tolist()
    [1, 0, 5, 0]
    """
    values = tensor(values)
    return jnp.zeros(shape, values.dtype).at[tuple(jnp.moveaxis(tensor(indices), -1, 0))].add(values)


_UPDATES = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "multiply"}


@operation()
def scatter_update(inputs: Any, indices: Any, updates: Any, reduction: str | None = None) -> jax.Array:
    """The inputs with `updates` put at the places that the last axis of `indices` names.

    `reduction`: None replaces; "add", "max", "min" and "mul" combine with what is there.

    Raises:
        ValueError: for another reduction.

    >>> scatter_update([1, 2, 3], [[0], [2]], [7, 9]).tolist()
    [7, 2, 9]
    """
    name = reduction.lower() if isinstance(reduction, str) else reduction
    if name not in _UPDATES:
        raise ValueError(explain("scatter_update: unknown `reduction`.", expected=f"{[*_UPDATES]}", got=reduction))
    place = tensor(inputs).at[tuple(jnp.moveaxis(tensor(indices), -1, 0))]
    return getattr(place, _UPDATES[name])(tensor(updates))


@operation()
def nonzero(x: Any) -> tuple[jax.Array, ...]:
    """The indices of the elements that aren't 0, an array for each axis; x must be known, not compiled.

    >>> [i.tolist() for i in nonzero([0, 3, 4])]
    [[1, 2]]
    """
    return jnp.nonzero(tensor(x))


@operation()
def unravel_index(indices: Any, shape: Sequence[int]) -> tuple[jax.Array, ...]:
    """The indices on each axis that indices into the flattened tensor of a shape stand for.

    >>> [int(i) for i in unravel_index(5, (2, 3))]
    [1, 2]
    """
    return jnp.unravel_index(tensor(indices), tuple(shape))


@operation()
def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> jax.Array:
    """Where in a sorted sequence each value would go: before equal elements ("left"), or after ("right").

    Raises:
        ValueError: for a sequence of more than one axis.

    >>> searchsorted([1, 3, 3], [3, 4]).tolist()
    [1, 3]
    """
    sorted_sequence = tensor(sorted_sequence)
    if sorted_sequence.ndim != 1:
        raise ValueError(
            explain(
                "searchsorted takes one sequence.",
                expected="1 axis",
                got=brief(sorted_sequence),
                fix="Use vectorized_map for several sequences.",
            )
        )
    return jnp.searchsorted(sorted_sequence, tensor(values), side)


@operation()
def digitize(x: Any, bins: Any) -> jax.Array:
    """In which of the intervals between `bins` each element lies: the number of bins' ends at or below it.

    >>> digitize([0.5, 1.0, 9.0], [0.0, 1.0, 2.0]).tolist()
    [1, 2, 3]
    """
    return jnp.digitize(tensor(x), tensor(bins))


@operation()
def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> jax.Array:
    """Whether each element of x1 is among those of x2; `invert`: whether it isn't.

    >>> isin([1, 2, 3], [2]).tolist()
    [False, True, False]
    """
    return jnp.isin(tensor(x1), tensor(x2), assume_unique, invert)


@operation()
def sort(x: Any, axis: int = -1) -> jax.Array:
    """The elements in ascending order along an axis."""
    return jnp.sort(tensor(x), axis=axis)


@operation()
def argsort(x: Any, axis: int | None = -1) -> jax.Array:
    """The indices that put the elements into ascending order along an axis; equal ones keep theirs.

    >>> argsort([3, 1, 2]).tolist()
    [1, 2, 0]
    """
    x = tensor(x)
    return jnp.argsort(x, axis=axis if x.ndim else None)


@operation()
def argpartition(x: Any, kth: int, axis: int | None = -1) -> jax.Array:
    """Indices that put the kth element into its place in ascending order, smaller ones before, larger ones after.

    >>> int(argpartition([5, 1, 3], 1)[1])
    2
    """
    x = tensor(x)
    return jnp.argpartition(jnp.ravel(x), kth, 0) if axis is None else jnp.argpartition(x, kth, axis)


@operation()
def top_k(x: Any, k: int, sorted: bool = True) -> tuple[jax.Array, jax.Array]:
    """The k largest elements along the last axis, the largest first, and their indices.

    >>> values, indices = top_k([3, 9, 5], 2)
    >>> values.tolist(), indices.tolist()
    ([9, 5], [1, 2])
    """
    values, indices = jax.lax.top_k(tensor(x), k)
    return values, indices


@operation()
def in_top_k(targets: Any, predictions: Any, k: int) -> jax.Array:
    """Whether less than k predictions of each row are larger than that of the target class; NaN never is among them.

    >>> in_top_k([0, 1], [[0.1, 0.9], [0.1, 0.9]], 1).tolist()
    [False, True]
    """
    targets, predictions = tensor(targets), tensor(predictions)
    own = jnp.take_along_axis(predictions, targets[..., None], axis=-1)
    own = jnp.where(jnp.isnan(own), -jnp.inf, own)
    return jnp.sum(predictions > own, axis=-1) < k


@operation()
def unique(
    x: Any,
    sorted: bool = True,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    size: int | None = None,
    fill_value: Any = None,
) -> Any:
    """The different elements, in order; on demand the first index, and the count, of each, and where each element went.

    `size` fixes how many come out, by cutting or filling with `fill_value`; compiled functions need it.

    >>> unique([3, 1, 3]).tolist()
    [1, 3]
    """
    return jnp.unique(
        tensor(x),
        return_index=return_index,
        return_inverse=return_inverse,
        return_counts=return_counts,
        axis=axis,
        equal_nan=False,
        size=size,
        fill_value=fill_value,
        sorted=sorted,
    )


# Segments ------------------------------------------------------------------------------------------------------------


def _segments(name: str, equation: str) -> Any:
    reduce = getattr(jax.ops, name)

    def call(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> jax.Array:
        data, segment_ids = tensor(data), tensor(segment_ids)
        if segment_ids.ndim != 1 or segment_ids.shape[0] != data.shape[0]:
            raise ValueError(
                explain(
                    f"{name}: `segment_ids` doesn't fit.",
                    expected=f"one axis, of size {data.shape[0]}",
                    got=brief(segment_ids),
                )
            )
        return reduce(data, segment_ids, num_segments, sorted)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"""{equation}

    `num_segments` defaults to one more than the largest id, which then must be known: not inside a compiled function.
    Difference from Keras on JAX: there it is always needed. `sorted` says that the ids ascend, which is faster.
    """
    return operation()(call)


segment_sum = _segments("segment_sum", "y[s] = sum of the slices data[i] with segment_ids[i] = s; 0 where none has")
segment_prod = _segments(
    "segment_prod", "y[s] = product of the slices data[i] with segment_ids[i] = s; 1 where none has"
)
segment_max = _segments(
    "segment_max", "y[s] = maximum of the slices data[i] with segment_ids[i] = s; -inf where none has"
)
segment_min = _segments(
    "segment_min", "y[s] = minimum of the slices data[i] with segment_ids[i] = s; inf where none has"
)
