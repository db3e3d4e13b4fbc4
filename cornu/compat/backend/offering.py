"""How a function of the backend is made: it is listed by name, takes its old argument names, and sizes as shapes."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from cornu.compat import notices
from cornu.compat.backend.sizes import with_sizes

FUNCTIONS: dict[str, Callable] = {}
"""Every function of the backend by its name."""

RENAMED = {
    "border_mode": "padding",
    "dim_ordering": "data_format",
    "nb_classes": "num_classes",
    "filter_dilation": "dilation_rate",
    "rate": "dilation_rate",
    "std": "stddev",
    "low": "minval",
    "high": "maxval",
    "dim": "axis",
    "stride": "strides",
    "X": "x",
    "level": "rate",
    "p": "probability",
}
"""Keras 1's names of arguments, and those of Keras 2."""

DROPPED = ("image_shape", "filter_shape", "volume_shape", "sparse", "name")
"""Arguments that say nothing any more, where a function doesn't take them."""

DATA_FORMATS = {"th": "channels_first", "tf": "channels_last", "default": None}


def offer(*names: str) -> Callable[[Callable], Callable]:
    """Decorator: lists a function of the backend, under its own name (without a last underscore) or the given ones."""

    def made(function: Callable) -> Callable:
        call = with_sizes(_with_old_names(function))
        for name in names or (function.__name__.rstrip("_"),):
            FUNCTIONS[name] = call
        return call

    return made


def offer_all(functions: Mapping[str, Callable]) -> None:
    """Lists functions whose arguments are Keras's already."""
    for name, function in functions.items():
        offer(name)(function)


def _with_old_names(function: Callable) -> Callable:
    parameters = list(inspect.signature(inspect.unwrap(function)).parameters)
    place = parameters.index("data_format") if "data_format" in parameters else None

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs and any(name not in parameters for name in kwargs):
            kwargs = _modern(function.__name__, parameters, kwargs)
        if place is not None and len(args) > place and args[place] in DATA_FORMATS:
            args = (*args[:place], DATA_FORMATS[args[place]], *args[place + 1 :])
        if place is not None and kwargs.get("data_format") in DATA_FORMATS:
            kwargs["data_format"] = DATA_FORMATS[kwargs["data_format"]]
        return function(*args, **kwargs)

    return call


def _modern(function: str, parameters: list[str], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Arguments by the names that a function has."""
    result = {}
    for name, value in kwargs.items():
        new = RENAMED.get(name)
        if name in parameters or (new not in parameters and name not in DROPPED):
            result[name] = value
        elif new in parameters:
            notices.note(f"K.{function}({name}=...)", f"K.{function}({new}=...)")
            result[new] = value
    return result
