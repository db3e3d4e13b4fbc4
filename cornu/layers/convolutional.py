"""Convolutions, plain and transposed, over one, two or three axes of space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from cornu import activations, constraints, initializers, regularizers
from cornu.errors import explain
from cornu.kernels import conv
from cornu.layers import windows
from cornu.layers.core import add_bias, known_size
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import Domain, normalize_tuple, positive_int


class SlidingKernel(Layer):
    """The base of all convolutions: after a product with a kernel that slides, a bias and an activation."""

    rank: ClassVar[int]

    def _set_window(self, kernel_size: Any, strides: Any, padding: str, data_format: Any, dilation_rate: Any) -> None:
        windows.set_window(self, self.rank, kernel_size, strides, padding, data_format, dilation_rate)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def _set_finish(self, activation: Any, use_bias: bool, initializer: Any, regularizer: Any, constraint: Any) -> None:
        self.activation, self.use_bias = activations.get(activation), use_bias
        self.bias_initializer = initializers.get(initializer)
        self.bias_regularizer = regularizers.get(regularizer)
        self.bias_constraint = constraints.get(constraint)

    def _channels(self, input_shape: Sequence[int | None]) -> int:
        """The number of channels of inputs for which the layer is built from now on."""
        axis = windows.channel_axis(self)
        channels = known_size(self, input_shape, axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: channels})
        return channels

    def _add_kernel(self, shape: Sequence[int], prefix: str = "kernel", name: str = "kernel") -> Any:
        """A kernel with the initializer, regularizer and constraint of the arguments that begin with `prefix`."""
        return self.add_weight(
            tuple(shape),
            getattr(self, f"{prefix}_initializer"),
            regularizer=getattr(self, f"{prefix}_regularizer"),
            constraint=getattr(self, f"{prefix}_constraint"),
            name=name,
        )

    def _finish(self, outputs: Any) -> Any:
        if self.bias is not None:
            bias = self.bias.value
            outputs = outputs + (bias if self.data_format == "channels_last" else bias[(..., *[None] * self.rank)])
        return self.activation(outputs)


# Plain convolutions --------------------------------------------------------------------------------------------------


class Convolution(SlidingKernel):
    """The base of Conv1D, Conv2D and Conv3D:

    y[b, i, o] = activation(sum over window w and channels c of x[b, i * strides + w * dilation_rate, c] *
    kernel[w, c, o] + bias[o])

    Args:
        filters: the number of output channels.
        kernel_size, strides, dilation_rate: an integer, or one per axis of space.
        padding: "valid" (none), "same" (zeros, so that strides=1 keeps the size); Conv1D also takes "causal": zeros
            before the first step only, so that no output sees later inputs.
        data_format: "channels_last", (batch, *space, channels), or "channels_first", (batch, channels, *space);
            default: `cornu.config.image_data_format()`.
        groups: into how many parts the channels are cut, each with its own filters.
        activation: a function of the outputs; default: none.
        use_bias: whether a bias is added.
        kernel_initializer, bias_initializer: initial values.
        kernel_regularizer, bias_regularizer, activity_regularizer: penalties.
        kernel_constraint, bias_constraint: projections.

    Weights: kernel (*kernel_size, channels / groups, filters), bias (filters,).
    Raises ValueError for arguments outside their domains, strides together with dilation, channels or filters that
    `groups` doesn't divide, and a window larger than the inputs.
    Difference from Keras: no `lora_rank`; the window is checked on every call, not only when the layer is built.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
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
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_finish(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.filters, self.groups = int(filters), int(groups)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        windows.refuse_strides_with_dilation(self)
        self._check_groups("filters", self.filters)

    def _check_groups(self, what: str, number: int) -> None:
        if number % self.groups:
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: `groups` doesn't divide the number of {what}.",
                    expected=f"a divisor of {number}",
                    got=f"groups={self.groups}",
                )
            )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        channels = self._channels(input_shape)
        self._check_groups("channels", channels)
        windows.check_fits(self, "kernel_size", input_shape)
        self.kernel = self._add_kernel((*self.kernel_size, channels // self.groups, self.filters))
        self.bias = add_bias(self, (self.filters,))

    def call(self, inputs: Any) -> Any:
        """The convolution, the bias, the activation."""
        windows.check_fits(self, "kernel_size", inputs.shape)
        padding = self._zeros_around()
        return self._finish(
            conv.conv(
                inputs, self.kernel.value, self.strides, padding, self.dilation_rate, self.groups, self.data_format
            )
        )

    def _zeros_around(self) -> conv.Padding:
        """The padding as the kernel takes it."""
        if self.padding == "causal":
            return [((self.kernel_size[0] - 1) * self.dilation_rate[0], 0)]
        return self.padding


@register("layer", "Convolution1D")
class Conv1D(Convolution):
    """Convolution over time: (batch, steps, channels) -> (batch, new_steps, filters). See `Convolution`.

    >>> import numpy as np
    >>> Conv1D(4, 3, padding="causal")(np.ones((2, 10, 8))).shape
    (2, 10, 4)
    """

    rank, domains = 1, windows.kernel_domains(1, padding=windows.causal_padding_domain, groups=positive_int)


@register("layer", "Convolution2D")
class Conv2D(Convolution):
    """Convolution over images: (batch, rows, columns, channels) -> (batch, new_rows, new_columns, filters).

    See `Convolution`. Source: LeCun et al., 1989, "Backpropagation Applied to Handwritten Zip Code Recognition".

    >>> import numpy as np
    >>> Conv2D(4, 3, activation="relu")(np.ones((2, 10, 8, 3))).shape
    (2, 8, 6, 4)
    """

    rank, domains = 2, windows.kernel_domains(2, groups=positive_int)


@register("layer", "Convolution3D")
class Conv3D(Convolution):
    """Convolution over volumes: (batch, *space, channels) -> (batch, *new_space, filters). See `Convolution`.

    >>> import numpy as np
    >>> Conv3D(4, 3, strides=2)(np.ones((2, 7, 7, 7, 1))).shape
    (2, 3, 3, 3, 4)
    """

    rank, domains = 3, windows.kernel_domains(3, groups=positive_int)


# Transposed convolutions ---------------------------------------------------------------------------------------------


_output_padding = Domain(
    "an integer of 0 or more, or one per axis of space, or None",
    lambda v: v is None or all(isinstance(n, int) and n >= 0 for n in (v if isinstance(v, (list, tuple)) else [v])),
)


class TransposedConvolution(SlidingKernel):
    """The base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose, which go the way of a convolution backwards:

    y[b, i * strides + w * dilation_rate, o] += x[b, i, c] * kernel[w, o, c], then the bias and the activation

    Args:
        output_padding: sets the size of the outputs, less than the strides: for "valid", (n - 1) * strides + window +
            output_padding; default: n * strides for "same", and the smallest size that covers every stride for "valid".
        filters, kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias: as in `Convolution`.
        kernel_initializer, bias_initializer, kernel_regularizer, bias_regularizer, activity_regularizer,
            kernel_constraint, bias_constraint: as in `Convolution`.

    Weights: kernel (*kernel_size, filters, channels), bias (filters,).
    Raises ValueError for arguments outside their domains, strides together with dilation, and an `output_padding` that
    isn't less than the strides.
    Source: Dumoulin and Visin, 2016, "A guide to convolution arithmetic for deep learning", arXiv:1603.07285.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
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
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_finish(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.filters = int(filters)
        self.output_padding = None if output_padding is None else normalize_tuple(output_padding, self.rank)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        windows.refuse_strides_with_dilation(self)
        self._check_output_padding()

    def _check_output_padding(self) -> None:
        given = self.output_padding
        if given is None:
            return
        if len(given) != self.rank or any(n >= stride for n, stride in zip(given, self.strides, strict=True)):
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: argument `output_padding` is wrong.",
                    expected=f"{self.rank} integers, each less than its stride in strides={self.strides}",
                    got=given,
                )
            )

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        channels = self._channels(input_shape)
        self.kernel = self._add_kernel((*self.kernel_size, self.filters, channels))
        self.bias = add_bias(self, (self.filters,))

    def call(self, inputs: Any) -> Any:
        """The transposed convolution, the bias, the activation."""
        return self._finish(
            conv.conv_transpose(
                inputs,
                self.kernel.value,
                self.strides,
                self.padding,
                self.output_padding,
                self.dilation_rate,
                self.data_format,
            )
        )


@register("layer", "Convolution1DTranspose")
class Conv1DTranspose(TransposedConvolution):
    """Transposed convolution over time: (batch, steps, channels) -> (batch, new_steps, filters).

    See `TransposedConvolution`.

    >>> import numpy as np
    >>> Conv1DTranspose(4, 3, strides=2, padding="same")(np.ones((2, 5, 8))).shape
    (2, 10, 4)
    """

    rank, domains = 1, windows.kernel_domains(1, output_padding=_output_padding)


@register("layer", "Convolution2DTranspose")
class Conv2DTranspose(TransposedConvolution):
    """Transposed convolution over images: (batch, rows, columns, channels) -> (batch, new_rows, new_columns, filters).

    See `TransposedConvolution`.

    >>> import numpy as np
    >>> Conv2DTranspose(4, 3, strides=2)(np.ones((2, 5, 4, 8))).shape
    (2, 11, 9, 4)
    """

    rank, domains = 2, windows.kernel_domains(2, output_padding=_output_padding)


@register("layer", "Convolution3DTranspose")
class Conv3DTranspose(TransposedConvolution):
    """Transposed convolution over volumes: (batch, *space, channels) -> (batch, *new_space, filters).

    See `TransposedConvolution`. As in Keras, `data_format` stands before `output_padding` here.

    >>> import numpy as np
    >>> Conv3DTranspose(4, 2, strides=2)(np.ones((1, 3, 3, 3, 2))).shape
    (1, 6, 6, 6, 4)
    """

    rank, domains = 3, windows.kernel_domains(3, output_padding=_output_padding)

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        output_padding: int | Sequence[int] | None = None,
        dilation_rate: int | Sequence[int] = 1,
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
        super().__init__(
            filters,
            kernel_size,
            strides,
            padding,
            output_padding,
            data_format,
            dilation_rate,
            activation,
            use_bias,
            kernel_initializer,
            bias_initializer,
            kernel_regularizer,
            bias_regularizer,
            activity_regularizer,
            kernel_constraint,
            bias_constraint,
            **kwargs,
        )


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
Convolution1DTranspose, Convolution2DTranspose, Convolution3DTranspose = (
    Conv1DTranspose,
    Conv2DTranspose,
    Conv3DTranspose,
)
