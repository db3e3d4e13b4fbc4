"""How large what comes from a file may be."""

from __future__ import annotations

import json
import re
from typing import Any

from cornu.errors import explain

JSON_BYTES = 64 << 20
JSON_DEPTH = 100
JSON_NODES = 1_000_000
STRING_LENGTH = 1 << 20
HEADER_BYTES = 16 << 20
"""What a weight file may hold beside the weights: groups, names, attributes."""
ATTRIBUTE_BYTES = 1 << 30
"""What the texts of one HDF5 attribute may hold, if each of them were as long as the longest of the file."""
EXPANSION, EXPANSION_FREE = 16, 64 << 20
"""What is packed may be so many times larger unpacked; so many bytes may come of anything."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)


def unpacked(packed: int) -> int:
    """How many bytes may come of so many packed ones: weights don't shrink much, and Keras packs none."""
    return max(EXPANSION * packed, EXPANSION_FREE)


def parse_json(text: bytes, what: str) -> Any:
    """JSON data within the limits; ValueError for anything else."""
    if len(text) > JSON_BYTES:
        raise ValueError(explain(f"{what} is too large.", expected=f"at most {JSON_BYTES} bytes", got=len(text)))
    bare = _STRING.sub(b"", text)  # before parsing, because a list of a million empty lists is small as text only
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > JSON_NODES:
        raise ValueError(explain(f"{what} holds too many values.", expected=f"at most {JSON_NODES}"))
    try:
        data = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(explain(f"{what} is no valid JSON.", got=str(error)[:200])) from None
    _check(data, what)
    return data


def _check(data: Any, what: str) -> None:
    level = [data]
    for _ in range(JSON_DEPTH):
        if any(isinstance(value, str) and len(value) > STRING_LENGTH for value in level):
            raise ValueError(explain(f"{what} holds too long a string.", expected=f"{STRING_LENGTH} characters"))
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return
    raise ValueError(explain(f"{what} is nested too deeply.", expected=f"depth {JSON_DEPTH}"))


def _inner(value: Any) -> list:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
