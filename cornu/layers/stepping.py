"""What the layers share that run another one step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cornu import variables as state
from cornu.layers.layer import Layer


def inner_layers(thing: Any) -> list[Layer]:
    """A layer and those inside it; none for an object that is no layer."""
    return thing._flatten_layers() if isinstance(thing, Layer) else []


def with_losses(function: Callable, thing: Any) -> Callable:
    """The same function, which also gives the losses that a call of it adds to a layer and those inside it.

    Within a loop they can't stay where `add_loss` puts them: they end with their step.
    """
    layers = inner_layers(thing)

    def run(*args: Any) -> tuple[Any, list]:
        for layer in layers:
            state.clear_notes(layer, layer._losses)
        result = function(*args)
        return result, [loss for layer in layers for loss in state.notes(layer, layer._losses)]

    return run


def agree(shapes: Sequence[Sequence], others: Sequence[Sequence]) -> bool:
    """Whether shapes are the same, as far as their sizes are known.

    >>> agree([(2, 3)], [(2, 3)]), agree([(2, 3)], [(2, 4)]), agree([(2,)], [(2,), (2,)])
    (True, False, False)
    """
    if [len(shape) for shape in shapes] != [len(shape) for shape in others]:
        return False
    pairs = [pair for shape, other in zip(shapes, others, strict=True) for pair in zip(shape, other, strict=True)]
    return all(a == b for a, b in pairs if isinstance(a, int) and isinstance(b, int))
