"""Two ways to draw the same picture: dots, as PNG, and shapes, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import pairwise
from pathlib import Path

from cornu.visualization import letters
from cornu.visualization.canvas import Canvas, Color

Point = tuple[float, float]


def text_width(text: str, size: float) -> float:
    """The width of a line of text whose capital letters are `size` high."""
    return letters.layout(text)[1] * size / (letters.TOP - letters.BASELINE)


class PngPen:
    """Draws on a canvas; lengths are multiplied by `scale`."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        self._scale = scale
        self._canvas = Canvas(round(width * scale), round(height * scale))

    def box(self, x: float, y: float, width: float, height: float, fill: Color, edge: Color) -> None:
        """Fills a rectangle with an edge."""
        s, line = self._scale, max(1.0, self._scale)
        self._canvas.box(s * x, s * y, s * width, s * height, edge)
        self._canvas.box(s * x + line, s * y + line, s * width - 2 * line, s * height - 2 * line, fill)

    def line(self, points: Sequence[Point], color: Color, width: float, dashed: bool = False) -> None:
        """Draws a line through points."""
        scaled = [(x * self._scale, y * self._scale) for x, y in points]
        for piece in _dashes(scaled, 6 * self._scale) if dashed else [scaled]:
            self._canvas.line(piece, color, width * self._scale)

    def text(self, x: float, y: float, text: str, size: float, color: Color, align: str, bold: bool = False) -> None:
        """Writes a line of text."""
        s = self._scale
        self._canvas.text(s * x, s * y, text, s * size, color, align, bold)

    def save(self, path: Path) -> None:
        """Writes the file."""
        self._canvas.save(path)


class SvgPen:
    """Draws shapes and text."""

    def __init__(self, width: float, height: float, scale: float) -> None:
        size = f'width="{width * scale:.0f}" height="{height * scale:.0f}" viewBox="0 0 {width:.1f} {height:.1f}"'
        self._items = [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="Helvetica, Arial, sans-serif">',
            '<rect width="100%" height="100%" fill="white"/>',
        ]

    def box(self, x: float, y: float, width: float, height: float, fill: Color, edge: Color) -> None:
        """Fills a rectangle with an edge."""
        place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        self._items.append(f'<rect {place} fill="rgb{fill}" stroke="rgb{edge}"/>')

    def line(self, points: Sequence[Point], color: Color, width: float, dashed: bool = False) -> None:
        """Draws a line through points."""
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="6 6"' if dashed else ""
        self._items.append(f'<polyline points="{way}" fill="none" stroke="rgb{color}" stroke-width="{width}"{dashes}/>')

    def text(self, x: float, y: float, text: str, size: float, color: Color, align: str, bold: bool = False) -> None:
        """Writes a line of text, as wide as the other pen would."""
        anchor = {"left": "start", "center": "middle", "right": "end"}[align]
        weight = ' font-weight="bold"' if bold else ""
        place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size / 0.72:.1f}" text-anchor="{anchor}"{weight}'
        length = f'textLength="{text_width(text, size):.1f}" lengthAdjust="spacingAndGlyphs"'
        self._items.append(f'<text {place} {length} fill="rgb{color}">{escape(text)}</text>')

    def save(self, path: Path) -> None:
        """Writes the file."""
        path.write_text("\n".join([*self._items, "</svg>"]), encoding="utf-8")


def _dashes(points: Sequence[Point], length: float) -> list[list[Point]]:
    """The pieces of a line that are drawn: as long as the gaps between them."""
    pieces = []
    for (x0, y0), (x1, y1) in pairwise(points):
        total = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        steps = max(1, round(total / length))
        ends = [(x0 + (x1 - x0) * i / steps, y0 + (y1 - y0) * i / steps) for i in range(steps + 1)]
        pieces += [[ends[i], ends[i + 1]] for i in range(0, steps, 2)]
    return pieces
