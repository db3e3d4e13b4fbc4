"""Image files, Pillow's images and arrays, each made of the other."""

from __future__ import annotations

import io
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain, nearest

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
"""Pillow's name of each color mode; the letters are its channels."""


def pillow() -> Any:
    """Pillow's module `Image`. Raises ImportError, with what to do, where it isn't installed."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError(explain("Image files need Pillow.", fix="Run: pip install 'cornu[image]'")) from error
    return Image


def check_color_mode(color_mode: str) -> str:
    """The color mode, if it is one; else ValueError."""
    if color_mode not in MODES:
        raise ValueError(
            explain(
                f"Unknown color mode {color_mode!r}.{nearest(color_mode, MODES)}", expected=f"one of {tuple(MODES)}"
            )
        )
    return color_mode


def load_img(
    path: Any,
    color_mode: str = "rgb",
    target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest",
    keep_aspect_ratio: bool = False,
) -> Any:
    """An image file as a Pillow image.

    Args:
        path: a path, or a file that is open for reading bytes.
        color_mode: "grayscale", "rgb" or "rgba". Gray images of 16 or 32 bits stay as they are for "grayscale".
        target_size: (height, width); None leaves the size.
        interpolation: how to change the size: "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos".
        keep_aspect_ratio: cut the middle out in the proportions of `target_size`, so that nothing is distorted.

    Raises ImportError without Pillow, TypeError for another kind of path, ValueError for arguments out of range.
    """
    image_module = pillow()
    check_color_mode(color_mode)
    if isinstance(path, (str, bytes, os.PathLike)):
        content = io.BytesIO(Path(os.fsdecode(path)).read_bytes())
    elif hasattr(path, "read"):
        content = path
    else:
        raise TypeError(explain("load_img: argument `path` is wrong.", expected="a path or a file", got=brief(path)))
    image = image_module.open(content)
    if image.mode != MODES[color_mode] and not (color_mode == "grayscale" and image.mode in ("I;16", "I")):
        image = image.convert(MODES[color_mode])
    if target_size is None or image.size == (target_size[1], target_size[0]):
        image.load()
        return image
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            explain(
                f"load_img: unknown interpolation {interpolation!r}.{nearest(interpolation, INTERPOLATIONS)}",
                expected=f"one of {INTERPOLATIONS}",
            )
        )
    method = image_module.Resampling[interpolation.upper()]
    box = _middle(image.size, target_size) if keep_aspect_ratio else None
    return image.resize((target_size[1], target_size[0]), method, box=box)


def _middle(size: tuple[int, int], target_size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The greatest middle part with the proportions of the target: (left, top, right, bottom)."""
    width, height = size
    target_height, target_width = target_size
    cut_height = min(height, width * target_height // target_width)
    cut_width = min(width, height * target_width // target_height)
    left, top = (width - cut_width) // 2, (height - cut_height) // 2
    return left, top, left + cut_width, top + cut_height


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> np.ndarray:
    """A Pillow image as an array of shape (height, width, channels), or (channels, height, width).

    Args:
        img: the image; an array of two or three axes will do.
        data_format: "channels_last" or "channels_first"; None means `cornu.config.image_data_format()`.
        dtype: of the result; None means `cornu.config.floatx()`.
    """
    data_format = config.standardize_data_format(data_format)
    array = np.asarray(img, dtype=dtype or config.floatx())
    if array.ndim not in (2, 3):
        raise ValueError(explain("img_to_array: this is no image.", expected="2 or 3 axes", got=brief(array)))
    if array.ndim == 2:
        array = array[:, :, None]
    return array.transpose(2, 0, 1) if data_format == "channels_first" else array


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as a Pillow image.

    Args:
        x: of three axes, with 1, 3 or 4 channels: gray, color, color with opacity.
        data_format: as in `img_to_array`.
        scale: whether to stretch the values, so that they reach from 0 to 255; otherwise fractions are cut off.
        dtype: in which to compute; None means `cornu.config.floatx()`.

    Gray values above 255, unscaled, give an image of 32 bits. Raises ImportError without Pillow, ValueError for other
    shapes.
    """
    image_module = pillow()
    data_format = config.standardize_data_format(data_format)
    array = np.asarray(x, dtype=dtype or config.floatx())
    channels = array.shape[0 if data_format == "channels_first" else -1] if array.ndim == 3 else None
    if channels not in (1, 3, 4):
        raise ValueError(
            explain(
                "array_to_img: argument `x` is no single image.",
                expected=f"3 axes, with 1, 3 or 4 channels, {data_format}",
                got=brief(array),
            )
        )
    if data_format == "channels_first":
        array = array.transpose(1, 2, 0)
    if scale:
        array = stretch(array)
    if channels == 1:
        array = array[:, :, 0]
        return image_module.fromarray(array.astype("int32" if array.max() > 255 else "uint8"))
    return image_module.fromarray(array.astype("uint8"))


def stretch(array: np.ndarray) -> np.ndarray:
    """The values moved and scaled so that they reach from 0 to 255; equal ones become 0."""
    array = array - array.min()
    highest = array.max()
    return (array / highest if highest != 0 else array) * 255


def save_img(
    path: Any,
    x: Any,
    data_format: str | None = None,
    file_format: str | None = None,
    scale: bool = True,
    **options: Any,
) -> None:
    """Writes an array as an image file.

    Args:
        path: a path, or a file that is open for writing bytes.
        x, data_format, scale: as in `array_to_img`.
        file_format: "png", "jpeg" ...; None takes it from the path. Files that are open need it.
        options: more for Pillow's `Image.save`.

    JPEG knows no opacity: it is left out, with a warning.
    """
    ending = Path(path).suffix[1:] if isinstance(path, (str, os.PathLike)) else ""
    is_jpeg = (file_format or ending).lower() in ("jpg", "jpeg")
    image = array_to_img(x, data_format, scale)
    if image.mode == "RGBA" and is_jpeg:
        warnings.warn("JPEG knows no opacity: the image is saved without its fourth channel.", stacklevel=2)
        image = image.convert("RGB")
    image.save(path, format="jpeg" if is_jpeg else file_format, **options)
