"""The callback: what a person adds to a loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

Logs = dict[str, Any] | None


class Callback:
    """Base class of what `fit`, `evaluate` and `predict` call at their turning points.

    A subclass overrides the hooks that it needs. `self.model` is the model, `self.params` a dict with "verbose",
    "epochs" and "steps"; `logs` is a plain dict of floats. To stop training, set `self.model.stop_training = True`.

    Many steps run in one compiled call. A subclass that overrides a hook of single batches (`on_train_batch_end`, ...)
    makes them run one by one, which is slower; `on_progress` is called after each compiled call, whatever it held.

    What a subclass must know again after a killed run resumes (see `BackupAndRestore`) it names in `remembers`: the
    names of attributes that hold numbers, text, arrays, or lists and dicts of them.

    Differences from Keras: `on_progress`, `on_exit`, `remembers`; hooks of batches cost nothing where nobody overrides
    them.

    >>> class PrintLoss(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> PrintLoss().on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    remembers: ClassVar[tuple[str, ...]] = ()
    runs_last: ClassVar[bool] = False

    def __init__(self) -> None:
        """Takes nothing."""

    params: dict[str, Any] | None = None
    _model: Any = None
    _list: Any = None

    @property
    def model(self) -> Any:
        """The model whose loop runs."""
        return self._model

    def set_model(self, model: Any) -> None:
        """Tells the callback its model."""
        self._model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Tells the callback what the loop was called with."""
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """What the callback must know again when a killed run resumes."""
        return {name: getattr(self, name) for name in self.remembers}

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes back what `get_state` gave."""
        for name in self.remembers:
            setattr(self, name, state[name])

    def on_exit(self) -> None:
        """Called when the loop is left, well or by an exception or Ctrl-C, after everything else."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Called when `fit` begins."""

    def on_train_end(self, logs: Logs = None) -> None:
        """Called when `fit` ends well; `logs` are those of the last epoch."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Called when an epoch begins; the first one is 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """Called when an epoch ends, after validation; what it adds to `logs` the next callbacks, and History, see."""

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each step of training."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each step of training; `logs` are averages over the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Called after each compiled call of `fit`, when `step` steps of the epoch are done; `logs()` fetches logs."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Called when an evaluation begins, in `fit` too."""

    def on_test_end(self, logs: Logs = None) -> None:
        """Called when an evaluation ends."""

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each step of an evaluation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each step of an evaluation."""

    def on_test_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Called after each compiled call of an evaluation."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Called when `predict` begins."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """Called when `predict` ends."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Called before each batch of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Called after each batch of `predict`; `logs["outputs"]` holds its outputs."""

    def on_predict_progress(self, step: int) -> None:
        """Called after each compiled call of `predict`."""


def overrides(callback: Any, hook: str) -> bool:
    """Whether a callback really has a hook: in its class or, as LambdaCallback, on itself.

    >>> overrides(Callback(), "on_epoch_end")
    False
    """
    if hook in vars(callback):
        return True
    found = getattr(type(callback), hook, None)
    return found is not None and found is not getattr(Callback, hook) and not getattr(found, "_is_default", False)
