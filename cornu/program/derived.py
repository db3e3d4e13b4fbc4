"""Primitives outside the vocabulary, written in it: elementwise functions, shapes, reductions, windows.

Each function takes a primitive's operands and parameters and gives its result(s); it is traced and lowered in turn,
so it may use anything of `jax.lax` and `jax.numpy` that ends in the vocabulary.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from cornu import _jax
from cornu.program import plain, randomness, special

Array = jax.Array


def _identity(*operands: Array, **_: Any) -> Any:
    return operands[0] if len(operands) == 1 else list(operands)


# --- elementwise ----------------------------------------------------------------------------------------------


def _integer_pow(x: Array, *, y: int) -> Array:
    """x^y by repeated squaring, as few products as the bits of y."""
    if y < 0:
        return 1 / _integer_pow(x, y=-y)
    result, square = None, x
    for bit in reversed(f"{y:b}"):
        if bit == "1":
            result = square if result is None else result * square
        square = square * square
    return jnp.ones_like(x) if result is None else result


def _pow(x: Array, y: Array) -> Array:
    return lax.pow(x, y.astype(x.dtype))


def _mul(x: Array, y: Array, *, out_dtype: Any) -> Array:
    return x.astype(out_dtype) * y.astype(out_dtype)


def _round_away(x: Array, *, rounding_method: Any) -> Array:
    """Halves away from zero."""
    whole = jnp.floor(jnp.abs(x))
    return jnp.sign(x) * jnp.where(jnp.abs(x) - whole >= 0.5, whole + 1, whole)


def _convert(x: Array, *, new_dtype: Any, **_: Any) -> Array:
    """A complex number as a real one loses its imaginary part."""
    return lax.convert_element_type(lax.real(x), new_dtype)


def _conj(x: Array, *, input_dtype: Any) -> Array:
    """The conjugate, complex also where x is real."""
    return lax.complex(lax.real(x), -lax.imag(x)) if jnp.iscomplexobj(x) else lax.complex(x, jnp.zeros_like(x))


def _reduce_precision(x: Array, *, exponent_bits: int, mantissa_bits: int) -> Array:
    formats = {(5, 10): jnp.float16, (8, 7): jnp.bfloat16, (8, 23): jnp.float32, (11, 52): jnp.float64}
    narrow = formats[exponent_bits, mantissa_bits]
    return x if narrow == x.dtype else lax.convert_element_type(x, narrow).astype(x.dtype)


def _unsigned(dtype: Any) -> jnp.dtype:
    return jnp.dtype(f"uint{8 * jnp.dtype(dtype).itemsize}")


def _ranked(x: Array) -> Array:
    """Signed integers in the total order of floats: -NaN < -inf < ... < -0 < 0 < ... < inf < NaN."""
    if not jnp.issubdtype(x.dtype, jnp.floating):
        return x
    signed = jnp.dtype(f"int{8 * x.dtype.itemsize}")
    bits = lax.bitcast_convert_type(x, signed)
    return jnp.where(bits < 0, bits ^ jnp.iinfo(signed).max, bits)


def _nextafter(x: Array, y: Array) -> Array:
    """One step of the float's integer image toward y; steps through zero meet both zeros as one."""
    bits = _unsigned(x.dtype)
    sign = bits.type(1 << (8 * bits.itemsize - 1))
    one = bits.type(1)
    image = lax.bitcast_convert_type(x, bits)
    outward = (jnp.abs(y) > jnp.abs(x)) & ((x < 0) == (y < 0))
    from_zero = (lax.bitcast_convert_type(y, bits) & sign) | one
    stepped = jnp.where(x == 0, from_zero, jnp.where(outward, image + one, image - one))
    moved = jnp.where(x == y, y, lax.bitcast_convert_type(stepped, x.dtype))
    return jnp.where(jnp.isnan(x) | jnp.isnan(y), jnp.nan, moved).astype(x.dtype)


def _population_count(x: Array) -> Array:
    """The ones in each number, summed bit by bit."""
    bits = x.astype(_unsigned(x.dtype))
    ones = [(bits >> k) & 1 for k in range(8 * x.dtype.itemsize)]
    return functools.reduce(lax.add, ones).astype(x.dtype)


def _clz(x: Array) -> Array:
    """The zeros above the highest one: the width less the ones of x smeared downward."""
    bits, width = x.astype(_unsigned(x.dtype)), 8 * x.dtype.itemsize
    for shift in (k for k in (1, 2, 4, 8, 16, 32) if k < width):
        bits = bits | (bits >> shift)
    return (width - _population_count(bits)).astype(x.dtype)


def _shift_as(kind: str, shift: Callable) -> Callable:
    """A shift of integers of the other signedness, through their bits."""

    def rule(x: Array, y: Array) -> Array:
        dtype = jnp.dtype(f"{kind}{8 * x.dtype.itemsize}")
        shifted = shift(lax.bitcast_convert_type(x, dtype), lax.bitcast_convert_type(y, dtype))
        return lax.bitcast_convert_type(shifted, x.dtype)

    return rule


def _select(which: Array, *cases: Array) -> Array:
    """Of many cases: halves the list by the number, first half against second."""
    if len(cases) == 1:
        return cases[0]
    half = len(cases) // 2
    lower = _select(which, *cases[:half])
    return lax.select_n(which >= half, lower, _select(which - half, *cases[half:]))


# --- shapes ---------------------------------------------------------------------------------------------------


def _split(x: Array, *, sizes: Sequence[int], axis: int) -> list[Array]:
    ends = list(itertools.accumulate(sizes))
    return [lax.slice_in_dim(x, end - size, end, axis=axis) for size, end in zip(sizes, ends, strict=True)]


def _stack(*operands: Array, axis: int) -> Array:
    return lax.concatenate([lax.expand_dims(x, (axis,)) for x in operands], axis)


def _unstack(x: Array, *, axis: int) -> list[Array]:
    return [lax.index_in_dim(x, i, axis, keepdims=False) for i in range(x.shape[axis])]


def _tile(x: Array, *, reps: Sequence[int]) -> Array:
    """Copies become axes of their own before each axis, and merge with it."""
    shape = [size for pair in zip(reps, x.shape, strict=True) for size in pair]
    copies = lax.broadcast_in_dim(x, shape, tuple(range(1, len(shape), 2)))
    return lax.reshape(copies, [r * size for r, size in zip(reps, x.shape, strict=True)])


def _iota(*, dtype: Any, shape: Sequence[int], dimension: int, sharding: Any = None) -> Array:
    return lax.broadcast_in_dim(lax.iota(dtype, shape[dimension]), shape, (dimension,))


# --- reductions -----------------------------------------------------------------------------------------------


def _reversed_order(x: Array) -> Array:
    """Numbers whose order is the opposite: -x, and ~x for integers, where -x could overflow, and booleans."""
    return -x if jnp.issubdtype(x.dtype, jnp.floating) else ~x


def _argmin(x: Array, *, axes: Sequence[int], index_dtype: Any) -> Array:
    return lax.argmax(_reversed_order(x), axes[0], index_dtype)


def _argmax_of_bool(x: Array, *, axes: Sequence[int], index_dtype: Any) -> Array:
    return lax.argmax(x.astype(jnp.int32), axes[0], index_dtype)


def _top_k(x: Array, *, k: int, axis: int) -> list[Array]:
    """The first k of a stable sort in falling order; NaN, which sorts last, counts as the largest."""
    places = lax.broadcasted_iota(jnp.int32, x.shape, axis)
    if jnp.issubdtype(x.dtype, jnp.floating):
        numbers = (~jnp.isnan(x)).astype(jnp.int32)
        _, _, *ordered = lax.sort((numbers, -x, x, places), dimension=axis, num_keys=2)
    else:
        _, *ordered = lax.sort((_reversed_order(x), x, places), dimension=axis, num_keys=1)
    return [lax.slice_in_dim(operand, 0, k, axis=axis) for operand in ordered]


def _sort(*operands: Array, dimension: int, num_keys: int, is_stable: bool) -> list[Array]:
    """By the last key first: a stable sort keeps, among equals, the order of the sorts before it."""
    ordered = list(operands)
    for key in reversed(range(num_keys)):
        _, *ordered = lax.sort((ordered[key], *ordered), dimension=dimension, is_stable=True, num_keys=1)
    return ordered


def _cumulative(combine: Callable) -> Callable:
    def rule(x: Array, *, axis: int, reverse: bool) -> Array:
        return lax.associative_scan(combine, x, reverse=reverse, axis=axis)

    return rule


# --- windows --------------------------------------------------------------------------------------------------


def _reduce_window(combine: Callable, lowest: Callable[[Any], Any]) -> Callable:
    """Windows along one axis after the other: a few strided slices of the padded array, combined."""

    def rule(x: Array, *, window_dimensions: Sequence[int], window_strides: Sequence[int], padding: Sequence,
             base_dilation: Sequence[int], window_dilation: Sequence[int]) -> Array:  # fmt: skip
        config = [(low, high, inside - 1) for (low, high), inside in zip(padding, base_dilation, strict=True)]
        x = lax.pad(x, jnp.array(lowest(x.dtype), x.dtype), config)
        for axis, size in enumerate(window_dimensions):
            reach, stride = window_dilation[axis], window_strides[axis]
            count = (x.shape[axis] - (size - 1) * reach - 1) // stride + 1
            starts = [k * reach for k in range(size)]
            cuts = [lax.slice_in_dim(x, s, s + (count - 1) * stride + 1, stride, axis) for s in starts]
            x = functools.reduce(combine, cuts)
        return x

    return rule


def _smallest(dtype: Any) -> Any:
    return -jnp.inf if jnp.issubdtype(dtype, jnp.inexact) else jnp.iinfo(dtype).min


def _largest(dtype: Any) -> Any:
    return jnp.inf if jnp.issubdtype(dtype, jnp.inexact) else jnp.iinfo(dtype).max


def _window_offsets(x: Array, sizes: Sequence[int], strides: Sequence[int]) -> tuple[list[tuple], list[int]]:
    """The places in a window, in row-major order, and how many windows each axis holds."""
    counts = [(n - size) // stride + 1 for n, size, stride in zip(x.shape, sizes, strides, strict=True)]
    return list(itertools.product(*map(range, sizes))), counts


def _chosen(select_prim: Any, x: Array, offsets: list[tuple], counts: list[int], strides: Sequence[int]) -> Array:
    """For each window, the number of the place that the selection (>= or <=) keeps; the first one of equals."""
    best = _at(x, offsets[0], counts, strides)
    place = jnp.zeros(best.shape, jnp.int32)
    for number, offset in enumerate(offsets[1:], start=1):
        values = _at(x, offset, counts, strides)
        keeps = select_prim.bind(best, values)
        best, place = jnp.where(keeps, best, values), jnp.where(keeps, place, number)
    return place


def _at(x: Array, offset: Sequence[int], counts: Sequence[int], strides: Sequence[int]) -> Array:
    """The elements at one place of every window."""
    ends = [start + (count - 1) * stride + 1 for start, count, stride in zip(offset, counts, strides, strict=True)]
    return lax.slice(x, offset, ends, strides)


def _padded(x: Array, padding: Sequence, select_prim: Any) -> Array:
    outside = _smallest(x.dtype) if select_prim.name == "ge" else _largest(x.dtype)
    return lax.pad(x, jnp.array(outside, x.dtype), [(low, high, 0) for low, high in padding])


def _select_and_scatter_add(source: Array, x: Array, *, select_prim: Any, window_dimensions: Sequence[int],
                            window_strides: Sequence[int], padding: Sequence) -> Array:  # fmt: skip
    """The gradient of pooling by maximum: each window's source goes to the place that won, and adds up there."""
    x = _padded(x, padding, select_prim)
    offsets, counts = _window_offsets(x, window_dimensions, window_strides)
    place = _chosen(select_prim, x, offsets, counts, window_strides)
    zero, total = jnp.zeros((), source.dtype), jnp.zeros(x.shape, source.dtype)
    for number, offset in enumerate(offsets):
        config = [
            (o, size - o - (count - 1) * stride - 1, stride - 1)
            for o, size, count, stride in zip(offset, x.shape, counts, window_strides, strict=True)
        ]
        total = total + lax.pad(jnp.where(place == number, source, zero), zero, config)
    return lax.pad(total, zero, [(-low, -high, 0) for low, high in padding])


def _select_and_gather_add(tangents: Array, x: Array, *, select_prim: Any, window_dimensions: Sequence[int],
                           window_strides: Sequence[int], padding: Sequence, base_dilation: Sequence[int],
                           window_dilation: Sequence[int]) -> Array:  # fmt: skip
    """The tangent of pooling by maximum: each window's tangent at the place that won."""
    if any(d != 1 for d in (*base_dilation, *window_dilation)):
        raise NotImplementedError("select_and_gather_add with dilation is not in the vocabulary.")
    x = _padded(x, padding, select_prim)
    tangents = lax.pad(tangents, jnp.zeros((), tangents.dtype), [(low, high, 0) for low, high in padding])
    offsets, counts = _window_offsets(x, window_dimensions, window_strides)
    place = _chosen(select_prim, x, offsets, counts, window_strides)
    result = jnp.zeros(place.shape, tangents.dtype)
    for number, offset in enumerate(offsets):
        result = jnp.where(place == number, _at(tangents, offset, counts, window_strides), result)
    return result


def _platform_index(*, platforms: Sequence) -> Array:
    """Which of several implementations to take: the CPU's, else the one for every platform."""
    named = [i for i, names in enumerate(platforms) if names is not None and "cpu" in names]
    return jnp.int32(named[0] if named else platforms.index(None))


def _solve_from_left(a: Array, b: Array, *, left_side: bool, lower: bool, transpose_a: bool, conjugate_a: bool,
                     unit_diagonal: bool) -> Array:  # fmt: skip
    """x of x a = b by transposing it into a^T x^T = b^T, and conjugates by conjugating a."""
    a = lax.conj(a) if conjugate_a and jnp.iscomplexobj(a) else a
    if not left_side:
        b = jnp.swapaxes(b, -1, -2)
    x = lax.linalg.triangular_solve(
        a, b, left_side=True, lower=lower, transpose_a=transpose_a ^ (not left_side), unit_diagonal=unit_diagonal
    )
    return x if left_side else jnp.swapaxes(x, -1, -2)


DERIVED: dict[str, Callable] = {
    **dict.fromkeys(_jax.IDENTITIES, _identity),
    **_jax.SPECIAL,
    **special.RULES,
    **randomness.RULES,
    **plain.RULES,
    "add_any": lambda x, y: x + y,
    "mul": _mul,
    "square": lambda x: x * x,
    "integer_pow": _integer_pow,
    "pow": _pow,
    "rsqrt": lambda x, **_: 1 / jnp.sqrt(x),
    "ceil": lambda x: -jnp.floor(-x),
    "round": _round_away,
    "clamp": lambda low, x, high: jnp.minimum(jnp.maximum(x, low), high),
    "conj": _conj,
    "is_finite": lambda x: jnp.abs(x) < jnp.inf,
    "nextafter": _nextafter,
    "reduce_precision": _reduce_precision,
    "convert_element_type": _convert,
    "population_count": _population_count,
    "clz": _clz,
    "shift_right_logical": _shift_as("uint", lax.shift_right_logical),
    "shift_right_arithmetic": _shift_as("int", lax.shift_right_arithmetic),
    "gt": lambda x, y: lax.lt(y, x),
    "ge": lambda x, y: lax.le(y, x),
    "eq_to": lambda x, y: _ranked(x) == _ranked(y),
    "lt_to": lambda x, y: _ranked(x) < _ranked(y),
    "le_to": lambda x, y: _ranked(x) <= _ranked(y),
    "max": lambda x, y: x | y,
    "min": lambda x, y: x & y,
    "select_n": _select,
    "squeeze": lambda x, *, dimensions: lax.reshape(x, [n for i, n in enumerate(x.shape) if i not in dimensions]),
    "split": _split,
    "stack": _stack,
    "unstack": _unstack,
    "tile": _tile,
    "iota": _iota,
    "empty": lambda *, shape, dtype, **_: jnp.zeros(shape, dtype),
    "empty2": lambda *, dtype, **_: jnp.zeros((), dtype),
    "reduce_max": lambda x, *, axes, **_: lax.reduce_or(x, axes),
    "reduce_min": lambda x, *, axes, **_: lax.reduce_and(x, axes),
    "argmin": _argmin,
    "argmax": _argmax_of_bool,
    "top_k": _top_k,
    "sort": _sort,
    "cumprod": _cumulative(lax.mul),
    "cummax": _cumulative(lax.max),
    "cummin": _cumulative(lax.min),
    "cumlogsumexp": _cumulative(jnp.logaddexp),
    "reduce_window_sum": _reduce_window(lax.add, lambda dtype: 0),
    "reduce_window_max": _reduce_window(lax.max, _smallest),
    "reduce_window_min": _reduce_window(lax.min, _largest),
    "select_and_scatter_add": _select_and_scatter_add,
    "select_and_gather_add": _select_and_gather_add,
    "platform_index": _platform_index,
    "triangular_solve": _solve_from_left,
}
