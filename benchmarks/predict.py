"""Prediction of one row: `model.predict` beside the bare jitted call, and beside Keras on JAX.

python benchmarks/predict.py [--calls 200]
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import time
from collections.abc import Callable

import jax
import numpy as np

X = np.ones((1, 784), "float32")


def milliseconds(call: Callable[[], object], count: int) -> float:
    """The median duration of a call."""
    call()
    times = []
    for _ in range(count):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return statistics.median(times) * 1e3


def network(package: str):
    """784-500-500-10 with cornu or Keras."""
    k = importlib.import_module(package)
    hidden = [k.layers.Dense(500, activation="relu") for _ in range(2)]
    return k.Sequential([k.Input((784,)), *hidden, k.layers.Dense(10, activation="softmax")])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=200)
    args = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "jax"
    model, theirs = network("cornu"), network("keras")
    weights = [jax.numpy.asarray(value) for value in model.get_weights()]

    @jax.jit
    def bare(weights, x):
        for kernel, bias in zip(weights[0:4:2], weights[1:4:2], strict=True):
            x = jax.nn.relu(x @ kernel + bias)
        return jax.nn.softmax(x @ weights[4] + weights[5])

    ours = milliseconds(lambda: model.predict(X, verbose=0), args.calls)
    least = milliseconds(lambda: np.asarray(bare(weights, X)), args.calls)
    keras = milliseconds(lambda: theirs.predict(X, verbose=0), args.calls)
    print(
        f"cornu {ours:.3f} ms; bare jitted call {least:.3f} ms (cornu: {ours / least:.1f} of it); Keras {keras:.3f} ms"
    )


if __name__ == "__main__":
    main()
