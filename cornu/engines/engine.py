"""The interface of engines, and how one is found by its name."""

from __future__ import annotations

import functools
import importlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import jax
import numpy as np

from cornu import _jax, config
from cornu.engines import importing
from cornu.errors import explain, nearest
from cornu.program.check import check
from cornu.program.lower import lower
from cornu.program.simplify import simplify
from cornu.program.trace import Program
from cornu.program.walk import describe


@dataclass(frozen=True)
class Source:
    """Where an engine comes from: its module, the library that it drives, and the command that installs that."""

    module: str
    library: str
    oldest: str
    install: str
    instance: str = "ENGINE"


# One line per engine.
_SOURCES: dict[str, Source] = {
    "jax": Source("cornu.engines.on_jax", "jax", "0.10.2", "pip install --upgrade jax"),
    "tensorflow": Source("cornu.engines.on_tensorflow", "tensorflow", "2.21", "pip install 'cornu[tensorflow]'"),
    "torch": Source("cornu.engines.on_torch", "torch", "2.13", "pip install 'cornu[torch]'"),
    "torch-compile": Source("cornu.engines.on_torch", "torch", "2.13", "pip install 'cornu[torch]'", "COMPILED"),
    "pytensor": Source("cornu.engines.on_pytensor", "pytensor", "3.0", "pip install 'cornu[pytensor]'"),
    "onnxruntime": Source("cornu.engines.on_onnxruntime", "onnxruntime", "1.23", "pip install 'cornu[onnx]'"),
    "reference": Source("cornu.engines.reference", "numpy", "2.0", "pip install --upgrade numpy"),
}


@dataclass(frozen=True)
class Limit:
    """A use of a primitive that an engine does not run, and why.

    It holds for equations of the primitive `subject` ("*": of all) where an operand or a result has one of `dtypes`
    (none: any), and where `when(operand avals, parameters)` says so. `condition` says in words what `when` tests.
    """

    subject: str
    reason: str
    dtypes: tuple[str, ...] = ()
    condition: str = ""
    when: Callable[[list, dict], bool] | None = None

    def meets(self, equation: _jax.Equation) -> bool:
        """Whether the limit holds for an equation."""
        if self.subject not in ("*", equation.primitive.name):
            return False
        avals: list[Any] = [atom.aval for atom in equation.invars]
        results: list[Any] = [variable.aval for variable in equation.outvars]
        used = {str(aval.dtype) for aval in (*avals, *results)}
        return (not self.dtypes or bool(used & set(self.dtypes))) and (
            self.when is None or self.when(avals, equation.params)
        )

    def __str__(self) -> str:
        what = "every primitive" if self.subject == "*" else self.subject
        of = f" of {', '.join(self.dtypes)}" if self.dtypes else ""
        return f"{what}{of}{' ' * bool(self.condition)}{self.condition}: {self.reason}"


class Engine(ABC):
    """What runs programs. A subclass is one module, which makes its instance, and one line in `_SOURCES`."""

    name: ClassVar[str]
    limits: ClassVar[tuple[Limit, ...]] = ()
    prefers_pieces: ClassVar[bool] = False
    """Whether a long program is compiled faster in pieces, which run one after the other."""

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


def lowered(program: Program, engine: Engine) -> _jax.ClosedJaxpr:
    """A program in the vocabulary, short, checked, for an engine of rules.

    Raises NotImplementedError, which names the primitive, the layer and the place in the source, where a limit of the
    engine holds.
    """
    program = check(simplify(lower(program)))
    _require_within(program.jaxpr, engine)
    return program.jaxpr


def _require_within(closed: _jax.ClosedJaxpr, engine: Engine, around: str = "") -> None:
    for equation in closed.jaxpr.eqns:
        for limit in engine.limits:
            if limit.meets(equation):
                raise NotImplementedError(
                    explain(
                        f"Engine {engine.name!r} cannot run {limit}.",
                        got=describe(equation) + around,
                        fix='Use the engine "jax", which runs every program: compile(engine="jax").',
                    )
                )
        for inner in _jax.inner_jaxprs(equation):
            _require_within(inner, engine, f", inside of {describe(equation)}{around}")


def engine_names() -> list[str]:
    """The names that `get_engine` knows.

    >>> engine_names()
    ['jax', 'tensorflow', 'torch', 'torch-compile', 'pytensor', 'onnxruntime', 'reference']
    """
    return list(_SOURCES)


def source(name: str) -> Source:
    """Where the engine of a name comes from; ValueError for an unknown name."""
    if name not in _SOURCES:
        raise ValueError(
            explain(
                f"Unknown engine.{nearest(name, _SOURCES)}",
                expected=f"one of {', '.join(_SOURCES)}",
                got=name,
                fix="Name it in compile(engine=...), cornu.config.set_engine(...) or the variable CORNU_ENGINE.",
            )
        )
    return _SOURCES[name]


def installed_version(name: str) -> str | None:
    """The version of the library that an engine drives, None where it is not installed. It is imported for that."""
    library = source(name).library
    try:
        return importing.library(library).__version__
    except ModuleNotFoundError as error:
        if error.name != library:
            raise
        return None


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
    wanted = source(name)
    try:
        version = installed_version(name)
        if version is not None and _numbers(version) >= _numbers(wanted.oldest):
            return getattr(importlib.import_module(wanted.module), wanted.instance)
        found = "none installed" if version is None else version
    except ImportError as error:
        found = f"one that cannot be imported: {error}"
    raise ImportError(
        explain(
            f"Engine {name!r} needs the library {wanted.library!r}.",
            expected=f"version {wanted.oldest} or newer",
            got=found,
            fix=wanted.install,
        )
    )


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: those of 2.13.0+cpu are 2, 13, 0."""
    return tuple(map(int, re.match(r"\d+(\.\d+)*", version)[0].split(".")))  # type: ignore[index]
