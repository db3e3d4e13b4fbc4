"""Side values that flow beside tensors: a mask, the logits behind probabilities.

They are held by weak reference to the very tensor, so one mechanism serves arrays and tracers, and nothing outlives
its tensor. Only layers and activations that say so hand a tag on; an arithmetic result starts without any.
"""

from __future__ import annotations

import weakref
from typing import Any

from cornu import tree

_tags: dict[int, tuple[weakref.ref, dict[str, Any]]] = {}


def _set(tensor: Any, name: str, value: Any) -> None:
    key = id(tensor)
    if key not in _tags:
        _tags[key] = (weakref.ref(tensor, lambda _: _tags.pop(key, None)), {})
    _tags[key][1][name] = value


def _get(tensor: Any, name: str) -> Any:
    entry = _tags.get(id(tensor))
    return entry[1].get(name) if entry is not None and entry[0]() is tensor else None


def set_mask(tensor: Any, mask: Any) -> None:
    """Puts a boolean mask beside a tensor: True where a step counts."""
    if mask is not None:
        _set(tensor, "mask", mask)


def get_mask(tensor: Any) -> Any:
    """The mask beside a tensor, or None."""
    return _get(tensor, "mask") if _tags else None


def set_logits(probabilities: Any, kind: str, logits: Any) -> None:
    """Notes from which logits "softmax" or "sigmoid" made these probabilities."""
    _set(probabilities, "logits", (kind, logits))


def get_logits(probabilities: Any) -> tuple[str, Any] | None:
    """The kind and the logits behind probabilities, or None."""
    return _get(probabilities, "logits") if _tags else None


def detach(outputs: Any) -> tuple[Any, dict[str, list]]:
    """Tensors and their tags as one structure of arrays, which a transformation of JAX may hand on."""
    leaves = tree.flatten(outputs)
    logits = [get_logits(x) or ("", None) for x in leaves]
    side = {kind: [x if k == kind else None for k, x in logits] for kind in ("softmax", "sigmoid")}
    return outputs, {"mask": [get_mask(x) for x in leaves], **side}


def attach(detached: tuple[Any, dict[str, list]]) -> Any:
    """The tensors of `detach`, with their tags again."""
    outputs, side = detached
    for i, x in enumerate(tree.flatten(outputs)):
        set_mask(x, side["mask"][i])
        for kind in ("softmax", "sigmoid"):
            if side[kind][i] is not None:
                set_logits(x, kind, side[kind][i])
    return outputs
