"""Random changes by pieces: images mixed with each other, erased in part, or changed by several layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import random, registry, tree
from cornu.layers.layer import Layer
from cornu.layers.preprocessing import color, geometry
from cornu.layers.preprocessing.images import RandomImageLayer, bounds_of
from cornu.registry import register
from cornu.signature import boolean, one_of, positive, positive_int


class _Boxes(RandomImageLayer):
    """Base of the layers that change a box of each image."""

    def _box(self, images: Any, shares: Any, seed: Any) -> Any:
        """The first and the last place, (4, batch), of boxes of these shares (2, batch) of width and height."""
        height, width = self._size(images)
        ends = []
        for size, share in zip((width, height), shares, strict=True):
            length = share * size
            start = self._uniform(images, (0.0, 1.0), seed, 1)[:, 0] * (size - length)
            ends += [start, start + length]
        return jnp.stack(ends)

    def _inside(self, images: Any, box: Any) -> Any:
        """Whether each pixel is in its image's box: (batch, height, width, 1), or the channels' axis second."""
        height, width = self._size(images)
        left, right, top, bottom = box[:, :, None, None]
        x, y = jnp.arange(width)[None, None, :], jnp.arange(height)[None, :, None]
        inside = (x >= left) & (x < right) & (y >= top) & (y < bottom)
        return jnp.expand_dims(inside, -1 if self.data_format == "channels_last" else 1)


@register("layer")
class RandomErasing(_Boxes):
    """In training: a box of each image filled (Zhong et al., 2017, "Random Erasing Data Augmentation").

    Args:
        factor: the bounds of the probability.
        scale: the bounds, in [0, 1], of the box's share of the image.
        fill_value: a number, or one per channel; None: normal noise times the largest value.
        value_range: the smallest and the largest value.
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> RandomErasing((1.0, 1.0), (1.0, 1.0), 7.0)(np.ones((1, 2, 2, 1))).ravel().tolist()
    [7.0, 7.0, 7.0, 7.0]
    """

    domains = {"value_range": color.value_range_domain}

    def __init__(
        self,
        factor: Any = 1.0,
        scale: Any = (0.02, 0.33),
        fill_value: Any = None,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor, self.scale = bounds_of(self, "factor", factor, 0, 1), bounds_of(self, "scale", scale, 0, 1)
        self.fill_value, self.value_range = fill_value, value_range

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is changed, its box, and what fills it."""
        shares = jnp.sqrt(self._uniform(images, self.scale, seed, 2)).T
        box, happens = self._box(images, shares, seed), self._happens(images, self.factor, seed)
        if self.fill_value is None:
            fill = random.normal(images.shape, dtype="float32", seed=seed) * self.value_range[1]
        else:
            fill = jnp.asarray(self.fill_value, "float32")
            fill = fill.reshape(-1, 1, 1) if fill.ndim and self.data_format == "channels_first" else fill
        return {"box": box, "happens": happens, "fill": jnp.clip(fill, *self.value_range)}

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them with a box filled."""
        where = self._inside(images, drawn["box"]) & drawn["happens"]
        return jnp.where(where, drawn["fill"].astype(images.dtype), images)


@register("layer")
class MixUp(RandomImageLayer):
    """In training: w x + (1 - w) x', x' another image of the batch, w drawn for each (Zhang et al., 2017).

    Args:
        alpha: w has the beta distribution of parameters (alpha, alpha).
        data_format, seed: as in every layer of images.

    Of a dict of images and labels, the labels, as vectors, are mixed likewise.

    >>> import numpy as np
    >>> MixUp()({"images": np.ones((4, 2, 2, 1)), "labels": np.eye(4)})["labels"].sum(-1).round(3).tolist()
    [1.0, 1.0, 1.0, 1.0]
    """

    domains = {"alpha": positive}

    def __init__(
        self, alpha: float = 0.2, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self.alpha = alpha

    def draw(self, images: Any, seed: Any) -> Any:
        """The order of the other images, and the weights."""
        count = images.shape[0]
        weight = random.beta((count,), self.alpha, self.alpha, "float32", seed)
        return {"order": random.shuffle(jnp.arange(count), seed=seed), "weight": weight}

    def change(self, images: Any, drawn: Any) -> Any:
        """The mixed images."""
        return _mix(images, drawn["order"], drawn["weight"])

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """The mixed labels."""
        if not training or transformation is None:
            return labels
        labels = labels.astype(self.compute_dtype)
        return _mix(labels, transformation["order"], transformation["weight"])


def _mix(values: Any, order: Any, weight: Any) -> Any:
    weight = weight.astype(values.dtype).reshape(-1, *(1,) * (values.ndim - 1))
    return weight * values + (1 - weight) * values[order]


@register("layer")
class CutMix(_Boxes):
    """In training: a box of each image comes from another one of the batch (Yun et al., 2019).

    Args:
        factor: the bounds, in [0, 1], of the parameter of the beta distribution of the share that stays.
        seed, data_format: as in every layer of images.

    Of a dict of images and labels, the labels, as vectors, are mixed by the box's share.

    >>> import numpy as np
    >>> CutMix()(np.ones((4, 4, 4, 1))).shape
    (4, 4, 4, 1)
    """

    def __init__(
        self, factor: Any = 1.0, seed: int | None = None, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = bounds_of(self, "factor", factor, 0, 1)

    def draw(self, images: Any, seed: Any) -> Any:
        """The order of the other images, the boxes, and the shares that stay."""
        count, (height, width) = images.shape[0], self._size(images)
        alpha = random.uniform((), self.factor[0], self.factor[1], "float32", seed) + 1e-6
        share = jnp.sqrt(1.0 - random.beta((count,), alpha, alpha, "float32", seed))
        box = self._box(images, (share, share), seed)
        weight = 1.0 - (box[1] - box[0]) * (box[3] - box[2]) / (width * height)
        return {"order": random.shuffle(jnp.arange(count), seed=seed), "box": box, "weight": weight}

    def change(self, images: Any, drawn: Any) -> Any:
        """The images with their boxes exchanged."""
        return jnp.where(self._inside(images, drawn["box"]), images[drawn["order"]], images)

    def transform_labels(self, labels: Any, transformation: Any, training: bool = True) -> Any:
        """The mixed labels."""
        if not training or transformation is None:
            return labels
        labels = labels.astype(self.compute_dtype)
        return _mix(labels, transformation["order"], transformation["weight"])


# Several layers ------------------------------------------------------------------------------------------------------


@register("layer")
class RandomColorJitter(RandomImageLayer):
    """In training: brightness, contrast, saturation and hue changed, one after the other.

    Args:
        value_range: the smallest and the largest value.
        brightness_factor, contrast_factor, saturation_factor, hue_factor: as in the layers of these names; None for
            none.
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> RandomColorJitter(brightness_factor=0.1, hue_factor=0.1)(np.ones((1, 2, 2, 3))).shape
    (1, 2, 2, 3)
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = value_range
        kinds = {
            "brightness": (color.RandomBrightness, brightness_factor),
            "contrast": (color.RandomContrast, contrast_factor),
            "saturation": (color.RandomSaturation, saturation_factor),
            "hue": (color.RandomHue, hue_factor),
        }
        for name, (kind, factor) in kinds.items():
            setattr(self, f"{name}_factor", factor)
            made = None if factor is None else kind(factor, value_range, seed=seed, data_format=data_format)
            setattr(self, f"random_{name}", made)
        self._steps = [getattr(self, f"random_{name}") for name in kinds if getattr(self, f"random_{name}")]

    def draw(self, images: Any, seed: Any) -> Any:
        """What every layer draws."""
        return [layer.get_random_transformation(images, seed=seed) for layer in self._steps]

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, changed by every layer."""
        for layer, own in zip(self._steps, drawn, strict=True):
            images = layer.transform_images(images, own)
        return images


class _Several(RandomImageLayer):
    """Base of the layers that draw which of many layers change the images."""

    def _make(self, factor: Any, value_range: Any, interpolation: str, every: bool = True) -> None:
        """The layers among which is drawn, as attributes of the names that Keras gives them."""
        own: dict[str, Any] = {"seed": self.seed, "data_format": self.data_format}
        self.factor, self.value_range, self.interpolation = (
            bounds_of(self, "factor", factor, 0, 1),
            value_range,
            interpolation,
        )
        f, colored = self.factor, {"value_range": value_range, **own}
        self.random_shear = geometry.RandomShear(f, f, interpolation, **own)
        self.random_translation = geometry.RandomTranslation(f, f, interpolation=interpolation, **own)
        self.random_rotation = geometry.RandomRotation(f, interpolation=interpolation, **own)
        self.solarization = color.Solarization(f, f, **colored)
        self.random_posterization = color.RandomPosterization(max(1, int(8 * f[1])), **colored)
        self.auto_contrast = color.AutoContrast(value_range, data_format=self.data_format)
        self.equalization = color.Equalization(value_range, data_format=self.data_format)
        if every:
            self.random_brightness = color.RandomBrightness(f, **colored)
            self.random_color_degeneration = color.RandomColorDegeneration(f, **colored)
            self.random_contrast = color.RandomContrast(f, **colored)
            self.random_sharpness = color.RandomSharpness(f, **colored)

    def _draw_all(self, images: Any, seed: Any) -> list[Any]:
        return [layer.get_random_transformation(images, seed=seed) for layer in self._layers]

    def _one(self, number: Any, images: Any, drawn: list[Any]) -> Any:
        """The images changed by the layer of a number; after the last layer's comes that of none."""
        branches = [
            lambda x, own, layer=layer, place=place: layer.transform_images(x, own[place])
            for place, layer in enumerate(self._layers)
        ]
        return jax.lax.switch(number, [*branches, lambda x, own: x], images, drawn)


@register("layer")
class RandAugment(_Several):
    """In training: the images changed by layers drawn for the batch (Cubuk et al., 2019).

    Args:
        value_range: the smallest and the largest value.
        num_ops: how many layers, one after the other.
        factor: the bounds, in [0, 1], of the strength of each change.
        interpolation: "bilinear" or "nearest".
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> RandAugment()(np.ones((1, 4, 4, 3))).shape
    (1, 4, 4, 3)
    """

    domains = {"num_ops": positive_int, "interpolation": one_of("nearest", "bilinear")}

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_ops: int = 2,
        factor: Any = 0.5,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.num_ops = num_ops
        self._make(factor, value_range, interpolation)

    def draw(self, images: Any, seed: Any) -> Any:
        """The layers' numbers, and what every layer draws."""
        numbers = random.randint((self.num_ops,), 0, len(self._layers), "int32", seed)
        return {"numbers": numbers, "drawn": self._draw_all(images, seed)}

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, changed by the layers drawn."""

        def step(images: Any, number: Any) -> tuple[Any, None]:
            return self._one(number, images, drawn["drawn"]), None

        return jax.lax.scan(step, images, drawn["numbers"])[0]


@register("layer")
class AugMix(_Several):
    """In training: the images mixed with several chains of changes of themselves (Hendrycks et al., 2019).

    Args:
        value_range: the smallest and the largest value.
        num_chains, chain_depth: how many chains, and of how many layers each, of which each may be none.
        factor: the bounds, in [0, 1], of the strength of each change.
        alpha: the parameter of the distributions of the weights.
        all_ops: whether the changes of brightness, color, contrast and sharpness are among them.
        interpolation: "bilinear" or "nearest".
        seed, data_format: as in every layer of images.

    >>> import numpy as np
    >>> AugMix()(np.ones((1, 4, 4, 3))).shape
    (1, 4, 4, 3)
    """

    domains = {
        "num_chains": positive_int,
        "chain_depth": positive_int,
        "alpha": positive,
        "all_ops": boolean,
        "interpolation": one_of("nearest", "bilinear"),
    }

    def __init__(
        self,
        value_range: Any = (0, 255),
        num_chains: int = 3,
        chain_depth: int = 3,
        factor: Any = 0.3,
        alpha: float = 1.0,
        all_ops: bool = True,
        interpolation: str = "bilinear",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.num_chains, self.chain_depth, self.alpha, self.all_ops = num_chains, chain_depth, alpha, all_ops
        self._make(factor, value_range, interpolation, every=all_ops)

    def draw(self, images: Any, seed: Any) -> Any:
        """The layers' numbers, what every layer draws in each place of the chains, and the weights."""
        places = [self._draw_all(images, seed) for _ in range(self.num_chains * self.chain_depth)]
        shares = random.gamma((self.num_chains,), self.alpha, "float32", seed)
        return {
            "numbers": random.randint((len(places),), 0, len(self._layers) + 1, "int32", seed),
            "drawn": tree.map(lambda *each: jnp.stack(each), *places),
            "shares": shares / jnp.sum(shares),
            "weight": random.beta((), self.alpha, self.alpha, "float32", seed),
        }

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, mixed with their changed selves."""

        def step(changed: Any, own: tuple) -> tuple[Any, None]:
            return self._one(own[0], changed, own[1]), None

        mixed = jnp.zeros_like(images)
        for chain in range(self.num_chains):
            places = slice(chain * self.chain_depth, (chain + 1) * self.chain_depth)
            own = tree.map(lambda values, places=places: values[places], (drawn["numbers"], drawn["drawn"]))
            mixed += jax.lax.scan(step, images, own)[0] * drawn["shares"][chain].astype(images.dtype)
        weight = drawn["weight"].astype(images.dtype)
        return jnp.clip(weight * images + (1 - weight) * mixed, *self.value_range)


@register("layer")
class Pipeline(Layer):
    """Layers one after the other, as one layer.

    Args:
        layers: the layers, in order.

    >>> import numpy as np
    >>> Pipeline([color.AutoContrast(), geometry.RandomFlip()])(np.ones((2, 2, 2, 1))).shape
    (2, 2, 2, 1)
    """

    def __init__(self, layers: Sequence[Layer], name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.layers = list(layers)
        self.supports_masking = True

    def _base_config(self) -> dict:
        return {"name": self.name}  # Keras's constructor takes no more

    def call(self, inputs: Any, training: bool = True) -> Any:
        """What comes out of the last layer."""
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    @classmethod
    def from_config(cls, config: dict) -> Pipeline:
        """The layers of a config in a pipeline."""
        return super().from_config(
            {**config, "layers": [registry.deserialize(layer, kind="layer") for layer in config["layers"]]}
        )
