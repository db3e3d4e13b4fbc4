"""Evaluation with averaged weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornu.errors import explain
from cornu.training.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluates with the moving averages of the weights, which an optimizer with `use_ema=True` keeps (Polyak).

    Args:
        swap_on_epoch: whether the averages are in the model, too, between the end of an epoch and the beginning of the
            next, for a ModelCheckpoint that stands after this callback, say.

    Before each evaluation and prediction the averages are put into the model, and after it the weights again. Raises
    ValueError where the optimizer keeps no averages.
    """

    remembers = ("_weights",)

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._weights: list[np.ndarray] = []
        """The weights, while the averages are in the model."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Looks whether there are averages."""
        self._weights = []
        self._optimizers()

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """The weights, for training."""
        self._put(averages=False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """The averages, where they are wanted."""
        if self.swap_on_epoch:
            self._put(averages=True)

    def on_train_end(self, logs: Logs = None) -> None:
        """The optimizer has left the averages in the model."""
        self._weights = []

    def on_test_begin(self, logs: Logs = None) -> None:
        """The averages."""
        self._put(averages=True)

    def on_test_end(self, logs: Logs = None) -> None:
        """The weights."""
        self._put(averages=False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """The averages."""
        self._put(averages=True)

    def on_predict_end(self, logs: Logs = None) -> None:
        """The weights."""
        self._put(averages=False)

    def _put(self, averages: bool) -> None:
        if averages == bool(self._weights):
            return
        pairs = [
            (variable, average)
            for optimizer in self._optimizers()
            if optimizer.built
            for variable, average in zip(optimizer._trainable_variables, optimizer._averages, strict=True)
        ]
        new = [average.numpy() for _, average in pairs] if averages else self._weights
        self._weights = [variable.numpy() for variable, _ in pairs] if averages else []
        for (variable, _), value in zip(pairs, new, strict=True):
            variable.assign(value)

    def _optimizers(self) -> list[Any]:
        """The optimizers that keep averages."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        found = [o for o in getattr(optimizer, "optimizers", [optimizer]) if getattr(o, "use_ema", False)]
        if not found:
            fix = "Make the optimizer with use_ema=True."
            raise ValueError(explain("SwapEMAWeights: the optimizer keeps no averages.", fix=fix))
        return found
