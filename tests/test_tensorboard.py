"""Event files, read by a decoder that knows nothing of the writer, and by TensorBoard where that is installed."""

from __future__ import annotations

import io
import json
import struct
import zlib

import numpy as np
import pytest

import cornu
from cornu.training.event_files import EventFile, crc32c


def fields(data):
    """A protocol buffer's fields: (number, value), a value being an integer or bytes."""
    stream = io.BytesIO(data)

    def integer():
        shift = value = 0
        while True:
            (byte,) = stream.read(1)
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    found = []
    while stream.tell() < len(data):
        key = integer()
        kind = key & 7
        value = integer() if kind == 0 else stream.read({1: 8, 5: 4}.get(kind) or integer())
        found.append((key >> 3, value))
    return found


def one(data, number, default=b""):
    return dict(fields(data)).get(number, default)


def records(path):
    """The records of an event file; every checksum is compared."""
    stream = io.BytesIO(path.read_bytes())
    while header := stream.read(8):
        (length,) = struct.unpack("<Q", header)
        (header_check,) = struct.unpack("<I", stream.read(4))
        data = stream.read(length)
        (data_check,) = struct.unpack("<I", stream.read(4))
        for content, check in ((header, header_check), (data, data_check)):
            crc = (check - 0xA282EAD8) % 2**32
            assert (crc >> 17 | crc << 15) % 2**32 == bitwise_crc(content)
        yield data


def bitwise_crc(data):
    """CRC-32C by long division, bit by bit."""
    remainder = 0xFFFFFFFF
    for byte in data:
        remainder ^= byte
        for _ in range(8):
            remainder = (remainder >> 1) ^ (0x82F63B78 * (remainder & 1))
    return remainder ^ 0xFFFFFFFF


def tensor(data):
    """A TensorProto as an array, or a list of bytes."""
    shape = [one(size, 1, 0) for number, size in fields(one(data, 2)) if number == 2]
    strings = [value for number, value in fields(data) if number == 8]
    if one(data, 1) == 7:
        return strings
    number, dtype = {1: (5, "<f4"), 2: (4, "<f8")}[one(data, 1)]
    return np.frombuffer(one(data, number), dtype).reshape(shape)


def events(folder):
    """{(plugin, tag): {step: value}} of a run's folder."""
    found = {}
    for path in sorted(folder.iterdir()):
        if not path.name.startswith("events.out.tfevents."):
            continue
        first, *others = records(path)
        assert one(first, 3) == b"brain.Event:2"
        for event in others:
            assert struct.unpack("<d", one(event, 1))[0] > 1.7e9
            value = one(one(event, 5), 1)
            plugin = one(one(one(value, 9), 1), 1).decode()
            found.setdefault((plugin, one(value, 1).decode()), {})[one(event, 2, 0)] = tensor(one(value, 8))
    return found


@pytest.fixture
def model():
    model = cornu.Sequential([cornu.Input((3,)), cornu.layers.Dense(4, name="hidden"), cornu.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    return model


X, Y = np.random.default_rng(0).normal(size=(40, 3)), np.zeros((40, 1))


def fit(model, folder, epochs=3, **options):
    callback = cornu.callbacks.TensorBoard(folder, **options)
    history = model.fit(X, Y, epochs=epochs, batch_size=10, verbose=0, validation_split=0.25, callbacks=[callback])
    return history.history


def test_checksums():
    for data in (b"", b"a", bytes(range(256))):
        assert crc32c(data) == bitwise_crc(data)
    assert crc32c(b"123456789") != zlib.crc32(b"123456789")


def test_the_values_of_epochs(model, tmp_path):
    history = fit(model, tmp_path)
    train, validation = events(tmp_path / "train"), events(tmp_path / "validation")
    for name in ("loss", "mae"):
        for found, key in ((train, name), (validation, f"val_{name}")):
            values = found["scalars", f"epoch_{name}"]
            assert list(values) == [0, 1, 2]
            np.testing.assert_allclose(list(values.values()), history[key], rtol=1e-6)
    assert float(train["scalars", "epoch_learning_rate"][2]) == pytest.approx(0.01)
    assert list(validation["scalars", "evaluation_loss_vs_iterations"]) == [3, 6, 9]
    assert {tag for plugin, tag in train if plugin == "scalars"} == {"epoch_loss", "epoch_mae", "epoch_learning_rate"}
    (config,) = train["graph_keras_model", "keras"][0]
    assert json.loads(config) == json.loads(model.to_json())


def test_the_values_of_batches_and_the_speed(model, tmp_path):
    fit(model, tmp_path, epochs=2, update_freq=2, write_steps_per_second=True, write_graph=False)
    train = events(tmp_path / "train")
    assert list(train["scalars", "batch_loss"]) == [2, 4, 6]
    assert min(train["scalars", "epoch_steps_per_second"].values()) > 0
    assert ("graph_keras_model", "keras") not in train


def test_weights_as_histograms_and_pictures(model, tmp_path):
    fit(model, tmp_path, epochs=3, histogram_freq=2, write_images=True)
    train = events(tmp_path / "train")
    kernel = model.layers[0].kernel.numpy()
    path = model.layers[0].kernel.path
    found = train["histograms", f"{path}/histogram"]
    assert list(found) == [0, 2]
    counts, ends = np.histogram(kernel.astype("float64"), 30)
    np.testing.assert_array_equal(found[2][:, 2], counts)
    np.testing.assert_allclose(found[2][:, 0], ends[:-1], rtol=1e-6)
    width, height, png = train["images", f"{path}/image"][2]
    assert (int(width), int(height)) == (4, 3)
    PIL = pytest.importorskip("PIL.Image")
    pixels = np.asarray(PIL.open(io.BytesIO(png)))
    np.testing.assert_array_equal(pixels[..., 0], np.round(np.clip(kernel, 0, 1) * 255))


@pytest.mark.parametrize(
    ("values", "rows"),
    [([], []), ([2.0, 2.0], [[1.5, 2.5, 2]]), ([np.nan, 1.0, np.inf], [[0.5, 1.5, 1]])],
)
def test_histograms_of_odd_values(values, rows, tmp_path):
    file = EventFile(tmp_path)
    file.histogram("x", values, step=1)
    file.close()
    np.testing.assert_array_equal(events(tmp_path)["histograms", "x"][1], np.reshape(rows, (-1, 3)))


def test_embeddings_for_the_projector(tmp_path):
    model = cornu.Sequential([cornu.Input((2,), dtype="int32"), cornu.layers.Embedding(5, 3, name="words")])
    model.compile("sgd", "mse")
    callback = cornu.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "words.tsv"})
    model.fit(np.zeros((4, 2), "int32"), np.zeros((4, 2, 3)), verbose=0, callbacks=callback)
    assert 'metadata_path: "words.tsv"' in (tmp_path / "projector_config.pbtxt").read_text()
    assert (tmp_path / "train" / "keras_embedding.ckpt-0.weights.h5").exists()
    wrong = cornu.callbacks.TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"word": "words.tsv"})
    with pytest.raises(ValueError, match="names no Embedding layer: word"):
        model.fit(np.zeros((4, 2), "int32"), np.zeros((4, 2, 3)), verbose=0, callbacks=wrong)


def test_what_is_refused_and_what_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="`update_freq` is wrong"):
        cornu.callbacks.TensorBoard(tmp_path, update_freq="epochs")
    with pytest.warns(UserWarning, match="no profile is written"):
        cornu.callbacks.TensorBoard(tmp_path, profile_batch=2)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_seen(model, tmp_path):
    fit(model, tmp_path, epochs=1)
    (path,) = (tmp_path / "train").iterdir()
    data = bytearray(path.read_bytes())
    data[-6] ^= 1
    path.write_bytes(data)
    with pytest.raises(AssertionError):
        events(tmp_path / "train")


def test_tensorboard_reads_the_files(model, tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    history = fit(model, tmp_path, histogram_freq=1, write_images=True)
    run = accumulator.EventAccumulator(str(tmp_path / "train")).Reload()
    tags = run.Tags()["tensors"]
    path = model.layers[0].kernel.path
    assert {"epoch_loss", f"{path}/histogram", f"{path}/image", "keras"} <= set(tags)
    values = [event.tensor_proto.float_val[0] for event in run.Tensors("epoch_loss")]
    np.testing.assert_allclose(values, history["loss"], rtol=1e-6)
    assert run.SummaryMetadata("epoch_loss").plugin_data.plugin_name == "scalars"
