"""Losses and metrics that name tensors of a model's graph, as old programs wrote them.

    def vae_loss(x, decoded):                             # closes over symbolic tensors of the model
        return K.mean(K.square(x - decoded)) - 0.5 * K.sum(1 + log_var - K.square(mean) - K.exp(log_var))
    vae.add_loss(K.mean(...)); vae.add_metric(tensor, "kl")

While a step runs, the values of all tensors of the graph are known. A loss that comes out symbolic is computed from
them; a loss or metric that was added to a model becomes one more result of its graph.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import tree
from cornu.compat import dialect, notices
from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.metrics import Mean
from cornu.models.functional import Functional
from cornu.models.graph import Graph
from cornu.symbolic import KerasTensor, ShapesOnly, op
from cornu.training import step
from cornu.variables import current_scope, has_scope

_plain_run = Graph.run
_known: dict[int, Any] = {}
_made: dict[int, KerasTensor] = {}
_numbers: weakref.WeakKeyDictionary[Layer, list[np.ndarray]] = weakref.WeakKeyDictionary()
_depth = 0


def _run(self: Graph, values: Sequence[Any], call: Callable | None = None) -> list[Any]:
    """Graph.run, which inside a step keeps every tensor's value until the next model runs."""
    global _depth
    if not has_scope():
        return _plain_run(self, values, call)
    if not _depth:
        _known.clear()
        _made.clear()
    _known.update({id(tensor): value for tensor, value in zip(self.inputs, values, strict=True)})
    inner = call or (lambda node, args, kwargs: node.operation(*args, **kwargs))

    def keep(node: Any, args: tuple, kwargs: dict) -> Any:
        results = inner(node, args, kwargs)
        for tensor, value in zip(node.outputs, tree.flatten(results), strict=True):
            _known[id(tensor)], _made[id(value)] = value, tensor
        return results

    _depth += 1
    try:
        return _plain_run(self, values, keep)
    finally:
        _depth -= 1


ON_GRAPHS = {"run": _run}

_plain_check = Functional._check_input


def _check_input(self: Functional, tensor: KerasTensor, array: Any) -> None:
    """The check of a model's input: until tf.keras, a model in a graph took whatever its first layers take."""
    in_graph = _depth > 0 or (has_scope() and isinstance(current_scope(), ShapesOnly))
    if not (in_graph and dialect.current().before("tf.keras")):
        _plain_check(self, tensor, array)


ON_FUNCTIONAL = {"_check_input": _check_input}


class LossGraph(Graph):
    """A graph that computes losses and metrics, too, and hands them to its model."""

    def __init__(self, model: Any, losses: Sequence[KerasTensor], metrics: dict[str, KerasTensor]) -> None:
        self._model, self._losses, self._named = model, list(losses), dict(metrics)
        plain = model._graph
        outputs = plain.outputs[: getattr(plain, "_count", None)]
        self._count = len(outputs)
        super().__init__(plain.inputs, [*outputs, *self._losses, *self._named.values()])
        self.outputs, self._all = outputs, self.outputs

    def run(self, values: Sequence[Any], call: Callable | None = None) -> list[Any]:
        """The outputs' values; the losses go to the model."""
        shown, self.outputs = self.outputs, self._all
        try:
            results = super().run(values, call)
        finally:
            self.outputs = shown
        added = results[self._count :]
        for loss in added[: len(self._losses)]:
            self._model.add_loss(loss)
        for name, value in zip(self._named, added[len(self._losses) :], strict=True):
            self._model.added_metrics[name].update_state(value)
        return results[: self._count]


def add(model: Any, losses: Sequence[KerasTensor]) -> None:
    """Adds tensors of a model's graph to its loss.

    Raises ValueError for a layer, or a model without a graph.
    """
    if not isinstance(model, Functional):
        raise ValueError(
            explain(
                f"{type(model).__name__} {model.name!r}: only a model of a graph takes symbolic losses.",
                fix="Call add_loss inside of the layer's call().",
            )
        )
    graph = model._graph
    _replace(model, [*getattr(graph, "_losses", ()), *losses], getattr(graph, "_named", {}))


def add_metric(model: Any, value: KerasTensor, name: str) -> None:
    """Adds a tensor of a model's graph to what it reports."""
    if not isinstance(model, Functional):
        raise ValueError(explain(f"{type(model).__name__} {model.name!r}: only a model of a graph takes metrics."))
    model.__dict__.setdefault("added_metrics", {})[name] = Mean(name=name)
    graph = model._graph
    _replace(model, getattr(graph, "_losses", ()), {**getattr(graph, "_named", {}), name: value})


def _replace(model: Any, losses: Sequence[KerasTensor], metrics: dict[str, KerasTensor]) -> None:
    model._graph = LossGraph(model, losses, metrics)
    model._operations = model._graph.operations()
    if hasattr(model, "_step_cache"):
        model._step_cache.clear()


def closed(function: Any, is_metric: bool = False) -> Any:
    """A person's loss or metric function; where its result is symbolic, it is computed from the step's tensors.

    Until Keras 3, targets of one axis came to it as a column; until Keras 2.3, a metric's one number for a batch
    counted as often as the batch has samples.
    """
    if isinstance(function, (str, type)) or not callable(function) or isinstance(function, Layer):
        return function
    if not hasattr(function, "__name__"):
        return function

    @functools.wraps(function)
    def compute(y_true: Any, y_pred: Any, *rest: Any, **named: Any) -> Any:
        found = function(_column(y_true, y_pred), y_pred, *rest, **named)
        found = evaluate(found) if isinstance(found, KerasTensor) else found
        return jnp.broadcast_to(found, y_pred.shape[:1]) if spread and not jnp.ndim(found) else found

    spread = is_metric and dialect.current().before("tf.keras") and dialect.current().accuracy == "acc"
    return compute


def _column(y_true: Any, y_pred: Any) -> Any:
    single = dialect.current().before("keras3") and getattr(y_true, "ndim", 0) == 1 < getattr(y_pred, "ndim", 0)
    return y_true[:, None] if single else y_true


class Total:
    """A compiled model's targets, weights of samples and loss, as symbolic tensors of its graph.

    `K.gradients(model.total_loss, model.trainable_weights)`, or a function of `model.inputs`, `model.targets` and
    `model.sample_weights`, looked so into the training until Keras 3.
    """

    def __init__(self, model: Any) -> None:
        sparse = [_is_sparse(model, place) for place in range(len(model.outputs))]
        kinds = zip(model.outputs, sparse, strict=True)
        self.targets = [KerasTensor((*t.shape[:-1], 1 if one else t.shape[-1]), t.dtype) for t, one in kinds]
        self.sample_weights = [KerasTensor((None,), "float32") for _ in model.outputs]

        def total(outputs: list, targets: list, weights: list) -> Any:
            single = len(outputs) == 1
            given = (targets[0], outputs[0], weights[0]) if single else (targets, outputs, weights)
            return step.compute_loss(model, *given)

        self.loss = op(total)(list(model.outputs), self.targets, self.sample_weights)


def _is_sparse(model: Any, place: int) -> bool:
    given = model.loss if isinstance(model.loss, (list, tuple, dict)) else [model.loss] * len(model.outputs)
    named = list(given.values())[place] if isinstance(given, dict) else given[place]
    return "sparse" in str(getattr(named, "__name__", getattr(named, "name", named)))


def total(model: Any) -> Total:
    """The symbolic targets, weights and loss of a model; ValueError where it isn't compiled."""
    compiled = step.compilation(model)
    kept = vars(model).get("_symbolic_total")
    if kept is None or kept[0] is not compiled:
        vars(model)["_symbolic_total"] = kept = (compiled, Total(model))
    return kept[1]


def numbers_of(layer: Layer) -> list[np.ndarray]:
    """What `get_weights` gives in a loss, while it is compiled: numbers, and the same ones until `compile` comes again.

    So it was when a loss was run once, by `compile`, to make a graph: these weights don't follow the training.
    """
    if layer not in _numbers:
        notices.note("layer.get_weights() in a loss", "constants, as they were; layer.kernel follows the training")
        with jax.ensure_compile_time_eval():
            _numbers[layer] = [np.asarray(variable.stored()) for variable in layer.weights]
    return [array.copy() for array in _numbers[layer]]


def forget_numbers(model: Any) -> None:
    """Lets losses take the numbers of a model's weights anew."""
    for layer in model._flatten_layers():
        _numbers.pop(layer, None)


def is_running() -> bool:
    """Whether a graph runs now, so that the values of its tensors are known."""
    return _depth > 0


def tensor_of(value: Any) -> KerasTensor | None:
    """The symbolic tensor whose value this is in the step that runs; None for any other value."""
    tensor = _made.get(id(value))
    return tensor if tensor is not None and _known[id(tensor)] is value else None


def evaluate(tensor: KerasTensor) -> Any:
    """The value of a symbolic tensor in the step that runs; ValueError where the step doesn't know its sources."""
    waiting, sources, seen = [tensor], {}, set()
    while waiting:
        one = waiting.pop()
        if id(one) in _known:
            sources[id(one)] = one
        elif id(one) not in seen and one.node is not None:
            seen.add(id(one))
            waiting += one.node.inputs
    graph = Graph(list(sources.values()), [tensor])
    return _plain_run(graph, [_known[id(one)] for one in graph.inputs])[0]
