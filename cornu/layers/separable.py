"""Convolutions in which channels are convolved for themselves: depthwise, and separable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cornu import constraints, initializers, regularizers
from cornu.kernels import conv
from cornu.layers import windows
from cornu.layers.convolutional import SlidingKernel
from cornu.layers.core import add_bias
from cornu.registry import register
from cornu.signature import positive_int


class DepthwiseConvolution(SlidingKernel):
    """The base of DepthwiseConv1D and DepthwiseConv2D: every channel is convolved for itself.

    y[b, i, c * M + m] = activation(sum over window w of x[b, i * strides + w * dilation_rate, c] * kernel[w, c, m]
    + bias[c * M + m]), M = depth_multiplier

    Args:
        depth_multiplier: the number of output channels for each input channel.
        kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias: as in `Convolution`.
        depthwise_initializer, depthwise_regularizer, depthwise_constraint: of the kernel.
        bias_initializer, bias_regularizer, activity_regularizer, bias_constraint: as in `Convolution`.

    Weights: kernel (*kernel_size, channels, M), bias (channels * M,).
    Raises ValueError for arguments outside their domains, and a window larger than the inputs.
    """

    def __init__(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_finish(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.depth_multiplier = int(depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes kernel and bias."""
        channels = self._channels(input_shape)
        windows.check_fits(self, "kernel_size", input_shape)
        self.kernel = self._add_kernel((*self.kernel_size, channels, self.depth_multiplier), "depthwise")
        self.bias = add_bias(self, (channels * self.depth_multiplier,))

    def call(self, inputs: Any) -> Any:
        """The convolutions of the channels, the bias, the activation."""
        windows.check_fits(self, "kernel_size", inputs.shape)
        kernel = self.kernel.value
        outputs = conv.depthwise(inputs, kernel, self.strides, self.padding, self.dilation_rate, self.data_format)
        return self._finish(outputs)


@register("layer")
class DepthwiseConv1D(DepthwiseConvolution):
    """(batch, steps, channels) -> (batch, new_steps, channels * depth_multiplier). See `DepthwiseConvolution`.

    >>> import numpy as np
    >>> DepthwiseConv1D(3, depth_multiplier=2)(np.ones((2, 10, 4))).shape
    (2, 8, 8)
    """

    rank, domains = 1, windows.kernel_domains(1, depth_multiplier=positive_int)


@register("layer", "DepthwiseConvolution2D")
class DepthwiseConv2D(DepthwiseConvolution):
    """(batch, rows, columns, channels) -> (batch, new_rows, new_columns, channels * depth_multiplier).

    See `DepthwiseConvolution`.

    >>> import numpy as np
    >>> DepthwiseConv2D(3, padding="same")(np.ones((2, 6, 5, 4))).shape
    (2, 6, 5, 4)
    """

    rank, domains = 2, windows.kernel_domains(2, depth_multiplier=positive_int)


class SeparableConvolution(SlidingKernel):
    """The base of SeparableConv1D and SeparableConv2D: a depthwise convolution, then a mixing of the channels.

    y[b, i, o] = activation(sum over k of depthwise(x)[b, i, k] * pointwise_kernel[k, o] + bias[o])

    Args:
        filters: the number of output channels.
        depth_multiplier: the number of channels between, for each input channel.
        kernel_size, strides, padding, data_format, dilation_rate, activation, use_bias: as in `Convolution`.
        depthwise_initializer, pointwise_initializer, bias_initializer: initial values.
        depthwise_regularizer, pointwise_regularizer, bias_regularizer, activity_regularizer: penalties.
        depthwise_constraint, pointwise_constraint, bias_constraint: projections.

    Weights: depthwise_kernel (*kernel_size, channels, M), pointwise_kernel (1, ..., channels * M, filters), bias
    (filters,), M = depth_multiplier.
    Raises ValueError for arguments outside their domains, and a window larger than the inputs.
    Source: Chollet, 2017, "Xception: Deep Learning with Depthwise Separable Convolutions", arXiv:1610.02357.
    """

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        depthwise_constraint: Any = None,
        pointwise_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self._set_finish(activation, use_bias, bias_initializer, bias_regularizer, bias_constraint)
        self.filters, self.depth_multiplier = int(filters), int(depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)
        self.pointwise_initializer = initializers.get(pointwise_initializer)
        self.depthwise_regularizer = regularizers.get(depthwise_regularizer)
        self.pointwise_regularizer = regularizers.get(pointwise_regularizer)
        self.depthwise_constraint = constraints.get(depthwise_constraint)
        self.pointwise_constraint = constraints.get(pointwise_constraint)

    def build(self, input_shape: Sequence[int | None]) -> None:
        """Makes both kernels and the bias."""
        channels = self._channels(input_shape)
        windows.check_fits(self, "kernel_size", input_shape)
        between = channels * self.depth_multiplier
        depthwise, pointwise = (*self.kernel_size, channels, self.depth_multiplier), (between, self.filters)
        self.depthwise_kernel = self._add_kernel(depthwise, "depthwise", "depthwise_kernel")
        self.pointwise_kernel = self._add_kernel((*[1] * self.rank, *pointwise), "pointwise", "pointwise_kernel")
        self.bias = add_bias(self, (self.filters,))

    def call(self, inputs: Any) -> Any:
        """Both convolutions, the bias, the activation."""
        windows.check_fits(self, "kernel_size", inputs.shape)
        kernel, window = self.depthwise_kernel.value, (self.strides, self.padding, self.dilation_rate)
        between = conv.depthwise(inputs, kernel, *window, self.data_format)
        return self._finish(conv.conv(between, self.pointwise_kernel.value, data_format=self.data_format))


@register("layer", "SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """(batch, steps, channels) -> (batch, new_steps, filters). See `SeparableConvolution`.

    >>> import numpy as np
    >>> SeparableConv1D(4, 3)(np.ones((2, 10, 8))).shape
    (2, 8, 4)
    """

    rank, domains = 1, windows.kernel_domains(1, depth_multiplier=positive_int)


@register("layer", "SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """(batch, rows, columns, channels) -> (batch, new_rows, new_columns, filters). See `SeparableConvolution`.

    >>> import numpy as np
    >>> SeparableConv2D(4, 3, strides=2, padding="same")(np.ones((2, 10, 8, 3))).shape
    (2, 5, 4, 4)
    """

    rank, domains = 2, windows.kernel_domains(2, depth_multiplier=positive_int)


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
