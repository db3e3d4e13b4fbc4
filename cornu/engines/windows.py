"""Integer geometry of windows that slide over an image, shared by engines.

One axis: `size` elements, `inside` - 1 zeros put between neighbors, `low` and `high` zeros at the edges; a window of
`window` elements, `reach` apart, moves on by `stride`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence


def spread_size(size: int, low: int, high: int, inside: int) -> int:
    """The size of an axis with its zeros.

    >>> spread_size(3, 1, 1, 2)
    7
    """
    return low + high + max(0, (size - 1) * inside + 1) * (size > 0)


def count(size: int, window: int, stride: int, reach: int = 1) -> int:
    """How many windows an axis of this full size holds.

    >>> count(7, 3, 2)
    3
    """
    return max(0, (size - (window - 1) * reach - 1) // stride + 1)


def spread_place(size: int, low: int, inside: int) -> slice:
    """Where the elements of an axis stand among their zeros.

    >>> spread_place(3, 1, 2)
    slice(1, 6, 2)
    """
    return slice(low, low + max(0, (size - 1) * inside + 1), inside)


def views(
    sizes: Sequence[int], windows: Sequence[int], strides: Sequence[int], reaches: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each place in the window, its index, and the slice of the image that holds this place of every window.

    >>> list(views([5], [2], [2], [1]))
    [((0,), (slice(0, 3, 2),)), ((1,), (slice(1, 4, 2),))]
    """
    counts = [count(*axis) for axis in zip(sizes, windows, strides, reaches, strict=True)]
    for place in itertools.product(*map(range, windows)):
        starts = [index * reach for index, reach in zip(place, reaches, strict=True)]
        yield (
            place,
            tuple(
                slice(start, start + (n - 1) * stride + 1, stride) if n else slice(0, 0)
                for start, n, stride in zip(starts, counts, strides, strict=True)
            ),
        )
