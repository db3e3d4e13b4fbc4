"""The initial values of the era in force: those of Keras 1 in its programs, and cornu's own in later ones."""

from __future__ import annotations

from typing import Any

from cornu.compat import dialect
from cornu.compat.old import initializations


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and dialect.current().before("keras2") and hasattr(initializations, name):
        return initializations.get_function if name == "get" else getattr(initializations, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*initializations.FUNCTIONS, "get"] if dialect.current().before("keras2") else []
