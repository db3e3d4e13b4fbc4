"""A model's graph as boxes and edges: what a picture of it shows."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from cornu.errors import explain
from cornu.visualization import structure
from cornu.visualization.layout import Edge, depths
from cornu.visualization.structure import Part


@dataclass
class Diagram:
    """Boxes, each with its title, its further lines and the inner models that it is in; and edges between them."""

    name: str
    parts: list[Part] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    lines: list[list[str]] = field(default_factory=list)
    groups: list[tuple[str, ...]] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)


@dataclass(frozen=True)
class Details:
    """What the boxes tell beside the kind of the layer."""

    show_shapes: bool = False
    show_dtype: bool = False
    show_layer_names: bool = True
    show_layer_activations: bool = False
    show_trainable: bool = False

    def title(self, part: Part) -> str:
        """The heading of a box."""
        return f"{part.name} ({part.kind})" if self.show_layer_names else part.kind

    def lines(self, part: Part) -> list[str]:
        """The lines below it."""
        found = []
        activation = getattr(part.operation, "activation", None)
        if self.show_layer_activations and activation is not None:
            name = getattr(activation, "name", None) or getattr(activation, "__name__", str(activation))
            found.append(f"activation: {name}")
        if self.show_shapes:
            found += [f"input: {structure.input_shape(part)}"] if part.kind != "InputLayer" else []
            found.append(f"output: {structure.output_shape(part)}")
        if self.show_dtype:
            found.append(f"dtype: {structure.output_dtype(part)}")
        if self.show_trainable and getattr(part.operation, "weights", []):
            found.append(f"trainable: {'yes' if part.operation.trainable else 'no'}")
        return found


def diagram(model: Any, details: Details, expand_nested: bool = False) -> Diagram:
    """The diagram of a model. A shared layer has one box, or, where that would close a circle, one for each call.

    Raises ValueError for a model that isn't built.
    """
    if not getattr(model, "built", True):
        raise ValueError(
            explain(
                f"Model {model.name!r} can't be drawn: it isn't built.",
                fix="Call it on data, or give it an Input, first.",
            )
        )
    if structure.nodes_of(model) is None:
        whole = _Builder(model.name, details, expand_nested, by_layer=True)
        whole.box(id(model), Part(model), ())
        return whole.diagram
    for by_layer in (True, False):
        builder = _Builder(model.name, details, expand_nested, by_layer)
        builder.walk(model, {}, (), ())
        try:
            depths(len(builder.diagram.parts), builder.diagram.edges)
        except ValueError:
            continue
        break
    return builder.diagram


class _Builder:
    """Walks a model's calls, and those of inner models, and notes boxes and edges."""

    def __init__(self, name: str, details: Details, expand: bool, by_layer: bool) -> None:
        self.diagram = Diagram(name)
        self._details, self._expand, self._by_layer = details, expand, by_layer
        self._boxes: dict[Hashable, int] = {}

    def walk(self, model: Any, made: dict[int, int], group: tuple[str, ...], calls: tuple[int, ...]) -> None:
        """Notes the calls of a model; `made` tells, and learns, which box makes a tensor, by the tensor's identity."""
        nodes = structure.nodes_of(model) or []
        parts = structure.owners(nodes)
        for node in sorted(nodes, key=lambda node: node.order):
            outputs = node.outputs
            if not node.inputs and all(id(tensor) in made for tensor in outputs):
                continue  # an inner model's input: what is joined to it comes from outside
            inner: Any = node.operation
            if self._expand and hasattr(inner, "layers") and structure.nodes_of(inner) is not None:
                inside = {id(a): made[id(b)] for a, b in zip(inner.inputs, node.inputs, strict=True) if id(b) in made}
                self.walk(inner, inside, (*group, inner.name), (*calls, id(node)))
                made.update({id(a): inside[id(b)] for a, b in zip(outputs, inner.outputs, strict=True)})
                continue
            part = parts[id(node)]
            is_shared = self._by_layer and hasattr(inner, "variables")
            box = self.box(id(inner) if is_shared else (*calls, id(node)), part, group)
            sources = dict.fromkeys(made[id(tensor)] for tensor in node.inputs if id(tensor) in made)
            self.diagram.edges += [(source, box) for source in sources if (source, box) not in self.diagram.edges]
            made.update({id(tensor): box for tensor in outputs})

    def box(self, key: Hashable, part: Part, group: tuple[str, ...]) -> int:
        """The number of the box with this key, which is made if need be."""
        if key not in self._boxes:
            self._boxes[key] = len(self._boxes)
            self.diagram.parts.append(part)
            self.diagram.titles.append(self._details.title(part))
            self.diagram.lines.append(self._details.lines(part))
            self.diagram.groups.append(group)
        return self._boxes[key]
