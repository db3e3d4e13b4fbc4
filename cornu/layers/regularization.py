"""Layers that disturb training: dropout, noise, penalties on activities. In inference they do nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp

from cornu import config, random, regularizers
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.random import SeedGenerator
from cornu.registry import register
from cornu.signature import Domain, interval, maybe, nonnegative, nonnegative_int, one_of, positive_int

_seed = maybe(nonnegative_int)
_noise_shape = maybe(
    Domain(
        "a shape of positive sizes or None",
        lambda v: isinstance(v, (list, tuple)) and all(s is None or positive_int.test(s) for s in v),
    )
)


class _Random(Layer):
    """Base of the layers that draw in training; the seed generator exists only where something is drawn."""

    def __init__(self, strength: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = seed
        if strength > 0:
            self.seed_generator = SeedGenerator(seed)
        self.supports_masking = True


@register("layer")
class Dropout(_Random):
    """In training: each input is 0 with probability `rate`, else x / (1 - rate).

    Args:
        rate: the probability.
        noise_shape: the shape of the draws; 1 on an axis that shares them, None for the input's size.
        seed: makes the draws repeatable; default: from the root seed and the layer's place.

    The same seed drops the same inputs as in Keras on JAX.
    Source: Srivastava et al., 2014, "Dropout: A Simple Way to Prevent Neural Networks from Overfitting".

    >>> import numpy as np
    >>> x = np.ones((2, 4), "float32")
    >>> Dropout(0.5)(x).tolist() == x.tolist()
    True
    >>> Dropout(0.5, seed=1)(x, training=True).shape
    (2, 4)
    """

    domains = {"rate": interval(0, 1), "noise_shape": _noise_shape, "seed": _seed}

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        self.rate, self.noise_shape = rate, None if noise_shape is None else tuple(noise_shape)

    def _shape_of_draws(self, inputs: Any) -> tuple | None:
        return self.noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training with zeros."""
        if not training or self.rate == 0:
            return inputs
        return random.dropout(inputs, self.rate, self._shape_of_draws(inputs), self.seed_generator)


class _SpatialDropout(Dropout):
    """Base of the dropouts of whole channels."""

    data_format = "channels_last"

    def _base_config(self) -> dict:
        base = super()._base_config()
        del base["trainable"]  # Keras's constructors of these layers don't take it
        return base

    def _shape_of_draws(self, inputs: Any) -> tuple:
        channels = inputs.ndim - 1 if self.data_format == "channels_last" else 1
        return tuple(size if axis in (0, channels) else 1 for axis, size in enumerate(inputs.shape))


@register("layer")
class SpatialDropout1D(_SpatialDropout):
    """Dropout of whole channels of (batch, time, channels) (Tompson et al., 2015, arXiv:1411.4280).

    >>> import numpy as np
    >>> SpatialDropout1D(0.5)(np.ones((2, 5, 3))).shape
    (2, 5, 3)
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.input_spec = InputSpec(ndim=3)


@register("layer")
class SpatialDropout2D(_SpatialDropout):
    """Dropout of whole channels of images (Tompson et al., 2015, arXiv:1411.4280).

    >>> import numpy as np
    >>> SpatialDropout2D(0.5)(np.ones((2, 5, 5, 3))).shape
    (2, 5, 5, 3)
    """

    domains = {"data_format": maybe(one_of("channels_last", "channels_first"))}

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=4)


@register("layer")
class SpatialDropout3D(_SpatialDropout):
    """Dropout of whole channels of volumes (Tompson et al., 2015, arXiv:1411.4280).

    >>> import numpy as np
    >>> SpatialDropout3D(0.5)(np.ones((2, 2, 2, 2, 3))).shape
    (2, 2, 2, 2, 3)
    """

    domains = {"data_format": maybe(one_of("channels_last", "channels_first"))}

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed=seed, **kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=5)


@register("layer")
class GaussianDropout(_Random):
    """In training: x * n, n normal with mean 1 and variance rate / (1 - rate).

    Source: Srivastava et al., 2014, section 10.

    >>> import numpy as np
    >>> GaussianDropout(0.5)(np.array([3.0])).tolist()
    [3.0]
    """

    domains = {"rate": interval(0, 1, "[)"), "seed": _seed}

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, seed, **kwargs)
        self.rate = rate

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training times noise."""
        if not training or self.rate == 0:
            return inputs
        deviation = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, deviation, self.compute_dtype, self.seed_generator)


@register("layer")
class GaussianNoise(_Random):
    """In training: x + n, n normal with mean 0 and standard deviation `stddev`.

    Difference from Keras: `stddev` may be greater than 1.

    >>> import numpy as np
    >>> GaussianNoise(0.5)(np.array([3.0])).tolist()
    [3.0]
    """

    domains = {"stddev": nonnegative, "seed": _seed}

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(stddev, seed, **kwargs)
        self.stddev = stddev

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training plus noise."""
        if not training or self.stddev == 0:
            return inputs
        return inputs + random.normal(inputs.shape, 0.0, self.stddev, self.compute_dtype, self.seed_generator)


_SELU_FLOOR = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946
"""What selu tends to for large negative inputs."""


@register("layer")
class AlphaDropout(_Random):
    """Dropout that keeps mean and variance of the outputs of selu: a dropped input is -1.758, then all is rescaled.

    Source: Klambauer et al., 2017, "Self-Normalizing Neural Networks", arXiv:1706.02515.

    >>> import numpy as np
    >>> AlphaDropout(0.5)(np.array([3.0])).tolist()
    [3.0]
    """

    domains = {"rate": interval(0, 1, "[)"), "noise_shape": _noise_shape, "seed": _seed}

    def __init__(
        self, rate: float, noise_shape: Sequence[int | None] | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, seed, **kwargs)
        self.rate, self.noise_shape = rate, noise_shape

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The inputs, in training with some dropped."""
        if not training or self.rate == 0:
            return inputs
        wanted = self.noise_shape or (None,) * inputs.ndim
        shape = [size if own is None else own for own, size in zip(wanted, inputs.shape, strict=True)]
        kept = random.uniform(shape, seed=self.seed_generator) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * _SELU_FLOOR**2)) ** -0.5
        return scale * jnp.where(kept, inputs, _SELU_FLOOR) - scale * _SELU_FLOOR * self.rate


@register("layer")
class ActivityRegularization(Layer):
    """The inputs themselves, which add l1 * sum |x| + l2 * sum x² to the loss, per sample.

    >>> import numpy as np
    >>> layer = ActivityRegularization(l2=0.5)
    >>> outputs = layer(np.array([[1.0, 3.0]]))
    >>> float(layer.losses[0])
    5.0
    """

    domains = {"l1": nonnegative, "l2": nonnegative}

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1=l1, l2=l2), **kwargs)
        self.l1, self.l2 = l1, l2
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs
