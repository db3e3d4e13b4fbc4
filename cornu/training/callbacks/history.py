"""The record of a training run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cornu.training.callbacks.callback import Callback, Logs


class History(Callback):
    """Records the logs of each epoch; `fit` makes one and returns it.

    `history` maps each name to its values, one per epoch; `epoch` holds the epochs' numbers; `params` what `fit` was
    called with.

    >>> history = History()
    >>> history.on_train_begin()
    >>> history.on_epoch_end(0, {"loss": 0.5})
    >>> history.history
    {'loss': [0.5]}
    """

    remembers = ("history", "epoch")

    def __init__(self) -> None:
        self.history: dict[str, list] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        """Starts the list of epochs again; values are added to those of an earlier `fit`."""
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Notes the logs."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self

    def plot(self, path: Any = None, metrics: Sequence[str] | None = None) -> Any:
        """Draws the learning curves, training and validation of a metric in one picture.

        Args:
            path: a PNG file to write; None shows them (or leaves that to a notebook).
            metrics: names without "val_"; default: all.

        Returns:
            The path, or the Matplotlib figure where no path is given. See `cornu.visualization.plot_history`.
        """
        from cornu.visualization import plot_history

        return plot_history(self, path, metrics)

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history) or 'nothing'}>"
