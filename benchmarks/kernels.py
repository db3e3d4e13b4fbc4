"""What stands in for XLA's own on a CPU, beside it, in turn: every row should show that it is still needed.

    python benchmarks/kernels.py
    python benchmarks/kernels.py --rows depthwise,lstm --turns 20
    python benchmarks/kernels.py --output benchmarks/performance.json

Each figure is the shortest of some calls, in milliseconds. A convolution has a row for each pass (forward, the
gradient by the inputs, that by the kernel) whose formulation isn't XLA's own; both sides have the same compiler
options. The other kernels stand beside the plain formula and the gradient that automatic differentiation makes of it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import measuring
import numpy as np
from jax import lax
from measuring import markdown

from cornu import _jax, activations
from cornu.engines import cpu_convolution
from cornu.kernels import conv, normalize, pool, recurrent

Pair = tuple[Callable, Callable, tuple]
"""What cornu computes, what stands beside it, and the inputs of both."""


def draw(*shape: int) -> jax.Array:
    return jnp.asarray(np.random.default_rng(sum(shape)).normal(size=shape), "float32")


# --- convolutions -----------------------------------------------------------------------------------------------------

CONVOLUTIONS: dict[str, tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = {
    "one input, 3x3, 28x28x1 to 32": ((128, 28, 28, 1), (3, 3, 1, 32), {}),
    "few inputs, 3x3, 32x32x3 to 32": ((128, 32, 32, 3), (3, 3, 3, 32), {}),
    "few inputs, 7x7, strides of 2, 64x64x1 to 16": ((64, 64, 64, 1), (7, 7, 1, 16), {"strides": 2}),
    "depthwise, 3x3, 28x28x64": ((64, 28, 28, 64), (3, 3, 1, 64), {"groups": 64, "padding": "same"}),
    "depthwise, strides of 2": ((64, 28, 28, 64), (3, 3, 1, 64), {"groups": 64, "padding": "same", "strides": 2}),
    "4 groups, 3x3, 28x28x64": ((64, 28, 28, 64), (3, 3, 16, 64), {"groups": 4, "padding": "same"}),
    "3x3, strides of 2, 28x28x32 to 64": ((128, 28, 28, 32), (3, 3, 32, 64), {"padding": "same", "strides": 2}),
    "1x1, 14x14x128 to 256": ((128, 14, 14, 128), (1, 1, 128, 256), {}),
    "3x3x3, 16x16x16x8 to 16": ((32, 16, 16, 16, 8), (3, 3, 3, 8, 16), {"padding": "same"}),
}


def convolution(shape: tuple[int, ...], kernel: tuple[int, ...], how: dict[str, Any]) -> Iterator[tuple[str, Pair]]:
    """The three passes of a convolution whose formulation isn't XLA's."""
    x, weights = draw(*shape), draw(*kernel)
    forward = lambda x, kernel: conv.conv(x, kernel, **how)  # noqa: E731
    y = forward(x, weights)
    by_inputs = lambda kernel, y: jax.linear_transpose(lambda x: forward(x, kernel), x)(y)  # noqa: E731
    by_kernel = lambda x, y: jax.linear_transpose(lambda kernel: forward(x, kernel), weights)(y)  # noqa: E731
    passes = {"forward": (forward, x, weights), "by inputs": (by_inputs, weights, y), "by kernel": (by_kernel, x, y)}
    for name, (function, *inputs) in passes.items():
        closed = jax.make_jaxpr(function)(*inputs)
        rewritten = cpu_convolution.rewrite(closed)
        if str(rewritten) != str(closed):
            yield name, (_jax.as_function(rewritten), _jax.as_function(closed), tuple(inputs))


# --- other kernels ----------------------------------------------------------------------------------------------------


def gradients(function: Callable, *inputs: Any) -> Callable:
    """The gradients of the sum of squares of a function's first result, by all inputs."""
    total = lambda *inputs: jnp.sum(jnp.square(jax.tree.leaves(function(*inputs))[0]))  # noqa: E731
    return jax.grad(total, tuple(range(len(inputs))))


def pooling() -> Pair:
    x = draw(128, 26, 26, 32)
    slide = lambda x: lax.reduce_window(x, -np.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")  # noqa: E731
    return gradients(lambda x: pool.max_pool(x, 2), x), gradients(slide, x), (x,)


def normalization() -> Pair:
    inputs, axes = (draw(128, 28, 28, 32), draw(32), draw(32)), (0, 1, 2)

    def formula(x: Any, gamma: Any, beta: Any) -> Any:
        mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
        return gamma * (x - mean) * lax.rsqrt(variance + 1e-3) + beta

    kernel = lambda x, gamma, beta: normalize.normalize(x, gamma, beta, axes, 1e-3)  # noqa: E731
    return gradients(kernel, *inputs), gradients(formula, *inputs), inputs


def lstm() -> Pair:
    x, states, (features, units) = draw(28, 128, 28), [jnp.zeros((128, 128))] * 2, (28, 128)
    inputs = (draw(features, 4 * units) / 8, draw(units, 4 * units) / 16, draw(4 * units))

    def kernel(*weights: Any) -> Any:
        return recurrent.lstm(x, states, *weights, activations.tanh, activations.sigmoid, sequences=False)

    def plain(kernel: Any, recurrent_kernel: Any, bias: Any) -> Any:
        def step(states: Any, x: Any) -> tuple[Any, None]:
            i, f, g, o = jnp.split(x @ kernel + states[0] @ recurrent_kernel + bias, 4, axis=-1)
            c = jax.nn.sigmoid(f) * states[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
            return (jax.nn.sigmoid(o) * jnp.tanh(c), c), None

        return lax.scan(step, tuple(states), x)[0]

    return gradients(kernel, *inputs), gradients(plain, *inputs), inputs


KERNELS: dict[str, Callable[[], Pair]] = {
    "maximum of 2x2, 26x26x32, gradient": pooling,
    "batch normalization, 28x28x32, gradient": normalization,
    "LSTM 128 over 28 steps, gradient": lstm,
}


# --- all of them ------------------------------------------------------------------------------------------------------


def rows(chosen: str) -> Iterator[tuple[str, Pair, bool]]:
    """The rows whose names hold one of the words, and whether they are convolutions."""
    wanted = lambda name: any(word in name for word in chosen.split(","))  # noqa: E731
    for name, row in CONVOLUTIONS.items():
        if wanted(name):
            for which, pair in convolution(*row):
                yield f"{name}, {which}", pair, True
    for name, make in KERNELS.items():
        if wanted(name):
            yield name, make(), False


def measure(pair: Pair, options: dict[str, Any], turns: int) -> dict[str, float]:
    """The shortest call of each side, in milliseconds, over turns."""
    *functions, inputs = pair
    calls = [jax.jit(function, compiler_options=options).lower(*inputs).compile() for function in functions]
    best = [float("inf")] * len(calls)
    for _ in range(turns):
        for side, call in enumerate(calls):
            began = time.perf_counter()
            jax.block_until_ready(call(*inputs))
            best[side] = min(best[side], 1e3 * (time.perf_counter() - began))
    return dict(zip(("cornu", "beside"), best, strict=True))


def table(found: dict[str, dict[str, float]]) -> str:
    """The figures in Markdown."""
    body = [
        [name, f"{run['cornu']:.3g}", f"{run['beside']:.3g}", f"{run['beside'] / run['cornu']:.2g}"]
        for name, run in found.items()
    ]
    return markdown([["", "cornu, ms", "XLA's own, ms", "times"], *body])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", default="", help="words, divided by commas, one of which a row's name holds")
    parser.add_argument("--turns", type=int, default=15)
    parser.add_argument("--output", type=Path, help="a file of figures, whose other tables stay")
    options = parser.parse_args()
    found = {
        name: measure(pair, _jax.convolution_options() if convolves else {}, options.turns)
        for name, pair, convolves in rows(options.rows)
    }
    print(table(found))
    if options.output:
        measuring.keep("kernels", {"tables": {"kernels": found}}, options.output)


if __name__ == "__main__":
    main()
