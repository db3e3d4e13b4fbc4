"""Random changes of the colors of images."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import config, random
from cornu.kernels import conv
from cornu.layers.preprocessing.images import ImageLayer, RandomImageLayer, bounds_of
from cornu.ops import image
from cornu.registry import register
from cornu.signature import Domain, interval, number, positive_int

value_range_domain = Domain(
    "two numbers, the smallest and the largest value",
    lambda v: isinstance(v, (list, tuple)) and len(v) == 2 and all(map(number.test, v)),
)


def to_range(images: Any, old: Any, new: Any) -> Any:
    """Values of one range as values of another."""
    if tuple(old) == tuple(new):
        return images
    return (images - old[0]) / (old[1] - old[0]) * (new[1] - new[0]) + new[0]


class RandomColor(RandomImageLayer):
    """Base of the random changes of colors: a factor, and the range of the values."""

    domains = {"value_range": value_range_domain}

    def __init__(self, factor: Any, value_range: Any, low: float = 0, high: float = 1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factor = bounds_of(self, "factor", factor, low, high)
        self.value_range = tuple(sorted(value_range))

    def draw(self, images: Any, seed: Any) -> Any:
        """A factor for each image."""
        return self._uniform(images, self.factor, seed)

    def _clip(self, images: Any) -> Any:
        return jnp.clip(images, *self.value_range)

    def _hsv(self, images: Any) -> tuple[Any, Any, Any]:
        """Hue, saturation and value, each (batch, height, width)."""
        channels = -1 if self.data_format == "channels_last" else -3
        return tuple(jnp.moveaxis(image.rgb_to_hsv(images, self.data_format), channels, 0))

    def _rgb(self, hue: Any, saturation: Any, value: Any) -> Any:
        channels = -1 if self.data_format == "channels_last" else -3
        return image.hsv_to_rgb(jnp.stack([hue, saturation, value], axis=channels), self.data_format)


@register("layer")
class RandomBrightness(RandomColor):
    """In training: a number drawn for each image is added to it.

    Args:
        factor: the bounds, in [-1, 1], of that number as a share of the range; a number f stands for (-f, f).
        value_range: the smallest and the largest value; what goes beyond is cut.
        seed: makes the draws repeatable.

    >>> import numpy as np
    >>> RandomBrightness((0.5, 0.5), (0, 1))(np.full((1, 1, 1, 1), 0.25)).ravel().tolist()
    [0.75]
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, -1, seed=seed, **kwargs)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, brighter or darker."""
        return self._clip(images + (drawn * (self.value_range[1] - self.value_range[0])).astype(images.dtype))


@register("layer")
class RandomContrast(RandomColor):
    """In training: (x - m) * c + m, m the mean of each channel of an image, c drawn for each image.

    Args:
        factor: c lies between 1 - lower and 1 + upper; a number f stands for (0, f), as in Keras 3.15.
        value_range: the smallest and the largest value; what goes beyond is cut.
        seed: makes the draws repeatable.

    >>> import numpy as np
    >>> RandomContrast((0.0, 0.0), (0, 4))(np.array([[[[1.0], [3.0]]]])).ravel().tolist()
    [1.0, 3.0]
    """

    def __init__(self, factor: Any, value_range: Any = (0, 255), seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(factor, value_range, seed=seed, **kwargs)

    def draw(self, images: Any, seed: Any) -> Any:
        """How much each image's contrast is multiplied."""
        return self._uniform(images, (1 - self.factor[0], 1 + self.factor[1]), seed)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images with more or less contrast."""
        mean = jnp.mean(images, axis=self._space(), keepdims=True)
        return self._clip((images - mean) * drawn.astype(images.dtype) + mean)


@register("layer")
class RandomHue(RandomColor):
    """In training: the hue of each image turned, to either side.

    Args:
        factor: the bounds, in [0, 1], of the turn; 1 is half of the circle.
        value_range: the smallest and the largest value.
        data_format, seed: as in every layer of images.

    >>> import numpy as np
    >>> RandomHue(0.5)(np.ones((1, 2, 2, 3))).shape
    (1, 2, 2, 3)
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format=data_format, seed=seed, **kwargs)

    def draw(self, images: Any, seed: Any) -> Any:
        """The turn of each image's hue."""
        side = jnp.where(self._uniform(images, (0.0, 1.0), seed) > 0.5, -0.5, 0.5)
        return side * self._uniform(images, self.factor, seed)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images in other hues."""
        hue, saturation, value = self._hsv(to_range(images, self.value_range, (0, 1)))
        colored = self._rgb((hue + drawn[..., 0].astype(hue.dtype)) % 1.0, saturation, value)
        return to_range(jnp.clip(colored, 0, 1), (0, 1), self.value_range)


@register("layer")
class RandomSaturation(RandomColor):
    """In training: the saturation of each image multiplied by f / (1 - f), f drawn for it.

    Args:
        factor: the bounds of f, in [-1, 1]: 0 and less is gray, 0.5 leaves the image as it is; a number f stands for
            (-f, f), as in Keras 3.15.
        value_range, data_format, seed: as in `RandomHue`.

    Difference from Keras 3.15: the saturation is cut at 1 for every range of values; there, at the largest value.

    >>> import numpy as np
    >>> RandomSaturation((0.0, 0.0), (0, 1))(np.array([[[[1.0, 0.5, 0.5]]]])).ravel().tolist()
    [1.0, 1.0, 1.0]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, -1, data_format=data_format, seed=seed, **kwargs)

    def draw(self, images: Any, seed: Any) -> Any:
        """By how much each image's saturation is multiplied."""
        drawn = self._uniform(images, self.factor, seed)
        return drawn / (1 - drawn + config.epsilon())

    def change(self, images: Any, drawn: Any) -> Any:
        """The images with more or less color."""
        hue, saturation, value = self._hsv(to_range(images, self.value_range, (0, 1)))
        more = jnp.clip(saturation * drawn[..., 0].astype(saturation.dtype), 0, 1)
        return to_range(self._rgb(hue, more, value), (0, 1), self.value_range)


@register("layer")
class RandomColorDegeneration(RandomColor):
    """In training: x + f (gray - x), gray the image without its colors, f drawn for each image.

    Args:
        factor: the bounds of f, in [-1, 1]; a number f stands for (-f, f), as in Keras 3.15.
        value_range, data_format, seed: as in `RandomHue`.

    >>> import numpy as np
    >>> RandomColorDegeneration((0.0, 0.0), (0, 1))(np.array([[[[1.0, 0.5, 0.5]]]])).ravel().tolist()
    [1.0, 0.5, 0.5]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, -1, data_format=data_format, seed=seed, **kwargs)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images with less color."""
        gray = image.rgb_to_grayscale(images, self.data_format)
        return self._clip(images + drawn.astype(images.dtype) * (gray - images))


@register("layer")
class RandomGrayscale(RandomImageLayer):
    """In training: each image loses its colors with probability `factor`.

    Args:
        factor: the probability.
        data_format, seed: as in every layer of images.

    >>> import numpy as np
    >>> RandomGrayscale(0.5)(np.ones((2, 2, 2, 3))).shape
    (2, 2, 2, 3)
    """

    domains = {"factor": interval(0, 1)}

    def __init__(
        self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, seed=seed, **kwargs)
        self.factor = factor

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image loses its colors."""
        return self._uniform(images, (0.0, 1.0), seed) < self.factor

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them gray."""
        return jnp.where(drawn, image.rgb_to_grayscale(images, self.data_format), images)


@register("layer")
class RandomSharpness(RandomColor):
    """In training: x + (1 - 2 f) (smooth - x), smooth the image under a window of 3 by 3, f drawn for each image.

    Args:
        factor: the bounds of f, in [0, 1]: 0 is smooth, 0.5 leaves the image as it is, 1 sharpens it.
        value_range, data_format, seed: as in `RandomHue`.

    >>> import numpy as np
    >>> RandomSharpness((0.5, 0.5), (0, 1))(np.full((1, 3, 3, 1), 0.5))[0, 1, 1].tolist()
    [0.5]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format=data_format, seed=seed, **kwargs)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, smoother or sharper."""
        window = jnp.full((3, 3, 1, 1), 1 / 13, images.dtype).at[1, 1].set(5 / 13)
        window = jnp.tile(window, (1, 1, conv.channels_of(images, self.data_format), 1))
        smooth = conv.depthwise(images, window, 1, "same", 1, self.data_format)
        return self._clip(images + (1 - 2 * drawn.astype(images.dtype)) * (smooth - images))


@register("layer")
class RandomPosterization(RandomColor):
    """In training: only so many of the 8 bits of each value stay, a number drawn for each image.

    Args:
        factor: the bounds of that number, from 1 to 8.
        value_range, data_format, seed: as in `RandomHue`.

    >>> import numpy as np
    >>> RandomPosterization((1, 1))(np.array([[[[100.0], [200.0]]]])).ravel().tolist()
    [0.0, 128.0]
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, 1, 8, data_format=data_format, seed=seed, **kwargs)

    def draw(self, images: Any, seed: Any) -> Any:
        """The bits that each image loses."""
        low, high = map(int, self.factor)
        shape = (images.shape[0], 1, 1, 1)
        kept = random.randint(shape, low, high, "int32", seed) if low < high else jnp.full(shape, low, "int32")
        return 8 - kept

    def change(self, images: Any, drawn: Any) -> Any:
        """The images in fewer steps of color."""
        step = jnp.exp2(drawn.astype("float32")).astype(images.dtype)
        values = jnp.floor(jnp.floor(jnp.clip(to_range(images, self.value_range, (0, 255)), 0, 255)) / step) * step
        return to_range(values, (0, 255), self.value_range)


@register("layer")
class RandomInvert(RandomColor):
    """In training: images become their negatives.

    Args:
        factor: the bounds of the probability.
        value_range, data_format, seed: as in `RandomHue`.

    >>> import numpy as np
    >>> RandomInvert((1.0, 1.0))(np.full((1, 1, 1, 1), 55.0)).ravel().tolist()
    [200.0]
    """

    def __init__(
        self,
        factor: Any = 1.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format=data_format, seed=seed, **kwargs)

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is inverted."""
        return self._happens(images, self.factor, seed)

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them inverted."""
        return jnp.where(drawn, self.value_range[1] - images, images)


@register("layer")
class RandomGaussianBlur(RandomColor):
    """In training: images under a Gaussian window.

    Args:
        factor: the bounds of the probability.
        kernel_size: the window's size, odd; or two sizes.
        sigma: the bounds, in [0, 1], of its standard deviations.
        value_range, data_format, seed: as in `RandomHue`.

    >>> import numpy as np
    >>> RandomGaussianBlur()(np.ones((2, 4, 4, 1))).shape
    (2, 4, 4, 1)
    """

    def __init__(
        self,
        factor: Any = 1.0,
        kernel_size: Any = 3,
        sigma: Any = 1.0,
        value_range: Any = (0, 255),
        data_format: str | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(factor, value_range, data_format=data_format, seed=seed, **kwargs)
        self.kernel_size = tuple(kernel_size) if isinstance(kernel_size, (list, tuple)) else (kernel_size,) * 2
        self.sigma = bounds_of(self, "sigma", sigma, 0, 1)

    def draw(self, images: Any, seed: Any) -> Any:
        """Whether each image is blurred, and the deviations for all of them."""
        deviations = random.uniform((2,), self.sigma[0], self.sigma[1], "float32", seed) + 1e-6
        return {"happens": self._happens(images, self.factor, seed), "sigma": deviations}

    def change(self, images: Any, drawn: Any) -> Any:
        """The images, some of them blurred."""
        blurred = image.gaussian_blur(images, self.kernel_size, drawn["sigma"].astype(images.dtype), self.data_format)
        return self._clip(jnp.where(drawn["happens"], blurred, images))


@register("layer")
class Solarization(RandomImageLayer):
    """In training: a number is added to each image, then every value above a threshold is inverted.

    Args:
        addition_factor, threshold_factor: the bounds, in [0, 1], of that number and of the threshold as shares of the
            range; a number f stands for (0, f).
        value_range: the smallest and the largest value.
        seed: makes the draws repeatable.

    >>> import numpy as np
    >>> Solarization()(np.array([[[[0.0], [200.0]]]])).ravel().tolist()
    [255.0, 55.0]
    """

    domains = {"value_range": value_range_domain}

    def __init__(
        self,
        addition_factor: Any = 0.0,
        threshold_factor: Any = 0.0,
        value_range: Any = (0, 255),
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        self.addition_factor = bounds_of(self, "addition_factor", addition_factor, 0, 1, symmetric=False)
        self.threshold_factor = bounds_of(self, "threshold_factor", threshold_factor, 0, 1, symmetric=False)
        self.value_range = tuple(sorted(value_range))

    def draw(self, images: Any, seed: Any) -> Any:
        """What is added to each image, and its threshold."""
        return [
            self._uniform(images, (low, high * 255), seed)
            for low, high in (self.addition_factor, self.threshold_factor)
        ]

    def change(self, images: Any, drawn: Any) -> Any:
        """The images with their bright parts inverted."""
        addition, threshold = (value.astype(images.dtype) for value in drawn)
        values = jnp.clip(to_range(images, self.value_range, (0, 255)) + addition, 0, 255)
        return to_range(jnp.where(values < threshold, values, 255 - values), (0, 255), self.value_range)


@register("layer")
class AutoContrast(ImageLayer):
    """Each channel of each image stretched to the whole range of values, in inference too.

    Args:
        value_range: the smallest and the largest value.

    >>> import numpy as np
    >>> AutoContrast()(np.array([[[[10.0], [20.0], [30.0]]]])).ravel().tolist()
    [0.0, 127.5, 255.0]
    """

    domains = {"value_range": value_range_domain}

    def __init__(self, value_range: Any = (0, 255), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = tuple(sorted(value_range))

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The stretched images."""
        low, high = (f(images, axis=self._space(), keepdims=True) for f in (jnp.min, jnp.max))
        spread = jnp.where(high > low, high - low, 1)
        stretched = jnp.clip((images - low) / spread * 255, 0, 255)
        return jnp.where(high > low, to_range(stretched, (0, 255), self.value_range), images)


@register("layer")
class Equalization(ImageLayer):
    """In training: each channel's values spread so that all of them become equally frequent.

    Args:
        value_range: the smallest and the largest value.
        bins: into how many steps the values are counted.
        data_format: "channels_last" or "channels_first".

    As in Keras 3.15, the values of all images of a batch are counted together.

    >>> import numpy as np
    >>> Equalization()(np.array([[[[10.0], [20.0]]]])).ravel().tolist()
    [0.0, 255.0]
    """

    domains = {"value_range": value_range_domain, "bins": positive_int}

    def __init__(
        self, value_range: Any = (0, 255), bins: int = 256, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.bins, self.value_range = bins, tuple(sorted(value_range))

    def transform_images(self, images: Any, transformation: Any = None, training: bool = True) -> Any:
        """The equalized images."""
        if not training:
            return images
        channels = -1 if self.data_format == "channels_last" else -3
        planes = jnp.moveaxis(to_range(images, self.value_range, (0, 255)), channels, 0)
        equal = jnp.stack([self._equalize(plane) for plane in planes])
        return to_range(jnp.moveaxis(equal, 0, channels), (0, 255), self.value_range).astype(self.compute_dtype)

    def _equalize(self, plane: Any) -> Any:
        scaled = plane.astype("float32") / 255.0 * (self.bins - 1)
        places = jnp.clip(scaled, 0, self.bins - 1).astype("int32")
        counts = jnp.zeros(self.bins, "int32").at[places.ravel()].add(1)
        sums = jnp.cumsum(counts)
        first = jnp.min(jnp.where(sums > 0, sums, sums[-1]))
        table = jnp.clip(jnp.round((sums - first) * 255 / jnp.maximum(sums[-1] - first, 1)), 0, 255)
        return jnp.where(jnp.sum(counts > 0) <= 1, plane, table[places].astype(plane.dtype))
