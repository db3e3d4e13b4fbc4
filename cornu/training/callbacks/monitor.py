"""Watching a value for improvement."""

from __future__ import annotations

import warnings
from typing import Any

from cornu import registry
from cornu.errors import explain
from cornu.training.callbacks.callback import Callback, Logs

_DIRECTIONS = {"up": "max", "down": "min"}


class MonitorCallback(Callback):
    """Base of callbacks that watch a value in the logs and remember the best one.

    Args:
        monitor: the value's name in the logs.
        mode: "min" or "max": which is better; "auto" asks the metric of that name.
        baseline: the best value before the first one; None: the first is the best.
        min_delta: a change counts as an improvement if it is larger than this.

    With "auto", a name that tells no direction raises ValueError at the end of the first epoch. Difference from Keras:
    "auto" knows the names of several outputs' losses and metrics, too.
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: float | None = None, min_delta: float = 0
    ) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(f"{type(self).__name__}: unknown mode {mode!r}; taken for 'auto'.", stacklevel=3)
            mode = "auto"
        self.monitor, self.mode, self.best, self.min_delta = monitor, mode, baseline, abs(min_delta)

    def is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether a value is better than another by more than `min_delta`; than None, any is."""
        if reference is None:
            return True
        mode = self.mode if self.mode != "auto" else direction(self.monitor, self.model, type(self).__name__)
        return value + self.min_delta < reference if mode == "min" else value - self.min_delta > reference

    def current(self, logs: Logs) -> float | None:
        """The monitored value; None, with a warning, where it isn't there."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                explain(
                    f"{type(self).__name__} finds no value {self.monitor!r} in the logs, and does nothing.",
                    expected=f"one of {', '.join(logs or {}) or 'none'}",
                    got=self.monitor,
                    fix="Pass `validation_data` to fit." if self.monitor.startswith("val_") else None,
                ),
                stacklevel=3,
            )
        return value


def direction(monitor: str, model: Any, who: str = "monitor") -> str:
    """Whether the value of that name should become "min" or "max". Raises ValueError where nothing tells.

    >>> direction("val_head_loss", None), direction("val_accuracy", None)
    ('min', 'max')
    """
    name = monitor.removeprefix("val_")
    if name == "loss" or name.endswith("_loss"):
        return "min"
    for metric in sorted(getattr(model, "metrics", []), key=lambda metric: -len(metric.name)):
        if (name == metric.name or name.endswith(f"_{metric.name}")) and _direction_of(metric):
            return _DIRECTIONS[_direction_of(metric)]
    if name in ("acc", "accuracy") or name.endswith(("_acc", "_accuracy")):
        return "max"
    if name in registry.names("metric") and _direction_of(registry.lookup("metric", name)):
        return _DIRECTIONS[_direction_of(registry.lookup("metric", name))]
    raise ValueError(
        explain(
            f"{who} can't tell whether {monitor!r} should become small or large.",
            expected="`mode='min'` or `mode='max'`",
            got="mode='auto'",
        )
    )


def _direction_of(metric: Any) -> Any:
    found = getattr(metric, "_direction", None)
    return found if found in _DIRECTIONS else None
