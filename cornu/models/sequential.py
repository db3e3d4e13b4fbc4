"""Models that are a stack of layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cornu import naming, random, registry, tree
from cornu.errors import brief, explain
from cornu.layers import calls, parts
from cornu.layers.core import Input, InputLayer, Lambda
from cornu.layers.layer import Layer
from cornu.models.functional import Functional
from cornu.models.model import Model
from cornu.symbolic import KerasTensor, abstract, record


@registry.register("model")
class Sequential(Model):
    """A stack of layers: each one's output is the next one's input.

    Args:
        layers: the layers, in order; an `Input` first, or an `input_shape` on the first layer, builds at once.
        trainable: whether the model is trained.
        name: default "sequential", numbered.

    Raises ValueError for something that is no layer, two layers of one name, and inputs that don't fit.

    >>> import cornu
    >>> model = Sequential([cornu.Input((784,)), cornu.layers.Dense(10)])
    >>> model.count_params()
    7850
    """

    masks_within = True

    def __init__(
        self, layers: Sequence[Layer | KerasTensor] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(trainable=trainable, name=name)
        self._stack: list[Layer] = []
        self._sources: list[KerasTensor] = []  # the inputs, where the first layer takes several
        self._tensors: list[KerasTensor] = []
        self._cached: Functional | None = None
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._extend()

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Puts a layer on top; a symbolic tensor from `Input` stands for its input layer."""
        if isinstance(layer, KerasTensor) and layer.node is not None and isinstance(layer.node.operation, InputLayer):
            layer = layer.node.operation
        if not isinstance(layer, Layer):
            if callable(layer) and not isinstance(layer, type):
                layer = Lambda(layer)
            else:
                raise ValueError(
                    explain(f"Sequential {self.name!r}: this is no layer.", expected="a Layer", got=brief(layer))
                )
        if any(other.name == layer.name for other in self._stack):
            raise ValueError(
                explain(
                    f"Sequential {self.name!r}: a layer named {layer.name!r} is there already.",
                    expected="a different name for each layer",
                    got=[other.name for other in self._stack],
                )
            )
        if isinstance(layer, InputLayer) and self._stack:
            raise ValueError(
                explain(f"Sequential {self.name!r}: an Input can only come first.", got=[x.name for x in self._stack])
            )
        if not self._stack and not isinstance(layer, InputLayer):
            shape = layer.input_shape if isinstance(layer, Functional) else layer.given_batch_shape
            if isinstance(layer, Sequential) and layer._tensors:
                shape = layer._functional.input_shape
            if isinstance(shape, tuple):
                self._stack.append(_input_layer(shape, layer.given_input_dtype))
            elif isinstance(shape, list) and len(shape) > 1:
                self._sources = [Input(batch_shape=one) for one in shape]
        self._stack.append(layer)
        if rebuild:
            self._extend()

    def pop(self, rebuild: bool = True) -> Layer:
        """Takes the top layer off."""
        layer = self._stack.pop()
        del self._tensors[len(self._stack) :]
        if not self._stack:
            self._sources = []
        self._note_change()
        return layer

    def _extend(self) -> None:
        """Calls the layers that the graph doesn't hold yet, where the shape of the inputs is known."""
        if not self._stack or not (self._sources or isinstance(self._stack[0], InputLayer)):
            return
        with naming.within(self.name):
            while len(self._tensors) < len(self._stack):
                layer = self._stack[len(self._tensors)]
                before = self._tensors[-1] if self._tensors else self._sources
                self._tensors.append(layer.output if isinstance(layer, InputLayer) else layer(_fit(before, layer)))
        self._note_change()

    def _note_change(self) -> None:
        self._cached, self.built = None, len(self._tensors) > (0 if self._sources else 1)
        parts.note_change()

    def build(self, input_shape: Any = None) -> None:
        """Joins the layers into a graph for inputs of a shape."""
        if not self._stack:
            raise ValueError(explain(f"Sequential {self.name!r} has no layers.", fix="Add some with `add`."))
        if self._sources or isinstance(self._stack[0], InputLayer):
            given = [x.shape for x in self._sources] or getattr(self._stack[0], "batch_shape", None)
            if input_shape is not None and calls.as_shapes(input_shape) != calls.as_shapes(given):
                raise ValueError(
                    explain(f"Sequential {self.name!r} has an Input already.", expected=given, got=input_shape)
                )
        else:
            if not isinstance(input_shape, (list, tuple)) or any(tree.is_nested(size) for size in input_shape):
                raise ValueError(
                    explain(
                        f"Sequential {self.name!r} takes one input.",
                        expected="the shape of one tensor",
                        got=input_shape,
                        fix="Use Model(inputs, outputs) for several inputs.",
                    )
                )
            self._stack.insert(0, _input_layer(tuple(input_shape), None))
        self._extend()

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the layers one after the other."""
        return self._functional.call(inputs, training=training, mask=mask)

    @property
    def on_host(self) -> Callable[[Any], Any] | None:
        """What applies the layers that run on the host to data, where there are any."""
        if self._tensors:
            return self._functional.on_host
        return self._build_for_text if any(layer.runs_on_host for layer in self._stack) else None

    def _build_for_text(self, data: Any) -> Any:
        """Builds the model for data that its first layers, which run on the host, take: for the first batch."""
        if not self._tensors:
            array = np.asarray(data)
            shape = (None, *array.shape[1:])
            self._stack.insert(0, _input_layer(shape, "string" if array.dtype.kind in "OSU" else array.dtype.name))
            self._extend()
        return self._functional._run_leading(data)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the outputs carry their masks already."""
        return None

    @property
    def _layers(self) -> list[Layer]:
        return list(self._stack)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the input layer."""
        return [layer for layer in self._stack if not isinstance(layer, InputLayer)]

    @property
    def _functional(self) -> Functional:
        """The layers as a graph."""
        if not self._tensors:
            raise AttributeError(
                explain(
                    f"Sequential {self.name!r} isn't built, so its inputs and outputs are unknown.",
                    fix="Put an Input first, or call it on data.",
                )
            )
        if self._cached is None:
            with random.stream("graph"):  # counted apart, so that looking at it changes nobody's draws
                self._cached = Functional(self._sources or self._tensors[0], self._tensors[-1], name=self.name)
        return self._cached

    def get_config(self) -> dict:
        """The serialized layers."""
        config = {**self._base_config(), "layers": [registry.serialize(layer) for layer in self._stack]}
        if self._tensors and not self._sources:
            config["build_input_shape"] = self._tensors[0].shape
        return config

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Sequential:
        """A model from its config."""
        with registry.custom_object_scope(custom_objects):
            layers = [registry.deserialize(layer, kind="layer") for layer in config["layers"]]
        model = cls(layers, trainable=config.get("trainable", True), name=config.get("name"))
        shape = config.get("build_input_shape")
        if not model._tensors and shape and isinstance(shape, (list, tuple)):
            model.build(shape)
        return model


def _forward(name: str) -> property:
    return property(lambda self: getattr(self._functional, name), doc=getattr(Functional, name).__doc__)


for _name in (
    "input",
    "output",
    "inputs",
    "outputs",
    "nodes",
    "input_shape",
    "output_shape",
    "input_names",
    "output_names",
):
    setattr(Sequential, _name, _forward(_name))


def _fit(tensor: Any, layer: Layer) -> Any:
    """The tensor that a layer is put on: a size that isn't known there is the one in the layer's own `input_shape`."""
    given, found = layer.given_batch_shape, getattr(tensor, "shape", None)
    if not isinstance(given, tuple) or found is None or len(given) != len(found) or None in given[1:]:
        return tensor
    if None not in found[1:]:
        return tensor
    return record(of_shape, (tensor, given[1:]), {}, abstract((found[0], *given[1:]), tensor.dtype))


def of_shape(tensor: Any, shape: tuple[int, ...]) -> Any:
    """The tensor, whose samples have this shape."""
    return tensor.reshape((tensor.shape[0], *shape))


def _input_layer(batch_shape: tuple, dtype: str | None) -> InputLayer:
    return Input(batch_shape=batch_shape, dtype=dtype).node.operation
