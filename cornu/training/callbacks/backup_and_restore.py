"""Going on after a run was killed."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cornu import random
from cornu.errors import explain
from cornu.training import checkpoint
from cornu.training.callbacks.callback import Callback, Logs
from cornu.training.callbacks.model_checkpoint import check_save_freq


class BackupAndRestore(Callback):
    """Saves the whole run as it goes, so that a killed one goes on where it was, as if nothing had happened.

    Args:
        backup_dir: a directory of this run's own.
        save_freq: "epoch", or a number of batches, which are counted after each compiled call: steps needn't run one by
            one for it.
        double_checkpoint: whether to keep the backup before the last, for the case that the last is damaged.
        delete_checkpoint: whether to remove the backup when `fit` ends well.

    Start the same program again, and `fit` goes on at the epoch, and the batch, that the backup holds. It holds every
    variable (weights, optimizer, metrics, states of random generators), the position, the seeds by which samples are
    shuffled, the History and the state of every other callback, so that the resumed run gives the same bits as one that
    was never killed. What a generator of the program's own has yielded isn't known: it must begin at the right place;
    a `PyDataset` does by itself. Each backup is written beside the old one and then put in its place.

    Raises ValueError where a backup doesn't belong to the model, or is damaged (and there is no good one before it).
    Difference from Keras, which saves weights and the number of the epoch: everything is saved.
    """

    runs_last = True

    def __init__(
        self,
        backup_dir: str | os.PathLike,
        save_freq: str | int = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        if not backup_dir:
            raise ValueError(explain("BackupAndRestore: argument `backup_dir` is empty.", expected="a directory"))
        check_save_freq(save_freq, "BackupAndRestore")
        self.backup_dir, self.save_freq = os.fspath(backup_dir), save_freq
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._path = Path(backup_dir) / "run.npz"
        self._previous = Path(backup_dir) / "previous_run.npz"
        self._unsaved = self._seen = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        """Takes up the run where the backup left it, if there is one."""
        self._unsaved = 0
        state = self._load()
        if state is not None:
            self._restore(state)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Notes how many steps of the epoch are done already."""
        self._seen = self.model.position.step

    def on_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Saves, if enough batches have passed; after the last one of an epoch, the epoch's end does it."""
        self._unsaved += step - self._seen
        self._seen = step
        if self._is_due() and step != (self.params or {}).get("steps"):
            self._save(step)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Saves, if that is to be done after epochs."""
        if self.save_freq == "epoch" or self._is_due():
            self._save(0)

    def on_train_end(self, logs: Logs = None) -> None:
        """Removes the backup: the run is complete."""
        if self.delete_checkpoint:
            for path in (self._path, self._previous):
                path.unlink(missing_ok=True)
            if self._path.parent.is_dir() and not any(self._path.parent.iterdir()):
                self._path.parent.rmdir()

    def _is_due(self) -> bool:
        return self.save_freq != "epoch" and self._unsaved >= int(self.save_freq)

    def _save(self, step: int) -> None:
        self._unsaved = 0
        if self.double_checkpoint and self._path.exists():
            self._previous.unlink(missing_ok=True)
            os.link(self._path, self._previous)
        checkpoint.write(self._path, self._state(step))

    def _state(self, step: int) -> dict[str, Any]:
        model = self.model
        return {
            "variables": [v.numpy() for v in model.all_variables()],
            "paths": [v.path for v in model.all_variables()],
            "position": {**vars(model.position), "step": step},
            "stop_training": bool(model.stop_training),
            "random": random.get_state(),
            "callbacks": [[name, callback.get_state()] for name, callback in self._others()],
        }

    def _others(self) -> list[tuple[str, Any]]:
        """The other callbacks, named by class and number."""
        counts: Counter[str] = Counter()
        found = []
        for callback in self._list.callbacks if self._list is not None else []:
            name = type(callback).__name__
            if callback is not self and hasattr(callback, "get_state"):
                found.append((f"{name} {counts[name]}", callback))
                counts[name] += 1
        return found

    def _load(self) -> Any:
        """The newest state that can be read; None where there is none."""
        present = [path for path in (self._path, self._previous) if path.exists()]
        for path in present:
            try:
                return checkpoint.read(path)
            except ValueError as error:
                if path is present[-1]:
                    raise
                warnings.warn(f"{error}\nThe backup before it is taken.", stacklevel=3)
        return None

    def _restore(self, state: dict[str, Any]) -> None:
        self._check(state)
        random.set_state(state["random"])
        for variable, value in zip(self.model.all_variables(), state["variables"], strict=True):
            variable.assign(value)
        for name in vars(self.model.position):
            setattr(self.model.position, name, int(state["position"][name]))
        self.model.stop_training = state["stop_training"]
        saved = dict(state["callbacks"])
        for name, callback in self._others():
            if name in saved:
                callback.set_state(saved[name])

    def _check(self, state: dict[str, Any]) -> None:
        here = [(v.shape, v.dtype) for v in self.model.all_variables()]
        saved = [(array.shape, str(array.dtype)) for array in state["variables"]]
        if here != saved:
            differing = [i for i, pair in enumerate(zip(here, saved, strict=False)) if pair[0] != pair[1]]
            first = differing[0] if differing else min(len(here), len(saved))
            raise ValueError(
                explain(
                    f"The backup in {self.backup_dir} belongs to another model, or to another optimizer.",
                    expected=f"{len(here)} variables" + _nth(here, first),
                    got=f"{len(saved)} variables" + _nth(saved, first, state["paths"]),
                    fix="Make, build and compile the model as it was, before fit; or delete the backup.",
                )
            )


def _nth(kinds: list, index: int, paths: list | None = None) -> str:
    if index >= len(kinds):
        return ""
    shape, dtype = kinds[index]
    name = f" ({paths[index]})" if paths else ""
    return f", number {index}{name} of shape {tuple(shape)}, {dtype}"
