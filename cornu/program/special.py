"""Elementary and special functions outside the vocabulary, in arithmetic that is the same on every engine.

Sources: identities of the NIST Digital Library of Mathematical Functions (dlmf.nist.gov, 4.23, 4.37, 5.5); M. Giles,
2010, "Approximating the erfinv function"; C. Lanczos, 1964, "A precision approximation of the gamma function".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

Array = jax.Array


def polynomial(x: Array, coefficients: Sequence[float]) -> Any:
    """Horner's scheme, the highest power first."""
    result: Any = coefficients[0]
    for c in coefficients[1:]:
        result = result * x + c
    return result


def _in_float32(function: Callable) -> Callable:
    """Sixteen-bit floats take the way through 32 bits."""

    def rule(x: Array, **_: Any) -> Array:
        return function(x.astype(jnp.float32)).astype(x.dtype) if x.dtype.itemsize < 4 else function(x)

    return rule


# --- elementary -----------------------------------------------------------------------------------------------


def _asin(x: Array) -> Array:
    return 2 * jnp.arctan2(x, 1 + jnp.sqrt((1 - x) * (1 + x)))


def _acos(x: Array) -> Array:
    return 2 * jnp.arctan2(jnp.sqrt(1 - x), jnp.sqrt(1 + x))


def _sinh(x: Array) -> Array:
    """(e^x - e^-x) / 2 through expm1, exact near 0; for large x, e^(x - log 2), which overflows last."""
    size = jnp.abs(x)
    m = jnp.expm1(size)
    near = 0.5 * (m + m / (m + 1))
    return jnp.sign(x) * jnp.where(size < 20, near, jnp.exp(size - math.log(2)))


def _cosh(x: Array) -> Array:
    half = math.log(0.5)
    return jnp.exp(x + half) + jnp.exp(half - x)


def _asinh(x: Array) -> Array:
    size = jnp.abs(x)
    bounded = jnp.minimum(size, 1e8)
    near = jnp.log1p(bounded + bounded * bounded / (1 + jnp.sqrt(bounded * bounded + 1)))
    return jnp.sign(x) * jnp.where(size < 1e8, near, jnp.log(size) + math.log(2))


def _acosh(x: Array) -> Array:
    return jnp.where(x < 1e8, jnp.log1p(x - 1 + jnp.sqrt((x - 1) * (x + 1))), jnp.log(x) + math.log(2))


def _atanh(x: Array) -> Array:
    return 0.5 * (jnp.log1p(x) - jnp.log1p(-x))


def _cbrt(x: Array) -> Array:
    return jnp.sign(x) * jnp.abs(x) ** (1 / 3)


# --- inverse error function -------------------------------------------------------------------------------------------

_GILES_CENTER = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503, -0.00417768164,
    0.246640727, 1.50140941,
)  # fmt: skip
_GILES_TAIL = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047,
    1.00167406, 2.83297682,
)  # fmt: skip


def _erf_inv(x: Array) -> Array:
    """Giles's polynomials of w = -log(1 - x^2); in 64 bits, two Newton steps more."""
    w = -jnp.log1p(-x * x)
    center = polynomial(w - 2.5, _GILES_CENTER)
    tail = polynomial(jnp.sqrt(w) - 3, _GILES_TAIL)
    y = jnp.where(w < 5, center, tail) * x
    if x.dtype == jnp.float64:
        for _ in range(2):
            y = y - (jax.lax.erf(y) - x) * (math.sqrt(math.pi) / 2) * jnp.exp(y * y)
    return jnp.where(jnp.abs(x) == 1, x * jnp.inf, y)


# --- gamma function -------------------------------------------------------------------------------------------

_LANCZOS_G = 7.0
_LANCZOS = (
    676.520368121885098567009190444019, -1259.13921672240287047156078755283, 771.3234287776530788486528258894,
    -176.61502916214059906584551354, 12.507343278686904814458936853, -0.13857109526572011689554707,
    9.984369578019570859563e-6, 1.50563273514931155834e-7,
)  # fmt: skip
_LANCZOS_BASE = 0.99999999999980993227684700473478


def _lgamma(x: Array) -> Array:
    """log |Gamma(x)|: Lanczos's series, and Gamma(x) Gamma(1 - x) = pi / sin(pi x) for x < 1/2."""
    reflected = x < 0.5
    z = jnp.where(reflected, -x, x - 1)
    series = _LANCZOS_BASE + sum(c / (z + (i + 1)) for i, c in enumerate(_LANCZOS))
    base = _LANCZOS_G + 0.5
    log_t = math.log(base) + jnp.log1p(z / base)
    upper = (z + 0.5 - (z + base) / log_t) * log_t + math.log(math.sqrt(2 * math.pi)) + jnp.log(series)
    part = jnp.abs(x) - jnp.floor(jnp.abs(x))
    sine = jnp.log(jnp.sin(math.pi * jnp.minimum(part, 1 - part)))
    lower = jnp.where(jnp.abs(sine) < jnp.inf, math.log(math.pi) - sine - upper, -sine)
    return jnp.where(jnp.abs(x) == jnp.inf, jnp.inf, jnp.where(reflected, lower, upper))


def _digamma(x: Array) -> Array:
    """The derivative of log Gamma: that of Lanczos's series, and psi(1 - x) - psi(x) = pi cot(pi x) for x < 1/2."""
    reflected = x < 0.5
    z = jnp.where(reflected, -x, x - 1)
    series = _LANCZOS_BASE + sum(c / (z + (i + 1)) for i, c in enumerate(_LANCZOS))
    slope = -sum(c / jnp.square(z + (i + 1)) for i, c in enumerate(_LANCZOS))
    base = _LANCZOS_G + 0.5
    upper = math.log(base) + jnp.log1p(z / base) + slope / series - _LANCZOS_G / (z + base)
    part = x + jnp.abs(jnp.floor(x + 0.5))
    lower = upper - math.pi * jnp.cos(math.pi * part) / jnp.sin(math.pi * part)
    pole = reflected & (x == jnp.floor(x))
    return jnp.where(pole, jnp.nan, jnp.where(reflected, lower, upper))


RULES: dict[str, Callable] = {
    name: _in_float32(function)
    for name, function in {
        "exp2": lambda x: jnp.exp(x * math.log(2)),
        "tan": lambda x: jnp.sin(x) / jnp.cos(x),
        "asin": _asin,
        "acos": _acos,
        "atan": lambda x: jnp.arctan2(x, jnp.ones_like(x)),
        "sinh": _sinh,
        "cosh": _cosh,
        "asinh": _asinh,
        "acosh": _acosh,
        "atanh": _atanh,
        "cbrt": _cbrt,
        "erf_inv": _erf_inv,
        "lgamma": _lgamma,
        "digamma": _digamma,
    }.items()
}
