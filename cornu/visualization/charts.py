"""Learning curves and pictures with their labels, as PNG files; no plotting library is needed."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cornu.visualization.canvas import Canvas, Color

_COLORS: tuple[Color, ...] = (
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (230, 159, 0),
)
_INK, _PALE, _GRID, _RED = (40, 40, 40), (110, 110, 110), (230, 230, 230), (200, 30, 30)
_WIDTH, _HEIGHT = 520, 400
_LEFT, _RIGHT, _ABOVE, _BELOW = 74, 20, 48, 58  # around the field that the curves are in


def learning_curves(history: Mapping[str, Sequence[float]], path: str | os.PathLike, title: str = "") -> Path:
    """Draws a training's history, one panel for each quantity, training and validation together.

    Args:
        history: values by name, one for each epoch, as `History.history` holds them; "val_x" goes with "x".
        path: of the PNG file.
        title: of the whole.

    Returns the path.
    """
    names = [name for name in history if not name.startswith("val_")]
    top = 30 if title else 0
    canvas = Canvas(_WIDTH * len(names), _HEIGHT + top)
    if title:
        canvas.text(canvas.width / 2, 30, title, 15, _INK, "center", bold=True)
    for i, name in enumerate(names):
        curves = {"training": history[name]}
        if f"val_{name}" in history:
            curves["validation"] = history[f"val_{name}"]
        _panel(canvas, i * _WIDTH, top, name, curves)
    return canvas.save(path)


def _panel(canvas: Canvas, left: float, top: float, name: str, curves: dict[str, Sequence[float]]) -> None:
    x0, x1 = left + _LEFT, left + _WIDTH - _RIGHT
    y0, y1 = top + _HEIGHT - _BELOW, top + _ABOVE
    values = np.concatenate([np.asarray(v, float) for v in curves.values()])
    values = values[np.isfinite(values)]
    epochs = max(len(v) for v in curves.values())
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    ticks = nice_ticks(float(low), float(high))
    low, high = min(low, ticks[0]), max(high, ticks[-1])

    def place(epoch: float, value: float) -> tuple[float, float]:
        across = (epoch - 1) / max(epochs - 1, 1)
        return x0 + across * (x1 - x0), y0 + (value - low) / (high - low) * (y1 - y0)

    for tick in ticks:
        y = place(1, tick)[1]
        canvas.line([(x0, y), (x1, y)], _GRID)
        canvas.text(x0 - 10, y + 5, _number(tick, ticks), 10, _PALE, "right")
    for epoch in [int(t) for t in nice_ticks(1, max(epochs, 2)) if t == int(t) and 1 <= t <= epochs]:
        x = place(epoch, low)[0]
        canvas.line([(x, y0), (x, y0 + 5)], _PALE)
        canvas.text(x, y0 + 20, str(epoch), 10, _PALE, "center")
    canvas.line([(x0, y1), (x0, y0), (x1, y0)], _PALE)
    canvas.text((x0 + x1) / 2, y1 - 16, name, 13, _INK, "center", bold=True)
    canvas.text((x0 + x1) / 2, y0 + 42, "epoch", 11, _INK, "center")
    for color, curve in zip(_COLORS, curves.values(), strict=False):
        points = [place(i, v) for i, v in enumerate(curve, start=1) if math.isfinite(v)]
        if points:
            canvas.line(points, color, width=2.2)
            for point in points if epochs <= 30 else points[-1:]:
                canvas.line([point], color, width=6)
    first = next(iter(curves.values()))
    rises = len(first) > 0 and first[-1] > first[0]
    _legend(canvas, x1 - 132, y0 - 22 - 22 * len(curves) if rises else y1 + 10, list(curves))


def _legend(canvas: Canvas, x: float, y: float, names: list[str]) -> None:
    for i, (name, color) in enumerate(zip(names, _COLORS, strict=False)):
        row = y + 22 * i + 12
        canvas.line([(x, row), (x + 26, row)], color, width=2.2)
        canvas.line([(x + 13, row)], color, width=6)
        canvas.text(x + 36, row + 5, name, 11, _INK)


def nice_ticks(low: float, high: float, count: int = 5) -> list[float]:
    """About `count` round numbers, equally far apart, from below `low` to `high` or just above.

    >>> nice_ticks(0.03, 0.97)
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    span = high - low or abs(high) or 1.0
    rough = span / count
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * unit for factor in (1, 2, 2.5, 5, 10) if factor * unit >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), max(math.ceil(high / step - 1e-9), math.floor(low / step) + 1)
    digits = max(0, 2 - math.floor(math.log10(step)))
    return [round(i * step, digits) for i in range(first, last + 1)]


def _number(value: float, ticks: list[float]) -> str:
    """A tick's number, all of them with as many decimals as the longest one needs."""
    decimals = max(len(f"{tick:.10g}".partition(".")[2]) for tick in ticks)
    return f"{value:.{decimals}f}" if abs(value) < 1e6 else f"{value:g}"


def image_gallery(
    images: np.ndarray,
    predicted: Sequence[Any],
    true: Sequence[Any],
    path: str | os.PathLike,
    title: str = "",
    columns: int = 8,
) -> Path:
    """Draws gray images in a grid, each with its predicted label; a wrong one in red, with the true one.

    Args:
        images: of shape (n, height, width), from 0, white, to their greatest value, black.
        predicted: n labels.
        true: n labels.
        path: of the PNG file.
        title: of the whole.
        columns: how many images stand side by side.

    Returns the path.
    """
    side = max(images.shape[1:])
    scale = max(1, 72 // side)
    cell, margin = scale * side + 28, 24
    top = 62 if title else margin
    rows = math.ceil(len(images) / columns)
    canvas = Canvas(2 * margin + columns * cell - 28, top + rows * (cell + 8) + 4)
    if title:
        canvas.text(canvas.width / 2, 36, title, 14, _INK, "center", bold=True)
    gray = images / max(float(images.max()), 1e-12)
    for i, (image, guess, truth) in enumerate(zip(gray, predicted, true, strict=True)):
        x, y = margin + (i % columns) * cell, top + (i // columns) * (cell + 8)
        right = guess == truth
        canvas.box(x - 2, y - 2, scale * side + 4, scale * side + 4, _GRID if right else _RED)
        canvas.gray(x, y, image.astype(np.float32), scale)
        label = str(guess) if right else f"{guess}, is {truth}"
        canvas.text(x + scale * side / 2, y + scale * side + 20, label, 11, _INK if right else _RED, "center")
    return canvas.save(path)
