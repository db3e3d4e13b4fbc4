"""What `compile` makes of losses and metrics: one loss and one set of metrics, whatever the model's outputs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config, losses, registry, tree
from cornu.errors import brief, explain
from cornu.losses.crossentropy import sparse_categorical_crossentropy
from cornu.losses.loss import FunctionLoss
from cornu.metrics.accuracy import BinaryAccuracy, CategoricalAccuracy, SparseCategoricalAccuracy
from cornu.metrics.metric import Metric
from cornu.metrics.outputs import Outputs, is_single
from cornu.metrics.probabilistic import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from cornu.metrics.reduction import Mean, MeanMetricWrapper
from cornu.symbolic import abstract, plain

_ACCURACIES = {
    "binary": BinaryAccuracy,
    "categorical": CategoricalAccuracy,
    "sparse_categorical": SparseCategoricalAccuracy,
}
_CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "categorical": CategoricalCrossentropy,
    "sparse_categorical": SparseCategoricalCrossentropy,
}
_BY_SHAPE = {"accuracy": _ACCURACIES, "acc": _ACCURACIES, "crossentropy": _CROSSENTROPIES, "ce": _CROSSENTROPIES}


def kind_of_targets(y_true: Any, y_pred: Any, wanted: str) -> str:
    """What "accuracy" and "crossentropy" mean for an output: "binary", "categorical" or "sparse_categorical".

    >>> kind_of_targets(np.zeros(8), np.zeros((8, 3)), "accuracy")
    'sparse_categorical'
    """
    if y_true is None:
        raise ValueError(explain(f"There is no target to tell which {wanted!r} is meant.", fix="Name it in full."))
    true, predicted = np.shape(y_true), np.shape(y_pred)
    if len(predicted) < 2 or predicted[-1] == 1:
        return "binary"
    return "sparse_categorical" if len(true) < len(predicted) or true[-1] == 1 else "categorical"


def check_names(given: Any, kind: str) -> None:
    """Raises ValueError for a name of a loss or a metric that nobody knows, before there are data."""
    for name in () if registry.is_config(given) else tree.walk(given):
        if isinstance(name, str) and name.lower() not in _BY_SHAPE:
            registry.lookup(kind, name)


def resolve_loss(given: Any, y_true: Any, y_pred: Any) -> losses.Loss:
    """The loss that an argument stands for, for targets and predictions of these shapes."""
    found = given
    if isinstance(given, str) and given.lower() in ("crossentropy", "ce"):
        found = f"{kind_of_targets(y_true, y_pred, given)}_crossentropy"
    found = losses.get(found)
    if isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found, name=given if isinstance(given, str) else name_of(found))


def resolve_metric(given: Any, y_true: Any, y_pred: Any) -> Metric:
    """The metric that an argument stands for; a name stays the metric's name in logs."""
    if isinstance(given, str) and given.lower() in _BY_SHAPE:
        found = _BY_SHAPE[given.lower()][kind_of_targets(y_true, y_pred, given)]()
    else:
        found = registry.resolve("metric", given)
    if found is None:
        raise ValueError(explain("A metric is None.", expected="a name, a metric, or a function"))
    metric = found if isinstance(found, Metric) else MeanMetricWrapper(found, name=name_of(found))
    metric.name = given if isinstance(given, str) else metric.name
    return metric


def name_of(thing: Any) -> str:
    """The name of an object, a function, or a partially applied one."""
    function = getattr(thing, "func", thing)
    return str(getattr(thing, "name", None) or getattr(function, "__name__", registry.snake_case(type(thing).__name__)))


def unique(name: str, counts: dict[str, int]) -> str:
    """The name, with a number from its second use on.

    >>> seen = {}
    >>> [unique("loss", seen) for _ in range(3)]
    ['loss', 'loss_1', 'loss_2']
    """
    counts[name] = counts.get(name, -1) + 1
    return f"{name}_{counts[name]}" if counts[name] else name


class Term(NamedTuple):
    """A loss, of which output (its place among them) it is, its weight in the sum, and its name."""

    place: int
    loss: losses.Loss
    weight: Any
    name: str


class CompiledLoss:
    """The weighted sum of the losses of a model's outputs.

    Args:
        loss: a loss (name, instance, function, config) for every output; or for each its own: a list, a dict by the
            outputs' names, or the structure of the model's result. None: no loss; a list: their sum.
        loss_weights: factors, in any of these forms.
        output_names: the names of the outputs, if they are known.

    Raises:
        ValueError: when it is built, or called, with what doesn't fit the outputs.

    "crossentropy" stands for the binary, categorical or sparse categorical one, by the shapes of targets and
    predictions. Where there are several terms, `metrics` holds the mean of each, without its factor, weighted by the
    sizes of the batches, as `<name of the output>_loss`. Differences from Keras: dicts may leave outputs out; several
    losses of a single output are all taken, and not the first one alone; the terms stand in the order of the outputs;
    names that occur twice are numbered instead of hiding each other.

    >>> loss = CompiledLoss({"a": "mse", "b": "mae"}, {"b": 10.0}, ["a", "b"])
    >>> float(loss([np.zeros((2, 1)), np.zeros((2, 1))], [np.ones((2, 1)), 2 * np.ones((2, 1))]))
    21.0
    >>> [(metric.name, float(metric.result())) for metric in loss.metrics]
    [('a_loss', 1.0), ('b_loss', 2.0)]
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Sequence[str] | None = None) -> None:
        self.loss, self.loss_weights, self.output_names = loss, loss_weights, output_names
        self.metrics: list[Mean] = []
        self.built = False

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the terms, from the structure and the shapes of targets and predictions."""
        self.outputs = Outputs(y_pred, self.output_names)
        self.terms = self._terms(self.outputs, y_true, y_pred)
        if len(self.terms) > 1:
            self.metrics = [Mean(name=f"{term.name}_loss") for term in self.terms]
        self.built = True

    def _terms(self, outputs: Outputs, y_true: Any, y_pred: Any) -> list[Term]:
        given = outputs.spread(self.loss, "loss", share=True)
        weights = outputs.spread(self.loss_weights, "loss_weights", share=True)
        targets = outputs.targets(y_true, [entry is not None for entry in given])
        terms, counts = [], dict[str, int]()
        for place, (entry, prediction) in enumerate(zip(given, outputs.values(y_pred), strict=True)):
            entries = [entry] if is_single(entry) else list(entry)
            for one, weight in zip(entries, _weights(weights[place], len(entries)), strict=True):
                if one is not None:
                    loss = resolve_loss(one, targets[place], prediction)
                    terms.append(Term(place, loss, weight, unique(outputs.name(place, loss.name), counts)))
        if not terms:
            raise ValueError(explain("No output has a loss.", got=f"loss={brief(self.loss)}"))
        return terms

    @property
    def variables(self) -> list:
        """The state of the metrics."""
        return [v for metric in self.metrics for v in metric.variables]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> jax.Array:
        """The sum, of which the terms' means are kept. Targets and weights come in any of the forms of `loss`."""
        if not self.built:
            self.build(y_true, y_pred)
        targets, weights = self.targets(y_true), self.outputs.spread(sample_weight, "sample_weight", share=True)
        predictions = self.outputs.values(y_pred)
        total = []
        for number, (place, loss, factor, name) in enumerate(self.terms):
            value = self._value(loss, name, targets[place], predictions[place], weights[place])
            if self.metrics:
                batch_size = jnp.asarray(tree.flatten(predictions[place])[0].shape[0], value.dtype)
                self.metrics[number].update_state(value, batch_size)
            total.append(value if factor is None else value * plain(factor))
        return sum(total[1:], total[0])

    def targets(self, y_true: Any) -> list:
        """The target of each output. There may be targets for the outputs with a loss only."""
        places = {term.place for term in self.terms}
        return self.outputs.targets(y_true, [place in places for place in range(len(self.outputs))])

    def _value(self, loss: losses.Loss, name: str, y_true: Any, y_pred: Any, sample_weight: Any) -> jax.Array:
        where = f"Output {name!r}: " if len(self.outputs) > 1 else ""
        if y_true is None:
            raise ValueError(explain(f"{where}there is a loss, and no target.", fix="Pass one, or loss=None for it."))
        try:
            value = jnp.asarray(loss(y_true, y_pred, sample_weight), config.floatx())
        except ValueError as error:
            raise ValueError(f"{where}{error}") if where else error from None
        if value.ndim:
            raise ValueError(
                explain(
                    f"{where}the loss {loss.name!r} isn't one number.",
                    got=f"shape {value.shape}",
                    fix=f"Use another reduction than {loss.reduction!r}.",
                )
            )
        return value

    def check_labels(self, y_true: Any, output_shape: Any) -> None:
        """Raises ValueError where class labels are out of range of the outputs; for the host, before training.

        >>> CompiledLoss("sparse_categorical_crossentropy").check_labels(np.array([0, 1]), (None, 2))
        """
        y_pred = tree.map(lambda shape: abstract(shape, config.floatx()), output_shape, is_leaf=_is_shape)
        outputs = Outputs(y_pred, self.output_names)
        terms, predictions = self._terms(outputs, y_true, y_pred), outputs.values(y_pred)
        wanted = {term.place for term in terms}
        targets = outputs.targets(y_true, [place in wanted for place in range(len(outputs))])
        for place, loss, _, _ in terms:
            if isinstance(loss, FunctionLoss) and loss.fn is sparse_categorical_crossentropy:
                axis, ignored = getattr(loss, "axis", -1), getattr(loss, "ignore_class", None)
                classes = predictions[place].shape[axis]
                if isinstance(classes, int) and targets[place] is not None:
                    losses.check_labels(targets[place], classes, ignored)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(size is None or isinstance(size, int) for size in value)


def _weights(given: Any, number: int) -> list:
    """A factor for each loss of an output."""
    found = list(given) if isinstance(given, (list, tuple)) else [given] * number
    for weight in found:
        if weight is not None and not hasattr(weight, "shape") and not isinstance(weight, (int, float)):
            raise ValueError(
                explain("Argument `loss_weights` is wrong.", expected="a number for each loss", got=brief(given))
            )
    if len(found) != number:
        raise ValueError(
            explain(
                "Argument `loss_weights` doesn't fit the losses of an output.",
                expected=f"{number} of them",
                got=f"{len(found)}",
            )
        )
    return found


class CompiledMetrics(Metric):
    """The metrics of a model's outputs, as one metric whose result is a dict by name.

    Args:
        metrics: a list of metrics (names, instances, functions, configs) for the only output; or for each output its
            own one, or list: a list, a dict by the outputs' names, or the structure of the model's result.
        weighted_metrics: further ones, which sample weights are handed to.
        output_names: the names of the outputs, if they are known.

    "accuracy" and "crossentropy" stand for the binary, categorical or sparse categorical ones, by the shapes of targets
    and predictions. A metric's name in the result is what it was asked for by, or its own; with several outputs
    `<output>_<name>`. One that occurs again is numbered; a weighted one is called `weighted_<name>` first.

    >>> metrics = CompiledMetrics(["accuracy", "mae"])
    >>> metrics.update_state(np.array([[1.0], [0.0]]), np.array([[0.9], [0.7]]))
    >>> {name: round(float(value), 3) for name, value in metrics.result().items()}
    {'accuracy': 0.5, 'mae': 0.4}
    """

    def __init__(
        self, metrics: Any = None, weighted_metrics: Any = None, output_names: Sequence[str] | None = None
    ) -> None:
        super().__init__(name="compile_metrics")
        self.given, self.output_names = (metrics, weighted_metrics), output_names
        self._plain: list[list[Metric]] = []
        self._weighted: list[list[Metric]] = []
        self.built = False

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Makes the metrics, and their state, from the structure and the shapes of targets and predictions."""
        self.outputs = Outputs(y_pred, self.output_names)
        given = [
            _for_outputs(self.outputs, metrics, argument)
            for metrics, argument in zip(self.given, ("metrics", "weighted_metrics"), strict=True)
        ]
        self._has = [bool(one or other) for one, other in zip(*given, strict=True)]
        pairs = list(zip(self.outputs.targets(y_true, self._has), self.outputs.values(y_pred), strict=True))
        self._plain, self._weighted = (
            [[resolve_metric(m, *pair) for m in metrics] for metrics, pair in zip(each, pairs, strict=True)]
            for each in given
        )
        for one, other, pair in zip(self._plain, self._weighted, pairs, strict=True):
            for metric in (*one, *other):
                if not metric.built:
                    metric.build(*pair)
        self.built = True

    @property
    def metrics(self) -> list[Metric]:
        """All of them, in the order of the result; none before the outputs are known."""
        return [metric for groups in (self._plain, self._weighted) for group in groups for metric in group]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Takes a batch in. Targets and weights come in any of the forms of a `CompiledLoss`'s."""
        if not self.built:
            self.build(y_true, y_pred)
        targets, predictions = self.outputs.targets(y_true, self._has), self.outputs.values(y_pred)
        weights = self.outputs.spread(sample_weight, "sample_weight", share=True)
        for place, prediction in enumerate(predictions):
            if self._has[place] and targets[place] is None:
                name = self.outputs.names[place] or place
                raise ValueError(explain(f"Output {name!r}: there are metrics, and no target."))
            for metric in self._plain[place]:
                metric.update_state(targets[place], prediction)
            for metric in self._weighted[place]:
                metric.update_state(targets[place], prediction, weights[place])

    def result(self) -> dict[str, Any]:
        """The values by name, in order."""
        if not self.built:
            raise ValueError(explain("The metrics have no result yet.", fix="Train or evaluate the model first."))
        return {name: metric.result() for name, metric in zip(self._names(), self.metrics, strict=True)}

    def _names(self) -> list[str]:
        counts: dict[str, int] = {}
        names = []
        for groups, second in ((self._plain, ""), (self._weighted, "weighted_")):
            for output, group in zip(self.outputs.names, groups, strict=True):
                prefix = f"{output}_" if output and len(self.outputs) > 1 else ""
                for metric in group:
                    again = second if prefix + metric.name in counts else ""
                    names.append(unique(f"{prefix}{again}{metric.name}", counts))
        return names

    def reset_state(self) -> None:
        """Resets each."""
        for metric in self.metrics:
            metric.reset_state()


def _for_outputs(outputs: Outputs, given: Any, argument: str) -> list[list]:
    """The metrics of each output."""
    if given is None or (not is_single(given) and not given):
        return [[] for _ in outputs.paths]
    if len(outputs) == 1:
        return [_flat(given)]
    return [[] if entry is None else _flat(entry) for entry in outputs.spread(given, argument, share=True)]


def _flat(given: Any) -> list:
    if is_single(given):
        return [given]
    return [metric for entry in (given.values() if isinstance(given, dict) else given) for metric in _flat(entry)]
