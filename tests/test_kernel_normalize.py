"""Normalization with a gradient of its own, against what differentiation makes of the formula."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

from cornu.kernels.normalize import normalize

EPSILON = 1e-3
# Shapes of the data, of gamma and beta, and the axes of the statistics.
CASES = {
    "batch": ((6, 4, 3, 5), (1, 1, 1, 5), (0, 1, 2)),
    "batch, channels first": ((6, 5, 4, 3), (1, 5, 1, 1), (0, 2, 3)),
    "layer": ((6, 4, 5), (1, 1, 5), (2,)),
    "groups": ((6, 4, 3, 2), (1, 1, 3, 2), (1, 3)),
    "numbers": ((6, 5), (), (0,)),
}


def draw(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), "float32")


def formula(x, gamma, beta, axes, epsilon):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return gamma * (x - mean) * lax.rsqrt(variance + epsilon) + beta, mean, variance


def inputs(case):
    shape, weights, axes = CASES[case]
    return (3 + 2 * draw(*shape), draw(*weights, seed=1), draw(*weights, seed=2)), axes


def agree(found, wanted, tolerance=2e-5):
    for a, b in zip(jax.tree.leaves(found), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def compare(case, compute=normalize):
    at, axes = inputs(case)
    mine, plain = (lambda *at, run=run: run(*at, axes, EPSILON) for run in (compute, formula))
    agree(mine(*at), plain(*at))
    weights = [draw(*part.shape, seed=3 + i) for i, part in enumerate(plain(*at))]
    total = lambda run: lambda *at: sum((w * part).sum() for w, part in zip(weights, run(*at), strict=True))  # noqa: E731
    gradients = [jax.grad(total(run), (0, 1, 2)) for run in (mine, plain)]
    agree(gradients[0](*at), gradients[1](*at), 1e-4)
    tangents = tuple(draw(*part.shape, seed=9 + i) for i, part in enumerate(at))
    agree(jax.jvp(mine, at, tangents), jax.jvp(plain, at, tangents), 1e-4)
    agree(*(jax.jvp(gradient, at, tangents)[1] for gradient in gradients), 1e-3)


@pytest.mark.parametrize("case", CASES)
def test_values_and_derivatives_of_both_orders(case):
    compare(case)


def test_a_planted_error_is_found():
    @jax.custom_jvp
    def wrong(x, gamma, beta):
        return formula(x, gamma, beta, axes, EPSILON)

    @wrong.defjvp
    def _differentiate(at, tangents):
        values = wrong(*at)
        return values, tuple(0.9 * t for t in jax.jvp(lambda *at: formula(*at, axes, EPSILON), at, tangents)[1])

    _, axes = inputs("batch")
    with pytest.raises(AssertionError):
        compare("batch", lambda x, gamma, beta, axes, epsilon: wrong(x, gamma, beta))


def test_a_mean_far_from_zero():
    x = 1000 + draw(4096, 3)
    y, _, variance = normalize(x, 1.0, 0.0, (0,), 0.0)
    exact = np.asarray(x, "float64")
    np.testing.assert_allclose(y, (exact - exact.mean(0)) / exact.std(0), atol=5e-4)
    np.testing.assert_allclose(variance[0], exact.var(0), rtol=1e-4)
