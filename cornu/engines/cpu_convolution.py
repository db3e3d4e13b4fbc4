"""Convolutions that XLA's CPU runs slowly, in operations that it runs fast.

`rewrite` goes through a program and gives each equation of convolution, those of gradients too, the formulation for its
shapes: the first row of `_FORMULATIONS` whose test holds, or XLA's own where none does. The choice is by shape alone,
so that the same program always computes the same numbers.

In the words of the primitive, y[b, i, o] = sum over w and c of x[b, i * stride + w * reach, c] * kernel[w, c, o], where
zeros stand around and, with a dilation of the inputs, between the entries of x. The gradient by the kernel is of this
form as well: its "window" is the whole image of the results' gradients, its results are the few entries of the kernel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from cornu import _jax
from cornu.engines import windows

Array = jax.Array


@dataclass(frozen=True)
class Geometry:
    """A convolution's parameters, and the shapes of its operands; axes are those of the operands as they come."""

    x: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    stretch: tuple[int, ...]
    reach: tuple[int, ...]
    groups: int
    batch_groups: int
    numbers: lax.ConvDimensionNumbers

    @classmethod
    def of(cls, equation: _jax.Equation) -> Geometry:
        """The geometry of an equation."""
        operands: list[Any] = [atom.aval for atom in equation.invars]
        params = equation.params
        return cls(
            tuple(operands[0].shape),
            tuple(operands[1].shape),
            tuple(params["window_strides"]),
            tuple(params["padding"]),
            tuple(params["lhs_dilation"]),
            tuple(params["rhs_dilation"]),
            params["feature_group_count"],
            params["batch_group_count"],
            params["dimension_numbers"],
        )

    @property
    def window(self) -> tuple[int, ...]:
        return tuple(self.kernel[axis] for axis in self.numbers.rhs_spec[2:])

    @property
    def image(self) -> tuple[int, ...]:
        """The image with the zeros around it and between its entries."""
        axes = zip(self.numbers.lhs_spec[2:], self.padding, self.stretch, strict=True)
        return tuple(windows.spread_size(self.x[axis], low, high, inside) for axis, (low, high), inside in axes)

    @property
    def results(self) -> tuple[int, ...]:
        """How many places the window has along each axis of space."""
        axes = zip(self.image, self.window, self.strides, self.reach, strict=True)
        return tuple(windows.count(*axis) for axis in axes)

    @property
    def batch(self) -> int:
        return self.x[self.numbers.lhs_spec[0]]

    @property
    def inputs(self) -> int:
        return self.x[self.numbers.lhs_spec[1]]

    @property
    def outputs(self) -> int:
        return self.kernel[self.numbers.rhs_spec[0]]

    @property
    def grouped(self) -> bool:
        return self.groups > 1 or self.batch_groups > 1

    @property
    def stretched(self) -> bool:
        return any(inside > 1 for inside in self.stretch)

    def apply(self, x: Array, kernel: Array) -> Array:
        """XLA's own convolution."""
        return lax.conv_general_dilated(
            x,
            kernel,
            self.strides,
            self.padding,
            self.stretch,
            self.reach,
            self.numbers,
            self.groups,
            self.batch_groups,
        )


# Pieces --------------------------------------------------------------------------------------------------------------


def _with_zeros(g: Geometry, x: Array) -> Array:
    """The image with zeros around it; where padding is negative, it is cut."""
    config = [(0, 0, 0)] * x.ndim
    for axis, (low, high) in zip(g.numbers.lhs_spec[2:], g.padding, strict=True):
        config[axis] = (low, high, 0)
    if all(entry == (0, 0, 0) for entry in config):
        return x
    return lax.optimization_barrier(lax.pad(x, jnp.zeros((), x.dtype), config))


def _view(g: Geometry, x: Array, places: Sequence[slice]) -> Array:
    """The entries of the image at these places of its axes of space."""
    index = [slice(None)] * x.ndim
    for axis, place in zip(g.numbers.lhs_spec[2:], places, strict=True):
        index[axis] = place
    return x[tuple(index)]


def _arrange(g: Geometry, y: Array) -> Array:
    """Results of axes (batch, *space, features), as the primitive gives them."""
    spec = g.numbers.out_spec
    order = [0] * y.ndim
    for axis, place in zip((spec[0], *spec[2:], spec[1]), range(y.ndim), strict=True):
        order[axis] = place
    return lax.transpose(y, order)


# Formulations --------------------------------------------------------------------------------------------------------


def _one_result(g: Geometry, x: Array, kernel: Array) -> Array:
    """One result for an image, as in the gradient by a kernel of one entry: a matrix product over the whole window."""
    _, feature, *space = g.numbers.lhs_spec
    _, inner, *window = g.numbers.rhs_spec
    of_image, of_kernel = zip(*sorted(zip((feature, *space), (inner, *window), strict=True)), strict=True)
    used = [slice(0, (size - 1) * reach + 1, reach) for size, reach in zip(g.window, g.reach, strict=True)]
    y = lax.dot_general(_view(g, _with_zeros(g, x), used), kernel, ((of_image, of_kernel), ((), ())))
    return _arrange(g, y.reshape(g.batch, *g.results, g.outputs))


def _by_planes(g: Geometry, x: Array, kernel: Array) -> Array:
    """Three axes of space: a sum of convolutions over two of them, in which the first joins the batch; or, where the
    window is the larger, as in the gradient by a kernel, one of them for each result, in which it joins the inputs.
    """
    batch, feature, *space = g.numbers.lhs_spec
    out, inner, *window = g.numbers.rhs_spec
    image = lax.transpose(_with_zeros(replace(g, padding=(g.padding[0], (0, 0), (0, 0))), x), (batch, *space, feature))
    kernel = lax.transpose(kernel, (*window, inner, out))
    numbers = lax.ConvDimensionNumbers((0, 3, 1, 2), (3, 2, 0, 1), (0, 3, 1, 2))
    flat = replace(g, strides=g.strides[1:], padding=g.padding[1:], stretch=(1, 1), reach=g.reach[1:], numbers=numbers)

    def conv(x: Array, kernel: Array) -> Array:
        return compute(replace(flat, x=x.shape, kernel=kernel.shape), x, kernel)

    places, results = g.window[0], g.results[0]
    if places <= results:
        parts = []
        for place, weights in enumerate(kernel):
            plane = _steps(image, 1, place * g.reach[0], results, g.strides[0])
            parts.append(conv(plane.reshape(-1, *plane.shape[2:]), weights))
        total: Any = sum(parts[1:], parts[0])
        return _arrange(g, total.reshape(g.batch, results, *total.shape[1:]))
    weights = jnp.moveaxis(kernel, 0, 2).reshape(*kernel.shape[1:3], -1, g.outputs)
    parts = []
    for result in range(results):
        planes = jnp.moveaxis(_steps(image, 1, result * g.strides[0], places, g.reach[0]), 1, 3)
        parts.append(conv(planes.reshape(*planes.shape[:3], -1), weights))
    return _arrange(g, jnp.stack(parts, axis=1))


def _steps(x: Array, axis: int, start: int, count: int, step: int) -> Array:
    return lax.slice_in_dim(x, start, start + (count - 1) * step + 1, step, axis)


def _by_phases(g: Geometry, x: Array, kernel: Array) -> Array:
    """A convolution over stretched inputs is one over the inputs for each remainder of the results' places."""
    axis = next(a for a, inside in enumerate(g.stretch) if inside > 1)
    step, out_axis, window_axis = g.stretch[axis], g.numbers.out_spec[2 + axis], g.numbers.rhs_spec[2 + axis]
    low, count = g.padding[axis][0], g.results[axis]
    phases = []
    for phase in range(step):
        places = len(range(phase, count, step))
        first = (low - phase) % step
        taps = lax.slice_in_dim(kernel, min(first, g.window[axis]), g.window[axis], step, window_axis)
        taps = lax.optimization_barrier(taps)  # XLA's simplifier fails where it moves the reversal out of such a slice
        before = -((phase + first - low) // step)
        after = places + taps.shape[window_axis] - 1 - g.x[g.numbers.lhs_spec[2 + axis]] - before
        part = replace(
            g,
            kernel=taps.shape,
            padding=_put(g.padding, axis, (before, after)),
            stretch=_put(g.stretch, axis, 1),
        )
        phases.append(_resized(part, x, taps, places, axis))
    most = -(-count // step)
    phases = [_to_size(part, out_axis, most) for part in phases]
    woven = jnp.stack(phases, axis=out_axis + 1)
    shape = list(phases[0].shape)
    shape[out_axis] = most * step
    return lax.slice_in_dim(woven.reshape(shape), 0, count, axis=out_axis)


def _resized(g: Geometry, x: Array, taps: Array, places: int, axis: int) -> Array:
    """The convolution of a phase; without taps, its results are zeros."""
    if taps.size and places:
        return compute(g, x, taps)
    shape = list(g.x)
    spec = g.numbers.out_spec
    shape[spec[0]], shape[spec[1]] = g.batch // g.batch_groups, g.outputs
    for place, size in zip(spec[2:], _put(g.results, axis, places), strict=True):
        shape[place] = size
    return jnp.zeros(shape, x.dtype)


def _to_size(x: Array, axis: int, size: int) -> Array:
    config = [(0, 0, 0)] * x.ndim
    config[axis] = (0, size - x.shape[axis], 0)
    return lax.pad(x, jnp.zeros((), x.dtype), config)


def _put(values: tuple, place: int, value: Any) -> tuple:
    return (*values[:place], value, *values[place + 1 :])


def _met(g: Geometry, x: Array) -> list[Array]:
    """For each place in the window, the entries of the image that it meets, of axes (batch, *space, features)."""
    batch, feature, *space = g.numbers.lhs_spec
    x, axes = _with_zeros(g, x), (g.image, g.window, g.strides, g.reach)
    return [lax.transpose(_view(g, x, part), (batch, *space, feature)) for _, part in windows.views(*axes)]


def _weights(g: Geometry, kernel: Array, *shape: int) -> Array:
    """For each place in the window, its weights."""
    out, inner, *window = g.numbers.rhs_spec
    return lax.transpose(kernel, (*window, inner, out)).reshape(-1, *shape)


def _each_channel(g: Geometry, x: Array, kernel: Array) -> Array:
    """Depthwise: for each place in the window, a product with its weight in every channel."""
    weights = _weights(g, kernel, g.inputs, g.outputs // g.inputs)
    y: Any = sum(part[..., None] * weight for part, weight in zip(_met(g, x), weights, strict=True))
    return _arrange(g, y.reshape(*y.shape[:-2], g.outputs))


def _each_input(g: Geometry, x: Array, kernel: Array) -> Array:
    """Few inputs: for each place in the window and each input, its product with the weights of all outputs."""
    weights = _weights(g, kernel, g.inputs, 1, g.outputs)
    pairs = zip(_met(g, x), weights, strict=True)
    y: Any = sum(part[..., i : i + 1] * weight[i] for part, weight in pairs for i in range(g.inputs))
    return _arrange(g, y)


def _group_by_group(g: Geometry, x: Array, kernel: Array) -> Array:
    """A convolution for each group."""
    cut = g.numbers.lhs_spec[1] if g.groups > 1 else g.numbers.lhs_spec[0]
    count = max(g.groups, g.batch_groups)
    parts = zip(jnp.split(x, count, cut), jnp.split(kernel, count, g.numbers.rhs_spec[0]), strict=True)
    alone = [compute(replace(g, x=a.shape, kernel=b.shape, groups=1, batch_groups=1), a, b) for a, b in parts]
    return jnp.concatenate(alone, axis=g.numbers.out_spec[1])


# The choice ----------------------------------------------------------------------------------------------------------

# A program with more equations than this for one convolution compiles too slowly.
_MOST_PARTS = 64
# Below so many outputs, the parts of a convolution over stretched inputs are too small to be worth it.
_FEWEST_OUTPUTS = 8
# Up to so many inputs, and products for a result, their sum is faster than a matrix product.
_FEW_INPUTS, _FEW_PRODUCTS = 4, 49


def _plain_steps(g: Geometry) -> bool:
    return all(n == 1 for n in (*g.strides, *g.reach)) and math.prod(g.stretch) <= _MOST_PARTS


def _depthwise(g: Geometry) -> bool:
    return g.groups == g.inputs > 1 and math.prod(g.window) <= _MOST_PARTS


def _few_products(g: Geometry) -> bool:
    return g.inputs <= _FEW_INPUTS and 1 < math.prod(g.window) <= _FEW_PRODUCTS // g.inputs


def _three_dimensional(g: Geometry) -> bool:
    return len(g.window) == 3 and min(g.window[0], g.results[0]) <= _MOST_PARTS


Formulation = Callable[[Geometry, Array, Array], Array]
_FORMULATIONS: tuple[tuple[Callable[[Geometry], bool], Formulation], ...] = (
    (lambda g: g.stretched and _plain_steps(g) and (g.outputs >= _FEWEST_OUTPUTS or g.grouped), _by_phases),
    (lambda g: g.stretched, Geometry.apply),
    (_depthwise, _each_channel),
    (lambda g: g.batch_groups == g.batch > 1, Geometry.apply),  # the gradient by a depthwise kernel
    (lambda g: g.grouped and max(g.groups, g.batch_groups) <= _MOST_PARTS, _group_by_group),
    (lambda g: g.grouped, Geometry.apply),
    (lambda g: math.prod(g.results) == 1, _one_result),
    (_few_products, _each_input),
    (_three_dimensional, _by_planes),
)


def formulation(g: Geometry) -> Formulation:
    """How a convolution of this geometry is computed."""
    return next((compute for holds, compute in _FORMULATIONS if holds(g)), Geometry.apply)


def compute(g: Geometry, x: Array, kernel: Array) -> Array:
    """A convolution in the formulation for its geometry."""
    return formulation(g)(g, x, kernel)


def rewrite(closed: _jax.ClosedJaxpr) -> _jax.ClosedJaxpr:
    """The same program, with every convolution in the formulation for its shapes."""
    return _jax.rewrite(closed, _replacement)


def _replacement(equation: _jax.Equation) -> Callable | None:
    if equation.primitive.name != "conv_general_dilated":
        return None
    g, dtype = Geometry.of(equation), equation.outvars[0].aval.dtype  # type: ignore[attr-defined]
    if not jnp.issubdtype(dtype, jnp.floating) or 0 in (*g.x, *g.kernel, *g.results):
        return None
    if formulation(g) is Geometry.apply:
        return None
    wide = jnp.promote_types(dtype, jnp.float32)
    return lambda x, kernel: compute(g, x.astype(wide), kernel.astype(wide)).astype(dtype)
