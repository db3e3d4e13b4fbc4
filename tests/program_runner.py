"""Runs a program of `tests/programs` with the launcher, in this process, and compares what it prints.

A program says in comments what it prints, in order:

    # prints: [1 0 1]                      a line with this text in it
    # prints: accuracy: <0.9..1.0>         a number within bounds
    # prints: shape (None, ...)            "..." is anything
    # notice: nb_epoch                     the report at the end has this in it
    # era: keras2                          which era is inferred, where the folder's name doesn't say it
    # slow                                 takes more than a few seconds
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cornu import compat, naming, random
from cornu.compat import dialect, launcher, notices

ROOT = Path(__file__).parent / "programs"
ERAS = {"keras1": "keras1", "keras2": "keras2", "tf_keras": "tf.keras", "keras3": "keras3"}


@dataclass
class Outcome:
    """What came of a run."""

    status: int
    printed: str
    errors: str
    report: str
    era: str


def run(file: Path, folder: Path, *arguments: str) -> Outcome:
    """Runs a program in a folder of its own."""
    out, err = io.StringIO(), io.StringIO()
    with _restored(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = launcher.run(str(file), arguments)
        era, report = dialect.current().era, notices.report()
    return Outcome(status, out.getvalue(), err.getvalue(), report, era)


@contextlib.contextmanager
def _restored(folder: Path) -> Iterator[None]:
    """Puts back, afterwards, what a program's run changes in this process."""
    main, argv, path, here = sys.modules["__main__"], sys.argv, list(sys.path), Path.cwd()
    naming.reset_names()
    notices.clear()
    random.set_root_seed(1)
    np.random.seed(1)
    try:
        os.chdir(folder)
        yield
    finally:
        os.chdir(here)
        sys.modules["__main__"], sys.argv, sys.path[:] = main, argv, path
        compat.uninstall()
        notices.clear()


def expected(file: Path, word: str) -> list[str]:
    """What a program's comments of a kind say."""
    return re.findall(rf"^# {word}: (.*)$", file.read_text(), re.MULTILINE)


def misses(text: str, wanted: list[str]) -> list[str]:
    """The wanted lines that a text doesn't have, each searched after the one before.

    >>> misses("loss 0.25\\naccuracy 1.0", ["loss <0.1..0.3>", "accuracy <0..0.9>"])
    ['accuracy <0..0.9>']
    """
    lines = text.replace("\r", "\n").splitlines()
    missing, start = [], 0
    for pattern in wanted:
        place = next((i for i in range(start, len(lines)) if _fits(pattern, lines[i])), None)
        if place is None:
            missing.append(pattern)
        else:
            start = place + 1
    return missing


_NUMBER = r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|nan|inf)"


def _fits(pattern: str, line: str) -> bool:
    parts = re.split(r"(<[^<>]*\.\.[^<>]*>|\.\.\.)", pattern)
    bounds = [tuple(map(float, part[1:-1].split(".."))) for part in parts[1::2] if part != "..."]
    regex = "".join((".*" if part == "..." else _NUMBER) if i % 2 else re.escape(part) for i, part in enumerate(parts))
    found = re.search(regex, line)
    return found is not None and all(
        low <= float(number) <= high for number, (low, high) in zip(found.groups(), bounds, strict=True)
    )
