"""Settings that hold for the whole process: number type, epsilon, image layout, engine, folders.

Read from environment variables (`CORNU_ENGINE`, `CORNU_CACHE`, `CORNU_TRACEBACK_FILTERING`, `CORNU_MAX_EPOCHS`,
`CORNU_MAX_STEPS_PER_EPOCH`); nothing is read from or written to a file.
"""

from __future__ import annotations

import importlib
import os
import warnings
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
    "flash_attention": None,
    "interactive_logging": True,
    "max_epochs": int(os.environ.get("CORNU_MAX_EPOCHS", 0)) or None,
    "max_steps_per_epoch": int(os.environ.get("CORNU_MAX_STEPS_PER_EPOCH", 0)) or None,
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


def set_backend(backend: str) -> None:
    """Kept for Keras's signature: the framework below is always JAX, and another name is a warning."""
    if backend != "jax":
        warnings.warn(f"cornu computes on JAX; set_backend({backend!r}) changes nothing. See set_engine.", stacklevel=2)


def is_nnx_enabled() -> bool:
    """False: variables aren't those of Flax."""
    return False


def enable_unsafe_deserialization() -> None:
    """Kept for Keras's signature: files hold data, never code, and no setting changes that; a warning says so."""
    fix = "Pass the functions that a file names as custom_objects."
    warnings.warn(explain("There is no unsafe deserialization: files hold data, never code.", fix=fix), stacklevel=2)


def is_interactive_logging_enabled() -> bool:
    """Whether verbose="auto" means a progress bar; else it means one line per epoch."""
    return _settings["interactive_logging"]


def enable_interactive_logging() -> None:
    """Makes verbose="auto" a progress bar: the default."""
    _settings["interactive_logging"] = True


def disable_interactive_logging() -> None:
    """Makes verbose="auto" one line per epoch."""
    _settings["interactive_logging"] = False


def is_flash_attention_enabled() -> bool | None:
    """Whether attention that doesn't say takes the fused kernel of cuDNN; None, the default, leaves it out."""
    return _settings["flash_attention"]


def enable_flash_attention() -> None:
    """Makes the fused kernel of cuDNN the default of `cornu.ops.dot_product_attention`, where there is a GPU."""
    _settings["flash_attention"] = True


def disable_flash_attention() -> None:
    """Leaves out the fused kernel where a call doesn't ask for it."""
    _settings["flash_attention"] = False


def max_epochs() -> int | None:
    """The most epochs that any `fit` trains, for a quick trial of a program as it is; None: no limit."""
    return _settings["max_epochs"]


def set_max_epochs(max_epochs: int | None) -> None:
    """Limits the epochs of every `fit`; so does the environment variable CORNU_MAX_EPOCHS."""
    _limit("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most batches of an epoch, and of an evaluation or prediction; None: no limit."""
    return _settings["max_steps_per_epoch"]


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limits the batches of every epoch; so does the environment variable CORNU_MAX_STEPS_PER_EPOCH."""
    _limit("max_steps_per_epoch", max_steps_per_epoch)


def _limit(setting: str, value: int | None) -> None:
    if value is not None and (not isinstance(value, int) or value < 1):
        raise ValueError(explain(f"set_{setting}: wrong value.", expected="a positive integer, or None", got=value))
    _settings[setting] = value


def __getattr__(name: str) -> Any:
    """Keras has the default dtype policy in this module, too; it lives in `cornu.dtypes`, which needs this one."""
    if name in ("dtype_policy", "set_dtype_policy"):
        return getattr(importlib.import_module("cornu.dtypes"), name)
    raise AttributeError(f"module 'cornu.config' has no attribute {name!r}")
