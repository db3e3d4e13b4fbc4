"""Pooling: maxima and means over windows, over all of space, and over a given number of parts of space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import jax.numpy as jnp

from cornu import config
from cornu.kernels import pool
from cornu.layers import windows
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import boolean, normalize_tuple, sizes

# Windows -------------------------------------------------------------------------------------------------------------


class Pooling(Layer):
    """The base of the poolings over windows: y[b, i, c] = max or mean over window w of x[b, i * strides + w, c]

    Args:
        pool_size: the window: an integer, or one per axis of space.
        strides: how far the window moves; default: its own size.
        padding: "valid" (none) or "same" (so that strides=1 keeps the size); padding never counts.
        data_format: "channels_last", (batch, *space, channels), or "channels_first", (batch, channels, *space);
            default: `cornu.config.image_data_format()`.

    Raises ValueError for arguments outside their domains, and a window larger than the inputs.
    """

    rank: ClassVar[int]

    def __init__(
        self,
        pool_size: int | Sequence[int],
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = normalize_tuple(pool_size, self.rank)
        self.strides = self.pool_size if strides is None else normalize_tuple(strides, self.rank)
        self.padding, self.data_format = padding.lower(), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class MaxPooling(Pooling):
    """The base of MaxPooling1D, MaxPooling2D and MaxPooling3D; see `Pooling`.

    Where entries of a window share its maximum they also share the gradient, if windows don't overlap. Difference from
    Keras on JAX: there all of it goes to the first.
    """

    def __init__(
        self,
        pool_size: int | Sequence[int] = 2,
        strides: int | Sequence[int] | None = None,
        padding: str = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, name, **kwargs)

    def call(self, inputs: Any) -> Any:
        """The maxima."""
        windows.check_fits(self, "pool_size", inputs.shape)
        return pool.max_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


class AveragePooling(Pooling):
    """The base of AveragePooling1D, AveragePooling2D and AveragePooling3D; see `Pooling`."""

    def call(self, inputs: Any) -> Any:
        """The means."""
        windows.check_fits(self, "pool_size", inputs.shape)
        return pool.average_pool(inputs, self.pool_size, self.strides, self.padding, self.data_format)


@register("layer", "MaxPool1D")
class MaxPooling1D(MaxPooling):
    """(batch, steps, channels) -> (batch, new_steps, channels). See `Pooling`.

    >>> import numpy as np
    >>> MaxPooling1D(2)(np.array([[[1.0], [5.0], [2.0], [3.0]]])).tolist()
    [[[5.0], [3.0]]]
    """

    rank, domains = 1, windows.pool_domains(1)


@register("layer", "MaxPool2D")
class MaxPooling2D(MaxPooling):
    """(batch, rows, columns, channels) -> (batch, new_rows, new_columns, channels). See `Pooling`.

    >>> import numpy as np
    >>> MaxPooling2D(padding="same")(np.ones((2, 5, 4, 3))).shape
    (2, 3, 2, 3)
    """

    rank, domains = 2, windows.pool_domains(2)


@register("layer", "MaxPool3D")
class MaxPooling3D(MaxPooling):
    """(batch, *space, channels) -> (batch, *new_space, channels). See `Pooling`.

    >>> import numpy as np
    >>> MaxPooling3D(3, strides=1)(np.ones((2, 4, 4, 4, 1))).shape
    (2, 2, 2, 2, 1)
    """

    rank, domains = 3, windows.pool_domains(3)


@register("layer", "AvgPool1D")
class AveragePooling1D(AveragePooling):
    """(batch, steps, channels) -> (batch, new_steps, channels). See `Pooling`.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [5.0], [2.0], [4.0]]])).tolist()
    [[[3.0], [3.0]]]
    """

    rank, domains = 1, windows.pool_domains(1)


@register("layer", "AvgPool2D")
class AveragePooling2D(AveragePooling):
    """(batch, rows, columns, channels) -> (batch, new_rows, new_columns, channels). See `Pooling`.

    >>> import numpy as np
    >>> AveragePooling2D((2, 1))(np.ones((2, 4, 4, 3))).shape
    (2, 2, 4, 3)
    """

    rank, domains = 2, windows.pool_domains(2)


@register("layer", "AvgPool3D")
class AveragePooling3D(AveragePooling):
    """(batch, *space, channels) -> (batch, *new_space, channels). See `Pooling`.

    >>> import numpy as np
    >>> AveragePooling3D(2)(np.ones((2, 4, 4, 4, 1))).shape
    (2, 2, 2, 2, 1)
    """

    rank, domains = 3, windows.pool_domains(3)


# All of space --------------------------------------------------------------------------------------------------------


class GlobalPooling(Layer):
    """The base of the poolings over all of space: (batch, *space, channels) -> (batch, channels)

    Args:
        data_format: as in `Pooling`.
        keepdims: whether the axes of space stay, with size 1.

    Raises ValueError for inputs of another rank.
    """

    rank: ClassVar[int]
    domains = {"data_format": windows.data_format_domain, "keepdims": boolean}

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format, self.keepdims = config.standardize_data_format(data_format), keepdims
        self.input_spec = InputSpec(ndim=self.rank + 2)

    @property
    def _space(self) -> tuple[int, ...]:
        first = 1 if self.data_format == "channels_last" else 2
        return tuple(range(first, first + self.rank))


class GlobalMaxPooling(GlobalPooling):
    """The base of GlobalMaxPooling2D and GlobalMaxPooling3D; see `GlobalPooling`."""

    def call(self, inputs: Any) -> Any:
        """The maxima."""
        return jnp.max(inputs, self._space, keepdims=self.keepdims)


class GlobalAveragePooling(GlobalPooling):
    """The base of GlobalAveragePooling2D and GlobalAveragePooling3D; see `GlobalPooling`."""

    def call(self, inputs: Any) -> Any:
        """The means."""
        return jnp.mean(inputs, self._space, keepdims=self.keepdims)


class MaskedGlobalPooling(GlobalPooling):
    """The base of the global poolings over time, which pass over masked steps."""

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """None: there is no time any more."""

    def _counted(self, mask: Any) -> Any:
        """Which steps count, to be broadcast over the channels."""
        return jnp.expand_dims(mask.astype(bool), 3 - self._space[0])


@register("layer", "GlobalMaxPool1D")
class GlobalMaxPooling1D(MaskedGlobalPooling):
    """The maximum of every channel over time: (batch, steps, channels) -> (batch, channels). See `GlobalPooling`.

    Difference from Keras: masked steps don't count (Keras takes them for data); where all are masked, the result is 0.

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.array([[[1.0], [9.0]]]), mask=np.array([[True, False]])).tolist()
    [[1.0]]
    """

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The maxima of the steps that count."""
        if mask is None:
            return jnp.max(inputs, self._space, keepdims=self.keepdims)
        counted = self._counted(mask)
        maxima = jnp.max(inputs, self._space, keepdims=self.keepdims, where=counted, initial=-jnp.inf)
        return jnp.where(jnp.any(counted, self._space, keepdims=self.keepdims), maxima, jnp.zeros_like(maxima))


@register("layer", "GlobalAvgPool1D")
class GlobalAveragePooling1D(MaskedGlobalPooling):
    """The mean of every channel over time: (batch, steps, channels) -> (batch, channels). See `GlobalPooling`.

    Masked steps don't count. Difference from Keras: where all are masked, the result is 0, not NaN.

    >>> import numpy as np
    >>> GlobalAveragePooling1D()(np.array([[[1.0], [9.0]]]), mask=np.array([[True, False]])).tolist()
    [[1.0]]
    """

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The means of the steps that count."""
        if mask is None:
            return jnp.mean(inputs, self._space, keepdims=self.keepdims)
        counted = self._counted(mask)
        total = jnp.sum(inputs, self._space, keepdims=self.keepdims, where=counted)
        number = jnp.sum(counted, self._space, keepdims=self.keepdims, dtype=inputs.dtype)
        return total / jnp.maximum(number, 1)


@register("layer", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMaxPooling):
    """The maximum of every channel: (batch, rows, columns, channels) -> (batch, channels). See `GlobalPooling`.

    >>> import numpy as np
    >>> GlobalMaxPooling2D(keepdims=True)(np.ones((2, 4, 5, 3))).shape
    (2, 1, 1, 3)
    """

    rank = 2


@register("layer", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMaxPooling):
    """The maximum of every channel: (batch, *space, channels) -> (batch, channels). See `GlobalPooling`.

    >>> import numpy as np
    >>> GlobalMaxPooling3D()(np.ones((2, 4, 5, 6, 3))).shape
    (2, 3)
    """

    rank = 3


@register("layer", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAveragePooling):
    """The mean of every channel: (batch, rows, columns, channels) -> (batch, channels). See `GlobalPooling`.

    Source: Lin et al., 2014, "Network In Network", arXiv:1312.4400.

    >>> import numpy as np
    >>> GlobalAveragePooling2D()(np.ones((2, 4, 5, 3))).shape
    (2, 3)
    """

    rank = 2


@register("layer", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAveragePooling):
    """The mean of every channel: (batch, *space, channels) -> (batch, channels). See `GlobalPooling`.

    >>> import numpy as np
    >>> GlobalAveragePooling3D("channels_first")(np.ones((2, 3, 4, 5, 6))).shape
    (2, 3)
    """

    rank = 3


# A given number of parts ---------------------------------------------------------------------------------------------


class AdaptivePooling(Layer):
    """The base of the poolings to a given size: part i of N along an axis of n is floor(i n / N) to ceil((i + 1) n / N)

    Args:
        output_size: the number of parts N: an integer, or one per axis of space.
        data_format: as in `Pooling`.

    Raises ValueError for arguments outside their domains, and inputs of another rank. Difference from Keras: there
    some of these are TypeErrors.
    """

    rank: ClassVar[int]

    def __init__(self, output_size: int | Sequence[int], data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.output_size = normalize_tuple(output_size, self.rank)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class AdaptiveMaxPooling(AdaptivePooling):
    """The base of AdaptiveMaxPooling1D to 3D; see `AdaptivePooling`."""

    def call(self, inputs: Any) -> Any:
        """The maxima of the parts."""
        return pool.adaptive_max_pool(inputs, self.output_size, self.data_format)


class AdaptiveAveragePooling(AdaptivePooling):
    """The base of AdaptiveAveragePooling1D to 3D; see `AdaptivePooling`."""

    def call(self, inputs: Any) -> Any:
        """The means of the parts."""
        return pool.adaptive_average_pool(inputs, self.output_size, self.data_format)


def _adaptive_domains(rank: int) -> dict:
    return {"output_size": sizes(rank), "data_format": windows.data_format_domain}


@register("layer")
class AdaptiveMaxPooling1D(AdaptiveMaxPooling):
    """(batch, steps, channels) -> (batch, output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling1D(2)(np.array([[[1.0], [5.0], [2.0]]])).tolist()
    [[[5.0], [5.0]]]
    """

    rank, domains = 1, _adaptive_domains(1)


@register("layer")
class AdaptiveMaxPooling2D(AdaptiveMaxPooling):
    """(batch, rows, columns, channels) -> (batch, *output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling2D((2, 3))(np.ones((2, 5, 7, 3))).shape
    (2, 2, 3, 3)
    """

    rank, domains = 2, _adaptive_domains(2)


@register("layer")
class AdaptiveMaxPooling3D(AdaptiveMaxPooling):
    """(batch, *space, channels) -> (batch, *output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling3D(2)(np.ones((2, 5, 4, 3, 1))).shape
    (2, 2, 2, 2, 1)
    """

    rank, domains = 3, _adaptive_domains(3)


@register("layer")
class AdaptiveAveragePooling1D(AdaptiveAveragePooling):
    """(batch, steps, channels) -> (batch, output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling1D(2)(np.array([[[1.0], [5.0], [3.0]]])).tolist()
    [[[3.0], [4.0]]]
    """

    rank, domains = 1, _adaptive_domains(1)


@register("layer")
class AdaptiveAveragePooling2D(AdaptiveAveragePooling):
    """(batch, rows, columns, channels) -> (batch, *output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling2D(1)(np.ones((2, 5, 7, 3))).shape
    (2, 1, 1, 3)
    """

    rank, domains = 2, _adaptive_domains(2)


@register("layer")
class AdaptiveAveragePooling3D(AdaptiveAveragePooling):
    """(batch, *space, channels) -> (batch, *output_size, channels). See `AdaptivePooling`.

    >>> import numpy as np
    >>> AdaptiveAveragePooling3D(2)(np.ones((2, 5, 4, 3, 1))).shape
    (2, 2, 2, 2, 1)
    """

    rank, domains = 3, _adaptive_domains(3)


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
GlobalMaxPool1D, GlobalMaxPool2D, GlobalMaxPool3D = GlobalMaxPooling1D, GlobalMaxPooling2D, GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D, GlobalAvgPool3D = (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
)
