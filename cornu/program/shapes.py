"""Shapes of the vocabulary: sizes are numbers, or symbolic where a program has open dimensions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def ones_around(sizes: Sequence[Any], rank: int, axes: Sequence[int]) -> tuple:
    """A shape of `rank` axes with these sizes at `axes`, and ones elsewhere.

    >>> ones_around((3, 5), 4, (1, 3))
    (1, 3, 1, 5)
    """
    found: list[Any] = [1] * rank
    for size, axis in zip(sizes, axes, strict=True):
        found[axis] = size
    return tuple(found)


def joint(shapes: Iterable[tuple]) -> tuple:
    """The shape of an elementwise result: a size of one is repeated, and so are scalars; ValueError for other shapes.

    >>> joint([(3, 1), (), (1, 4)])
    (3, 4)
    """
    arrays = [shape for shape in shapes if shape]
    axes = [{size for size in sizes if size != 1} or {1} for sizes in zip(*arrays, strict=True)]
    if any(len(sizes) > 1 for sizes in axes):
        raise ValueError(f"shapes {', '.join(map(str, arrays))} do not go together")
    return tuple(size for sizes in axes for size in sizes)
