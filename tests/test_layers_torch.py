"""Layers against PyTorch's, which knows nothing of Keras: outputs, and gradients with respect to inputs and weights."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cornu.layers as L
from cornu import variables as state

torch = pytest.importorskip("torch")

x = np.random.default_rng(0).normal(size=(3, 5, 4)).astype("float32")
integers = np.array([[1, 0, 3], [2, 2, 0]])


def random_weights(layer):
    draw = np.random.default_rng(1)
    layer.set_weights([np.abs(draw.normal(size=v.shape)) + 0.1 for v in layer.weights])
    return [torch.tensor(w, requires_grad=True) for w in layer.get_weights()]


def dense(x, kernel, bias):
    return torch.nn.functional.gelu(torch.nn.functional.linear(x, kernel.T, bias))


def layer_norm(x, gamma, beta):
    return torch.nn.functional.layer_norm(x, (4,), gamma, beta, eps=1e-3)


def group_norm(x, gamma, beta):
    return torch.nn.functional.group_norm(x.movedim(-1, 1), 2, gamma, beta, eps=1e-3).movedim(1, -1)


def rms_norm(x, scale):
    return torch.nn.functional.rms_norm(x, (4,), scale, eps=1e-6)


def batch_norm(x, gamma, beta, mean, variance):
    normed = torch.nn.functional.batch_norm(x.movedim(-1, 1), mean, variance, gamma, beta, training=True, eps=1e-3)
    return normed.movedim(1, -1)


def embedding(x, table):
    return torch.nn.functional.embedding(x, table)


CASES = [
    (lambda: L.Dense(3, activation="gelu"), dense, x, {}),
    (lambda: L.LayerNormalization(), layer_norm, x, {}),
    (lambda: L.GroupNormalization(2), group_norm, x, {}),
    (lambda: L.RMSNormalization(), rms_norm, x, {}),
    (lambda: L.BatchNormalization(), batch_norm, x, {"training": True}),
    (lambda: L.Embedding(5, 3), embedding, integers, {}),
]


def compare(make, theirs, inputs, call):
    layer = make()
    layer(inputs, **call)
    weights = random_weights(layer)
    floats = inputs.dtype == np.float32
    other = torch.tensor(inputs, requires_grad=floats)
    for weight, variable in zip(weights, layer.weights, strict=True):
        weight.requires_grad_(variable.trainable)
    expected = theirs(other, *weights)
    factor = np.random.default_rng(2).normal(size=expected.shape).astype("float32")
    (expected * torch.tensor(factor)).sum().backward()

    def total(values, given):
        outputs, _ = state.functional(lambda x: layer(x, **call), layer.weights)(values, given)
        return (outputs * factor).sum(), outputs

    values, given = [v.value for v in layer.weights], jnp.asarray(inputs)
    (_, outputs), (by_weight, *by_input) = jax.value_and_grad(total, (0, 1) if floats else (0,), has_aux=True)(
        values, given
    )
    np.testing.assert_allclose(outputs, expected.detach(), rtol=1e-5, atol=1e-5)
    for variable, mine, weight in zip(layer.weights, by_weight, weights, strict=True):
        if variable.trainable:
            np.testing.assert_allclose(mine, weight.grad, rtol=1e-4, atol=1e-5, err_msg=variable.name)
    if floats:
        np.testing.assert_allclose(by_input[0], other.grad, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("make, theirs, inputs, call", CASES, ids=[case[1].__name__ for case in CASES])
def test_layer_is_torch_s(make, theirs, inputs, call):
    compare(make, theirs, inputs, call)


def test_attention_is_torch_s():
    """PyTorch wants the heads' size to divide the model's: four features, two heads of two."""
    layer = L.MultiHeadAttention(2, 2)
    layer(x, x)
    weights = random_weights(layer)
    query, query_bias, key, key_bias, value, value_bias, output, output_bias = weights

    def flat(kernel):
        return kernel.reshape(4, 4).T

    expected, scores = torch.nn.functional.multi_head_attention_forward(
        *[torch.tensor(x).movedim(0, 1)] * 3, 4, 2, None,
        torch.cat([query_bias.flatten(), key_bias.flatten(), value_bias.flatten()]), None, None, False, 0.0,
        output.reshape(4, 4).T, output_bias, use_separate_proj_weight=True, q_proj_weight=flat(query),
        k_proj_weight=flat(key), v_proj_weight=flat(value), average_attn_weights=False,
    )  # fmt: skip
    outputs, mine = layer(x, x, return_attention_scores=True)
    np.testing.assert_allclose(outputs, expected.movedim(1, 0).detach(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(layer(x, x), expected.movedim(1, 0).detach(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(mine, scores.detach(), rtol=1e-5, atol=1e-6)


def test_the_comparison_catches_a_planted_error():
    def wrong(x, kernel, bias):
        return dense(x, kernel, bias * 1.001)

    with pytest.raises(AssertionError):
        compare(lambda: L.Dense(3, activation="gelu"), wrong, x, {})

    def wrong_gradient(x, kernel, bias):
        return dense(x, kernel, bias.detach()) + 1e-3 * (bias - bias.detach())

    with pytest.raises(AssertionError, match="bias"):
        compare(lambda: L.Dense(3, activation="gelu"), wrong_gradient, x, {})
