"""`tf.data` against plain Python."""

from __future__ import annotations

import itertools

import jax
import numpy as np
import pytest

import cornu
import cornu.compat.tensorflow as tf
from cornu import compat
from cornu.compat import tensors
from cornu.compat.tensorflow import data
from cornu.compat.tensorflow.data import Dataset

LISTS = {
    "range": (lambda: Dataset.range(2, 9, 3), [2, 5, 8]),
    "map": (lambda: Dataset.range(3).map(lambda x: x * x, num_parallel_calls=data.AUTOTUNE), [0, 1, 4]),
    "filter": (lambda: Dataset.range(6).filter(lambda x: x % 2 == 0), [0, 2, 4]),
    "batch": (lambda: Dataset.range(5).batch(2), [[0, 1], [2, 3], [4]]),
    "batch, whole ones": (lambda: Dataset.range(5).batch(2, drop_remainder=True), [[0, 1], [2, 3]]),
    "unbatch": (lambda: Dataset.range(5).batch(2).unbatch(), [0, 1, 2, 3, 4]),
    "repeat": (lambda: Dataset.range(2).repeat(2), [0, 1, 0, 1]),
    "repeat, endless": (lambda: Dataset.range(2).repeat().take(5), [0, 1, 0, 1, 0]),
    "repeat, empty": (lambda: Dataset.range(0).repeat(), []),
    "take and skip": (lambda: Dataset.range(9).skip(2).take(3), [2, 3, 4]),
    "shard": (lambda: Dataset.range(7).shard(3, 1), [1, 4]),
    "concatenate": (lambda: Dataset.range(2).concatenate(Dataset.range(1)), [0, 1, 0]),
    "zip": (lambda: Dataset.zip((Dataset.range(3), Dataset.range(5, 7))), [(0, 5), (1, 6)]),
    "zip, nested": (lambda: Dataset.zip(Dataset.range(1), {"a": Dataset.range(1)}), [(0, {"a": 0})]),
    "enumerate": (lambda: Dataset.range(5, 7).enumerate(1), [(1, 5), (2, 6)]),
    "flat_map": (lambda: Dataset.range(3).flat_map(lambda x: Dataset.range(x)), [0, 0, 1]),
    "interleave": (
        lambda: Dataset.range(1, 4).interleave(lambda x: Dataset.from_tensors(x).repeat(3), 2, block_length=2),
        [1, 1, 2, 2, 1, 2, 3, 3, 3],
    ),
    "padded_batch": (
        lambda: Dataset.range(1, 4).map(lambda x: np.full(int(x), int(x))).padded_batch(2, padded_shapes=[None]),
        [[[1, 0], [2, 2]], [[3, 3, 3]]],
    ),
    "padded_batch, given": (
        lambda: Dataset.range(1, 3).map(lambda x: (np.full(int(x), 9), x)).padded_batch(
            2, padded_shapes=([3], []), padding_values=(-1, None)
        ),
        [([[9, -1, -1], [9, 9, -1]], [1, 2])],
    ),
    "window": (
        lambda: Dataset.range(5).window(3, shift=1, drop_remainder=True).flat_map(lambda w: w.batch(3)),
        [[0, 1, 2], [1, 2, 3], [2, 3, 4]],
    ),
    "window, steps": (
        lambda: Dataset.range(9).window(2, shift=4, stride=2).flat_map(lambda w: w.batch(2)),
        [[0, 2], [4, 6], [8]],
    ),
    "take_while": (lambda: Dataset.range(5).take_while(lambda x: x < 2), [0, 1]),
    "apply and options": (lambda: Dataset.range(2).apply(lambda d: d.skip(1)).with_options(data.Options()), [1]),
    "generator": (
        lambda: Dataset.from_generator(lambda: iter([(1, 2.0), (3, 4.0)]), output_types=("int32", "float32")),
        [(1, 2.0), (3, 4.0)],
    ),
    "generator by signature": (
        lambda: Dataset.from_generator(
            lambda n: iter(range(n)), args=[3], output_signature=data.TensorSpec((), "int32")
        ),
        [0, 1, 2],
    ),
    "dict": (lambda: Dataset.from_tensor_slices({"b": [1, 2], "a": [3, 4]}), [{"b": 1, "a": 3}, {"b": 2, "a": 4}]),
    "tensors": (lambda: Dataset.from_tensors(([1, 2], 3)), [([1, 2], 3)]),
}  # fmt: skip


def plain(value):
    if isinstance(value, dict):
        return {key: plain(v) for key, v in value.items()}
    return tuple(map(plain, value)) if isinstance(value, tuple) else value.tolist()


@pytest.mark.parametrize("name", LISTS)
def test_elements(name):
    make, expected = LISTS[name]
    dataset = make()
    for _ in range(2):
        assert [plain(element) for element in dataset.as_numpy_iterator()] == expected
    if dataset.cardinality() >= 0:
        assert len(dataset) == len(expected)


def test_a_planted_error_is_seen(monkeypatch):
    monkeypatch.setitem(LISTS, "map", (lambda: Dataset.range(3).map(lambda x: x + 1), [0, 1, 4]))
    with pytest.raises(AssertionError):
        test_elements("map")


def test_elements_are_tensors():
    tensors.install()
    try:
        for x, y in Dataset.from_tensor_slices((np.ones((2, 3)), ["a", "b"])):
            assert isinstance(x, jax.Array)
            assert x.shape.as_list() == [3]
            assert x.numpy().tolist() == [1.0, 1.0, 1.0]
            assert y.item() in "ab"
    finally:
        tensors.uninstall()


def test_shuffle():
    numbers = Dataset.range(20)
    order = lambda dataset: [int(n) for n in dataset]  # noqa: E731
    seeded = numbers.shuffle(20, seed=1)
    first, second = order(seeded), order(seeded)
    assert sorted(first) == list(range(20))
    assert first != second
    assert order(numbers.shuffle(20, seed=1)) == first
    fixed = numbers.shuffle(20, seed=1, reshuffle_each_iteration=False)
    assert order(fixed) == order(fixed)
    near = order(numbers.shuffle(3, seed=0))
    assert all(value <= place + 3 for place, value in enumerate(near))
    cornu.utils.set_random_seed(4)
    one = order(numbers.shuffle(20))
    cornu.utils.set_random_seed(4)
    assert order(numbers.shuffle(20)) == one


def test_cache_computes_once():
    calls = []
    dataset = Dataset.from_generator(lambda: iter([calls.append(1), 1]) and iter([1, 2]), output_types="int32").cache()
    assert [int(n) for n in [*dataset, *dataset]] == [1, 2, 1, 2]
    assert len(calls) == 1


def test_a_mapped_function_is_traced_once():
    calls = []
    assert len(list(Dataset.range(50).map(lambda x: calls.append(1) or x + 1))) == 50
    assert len(calls) < 5
    texts = Dataset.from_tensor_slices(["a", "b"]).map(lambda s: s.item() + "!")
    assert [t.item() for t in texts] == ["a!", "b!"]
    asked = Dataset.range(3).map(lambda x: 10 if int(x) > 1 else 20)
    assert [int(n) for n in asked] == [20, 20, 10]


def test_sizes():
    assert Dataset.range(5).repeat().cardinality() == data.INFINITE_CARDINALITY
    assert Dataset.range(5).filter(bool).cardinality() == data.UNKNOWN_CARDINALITY
    with pytest.raises(TypeError, match="take"):
        len(Dataset.range(5).repeat())
    spec = Dataset.from_tensor_slices((np.ones((4, 3), "float32"), np.ones(4, "int32"))).batch(2).element_spec
    assert spec == (data.TensorSpec((2, 3), "float32"), data.TensorSpec((2,), "int32"))


def test_reduce():
    assert int(Dataset.range(5).reduce(np.int64(0), lambda total, x: total + x)) == 10


def test_clear_errors():
    with pytest.raises(ValueError, match="first axes"):
        Dataset.from_tensor_slices((np.ones(3), np.ones(4)))
    with pytest.raises(ValueError, match="padded_batch"):
        list(Dataset.range(1, 3).map(lambda x: np.ones(int(x))).batch(2))
    with pytest.raises(NotImplementedError, match="NumPy"):
        data.TFRecordDataset("file")


def test_a_mapped_function_that_draws_draws_for_each_element():
    from cornu.compat.tensorflow import random

    drawn = [float(x) for x in Dataset.range(70).map(lambda x: random.RANDOM["uniform"]([]))]
    assert len(set(drawn)) == 70


def test_mapped_elements_of_several_shapes():
    made = Dataset.range(1, 70).map(lambda n: np.full(int(n) % 3 + 1, int(n))).map(lambda x: x * 2)
    assert [x.tolist() for x in made] == [[2 * n] * (n % 3 + 1) for n in range(1, 70)]
    pairs = Dataset.from_tensor_slices((np.arange(130), np.ones((130, 2)))).map(lambda a, b: {"x": a * b, "y": -a})
    assert [int(e["x"][1]) for e in pairs] == list(range(130))
    assert sum(int(e["y"]) for e in pairs) == -sum(range(130))


def test_files(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    assert [line.item() for line in data.TextLineDataset(str(tmp_path / "a.txt"))] == [b"one", b"two"]
    (name,) = Dataset.list_files(str(tmp_path / "*.txt"))
    assert name.item().endswith("a.txt")


def test_fit_evaluate_and_predict_take_it():
    cornu.utils.set_random_seed(0)
    x = np.random.default_rng(0).normal(size=(50, 3)).astype("float32")
    y = x @ np.array([[1.0], [2.0], [-1.0]], "float32")
    model = cornu.Sequential([cornu.layers.Dense(1)])
    model.compile(cornu.optimizers.SGD(0.1), "mse")
    train = Dataset.from_tensor_slices((x, y)).shuffle(50).batch(8).prefetch(data.AUTOTUNE)
    history = model.fit(train, epochs=10, validation_data=Dataset.from_tensor_slices((x, y)).batch(25), verbose=0)
    assert history.history["val_loss"][-1] < 0.05 * history.history["val_loss"][0]
    assert model.evaluate(train, verbose=0) < 0.1
    assert model.predict(Dataset.from_tensor_slices(x).batch(20), verbose=0).shape == (50, 1)
    endless = train.repeat()
    assert len(model.fit(endless, epochs=2, steps_per_epoch=3, verbose=0).history["loss"]) == 2
    with pytest.raises(ValueError, match="steps_per_epoch"):
        model.fit(endless, verbose=0)


def test_iteration_is_lazy():
    def forever():
        yield from itertools.count()

    assert [int(n) for n in Dataset.from_generator(forever, output_types="int32").take(2)] == [0, 1]


def test_text_is_bytes_outside_and_strings_inside():
    texts = ["Good film", "bad"]
    data = tf.data.Dataset.from_tensor_slices((np.array(texts), [1, 0])).batch(2)
    ((text, _),) = data
    assert isinstance(text, tf.Tensor)
    assert text.shape == (2,)
    assert text.numpy().tolist() == [b"Good film", b"bad"]
    assert [one.numpy().decode() for one in text] == texts
    lowered = data.map(lambda t, y: tf.strings.regex_replace(tf.strings.lower(t), "film", "movie"))
    assert next(iter(lowered)).numpy().tolist() == [b"good movie", b"bad"]
    assert next(data.as_numpy_iterator())[0].tolist() == [b"Good film", b"bad"]
    layer = cornu.layers.TextVectorization(output_sequence_length=2)
    layer.adapt(data.map(lambda t, y: t))
    assert layer(tf.expand_dims(text, -1)).shape == (2, 2)


def test_functions_of_the_root_on_text():
    words = tf.constant(["a", "b", "a"])
    assert tf.reshape(words, (3, 1)).numpy().tolist() == [[b"a"], [b"b"], [b"a"]]
    assert tf.stack([words[0], words[1]]).numpy().tolist() == [b"a", b"b"]
    assert tf.concat([words, words[:1]], axis=0).shape == (4,)
    assert int(tf.reduce_sum(tf.cast(tf.equal(words, "a"), tf.int32))) == 2
    assert tf.boolean_mask(words, words != "a").numpy().tolist() == [b"b"]
    assert tf.gather(words, [1]).numpy().tolist() == [b"b"]


def test_data_sets_of_windows_are_tensorflow_s():
    plain = cornu.utils.timeseries_dataset_from_array(np.arange(10.0), np.arange(10), sequence_length=3, batch_size=4)
    assert not hasattr(plain, "map")
    compat.install("tf.keras", source="")
    try:
        shapes = [(x.shape.as_list(), y.numpy().tolist()) for x, y in plain.map(lambda x, y: (x[:, 1:], y)).prefetch(1)]
        assert shapes == [([4, 2], [0, 1, 2, 3]), ([4, 2], [4, 5, 6, 7])]
        assert next(iter(plain))[0].numpy().shape == (4, 3)
        assert len(plain.take(1)) == 1
    finally:
        compat.uninstall()


def test_minimize_takes_a_function_or_a_tape():
    compat.install("tf.keras", source="")
    try:
        v, optimizer = tf.Variable(1.0), cornu.optimizers.SGD(0.25)
        optimizer.minimize(lambda: v * v, [v])
        with tf.GradientTape() as tape:
            loss = v * v
        optimizer.minimize(loss, [v], tape=tape)
        assert float(v) == 0.25
        with pytest.raises(ValueError, match="tape"):
            optimizer.minimize(loss, [v])
    finally:
        compat.uninstall()
