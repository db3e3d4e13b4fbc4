"""The interface of engines, and how one is found by its name."""

from __future__ import annotations

import functools
import importlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from cornu import config
from cornu.errors import explain, nearest
from cornu.program.trace import Program

# One line per engine: its name, the module that defines it, and the extra of cornu that installs what it needs.
_MODULES: dict[str, tuple[str, str | None]] = {
    "jax": ("cornu.engines.on_jax", None),
    "reference": ("cornu.engines.reference", None),
}


@dataclass(frozen=True)
class Limit:
    """Something that an engine does not do: a primitive or a feature, when, and why."""

    subject: str
    condition: str
    reason: str


class Engine(ABC):
    """What runs programs. A subclass is one module, which names its instance ENGINE, and one line in `_MODULES`."""

    name: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]] = ()

    @abstractmethod
    def compile(self, program: Program, donate: Sequence[int] = (), **options: Any) -> Callable[..., tuple]:
        """A function of the program's flat inputs, the engine's values or NumPy arrays, that gives the tuple of its
        flat outputs as values of the engine. It may overwrite the inputs whose places are in `donate`.

        Raises ValueError for a program whose shapes are symbolic.
        """

    @abstractmethod
    def put(self, array: Any, own: bool = False) -> Any:
        """An array as a value of the engine, on its device; with `own`, one that shares no memory with `array`."""

    @abstractmethod
    def get(self, value: Any) -> np.ndarray:
        """A value of the engine as a NumPy array."""

    def to_jax(self, value: Any) -> jax.Array:
        """A value of the engine as an array of JAX, for the variable that it belongs to."""
        return jax.numpy.asarray(self.get(value))

    def loops_well(self, program: Program) -> bool:
        """Whether a loop over steps may run inside of a program without making the steps slower."""
        return True


def require_concrete(program: Program) -> None:
    """ValueError where a program's inputs have symbolic dimensions."""
    for place, aval in enumerate(program.inputs):
        if not all(isinstance(size, (int, np.integer)) for size in aval.shape):
            raise ValueError(
                explain(
                    f"Program {program.name!r}: input {place} has a symbolic dimension, and cannot be compiled.",
                    expected="a shape of whole numbers",
                    got=f"({', '.join(map(str, aval.shape))})",
                    fix="Trace the function again with the shapes of the data.",
                )
            )


def engine_names() -> list[str]:
    """The names that `get_engine` knows.

    >>> engine_names()
    ['jax', 'reference']
    """
    return list(_MODULES)


def get_engine(name: str | None = None) -> Engine:
    """The engine of a name, None for the process's setting (`cornu.config.engine()`).

    Raises ValueError for an unknown name and ImportError, with the command that helps, where the engine's own
    libraries are not installed.

    >>> get_engine("reference").name
    'reference'
    """
    return _load(config.engine() if name is None else name)


@functools.cache
def _load(name: str) -> Engine:
    if name not in _MODULES:
        raise ValueError(
            explain(
                f"Unknown engine.{nearest(name, _MODULES)}",
                expected=f"one of {', '.join(_MODULES)}",
                got=name,
                fix="Name it in compile(engine=...), cornu.config.set_engine(...) or the variable CORNU_ENGINE.",
            )
        )
    module, extra = _MODULES[name]
    try:
        return importlib.import_module(module).ENGINE
    except ModuleNotFoundError as error:
        if extra is None:
            raise
        raise ImportError(
            explain(
                f"Engine {name!r} needs the library {error.name!r}, which is not installed.",
                fix=f"pip install 'cornu[{extra}]'",
            )
        ) from error
