"""What cornu's errors say about the names of older versions of Keras, where the launcher isn't at work."""

from __future__ import annotations

import importlib

from cornu.compat import modules
from cornu.compat.tables import CALLS, LAYER
from cornu.compat.tables.modules import FAMILIES, NAMES
from cornu.compat.tables.rows import Call

_RUN = "`cornu run program.py` runs programs with old spellings as they are; `cornu migrate` rewrites them."


def advise(owner: str, name: str) -> str | None:
    """What an argument, method, class or function of an older Keras is today; None for what none had.

    `owner` is a class ("Dense"), a method ("Model.fit") or a module ("cornu.layers").

    >>> advise("Dense", "output_dim").partition(";")[0]
    '`output_dim` is `units` today'
    """
    if modules.installed():
        return None
    for row in _rows(owner):
        word = row.words_of.get(name)
        if word is not None and word.old != (word.new,):
            return _said(name, f"is `{word.new}` today" if word.new else "has no effect any more")
    family = owner.rpartition(".")[2]
    today = NAMES.get(family, {}).get(name)
    if today is not None:
        return _said(name, f"is `{today}` today")
    known = [*NAMES, *FAMILIES, "Model", "Sequential", "Functional"]
    in_tables = any(key.rpartition(".")[2] == name for table in CALLS.values() for key in table)
    if family in known and (in_tables or _is_old(family, name)):
        return _said(name, "is of an older Keras")
    return None


def _is_old(family: str, name: str) -> bool:
    """Whether the launcher has a class or function that cornu itself hasn't."""
    providers = [provider for provider in FAMILIES.get(family, ()) if provider.startswith("cornu.compat.")]
    return any(name in vars(importlib.import_module(provider)) for provider in providers)


def _rows(owner: str) -> list[Call]:
    """The rows of a class, function or method, under its present name or an old one."""
    found = [
        row
        for table in CALLS.values()
        for key, row in table.items()
        if owner in (key, key.rpartition(".")[2], row.target.rpartition(".")[2])
    ]
    return [*found, LAYER]


def _said(name: str, what: str) -> str:
    return f"`{name}` {what}; {_RUN}"
