"""Images in another size, without a compiled program: each file may have its own size."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from cornu.errors import brief, explain, nearest


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Any:
    """Images in another size, undistorted: the greatest middle part with the right proportions is cut out first.

    Args:
        x: one image or several: (height, width, channels), or (batch, height, width, channels).
        size: (height, width).
        interpolation: "nearest", "bilinear", "bicubic", "lanczos3" or "lanczos5".
        data_format: "channels_last" or "channels_first".

    Returns:
        A NumPy array for a NumPy array, else one on the engine. Integers are rounded and keep their dtype.

    Raises ValueError for other shapes.

    >>> smart_resize(np.arange(8.0).reshape(2, 4, 1), (1, 1)).tolist()
    [[[3.5]]]
    """
    array = np.asarray(x)
    if array.ndim not in (3, 4) or len(size) != 2:
        raise ValueError(
            explain(
                "smart_resize: the arguments don't fit.",
                expected="an image of 3 axes, or several with 4, and size=(height, width)",
                got=f"{brief(array)}, size={size}",
            )
        )
    last = data_format == "channels_last"
    result = resize(crop_to(array if last else np.moveaxis(array, -3, -1), size), size, interpolation)
    if np.issubdtype(array.dtype, np.integer):
        limits = np.iinfo(array.dtype)
        result = np.clip(np.rint(result), limits.min, limits.max)
    result = (result if last else np.moveaxis(result, -1, -3)).astype(array.dtype)
    if isinstance(x, np.ndarray):
        return result
    import jax.numpy as jnp

    return jnp.asarray(result)


def crop_to(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The greatest middle part of images, channels last, with the proportions of `size`."""
    height, width = images.shape[-3:-1]
    cut_height = max(min(height, int(width * size[0] / size[1])), 1)
    cut_width = max(min(width, int(height * size[1] / size[0])), 1)
    top, left = (height - cut_height) // 2, (width - cut_width) // 2
    return images[..., top : top + cut_height, left : left + cut_width, :]


def pad_to(images: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Images, channels last, with zeros around them, so that they have the proportions of `size`."""
    height, width = images.shape[-3:-1]
    missing = max(round(width * size[0] / size[1]) - height, 0), max(round(height * size[1] / size[0]) - width, 0)
    around = [(0, 0)] * (images.ndim - 3) + [(gap // 2, gap - gap // 2) for gap in missing] + [(0, 0)]
    return np.pad(images, around)


def resize(images: np.ndarray, size: tuple[int, int], interpolation: str = "bilinear") -> np.ndarray:
    """float32 images, channels last, in another size: weights @ image @ weightsᵀ, without antialiasing."""
    rows = _weights(images.shape[-3], size[0], interpolation)
    columns = _weights(images.shape[-2], size[1], interpolation)
    images = images.astype("float32")
    if interpolation == "nearest":
        return images[..., rows.argmax(1), :, :][..., columns.argmax(1), :]
    *batch, height, width, channels = images.shape
    by_rows = (rows @ images.reshape(*batch, height, width * channels)).reshape(*batch, size[0], width, channels)
    return columns @ by_rows


def _lanczos(radius: int) -> Callable[[np.ndarray], np.ndarray]:
    return lambda distance: np.sinc(distance) * np.sinc(distance / radius) * (distance < radius)


def _cubic(distance: np.ndarray) -> np.ndarray:
    """Keys' kernel with a = -1/2."""
    near = (1.5 * distance - 2.5) * distance**2 + 1
    far = ((-0.5 * distance + 2.5) * distance - 4) * distance + 2
    return np.where(distance < 1, near, np.where(distance < 2, far, 0))


_KERNELS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "bilinear": lambda distance: np.maximum(1 - distance, 0),
    "bicubic": _cubic,
    "lanczos3": _lanczos(3),
    "lanczos5": _lanczos(5),
}

METHODS = ("nearest", *_KERNELS)


@lru_cache(64)
def _weights(length: int, target: int, interpolation: str) -> np.ndarray:
    """How much of each old pixel is in each new one, (target, length): pixels' centers lie on the same line."""
    if interpolation not in METHODS:
        raise ValueError(
            explain(
                f"Unknown interpolation {interpolation!r}.{nearest(interpolation, METHODS)}",
                expected=f"one of {METHODS}",
            )
        )
    centers = (np.arange(target) + 0.5) * length / target
    if interpolation == "nearest":
        return np.arange(length) == np.floor(centers).astype(int)[:, None]
    weights = _KERNELS[interpolation](np.abs(np.arange(length) + 0.5 - centers[:, None]))
    return (weights / weights.sum(1, keepdims=True)).astype("float32")
