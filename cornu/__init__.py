"""cornu: the Keras programming interface on one small compiled program that any engine can run.

>>> import cornu
>>> model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3, activation="softmax")])
>>> model.output_shape
(None, 3)

The public names are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from cornu import errors

__version__ = "0.1.0"

if TYPE_CHECKING:
    from cornu import (
        activations as activations,
    )
    from cornu import (
        backend as backend,
    )
    from cornu import (
        callbacks as callbacks,
    )
    from cornu import (
        config as config,
    )
    from cornu import (
        constraints as constraints,
    )
    from cornu import (
        datasets as datasets,
    )
    from cornu import (
        dtype_policies as dtype_policies,
    )
    from cornu import (
        initializers as initializers,
    )
    from cornu import (
        layers as layers,
    )
    from cornu import (
        losses as losses,
    )
    from cornu import (
        metrics as metrics,
    )
    from cornu import (
        mixed_precision as mixed_precision,
    )
    from cornu import (
        models as models,
    )
    from cornu import (
        ops as ops,
    )
    from cornu import (
        optimizers as optimizers,
    )
    from cornu import (
        preprocessing as preprocessing,
    )
    from cornu import (
        random as random,
    )
    from cornu import (
        regularizers as regularizers,
    )
    from cornu import (
        saving as saving,
    )
    from cornu import (
        tree as tree,
    )
    from cornu import (
        tuning as tuning,
    )
    from cornu import (
        utils as utils,
    )
    from cornu import (
        visualization as visualization,
    )
    from cornu import (
        wrappers as wrappers,
    )
    from cornu.devices import device as device
    from cornu.dtype_policies import FloatDTypePolicy as FloatDTypePolicy
    from cornu.dtypes import DTypePolicy as DTypePolicy
    from cornu.initializers import Initializer as Initializer
    from cornu.layers import Input as Input
    from cornu.layers import InputSpec as InputSpec
    from cornu.layers import Layer as Layer
    from cornu.layers.operation import Operation as Operation
    from cornu.losses import Loss as Loss
    from cornu.metrics import Metric as Metric
    from cornu.models import Function as Function
    from cornu.models import Model as Model
    from cornu.models import Sequential as Sequential
    from cornu.naming import name_scope as name_scope
    from cornu.optimizers import Optimizer as Optimizer
    from cornu.regularizers import Regularizer as Regularizer
    from cornu.scopes import StatelessScope as StatelessScope
    from cornu.scopes import SymbolicScope as SymbolicScope
    from cornu.scopes import remat as remat
    from cornu.symbolic import KerasTensor as KerasTensor
    from cornu.variables import Variable as Variable
    from cornu.variables import grad as grad
    from cornu.variables import jit as jit
    from cornu.variables import value_and_grad as value_and_grad

_MODULES = {
    "activations", "backend", "callbacks", "config", "constraints", "datasets", "dtype_policies", "dtypes",
    "export", "initializers", "layers", "losses", "metrics", "mixed_precision", "models", "ops", "optimizers",
    "preprocessing", "random", "regularizers", "saving", "tree", "tuning", "utils", "visualization", "wrappers",
}  # fmt: skip
_NAMES = {
    "DTypePolicy": "dtypes",
    "FloatDTypePolicy": "dtype_policies",
    "Function": "models",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasTensor": "ops.operators",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Operation": "layers.operation",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "StatelessScope": "scopes",
    "SymbolicScope": "scopes",
    "Variable": "variables",
    "device": "devices",
    "grad": "variables",
    "jit": "variables",
    "name_scope": "naming",
    "remat": "scopes",
    "value_and_grad": "variables",
}


def version() -> str:
    """The version of cornu."""
    return __version__


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"cornu.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"cornu.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    from cornu.errors import nearest

    raise AttributeError(f"module 'cornu' has no attribute {name!r}.{nearest(name, [*_MODULES, *_NAMES])}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})


def _advise(owner: str, name: str) -> str | None:
    from cornu.compat import advice

    return advice.advise(owner, name)


errors.adviser = _advise


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext cornu` in a notebook: from now on its cells import Keras, of any era, from cornu."""
    from cornu.compat import notebook

    notebook.load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """`%unload_ext cornu`: Keras is imported as it is installed."""
    from cornu.compat import notebook

    notebook.unload(shell)
