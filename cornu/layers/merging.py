"""Layers that take a list of tensors and give one; and functions of the same names in lower case."""

from __future__ import annotations

import functools
import operator
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import brief, explain
from cornu.layers.calls import is_shape
from cornu.layers.layer import Layer
from cornu.registry import register
from cornu.signature import Domain, boolean, either, integer

# Elementwise ---------------------------------------------------------------------------------------------------------


class Merge(Layer):
    """Base of the layers that combine tensors element by element; a subclass writes `_merge(tensors)`.

    Shapes broadcast; a tensor with fewer axes than another gets the missing ones behind its batch axis.
    The output is masked where every input is; not at all where an input has no mask.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit each other."""
        shapes = list_of_shapes(self, input_shape)
        rank, batches = max(map(len, shapes)), [shape[0] for shape in shapes]
        for axis in range(rank):
            aligned = [(1,) * (rank - len(shape)) + tuple(shape[1:]) for shape in shapes]
            sizes = {shape[axis - 1] if axis else batch for shape, batch in zip(aligned, batches, strict=True)}
            if len(sizes - ({None, 1} if axis else {None})) > 1:
                raise ValueError(
                    explain(
                        f"Layer {self.name!r}: the shapes of the inputs don't fit each other.",
                        expected="equal sizes, or 1",
                        got=", ".join(map(str, shapes)),
                    )
                )

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The tensors, combined."""
        rank = max(tensor.ndim for tensor in inputs)
        return self._merge([expand(tensor, rank) for tensor in inputs])

    def _merge(self, tensors: list) -> Any:
        raise NotImplementedError(explain(f"{type(self).__name__} has no mathematics.", fix="Write its `_merge`."))

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """Where any of the masks is True; None unless all inputs have one."""
        masks = _masks(self, inputs, mask)
        return None if any(one is None for one in masks) else functools.reduce(operator.or_, masks)


class _MaskedMerge(Merge):
    """Base of the merging layers in whose results masked steps take no part."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The tensors, combined; where all are masked, what `_nothing` says."""
        given = zip(_masks(self, inputs, mask), inputs, strict=True)
        masks: list[Any] = [None if m is None else _like(m, x) for m, x in given]
        pairs = list(zip(inputs, masks, strict=True))
        merged = super().call([x if m is None else jnp.where(m, x, self._neutral(x.dtype)) for x, m in pairs])
        if any(one is None for one in masks):
            return merged
        return jnp.where(functools.reduce(operator.or_, masks), merged, self._nothing(inputs[0]))

    def _neutral(self, dtype: Any) -> Any:
        raise NotImplementedError

    def _nothing(self, first: Any) -> Any:
        return first


def _extreme(dtype: Any, sign: int) -> Any:
    if jnp.issubdtype(dtype, jnp.floating):
        return sign * jnp.inf
    return jnp.iinfo(dtype).max if sign > 0 else jnp.iinfo(dtype).min


def expand(tensor: Any, rank: int) -> Any:
    """A tensor with axes of size 1 behind its batch axis, up to a rank."""
    missing = tuple(range(1, 1 + rank - tensor.ndim))
    return jnp.expand_dims(tensor, missing) if missing else tensor


def list_of_shapes(layer: Layer, shapes: Any, number: int | None = None) -> list:
    """The shapes of a list of inputs; ValueError for anything else, or for another number of them."""
    fits = isinstance(shapes, (list, tuple)) and len(shapes) > 0 and not is_shape(shapes)
    if not fits or (number is not None and len(shapes) != number):
        raise ValueError(
            explain(
                f"Layer {layer.name!r} takes a list of {number or 'one or more'} tensors.",
                got=f"shape(s) {brief(shapes)}",
            )
        )
    return list(shapes)


def _masks(layer: Layer, inputs: Any, mask: Any) -> list:
    masks = [None] * len(inputs) if mask is None else mask
    if not isinstance(masks, (list, tuple)) or len(masks) != len(inputs):
        raise ValueError(
            explain(
                f"Layer {layer.name!r}: the masks don't fit the inputs.",
                expected=f"a list of {len(inputs)}",
                got=brief(mask),
            )
        )
    return list(masks)


@register("layer")
class Add(Merge):
    """x₁ + x₂ + ...

    >>> import numpy as np
    >>> Add()([np.array([[1.0]]), np.array([[2.0]])]).tolist()
    [[3.0]]
    """

    def _merge(self, tensors: list) -> Any:
        return functools.reduce(operator.add, tensors)


@register("layer")
class Subtract(Merge):
    """x₁ - x₂, of two inputs

    >>> import numpy as np
    >>> Subtract()([np.array([[1.0]]), np.array([[2.0]])]).tolist()
    [[-1.0]]
    """

    def build(self, input_shape: Any) -> None:
        """Checks that there are two, whose shapes fit each other."""
        super().build(list_of_shapes(self, input_shape, 2))

    def _merge(self, tensors: list) -> Any:
        first, second = tensors
        return first - second


@register("layer")
class Multiply(_MaskedMerge):
    """x₁ * x₂ * ..., element by element; a masked step counts as 1, and where all are masked the product is 0.

    >>> import numpy as np
    >>> Multiply()([np.array([[3.0]]), np.array([[2.0]])]).tolist()
    [[6.0]]
    """

    def _merge(self, tensors: list) -> Any:
        return functools.reduce(operator.mul, tensors)

    def _neutral(self, dtype: Any) -> Any:
        return jnp.ones((), dtype)

    def _nothing(self, first: Any) -> Any:
        return jnp.zeros((), first.dtype)


@register("layer")
class Average(Merge):
    """(x₁ + ... + xₙ) / n

    >>> import numpy as np
    >>> Average()([np.array([[1.0]]), np.array([[2.0]])]).tolist()
    [[1.5]]
    """

    def _merge(self, tensors: list) -> Any:
        return functools.reduce(operator.add, tensors) / len(tensors)


@register("layer")
class Maximum(_MaskedMerge):
    """max(x₁, x₂, ...), element by element, of the unmasked ones.

    >>> import numpy as np
    >>> Maximum()([np.array([[1.0]]), np.array([[2.0]])]).tolist()
    [[2.0]]
    """

    def _merge(self, tensors: list) -> Any:
        return functools.reduce(jnp.maximum, tensors)

    def _neutral(self, dtype: Any) -> Any:
        return _extreme(dtype, -1)


@register("layer")
class Minimum(_MaskedMerge):
    """min(x₁, x₂, ...), element by element, of the unmasked ones.

    >>> import numpy as np
    >>> Minimum()([np.array([[1.0]]), np.array([[2.0]])]).tolist()
    [[1.0]]
    """

    def _merge(self, tensors: list) -> Any:
        return functools.reduce(jnp.minimum, tensors)

    def _neutral(self, dtype: Any) -> Any:
        return _extreme(dtype, 1)


# Concatenation and products ------------------------------------------------------------------------------------------


@register("layer")
class Concatenate(Layer):
    """The inputs one behind the other, along `axis`.

    Raises ValueError where another axis differs.

    >>> import numpy as np
    >>> Concatenate()([np.ones((2, 3)), np.ones((2, 4))]).shape
    (2, 7)
    """

    domains = {"axis": integer}

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        """Checks that the shapes fit each other."""
        shapes = list_of_shapes(self, input_shape)
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(
                explain(f"Layer {self.name!r}: the inputs have no axis {self.axis}.", got=f"shape {shapes[0]}")
            )
        others = [shape[: self.axis % rank] + shape[self.axis % rank + 1 :] for shape in map(tuple, shapes)]
        for sizes in zip(*others, strict=False):
            if len(set(sizes) - {None}) > 1 or {len(shape) for shape in shapes} != {rank}:
                raise ValueError(
                    explain(
                        f"Layer {self.name!r}: the shapes of the inputs don't fit each other.",
                        expected=f"equal sizes on all axes but {self.axis}",
                        got=", ".join(map(str, shapes)),
                    )
                )

    def call(self, inputs: Any) -> Any:
        """The tensors, joined."""
        return jnp.concatenate(inputs, axis=self.axis)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """The joined masks; an input without one counts as unmasked."""
        masks = _masks(self, inputs, mask)
        if all(one is None for one in masks):
            return None
        whole = [_like(one, tensor) for one, tensor in zip(masks, inputs, strict=True)]
        return jnp.any(jnp.concatenate(whole, axis=self.axis), axis=-1)


def _like(mask: Any, tensor: Any) -> Any:
    """A mask with every axis of its tensor."""
    if mask is None:
        return jnp.ones(tensor.shape, bool)
    return jnp.broadcast_to(mask[..., None], tensor.shape) if mask.ndim < tensor.ndim else mask


@register("layer")
class Dot(Layer):
    """The sum of products over one axis of each of two tensors, sample by sample.

    Args:
        axes: the axis, or a pair (axis of the first, axis of the second); not the batch axis.
        normalize: whether the vectors on these axes are divided by their lengths first: the cosine.

    Output: the first's axes without the summed one, then the second's without batch and summed one; (batch, 1) where
    none is left.

    >>> import numpy as np
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).tolist()
    [[11.0]]
    """

    domains = {
        "axes": either(
            integer,
            Domain(
                "a pair of integers",
                lambda v: isinstance(v, (list, tuple)) and len(v) == 2 and all(map(integer.test, v)),
            ),
        ),
        "normalize": boolean,
    }

    def __init__(self, axes: int | Sequence[int], normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axes, self.normalize = axes, normalize
        self.supports_masking = True

    def _axes(self, ranks: Sequence[int]) -> list[int]:
        pair = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        return [axis % rank for axis, rank in zip(pair, ranks, strict=True)]

    def build(self, input_shape: Any) -> None:
        """Checks that the summed axes have one size."""
        shapes = list_of_shapes(self, input_shape, 2)
        axes = self._axes([len(shape) for shape in shapes])
        sizes = [shape[axis] for shape, axis in zip(shapes, axes, strict=True)]
        if 0 in axes or len(set(sizes) - {None}) > 1 or len({shape[0] for shape in shapes} - {None}) > 1:
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: the shapes of the inputs don't fit `axes`.",
                    expected=f"one batch size, and one size on the axes {self.axes}, none of them the batch",
                    got=f"{shapes[0]} and {shapes[1]}",
                )
            )

    def call(self, inputs: Any) -> Any:
        """The sums of products."""
        first, second = inputs
        axes = self._axes((first.ndim, second.ndim))
        if self.normalize:
            first, second = unit(first, axes[0], 1e-7), unit(second, axes[1], 1e-7)
        return batch_dot(first, second, axes)

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        """None: the time axes are gone."""
        return None


def batch_dot(first: Any, second: Any, axes: Sequence[int]) -> Any:
    """The sum of products over one axis of each, sample by sample; (batch, 1) where no other axis is left."""
    letters = ["bcdefghijk"[: first.ndim], "b" + "lmnopqrst"[: second.ndim - 1]]
    letters = [own[:axis] + "z" + own[axis + 1 :] for own, axis in zip(letters, axes, strict=True)]
    left = (letters[0] + letters[1][1:]).replace("z", "")
    product = jnp.einsum(f"{letters[0]},{letters[1]}->{left}", first, second)
    return product if product.ndim > 1 else product[:, None]


def unit(x: Any, axis: Any, epsilon: float) -> Any:
    """x divided by its length along the axis, which counts as `epsilon` at least."""
    wide = x.astype(jnp.promote_types(x.dtype, jnp.float32))
    square = jnp.sum(jnp.square(wide), axis=axis, keepdims=True)
    return (wide * jax.lax.rsqrt(jnp.maximum(square, epsilon**2))).astype(x.dtype)


# Functions -----------------------------------------------------------------------------------------------------------


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Add()` of a list of tensors."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Subtract()` of a list of two tensors."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Multiply()` of a list of tensors."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Average()` of a list of tensors."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Maximum()` of a list of tensors."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """`Minimum()` of a list of tensors."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate(axis)` of a list of tensors."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Sequence[Any], axes: int | Sequence[int] = -1, **kwargs: Any) -> Any:
    """`Dot(axes)` of a list of two tensors."""
    return Dot(axes, **kwargs)(inputs)
