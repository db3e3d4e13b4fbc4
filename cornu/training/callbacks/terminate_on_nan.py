"""Stopping when the loss is no number any more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cornu.errors import explain
from cornu.training.callbacks.callback import Callback, Logs
from cornu.training.progress import say


class TerminateOnNaN(Callback):
    """Ends training when the loss is NaN or infinite.

    Args:
        raise_error: whether to raise RuntimeError, which leaves the last backup as it is, rather than to stop.

    Difference from Keras: steps don't have to run one by one for it. The loss is an average over the epoch, so it stays
    NaN; it is looked at after each compiled call, several times a second.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Looks at the loss so far."""
        self._check(logs(), f"step {step}")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the loss of the epoch."""
        self._check(logs, f"epoch {epoch + 1}")

    def _check(self, logs: Logs, where: str) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or np.all(np.isfinite(loss)) or self.model.stop_training:
            return
        if self.raise_error:
            raise RuntimeError(
                explain(
                    f"The loss became {loss} by {where}.",
                    expected="a finite number",
                    fix="Look for NaN in the data, lower the learning rate, or clip the gradients (clipnorm=1.0).",
                )
            )
        say(f"The loss became {loss} by {where}: training ends.")
        self.model.stop_training = True
