"""The methods and attributes that old eras' objects had, put on cornu's classes in this process only.

Methods that are called otherwise now get a translation in front of them; methods and attributes that are gone are
added. Why on the classes themselves: models and layers come from many places (files, copies, configs, other models),
and a program's own subclasses call them by `super()`.
"""

from __future__ import annotations

from typing import Any

from cornu import metrics, optimizers, regularizers
from cornu.compat import (
    callback_lists,
    kernels,
    layer_lists,
    layer_methods,
    model_methods,
    penalties,
    spelling,
    symbolic_losses,
    value_methods,
)
from cornu.compat.optimizers import METHODS as ON_OPTIMIZERS
from cornu.compat.tables import CALLS
from cornu.compat.tensorflow import samples
from cornu.layers import InputLayer
from cornu.layers.layer import Layer
from cornu.models.functional import Functional
from cornu.models.graph import Graph
from cornu.models.model import Model
from cornu.models.sequential import Sequential
from cornu.preprocessing.samples import Samples
from cornu.symbolic import KerasTensor
from cornu.training.callbacks.callback_list import CallbackList
from cornu.training.callbacks.history import History
from cornu.variables import Variable

_missing = object()
_before: list[tuple[type, str, Any]] = []


def install() -> None:
    """Puts the methods on the classes; once."""
    if _before:
        return
    for cls, added in _added():
        for name, value in added.items():
            _put(cls, name, value)
    for key in sorted({key for table in CALLS.values() for key in table if key[0].isupper()}):
        owner, _, name = key.partition(".")
        cls = {"Model": Model, "Sequential": Sequential}[owner]
        _put(cls, name, spelling.era_function(getattr(cls, name), key))


def uninstall() -> None:
    """Puts everything back as it was."""
    while _before:
        cls, name, value = _before.pop()
        if value is _missing:
            type.__delattr__(cls, name)
        else:
            type.__setattr__(cls, name, value)


def _added() -> list[tuple[type, dict[str, Any]]]:
    return [
        (Layer, {**layer_methods.ADDED, **kernels.ON_LAYERS, **penalties.ON_LAYERS}),
        (InputLayer, layer_methods.ON_INPUT_LAYERS),
        (Model, model_methods.ADDED),
        (Sequential, layer_lists.ON_STACKS),
        (Functional, {**layer_lists.ON_GRAPH_MODELS, **symbolic_losses.ON_FUNCTIONAL}),
        (Graph, symbolic_losses.ON_GRAPHS),
        (optimizers.Optimizer, {**value_methods.ON_OPTIMIZERS, **ON_OPTIMIZERS}),
        (Variable, value_methods.ON_VARIABLES),
        (KerasTensor, value_methods.ON_SYMBOLIC_TENSORS),
        (History, model_methods.ON_HISTORIES),
        (metrics.Metric, value_methods.ON_METRICS),
        (Samples, samples.METHODS),
        (regularizers.Regularizer, penalties.ON_REGULARIZERS),
        (CallbackList, callback_lists.ADDED),
    ]


def _put(cls: type, name: str, value: Any) -> None:
    _before.append((cls, name, vars(cls).get(name, _missing)))
    type.__setattr__(cls, name, value)
