"""What callbacks of Keras 1 and 2 were told: each batch's number and size, and more parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cornu import tree
from cornu.compat import dialect
from cornu.training.callbacks.callback import Logs
from cornu.training.callbacks.callback_list import CallbackList

_plain_batch, _plain_set_params = CallbackList._batch, CallbackList.set_params
_told: dict[str, Any] = {}


@contextmanager
def telling(model: Any, x: Any, arguments: dict[str, Any]) -> Iterator[None]:
    """Within it, callbacks are told about `model.fit(x, **arguments)` what Keras 1 and 2 told them."""
    if not dialect.current().before("tf.keras"):
        yield
        return
    _told.update(_parameters(model, x, arguments))
    try:
        yield
    finally:
        _told.clear()


def _parameters(model: Any, x: Any, arguments: dict[str, Any]) -> dict[str, Any]:
    validates = bool(arguments.get("validation_data") is not None or arguments.get("validation_split"))
    names = list(dict.fromkeys(model.metrics_names))
    told = {"do_validation": validates, "metrics": [*names, *(f"val_{name}" for name in names if validates)]}
    sizes = {len(array) for array in tree.flatten(x) if hasattr(array, "shape") and len(array.shape)}
    if len(sizes) == 1:
        told["samples"] = int(sizes.pop() * (1 - (arguments.get("validation_split") or 0)))
        told["batch_size"] = arguments.get("batch_size") or 32
    if dialect.current().before("keras2"):
        told["nb_epoch"] = arguments.get("epochs", 1)
        if "samples" in told:
            told["nb_sample"] = told["samples"]
    return told


def _set_params(self: CallbackList, params: dict[str, Any]) -> None:
    """Hands the parameters to each callback."""
    _plain_set_params(self, {**params, **_told} if params else params)


def _batch(self: CallbackList, hook: str, older: str, batch: int, logs: Logs) -> None:
    """Calls a hook of a batch, which until tf.keras knew the batch's number and, of arrays, its size."""
    if (self._having(hook) or self._having(older)) and dialect.current().before("tf.keras"):
        size, samples = _told.get("batch_size"), _told.get("samples", 0)
        known = {} if size is None else {"size": min(size, samples - batch * size)}
        logs = {"batch": batch, **known, **(logs or {})}
    _plain_batch(self, hook, older, batch, logs)


ADDED = {"set_params": _set_params, "_batch": _batch}
"""What is put on CallbackList."""
