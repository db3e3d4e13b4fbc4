"""Layers that give their inputs mean 0 and variance 1, or length 1, over a batch, a sample, or groups of channels.

Statistics are computed in 32 bits at least, whatever the dtype of the inputs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config, constraints, initializers, regularizers
from cornu.errors import explain
from cornu.kernels.normalize import normalize
from cornu.layers.core import Wrapper, known_size
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.layers.merging import unit
from cornu.registry import register
from cornu.signature import Domain, boolean, either, integer, interval, nonnegative, one_of, positive_int
from cornu.variables import Variable

_axes = either(
    integer,
    Domain("a list of integers", lambda v: isinstance(v, (list, tuple)) and len(v) > 0 and all(map(integer.test, v))),
)


def _as_list(axis: int | Sequence[int]) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


def _at_least_float32(x: Any) -> Any:
    return x.astype(jnp.promote_types(x.dtype, jnp.float32))


class _Affine(Layer):
    """Base of the layers whose result is scaled by `gamma` and shifted by `beta`, where the arguments say so."""

    gamma: Any
    beta: Any

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon, self.center, self.scale = float(epsilon), center, scale
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma = self.beta = None
        self.supports_masking = True

    def _add_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                autocast=False,
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                autocast=False,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def _scaled(self, x: Any, mean: Any, variance: Any, shape: Sequence[int]) -> Any:
        """gamma * (x - mean) / sqrt(variance + epsilon) + beta; `shape` is that of gamma and beta beside x."""
        gamma, beta = self._gamma_and_beta(x, shape)
        return (x - mean) * (gamma * jax.lax.rsqrt(variance + self.epsilon)) + beta

    def _gamma_and_beta(self, x: Any, shape: Sequence[int]) -> list[Any]:
        there = ((self.gamma, 1), (self.beta, 0))
        return [
            jnp.asarray(neutral, x.dtype) if weight is None else weight.value.reshape(shape).astype(x.dtype)
            for weight, neutral in there
        ]


_affine_domains = {"epsilon": nonnegative, "center": boolean, "scale": boolean}


@register("layer")
class BatchNormalization(_Affine):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, per channel

    In training, mean and variance are those of the batch, over all axes but `axis`, and the moving averages follow:
    moving = momentum * moving + (1 - momentum) * batch. In inference, and where `trainable` is False, they are the
    moving averages. Masked steps don't count. Weights: gamma, beta, moving_mean, moving_variance, each (channels,).

    Args:
        axis: the axis of the channels.
        momentum: of the moving averages.
        epsilon: added to the variance.
        center, scale: whether there is a beta, a gamma.
        beta_initializer, gamma_initializer, moving_mean_initializer, moving_variance_initializer: initial values.
        beta_regularizer, gamma_regularizer: penalties.
        beta_constraint, gamma_constraint: projections.
        renorm, renorm_clipping, renorm_momentum: kept for Keras's signature; `renorm=True` is refused.
        synchronized: kept for Keras's signature; the statistics are always those of the whole batch, over all devices.

    Raises ValueError for inputs of another size or rank than built for, and for a mask that doesn't fit them.
    Source: Ioffe and Szegedy, 2015, arXiv:1502.03167.

    >>> import numpy as np
    >>> layer = BatchNormalization(epsilon=0.0)
    >>> layer(np.array([[1.0], [3.0]]), training=True).tolist(), f"{layer.moving_mean.numpy()[0]:.2f}"
    ([[-1.0], [1.0]], '0.02')
    """

    domains = {**_affine_domains, "axis": integer, "momentum": interval(0, 1), "renorm": one_of(False)}

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: dict | None = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis, self.momentum, self.synchronized = int(axis), float(momentum), synchronized
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes gamma, beta and the moving averages."""
        channels = known_size(self, input_shape, self.axis)
        self._add_gamma_and_beta((channels,))
        self.moving_mean = self._add_average(channels, self.moving_mean_initializer, "moving_mean")
        self.moving_variance = self._add_average(channels, self.moving_variance_initializer, "moving_variance")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def _add_average(self, channels: int, initializer: Any, name: str) -> Variable:
        return self.add_weight((channels,), initializer, trainable=False, autocast=False, name=name)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalized inputs; in training, the moving averages move."""
        x = _at_least_float32(inputs)
        channels = self.axis % x.ndim
        shape = [size if axis == channels else 1 for axis, size in enumerate(x.shape)]
        averages = (self.moving_mean, self.moving_variance)
        if not (training and self.trainable):
            mean, variance = (v.value.reshape(shape).astype(x.dtype) for v in averages)
            return self._scaled(x, mean, variance, shape).astype(self.compute_dtype)
        axes = tuple(axis for axis in range(x.ndim) if axis != channels)
        if mask is None:
            outputs, mean, variance = normalize(x, *self._gamma_and_beta(x, shape), axes, self.epsilon)
        else:
            mean, variance = self._masked_moments(x, mask, axes)
            outputs = self._scaled(x, mean, variance, shape)
        for moving, batch in zip(averages, (mean, variance), strict=True):
            moving.assign(moving.value * self.momentum + batch.reshape(-1) * (1.0 - self.momentum))
        return outputs.astype(self.compute_dtype)

    def _masked_moments(self, x: Any, mask: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
        if mask.ndim != x.ndim - 1:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: the mask doesn't fit the inputs.",
                    expected=f"shape {x.shape[:-1]}",
                    got=f"shape {mask.shape}",
                )
            )
        counted = jnp.broadcast_to(mask[..., None], x.shape).astype(bool)
        number = counted.sum(axes, dtype=x.dtype, keepdims=True) + config.epsilon()
        mean = jnp.where(counted, x, 0).sum(axes, keepdims=True) / number
        return mean, jnp.square(jnp.where(counted, x - mean, 0)).sum(axes, keepdims=True) / number


@register("layer")
class LayerNormalization(_Affine):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over `axis` of each sample

    gamma and beta have the shape of these axes. With `rms_scaling=True`, an old spelling, nothing is subtracted or
    added; `RMSNormalization` is what its name promised.

    Source: Ba, Kiros and Hinton, 2016, arXiv:1607.06450.

    >>> import numpy as np
    >>> LayerNormalization(epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    domains = {**_affine_domains, "axis": _axes}

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        self.rms_scaling = kwargs.pop("rms_scaling", False)
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.autocast = False

    def _config_names(self, cls: type) -> list[str]:
        return [*super()._config_names(cls), "rms_scaling"]

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes gamma and beta."""
        if self.rms_scaling:
            self.scale, self.center = True, False
        self._add_gamma_and_beta(tuple(known_size(self, input_shape, axis) for axis in sorted(_as_list(self.axis))))
        sizes = {axis: input_shape[axis] for axis in _as_list(self.axis)}
        self.input_spec = InputSpec(min_ndim=len(sizes), axes=sizes)

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        x = _at_least_float32(inputs)
        axes = tuple(axis % x.ndim for axis in _as_list(self.axis))
        shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        mean = 0 if self.rms_scaling else x.mean(axes, keepdims=True)
        return self._scaled(x, mean, x.var(axes, keepdims=True), shape).astype(self.compute_dtype)


@register("layer")
class GroupNormalization(_Affine):
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, mean and variance over groups of channels of each sample

    `groups`: their number, a divisor of the number of channels; -1 for one group per channel (instance normalization).
    Raises ValueError where it is no divisor. Source: Wu and He, 2018, arXiv:1803.08494.

    >>> import numpy as np
    >>> GroupNormalization(groups=1, epsilon=0.0)(np.array([[1.0, 3.0]])).tolist()
    [[-1.0, 1.0]]
    """

    domains = {**_affine_domains, "axis": integer, "groups": either(positive_int, one_of(-1))}

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        self.groups, self.axis = int(groups), axis
        self.autocast = False

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes gamma and beta."""
        channels = known_size(self, input_shape, self.axis)
        if self.groups != -1 and channels % self.groups:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: `groups` must divide the number of channels.",
                    expected=f"a divisor of {channels}",
                    got=self.groups,
                )
            )
        self._add_gamma_and_beta((channels,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: channels})

    def call(self, inputs: Any) -> Any:
        """The normalized inputs."""
        axis = self.axis % inputs.ndim
        channels = inputs.shape[axis]
        groups = channels if self.groups == -1 else self.groups
        split = (groups, channels // groups)
        x = _at_least_float32(inputs).reshape(*inputs.shape[:axis], *split, *inputs.shape[axis + 1 :])
        axes = tuple(a for a in range(1, x.ndim) if a != axis)
        shape = [1] * axis + list(split) + [1] * (x.ndim - axis - 2)
        normalized = self._scaled(x, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), shape)
        return normalized.reshape(inputs.shape).astype(self.compute_dtype)


@register("layer")
class UnitNormalization(Layer):
    """x / |x|, the Euclidean length taken over `axis`

    Difference from Keras: the gradient at zero is finite.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[0.0, 4.0]])).tolist()
    [[0.0, 1.0]]
    """

    domains = {"axis": _axes}

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else list(axis)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs with length 1."""
        return unit(inputs, tuple(_as_list(self.axis)), 1e-12)


@register("layer")
class RMSNormalization(Layer):
    """scale * x / sqrt(mean(x²) + epsilon), the mean taken over `axis`

    Source: Zhang and Sennrich, 2019, arXiv:1910.07467. Difference from Keras: masks pass on.

    >>> import numpy as np
    >>> RMSNormalization(epsilon=0.0)(np.array([[3.0, 3.0]])).tolist()
    [[1.0, 1.0]]
    """

    domains = {"axis": _axes, "epsilon": nonnegative}

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = axis if isinstance(axis, int) else list(axis), float(epsilon)
        self.supports_masking = True

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the scale."""
        shape = tuple(known_size(self, input_shape, axis) for axis in sorted(_as_list(self.axis)))
        self.scale = self.add_weight(shape, "ones", name="scale")

    def call(self, x: Any) -> Any:
        """The scaled inputs."""
        wide = _at_least_float32(x)
        axes = tuple(axis % x.ndim for axis in _as_list(self.axis))
        shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        factor = jax.lax.rsqrt(jnp.square(wide).mean(axes, keepdims=True) + self.epsilon)
        return (wide * factor * self.scale.value.reshape(shape).astype(wide.dtype)).astype(x.dtype)


@register("layer")
class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its largest singular value in every step of training.

    The singular value is found by `power_iterations` steps of the power method, which start from `vector_u`, kept
    between the steps. Raises ValueError for a layer without kernel or embeddings.
    Source: Miyato et al., 2018, arXiv:1802.05957.

    >>> import numpy as np
    >>> from cornu.layers.core import Dense
    >>> SpectralNormalization(Dense(3))(np.ones((2, 4)), training=True).shape
    (2, 3)
    """

    domains = {"power_iterations": positive_int}

    def __init__(self, layer: Layer, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = power_iterations

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer inside and makes `vector_u`."""
        super().build(input_shape)
        kernel = getattr(self.layer, "kernel", None)
        self.kernel: Any = kernel if kernel is not None else getattr(self.layer, "embeddings", None)
        if self.kernel is None:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: the layer inside has nothing to normalize.",
                    expected="a layer with `kernel` or `embeddings`",
                    got=self.layer,
                )
            )
        self.vector_u = self.add_weight(
            (1, self.kernel.shape[-1]),
            initializers.TruncatedNormal(stddev=0.02),
            self.kernel.dtype,
            trainable=False,
            name="vector_u",
        )
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The outputs of the layer inside; in training, its kernel is normalized first."""
        if training:
            self._normalize_kernel()
        return self.layer(inputs)

    def _normalize_kernel(self) -> None:
        kernel, u = self.kernel.value, self.vector_u.value
        matrix, old = kernel.reshape(-1, kernel.shape[-1]), u
        for _ in range(self.power_iterations):
            v = unit(u @ matrix.T, None, config.epsilon())
            u = unit(v @ matrix, None, config.epsilon())
        u, v = jax.lax.stop_gradient((u, v))
        sigma = v @ matrix @ u.T
        empty = jnp.all(kernel == 0)
        self.kernel.assign(kernel / jnp.where(empty, 1, sigma[0, 0]))
        self.vector_u.assign(jnp.where(empty, old, u))
