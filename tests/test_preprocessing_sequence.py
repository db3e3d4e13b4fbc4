"""Sequences padded, paired, cut into windows: compared with Keras."""

from __future__ import annotations

import json
import random

import numpy as np
import pytest
from keras.src.legacy.preprocessing import sequence as keras_sequence
from keras.utils import pad_sequences as keras_pad_sequences

import cornu
from cornu.preprocessing import sequence

RAGGED = [[1], [2, 3, 4], [], [5, 6]]
VECTORS = [[[1, 2]], [[3, 4], [5, 6], [7, 8]]]


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 1, 2, 5])
@pytest.mark.parametrize(
    ("sequences", "options"),
    [
        (RAGGED, {}),
        (RAGGED, {"value": -1.5, "dtype": "float32"}),
        (VECTORS, {}),
        ([np.arange(3), np.arange(4)], {"dtype": "int64"}),
        ([["a"], ["bc", "d"]], {"dtype": object, "value": "pad"}),
        ([["a"], ["bc", "d"]], {"dtype": "U3", "value": "pad"}),
    ],
)
def test_padded_sequences_are_those_of_keras(sequences, options, maxlen, truncating, padding):
    options |= {"maxlen": maxlen, "truncating": truncating, "padding": padding}
    ours, theirs = sequence.pad_sequences(sequences, **options), keras_pad_sequences(sequences, **options)
    assert ours.dtype == theirs.dtype
    assert ours.tolist() == theirs.tolist()


def test_padding_of_nothing():
    assert sequence.pad_sequences([]).shape == (0, 0)
    assert sequence.pad_sequences(RAGGED, maxlen=0).shape == (4, 0)
    assert cornu.utils.pad_sequences is sequence.pad_sequences


@pytest.mark.parametrize(
    ("sequences", "options", "message"),
    [
        ([1, 2], {}, "a list of lists"),
        (3, {}, "a list of lists"),
        (RAGGED, {"padding": "left"}, "`padding`"),
        (RAGGED, {"truncating": "left"}, "`truncating`"),
        (RAGGED, {"value": "pad"}, "dtype=object"),
        ([[[1, 2]], [[1, 2, 3]]], {}, "sequence 1"),
    ],
)
def test_what_cannot_be_padded(sequences, options, message):
    with pytest.raises(ValueError, match=message):
        sequence.pad_sequences(sequences, **options)


def test_sampling_table_is_that_of_keras():
    theirs = keras_sequence.make_sampling_table(100, 1e-4)
    np.testing.assert_allclose(sequence.make_sampling_table(100, 1e-4), theirs, rtol=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"window_size": 1, "categorical": True},
        {"negative_samples": 0.0},
        {"negative_samples": 2.5, "shuffle": False},
        {"sampling_table": np.linspace(0, 1, 30)},
    ],
)
def test_skipgrams_are_those_of_keras(options):
    words = [3, 0, 7, 12, 3, 29, 1, 0, 5]
    random.seed(4)
    theirs = keras_sequence.skipgrams(words, 30, seed=11, **options)
    random.seed(4)
    ours = sequence.skipgrams(words, 30, seed=11, **options)
    assert ours == theirs
    assert len(ours[0]) == len(ours[1]) > 0


def test_skipgrams_follow_from_the_programs_seed():
    cornu.utils.set_random_seed(1)
    first = sequence.skipgrams([1, 2, 3, 4], 5)
    cornu.utils.set_random_seed(1)
    assert sequence.skipgrams([1, 2, 3, 4], 5) == first


WINDOWS = [
    {},
    {"sampling_rate": 2, "batch_size": 3},
    {"stride": 3, "batch_size": 2},
    {"start_index": 4, "end_index": 20, "reverse": True},
    {"shuffle": True, "batch_size": 5},
    {"sampling_rate": 3, "stride": 2, "reverse": True, "batch_size": 4},
]


@pytest.mark.parametrize("options", WINDOWS)
@pytest.mark.parametrize("make", [np.asarray, list], ids=["array", "list"])
def test_windows_of_a_time_series_are_those_of_keras(options, make):
    data, targets = make(np.arange(60).reshape(30, 2)), make(np.arange(30) * 10)
    ours = sequence.TimeseriesGenerator(data, targets, length=5, **options)
    theirs = keras_sequence.TimeseriesGenerator(data, targets, length=5, **options)
    assert len(ours) == len(theirs)
    for index in range(len(ours)):
        np.random.seed(index)
        x, y = ours[index]
        np.random.seed(index)
        for mine, other in zip((x, y), theirs[index], strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_model_learns_from_a_time_series():
    series = np.sin(np.arange(200) / 5)[:, None].astype("float32")
    windows = sequence.TimeseriesGenerator(series, series, length=4, batch_size=16)
    model = cornu.Sequential([cornu.Input((4, 1)), cornu.layers.Flatten(), cornu.layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(windows, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.predict(windows, verbose=0).shape == (196, 1)


def test_a_time_series_as_json():
    windows = sequence.TimeseriesGenerator(np.arange(6), list(range(6)), length=2, start_index=1)
    config = json.loads(windows.to_json())["config"]
    data, targets = json.loads(config.pop("data")), json.loads(config.pop("targets"))
    again = sequence.TimeseriesGenerator(data, targets, **config)
    np.testing.assert_array_equal(again[0][0], windows[0][0])


@pytest.mark.parametrize(
    ("arguments", "message"), [((range(5), range(4), 2), "differ in length"), ((range(5), range(5), 5), "fits")]
)
def test_windows_that_cannot_be(arguments, message):
    with pytest.raises(ValueError, match=message):
        sequence.TimeseriesGenerator(*arguments)
