"""Callbacks written on the spot."""

from __future__ import annotations

from collections.abc import Callable

from cornu.errors import explain, nearest
from cornu.training.callbacks.callback import Callback

_HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback whose hooks are functions: any hook of `Callback`, by its name.

    Raises TypeError for an unknown hook (Keras takes it and never calls it) and for what can't be called.

    >>> LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs)).on_epoch_end(0, {"loss": 1.0})
    0 {'loss': 1.0}
    """

    def __init__(
        self,
        on_epoch_begin: Callable | None = None,
        on_epoch_end: Callable | None = None,
        on_train_begin: Callable | None = None,
        on_train_end: Callable | None = None,
        on_train_batch_begin: Callable | None = None,
        on_train_batch_end: Callable | None = None,
        **kwargs: Callable | None,
    ) -> None:
        named = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        for name, function in {**named, **kwargs}.items():
            if name not in _HOOKS:
                raise TypeError(
                    explain(f"LambdaCallback: there is no hook {name!r}.{nearest(name, _HOOKS)}", expected=_HOOKS)
                )
            if function is not None and not callable(function):
                raise TypeError(
                    explain(f"LambdaCallback: `{name}` can't be called.", expected="a function", got=function)
                )
            if function is not None:
                setattr(self, name, function)
