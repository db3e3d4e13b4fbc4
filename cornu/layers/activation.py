"""Activation functions that have arguments or weights, as layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import activations, constraints, initializers, regularizers
from cornu.errors import explain
from cornu.layers.core import known_size
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import Domain, either, integer, maybe, nonnegative, number, positive_int

_several = Domain(
    "a list of integers", lambda v: isinstance(v, (list, tuple)) and len(v) > 0 and all(map(integer.test, v))
)


@register("layer")
class ReLU(Layer):
    """max(x, 0), at most `max_value`; negative_slope * (x - threshold) below `threshold`

    >>> import numpy as np
    >>> ReLU(max_value=6, negative_slope=0.5)(np.array([-1.0, 2.0, 9.0])).tolist()
    [-0.5, 2.0, 6.0]
    """

    domains = {"max_value": maybe(nonnegative), "negative_slope": nonnegative, "threshold": nonnegative}

    def __init__(
        self, max_value: float | None = None, negative_slope: float = 0.0, threshold: float = 0.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.max_value, self.negative_slope, self.threshold = max_value, negative_slope, threshold
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


@register("layer")
class LeakyReLU(Layer):
    """x where x > 0, else negative_slope * x (Maas et al., 2013)

    `alpha` is an older name of `negative_slope`.

    >>> import numpy as np
    >>> LeakyReLU(0.5)(np.array([-1.0, 2.0])).tolist()
    [-0.5, 2.0]
    """

    domains = {"negative_slope": nonnegative, "alpha": nonnegative}

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        self.negative_slope = kwargs.pop("alpha", negative_slope)
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return activations.leaky_relu(inputs, self.negative_slope)


@register("layer")
class ELU(Layer):
    """x where x > 0, else alpha * (exp(x) - 1) (Clevert et al., 2016, arXiv:1511.07289)

    Difference from Keras: the config holds `alpha`, which Keras forgets when it saves.

    >>> import numpy as np
    >>> ELU()(np.array([0.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    domains = {"alpha": number}

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = alpha
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return activations.elu(inputs, self.alpha)


@register("layer")
class PReLU(Layer):
    """x where x > 0, else alpha * x, with a trained alpha for each place of a sample (He et al., 2015)

    `shared_axes`: axes, counted from 1, along which alpha is the same. Weight: alpha.

    >>> import numpy as np
    >>> PReLU(alpha_initializer="ones")(np.array([[-1.0, 2.0]])).tolist()
    [[-1.0, 2.0]]
    """

    domains = {"shared_axes": maybe(either(positive_int, _several))}

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: int | Sequence[int] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        self.shared_axes = [shared_axes] if isinstance(shared_axes, int) else shared_axes and list(shared_axes)
        self.supports_masking = True

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes alpha."""
        shared = set(self.shared_axes or ())
        shape = [1 if axis in shared else known_size(self, input_shape, axis) for axis in range(1, len(input_shape))]
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )
        axes = {axis: input_shape[axis] for axis in range(1, len(input_shape)) if axis not in shared}
        self.input_spec = InputSpec(ndim=len(input_shape), axes=axes)

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return jax.nn.relu(inputs) - self.alpha.value * jax.nn.relu(-inputs)


@register("layer")
class Softmax(Layer):
    """exp(x) / sum exp(x), the sum taken over `axis`, one or several

    What `mask` says False to (or 0.5 and less) gets probability 0; where all is masked, every probability is 0.
    Raises ValueError for a mask that doesn't broadcast to the inputs.

    >>> import numpy as np
    >>> Softmax()(np.array([[1.0, 1.0, 5.0]]), mask=np.array([[True, True, False]])).tolist()
    [[0.5, 0.5, 0.0]]
    """

    domains = {"axis": either(integer, _several)}

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The probabilities."""
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        if mask is None:
            return activations.softmax(inputs, axis) if isinstance(axis, int) else jax.nn.softmax(inputs, axis)
        mask = as_bool(mask)
        _check_mask(self.name, mask.shape, inputs.shape)
        return jnp.where(mask, jax.nn.softmax(jnp.where(mask, inputs, large_negative(inputs.dtype)), axis), 0)


def large_negative(dtype: Any) -> float:
    """A number far below any score that a dtype can hold two of."""
    return -3e4 if dtype == jnp.float16 else -1e9


def as_bool(mask: Any) -> Any:
    """A mask as booleans; numbers count from above 0.5."""
    return mask if mask.dtype == bool else mask > 0.5


def _check_mask(name: str, mask: Sequence[Any], inputs: Sequence[Any]) -> None:
    pairs = zip(mask[::-1], inputs[::-1], strict=False)
    if len(mask) > len(inputs) or any(m != 1 and m != i for m, i in pairs):
        raise ValueError(
            explain(
                f"Layer {name!r}: the mask doesn't fit the inputs.",
                expected=f"a shape that broadcasts to {tuple(inputs)}",
                got=tuple(mask),
            )
        )
