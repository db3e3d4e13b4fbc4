"""Saving the model while it is trained."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import Any, ClassVar

from cornu.errors import explain, nearest
from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.monitor import MonitorCallback
from cornu.training.progress import say


class ModelCheckpoint(MonitorCallback):
    """Saves the model, or its weights, after each epoch or after so many batches.

    Args:
        filepath: where to; may hold `{epoch}` (from 1), `{batch}` and the names of the logs, formatted as in
            "{epoch:02d}-{val_loss:.2f}.keras". Ends in ".keras" or ".h5"; with `save_weights_only` in ".weights.h5".
        monitor: the value, in the logs, that decides which model is best.
        verbose: 1 tells what is done.
        save_best_only: whether to save only what is better than everything before.
        save_weights_only: whether to save the weights alone.
        mode: "min", "max" or "auto", see `MonitorCallback`.
        save_freq: "epoch", or a number of batches; that makes steps run one by one.
        initial_value_threshold: the best value before the first.

    Raises ValueError for another ending or `save_freq`, KeyError for a name in `filepath` that the logs don't have,
    IsADirectoryError where `filepath` is a directory.

    >>> ModelCheckpoint("{epoch:02d}-{val_loss:.2f}.keras").path_for(0, None, {"val_loss": 0.25})
    '01-0.25.keras'
    """

    remembers = ("best", "_since", "_last_batch")
    endings: ClassVar = {True: (".weights.h5",), False: (".keras", ".h5")}
    """How `filepath` may end, with and without `save_weights_only`."""

    def __init__(
        self,
        filepath: str | os.PathLike,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath, self.verbose, self.save_freq = os.fspath(filepath), verbose, save_freq
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self._since, self._last_batch, self._epoch = 0, -1, 0
        if save_freq != "epoch":
            check_save_freq(save_freq, "ModelCheckpoint")
            self.on_train_batch_end = self._after_batch  # type: ignore[method-assign] # only where it is needed
        endings = self.endings[bool(save_weights_only)]
        if not self.filepath.endswith(endings):
            raise ValueError(
                explain(
                    "ModelCheckpoint: argument `filepath` has the wrong ending.",
                    expected=f"{' or '.join(endings)} with save_weights_only={save_weights_only}",
                    got=self.filepath,
                )
            )

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes the epoch's number."""
        self._epoch = epoch

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves, if that is to be done after epochs."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs or {})

    def _after_batch(self, batch: int, logs: Logs = None) -> None:
        self._since += batch - self._last_batch if batch > self._last_batch else batch + 1
        self._last_batch = batch
        if self._since >= int(self.save_freq):
            self._since = 0
            self._save(self._epoch, batch, logs or {})

    def _save(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> None:
        path = self.path_for(epoch, batch, logs)
        if self.save_best_only and not self._is_best(epoch, logs, path):
            return
        if Path(path).is_dir():
            raise IsADirectoryError(explain("ModelCheckpoint: a directory is no file.", got=path))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
        if self.verbose > 0:
            say(f"Epoch {epoch + 1}: saved {'the weights' if self.save_weights_only else 'the model'} to {path}")

    def _is_best(self, epoch: int, logs: dict[str, Any], path: str) -> bool:
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                explain(
                    f"ModelCheckpoint finds no value {self.monitor!r} in the logs, and saves all the same.",
                    expected=f"one of {', '.join(logs) or 'none'}",
                ),
                stacklevel=4,
            )
            return True
        better, before = self.is_improvement(value, self.best), self.best
        if better:
            self.best = value
        if self.verbose > 0:
            what = f"improved from {before} to {value:.5f}" if better else f"did not improve from {before:.5f}"
            say(f"Epoch {epoch + 1}: {self.monitor} {what}")
        return better

    def path_for(self, epoch: int, batch: int | None, logs: dict[str, Any]) -> str:
        """The path for an epoch, a batch (both from 0) and logs."""
        values = {"epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1}), **logs}
        try:
            return self.filepath.format(**values)
        except KeyError as error:
            name = str(error.args[0])
            raise KeyError(
                explain(
                    f"ModelCheckpoint: `filepath` asks for {name!r}.{nearest(name, values)}",
                    expected=f"one of {', '.join(values)}",
                    got=self.filepath,
                )
            ) from None


def check_save_freq(save_freq: Any, who: str) -> None:
    """Raises ValueError unless `save_freq` is "epoch" or a positive integer."""
    if save_freq != "epoch" and (not isinstance(save_freq, int) or isinstance(save_freq, bool) or save_freq < 1):
        raise ValueError(
            explain(f"{who}: argument `save_freq` is wrong.", expected='"epoch" or a positive integer', got=save_freq)
        )
