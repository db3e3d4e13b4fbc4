"""Watching a value for improvement."""

from __future__ import annotations

import re
import warnings
from typing import Any

from cornu.errors import explain, nearest
from cornu.training.callbacks.callback import Callback, Logs

_DIRECTIONS: dict[Any, str] = {"up": "max", "down": "min"}
_WORDS = {
    "min": r"loss|error|entropy|hinge|divergence|poisson|cosh|perplexity|false_?(pos|neg)"
    r"|(?<![a-z])(mse|mae|mape|msle|rmse|kld|bce|nll)(?![a-z])",
    "max": r"accuracy|precision|recall|sensitivity|specificity|score|iou|correlation|similarity|true_?(pos|neg)"
    r"|(?<![a-z])(acc|auc|f1)(?![a-z])",
}
"""Words in the name of a value, or of a metric's class, that tell which is better."""


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
                    f"{type(self).__name__} finds no value {self.monitor!r} in the logs, and does nothing."
                    f"{nearest(self.monitor, logs or {})}",
                    expected=f"one of {', '.join(logs or {}) or 'none'}",
                    got=self.monitor,
                    fix=None if any(name.startswith("val_") for name in logs or {}) else "Pass `validation_data`.",
                ),
                stacklevel=4,
            )
        return value


def direction(monitor: str, model: Any, who: str = "monitor") -> str:
    """Whether the value of that name should become "min" or "max". Raises ValueError where nothing tells.

    A metric of that name is asked for its `_direction`, "up" or "down"; else the words in its class's name, or in its
    own, tell.

    >>> direction("val_head_loss", None), direction("val_accuracy", None)
    ('min', 'max')
    """
    name = monitor.removeprefix("val_")
    metrics = sorted(getattr(model, "metrics", []), key=lambda metric: -len(metric.name))
    metric = next((m for m in metrics if name == m.name or name.endswith(f"_{m.name}")), None)
    told = _DIRECTIONS.get(getattr(metric, "_direction", None))
    found = told or _by_words(type(metric).__name__) or _by_words(name)
    if found is not None:
        return found
    raise ValueError(
        explain(
            f"{who} can't tell whether {monitor!r} should become small or large.",
            expected="`mode='min'` or `mode='max'`",
            got="mode='auto'",
        )
    )


def _by_words(text: str) -> str | None:
    return next((way for way, words in _WORDS.items() if re.search(words, text.lower())), None)
