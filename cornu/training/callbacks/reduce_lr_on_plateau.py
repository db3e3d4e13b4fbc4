"""Learning less when nothing improves any more."""

from __future__ import annotations

from cornu.errors import explain
from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.learning_rate import get_learning_rate
from cornu.training.callbacks.monitor import MonitorCallback
from cornu.training.progress import say


class ReduceLROnPlateau(MonitorCallback):
    """Multiplies the learning rate by `factor` when a value hasn't improved for `patience` epochs.

    This is performance-based scheduling: eta <- eta * factor whenever the validation error stops falling.

    Args:
        monitor: the value's name in the logs.
        factor: below 1.
        patience: after how many epochs without improvement.
        verbose: 1 tells what is done.
        mode: "min", "max" or "auto", see `MonitorCallback`.
        min_delta: a change counts as an improvement if it is larger than this.
        cooldown: for how many epochs after a reduction nothing is counted.
        min_lr: the learning rate never falls below this.

    The logs, and so the History, get "learning_rate". Raises ValueError for a factor of 1 or more.
    """

    remembers = ("best", "wait", "cooldown_counter")

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise ValueError(explain("ReduceLROnPlateau: argument `factor` is wrong.", expected="below 1", got=factor))
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self._reset()

    def _reset(self) -> None:
        self.best: float | None = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        """Whether a reduction is so recent that nothing is counted yet."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Forgets an earlier `fit`."""
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks whether the value improved."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = get_learning_rate(self.model.optimizer)
        value = self.current(logs)
        if value is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best, self.wait = value, 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and logs["learning_rate"] > self.min_lr:
                self._reduce(epoch, logs["learning_rate"])

    def _reduce(self, epoch: int, rate: float) -> None:
        new = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter, self.wait = self.cooldown, 0
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: ReduceLROnPlateau reduces the learning rate to {new:.6g}.")
