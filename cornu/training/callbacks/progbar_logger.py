"""The progress bar of fit, evaluate and predict."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.training.callbacks.callback import Callback, Logs
from cornu.training.progress import Progbar

_REFRESH_SECONDS = 0.1


class ProgbarLogger(Callback):
    """Shows how far a loop is and the values that it reaches: a live bar on a terminal, one line per epoch elsewhere.

    `fit`, `evaluate` and `predict` add one unless `verbose=0`; `verbose=2` means one line per epoch everywhere. The
    values are averages over the epoch so far, shown as the loop computed them.
    """

    def __init__(self) -> None:
        self._bar: Progbar | None = None
        self._target: int | None = None
        self._verbose, self._epochs = 1, 1
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        """Takes "verbose", "epochs" and "steps"."""
        super().set_params(params)
        verbose = params.get("verbose", 1)
        if verbose != "auto" and not isinstance(verbose, (int, np.integer)):
            raise ValueError(explain("Argument `verbose` is wrong.", expected="0, 1, 2 or 'auto'", got=verbose))
        auto = 1 if config.is_interactive_logging_enabled() else 2
        self._verbose = auto if verbose == "auto" else int(verbose)
        self._epochs, self._target = params.get("epochs") or 1, params.get("steps")

    def _begin(self, title: str | None = None) -> None:
        self._bar = Progbar(
            self._target, verbose=self._verbose, interval=_REFRESH_SECONDS, stateless_metrics=(), title=title
        )
        self._bar.begin()

    def _progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        if self._bar is not None and self._bar.is_due():
            self._bar.update(step, list(logs().items()), finalize=False)
        elif self._bar is not None:
            self._bar.advance(step)

    def _end(self, logs: Logs) -> None:
        if self._bar is not None:
            self._bar.target = self._target = self._bar.seen if self._target is None else self._target
            self._bar.update(self._bar.seen, list((logs or {}).items()), finalize=True)
            self._bar = None

    def on_train_begin(self, logs: Logs = None) -> None:
        """Evaluations are part of `fit` from now on, and silent."""
        self._in_fit = True

    def on_train_end(self, logs: Logs = None) -> None:
        """`fit` is over."""
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """A new bar."""
        self._begin(f"Epoch {epoch + 1}/{self._epochs}" if self._epochs > 1 else None)

    def on_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Moves the bar; fetches the values only when it is drawn."""
        self._progress(step, logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """The last state of the bar, with the validation's values."""
        self._end(logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        """A bar, unless `fit` evaluates."""
        if not self._in_fit:
            self._begin()

    def on_test_progress(self, step: int, logs: Callable[[], dict[str, Any]]) -> None:
        """Moves the bar."""
        if not self._in_fit:
            self._progress(step, logs)

    def on_test_end(self, logs: Logs = None) -> None:
        """The last state of the bar."""
        if not self._in_fit:
            self._end(logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        """A bar."""
        self._begin()

    def on_predict_progress(self, step: int) -> None:
        """Moves the bar."""
        self._progress(step, dict)

    def on_predict_end(self, logs: Logs = None) -> None:
        """The last state of the bar."""
        self._end(None)

    def on_exit(self) -> None:
        """Leaves the terminal clean, also after Ctrl-C."""
        if self._bar is not None:
            self._bar.close()
        self._bar, self._in_fit = None, False
