"""What NumPy has dropped, for the program that runs and for nobody else: names, and arrays that are a number."""

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


class Numbers(np.ndarray):
    """An array that is a number where it holds one: `float(model.predict(x))`, as every array was until NumPy 2.4.

    >>> one = numbers(np.array([[2.5]]))
    >>> float(one), int(one[0]), f"{one.mean():.1f}", repr(one)
    (2.5, 2, '2.5', 'array([[2.5]])')
    """

    def __float__(self) -> float:
        return float(np.asarray(self).item()) if self.size == 1 else super().__float__()

    def __int__(self) -> int:
        return int(np.asarray(self).item()) if self.size == 1 else super().__int__()

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array.view(Numbers) if array.ndim else array[()]

    def __repr__(self) -> str:
        return repr(np.asarray(self))

    def __reduce__(self) -> Any:
        return np.asarray(self).__reduce__()


def numbers(value: Any) -> Any:
    """An array as one that is a number where it holds one; any other value as it is."""
    return value.view(Numbers) if type(value) is np.ndarray and value.dtype.kind in "biuf" else value


def install() -> None:
    """From now on a program finds NumPy's old names."""
    np.__dict__["__getattr__"] = _look_up


def uninstall() -> None:
    """From now on NumPy is as it is."""
    np.__dict__["__getattr__"] = _plain
