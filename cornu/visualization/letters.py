"""Letters as lines of a pen, on a small grid; they can be drawn at any size.

A letter is a list of strokes. A stroke is a list of points, each two digits: x from the left, and y from below, where
0 is the foot of a "p", 2 the line that letters stand on, 6 the top of an "o" and 8 that of an "O". Straight lines lead
from point to point. After "~" the points are the control points of a smooth curve that begins at the first and ends at
the last one, after "@" of a closed one (quadratic B-splines: they touch the middle between two control points).
"""

from __future__ import annotations

from functools import cache

import numpy as np

_BOWL = "@02 42 46 06"

_STROKES = {
    "0": "@02 42 48 08",
    "1": "06 28 22, 02 42",
    "2": "~07 08 48 45 02, 02 42",
    "3": "~07 08 48 45 25, ~25 45 42 02 03",
    "4": "32 38 04 44",
    "5": "48 08 05, ~05 06 46 42 02 03",
    "6": f"{_BOWL}, ~38 08 04",
    "7": "08 48 12",
    "8": "@05 45 48 08, @02 42 45 05",
    "9": "@04 44 48 08, ~46 42 12",
    "A": "02 28 42, 14 34",
    "B": "02 08, ~08 48 45 05, ~05 45 42 02",
    "C": "~47 48 08 02 42 43",
    "D": "02 08, ~08 48 42 02",
    "E": "48 08 02 42, 05 35",
    "F": "48 08 02, 05 35",
    "G": "~47 48 08 02 42 45, 45 25",
    "H": "02 08, 42 48, 05 45",
    "I": "02 08",
    "J": "38 34, ~34 32 02 03",
    "K": "02 08, 48 04, 15 42",
    "L": "08 02 42",
    "M": "02 08 34 68 62",
    "N": "02 08 42 48",
    "O": "@02 52 58 08",
    "P": "02 08, ~08 48 44 04",
    "Q": "@02 52 58 08, 34 52",
    "R": "02 08, ~08 48 44 04, 24 42",
    "S": "~47 48 08 05 45 42 02 03",
    "T": "08 48, 28 22",
    "U": "08 04, ~04 02 42 44, 44 48",
    "V": "08 22 48",
    "W": "08 12 37 52 68",
    "X": "02 48, 08 42",
    "Y": "08 25 48, 25 22",
    "Z": "08 48 02 42",
    "a": f"{_BOWL}, 46 42",
    "b": f"{_BOWL}, 08 02",
    "c": "~45 46 06 02 42 43",
    "d": f"{_BOWL}, 48 42",
    "e": "04 44, ~44 46 06 02 42 43",
    "f": "~38 18 16, 16 12, 06 36",
    "g": f"{_BOWL}, 46 42, ~42 40 00 01",
    "h": "08 02, ~04 06 46 44, 44 42",
    "i": "06 02, 08 08",
    "j": "16 12, ~12 10 00, 18 18",
    "k": "08 02, 36 03, 14 32",
    "l": "08 04, ~04 02 12",
    "m": "06 02, ~04 06 36 34, 34 32, ~34 36 66 64, 64 62",
    "n": "06 02, ~04 06 46 44, 44 42",
    "o": _BOWL,
    "p": f"{_BOWL}, 06 00",
    "q": f"{_BOWL}, 46 40",
    "r": "06 02, ~04 06 36 35",
    "s": "~35 36 06 04 34 32 02 03",
    "t": "18 13, ~13 12 32, 06 36",
    "u": "06 04, ~04 02 42 44, 46 42",
    "v": "06 22 46",
    "w": "06 12 35 52 66",
    "x": "02 46, 06 42",
    "y": "06 22, 46 10",
    "z": "06 46 02 42",
    ".": "02 02",
    ",": "12 01",
    ":": "02 02, 05 05",
    ";": "12 01, 15 15",
    "!": "08 04, 02 02",
    "?": "~07 08 48 45 24, 22 22",
    "'": "08 06",
    '"': "08 06, 28 26",
    "-": "04 34",
    "–": "04 44",
    "_": "01 41",
    "+": "04 44, 26 22",
    "=": "03 43, 05 45",
    "/": "00 48",
    "*": "28 24, 07 45, 05 47",
    "#": "12 28, 32 48, 04 54, 06 56",
    "%": "02 48, @06 26 28 08, @22 42 44 24",
    "(": "~29 05 20",
    ")": "~09 25 00",
    "[": "29 09 00 20",
    "]": "09 29 20 00",
    "<": "46 04 42",
    ">": "06 44 02",
    "×": "02 46, 06 42",
    "→": "04 64, 46 64 42",
}
_MISSING = "02 08 48 42 02"  # a box, for letters that the table lacks
GAP, SPACE = 1.8, 3.0  # between letters, and for a space
BASELINE, TOP = 2.0, 8.0


def layout(text: str) -> tuple[list[np.ndarray], float]:
    """The strokes of a line of text, points of shape (n, 2) on the grid, and how wide it is.

    >>> strokes, width = layout("II")
    >>> len(strokes), width
    (2, 1.8)
    """
    strokes: list[np.ndarray] = []
    pen, width = 0.0, 0.0
    for letter in text:
        if letter == " ":
            pen += SPACE
            continue
        lines = _letter(letter)
        strokes += [line + np.array([pen, 0.0]) for line in lines]
        width = pen + max(float(line[:, 0].max()) for line in lines)
        pen = width + GAP
    return strokes, width


@cache
def _letter(letter: str) -> list[np.ndarray]:
    return [_stroke(stroke) for stroke in _STROKES.get(letter, _MISSING).split(", ")]


def _stroke(description: str) -> np.ndarray:
    kind = description[0] if description[0] in "~@" else ""
    points = np.array([[float(digit) for digit in point] for point in description.removeprefix(kind).split()])
    return _smooth(points, closed=kind == "@") if kind else points


def _smooth(points: np.ndarray, closed: bool) -> np.ndarray:
    """The curve of a control polygon: its corners are cut, again and again (Chaikin, 1974)."""
    for _ in range(4):
        starts, ends = (points, np.roll(points, -1, axis=0)) if closed else (points[:-1], points[1:])
        cut = np.stack([0.75 * starts + 0.25 * ends, 0.25 * starts + 0.75 * ends], axis=1).reshape(-1, 2)
        points = cut if closed else np.concatenate([points[:1], cut, points[-1:]])
    return np.concatenate([points, points[:1]]) if closed else points
