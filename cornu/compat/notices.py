"""One notice for each old spelling that a program uses: collected while it runs, shown once at its end."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import cornu

_OWN = (*(os.path.dirname(os.path.abspath(str(m.__file__))) + os.sep for m in (cornu, os)), "<frozen ")


def is_library(file: str) -> bool:
    """Whether a file is none of the person's own."""
    return file.startswith(_OWN) or f"{os.sep}site-packages{os.sep}" in file


@dataclass(frozen=True)
class Notice:
    """What was written, what it means today, and where it was first met ("train.py:12")."""

    old: str
    new: str
    place: str = ""


_notices: dict[tuple[str, str], Notice] = {}


def note(old: str, new: str) -> None:
    """Notes an old spelling and its modern one, or what is different now; the same one is noted once."""
    if (old, new) not in _notices:
        _notices[old, new] = Notice(old, new, caller())


def caller() -> str:
    """The line of the person's own file that is running, as "file:line"; nothing where there is none."""
    frame = sys._getframe(1)
    while frame is not None and is_library(frame.f_code.co_filename):
        frame = frame.f_back  # type: ignore[assignment]
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}" if frame is not None else ""


def collected() -> list[Notice]:
    """The notices so far, in the order in which they came."""
    return list(_notices.values())


def clear() -> None:
    """Forgets the notices."""
    _notices.clear()


def report() -> str:
    """The notices as a table, or nothing."""
    rows = [(n.place, n.old, n.new) for n in collected()]
    if not rows:
        return ""
    widths = [max(len(row[i]) for row in rows) for i in range(2)]
    lines = [f"  {a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows]
    return "\n".join(["cornu: this program has old spellings; today they read:", *lines])
