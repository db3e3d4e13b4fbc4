"""Cases at the edges: NaN and infinities, the ends of integers' ranges, arrays of nothing, every dtype."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from case_table import INTEGERS, SIGNED, UNSIGNED, array, case, usual
from hypothesis import strategies as st
from jax import lax

REALS = ("float32", "float16", "bfloat16")
DTYPES = (*REALS, *INTEGERS, "bool")

SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1.0, -1.0, 0.5, -2.5, 3.5, 250.0, -250.0, 3e4)


def special(dtype):
    """Numbers that are treated in a way of their own: of integers, the ends of the range."""
    dtype = usual(dtype)
    if dtype.kind == "b":
        return np.array([False, True, True])
    if dtype.kind not in "iu":
        return np.array(SPECIAL).astype(dtype)
    ends = np.iinfo(dtype)
    return np.array([ends.min, ends.min + 1, 0, 1, 2, 7, ends.max - 1, ends.max], dtype)


def pairs(dtype):
    """Every special number with every other."""
    numbers = special(dtype)
    return np.repeat(numbers, len(numbers)), np.tile(numbers, len(numbers))


# --- elements ---------------------------------------------------------------------------------------------------

FUNCTIONS = {
    "exp": lax.exp, "expm1": lax.expm1, "log": lax.log, "log1p": lax.log1p, "sqrt": lax.sqrt, "tanh": lax.tanh,
    "logistic": lax.logistic, "erf": lax.erf, "erfc": lax.erfc, "floor": lax.floor, "neg": lax.neg, "abs": lax.abs,
    "sign": lax.sign, "round": lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), "is_finite": lax.is_finite,
}  # fmt: skip

for _name, _function in FUNCTIONS.items():

    @case(f"edges of {_name}")
    def _(draw, function=_function):
        return function, [special(draw(st.sampled_from(REALS)))]


@case("edges of sin and cos")
def _(draw):
    numbers = special(draw(st.sampled_from(REALS)))
    return lambda x: (lax.sin(x), lax.cos(x)), [numbers]


@case("halves are rounded to even")
def _(draw):
    x = np.arange(-4.5, 5).astype(usual(draw(st.sampled_from(REALS))))
    return lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), [x]


@case("edges of arithmetic")
def _(draw):
    return lambda x, y: (x + y, x - y, x * y, lax.div(x, y)), [*pairs(draw(st.sampled_from(REALS)))]


@case("edges of max and min")
def _(draw):
    return lambda x, y: (lax.max(x, y), lax.min(x, y)), [*pairs(draw(st.sampled_from(DTYPES)))]


@case("edges of comparisons")
def _(draw):
    return lambda x, y: (x == y, x != y, x < y, x <= y), [*pairs(draw(st.sampled_from(DTYPES)))]


@case("edges of rem")
def _(draw):
    return lax.rem, [*pairs("float32")]


@case("edges of pow")
def _(draw):
    return lax.pow, [*pairs("float32")]


@case("pow of 16 bits")
def _(draw):
    dtype = draw(st.sampled_from(["float16", "bfloat16"]))
    return lax.pow, [array(draw, (2, 3), dtype, 0.1, 3), array(draw, (2, 3), dtype, -2, 2)]


@case("edges of atan2")
def _(draw):
    return lax.atan2, [*pairs(draw(st.sampled_from(REALS)))]


@case("integers wrap around")
def _(draw):
    x, y = pairs(draw(st.sampled_from(INTEGERS)))
    return lambda x, y: (x + y, x - y, x * y, -x, abs(x), lax.sign(x)), [x, y]


@case("edges of integer division")
def _(draw):
    x, y = pairs(draw(st.sampled_from(INTEGERS)))
    return lambda x, y: (lax.div(x, y), lax.rem(x, y)), [x, y]


@case("bits of every dtype")
def _(draw):
    x, y = pairs(draw(st.sampled_from((*INTEGERS, "bool"))))
    return lambda x, y: (x & y, x | y, x ^ y, ~x), [x, y]


@case("shifts by any distance")
def _(draw):
    dtype = usual(draw(st.sampled_from(INTEGERS)))
    distances = np.array([0, 1, 8 * dtype.itemsize - 1, 8 * dtype.itemsize, 100], dtype)
    x, y = np.repeat(special(dtype), 5), np.tile(distances, 8)
    right = lax.shift_right_arithmetic if dtype.kind == "i" else lax.shift_right_logical
    return lambda x, y: (lax.shift_left(x, y), right(x, y)), [x, y]


@case("choice of every dtype")
def _(draw):
    x = special(draw(st.sampled_from(DTYPES)))
    return lax.select_n, [array(draw, x.shape, bool), x, x[::-1].copy()]


# --- types ------------------------------------------------------------------------------------------------------


@case("conversions of special numbers")
def _(draw):
    x = special(draw(st.sampled_from(DTYPES)))
    targets = [dtype for dtype in DTYPES if x.dtype.kind == "b" or draw(st.booleans())] or ["int32"]
    return lambda x: [lax.convert_element_type(x, dtype) for dtype in targets], [x]


@case("conversions that saturate")
def _(draw):
    source = usual(draw(st.sampled_from(REALS)))
    far = 6e4 if source.itemsize == 2 else 3e9
    x = [-far, -1e4, -129.5, -1.9, -0.5, 0.5, 127.5, 255.9, 1e4, far, np.nan, np.inf, -np.inf]
    return lambda x: [lax.convert_element_type(x, dtype) for dtype in INTEGERS], [np.array(x).astype(source)]


@case("bits of floats")
def _(draw):
    x = special(draw(st.sampled_from(REALS)))[:4]  # the bits of NaN are nobody's promise
    kind = draw(st.sampled_from(["int", "uint"]))
    return lambda x: lax.bitcast_convert_type(x, f"{kind}{8 * x.dtype.itemsize}"), [x]


@case("bits of integers as others")
def _(draw):
    place = draw(st.integers(0, 2))
    there, back = [(SIGNED, UNSIGNED), (UNSIGNED, SIGNED)][draw(st.integers(0, 1))]
    x = array(draw, (5,), np.dtype(there[place]), None)
    target = back[place] if x.dtype.name == there[place] else back[place].replace("32", "64")
    return lambda x: lax.bitcast_convert_type(x, target), [x]


# --- shapes and indexing ------------------------------------------------------------------------------------------


@case("shapes of every dtype")
def _(draw):
    x = array(draw, (2, 3), draw(st.sampled_from(DTYPES)))

    def f(x):
        moved = lax.transpose(x, (1, 0)), lax.rev(x, (1,)), lax.reshape(x, (3, 2)), lax.concatenate([x, x], 1)
        padded = lax.pad(x, jnp.ones((), x.dtype), [(1, 0, 0), (0, 2, 0)])
        return *moved, padded, lax.slice(x, (0, 1), (2, 3), (1, 2)), lax.broadcast_in_dim(x, (2, 1, 3), (0, 2))

    return f, [x]


@case("numbers in a row, too many to be kept as constants")
def _(draw):
    return lambda x: (jnp.arange(20_000) + x, lax.iota("float32", 20_000)[-3:]), [np.int32(draw(st.integers(0, 9)))]


@case("boxes of every dtype")
def _(draw):
    x = array(draw, (4, 3), draw(st.sampled_from(DTYPES)))
    starts = [np.int32(draw(st.integers(-3, 5))) for _ in range(2)]

    def f(x, box, *starts):
        return lax.dynamic_slice(x, starts, (2, 3)), lax.dynamic_update_slice(x, box, starts)

    return f, [x, array(draw, (2, 2), x.dtype), *starts]


@case("boxes at unsigned places")
def _(draw):
    start = np.uint8(draw(st.integers(0, 250)))
    return lambda x, s: (lax.dynamic_slice(x, (s,), (2,)), lax.dynamic_update_slice(x, x[:2], (s,))), [
        array(draw, (5,)),
        start,
    ]


@case("rows of every dtype")
def _(draw):
    x = array(draw, (4, 3), draw(st.sampled_from(DTYPES)))
    rows = array(draw, (5,), "int32", 0, 3)

    def f(x, rows, new):
        return x[rows], x[:, 0][rows], x.at[rows[:1]].set(new[:1]), x.at[jnp.array([3, 0])].set(new[:2])

    return f, [x, rows, array(draw, (5, 3), x.dtype)]


@case("scatters of every number")
def _(draw):
    x = array(draw, (4, 3), draw(st.sampled_from((*REALS, *INTEGERS))), 0, 2)
    rows = array(draw, (5,), "int32", 0, 3)

    def f(x, rows, new):
        at = x.at[rows]
        return at.add(new), at.multiply(new), at.min(new), at.max(new)

    return f, [x, rows, array(draw, (5, 3), x.dtype, 0, 2)]


@case("the last of equal rows stays")
def _(draw):
    x, new = array(draw, (3, 2), draw(st.sampled_from(DTYPES))), array(draw, (4, 2), "float32")
    numbers = lax.GatherScatterMode.PROMISE_IN_BOUNDS
    return lambda x, new: x.at[jnp.array([1, 1, 0, 1])].set(new, mode=numbers), [x, new.astype(x.dtype)]


@case("NaN is scattered")
def _(draw):
    x, new = np.array([1.0, np.nan, 3.0, 4.0], usual("float32")), np.array([np.nan, 1.0, np.inf], usual("float32"))
    rows = np.array([0, 1, 2], "int32")
    return lambda x, rows, new: (x.at[rows].add(new), x.at[rows].min(new), x.at[rows].max(new)), [x, rows, new]


# --- reductions -------------------------------------------------------------------------------------------------


@case("reductions of special numbers")
def _(draw):
    x = array(draw, (3, 5), draw(st.sampled_from(REALS)))
    x[0, 1], x[1, 2], x[1, 3], x[2, 0] = np.nan, np.inf, -np.inf, draw(st.sampled_from([1.0, np.inf]))
    axes = draw(st.sampled_from([(0,), (1,), (0, 1), ()]))
    return lambda x: (jnp.sum(x, axes), jnp.prod(x, axes), jnp.max(x, axes), jnp.min(x, axes)), [x]


@case("reductions that wrap around")
def _(draw):
    x = array(draw, (3, 7), draw(st.sampled_from(INTEGERS)), None)
    axis = draw(st.integers(0, 1))
    functions = lax.reduce_sum, lax.reduce_prod, lax.reduce_max, lax.reduce_min
    return lambda x: [f(x, (axis,)) for f in functions] + [lax.cumsum(x, axis), lax.cumsum(x, axis, reverse=True)], [x]


@case("reductions of nothing")
def _(draw):
    x = array(draw, draw(st.sampled_from([(0, 3), (2, 0), (0,)])), draw(st.sampled_from((*REALS, *INTEGERS))))

    def f(x):
        return lax.reduce_sum(x, (0,)), lax.reduce_prod(x, (0,)), lax.reduce_max(x, (0,)), lax.reduce_min(x, (0,))

    return f, [x]


@case("booleans of nothing")
def _(draw):
    return lambda x: (jnp.all(x, 0), jnp.any(x, 0), jnp.all(x), jnp.any(x)), [np.zeros((0, 3), bool)]


@case("the place of the first largest")
def _(draw):
    x = array(draw, (3, 4), draw(st.sampled_from(DTYPES)), -1, 1)
    if jnp.issubdtype(x.dtype, jnp.floating):
        x[0, 1], x[1, 2], x[2, 0], x[2, 3] = np.nan, np.inf, -np.inf, np.nan
    axis, dtype = draw(st.integers(0, 1)), draw(st.sampled_from(["int32", "uint8"]))
    return lambda x: (lax.argmax(x, axis, dtype), lax.argmin(x, axis, dtype)), [x]


@case("running sums of special numbers")
def _(draw):
    x = array(draw, (6,), draw(st.sampled_from(REALS)))
    x[draw(st.integers(0, 5))] = draw(st.sampled_from([np.nan, np.inf]))
    return lambda x: (lax.cumsum(x), lax.cumsum(x, reverse=True)), [x]


@case("sort of every dtype")
def _(draw):
    x = special(draw(st.sampled_from(DTYPES)))
    order = np.random.default_rng(len(x)).permutation(np.tile(np.arange(len(x)), 2))
    number = np.arange(len(order), dtype="int32")
    return lambda x, n: (lax.sort((x, n, n > 3), num_keys=1), lax.sort(x), lax.sort((n, x), num_keys=1)), [
        x[order],
        number,
    ]


# --- arrays of nothing ------------------------------------------------------------------------------------------


@case("shapes of nothing")
def _(draw):
    x = array(draw, (0, 3), draw(st.sampled_from(["float32", "int32", "bool"])))

    def f(x):
        moved = lax.transpose(x, (1, 0)), lax.reshape(x, (3, 0, 2)), lax.rev(x, (0,)), lax.concatenate([x, x], 0)
        padded = lax.pad(x, jnp.ones((), x.dtype), [(1, 1, 0), (0, 0, 0)]), lax.broadcast_in_dim(x, (2, 0, 3), (1, 2))
        return *moved, *padded, lax.slice(x, (0, 0), (0, 2)), jnp.arange(0)

    return f, [x]


@case("rows of nothing")
def _(draw):
    x, rows = array(draw, (3, 2)), np.zeros((0,), "int32")
    return lambda x, rows: (x[rows], x.at[rows].add(1.0), x.at[rows].set(2.0), x.at[rows].max(9.0)), [x, rows]


@case("products of nothing")
def _(draw):
    x, y = array(draw, (2, 0)), array(draw, (0, 3))
    return lambda x, y: (x @ y, x.T @ x, jnp.einsum("ij,ik->ijk", x, x)), [x, y]


@case("sorts and running sums of nothing")
def _(draw):
    x = array(draw, (2, 0))
    return lambda x: (lax.sort(x, dimension=1), lax.cumsum(x, axis=1), lax.sort(x, dimension=0)), [x]


@case("an empty batch of images")
def _(draw):
    def f(x, kernel):
        return lax.conv_general_dilated(x, kernel, (1, 1), "SAME", dimension_numbers=("NHWC", "HWIO", "NHWC"))

    return f, [array(draw, (0, 4, 4, 2)), array(draw, (3, 3, 2, 4))]


# --- products -----------------------------------------------------------------------------------------------------


@case("products of integers")
def _(draw):
    dtype = draw(st.sampled_from(INTEGERS))
    x, y = array(draw, (3, 4), dtype, None), array(draw, (4, 2), dtype, None)
    return lambda x, y: (x @ y, jnp.stack([x, x]) @ jnp.stack([y, y])), [x, y]


@case("wide products of narrow numbers")
def _(draw):
    narrow, wide = draw(
        st.sampled_from([("int8", "int32"), ("uint8", "int32"), ("float16", "float32"), ("bfloat16", "float32")])
    )
    x, y = array(draw, (2, 3), narrow, -9, 9), array(draw, (3, 4), narrow, -9, 9)
    return lambda x, y: lax.dot_general(x, y, (((1,), (0,)), ((), ())), preferred_element_type=wide), [x, y]


@case("products of special numbers")
def _(draw):
    x, y = array(draw, (3, 2)), array(draw, (2, 3))
    x[0, 0], y[1, 1] = np.nan, np.inf
    return lambda x, y: x @ y, [x, y]


@case("products of stacks of one")
def _(draw):
    return lambda x, y: (x @ y, x[0, :, :1] @ y[0, :1]), [array(draw, (1, 1, 3)), array(draw, (1, 3, 1))]


SPECS = {1: ("NWC", "WIO", "NWC"), 2: ("NHWC", "HWIO", "NHWC"), 3: ("NDHWC", "DHWIO", "NDHWC")}


@case("convolutions of every kind")
def _(draw):
    """With the gradients: a weight gradient has a window larger than its result, an input gradient zeros inside."""
    rank, groups, multiplier = draw(st.integers(1, 3)), draw(st.sampled_from([1, 2, 3])), draw(st.integers(1, 2))
    dtype = draw(st.sampled_from(REALS))
    dilation = draw(st.booleans())
    options = {
        "window_strides": (1 if dilation else draw(st.integers(1, 3)),) * rank,
        "rhs_dilation": (2 if dilation else 1,) * rank,
        "padding": draw(st.sampled_from(["SAME", "VALID", [(2, 0)] * rank])),
        "feature_group_count": groups,
        "dimension_numbers": SPECS[rank],
    }
    x = array(draw, (2, *(6, 5, 4)[:rank], groups), dtype)
    kernel = array(draw, (*(3, 2, 2)[:rank], 1, groups * multiplier), dtype)
    conv = functools.partial(lax.conv_general_dilated, **options)
    return lambda x, k: (conv(x, k), jax.grad(lambda x, k: jnp.sum(conv(x, k) ** 2), (0, 1))(x, k)), [x, kernel]


@case("a convolution transposed")
def _(draw):
    rank = draw(st.integers(1, 3))
    x, kernel = array(draw, (2, *(3, 4, 2)[:rank], 2)), array(draw, (*(3, 2, 3)[:rank], 2, 3))
    strides, padding = draw(st.tuples(*[st.integers(1, 3)] * rank)), draw(st.sampled_from(["SAME", "VALID"]))
    conv = functools.partial(lax.conv_transpose, strides=strides, padding=padding, dimension_numbers=SPECS[rank])
    return lambda x, k: (conv(x, k), jax.grad(lambda x, k: jnp.sum(conv(x, k) ** 2), (0, 1))(x, k)), [x, kernel]


@case("a window larger than the image")
def _(draw):
    x, kernel = array(draw, (2, 3, 2)), array(draw, (5, 2, 3))
    return lambda x, k: [
        lax.conv_general_dilated(x, k, (1,), padding, dimension_numbers=SPECS[1]) for padding in ("SAME", [(1, 1)])
    ], [x, kernel]


@case("real Fourier transforms of two axes")
def _(draw):
    of = draw(st.sampled_from([(2, 3, 4), (3, 5), (1, 2, 5)]))

    def f(x):
        there = jnp.fft.rfft2(x)
        return there, jnp.fft.irfft2(there, s=x.shape[-2:]), jnp.fft.fftn(x).real

    return f, [array(draw, of)]


@case("a matrix that is not positive definite")
def _(draw):
    return jnp.linalg.cholesky, [np.array([[[1, 2], [2, 1]], [[4, 2], [2, 3]]], usual("float32"))]


# --- control ------------------------------------------------------------------------------------------------------


@case("loops over every dtype")
def _(draw):
    state = [array(draw, (2,), dtype, 0, 3) for dtype in ("float32", "bfloat16", "int32", "uint8", "uint32", "bool")]

    def step(carry, flag):
        x, y, i, j, k, b = carry
        new = (jnp.where(flag, x * 2, x), y + 1, i - 1, j - jnp.uint8(3), k * jnp.uint32(3), b ^ flag)
        return new, (new[0], new[3], b)

    def f(flags, *state):
        counted = lax.fori_loop(0, 3, lambda n, s: step(s, n > 1)[0], tuple(state))
        return lax.scan(step, tuple(state), flags, reverse=True), counted

    return f, [array(draw, (4,), bool), *state]


@case("loops of loops")
def _(draw):
    def f(x, n):
        def row(total, values):
            inner = lax.fori_loop(0, n, lambda i, s: s + values * i, total)
            return lax.cond(jnp.sum(inner) > 0, lambda v: v * 0.5, lambda v: v - 1, inner), inner

        return lax.scan(row, x[0], x)

    return f, [array(draw, (4, 3)), np.int32(draw(st.integers(0, 3)))]


@case("a loop that doesn't run")
def _(draw):
    def f(x, n):
        return lax.fori_loop(0, n, lambda i, s: s * 2 + x[i], x[0]), lax.scan(lambda c, r: (c + r, c), x[0], x[:0])

    return f, [array(draw, (3, 2)), np.int32(0)]


@case("a loop whose state is passed on or exchanged")
def _(draw):
    def f(x, y):
        swapped = lax.fori_loop(0, 3, lambda i, s: (s[1], s[0]), (x, y))
        return swapped, lax.scan(lambda c, r: ((c[1], c[0]), (r, c[0])), (x, y), jnp.stack([x, y]))

    return f, [array(draw, (2,)), array(draw, (2,))]


@case("branches of every dtype")
def _(draw):
    def f(i, x, n, b):
        return lax.switch(i, [lambda *v: v, lambda x, n, b: (-x, n + 1, ~b), lambda x, n, b: (x * 0, n, b)], x, n, b)

    index = np.int32(draw(st.integers(-1, 3)))
    return f, [index, array(draw, (2,)), array(draw, (), "uint8", 0, 9), array(draw, (3,), bool)]
