"""What a process has made so far: numbers of names, symbolic tensors."""

from __future__ import annotations

import gc
from collections import Counter
from typing import Any

from cornu import naming, tree
from cornu.symbolic import KerasTensor

_numbers: Counter[str] = Counter()


def get_uid(prefix: str = "") -> int:
    """How often this prefix was asked for, from 1 on.

    >>> clear_session()
    >>> get_uid("dense"), get_uid("dense")
    (1, 2)
    """
    _numbers[prefix] += 1
    return _numbers[prefix]


def clear_session(free_memory: bool = True) -> None:
    """Starts the numbers of automatic names again, and frees the memory of what nobody holds any more.

    Seeds go on, so that models made one after the other begin with different weights.
    """
    _numbers.clear()
    naming.reset_names()
    if free_memory:
        gc.collect()


def is_keras_tensor(x: Any) -> bool:
    """Whether a value is a symbolic tensor."""
    return isinstance(x, KerasTensor)


def get_source_inputs(tensor: KerasTensor) -> list[KerasTensor]:
    """The symbolic inputs from which a symbolic tensor is computed, each once.

    >>> x = KerasTensor((None, 2), name="x")
    >>> get_source_inputs(x + x * 2)
    [<KerasTensor shape=(None, 2), dtype=float32, sparse=False, name=x>]
    """
    found: dict[int, KerasTensor] = {}
    waiting, seen = list(reversed(tree.flatten(tensor))), set[int]()
    while waiting:
        one = waiting.pop()
        if one.node is None or not one.node.inputs:
            found.setdefault(id(one), one)
        elif id(one.node) not in seen:
            seen.add(id(one.node))
            waiting += reversed(one.node.inputs)
    return list(found.values())
