"""Cases of what is constant, repeated or moved for nothing: what `simplify` shortens, and what it must leave alone."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from case_table import case
from jax import lax

SPECIAL = np.array([-0.0, 0.0, np.nan, np.inf, -np.inf, 1.5], "float32")


@case("a long iota")
def _(draw):
    return lambda x: lax.iota(jnp.int32, 20_000) + x, [np.int32(3)]


@case("identities of floats")
def _(draw):
    def function(x):
        one, zero = jnp.ones_like(x), jnp.zeros_like(x)
        sums = x + zero, x - zero, x + -zero, zero - x
        return *sums, x * one, x / one, x * zero, jnp.maximum(-jnp.inf, x), jnp.minimum(x, jnp.inf), jnp.maximum(x, 0)

    return function, [SPECIAL]


@case("identities of integers")
def _(draw):
    def function(x):
        low, high = np.iinfo("int32").min, np.iinfo("int32").max
        numbers = (
            x + 0,
            0 - x,
            x - 0,
            x * 1,
            x * 0,
            jnp.maximum(x, low),
            jnp.minimum(high, x),
            x | 0,
            x & -1,
            x ^ 0,
            x & 0,
        )
        return *numbers, jnp.maximum(high, x), jnp.minimum(low, x), x << 0, x >> 0

    return function, [np.array([0, 1, -1, 7, -(2**31)], "int32")]


@case("choices that are known")
def _(draw):
    def function(x, p):
        both = jnp.where(True, x, 2.0), jnp.where(jnp.zeros(6, bool), x, 2.0), jnp.where(p, x, x), jnp.where(p, 1.0, x)
        return *both, jnp.where(p[:, None], jnp.zeros((6, 3)), 1.0), p & True, p | True, p & False, ~p | p

    return function, [SPECIAL, SPECIAL > 0]


@case("values repeated along axes")
def _(draw):
    def function(x, y):
        rows, columns = jnp.broadcast_to(x[:, None], (2, 3)), jnp.broadcast_to(y, (2, 3))
        full = jnp.full((2, 3), y[0])
        mixed = rows + columns, -rows, rows * full, full + 1, full.reshape(6) @ jnp.ones(6), rows + rows * 2
        moved = full.T, full[:, 1:], full[::-1], rows.T + 1, rows.reshape(6), lax.rev(columns, (0, 1))
        more = jnp.broadcast_to(rows, (2, 2, 3)) + columns, jnp.where(rows > 1, full, columns)
        return *mixed, *moved, *more, rows.sum(0), full.max()

    return function, [np.float32([1.5, -2.0]), np.float32([3.0, -0.0, 0.5])]


@case("moved for nothing")
def _(draw):
    def function(x):
        there_and_back = x.T.T, x.reshape(6).reshape(2, 3), x.reshape(1, 2, 3)[0], jnp.transpose(x[None], (1, 0, 2))
        parts = (
            x[0:2][:, 1:][:, 1:],
            x[:, ::2][1:],
            x[:, 1:][::2],
            lax.pad(lax.pad(x, x.dtype.type(0), [(1, 0, 0)] * 2), x.dtype.type(0), [(0, 2, 0)] * 2),
        )
        others = jnp.pad(jnp.pad(x, 1), 1, constant_values=2.0), x.sum(()), lax.reduce_sum_p.bind(x[None], axes=(0,))
        return *there_and_back, *parts, *others, x[None].max(0), x[None].sum(1).sum(0), (x.T.T @ x.T).T, (x @ x.T).T

    return function, [np.float32([[1.0, -0.0, 2.0], [0.5, np.inf, -3.0]])]


@case("computed twice")
def _(draw):
    def function(x, n):
        def body(i, carry):
            return carry + jnp.exp(x) * jnp.exp(x) + jnp.zeros_like(x).at[i].set(1.0), (x + 0) * i

        total, rows = lax.scan(lambda carry, i: body(i, carry), jnp.zeros_like(x), jnp.arange(3))
        turned = lax.while_loop(
            lambda s: s[0] < n, lambda s: (s[0] + 1, jnp.sin(x) + jnp.sin(x) + s[1] * jnp.ones_like(x)), (0, x)
        )
        return total, rows, turned, jax.grad(lambda x: (jax.nn.log_softmax(x) * jax.nn.softmax(x)).sum())(x)

    return function, [np.float32([0.5, -1.0, 2.0]), np.int32(3)]
