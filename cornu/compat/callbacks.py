"""Callbacks of old eras that could do more, or other, than today's."""

from __future__ import annotations

from typing import Any, ClassVar

from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.csv_logger import CSVLogger as _CSVLogger
from cornu.training.callbacks.learning_rate import LearningRateScheduler as _LearningRateScheduler
from cornu.training.callbacks.model_checkpoint import ModelCheckpoint as _ModelCheckpoint
from cornu.training.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as _ReduceLROnPlateau


class ModelCheckpoint(_ModelCheckpoint):
    """`ModelCheckpoint` of Keras 1 to tf.keras: files of any name, and a `period`.

    Args:
        period: saves after every so many epochs.
    """

    endings: ClassVar = {True: ("",), False: ("",)}

    def __init__(self, filepath: Any, *args: Any, period: int = 1, **kwargs: Any) -> None:
        super().__init__(filepath, *args, **kwargs)
        self.period = period

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves after the last epoch of a period."""
        if (epoch + 1) % self.period == 0:
            super().on_epoch_end(epoch, logs)


class CSVLogger(_CSVLogger):
    """`CSVLogger` of Keras 1 to tf.keras: the columns are sorted by name."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Writes a line."""
        super().on_epoch_end(epoch, dict(sorted((logs or {}).items())))


class LearningRateScheduler(_LearningRateScheduler):
    """`LearningRateScheduler` of Keras 1 to tf.keras: the logs get "lr"."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Puts the rate into the logs."""
        super().on_epoch_end(epoch, logs)
        _rename_rate(logs)


class ReduceLROnPlateau(_ReduceLROnPlateau):
    """`ReduceLROnPlateau` of Keras 1 to tf.keras: the logs get "lr"."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Looks at the monitored value, and puts the rate into the logs."""
        super().on_epoch_end(epoch, logs)
        _rename_rate(logs)


def _rename_rate(logs: Logs) -> None:
    if logs is not None and "learning_rate" in logs:
        logs["lr"] = logs.pop("learning_rate")
