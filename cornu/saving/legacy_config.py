"""The configs of HDF5 model files, from Keras 1 to Keras 3, in the form that `.keras` files have.

Structure is brought into today's form here: stacks given as lists, calls given as lists of names and numbers, values
with their old JSON wrappings. What an era's classes and arguments were called is told by a `translate` function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cornu import registry
from cornu.errors import brief, explain, nearest

Translate = Callable[[str, dict], tuple[str, dict]]
"""From the class name and config that a file has to those of today."""

_CLASSES = {
    "CuDNNLSTM": "LSTM",
    "UnifiedLSTM": "LSTM",
    "CuDNNGRU": "GRU",
    "UnifiedGRU": "GRU",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
    "Policy": "DTypePolicy",
    "PolicyV1": "DTypePolicy",
}
_ARGUMENTS = {"LeakyReLU": {"alpha": "negative_slope"}, "": {"lr": "learning_rate", "initial_decay": "decay"}}
_SILENT = {
    "implementation", "time_major", "input_length", "fused", "virtual_batch_size", "adjustment", "is_legacy_optimizer",
    "jit_compile", "schedule_decay", "experimental_autocast", "sample_weight_mode", "query_shape", "key_shape",
    "value_shape",
}  # fmt: skip
"""Arguments that mean nothing any more, or that follow from others."""


def modern_spelling(class_name: str, config: dict) -> tuple[str, dict]:
    """The names of today for those of Keras 2 and tf.keras, as far as files need them to load.

    >>> modern_spelling("CuDNNGRU", {"units": 3})
    ('GRU', {'units': 3, 'reset_after': True})
    """
    renamed = _ARGUMENTS[""] | _ARGUMENTS.get(class_name, {})
    config = {renamed.get(key, key): value for key, value in config.items() if key not in _SILENT}
    if class_name in ("GRU", "GRUCell", "CuDNNGRU"):
        config.setdefault("reset_after", class_name == "CuDNNGRU")
    if config.get("epsilon", 0) is None:
        del config["epsilon"]
    return _CLASSES.get(class_name, class_name), config


def modern(data: Any, translate: Translate | None, kind: str | None = "layer") -> Any:
    """The entry of a model, layer, loss, metric or optimizer, or a structure of them, in the form of Keras 3.

    `translate` is None for files of Keras 3 itself, where only the form differs. Raises ValueError for what has no such
    form, and for functions that are there as code only.
    """
    if isinstance(data, dict) and registry.is_config(data):
        return _entry(data, translate, kind)
    if isinstance(data, dict) and "items" in data and data.get("class_name") in ("TensorShape", "__tuple__"):
        return modern(data["items"], translate, kind)
    if isinstance(data, dict) and set(data) == {"type", "value"}:  # a NumPy value
        return data["value"]
    if isinstance(data, dict):
        return {key: modern(value, translate, kind) for key, value in data.items()}
    return [modern(value, translate, kind) for value in data] if isinstance(data, list) else data


_KEYS = {
    "initializer": "initializer", "regularizer": "regularizer", "constraint": "constraint", "layer": "layer",
    "layers": "layer", "cell": "layer", "cells": "layer", "dtype": "policy", "rate": "schedule",
}  # fmt: skip


def _kind_of_key(key: str) -> str | None:
    return _KEYS.get(key.rpartition("_")[2])


def _entry(entry: dict, translate: Translate | None, kind: str | None) -> dict:
    class_name, config = entry["class_name"], entry["config"]
    if not isinstance(class_name, str):
        raise ValueError(explain("A model's config is broken: a class has no name.", got=brief(class_name)))
    if class_name.startswith("__") or class_name == "function":
        return entry
    if isinstance(config, list):
        config = {**({"name": entry["name"]} if "name" in entry else {}), "layers": config}
    if not isinstance(config, dict):
        raise ValueError(explain(f"The config of {class_name!r} is malformed.", expected="a dict", got=brief(config)))
    if translate is not None:
        class_name, config = translate(class_name, config)
        config = _tidy(class_name, config, kind)
    if "input_layers" in config and "layers" in config:
        config = _graph(config, translate)
    elif class_name == "Lambda":
        config = _lambda(config)
    else:
        config = {key: modern(value, translate, _kind_of_key(key)) for key, value in config.items()}
    registered = entry.get("registered_name") or (class_name if ">" in class_name else None)
    module = entry.get("module") or ("custom" if registered else registry.KINDS.get(kind or ""))
    kept = {key: entry[key] for key in ("build_config", "shared_object_id") if key in entry}
    own_name = class_name.rpartition(">")[2]
    return {"module": module, "class_name": own_name, "config": config, "registered_name": registered, **kept}


def _tidy(class_name: str, config: dict, kind: str | None) -> dict:
    """A config without what the old form of files put into it."""
    config = {{"batch_input_shape": "batch_shape"}.get(key, key): value for key, value in config.items()}
    axis, dtype = config.get("axis"), config.get("dtype")
    if kind == "layer" and isinstance(axis, list) and len(axis) == 1:
        config["axis"] = axis[0]
    inputs_dtype = isinstance(dtype, str) and "int" in dtype and class_name != "InputLayer"
    if inputs_dtype or kind in ("initializer", "regularizer", "constraint"):
        config.pop("dtype", None)
    if kind == "loss" and config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if kind == "metric" and isinstance(config.get("fn"), str):
        config["fn"] = function_entry(config["fn"])
    return config


def function_entry(name: str) -> dict:
    """The entry of a function of a known name."""
    return {"module": "builtins", "class_name": "function", "config": name, "registered_name": name}


def _lambda(config: dict) -> dict:
    """A Lambda layer's config; where it holds code, the caller may give a function by the layer's name instead."""
    function: Any = config.get("function")
    name = str(config.get("name"))
    if not (isinstance(function, str) or (registry.is_config(function) and function["class_name"] == "function")):
        if registry.get_registered_object(name) is None:
            raise ValueError(
                explain(
                    f"The file's Lambda layer {name!r} is Python bytecode, which is never run.",
                    expected="a function's name",
                    fix=f"Pass the function itself: custom_objects={{{name!r}: function}}.",
                )
            )
        function = function_entry(name)
    kept = {key: config[key] for key in ("name", "trainable", "dtype", "batch_shape", "arguments") if key in config}
    return {**kept, "function": function}


# Graphs --------------------------------------------------------------------------------------------------------------

_RECURRENT = {"RNN", "SimpleRNN", "LSTM", "GRU", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "Bidirectional"}


def _graph(config: dict, translate: Translate | None) -> dict:
    entries = [modern_call(entry, translate) for entry in config["layers"]]
    calls = _Calls(config, entries)
    layers = [{**entry, "inbound_nodes": calls.of(entry)} for entry in entries]
    ends = {key: calls.ends(config[key]) for key in ("input_layers", "output_layers")}
    rest = {key: modern(value, translate) for key, value in config.items() if key not in ("layers", *ends)}
    return {**rest, "layers": layers, **ends}


def modern_call(entry: Any, translate: Translate | None) -> dict:
    """The entry of a layer or operation in a graph, with its calls as the file has them."""
    if not (registry.is_config(entry) and isinstance(entry["config"], (dict, list))):
        raise ValueError(explain("A graph's config is broken.", expected="an entry of a layer", got=brief(entry)))
    name = entry.get("name") or (entry["config"].get("name") if isinstance(entry["config"], dict) else None)
    nodes = entry.get("inbound_nodes") or []
    if entry["class_name"] == "TFOpLambda":
        return {**_tensorflow_operation(entry["config"], str(name)), "name": name, "inbound_nodes": nodes}
    operation = "module" not in entry and _is_operation(entry, nodes)
    made = {**entry, "module": _OPERATIONS} if operation else _entry({**entry, "name": name}, translate, "layer")
    return {**made, "name": name, "inbound_nodes": nodes}


_OPERATIONS = "keras.src.ops.numpy"


def _is_operation(entry: dict, nodes: Any) -> bool:
    """Whether an entry of Keras 3, which tells no module in HDF5 files, is a function's: layers can be trainable."""
    of_keras_3 = isinstance(nodes, list) and any(isinstance(node, dict) and "args" in node for node in nodes)
    return (
        of_keras_3
        and "trainable" not in entry["config"]
        and registry.get_registered_object(entry["class_name"]) is None
    )


_MATH = "abs add cos divide exp log maximum minimum multiply negative sigmoid sin sqrt square subtract tanh"
_NN = "elu relu sigmoid softmax softplus tanh"
_TENSORFLOW = {
    "concat": "Concatenate", "math.reduce_max": "Max", "math.reduce_mean": "Mean", "math.reduce_min": "Min",
    "math.reduce_prod": "Prod", "math.reduce_sum": "Sum", "math.pow": "Power", "math.truediv": "TrueDivide",
    "__operators__.add": "Add", **{f"math.{name}": name.capitalize() for name in _MATH.split()},
    **{f"nn.{name}": name.capitalize() for name in _NN.split()}, "cast": "Cast", "expand_dims": "ExpandDims",
    "reshape": "Reshape", "squeeze": "Squeeze", "transpose": "Transpose",
}  # fmt: skip
"""TensorFlow's functions that tf.keras put into graphs, and the operations that they are."""
_OPERANDS = {"y": "x2", "perm": "axes", "shape": "newshape", "axis": "axis", "keepdims": "keepdims", "dtype": "dtype"}


def _tensorflow_operation(config: Any, name: str) -> dict:
    function = str(config["function"])
    if function not in _TENSORFLOW:
        what = f"The file calls TensorFlow's function {function!r}.{nearest(function, _TENSORFLOW)}"
        fix = "Build the model in the program, and load its weights alone."
        raise ValueError(explain(what, expected=f"one of {', '.join(_TENSORFLOW)}", got=name, fix=fix))
    return {"module": _OPERATIONS, "class_name": _TENSORFLOW[function], "config": {"name": name},
            "registered_name": None, "function": function}  # fmt: skip


class _Calls:
    """The calls of a graph's layers, given in any era's form."""

    def __init__(self, config: dict, entries: list[dict]) -> None:
        self._classes = {entry["name"]: entry["class_name"] for entry in entries}
        self._modern = any(_is_modern(node) for entry in entries for node in entry["inbound_nodes"])
        counts = {entry["name"]: len(entry["inbound_nodes"]) for entry in entries}
        places = [*_places(config["output_layers"]), *(p for e in entries for p in _places(e["inbound_nodes"]))]
        nested = {entry["name"] for entry in entries if "layers" in entry["config"]}
        self._making = {name for name, call in places if name in nested and call >= counts[name]}
        """The nested models whose own making counts as their first call."""

    def of(self, entry: dict) -> list:
        """The calls of a layer, in the form of Keras 3."""
        calls = [node if _is_modern(node) else self._call(entry["class_name"], node) for node in entry["inbound_nodes"]]
        if "function" not in entry:
            return calls
        return [{**c, "kwargs": {_OPERANDS[k]: v for k, v in c["kwargs"].items() if k in _OPERANDS}} for c in calls]

    def _call(self, class_name: str, node: Any) -> dict:
        inputs = [node] if _is_place(node) or _is_constant(node) else node
        first: Any = next(iter(inputs.values()), None) if isinstance(inputs, dict) else inputs[0] if inputs else None
        given = first[3] if (_is_place(first) or _is_constant(first)) and len(first) > 3 else {}
        kwargs = {key: self._value(value) for key, value in given.items() if value is not None}
        args = self._value(inputs)
        if isinstance(args, list) and len(args) == 1:
            args = args[0]
        if isinstance(args, list) and class_name in _RECURRENT:  # the states come after the inputs
            args, kwargs = args[0], {"initial_state": args[1:], **kwargs}
        return {"args": [args], "kwargs": kwargs}

    def _value(self, data: Any) -> Any:
        """A structure with the tensors that places in it stand for."""
        if _is_place(data) and data[0] in self._classes:
            place = [data[0], data[1] - (data[0] in self._making), data[2]]
            return {"class_name": "__keras_tensor__", "config": {"keras_history": place}}
        if _is_constant(data):
            return data[2]
        if isinstance(data, dict):
            return {key: self._value(value) for key, value in data.items()}
        return [self._value(value) for value in data] if isinstance(data, list) else data

    def ends(self, data: Any) -> Any:
        """The inputs or outputs of the graph; before Keras 3 a list of one is that one."""
        if self._modern:
            return data
        if isinstance(data, list) and len(data) == 1:
            return self.ends(data[0])
        if _is_place(data):
            name, call, index = data[:3]
            is_graph = self._classes.get(name) in ("Functional", "Model")
            return [name, call - (name in self._making) + is_graph, index]
        if isinstance(data, dict):
            return {key: self.ends(value) for key, value in data.items()}
        return [self.ends(value) for value in data] if isinstance(data, list) else data


def _is_modern(node: Any) -> bool:
    return isinstance(node, dict) and "args" in node


def _is_constant(data: Any) -> bool:
    """A value that stands in the place of a tensor."""
    return isinstance(data, list) and len(data) in (3, 4) and data[0] == "_CONSTANT_VALUE"


def _is_place(data: Any) -> bool:
    """[name, number of the call, number of the output], and perhaps the call's arguments."""
    return (
        isinstance(data, list)
        and len(data) in (3, 4)
        and isinstance(data[0], str)
        and not _is_constant(data)
        and all(isinstance(number, int) for number in data[1:3])
    )


def _places(data: Any) -> Iterator[tuple[str, int]]:
    if _is_place(data):
        yield data[0], data[1]
        data = data[3:]
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, list) else ()
    for value in inner:
        yield from _places(value)
