"""Keras's public names: where they stand, and those that have no test file of their own."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections import OrderedDict, defaultdict, namedtuple
from types import ModuleType

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cornu
from cornu import config, nested
from cornu.layers import Dense

# Every name of Keras 3 ------------------------------------------------------------------------------------------------

LEFT_OUT = {
    "applications", "distillation", "distribution", "export", "quantizers", "utils.bounding_boxes", "visualization",
}  # fmt: skip
"""Modules of Keras that cornu hasn't, or has with names of its own."""

ABSENT = {
    "": "Quantizer RematScope",
    "callbacks": "OrbaxCheckpoint",
    "dtype_policies": "AWQDTypePolicy DTypePolicyMap GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy "
    "QuantizedFloat8DTypePolicy",
    "layers": "FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper",
    "saving": "KerasFileEditor",
    "utils": "FeatureSpace audio_dataset_from_directory",
}
"""Names that cornu hasn't."""

MADE_ELSEWHERE = {"layers", "preprocessing", "preprocessing.image", "preprocessing.sequence", "utils"}
"""Modules whose names are looked at where they are made: the layers and functions that prepare data."""


def names(module, path="", seen=None):
    """{path: names} of a module and those below it."""
    seen = set() if seen is None else seen
    found = {path: []}
    for name, value in vars(module).items():
        below = f"{path}.{name}".lstrip(".")
        if name.startswith("_") or name in ("src", "legacy"):
            continue
        if not isinstance(value, ModuleType):
            found[path].append(name)
        elif value.__name__.startswith("keras") and value.__name__ not in seen:
            seen.add(value.__name__)
            found |= names(value, below, seen)
    return found


KERAS = {path: given for path, given in names(keras).items() if given}


def has(path, name):
    module = importlib.import_module(f"cornu.{path}".rstrip("."))
    try:
        return hasattr(module, name)
    except ImportError:  # what it needs isn't installed
        return True


@pytest.mark.parametrize("path", [p for p in KERAS if p not in LEFT_OUT and p.split(".")[0] not in LEFT_OUT])
def test_every_name_of_keras_is_there(path):
    missing = {name for name in KERAS[path] if not has(path, name)}
    absent = set(ABSENT.get(path, "").split())
    if path in MADE_ELSEWHERE:
        missing &= absent
    assert missing == absent


def test_a_missing_name_is_seen():
    assert not has("layers", "Danse")
    assert len(KERAS) > 30


# Nested structures ----------------------------------------------------------------------------------------------------

Point = namedtuple("Point", "x y")
STRUCTURES = [
    1, None, [], {}, [1], [None], (1, [2, (3,)]), {"b": 1, "a": [2, {"z": 3}]}, OrderedDict([("b", 1), ("a", 2)]),
    Point(1, [2]), [Point(1, 2), {"k": None}], defaultdict(list, {"b": 1, "a": 2}), {"a": (None, "text")},
]  # fmt: skip
CALLS = {
    "flatten": lambda tree, s: tree.flatten(s),
    "flatten_with_path": lambda tree, s: tree.flatten_with_path(s),
    "is_nested": lambda tree, s: tree.is_nested(s),
    "map_structure": lambda tree, s: tree.map_structure(lambda x: [x], s),
    "map_structure of two": lambda tree, s: tree.map_structure(lambda x, y: (x, y), s, s),
    "map_structure without None": lambda tree, s: tree.map_structure(str, s, none_is_leaf=False),
    "pack_sequence_as": lambda tree, s: tree.pack_sequence_as(s, list(range(len(tree.flatten(s))))),
    "lists_to_tuples": lambda tree, s: tree.lists_to_tuples(s),
    "map_shape_structure": lambda tree, s: tree.map_shape_structure(str, s),
    "traverse": lambda tree, s: tree.traverse(lambda x: tree.MAP_TO_NONE if x == 2 else None, s),
    "traverse up": lambda tree, s: tree.traverse(lambda x: len(x) if isinstance(x, list) else None, s, top_down=False),
    "visits": lambda tree, s: [v := [], tree.traverse(lambda x: v.append(x), s)],
    "visits up": lambda tree, s: [v := [], tree.traverse(lambda x: v.append(x), s, top_down=False)],
}


@pytest.mark.parametrize("structure", STRUCTURES, ids=repr)
@pytest.mark.parametrize("call", CALLS)
def test_nested_structures_are_those_of_keras(call, structure):
    assert CALLS[call](nested, structure) == CALLS[call](keras.tree, structure)


@pytest.mark.parametrize("a", STRUCTURES, ids=repr)
@pytest.mark.parametrize("check", ["assert_same_structure", "assert_same_paths"])
def test_forms_are_compared_as_in_keras(check, a):
    def fits(tree, b):
        try:
            getattr(tree, check)(a, b)
        except (ValueError, TypeError):
            return False
        return True

    assert [fits(nested, b) for b in STRUCTURES] == [fits(keras.tree, b) for b in STRUCTURES]


def test_nested_structures_are_checked():
    assert cornu.tree.map_structure(lambda x: x + 1, [1]) == [2]
    assert nested.map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]]) == ["[1, 1]", ["2", "2"]]
    v = cornu.Variable(1.0)
    assert nested.flatten([v])[0] is v
    for call, error in (
        (lambda: nested.map_structure(abs), TypeError),
        (lambda: nested.map_structure(1, [2]), TypeError),
        (lambda: nested.pack_sequence_as([1, 2], [3]), ValueError),
        (lambda: nested.pack_sequence_as([1, 2], 3), TypeError),
        (lambda: nested.map_structure_up_to([1, [2]], abs, [1, 2]), ValueError),
        (lambda: cornu.tree.map_structur, AttributeError),
    ):
        with pytest.raises(error):
            call()


# Settings and dtypes --------------------------------------------------------------------------------------------------

DTYPES = ["bool", "uint8", "uint16", "uint32", "int8", "int16", "int32", "float16", "bfloat16", "float32"]


@pytest.mark.parametrize("a", [*DTYPES, int, float], ids=str)
def test_result_types_are_those_of_keras(a):
    for b in (*DTYPES, int, float):
        ours = cornu.backend.result_type(a, b)
        theirs = keras.backend.result_type(a, b)
        assert ours == theirs.replace("64", "32"), (a, b)


def test_the_backend_of_keras_3():
    backend = cornu.backend
    assert (backend.backend(), backend.floatx(), backend.standardize_dtype(None)) == ("jax", "float32", "float32")
    assert [backend.is_float_dtype(d) for d in ("bfloat16", "int8", "bool")] == [True, False, False]
    assert [backend.is_int_dtype(d) for d in ("uint8", "int64", "bool", "float16")] == [True, True, False, False]
    assert backend.is_keras_tensor(cornu.Input((2,)))
    assert not backend.is_keras_tensor(np.ones(2))
    cornu.utils.clear_session()
    assert [backend.get_uid("x"), backend.get_uid("x"), backend.get_uid("y")] == [1, 2, 1]
    assert Dense(1).name == "dense"
    cornu.utils.clear_session()
    assert (Dense(1).name, Dense(1).name, backend.get_uid("x")) == ("dense", "dense_1", 1)


def test_policies_of_precision():
    mixed = cornu.mixed_precision
    assert mixed.Policy is mixed.DTypePolicy is cornu.FloatDTypePolicy
    try:
        mixed.set_global_policy("mixed_bfloat16")
        layer = Dense(1)
        assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
        assert mixed.global_policy().name == cornu.config.dtype_policy().name == "mixed_bfloat16"
    finally:
        mixed.set_global_policy("float32")
    policies = cornu.dtype_policies
    again = policies.deserialize(policies.serialize(policies.get("mixed_float16")))
    assert again == policies.DTypePolicy("mixed_float16")
    assert policies.serialize(again) == keras.dtype_policies.serialize(keras.dtype_policies.get("mixed_float16"))


@pytest.fixture
def model():
    model = cornu.Sequential([cornu.Input((2,)), Dense(1)])
    model.compile("sgd", "mse")
    return model


def batches():
    while True:
        yield np.ones((4, 2)), np.ones((4, 1))


@pytest.mark.parametrize("endless", [False, True])
def test_limits_for_a_quick_trial(model, endless):
    x, y = np.ones((40, 2)), np.ones((40, 1))
    try:
        config.set_max_epochs(2)
        config.set_max_steps_per_epoch(3)
        if endless:
            history = model.fit(batches(), epochs=9, steps_per_epoch=8, verbose=0)
        else:
            history = model.fit(x, y, epochs=9, batch_size=4, verbose=0, validation_data=(x, y))
        assert (history.epoch, int(model.optimizer.iterations)) == ([0, 1], 6)
        assert model.predict(x, batch_size=4, verbose=0).shape == (12, 1)
        assert model.predict(x[:8], batch_size=4, verbose=0).shape == (8, 1)
    finally:
        config.set_max_epochs(None)
        config.set_max_steps_per_epoch(None)
    for setter in (config.set_max_epochs, config.set_max_steps_per_epoch):
        with pytest.raises(ValueError, match="wrong value"):
            setter(0)


def test_interactive_logging(model, capsys):
    utils = cornu.utils
    try:
        utils.disable_interactive_logging()
        assert not utils.is_interactive_logging_enabled()
        model.fit(np.ones((4, 2)), np.ones((4, 1)))
        assert "1/1" in capsys.readouterr().out
    finally:
        utils.enable_interactive_logging()


def test_settings_that_change_nothing_say_so():
    for call in (config.enable_unsafe_deserialization, lambda: config.set_backend("torch")):
        with pytest.warns(UserWarning, match=r"unsafe deserialization|changes nothing"):
            call()
    config.set_backend("jax")
    assert not config.is_nnx_enabled()
    assert config.is_flash_attention_enabled() is None
    try:
        config.enable_flash_attention()
        assert config.is_flash_attention_enabled()
        x = jnp.ones((1, 2, 1, 4))
        assert cornu.ops.dot_product_attention(x, x, x).shape == x.shape  # without a GPU, as before
    finally:
        config._settings["flash_attention"] = None
    assert cornu.version() == cornu.__version__


def test_a_config_of_named_values():
    made = cornu.utils.Config(rate=0.1)
    made.momentum = 0.9
    made["seed"] = 1
    assert (made.seed, made["rate"], list(made), made.get("none", 3)) == (1, 0.1, ["rate", "momentum", "seed"], 3)
    made.freeze()
    assert made.frozen
    for change in (lambda: setattr(made, "a", 1), lambda: made.pop("rate"), lambda: made.update(b=2)):
        with pytest.raises(ValueError, match="frozen"):
            change()
    made.unfreeze()
    assert made.pop("rate") == 0.1
    with pytest.raises(AttributeError, match="Did you mean 'momentum'"):
        made.momentun  # noqa: B018


# Functions, operations, scopes ----------------------------------------------------------------------------------------


def test_a_function_of_a_part_of_a_graph():
    x = cornu.Input((3,))
    hidden = Dense(4, activation="tanh")(x)
    y = cornu.ops.exp(hidden) + 1
    function = cornu.Function(hidden, {"y": y, "same": [hidden]})
    given = np.linspace(-1, 1, 8, dtype="float32").reshape(2, 4)
    found = function(given)
    np.testing.assert_allclose(found["y"], np.exp(given) + 1, rtol=1e-6)
    np.testing.assert_array_equal(found["same"][0], given)
    assert function(cornu.Input((4,)))["y"].shape == (None, 4)
    assert function.compute_output_shape((5, 4)) == {"y": (5, 4), "same": [(5, 4)]}
    both = cornu.Function({"a": x, "b": hidden}, y * x[:, :1])
    assert both({"b": given, "a": given[:, :3]}).shape == (2, 4)
    assert both.inputs == [x, hidden]
    for wrong in ({"a": given}, [given, given], given):
        with pytest.raises(ValueError, match="inputs' form"):
            both(wrong)
    with pytest.raises(ValueError, match="disconnected"):
        cornu.Function(hidden, y * x[:, :1])


def test_the_sources_of_a_tensor():
    a, b = cornu.Input((2,), name="a"), cornu.Input((2,), name="b")
    assert cornu.utils.get_source_inputs(Dense(1)(a + b) * 2) == [a, b]
    assert cornu.utils.get_source_inputs(a) == [a]


class Scale(cornu.Operation):
    def __init__(self, factor, name=None):
        super().__init__(name=name)
        self.factor = factor

    def call(self, x):
        return x * self.factor


def test_operations():
    scale = Scale(3.0, name="triple")
    assert float(scale(jnp.ones(()))) == 3.0
    x = cornu.Input((2,))
    model = cornu.Model(x, scale(x))
    np.testing.assert_array_equal(model.predict(np.ones((1, 2)), verbose=0), [[3.0, 3.0]])
    assert Scale.from_config(scale.get_config()).factor == 3.0
    assert isinstance(Dense(1), cornu.Operation)
    assert not isinstance(jnp.ones(1), cornu.Operation)
    with pytest.raises(NotImplementedError):
        cornu.Operation()(1.0)


def test_a_stateless_scope_as_in_keras():
    found = []
    for library in (cornu, keras):
        v, w = library.Variable(1.0), library.Variable(2.0)
        with library.StatelessScope([(v, np.float32(5.0))]) as scope:
            v.assign(v + w)
            w.assign(v.value * 10)
        values = [float(scope.get_current_value(one)) for one in (v, w)]
        found.append((*values, float(v.value), float(w.value)))
    assert found[0] == found[1] == (7.0, 70.0, 1.0, 2.0)
    layer = Dense(1, kernel_regularizer="l2", activity_regularizer="l2")
    with cornu.StatelessScope(collect_losses=True) as scope:
        layer(np.ones((1, 2)))
    assert len(scope.losses) == 1


def test_remat_recomputes_and_keeps_the_state():
    layer = cornu.layers.BatchNormalization(activity_regularizer="l2")
    layer.build((None, 2))
    dropout = cornu.layers.Dropout(0.5, seed=1)
    x = np.array([[1.0, 2.0], [3.0, 5.0]], "float32")

    def gradients(function):
        return cornu.grad(lambda: jnp.sum(jnp.sin(function(x)) + layer.losses[0]), layer.trainable_variables)()

    def both(values):
        return dropout(jnp.tanh(layer(values, training=True)), training=True)

    def state():
        return [v.numpy() for v in (*layer.variables, *dropout.variables)]

    start = state()
    plain = gradients(both)
    after = state()
    for variable, value in zip((*layer.variables, *dropout.variables), start, strict=True):
        variable.assign(value)
    repeated = gradients(cornu.remat(both))
    for a, b in zip(repeated, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for a, b in zip(state(), after, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    program = str(jax.make_jaxpr(jax.grad(lambda v: jnp.sum(cornu.remat(jnp.sin)(v))))(x))
    assert "checkpoint" in program or "remat" in program


def test_devices():
    program = """
import warnings, cornu, numpy as np
with cornu.device("/device:CPU:1"):
    v = cornu.Variable(np.ones(2))
    print(v.value.devices(), cornu.ops.exp(v).devices())
print(cornu.Variable(1.0).value.devices())
with warnings.catch_warnings(record=True) as caught, cornu.device("gpu:0"):
    print(cornu.Variable(1.0).value.devices())
print(len(caught))
"""
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    result = subprocess.run(
        [sys.executable, "-W", "always", "-c", program],
        env={**os.environ, **flags}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    second, first = "{CpuDevice(id=1)}", "{CpuDevice(id=0)}"
    assert result.stdout.split("\n")[:4] == [f"{second} {second}", first, first, "1"]
    with pytest.raises(ValueError, match="malformed"), cornu.device("gpu zero"):
        pass


def test_name_scopes():
    with cornu.name_scope("outer"):
        assert cornu.Variable(1.0, name="v").path == "outer/v"
