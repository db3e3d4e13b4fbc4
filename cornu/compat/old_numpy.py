"""The names that NumPy has dropped, for the program that runs and for nobody else in its process."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from cornu.compat import notices
from cornu.compat.tables.dropped import NUMPY

_plain = np.__getattr__


def _look_up(name: str) -> Any:
    """NumPy's `__getattr__`: a dropped name is given to a person's own files, and noted."""
    if name not in NUMPY or notices.is_library(sys._getframe(1).f_code.co_filename):
        return _plain(name)
    value, today = NUMPY[name]
    notices.note(f"numpy.{name}", today)
    return getattr(np, value) if isinstance(value, str) else value


def install() -> None:
    """From now on a program finds NumPy's old names."""
    np.__dict__["__getattr__"] = _look_up


def uninstall() -> None:
    """From now on NumPy is as it is."""
    np.__dict__["__getattr__"] = _plain
