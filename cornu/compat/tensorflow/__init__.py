"""What serves as `tensorflow`: what programs over tf.keras touch beside it, on cornu and JAX.

Tensors are JAX's arrays; `cornu.compat.tensors.install()` gives them the methods that TensorFlow's have. Names are
loaded when they are used. A name that isn't here raises AttributeError, which says what is missing and how to go on.
"""

from __future__ import annotations

import importlib
import operator
import sys
from typing import TYPE_CHECKING, Any

from cornu.compat.tensorflow.calls import missing

if TYPE_CHECKING:
    from types import ModuleType

__version__ = "2.15.0"
"""The version whose interface this follows: programs compare it."""

_MODULES = (
    *("autograph", "compat", "config", "data", "debugging", "distribute", "dtypes", "errors", "image", "io"),
    *("linalg", "logging", "math", "nn", "random", "signal", "strings", "summary", "test"),
)

_HERE = {
    "GradientTape": "tape",
    "UnconnectedGradients": "tape",
    "Variable": "variable",
    "function": "compiled",
    "DType": "dtypes",
    "as_dtype": "dtypes",
    "TensorSpec": "data",
    "executing_eagerly": "root",
    "inside_function": "root",
    "device": "root",
    "get_logger": "logging",
    "name_scope": "root",
    "Tensor": "root",
    "RaggedTensor": "root",
    "SparseTensor": "root",
    "IndexedSlices": "root",
    "TensorShape": "root",
    "control_dependencies": "root",
    "init_scope": "root",
    "gradients": "root",
    "no_gradient": "root",
    "Assert": "root",
    "nest": "root",
    "train": "root",
    "version": "root",
    "sysconfig": "root",
    "variable_creator_scope": "root",
}
"""Names of the root, and the module that holds each."""

_OF_KERAS = {
    "initializers": "initializers",
    "losses": "losses",
    "metrics": "metrics",
    "optimizers": "optimizers",
    "constant_initializer": "initializers.Constant",
    "ones_initializer": "initializers.Ones",
    "random_normal_initializer": "initializers.RandomNormal",
    "random_uniform_initializer": "initializers.RandomUniform",
    "zeros_initializer": "initializers.Zeros",
}
"""Names of the root that are tf.keras's."""

_FIXES = {
    "Module": "Subclass tf.keras.Model or tf.keras.layers.Layer.",
    "lite": "Save the model, and convert it with TensorFlow itself.",
    "saved_model": "Use model.save() and tf.keras.models.load_model().",
    "estimator": "Use a model's fit, or run this program with TensorFlow itself.",
    "contrib": "It went out with TensorFlow 1: run this program with TensorFlow 1.",
    "lookup": "Use the layers StringLookup and IntegerLookup, or a Python dict.",
    "ragged": "Use padded arrays and masks.",
    "sparse": "Use dense arrays.",
}


def __getattr__(name: str) -> Any:
    found = _find(name)
    if found is None:
        raise missing("", name, __dir__(), _FIXES.get(name))
    return found[0]


def _part(name: str) -> Any:
    return importlib.import_module(f"cornu.compat.tensorflow.{name}")


def _find(name: str) -> tuple[Any] | None:
    """What a name stands for, in a tuple; None where it stands for nothing."""
    if name.startswith("__"):
        return None
    if name == "newaxis":
        return (None,)
    if name == "keras":
        return (_keras(),)
    if name in _MODULES:
        return (_part(name),)
    if name in _OF_KERAS:
        return (operator.attrgetter(_OF_KERAS[name])(_keras()),)
    if name in _HERE:
        return (getattr(_part(_HERE[name]), name),)
    functions, dtypes = _part("functions"), _part("dtypes")
    if name in functions.ROOT:
        return (functions.ROOT[name],)
    if name in dtypes.NAMES:
        return (getattr(dtypes, name),)
    return _of_version_1(name)


_V1 = (
    *("ConfigProto", "GPUOptions", "Session", "InteractiveSession", "Graph", "set_random_seed", "get_default_graph"),
    *("reset_default_graph", "global_variables_initializer", "local_variables_initializer"),
    *("disable_eager_execution", "enable_eager_execution"),
)


def _of_version_1(name: str) -> tuple[Any] | None:
    v1 = _part("compat.v1")
    return (getattr(v1, name),) if name in _V1 else v1.old_name(name)


def _keras() -> ModuleType:
    """The Keras of the program's era where modules are served, else cornu."""
    if sys.modules.get("tensorflow") is sys.modules[__name__]:
        return importlib.import_module("tensorflow.keras")
    return importlib.import_module("cornu")


def __dir__() -> list[str]:
    return sorted({*_MODULES, *_HERE, *_OF_KERAS, *_part("functions").ROOT, *_part("dtypes").NAMES, "keras"})
