"""Stopping when nothing improves any more."""

from __future__ import annotations

from typing import Any

from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.monitor import MonitorCallback
from cornu.training.progress import say


class EarlyStopping(MonitorCallback):
    """Ends training when a value hasn't improved for some epochs (Prechelt, 1998, "Early Stopping - But When?").

    Args:
        monitor: the value's name in the logs.
        min_delta: a change counts as an improvement if it is larger than this.
        patience: after how many epochs without improvement training ends.
        verbose: 1 tells what is done.
        mode: "min", "max" or "auto", see `MonitorCallback`.
        baseline: a value that must be beaten within `patience` epochs, too.
        restore_best_weights: whether the model gets back, when `fit` ends, early or not, the weights of the best epoch
            (whether it beat the baseline or not).
        start_from_epoch: the first epoch, from 0, that is looked at.

    Each `fit` starts anew: nothing of an earlier one is kept.

    >>> EarlyStopping("loss", patience=2).patience
    2
    """

    remembers = ("wait", "stopped_epoch", "best", "best_epoch", "best_weights")

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience, self.verbose, self.baseline = patience, verbose, baseline
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: float | None = None
        self.best_weights: list[Any] | None = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forgets an earlier `fit`."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks whether the value improved."""
        value = self.current(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best = value
            self._note_weights(epoch)
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _note_weights(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs = None) -> None:
        """Gives the best weights back."""
        if self.stopped_epoch > 0 and self.verbose > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.best_weights is not None:
            if self.verbose > 0:
                say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)
