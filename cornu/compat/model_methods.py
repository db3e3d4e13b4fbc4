"""What models of old eras could do: training by generators, classes and probabilities, files of any name."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from cornu import tree
from cornu.compat import callback_lists, dialect, files, losses_by_name, notices, old_numpy, symbolic_losses
from cornu.compat.layer_methods import Derived
from cornu.errors import explain
from cornu.layers import parts
from cornu.metrics import Metric
from cornu.metrics.compiled import CompiledLoss, CompiledMetrics
from cornu.models.functional import Functional
from cornu.models.model import Model
from cornu.models.sequential import Sequential
from cornu.symbolic import abstract
from cornu.training import step
from cornu.training.callbacks.history import History
from cornu.training.py_dataset import PyDataset
from cornu.visualization.summary import print_summary

# Compiling -----------------------------------------------------------------------------------------------------------

_REPLACED = ("compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch")
PLAIN = {name: getattr(Model, name) for name in _REPLACED}
"""The methods that are replaced, as cornu has them."""


@functools.wraps(Model.compile)
def _compile(self: Model, optimizer: Any = "rmsprop", loss: Any = None, *args: Any, **kwargs: Any) -> None:
    """Model.compile, with the era's losses, metrics and optimizers behind their names."""
    shape = getattr(self, "output_shape", None) if self.built else None
    for name in ("metrics", "weighted_metrics"):
        if kwargs.get(name) is not None:
            given = _for_each_output(kwargs[name], len(self.outputs)) if shape is not None else kwargs[name]
            named = losses_by_name.metrics(given, loss, shape)
            kwargs[name] = tree.map(lambda one: symbolic_losses.closed(one, is_metric=True), named)
    loss = tree.map(symbolic_losses.closed, losses_by_name.loss(loss))
    if isinstance(kwargs.get("loss_weights"), np.ndarray):
        kwargs["loss_weights"] = list(kwargs["loss_weights"])
    symbolic_losses.forget_numbers(self)
    PLAIN["compile"](self, losses_by_name.optimizer(optimizer), loss, *args, **kwargs)
    if dialect.current().before("keras3"):
        self.__dict__["_trained_as"] = _trainable(self)


def _metrics_names(self: Model) -> list[str]:
    """The names under which `evaluate` and the history report, from `compile` on."""
    compiled = self._compiled
    if compiled is None:
        return [metric.name for metric in self.metrics]
    loss, metrics = compiled.loss, compiled.compiled_metrics
    if isinstance(self, (Functional, Sequential)) and self.built and not metrics.built:
        outputs = tree.map(lambda tensor: abstract(tensor.shape, tensor.dtype), self.output)
        metrics = CompiledMetrics(*metrics.given, metrics.output_names)
        metrics.build(outputs, outputs)
        if loss is not None:
            loss = CompiledLoss(loss.loss, loss.loss_weights, loss.output_names)
            loss.build(outputs, outputs)
    known = [*compiled.metrics, *metrics.metrics]
    others = [metric.name for metric in self.metrics if not any(metric is one for one in known)]
    return ["loss", *(m.name for m in (loss.metrics if loss is not None else [])), *metrics._names(), *others]


class Appended(list):
    """A list whose `append` is heard of."""

    def __init__(self, items: Iterable[Any], heard: Callable[[Any], None]) -> None:
        super().__init__(items)
        self._heard = heard

    def append(self, item: Any) -> None:
        """Adds an item."""
        super().append(item)
        self._heard(item)


def _hears(kind: str, items: Callable[[Model], list]) -> property:
    """A list to which metrics were added by two calls of `append`: the tensor here, its name there."""

    def heard(model: Model, item: Any) -> None:
        waiting = vars(model).setdefault("_metrics_to_come", {"tensor": [], "name": []})
        waiting[kind].append(item)
        if all(waiting.values()):
            notices.note("model.metrics_tensors.append(tensor)", "model.add_metric(tensor, name)")
            symbolic_losses.add_metric(model, waiting["tensor"].pop(0), waiting["name"].pop(0))

    return property(lambda self: Appended(items(self), functools.partial(heard, self)))


def _for_each_output(metrics: Any, number: int) -> Any:
    """A flat list of metrics, once for each of several outputs: that is what it meant until Keras 3."""
    flat = isinstance(metrics, (list, tuple)) and not any(one is None or tree.is_nested(one) for one in metrics)
    if number < 2 or not flat or not dialect.current().before("keras3"):
        return metrics
    return [[_another(one) for one in metrics] for _ in range(number)]


def _another(metric: Any) -> Any:
    return metric.from_config(metric.get_config()) if isinstance(metric, Metric) else metric


def _trainable(model: Model) -> dict[int, tuple[Any, bool]]:
    """Which layers are trained now."""
    return {id(layer): (layer, layer._trainable) for layer in model._flatten_layers()}


@contextmanager
def as_compiled(model: Model) -> Iterator[None]:
    """Within it, what was frozen when the model was compiled is frozen, and nothing else.

    Until Keras 3, `compile` settled what is trained: a GAN freezes its discriminator after compiling it.
    """
    wanted = model.__dict__.get("_trained_as", {})
    now = _trainable(model)
    changed = [layer for key, (layer, flag) in wanted.items() if key in now and now[key][1] != flag]
    if not changed:
        yield
        return
    notices.note("trainable = ... after compile()", "compile() again: what is trained was settled there")
    kept = [(v, v.trainable) for v in model.variables]
    for layer, flag in wanted.values():
        _set_own(layer, flag)
    try:
        yield
    finally:
        for layer, flag in now.values():
            _set_own(layer, flag)
        for variable, flag in kept:
            variable.trainable = flag


def _set_own(layer: Any, flag: bool) -> None:
    """Freezes or unfreezes a layer without those inside it."""
    layer._trainable = flag
    parts._freezes[0] += 1
    for variable in parts.own_variables(layer):
        variable.trainable = flag and variable.made_trainable


# Training ------------------------------------------------------------------------------------------------------------


@functools.wraps(Model.fit)
def _fit(self: Model, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
    """Model.fit, whose callbacks see the validation data, and with `class_weight="auto"` and the like refused."""
    _show_accuracy(self, kwargs.pop("show_accuracy", False))
    _tell_callbacks(self, x, kwargs)
    kwargs["epochs"] = int(kwargs.get("epochs", 1))
    with as_compiled(self), callback_lists.telling(self, x, kwargs):
        return PLAIN["fit"](self, x, y, *args, **kwargs)


def _show_accuracy(model: Model, wanted: bool) -> None:
    """Before 2016, the accuracy was asked for where the model was trained."""
    if wanted and model._compiled is not None and not model._compiled.arguments["metrics"]:
        notices.note("show_accuracy=True", 'compile(..., metrics=["accuracy"])')
        PLAIN["compile"](model, model.optimizer, model.loss, metrics=["acc"])


@functools.wraps(Model.evaluate)
def _evaluate(self: Model, *args: Any, **kwargs: Any) -> Any:
    """Model.evaluate, which before 2016 was asked for the accuracy."""
    _show_accuracy(self, kwargs.pop("show_accuracy", False))
    return PLAIN["evaluate"](self, *args, **kwargs)


@functools.wraps(Model.test_on_batch)
def _test_on_batch(self: Model, *args: Any, **kwargs: Any) -> Any:
    """Model.test_on_batch, which before 2016 was asked for the accuracy."""
    _show_accuracy(self, kwargs.pop("accuracy", False))
    return PLAIN["test_on_batch"](self, *args, **kwargs)


def _tell_callbacks(model: Model, x: Any, arguments: dict[str, Any]) -> None:
    validation = arguments.get("validation_data")
    if not isinstance(validation, (list, tuple)) or len(validation) < 2:
        return
    for callback in arguments.get("callbacks") or []:
        inputs = [np.asarray(a) for a in tree.flatten(validation[0])]
        targets = [np.asarray(a) for a in tree.flatten(validation[1])]
        callback.validation_data = [*inputs, *targets, *(np.ones(len(t)) for t in targets)]


@functools.wraps(Model.train_on_batch)
def _train_on_batch(self: Model, *args: Any, **kwargs: Any) -> Any:
    """Model.train_on_batch, of what was trained when the model was compiled."""
    _show_accuracy(self, kwargs.pop("accuracy", False))
    with as_compiled(self):
        return PLAIN["train_on_batch"](self, *args, **kwargs)


def _steps(generator: Any, steps: int | None, samples: int | None) -> tuple[Any, int | None]:
    """The generator and its number of batches; Keras 1 counted samples."""
    if steps is not None or samples is None:
        return generator, None if steps is None else int(steps)
    if isinstance(generator, PyDataset):
        return generator, math.ceil(samples / len(tree.flatten(generator[0])[0]))
    first = next(generator)
    size = len(tree.flatten(first[0] if isinstance(first, (list, tuple)) else first)[0])

    def again() -> Iterator[Any]:
        yield first
        yield from generator

    return again(), math.ceil(samples / size)


def _fit_generator(
    self: Model,
    generator: Any,
    steps_per_epoch: int | None = None,
    epochs: int = 1,
    verbose: int = 1,
    callbacks: Any = None,
    validation_data: Any = None,
    validation_steps: int | None = None,
    class_weight: Any = None,
    shuffle: bool = True,
    initial_epoch: int = 0,
    validation_freq: int = 1,
    samples_per_epoch: int | None = None,
    nb_val_samples: int | None = None,
    show_accuracy: bool = False,
) -> Any:
    """Trains on batches from a generator; today `fit` does."""
    notices.note("model.fit_generator(...)", "model.fit(...)")
    _show_accuracy(self, show_accuracy)
    generator, steps = _steps(generator, steps_per_epoch, samples_per_epoch)
    if nb_val_samples is not None or validation_steps is not None:
        validation_data, validation_steps = _steps(validation_data, validation_steps, nb_val_samples)
    return self.fit(
        generator, epochs=epochs, verbose=verbose, callbacks=callbacks, validation_data=validation_data,
        class_weight=class_weight, shuffle=shuffle, initial_epoch=initial_epoch, steps_per_epoch=steps,
        validation_steps=validation_steps, validation_freq=validation_freq,
    )  # fmt: skip


def _evaluate_generator(
    self: Model,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    verbose: int = 0,
    val_samples: int | None = None,
) -> Any:
    """The loss and metrics on batches from a generator; today `evaluate` does."""
    notices.note("model.evaluate_generator(...)", "model.evaluate(...)")
    generator, steps = _steps(generator, steps, val_samples)
    return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)


def _predict_generator(
    self: Model,
    generator: Any,
    steps: int | None = None,
    callbacks: Any = None,
    verbose: int = 0,
    val_samples: int | None = None,
) -> Any:
    """The outputs for batches from a generator; today `predict` does. Keras 1 gave `val_samples` of them."""
    notices.note("model.predict_generator(...)", "model.predict(...)")
    generator, steps = _steps(generator, steps, val_samples)
    found = self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)
    return found if val_samples is None else tree.map(lambda array: array[:val_samples], found)


def _compiled_loss(self: Model) -> Callable:
    """tf.keras's `self.compiled_loss(y, y_pred, sample_weight, regularization_losses=self.losses)`."""
    compiled = step.compilation(self)

    loss_of = compiled.loss
    if loss_of is None:
        raise ValueError(explain(f"Model {self.name!r} is compiled without a loss."))

    def total(y: Any, y_pred: Any, sample_weight: Any = None, regularization_losses: Any = None) -> Any:
        loss = loss_of(y, y_pred, sample_weight) + sum(regularization_losses or [])
        compiled.loss_mean.update_state(loss, sample_weight=len(tree.flatten(y_pred)[0]))
        return loss

    return total


def _compiled_metrics(self: Model) -> Any:
    """tf.keras's `self.compiled_metrics.update_state(y, y_pred)`."""
    return step.compilation(self).compiled_metrics


# Predicting ----------------------------------------------------------------------------------------------------------


@functools.wraps(Model.predict)
def _predict(self: Model, x: Any, *args: Any, **kwargs: Any) -> Any:
    """Model.predict, which until tf.keras predicted as many samples as the first input has."""
    if dialect.current().before("tf.keras") and isinstance(x, (list, tuple)):
        lengths = [len(array) for array in x if np.ndim(array) > 0]
        if len(lengths) == len(x) and any(length > lengths[0] for length in lengths):
            notices.note("predict with inputs of different lengths", "the first input's number of samples of each")
            x = [array[: lengths[0]] for array in x]
    found = PLAIN["predict"](self, x, *args, **kwargs)
    return tree.map(old_numpy.numbers, found) if dialect.current().before("keras3") else found


def _predict_proba(self: Model, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
    """The outputs, as probabilities; today `predict`."""
    notices.note("model.predict_proba(x)", "model.predict(x)")
    return self.predict(x, batch_size=batch_size, verbose=verbose)


def _predict_classes(self: Model, x: Any, batch_size: int = 32, verbose: int = 0) -> Any:
    """The most probable class of each sample; for one output unit, whether it is above 1/2."""
    notices.note("model.predict_classes(x)", "model.predict(x).argmax(-1), or model.predict(x) > 0.5")
    found = self.predict(x, batch_size=batch_size, verbose=verbose)
    return found.argmax(-1) if found.shape[-1] > 1 else (found > 0.5).astype("int32")


# Tables and files ----------------------------------------------------------------------------------------------------


@functools.wraps(Model.summary)
def _summary(self: Model, *args: Any, **kwargs: Any) -> None:
    """Model.summary, which until Keras 3 didn't count the optimizer's state."""
    kwargs["count_optimizer"] = not dialect.current().before("keras3")
    print_summary(self, *args, **kwargs)


def _to_yaml(self: Model, **kwargs: Any) -> str:
    """The architecture as YAML: JSON is YAML, too."""
    notices.note("model.to_yaml()", "model.to_json()")
    return self.to_json()


def _reset_states(self: Model) -> None:
    """Sets the states of recurrent layers to zero."""
    notices.note("model.reset_states()", "layer.reset_state() of each stateful layer")
    for layer in self._flatten_layers(include_self=False):
        if getattr(layer, "stateful", False) and hasattr(layer, "reset_state"):
            layer.reset_state()


def _nothing(self: Model) -> None:
    """Nothing: functions are compiled when they are first used."""


class Logs(dict):
    """A history's values: what is called "acc" in one era and "accuracy" in another is found under both names."""

    def __missing__(self, name: str) -> Any:
        for old, new in (("acc", "accuracy"), ("accuracy", "acc"), ("lr", "learning_rate"), ("learning_rate", "lr")):
            prefix = "val_" if name.startswith("val_") else ""
            if name == prefix + old and prefix + new in self:
                notices.note(f'history["{name}"]', f'history["{prefix}{new}"]')
                return self[prefix + new]
        raise KeyError(explain(f"The history has no {name!r}.", expected=", ".join(map(str, self))))


def _new_history(plain: Callable) -> Callable:
    def __init__(self: Any) -> None:
        plain(self)
        self.history = Logs()

    return __init__


ON_HISTORIES = {"__init__": _new_history(History.__init__)}

ADDED: dict[str, Any] = {
    "compile": _compile,
    "fit": _fit,
    "evaluate": _evaluate,
    "train_on_batch": _train_on_batch,
    "test_on_batch": _test_on_batch,
    "fit_generator": _fit_generator,
    "evaluate_generator": _evaluate_generator,
    "predict_generator": _predict_generator,
    "targets": property(lambda self: symbolic_losses.total(self).targets),
    "sample_weights": property(lambda self: symbolic_losses.total(self).sample_weights),
    "total_loss": property(lambda self: symbolic_losses.total(self).loss),
    "predict": _predict,
    "predict_proba": _predict_proba,
    "predict_classes": _predict_classes,
    "summary": _summary,
    "save": files.save,
    "save_weights": files.save_weights,
    "load_weights": files.load_weights,
    "to_yaml": _to_yaml,
    "reset_states": _reset_states,
    "metrics_names": _hears("name", _metrics_names),
    "metrics_tensors": _hears("tensor", lambda self: []),
    "compiled_loss": property(_compiled_loss),
    "compiled_metrics": property(_compiled_metrics),
    "_make_predict_function": _nothing,
    "_make_train_function": _nothing,
    "_make_test_function": _nothing,
    "make_predict_function": _nothing,
    "make_train_function": _nothing,
    "make_test_function": _nothing,
    "model": property(lambda self: self),
    "stateful": Derived(lambda self: any(getattr(layer, "stateful", False) for layer in self.layers)),
}
"""What is put on Model."""
