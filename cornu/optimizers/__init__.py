"""Optimizers: how a gradient becomes a step."""

from __future__ import annotations

from typing import Any

from cornu import registry
from cornu.errors import brief, explain
from cornu.optimizers import schedules as schedules
from cornu.optimizers.adam import Adam as Adam
from cornu.optimizers.adam import Adamax as Adamax
from cornu.optimizers.adam import AdamW as AdamW
from cornu.optimizers.adam import Lamb as Lamb
from cornu.optimizers.adam import Nadam as Nadam
from cornu.optimizers.adam import ScheduleFreeAdamW as ScheduleFreeAdamW
from cornu.optimizers.adaptive import Adadelta as Adadelta
from cornu.optimizers.adaptive import Adagrad as Adagrad
from cornu.optimizers.adaptive import Ftrl as Ftrl
from cornu.optimizers.adaptive import RMSprop as RMSprop
from cornu.optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from cornu.optimizers.matrices import Adafactor as Adafactor
from cornu.optimizers.matrices import Muon as Muon
from cornu.optimizers.multi import MultiOptimizer as MultiOptimizer
from cornu.optimizers.multi import OptimizerMap as OptimizerMap
from cornu.optimizers.optax import LBFGS as LBFGS
from cornu.optimizers.optax import Optax as Optax
from cornu.optimizers.optax import is_transformation as _is_transformation
from cornu.optimizers.optimizer import Optimizer as Optimizer
from cornu.optimizers.optimizer import Slot as Slot
from cornu.optimizers.sgd import SGD as SGD
from cornu.optimizers.sgd import Lion as Lion


def serialize(optimizer: Optimizer) -> dict:
    """An optimizer as JSON data, without its state.

    >>> serialize(SGD(0.5))["class_name"]
    'SGD'
    """
    return registry.serialize(optimizer)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The optimizer of JSON data; names of cornu's own in any case. ValueError for an unknown name.

    >>> deserialize({"class_name": "SGD", "config": {"momentum": 0.5}}).momentum
    0.5
    """
    name, known = str(config.get("class_name")), registry.names("optimizer")
    if name not in known and name.lower() in known:
        config = {**config, "class_name": name.lower()}
    return registry.deserialize(config, custom_objects, kind="optimizer")


def get(identifier: Any) -> Any:
    """The optimizer of an argument: a name, a config, a class, an optimizer, an optax transformation, or None.

    Raises ValueError for anything else.

    >>> get("rmsprop").rho
    0.9
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    if isinstance(identifier, str):
        identifier = {"class_name": identifier, "config": {}}
    if isinstance(identifier, dict):
        found = deserialize(identifier)
    elif isinstance(identifier, type) and issubclass(identifier, Optimizer):
        found = identifier()  # type: ignore[call-arg]
    else:
        found = Optax(identifier) if _is_transformation(identifier) else None
    if not isinstance(found, Optimizer):
        raise ValueError(
            explain(
                "This can't stand for an optimizer.",
                expected='a name ("adam"), an optimizer, its config, or an optax transformation',
                got=brief(identifier),
            )
        )
    return found
