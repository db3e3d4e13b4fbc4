"""Several callbacks as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cornu import tree
from cornu.errors import brief, explain
from cornu.training.callbacks.callback import Logs, overrides
from cornu.training.callbacks.history import History
from cornu.training.callbacks.progbar_logger import ProgbarLogger

_BATCH_HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList:
    """Calls the hooks of callbacks in order: the person's, then History, then the progress bar, then backups.

    Args:
        callbacks: a callback, or a list of them.
        add_history, add_progbar: whether to add a `History` and a `ProgbarLogger` where there is none.
        model: handed to each callback; gets the History as `model.history`.
        params: handed to each callback: verbose, epochs, steps.

    `wants_train_batches`, `wants_test_batches` and `wants_predict_batches` tell whether anybody overrides a hook of
    single batches. Raises TypeError for something that is no callback.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        given = [c for c in tree.walk([] if callbacks is None else callbacks) if c is not None]
        for callback in given:
            _check(callback)
        if add_history and not _find(given, History):
            given.append(History())
        if add_progbar and not _find(given, ProgbarLogger):
            given.append(ProgbarLogger())
        self.callbacks = sorted(given, key=lambda callback: getattr(callback, "runs_last", False))
        wanted = {kind: [self._having(hook) for hook in hooks] for kind, hooks in _BATCH_HOOKS.items()}
        self.wants_train_batches, self.wants_test_batches, self.wants_predict_batches = (
            any(wanted[kind]) for kind in ("train", "test", "predict")
        )
        self.params: dict[str, Any] = {}
        self.set_model(model)
        self.set_params(params)

    def _having(self, hook: str) -> list:
        return [callback for callback in self.callbacks if overrides(callback, hook)]

    def set_model(self, model: Any) -> None:
        """Hands the model to each callback."""
        self.model = model
        history = _find(self.callbacks, History)
        if model is not None and history is not None:
            model.history = history
        for callback in self.callbacks:
            callback._list = self
            if model is not None:
                callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Hands the parameters to each callback."""
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def _call(self, hook: str, *args: Any, **kwargs: Any) -> None:
        known = [{} if value is None else value for value in args]  # the logs
        for callback in self._having(hook):
            getattr(callback, hook)(*known, **kwargs)

    def close(self) -> None:
        """The loop is left, well or not."""
        self._call("on_exit")

    def on_train_begin(self, logs: Logs = None) -> None:
        """`fit` begins."""
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: Logs = None) -> None:
        """`fit` ends well."""
        self._call("on_train_end", logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """An epoch begins."""
        self._call("on_epoch_begin", epoch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """An epoch ends; all callbacks get the same dict, so what one adds the next ones see."""
        self._call("on_epoch_end", epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A step of training begins."""
        self._batch("on_train_batch_begin", "on_batch_begin", batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A step of training ends."""
        self._batch("on_train_batch_end", "on_batch_end", batch, logs)
        self.on_progress(batch + 1, lambda: logs or {})

    def _batch(self, hook: str, older: str, batch: int, logs: Logs) -> None:
        for callback in self.callbacks:
            if overrides(callback, hook) or overrides(callback, older):
                getattr(callback, hook)(batch, logs={} if logs is None else logs)

    on_batch_begin, on_batch_end = on_train_batch_begin, on_train_batch_end

    def on_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """So many steps of the epoch are done."""
        self._call("on_progress", step, logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """An evaluation begins."""
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """An evaluation ends."""
        self._call("on_test_end", logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A step of an evaluation begins."""
        self._call("on_test_batch_begin", batch, logs=logs or {})

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A step of an evaluation ends."""
        self._call("on_test_batch_end", batch, logs=logs or {})
        self.on_test_progress(batch + 1, lambda: logs or {})

    def on_test_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """So many steps of an evaluation are done."""
        self._call("on_test_progress", step, logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """`predict` begins."""
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        """`predict` ends."""
        self._call("on_predict_end", logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """A batch of `predict` begins."""
        self._call("on_predict_batch_begin", batch, logs=logs or {})

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """A batch of `predict` ends."""
        self._call("on_predict_batch_end", batch, logs=logs or {})
        self.on_predict_progress(batch + 1)

    def on_predict_progress(self, step: int) -> None:
        """So many batches of `predict` are done."""
        self._call("on_predict_progress", step)


def _find(callbacks: list, kind: type) -> Any:
    return next((callback for callback in callbacks if isinstance(callback, kind)), None)


def _check(callback: Any) -> None:
    if isinstance(callback, type) or not hasattr(callback, "set_model"):
        raise TypeError(
            explain(
                "Argument `callbacks` holds something that is no callback.",
                expected="instances of cornu.callbacks.Callback",
                got=brief(callback),
                fix=f"Make an instance: {callback.__name__}(...)." if isinstance(callback, type) else None,
            )
        )
