"""Constraints by the names of old eras."""

from __future__ import annotations

from typing import Any

from cornu import constraints
from cornu.compat import old


def get(identifier: Any) -> Any:
    """The constraint that an argument stands for in the era in force: a name, a config, or the constraint itself."""
    return constraints.get(old.by_name("constraint", identifier))
