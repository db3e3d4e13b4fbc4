"""What an object holds: variables, layers, metrics and seed generators, found by walking its attributes.

Nothing is tracked when attributes are set, so a list that grows or a dictionary that changes is always seen as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from cornu import tree
from cornu.random import SeedGenerator
from cornu.variables import Variable

_UNSEEN = {"_recorded", "_nodes", "_losses", "_compiled", "optimizer", "_step_cache"}


def attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that hold parts, in the order in which they were set."""
    for name, value in vars(owner).items():
        if name not in _UNSEEN:
            yield name, value


def held(owner: Any, kind: type | tuple[type, ...]) -> list:
    """Every part of a kind among, or nested in lists and dicts in, an object's attributes; each once."""
    return unique(item for _, value in attributes(owner) for item in tree.walk(value) if isinstance(item, kind))


def unique(items: Iterable) -> list:
    """The items without repetitions, told apart by identity."""
    return list({id(item): item for item in items}.values())


def own_variables(owner: Any) -> list[Variable]:
    """The variables that an object holds itself: the trainable ones first."""
    found = unique([*getattr(owner, "_own_variables", ()), *held(owner, Variable)])
    return [v for v in found if v.trainable] + [v for v in found if not v.trainable]


def seed_generators(owner: Any) -> list[SeedGenerator]:
    """The seed generators that an object holds itself."""
    return held(owner, SeedGenerator)
