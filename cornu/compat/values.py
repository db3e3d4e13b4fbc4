"""What old values mean today, where the name of the argument alone doesn't tell it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu.compat import dialect, kernels, notices
from cornu.errors import explain
from cornu.initializers import Initializer
from cornu.layers.layer import Layer
from cornu.variables import Variable

VALUES: dict[str, dict[Any, Any]] = {
    "grayscale": {True: "grayscale", False: "rgb"},
    "dim_ordering": {"th": "channels_first", "tf": "channels_last", "default": None},
    "forget_bias_init": {"one": True, "ones": True, "zero": False, "zeros": False},
}
"""By the argument's old name: old values and today's."""


REFUSED = {
    "tensor": "an Input from a tensor of another library",
    "input_tensor": "an InputLayer from a tensor of another library",
    "target_tensors": "targets as symbolic tensors",
}
"""Arguments that would change what is computed, and that cornu can't have: None is all they may be."""

SEQUENCES = ("SimpleRNN", "LSTM", "GRU", "Conv1D", "Convolution1D", "AtrousConvolution1D", "LocallyConnected1D",
             "TimeDistributedDense", "CuDNNLSTM", "CuDNNGRU")  # fmt: skip
"""Layers whose `input_dim` is the last axis of a sequence."""


def modern(old: str, new: str, value: Any) -> Any:
    """Today's value of an argument that was called `old` and is called `new`."""
    if new == "activity_regularizer" and value is not None and dialect.current().before("tf.keras"):
        from cornu.compat.old import regularizers

        return regularizers.activity(value)
    table = VALUES.get(old)
    if table is not None and isinstance(value, (str, bool)) and value in table:
        return table[value]
    if isinstance(value, str) and dialect.current().before("keras3"):
        from cornu.compat.old import by_name

        kind = next((kind for kind in ("initializer", "constraint", "activation") if new.endswith(kind)), "")
        return by_name(kind, value) if kind else value
    if new.endswith("_initializer") and callable(value) and not isinstance(value, Initializer):
        return _old_initializer(value)
    return value


def _old_initializer(function: Callable) -> Callable:
    """A person's initializer, which took a shape, perhaps a name, and might give a variable."""
    takes = inspect.signature(function).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in takes.values())

    @functools.wraps(function)
    def initialize(shape: tuple, dtype: Any = None) -> Any:
        named = {"name": None} if "name" in takes else {}
        found = function(shape, **named, **({"dtype": dtype} if takes_all or "dtype" in takes else {}))
        return kernels.number(found) if isinstance(found, Variable) else found

    return initialize


def note_dropped(what: str, name: str, value: Any) -> None:
    """Notes an argument that means nothing any more.

    Raises ValueError where it asked for something that can't be had.
    """
    if name in REFUSED and value is not None:
        raise ValueError(
            explain(
                f"{what}: argument `{name}` asks for {REFUSED[name]}, which cornu doesn't have.",
                fix="Leave it out and pass the data to fit, evaluate or predict.",
            )
        )
    notices.note(f"{what}({name}=...)", "left out: it has no effect")


def finish(key: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments, after what concerns several of them together."""
    family, _, name = key.rpartition(".")
    if family == "layers":
        arguments = _layer(name, arguments)
    if family == "optimizers" and dialect.current().before("tf.keras") and "clipnorm" in arguments:
        notices.note("clipnorm=...", "global_clipnorm=...: Keras 2 took the norm of all gradients together")
        arguments["global_clipnorm"] = arguments.pop("clipnorm")
    rule = RULES.get(key)
    return rule(arguments) if rule is not None else arguments


def _layer(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    if name in SEQUENCES and "input_dim" in arguments:
        arguments.setdefault("input_length", None)
    dtype = arguments.get("dtype")
    if name != "Input" and name != "InputLayer" and isinstance(dtype, str) and dtype.startswith(("int", "uint")):
        arguments["input_dtype"] = arguments.pop("dtype")
    return arguments


def _embedding(arguments: dict[str, Any]) -> dict[str, Any]:
    length = arguments.pop("input_length", None)
    if dialect.current().before("keras3") and not {"input_shape", "batch_shape"} & set(arguments):
        arguments["input_shape"] = tuple(length) if isinstance(length, (list, tuple)) else (length,)
    return arguments


def _graph(arguments: dict[str, Any]) -> dict[str, Any]:
    """Until Keras 3, `Model([x], [y])` was `Model(x, y)`."""
    for name in ("inputs", "outputs"):
        given = arguments.get(name)
        if isinstance(given, (list, tuple)) and len(given) == 1 and dialect.current().before("keras3"):
            arguments[name] = given[0]
    return arguments


def _gate_by_gate(name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """The rule by which a recurrent layer's weights are drawn as in Keras 1."""

    def rule(arguments: dict[str, Any]) -> dict[str, Any]:
        if not dialect.current().before("keras2"):
            return arguments
        from cornu.compat.old import recurrent

        return recurrent.gate_by_gate(name, arguments)

    return rule


RULES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "layers.Embedding": _embedding,
    **{f"layers.{name}": _gate_by_gate(name) for name in ("SimpleRNN", "LSTM", "GRU")},
    "models.Model": _graph,
}


def take_after(cls: type, arguments: dict[str, Any]) -> tuple[dict[str, Any], Callable[[Any], Any]]:
    """What is done with a new layer once it has its variables: `weights=[...]` sets them."""
    weights = arguments.get("weights")
    if not issubclass(cls, Layer) or cls.__name__ == "Bidirectional" or "weights" not in arguments:
        return arguments, lambda layer: layer
    rest = {name: value for name, value in arguments.items() if name != "weights"}
    return rest, lambda layer: layer if weights is None else with_weights(layer, weights)


def with_weights(layer: Layer, weights: Any) -> Layer:
    """The layer, which sets its weights to these values as soon as it is built."""
    build = layer.build

    def build_and_set(*args: Any, **kwargs: Any) -> None:
        del layer.__dict__["build"]
        build(*args, **kwargs)
        _store(layer, [np.asarray(getattr(weight, "value", weight)) for weight in weights])

    layer.__dict__["build"] = build_and_set
    return layer


def _store(layer: Layer, values: list[np.ndarray]) -> None:
    """Sets the weights, also while shapes are only traced."""
    if len(values) == len(layer.weights):
        values = [kernels.kept(variable, value) for variable, value in zip(layer.weights, values, strict=True)]
    if len(values) != len(layer.weights) or any(
        tuple(value.shape) != tuple(variable.shape) for value, variable in zip(values, layer.weights, strict=False)
    ):
        raise ValueError(
            explain(
                f"Layer {layer.name!r}: `weights` don't fit.",
                expected=[tuple(variable.shape) for variable in layer.weights],
                got=[value.shape for value in values],
            )
        )
    with jax.ensure_compile_time_eval():
        for variable, value in zip(layer.weights, values, strict=True):
            variable.store(jnp.asarray(value, variable.dtype))
