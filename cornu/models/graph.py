"""The graph between symbolic inputs and outputs: its nodes in order, and running it on values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cornu import tree
from cornu.errors import explain
from cornu.symbolic import KerasTensor, Node


class Graph:
    """The calls by which `outputs` come from `inputs`.

    Raises ValueError when an output depends on a symbolic input that isn't among `inputs`.
    """

    def __init__(self, inputs: Sequence[KerasTensor], outputs: Sequence[KerasTensor]) -> None:
        self.inputs, self.outputs = list(inputs), list(outputs)
        self._given = {id(tensor) for tensor in self.inputs}
        self.nodes = sorted(self._reach().values(), key=lambda node: node.order)

    def _reach(self) -> dict[int, Node]:
        found: dict[int, Node] = {}
        waiting = list(self.outputs)
        while waiting:
            tensor = waiting.pop()
            if id(tensor) in self._given:
                continue
            node = tensor.node
            if node is None or not node.inputs:
                raise ValueError(
                    explain(
                        f"The graph is disconnected: {tensor.name!r} is needed to compute the outputs.",
                        expected="every symbolic input among `inputs`",
                        got=[t.name for t in self.inputs],
                    )
                )
            if id(node) not in found:
                found[id(node)] = node
                waiting += node.inputs
        return found

    def run(self, values: Sequence[Any], call: Callable[[Node, tuple, dict], Any] | None = None) -> list[Any]:
        """The outputs' values for the inputs' values. `call` may replace the way in which a node is carried out."""
        known = {id(tensor): value for tensor, value in zip(self.inputs, values, strict=True)}

        def fill(value: Any) -> Any:
            return known[id(value)] if isinstance(value, KerasTensor) else value

        for node in self.nodes:
            args, kwargs = tree.map(fill, (node.args, node.kwargs))
            results = node.operation(*args, **kwargs) if call is None else call(node, args, kwargs)
            for tensor, value in zip(node.outputs, tree.flatten(results), strict=True):
                known[id(tensor)] = value
        return [known[id(tensor)] for tensor in self.outputs]

    def operations(self) -> list[Any]:
        """The layers, each once, and the calls of plain functions, in Keras's order.

        Those farthest from the outputs come first; at one distance, those that a walk from the outputs finds first.
        """
        nodes = self._discovered()
        ranks: dict[int, int] = {}
        for node in nodes:
            ranks.setdefault(id(_owner(node)), len(ranks))
        depths = dict.fromkeys(ranks, 0)
        for node in sorted(nodes, key=lambda node: -node.order):
            for owner in (_owner(tensor.node) for tensor in node.inputs if tensor.node is not None):
                if id(owner) in depths:
                    depths[id(owner)] = max(depths[id(owner)], depths[id(_owner(node))] + 1)
        unused = [t.node for t in self.inputs if t.node is not None and not t.node.inputs and t.node not in nodes]
        found = {id(_owner(node)): _owner(node) for node in nodes}
        ordered = sorted(found.values(), key=lambda owner: (-depths[id(owner)], ranks[id(owner)]))
        cut = len(ordered) - sum(depth == 0 for depth in depths.values())
        return [*ordered[:cut], *(_owner(node) for node in unused), *ordered[cut:]]

    def _discovered(self) -> list[Node]:
        """The nodes, the inputs' too, in the order in which a walk from the outputs, depth first, meets them."""
        found: dict[int, Node] = {}
        stack = list(reversed(self.outputs))
        while stack:
            tensor = stack.pop()
            node = tensor.node
            outside = node is None or (id(tensor) in self._given and node.inputs)
            if outside or id(node) in found:
                continue
            found[id(node)] = node
            stack += reversed(node.inputs)
        return list(found.values())


def _owner(node: Node) -> Any:
    """Whose a call is: a layer's, which may have several, or nobody's but its own."""
    return node.operation if hasattr(type(node.operation), "variables") else node  # the class: listing them takes long
