"""The dense layers of Keras 1 that went away, and the one that joined the steps of a sequence for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import activations, constraints, initializers, regularizers
from cornu.compat.old.initializations import unstructured
from cornu.initializers import VarianceScaling
from cornu.layers.core import Dense, known_size
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import boolean, one_of, positive_int


class _Kernels(Layer):
    """Base of the layers of this module: their arguments, and weights with what belongs to them."""

    domains = {"use_bias": boolean}

    def __init__(
        self,
        use_bias: bool,
        kernel_initializer: Any,
        kernel_regularizer: Any,
        bias_regularizer: Any,
        kernel_constraint: Any,
        bias_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_bias = use_bias
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.bias: Any = None
        self.input_spec = InputSpec(ndim=2)

    def _add_kernel(self, shape: Sequence[int], initializer: Any = None) -> Any:
        return self.add_weight(
            shape,
            initializer or self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )

    def _add_bias(self, shape: Sequence[int]) -> Any:
        if not self.use_bias:
            return None
        return self.add_weight(
            shape, "zeros", regularizer=self.bias_regularizer, constraint=self.bias_constraint, name="bias"
        )


@register("layer")
class Highway(_Kernels):
    """t * activation(x · kernel + bias) + (1 - t) * x, with t = sigmoid(x · carry_kernel + carry_bias)

    Input and output (batch, features). Weights: kernel, carry_kernel (features, features), bias, carry_bias
    (features,). The carry bias begins at `transform_bias`. Regularizers and constraints are for kernel and bias.

    Source: Srivastava et al., 2015, "Highway Networks", arXiv:1505.00387.

    >>> import numpy as np
    >>> Highway(activation="relu")(np.ones((2, 3))).shape
    (2, 3)
    """

    def __init__(
        self,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        transform_bias: float = 1.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias, kernel_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.transform_bias = float(transform_bias)
        self.activation = activations.get(activation)
        self.carry_bias: Any = None

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes the kernels and the biases."""
        size = known_size(self, input_shape, -1)
        self.kernel = self._add_kernel((size, size))
        self.carry_kernel = self.add_weight((size, size), self.kernel_initializer, name="carry_kernel")
        self.bias = self._add_bias((size,))
        if self.use_bias:
            self.carry_bias = self.add_weight((size,), initializers.Constant(self.transform_bias), name="carry_bias")

    def call(self, inputs: Any) -> Any:
        """The transformed share and the carried share of the inputs."""
        transformed, carry = inputs @ self.kernel.value, inputs @ self.carry_kernel.value
        if self.use_bias:
            transformed, carry = transformed + self.bias.value, carry + self.carry_bias.value
        t = jax.nn.sigmoid(carry)
        return t * self.activation(transformed) + (1 - t) * inputs


@register("layer")
class MaxoutDense(_Kernels):
    """max over k of x · kernel[k] + bias[k], element by element

    Input (batch, features), output (batch, units). Weights: kernel (nb_feature, features, units), bias (nb_feature,
    units).

    Args:
        units: the size of the output.
        nb_feature: how many linear functions the maximum is taken of.
        use_bias, kernel_initializer, kernel_regularizer, bias_regularizer, activity_regularizer, kernel_constraint,
            bias_constraint: as in `Dense`. As in Keras 1, initializers that scale with the fans take the square root
            of the kernel's number of values for them.

    Source: Goodfellow et al., 2013, "Maxout Networks", arXiv:1302.4389.

    >>> import numpy as np
    >>> MaxoutDense(5, nb_feature=2)(np.ones((2, 3))).shape
    (2, 5)
    """

    domains = {"units": positive_int, "nb_feature": positive_int}

    def __init__(
        self,
        units: int,
        nb_feature: int = 4,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            use_bias, kernel_initializer, kernel_regularizer, bias_regularizer, kernel_constraint, bias_constraint,
            activity_regularizer=activity_regularizer, **kwargs,
        )  # fmt: skip
        self.units, self.nb_feature = int(units), int(nb_feature)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        given = self.kernel_initializer
        initializer = unstructured(given, given.mode) if isinstance(given, VarianceScaling) else given
        self.kernel = self._add_kernel((self.nb_feature, known_size(self, input_shape, -1), self.units), initializer)
        self.bias = self._add_bias((self.nb_feature, self.units))

    def call(self, inputs: Any) -> Any:
        """The largest of the linear functions."""
        outputs = jnp.einsum("bi,kiu->bku", inputs, self.kernel.value)
        return jnp.max(outputs if self.bias is None else outputs + self.bias.value, axis=1)


@register("layer")
class TimeDistributedDense(Dense):
    """`Dense` at every step: (batch, time, features) -> (batch, time, units)

    >>> import numpy as np
    >>> TimeDistributedDense(5)(np.ones((2, 4, 3))).shape
    (2, 4, 5)
    """

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        super().build(input_shape)
        self.input_spec = InputSpec(ndim=3, axes={-1: input_shape[-1]})


@register("layer")
class TimeDistributedMerge(Layer):
    """The sum, mean, product or maximum over the steps: (batch, time, features) -> (batch, features)

    Args:
        mode: "sum", "ave", "mul" or "max".

    Masked steps count like any others, as they did.

    >>> import numpy as np
    >>> TimeDistributedMerge("ave")(np.array([[[1.0, 2.0], [3.0, 6.0]]])).tolist()
    [[2.0, 4.0]]
    """

    domains = {"mode": one_of("sum", "ave", "mul", "max")}

    def __init__(self, mode: str = "sum", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mode, self.input_spec = mode, InputSpec(ndim=3)

    def call(self, inputs: Any) -> Any:
        """The steps, taken together."""
        return getattr(jnp, {"ave": "mean", "mul": "prod"}.get(self.mode, self.mode))(inputs, axis=1)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: there are no steps any more."""
        return None
