"""One image turned, shifted, sheared, zoomed, recolored; by given amounts, or by random ones."""

# ruff: noqa: NPY002 - NumPy's global state is where these draws come from: programs seed it

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain
from cornu.preprocessing.image.pictures import stretch
from cornu.preprocessing.image.warping import warp


def apply_affine_transform(
    x: Any,
    theta: float = 0,
    tx: float = 0,
    ty: float = 0,
    shear: float = 0,
    zx: float = 1,
    zy: float = 1,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    order: int = 1,
) -> np.ndarray:
    """An image turned, shifted, sheared and zoomed about its middle.

    The pixel at (row, column), from the middle, comes from where rotation · shift · shear · zoom · (row, column) lies.

    Args:
        x: an image with three axes.
        theta: rotation in degrees.
        tx, ty: shift in pixels, along the rows' and the columns' axis; positive numbers move the picture up, and left.
        shear: angle in degrees.
        zx, zy: zoom of the height and of the width; below 1 the picture becomes larger.
        row_axis, col_axis, channel_axis: where the three axes stand.
        fill_mode: what stands beyond the border: "nearest", "constant" (`cval`), "reflect" or "wrap".
        cval: the value of "constant".
        order: of the spline that interpolates: 0, the nearest pixel, to 5.

    Difference from Keras 3, which takes rows for columns here and so moves the picture sideways by `tx`, and turns one
    that isn't square about a point outside its middle. Keras 1 and 2 do as it is done here, but that their middle lies
    a pixel further down and to the right.

    Raises ValueError if these aren't three axes.

    >>> image = np.arange(6.0).reshape(2, 3, 1)
    >>> apply_affine_transform(image, theta=180, row_axis=0, col_axis=1, channel_axis=2)[:, :, 0].round()
    array([[5., 4., 3.],
           [2., 1., 0.]])
    """
    x = np.asarray(x)
    if x.ndim != 3 or {row_axis, col_axis, channel_axis} != {0, 1, 2}:
        raise ValueError(
            explain(
                "apply_affine_transform: the arguments don't fit.",
                expected="an image of 3 axes; its rows, columns and channels at 0, 1 and 2 in some order",
                got=f"{brief(x)}; axes {row_axis}, {col_axis}, {channel_axis}",
            )
        )
    parts = []
    if theta != 0:
        parts.append(_rotation(np.deg2rad(theta)))
    if tx != 0 or ty != 0:
        parts.append(np.array([[1, 0, tx], [0, 1, ty], [0, 0, 1]]))
    if shear != 0:
        angle = np.deg2rad(shear)
        parts.append(np.array([[1, -np.sin(angle), 0], [0, np.cos(angle), 0], [0, 0, 1]]))
    if zx != 1 or zy != 1:
        parts.append(np.diag([zx, zy, 1.0]))
    if not parts:
        return x
    axes = (row_axis, col_axis, channel_axis)
    return warp(x.transpose(axes), functools.reduce(np.matmul, parts), fill_mode, cval, order).transpose(
        np.argsort(axes)
    )


def _rotation(angle: float) -> np.ndarray:
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])


def apply_channel_shift(x: Any, intensity: float, channel_axis: int = 0) -> np.ndarray:
    """An image with `intensity` added to every channel, within the bounds of the image's own values.

    `channel_axis` makes no difference; it is taken because Keras takes it.
    """
    x = np.asarray(x)
    return np.clip(x + intensity, x.min(), x.max())


def apply_brightness_shift(x: Any, brightness: float, scale: bool = True, data_format: str | None = None) -> np.ndarray:
    """An image brighter or darker: 255 · min(max(brightness · x, 0), 255) / 255 in whole steps, opacity unchanged.

    Args:
        x: an image with three axes.
        brightness: 0 is black, 1 leaves the image.
        scale: whether to stretch the values first, so that they reach from 0 to 255. Values below 0 or above 255 are
            stretched in any case; without `scale`, they are brought back.
        data_format: "channels_last" or "channels_first"; None means `cornu.config.image_data_format()`.

    Returns:
        The image in `cornu.config.floatx()`.
    """
    x = np.asarray(x)
    lowest, highest = x.min(), x.max()
    outside = bool(lowest < 0 or highest > 255)
    image = np.asarray(x, config.floatx())
    pixels = (stretch(image) if scale or outside else image).astype("uint8")
    shifted = np.clip(np.float32(brightness) * pixels.astype("float32"), 0, 255).astype("uint8")
    axis = 0 if config.standardize_data_format(data_format) == "channels_first" else 2
    if x.shape[axis] == 4:
        opacity = (slice(None),) * axis + (3,)
        shifted[opacity] = pixels[opacity]
    result = shifted.astype(config.floatx())
    return result / 255 * (highest - lowest) + lowest if outside and not scale else result


def flip_axis(x: Any, axis: int) -> np.ndarray:
    """An image mirrored along one axis.

    >>> flip_axis([[1, 2]], axis=1)
    array([[2, 1]])
    """
    return np.flip(np.asarray(x), axis)


def random_rotation(
    x: Any,
    rg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """An image turned by up to `rg` degrees, either way; see `apply_affine_transform` for the rest."""
    theta = np.random.uniform(-rg, rg)
    where = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *where)


def random_shift(
    x: Any,
    wrg: float,
    hrg: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """An image shifted by up to `wrg` of its width, `hrg` of its height; see `apply_affine_transform` for the rest."""
    tx = np.random.uniform(-hrg, hrg) * np.shape(x)[row_axis]
    ty = np.random.uniform(-wrg, wrg) * np.shape(x)[col_axis]
    where = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *where)


def random_shear(
    x: Any,
    intensity: float,
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """An image sheared by up to `intensity` degrees, either way; see `apply_affine_transform` for the rest."""
    shear = np.random.uniform(-intensity, intensity)
    where = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *where)


def random_zoom(
    x: Any,
    zoom_range: tuple[float, float],
    row_axis: int = 1,
    col_axis: int = 2,
    channel_axis: int = 0,
    fill_mode: str = "nearest",
    cval: float = 0.0,
    interpolation_order: int = 1,
) -> np.ndarray:
    """An image zoomed between the two factors, height and width apart; see `apply_affine_transform` for the rest."""
    low, high = pair("zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    where = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *where)


def random_channel_shift(x: Any, intensity_range: float, channel_axis: int = 0) -> np.ndarray:
    """`apply_channel_shift` by up to `intensity_range`, either way."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x: Any, brightness_range: tuple[float, float], scale: bool = True) -> np.ndarray:
    """`apply_brightness_shift` by a factor between the two given ones."""
    return apply_brightness_shift(x, np.random.uniform(*pair("brightness_range", brightness_range)), scale)


def pair(name: str, value: Any) -> tuple[float, float]:
    """Two numbers; ValueError, naming the argument, for anything else."""
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2:
        raise ValueError(explain(f"Argument `{name}` is wrong.", expected="two numbers, (low, high)", got=brief(value)))
    return value[0], value[1]
