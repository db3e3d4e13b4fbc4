"""Models of the architecture of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from cornu import registry, tree
from cornu.errors import explain
from cornu.layers import Input
from cornu.models.graph import Graph
from cornu.models.model import Model
from cornu.models.sequential import Sequential
from cornu.saving.model_files import build_model


def clone_model(
    model: Any,
    input_tensors: Any = None,
    clone_function: Callable[[Any], Any] | None = None,
    custom_objects: dict | None = None,
) -> Any:
    """A new model of the same architecture, with new initial weights, uncompiled.

    Args:
        model: the model.
        input_tensors: symbolic tensors to build the clone on; not for subclassed models.
        clone_function: gives, for each layer but the inputs, the one that takes its place; `layer.from_config(
            layer.get_config())` by default. Not for subclassed models.
        custom_objects: the person's classes and functions, where the model's own aren't to be taken.

    Raises ValueError where a subclassed model is given with inputs or a function.
    """
    if input_tensors is None and clone_function is None:
        with registry.collecting() as known:
            config = json.loads(json.dumps(registry.with_shared(lambda: registry.serialize(model))))
        with registry.custom_object_scope({**known, **(custom_objects or {})}):
            return build_model(config, f"The model {model.name!r}", compile=False)
    if not hasattr(type(model), "nodes"):
        what = "clone_model takes `input_tensors` and `clone_function` for functional models and Sequential only."
        raise ValueError(explain(what, got=type(model).__name__))
    return _rebuilt(model, input_tensors, clone_function or _copy_layer)


def _copy_layer(layer: Any) -> Any:
    return type(layer).from_config(layer.get_config())


def _rebuilt(model: Any, inputs: Any, clone_function: Callable[[Any], Any]) -> Any:
    """The graph of a model with other layers, each made once."""
    fresh = tree.map(lambda t: Input(batch_shape=t.shape, dtype=t.dtype, name=t.node.name), model.input)
    inputs = fresh if inputs is None else inputs
    made: dict[int, Any] = {}

    def call(node: Any, args: tuple, kwargs: dict) -> Any:
        operation = node.operation
        if hasattr(operation, "variables"):
            if id(operation) not in made:
                made[id(operation)] = clone_function(operation)
            operation = made[id(operation)]
        return operation(*args, **kwargs)

    outputs = Graph(model.inputs, model.outputs).run(tree.flatten(inputs), call)
    if isinstance(model, Sequential):
        layers = [tree.flatten(inputs)[0], *(made[id(layer)] for layer in model.layers)]
        return Sequential(layers, trainable=model.trainable, name=model.name)
    return Model(inputs, tree.unflatten(tree.structure(model.output), outputs), name=model.name)
