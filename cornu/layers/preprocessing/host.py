"""Layers that run on the host, in NumPy, before a compiled program gets the data: JAX has no strings."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import symbolic, tree
from cornu.errors import brief, explain
from cornu.layers import calls
from cornu.layers.layer import Layer


class HostLayer(Layer):
    """Base of the layers of strings; a subclass writes `call` over NumPy arrays, and `_output_of`.

    In a model they stand at the inputs: the model applies them to the data, and compiles what comes after them.
    """

    runs_on_host = True

    def _output_of(self, shape: tuple) -> tuple[tuple, Any]:
        """The shape and the dtype of the output for an input of a shape."""
        raise NotImplementedError

    def _shape(self, *inputs: Any) -> tuple[tuple, Any]:
        return self._output_of(inputs[0].shape)

    def _record(self, args: tuple, kwargs: dict) -> Any:
        bound, _ = calls.bind(self, args, kwargs)
        tensors = tree.flatten(next(iter(bound.arguments.values())))
        results = symbolic.abstract(*self._shape(*tensors))
        self.built = True
        outputs = symbolic.record(self, args, kwargs, results)
        self._nodes.append(outputs.node)
        return outputs

    def _apply(self, args: tuple, kwargs: dict) -> Any:
        bound, _ = calls.bind(self, args, kwargs)
        bound.arguments = {name: self._on_host(value) for name, value in bound.arguments.items()}
        self.built = True
        with jax.ensure_compile_time_eval():
            outputs = self.call(*bound.args, **bound.kwargs)
            return outputs if _is_text(outputs) else jnp.asarray(outputs)

    def _on_host(self, value: Any) -> Any:
        if any(isinstance(leaf, jax.core.Tracer) for leaf in tree.walk(value)):
            raise TypeError(
                explain(
                    f"Layer {self.name!r} ({type(self).__name__}) runs on the host, and can't be compiled.",
                    expected="data, outside of compiled code; in a functional or Sequential model, its inputs",
                    got=brief(value),
                    fix="Put the layer first in a model of symbolic inputs, or apply it to the data before.",
                )
            )
        return value


def _is_text(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "OSU"


def text_array(value: Any, encoding: str = "utf-8") -> np.ndarray:
    """An array of strings, bytes decoded.

    >>> text_array([b"a", "b"]).tolist()
    ['a', 'b']
    """
    array = np.asarray(value)
    if array.dtype.kind == "S":
        return np.char.decode(array, encoding)
    if array.dtype.kind == "U":
        return array
    items = [item.decode(encoding) if isinstance(item, bytes) else str(item) for item in array.ravel().tolist()]
    return np.array(items, dtype=str).reshape(array.shape)
