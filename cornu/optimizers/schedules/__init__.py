"""Learning rates that follow the number of the step."""

from __future__ import annotations

from typing import Any

from cornu import registry
from cornu.optimizers.schedules.schedule import CosineDecay as CosineDecay
from cornu.optimizers.schedules.schedule import CosineDecayRestarts as CosineDecayRestarts
from cornu.optimizers.schedules.schedule import ExponentialDecay as ExponentialDecay
from cornu.optimizers.schedules.schedule import InverseTimeDecay as InverseTimeDecay
from cornu.optimizers.schedules.schedule import LearningRateSchedule as LearningRateSchedule
from cornu.optimizers.schedules.schedule import PiecewiseConstantDecay as PiecewiseConstantDecay
from cornu.optimizers.schedules.schedule import PolynomialDecay as PolynomialDecay
from cornu.optimizers.schedules.schedule import PowerDecay as PowerDecay


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict:
    """A schedule as JSON data.

    >>> serialize(ExponentialDecay(0.1, 100, 0.9))["class_name"]
    'ExponentialDecay'
    """
    return registry.serialize(learning_rate_schedule)


def deserialize(config: dict, custom_objects: dict | None = None) -> Any:
    """The schedule of JSON data; ValueError for an unknown name.

    >>> deserialize({"class_name": "PowerDecay", "config": {"initial_learning_rate": 0.1, "decay_steps": 10}}).power
    1.0
    """
    return registry.deserialize(config, custom_objects, kind="schedule")
