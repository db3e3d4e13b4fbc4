"""HDF5 model files are data, too: no code runs, no other file is read, and little is allocated."""

from __future__ import annotations

import base64
import json
import marshal
import random
import tracemalloc

import h5py
import numpy as np
import pytest

import cornu
from cornu.saving import inspect_file, legacy, limits, load_model

BYTECODE = base64.b64encode(marshal.dumps(compile("open('owned', 'w')", "x", "exec"))).decode()


@pytest.fixture
def good(tmp_path):
    """A good file."""
    model = cornu.Sequential([cornu.Input((4,), name="x"), cornu.layers.Dense(3, name="dense")], name="good")
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    legacy.save_model(model, tmp_path / "m.h5")
    return tmp_path / "m.h5"


def with_layers(path, *entries, version="2.2.4"):
    """The file with other layers in its config."""
    first = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4], "name": "x"}}
    config = {"class_name": "Sequential", "config": {"name": "evil", "layers": [first, *entries]}}
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = version
    return path


def peak(run) -> int:
    """The bytes that Python and NumPy had at once while `run` raised a ValueError."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"\w"):
            run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


LAMBDAS = {
    "Keras 2": {"function": [BYTECODE, None, None], "function_type": "lambda"},
    "Keras 3": {"function": {"class_name": "__lambda__", "config": {"code": BYTECODE}}},
    "raw": {"function": BYTECODE, "function_type": "raw"},
    "shape": {"function": "relu", "output_shape": [BYTECODE, None, None], "output_shape_type": "lambda"},
}


@pytest.mark.parametrize("form", LAMBDAS)
@pytest.mark.parametrize("version", ["1.2.2", "2.2.4", "3.15.0"])
def test_code_is_never_run(good, monkeypatch, form, version):
    monkeypatch.chdir(good.parent)
    entry = {"class_name": "Lambda", "config": {"name": "code", **LAMBDAS[form]}}
    path = with_layers(good, entry, version=version)
    with pytest.raises(ValueError, match="never run" if form in ("Keras 2", "Keras 3") else r"\w"):
        load_model(path)
    assert [p.name for p in good.parent.iterdir()] == ["m.h5"]


def test_a_function_in_place_of_code(good):
    entry = {"class_name": "Lambda", "config": {"name": "code", **LAMBDAS["Keras 2"]}}
    dense = {"class_name": "Dense", "config": {"name": "dense", "units": 3}}
    model = load_model(with_layers(good, entry, dense), custom_objects={"code": lambda x: 0 * x}, compile=False)
    assert np.array_equal(model(np.ones((1, 4))), model.layers[1].bias.numpy()[None])


GADGETS = {
    "a module's function": {"module": "os", "class_name": "system", "config": {"command": "touch owned"}},
    "an operation": {"class_name": "Lambda", "config": {"name": "l", "function": {"module": "os", "config": "system",
                     "class_name": "function", "registered_name": "system"}}},
    "an unknown class": {"class_name": "Evil", "config": {"name": "e"}},
    "a builtin": {"class_name": "builtins>eval", "config": {"source": "open('owned','w')"}},
    "no name": {"class_name": ["Dense"], "config": {}},
    "no config": {"class_name": "Dense", "config": 3},
    "too large": {"class_name": "Dense", "config": {"name": "dense", "units": 10**9}},
    "far too large": {"class_name": "Embedding", "config": {"input_dim": 10**12, "output_dim": 10**9, "name": "e"}},
}  # fmt: skip


@pytest.mark.parametrize("attack", GADGETS)
@pytest.mark.parametrize("version", ["2.2.4", "3.15.0"])
def test_configs(good, monkeypatch, attack, version):
    monkeypatch.chdir(good.parent)
    path = with_layers(good, GADGETS[attack], version=version)
    assert peak(lambda: load_model(path)) < 64 << 20
    assert [p.name for p in good.parent.iterdir()] == ["m.h5"]


GRAPHS = {
    "calls in a circle": [["b", 0, 0]],
    "a call of nothing": [["nobody", 0, 0]],
    "a number that isn't one": [["x", "0", 0]],
    "a call far away": [["x", 10**9, 0]],
    "an output far away": [["x", 0, 10**9]],
    "no list": 7,
}


@pytest.mark.parametrize("attack", GRAPHS)
def test_graphs(good, attack):
    source = {"class_name": "InputLayer", "name": "x", "inbound_nodes": [],
              "config": {"batch_input_shape": [None, 4], "name": "x"}}  # fmt: skip
    layers = [source, *({"class_name": "Dense", "name": name, "config": {"name": name, "units": 3},
                         "inbound_nodes": [GRAPHS[attack] if name == "a" else [["a", 0, 0]]]} for name in "ab")
    ]  # fmt: skip
    config = {"name": "m", "layers": layers, "input_layers": [["x", 0, 0]], "output_layers": [["b", 0, 0]]}
    with h5py.File(good, "r+") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Model", "config": config})
        file.attrs["keras_version"] = "2.2.4"
    assert peak(lambda: load_model(good)) < 64 << 20


# HDF5 ----------------------------------------------------------------------------------------------------------------


def _replace(name, make):
    def change(file, secret):
        group = file["model_weights/dense"]
        path = group.attrs["weight_names"][0].decode()
        del group[path]
        group.require_group(path.rpartition("/")[0])
        make(group, path if name is None else name, secret)

    return change


def _virtual(group, path, secret):
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource(secret, "secret", (4, 3))
    group.create_virtual_dataset(path, layout)


def _group_link(file, secret):
    del file["model_weights"]
    file["model_weights"] = h5py.ExternalLink(secret, "/")


def _names(value, name="weight_names"):
    def change(file, _):
        file["model_weights/dense"].attrs[name] = value

    return change


def _huge_attribute(file, _):
    """Many texts, each of which may be the longest of the file."""
    file.attrs["long"] = "x" * (1 << 20)
    file["model_weights"].attrs["layer_names"] = np.array(["dense"] * 3000, dtype=h5py.string_dtype())


TRICKS = {
    "external storage": _replace(None, lambda g, p, s: g.create_dataset(p, (4, 3), "float32", external=[(s, 0, 48)])),
    "external link": _replace(None, lambda g, p, s: g.__setitem__(p, h5py.ExternalLink(s, "secret"))),
    "soft link": _replace(None, lambda g, p, s: g.__setitem__(p, h5py.SoftLink("/model_weights/dense"))),
    "virtual data": _replace(None, _virtual),
    "a link on the way": _group_link,
    "text": _replace(None, lambda g, p, s: g.create_dataset(p, (4, 3), h5py.string_dtype())),
    "another shape": _replace(None, lambda g, p, s: g.create_dataset(
        p, (10**6, 10**6), "float64", chunks=(1, 1000), compression="gzip")),
    "numbers for names": _names([1, 2]),
    "references for names": _names(np.array([None], dtype=h5py.ref_dtype)),
    "nothing for names": _names(h5py.Empty("S10")),
    "names that aren't there": _names([b"a", b"b"]),
    "names that lead elsewhere": _names([b"../../optimizer_weights", b"/model_weights/dense"]),
    "empty names": _names([b"", b"//"]),
    "a group's name": _names([b"good", b"good"]),
    "an attribute that is too large": _huge_attribute,
    "two texts for the config": lambda file, _: file.attrs.__setitem__("model_config", [b"{}", b"{}"]),
    "no JSON": lambda file, _: file.attrs.__setitem__("model_config", b"!!python/object/apply:os.system [id]"),
    "deep JSON": lambda file, _: file.attrs.__setitem__("model_config", "[" * 50_000 + "]" * 50_000),
    "a list for the config": lambda file, _: file.attrs.__setitem__("model_config", b"[1]"),
    "a strange training": lambda file, _: file.attrs.__setitem__("training_config", b'{"optimizer_config": 3}'),
    "code for a loss": lambda file, _: file.attrs.__setitem__("training_config", json.dumps(
        {"optimizer_config": {"class_name": "Adam", "config": {}}, "loss": "system"}).encode()),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_only_data_in_the_file_itself(good, trick):
    secret = good.parent / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["secret"] = np.full((4, 3), 42, "float32")
    with h5py.File(good, "r+") as file:
        TRICKS[trick](file, str(secret))
    assert peak(lambda: load_model(good)) < 64 << 20
    if trick in list(TRICKS)[:14]:
        model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3, name="dense")])
        before = model.get_weights()
        for by_name in (False, True):
            assert peak(lambda by_name=by_name: model.load_weights(good, by_name=by_name)) < 64 << 20
        assert all(map(np.array_equal, before, model.get_weights()))


def test_a_file_and_config_that_agree_on_too_much(good):
    with h5py.File(good, "r+") as file:
        group = file["model_weights/dense"]
        kernel = group.attrs["weight_names"][0].decode()
        group.create_dataset("big", (4, 10**9), "float32", chunks=(1, 1000), compression="gzip")
        group.attrs["weight_names"] = [b"big"]
        assert kernel in group
    path = with_layers(good, {"class_name": "Dense", "config": {"name": "dense", "units": 10**9, "use_bias": False}})
    with pytest.raises(ValueError, match="more than it can"):
        load_model(path)
    assert peak(lambda: load_model(path)) < 64 << 20
    assert ((4, 10**9), "float32") in inspect_file(path)["weights"].values()


def test_the_largest_attribute_counts(good, monkeypatch):
    """A text may be as long as the file's longest heap, however often the attribute names it."""
    with h5py.File(good, "r+") as file:
        file["model_weights"].attrs["layer_names"] = np.array(["dense"], dtype=h5py.string_dtype())
    assert load_model(good).count_params() == 15
    monkeypatch.setattr(limits, "ATTRIBUTE_BYTES", 100)
    with pytest.raises(ValueError, match="too large"):
        load_model(good)


def test_damaged_files(good):
    """Bytes changed at random: a file loads or is refused, and nothing else happens."""
    held, chance, counts = good.read_bytes(), random.Random(0), {"fine": 0, "refused": 0}
    for _ in range(150):
        data = bytearray(held)
        for _ in range(chance.choice((1, 2, 8, 32))):
            at = chance.randrange(len(data))
            data[at : at + 8] = chance.choice((bytes([chance.randrange(256)]), b"\xff" * 8, bytes(8)))
        good.write_bytes(bytes(data))
        try:
            load_model(good)
            counts["fine"] += 1
        except (ValueError, OSError):
            counts["refused"] += 1
    assert min(counts.values()) > 10
