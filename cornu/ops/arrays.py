"""Operations that make arrays, change their shape, join, split, sort and index them."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import dtypes
from cornu.errors import brief, explain
from cornu.ops.base import axes, operation, optional_dtype, tensor

Shape = int | Sequence[int]


# Making arrays -------------------------------------------------------------------------------------------------------


@operation()
def zeros(shape: Shape, dtype: Any = None) -> jax.Array:
    """0 everywhere; dtype `floatx()` by default."""
    return jnp.zeros(shape, dtypes.standardize(dtype))


@operation()
def ones(shape: Shape, dtype: Any = None) -> jax.Array:
    """1 everywhere; dtype `floatx()` by default."""
    return jnp.ones(shape, dtypes.standardize(dtype))


@operation()
def empty(shape: Shape, dtype: Any = None) -> jax.Array:
    """Any values, in fact 0; dtype `floatx()` by default."""
    return jnp.empty(shape, dtypes.standardize(dtype))


@operation()
def full(shape: Shape, fill_value: Any, dtype: Any = None) -> jax.Array:
    """`fill_value` everywhere; dtype `floatx()` by default."""
    return jnp.full(shape, tensor(fill_value), dtypes.standardize(dtype))


@operation()
def zeros_like(x: Any, dtype: Any = None) -> jax.Array:
    """0 in the shape, and by default in the dtype, of x."""
    return jnp.zeros_like(tensor(x), optional_dtype(dtype))


@operation()
def ones_like(x: Any, dtype: Any = None) -> jax.Array:
    """1 in the shape, and by default in the dtype, of x."""
    return jnp.ones_like(tensor(x), optional_dtype(dtype))


@operation()
def empty_like(x: Any, dtype: Any = None) -> jax.Array:
    """Any values, in fact 0, in the shape, and by default in the dtype, of x."""
    return jnp.empty_like(tensor(x), optional_dtype(dtype))


@operation()
def full_like(x: Any, fill_value: Any, dtype: Any = None) -> jax.Array:
    """`fill_value` in the shape, and by default in the dtype, of x."""
    return jnp.full_like(tensor(x), tensor(fill_value), optional_dtype(dtype))


@operation()
def array(x: Any, dtype: Any = None) -> jax.Array:
    """A new tensor of x."""
    return jnp.array(tensor(x), optional_dtype(dtype))


@operation()
def copy(x: Any) -> jax.Array:
    """A new tensor of the same values."""
    return jnp.copy(tensor(x))


@operation()
def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> jax.Array:
    """start, start + step, ... before stop; of one argument, 0, 1, ... before it.

    >>> arange(3).tolist(), arange(1, 2, 0.5).tolist()
    ([0, 1, 2], [1.0, 1.5])
    """
    return jnp.arange(start, stop, step, dtype=optional_dtype(dtype))


@operation()
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """`num` numbers evenly from start to stop; with `retstep`, also the step.

    >>> linspace(0, 1, 3).tolist()
    [0.0, 0.5, 1.0]
    """
    return jnp.linspace(tensor(start), tensor(stop), num, endpoint, retstep, optional_dtype(dtype), axis)


@operation()
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: float = 10, dtype: Any = None, axis: int = 0
) -> jax.Array:
    """base ** linspace(start, stop, num)

    >>> logspace(0, 2, 3).round().tolist()
    [1.0, 10.0, 100.0]
    """
    return jnp.logspace(tensor(start), tensor(stop), num, endpoint, base, optional_dtype(dtype), axis)


@operation()
def geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> jax.Array:
    """`num` numbers from start to stop, each the same multiple of the one before.

    >>> geomspace(1, 4, 3).round(3).tolist()
    [1.0, 2.0, 4.0]
    """
    return jnp.geomspace(tensor(start), tensor(stop), num, endpoint, optional_dtype(dtype), axis)


def _whole(name: str, value: Any) -> Any:
    if isinstance(value, float) or jnp.issubdtype(getattr(value, "dtype", int), jnp.floating):
        raise TypeError(explain(f"eye: argument `{name}` is wrong.", expected="an integer", got=brief(value)))
    return value


@operation()
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> jax.Array:
    """The matrix of N rows and M columns with 1 on the k-th diagonal and 0 elsewhere.

    >>> eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    return jnp.eye(_whole("N", N), _whole("M", M), k, dtypes.standardize(dtype))


@operation()
def identity(n: int, dtype: Any = None) -> jax.Array:
    """The matrix of n rows and columns with 1 on the diagonal and 0 elsewhere."""
    return jnp.identity(n, dtypes.standardize(dtype))


@operation()
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> jax.Array:
    """The matrix of N rows and M columns with 1 on and below the k-th diagonal, 0 above."""
    return jnp.tri(N, M, k, dtypes.standardize(dtype))


@operation()
def meshgrid(*x: Any, indexing: str = "xy") -> list[jax.Array]:
    """The coordinates of the points of a grid, from those of each axis; "ij" orders the axes as they are given.

    >>> [g.tolist() for g in meshgrid([1, 2], [3])]
    [[[1, 2]], [[3, 3]]]
    """
    return list(jnp.meshgrid(*map(tensor, x), indexing=indexing))


def _window(function: Callable, equation: str) -> Callable[[Any], jax.Array]:
    def call(x: Any) -> jax.Array:
        return function(operator.index(x)).astype(dtypes.standardize(None))

    call.__name__ = call.__qualname__ = function.__name__
    call.__doc__ = equation
    return operation()(call)


bartlett = _window(jnp.bartlett, "1 - |2 n / (x - 1) - 1|, n = 0 ... x - 1: the window of Bartlett, of x points")
blackman = _window(
    jnp.blackman,
    "0.42 - 0.5 cos(2 pi n / (x - 1)) + 0.08 cos(4 pi n / (x - 1)): the window of Blackman, of x points",
)
hamming = _window(jnp.hamming, "0.54 - 0.46 cos(2 pi n / (x - 1)), n = 0 ... x - 1: the window of Hamming, of x points")
hanning = _window(jnp.hanning, "0.5 - 0.5 cos(2 pi n / (x - 1)), n = 0 ... x - 1: the window of von Hann, of x points")


@operation()
def kaiser(x: Any, beta: float) -> jax.Array:
    """i0(beta * sqrt(1 - (2 n / (x - 1) - 1)²)) / i0(beta), n = 0 ... x - 1: the window of Kaiser, of x points"""
    return jnp.kaiser(operator.index(x), beta).astype(dtypes.standardize(None))


@operation()
def vander(x: Any, N: int | None = None, increasing: bool = False) -> jax.Array:
    """x[i] ** (N - 1 - j), or x[i] ** j with `increasing`: the matrix of Vandermonde

    Raises:
        ValueError: where x has more than one axis, or N is negative.
        TypeError: where N is no integer, or `increasing` no boolean.

    >>> vander([2, 3], 3).tolist()
    [[4, 2, 1], [9, 3, 1]]
    """
    x = tensor(x)
    if x.ndim != 1 or (isinstance(N, int) and N < 0):
        raise ValueError(explain("vander takes one axis and N >= 0.", got=f"{brief(x)}, N={N}"))
    if not isinstance(N, (int, type(None))) or not isinstance(increasing, bool):
        raise TypeError(explain("vander: wrong type.", expected="an integer N, a boolean `increasing`"))
    return jnp.vander(x, N, increasing)


# Shapes --------------------------------------------------------------------------------------------------------------


@operation()
def reshape(x: Any, newshape: Any) -> jax.Array:
    """x with the same elements, in order, in another shape; one size may be -1 and is worked out.

    Difference from Keras: None stands for -1, so `reshape(x, shape(x))` works for an unknown size.

    >>> reshape([1, 2, 3, 4], (2, -1)).tolist()
    [[1, 2], [3, 4]]
    """
    if isinstance(newshape, (list, tuple)):
        newshape = tuple(-1 if size is None else size for size in newshape)
    return jnp.reshape(tensor(x), newshape)


@operation()
def ravel(x: Any) -> jax.Array:
    """x with one axis."""
    return jnp.ravel(tensor(x))


@operation()
def expand_dims(x: Any, axis: Any) -> jax.Array:
    """x with a new axis of size 1 at that place, or at several."""
    return jnp.expand_dims(tensor(x), axes(axis))


@operation()
def squeeze(x: Any, axis: Any = None) -> jax.Array:
    """x without axes of size 1: the given ones, or all."""
    return jnp.squeeze(tensor(x), axes(axis))


@operation()
def transpose(x: Any, axes: Sequence[int] | None = None) -> jax.Array:
    """x with its axes in another order; None reverses them."""
    return jnp.transpose(tensor(x), axes)


@operation()
def swapaxes(x: Any, axis1: int, axis2: int) -> jax.Array:
    """x with two axes exchanged."""
    return jnp.swapaxes(tensor(x), axis1, axis2)


@operation()
def moveaxis(x: Any, source: Any, destination: Any) -> jax.Array:
    """x with axes moved to other places, the rest in order."""
    return jnp.moveaxis(tensor(x), source, destination)


@operation()
def broadcast_to(x: Any, shape: Shape) -> jax.Array:
    """x repeated along axes of size 1, and along new ones in front, up to the shape."""
    return jnp.broadcast_to(tensor(x), shape)


@operation()
def flip(x: Any, axis: Any = None) -> jax.Array:
    """x in reverse order along axes; None: along all."""
    return jnp.flip(tensor(x), axes(axis))


@operation()
def fliplr(x: Any) -> jax.Array:
    """x in reverse order along axis 1."""
    return jnp.fliplr(tensor(x))


@operation()
def flipud(x: Any) -> jax.Array:
    """x in reverse order along axis 0."""
    return jnp.flipud(tensor(x))


@operation()
def rot90(array: Any, k: int = 1, axes: Sequence[int] = (0, 1)) -> jax.Array:
    """The array turned by k right angles in the plane of two axes, from the first to the second.

    Raises:
        ValueError: for less than two axes, or axes that aren't two different ones.
    """
    array = tensor(array)
    if array.ndim < 2 or len(axes) != 2 or axes[0] == axes[1]:
        raise ValueError(explain("rot90 takes a plane.", expected="2 different axes", got=f"{axes} of {brief(array)}"))
    return jnp.rot90(array, k, (axes[0], axes[1]))


@operation()
def roll(x: Any, shift: Any, axis: Any = None) -> jax.Array:
    """x shifted along axes, what leaves at the end coming in at the start; None: through the flattened tensor.

    >>> roll([1, 2, 3], 1).tolist()
    [3, 1, 2]
    """
    return jnp.roll(tensor(x), axes(shift), axes(axis))


@operation()
def pad(x: Any, pad_width: Any, mode: str = "constant", constant_values: Any = None) -> jax.Array:
    """x with elements added before and after each axis.

    Args:
        pad_width: (before, after) per axis, one pair for all, or one integer.
        mode: "constant", "edge", "reflect", "symmetric", "wrap" ...
        constant_values: for "constant"; default 0.

    Raises:
        ValueError: for `constant_values` with another mode.

    >>> pad([1, 2], (1, 2)).tolist()
    [0, 1, 2, 0, 0]
    """
    if constant_values is not None and mode != "constant":
        raise ValueError(explain("pad: `constant_values` belongs to the mode 'constant'.", got=f"mode={mode!r}"))
    more = {} if constant_values is None else {"constant_values": constant_values}
    return jnp.pad(tensor(x), pad_width, mode, **more)


@operation()
def tile(x: Any, repeats: Any) -> jax.Array:
    """x put beside itself as often as `repeats` says for each axis."""
    return jnp.tile(tensor(x), repeats)


@operation()
def repeat(x: Any, repeats: Any, axis: int | None = None) -> jax.Array:
    """Each element repeated, all equally often or each its own number of times.

    >>> repeat([1, 2], 2).tolist(), repeat([1, 2], [1, 2]).tolist()
    ([1, 1, 2, 2], [1, 2, 2])
    """
    return jnp.repeat(tensor(x), repeats if isinstance(repeats, int) else tensor(repeats), axis=axis)


@operation()
def view(x: Any, dtype: Any = None) -> jax.Array:
    """The bytes of x read as another dtype; the last axis grows or shrinks."""
    return tensor(x).view(optional_dtype(dtype))


# Joining and splitting -----------------------------------------------------------------------------------------------


@operation()
def concatenate(xs: Sequence[Any], axis: int = 0) -> jax.Array:
    """The tensors one after the other along an axis."""
    return jnp.concatenate([tensor(x) for x in xs], axis=axis)


@operation()
def stack(x: Sequence[Any], axis: int = 0) -> jax.Array:
    """The tensors one after the other along a new axis."""
    return jnp.stack([tensor(t) for t in x], axis=axis)


@operation()
def hstack(xs: Sequence[Any]) -> jax.Array:
    """The tensors one after the other along axis 1; those of one axis, along that."""
    return jnp.hstack([tensor(x) for x in xs])


@operation()
def vstack(xs: Sequence[Any]) -> jax.Array:
    """The tensors one after the other along axis 0; those of one axis become rows."""
    return jnp.vstack([tensor(x) for x in xs])


@operation()
def dstack(xs: Sequence[Any]) -> jax.Array:
    """The tensors one after the other along axis 2."""
    return jnp.dstack([tensor(x) for x in xs])


@operation()
def append(x1: Any, x2: Any, axis: int | None = None) -> jax.Array:
    """x2 after x1 along an axis; None flattens both first."""
    return jnp.append(tensor(x1), tensor(x2), axis)


@operation()
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> list[jax.Array]:
    """x cut along an axis into as many equal parts, or before the given indices.

    >>> [part.tolist() for part in split([1, 2, 3], [1])]
    [[1], [2, 3]]
    """
    return list(jnp.split(tensor(x), indices_or_sections, axis))


@operation()
def array_split(x: Any, indices_or_sections: int, axis: int = 0) -> list[jax.Array]:
    """x cut along an axis into as many parts, of sizes that differ by 1 at most.

    Raises:
        TypeError, ValueError: where the number of parts is no positive integer, or the axis no integer.

    >>> [part.tolist() for part in array_split([1, 2, 3], 2)]
    [[1, 2], [3]]
    """
    if not isinstance(indices_or_sections, int) or not isinstance(axis, int):
        raise TypeError(explain("array_split takes integers.", got=f"{indices_or_sections!r} parts, axis {axis!r}"))
    if indices_or_sections <= 0:
        raise ValueError(explain("array_split: too few parts.", expected="1 or more", got=indices_or_sections))
    return list(jnp.array_split(tensor(x), indices_or_sections, axis))


@operation()
def hsplit(x: Any, indices_or_sections: Any) -> list[jax.Array]:
    """`split` along axis 1; of one axis, along that."""
    return list(jnp.hsplit(tensor(x), indices_or_sections))


@operation()
def vsplit(x: Any, indices_or_sections: Any) -> list[jax.Array]:
    """`split` along axis 0."""
    return list(jnp.vsplit(tensor(x), indices_or_sections))


@operation()
def dsplit(x: Any, indices_or_sections: Any) -> list[jax.Array]:
    """`split` along axis 2."""
    return list(jnp.dsplit(tensor(x), indices_or_sections))


@operation()
def unstack(x: Any, num: int | None = None, axis: int = 0) -> list[jax.Array]:
    """The slices of x along an axis, as a list.

    Raises:
        ValueError: where `num` isn't the axis's size.

    >>> [row.tolist() for row in unstack([[1, 2], [3, 4]])]
    [[1, 2], [3, 4]]
    """
    x = tensor(x)
    if num is not None and num != x.shape[axis]:
        raise ValueError(explain("unstack: `num` is wrong.", expected=str(x.shape[axis]), got=num))
    return [jax.lax.index_in_dim(x, i, axis, keepdims=False) for i in range(x.shape[axis])]


# Diagonals -----------------------------------------------------------------------------------------------------------


@operation()
def diag(x: Any, k: int = 0) -> jax.Array:
    """The k-th diagonal of a matrix, or the matrix with that diagonal."""
    return jnp.diag(tensor(x), k)


@operation()
def diagflat(x: Any, k: int = 0) -> jax.Array:
    """The matrix with the elements of x on its k-th diagonal."""
    return jnp.diagflat(tensor(x), k)


@operation()
def diagonal(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> jax.Array:
    """The elements whose indices on two axes differ by `offset`, along a new last axis.

    Raises:
        ValueError: where the axes are the same.
    """
    x = tensor(x)
    if axis1 % x.ndim == axis2 % x.ndim:
        raise ValueError(explain("diagonal takes a plane.", expected="2 different axes", got=f"{axis1} and {axis2}"))
    return jnp.diagonal(x, offset, axis1, axis2)


@operation()
def tril(x: Any, k: int = 0) -> jax.Array:
    """x with 0 above the k-th diagonal."""
    return jnp.tril(tensor(x), k)


@operation()
def triu(x: Any, k: int = 0) -> jax.Array:
    """x with 0 below the k-th diagonal."""
    return jnp.triu(tensor(x), k)
