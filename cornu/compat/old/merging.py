"""Keras 1's `Merge`: one layer for every way of combining tensors, also the first one of a stack of several inputs."""

from __future__ import annotations

import functools
import inspect
import operator
from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from cornu import registry, tags, tree
from cornu.errors import brief, explain
from cornu.layers import merging
from cornu.layers.layer import Layer
from cornu.layers.merging import batch_dot, unit
from cornu.models.functional import Functional
from cornu.models.sequential import Sequential
from cornu.registry import register
from cornu.signature import Domain, either, integer, one_of

_MODES: dict[str, Callable] = {
    "sum": lambda tensors: functools.reduce(operator.add, tensors),
    "ave": lambda tensors: functools.reduce(operator.add, tensors) / len(tensors),
    "mul": lambda tensors: functools.reduce(operator.mul, tensors),
    "max": lambda tensors: functools.reduce(jnp.maximum, tensors),
}
_NAMES = (*_MODES, "concat", "dot", "cos")


class _Merge(merging.Merge):
    """The base of Keras 2's merging layers, which programs subclass: `_merge_function(inputs)` combines the tensors."""

    def _merge(self, tensors: list) -> Any:
        return self._merge_function(tensors)

    def _merge_function(self, inputs: list) -> Any:
        raise NotImplementedError(explain(f"{type(self).__name__} has no mathematics.", fix="Write _merge_function."))


@register("layer")
class Merge(Layer):
    """Combines a list of tensors into one.

    Args:
        layers: layers or models whose outputs are combined. A Sequential whose first layer has them takes a list of
            inputs: all those of the first, then all of the second, and so on; one that is met again isn't given again.
            None: the tensors are what the layer is called on.
        mode: "sum", "ave", "mul", "max"; "concat" along `concat_axis`; "dot", the sum of products over `dot_axes`, and
            "cos", the same of vectors of length 1; or a function of the list of tensors.
        concat_axis: counted with the batch axis.
        dot_axes: one axis, or a pair (axis of the first, axis of the second); not the batch axis.
        output_shape: kept for Keras 1's signature; the shape is found by tracing.
        output_mask: with a function as `mode`, the mask or a function of the list of masks.
        arguments: more arguments of the function.
        node_indices, tensor_indices: kept for Keras 1's signature.

    Masks: "sum", "ave" and "mul" are masked where any of their masked inputs is; "concat" where any of the parts is;
    "dot" and "cos" have no mask. Differences from Keras 1: a layer may be called more than once; "cos" of tensors of
    three axes divides each product by the lengths of its own two vectors.

    >>> import numpy as np
    >>> Merge(mode="concat")([np.ones((2, 3)), np.ones((2, 4))]).shape
    (2, 7)
    """

    domains = {
        "mode": either(
            one_of(*_NAMES),
            Domain("a function of a list of tensors", callable),
            Domain("its config", registry.is_config),
        ),
        "concat_axis": integer,
    }

    given_batch_shape: Any

    def __init__(
        self,
        layers: Sequence[Any] | None = None,
        mode: Any = "sum",
        concat_axis: int = -1,
        dot_axes: Any = -1,
        output_shape: Any = None,
        output_mask: Any = None,
        arguments: dict | None = None,
        node_indices: Any = None,
        tensor_indices: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.layers = [registry.deserialize(x, kind="layer") if registry.is_config(x) else x for x in layers or []]
        self.mode = registry.deserialize(mode) if registry.is_config(mode) else mode
        self.concat_axis, self.dot_axes = concat_axis, _pair(dot_axes)
        self.output_mask, self.arguments = output_mask, dict(arguments or {})
        self._check_layers()
        self._sources: dict[Any, tuple] = {}
        for layer in self.layers:
            self._sources.update(_sources(layer))
        if self.layers:
            self.given_batch_shape = list(self._sources.values())

    def _check_layers(self) -> None:
        wrong = [x for x in self.layers if not isinstance(x, Layer)]
        if wrong or len(self.layers) == 1:
            raise ValueError(
                explain(
                    f"Merge {self.name!r}: argument `layers` is wrong.",
                    expected="two or more layers or models",
                    got=brief(wrong[0]) if wrong else "one",
                    fix="Call merge([tensor, tensor], mode=...) for tensors.",
                )
            )

    def _config_names(self, cls: type) -> list[str]:
        left_out = ("output_shape", "node_indices", "tensor_indices", *(() if self.layers else ("layers",)))
        return [name for name in super()._config_names(cls) if name not in left_out]

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """The tensors, combined; with `layers`, of what these make of their inputs."""
        tensors = self._branches(tree.flatten(inputs)) if self.layers else list(inputs)
        self._check(tensors)
        given = None if self.layers else mask
        masks = [tags.get_mask(x) for x in tensors] if given is None else list(given)
        merged = self._merge(tensors, masks)
        tags.set_mask(merged, self._mask(tensors, masks))
        return merged

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the outputs carry their masks already."""
        return None

    def _branches(self, inputs: list) -> list:
        given = dict(zip(self._sources, inputs, strict=True))
        own = [[given[source] for source in _sources(layer)] for layer in self.layers]
        return [
            layer(tensors if len(tensors) > 1 else tensors[0]) for layer, tensors in zip(self.layers, own, strict=True)
        ]

    def _check(self, tensors: list) -> None:
        number = 2 if self.mode in ("dot", "cos") else None
        if len(tensors) < 2 or (number and len(tensors) != number):
            raise ValueError(
                explain(
                    f"Merge {self.name!r}: wrong number of tensors.",
                    expected=f"{number or 'two or more'} for mode {self.mode!r}",
                    got=len(tensors),
                )
            )
        shapes = [tuple(size if isinstance(size, int) else None for size in x.shape[1:]) for x in tensors]
        if self.mode in _MODES and len(set(shapes)) > 1:
            raise ValueError(
                explain(
                    f"Merge {self.name!r}: the shapes of the inputs don't fit each other.",
                    expected=f"one shape for mode {self.mode!r}",
                    got=", ".join(map(str, shapes)),
                )
            )

    def _merge(self, tensors: list, masks: list) -> Any:
        if callable(self.mode):
            masked = {"mask": masks} if "mask" in inspect.signature(self.mode).parameters else {}
            merged = self.mode(tensors, **masked, **self.arguments)
            return jnp.copy(merged) if any(merged is x for x in tensors) else merged  # an input keeps its own mask
        if self.mode == "concat":
            return jnp.concatenate(tensors, axis=self.concat_axis)
        if self.mode in _MODES:
            return _MODES[self.mode](tensors)
        axes = [axis % x.ndim for axis, x in zip(self.dot_axes, tensors, strict=True)]
        if self.mode == "cos":
            tensors = [unit(x, axis, 1e-7) for x, axis in zip(tensors, axes, strict=True)]
        return batch_dot(tensors[0], tensors[1], axes)

    def _mask(self, tensors: list, masks: list) -> Any:
        if callable(self.mode):
            return self.output_mask(masks) if callable(self.output_mask) else self.output_mask
        given = [mask for mask in masks if mask is not None]
        if not given or self.mode in ("dot", "cos"):
            return None
        if self.mode != "concat":
            return functools.reduce(operator.and_, given)
        whole = [
            jnp.ones(x.shape, bool) if m is None else jnp.broadcast_to(m[..., None], x.shape) if m.ndim < x.ndim else m
            for m, x in zip(masks, tensors, strict=True)
        ]
        return jnp.all(jnp.concatenate(whole, axis=self.concat_axis), axis=-1)


def _pair(axes: Any) -> list[int]:
    """The two axes of a product, of the forms that there were: 1, (1, 2), ([1], [2])."""
    pair = [axes, axes] if isinstance(axes, int) else list(axes)
    pair = [axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis for axis in pair]
    if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
        raise ValueError(
            explain("Merge: argument `dot_axes` is wrong.", expected="an axis, or a pair of axes", got=axes)
        )
    return pair


def _sources(layer: Any) -> dict[Any, tuple]:
    """The inputs of a branch, told apart by where they come in, and their shapes."""
    first = layer.layers[0] if isinstance(layer, Sequential) and layer.layers else None
    if isinstance(first, Merge) and first.layers:
        return first._sources
    shapes = _input_shapes(layer)
    inputs = layer.inputs if isinstance(layer, Functional) else [layer] * len(shapes)
    return {(id(source), number): shape for number, (source, shape) in enumerate(zip(inputs, shapes, strict=True))}


def _input_shapes(layer: Any) -> list[tuple]:
    """The shapes of a branch's inputs, batch included; ValueError where they aren't known."""
    shapes = layer.given_batch_shape
    if shapes is None:
        try:
            shapes = layer.input_shape
        except AttributeError:
            raise ValueError(
                explain(
                    f"Merge: the shape of the inputs of {layer.name!r} isn't known.",
                    fix="Give its first layer an `input_shape`.",
                )
            ) from None
    return [tuple(shapes)] if isinstance(shapes, tuple) else [tuple(shape) for shape in shapes]


def merge(
    inputs: Sequence[Any],
    mode: Any = "sum",
    concat_axis: int = -1,
    dot_axes: Any = -1,
    output_shape: Any = None,
    output_mask: Any = None,
    arguments: dict | None = None,
    name: str | None = None,
    node_indices: Any = None,
    tensor_indices: Any = None,
) -> Any:
    """A list of tensors, combined: `Merge(mode=...)` of it.

    >>> import numpy as np
    >>> merge([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])], mode="dot").tolist()
    [[11.0]]
    """
    layer = Merge(
        None, mode, concat_axis, dot_axes, output_shape, output_mask, arguments, node_indices, tensor_indices, name=name
    )
    return layer(list(inputs))
