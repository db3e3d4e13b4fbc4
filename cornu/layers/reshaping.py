"""Layers that move, cut, repeat or pad: no weights, no arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import explain
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import Domain, maybe, nonnegative_int, normalize_tuple, one_of, positive_int, sizes

data_formats = maybe(one_of("channels_last", "channels_first"))


_pair = Domain(
    "an integer of 0 or more, or a pair (before, after)",
    lambda v: (
        nonnegative_int.test(v) or (isinstance(v, (list, tuple)) and len(v) == 2 and all(map(nonnegative_int.test, v)))
    ),
)


def _is_pairs(value: Any, rank: int) -> bool:
    several = isinstance(value, (list, tuple)) and len(value) == rank and all(map(_pair.test, value))
    return nonnegative_int.test(value) or several


def _pairs(rank: int) -> Domain:
    words = f"an integer of 0 or more, {rank} of them, or {rank} pairs (before, after)"
    return Domain(words, lambda v: _is_pairs(v, rank))


def _as_pairs(value: Any, rank: int) -> tuple:
    return tuple(tuple(normalize_tuple(one, 2)) for one in normalize_tuple(value, rank))


def spatial_axes(data_format: str, rank: int) -> range:
    """The axes between batch and channels, or behind both."""
    return range(1, rank + 1) if data_format == "channels_last" else range(2, rank + 2)


# Shapes --------------------------------------------------------------------------------------------------------------


@register("layer")
class Flatten(Layer):
    """All axes but the batch as one: (batch, a, b, ...) -> (batch, a * b * ...)

    With `data_format="channels_first"` the channels are moved to the end first.

    >>> import numpy as np
    >>> Flatten()(np.ones((2, 3, 4))).shape
    (2, 12)
    """

    domains = {"data_format": data_formats}

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = config.standardize_data_format(data_format)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        """The inputs in their new shape."""
        if self.data_format == "channels_first" and inputs.ndim > 1:
            inputs = jnp.moveaxis(inputs, 1, -1)
        return inputs.reshape(inputs.shape[0], math.prod(inputs.shape[1:]))


@register("layer")
class Reshape(Layer):
    """(batch, ...) -> (batch, *target_shape); one size may be -1: what is left over.

    Raises ValueError where the number of elements doesn't fit.

    >>> import numpy as np
    >>> Reshape((2, -1))(np.ones((5, 6))).shape
    (5, 2, 3)
    """

    domains = {
        "target_shape": Domain(
            "sizes of which one may be -1",
            lambda v: (
                isinstance(v, (list, tuple))
                and all(s in (-1, None) or nonnegative_int.test(s) for s in v)
                and sum(s in (-1, None) for s in v) < 2
            ),
        )
    }

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target_shape = tuple(target_shape)

    def call(self, inputs: Any) -> Any:
        """The inputs in their new shape."""
        own, known = inputs.shape[1:], [size for size in self.target_shape if size not in (-1, None)]
        fixed = math.prod(known)
        if all(isinstance(size, int) for size in own):
            count = math.prod(own)
            if (count != fixed) if len(known) == len(self.target_shape) else (fixed == 0 or count % fixed):
                raise ValueError(
                    explain(
                        f"Layer {self.name!r}: the inputs don't fit `target_shape`.",
                        expected=f"inputs of as many elements as {self.target_shape}",
                        got=f"shape {tuple(own)}, {count} elements",
                    )
                )
        return inputs.reshape(inputs.shape[0], *(-1 if size is None else size for size in self.target_shape))


@register("layer")
class Permute(Layer):
    """Axes in another order: axis i of the output is axis dims[i - 1] of the input; the batch, axis 0, stays.

    >>> import numpy as np
    >>> Permute((2, 1))(np.ones((5, 3, 4))).shape
    (5, 4, 3)
    """

    domains = {
        "dims": Domain(
            "an order of 1, 2, ... n",
            lambda v: isinstance(v, (list, tuple)) and sorted(v) == list(range(1, len(v) + 1)),
        )
    }

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        """The inputs with their axes in the new order."""
        return inputs.transpose(0, *self.dims)


@register("layer")
class RepeatVector(Layer):
    """Each vector n times: (batch, features) -> (batch, n, features)

    >>> import numpy as np
    >>> RepeatVector(3)(np.ones((2, 4))).shape
    (2, 3, 4)
    """

    domains = {"n": positive_int}

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = int(n)
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        """The vectors, repeated."""
        return jnp.repeat(inputs[:, None, :], self.n, axis=1)


# Cropping ------------------------------------------------------------------------------------------------------------


class _Cropping(Layer):
    """Base of the croppings, over the axes of their rank."""

    cropping: tuple

    def _crop(self, inputs: Any, cropping: Sequence[tuple[int, int]], data_format: str) -> Any:
        for axis, (before, after) in zip(spatial_axes(data_format, len(cropping)), cropping, strict=True):
            size = inputs.shape[axis]
            if isinstance(size, int) and size <= before + after:
                raise ValueError(
                    explain(
                        f"Layer {self.name!r}: `cropping` leaves nothing of axis {axis}.",
                        expected=f"inputs of size {before + after + 1} or more there",
                        got=size,
                    )
                )
            inputs = jax.lax.slice_in_dim(inputs, before, size - after, axis=axis)
        return inputs


@register("layer")
class Cropping1D(_Cropping):
    """Cuts `cropping` (before, after) off the time axis of (batch, time, features).

    >>> import numpy as np
    >>> Cropping1D((1, 2))(np.ones((1, 8, 3))).shape
    (1, 5, 3)
    """

    domains = {"cropping": _pair}

    def __init__(self, cropping: int | tuple[int, int] = (1, 1), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping = normalize_tuple(cropping, 2)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The inputs without their ends."""
        return self._crop(inputs, [self.cropping], "channels_last")


@register("layer")
class Cropping2D(_Cropping):
    """Cuts `cropping` ((top, bottom), (left, right)) off images.

    >>> import numpy as np
    >>> Cropping2D(((1, 2), (0, 1)))(np.ones((1, 8, 8, 3))).shape
    (1, 5, 7, 3)
    """

    domains = {"cropping": _pairs(2), "data_format": data_formats}

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping, self.data_format = _as_pairs(cropping, 2), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """The images without their edges."""
        return self._crop(inputs, self.cropping, self.data_format)


@register("layer")
class Cropping3D(_Cropping):
    """Cuts `cropping` (three pairs (before, after)) off volumes.

    >>> import numpy as np
    >>> Cropping3D()(np.ones((1, 8, 8, 8, 3))).shape
    (1, 6, 6, 6, 3)
    """

    domains = {"cropping": _pairs(3), "data_format": data_formats}

    def __init__(self, cropping: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.cropping, self.data_format = _as_pairs(cropping, 3), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Any) -> Any:
        """The volumes without their faces."""
        return self._crop(inputs, self.cropping, self.data_format)


# Zero padding --------------------------------------------------------------------------------------------------------


def _pad(inputs: Any, padding: Sequence[tuple[int, int]], data_format: str) -> Any:
    axes = dict(zip(spatial_axes(data_format, len(padding)), padding, strict=True))
    return jnp.pad(inputs, [axes.get(axis, (0, 0)) for axis in range(inputs.ndim)])


@register("layer")
class ZeroPadding1D(Layer):
    """Zeros before and after: (batch, time, features) -> (batch, before + time + after, features)

    >>> import numpy as np
    >>> ZeroPadding1D((1, 2))(np.ones((1, 5, 3))).shape
    (1, 8, 3)
    """

    domains = {"padding": _pair, "data_format": data_formats}

    def __init__(self, padding: int | tuple[int, int] = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding, self.data_format = normalize_tuple(padding, 2), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The inputs between zeros."""
        return _pad(inputs, [self.padding], self.data_format)


@register("layer")
class ZeroPadding2D(Layer):
    """Zeros around images: `padding` is ((top, bottom), (left, right)).

    >>> import numpy as np
    >>> ZeroPadding2D(((1, 2), (0, 1)))(np.ones((1, 5, 5, 3))).shape
    (1, 8, 6, 3)
    """

    domains = {"padding": _pairs(2), "data_format": data_formats}

    def __init__(self, padding: Any = (1, 1), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding, self.data_format = _as_pairs(padding, 2), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """The images among zeros."""
        return _pad(inputs, self.padding, self.data_format)


@register("layer")
class ZeroPadding3D(Layer):
    """Zeros around volumes: `padding` is three pairs (before, after).

    >>> import numpy as np
    >>> ZeroPadding3D(1)(np.ones((1, 5, 5, 5, 3))).shape
    (1, 7, 7, 7, 3)
    """

    domains = {"padding": _pairs(3), "data_format": data_formats}

    def __init__(self, padding: Any = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.padding, self.data_format = _as_pairs(padding, 3), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Any) -> Any:
        """The volumes among zeros."""
        return _pad(inputs, self.padding, self.data_format)


# Upsampling ----------------------------------------------------------------------------------------------------------


def _repeat(inputs: Any, times: Sequence[int], data_format: str) -> Any:
    for axis, count in zip(spatial_axes(data_format, len(times)), times, strict=True):
        inputs = jnp.repeat(inputs, count, axis=axis)
    return inputs


@register("layer")
class UpSampling1D(Layer):
    """Each time step `size` times: (batch, time, features) -> (batch, time * size, features)

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).tolist()
    [[[1.0], [1.0], [2.0], [2.0]]]
    """

    domains = {"size": positive_int}

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.size = int(size)
        self.input_spec = InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The steps, repeated."""
        return _repeat(inputs, [self.size], "channels_last")


@register("layer")
class UpSampling2D(Layer):
    """Images `size` (height, width) times as large.

    `interpolation`: "nearest" repeats pixels; "bilinear", "bicubic", "lanczos3" and "lanczos5" resize.

    >>> import numpy as np
    >>> UpSampling2D((2, 3))(np.ones((1, 4, 4, 3))).shape
    (1, 8, 12, 3)
    """

    domains = {
        "size": sizes(2),
        "data_format": data_formats,
        "interpolation": one_of("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"),
    }

    def __init__(
        self,
        size: int | tuple[int, int] = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.data_format = normalize_tuple(size, 2), config.standardize_data_format(data_format)
        self.interpolation = interpolation
        self.input_spec = InputSpec(ndim=4)

    def call(self, inputs: Any) -> Any:
        """The images, enlarged."""
        if self.interpolation == "nearest":
            return _repeat(inputs, self.size, self.data_format)
        factors = dict(zip(spatial_axes(self.data_format, 2), self.size, strict=True))
        shape = [size * factors.get(axis, 1) for axis, size in enumerate(inputs.shape)]
        return jax.image.resize(inputs, shape, self.interpolation)


@register("layer")
class UpSampling3D(Layer):
    """Volumes `size` times as large, by repeating.

    >>> import numpy as np
    >>> UpSampling3D((2, 1, 3))(np.ones((1, 2, 2, 2, 3))).shape
    (1, 4, 2, 6, 3)
    """

    domains = {"size": sizes(3), "data_format": data_formats}

    def __init__(
        self, size: int | tuple[int, int, int] = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.data_format = normalize_tuple(size, 3), config.standardize_data_format(data_format)
        self.input_spec = InputSpec(ndim=5)

    def call(self, inputs: Any) -> Any:
        """The volumes, enlarged."""
        return _repeat(inputs, self.size, self.data_format)
