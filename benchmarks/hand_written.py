"""cornu's fit against a hand-written `lax.scan` over jitted steps, and against Keras on JAX, on the same work, in turn.

    python benchmarks/hand_written.py [--rounds 3] [--workloads softmax,mlp,sigmoid,deep,tiny] [--without-keras]

Each measurement is a process of its own: it builds the network, trains it for a few epochs and reports the fastest
epoch. The hand-written loop has no progress bar, no callbacks and counts loss and accuracy, as cornu does. Data are
random numbers of MNIST's shape: time doesn't depend on what they mean. Quote the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from functools import partial

import numpy as np

WORKLOADS = {
    # name: (samples, batch size, sizes of the layers, activation, dropout, optimizer, epochs)
    "softmax": (60000, 128, (784, 10), "linear", 0.0, "rmsprop", 6),
    "mlp": (60000, 128, (784, 500, 500, 10), "relu", 0.0, "rmsprop", 4),
    "sigmoid": (60000, 100, (784, 500, 500, 10), "sigmoid", 0.0, "adam", 4),
    "deep": (60000, 128, (784, 784, 784, 784, 10), "relu", 0.2, "adam", 3),
    "tiny": (150, 16, (4, 16, 3), "relu", 0.0, "adam", 300),
}


def data(samples: int, features: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and labels."""
    rng = np.random.default_rng(0)
    return rng.random((samples, features), dtype="float32"), rng.integers(0, classes, samples).astype("int32")


def train_with(package: str, name: str) -> list[float]:
    """The seconds of each epoch of `fit`, with cornu or Keras."""
    os.environ["KERAS_BACKEND"] = "jax"
    k = importlib.import_module(package)
    samples, batch, sizes, activation, dropout, optimizer, epochs = WORKLOADS[name]
    x, y = data(samples, sizes[0], sizes[-1])
    layers = [k.Input((sizes[0],))]
    layers += [k.layers.Dense(size, activation=activation) for size in sizes[1:-1]]
    layers += [k.layers.Dropout(dropout)] if dropout else []
    model = k.Sequential([*layers, k.layers.Dense(sizes[-1], activation="softmax")])
    made = k.optimizers.RMSprop(1e-4) if optimizer == "rmsprop" else k.optimizers.Adam(1e-3)
    model.compile(made, "sparse_categorical_crossentropy", metrics=["accuracy"])
    times: list[float] = []

    class Clock(k.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.began = time.perf_counter()

        def on_epoch_end(self, epoch, logs=None):
            times.append(time.perf_counter() - self.began)

    model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[Clock()])
    return times


def train_by_hand(name: str) -> list[float]:
    """The seconds of each epoch of a loop written in JAX."""
    import jax
    import jax.numpy as jnp

    samples, batch, sizes, activation, dropout, optimizer, epochs = WORKLOADS[name]
    x, y = map(jnp.asarray, data(samples, sizes[0], sizes[-1]))
    act = {"linear": lambda v: v, "relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid}[activation]
    rng = np.random.default_rng(1)
    weights = [
        (jnp.asarray(rng.normal(size=(a, b), scale=np.sqrt(2 / (a + b))), "float32"), jnp.zeros(b))
        for a, b in itertools.pairwise(sizes)
    ]

    def loss_of(weights, x, y, key):
        for kernel, bias in weights[:-1]:
            x = act(x @ kernel + bias)
        if dropout:
            x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0)
        logits = x @ weights[-1][0] + weights[-1][1]
        picked = jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None], axis=1)
        return -picked.mean(), (logits.argmax(-1) == y).sum()

    def rmsprop(w, g, m, v, t):
        v = 0.9 * v + 0.1 * g * g
        return w - 1e-4 * g / jnp.sqrt(v + 1e-7), m, v

    def adam(w, g, m, v, t):
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = 1e-3 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        return w - rate * m / (jnp.sqrt(v) + 1e-7), m, v

    update = {"rmsprop": rmsprop, "adam": adam}[optimizer]

    def step(state, rows, x, y):
        weights, ms, vs, t, key, total, right = state
        key, used = jax.random.split(key)
        (loss, hits), gradients = jax.value_and_grad(loss_of, has_aux=True)(weights, x[rows], y[rows], used)
        flat, structure = jax.tree.flatten(weights)
        new = [update(*parts, t + 1.0) for parts in zip(flat, *map(jax.tree.leaves, (gradients, ms, vs)), strict=True)]
        weights, ms, vs = (jax.tree.unflatten(structure, list(column)) for column in zip(*new, strict=True))
        return (weights, ms, vs, t + 1.0, key, total + loss * len(rows), right + hits), None

    @partial(jax.jit, donate_argnums=0)
    def epoch(state, order, x, y):
        return jax.lax.scan(lambda state, rows: step(state, rows, x, y), state, order)[0]

    zeros = jax.tree.map(jnp.zeros_like, weights)
    more = jax.tree.map(jnp.zeros_like, weights)
    state = (weights, zeros, more, jnp.float32(0), jax.random.key(0), jnp.float32(0), jnp.int32(0))
    times = []
    for _ in range(epochs):
        began = time.perf_counter()
        order = rng.permutation(samples).astype("int32")
        full = samples // batch * batch
        state = epoch(state, jnp.asarray(order[:full].reshape(-1, batch)), x, y)
        if full < samples:
            state = epoch(state, jnp.asarray(order[full:].reshape(1, -1)), x, y)
        float(state[5])
        times.append(time.perf_counter() - began)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(WORKLOADS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--without-keras", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        who, name = args.child
        print(json.dumps(train_by_hand(name) if who == "by hand" else train_with(who, name)))
        return
    contestants = ["cornu", "by hand", *([] if args.without_keras else ["keras"])]
    print("workload  " + "".join(f"{who:>12}" for who in contestants) + "   epoch; then each beside cornu's")
    for name in args.workloads.split(","):
        best: dict[str, list[float]] = {who: [] for who in contestants}
        for _ in range(args.rounds):
            for who in best:
                command = [sys.executable, __file__, "--child", who, name]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                times = json.loads(done.stdout.splitlines()[-1])[1:]
                best[who].append(min(times) if name != "tiny" else statistics.median(times))
        seconds = {who: statistics.median(times) for who, times in best.items()}
        ratios = "".join(f"{seconds[who] / seconds['cornu']:>8.2f}" for who in contestants[1:])
        print(f"{name:<10}" + "".join(f"{seconds[who] * 1e3:>10.1f}ms" for who in contestants) + ratios)


if __name__ == "__main__":
    main()
