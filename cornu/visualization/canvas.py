"""A picture to draw on, in NumPy: lines with smooth edges, boxes, gray images and text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from cornu.visualization import letters, png

Color = tuple[int, int, int]


class Canvas:
    """A picture; x runs to the right and y down, in pixels.

    >>> canvas = Canvas(40, 20)
    >>> canvas.line([(5, 10), (35, 10)], (255, 0, 0), width=2)
    >>> canvas.pixels().shape
    (20, 40, 3)
    """

    def __init__(self, width: int, height: int, background: Color = (255, 255, 255)) -> None:
        self.width, self.height = width, height
        self._rgb = np.full((height, width, 3), background, np.float32)

    def pixels(self) -> np.ndarray:
        """The picture, uint8 of shape (height, width, 3)."""
        return np.clip(np.rint(self._rgb), 0, 255).astype(np.uint8)

    def save(self, path: str | os.PathLike) -> Path:
        """Writes the picture as a PNG file; returns its path."""
        path = Path(path)
        path.write_bytes(png.encode(self.pixels()))
        return path

    def box(self, x: float, y: float, width: float, height: float, color: Color) -> None:
        """Fills a rectangle, at whole pixels."""
        self._rgb[round(y) : round(y + height), round(x) : round(x + width)] = color

    def line(self, points: Sequence[tuple[float, float]] | np.ndarray, color: Color, width: float = 1.0) -> None:
        """Draws a line through points with a round pen.

        A pixel is covered as far as its center is from the line: width/2 + 1/2 - distance, in [0, 1].
        """
        points = np.asarray(points, np.float32)
        reach = width / 2 + 1
        left, top = np.floor(np.maximum(points.min(0) - reach, 0)).astype(int)
        right, bottom = np.ceil(np.minimum(points.max(0) + reach, (self.width, self.height))).astype(int)
        if right <= left or bottom <= top:
            return
        covered = np.zeros((bottom - top, right - left), np.float32)
        for start, end in pairwise(points) if len(points) > 1 else [(points[0], points[0])]:
            _cover(covered, start - (left, top), end - (left, top), reach)
        area = self._rgb[top:bottom, left:right]
        area += covered[..., None] * (np.array(color, np.float32) - area)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float = 14,
        color: Color = (40, 40, 40),
        align: str = "left",
        bold: bool = False,
    ) -> float:
        """Writes a line of text that stands on y, `size` pixels high (a capital letter); returns its width.

        `align` says which part of it is at x: "left", "center" or "right".
        """
        unit = size / (letters.TOP - letters.BASELINE)
        strokes, width = letters.layout(text)
        start = x - unit * width * {"left": 0, "center": 0.5, "right": 1}[align]
        for stroke in strokes:
            points = np.stack([start + unit * stroke[:, 0], y - unit * (stroke[:, 1] - letters.BASELINE)], axis=1)
            self.line(points, color, width=size * (0.17 if bold else 0.115))
        return unit * width

    def gray(self, x: int, y: int, image: np.ndarray, scale: int) -> None:
        """Draws a gray image, values in [0, 1], 1 black, each of its pixels a square of `scale`."""
        large = np.kron(image, np.ones((scale, scale), np.float32))
        height, width = large.shape
        self._rgb[y : y + height, x : x + width] = 255 * (1 - large)[..., None]


def _cover(covered: np.ndarray, start: np.ndarray, end: np.ndarray, reach: float) -> None:
    """Raises `covered` to how far the pen covers each pixel on its way from start to end."""
    low = np.maximum(np.floor(np.minimum(start, end) - reach), 0).astype(int)
    high = np.ceil(np.maximum(start, end) + reach).astype(int)
    area = covered[low[1] : high[1], low[0] : high[0]]
    rows, columns = np.indices(area.shape, np.float32)
    x, y = columns + low[0] + 0.5 - start[0], rows + low[1] + 0.5 - start[1]
    dx, dy = end - start
    along = np.clip((x * dx + y * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
    distance = np.hypot(x - along * dx, y - along * dy)
    np.maximum(area, np.clip(reach - 0.5 - distance, 0, 1), out=area)
