"""Images read along a moved grid: by straight lines between pixels here, by other splines in SciPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornu.errors import explain, nearest

MODES = ("nearest", "constant", "reflect", "wrap")


def warp(image: np.ndarray, matrix: np.ndarray, mode: str, cval: float, order: int) -> np.ndarray:
    """An image (rows, columns, channels), each pixel read where `matrix` sends it, counted from the middle."""
    if mode not in MODES:
        raise ValueError(explain(f"Unknown fill mode {mode!r}.{nearest(mode, MODES)}", expected=f"one of {MODES}"))
    middle = (np.array(image.shape[:2]) - 1) / 2
    linear = matrix[:2, :2]
    offset = middle + matrix[:2, 2] - linear @ middle
    if order == 1 and np.issubdtype(image.dtype, np.floating):
        return _bilinear(image, linear, offset, mode, cval)
    from scipy import ndimage

    channels = [
        ndimage.affine_transform(image[:, :, channel], linear, offset, order=order, mode=mode, cval=cval)
        for channel in range(image.shape[2])
    ]
    return np.stack(channels, axis=2)


def _bilinear(image: np.ndarray, linear: np.ndarray, offset: np.ndarray, mode: str, cval: float) -> np.ndarray:
    """SciPy's spline of order 1, all channels at once."""
    height, width, channels = image.shape
    rows, columns = np.arange(height)[:, None], np.arange(width)
    if linear[0, 1] == linear[1, 0] == 0:  # shifted and zoomed only: rows first, then columns
        top, bottom, down, above = _taps(linear[0, 0] * rows[:, 0] + offset[0], height, mode, image.dtype)
        left, right, along, beside = _taps(linear[1, 1] * columns + offset[1], width, mode, image.dtype)
        result = _between(image[top], image[bottom], down[:, None, None])
        result = _between(result[:, left], result[:, right], along[:, None])
        outside: Any = above[:, None] | beside
    else:
        row = linear[0, 0] * rows + linear[0, 1] * columns + offset[0]
        column = linear[1, 0] * rows + linear[1, 1] * columns + offset[1]
        top, bottom, down, above = _taps(row, height, mode, image.dtype)
        left, right, along, beside = _taps(column, width, mode, image.dtype)
        pixels = np.ascontiguousarray(image).reshape(-1, channels)
        top, bottom, along = top * width, bottom * width, along[..., None]
        upper = _between(pixels.take(top + left, 0), pixels.take(top + right, 0), along)
        lower = _between(pixels.take(bottom + left, 0), pixels.take(bottom + right, 0), along)
        result = _between(upper, lower, down[..., None])
        outside = above | beside
    if mode == "constant":
        result[outside] = cval
    return result


def _between(first: np.ndarray, second: np.ndarray, part: np.ndarray) -> np.ndarray:
    """first + part · (second - first), in the memory of `second`."""
    second -= first
    second *= part
    second += first
    return second


def _taps(
    place: np.ndarray, length: int, mode: str, dtype: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The pixels before and after each place on an axis, how far it is between them, and whether it is outside."""
    last = length - 1
    outside = (place < -1e-9) | (place > last + 1e-9)
    if mode == "wrap":  # as in SciPy: the last pixel stands on the first one
        place = np.where(outside, np.mod(place, last), place) if last else np.zeros_like(place)
    whole = np.floor(place)
    part = (place - whole).astype(dtype)
    before = whole.astype(np.intp)
    after = before + 1
    if mode == "reflect":
        before, after = (np.minimum(tap % (2 * length), 2 * length - 1 - tap % (2 * length)) for tap in (before, after))
    else:
        before, after = (np.minimum(np.maximum(tap, 0), last) for tap in (before, after))
    return before, after, part, outside
