"""One clear error: what happened, what was expected, what came, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from types import ModuleType

import numpy as np


def explain(what: str, *, expected: object = None, got: object = None, fix: str | None = None) -> str:
    """The text of an error, in the one order that every error of cornu has.

    >>> print(explain("Dense: `units` is wrong.", expected="a positive integer", got=-1, fix="Pass 1 or more."))
    Dense: `units` is wrong.
      expected: a positive integer
      got:      -1
      to do:    Pass 1 or more.
    """
    lines = [what]
    for title, text in (("expected:", expected), ("got:", got), ("to do:", fix)):
        if text is not None:
            lines.append(f"  {title:<9} {text if isinstance(text, str) else repr(text)}")
    return "\n".join(lines)


def nearest(name: str, names: Iterable[str]) -> str:
    """A question, " Did you mean 'x'?", with the nearest of `names`, or nothing.

    >>> nearest("adaam", ["adam", "sgd"])
    " Did you mean 'adam'?"
    """
    names = [str(n) for n in names]
    found = [n for n in names if n.lower() == str(name).lower()] or difflib.get_close_matches(str(name), names, n=1)
    return f" Did you mean {found[0]!r}?" if found else ""


adviser: Callable[[str, str], str | None] | None = None
"""Knows what names of older versions of Keras are called today; set by the package's top, which knows everything."""


def advice(owner: str, name: str) -> str | None:
    """What to do about an unknown argument, method or class of `owner`, where an older Keras had it; else None."""
    return adviser(owner, name) if adviser is not None else None


class UnknownAttribute(AttributeError):
    """A module or an object has no such attribute.

    The words, with the nearest name, are made when they are read: programs ask often, by `hasattr`.

    Args:
        owner: the module or object.
        name: what it was asked for.

    >>> import cornu
    >>> print(UnknownAttribute(cornu.layers.Dense(3, name="d"), "unitz"))
    'Dense' object has no attribute 'unitz' Did you mean 'units'?
    """

    def __init__(self, owner: object, name: str) -> None:
        super().__init__(name=name, obj=owner)

    def __str__(self) -> str:
        module = getattr(self.obj, "__name__", "") if isinstance(self.obj, ModuleType) else ""
        owner, name = module or type(self.obj).__name__, str(self.name)
        said = f"module {owner!r}" if module else f"{owner!r} object"
        near = "" if name.startswith("_") else nearest(name, dir(self.obj))
        return explain(f"{said} has no attribute {name!r}{near}", fix=advice(owner, name))


def brief(value: object, width: int = 120) -> str:
    """A value as one short line, arrays by shape and dtype.

    >>> brief([1, np.zeros((2, 3))])
    '[1, ndarray of shape (2, 3), dtype float64]'
    """
    if isinstance(value, np.generic):
        value = value.item()
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        name = "array" if type(value).__module__.startswith("jax") else type(value).__name__
        return f"{name} of shape {tuple(value.shape)}, dtype {value.dtype}"
    if isinstance(value, (list, tuple)) and any(hasattr(item, "shape") for item in value[:8]):
        text = ", ".join(brief(item, width) for item in value).join("[]" if isinstance(value, list) else "()")
    else:
        text = repr(value)
    return text if len(text) <= width else text[: width - 3] + "..."
