"""Gaussian filters of images, and the check that all operations on images share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import brief, explain
from cornu.kernels import conv
from cornu.ops.base import operation, tensor


def images_of(images: Any, data_format: str | None) -> tuple[jax.Array, str]:
    """The tensor of one image or a batch of them, and the axis order; ValueError for another number of axes."""
    images = tensor(images)
    if images.ndim not in (3, 4):
        raise ValueError(explain("These are no images.", expected="3 axes, or 4 for a batch", got=brief(images)))
    return images, config.standardize_data_format(data_format)


def gaussian(size: int, sigma: Any, dtype: Any) -> jax.Array:
    """exp(-n² / (2 sigma²)) for n = -(size - 1) / 2 ... (size - 1) / 2, divided by the sum"""
    values = jnp.exp(-0.5 * jnp.square((jnp.arange(size, dtype=dtype) - (size - 1) / 2) / sigma))
    return values / jnp.sum(values)


def smooth(images: jax.Array, size: Sequence[int], sigma: Sequence[Any], padding: str, data_format: str) -> jax.Array:
    """The images under Gaussian windows of (height, width): first down the columns, then along the rows."""
    batched = images.ndim == 4
    x = images if batched else images[None]
    for axis in (0, 1):
        window = gaussian(size[axis], sigma[axis], x.dtype)
        shape = (-1, 1, 1, 1) if axis == 0 else (1, -1, 1, 1)
        kernel = jnp.tile(jnp.reshape(window, shape), (1, 1, conv.channels_of(x, data_format), 1))
        x = conv.depthwise(x, kernel, 1, padding, 1, data_format)
    return x if batched else x[0]


@operation()
def gaussian_blur(
    images: Any,
    kernel_size: Sequence[int] = (3, 3),
    sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> jax.Array:
    """The images under a Gaussian window, with zeros around them.

    Args:
        kernel_size: the window's sizes, (width, height): so Keras computes, although it documents the reverse.
        sigma: its standard deviations, in pixels, likewise.

    >>> gaussian_blur(jnp.ones((3, 3, 1)))[1, 1].round(3).tolist()
    [1.0]
    """
    images, data_format = images_of(images, data_format)
    return smooth(images, kernel_size[::-1], sigma[::-1], "same", data_format)
