"""The part of a graph that runs on the host: layers of strings at the inputs, which no compiled program can hold."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import tree
from cornu.errors import explain
from cornu.models.graph import Graph
from cornu.symbolic import KerasTensor
from cornu.training.data_arrays import is_plain


class Leading:
    """A graph cut in two: up to the last layers that run on the host, and from there on.

    `names` are those of the tensors between: between the two parts, data is a dict by these names.
    """

    def __init__(self, graph: Graph) -> None:
        last = [tensor for node in graph.nodes if _on_host(node) for tensor in node.outputs]
        self._inputs, self._before = graph.inputs, Graph(graph.inputs, last)
        inside = {id(node) for node in self._before.nodes}
        for node in self._before.nodes:
            if getattr(node.operation, "trainable_variables", None):
                raise ValueError(
                    explain(
                        f"Layer {node.name!r} can't be trained: what runs on the host comes after it, or is in it.",
                        fix="Put the layers of strings right after the inputs.",
                    )
                )
        rest = [node for node in graph.nodes if id(node) not in inside]
        needed = [*(tensor for node in rest for tensor in node.inputs), *graph.outputs]
        made = {id(t) for t in (*graph.inputs, *(t for node in self._before.nodes for t in node.outputs))}
        between = list({id(tensor): tensor for tensor in needed if id(tensor) in made}.values())
        self._before.outputs = between
        self.after = Graph(between, graph.outputs)
        self.names = [tensor.name for tensor in between]

    def holds(self, data: Any) -> bool:
        """Whether data went through the first part already."""
        return isinstance(data, dict) and set(data) == set(self.names)

    def apply(self, values: list) -> dict[str, Any]:
        """The data between, for the inputs' values."""
        fitted = [_fit(tensor, value) for tensor, value in zip(self._inputs, values, strict=True)]
        with jax.ensure_compile_time_eval():
            return dict(zip(self.names, self._before.run(fitted), strict=True))


def leading_of(graph: Graph) -> Leading | None:
    """The cut of a graph; None where nothing runs on the host."""
    return Leading(graph) if any(map(_on_host, graph.nodes)) else None


def as_leaves(data: Any) -> Any:
    """Nested data in which lists of numbers or text are arrays."""
    return tree.map(lambda leaf: np.asarray(leaf) if is_plain(leaf) else leaf, data, is_leaf=is_plain)


def _on_host(node: Any) -> bool:
    return getattr(node.operation, "runs_on_host", False)


def _fit(tensor: KerasTensor, value: Any) -> Any:
    """A value with a last axis of size 1 where the input has it."""
    array = value if isinstance(value, (np.ndarray, jax.Array)) else np.asarray(value)
    if array.ndim == len(tensor.shape) - 1 and tensor.shape[-1] == 1:
        array = array[..., None]
    return array if tensor.dtype == "string" else jnp.asarray(array, tensor.dtype)
