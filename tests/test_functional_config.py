"""Configs of graphs: every operation under the name and with the arguments that Keras has for it."""

from __future__ import annotations

import importlib
import inspect
import json
from functools import cache

import keras
import numpy as np
import pytest
from keras.src.ops.operation import Operation
from saved_models import MODELS, flat, graph

import cornu
import cornu.ops
from cornu import naming, registry
from cornu.models import keras_operations as keras_operations_module
from cornu.models.keras_operations import class_name, module_name

MODULES = ("numpy", "nn", "math", "core", "image", "linalg")
# fmt: off
WITHOUT_CLASS = [
    "accuracy", "bartlett", "binary_accuracy", "blackman", "categorical_accuracy", "concordance_correlation", "empty",
    "extract_patches_3d", "eye", "hamming", "hanning", "identity", "kaiser", "ones", "pearson_correlation", "rearrange",
    "sparse_categorical_accuracy", "sparse_top_k_categorical_accuracy", "top_k_categorical_accuracy", "tri", "zeros",
]
"""Keras has these as functions only: it never writes them, and can't read them."""
APART = [
    "associative_scan", "cond", "fori_loop", "jvp", "map", "scan", "switch", "vectorized_map", "while_loop",
    "einsum", "full", "layer_normalization",
]
"""They take functions, which are no data, or any keywords, or (full) no tensor."""
# fmt: on


@cache
def keras_operations() -> dict[str, tuple[str, set[str], list[str]]]:
    """Keras's operations: module, constructor's and call's parameters."""
    found = {}
    for name in MODULES:
        module = importlib.import_module(f"keras.src.ops.{name}")
        for key, cls in vars(module).items():
            own = inspect.isclass(cls) and issubclass(cls, Operation) and cls.__module__ == module.__name__
            if own and cls is not Operation:
                made = set(inspect.signature(cls.__init__).parameters) - {"self", "name"}
                found[key] = (name, made, list(inspect.signature(cls.call).parameters)[1:])
    return found


def operations() -> list[str]:
    """The names of our operations, without the second names of some."""
    table = {name: registry.lookup("operation", name) for name in registry.names("operation")}
    return [name for name, function in table.items() if function.__name__ == name]


def mapped(name: str) -> tuple[str, str, set[str], list[str]]:
    """Class, module, constructor's and call's parameters that our configs have for an operation."""
    function = registry.lookup("operation", name)
    parameters = set(inspect.signature(inspect.unwrap(function)).parameters)
    called = keras_operations_module.operands(function)
    return class_name(name), module_name(name).rpartition(".")[2], parameters - set(called), called


def differences(name: str) -> list[str]:
    own, module, made, called = mapped(name)
    if own not in keras_operations():
        return [f"no class {own}"]
    wanted = keras_operations()[own]
    pairs = zip(("module", "constructor", "call"), (module, made, called), wanted, strict=True)
    return [f"{what}: {ours} for {theirs}" for what, ours, theirs in pairs if ours != theirs]


@pytest.mark.parametrize("name", [n for n in operations() if n not in (*WITHOUT_CLASS, *APART)])
def test_operations_are_keras_operations(name):
    assert differences(name) == []


def test_the_list_of_exceptions_is_true():
    assert [name for name in WITHOUT_CLASS if differences(name)[0][:8] != "no class"] == []


def test_a_wrong_name_or_operand_is_seen(monkeypatch):
    monkeypatch.delitem(keras_operations_module._CLASS_NAMES, "isin")
    monkeypatch.setattr(keras_operations_module, "_OPERANDS", keras_operations_module._OPERANDS - {"x2"})
    monkeypatch.delitem(keras_operations_module._MODULES, "relu")
    assert differences("isin") == ["no class Isin"]
    assert differences("add")
    assert differences("relu") == ["module: numpy for nn"]


def calls(k):
    """Operations of each module, with several operands, options, slices, sequences of tensors."""
    x = k.Input((4, 4), name="x")
    o = k.ops
    ys = [
        o.softmax(x, axis=-1), o.relu(x), o.gelu(x, approximate=False), o.logsumexp(x, axis=-1, keepdims=True),
        o.einsum("bij,bjk->bik", x, x), o.matmul(x, x), o.concatenate([x, x * 2.0], axis=1), o.stack([x, x], axis=1),
        o.where(x > 0.5, x, -x), x[:, 1:, ::2], x[..., None], 1.0 - x, 2.0 / (x + 1.0), x**2, o.clip(x, 0.1, 0.9),
        o.top_k(x, k=2)[0], o.one_hot(o.argmax(x, axis=-1), 4), o.transpose(x, (0, 2, 1)), o.reshape(x, (-1, 16)),
        o.pad(x, [[0, 0], [1, 1], [0, 0]]), o.cast(x, "int32"), o.take(x, o.argmin(x[:, 0], axis=-1), axis=1),
        o.sum(x, axis=(1, 2)), o.expand_dims(x, -1), o.rsqrt(x + 1.0), o.split(x, 2, axis=1)[1],
        o.isclose(x, x * 1.0), o.full_like(x, 3.0), o.image.resize(x[..., None], (8, 8)), o.erf(x), o.tril(x),
    ]  # fmt: skip
    return k.Model(x, ys)


@pytest.mark.parametrize("way", ["ours to Keras", "Keras's to ours", "ours to ours"])
def test_calls_both_ways(way):
    x = np.random.default_rng(0).random((3, 4, 4), "float32")
    made = calls(keras if way.startswith("Keras") else cornu)
    data = json.loads(made.to_json())
    read = keras.models.model_from_json if way.endswith("to Keras") else cornu.models.model_from_json
    for ours, theirs in zip(flat(read(json.dumps(data))(x)), flat(made(x)), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_configs_read_back_are_the_same(name):
    model = MODELS[name](cornu)
    first = json.loads(model.to_json())
    assert json.loads(cornu.models.model_from_json(json.dumps(first)).to_json()) == first


def test_graphs_have_keras_entries():
    keras.backend.clear_session()
    naming.reset_names()
    ours, theirs = (json.loads(graph(k).to_json())["config"] for k in (cornu, keras))
    for key in ("input_layers", "output_layers"):
        assert json.loads(json.dumps(ours[key])) == theirs[key]
    for mine, other in zip(ours["layers"], theirs["layers"], strict=True):
        assert [mine[key] for key in ("module", "class_name")] == [other[key] for key in ("module", "class_name")]
        assert [call["args"] for call in mine["inbound_nodes"]] == [call["args"] for call in other["inbound_nodes"]]


@pytest.mark.parametrize("damage", [
    lambda c: c["layers"][-1].update(inbound_nodes=[{"args": [1.0, 2.0], "kwargs": {}}]),
    lambda c: c["layers"].append(c["layers"][0]),
    lambda c: c["layers"].pop(0),
    lambda c: c.update(output_layers=[["nowhere", 0, 0]]),
    lambda c: c.update(output_layers=[["a", 5, 0]]),
    lambda c: c.update(input_layers=5),
    lambda c: c["layers"][-1].update(config={"surplus": 1}),
    lambda c: c["layers"][-1].update(class_name="Sistem"),
    lambda c: c["layers"][-1]["inbound_nodes"][0]["args"].append(1),
    lambda c: c["layers"][-1].update(inbound_nodes=None),
])  # fmt: skip
def test_broken_graphs(damage):
    data = json.loads(graph(cornu).to_json())
    damage(data["config"])
    with pytest.raises(ValueError, match=r"\w"):
        cornu.models.model_from_json(json.dumps(data))
