"""Kernels of convolutions as Keras 1 showed them for "th": the filters first, (filters, channels, *window).

Cornu, like Keras since 2, keeps (*window, channels, filters) for either order of axes. What an old program reads and
writes by `get_weights`, `set_weights`, `layer.W.get_value()` or `weights=[...]` has its own order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import numpy as np

from cornu.compat import dialect, notices, symbolic_losses
from cornu.layers.convolutional import Convolution, TransposedConvolution
from cornu.layers.layer import Layer
from cornu.variables import Variable, has_scope


def mark(layer: Layer, variable: Variable) -> None:
    """Notes that a weight which a layer made is a kernel of that order, where it is."""
    is_convolution = isinstance(layer, (Convolution, TransposedConvolution)) and variable.name == "kernel"
    if is_convolution and dialect.current().before("keras2") and layer.data_format == "channels_first":
        rank = len(variable.shape)
        last = (rank - 2, rank - 1) if isinstance(layer, TransposedConvolution) else (rank - 1, rank - 2)
        if rank > 3:
            vars(variable)["_shown_axes"] = (*last, *range(rank - 2))


def shown(variable: Variable, value: np.ndarray | None = None) -> np.ndarray:
    """A weight's value, or the given one in its place, in the program's order."""
    value = number(variable) if value is None else value
    axes = vars(variable).get("_shown_axes")
    if axes is None:
        return value
    notices.note("a kernel of (filters, channels, rows, columns)", "a kernel of (rows, columns, channels, filters)")
    return value.transpose(axes)


def number(variable: Variable) -> np.ndarray:
    """A variable's value; where shapes are found or a step is compiled, the one that it has then."""
    if not has_scope():
        return variable.numpy()
    with jax.ensure_compile_time_eval():
        return np.asarray(variable.stored())


def kept(variable: Variable, value: Any) -> Any:
    """A value that the program gives for a weight, in cornu's order."""
    axes = vars(variable).get("_shown_axes")
    if axes is None or np.ndim(value) != len(axes):
        return value
    return np.asarray(value).transpose(np.argsort(axes))


_plain_set_weights = Layer.set_weights


def _get_weights(self: Layer) -> list[np.ndarray]:
    """The weights' values, as NumPy arrays; also in a loss."""
    if has_scope() and dialect.current().before("keras3"):
        return list(map(shown, self.weights, symbolic_losses.numbers_of(self)))
    return [shown(variable) for variable in self.weights]


def _set_weights(self: Layer, weights: Sequence[Any]) -> None:
    """Sets the weights' values; ValueError, and no change at all, where number or shapes don't fit."""
    variables = self.weights
    fits = len(weights) == len(variables)
    _plain_set_weights(self, list(map(kept, variables, weights)) if fits else weights)


ON_LAYERS = {"get_weights": _get_weights, "set_weights": _set_weights}
