"""`model.layers.pop()`: until TensorFlow 2, a model's `layers` was its own list, and so its last layer went away."""

from __future__ import annotations

from typing import Any, SupportsIndex

from cornu.compat import notices
from cornu.errors import explain
from cornu.models.functional import Functional
from cornu.models.graph import Graph
from cornu.models.sequential import Sequential

_of_stack, _of_graph = Sequential.layers.fget, Functional.layers.fget  # type: ignore[attr-defined]
_stack_outputs, _graph_outputs = Sequential.outputs.fget, Functional.outputs.fget  # type: ignore[attr-defined]


class LayerList(list):
    """A model's layers, as a list of its own whose last one can be taken off."""

    def __init__(self, model: Any, layers: list) -> None:
        super().__init__(layers)
        self._model = model

    def pop(self, index: SupportsIndex = -1) -> Any:
        """Takes the last layer off, here and in the model; ValueError for another one."""
        if int(index) not in (-1, len(self) - 1):
            raise ValueError(explain("model.layers.pop takes the last layer only.", got=index))
        if isinstance(self._model, Sequential):
            notices.note("model.layers.pop()", "model.pop()")
            self._model.pop()
        else:
            notices.note("model.layers.pop()", "Model(model.inputs, model.layers[-2].output)")
            self._model.__dict__["_popped"] = self._model.__dict__.get("_popped", 0) + 1
        return super().pop()


def _layers(self: Functional) -> list:
    """The layers, in the order of the graph, but for those that were popped."""
    layers = _of_graph(self)
    return LayerList(self, layers[: len(layers) - self.__dict__.get("_popped", 0)])


def _set_stack_outputs(self: Sequential, outputs: list) -> None:
    """Nothing: the outputs of a stack are its last layer's. ValueError for others."""
    if outputs and outputs[0] is not _stack_outputs(self)[0]:
        raise ValueError(
            explain(f"Sequential {self.name!r}: its outputs are its last layer's.", fix="Use Model(inputs, outputs).")
        )


def _set_graph_outputs(self: Functional, outputs: list) -> None:
    """The model gives other tensors of its graph from now on."""
    self._graph = Graph(self.inputs, list(outputs))
    self._outputs_struct = outputs[0] if len(outputs) == 1 else list(outputs)
    self._operations = self._graph.operations()
    self.__dict__.pop("_popped", None)
    self._reset_training()


ON_STACKS = {
    "layers": property(lambda self: LayerList(self, _of_stack(self))),
    "outputs": property(_stack_outputs, _set_stack_outputs),
}
ON_GRAPH_MODELS = {"layers": property(_layers), "outputs": property(_graph_outputs, _set_graph_outputs)}
