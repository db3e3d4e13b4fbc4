"""Numbers shifted and scaled: by given constants, or by what `adapt` measured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.layers.preprocessing.batches import batches_of
from cornu.registry import register, serialize
from cornu.signature import boolean


@register("layer")
class Rescaling(Layer):
    """x * scale + offset

    Args:
        scale, offset: numbers, or arrays that fit the inputs' last axes (for "channels_first" images, their channels).

    >>> import numpy as np
    >>> Rescaling(1 / 255)(np.array([0, 255], "uint8")).tolist()
    [0.0, 1.0]
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = scale, offset
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The scaled inputs."""
        dtype = self.compute_dtype
        scale, offset = jnp.asarray(self.scale, dtype), jnp.asarray(self.offset, dtype)
        inputs = jnp.asarray(inputs, dtype)
        channels_first = config.image_data_format() == "channels_first"
        if channels_first and scale.ndim == 1 and inputs.ndim in (3, 4):
            scale = scale.reshape(-1, 1, 1)
            offset = offset.reshape(-1, 1, 1) if offset.ndim == 1 else offset
        return inputs * scale + offset


@register("layer")
class Normalization(Layer):
    """(x - mean) / sqrt(variance), with a mean and a variance for each place along some axes.

    Args:
        axis: the axes, the batch's counted, along which every place has its own mean and variance; None: one for all.
        mean, variance: given, in place of measured by `adapt`.
        invert: whether to do the reverse: x * sqrt(variance) + mean.

    Raises ValueError where only one of mean and variance is given, they differ in shape or don't fit the axes.

    >>> import numpy as np
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[5.0]])).tolist()
    [[3.0]]
    """

    domains = {"invert": boolean}

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        self.input_mean, self.input_variance, self.invert = mean, variance, invert
        self.supports_masking = True
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            got = f"mean={mean}, variance={variance}"
            raise ValueError(explain(f"Normalization {self.name!r} needs a mean and a variance of one shape.", got=got))
        if len(np.shape(mean)) > len(self.axis):
            what = f"Normalization {self.name!r}: the mean has more axes than are kept."
            raise ValueError(explain(what, expected=f"at most {len(self.axis)}", got=np.shape(mean)))

    def build(self, input_shape: tuple) -> None:
        """Makes the measured mean and variance: 0 and 1 until `adapt`."""
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            what = f"Normalization {self.name!r}: `axis` doesn't fit the inputs."
            raise ValueError(explain(what, expected=f"axes of {rank}", got=self.axis))
        kept = tuple(sorted(axis % rank for axis in self.axis))
        sizes = tuple(input_shape[axis] for axis in kept)
        if None in sizes:
            what = f"Normalization {self.name!r} needs to know the sizes of the axes {kept}."
            raise ValueError(explain(what, got=input_shape))
        self._kept, self._sizes = kept, sizes
        self._broadcast = tuple(input_shape[axis] if axis in kept else 1 for axis in range(rank))
        if self.input_mean is None:
            self.adapt_mean = self.add_weight(name="mean", shape=sizes, initializer="zeros", trainable=False)
            self.adapt_variance = self.add_weight(name="variance", shape=sizes, initializer="ones", trainable=False)
            self.count = self.add_weight(name="count", shape=(), dtype="int32", initializer="zeros", trainable=False)

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Measures mean and variance over data: an array, or a dataset or other iterable of batches."""
        if self.input_mean is not None:
            raise ValueError(explain(f"Normalization {self.name!r} has its mean and variance: it can't adapt."))
        total, mean, variance = 0, np.zeros(()), np.zeros(())
        for batch in batches_of(data, steps):
            values = np.asarray(batch, "float64")
            if not self.built:
                self.build((None, *values.shape[1:]) if 0 not in {a % values.ndim for a in self.axis} else values.shape)
            elif tuple(values.shape[axis] for axis in self._kept) != self._sizes:
                what = f"Normalization {self.name!r}: a batch doesn't fit what the layer was built for."
                raise ValueError(explain(what, expected=f"sizes {self._sizes} of {self._kept}", got=values.shape))
            others = tuple(axis for axis in range(values.ndim) if axis not in self._kept)
            count = int(np.prod([values.shape[axis] for axis in others], dtype="int64")) if others else 1
            own_mean, own_variance = values.mean(others), values.var(others)
            total += count
            share, before = count / total, mean
            mean = before + (own_mean - before) * share
            variance = (variance + (before - mean) ** 2) * (1 - share) + (own_variance + (own_mean - mean) ** 2) * share
        if not total:
            raise ValueError(explain(f"Normalization {self.name!r}: the data to adapt to are empty."))
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(variance)

    @property
    def mean(self) -> Any:
        """The mean, in a shape that fits the inputs; None before the layer is built."""
        return self._measure("mean")

    @property
    def variance(self) -> Any:
        """The variance, in a shape that fits the inputs; None before the layer is built."""
        return self._measure("variance")

    def _measure(self, name: str) -> Any:
        if not hasattr(self, "_broadcast"):
            return None
        given = getattr(self, f"input_{name}")
        if given is None:
            return jnp.reshape(getattr(self, f"adapt_{name}").value, self._broadcast).astype(self.compute_dtype)
        value, shape = jnp.asarray(given, self.compute_dtype), [1] * len(self._broadcast)
        for axis, size in zip(reversed(self._kept), reversed(value.shape), strict=False):
            shape[axis] = size
        return jnp.broadcast_to(value.reshape(shape), self._broadcast)

    def call(self, inputs: Any) -> Any:
        """The normalized inputs, or with `invert` the original ones."""
        inputs = jnp.asarray(inputs, self.compute_dtype)
        deviation = jnp.maximum(jnp.sqrt(self.variance), config.epsilon())
        return inputs * deviation + self.mean if self.invert else (inputs - self.mean) / deviation

    def get_config(self) -> dict:
        """The constructor's arguments; what was measured is among the weights."""
        given = {
            name: None if value is None else np.asarray(value).tolist()
            for name, value in (("mean", self.input_mean), ("variance", self.input_variance))
        }
        return {**self._base_config(), "axis": serialize(self.axis), "invert": self.invert, **given}
