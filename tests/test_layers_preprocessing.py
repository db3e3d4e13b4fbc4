"""Layers of numbers, categories and text: against Keras where it runs without TensorFlow, else against its examples."""

from __future__ import annotations

import json
import zipfile

import numpy as np
import pytest

import cornu
from cornu import layers
from cornu.layers.preprocessing.fingerprints import fingerprint, siphash

pytestmark = pytest.mark.slow  # it trains, or compiles, dozens of small programs

NUMBERS = (np.random.default_rng(1).normal(size=(40, 3)) * [1, 5, 0.1] + [0, 2, -1]).astype("float32")
VIDEO = np.random.default_rng(2).normal(size=(6, 4, 5, 3)).astype("float32")


def save_and_load(model, folder):
    model.save(folder / "model.keras")
    return cornu.saving.load_model(folder / "model.keras")


# Numbers -------------------------------------------------------------------------------------------------------------


def normalization(module, kwargs, data):
    layer = module.Normalization(**kwargs)
    if "mean" not in kwargs:
        layer.adapt(data)
    return layer


CASES = [
    ("Rescaling", {"scale": 1 / 255}, np.arange(12, dtype="uint8").reshape(3, 4)),
    ("Rescaling", {"scale": [1.0, 2.0, 3.0], "offset": -1.0}, NUMBERS),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, np.array([3, 2, 0, 1], "int32")),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, np.array([[3], [2]], "int32")),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "one_hot"}, np.array([[3, 1], [2, 0]], "int32")),
    ("CategoryEncoding", {"num_tokens": 4}, np.array([[0, 1], [0, 0], [1, 2], [3, 1]], "int32")),
    ("CategoryEncoding", {"num_tokens": 4, "output_mode": "count"}, np.array([[0, 1, 1], [3, 3, 3]], "int32")),
    ("Discretization", {"bin_boundaries": [0.0, 1.0, 2.0]}, NUMBERS),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "one_hot"}, NUMBERS),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "multi_hot"}, NUMBERS),
    ("Discretization", {"bin_boundaries": [0.0, 1.0], "output_mode": "count"}, NUMBERS),
]


@pytest.mark.parametrize(("name", "kwargs", "data"), CASES, ids=[f"{i}-{case[0]}" for i, case in enumerate(CASES)])
def test_numbers_as_in_keras(name, kwargs, data):
    import keras

    ours, theirs = getattr(layers, name)(**kwargs)(data), np.asarray(getattr(keras.layers, name)(**kwargs)(data))
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)
    model = cornu.Sequential([cornu.Input(data.shape[1:], dtype=data.dtype), getattr(layers, name)(**kwargs)])
    np.testing.assert_allclose(model.predict(data, verbose=0), theirs, rtol=1e-6)
    again = getattr(layers, name).from_config(getattr(layers, name)(**kwargs).get_config())
    np.testing.assert_allclose(again(data), theirs, rtol=1e-6)


@pytest.mark.parametrize(
    ("kwargs", "data"),
    [
        ({}, NUMBERS),
        ({"axis": None}, NUMBERS),
        ({"axis": (1, 3)}, VIDEO),
        ({"axis": 2, "invert": True}, VIDEO),
        ({"mean": 3.0, "variance": 2.0}, NUMBERS),
        ({"mean": [1.0, 2.0, 3.0], "variance": [1.0, 4.0, 9.0], "invert": True}, NUMBERS),
    ],
    ids=range(6),
)
def test_normalization_as_in_keras(kwargs, data):
    import keras

    ours, theirs = (normalization(module, kwargs, data) for module in (layers, keras.layers))
    expected = np.asarray(theirs(data))
    np.testing.assert_allclose(ours(data), expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(ours.mean, theirs.mean, rtol=1e-4, atol=1e-6)
    restored = layers.Normalization.from_config(ours.get_config())
    restored.build(data.shape)
    restored.set_weights(ours.get_weights())
    np.testing.assert_allclose(restored(data), expected, rtol=1e-4, atol=1e-5)


def test_normalization_adapts_to_batches_and_follows_in_a_compiled_model(tmp_path):
    layer = layers.Normalization()
    layer.adapt([NUMBERS[:7], NUMBERS[7:]])
    np.testing.assert_allclose(layer(NUMBERS).mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(np.std(layer(NUMBERS), axis=0), 1, atol=1e-4)
    model = cornu.Sequential([cornu.Input((3,)), layer, layers.Dense(2)])
    before = model.predict(NUMBERS, verbose=0)
    np.testing.assert_allclose(save_and_load(model, tmp_path).predict(NUMBERS, verbose=0), before, rtol=1e-5)
    layer.adapt(NUMBERS * 10)
    np.testing.assert_allclose(model.predict(NUMBERS * 10, verbose=0), before, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("num_bins", [2, 4, 10])
def test_discretization_adapts_as_in_keras(num_bins):
    import keras

    data = np.random.default_rng(0).exponential(size=1000).astype("float32")
    ours, theirs = (module.Discretization(num_bins=num_bins) for module in (layers, keras.layers))
    ours.adapt([data[:300], data[300:]])
    for part in (data[:300], data[300:]):
        theirs.update_state(part)
    theirs.finalize_state()
    np.testing.assert_allclose(ours.bin_boundaries, theirs.bin_boundaries, rtol=1e-5)
    assert np.ptp(np.bincount(np.asarray(ours(data)))) < 60
    again = layers.Discretization.from_config(ours.get_config())
    np.testing.assert_array_equal(again(data), theirs(data))


def test_a_compiled_model_follows_new_boundaries_and_vocabularies():
    bins, lookup = layers.Discretization(num_bins=2), layers.IntegerLookup(vocabulary=[1, 2])
    bins.adapt(np.array([0.0, 1.0, 2.0, 3.0]))
    x, n = cornu.Input((1,)), cornu.Input((1,), dtype="int32")
    model = cornu.Model([x, n], [bins(x), lookup(n)])
    data = [np.array([[2.5], [100.0]]), np.array([[1], [5]])]
    first = model.predict(data, verbose=0)
    bins.adapt(np.array([0.0, 50.0, 100.0, 150.0]))
    lookup.set_vocabulary([5, 1])
    second = model.predict(data, verbose=0)
    assert [part.ravel().tolist() for part in first] == [[1, 1], [1, 0]]
    assert [part.ravel().tolist() for part in second] == [[0, 1], [2, 1]]


def test_category_weights():
    import keras

    data, weights = np.array([[0, 1], [0, 0]]), np.array([[0.1, 0.2], [0.3, 0.4]])
    ours, theirs = (
        m.CategoryEncoding(3, output_mode="count")(data, count_weights=weights) for m in (layers, keras.layers)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-6)


# Hashes --------------------------------------------------------------------------------------------------------------

LETTERS = [["A"], ["B"], ["C"], ["D"], ["E"]]


@pytest.mark.parametrize(
    ("kwargs", "data", "expected"),
    [
        ({}, LETTERS, [1, 0, 1, 1, 2]),
        ({"mask_value": ""}, [["A"], ["B"], [""], ["C"], ["D"]], [1, 1, 0, 2, 2]),
        ({"salt": [133, 137]}, LETTERS, [1, 2, 1, 0, 2]),
        ({"salt": 133}, LETTERS, [0, 0, 2, 1, 0]),
    ],
    ids=range(4),
)
def test_hashing_gives_the_bins_of_keras_documentation(kwargs, data, expected):
    assert layers.Hashing(num_bins=3, **kwargs)(data).ravel().tolist() == expected
    assert layers.Hashing(num_bins=3, **kwargs)(np.array(data, dtype="S")).ravel().tolist() == expected


def test_crossing_gives_the_bins_of_keras_documentation():
    features = np.array(["A", "B", "A", "B", "A"]), np.array([101, 101, 101, 102, 102])
    assert layers.HashedCrossing(num_bins=5)(features).tolist() == [1, 4, 1, 1, 3]
    one_hot = layers.HashedCrossing(num_bins=5, output_mode="one_hot")(features)
    np.testing.assert_array_equal(one_hot, np.eye(5)[[1, 4, 1, 1, 3]])


def text_of(length: int) -> bytes:
    return bytes(33 + (i * 7 + length) % 90 for i in range(length))


@pytest.mark.parametrize(
    ("length", "expected"),
    [
        (17, 11091883905907357176),
        (33, 13261527417281327820),
        (64, 11995910726823181394),
        (65, 11411872738557501808),
        (200, 13068212940162470929),
    ],
)
def test_fingerprints_are_those_of_farmhash(length, expected):
    assert fingerprint(text_of(length)) == expected


def test_siphash_is_that_of_its_paper():
    assert siphash(bytes(range(15)), (0x0706050403020100, 0x0F0E0D0C0B0A0908)) == 0xA129CA6149BE45E5


# Vocabularies --------------------------------------------------------------------------------------------------------

ABCD = ["a", "b", "c", "d"]
STRINGS = [["a", "c", "d"], ["d", "z", "b"]]
INTEGERS = np.array([[12, 1138, 42], [42, 1000, 36]])
KNOWN = [12, 36, 1138, 42]
IDF = [0.25, 0.75, 0.6, 0.4]

LOOKUPS = [
    ("StringLookup", {"vocabulary": ABCD}, STRINGS, [[1, 3, 4], [4, 0, 2]]),
    ("StringLookup", {"vocabulary": ABCD, "mask_token": ""}, [["a", "", "q"]], [[2, 0, 1]]),
    (
        "StringLookup",
        {"vocabulary": ABCD, "invert": True},
        [[1, 3, 4], [4, 0, 2]],
        [["a", "c", "d"], ["d", "[UNK]", "b"]],
    ),
    ("StringLookup", {"vocabulary": ABCD, "output_mode": "one_hot"}, ["a", "z"], [[0, 1, 0, 0, 0], [1, 0, 0, 0, 0]]),
    ("StringLookup", {"vocabulary": ABCD, "output_mode": "multi_hot"}, STRINGS, [[0, 1, 0, 1, 1], [1, 0, 1, 0, 1]]),
    (
        "StringLookup",
        {"vocabulary": ABCD, "output_mode": "count", "pad_to_max_tokens": True, "max_tokens": 6},
        [["a", "a", "z"]],
        [[1, 2, 0, 0, 0, 0]],
    ),
    ("IntegerLookup", {"vocabulary": KNOWN}, INTEGERS, [[1, 3, 4], [4, 0, 2]]),
    ("IntegerLookup", {"vocabulary": KNOWN, "num_oov_indices": 2}, [[12, 7, 8]], [[2, 1, 0]]),
    ("IntegerLookup", {"vocabulary": KNOWN, "mask_token": 0}, [[12, 0, 5]], [[2, 0, 1]]),
    ("IntegerLookup", {"vocabulary": KNOWN, "invert": True}, [[1, 3, 4], [4, 0, 2]], [[12, 1138, 42], [42, -1, 36]]),
    ("IntegerLookup", {"vocabulary": KNOWN, "output_mode": "count"}, [[12, 12, 9]], [[1, 2, 0, 0, 0]]),
    (
        "IntegerLookup",
        {"vocabulary": KNOWN, "idf_weights": IDF, "output_mode": "tf_idf"},
        [[12, 1138, 42, 42], [42, 7, 36, 7]],
        [[0, 0.25, 0, 0.6, 0.8], [1.0, 0, 0.75, 0, 0.4]],
    ),
    (
        "IntegerLookup",
        {"vocabulary": [-1, *KNOWN], "idf_weights": [0.9, *IDF], "output_mode": "tf_idf"},
        [[12, 1138, 42, 42], [42, 7, 36, 7]],
        [[0, 0.25, 0, 0.6, 0.8], [1.8, 0, 0.75, 0, 0.4]],
    ),
]


@pytest.mark.parametrize(
    ("name", "kwargs", "data", "expected"), LOOKUPS, ids=[f"{i}-{c[0]}" for i, c in enumerate(LOOKUPS)]
)
def test_lookups_give_what_keras_documents(name, kwargs, data, expected):
    layer = getattr(layers, name)(**kwargs)
    for one in (layer, type(layer).from_config(json.loads(json.dumps(layer.get_config())))):
        found = np.asarray(one(np.array(data)))
        np.testing.assert_array_equal(found, np.array(expected)) if found.dtype.kind == "O" else (
            np.testing.assert_allclose(found, expected, rtol=1e-6)
        )


def test_vocabularies_are_learned_by_frequency_and_ties_in_reverse_order():
    layer = layers.StringLookup(max_tokens=5)
    layer.adapt(["b", "a", "c", "a", "d", "d", "e"])
    assert layer.get_vocabulary() == ["[UNK]", "d", "a", "e", "c"]
    assert layer.get_vocabulary(include_special_tokens=False) == ["d", "a", "e", "c"]
    assert layer.vocabulary_size() == 5
    numbers = layers.IntegerLookup(output_mode="tf_idf")
    numbers.adapt(np.array([[1, 2], [2, 2], [3, 2]]))
    assert numbers.get_vocabulary() == [-1, 2, 3, 1]
    weights = np.log(1 + 3 / (1 + np.array([3, 1, 1])))
    np.testing.assert_allclose(numbers(np.array([[2, 2, 9]])), [[weights.mean(), 2 * weights[0], 0, 0]], rtol=1e-6)


# Text ----------------------------------------------------------------------------------------------------------------

TEXTS = ["The cat sat.", "the dog; the CAT!", "a dog"]


@pytest.mark.parametrize(
    ("kwargs", "tokens"),
    [
        ({}, [["the", "cat", "sat"], ["the", "dog", "the", "cat"], ["a", "dog"]]),
        ({"standardize": None}, [["The", "cat", "sat."], ["the", "dog;", "the", "CAT!"], ["a", "dog"]]),
        ({"standardize": "lower"}, [["the", "cat", "sat."], ["the", "dog;", "the", "cat!"], ["a", "dog"]]),
        ({"standardize": "strip_punctuation", "split": None}, [["The cat sat"], ["the dog the CAT"], ["a dog"]]),
        ({"split": "character", "standardize": None}, [list(text) for text in TEXTS]),
        ({"standardize": np.char.upper, "split": None}, [[text.upper()] for text in TEXTS]),
        ({"split": lambda x: np.char.split(x, "t")},
         [["", "he ca", " sa", ""], ["", "he dog ", "he ca", ""], ["a dog"]]),
        ({"ngrams": 2}, [["the", "cat", "sat", "the cat", "cat sat"],
                         ["the", "dog", "the", "cat", "the dog", "dog the", "the cat"], ["a", "dog", "a dog"]]),
        ({"ngrams": (2,)}, [["the cat", "cat sat"], ["the dog", "dog the", "the cat"], ["a dog"]]),
    ],
    ids=range(9),
)  # fmt: skip
def test_text_into_tokens(kwargs, tokens):
    layer = layers.TextVectorization(**kwargs)
    layer.adapt(TEXTS)
    vocabulary = layer.get_vocabulary()
    assert vocabulary[:2] == ["", "[UNK]"]
    counts: dict[str, int] = {}
    for token in (token for row in tokens for token in row if token):
        counts[token] = counts.get(token, 0) + 1
    assert vocabulary[2:] == sorted(counts, key=lambda token: (counts[token], token), reverse=True)
    found = np.asarray(layer(np.array(TEXTS)))
    assert found.shape == (3, max(map(len, tokens)))
    for row, expected in zip(found, tokens, strict=True):
        assert [vocabulary[i] for i in row[: len(expected)]] == expected
        assert not row[len(expected) :].any()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("multi_hot", [[1, 1, 0], [0, 1, 1]]),
        ("count", [[1, 2, 0], [0, 1, 1]]),
        ("tf_idf", [[0.5, 0.6, 0], [0, 0.3, 0.7]]),
    ],
)
def test_vectors_of_texts(mode, expected, tmp_path):
    kwargs = {"idf_weights": [0.3, 0.7]} if mode == "tf_idf" else {}
    layer = layers.TextVectorization(output_mode=mode, vocabulary=["a", "b"], **kwargs)
    texts = np.array([["A a c"], ["b a"]])
    np.testing.assert_allclose(layer(texts), expected, rtol=1e-6)
    model = cornu.Sequential([cornu.Input((1,), dtype="string"), layer])
    np.testing.assert_allclose(save_and_load(model, tmp_path).predict(texts, verbose=0), expected, rtol=1e-6)


REVIEWS = np.array(["good film", "bad film", "good good", "awful bad", "a good one"] * 4)
LABELS = np.array([1, 0, 1, 0, 1] * 4)


def classifier(with_input: bool):
    vectorize = layers.TextVectorization(max_tokens=20, output_sequence_length=4)
    vectorize.adapt(REVIEWS)
    first = [cornu.Input((1,), dtype="string")] if with_input else []
    rest = [layers.Embedding(20, 8), layers.GlobalAveragePooling1D(), layers.Dense(1, activation="sigmoid")]
    model = cornu.Sequential([*first, vectorize, *rest])
    model.compile(cornu.optimizers.Adam(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.parametrize("with_input", [True, False])
def test_a_model_learns_from_strings(with_input, tmp_path):
    model = classifier(with_input)
    model.fit(REVIEWS, LABELS, epochs=15, validation_split=0.2, verbose=0)
    assert model.evaluate(list(REVIEWS), LABELS, verbose=0)[1] > 0.95
    expected = model.predict(REVIEWS, verbose=0)
    np.testing.assert_allclose(model(REVIEWS[:, None]), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(model.predict_on_batch(REVIEWS), expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        save_and_load(model, tmp_path).predict(REVIEWS, verbose=0), expected, rtol=1e-4, atol=1e-6
    )
    batches = [(REVIEWS[:8], LABELS[:8]), (REVIEWS[8:], LABELS[8:])]
    model.fit(iter(batches * 2), epochs=2, steps_per_epoch=2, validation_data=(REVIEWS, LABELS), verbose=0)


def test_a_model_without_an_input_is_built_once_for_batches_of_strings():
    model = classifier(with_input=False)
    batches = [(REVIEWS[i : i + 5], LABELS[i : i + 5]) for i in (0, 5, 10)]
    model.evaluate(iter(batches), verbose=0)
    assert len(model._stack) == 5
    outputs = model.predict(REVIEWS, verbose=0)
    loss = -np.mean(np.log(np.where(LABELS == 1, outputs[:, 0], 1 - outputs[:, 0]))[:15])
    assert np.isclose(model.evaluate(iter(batches), verbose=0)[0], loss, rtol=1e-4)


def test_a_model_of_mixed_columns_trains_and_nests(tmp_path):
    kind, age = cornu.Input((1,), name="kind", dtype="string"), cornu.Input((1,), name="age")
    code = cornu.Input((1,), name="code", dtype="int32")
    hashed = layers.Hashing(4, output_mode="one_hot")(code)
    encoded = layers.StringLookup(vocabulary=["cat", "dog"], output_mode="one_hot")(kind)
    features = layers.Concatenate()([encoded, layers.Rescaling(0.1)(age), hashed])
    prepare = cornu.Model([kind, age, code], features)
    data = {"kind": np.array(["cat", "dog", "cow"]), "age": np.array([1.0, 2.0, 3.0]), "code": np.array([7, 9, 1])}
    expected = np.asarray(prepare(data))
    np.testing.assert_allclose(expected[:, :4], [[0, 1, 0, 0.1], [0, 0, 1, 0.2], [1, 0, 0, 0.3]], rtol=1e-6)
    inputs = [cornu.Input((1,), name="a", dtype="string"), cornu.Input((1,), name="b"),
              cornu.Input((1,), name="c", dtype="int32")]  # fmt: skip
    model = cornu.Model(inputs, layers.Dense(2)(prepare(inputs)))
    model.compile("sgd", "mse")
    columns = list(data.values())
    model.fit(columns, np.zeros((3, 2)), verbose=0)
    kernel, bias = model.get_weights()
    np.testing.assert_allclose(model.predict(columns, verbose=0), expected @ kernel + bias, rtol=1e-5)
    loaded = save_and_load(model, tmp_path)
    np.testing.assert_allclose(loaded.predict(columns, verbose=0), expected @ kernel + bias, rtol=1e-5)


def test_vocabularies_in_files_of_keras(tmp_path):
    """Keras keeps a learned vocabulary in a text file beside the weights, and its size alone in the config."""
    lookup = layers.StringLookup(vocabulary=["cat", "dog"], output_mode="one_hot")
    text = layers.TextVectorization(vocabulary=["cat", "dog"], output_sequence_length=2)
    a, b = cornu.Input((1,), dtype="string"), cornu.Input((1,), dtype="string")
    model = cornu.Model([a, b], [lookup(a), text(b)])
    model.save(tmp_path / "ours.keras")
    data = [np.array(["dog", "cow"]), np.array(["a cat", "Dog dog"])]
    with zipfile.ZipFile(tmp_path / "ours.keras") as ours, zipfile.ZipFile(tmp_path / "keras.keras", "w") as theirs:
        config = json.loads(ours.read("config.json"))
        for layer in config["config"]["layers"]:
            if "vocabulary" in layer["config"]:
                layer["config"] |= {"vocabulary": None, "vocabulary_size": 3}
        theirs.writestr("config.json", json.dumps(config))
        theirs.writestr("model.weights.h5", ours.read("model.weights.h5"))
        theirs.writestr("assets/layers/string_lookup/vocabulary.txt", "[UNK]\ncat\ndog")
        theirs.writestr("assets/layers/text_vectorization/vocabulary.txt", "\n[UNK]\ncat\ndog")
    loaded = cornu.saving.load_model(tmp_path / "keras.keras")
    for found, expected in zip(loaded.predict(data, verbose=0), model.predict(data, verbose=0), strict=True):
        np.testing.assert_array_equal(found, expected)


def test_the_other_engine_runs_them():
    bins, lookup = layers.Discretization([0.0, 1.0]), layers.IntegerLookup(vocabulary=KNOWN, output_mode="count")
    x, n = cornu.Input((3,)), cornu.Input((3,), dtype="int32")
    model = cornu.Model([x, n], layers.Concatenate()([layers.Rescaling(2.0)(bins(x)), lookup(n)]))
    data = [NUMBERS[:2], INTEGERS]
    expected = model.predict(data, verbose=0)
    model.compile("sgd", "mse", engine="reference")
    np.testing.assert_allclose(model.predict(data, verbose=0), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Normalization(mean=1.0), "mean and a variance"),
        (lambda: layers.Discretization(), "number of intervals"),
        (lambda: layers.CategoryEncoding(3, "ones"), "output_mode"),
        (lambda: layers.StringLookup()(["a"]), "no vocabulary"),
        (lambda: layers.StringLookup(vocabulary=["a", "a"]), "more than once"),
        (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), "aren't in the vocabulary"),
        (lambda: layers.IntegerLookup(vocabulary=[1], num_oov_indices=0)(np.array([2])), "aren't in the vocabulary"),
        (lambda: layers.StringLookup.from_config({"vocabulary": "/etc/passwd"}), "can't name a file"),
        (lambda: layers.TextVectorization.from_config({"vocabulary": "/etc/passwd"}), "can't name a file"),
        (lambda: layers.TextVectorization(vocabulary=["a"])([["a", "b"]]), "one text per sample"),
        (lambda: layers.Dense(1)(cornu.Input((1,), dtype="string")), "not strings"),
    ],
    ids=range(11),
)
def test_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_keras_reads_the_config_and_weights_of_adapted_layers(tmp_path):
    import keras

    layer, bins = layers.Normalization(), layers.Discretization(num_bins=3, output_mode="one_hot")
    layer.adapt(NUMBERS)
    x = cornu.Input((3,))
    bins.adapt(NUMBERS)
    model = cornu.Model(x, [layer(x), layers.RandomFlip()(layers.Reshape((1, 3, 1))(bins(x)[:, 0]))])
    model.save(tmp_path / "model.keras")
    assert "config.json" in zipfile.ZipFile(tmp_path / "model.keras").namelist()
    theirs = keras.models.load_model(tmp_path / "model.keras").predict(NUMBERS, verbose=0)
    for ours, other in zip(model.predict(NUMBERS, verbose=0), theirs, strict=True):
        np.testing.assert_allclose(ours, other, rtol=1e-4, atol=1e-5)
