"""The logs of each epoch, as lines of a CSV file."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import IO, Any

import numpy as np

from cornu.training.callbacks.callback import Callback, Logs

_MISSING = "NA"


class CSVLogger(Callback):
    """Writes the logs of each epoch to a CSV file, which is whole after each epoch.

    Args:
        filename: the file.
        separator: between the values.
        append: whether to go on in a file that is there, under its own header, rather than to write it anew.

    The columns are "epoch" and the names of the logs, in the order of the logs. A name that comes later gets a column
    of its own, with NA before; Keras sorts the names, and drops those that come later. Raises OSError, at the beginning
    of `fit`, where the file can't be written.
    """

    remembers = ("_size", "_columns")

    def __init__(self, filename: str | os.PathLike, separator: str = ",", append: bool = False) -> None:
        self.filename, self.separator, self.append = os.fspath(filename), separator, append
        self._file: IO[str] | None = None
        self._columns: list[str] = []
        self._size = 0
        """How many bytes of the file are ours to keep."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Opens the file; what it holds stays until the first line is written."""
        self._close()
        Path(self.filename).parent.mkdir(parents=True, exist_ok=True)
        self._file = self._open("a")
        self._size = os.path.getsize(self.filename) if self.append else 0
        self._columns = self._header() if self._size else []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Writes a line."""
        row = {"epoch": epoch, **{name: _text(value) for name, value in (logs or {}).items()}}
        assert self._file is not None
        self._file.truncate(self._size)
        new = [name for name in row if name not in self._columns]
        if new:
            self._widen(new)
        csv.writer(self._file, delimiter=self.separator).writerow([row.get(name, _MISSING) for name in self._columns])
        self._file.flush()
        self._size = os.path.getsize(self.filename)

    def on_train_end(self, logs: Logs = None) -> None:
        """Closes the file."""
        self._close()

    def on_exit(self) -> None:
        """Closes the file, also after an exception."""
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self, mode: str) -> IO[str]:
        return open(self.filename, mode, newline="", encoding="utf-8")

    def _header(self) -> list[str]:
        with self._open("r") as stream:
            return next(csv.reader(stream, delimiter=self.separator), [])

    def _widen(self, new: list[str]) -> None:
        """Writes the file again with more columns, beside the old one and then in its place."""
        with self._open("r") as stream:
            lines = list(csv.reader(stream, delimiter=self.separator))
        self._columns += new
        beside = f"{self.filename}.part"
        with open(beside, "w", newline="", encoding="utf-8") as stream:
            writer = csv.writer(stream, delimiter=self.separator)
            writer.writerows([self._columns, *(line + [_MISSING] * len(new) for line in lines[1:])])
        self._close()
        os.replace(beside, self.filename)
        self._file = self._open("a")


def _text(value: Any) -> Any:
    return f"[{', '.join(map(str, np.asarray(value).ravel()))}]" if np.ndim(value) else value
