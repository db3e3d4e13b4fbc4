"""`tf.image`: sizes, flips, crops, colors; on one image or a batch, channels last."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import dtypes, ops
from cornu import random as draws
from cornu.compat.tensorflow.calls import kind, missing, served, sizes
from cornu.compat.tensorflow.random import _source
from cornu.errors import explain
from cornu.symbolic import op


class ResizeMethod:
    """The names of the ways to interpolate."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, LANCZOS3, LANCZOS5 = "bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"


def resize(
    images: Any,
    size: Any,
    method: str = "bilinear",
    preserve_aspect_ratio: bool = False,
    antialias: bool = False,
) -> Any:
    """Images in another size; float32, but for "nearest"."""
    height, width = sizes(size)
    if preserve_aspect_ratio:
        scale = min(height / images.shape[-3], width / images.shape[-2])
        height, width = round(images.shape[-3] * scale), round(images.shape[-2] * scale)
    if method != "nearest":
        images = ops.cast(images, "float32")
    return ops.image.resize(images, (height, width), method, antialias, data_format="channels_last")


def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False) -> Any:
    """Values in [0, 1] for floats, in the whole range for integers."""
    image = ops.convert_to_tensor(image)
    wanted = dtypes.standardize(dtype)
    if image.dtype == wanted:
        return image
    whole = [1 if dtypes.is_float(d) else jnp.iinfo(d).max for d in (image.dtype, wanted)]
    scaled = ops.cast(image, "float32") * (whole[1] / whole[0])
    return ops.saturate_cast(scaled if dtypes.is_float(wanted) else jnp.floor(scaled + 0.5), wanted)


def central_crop(image: Any, central_fraction: float) -> Any:
    """The middle of an image."""
    height, width = image.shape[-3:-1]
    top, left = (int((size - size * central_fraction) / 2) for size in (height, width))
    return image[..., top : height - top, left : width - left, :]


def per_image_standardization(image: Any) -> Any:
    """(x - mean) / max(std, 1 / sqrt(number of elements)), for each image"""
    image, axes = ops.cast(image, "float32"), (-3, -2, -1)
    least = 1.0 / np.sqrt(np.prod(image.shape[-3:]))
    mean, deviation = ops.mean(image, axes, keepdims=True), ops.std(image, axes, keepdims=True)
    return (image - mean) / ops.maximum(deviation, least)


def crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """The middle of an image, or the image with zeros around it, in a size."""
    for axis, wanted in ((-3, target_height), (-2, target_width)):
        have = image.shape[axis]
        if have > wanted:
            start = (have - wanted) // 2
            index = [slice(None)] * len(image.shape)
            index[axis] = slice(start, start + wanted)
            image = image[tuple(index)]
        elif have < wanted:
            before, pads = (wanted - have) // 2, [(0, 0)] * len(image.shape)
            pads[axis] = (before, wanted - have - before)
            image = ops.pad(image, pads)
    return image


def random_crop(value: Any, size: Any, seed: Any = None) -> Any:
    """A part of a tensor, from a random place."""
    size = sizes(size)
    size = tuple(have if s == -1 else s for s, have in zip(size, value.shape, strict=True))
    source = _source(seed)
    starts = [draws.randint((), 0, have - s + 1, "int32", source) for s, have in zip(size, value.shape, strict=True)]
    return ops.slice(value, starts, size)


def _chance(seed: Any) -> Any:
    return draws.uniform((), seed=_source(seed)) < 0.5


def _between(low: Any, high: Any, seed: Any) -> Any:
    return draws.uniform((), low, high, seed=_source(seed))


def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """(x - mean of the channel) * factor + mean"""
    original, images = images.dtype, ops.cast(images, "float32")
    mean = ops.mean(images, (-3, -2), keepdims=True)
    return _as(original, (images - mean) * contrast_factor + mean)


def adjust_brightness(image: Any, delta: Any) -> Any:
    """x + delta"""
    if not dtypes.is_float(image.dtype):
        return convert_image_dtype(convert_image_dtype(image, "float32") + delta, image.dtype)
    return image + delta


def adjust_saturation(image: Any, saturation_factor: Any) -> Any:
    """The saturation times a factor, at most 1."""
    hsv = ops.image.rgb_to_hsv(convert_image_dtype(image, "float32"), "channels_last")
    hsv = jnp.concatenate([hsv[..., :1], jnp.clip(hsv[..., 1:2] * saturation_factor, 0, 1), hsv[..., 2:]], -1)
    return convert_image_dtype(ops.image.hsv_to_rgb(hsv, "channels_last"), image.dtype)


def adjust_hue(image: Any, delta: Any) -> Any:
    """The hue turned by `delta` of the circle."""
    hsv = ops.image.rgb_to_hsv(convert_image_dtype(image, "float32"), "channels_last")
    hsv = jnp.concatenate([jnp.mod(hsv[..., :1] + delta, 1.0), hsv[..., 1:]], -1)
    return convert_image_dtype(ops.image.hsv_to_rgb(hsv, "channels_last"), image.dtype)


def _as(dtype: Any, images: Any) -> Any:
    return images if dtypes.is_float(dtype) else ops.saturate_cast(jnp.round(images), dtype)


def decode(contents: Any, channels: int = 0, dtype: Any = "uint8", expand_animations: bool = True) -> Any:
    """An image file's bytes as an array, by Pillow."""
    import io

    try:
        from PIL import Image
    except ImportError:
        raise ImportError(explain("tf.image: decoding images needs Pillow.", fix="Run: pip install pillow")) from None
    contents = contents.item() if hasattr(contents, "item") else contents
    image = Image.open(io.BytesIO(contents))
    mode = {1: "L", 3: "RGB", 4: "RGBA"}.get(channels) or (image.mode if image.mode in ("L", "RGB", "RGBA") else "RGB")
    pixels = np.asarray(image.convert(mode))
    made = jnp.asarray(pixels[..., None] if pixels.ndim == 2 else pixels)
    return made if kind(dtype) == "uint8" else convert_image_dtype(made, dtype)


def _turn(image: Any, k: int) -> Any:
    return jnp.rot90(image, k, axes=(-3, -2))


def _place(image: Any, top: int, left: int, height: int, width: int) -> Any:
    pads = [(0, 0)] * (len(image.shape) - 3)
    below, right = height - top - image.shape[-3], width - left - image.shape[-2]
    return ops.pad(image, [*pads, (top, below), (left, right), (0, 0)])


IMAGE = served(
    {
        "resize": resize,
        "resize_with_crop_or_pad": crop_or_pad,
        "resize_image_with_crop_or_pad": crop_or_pad,
        "central_crop": central_crop,
        "random_crop": random_crop,
        "crop_to_bounding_box": lambda image, offset_height, offset_width, target_height, target_width: image[
            ..., offset_height : offset_height + target_height, offset_width : offset_width + target_width, :
        ],
        "pad_to_bounding_box": lambda image, offset_height, offset_width, target_height, target_width: _place(
            image, offset_height, offset_width, target_height, target_width
        ),
        "convert_image_dtype": convert_image_dtype,
        "per_image_standardization": per_image_standardization,
        "flip_left_right": lambda image: ops.flip(image, -2),
        "flip_up_down": lambda image: ops.flip(image, -3),
        "random_flip_left_right": lambda image, seed=None: ops.where(_chance(seed), ops.flip(image, -2), image),
        "random_flip_up_down": lambda image, seed=None: ops.where(_chance(seed), ops.flip(image, -3), image),
        "rot90": lambda image, k=1: op(_turn)(image, k),
        "transpose": lambda image: ops.swapaxes(image, -3, -2),
        "adjust_brightness": adjust_brightness,
        "adjust_contrast": adjust_contrast,
        "adjust_saturation": adjust_saturation,
        "adjust_hue": adjust_hue,
        "random_brightness": lambda image, max_delta, seed=None: adjust_brightness(
            image, _between(-max_delta, max_delta, seed)
        ),
        "random_contrast": lambda image, lower, upper, seed=None: adjust_contrast(image, _between(lower, upper, seed)),
        "random_saturation": lambda image, lower, upper, seed=None: adjust_saturation(
            image, _between(lower, upper, seed)
        ),
        "random_hue": lambda image, max_delta, seed=None: adjust_hue(image, _between(-max_delta, max_delta, seed)),
        "grayscale_to_rgb": lambda images: ops.repeat(images, 3, -1),
        "rgb_to_grayscale": lambda images: ops.image.rgb_to_grayscale(images, "channels_last"),
        "rgb_to_hsv": lambda images: ops.image.rgb_to_hsv(images, "channels_last"),
        "hsv_to_rgb": lambda images: ops.image.hsv_to_rgb(images, "channels_last"),
        "sobel_edges": lambda image: ops.image.sobel_edges(image, "channels_last"),
        "psnr": lambda a, b, max_val: _psnr(a, b, max_val),
        "ssim": lambda img1, img2, max_val=1.0: ops.image.ssim(img1, img2, max_val),
        **{f"decode_{name}": decode for name in ("image", "jpeg", "png", "bmp", "gif")},
    }
)


def _psnr(a: Any, b: Any, max_val: Any) -> Any:
    """10 log10(max^2 / mean squared error), for each image"""
    error = ops.mean(ops.square(ops.cast(a, "float32") - ops.cast(b, "float32")), (-3, -2, -1))
    return 10.0 * ops.log10(max_val**2 / error)


globals().update(IMAGE)


def __getattr__(name: str) -> Any:
    raise missing("image", name, IMAGE)
