"""Convolution and pooling, against Keras and PyTorch, and as linear maps against themselves."""

from __future__ import annotations

import itertools

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cornu.kernels import conv, pool
from cornu.symbolic import KerasTensor, infer

SPACE, WINDOW = (7, 8, 6), (3, 2, 3)


def draw(*shape):
    return np.random.default_rng(sum(shape)).normal(size=shape).astype("float32")


def inputs(rank, data_format, channels=4):
    space = SPACE[:rank]
    return draw(2, *space, channels) if data_format == "channels_last" else draw(2, channels, *space)


LAYOUTS = [
    (1, "channels_last"),
    (1, "channels_first"),
    (2, "channels_last"),
    (2, "channels_first"),
    (3, "channels_last"),
]
STEPS = [(1, 1), (2, 1), (1, 2)]
CASES = [(*layout, padding, *steps) for layout, padding, steps in itertools.product(LAYOUTS, ("valid", "same"), STEPS)]


def agree(found, expected):
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rank, layout, padding, strides, dilation", CASES)
def test_convolutions_are_those_of_keras(rank, layout, padding, strides, dilation):
    x = inputs(rank, layout)
    options = {"strides": strides, "padding": padding, "data_format": layout, "dilation_rate": dilation}
    grouped, each, back = (draw(*WINDOW[:rank], *ends) for ends in ((2, 6), (4, 2), (5, 4)))
    agree(conv.conv(x, grouped, strides, padding, dilation, 2, layout), keras.ops.conv(x, grouped, **options))
    agree(conv.depthwise(x, each, strides, padding, dilation, layout), keras.ops.depthwise_conv(x, each, **options))
    for extra in (None, 0, 1)[: 2 + (strides > 1)]:
        found = conv.conv_transpose(x, back, strides, padding, extra, dilation, layout)
        agree(found, keras.ops.conv_transpose(x, back, output_padding=extra, **options))
        space = found.shape[1:-1] if layout == "channels_last" else found.shape[2:]
        windows = [(w - 1) * dilation + 1 for w in WINDOW[:rank]]
        assert space == tuple(
            conv.transposed_size(n, w, strides, padding, extra) for n, w in zip(SPACE, windows, strict=False)
        )


@pytest.mark.parametrize("strides", [1, 2])
def test_conv_transpose_is_the_transpose_of_conv(strides):
    x, y, kernel = draw(2, 5, 6, 3), draw(2, *(n * strides for n in (5, 6)), 4), draw(3, 3, 4, 3)
    forward = conv.conv(y, kernel, strides, "same")
    agree(jnp.vdot(forward, x), jnp.vdot(y, conv.conv_transpose(x, kernel, strides, "same")))


def test_explicit_padding():
    x, kernel = draw(1, 5, 2), draw(3, 2, 4)
    padded = np.pad(x, ((0, 0), (2, 0), (0, 0)))
    agree(conv.conv(x, kernel, padding=[(2, 0)]), conv.conv(padded, kernel))


WINDOWS = [(2, None), (3, None), (2, 1), (3, 2), (2, 3), (1, None), (1, 2)]
POOLS = [(*layout, padding, *w) for layout, padding, w in itertools.product(LAYOUTS, ("valid", "same"), WINDOWS)]


@pytest.mark.parametrize("rank, layout, padding, size, strides", POOLS)
@pytest.mark.parametrize("name", ["max_pool", "average_pool"])
def test_pooling_is_that_of_keras(name, rank, layout, padding, size, strides):
    x = inputs(rank, layout)
    expected = getattr(keras.ops, name)(x, size, strides or size, padding, layout)
    agree(getattr(pool, name)(jnp.asarray(x), size, strides, padding, layout), expected)


@pytest.mark.parametrize("name, theirs", [("max_pool", "max_pool2d"), ("average_pool", "avg_pool2d")])
@pytest.mark.parametrize("size, strides", [(2, 2), (3, 2)])
def test_pooling_and_its_gradient_are_those_of_pytorch(name, theirs, size, strides):
    torch = pytest.importorskip("torch")
    x, weight = draw(2, 3, 8, 8), draw(2, 3, (8 - size) // strides + 1, (8 - size) // strides + 1)
    tensor = torch.tensor(x, requires_grad=True)
    out = getattr(torch.nn.functional, theirs)(tensor, size, strides)
    (out * torch.tensor(weight)).sum().backward()

    def call(x):
        return getattr(pool, name)(x, size, strides, "valid", "channels_first")

    agree(call(jnp.asarray(x)), out.detach().numpy())
    agree(jax.grad(lambda x: (call(x) * weight).sum())(jnp.asarray(x)), tensor.grad.numpy())


def test_pooling_of_integers_and_16_bits():
    x = np.arange(8, dtype="int32").reshape(1, 8, 1) - 9
    assert pool.max_pool(jnp.asarray(x), 2).ravel().tolist() == [-8, -6, -4, -2]
    assert pool.max_pool(jnp.asarray(x), 3, 1).dtype == "int32"
    for dtype in ("float16", "bfloat16"):
        assert pool.average_pool(jnp.asarray(x, dtype), 2).dtype == dtype
        assert pool.average_pool(jnp.asarray(x, dtype), 3, 1, "same").dtype == dtype


@pytest.mark.parametrize("shape", [(None, 8, 8, 4), (None, None, None, 4)])
@pytest.mark.parametrize("padding, expected", [("same", 4), ("valid", 3)])
def test_unknown_sizes(shape, padding, expected):
    known = shape[1] is not None
    found = infer(lambda x: conv.conv(x, np.ones((3, 3, 4, 2), "float32"), 2, padding), (KerasTensor(shape),))
    assert KerasTensor((), aval=found).shape == (None, *((expected,) * 2 if known else (None, None)), 2)
    found = infer(lambda x: pool.max_pool(x, 2, None, padding), (KerasTensor(shape),))
    assert KerasTensor((), aval=found).shape == (None, *((4, 4) if known else (None, None)), 4)


def test_a_planted_error_is_found():
    x = draw(1, 6, 2)
    with pytest.raises(AssertionError):
        agree(pool.max_pool(x, 2), pool.average_pool(x, 2))


ERRORS = [
    lambda: conv.conv(draw(1, 5, 3), draw(2, 2, 4)),
    lambda: conv.conv(draw(1, 5, 3), draw(6, 3, 4)),
    lambda: conv.conv_transpose(draw(1, 5, 3), draw(2, 4, 2)),
    lambda: pool.max_pool(draw(1, 5, 3), 6),
]


@pytest.mark.parametrize("call", ERRORS)
def test_errors_name_what_came(call):
    with pytest.raises(ValueError, match=r"5, 3\)"):
        call()
