"""Operations on images: color, size, borders, patches, filters. Geometry by coordinates is in `cornu.ops.warp`.

Images are (height, width, channels) or (batch, height, width, channels); for "channels_first" the channels come before
height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import brief, explain
from cornu.kernels import conv
from cornu.ops.base import floating, operation, tensor
from cornu.ops.blur import gaussian_blur as gaussian_blur
from cornu.ops.blur import images_of, smooth
from cornu.ops.core import saturate_cast
from cornu.ops.warp import affine_transform as affine_transform
from cornu.ops.warp import elastic_transform as elastic_transform
from cornu.ops.warp import map_coordinates as map_coordinates
from cornu.ops.warp import perspective_transform as perspective_transform
from cornu.signature import normalize_tuple

Sizes = int | Sequence[int]


def _space(images: jax.Array, data_format: str) -> tuple[int, int]:
    """The axes of height and width."""
    return (images.ndim - 3, images.ndim - 2) if data_format == "channels_last" else (images.ndim - 2, images.ndim - 1)


# Color ---------------------------------------------------------------------------------------------------------------


@operation()
def rgb_to_grayscale(images: Any, data_format: str | None = None) -> jax.Array:
    """0.2989 red + 0.587 green + 0.114 blue, with one channel; images of one channel stay

    >>> rgb_to_grayscale(jnp.ones((1, 1, 3))).round(2).tolist()
    [[[1.0]]]
    """
    images, data_format = images_of(images, data_format)
    channels = -1 if data_format == "channels_last" else -3
    if images.shape[channels] not in (1, 3):
        raise ValueError(explain("rgb_to_grayscale: wrong channels.", expected="1 or 3", got=brief(images)))
    if images.shape[channels] == 1:
        return images
    real = floating(images)
    gray = jnp.tensordot(real, jnp.asarray([0.2989, 0.587, 0.114], real.dtype), axes=(channels, 0))
    return jnp.expand_dims(gray, channels).astype(images.dtype)


def _planes(images: Any, data_format: str | None, convert: Callable) -> jax.Array:
    images, data_format = images_of(images, data_format)
    if not jnp.issubdtype(images.dtype, jnp.floating):
        raise ValueError(explain("Colors must be real numbers in [0, 1].", got=brief(images)))
    channels = -1 if data_format == "channels_last" else -3
    return jnp.stack(convert(*jnp.moveaxis(images, channels, 0)), axis=channels)


@operation()
def rgb_to_hsv(images: Any, data_format: str | None = None) -> jax.Array:
    """Red, green and blue in [0, 1] as hue, saturation and value in [0, 1] (Smith, 1978).

    >>> rgb_to_hsv([[[0.0, 0.5, 0.0]]])[0, 0, 1:].tolist()
    [1.0, 0.5]
    """

    def convert(red: jax.Array, green: jax.Array, blue: jax.Array) -> tuple:
        value = jnp.maximum(jnp.maximum(red, green), blue)
        spread = value - jnp.minimum(jnp.minimum(red, green), blue)
        unit = 1 / jnp.where(spread > 0, spread, 1)
        sextant = jnp.where(
            value == red,
            (green - blue) * unit,
            jnp.where(value == green, (blue - red) * unit + 2, (red - green) * unit + 4),
        )
        hue = jnp.where(spread > 0, sextant / 6 % 1, 0)
        return hue, jnp.where(value > 0, spread / jnp.where(value > 0, value, 1), 0), value

    return _planes(images, data_format, convert)


@operation()
def hsv_to_rgb(images: Any, data_format: str | None = None) -> jax.Array:
    """Hue, saturation and value in [0, 1] as red, green and blue in [0, 1]: the inverse of `rgb_to_hsv`.

    >>> hsv_to_rgb([[[0.0, 1.0, 1.0]]]).tolist()
    [[[1.0, 0.0, 0.0]]]
    """

    def convert(hue: jax.Array, saturation: jax.Array, value: jax.Array) -> tuple:
        sextant = hue % 1 * 6
        shares = jnp.abs(sextant - 3) - 1, 2 - jnp.abs(sextant - 2), 2 - jnp.abs(sextant - 4)
        return tuple(value * (1 - saturation + saturation * jnp.clip(share, 0, 1)) for share in shares)

    return _planes(images, data_format, convert)


# Size ----------------------------------------------------------------------------------------------------------------

_METHODS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")


@operation()
def resize(
    images: Any,
    size: Sequence[int],
    interpolation: str = "bilinear",
    antialias: bool = False,
    crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False,
    fill_mode: str = "constant",
    fill_value: float = 0.0,
    data_format: str | None = None,
) -> jax.Array:
    """The images in another size.

    Args:
        size: (height, width).
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        antialias: whether shrinking averages over all that it covers.
        crop_to_aspect_ratio, pad_to_aspect_ratio: keep the proportions, by cutting from, or filling up, the middle.
        fill_mode: "constant"; the only one.
        fill_value: with what is filled up.

    Integers are rounded and stay within their dtype. Raises ValueError for arguments out of range.

    >>> resize([[[0.0], [1.0]]], (1, 4)).tolist()
    [[[0.0], [0.25], [0.75], [1.0]]]
    """
    images, data_format = images_of(images, data_format)
    _check_resize(size, interpolation, fill_mode, crop_to_aspect_ratio and pad_to_aspect_ratio)
    space = _space(images, data_format)
    original = images.dtype
    if crop_to_aspect_ratio or pad_to_aspect_ratio:
        images = _reshape_to_aspect(images, space, size, crop_to_aspect_ratio, fill_value)
    shape = list(images.shape)
    shape[space[0]], shape[space[1]] = size
    result = jax.image.resize(images, shape, interpolation, antialias)
    if result.dtype == original:
        return result
    return saturate_cast(jnp.round(result) if jnp.issubdtype(original, jnp.integer) else result, original)


def _check_resize(size: Sequence[int], interpolation: str, fill_mode: str, both: bool) -> None:
    if len(size) != 2 or min(size) <= 0:
        raise ValueError(
            explain("resize: `size` is wrong.", expected="(height, width), both positive", got=brief(size))
        )
    if interpolation not in _METHODS:
        raise ValueError(explain("resize: unknown `interpolation`.", expected=f"one of {_METHODS}", got=interpolation))
    if fill_mode != "constant":
        raise ValueError(explain("resize: unknown `fill_mode`.", expected='"constant"', got=fill_mode))
    if both:
        raise ValueError(explain("resize either crops or pads.", fix="Leave out one of the two."))


def _reshape_to_aspect(
    images: jax.Array, space: tuple[int, int], size: Sequence[int], crop: bool, fill_value: float
) -> jax.Array:
    """The middle of the images, or the images in the middle, in the proportions of `size`."""
    height, width = (images.shape[a] for a in space)
    sizes = int(width * size[0] / size[1]), int(height * size[1] / size[0])
    pads = [(0, 0)] * images.ndim
    for axis, now, wanted in zip(space, (height, width), sizes, strict=True):
        if crop:
            wanted = max(min(now, wanted), 1)
            images = jax.lax.slice_in_dim(images, (now - wanted) // 2, (now - wanted) // 2 + wanted, axis=axis)
        else:
            edge = (max(now, wanted) - now) // 2
            pads[axis] = (edge, edge)
    return images if crop else jnp.pad(images, pads, constant_values=fill_value)


@operation()
def scale_and_translate(
    images: Any,
    output_shape: Sequence[int],
    scale: Any,
    translation: Any,
    spatial_dims: Sequence[int],
    method: str,
    antialias: bool = True,
) -> jax.Array:
    """y[i] = x[(i - translation) / scale] along the spatial axes, interpolated

    `method`: "linear", "cubic" (their two- and three-dimensional names, too), "lanczos3" or "lanczos5".

    >>> scale_and_translate([0.0, 2.0], (2,), [1.0], [0.0], (0,), "linear").tolist()
    [0.0, 2.0]
    """
    methods = ("linear", "bilinear", "trilinear", "cubic", "bicubic", "tricubic", "lanczos3", "lanczos5")
    if method not in methods:
        raise ValueError(explain("scale_and_translate: unknown `method`.", expected=f"one of {methods}", got=method))
    scale, translation = tensor(scale), tensor(translation)
    return jax.image.scale_and_translate(
        tensor(images), tuple(output_shape), tuple(spatial_dims), scale, translation, method, antialias
    )


# Borders -------------------------------------------------------------------------------------------------------------


def _borders(name: str, now: int, before: Any, after: Any, target: Any, sign: int) -> tuple[int, int]:
    """The border before and after an axis of which two of (before, after, size that is wanted) are given."""
    if (before, after, target).count(None) != 1:
        raise ValueError(
            explain(
                f"{name}: too few or too many sizes.",
                expected="two of before, after, target",
                got=(before, after, target),
            )
        )
    before = sign * (target - now) - after if before is None else before
    after = sign * (target - now) - before if after is None else after
    if min(before, after, now + sign * (before + after)) < 0:
        got = f"{before} before and {after} after {now}"
        raise ValueError(explain(f"{name}: the borders don't fit.", expected="0 or more, and something left", got=got))
    return before, after


@operation()
def pad_images(
    images: Any,
    top_padding: int | None = None,
    left_padding: int | None = None,
    bottom_padding: int | None = None,
    right_padding: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> jax.Array:
    """The images with zeros around them; of (top, bottom, target height) and of (left, right, target width) two each.

    >>> pad_images(jnp.ones((1, 1, 1)), 1, 0, 0, target_width=2).tolist()
    [[[0.0], [0.0]], [[1.0], [0.0]]]
    """
    images, data_format = images_of(images, data_format)
    down, right = _space(images, data_format)
    pads = [(0, 0)] * images.ndim
    pads[down] = _borders("pad_images", images.shape[down], top_padding, bottom_padding, target_height, 1)
    pads[right] = _borders("pad_images", images.shape[right], left_padding, right_padding, target_width, 1)
    return jnp.pad(images, pads)


@operation()
def crop_images(
    images: Any,
    top_cropping: int | None = None,
    left_cropping: int | None = None,
    bottom_cropping: int | None = None,
    right_cropping: int | None = None,
    target_height: int | None = None,
    target_width: int | None = None,
    data_format: str | None = None,
) -> jax.Array:
    """The images without a border; of (top, bottom, target height) and of (left, right, target width) two each.

    >>> crop_images([[[1.0], [2.0], [3.0]]], 0, 1, 0, target_width=1).tolist()
    [[[2.0]]]
    """
    images, data_format = images_of(images, data_format)
    down, right = _space(images, data_format)
    cuts = {
        down: _borders("crop_images", images.shape[down], top_cropping, bottom_cropping, target_height, -1),
        right: _borders("crop_images", images.shape[right], left_cropping, right_cropping, target_width, -1),
    }
    for axis, (before, after) in cuts.items():
        images = jax.lax.slice_in_dim(images, before, images.shape[axis] - after, axis=axis)
    return images


# Patches and filters -------------------------------------------------------------------------------------------------


def _patches(
    name: str, x: jax.Array, size: tuple, strides: Any, dilation: Sizes, padding: str, data_format: str | None
) -> jax.Array:
    data_format = config.standardize_data_format(data_format)
    rank, batched = len(size), x.ndim == len(size) + 2
    if rank not in (2, 3) or x.ndim not in (rank + 1, rank + 2):
        raise ValueError(explain(f"{name}: `size` doesn't fit the images.", got=f"{size}, {brief(x)}"))
    x = x if batched else x[None]
    numbers = conv.dimension_numbers(rank, data_format)
    patches = jax.lax.conv_general_dilated_patches(
        x,
        size,
        size if strides is None else normalize_tuple(strides, rank),
        padding.upper(),
        rhs_dilation=normalize_tuple(dilation, rank),
        dimension_numbers=numbers,
    )
    # JAX orders the entries of a patch by channel first; here the channel comes last.
    channel = rank + 1 if data_format == "channels_last" else 1
    patches = jnp.moveaxis(patches, channel, -1)
    shape = patches.shape
    patches = jnp.reshape(patches, (*shape[:-1], conv.channels_of(x, data_format), -1))
    patches = jnp.moveaxis(jnp.reshape(jnp.swapaxes(patches, -1, -2), shape), -1, channel)
    return patches if batched else patches[0]


@operation()
def extract_patches(
    images: Any,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> jax.Array:
    """Windows of the images, as channels: (batch, rows, columns, height * width * channels).

    `size`: (height, width), or three sizes for volumes. The strides default to the size: windows that don't overlap.

    >>> extract_patches([[[1.0], [2.0]], [[3.0], [4.0]]], 2).tolist()
    [[[1.0, 2.0, 3.0, 4.0]]]
    """
    if not isinstance(size, (int, tuple, list)):
        raise TypeError(explain("extract_patches: `size` is wrong.", expected="an integer or a tuple", got=brief(size)))
    size = normalize_tuple(size, 2)
    return _patches("extract_patches", tensor(images), size, strides, dilation_rate, padding, data_format)


@operation()
def extract_patches_3d(
    volumes: Any,
    size: Sizes,
    strides: Sizes | None = None,
    dilation_rate: Sizes = 1,
    padding: str = "valid",
    data_format: str | None = None,
) -> jax.Array:
    """Windows of volumes (batch, depth, height, width, channels), as channels.

    >>> extract_patches_3d(jnp.ones((2, 2, 2, 1)), 2).shape
    (1, 1, 1, 8)
    """
    size = normalize_tuple(size, 3)
    return _patches("extract_patches_3d", tensor(volumes), size, strides, dilation_rate, padding, data_format)


@operation()
def sobel_edges(images: Any, data_format: str | None = None) -> jax.Array:
    """The gradients of images (batch, height, width, channels), downwards and to the right, along a new last axis.

    They are the filters of Sobel, [1, 2, 1] across and [-1, 0, 1] along, with zeros around the images.

    >>> sobel_edges(jnp.ones((1, 3, 3, 1)))[0, 1, 1, 0].tolist()
    [0.0, 0.0]
    """
    images, data_format = images_of(images, data_format)
    along, across = jnp.asarray([-1, 0, 1], images.dtype), jnp.asarray([1, 2, 1], images.dtype)
    filters = jnp.stack([jnp.outer(along, across), jnp.outer(across, along)], axis=-1)
    channels = conv.channels_of(images, data_format)
    kernel = jnp.tile(filters[:, :, None, :], (1, 1, channels, 1))
    edges = conv.depthwise(images, kernel, 1, "same", 1, data_format)
    axis = 3 if data_format == "channels_last" else 1
    edges = jnp.reshape(edges, (*edges.shape[:axis], channels, 2, *edges.shape[axis + 1 :]))
    return jnp.moveaxis(edges, axis + 1, -1)


@operation()
def ssim(
    image1: Any,
    image2: Any,
    max_val: float = 1.0,
    filter_size: int = 11,
    filter_sigma: float = 1.5,
    k1: float = 0.01,
    k2: float = 0.03,
    data_format: str | None = None,
) -> jax.Array:
    """The structural similarity of images, 1 for equal ones (Wang et al., 2004).

    mean of (2 m1 m2 + c1) (2 s12 + c2) / ((m1² + m2² + c1) (s1 + s2 + c2)), c1 = (k1 max_val)², c2 = (k2 max_val)²;
    m and s are means and covariances under a Gaussian window.

    >>> float(ssim(jnp.ones((11, 11, 1)), jnp.ones((11, 11, 1))).round(3))
    1.0
    """
    (first, data_format), (second, _) = images_of(image1, data_format), images_of(image2, data_format)
    x, y = floating(first), floating(second)

    def local(values: jax.Array) -> jax.Array:
        return smooth(values, (filter_size,) * 2, (filter_sigma,) * 2, "valid", data_format)

    m1, m2 = local(x), local(y)
    s1, s2, s12 = local(x * x) - m1 * m1, local(y * y) - m2 * m2, local(x * y) - m1 * m2
    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    similarity = (2 * m1 * m2 + c1) * (2 * s12 + c2) / ((m1 * m1 + m2 * m2 + c1) * (s1 + s2 + c2))
    return jnp.mean(similarity, axis=(-3, -2, -1)).astype(first.dtype)
