"""Places for the boxes of a graph: in layers, with few crossings (Sugiyama, Tagawa, Toda, 1981, "Methods for Visual
Understanding of Hierarchical System Structures").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
Edge = tuple[int, int]

_SWEEPS, _COLUMN_SWEEPS = 12, 60
_BEND_WIDTH = 12.0  # of the room that a passing edge takes


@dataclass
class Layout:
    """The boxes' centers, each edge as a line of points, and the size of the whole."""

    centers: list[Point]
    lines: dict[Edge, list[Point]]
    width: float
    height: float


def layered(
    sizes: Sequence[tuple[float, float]], edges: Sequence[Edge], gap: float = 36, room: float = 28, across: bool = False
) -> Layout:
    """Places boxes so that every edge goes down (`across`: to the right).

    Args:
        sizes: (width, height) of each box.
        edges: (from, to); without circles.
        gap: between layers.
        room: between boxes of one layer.

    >>> layered([(40, 20), (40, 20)], [(0, 1)]).centers
    [(20.0, 10.0), (20.0, 66.0)]
    """
    if across:
        turned = layered([(h, w) for w, h in sizes], edges, gap, room)
        lines = {edge: [(y, x) for x, y in line] for edge, line in turned.lines.items()}
        return Layout([(y, x) for x, y in turned.centers], lines, turned.height, turned.width)
    ranks = depths(len(sizes), edges)
    widths = [width for width, _ in sizes]
    paths = _bend(edges, ranks, widths)
    layers = _order(ranks, list(paths.values()))
    x = _columns(layers, list(paths.values()), widths, room)
    tops, height = _rows(layers, sizes, gap)
    middle = [tops[rank] + _tallest(layers[rank], sizes) / 2 for rank in ranks]
    left = min((x[i] - widths[i] / 2 for i in range(len(widths))), default=0.0)
    x = [value - left for value in x]
    lines = {}
    for (start, end), path in paths.items():
        down = sizes[start][1] / 2
        points = [(x[start], middle[start] + down), *((x[i], middle[i]) for i in path[1:-1])]
        lines[start, end] = [*points, (x[end], middle[end] - sizes[end][1] / 2)]
    count = len(sizes)
    return Layout(
        list(zip(x[:count], middle[:count], strict=True)),
        lines,
        max((x[i] + widths[i] / 2 for i in range(len(widths))), default=0.0),
        height,
    )


def depths(count: int, edges: Sequence[Edge]) -> list[int]:
    """The length of the longest way to each box. Raises ValueError for a circle.

    >>> depths(3, [(0, 1), (1, 2), (0, 2)])
    [0, 1, 2]
    """
    depth = [0] * count
    for _ in range(count + 1):
        changed = False
        for start, end in edges:
            if depth[end] <= depth[start]:
                depth[end], changed = depth[start] + 1, True
        if not changed:
            return depth
    raise ValueError("the graph has a circle")


def _bend(edges: Sequence[Edge], ranks: list[int], widths: list[float]) -> dict[Edge, list[int]]:
    """Each edge as a way from layer to layer; new, narrow boxes stand where it passes one."""
    paths = {}
    for start, end in dict.fromkeys(edges):
        path = [start]
        for rank in range(ranks[start] + 1, ranks[end]):
            path.append(len(ranks))
            ranks.append(rank)
            widths.append(_BEND_WIDTH)
        paths[start, end] = [*path, end]
    return paths


def _neighbors(count: int, paths: list[list[int]]) -> tuple[list[list[int]], list[list[int]]]:
    above: list[list[int]] = [[] for _ in range(count)]
    below: list[list[int]] = [[] for _ in range(count)]
    for path in paths:
        for start, end in pairwise(path):
            above[end].append(start)
            below[start].append(end)
    return above, below


def _order(ranks: list[int], paths: list[list[int]]) -> list[list[int]]:
    """The boxes of each layer from left to right: each near the middle of those that it is joined to."""
    layers: list[list[int]] = [[] for _ in range(max(ranks, default=-1) + 1)]
    for box, rank in enumerate(ranks):
        layers[rank].append(box)
    above, below = _neighbors(len(ranks), paths)
    place = {box: i for layer in layers for i, box in enumerate(layer)}
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for layer in layers if down else reversed(layers):
            near = above if down else below
            layer.sort(key=lambda box: _mean([place[n] for n in near[box]], place[box]))
            place.update({box: i for i, box in enumerate(layer)})
    return layers


def _columns(layers: list[list[int]], paths: list[list[int]], widths: list[float], room: float) -> list[float]:
    """The boxes' horizontal centers: as near to their neighbors' middle as the room between them lets them be."""
    above, below = _neighbors(len(widths), paths)
    x = [0.0] * len(widths)
    for layer in layers:
        for left, right in pairwise(layer):
            x[right] = x[left] + _apart(left, right, widths, room)
    for sweep in range(_COLUMN_SWEEPS):
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = [_mean([x[n] for n in (*above[box], *below[box])], x[box]) for box in layer]
            pushed_right, pushed_left = list(wanted), list(wanted)
            for i in range(1, len(layer)):
                apart = _apart(layer[i - 1], layer[i], widths, room)
                pushed_right[i] = max(wanted[i], pushed_right[i - 1] + apart)
            for i in reversed(range(len(layer) - 1)):
                apart = _apart(layer[i], layer[i + 1], widths, room)
                pushed_left[i] = min(wanted[i], pushed_left[i + 1] - apart)
            for i, box in enumerate(layer):
                x[box] = (pushed_right[i] + pushed_left[i]) / 2
    return x


def _apart(left: int, right: int, widths: list[float], room: float) -> float:
    return (widths[left] + widths[right]) / 2 + room


def _rows(layers: list[list[int]], sizes: Sequence[tuple[float, float]], gap: float) -> tuple[list[float], float]:
    """The top of each layer, and the bottom of the last."""
    tops, y = [], 0.0
    for layer in layers:
        tops.append(y)
        y += _tallest(layer, sizes) + gap
    return tops, max(y - gap, 0.0)


def _tallest(layer: list[int], sizes: Sequence[tuple[float, float]]) -> float:
    return max((sizes[box][1] for box in layer if box < len(sizes)), default=0.0)


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
