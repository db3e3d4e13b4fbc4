"""Images by coordinates: every pixel of the result is taken, interpolated, from a place of the input."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.ndimage as ndimage

from cornu import random
from cornu.errors import brief, explain
from cornu.ops.base import operation, tensor
from cornu.ops.blur import images_of, smooth

_ORDERS = {"nearest": 0, "bilinear": 1}
_FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _check(name: str, interpolation: str, fill_mode: str) -> int:
    if interpolation not in _ORDERS:
        raise ValueError(
            explain(f"{name}: unknown `interpolation`.", expected=f"one of {[*_ORDERS]}", got=interpolation)
        )
    if fill_mode not in _FILL_MODES:
        raise ValueError(explain(f"{name}: unknown `fill_mode`.", expected=f"one of {_FILL_MODES}", got=fill_mode))
    return _ORDERS[interpolation]


@operation()
def map_coordinates(
    inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: float = 0
) -> jax.Array:
    """y[i] = inputs[coordinates[:, i]], interpolated between whole coordinates

    Args:
        coordinates: (axes of the inputs, ...), real numbers.
        order: 0 takes the nearest element, 1 interpolates linearly.
        fill_mode: what is outside: "constant" (`fill_value`), "nearest", "wrap", "mirror" or "reflect".

    Raises:
        ValueError: for arguments out of range.

    >>> map_coordinates([0.0, 2.0], [[0.5]], order=1).tolist()
    [1.0]
    """
    inputs, coordinates = tensor(inputs), tensor(coordinates)
    if coordinates.shape[0] != inputs.ndim or coordinates.ndim < 2:
        raise ValueError(
            explain(
                "map_coordinates: `coordinates` don't fit.",
                expected=f"shape ({inputs.ndim}, ...)",
                got=brief(coordinates),
            )
        )
    if order not in (0, 1):
        raise ValueError(explain("map_coordinates: unknown `order`.", expected="0 or 1", got=order))
    _check("map_coordinates", "nearest", fill_mode)
    return ndimage.map_coordinates(inputs, coordinates, order, fill_mode, fill_value)


def _sample(
    images: jax.Array, rows: jax.Array, columns: jax.Array, data_format: str, order: int, mode: str, fill: float
) -> jax.Array:
    """A batch of images at places (batch, height, width), the same for all channels."""

    def plane(values: jax.Array, rows: jax.Array, columns: jax.Array) -> jax.Array:
        return ndimage.map_coordinates(values, [rows, columns], order, mode, fill)

    channel = 2 if data_format == "channels_last" else 0
    return jax.vmap(jax.vmap(plane, (channel, None, None), channel))(images, rows, columns)


def _grid(images: jax.Array, data_format: str) -> tuple[jax.Array, jax.Array]:
    """The columns x and rows y of the pixels."""
    height, width = images.shape[1:3] if data_format == "channels_last" else images.shape[2:4]
    x, y = jnp.meshgrid(jnp.arange(width), jnp.arange(height))
    return x.astype("float32"), y.astype("float32")


def _project(images: jax.Array, coefficients: jax.Array, data_format: str, order: int, mode: str, fill: float) -> Any:
    """The pixel (x, y) is taken from ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1."""
    x, y = _grid(images, data_format)
    a0, a1, a2, b0, b1, b2, c0, c1 = (c[:, None, None] for c in coefficients.astype("float32").T)
    k = c0 * x + c1 * y + 1
    rows, columns = (b0 * x + b1 * y + b2) / k, (a0 * x + a1 * y + a2) / k
    shape = (images.shape[0], *x.shape)
    rows, columns = jnp.broadcast_to(rows, shape), jnp.broadcast_to(columns, shape)
    return _sample(images, rows, columns, data_format, order, mode, fill)


@operation()
def affine_transform(
    images: Any,
    transform: Any,
    interpolation: str = "bilinear",
    fill_mode: str = "constant",
    fill_value: float = 0,
    data_format: str | None = None,
) -> jax.Array:
    """The pixel (x, y) is taken from ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1

    Args:
        transform: a0, a1, a2, b0, b1, b2, c0, c1, one for all images or one each: (batch, 8).
        interpolation: "bilinear" or "nearest".
        fill_mode, fill_value: as in `map_coordinates`.

    Difference from Keras on JAX: c0 and c1 count here. Raises ValueError for arguments out of range.

    >>> affine_transform([[[1.0], [2.0]]], [1, 0, 1, 0, 1, 0, 0, 0]).tolist()
    [[[2.0], [0.0]]]
    """
    order = _check("affine_transform", interpolation, fill_mode)
    (images, data_format), transform = images_of(images, data_format), tensor(transform)
    if transform.ndim not in (1, 2) or transform.shape[-1] != 8:
        raise ValueError(
            explain("affine_transform: wrong `transform`.", expected="(8,) or (batch, 8)", got=brief(transform))
        )
    batched = images.ndim == 4
    transform = jnp.atleast_2d(transform)
    result = _project(images if batched else images[None], transform, data_format, order, fill_mode, fill_value)
    return result if batched else result[0]


def _homography(start: jax.Array, end: jax.Array) -> jax.Array:
    """The eight coefficients, (batch, 8), of the projection that takes the end points to the start points."""
    (to_x, to_y), (x, y) = jnp.moveaxis(start, -1, 0), jnp.moveaxis(end, -1, 0)
    zero, one = jnp.zeros_like(x), jnp.ones_like(x)
    for_x = jnp.stack([x, y, one, zero, zero, zero, -to_x * x, -to_x * y], axis=-1)
    for_y = jnp.stack([zero, zero, zero, x, y, one, -to_y * x, -to_y * y], axis=-1)
    system, wanted = jnp.concatenate([for_x, for_y], axis=1), jnp.concatenate([to_x, to_y], axis=1)
    return jnp.linalg.solve(system, wanted[..., None])[..., 0]


@operation()
def perspective_transform(
    images: Any,
    start_points: Any,
    end_points: Any,
    interpolation: str = "bilinear",
    fill_value: float = 0,
    data_format: str | None = None,
) -> jax.Array:
    """The images seen so that four points (x, y) come from the start points to the end points.

    Args:
        start_points, end_points: (4, 2), or (batch, 4, 2) for one view per image.
        interpolation: "bilinear" or "nearest".
        fill_value: what is outside the images.

    >>> corners = [[0, 0], [1, 0], [0, 1], [1, 1]]
    >>> perspective_transform(jnp.ones((2, 2, 1)), corners, corners).shape
    (2, 2, 1)
    """
    order = _check("perspective_transform", interpolation, "constant")
    images, data_format = images_of(images, data_format)
    start, end = tensor(start_points, "float32"), tensor(end_points, "float32")
    if start.shape != end.shape or start.ndim not in (2, 3) or start.shape[-2:] != (4, 2):
        got = f"{start.shape} and {end.shape}"
        raise ValueError(explain("perspective_transform: wrong points.", expected="(4, 2) or (batch, 4, 2)", got=got))
    batched = images.ndim == 4
    start, end = (p if p.ndim == 3 else p[None] for p in (start, end))
    x = images if batched else images[None]
    result = _project(x, _homography(start, end), data_format, order, "constant", fill_value)
    return result if batched else result[0]


@operation()
def elastic_transform(
    images: Any,
    alpha: float = 20.0,
    sigma: float = 5.0,
    interpolation: str = "bilinear",
    fill_mode: str = "reflect",
    fill_value: float = 0.0,
    seed: Any = None,
    data_format: str | None = None,
) -> jax.Array:
    """Every pixel is taken from a place nearby, smooth random displacements away (Simard et al., 2003).

    Args:
        alpha: how far, in pixels.
        sigma: how smooth: the standard deviation of the Gaussian window over the draws.
        interpolation, fill_mode, fill_value: as in `affine_transform`.
        seed: an integer or a `SeedGenerator`.

    Difference from Keras: the displacements across and down are drawn separately; there they are the same numbers.

    >>> elastic_transform(jnp.ones((4, 4, 1)), seed=1).shape
    (4, 4, 1)
    """
    order = _check("elastic_transform", interpolation, fill_mode)
    images, data_format = images_of(images, data_format)
    batched = images.ndim == 4
    x = images if batched else images[None]
    columns, rows = _grid(x, data_format)
    draws = random.normal((x.shape[0], *rows.shape, 2), dtype="float32", seed=seed) * sigma
    size = int(6 * sigma) | 1
    moved = alpha * smooth(draws, (size, size), (sigma, sigma), "same", "channels_last")
    result = _sample(x, rows + moved[..., 1], columns + moved[..., 0], data_format, order, fill_mode, fill_value)
    return (result if batched else result[0]).astype(images.dtype)
