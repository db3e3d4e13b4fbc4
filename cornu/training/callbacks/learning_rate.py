"""A learning rate that follows the number of the epoch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from cornu.errors import brief, explain
from cornu.training.callbacks.callback import Callback, Logs
from cornu.training.progress import say


class LearningRateScheduler(Callback):
    """Sets the learning rate at the beginning of each epoch.

    Args:
        schedule: a function (epoch, learning rate) -> learning rate; or of the epoch alone. Epochs count from 0.
        verbose: 1 tells what is done.

    The logs, and so the History, get "learning_rate". Raises ValueError where the function gives no number.

    >>> step_decay = LearningRateScheduler(lambda epoch: 0.1 * 0.5 ** (epoch // 10))
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Sets the learning rate."""
        optimizer = self.model.optimizer
        rate = get_learning_rate(optimizer)
        found = self.schedule(epoch, rate) if _takes_two(self.schedule) else self.schedule(epoch)
        if np.asarray(found).dtype.kind not in "iuf" or np.ndim(found):
            raise ValueError(
                explain("LearningRateScheduler: `schedule` gives no number.", expected="a float", got=brief(found))
            )
        optimizer.learning_rate = float(found)
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: LearningRateScheduler sets the learning rate to {float(found):.6g}.")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Adds the learning rate to the logs."""
        if logs is not None:
            logs["learning_rate"] = get_learning_rate(self.model.optimizer)


def _takes_two(schedule: Callable) -> bool:
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a builtin without a signature
        return True
    return True


def get_learning_rate(optimizer: Any) -> float:
    """The present learning rate of an optimizer. Raises ValueError where it has none."""
    if not hasattr(optimizer, "learning_rate"):
        raise ValueError(
            explain(
                "The optimizer has no learning rate that a callback could see.",
                expected='an optimizer with an attribute "learning_rate"',
                got=type(optimizer).__name__,
            )
        )
    return float(np.asarray(optimizer.learning_rate))
