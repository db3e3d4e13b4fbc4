"""Functions and bits of floating-point numbers that ONNX, or its runtime's kernels, lack."""

from __future__ import annotations

import functools
import math
from typing import Any

import ml_dtypes
import numpy as np
import scipy.special
from numpy.polynomial import chebyshev

from cornu.engines.onnx_graph import cast, compare, emit, is_nan, number, where


def expm1(x: Any) -> Any:
    """(u - 1) x / log u with u = e^x: the errors of u cancel (Kahan)."""
    u = emit("Exp", x)
    less = emit("Sub", u, number(1, x))
    exact = emit("Div", emit("Mul", less, x), emit("Log", u))
    far = compare("Greater", emit("Abs", x), number(1, x))
    same = compare("Equal", u, number(1, x))
    return where(far, less, where(same, x, exact))


def log1p(x: Any) -> Any:
    """x log u / (u - 1) with u = 1 + x (Kahan)."""
    u = emit("Add", x, number(1, x))
    exact = emit("Div", emit("Mul", x, emit("Log", u)), emit("Sub", u, number(1, x)))
    far = compare("Greater", emit("Abs", x), number(1, x))
    return where(far, emit("Log", u), where(compare("Equal", u, number(1, x)), x, exact))


@functools.cache
def _erfc_coefficients(degree: int) -> tuple[float, ...]:
    """(1 + 2 x) e^(x^2) erfc(x) as a polynomial in (x - 3.75) / (x + 3.75), which is between -1 and 1."""

    def smooth(u: np.ndarray) -> np.ndarray:
        x = 3.75 * (1 + u) / (1 - u)
        return (1 + 2 * x) * scipy.special.erfcx(x)

    return tuple(chebyshev.chebinterpolate(smooth, degree))


@functools.cache
def _erf_coefficients() -> tuple[float, ...]:
    """erf(x) / x as a polynomial in 2 x^2 - 1, for x between 0 and 1."""

    def smooth(u: np.ndarray) -> np.ndarray:
        x = np.sqrt((u + 1) / 2)
        return scipy.special.erf(x) / x

    return tuple(chebyshev.chebinterpolate(smooth, 14))


def _chebyshev(coefficients: tuple[float, ...], u: Any) -> Any:
    """A sum of Chebyshev polynomials (Clenshaw)."""
    twice = emit("Mul", np.float64(2), u)
    last: Any = np.float64(0)
    now: Any = np.float64(coefficients[-1])
    for coefficient in coefficients[-2:0:-1]:
        last, now = now, emit("Add", emit("Sub", emit("Mul", twice, now), last), np.float64(coefficient))
    return emit("Add", emit("Sub", emit("Mul", u, now), last), np.float64(coefficients[0]))


def erfc(x: Any) -> Any:
    """In 64 bits, to the accuracy of the dtype."""
    wide, dtype = cast(x, np.float64), x.dtype
    far = emit("Min", emit("Abs", wide), np.float64(30))
    u = emit("Div", emit("Sub", far, np.float64(3.75)), emit("Add", far, np.float64(3.75)))
    smooth = _chebyshev(_erfc_coefficients(32 if dtype == np.float64 else 12), u)
    scale = emit("Add", np.float64(1), emit("Mul", np.float64(2), far))
    right = emit("Div", emit("Mul", smooth, emit("Exp", emit("Neg", emit("Mul", far, far)))), scale)
    both = where(compare("Less", wide, np.float64(0)), emit("Sub", np.float64(2), right), right)
    return cast(where(is_nan(wide), wide, both), dtype)


def erf(x: Any) -> Any:
    """The kernel takes 32 bits only; 64 are 1 - erfc(x), and near 0 a polynomial."""
    if x.dtype != np.float64:
        return emit("Erf", x)
    near = emit("Clip", x, np.float64(-1), np.float64(1))
    square = emit("Mul", near, near)
    inside = emit("Mul", x, _chebyshev(_erf_coefficients(), emit("Sub", emit("Add", square, square), np.float64(1))))
    small = compare("Less", emit("Abs", x), np.float64(1))
    return where(small, inside, emit("Sub", np.float64(1), erfc(x)))


def _atan(x: Any) -> Any:
    """The kernel takes 32 bits only; of 64, its result is a, and what is left is the angle whose tangent is small."""
    if x.dtype != np.float64:
        return emit("Atan", x)
    a = cast(emit("Atan", cast(x, np.float32)), np.float64)
    sine, cosine = emit("Sin", a), emit("Cos", a)
    across = emit("Sub", emit("Mul", x, cosine), sine)
    return emit("Add", a, emit("Div", across, emit("Add", cosine, emit("Mul", x, sine))))


def atan2(y: Any, x: Any) -> Any:
    """The angle of y / x, turned by half a circle to the left of the origin; of x = y = 0, that of its signs."""
    pi, zero = number(np.pi, x), number(0, x)
    big, small = emit("Max", emit("Abs", x), emit("Abs", y)), emit("Min", emit("Abs", x), emit("Abs", y))
    same = compare("Equal", big, small)
    ratio = where(same, where(compare("Equal", big, zero), zero, number(1, x)), emit("Div", small, big))
    angle = _atan(ratio)
    steep = compare("Greater", emit("Abs", y), emit("Abs", x))
    angle = where(steep, emit("Sub", number(np.pi / 2, x), angle), angle)
    angle = where(_negative(x), emit("Sub", pi, angle), angle)
    signed = where(_negative(y), emit("Neg", angle), angle)
    return emit("Add", signed, emit("Mul", emit("Mul", zero, _nan_only(x)), _nan_only(y)))


def _nan_only(x: Any) -> Any:
    """One, but NaN stays NaN."""
    nan = is_nan(x)
    return where(nan, x, number(1, x))


def _negative(x: Any) -> Any:
    """Whether the sign is minus; that of -0.0 shows in its reciprocal."""
    below = compare("Less", x, number(0, x))
    return emit("Or", below, compare("Less", emit("Reciprocal", x), number(0, x)))


# --- bits -----------------------------------------------------------------------------------------------------


def bitcast(x: Any, *, new_dtype: Any) -> Any:
    """The same bits as another dtype of the same width."""
    dtype = np.dtype(new_dtype)
    if x.dtype.kind in "iub" and dtype.kind in "iub":
        return cast(x, dtype)
    if x.dtype.kind in "iub":
        return _from_bits(x, dtype)
    return x if x.dtype == dtype else cast(_to_bits(x), dtype)


def _format(dtype: Any) -> tuple[int, int]:
    """How many bits the mantissa of a float has, and the exponent of its smallest normal number."""
    limits = ml_dtypes.finfo(dtype)
    return limits.nmant, limits.minexp


def _from_bits(x: Any, dtype: Any) -> Any:
    """±2^e (1 + m / 2^k), each step exact: sign and exponent name an offset and a scale for the mantissa m."""
    mantissa, least = _format(dtype)
    word, real = (np.uint64, np.float64) if dtype.itemsize == 8 else (np.uint32, np.float32)
    bits = cast(cast(x, np.dtype(f"u{x.dtype.itemsize}")), word)
    exponents = np.arange(-2 * least + 4)
    last = exponents == exponents[-1]
    powers = np.ldexp(1.0, np.where(last, 0, np.maximum(exponents, 1) - 1 + least))
    offsets = np.where(last, np.inf, np.where(exponents > 0, powers, 0.0))
    scales = np.where(last, 0.0, np.ldexp(powers, -mantissa))
    top = cast(emit("BitShift", bits, word(mantissa), direction="RIGHT"), np.int32)
    rest = cast(emit("BitwiseAnd", bits, word(2**mantissa - 1)), real)
    offset = emit("Gather", np.concatenate([offsets, -offsets]).astype(real), top, axis=0)
    scale = emit("Gather", np.concatenate([scales, -scales]).astype(real), top, axis=0)
    value = emit("Add", emit("Mul", scale, rest), offset)
    odd = emit("And", emit("IsInf", value, dtype=np.bool_), compare("Greater", rest, real(0)))
    return cast(where(odd, real(np.nan), value), dtype)


def _to_bits(x: Any) -> Any:
    """The exponent by a logarithm, put right, then the mantissa by division; a NaN becomes the usual one."""
    (mantissa, least), dtype = _format(x.dtype), x.dtype
    wide = cast(x, np.float64)
    infinite, nan = emit("IsInf", wide, dtype=np.bool_), is_nan(wide)
    finite = where(emit("Or", infinite, nan), np.float64(0), emit("Abs", wide))
    ends = np.float64(least), np.float64(1 - least)
    guess = emit("Clip", emit("Floor", emit("Mul", emit("Log", finite), np.float64(1 / math.log(2)))), *ends)
    powers = np.ldexp(1.0, np.arange(least, 2 - least))
    power = emit("Gather", powers, cast(emit("Sub", guess, ends[0]), np.int32), axis=0)
    below = cast(compare("Less", finite, power), np.float64)
    above = cast(compare("GreaterOrEqual", emit("Mul", finite, np.float64(0.5)), power), np.float64)
    exponent = emit("Sub", emit("Clip", emit("Add", emit("Sub", guess, below), above), *ends), ends[0])
    share = emit("Div", finite, emit("Gather", powers, cast(exponent, np.int32), axis=0))
    whole = emit("Mul", cast(exponent, np.int64), np.int64(2**mantissa))
    bits = emit("Add", whole, cast(emit("Mul", share, np.float64(2**mantissa)), np.int64))
    top = (3 - 2 * least) << mantissa
    bits = cast(where(infinite, np.int64(top), where(nan, np.int64(top | 1 << (mantissa - 1)), bits)), np.uint64)
    sign = emit("Mul", cast(_negative(wide), np.uint64), np.uint64(1 << (8 * dtype.itemsize - 1)))
    return cast(emit("Add", bits, sign), np.dtype(f"u{dtype.itemsize}"))
