"""Each data set's load_data against Keras's own, on the same small files in Keras's formats."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import pickle
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

import cornu
from cornu import datasets
from cornu.datasets import fetch

RANDOM = np.random.default_rng(0)


def keras_dataset(name: str):
    return importlib.import_module(f"keras.src.datasets.{name}")


def images(count: int) -> np.ndarray:
    return RANDOM.integers(0, 256, (count, 28, 28), "uint8")


def labels(count: int, classes: int = 10, dtype: str = "uint8") -> np.ndarray:
    return RANDOM.integers(0, classes, count).astype(dtype)


def texts(count: int) -> np.ndarray:
    rows = np.empty(count, dtype=object)
    for i in range(count):
        rows[i] = RANDOM.integers(1, 400, RANDOM.integers(1, 40)).tolist()
    return rows


def batch(count: int, **label_lists: list[int]) -> bytes:
    pixels = RANDOM.integers(0, 256, (count, 96), "uint8").repeat(32, axis=1)  # they compress fast
    data = {b"data": pixels, b"batch_label": b"a batch"}
    return pickle.dumps(data | {k.encode(): v for k, v in label_lists.items()}, protocol=2)


def write_tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz", compresslevel=1) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))


def write_idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    with gzip.open(path, "wb") as stream:
        stream.write(struct.pack(f">{array.ndim + 1}I", 0x0800 + array.ndim, *array.shape) + array.tobytes())


def write_all(folder: Path) -> None:
    np.savez(folder / "mnist.npz", x_train=images(9), y_train=labels(9), x_test=images(4), y_test=labels(4))
    for half, count in (("train", 7), ("t10k", 3)):
        write_idx(folder / "fashion-mnist" / f"{half}-images-idx3-ubyte.gz", images(count))
        write_idx(folder / "fashion-mnist" / f"{half}-labels-idx1-ubyte.gz", labels(count))
    x = {f"x_{half}": texts(30) for half in ("train", "test")}
    np.savez(folder / "imdb.npz", **x, **{f"y_{half}": labels(30, 2, "int64") for half in ("train", "test")})
    np.savez(folder / "reuters.npz", x=texts(50), y=labels(50, 46, "int64"))
    np.savez(folder / "boston_housing.npz", x=RANDOM.random((50, 13)), y=RANDOM.random(50))
    np.savez(folder / "california_housing.npz", x=RANDOM.random((900, 8)).astype("f4"), y=RANDOM.random(900))
    (folder / "imdb_word_index.json").write_text(json.dumps({"the": 1, "naïve": 2}))
    (folder / "reuters_word_index.json").write_text(json.dumps({"the": 1, "earn": 2}))
    ten = [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]
    # Keras makes room for batches of 10,000
    write_tar(
        folder / "cifar-10-python.tar.gz",
        {f"cifar-10-batches-py/{name}": batch(10_000, labels=labels(10_000).tolist()) for name in ten},
    )
    both = {"fine_labels": labels(5, 100).tolist(), "coarse_labels": labels(5, 20).tolist()}
    write_tar(
        folder / "cifar-100-python.tar.gz",
        {f"cifar-100-python/{n}": batch(5, **both) for n in ("train", "test", "meta")},
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("datasets")
    write_all(path)
    for name, inner in (("cifar-10-python", "cifar10"), ("cifar-100-python", "cifar100")):
        with tarfile.open(path / f"{name}.tar.gz") as archive:
            archive.extractall(path / inner, filter="data")
    return path


@pytest.fixture(autouse=True)
def places(folder, monkeypatch):
    monkeypatch.setenv("CORNU_DATASETS", str(folder))


def keras_answer(folder: Path, name: str, function: str, arguments: dict, monkeypatch):
    """What Keras makes of the same files; its download step is replaced, since it would refuse the small ones."""
    module = keras_dataset(name)
    keras_name = {"cifar-10-batches-py-target": "cifar10", "cifar-100-python-target": "cifar100"}

    def get_file(fname, origin, cache_subdir="", **_):
        inner = Path(cache_subdir).name if "fashion" in cache_subdir else ""
        return str(folder / inner / keras_name.get(fname, fname))

    monkeypatch.setattr(module, "get_file", get_file)
    return getattr(module, function)(**arguments)


CASES = [
    ("mnist", {}),
    ("fashion_mnist", {}),
    ("cifar10", {}),
    ("cifar100", {}),
    ("cifar100", {"label_mode": "coarse"}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0.33, "seed": 7}),
    ("boston_housing", {"test_split": 0}),
    ("california_housing", {}),
    ("california_housing", {"version": "small", "test_split": 0.5, "seed": 1}),
    *(
        (name, arguments)
        for name in ("imdb", "reuters")
        for arguments in (
            {},
            {"num_words": 100},
            {"skip_top": 20},
            {"num_words": 200, "skip_top": 20, "oov_char": None},
            {"maxlen": 15},
            {"maxlen": 15, "start_char": None},
            {"seed": 7},
            {"start_char": None},
            {"start_char": None, "index_from": 0},
            {"start_char": 5, "oov_char": 9, "index_from": 10, "num_words": 300},
            {"index_from": 0},
        )
    ),
    ("reuters", {"test_split": 0.4}),
]


def same(found, expected) -> bool:
    """Whether two answers hold equal values of equal types, all the way down."""
    if isinstance(expected, tuple):
        return len(found) == len(expected) and all(map(same, found, expected))
    if found.dtype == object:
        return [type(row) for row in found] == [list] * len(found) and found.tolist() == expected.tolist()
    return found.dtype == expected.dtype and np.array_equal(found, expected)


@pytest.mark.parametrize(("name", "arguments"), CASES, ids=lambda v: str(v))
def test_load_data_is_as_in_keras(name, arguments, folder, monkeypatch):
    expected = keras_answer(folder, name, "load_data", arguments, monkeypatch)
    found = getattr(datasets, name).load_data(**arguments)
    assert same(found, expected)


def test_the_comparison_sees_a_difference(folder, monkeypatch):
    """The planted errors: one word, one label, one dtype."""
    (x, y), test = datasets.imdb.load_data()
    assert same(((x, y), test), keras_answer(folder, "imdb", "load_data", {}, monkeypatch))
    x[3][-1] += 1
    assert not same(((x, y), test), datasets.imdb.load_data())
    (x, y), test = datasets.mnist.load_data()
    assert not same(((x, y.astype("int64")), test), datasets.mnist.load_data())
    y[0] += 1
    assert not same(((x, y), test), datasets.mnist.load_data())


@pytest.mark.parametrize("layout", ["channels_last", "channels_first"])
@pytest.mark.parametrize("name", ["cifar10", "cifar100"])
def test_images_come_in_the_layout_asked_for(name, layout):
    before = cornu.config.image_data_format()
    cornu.config.set_image_data_format(layout)
    try:
        (x, _), _ = getattr(datasets, name).load_data()
    finally:
        cornu.config.set_image_data_format(before)
    assert x.shape[1:] == ((32, 32, 3) if layout == "channels_last" else (3, 32, 32))


@pytest.mark.parametrize("name", ["imdb", "reuters"])
def test_word_index_is_as_in_keras(name, folder, monkeypatch):
    expected = keras_answer(folder, name, "get_word_index", {}, monkeypatch)
    assert getattr(datasets, name).get_word_index() == expected
    assert list(datasets.reuters.get_label_names()) == list(keras_dataset("reuters").get_label_names())


def test_texts_of_one_length_are_lists_too(tmp_path):
    rows = np.empty(4, dtype=object)
    rows[:] = [[1, 2], [3, 4], [5, 6], [7, 8]]
    np.savez(tmp_path / "r.npz", x=rows, y=np.zeros(4, "int64"))
    (x, _), _ = datasets.reuters.load_data(tmp_path / "r.npz")
    assert x.shape == (3,)
    assert all(type(row) is list for row in x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.imdb.load_data(maxlen=1), "Increase `maxlen`"),
        (lambda: datasets.cifar100.load_data("fined"), "Did you mean 'fine'"),
        (lambda: datasets.california_housing.load_data("tiny"), "small"),
        (lambda: datasets.boston_housing.load_data(test_split=1), "test_split"),
        (lambda: datasets.reuters.load_data(test_split=-0.1), "test_split"),
    ],
)
def test_wrong_arguments(call, message):
    with pytest.raises(ValueError, match=message):
        call()


class Runs:
    def __reduce__(self):
        return Path.mkdir, (Path("/nowhere/at/all"),)


def test_files_that_run_code_or_hold_something_else_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("CORNU_DATASETS", str(tmp_path))
    evil = np.empty(2, dtype=object)
    evil[:] = [[1], Runs()]
    words = np.empty(2, dtype=object)
    words[:] = [[1], ["two"]]
    for rows in (evil, words):
        np.savez(tmp_path / "reuters.npz", x=rows, y=np.zeros(2, "int64"))
        with pytest.raises(ValueError, match="refused|not the file it should be"):
            datasets.reuters.load_data()
    np.savez(tmp_path / "mnist.npz", x_train=images(3), y_train=labels(2), x_test=images(1), y_test=labels(1))
    with pytest.raises(ValueError, match="y_train.npy is uint8 of shape"):
        datasets.mnist.load_data()
    for content in (pickle.dumps(Runs(), 2), batch(2, labels=[1]), batch(1, fine_labels=["a"]), pickle.dumps([1])):
        write_tar(tmp_path / "cifar-100-python.tar.gz", {f"cifar-100-python/{n}": content for n in ("train", "test")})
        with pytest.raises(ValueError, match="refused|not the archive it should be"):
            datasets.cifar100.load_data()
    for text in ("[1]", '{"a": "b"}', "{", "[" * 100_000):
        (tmp_path / "imdb_word_index.json").write_text(text)
        with pytest.raises(ValueError, match="imdb_word_index.json is"):
            datasets.imdb.get_word_index()


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", gzip.compress(b"\x00\x00\x08\x03"), gzip.compress(struct.pack(">4I", 0x803, 1, 28, 28) + b"x")],
    ids=["nothing", "no gzip", "no sizes", "too few bytes"],
)
def test_broken_idx_files_are_refused(content, tmp_path):
    (tmp_path / "x.gz").write_bytes(content)
    with pytest.raises(ValueError, match="x.gz is"):
        datasets.fashion_mnist.read_idx(tmp_path / "x.gz", 3)


def test_built_in_files_have_a_hash_and_a_limit():
    modules = [getattr(datasets, name) for name in dir(datasets) if hasattr(getattr(datasets, name), "load_data")]
    files = [v for module in modules for v in vars(module).values() if isinstance(v, fetch.RemoteFile)]
    files += datasets.fashion_mnist.FILES.values()
    assert len(files) == 13
    for file in files:
        assert file.url.startswith("https://")
        assert len(file.file_hash) == (32 if file.name.endswith("_word_index.json") else 64), file.name
        assert file.size_limit <= 2**28


@pytest.mark.parametrize(
    "name", ["cifar10", "cifar100", "mnist", "imdb", "reuters", "boston_housing", "california_housing"]
)
def test_addresses_and_hashes_are_those_of_keras(name, monkeypatch):
    asked = {}

    def get_file(fname, origin, file_hash, **_):
        asked.update(origin=origin, file_hash=file_hash)
        raise KeyboardInterrupt

    monkeypatch.setattr(keras_dataset(name), "get_file", get_file)
    with pytest.raises(KeyboardInterrupt):
        keras_dataset(name).load_data()
    file = getattr(datasets, name).FILE
    assert asked == {"origin": file.url, "file_hash": file.file_hash}


def test_packaged_data_are_those_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.datasets")
    for module, source, images_of in (
        (datasets.digits, sklearn.load_digits(), lambda d: d.images),
        (datasets.iris, sklearn.load_iris(), lambda d: d.data),
    ):
        (x_train, y_train), (x_test, y_test) = module.load_data()
        test = np.zeros(len(source.target), bool)
        for label in range(len(source.target_names)):
            test[np.flatnonzero(source.target == label)[4::5]] = True
        np.testing.assert_array_equal(x_train, images_of(source)[~test])
        np.testing.assert_array_equal(x_test, images_of(source)[test])
        np.testing.assert_array_equal(y_train, source.target[~test])
        np.testing.assert_array_equal(y_test, source.target[test])
    assert list(datasets.iris.SPECIES) == list(sklearn.load_iris().target_names)


def test_real_mnist(mnist):
    (x_train, y_train), (x_test, y_test) = mnist
    assert (x_train.shape, x_test.shape) == ((60000, 28, 28), (10000, 28, 28))
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert y_train[:5].tolist() == [5, 0, 4, 1, 9]
    assert x_train.mean() == pytest.approx(33.3184, abs=1e-4)
