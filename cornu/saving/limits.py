"""How large what comes from a file may be."""

from __future__ import annotations

import json
from typing import Any

from cornu.errors import explain

JSON_BYTES = 64 << 20
JSON_DEPTH = 100
JSON_NODES = 1_000_000
STRING_LENGTH = 1 << 20
HEADER_BYTES = 16 << 20
"""What a weight file may hold beside the weights: groups, names, attributes."""


def parse_json(text: bytes, what: str) -> Any:
    """JSON data within the limits; ValueError for anything else."""
    if len(text) > JSON_BYTES:
        raise ValueError(explain(f"{what} is too large.", expected=f"at most {JSON_BYTES} bytes", got=len(text)))
    try:
        data = json.loads(text.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(explain(f"{what} is no valid JSON.", got=str(error)[:200])) from None
    _check(data, what)
    return data


def _check(data: Any, what: str) -> None:
    count, level = 0, [data]
    for depth in range(JSON_DEPTH + 1):
        if not level:
            return
        count += len(level)
        if depth == JSON_DEPTH or count > JSON_NODES:
            break
        if any(isinstance(value, str) and len(value) > STRING_LENGTH for value in level):
            raise ValueError(explain(f"{what} holds a string that is too long.", expected=f"{STRING_LENGTH} characters"))
        level = [inner for value in level for inner in _inner(value)]
    raise ValueError(
        explain(f"{what} is nested too deeply or too large.", expected=f"depth {JSON_DEPTH}, {JSON_NODES} values")
    )


def _inner(value: Any) -> list:
    if isinstance(value, dict):
        return [*value, *value.values()]
    return value if isinstance(value, list) else []
