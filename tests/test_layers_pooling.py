"""Poolings against Keras's and PyTorch's, masks, and what they say when they are used wrongly."""

from __future__ import annotations

import inspect

import keras
import layer_harness
import numpy as np
import pytest
from layer_harness import Row, assert_close, normal, table

from cornu import layers, tags

some = np.array([[True, True, False, True, False, False], [False, True, True, True, True, True]])

brief = ("weights", "inference", "symbolic", "precision")  # the same for every way to make a layer

ROWS = [
    Row(lambda L: L.MaxPooling1D(), (2, 6, 3)),
    Row(lambda L: L.MaxPooling1D(3, strides=1, padding="same", data_format="channels_first"), (2, 3, 6), skip=brief),
    Row(lambda L: L.MaxPooling2D(2), (2, 5, 6, 3)),
    Row(lambda L: L.MaxPooling2D((3, 2), strides=(1, 2), padding="same"), (2, 5, 6, 3), skip=brief),
    Row(lambda L: L.MaxPooling2D(3, strides=2, data_format="channels_first"), (2, 3, 5, 6), skip=brief),
    Row(lambda L: L.MaxPooling3D(2), (2, 4, 5, 4, 2)),
    Row(lambda L: L.MaxPooling3D((1, 2, 3), strides=1, padding="same"), (1, 3, 4, 4, 2), skip=brief),
    Row(lambda L: L.AveragePooling1D(2), (2, 6, 3)),
    Row(lambda L: L.AveragePooling1D(4, strides=3, padding="same"), (2, 6, 3), skip=brief),
    Row(lambda L: L.AveragePooling2D((2, 2)), (2, 5, 6, 3)),
    Row(
        lambda L: L.AveragePooling2D(3, strides=2, padding="same", data_format="channels_first"),
        (2, 3, 5, 6),
        skip=brief,
    ),
    Row(lambda L: L.AveragePooling3D(2, padding="same"), (2, 3, 5, 4, 2)),
    Row(lambda L: L.GlobalMaxPooling1D(), (2, 6, 3)),
    Row(lambda L: L.GlobalMaxPooling1D("channels_first", keepdims=True), (2, 3, 6), skip=brief),
    Row(lambda L: L.GlobalMaxPooling2D(keepdims=True), (2, 5, 6, 3)),
    Row(lambda L: L.GlobalMaxPooling3D(data_format="channels_first"), (2, 3, 4, 5, 2)),
    Row(lambda L: L.GlobalAveragePooling1D(), (2, 6, 3)),
    Row(lambda L: L.GlobalAveragePooling1D(), (2, 6, 3), mask=some, name="GlobalAveragePooling1D-masked", skip=brief),
    Row(lambda L: L.GlobalAveragePooling1D("channels_first", keepdims=True), (2, 3, 6), mask=some, skip=brief),
    Row(lambda L: L.GlobalAveragePooling2D(data_format="channels_first"), (2, 3, 5, 6)),
    Row(lambda L: L.GlobalAveragePooling3D(keepdims=True), (2, 3, 4, 5, 2)),
    Row(lambda L: L.AdaptiveMaxPooling1D(4), (2, 7, 3)),
    Row(lambda L: L.AdaptiveMaxPooling2D((2, 3)), (2, 5, 7, 3)),
    Row(lambda L: L.AdaptiveMaxPooling3D(2, data_format="channels_first"), (2, 3, 4, 5, 3)),
    Row(lambda L: L.AdaptiveAveragePooling1D(4, data_format="channels_first"), (2, 3, 7)),
    Row(lambda L: L.AdaptiveAveragePooling2D(3), (2, 5, 7, 3)),
    Row(lambda L: L.AdaptiveAveragePooling3D((1, 2, 3)), (2, 3, 4, 5, 2)),
]


@table(ROWS)
def test_layer(row, check):
    check(row)


@pytest.mark.parametrize("name", [name for name in dir(keras.layers) if "Pool" in name])
def test_signature(name):
    """Names and order of the arguments, so that positional ones mean the same; `MaxPool2D` is `MaxPooling2D`."""
    theirs, ours = (inspect.signature(getattr(library, name).__init__) for library in (keras.layers, layers))
    assert list(ours.parameters) == list(theirs.parameters)
    assert getattr(layers, name).__name__ == getattr(keras.layers, name).__name__


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["max", "average", "adaptive_max", "adaptive_average"])
def test_pytorch_agrees(rank, kind):
    torch = pytest.importorskip("torch")
    name = "".join(map(str.title, kind.split("_"))) + f"Pooling{rank}D"
    x = normal(2, *range(7, 7 + rank), 3)
    if kind.startswith("adaptive"):
        layer, arguments = getattr(layers, name)(3), {"output_size": 3}
    else:
        layer, arguments = getattr(layers, name)(3, strides=2), {"kernel_size": 3, "stride": 2}
    function = getattr(torch.nn.functional, f"{kind.replace('average', 'avg')}_pool{rank}d")
    theirs = function(torch.tensor(x).movedim(-1, 1), **arguments).movedim(1, -1).numpy()
    assert_close(layer(x), theirs, name)
    with pytest.raises(AssertionError):
        assert_close(layer(x[:, ::-1]), theirs, "a planted error")


def test_a_planted_error_is_seen_by_the_harness():
    class Wrong(layers.AveragePooling1D):
        def call(self, inputs):
            return super().call(inputs) * 1.001

    with pytest.raises(AssertionError):
        layer_harness.check_inference(
            Row(lambda L: (Wrong if L._module is layers else L.AveragePooling1D)(2), (2, 6, 3))
        )


# Masks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["GlobalMaxPooling1D", "GlobalAveragePooling1D"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_masked_steps_do_not_count(name, data_format):
    """A row with padding, wherever it stands, gives what the row without padding gives alone."""
    x = normal(2, 6, 3) - 5  # every datum is less than the 0 that a careless maximum would find
    first = data_format == "channels_first"
    layer = getattr(layers, name)(data_format)
    together = layer(np.moveaxis(x, -1, 1) if first else x, mask=some)
    for row, mask, result in zip(x, some, together, strict=True):
        alone = row[None, mask]
        assert_close(layer(np.moveaxis(alone, -1, 1) if first else alone)[0], result, "alone")
    assert tags.get_mask(together) is None
    assert (
        np.asarray(layer(x.transpose(0, 2, 1) if first else x, mask=np.zeros((2, 6), bool))).tolist() == [[0.0] * 3] * 2
    )


def test_the_mask_comes_from_the_layer_before():
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    embedding = layers.Embedding(5, 3, mask_zero=True)
    for pooling in (layers.GlobalMaxPooling1D(), layers.GlobalAveragePooling1D()):
        assert_close(pooling(embedding(ids))[1], embedding(ids)[1, 0], "one step")


# Unknown sizes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [{}, {"padding": "same"}, {"strides": 1}, {"pool_size": 3, "strides": 2}])
@pytest.mark.parametrize("name", ["MaxPooling2D", "AveragePooling2D"])
def test_unknown_sizes_of_space_stay_unknown(name, arguments):
    layer = getattr(layers, name)(**{"pool_size": 2, **arguments})
    assert layer.compute_output_shape((None, None, None, 3)) == (None, None, None, 3)
    assert layer.compute_output_shape((2, 7, 6, 3)) == layer(normal(2, 7, 6, 3)).shape


def test_pooling_of_unknown_space_has_a_known_size():
    for name in ("GlobalMaxPooling2D", "GlobalAveragePooling2D"):
        assert getattr(layers, name)().compute_output_shape((None, None, None, 3)) == (None, 3)
    for name in ("AdaptiveMaxPooling2D", "AdaptiveAveragePooling2D"):
        assert getattr(layers, name)(2).compute_output_shape((None, None, None, 3)) == (None, 2, 2, 3)


# Errors ---------------------------------------------------------------------------------------------------------------

ERRORS = [
    (lambda: layers.MaxPooling2D(0), "MaxPooling2D: argument `pool_size`"),
    (lambda: layers.MaxPooling2D((2, 2, 2), name="p"), "MaxPooling2D 'p': argument `pool_size`"),
    (lambda: layers.MaxPooling2D(strides=0), "MaxPooling2D: argument `strides`"),
    (lambda: layers.AveragePooling1D(2, padding="causal"), "AveragePooling1D: argument `padding`"),
    (lambda: layers.AveragePooling1D(2, data_format="first"), "AveragePooling1D: argument `data_format`"),
    (
        lambda: layers.AveragePooling2D(4, name="p")(normal(1, 3, 5, 2)),
        "(?s)AveragePooling2D 'p': the window.*pool_size",
    ),
    (lambda: layers.MaxPooling1D(name="p")(normal(2, 3)), "'p'.*shape"),
    (lambda: layers.GlobalMaxPooling2D(name="p")(normal(2, 3, 4)), "'p'.*shape"),
    (lambda: layers.GlobalMaxPooling2D(keepdims="yes"), "GlobalMaxPooling2D: argument `keepdims`"),
    (lambda: layers.AdaptiveMaxPooling2D((2, 0)), "AdaptiveMaxPooling2D: argument `output_size`"),
    (lambda: layers.AdaptiveMaxPooling2D(2, name="p")(normal(2, 3, 4)), "'p'.*shape"),
]


@pytest.mark.parametrize(("use", "message"), ERRORS)
def test_error(use, message):
    with pytest.raises(ValueError, match=message):
        use()
