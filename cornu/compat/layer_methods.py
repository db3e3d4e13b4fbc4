"""What layers of old eras had: their places in graphs, ways to make weights, other names of their attributes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax

from cornu.compat import dialect, kernels, names, notices, symbolic_losses, values
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.models.functional import Functional
from cornu.models.sequential import Sequential
from cornu.symbolic import KerasTensor
from cornu.variables import Variable, has_scope

ATTRIBUTES = {
    "W": "kernel", "b": "bias", "U": "recurrent_kernel", "output_dim": "units", "nb_filter": "filters",
    "p": "rate", "sigma": "stddev", "border_mode": "padding", "subsample": "strides", "dim_ordering": "data_format",
    "init": "kernel_initializer", "inner_activation": "recurrent_activation", "W_regularizer": "kernel_regularizer",
    "b_regularizer": "bias_regularizer", "W_constraint": "kernel_constraint", "b_constraint": "bias_constraint",
    "running_mean": "moving_mean", "running_std": "moving_variance", "inbound_nodes": "_nodes",
    "_inbound_nodes": "_nodes", "alpha": "negative_slope", "batch_input_shape": "given_batch_shape",
    "_trainable_weights": "trainable_weights", "_non_trainable_weights": "non_trainable_weights",
}  # fmt: skip
"""Old names of attributes, and today's. Where a layer has several meanings, the first that it has counts."""

_plain_init, _plain_add_weight, _plain_add_loss = Layer.__init__, Layer.add_weight, Layer.add_loss
_plain_getattr = Layer.__getattr__
_SHAPES = {"batch_input_shape": "batch_shape"}


def _init(self: Layer, *args: Any, **kwargs: Any) -> None:
    """Layer.__init__, which takes the old names of what every layer takes."""
    for old, new in _SHAPES.items():
        if old in kwargs:
            notices.note(f"{type(self).__name__}({old}=...)", f"{new}=...")
            kwargs[new] = kwargs.pop(old)
    if kwargs.get("name") is None and dialect.current().before("keras3"):
        kwargs["name"] = names.automatic(type(self).__name__)
    weights = kwargs.pop("weights", None)
    for name in ("create_input_layer", "dynamic"):
        kwargs.pop(name, None)
    before = {name: value for name, value in vars(self).items() if name != "_recorded"}
    _plain_init(self, *args, **kwargs)
    for name in ("supports_masking", "input_spec", "trainable"):
        if name in before:  # set before the constructor was called, as old layers did
            setattr(self, name, before[name])
    if weights is not None:
        values.with_weights(self, weights)


_init.__signature__ = inspect.signature(_plain_init)  # type: ignore[attr-defined]


def _add_weight(self: Layer, *args: Any, **kwargs: Any) -> Variable:
    """Layer.add_weight, which in Keras 2 took the name first."""
    if args and (isinstance(args[0], str) or args[0] is None) and (len(args) > 1 or "shape" in kwargs):
        kwargs["name"], args = args[0], args[1:]
    for name in ("getter", "partitioner", "use_resource", "synchronization", "collections", "experimental_autocast"):
        kwargs.pop(name, None)
    if hasattr(kwargs.get("dtype"), "name"):
        kwargs["dtype"] = kwargs["dtype"].name
    shape = args[0] if args else kwargs.get("shape")
    if isinstance(shape, (list, tuple)) and any(isinstance(size, float) for size in shape):
        raise TypeError(explain(f"Layer {self.name!r}: a weight's sizes are whole numbers.", got=shape))
    variable = _plain_add_weight(self, *args, **kwargs)
    kernels.mark(self, variable)
    return variable


def _add_loss(self: Layer, losses: Any, inputs: Any = None) -> None:
    """Layer.add_loss; symbolic tensors of the graph are losses, too: on a model, and in the call of a layer."""
    given = list(losses) if isinstance(losses, (list, tuple)) else [losses]
    symbolic = [loss for loss in given if isinstance(loss, KerasTensor)]
    if symbolic and not has_scope():
        symbolic_losses.add(self, symbolic)
    elif symbolic and symbolic_losses.is_running():  # else the layer is put into the graph: only shapes count
        _plain_add_loss(self, [symbolic_losses.evaluate(loss) for loss in symbolic])
    numbers = [loss() if callable(loss) else loss for loss in given if not isinstance(loss, KerasTensor)]
    if numbers:
        _plain_add_loss(self, numbers)


def _add_update(self: Layer, updates: Any, inputs: Any = None) -> None:
    """Assigns the new values: `K.update` and its like do it when they are called; pairs are assigned here."""
    for update in updates if isinstance(updates, list) else [updates]:
        if isinstance(update, tuple) and len(update) == 2 and isinstance(update[0], Variable):
            update[0].assign(update[1])


def _add_metric(self: Layer, value: Any, name: str | None = None, aggregation: str | None = "mean") -> None:
    """A number reported beside the loss: its mean over the batches of an epoch.

    Without a name it is the result of a metric that the layer holds, which reports itself.
    """
    if name is None:
        return
    if isinstance(value, KerasTensor):
        symbolic_losses.add_metric(self, value, name)
        return
    from cornu.metrics import Mean

    kept = self.__dict__.setdefault("_added_metrics", {})
    kept.setdefault(name, Mean(name=name)).update_state(value)


def _node(self: Layer, index: int) -> Any:
    """What holds the inputs and outputs of one of a layer's calls; until tf.keras a model's own graph was its first."""
    own = dialect.current().before("tf.keras") and isinstance(self, (Functional, Sequential)) and self.built
    nodes = [self, *self._nodes] if own else self._nodes
    if not -len(nodes) <= index < len(nodes):
        raise ValueError(explain(f"Layer {self.name!r} isn't called so often.", expected=len(nodes), got=index))
    return nodes[index]


def _one(values: Sequence[Any]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _shapes(tensors: Sequence[KerasTensor]) -> Any:
    return _one([tensor.shape for tensor in tensors])


def _same(layer: Layer, what: str) -> Any:
    """The shapes of the inputs or outputs, where the layer's calls agree on them."""
    found = [_shapes(getattr(node, what)) for node in layer._nodes]
    if not found:
        shape = getattr(layer, "_built_for", None)
        if what == "inputs" and shape:
            return next(iter(shape.values()))
        raise AttributeError(explain(f"Layer {layer.name!r} isn't called yet, so its {what} have no shape."))
    if any(shape != found[0] for shape in found):
        raise AttributeError(
            explain(f"The calls of layer {layer.name!r} have different {what}.", fix="Use get_output_shape_at(i).")
        )
    return found[0]


def _missing(self: Layer, name: str) -> Any:
    """An attribute by its old name."""
    if name == "input_dim" and dialect.current().before("keras2") and self.built:
        return _same(self, "inputs")[-1]
    new = ATTRIBUTES.get(name)
    if new is not None and (new in vars(self) or hasattr(type(self), new)):
        notices.note(f"layer.{name}", f"layer.{new}")
        return getattr(self, new)
    return _plain_getattr(self, name)


class Derived:
    """A property that an attribute of an object's own hides: some layers have an argument of this name."""

    def __init__(self, get: Callable[[Any], Any]) -> None:
        self.get = get

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """The value, derived."""
        return self if instance is None else self.get(instance)


class Named(list):
    """A layer's weights, by a list as old layers kept it: what is added to it becomes a weight.

    `K.variable` and its like made no weights until tf.keras: only what such a list names, or `add_weight` made, is one.
    """

    def __init__(self, layer: Layer, trainable: bool, variables: Sequence[Variable]) -> None:
        super().__init__(variables)
        self._layer, self._trainable = layer, trainable

    def append(self, variable: Variable) -> None:
        """Adds a weight."""
        self.extend([variable])

    def extend(self, variables: Iterable[Variable]) -> None:
        """Adds weights."""
        added = list(variables)
        super().extend(added)
        kept = self._layer.__dict__.setdefault("_named_weights", {})
        kept[self._trainable] = [*kept.get(self._trainable, ()), *added]
        for variable in added:
            variable.trainable = variable.made_trainable = self._trainable
            variable.__dict__.pop("is_weight", None)


jax.tree_util.register_pytree_node(
    Named,
    lambda named: (list(named), None),
    lambda _, variables: list(variables),  # type: ignore[arg-type, return-value]
)


def _weight_list(trainable: bool) -> Any:
    plain = getattr(Layer, "trainable_weights" if trainable else "non_trainable_weights").fget

    def assign(self: Layer, variables: Sequence[Variable]) -> None:
        """Old layers named their weights in a list."""
        self.__dict__.setdefault("_named_weights", {}).pop(trainable, None)
        Named(self, trainable, []).extend(variables)

    return property(lambda self: Named(self, trainable, plain(self)), assign)


_plain_weights = Layer.weights.fget  # type: ignore[attr-defined]


def _weights(self: Layer) -> list[Variable]:
    return [variable for variable in _plain_weights(self) if vars(variable).get("is_weight", True)]


ADDED = {
    "__init__": _init,
    "__getattr__": _missing,
    "add_weight": _add_weight,
    "add_variable": _add_weight,
    "add_loss": _add_loss,
    "add_update": _add_update,
    "add_metric": _add_metric,
    "weights": property(_weights),
    "trainable_weights": _weight_list(True),
    "non_trainable_weights": _weight_list(False),
    "input_shape": Derived(lambda self: _same(self, "inputs")),
    "output_shape": Derived(lambda self: _same(self, "outputs")),
    "get_input_at": lambda self, node_index: _one(_node(self, node_index).inputs),
    "get_output_at": lambda self, node_index: _one(_node(self, node_index).outputs),
    "get_input_shape_at": lambda self, node_index: _shapes(_node(self, node_index).inputs),
    "get_output_shape_at": lambda self, node_index: _shapes(_node(self, node_index).outputs),
    "get_output_shape_for": lambda self, input_shape: self.compute_output_shape(input_shape),
    "assert_input_compatibility": lambda self, inputs: None,
    "get_updates_for": lambda self, inputs: [],
    "get_losses_for": lambda self, inputs: self.losses,
    "updates": Derived(lambda self: []),
    "uses_learning_phase": False,
}
"""What is put on Layer."""

ON_INPUT_LAYERS = {"input": property(lambda self: self.output)}
