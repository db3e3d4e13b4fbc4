"""Operations on each element, or on pairs of elements."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.special as special

from cornu.activations import tanh as tanh
from cornu.errors import explain
from cornu.ops.base import binary, bitwise, operation, tensor, unary
from cornu.registry import register

register("operation")(tanh)

# Arithmetic ----------------------------------------------------------------------------------------------------------

add = binary(jnp.add, "x1 + x2")
subtract = binary(jnp.subtract, "x1 - x2")
multiply = binary(jnp.multiply, "x1 * x2")
divide = true_divide = binary(jnp.divide, "x1 / x2, with real numbers as result", "true_divide", name="divide")
floor_divide = binary(jnp.floor_divide, "floor(x1 / x2)")
mod = binary(jnp.mod, "x1 - floor(x1 / x2) * x2: the remainder, with the sign of x2", name="mod")
fmod = binary(jnp.fmod, "x1 - trunc(x1 / x2) * x2: the remainder, with the sign of x1")
power = binary(jnp.power, "x1 ** x2")
maximum = binary(jnp.maximum, "The larger of x1 and x2; NaN where either is.")
minimum = binary(jnp.minimum, "The smaller of x1 and x2; NaN where either is.")
fmax = binary(jnp.fmax, "The larger of x1 and x2; where one is NaN, the other.")
fmin = binary(jnp.fmin, "The smaller of x1 and x2; where one is NaN, the other.")
hypot = binary(jnp.hypot, "sqrt(x1² + x2²), without overflow on the way")
heaviside = binary(jnp.heaviside, "0 where x1 < 0, x2 where x1 = 0, 1 where x1 > 0")
nextafter = binary(jnp.nextafter, "The number next to x1 on the way to x2.")
gcd = binary(jnp.gcd, "The greatest common divisor of |x1| and |x2|.")
lcm = binary(jnp.lcm, "The least common multiple of |x1| and |x2|.")
logaddexp = binary(jnp.logaddexp, "log(exp(x1) + exp(x2)), without overflow on the way")
logaddexp2 = binary(jnp.logaddexp2, "log2(2 ** x1 + 2 ** x2), without overflow on the way")
arctan2 = binary(jnp.arctan2, "The angle of the point (x2, x1) in [-pi, pi].", name="arctan2")

absolute = abs = unary(jnp.abs, "|x|", "abs", name="absolute")
negative = unary(jnp.negative, "-x")
square = unary(jnp.square, "x²")
sqrt = unary(jnp.sqrt, "The square root of x; NaN where x < 0.", real=True)
rsqrt = unary(jax.lax.rsqrt, "1 / sqrt(x)", real=True)
cbrt = unary(jnp.cbrt, "The cube root of x.", real=True)
reciprocal = unary(jnp.reciprocal, "1 / x")
sign = unary(jnp.sign, "-1, 0 or 1: the sign of x")
signbit = unary(jnp.signbit, "Whether x has the sign bit set; -0.0 has.")

# Rounding ------------------------------------------------------------------------------------------------------------

ceil = unary(jnp.ceil, "The least whole number that is x or more, as a real number.", real=True)
floor = unary(jnp.floor, "The greatest whole number that is x or less, as a real number.", real=True)
trunc = unary(jnp.trunc, "x without its fraction.")

# Exponentials and logarithms -----------------------------------------------------------------------------------------

exp = unary(jnp.exp, "e ** x", real=True)
exp2 = unary(jnp.exp2, "2 ** x", real=True)
expm1 = unary(jnp.expm1, "e ** x - 1, exact near 0", real=True)
log = unary(jnp.log, "The natural logarithm of x.", real=True)
log10 = unary(jnp.log10, "The logarithm of x to base 10.", real=True)
log1p = unary(jnp.log1p, "log(1 + x), exact near 0", real=True)
log2 = unary(jnp.log2, "The logarithm of x to base 2.", real=True)

# Circles and hyperbolas ----------------------------------------------------------------------------------------------

sin = unary(jnp.sin, "The sine of x in radians.", real=True)
cos = unary(jnp.cos, "The cosine of x in radians.", real=True)
tan = unary(jnp.tan, "The tangent of x in radians.", real=True)
sinc = unary(jnp.sinc, "sin(pi x) / (pi x)", real=True)
arcsin = unary(jnp.arcsin, "The angle in [-pi / 2, pi / 2] whose sine is x.", name="arcsin", real=True)
arccos = unary(jnp.arccos, "The angle in [0, pi] whose cosine is x.", name="arccos", real=True)
arctan = unary(jnp.arctan, "The angle in [-pi / 2, pi / 2] whose tangent is x.", name="arctan", real=True)
sinh = unary(jnp.sinh, "(exp(x) - exp(-x)) / 2", real=True)
cosh = unary(jnp.cosh, "(exp(x) + exp(-x)) / 2", real=True)
arcsinh = unary(jnp.arcsinh, "The number whose hyperbolic sine is x.", name="arcsinh", real=True)
arccosh = unary(jnp.arccosh, "The number of 0 or more whose hyperbolic cosine is x.", name="arccosh", real=True)
arctanh = unary(jnp.arctanh, "The number whose hyperbolic tangent is x.", name="arctanh", real=True)
deg2rad = unary(jnp.deg2rad, "x * pi / 180", real=True)
rad2deg = unary(jnp.rad2deg, "x * 180 / pi", real=True)

# Special functions ---------------------------------------------------------------------------------------------------

erf = unary(special.erf, "2 / sqrt(pi) * integral from 0 to x of exp(-t²)", real=True)
erfc = unary(special.erfc, "1 - erf(x), exact for large x", real=True)
erfinv = unary(special.erfinv, "The number whose error function is x.", real=True)
i0 = unary(jnp.i0, "The modified Bessel function of the first kind, order 0.", real=True)

# Complex numbers -----------------------------------------------------------------------------------------------------

real = unary(jnp.real, "The real part of x.")
imag = unary(jnp.imag, "The imaginary part of x.")
conjugate = conj = unary(jnp.conjugate, "The complex conjugate of x.", "conj", name="conjugate")
angle = unary(jnp.angle, "The angle of the complex number x in [-pi, pi].", real=True)

# Comparisons and logic -----------------------------------------------------------------------------------------------

equal = binary(jnp.equal, "x1 = x2")
not_equal = binary(jnp.not_equal, "x1 != x2")
less = binary(jnp.less, "x1 < x2")
less_equal = binary(jnp.less_equal, "x1 <= x2")
greater = binary(jnp.greater, "x1 > x2")
greater_equal = binary(jnp.greater_equal, "x1 >= x2")
logical_and = binary(jnp.logical_and, "x1 and x2")
logical_or = binary(jnp.logical_or, "x1 or x2")
logical_xor = binary(jnp.logical_xor, "x1 or x2, not both")
logical_not = unary(jnp.logical_not, "not x")
isfinite = unary(jnp.isfinite, "Whether x is neither infinite nor NaN.")
isinf = unary(jnp.isinf, "Whether x is infinite.")
isnan = unary(jnp.isnan, "Whether x is NaN.")
isneginf = unary(jnp.isneginf, "Whether x is negative infinity.")
isposinf = unary(jnp.isposinf, "Whether x is positive infinity.")
isreal = unary(jnp.isreal, "Whether the imaginary part of x is 0.")

# Bits ----------------------------------------------------------------------------------------------------------------

bitwise_and = bitwise(jnp.bitwise_and, "The bits set in x and in y.")
bitwise_or = bitwise(jnp.bitwise_or, "The bits set in x or in y.")
bitwise_xor = bitwise(jnp.bitwise_xor, "The bits set in one of x and y.")
bitwise_left_shift = left_shift = bitwise(
    jnp.left_shift, "x * 2 ** y, for integers", "left_shift", name="bitwise_left_shift"
)
bitwise_right_shift = right_shift = bitwise(
    jnp.right_shift, "floor(x / 2 ** y), for integers", "right_shift", name="bitwise_right_shift"
)
bitwise_invert = bitwise_not = unary(
    jnp.invert, "The bits not set in x; for booleans, not x.", "bitwise_not", name="bitwise_invert"
)


# With arguments of their own -----------------------------------------------------------------------------------------


@operation()
def fabs(x: Any) -> jax.Array:
    """|x| as a real number

    Raises:
        TypeError: for complex numbers.

    >>> fabs([-2, 1]).tolist()
    [2.0, 1.0]
    """
    x = tensor(x)
    if jnp.iscomplexobj(x):
        raise TypeError(explain("fabs takes real numbers.", got=f"dtype {x.dtype}", fix="Use absolute."))
    return jnp.fabs(x)


@operation()
def round(x: Any, decimals: int = 0) -> jax.Array:
    """x rounded to `decimals` places, halves to even; negative `decimals` round tens, hundreds ...

    >>> round([0.5, 1.5, 2.6]).tolist(), round([14, 16], -1).tolist()
    ([0.0, 2.0, 3.0], [10, 20])
    """
    x = tensor(x)
    if decimals < 0 and jnp.issubdtype(x.dtype, jnp.integer):
        step = 10.0**-decimals
        return (jnp.round(x / step) * step).astype(x.dtype)
    return jnp.round(x, decimals)


@operation()
def clip(x: Any, x_min: Any, x_max: Any) -> jax.Array:
    """min(max(x, x_min), x_max); None for an end leaves it open, booleans count as integers

    >>> clip([-1.0, 0.5, 3.0], 0, 1).tolist()
    [0.0, 0.5, 1.0]
    """
    x = tensor(x)
    return jnp.clip(x.astype("int32") if x.dtype == bool else x, x_min, x_max)


@operation()
def divide_no_nan(x1: Any, x2: Any) -> jax.Array:
    """x1 / x2, and 0 where x2 = 0; the gradient is 0 there, too

    >>> divide_no_nan([1.0, 1.0], [2.0, 0.0]).tolist()
    [0.5, 0.0]
    """
    x1, x2 = tensor(x1), tensor(x2)
    return jnp.where(x2 == 0, 0, jnp.divide(x1, jnp.where(x2 == 0, 1, x2)))


@operation()
def ldexp(x1: Any, x2: Any) -> jax.Array:
    """x1 * 2 ** x2

    Raises:
        TypeError: where x2 isn't of an integer dtype.

    >>> ldexp([0.5, 0.75], [1, 3]).tolist()
    [1.0, 6.0]
    """
    x1, x2 = tensor(x1), tensor(x2)
    if not jnp.issubdtype(x2.dtype, jnp.integer):
        raise TypeError(explain("ldexp: the exponent `x2` is wrong.", expected="an integer dtype", got=str(x2.dtype)))
    return jnp.ldexp(x1, x2)


@operation()
def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> jax.Array:
    """|x1 - x2| <= atol + rtol * |x2|

    >>> isclose([1.0, 1.0], [1.000001, 1.1]).tolist()
    [True, False]
    """
    return jnp.isclose(tensor(x1), tensor(x2), rtol, atol, equal_nan)


@operation()
def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> jax.Array:
    """x with NaN and infinities replaced; by default infinities become the dtype's largest numbers

    >>> nan_to_num([float("nan"), 2.0]).tolist()
    [0.0, 2.0]
    """
    return jnp.nan_to_num(tensor(x), nan=nan, posinf=posinf, neginf=neginf)


@operation()
def where(condition: Any, x1: Any = None, x2: Any = None) -> Any:
    """x1 where the condition holds, x2 elsewhere; without both, the indices where it holds, as `nonzero`

    Raises:
        ValueError: where only one of x1 and x2 is given.

    >>> where([True, False], 1.0, [2.0, 3.0]).tolist()
    [1.0, 3.0]
    """
    if (x1 is None) != (x2 is None):
        raise ValueError(explain("where: `x1` and `x2` belong together.", expected="both, or neither", got="one"))
    if x1 is None:
        return jnp.nonzero(tensor(condition))
    return jnp.where(tensor(condition), tensor(x1), tensor(x2))


@operation()
def select(condlist: list, choicelist: list, default: Any = 0) -> jax.Array:
    """The entry of the first choice whose condition holds, else the default.

    Raises:
        ValueError: where the lists are no lists, or empty.

    >>> select([[True, False], [True, True]], [[1, 1], [2, 2]]).tolist()
    [1, 2]
    """
    if not isinstance(condlist, (list, tuple)) or not isinstance(choicelist, (list, tuple)) or not condlist:
        raise ValueError(explain("select takes two lists of one length.", expected="at least one condition"))
    return jnp.select([tensor(c) for c in condlist], [tensor(c) for c in choicelist], tensor(default))
