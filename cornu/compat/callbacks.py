"""Callbacks of old eras that could do more, or other, than today's."""

from __future__ import annotations

from typing import Any, ClassVar

from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.model_checkpoint import ModelCheckpoint as _ModelCheckpoint


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
