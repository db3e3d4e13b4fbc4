"""Training steps in plain JAX: networks of each family, with gradient, Adam and dropout, as any engine has to run them.

Each entry gives (step, state, batch): `step(state, x, y) -> (state, loss)`.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax


def weights(random, **shapes):
    return {
        name: (random.normal(size=of) / np.sqrt(max(1, np.prod(of[:-1])))).astype("float32")
        for name, of in shapes.items()
    }


def cross_entropy(logits, labels):
    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(logits), labels[:, None], axis=-1))


def dropout(key, x, rate=0.3):
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)


def adam(network, state, x, y):
    """One step of Adam on the cross-entropy of a network's logits; the key moves on."""
    params, first, second, count, raw = state
    key, own = jax.random.split(jax.random.wrap_key_data(raw))
    loss, gradient = jax.value_and_grad(lambda p: cross_entropy(network(p, x, own), y))(params)
    count = count + 1
    first = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, first, gradient)
    second = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g**2, second, gradient)
    rate = 0.01 * jnp.sqrt(1 - 0.999**count) / (1 - 0.9**count)
    params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + 1e-3), params, first, second)
    return (params, first, second, count, jax.random.key_data(key)), loss


def entry(network, params, x, classes=3):
    """The step of a network, its first state, and a batch with labels."""
    zeros = jax.tree.map(np.zeros_like, params)
    state = (params, zeros, zeros, np.float32(0), np.array([0, 7], "uint32"))
    return partial(adam, network), state, (x, np.arange(len(x), dtype="int32") % classes)


def mlp():
    random = np.random.default_rng(0)

    def network(p, x, key):
        return dropout(key, jax.nn.relu(x @ p["w0"] + p["b0"])) @ p["w1"]

    params = weights(random, w0=(6, 16), b0=(16,), w1=(16, 3))
    return entry(network, params, random.normal(size=(8, 6)).astype("float32"))


def convolutional():
    """Convolutions: with stride, depthwise, transposed; batch normalization, maximum and average pooling."""
    random = np.random.default_rng(1)

    def conv(x, kernel, **options):
        options = {"window_strides": (1, 1), "padding": "SAME", **options}
        return lax.conv_general_dilated(x, kernel, dimension_numbers=("NHWC", "HWIO", "NHWC"), **options)

    def pool(x, start, combine):
        return lax.reduce_window(x, np.float32(start), combine, (1, 2, 2, 1), (1, 2, 2, 1), "SAME")

    def network(p, x, key):
        x = conv(x, p["conv"], window_strides=(2, 2))
        x = (x - x.mean((0, 1, 2))) * lax.rsqrt(x.var((0, 1, 2)) + 1e-3) * p["gamma"]
        x = pool(dropout(key, jax.nn.relu(x)), -np.inf, lax.max)
        x = conv(x, p["depthwise"], feature_group_count=4)
        x = conv(x, p["up"], lhs_dilation=(2, 2), padding=[(1, 1), (1, 1)])
        return pool(jax.nn.gelu(x), 0, lax.add).reshape(len(x), -1) @ p["out"]

    params = weights(random, conv=(3, 3, 2, 4), gamma=(4,), depthwise=(2, 2, 1, 4), up=(2, 2, 4, 3), out=(12, 3))
    return entry(network, params, random.normal(size=(4, 7, 7, 2)).astype("float32"))


def recurrent():
    """Embedding, mask, and an LSTM as a scan."""
    random = np.random.default_rng(2)

    def network(p, x, key):
        rows = dropout(key, p["embedding"][x])

        def cell(carry, row_and_mask):
            (h, c), (row, mask) = carry, row_and_mask
            i, f, g, o = jnp.split(row @ p["kernel"] + h @ p["recurrent"], 4, axis=-1)
            new_c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
            new_h = jax.nn.sigmoid(o) * jnp.tanh(new_c)
            return (jnp.where(mask, new_h, h), jnp.where(mask, new_c, c)), None

        start = (jnp.zeros((len(x), 4)),) * 2
        (h, _), _ = lax.scan(cell, start, (rows.swapaxes(0, 1), (x != 0).T[:, :, None]))
        return h @ p["out"]

    params = weights(random, embedding=(9, 5), kernel=(5, 16), recurrent=(4, 16), out=(4, 3))
    return entry(network, params, random.integers(0, 9, (4, 6)).astype("int32"))


def attention():
    """Causal attention of two heads, layer normalization, exact GELU."""
    random = np.random.default_rng(3)

    def normalize(x, gamma):
        return (x - x.mean(-1, keepdims=True)) * lax.rsqrt(x.var(-1, keepdims=True) + 1e-3) * gamma

    def network(p, x, key):
        x = p["embedding"][x] + p["places"]
        q, k, v = (jnp.einsum("btd,dhe->bthe", x, p[name]) for name in ("q", "k", "v"))
        scores = jnp.einsum("bqhe,bkhe->bhqk", q, k) / 2
        scores = jnp.where(jnp.tril(jnp.ones((5, 5), bool)), scores, -1e9)
        mixed = jnp.einsum("bhqk,bkhe->bqhe", dropout(key, jax.nn.softmax(scores)), v)
        x = normalize(x + jnp.einsum("bqhe,hed->bqd", mixed, p["mix"]), p["gamma"])
        return (x + jax.nn.gelu(x @ p["up"], approximate=False) @ p["down"]).mean(1) @ p["out"]

    params = weights(
        random, embedding=(7, 8), places=(5, 8), q=(8, 2, 4), k=(8, 2, 4), v=(8, 2, 4), mix=(2, 4, 8), gamma=(8,),
        up=(8, 12), down=(12, 8), out=(8, 3),
    )  # fmt: skip
    return entry(network, params, random.integers(0, 7, (4, 5)).astype("int32"))


STEPS = {f.__name__: f for f in (mlp, convolutional, recurrent, attention)}
