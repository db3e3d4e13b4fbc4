"""The helpers of cornu.utils against Keras's and against their formulas."""

from __future__ import annotations

import random

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cornu
from cornu import utils

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("x", "num_classes"),
    [
        ([0, 2, 1], None),
        ([0, 2, 1], 5),
        ([[0], [3]], None),
        ([[0, 1], [3, 2]], 4),
        (np.array([1.0, 2.0]), None),
        (np.array(2), None),
        (np.array([1, 2], "uint8"), 3),
        (np.zeros((2, 3, 1), int), 2),
    ],
)
def test_to_categorical(x, num_classes):
    found, expected = utils.to_categorical(x, num_classes), keras.utils.to_categorical(x, num_classes)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)
    as_jax = jnp.asarray(x, "int32")
    found = utils.to_categorical(as_jax, num_classes or 4)
    np.testing.assert_array_equal(found, keras.utils.to_categorical(as_jax, num_classes or 4))


@pytest.mark.parametrize(("x", "num_classes"), [([0, 3], 3), ([-1, 2], None), ([0.5], None), ([np.nan], 2)])
def test_to_categorical_refuses_what_is_no_class(x, num_classes):
    with pytest.raises(ValueError, match="labels that are no classes"):
        utils.to_categorical(x, num_classes)
    with pytest.raises(ValueError, match="num_classes"):
        utils.to_categorical(jnp.zeros(2))


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [-1, 1, 2])
def test_normalize(axis, order):
    x = RANDOM.normal(size=(2, 3, 4))
    x[0, 0] = 0
    np.testing.assert_allclose(utils.normalize(x, axis, order), keras.utils.normalize(x, axis, order), rtol=1e-12)
    jax_array = jnp.asarray(x, "float32")
    np.testing.assert_allclose(utils.normalize(jax_array, axis, order), utils.normalize(x, axis, order), rtol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_normalized_vectors_have_length_one(axis):
    norms = np.linalg.norm(utils.normalize(RANDOM.normal(size=(3, 4)), axis), axis=axis)
    np.testing.assert_allclose(norms, 1, rtol=1e-12)


def test_set_random_seed_seeds_everything():
    def draws():
        return random.random(), np.random.rand(), cornu.random.next_seed()

    utils.set_random_seed(3)
    first = draws()
    assert draws() != first
    utils.set_random_seed(3)
    assert draws() == first
    utils.set_random_seed(4)
    assert not set(draws()) & set(first)


def test_set_random_seed_seeds_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch isn't installed")
    utils.set_random_seed(3)
    first = torch.rand(3)
    utils.set_random_seed(3)
    assert torch.equal(torch.rand(3), first)


@pytest.mark.parametrize("seed", ["1", 1.0, None, True, -1, 2**32])
def test_set_random_seed_refuses(seed):
    with pytest.raises(ValueError, match="seed"):
        utils.set_random_seed(seed)


@pytest.mark.parametrize("data", [1, (1,), [1], (1, 2), [1, 2], (1, 2, 3), ({"a": 1}, 2), {"a": 1}])
def test_unpack(data):
    assert utils.unpack_x_y_sample_weight(data) == keras.utils.unpack_x_y_sample_weight(data)


@pytest.mark.parametrize("parts", [(1,), ((1, 2),), ([1, 2],), (1, 2), (1, 2, 3), (1, None, 3)])
def test_pack(parts):
    assert utils.pack_x_y_sample_weight(*parts) == keras.utils.pack_x_y_sample_weight(*parts)


@pytest.mark.parametrize("data", [(), (1, 2, 3, 4)])
def test_unpack_refuses(data):
    with pytest.raises(ValueError, match="sample_weight"):
        utils.unpack_x_y_sample_weight(data)


X, Y = np.arange(20).reshape(10, 2), np.arange(10)


@pytest.mark.parametrize(
    ("sizes", "left", "right"),
    [
        ({"left_size": 0.7}, range(7), range(7, 10)),
        ({"left_size": 3}, range(3), range(3, 10)),
        ({"right_size": 3}, range(7), range(7, 10)),
        ({"right_size": 0.25}, range(8), range(8, 10)),
        ({"left_size": 0.2, "right_size": 0.3}, range(2), range(7, 10)),
        ({"left_size": 2, "right_size": 0.5}, range(2), range(5, 10)),
    ],
)
def test_split_dataset(sizes, left, right):
    halves = utils.split_dataset({"x": X, "rest": (Y, [Y])}, **sizes)
    for half, rows in zip(halves, (left, right), strict=True):
        np.testing.assert_array_equal(half["x"], X[list(rows)])
        np.testing.assert_array_equal(half["rest"][0], list(rows))
        np.testing.assert_array_equal(half["rest"][1][0], list(rows))


def test_split_dataset_shuffles_as_keras_does():
    expected = list(range(10))
    random.seed(5)
    random.shuffle(expected)  # how Keras orders samples
    left, right = utils.split_dataset((X, Y), left_size=0.6, shuffle=True, seed=5)
    assert [*left[1], *right[1]] == expected
    np.testing.assert_array_equal(left[0], X[expected[:6]])
    cornu.utils.set_random_seed(1)
    drawn = utils.split_dataset(Y, left_size=0.6, shuffle=True)[0].tolist()
    cornu.utils.set_random_seed(1)
    assert utils.split_dataset(Y, left_size=0.6, shuffle=True)[0].tolist() == drawn


def test_split_dataset_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch isn't installed")
    left, right = utils.split_dataset(torch.utils.data.TensorDataset(torch.arange(10)), left_size=0.7)
    assert [int(sample[0]) for sample in left] == list(range(7))
    assert [int(sample[0]) for sample in right] == [7, 8, 9]


@pytest.mark.parametrize(
    ("dataset", "sizes", "kind", "message"),
    [
        (Y, {}, ValueError, "a size is missing"),
        (Y, {"left_size": 10}, ValueError, "left_size"),
        (Y, {"left_size": 0}, ValueError, "left_size"),
        (Y, {"right_size": 1.0}, ValueError, "right_size"),
        (Y, {"left_size": "3"}, TypeError, "left_size"),
        (Y, {"left_size": 6, "right_size": 6}, ValueError, "overlap"),
        (Y, {"left_size": 0.6, "right_size": 0.6}, ValueError, "overlap"),
        ((X, Y[:5]), {"left_size": 0.5}, ValueError, "one length"),
        ("text", {"left_size": 0.5}, TypeError, "can't be split"),
    ],
)
def test_split_dataset_refuses(dataset, sizes, kind, message):
    with pytest.raises(kind, match=message):
        utils.split_dataset(dataset, **sizes)
