"""What a model consists of, for tables and pictures: its layers and functions, their shapes, their connections."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cornu import tree
from cornu.symbolic import Node


@dataclass(eq=False)
class Part:
    """A layer, or one call of a function, with its calls in the model's graph (none where the model has no graph)."""

    operation: Any
    nodes: list[Node] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The layer's name, or the one that the function's call was given."""
        return self.nodes[0].name if self.nodes else self.operation.name

    @property
    def kind(self) -> str:
        """The layer's class; a function's name in the same style."""
        if hasattr(self.operation, "variables"):
            return type(self.operation).__name__
        return "".join(word[:1].upper() + word[1:] for word in self.operation.__name__.split("_"))

    @property
    def inner(self) -> list[Any]:
        """The layers inside, where the part is a model."""
        return list(getattr(self.operation, "layers", []))


def nodes_of(model: Any) -> list[Node] | None:
    """The calls of a model's graph, with its inputs' where those count among its layers; None where it has no graph."""
    nodes = getattr(model, "nodes", None)
    if not isinstance(nodes, list) or not all(isinstance(node, Node) for node in nodes):
        return None
    shown = {id(layer) for layer in model.layers}
    entries = [t.node for t in model.inputs if t.node is not None and id(t.node.operation) in shown]
    return [*entries, *(node for node in nodes if node not in entries)]


def parts_of(model: Any) -> list[Part]:
    """The parts of a model: those farthest from the outputs first, else as they were made."""
    nodes = nodes_of(model)
    if nodes is None:
        return [Part(layer) for layer in model.layers]
    parts = list(owners(nodes).values())
    unique = {id(part): part for part in parts}
    depths = _depths(nodes)
    return sorted(unique.values(), key=lambda part: (-depths[id(part.nodes[0].operation)], part.nodes[0].order))


def owners(nodes: list[Node]) -> dict[int, Part]:
    """The part of each node, by the node's identity: a layer's calls share one, each function's call has its own."""
    layers: dict[int, Part] = {}
    found: dict[int, Part] = {}
    for node in nodes:
        is_layer = hasattr(node.operation, "variables")
        part = layers.setdefault(id(node.operation), Part(node.operation)) if is_layer else Part(node.operation)
        part.nodes.append(node)
        found[id(node)] = part
    return found


def _depths(nodes: list[Node]) -> dict[int, int]:
    """How far each operation is from the outputs, at most."""
    depths = {id(node.operation): 0 for node in nodes}
    for node in sorted(nodes, key=lambda node: -node.order):
        for tensor in node.inputs:
            source = tensor.node
            if source is not None and id(source.operation) in depths:
                depths[id(source.operation)] = max(depths[id(source.operation)], depths[id(node.operation)] + 1)
    return depths


def is_chain(model: Any) -> bool:
    """Whether each part takes the outputs of the one before, and each layer is called once."""
    nodes = nodes_of(model) or []
    counts: dict[int, int] = {}
    for node in nodes:
        for tensor in node.inputs:
            counts[id(tensor)] = counts.get(id(tensor), 0) + 1
    calls = [sum(other.operation is node.operation for other in nodes) for node in nodes if node.inputs]
    entries = sum(not node.inputs for node in nodes)
    single = all(len(node.inputs) <= 1 for node in nodes) and all(count == 1 for count in counts.values())
    return single and entries <= 1 and all(count == 1 for count in calls)


def connections(part: Part) -> list[str]:
    """Where each input comes from: "name[call of that layer][output of that call]"."""
    found = []
    for node in part.nodes:
        for tensor in node.inputs:
            source = tensor.node
            if source is not None:
                calls = getattr(source.operation, "_nodes", [source])
                number = calls.index(source) if source in calls else 0
                found.append(f"{source.name}[{number}][{tensor.index}]")
    return found


def output_shape(part: Part) -> str:
    """The shape of the outputs of the last call, as text; "?" where nobody knows."""
    return _text(_outputs(part))


def input_shape(part: Part) -> str:
    """The shapes of the inputs of the last call, as text."""
    if not part.nodes:
        return "?"
    shapes = [tensor.shape for tensor in part.nodes[-1].inputs]
    return _text(shapes[0] if len(shapes) == 1 else shapes) if shapes else "-"


def output_dtype(part: Part) -> str:
    """The dtypes of the outputs, as text."""
    tensors = tree.flatten(part.nodes[-1].results) if part.nodes else []
    return ", ".join(dict.fromkeys(t.dtype for t in tensors)) or getattr(part.operation, "compute_dtype", "?")


def _outputs(part: Part) -> Any:
    layer = part.operation
    if part.nodes:
        return tree.map(lambda tensor: tensor.shape, part.nodes[-1].results)
    if getattr(layer, "_nodes", None):
        return tree.map(lambda tensor: tensor.shape, layer._nodes[-1].results)
    shapes = layer.get_build_config() if getattr(layer, "built", False) else None
    if not shapes:
        return None
    try:
        return layer.compute_output_shape(*shapes.values())
    except Exception:  # a person's layer, of which nothing but its input shape is known
        return None


def _text(shapes: Any) -> str:
    if shapes is None:
        return "?"
    if isinstance(shapes, dict):
        return "{" + ", ".join(f"{name}: {_text(shape)}" for name, shape in shapes.items()) + "}"
    if isinstance(shapes, (list, tuple)) and not all(size is None or isinstance(size, int) for size in shapes):
        return "[" + ", ".join(map(_text, shapes)) + "]" if len(shapes) > 1 else _text(shapes[0])
    return str(tuple(shapes))
