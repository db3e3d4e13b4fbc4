"""Activations with weights, and with a threshold, that went away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import initializers
from cornu.compat.old.initializations import unstructured
from cornu.initializers import VarianceScaling
from cornu.layers.core import known_size
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import nonnegative, number


class _PerUnit(Layer):
    """Base of the activations with weights of the shape of a sample; of size 1 along `shared_axes`."""

    def __init__(self, shared_axes: int | Sequence[int] | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else list(shared_axes or [])
        self.supports_masking = True

    def _add(self, name: str, input_shape: Sequence[int | None], initializer: Any) -> Any:
        shared = [axis % len(input_shape) for axis in self.shared_axes]
        shape = [1 if a in shared else known_size(self, input_shape, a) for a in range(1, len(input_shape))]
        if isinstance(initializer, VarianceScaling):
            initializer = unstructured(initializer, initializer.mode)
        return self.add_weight(shape, initializer, name=name)


@register("layer")
class SReLU(_PerUnit):
    """l + a_l (x - l) for x <= l; x between; r + a_r (x - r) for x >= r, where r = l + |t_right|

    Weights of the shape of a sample: t_left l, a_left a_l, t_right, a_right a_r.

    Args:
        t_left_initializer, a_left_initializer, t_right_initializer, a_right_initializer: of the weights.
        shared_axes: the axes along which they are shared, as in `PReLU`.

    Source: Jin et al., 2016, "Deep Learning with S-shaped Rectified Linear Activation Units", arXiv:1512.07030.

    >>> import numpy as np
    >>> layer = SReLU(a_left_initializer="zeros", t_right_initializer="ones")
    >>> layer(np.array([[-1.0, 0.5, 3.0]])).tolist()
    [[0.0, 0.5, 3.0]]
    """

    def __init__(
        self,
        t_left_initializer: Any = "zeros",
        a_left_initializer: Any = "glorot_uniform",
        t_right_initializer: Any = "glorot_uniform",
        a_right_initializer: Any = "ones",
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes, **kwargs)
        self.t_left_initializer = initializers.get(t_left_initializer)
        self.a_left_initializer = initializers.get(a_left_initializer)
        self.t_right_initializer = initializers.get(t_right_initializer)
        self.a_right_initializer = initializers.get(a_right_initializer)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights."""
        self.t_left = self._add("t_left", input_shape, self.t_left_initializer)
        self.a_left = self._add("a_left", input_shape, self.a_left_initializer)
        self.t_right = self._add("t_right", input_shape, self.t_right_initializer)
        self.a_right = self._add("a_right", input_shape, self.a_right_initializer)

    def call(self, inputs: Any) -> Any:
        """The three pieces."""
        left, right = self.t_left.value, self.t_left.value + jnp.abs(self.t_right.value)
        middle = jnp.clip(inputs, left, right)
        below, above = jnp.minimum(inputs - left, 0), jnp.maximum(inputs - right, 0)
        return middle + self.a_left.value * below + self.a_right.value * above


@register("layer")
class ParametricSoftplus(_PerUnit):
    """alpha * log(1 + exp(beta * x)), alpha and beta weights of the shape of a sample

    Args:
        alpha_initializer, beta_initializer: the numbers with which they begin, or initializers.
        shared_axes: the axes along which they are shared, as in `PReLU`.

    Source: McFarland et al., 2013, "Inferring Nonlinear Neuronal Computation Based on Physiologically Plausible
    Inputs".

    >>> import numpy as np
    >>> round(float(ParametricSoftplus()(np.array([[0.0]]))[0, 0]), 3)
    0.139
    """

    def __init__(
        self,
        alpha_initializer: Any = 0.2,
        beta_initializer: Any = 5.0,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(shared_axes, **kwargs)
        self.alpha_initializer = _start(alpha_initializer)
        self.beta_initializer = _start(beta_initializer)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the weights."""
        self.alpha = self._add("alpha", input_shape, self.alpha_initializer)
        self.beta = self._add("beta", input_shape, self.beta_initializer)

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return self.alpha.value * jax.nn.softplus(self.beta.value * inputs)


def _start(value: Any) -> Any:
    return initializers.Constant(float(value)) if number.test(value) else initializers.get(value)


@register("layer")
class ThresholdedReLU(Layer):
    """x where x > theta, else 0

    Source: Konda et al., 2015, "Zero-bias autoencoders and the benefits of co-adapting features", arXiv:1402.3337.

    >>> import numpy as np
    >>> ThresholdedReLU(1.0)(np.array([0.5, 1.5])).tolist()
    [0.0, 1.5]
    """

    domains = {"theta": nonnegative}

    def __init__(self, theta: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.theta = float(theta)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs above the threshold."""
        return jnp.where(inputs > self.theta, inputs, jnp.zeros_like(inputs))
