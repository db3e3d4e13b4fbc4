"""Images in another size; and the base of all layers of images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import config, random
from cornu.errors import brief, explain
from cornu.layers.layer import Layer
from cornu.ops import image
from cornu.random import SeedGenerator
from cornu.registry import register
from cornu.signature import boolean, maybe, nonnegative_int, one_of, positive_int

_EXTRA = ("bounding_boxes", "segmentation_masks")


class ImageLayer(Layer):
    """Base of the layers of images (batch, height, width, channels), of single ones, and of dicts with "images".

    A subclass writes `transform_images` for a batch. Boxes and masks in a dict are refused.
    """

    domains = {"data_format": maybe(one_of("channels_last", "channels_first"))}

    def __init__(
        self, *, data_format: str | None = None, bounding_box_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.bounding_box_format = bounding_box_format

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn for a batch of images; nothing here."""
        return None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """The images changed as was drawn."""
        raise NotImplementedError

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """The labels, which most layers leave alone."""
        return labels

    def _prepare(self, images: Any) -> Any:
        return jnp.asarray(images, self.compute_dtype)

    def call(self, data: Any, training: bool = True) -> Any:
        """The changed images; of a dict, its labels too."""
        if not isinstance(data, dict):
            return self._change({"images": data}, training)["images"]
        extra = [key for key in _EXTRA if key in data]
        if extra:
            raise NotImplementedError(
                explain(
                    f"Layer {self.name!r} ({type(self).__name__}) can't change {extra[0]!r} along with the images.",
                    expected="images, or a dict of images and labels",
                )
            )
        return self._change(data, training)

    def _change(self, data: dict, training: bool) -> dict:
        images = self._prepare(data["images"])
        if images.ndim not in (3, 4):
            what = f"Layer {self.name!r}: these are no images."
            raise ValueError(explain(what, expected="3 axes, or 4 for a batch", got=brief(images)))
        batched = images.ndim == 4
        images = images if batched else images[None]
        drawn = self.get_random_transformation(images, training)
        changed = self.transform_images(images, drawn, training)
        result = {**data, "images": changed if batched else changed[0]}
        if "labels" in data:
            labels = jnp.asarray(data["labels"])
            labels = self.transform_labels(labels if batched else labels[None], drawn, training)
            result["labels"] = labels if batched else labels[0]
        return result

    def _space(self) -> tuple[int, int]:
        """The axes of height and width, from the end."""
        return (-3, -2) if self.data_format == "channels_last" else (-2, -1)

    def _size(self, images: Any) -> tuple[int, int]:
        down, right = self._space()
        return images.shape[down], images.shape[right]


class RandomImageLayer(ImageLayer):
    """Base of the layers that change images at random, in training.

    A subclass writes `draw(images, seed)`, an array or a nested structure of them, and `change(images, drawn)`.
    """

    domains = {"seed": maybe(nonnegative_int)}

    def __init__(self, *, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        self.generator = SeedGenerator(seed)

    def draw(self, images: Any, seed: Any) -> Any:
        """What is drawn for a batch of images."""
        raise NotImplementedError

    def change(self, images: Any, drawn: Any) -> Any:
        """The images changed as was drawn."""
        raise NotImplementedError

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Any:
        """What is drawn in training for images, or a dict with them; None otherwise."""
        images = data["images"] if isinstance(data, dict) else data
        return self.draw(images, self.generator if seed is None else seed) if training else None

    def transform_images(self, images: Any, transformation: Any, training: bool = True) -> Any:
        """The images, in training changed."""
        images = self._prepare(images)
        if not training or transformation is None:
            return images
        return self.change(images, transformation).astype(self.compute_dtype)

    def _uniform(self, images: Any, bounds: tuple[float, float], seed: Any, *shape: int) -> Any:
        """Draws for each image of a batch: (batch, 1, 1, 1), or (batch, *shape)."""
        low, high = bounds
        drawn = random.uniform((images.shape[0], *(shape or (1, 1, 1))), 0.0, 1.0, "float32", seed)
        return low + (high - low) * drawn

    def _happens(self, images: Any, bounds: tuple[float, float], seed: Any) -> Any:
        """Whether something happens to each image: its probability is drawn within the bounds."""
        probability = self._uniform(images, bounds, seed)
        return self._uniform(images, (0.0, 1.0), seed) < probability


def bounds_of(
    layer: Any, name: str, factor: Any, low: float, high: float, symmetric: bool = True
) -> tuple[float, float]:
    """The bounds of a factor: of a number f, -f and f cut to the range (or 0 and f); of a pair, the pair sorted.

    Raises ValueError for anything else, and for what lies outside of the range.
    """
    pair = factor if isinstance(factor, (list, tuple)) else None
    numbers = [f for f in (pair or [factor]) if isinstance(f, (int, float)) and not isinstance(f, bool)]
    if len(numbers) != (2 if pair is not None else 1) or min(numbers) < low or max(numbers) > high:
        raise ValueError(
            explain(
                f"{type(layer).__name__} {layer.name!r}: argument `{name}` is wrong.",
                expected=f"a number in [{low}, {high}], or two",
                got=factor,
            )
        )
    if pair is not None:
        return min(numbers), max(numbers)
    return (max(-abs(factor), low) if symmetric else 0.0), abs(factor)


def smart_resize(images: Any, height: int, width: int, data_format: str, interpolation: str = "bilinear") -> Any:
    """The largest piece from the middle that has the proportions wanted, in the size wanted."""
    return image.resize(images, (height, width), interpolation, crop_to_aspect_ratio=True, data_format=data_format)


@register("layer")
class Resizing(ImageLayer):
    """Images in another size, interpolated.

    Args:
        height, width: the size.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        crop_to_aspect_ratio, pad_to_aspect_ratio: keep the proportions, by cutting from, or filling up, the middle.
        fill_mode, fill_value: with what is filled up; "constant" is the only mode.
        antialias: whether shrinking averages over all that it covers.
        data_format: "channels_last" or "channels_first".

    >>> import numpy as np
    >>> Resizing(4, 4)(np.ones((2, 8, 6, 3), "float32")).shape
    (2, 4, 4, 3)
    """

    domains = {
        "height": positive_int,
        "width": positive_int,
        "crop_to_aspect_ratio": boolean,
        "pad_to_aspect_ratio": boolean,
    }

    def __init__(
        self,
        height: int,
        width: int,
        interpolation: str = "bilinear",
        crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False,
        fill_mode: str = "constant",
        fill_value: float = 0.0,
        antialias: bool = False,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width, self.interpolation, self.antialias = height, width, interpolation, bool(antialias)
        self.crop_to_aspect_ratio, self.pad_to_aspect_ratio = crop_to_aspect_ratio, pad_to_aspect_ratio
        self.fill_mode, self.fill_value = fill_mode, fill_value

    def _prepare(self, images: Any) -> Any:
        return jnp.asarray(images)

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The resized images, of the dtype that they had."""
        return image.resize(
            images, (self.height, self.width), self.interpolation, self.antialias, self.crop_to_aspect_ratio,
            self.pad_to_aspect_ratio, self.fill_mode, self.fill_value, self.data_format,
        )  # fmt: skip


@register("layer")
class CenterCrop(ImageLayer):
    """The middle of images; of smaller ones the largest piece with these proportions, resized.

    Args:
        height, width: the size.
        data_format: "channels_last" or "channels_first".

    >>> import numpy as np
    >>> CenterCrop(2, 2)(np.arange(16.0).reshape(1, 4, 4, 1))[0, :, :, 0].tolist()
    [[5.0, 6.0], [9.0, 10.0]]
    """

    domains = {"height": positive_int, "width": positive_int}

    def __init__(self, height: int, width: int, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.height, self.width = height, width

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The middle of the images."""
        height, width = self._size(images)
        if height < self.height or width < self.width:
            return smart_resize(images, self.height, self.width, self.data_format)
        top, left = (height - self.height) // 2, (width - self.width) // 2
        return image.crop_images(
            images, top, left, target_height=self.height, target_width=self.width, data_format=self.data_format
        )
