"""What to write today where an old program fails for what Python and other packages have dropped since."""

from __future__ import annotations

import re
from types import ModuleType

from cornu.compat.tables.dropped import MESSAGES, METHODS, MOVED, NAMES, PACKAGES


def hint(error: BaseException) -> str:
    """One line on what stands today in the place of what an error misses; nothing where nobody knows.

    >>> hint(NameError("name 'xrange' is not defined", name="xrange"))
    'xrange is gone: today it is range.'
    >>> hint(KeyError("xrange"))
    ''
    """
    if isinstance(error, SyntaxError):
        return (
            "this is a program for Python 2. Convert it first, with 2to3 or by hand." if "print" in str(error) else ""
        )
    missing = _missing(error)
    for name in _prefixes(missing):
        if name in MOVED:
            return f"{name} is gone: today it is {MOVED[name]}."
    if isinstance(error, NameError) and missing in NAMES:
        return f"{missing} is gone: today it is {NAMES[missing]}."
    if isinstance(error, AttributeError) and error.name in METHODS and not isinstance(error.obj, ModuleType):
        return f".{error.name} is gone: today it is {METHODS[error.name]}."
    if isinstance(error, ModuleNotFoundError) and missing.partition(".")[0] in PACKAGES:
        top = missing.partition(".")[0]
        return f"{top} isn't installed here: pip install {PACKAGES[top]}"
    found = (text for kind, pattern, text in MESSAGES if isinstance(error, kind) and re.search(pattern, str(error)))
    return next(found, "")


def _missing(error: BaseException) -> str:
    """The dotted name that an error misses, or nothing."""
    if isinstance(error, ModuleNotFoundError):
        return error.name or ""
    if isinstance(error, ImportError):
        name = re.search(r"cannot import name '(\w+)'", str(error))
        return f"{error.name}.{name[1]}" if name else ""
    if isinstance(error, AttributeError):
        return f"{error.obj.__name__}.{error.name}" if isinstance(error.obj, ModuleType) else ""
    return error.name or "" if isinstance(error, NameError) else ""


def _prefixes(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:n]) for n in range(len(parts), 0, -1)] if name else []
