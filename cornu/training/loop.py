"""fit, evaluate and predict."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import numpy as np

from cornu import config, random, tree
from cornu.errors import explain
from cornu.signature import nonnegative_int
from cornu.training import data as adapters
from cornu.training import step as stepping
from cornu.training.callbacks import CallbackList
from cornu.training.feed import PredictFeed, feed
from cornu.training.session import Session, held_interrupts


def fit(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    epochs: int,
    verbose: int | str,
    callbacks: Any,
    validation_split: float,
    validation_data: Any,
    shuffle: bool,
    class_weight: dict | None,
    sample_weight: Any,
    initial_epoch: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    validation_batch_size: int | None,
    validation_freq: int | Sequence[int],
) -> Any:
    """`Model.fit`."""
    for name, value in (("epochs", epochs), ("initial_epoch", initial_epoch)):
        adapters.check(name, value, nonnegative_int)
    epochs = min(epochs, config.max_epochs() or epochs)
    data, validation = arrange(
        model, x, y, sample_weight, batch_size=batch_size, steps=steps_per_epoch, shuffle=shuffle,
        class_weight=class_weight, validation_split=validation_split, validation_data=validation_data,
        validation_batch_size=validation_batch_size, validation_steps=validation_steps,
    )  # fmt: skip
    position = model.position
    position.epoch, position.step, position.shuffle_seed = initial_epoch, 0, random.derive("shuffle")
    model.stop_training = False
    hooks = CallbackList(
        callbacks, add_history=True, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=epochs,
        steps=data.steps,
    )  # fmt: skip
    with held_interrupts() as interrupts, closing(hooks), Session(model) as session:
        _Fit(session, data, validation, hooks, interrupts, validation_freq).run(epochs)
    return model.history


def arrange(
    model: Any,
    x: Any,
    y: Any,
    sample_weight: Any,
    *,
    batch_size: int | None,
    steps: int | None,
    shuffle: bool | str,
    class_weight: dict | None,
    validation_split: float,
    validation_data: Any,
    validation_batch_size: int | None,
    validation_steps: int | None,
) -> tuple[Any, Any]:
    """The data of a fit and those of its validation, checked against the model, whose missing variables are made."""
    if stepping.compilation(model).optimizer is None:
        raise ValueError(
            explain(f"Model {model.name!r} is compiled without an optimizer.", fix="Pass one to compile().")
        )
    if validation_split and validation_data is None:
        x = x if model.on_host is None else model.on_host(x)
        (x, y, sample_weight), validation_data = adapters.train_validation_split(
            (x, y, sample_weight), validation_split
        )
    data = adapters.standardize(
        x, y, sample_weight, batch_size=batch_size, steps=steps, shuffle=shuffle, class_weight=class_weight,
        on_host=model.on_host,
    )  # fmt: skip
    data = _limited(data)
    validation = _validation(model, validation_data, validation_batch_size or batch_size, validation_steps)
    validation = None if validation is None else _limited(validation)
    _begin(model, "train", data)
    _check_validation(model, data, validation)
    return data, validation


def _limited(data: Any) -> Any:
    """Data of which an epoch takes no more batches than the process's setting allows."""
    limit = config.max_steps_per_epoch()
    if limit is None or (data.steps is not None and data.steps <= limit):
        return data
    if isinstance(data, adapters.ArrayData):
        return dataclasses.replace(data, steps_per_epoch=limit)
    data.steps_per_epoch = limit
    return data


class _Fit:
    """The epochs of one fit."""

    def __init__(
        self, session: Session, data: Any, validation: Any, hooks: Any, interrupts: Any, validation_freq: Any
    ) -> None:
        self._session, self._hooks, self._interrupts = session, hooks, interrupts
        self._data = data
        self._training = feed(session, "train", data)
        self._validation = feed(session, "test", validation) if validation is not None else None
        self._validation_freq = validation_freq

    def run(self, epochs: int) -> None:
        """Trains until epoch number `epochs`, or until somebody stops it."""
        model, hooks = self._session.model, self._hooks
        position = model.position
        hooks.on_train_begin()
        logs: dict[str, Any] = {}
        while position.epoch < epochs and not model.stop_training and not self._exhausted():
            epoch = position.epoch
            hooks.on_epoch_begin(epoch)
            logs = self._epoch(position)
            if np.isnan(np.asarray(logs.get("loss", 0.0))).any():
                self._explain_nan(epoch)
            position.epoch, position.step = epoch + 1, 0
            position.epochs_seen += 1
            if self._validation is not None and not model.stop_training and self._validates(epoch):
                found = _evaluate(self._session, self._validation, hooks, self._interrupts)
                logs.update({f"val_{name}": value for name, value in found.items()})
            hooks.on_epoch_end(epoch, logs)
        if logs:
            model.optimizer.finalize_variable_values(model.trainable_variables)
        hooks.on_train_end(logs)

    def _exhausted(self) -> bool:
        """Whether the data are a generator that gave all it has."""
        return not isinstance(self._data, adapters.ArrayData) and self._data.exhausted

    def _epoch(self, position: Any) -> dict[str, Any]:
        model = self._session.model
        logs: Any = None
        for done, logs in _dispatch(
            self._training, "train", self._hooks, position.shuffle_seed, position.epochs_seen, position.step
        ):
            position.step = done
            self._hooks.on_progress(done, lambda logs=logs: plain_logs(logs))
            self._interrupts.check()
            if model.stop_training:
                break
        if logs is None and position.step:  # a backup was made after the last step of an epoch of unknown length
            logs = model.get_metrics_result()
        if logs is None:
            raise ValueError(explain(f"Model {model.name!r}: the training data gave no batch.", got="an empty dataset"))
        return plain_logs(logs)

    def _validates(self, epoch: int) -> bool:
        freq = self._validation_freq
        return (epoch + 1) % freq == 0 if isinstance(freq, (int, np.integer)) else epoch + 1 in freq

    def _explain_nan(self, epoch: int) -> None:
        found = adapters.check_finite(self._data.arrays) if isinstance(self._data, adapters.ArrayData) else None
        cause = found or "The data are finite: the training diverges. Try a smaller learning rate, or clipnorm."
        warnings.warn(f"The loss is NaN in epoch {epoch + 1}. {cause}", RuntimeWarning, stacklevel=5)


def _begin(model: Any, kind: str, data: Any) -> None:
    """Checks the data against the model, and makes the variables that are missing."""
    stepping.prepare(model, kind, data.peek())
    if isinstance(data, adapters.ArrayData):
        stepping.check_targets(model, data.arrays[1])


def _check_validation(model: Any, data: Any, validation: Any) -> None:
    """Raises, before the first epoch, what validation would raise after it."""
    if not isinstance(validation, adapters.ArrayData):
        return
    forms = [tree.map(lambda array: (array.ndim, *array.shape[1:]), source.peek()) for source in (data, validation)]
    try:
        if forms[0] != forms[1]:
            stepping.check_batch(model, validation.peek())
        stepping.check_targets(model, validation.arrays[1])
    except Exception as error:
        error.add_note("In the validation data.")
        raise


def _validation(model: Any, given: Any, batch_size: int | None, validation_steps: int | None) -> Any:
    if given is None:
        return None
    if isinstance(given, (tuple, list)):
        x, y, sample_weight = stepping.unpack(tuple(given))
        return adapters.standardize(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            steps=validation_steps,
            for_training=False,
            on_host=model.on_host,
        )
    return adapters.standardize(
        given, batch_size=batch_size, steps=validation_steps, for_training=False, on_host=model.on_host
    )


def _dispatch(
    source: Any, kind: str, hooks: Any, seed: int = 0, epochs_seen: int = 0, first: int = 0
) -> Iterator[tuple[int, Any]]:
    """Carries out the steps of an epoch; gives, after each call, the number of steps done and the logs."""
    one_by_one = getattr(hooks, f"wants_{kind}_batches")
    begin, end = (getattr(hooks, f"on_{kind}_batch_{when}") for when in ("begin", "end"))
    done = first
    for count, call in source.dispatches(seed, epochs_seen, first, one_by_one):
        if one_by_one:
            begin(done)
        logs = call()
        if one_by_one:
            end(done, plain_logs(logs) if kind != "predict" else {"outputs": logs})
        done += count
        yield done, logs


def _evaluate(session: Session, source: Any, hooks: Any, interrupts: Any, progress: Any = None) -> dict[str, Any]:
    """The exact values of loss and metrics over data."""
    hooks.on_test_begin()
    logs: Any = None
    for done, logs in _dispatch(source, "test", hooks):
        if progress is not None:
            progress(done, lambda logs=logs: plain_logs(logs))
        interrupts.check()
    if logs is None:
        raise ValueError(explain("The data to evaluate gave no batch.", got="an empty dataset"))
    found = plain_logs(logs)
    hooks.on_test_end(found)
    return found


def evaluate(
    model: Any,
    x: Any,
    y: Any,
    *,
    batch_size: int | None,
    verbose: int | str,
    sample_weight: Any,
    steps: int | None,
    callbacks: Any,
    return_dict: bool,
) -> Any:
    """`Model.evaluate`."""
    stepping.compilation(model)
    data = adapters.standardize(
        x, y, sample_weight, batch_size=batch_size, steps=steps, for_training=False, on_host=model.on_host
    )
    data = _limited(data)
    _begin(model, "test", data)
    hooks = CallbackList(callbacks, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=1, steps=data.steps)
    with held_interrupts() as interrupts, closing(hooks), Session(model) as session:
        logs = _evaluate(session, feed(session, "test", data), hooks, interrupts, hooks.on_progress)
    return in_order(logs, return_dict)


def plain_logs(logs: Any) -> dict[str, Any]:
    """Logs as floats, and arrays where a metric has several values."""
    values = {name: np.asarray(value) for name, value in (logs or {}).items()}
    return {name: float(value) if value.ndim == 0 else value for name, value in values.items()}


def in_order(logs: dict[str, Any], return_dict: bool) -> Any:
    """Logs as a dict, as a list, or where there is only one value, as that."""
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def predict(
    model: Any, x: Any, *, batch_size: int | None, verbose: int | str, steps: int | None, callbacks: Any
) -> Any:
    """`Model.predict`."""
    data = adapters.standardize(x, batch_size=batch_size, steps=steps, for_training=False, on_host=model.on_host)
    data = _limited(data)
    hooks = CallbackList(callbacks, add_progbar=verbose != 0, model=model, verbose=verbose, epochs=1, steps=data.steps)
    with held_interrupts() as interrupts, Session(model) as session:
        hooks.on_predict_begin()
        outputs = []
        for done, found in _dispatch(PredictFeed(session, data), "predict", hooks):
            outputs.append(found)
            hooks.on_progress(done, dict)
            interrupts.check()
        hooks.on_predict_end()
    if not outputs:
        raise ValueError(explain("The data to predict on gave no batch.", got="an empty dataset"))
    return tree.map(lambda *parts: np.concatenate(parts), *outputs)  # a copy even of one: it may be written to
