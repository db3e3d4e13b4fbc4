"""Data of every origin: the arrays and batches that training sees, compared with Keras's adapters."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
import warnings
from functools import cache

import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from keras.src.trainers.data_adapters import data_adapter_utils
from keras.src.trainers.data_adapters.array_data_adapter import ArrayDataAdapter
from keras.src.trainers.data_adapters.array_slicing import train_validation_split as keras_split
from numbers_dataset import Numbers, Processes

import cornu
from cornu import tree
from cornu.training.data import ArrayData, StreamData, check_finite, standardize, train_validation_split
from cornu.training.prefetch import Prefetcher
from cornu.training.py_dataset import PyDataset

X = np.arange(20, dtype="float64").reshape(10, 2)
Y = np.arange(10) % 3


def torch():
    return pytest.importorskip("torch")


# Arrays --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "value, dtype",
    [
        (X, "float32"),
        (X.astype("float16"), "float16"),
        (X.astype(">f4"), "float32"),
        (Y, "int32"),
        (Y.astype("uint64"), "uint32"),
        (Y.astype("uint8"), "uint8"),
        (Y > 1, "bool"),
        (X.astype("complex128"), "complex64"),
        (jnp.asarray(X), "float32"),
        ([[1.0, 2.0], [3.0, 4.0]], "float32"),
        ([1, 2, 3], "int32"),
        ((True, False), "bool"),
        (pd.Series([1, 2]), "int32"),
        (pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5]}), "float32"),
        (pd.DataFrame({"a": [1, 2], "b": [True, False]}), "int32"),
        (pd.Series([1.5, 2.5], dtype=object), "float32"),
    ],
)
def test_arrays_of_any_origin_become_canonical(value, dtype):
    (array, _, _) = standardize(value).arrays
    assert array.dtype.name == dtype
    np.testing.assert_array_equal(np.asarray(array), np.asarray(value).astype(dtype))


def test_pytorch_tensors_become_arrays():
    t = torch()
    given = t.arange(6.0, requires_grad=True).reshape(3, 2)
    data = standardize({"a": given, "b": given.bfloat16()}, t.arange(3))
    x, y, _ = data.arrays
    np.testing.assert_array_equal(x["a"], np.arange(6).reshape(3, 2))
    np.testing.assert_array_equal(x["b"], np.arange(6).reshape(3, 2))
    assert (x["a"].dtype, y.dtype) == ("float32", "int32")


def test_canonical_arrays_are_not_copied():
    x = X.astype("float32")
    on_device = jnp.asarray(x)
    found = standardize([x, on_device]).arrays[0]
    assert found[0] is x
    assert found[1] is on_device


@pytest.mark.parametrize("batch_size, steps, expected", [(None, None, (32, 4)), (7, None, (7, 15)), (None, 5, (20, 5))])
def test_batches_of_arrays_are_those_of_keras(batch_size, steps, expected):
    x = np.zeros((100, 2), "float32")
    data = standardize(x, batch_size=batch_size, steps=steps)
    keras = ArrayDataAdapter(x, batch_size=batch_size, steps=steps)
    assert (data.batch_size, data.steps) == (keras.batch_size, keras.num_batches) == expected
    assert data.peek()[0].shape == (data.batch_size, 2)
    assert data.is_arrays
    assert data.num_samples == 100


@pytest.mark.parametrize(
    "y",
    [Y, Y[:, None], np.eye(3)[Y], Y.astype("float32"), jnp.asarray(Y)],
    ids=["sparse", "column", "one-hot", "float", "jax"],
)
def test_class_weights_are_those_of_keras(y):
    table = {0: 0.5, 2: 4.0}
    found = standardize(X, y, class_weight=table).arrays[2]
    np.testing.assert_allclose(found, data_adapter_utils.class_weight_to_sample_weights(y, table), rtol=1e-6)
    planted = data_adapter_utils.class_weight_to_sample_weights(y, {0: 4.0, 2: 0.5})
    assert not np.allclose(found, planted)


def test_class_and_sample_weights_are_multiplied():
    found = standardize(X, Y, np.arange(10), class_weight=[1.0, 2.0, 3.0]).arrays[2]
    np.testing.assert_allclose(found, (Y + 1) * np.arange(10))
    steps = np.array([[0, 1], [2, 0]])
    found = standardize(X[:2], np.eye(3)[steps], np.array([1.0, 10.0]), class_weight={0: 5, 1: 6, 2: 7}).arrays[2]
    np.testing.assert_allclose(found, [[5, 6], [70, 50]])


def test_one_weight_array_serves_several_targets():
    y = {"a": Y, "b": X}
    found = standardize(X, y, np.ones(10)).arrays[2]
    keras = ArrayDataAdapter(X, y, sample_weight=np.ones(10))._inputs[2]
    assert tree.structure(found) == tree.structure(keras)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 1 / 3])
def test_validation_split_is_that_of_keras(fraction):
    arrays = ({"a": X, "b": Y}, Y, None)
    for found, expected in zip(train_validation_split(arrays, fraction), keras_split(arrays, fraction), strict=True):
        for a, b in zip(tree.flatten(found), tree.flatten(expected), strict=True):
            np.testing.assert_array_equal(a, b[:])


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"x": X, "y": Y[:7]}, r"x: 10, y: 7"),
        ({"x": {"a": X, "b": X[:3]}}, r"x\['a'\]: 10, x\['b'\]: 3"),
        ({"x": X, "y": Y, "sample_weight": np.ones(4)}, "sample_weight: 4"),
        ({"x": X[:0]}, "no samples"),
        ({"x": []}, "`x` is empty"),
        ({"x": None}, "`x` is empty"),
        ({"x": X, "batch_size": 0}, "`batch_size` is wrong"),
        ({"x": X, "batch_size": -3}, "`batch_size` is wrong"),
        ({"x": X, "batch_size": 2.5}, "`batch_size` is wrong"),
        ({"x": X, "steps": 0}, "`steps` is wrong"),
        ({"x": ["cat", "dog"]}, "no number"),
        ({"x": pd.DataFrame({"age": [1.0, 2.0], "name": ["a", "b"]})}, r"column 'name'"),
        ({"x": pd.Series([1, None, "3"], dtype=object)}, "no number"),
        ({"x": pd.Series(pd.to_datetime(["2020-01-01", "2020-01-02"]))}, "no number"),
        ({"x": [[1, 2], [3]]}, "rows of one length"),
        ({"x": np.float32(3)}, "no axis for the samples"),
        ({"x": np.array([0, 2**40])}, "need 64 bits"),
        ({"x": X, "y": iter([1])}, "`y` can't be used beside arrays"),
        ({"x": X, "y": {"a": Y, "b": Y}, "class_weight": {0: 1.0}}, "one target array"),
        ({"x": X, "class_weight": {0: 1.0}}, "one target array"),
        ({"x": X, "y": Y, "class_weight": {"cat": 1.0}}, "`class_weight` is wrong"),
        ({"x": X, "y": {"a": Y, "b": Y}, "sample_weight": {"a": np.ones(10)}}, "structure of `y`"),
        ({"x": X, "y": [Y, Y], "sample_weight": np.ones((10, 2))}, "one number per sample"),
        ({"x": "data.csv"}, "can't be used"),
        ({"x": {1, 2}}, "can't be used"),
        ({"x": 3}, "can't be used"),
    ],
)
def test_unusable_data_is_explained(arguments, message):
    with pytest.raises(ValueError, match=message):
        standardize(**arguments)


@pytest.mark.parametrize(
    "arrays, fraction, message",
    [
        ((X, Y, None), 1.0, "validation_split"),
        ((X, Y, None), -0.1, "validation_split"),
        ((X[:1], Y[:1], None), 0.5, "one part empty"),
        ((iter([X]), None, None), 0.5, "can't cut x"),
    ],
)
def test_a_split_that_cannot_be_is_explained(arrays, fraction, message):
    with pytest.raises(ValueError, match=message):
        train_validation_split(arrays, fraction)


def test_sparse_matrices_are_refused_with_the_way_out():
    from scipy.sparse import csr_matrix

    with pytest.raises(ValueError, match="toarray"):
        standardize(csr_matrix(X))


def test_check_finite_names_the_array_and_the_first_row():
    broken = X.copy()
    broken[3, 1], broken[7, 0] = np.nan, np.inf
    text = check_finite(standardize({"a": X, "b": broken}, Y).arrays)
    assert "x['b']" in text
    assert "nan in row 3, the first of 2" in text
    assert check_finite(standardize(X, Y).arrays) is None


# Streams -------------------------------------------------------------------------------------------------------------


def generator(count=None, log=None):
    for i in itertools.count() if count is None else range(count):
        if log is not None:
            log.append(i)
        yield np.full((4, 2), i), np.full(4, i)


class Endless(PyDataset):
    num_batches = None

    def __getitem__(self, index):
        return np.full((4, 2), index), np.full(4, index)


def numbers(batches):
    return [int(x[0, 0]) for x, _, _ in batches]


def test_a_generator_goes_on_from_epoch_to_epoch():
    drawn = []
    data = standardize(generator(log=drawn), steps=3)
    assert isinstance(data, StreamData)
    assert not data.is_arrays
    assert data.steps == 3
    assert data.peek()[0].shape == (4, 2)
    assert data.batch_size == 4
    assert [numbers(data.batches(epoch)) for epoch in range(3)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert drawn == list(range(9)), "nothing is drawn beyond the last batch"


def test_a_generator_without_steps_is_one_epoch():
    data = standardize(generator(5))
    assert data.steps is None
    assert numbers(data.batches()) == [0, 1, 2, 3, 4]
    assert data.steps == 5
    assert data.exhausted


def test_a_generator_that_ends_early_warns():
    data = standardize(generator(5), steps=3)
    assert numbers(data.batches(0)) == [0, 1, 2]
    with pytest.warns(UserWarning, match="ran out of data"):
        assert numbers(data.batches(1)) == [3, 4]
    assert data.exhausted


def test_batches_left_early_come_again():
    data = standardize(generator(), steps=6)
    batches = data.batches(0)
    assert [int(next(batches)[0][0, 0]) for _ in range(2)] == [0, 1]
    batches.close()
    assert numbers(data.batches(1)) == [2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize("workers", [1, 4])
def test_a_py_dataset_is_shuffled_by_seed_and_epoch(workers):
    def orders(seed):
        data = standardize(Numbers(8, workers=workers, max_queue_size=3), shuffle=True)
        return [numbers(data.batches(epoch, seed=seed)) for epoch in range(3)]

    first = orders(1)
    assert all(sorted(order) == list(range(8)) for order in first)
    assert len({tuple(order) for order in first}) == 3
    assert first == orders(1)
    assert first != orders(2)
    assert standardize(Numbers(8)).batches is not None
    assert numbers(standardize(Numbers(8, workers=workers)).batches(5)) == list(range(8))


def test_a_py_dataset_can_begin_anywhere():
    data = standardize(Numbers(8), shuffle=True)
    whole = numbers(data.batches(4, seed=3))
    assert numbers(standardize(Numbers(8), shuffle=True).batches(4, start=5, seed=3)) == whole[5:]
    piecewise = standardize(Numbers(8), shuffle=True, steps=6)
    stream = [n for epoch in range(4) for n in numbers(piecewise.batches(epoch, seed=3))]
    assert sorted(stream[:8]) == sorted(stream[8:16]) == list(range(8)), "epochs cut a stream of passes"
    assert stream[8:16] == numbers(data.batches(1, seed=3))


def test_a_py_dataset_hears_of_epochs():
    dataset = Numbers(3)
    data = standardize(dataset)
    for _ in data.batches(0):
        pass
    with contextlib.closing(data.batches(1)) as batches:
        for _ in zip(range(3), batches, strict=False):
            pass
    assert dataset.calls == ["begin", "end", "begin", "end"]


def test_an_endless_py_dataset_needs_steps():
    with pytest.raises(ValueError, match="endless"):
        standardize(Endless())
    data = standardize(Endless(), steps=2)
    assert [numbers(data.batches(epoch)) for epoch in range(2)] == [[0, 1], [2, 3]]


def test_a_py_dataset_works_in_processes():
    data = standardize(Processes(workers=2, use_multiprocessing=True))
    batches = [*data.batches(0), *data.batches(1)]
    assert [int(y[0]) for _, y, _ in batches] == [0, 1, 2, 3] * 2
    assert os.getpid() not in numbers(batches)
    assert len(set(numbers(batches))) <= 2, "the same processes serve every epoch"


def test_a_dataset_that_cannot_be_sent_is_explained():
    dataset = Numbers(4, workers=2, use_multiprocessing=True)
    dataset.lock = threading.Lock()
    with pytest.raises(TypeError, match="can't be sent to other processes"):
        numbers(standardize(dataset).batches())


def test_any_iterable_begins_again():
    class Loader:
        batch_size = 4

        def __iter__(self):
            return generator(3)

        def __len__(self):
            return 3

    data = standardize(Loader())
    assert (data.steps, data.batch_size) == (3, 4)
    data.peek()
    assert [numbers(data.batches(epoch)) for epoch in range(2)] == [[0, 1, 2], [0, 1, 2]]
    goes_on = standardize(Loader(), steps=2)
    assert [numbers(goes_on.batches(epoch)) for epoch in range(3)] == [[0, 1], [2, 0], [1, 2]]
    begins_again = standardize(Loader(), steps=2, for_training=False)
    assert [numbers(begins_again.batches()) for _ in range(2)] == [[0, 1], [0, 1]]


def test_a_dataset_of_tensorflows_kind():
    class Dataset:
        """Has what tf.data.Dataset has."""

        def __init__(self, cardinality):
            self._cardinality = cardinality

        def cardinality(self):
            return np.int64(self._cardinality)

        def __iter__(self):
            return generator(3 if self._cardinality != -1 else None)

    assert standardize(Dataset(3)).steps == 3
    unknown = standardize(Dataset(-2))
    assert unknown.steps is None
    assert numbers(unknown.batches()) == [0, 1, 2]
    with pytest.raises(ValueError, match="endless"):
        standardize(Dataset(-1))
    assert numbers(standardize(Dataset(-1), steps=2).batches()) == [0, 1]


def test_a_torch_data_loader():
    t = torch()
    dataset = t.utils.data.TensorDataset(t.arange(10.0)[:, None], t.arange(10))
    data = standardize(t.utils.data.DataLoader(dataset, batch_size=4))
    assert (data.steps, data.batch_size) == (3, 4)
    x, y, w = zip(*data.batches(), strict=True)
    np.testing.assert_array_equal(np.concatenate(x)[:, 0], np.arange(10))
    assert y[0].dtype == "int32"
    assert w == (None, None, None)
    with pytest.raises(ValueError, match="DataLoader"):
        standardize(dataset)


def test_class_weights_reach_every_batch():
    data = standardize(generator(2), class_weight={1: 9.0})
    assert [w.tolist() for _, _, w in data.batches()] == [[1.0] * 4, [9.0] * 4]


@pytest.mark.parametrize(
    "batch, parts",
    [
        (X, (X, None, None)),
        ((X,), (X, None, None)),
        ([X, Y], (X, Y, None)),
        ((X, Y, np.ones(10)), (X, Y, np.ones(10))),
        (({"a": X}, Y), ({"a": X}, Y, None)),
        ({"a": X}, ({"a": X}, None, None)),
        (([X, X], Y), ([X, X], Y, None)),
        (([[1.0], [2.0]], [0, 1]), (np.array([[1.0], [2.0]]), np.array([0, 1]), None)),
    ],
)
def test_batches_are_taken_apart(batch, parts):
    (found,) = standardize(iter([batch])).batches()
    for a, b in zip(tree.flatten(found), tree.flatten(parts), strict=True):
        np.testing.assert_array_equal(a, b)
    assert tree.structure(found) == tree.structure(parts)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: standardize(generator(), Y), "`y` can't be given beside a generator"),
        (lambda: standardize(generator(), sample_weight=Y), "`sample_weight` can't be given"),
        (lambda: standardize(iter([])).peek(), "is empty"),
        (lambda: standardize(Numbers(0)).peek(), "Numbers is empty"),
        (lambda: list(standardize(iter([(X, Y, Y, Y)])).batches()), "4 parts"),
        (lambda: list(standardize(iter([(X, Y[:5])])).batches()), "x: 10, y: 5"),
        (lambda: list(standardize(iter([(X, Y), (X,)])).batches()), "differs from the first"),
        (lambda: list(standardize(iter([(X, Y), (["a"], [1])])).batches()), "no number"),
    ],
)
def test_unusable_streams_are_explained(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_data_is_standardized_once():
    data = standardize(X)
    assert isinstance(data, ArrayData)
    assert standardize(data) is data


# The thread ----------------------------------------------------------------------------------------------------------


def test_an_exception_comes_with_its_traceback():
    def fails():
        yield from generator(2)
        raise KeyError("broken record")

    batches = standardize(fails()).batches()
    with pytest.raises(KeyError, match="broken record") as caught:
        list(batches)
    assert any(entry.name == "fails" for entry in caught.traceback)


def test_two_batches_are_made_ahead_and_no_more():
    drawn = []
    prefetcher = Prefetcher(x for x in generator(10, drawn))
    next(prefetcher)
    deadline = time.monotonic() + 5
    while len(drawn) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.05)
    assert len(drawn) == 4, "one is taken, two wait, one is at the door"
    assert [int(x[0, 0]) for x, _ in prefetcher.close()] == [1, 2, 3]
    assert not prefetcher._thread.is_alive()
    assert list(prefetcher) == []


def test_an_interrupted_loop_leaves_no_thread():
    before = threading.active_count()

    def loop():
        with contextlib.closing(standardize(generator()).batches()) as batches:
            for _ in batches:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop()
    assert threading.active_count() == before


def test_shuffle_is_not_warned_about_where_it_cannot_be_done():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(standardize(generator(2), shuffle=True).batches())


# In fit --------------------------------------------------------------------------------------------------------------

FEATURES = np.linspace(-1, 1, 48, dtype="float32").reshape(12, 4)
LABELS = (FEATURES.sum(1) > 0).astype("int64")


class Slices(PyDataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        rows = slice(4 * index, 4 * index + 4)
        return FEATURES[rows], LABELS[rows]


def slices():
    while True:
        yield from Slices()


def loader():
    t = torch()
    return t.utils.data.DataLoader(t.utils.data.TensorDataset(t.from_numpy(FEATURES), t.from_numpy(LABELS)), 4)


ORIGINS = {
    "lists": lambda: {"x": FEATURES.tolist(), "y": LABELS.tolist(), "batch_size": 4},
    "jax": lambda: {"x": jnp.asarray(FEATURES), "y": jnp.asarray(LABELS), "batch_size": 4},
    "pandas": lambda: {"x": pd.DataFrame(FEATURES), "y": pd.Series(LABELS), "batch_size": 4},
    "torch": lambda: {"x": torch().from_numpy(FEATURES), "y": torch().from_numpy(LABELS), "batch_size": 4},
    "steps": lambda: {"x": FEATURES, "y": LABELS, "steps_per_epoch": 3},
    "generator": lambda: {"x": slices(), "steps_per_epoch": 3},
    "PyDataset": lambda: {"x": Slices()},
    "workers": lambda: {"x": Slices(workers=3)},
    "DataLoader": lambda: {"x": loader()},
}


@cache
def trained(origin):
    """The weights and the losses after two epochs on the same data, in the same order, from one origin."""
    cornu.utils.set_random_seed(0)
    model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(2, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    arguments = ORIGINS[origin]() if origin else {"x": FEATURES, "y": LABELS, "batch_size": 4}
    history = model.fit(**arguments, epochs=2, shuffle=False, verbose=0)
    return np.concatenate([w.ravel() for w in model.get_weights()] + [history.history["loss"]])


@pytest.mark.parametrize("origin", ORIGINS)
def test_the_origin_of_the_data_makes_no_difference(origin):
    np.testing.assert_allclose(trained(origin), trained(None), rtol=1e-6)
