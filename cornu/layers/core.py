"""The layers that most networks are made of: inputs, dense products, plain functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from cornu import activations, constraints, dtypes, initializers, registry, regularizers, symbolic
from cornu.errors import brief, explain
from cornu.layers import einsum_shapes
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import Domain, boolean, maybe, positive_int

_callable = Domain("a callable", callable)


# Inputs --------------------------------------------------------------------------------------------------------------


@register("layer")
class InputLayer(Layer):
    """The place where data enter a model; `Input` makes one and gives its symbolic tensor.

    Raises ValueError where the shape is missing or given twice, or doesn't fit `input_tensor`.

    >>> InputLayer((28, 28)).batch_shape
    (None, 28, 28)
    """

    domains = {"batch_size": maybe(positive_int)}

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: symbolic.KerasTensor | None = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        shape = kwargs.pop("input_shape", shape)
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        if ragged:
            raise ValueError(explain(f"Input {self.name!r}: ragged tensors don't exist on JAX.", got="ragged=True"))
        if input_tensor is None:
            dtype = dtypes.standardize(dtype)
            shape = _whole_shape(self.name, shape, batch_size, batch_shape)
            input_tensor = symbolic.KerasTensor(shape, dtype, sparse=bool(sparse), name=self.name)
        else:
            _check_same(self.name, input_tensor, shape, batch_size, batch_shape, dtype)
        self.batch_shape, self._dtype = input_tensor.shape, input_tensor.dtype
        self.sparse, self.ragged, self.optional = input_tensor.sparse, False, optional
        self._nodes.append(symbolic.Node(self, (), {}, input_tensor))
        self.built = True

    def call(self) -> None:
        """Nothing to compute: the model puts the data in its place."""

    @property
    def dtype(self) -> str:
        """The dtype of the data."""
        return self._dtype

    def _base_config(self) -> dict:
        return {"batch_shape": self.batch_shape, "dtype": self.dtype, "name": self.name}

    def _config_names(self, cls: type) -> list[str]:
        return ["sparse", "ragged", "optional"]


def _whole_shape(name: str, shape: Any, batch_size: int | None, batch_shape: Any) -> tuple:
    if (shape is None) == (batch_shape is None) or (batch_size is not None and batch_shape is not None):
        raise ValueError(
            explain(
                f"Input {name!r}: the shape is missing, or given twice.",
                expected="`shape` (and `batch_size`), or `batch_shape`",
                got=f"shape={shape}, batch_size={batch_size}, batch_shape={batch_shape}",
            )
        )
    given = shape if batch_shape is None else batch_shape
    sizes = given if isinstance(given, (list, tuple)) else (given,)
    wrong = [size for size in sizes if size is not None and not positive_int.test(size) and size != 0]
    if wrong or (given is not sizes and isinstance(given, (list, tuple))):
        raise ValueError(
            explain(f"Input {name!r}: argument `shape` is wrong.", expected="a tuple of sizes or None", got=given)
        )
    sizes = tuple(None if size is None else int(size) for size in sizes)
    return (batch_size, *sizes) if batch_shape is None else sizes


def _check_same(name: str, tensor: Any, shape: Any, batch_size: Any, batch_shape: Any, dtype: Any) -> None:
    if not isinstance(tensor, symbolic.KerasTensor):
        raise ValueError(
            explain(f"Input {name!r}: argument `tensor` is wrong.", expected="a symbolic tensor", got=brief(tensor))
        )
    given = {
        "shape": (shape, tensor.shape[1:]),
        "batch_size": (batch_size, tensor.shape[0] if tensor.shape else None),
        "batch_shape": (batch_shape, tensor.shape),
        "dtype": (dtype, tensor.dtype),
    }
    for argument, (value, own) in given.items():
        if value is not None and (tuple(value) if isinstance(value, list) else value) != own:
            raise ValueError(
                explain(f"Input {name!r}: argument `{argument}` isn't the tensor's.", expected=own, got=value)
            )


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: symbolic.KerasTensor | None = None,
    optional: bool = False,
) -> symbolic.KerasTensor:
    """A symbolic tensor for the data that enter a model.

    Args:
        shape: the shape of one sample; None for a size that varies.
        batch_size: the number of samples, where it is fixed.
        dtype: default `floatx()`.
        sparse: kept for Keras's signature.
        ragged: refused: JAX has no ragged tensors.
        batch_shape: the shape with the batch axis, in the place of `shape` and `batch_size`.
        name: the name of the input, and its key in a dict of inputs.
        tensor: a symbolic tensor to be used as the input.
        optional: whether None may be passed.

    >>> Input((784,), name="pixels").shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name)
    return layer.output


# Products ------------------------------------------------------------------------------------------------------------


@register("layer")
class Dense(Layer):
    """activation(x · kernel + bias)

    Input (..., features), output (..., units): the product runs over the last axis. Weights: kernel (features, units),
    bias (units,).

    Difference from Keras: no `lora_rank`, `quantization_config`: these are wrappers, not parts of Dense.
    Raises ValueError for inputs without axes, or whose last axis isn't the one that the layer was built for.

    >>> import numpy as np
    >>> Dense(3, kernel_initializer="ones")(np.ones((2, 4))).tolist()
    [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0]]
    """

    domains = {"units": positive_int, "use_bias": boolean}

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units, self.use_bias = int(units), use_bias
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)
        self.supports_masking = True

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        features = known_size(self, input_shape, -1)
        self.kernel = self.add_weight(
            (features, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = add_bias(self, (self.units,))
        self.input_spec = InputSpec(min_ndim=2, axes={-1: features})

    def call(self, inputs: Any) -> Any:
        """The product, the bias, the activation."""
        outputs = inputs @ self.kernel
        if self.bias is not None:
            outputs = outputs + self.bias
        return self.activation(outputs)


def known_size(layer: Layer, shape: Sequence[int | None], axis: int) -> int:
    """The size of an axis of the inputs, on which a weight's shape depends; ValueError where it isn't known."""
    size = shape[axis] if -len(shape) <= axis < len(shape) else None
    if size is None:
        raise ValueError(
            explain(
                f"Layer {layer.name!r}: the size of axis {axis} of the inputs must be known.",
                expected=f"a shape with a size on axis {axis}",
                got=tuple(shape),
            )
        )
    return size


def add_bias(layer: Any, shape: Sequence[int] | None) -> Any:
    """The bias of a layer that has `bias_initializer`, `bias_regularizer` and `bias_constraint`; None without one."""
    if shape is None or not getattr(layer, "use_bias", True):
        return None
    return layer.add_weight(
        shape,
        layer.bias_initializer,
        regularizer=layer.bias_regularizer,
        constraint=layer.bias_constraint,
        name="bias",
    )


@register("layer")
class EinsumDense(Layer):
    """activation(einsum(equation, x, kernel) + bias)

    Args:
        equation: two operands, the inputs and the kernel, as in "abc,cd->abd"; "..." may stand for the inputs' first or
            last axes.
        output_shape: the sizes of the output without the batch; None where an axis has the size of the input's.
        activation: a function of the output.
        bias_axes: the letters of the output's axes that the bias has; None for no bias.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer: penalties on the weights.
        kernel_constraint, bias_constraint: projections of the weights.

    Raises ValueError for an equation of another form, or that doesn't fit the shapes.

    >>> import numpy as np
    >>> EinsumDense("abc,cd->abd", (None, 5), bias_axes="d")(np.ones((2, 3, 4))).shape
    (2, 3, 5)
    """

    domains = {"equation": Domain("a string such as 'abc,cd->abd'", lambda v: isinstance(v, str))}

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: Any = None,
        bias_axes: str | None = None,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.equation, self.bias_axes = equation, bias_axes
        self.partial_output_shape = (output_shape,) if isinstance(output_shape, int) else tuple(output_shape)
        self._recorded["output_shape"] = self.partial_output_shape
        self.activation = activations.get(activation)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias, of the shapes that the equation gives them."""
        found = einsum_shapes.analyze(self.name, self.equation, self.bias_axes, input_shape, self.partial_output_shape)
        self.kernel = self.add_weight(
            found.kernel,
            einsum_shapes.with_axes(self.kernel_initializer, found.input_axes, found.output_axes),
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = add_bias(self, found.bias)
        self.input_spec = InputSpec(ndim=len(input_shape))

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The inputs' mask, where the equation leaves its axes in their place; else None."""
        kept = einsum_shapes.kept_axes(self.equation, inputs.ndim)
        return previous_mask if previous_mask is not None and previous_mask.ndim <= kept else None

    def call(self, inputs: Any) -> Any:
        """The product, the bias, the activation."""
        outputs = jnp.einsum(self.equation, inputs, self.kernel.value)
        if self.bias is not None:
            outputs = outputs + self.bias
        return self.activation(outputs)


# Functions -----------------------------------------------------------------------------------------------------------


@register("layer")
class Activation(Layer):
    """activation(x), of any shape

    >>> import numpy as np
    >>> Activation("relu")(np.array([-1.0, 2.0])).tolist()
    [0.0, 2.0]
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The function of the inputs."""
        return self.activation(inputs)


@register("layer")
class Identity(Layer):
    """The inputs themselves, of any structure; their masks, too.

    >>> import numpy as np
    >>> Identity()(np.array([3.0])).tolist()
    [3.0]
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        """The inputs."""
        return inputs


@register("layer")
class Lambda(Layer):
    """A function as a layer: function(x, **arguments)

    Args:
        function: takes the inputs, and `mask` and `training` where it has parameters of these names.
        output_shape: kept for Keras's signature; the shape is found by tracing the function.
        mask: the output's mask, or a function (inputs, mask) -> mask; default: none.
        arguments: more arguments of the function.

    To save a model that holds one, the function must have a registered name
    (`cornu.saving.register_keras_serializable`) or be given as a custom object when it is loaded. Difference from
    Keras: no bytecode is ever written or read.

    >>> import numpy as np
    >>> Lambda(lambda x: x**2)(np.array([3.0])).tolist()
    [9.0]
    """

    domains = {"function": Domain("a function, or the name of a registered one", lambda v: callable(v) or _is_name(v))}

    def __init__(
        self,
        function: Callable,
        output_shape: Any = None,
        mask: Any = None,
        arguments: dict | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.function = _function(function)
        self.mask = _function(mask) if _is_name(mask) else mask
        self.arguments = arguments or {}
        self.supports_masking = mask is not None

    def _config_names(self, cls: type) -> list[str]:
        names = super()._config_names(cls)
        return [name for name in names if name not in ("mask", "output_shape") or self._recorded[name] is not None]

    def call(self, inputs: Any, mask: Any = None, training: bool | None = None) -> Any:
        """The function of the inputs."""
        wanted = inspect.signature(self.function).parameters
        given = {name: value for name, value in (("mask", mask), ("training", training)) if name in wanted}
        return self.function(inputs, **{**self.arguments, **given})

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The mask that was given, or what its function gives."""
        return self.mask(inputs, mask) if callable(self.mask) else self.mask


def _is_name(value: Any) -> bool:
    return isinstance(value, str) or registry.is_config(value)


def _function(value: Any) -> Any:
    return registry.deserialize(value, kind="activation") if _is_name(value) else value


@register("layer")
class Wrapper(Layer):
    """The base of layers that hold another one, `layer`.

    Raises ValueError for something that is no layer.

    >>> Wrapper(Dense(3)).layer.units
    3
    """

    domains = {"layer": Domain("a layer", lambda v: isinstance(v, Layer) or registry.is_config(v))}

    def __init__(self, layer: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.layer = registry.deserialize(layer) if registry.is_config(layer) else layer

    def build(self, input_shape: Any = None) -> None:
        """Builds the layer inside."""
        if not self.layer.built:
            self.layer.build(input_shape)
