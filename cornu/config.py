"""Settings that hold for the whole process: number type, epsilon, image layout, engine, folders.

Read from environment variables (`CORNU_ENGINE`, `CORNU_CACHE`, `CORNU_TRACEBACK_FILTERING`); nothing is read from or
written to a file.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cornu.errors import explain, nearest

_FLOATS = ("float16", "bfloat16", "float32", "float64")
_LAYOUTS = ("channels_last", "channels_first")

_settings: dict = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
    "engine": os.environ.get("CORNU_ENGINE", "jax"),
    "traceback_filtering": os.environ.get("CORNU_TRACEBACK_FILTERING", "on") != "off",
}


def _choose(setting: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(
            explain(
                f"set_{setting}: unknown value.{nearest(value, allowed)}",
                expected=f"one of {', '.join(allowed)}",
                got=value,
            )
        )
    _settings[setting] = value


def floatx() -> str:
    """The dtype of weights and computations where none is named.

    >>> floatx()
    'float32'
    """
    return _settings["floatx"]


def set_floatx(value: str) -> None:
    """Sets the default floating-point dtype: "float16", "bfloat16", "float32" or "float64".

    Difference from Keras on JAX: "float64" really computes in 64 bits; JAX's own switch for that is turned on.
    """
    _choose("floatx", value, _FLOATS)
    if value == "float64":
        import jax

        jax.config.update("jax_enable_x64", True)


@contextmanager
def floatx_scope(value: str) -> Iterator[None]:
    """Within it, `value` is the default floating-point dtype; JAX's own switch for 64 bits is left alone."""
    before = floatx()
    _choose("floatx", value, _FLOATS)
    try:
        yield
    finally:
        _settings["floatx"] = before


def epsilon() -> float:
    """The fuzz added to denominators and used to clip probabilities.

    >>> epsilon()
    1e-07
    """
    return _settings["epsilon"]


def set_epsilon(value: float) -> None:
    """Sets the fuzz factor."""
    _settings["epsilon"] = float(value)


def image_data_format() -> str:
    """The axis order of images where none is named: "channels_last" or "channels_first".

    >>> image_data_format()
    'channels_last'
    """
    return _settings["image_data_format"]


def set_image_data_format(data_format: str) -> None:
    """Sets the default axis order of images."""
    _choose("image_data_format", data_format, _LAYOUTS)


def standardize_data_format(data_format: str | None) -> str:
    """The axis order a layer uses: its own argument, else the process's setting."""
    if data_format is None:
        return image_data_format()
    data_format = str(data_format).lower()
    if data_format not in _LAYOUTS:
        raise ValueError(explain("Unknown `data_format`.", expected=f"one of {_LAYOUTS}", got=data_format))
    return data_format


def engine() -> str:
    """The name of the engine that runs compiled programs where `compile(engine=...)` names none."""
    return _settings["engine"]


def set_engine(name: str) -> None:
    """Sets the engine by name; it is loaded, and checked, when a program is first compiled."""
    _settings["engine"] = str(name)


def cache_dir() -> Path:
    """The folder of everything that can be made again: `$CORNU_CACHE`, else `~/.cache/cornu`. Not created here."""
    named = os.environ.get("CORNU_CACHE")
    return Path(named).expanduser() if named else Path.home() / ".cache" / "cornu"


def is_traceback_filtering_enabled() -> bool:
    """Whether errors leave out the calls inside cornu and JAX between a person's line and the one that raised."""
    return _settings["traceback_filtering"]


def enable_traceback_filtering() -> None:
    """Makes tracebacks short: the default."""
    _settings["traceback_filtering"] = True


def disable_traceback_filtering() -> None:
    """Shows every call in tracebacks; so does the environment variable CORNU_TRACEBACK_FILTERING=off."""
    _settings["traceback_filtering"] = False


def backend() -> str:
    """The name of the framework below, for programs that ask; `engine()` names what runs the program."""
    return "jax"


def __getattr__(name: str) -> Any:
    """Keras has the default dtype policy in this module, too; it lives in `cornu.dtypes`, which needs this one."""
    if name in ("dtype_policy", "set_dtype_policy"):
        return getattr(importlib.import_module("cornu.dtypes"), name)
    raise AttributeError(f"module 'cornu.config' has no attribute {name!r}")
