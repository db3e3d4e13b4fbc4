"""Models made from a graph of symbolic tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

from cornu import registry, tags, tree
from cornu.errors import brief, explain, nearest
from cornu.layers.input_spec import InputSpec
from cornu.layers.layer import Layer
from cornu.models.functional_config import graph_config, graph_from_config
from cornu.models.graph import Graph
from cornu.models.leading import as_leaves, leading_of
from cornu.models.model import Model
from cornu.symbolic import KerasTensor, as_array


@registry.register("model")
class Functional(Model):
    """A model of the graph between symbolic inputs and outputs, which may be nested in lists, tuples and dicts.

    Made by `Model(inputs, outputs)`. Layers may be shared, models nested; masks flow along the edges.
    Raises ValueError where an output needs an input that isn't given, or two layers have one name.
    """

    keras_module = "keras.src.models.functional"

    masks_within = True

    def __init__(self, inputs: Any, outputs: Any, name: str | None = None, **kwargs: Any) -> None:
        _check_symbolic(inputs, "inputs")
        _check_symbolic(outputs, "outputs")
        trainable = kwargs.pop("trainable", None)
        Layer.__init__(self, name=name, **kwargs)
        self._reset_training()
        self._graph = Graph(tree.flatten(inputs), tree.flatten(outputs))
        self._inputs_struct, self._outputs_struct = inputs, outputs
        self._operations = self._graph.operations()
        self._leading = leading_of(self._graph)
        self._check_names()
        self.built = True
        if trainable is not None and not trainable:  # True leaves each layer as it is
            self.trainable = False

    def _check_names(self) -> None:
        names = [operation.name for operation in self._operations]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(
                explain(
                    f"Model {self.name!r}: several layers have the same name.",
                    expected="a different name for each layer",
                    got=", ".join(sorted(twice)),
                    fix="Pass `name=` to the layers.",
                )
            )

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Runs the graph."""
        if self._leading is not None and self._leading.holds(inputs):
            after = self._leading.after
            results = after.run([self._fit_input(tensor, inputs[tensor.name]) for tensor in after.inputs])
            return tree.unflatten(tree.structure(self._outputs_struct), results)
        values = [self._fit_input(t, v) for t, v in zip(self.inputs, self.arrange_inputs(inputs), strict=True)]
        for value, one in zip(values, tree.flatten(mask), strict=False):
            tags.set_mask(value, one)
        results = self._graph.run(values)
        treedef = tree.structure(self._outputs_struct)
        return tree.unflatten(treedef, results)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """None: the outputs carry their masks already."""
        return None

    @property
    def on_host(self) -> Callable[[Any], Any] | None:
        """What applies the layers that run on the host to data, where the graph has any."""
        return None if self._leading is None else self._run_leading

    def _run_leading(self, data: Any) -> Any:
        assert self._leading is not None
        return data if self._leading.holds(data) else self._leading.apply(self.arrange_inputs(as_leaves(data)))

    def arrange_inputs(self, inputs: Any) -> list:
        """The inputs in the order of `self.inputs`; by name where a dict is given.

        Raises ValueError for a missing or unknown name, or a wrong number of inputs.
        """
        wanted = self._inputs_struct
        if isinstance(inputs, dict):
            names = list(wanted) if isinstance(wanted, dict) else [t.name for t in self.inputs]
            missing = [name for name in names if name not in inputs]
            if missing:
                raise ValueError(
                    explain(
                        f"Model {self.name!r}: input {missing[0]!r} is missing.{nearest(missing[0], inputs)}",
                        expected=f"inputs named {names}",
                        got=list(inputs),
                    )
                )
            return (
                tree.flatten({name: inputs[name] for name in names})
                if isinstance(wanted, dict)
                else [inputs[name] for name in names]
            )
        values = tree.flatten(inputs)
        if len(values) != len(self.inputs):
            raise ValueError(
                explain(
                    f"Model {self.name!r}: wrong number of inputs.",
                    expected=f"{len(self.inputs)}: {', '.join(t.name for t in self.inputs)}",
                    got=f"{len(values)}: {', '.join(map(brief, values))}",
                )
            )
        return values

    def _fit_input(self, tensor: KerasTensor, value: Any) -> Any:
        """A value with the dtype of its input, and with or without a last axis of size 1 as the input has it."""
        array = as_array(value)
        mask = tags.get_mask(array)
        shape = tensor.shape
        if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
            array = jnp.squeeze(array, -1)
        elif array.ndim == len(shape) - 1 and shape and shape[-1] == 1:
            array = jnp.expand_dims(array, -1)
        self._check_input(tensor, array)
        dtype = tensor.dtype
        if dtype == self.variable_dtype and self.autocast:
            dtype = self.compute_dtype
        if array.dtype != dtype:
            array = jnp.asarray(array, dtype=dtype)
        if mask is not None:
            tags.set_mask(array, mask)
        return array

    def _check_input(self, tensor: KerasTensor, array: Any) -> None:
        """Raises ValueError where an array hasn't the shape of its input."""
        shape = tensor.shape
        if shape and InputSpec(shape=(None, *shape[1:])).misfit(array.shape) is not None:
            raise ValueError(
                explain(
                    f"Model {self.name!r}: the shape of input {tensor.name!r} doesn't fit.",
                    expected=f"shape {(None, *shape[1:])}",
                    got=f"shape {tuple(s if isinstance(s, int) else None for s in array.shape)}",
                    fix="One sample is a batch, too: x[None]." if array.ndim == len(shape) - 1 else None,
                )
            )

    @property
    def _layers(self) -> list[Layer]:
        return [operation for operation in self._operations if isinstance(operation, Layer)]

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of the graph."""
        return self._layers

    @property
    def nodes(self) -> list:
        """The calls of the graph, in an order in which they can run."""
        return self._graph.nodes

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, flat."""
        return self._graph.inputs

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, flat."""
        return self._graph.outputs

    @property
    def input(self) -> Any:
        """The symbolic inputs as they were given."""
        return self._inputs_struct

    @property
    def output(self) -> Any:
        """The symbolic outputs as they were given."""
        return self._outputs_struct

    @property
    def input_names(self) -> list[str]:
        """The names of the inputs."""
        return [tensor.name for tensor in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """The names of the outputs: their keys, or the names of the layers that make them."""
        if isinstance(self._outputs_struct, dict):
            return sorted(self._outputs_struct)
        return [tensor.node.name if tensor.node is not None else tensor.name for tensor in self.outputs]

    @property
    def input_shape(self) -> Any:
        """The shapes of the inputs."""
        return tree.map(lambda tensor: tensor.shape, self._inputs_struct)

    @property
    def output_shape(self) -> Any:
        """The shapes of the outputs."""
        return tree.map(lambda tensor: tensor.shape, self._outputs_struct)

    def get_config(self) -> dict:
        """The graph as data, for models made by `Model(inputs, outputs)`; a subclass's own arguments otherwise."""
        own = type(self).__init__
        if own is not Functional.__init__ and own is not Model.__init__:
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **graph_config(self)}

    @classmethod
    def from_config(cls, config: dict, custom_objects: dict | None = None) -> Any:
        """The model of a config."""
        if "input_layers" not in config:
            return super().from_config(config)
        with registry.custom_object_scope(custom_objects):
            inputs, outputs = graph_from_config(config)
        made = Functional if issubclass(Functional, cls) else cls
        return made(inputs, outputs, name=config.get("name"), trainable=config.get("trainable", True))


def _check_symbolic(value: Any, argument: str) -> None:
    leaves = tree.flatten(value)
    wrong = [leaf for leaf in leaves if not isinstance(leaf, KerasTensor)]
    if wrong or not leaves:
        raise ValueError(
            explain(
                f"Model: argument `{argument}` holds something that is no symbolic tensor.",
                expected="results of cornu.Input and of layers called on them",
                got=brief(wrong[0]) if wrong else "nothing",
            )
        )
