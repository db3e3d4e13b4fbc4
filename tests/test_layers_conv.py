"""Convolutions against Keras's and PyTorch's, and what they say when they are used wrongly."""

from __future__ import annotations

import inspect

import keras
import layer_harness
import numpy as np
import pytest
from layer_harness import Row, assert_close, normal, table

from cornu import layers

brief = ("weights", "inference", "symbolic", "precision")  # the same for every way to make a layer

ROWS = [
    Row(lambda L: L.Conv1D(3, 2), (2, 6, 4)),
    Row(lambda L: L.Conv1D(3, 3, strides=2, padding="causal", activation="relu"), (2, 7, 4), skip=brief),
    Row(lambda L: L.Conv1D(4, 3, dilation_rate=2, padding="same", groups=2, use_bias=False), (2, 8, 4), skip=brief),
    Row(
        lambda L: L.Conv1D(4, 3, dilation_rate=2, padding="causal", data_format="channels_first"), (2, 3, 8), skip=brief
    ),
    Row(lambda L: L.Conv2D(3, 3, kernel_regularizer="l2", activity_regularizer="l1"), (2, 5, 6, 2)),
    Row(lambda L: L.Conv2D(4, (3, 2), strides=(2, 1), padding="SAME", activation="tanh"), (2, 5, 6, 2), skip=brief),
    Row(
        lambda L: L.Conv2D(4, 2, dilation_rate=(2, 1), groups=2, data_format="channels_first"), (2, 4, 5, 6), skip=brief
    ),
    Row(lambda L: L.Conv2D(2, 3, padding="same", strides=2, kernel_constraint="max_norm"), (1, 6, 7, 3), skip=brief),
    Row(lambda L: L.Conv3D(2, 2), (2, 3, 4, 3, 2)),
    Row(
        lambda L: L.Conv3D(2, (1, 2, 3), strides=(1, 2, 1), padding="same", data_format="channels_first"),
        (1, 2, 3, 4, 5),
        skip=brief,
    ),
    Row(lambda L: L.Conv1DTranspose(3, 3), (2, 5, 4)),
    Row(lambda L: L.Conv1DTranspose(3, 2, strides=3, padding="same", activation="relu"), (2, 5, 4), skip=brief),
    Row(lambda L: L.Conv1DTranspose(3, 3, strides=2, padding="valid", output_padding=1), (2, 5, 4), skip=brief),
    Row(lambda L: L.Conv2DTranspose(3, 3, strides=2, padding="same"), (2, 3, 4, 2)),
    Row(
        lambda L: L.Conv2DTranspose(3, (3, 2), strides=(2, 3), padding="same", output_padding=(1, 0)),
        (2, 3, 4, 2),
        skip=brief,
    ),
    Row(
        lambda L: L.Conv2DTranspose(3, 2, dilation_rate=2, data_format="channels_first", use_bias=False),
        (2, 2, 3, 4),
        skip=brief,
    ),
    Row(lambda L: L.Conv3DTranspose(2, 2, strides=2), (1, 2, 3, 2, 2)),
    Row(
        lambda L: L.Conv3DTranspose(2, 3, 1, "same", "channels_first", kernel_regularizer="l1"),
        (1, 2, 2, 3, 2),
        skip=brief,
    ),
    Row(lambda L: L.DepthwiseConv1D(3, depth_multiplier=2), (2, 6, 3)),
    Row(lambda L: L.DepthwiseConv1D(2, strides=2, padding="same", data_format="channels_first"), (2, 3, 6), skip=brief),
    Row(
        lambda L: L.DepthwiseConv2D(3, depth_multiplier=2, activation="relu", depthwise_regularizer="l2"), (2, 5, 4, 3)
    ),
    Row(lambda L: L.DepthwiseConv2D(2, dilation_rate=2, padding="same", use_bias=False), (2, 5, 4, 3), skip=brief),
    Row(lambda L: L.SeparableConv1D(4, 3, depth_multiplier=2), (2, 6, 3)),
    Row(
        lambda L: L.SeparableConv1D(4, 3, strides=2, padding="same", pointwise_regularizer="l2"), (2, 6, 3), skip=brief
    ),
    Row(lambda L: L.SeparableConv2D(4, (3, 2), activation="relu"), (2, 5, 4, 3)),
    Row(
        lambda L: L.SeparableConv2D(4, 2, strides=2, data_format="channels_first", padding="same"),
        (2, 3, 5, 4),
        skip=brief,
    ),
]


@table(ROWS)
def test_layer(row, check):
    check(row)


# Signatures and names -------------------------------------------------------------------------------------------------

CLASSES = [name for name in dir(keras.layers) if "Conv" in name and "LSTM" not in name]


@pytest.mark.parametrize("name", CLASSES)
def test_signature(name):
    """Names and order of the arguments, so that positional ones mean the same."""
    theirs, ours = (inspect.signature(getattr(library, name).__init__) for library in (keras.layers, layers))
    assert list(ours.parameters) == list(theirs.parameters)
    for mine, other in zip(ours.parameters.values(), theirs.parameters.values(), strict=True):
        same = mine.default == other.default or set(np.atleast_1d(other.default)) == {mine.default}
        assert same, mine


# PyTorch --------------------------------------------------------------------------------------------------------------

TORCH = {
    "plain": {},
    "strides": {"strides": 2},
    "dilation": {"dilation_rate": 2},
    "groups": {"groups": 2},
}


def with_torch(rank: int, transposed: bool, arguments: dict) -> tuple:
    """The gradients of a sum of squares by cornu and by PyTorch, after the outputs."""
    torch = pytest.importorskip("torch")
    import jax

    from cornu import variables as state

    name = f"Conv{rank}D{'Transpose' * transposed}"
    layer = getattr(layers, name)(4, 3, **arguments)
    x = normal(2, *range(7, 7 + rank), 2)
    layer.build(x.shape)
    values = [normal(*v.shape, seed=i) for i, v in enumerate(layer.weights)]
    pure = state.functional(layer, layer.variables)

    def run(values, x):
        gradients = jax.grad(lambda values, x: (pure(values, x)[0] ** 2).sum(), (0, 1))(values, x)
        return pure(values, x)[0], *jax.tree.leaves(gradients)

    ours = jax.jit(run, compiler_options={"xla_backend_optimization_level": 0})(values, x)

    kernel, bias, inputs = (torch.tensor(v, requires_grad=True) for v in (*values, x))
    function = getattr(torch.nn.functional, f"conv{'_transpose' * transposed}{rank}d")
    options = {{"strides": "stride", "dilation_rate": "dilation"}.get(k, k): v for k, v in arguments.items()}
    order = (rank + 1, rank, *range(rank))
    outputs = function(inputs.movedim(-1, 1), kernel.permute(order), bias, **options).movedim(1, -1)
    (outputs**2).sum().backward()
    theirs = [outputs.detach(), kernel.grad, bias.grad, inputs.grad]
    return [np.asarray(v) for v in ours], [v.numpy() for v in theirs]


CASES = [(rank, False, case) for rank in (1, 2, 3) for case in TORCH]
CASES += [(rank, True, case) for rank in (1, 2, 3) for case in TORCH if case != "groups"]


@pytest.mark.parametrize(("rank", "transposed", "case"), CASES)
def test_pytorch_agrees(rank, transposed, case):
    names = ("output", "kernel", "bias", "input")
    for what, mine, other in zip(names, *with_torch(rank, transposed, TORCH[case]), strict=True):
        assert_close(mine, other, what)


def test_a_planted_error_is_seen():
    """A kernel whose window is turned round, as in the convolution of mathematics, isn't taken for the right one."""
    ours, theirs = with_torch(2, False, {})
    with pytest.raises(AssertionError):
        assert_close(ours[0][:, ::-1], theirs[0], "output")

    class Wrong(layers.Conv2D):
        def call(self, inputs):
            return super().call(inputs[:, ::-1])[:, ::-1]

    row = Row(lambda L: (Wrong if L._module is layers else L.Conv2D)(3, 2), (1, 4, 4, 2))
    with pytest.raises(AssertionError):
        layer_harness.check_inference(row)


# Unknown sizes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "rank"),
    [
        ("Conv1D", {"padding": "causal"}, 1),
        ("Conv2D", {"strides": 2, "padding": "same"}, 2),
        ("Conv3D", {}, 3),
        ("Conv2DTranspose", {"strides": 2}, 2),
        ("DepthwiseConv2D", {"padding": "same"}, 2),
        ("SeparableConv1D", {"filters": 4}, 1),
    ],
)
def test_unknown_sizes_of_space_stay_unknown(name, arguments, rank):
    arguments = {"kernel_size": 3, **({} if name == "DepthwiseConv2D" else {"filters": 4}), **arguments}
    layer = getattr(layers, name)(**arguments)
    assert layer.compute_output_shape((None,) * (rank + 1) + (4,)) == (None,) * (rank + 1) + (4,)
    assert layer(normal(2, *[8] * rank, 4)).shape == layer.compute_output_shape((2, *[8] * rank, 4))
    assert layer(normal(3, *[9] * rank, 4)).shape == layer.compute_output_shape((3, *[9] * rank, 4))


# Errors ---------------------------------------------------------------------------------------------------------------

ERRORS = [
    (lambda: layers.Conv2D(0, 3), "Conv2D: argument `filters`"),
    (lambda: layers.Conv2D(3, (3, 3, 3), name="c"), "Conv2D 'c': argument `kernel_size`"),
    (lambda: layers.Conv2D(3, 3, strides=0), "Conv2D: argument `strides`"),
    (lambda: layers.Conv2D(3, 3, padding="full"), "Conv2D: argument `padding`"),
    (lambda: layers.Conv2D(3, 3, padding="causal"), "Conv2D: argument `padding`"),
    (lambda: layers.Conv2D(3, 3, data_format="last"), "Conv2D: argument `data_format`"),
    (lambda: layers.Conv2D(3, 3, strides=2, dilation_rate=2, name="c"), "Conv2D 'c': `strides` and `dilation_rate`"),
    (lambda: layers.Conv2D(3, 3, groups=2, name="c"), "Conv2D 'c': `groups` doesn't divide the number of filters"),
    (lambda: layers.Conv2D(4, 3, groups=2, name="c")(normal(1, 4, 4, 3)), "Conv2D 'c': `groups`.*channels"),
    (lambda: layers.Conv2D(4, 3, name="c")(normal(1, 2, 4, 3)), "(?s)Conv2D 'c': the window is larger.*kernel_size"),
    (lambda: layers.Conv1D(4, 3, dilation_rate=4, name="c").build((None, 8, 3)), "(?s)Conv1D 'c'.*dilation_rate"),
    (lambda: layers.Conv2D(4, 3, name="c")(normal(1, 4, 3)), "'c'.*shape"),
    (lambda: layers.Conv2D(4, 3, name="c").build((None, 4, 4, None)), "'c': the size of axis -1"),
    (lambda: layers.Conv2D(4, 3, kernel_sise=2), "`kernel_sise`.* Did you mean 'kernel_size'"),
    (lambda: layers.Conv1DTranspose(4, 3, output_padding=1, name="c"), "'c': argument `output_padding`"),
    (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=(1, 1, 1)), "argument `output_padding`"),
    (lambda: layers.Conv2DTranspose(4, 3, 2, output_padding=-1), "argument `output_padding`"),
    (lambda: layers.Conv2DTranspose(4, 3, strides=2, dilation_rate=2), "`strides` and `dilation_rate`"),
    (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "DepthwiseConv2D: argument `depth_multiplier`"),
    (lambda: layers.DepthwiseConv2D(3, name="c")(normal(1, 2, 4, 3)), "DepthwiseConv2D 'c': the window"),
    (lambda: layers.SeparableConv2D(3, 3, name="c")(normal(1, 2, 4, 3)), "SeparableConv2D 'c': the window"),
]


@pytest.mark.parametrize(("use", "message"), ERRORS)
def test_error(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_a_smaller_input_than_the_one_that_built_the_layer_is_named():
    layer = layers.Conv2D(3, 3, name="c")
    layer(normal(1, 8, 8, 2))
    with pytest.raises(ValueError, match="Conv2D 'c': the window is larger"):
        layer(normal(1, 2, 8, 2))
