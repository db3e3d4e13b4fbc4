"""Cases of primitives on elements, dtypes and shapes, and of reductions."""

from __future__ import annotations

import jax
import jax.extend.core.primitives as primitives
import jax.numpy as jnp
import numpy as np
from case_table import FLOATS, INTEGERS, array, axis_of, case, shape, usual
from hypothesis import strategies as st
from jax import lax

# --- elementwise ----------------------------------------------------------------------------------------------

UNARY = {
    "neg": (lax.neg, -3, 3), "abs": (lax.abs, -3, 3), "sign": (lax.sign, -1, 1), "floor": (lax.floor, -3, 3),
    "ceil": (lax.ceil, -3, 3), "exp": (lax.exp, -5, 5), "expm1": (lax.expm1, -1, 1), "log": (lax.log, 0.1, 9),
    "log1p": (lax.log1p, -0.9, 3), "sqrt": (lax.sqrt, 0, 9), "sin": (lax.sin, -6, 6), "cos": (lax.cos, -6, 6),
    "tanh": (lax.tanh, -4, 4), "logistic": (lax.logistic, -9, 9), "erf": (lax.erf, -3, 3), "erfc": (lax.erfc, -3, 3),
    "erf_inv": (lax.erf_inv, -0.99, 0.99), "rsqrt": (lax.rsqrt, 0.1, 9), "cbrt": (lax.cbrt, -9, 9),
    "exp2": (lax.exp2, -5, 5), "tan": (lax.tan, -1.2, 1.2), "asin": (lax.asin, -1, 1), "acos": (lax.acos, -0.9, 0.9),
    "atan": (lax.atan, -9, 9), "sinh": (lax.sinh, -5, 5), "cosh": (lax.cosh, -5, 5), "asinh": (lax.asinh, -9, 9),
    "acosh": (lax.acosh, 1.1, 9), "atanh": (lax.atanh, -0.9, 0.9), "lgamma": (lax.lgamma, 2.5, 9),
    "digamma": (lax.digamma, 2, 9), "square": (lax.square, -3, 3), "is_finite": (lax.is_finite, -3, 3),
    "round_even": (lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), -3, 3),
    "round_away": (lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO), -3, 3),
    "integer_pow": (lambda x: (lax.integer_pow(x, 5), lax.integer_pow(x, -2), lax.integer_pow(x, 0)), 0.5, 2),
    "reduce_precision": (lambda x: lax.reduce_precision(x, 5, 10), -3, 3),
    "bessel_i0e": (lax.bessel_i0e, -9, 9),
}  # fmt: skip

for _name, (_function, _low, _high) in UNARY.items():

    @case(_name)
    def _(draw, function=_function, low=_low, high=_high):
        return function, [array(draw, shape(draw), draw(st.sampled_from(FLOATS)), low, high)]


BINARY = {
    "add": (lax.add, FLOATS + INTEGERS), "sub": (lax.sub, FLOATS + INTEGERS), "mul": (lax.mul, FLOATS + INTEGERS),
    "div": (lax.div, FLOATS + INTEGERS), "rem": (lax.rem, FLOATS[:1] + INTEGERS),
    "max": (lax.max, (*FLOATS, *INTEGERS, "bool")), "min": (lax.min, (*FLOATS, *INTEGERS, "bool")),
    "atan2": (lax.atan2, FLOATS), "nextafter": (lax.nextafter, FLOATS[:1]),
    "eq": (lax.eq, (*FLOATS, *INTEGERS, "bool")),
    "ne": (lax.ne, FLOATS + INTEGERS), "lt": (lax.lt, FLOATS + INTEGERS), "le": (lax.le, FLOATS + INTEGERS),
    "gt": (lax.gt, FLOATS + INTEGERS), "ge": (lax.ge, FLOATS + INTEGERS),
    "and": (lax.bitwise_and, (*INTEGERS, "bool")), "or": (lax.bitwise_or, (*INTEGERS, "bool")),
    "xor": (lax.bitwise_xor, (*INTEGERS, "bool")), "eq_to": (primitives.eq_to_p.bind, FLOATS + INTEGERS),
    "le_to": (primitives.le_to_p.bind, FLOATS + INTEGERS), "lt_to": (primitives.lt_to_p.bind, FLOATS + INTEGERS),
}  # fmt: skip

for _name, (_function, _dtypes) in BINARY.items():

    @case(_name)
    def _(draw, function=_function, dtypes=_dtypes):
        of, dtype = shape(draw), draw(st.sampled_from(dtypes))
        x, y = array(draw, of, dtype, None if dtype in INTEGERS else -3), array(draw, of, dtype, -3)
        if jnp.issubdtype(dtype, jnp.floating) and x.size > 1:
            x.flat[0] = y.flat[0]
        return function, [x, draw(st.sampled_from([y, y.ravel()[0]]))]


@case("pow")
def _(draw):
    of = shape(draw)
    return lambda x, y, n: (x**y, lax.pow(x, n)), [
        array(draw, of, "float32", 0.1, 3),
        array(draw, of, "float32"),
        array(draw, of, "int32"),
    ]


@case("shifts")
def _(draw):
    dtype, of = draw(st.sampled_from(INTEGERS)), shape(draw)
    distance = array(draw, of, dtype, 0, 7)
    return (
        lambda x, y: (lax.shift_left(x, y), lax.shift_right_logical(x, y), lax.shift_right_arithmetic(x, y)),
        [array(draw, of, dtype, None), distance],
    )


@case("shifts by more than the width")
def _(draw):
    return lambda x, y: (lax.shift_left(x, y), lax.shift_right_logical(x, y)), [
        array(draw, (3,), "uint32", None),
        np.array([31, 32, 40], "uint32"),
    ]


@case("bits of integers")
def _(draw):
    x = array(draw, shape(draw), draw(st.sampled_from(INTEGERS)), None)
    return lambda x: (~x, lax.population_count(x), lax.clz(x), lax.clz(x - x)), [x]


@case("not of booleans")
def _(draw):
    return lax.bitwise_not, [array(draw, shape(draw), bool)]


@case("integer division by zero")
def _(draw):
    dtype = draw(st.sampled_from(INTEGERS))
    return lambda x, y: (lax.div(x, y), lax.rem(x, y)), [array(draw, (5,), dtype, None), np.zeros(5, usual(dtype))]


@case("select_n")
def _(draw):
    of = shape(draw)
    which = draw(st.sampled_from([array(draw, of, bool), np.bool_(True), array(draw, of, "int32", 0, 2)]))
    cases = [array(draw, of) for _ in range(3 if which.dtype == "int32" else 2)]
    return lax.select_n, [which, *cases]


@case("clamp")
def _(draw):
    return lambda x: lax.clamp(x.dtype.type(-1), x, x.dtype.type(1)), [array(draw, shape(draw))]


@case("extreme numbers")
def _(draw):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e30, -1e30, 1e-30], "float32")
    functions = (lax.exp, lax.tanh, lax.logistic, lax.sign, lax.abs, lax.sqrt, lax.log1p, lax.erf, lax.is_finite,
                 lax.sinh, lax.asinh, lax.floor, lax.cbrt)  # fmt: skip
    return lambda x: [f(x) for f in functions] + [jnp.maximum(x, 0), jnp.minimum(x, 0), jnp.sort(x)], [x]


@case("special functions of two numbers")
def _(draw):
    a, x = array(draw, (4,), low=0.5, high=3), array(draw, (4,), low=0.5, high=3)
    return lambda a, x: (lax.igamma(a, x), lax.igammac(a, x), lax.igamma_grad_a(a, x)), [a, x]


@case("incomplete beta function")
def _(draw):
    a, b = array(draw, (4,), low=0.5, high=3), array(draw, (4,), low=0.5, high=3)
    return lax.betainc, [a, b, array(draw, (4,), low=0.1, high=0.9)]


# --- types ----------------------------------------------------------------------------------------------------


@case("convert_element_type")
def _(draw):
    source, target = (
        draw(st.sampled_from((*FLOATS, *INTEGERS, "bool"))),
        draw(st.sampled_from((*FLOATS, *INTEGERS, "bool"))),
    )
    x = array(draw, shape(draw), source, None if source in INTEGERS else -300, 300)
    return lambda x: lax.convert_element_type(x, target), [x]


@case("floats out of an integer's range")
def _(draw):
    target = draw(st.sampled_from(INTEGERS))
    x = np.array([np.nan, np.inf, -np.inf, 3e9, -3e9, 300.7, -1.5, 0.99], "float32")
    return lambda x: lax.convert_element_type(x, target), [x]


@case("bitcast_convert_type")
def _(draw):
    source, kind = draw(st.sampled_from([("float32", "uint"), ("float32", "int"), ("bfloat16", "uint")]))
    x = array(draw, shape(draw), source)
    target = f"{kind}{8 * x.itemsize}"
    return lambda x: (lax.bitcast_convert_type(lax.bitcast_convert_type(x, target), x.dtype) + 1,
                      lax.bitcast_convert_type(x, target)), [x]  # fmt: skip


@case("complex numbers")
def _(draw):
    of = shape(draw)
    x, y = array(draw, of, "complex64"), array(draw, of, "complex64", 1, 2)

    def f(x, y):
        parts = (
            x.real,
            x.imag,
            lax.complex(x.real, y.imag),
            lax.conj(x.real),
            primitives.convert_element_type_p.bind(y, new_dtype=np.dtype("float32"), weak_type=False, sharding=None),
        )
        return x * y + x / y - jnp.exp(x), jnp.conj(x), abs(x), x == y, jnp.angle(y), parts

    return f, [x, y]


# --- shapes ---------------------------------------------------------------------------------------------------


@case("broadcast_in_dim")
def _(draw):
    x = array(draw, draw(st.sampled_from([(), (3,), (1, 3)])), draw(st.sampled_from(["float32", "int32", "bool"])))
    return lambda x: (lax.broadcast_in_dim(x, (4, 2, 3), range(3 - x.ndim, 3)), jnp.broadcast_to(x, (5, 3))), [x]


@case("reshape and transpose")
def _(draw):
    x = array(draw, shape(draw, 1))
    order = draw(st.permutations(range(x.ndim)))
    return lambda x: (lax.transpose(x, order), lax.reshape(x, (x.size,)), lax.reshape(x, (x.size, 1), order)), [x]


@case("squeeze, expand_dims, rev")
def _(draw):
    x = array(draw, (1, *shape(draw, 1)))
    axis = axis_of(draw, x)
    return lambda x: (lax.squeeze(x, (0,)), lax.expand_dims(x, (axis,)), lax.rev(x, (0, axis) if axis else (0,))), [x]


@case("concatenate, split, stack")
def _(draw):
    x = array(draw, shape(draw, 1, 3))
    y, axis = x + 1, axis_of(draw, x)

    def f(x, y):
        pieces = lax.split(x, (1, x.shape[axis] - 1), axis), jnp.unstack(x, axis=axis)
        return lax.concatenate([x, y, x], axis), jnp.stack([x, y], axis), jnp.tile(x, (2,) * x.ndim), pieces

    return f, [x, y]


@case("pad")
def _(draw):
    x = array(draw, shape(draw, 1, 3), draw(st.sampled_from(["float32", "int32"])))
    edges = st.tuples(st.integers(-1, 2), st.integers(-1, 2), st.integers(0, 2))
    config = [(max(low, -size + 1), high if low + high + size > 0 else 1, inside)
              for size, (low, high, inside) in zip(x.shape, [draw(edges) for _ in x.shape], strict=True)]  # fmt: skip
    return lambda x: lax.pad(x, jnp.array(7, x.dtype), config), [x]


@case("slice")
def _(draw):
    x = array(draw, shape(draw, 1, 3))
    bounds = [sorted(draw(st.tuples(st.integers(0, n), st.integers(0, n)))) for n in x.shape]
    strides = [draw(st.integers(1, 3)) for _ in x.shape]
    lows, highs = zip(*bounds, strict=True)
    return lambda x: (lax.slice(x, lows, highs, strides), lax.slice(x, lows, highs)), [x]


@case("iota")
def _(draw):
    dtype, of = draw(st.sampled_from(["int32", "uint8", "float32"])), shape(draw, 1)
    axis = draw(st.integers(0, len(of) - 1))
    return lambda: (lax.broadcasted_iota(dtype, of, axis), jnp.arange(4)), []


@case("empty arrays")
def _(draw):
    def f(x):
        return x * 2, jnp.sum(x, 0), jnp.max(x, 0, initial=1), x.T @ x, jnp.concatenate([x, jnp.ones((1, 3))])

    return f, [np.zeros((0, 3), "float32")]


@case("array without values")
def _(draw):
    def f():
        number = primitives.empty2_p.bind(dtype=np.dtype("int32"), memory_space=jax.memory.Space.Device)
        return lax.empty((2, 3), "float32") * 0, number * 0

    return f, []


@case("platform_dependent")
def _(draw):
    return lambda x: lax.platform_dependent(x, tpu=lambda x: x + 2, default=lambda x: x + 1), [array(draw, (3,))]


# --- reductions -----------------------------------------------------------------------------------------------


@case("reduce")
def _(draw):
    x = array(draw, shape(draw, 1), draw(st.sampled_from(["float32", "bfloat16", "int32", "uint8"])))
    axes = draw(st.sets(st.integers(0, x.ndim - 1)))
    axes = tuple(sorted(axes))
    return lambda x: (lax.reduce_sum(x, axes), lax.reduce_prod(x, axes), jnp.max(x, axes), jnp.min(x, axes)), [x]


@case("reduce booleans")
def _(draw):
    x = array(draw, shape(draw, 1), bool)
    axis = axis_of(draw, x)
    return lambda x: (jnp.all(x, axis), jnp.any(x, axis), lax.reduce_max_p.bind(x, axes=(axis,), out_sharding=None),
                      lax.reduce_min_p.bind(x, axes=(axis,), out_sharding=None), jnp.sum(x, axis)), [x]  # fmt: skip


@case("argmax")
def _(draw):
    x = array(draw, shape(draw, 1, 3, 6), draw(st.sampled_from([*FLOATS, *INTEGERS, "bool"])), -2, 2)
    axis = axis_of(draw, x)
    if x.dtype == "float32" and x.size > 2 and draw(st.booleans()):
        x.flat[1] = np.nan
    return lambda x: (lax.argmax(x, axis, np.int32), lax.argmin(x, axis, np.int32)), [x]


@case("cumulative")
def _(draw):
    x = array(draw, shape(draw, 1, 3, 6), draw(st.sampled_from(["float32", "bfloat16", "int32"])))
    options = {"axis": axis_of(draw, x), "reverse": draw(st.booleans())}
    functions = [lax.cumsum, lax.cumprod, lax.cummax, lax.cummin]
    return lambda x: [f(x, **options) for f in functions] + [lax.cumlogsumexp(x.astype("float32"), **options)], [x]


@case("sort")
def _(draw):
    of = shape(draw, 1, 3, 6)
    x = array(draw, of, draw(st.sampled_from([*FLOATS, *INTEGERS])), -2, 2)
    if x.dtype == "float32" and x.size > 2:
        x.flat[0], x.flat[1] = np.nan, -0.0
    y, axis, keys = array(draw, of, "int32"), axis_of(draw, x), draw(st.integers(1, 2))
    return lambda x, y: lax.sort((x, y, y + 1), dimension=axis, num_keys=keys), [x, y]


@case("top_k")
def _(draw):
    x = array(draw, (3, 5), draw(st.sampled_from([*FLOATS, *INTEGERS])), -2, 2)
    if x.dtype == "float32":
        x[0, 1] = np.nan
    return lambda x: lax.top_k(x, 3), [x]
