"""Cases of indexing, windows, products, control flow, calls and random draws."""

from __future__ import annotations

from functools import partial

import jax
import jax.extend.random
import jax.numpy as jnp
import numpy as np
from case_table import array, case, shape
from hypothesis import strategies as st
from jax import lax

# --- indexing -------------------------------------------------------------------------------------------------


@case("dynamic_slice")
def _(draw):
    x = array(draw, shape(draw, 1, 3, 6))
    sizes = [draw(st.integers(1, n)) for n in x.shape]
    starts = [np.int32(draw(st.integers(-2, 8))) for _ in x.shape]
    return lambda x, *s: (lax.dynamic_slice(x, s, sizes), lax.dynamic_update_slice(x, jnp.ones(sizes), s)), [x, *starts]


INDEXING = {
    "take": lambda x, i: jnp.take(x, i, axis=1, mode="clip"),
    "take, filled": lambda x, i: jnp.take(x, i, axis=0),
    "take, integers filled": lambda x, i: jnp.take(x.astype(int), i, axis=2),
    "take_along_axis": lambda x, i: jnp.take_along_axis(x, jnp.clip(i[:, :, None], 0, 2), 1),
    "rows and columns": lambda x, i: x[i, :, i],
    "last": lambda x, i: x[..., i],
    "boxes": lambda x, i: jax.vmap(lambda k: lax.dynamic_slice(x, (k, k, 0), (2, 1, 3)))(i[0]),
    "boxes of a batch": lambda x, i: jax.vmap(lambda row, k: lax.dynamic_slice(row, (k, k), (2, 2)))(x, i[:, 0]),
    "batched": lambda x, i: jax.vmap(lambda row, k: row[k])(x, i),
    "gather with windows": lambda x, i: lax.gather(
        x, i[..., None], lax.GatherDimensionNumbers((0, 2), (2,), (1,)), (2, 2, 1), mode="fill"),
    "unsigned indices": lambda x, i: jnp.take(x, i.astype("uint8"), axis=1, mode="clip"),
    "write": lambda x, i: x.at[:, :, jnp.array([2, 0])].set(9.0),
    "write, dropped": lambda x, i: x.at[jnp.array([7, 1]), 1].set(9.0),
    "add": lambda x, i: x.at[i].add(2.0),
    "add, clipped": lambda x, i: x.at[i].add(2.0, mode="clip"),
    "add, integers": lambda x, i: x.astype(int).at[:, i].add(2),
    "subtract": lambda x, i: x.at[:, i].subtract(2.0),
    "multiply": lambda x, i: x.at[i, 1].mul(2.0),
    "least": lambda x, i: x.at[i].min(0.5),
    "greatest": lambda x, i: x.at[..., i].max(0.5),
    "greatest of integers": lambda x, i: x.astype(int).at[i].max(1),
    "write of a box": lambda x, i: jax.vmap(lambda row, k: lax.dynamic_update_slice(row, jnp.ones((2, 1)), (k, k)))(
        x, i[:, 0]),
    "scatter with windows": lambda x, i: lax.scatter_add(
        x, i[..., None], jnp.ones((2, *i.shape, 1)), lax.ScatterDimensionNumbers((0, 3), (2,), (1,)), mode="drop"),
    "scatter of a batch": lambda x, i: jax.vmap(lambda row, k: row.at[k].add(1.0))(x, i),
    "segment sum": lambda x, i: jax.ops.segment_sum(x, i[:, 0], 4),
    "gradient": lambda x, i: jax.grad(lambda x: jnp.sum(jnp.sin(x[i]) + jnp.take(x, i, 0, mode="clip")))(x),
    "booleans": lambda x, i: (x > 0).at[:, 1].set(True)[:, i],
}  # fmt: skip

for _name, _function in INDEXING.items():

    @case(f"index: {_name}")
    def _(draw, function=_function, inside=_name == "rows and columns"):
        return function, [array(draw, (3, 4, 3)), array(draw, (3, 2), "int32", 0 if inside else -5, 2 if inside else 5)]


# --- windows --------------------------------------------------------------------------------------------------


@case("reduce_window")
def _(draw):
    x = array(draw, (2, 7, 6), draw(st.sampled_from(["float32", "int32"])))
    window = (1, draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    options = {
        "window_strides": (1, draw(st.integers(1, 3)), draw(st.integers(1, 2))),
        "padding": [(0, 0), (draw(st.integers(0, 1)), 1), (0, draw(st.integers(0, 2)))],
        "base_dilation": (1, draw(st.integers(1, 2)), 1),
        "window_dilation": (1, 1, draw(st.integers(1, 2))),
    }
    least, most = (-np.inf, np.inf) if x.dtype.kind == "f" else (np.iinfo(x.dtype).min, np.iinfo(x.dtype).max)
    return lambda x: [lax.reduce_window(x, x.dtype.type(start), f, window, **options)
                      for start, f in ((0, lax.add), (least, lax.max), (most, lax.min))], [x]  # fmt: skip


def max_pool(x, window, strides, padding):
    return lax.reduce_window(x, -np.float32(np.inf), lax.max, window, strides, padding)


@case("gradient of max pooling")
def _(draw):
    x = array(draw, (2, 6, 5, 2), low=-3, high=3).round(0 if draw(st.booleans()) else 3)
    window, strides = (1, draw(st.integers(1, 3)), 2, 1), (1, draw(st.integers(1, 3)), draw(st.integers(1, 2)), 1)
    pool = partial(max_pool, window=window, strides=strides, padding=draw(st.sampled_from(["SAME", "VALID"])))
    return jax.grad(lambda x: jnp.sum(jnp.sin(pool(x)))), [x]


@case("tangent of max pooling")
def _(draw):
    x, tangent = array(draw, (2, 6, 5)), array(draw, (2, 6, 5))
    pool = partial(max_pool, window=(1, 2, 3), strides=(1, 2, 1), padding="SAME")
    return lambda x, t: jax.jvp(pool, [x], [t]), [x, tangent]


# --- products -------------------------------------------------------------------------------------------------


@case("dot_general")
def _(draw):
    dtype = draw(st.sampled_from(["float32", "bfloat16", "float16", "int32"]))
    batch, summed, rows, columns = (shape(draw, 0, most, 3) for most in (2, 2, 2, 1))
    a_sizes, b_sizes = (*batch, *summed, *rows), (*batch, *summed, *columns)
    a_order, b_order = draw(st.permutations(range(len(a_sizes)))), draw(st.permutations(range(len(b_sizes))))
    a, b = array(draw, [a_sizes[i] for i in a_order], dtype), array(draw, [b_sizes[i] for i in b_order], dtype)
    k, n = len(batch), len(batch) + len(summed)
    numbers = ([a_order.index(i) for i in range(k, n)], [b_order.index(i) for i in range(k, n)]), (
        [a_order.index(i) for i in range(k)], [b_order.index(i) for i in range(k)])  # fmt: skip
    wide = draw(st.sampled_from([None, "float32" if dtype != "int32" else None]))
    return lambda a, b: lax.dot_general(a, b, numbers, preferred_element_type=wide), [a, b]


@case("conv_general_dilated")
def _(draw):
    rank, groups = draw(st.integers(1, 3)), draw(st.sampled_from([1, 1, 2]))
    pick = st.tuples(*[st.integers(1, 2)] * rank)
    window = draw(st.tuples(*[st.integers(1, 3)] * rank))
    specs = {1: [("NWC", "WIO", "NWC"), ("NCW", "OIW", "NWC")], 2: [("NHWC", "HWIO", "NHWC"), ("NCHW", "OIHW", "CNHW")],
             3: [("NDHWC", "DHWIO", "NDHWC")]}  # fmt: skip
    spec = draw(st.sampled_from(specs[rank]))
    sizes = dict(zip("DHW"[3 - rank :], draw(st.tuples(*[st.integers(3, 5)] * rank)), strict=True))
    windows = dict(zip("DHW"[3 - rank :], window, strict=True))
    x = array(draw, [{"N": 2, "C": 2 * groups, **sizes}[c] for c in spec[0]])
    kernel = array(draw, [{"I": 2, "O": 2 * groups, **windows}[c] for c in spec[1]])
    options = {
        "window_strides": draw(pick), "lhs_dilation": draw(pick), "rhs_dilation": (1,) * rank,
        "padding": [(draw(st.integers(-1, 2)), 2) for _ in range(rank)], "feature_group_count": groups,
        "dimension_numbers": spec,
    }  # fmt: skip
    return partial(lax.conv_general_dilated, **options), [x, kernel]


@case("gradients of a convolution")
def _(draw):
    groups, dtype = draw(st.sampled_from([1, 2])), draw(st.sampled_from(["float32", "bfloat16"]))
    x, kernel = array(draw, (2, 6, 5, 2 * groups), dtype), array(draw, (3, 2, 2, 2 * groups), dtype)
    conv = partial(lax.conv_general_dilated, window_strides=draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
                   padding=draw(st.sampled_from(["SAME", "VALID"])), rhs_dilation=(draw(st.integers(1, 2)), 1),
                   dimension_numbers=("NHWC", "HWIO", "NHWC"), feature_group_count=groups)  # fmt: skip
    return jax.grad(lambda x, k: jnp.sum(jnp.sin(conv(x, k))), (0, 1)), [x, kernel]


@case("fft")
def _(draw):
    x = array(draw, (2, 4, draw(st.integers(4, 6))))
    n = x.shape[-1]
    return lambda x: (jnp.fft.fft(x), jnp.fft.ifft2(x), jnp.fft.rfft(x), jnp.fft.irfft(jnp.fft.rfft(x), n)), [x]


def matrices(draw, *leading, n=3):
    return array(draw, (*leading, n, n), low=-1, high=1) + 2 * np.eye(n, dtype="float32")


@case("cholesky")
def _(draw):
    return lambda x: jnp.linalg.cholesky(x @ x.mT), [matrices(draw, *shape(draw, 0, 1))]


@case("triangular_solve")
def _(draw):
    options = {name: draw(st.booleans()) for name in ("left_side", "lower", "transpose_a", "unit_diagonal")}
    return partial(lax.linalg.triangular_solve, **options), [matrices(draw, 2), matrices(draw, 2)]


@case("lu")
def _(draw):
    return lax.linalg.lu, [matrices(draw, *shape(draw, 0, 1))]


@case("linear systems")
def _(draw):
    return lambda x: (jnp.linalg.solve(x, x + 1), jnp.linalg.inv(x), jnp.linalg.det(x)), [matrices(draw)]


@case("qr")
def _(draw):
    x = array(draw, (2, 4, 3))
    full = draw(st.booleans())
    return lambda x: lax.linalg.qr(x, full_matrices=full), [x]


@case("eigh")
def _(draw):
    x = matrices(draw, *shape(draw, 0, 1))

    def rebuild(x):
        vectors, values = lax.linalg.eigh((x + x.mT) / 2)
        return vectors * values[..., None, :] @ vectors.mT, values

    return rebuild, [x]


@case("svd")
def _(draw):
    def rebuild(x):
        left, values, right = jnp.linalg.svd(x, full_matrices=False)
        return left * values[..., None, :] @ right, values, jnp.linalg.svd(x, compute_uv=False)

    return rebuild, [array(draw, (2, 4, 3))]


# --- control --------------------------------------------------------------------------------------------------


@case("scan")
def _(draw):
    options = {"reverse": draw(st.booleans()), "length": draw(st.integers(0, 4))}
    x = array(draw, (options["length"], 3))

    def loop(x, scale):
        return lax.scan(lambda c, row: (jnp.tanh(c * scale + row), (c, jnp.sum(row))), scale, x, **options)

    return loop, [x, array(draw, (3,))]


@case("gradient of a scan")
def _(draw):
    def total(x, scale):
        return jnp.sum(lax.scan(lambda c, row: (jnp.tanh(c * scale + row), c), scale, x)[1])

    return jax.grad(total, (0, 1)), [array(draw, (4, 3)), array(draw, (3,))]


@case("while")
def _(draw):
    return lambda x, n: lax.while_loop(lambda s: s[0] < n, lambda s: (s[0] + 1, s[1] * 2 + n), (0, x)), [
        array(draw, (3,)),
        np.int32(draw(st.integers(0, 4))),
    ]


@case("while of a batch")
def _(draw):
    def count(x, limit):
        return lax.while_loop(lambda s: s[0] < limit, lambda s: (s[0] + x, s[1] + 1), (x, 0))

    return jax.vmap(count, (0, None)), [array(draw, (5,), low=0.5, high=2), np.float32(4)]


@case("cond")
def _(draw):
    branches = [lambda x: x, lambda x: x * 2, lambda x: x.at[0].set(0)]
    return lambda i, x: (lax.switch(i, branches, x), lax.cond(i > 0, jnp.sin, jnp.cos, x)), [
        np.int32(draw(st.integers(-2, 4))),
        array(draw, (3,)),
    ]


# --- calls and identities ---------------------------------------------------------------------------------------


@jax.custom_vjp
def clipped_gradient(x):
    return jnp.sin(x)


clipped_gradient.defvjp(lambda x: (jnp.sin(x), x), lambda x, g: (jnp.clip(g * jnp.cos(x), -1, 1),))


@case("calls")
def _(draw):
    def f(x):
        y = jax.jit(jax.nn.relu)(x) + jax.checkpoint(lambda x: jnp.sin(jnp.sin(x)))(x) + clipped_gradient(x)
        y = lax.optimization_barrier(lax.stop_gradient(jnp.copy(y)) + y)
        y = lax.with_sharding_constraint(y, jax.sharding.SingleDeviceSharding(jax.devices()[0]))
        return jnp.sum(jax.device_put(y) ** 2) + jnp.sum(jnp.concatenate(lax.optimization_barrier([y, y])))

    return lambda x: (f(x), jax.grad(f)(x)), [array(draw, (3, 4))]


@case("constants")
def _(draw):
    table = array(draw, (3,))
    return lambda x: (x + table, jnp.float32(2), np.arange(3)), [array(draw, (3,))]


@case("mixed precision")
def _(draw):
    x, w = array(draw, (3, 4), "bfloat16"), array(draw, (4, 2), "float32")
    return lambda x, w: (lax.dot_general(x, w, (((1,), (0,)), ((), ())), preferred_element_type="float32"),
                         lax.mul_p.bind(x, x, out_dtype=jnp.dtype("float32"))), [x, w]  # fmt: skip


# --- randomness -------------------------------------------------------------------------------------------------

DRAWS = {
    "bits": lambda k: [jax.random.bits(k, (3, 2), dtype) for dtype in ("uint8", "uint16", "uint32")],
    "uniform": lambda k: jax.random.uniform(k, (3, 5)),
    "uniform of bfloat16": lambda k: jax.random.uniform(k, (3, 5), "bfloat16"),
    "one number": jax.random.uniform,
    "dropout": lambda k: jax.random.bernoulli(k, 0.7, (4, 5)),
    "integers": lambda k: jax.random.randint(k, (6,), -3, 17),
    "permutation": lambda k: jax.random.permutation(k, 11),
    "split": lambda k: jax.random.key_data(jax.random.split(k, (2, 3))),
    "fold_in": lambda k: jax.random.key_data(jax.random.fold_in(k, 17)),
    "seed": lambda k: jax.random.key_data(jax.random.key(jax.random.key_data(k)[1].astype("int32"))),
    "keys of a batch": lambda k: jax.vmap(lambda k: jax.random.bits(k, (2,)))(jax.random.split(k, 3)),
    "numbers of a batch": lambda k: jax.vmap(lambda n: jax.random.bits(jax.random.fold_in(k, n)))(jnp.arange(4)),
    "keys moved about": lambda k: jax.random.key_data(
        jnp.concatenate([jax.random.split(k, 4)[::2], jax.random.split(k, 3)])[jnp.array([4, 0, 1])].reshape(3, 1).T
    ),
    "keys in a scan": lambda k: lax.scan(
        lambda k, own: (jax.random.fold_in(k, 1), jax.random.bits(k) ^ jax.random.bits(own)), k, jax.random.split(k, 3)
    )[1],
    "keys in a while": lambda k: jax.random.key_data(
        lax.while_loop(lambda s: s[1] < 3, lambda s: (jax.random.split(s[0])[1], s[1] + 1), (k, 0))[0]
    ),
    "keys in a cond": lambda k: jax.random.bits(
        lax.cond(jax.random.bernoulli(k), lambda k: jax.random.split(k)[0], lambda k: k, k)
    ),
    "key of constants": lambda k: jax.random.bits(jax.random.key(3)),
    "threefry itself": lambda k: jax.extend.random.threefry_2x32(jax.random.key_data(k), jnp.arange(6, dtype="uint32")),
}

CLOSE_DRAWS = {
    "normal": lambda k: jax.random.normal(k, (20,)),
    "truncated normal": lambda k: jax.random.truncated_normal(k, -2, 2, (9,)),
    "categorical": lambda k: jax.random.categorical(k, jnp.zeros((3, 4))),
    "gumbel": lambda k: jax.random.gumbel(k, (5,)),
    "gamma": lambda k: jax.random.gamma(k, jnp.array([0.5, 1.0, 3.0])),
    "beta": lambda k: jax.random.beta(k, 2.0, jnp.array([0.5, 3.0])),
    "binomial": lambda k: jax.random.binomial(k, 10.0, jnp.array([0.1, 0.5])),
    "poisson": lambda k: jax.random.poisson(k, jnp.array([0.5, 20.0])),
}


def raw_key(draw):
    return array(draw, (2,), "uint32", None)


def of_raw_key(function):
    return lambda raw: function(jax.random.wrap_key_data(raw))


DRAWS = {name: of_raw_key(function) for name, function in DRAWS.items()}
CLOSE_DRAWS = {name: of_raw_key(function) for name, function in CLOSE_DRAWS.items()}

for _name, _function in {**DRAWS, **CLOSE_DRAWS}.items():

    @case(f"draw: {_name}")
    def _(draw, function=_function):
        return function, [raw_key(draw)]
