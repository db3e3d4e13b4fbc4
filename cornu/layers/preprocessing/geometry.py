"""Random changes of where things are in images: mirrored, turned, moved, scaled, cut."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp

from cornu import random
from cornu.layers.preprocessing.images import RandomImageLayer, bounds_of, smart_resize
from cornu.ops import image
from cornu.registry import register
from cornu.signature import interval, one_of, positive_int


@register("layer")
class RandomFlip(RandomImageLayer):
    """In training: each image mirrored with probability 1/2.

    Args:
        mode: "horizontal", left to right; "vertical", top to bottom; "horizontal_and_vertical", both at once, as in
            Keras 3.15.
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> RandomFlip("horizontal")(np.ones((2, 3, 3, 1))).shape
    (2, 3, 3, 1)
    """

    domains = {"mode": one_of("horizontal", "vertical", "horizontal_and_vertical")}

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.mode = mode

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is mirrored."""
        return self._uniform(images, (0.0, 1.0), seed) <= 0.5

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them mirrored."""
        down, right = self._space()
        axes = [axis for axis, name in ((down, "vertical"), (right, "horizontal")) if name in self.mode]
        return jnp.where(drawn, jnp.flip(images, axes), images)


class _Affine(RandomImageLayer):
    """Base of the layers that take each pixel from an affine image of its place."""

    domains = {
        "fill_mode": one_of("reflect", "wrap", "constant", "nearest"),
        "interpolation": one_of("nearest", "bilinear"),
    }

    def __init__(self, fill_mode: str, interpolation: str, fill_value: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.fill_mode, self.interpolation, self.fill_value = fill_mode, interpolation, fill_value

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, each under its own map."""
        return image.affine_transform(
            images, drawn, self.interpolation, self.fill_mode, self.fill_value, self.data_format
        )


def _rows(a0: Any, a1: Any, a2: Any, b0: Any, b1: Any, b2: Any) -> Any:
    """The coefficients of maps (x, y) -> (a0 x + a1 y + a2, b0 x + b1 y + b2), as `affine_transform` takes them."""
    zero = jnp.zeros_like(a2)
    return jnp.stack([jnp.broadcast_to(c, zero.shape) for c in (a0, a1, a2, b0, b1, b2, zero, zero)], axis=1)


@register("layer")
class RandomRotation(_Affine):
    """In training: each image turned about its middle, by an angle drawn for it.

    Args:
        factor: the bounds of the angle in whole turns, counterclockwise; a number f stands for (-f, f).
        fill_mode: what is outside: "reflect", "wrap", "nearest" or "constant" (`fill_value`).
        interpolation: "bilinear" or "nearest".
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> RandomRotation((0.25, 0.25))(np.array([[[[1.0], [2.0]], [[3.0], [4.0]]]]))[0, :, :, 0].round().tolist()
    [[2.0, 4.0], [1.0, 3.0]]
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.factor = bounds_of(self, "factor", factor, -1, 1)

    def draw(self, images: Any, seed: Any) -> Any:
        """The map of each image."""
        height, width = self._size(images)
        angle = 2 * math.pi * self._uniform(images, self.factor, seed, 1)[:, 0]
        x, y, cos, sin = (width - 1) / 2, (height - 1) / 2, jnp.cos(angle), jnp.sin(angle)
        return _rows(cos, -sin, x - x * cos + y * sin, sin, cos, y - x * sin - y * cos)


@register("layer")
class RandomTranslation(_Affine):
    """In training: each image moved, by a way drawn for it.

    Args:
        height_factor, width_factor: the bounds of the way down and to the right, as shares of height and width; a
            number f stands for (-f, f).
        fill_mode, interpolation, seed, fill_value, data_format: as in `RandomRotation`.

    >>> import numpy as np
    >>> RandomTranslation(0.0, (0.5, 0.5), "constant")(np.ones((1, 1, 2, 1)))[0, 0, :, 0].tolist()
    [0.0, 1.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = bounds_of(self, "height_factor", height_factor, -1, 1)
        self._right = bounds_of(self, "width_factor", width_factor, -1, 1)

    def draw(self, images: Any, seed: Any) -> Any:
        """The map of each image."""
        height, width = self._size(images)
        down = height * self._uniform(images, self._down, seed, 1)[:, 0]
        right = width * self._uniform(images, self._right, seed, 1)[:, 0]
        return _rows(1.0, 0.0, -right, 0.0, 1.0, -down)


@register("layer")
class RandomZoom(_Affine):
    """In training: each image scaled about its middle.

    Args:
        height_factor: the bounds of how much more (greater than 0: smaller things) or less is seen of the height; a
            number f stands for (-f, f).
        width_factor: the same for the width; None keeps the proportions.
        fill_mode, interpolation, seed, fill_value, data_format: as in `RandomRotation`.

    >>> import numpy as np
    >>> RandomZoom((1.0, 1.0), fill_mode="constant")(np.ones((1, 4, 4, 1)))[0, 1, :, 0].tolist()
    [0.0, 1.0, 1.0, 0.0]
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.height_factor, self.width_factor = height_factor, width_factor
        self._down = bounds_of(self, "height_factor", height_factor, -1, 1)
        self._right = None if width_factor is None else bounds_of(self, "width_factor", width_factor, -1, 1)

    def draw(self, images: Any, seed: Any) -> Any:
        """The map of each image."""
        height, width = self._size(images)
        down = 1 + self._uniform(images, self._down, seed, 1)[:, 0]
        right = down if self._right is None else 1 + self._uniform(images, self._right, seed, 1)[:, 0]
        return _rows(right, 0.0, (width - 1) / 2 * (1 - right), 0.0, down, (height - 1) / 2 * (1 - down))


@register("layer")
class RandomShear(_Affine):
    """In training: each image slanted, to either side.

    Args:
        x_factor, y_factor: the bounds, in [0, 1], of how far a row moves per row, and a column per column.
        interpolation, fill_mode, fill_value, data_format, seed: as in `RandomRotation`.

    >>> import numpy as np
    >>> RandomShear(0.5)(np.ones((2, 3, 3, 1))).shape
    (2, 3, 3, 1)
    """

    def __init__(
        self,
        x_factor: Any = 0.0,
        y_factor: Any = 0.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, fill_value, seed=seed, data_format=data_format, **kwargs)
        self.x_factor, self.y_factor = x_factor, y_factor
        self._bounds = []
        for name, factor in (("x_factor", x_factor), ("y_factor", y_factor)):
            low, high = bounds_of(self, name, factor, 0, 1)
            self._bounds.append((low, high) if isinstance(factor, (list, tuple)) else (-high, high))

    def draw(self, images: Any, seed: Any) -> Any:
        """The map of each image."""
        side = jnp.where(self._uniform(images, (0.0, 1.0), seed, 1)[:, 0] > 0.5, -1.0, 1.0)
        x, y = (side * self._uniform(images, bounds, seed, 1)[:, 0] for bounds in self._bounds)
        return _rows(1.0, x, jnp.zeros_like(x), y, 1.0, jnp.zeros_like(x))


@register("layer")
class RandomPerspective(RandomImageLayer):
    """In training: images seen from elsewhere; each of their corners moves.

    Args:
        factor: the bounds of the probability.
        scale: how far the corners move: up to half of this share of their coordinates.
        interpolation, fill_value, seed, data_format: as in `RandomRotation`.

    >>> import numpy as np
    >>> RandomPerspective()(np.ones((2, 4, 4, 1))).shape
    (2, 4, 4, 1)
    """

    domains = {"scale": interval(0, 1), "interpolation": one_of("nearest", "bilinear")}

    def __init__(
        self,
        factor: Any = 1.0,
        scale: float = 1.0,
        interpolation: str = "bilinear",
        fill_value: float = 0.0,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = bounds_of(self, "factor", factor, 0, 1)
        self.scale, self.interpolation, self.fill_value = scale, interpolation, fill_value

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is changed, and how far its corners move."""
        return {
            "happens": self._happens(images, self.factor, seed),
            "moves": self._uniform(images, (-0.5 * self.scale, 0.5 * self.scale), seed, 4, 2),
        }

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them as seen from elsewhere."""
        bottom, right = (size - 1.0 for size in self._size(images))
        corners = jnp.asarray([[0.0, 0.0], [right, 0.0], [0.0, bottom], [right, bottom]])
        start = jnp.broadcast_to(corners, drawn["moves"].shape)
        seen = image.perspective_transform(
            images, start, start * (1 + drawn["moves"]), self.interpolation, self.fill_value, self.data_format
        )
        return jnp.where(drawn["happens"], seen, images)


@register("layer")
class RandomElasticTransform(RandomImageLayer):
    """In training: images bent smoothly (Simard et al., 2003).

    Args:
        factor: the bounds of the probability.
        scale: the bounds of the strength.
        interpolation, fill_mode, fill_value: as in `cornu.ops.image.elastic_transform`.
        value_range: the bounds of the values.
        seed, data_format: as in every layer of images.

    Difference from Keras: the size of the window of smoothing is that of the largest strength.

    >>> import numpy as np
    >>> RandomElasticTransform()(np.ones((2, 8, 8, 1))).shape
    (2, 8, 8, 1)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = 1.0,
        interpolation: str = "bilinear",
        fill_mode: str = "reflect",
        fill_value: float = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor, self.scale = bounds_of(self, "factor", factor, 0, 1), bounds_of(self, "scale", scale, 0, 1)
        self.interpolation, self.fill_mode, self.fill_value = interpolation, fill_mode, fill_value
        self.value_range = value_range

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is bent, how strongly, and the key of the displacements."""
        strength = random.uniform((), self.scale[0], self.scale[1], "float32", seed)
        return {
            "happens": self._happens(images, self.factor, seed),
            "strength": strength,
            "key": random.draw_key(seed),
        }

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them bent."""
        if not self.scale[1]:
            return images
        height, width = self._size(images)
        bent = image.elastic_transform(
            images, max(height, width) * 0.1 * drawn["strength"], max(min(height, width) * 0.05 * self.scale[1], 1e-3),
            self.interpolation, self.fill_mode, self.fill_value, drawn["key"], self.data_format,
        )  # fmt: skip
        return jnp.clip(jnp.where(drawn["happens"], bent, images), *self.value_range)


@register("layer")
class RandomCrop(RandomImageLayer):
    """In training: a piece of the images, from a place drawn for the batch; else, and of smaller images, the middle.

    Args:
        height, width: the size.
        seed, data_format: as in every layer of images.

    In inference the largest piece from the middle that has these proportions is resized. Difference from Keras 3.15:
    there the images stay as they are in inference, against its documentation.

    >>> import numpy as np
    >>> RandomCrop(2, 2)(np.ones((2, 4, 4, 1))).shape
    (2, 2, 2, 1)
    """

    domains = {"height": positive_int, "width": positive_int}

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, name=name, **kwargs)
        self.height, self.width = height, width

    def draw(self, images: Any, seed: Any) -> Any:
        """The upper left corner of the piece."""
        room = [size - wanted for size, wanted in zip(self._size(images), (self.height, self.width), strict=True)]
        if min(room) < 0:
            return None
        return [random.randint((), 0, space + 1, "int32", seed) for space in room]

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """The piece, or without one drawn the middle."""
        images = self._prepare(images)
        if transformation is None:
            return smart_resize(images, self.height, self.width, self.data_format)
        for axis, start, size in zip(self._space(), transformation, (self.height, self.width), strict=True):
            images = jax.lax.dynamic_slice_in_dim(images, start, size, axis=images.ndim + axis)
        return images
