"""The module tree that old programs import: `keras`, `tensorflow.keras`, `tensorflow`, served from cornu.

A finder at the front of `sys.meta_path` answers for these names, whether or not packages of those names are
installed. A served module looks its names up when they are used: in the family's modules of cornu, then in what only
old eras had; classes and functions that the tables know are given in the era's spelling.
"""

from __future__ import annotations

import functools
import importlib
import importlib.abc
import importlib.util
import inspect
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from cornu.compat import dialect, notices, spelling
from cornu.compat.tables import CALLS
from cornu.compat.tables.modules import FAMILIES, GONE, NAMES, OLD_PATHS, PREPROCESSING_ROOT, ROOTS
from cornu.errors import explain, nearest
from cornu.layers.layer import Layer

_STAND_IN = "cornu.compat.tensorflow"
_OLD = "cornu.compat.old."
_TOPS = {root.partition(".")[0] for root in (*ROOTS, PREPROCESSING_ROOT)}


class Served(ModuleType):
    """A module that looks its names up in a family of cornu's modules."""

    def __init__(self, path: str, family: str) -> None:
        super().__init__(f"keras.{path}" if path else "keras", f"Keras's module of this name, served from cornu.{path}")
        self.__path__: list[str] = []
        self.__dict__["_served"] = (path, family)

    def __getattr__(self, name: str) -> Any:
        path, family = self.__dict__["_served"]
        if name.startswith("__") and name != "__version__":
            raise AttributeError(name)
        found = lookup(family, name)
        if found is not None:
            return found[0]
        if known_path(f"{path}.{name}".lstrip(".")):
            return importlib.import_module(f"{self.__name__}.{name}")
        raise AttributeError(unknown(f"{self.__name__}.{name}", path))

    def __setattr__(self, name: str, value: Any) -> None:
        """What the import of `keras.layers.merge` sets doesn't hide the function `merge` of `keras.layers`."""
        if not isinstance(value, Served) or lookup(self.__dict__["_served"][1], name) is None:
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return names(self.__dict__["_served"][1])

    @property
    def __all__(self) -> list[str]:
        return [name for name in names(self.__dict__["_served"][1]) if not name.startswith("_")]


def lookup(family: str, name: str) -> tuple[Any] | None:
    """What a name of a family stands for, in the era's spelling; None where nobody has it."""
    target = NAMES.get(family, {}).get(name)
    if target is not None and "." not in target:
        return (importlib.import_module(f"keras.{target}"),)
    home, _, today = target.rpartition(".") if target else (family, "", name)
    for provider in _providers(home):
        module = _load(provider)
        if module is None or not _offers(module, today):
            continue
        value = getattr(module, today)
        if isinstance(value, ModuleType):
            path = f"{family}.{name}".lstrip(".")
            return (importlib.import_module(f"keras.{path}"),) if known_path(path) else (value,)
        key = f"{home}.{name}" if _in_tables(f"{home}.{name}") else f"{home}.{today}"
        return (_spelled(value, key, not provider.startswith(_OLD)),)
    return None


def _providers(family: str) -> Sequence[str]:
    """The modules of a family; what old eras had or computed otherwise comes first in them, and last in Keras 3."""
    providers, now = FAMILIES[family], dialect.current()
    if not now.before("keras3") and family:
        return sorted(providers, key=lambda provider: provider.startswith("cornu.compat."))
    if now.before("keras2" if family == "layers" else "tf.keras"):
        return sorted(providers, key=lambda provider: not provider.startswith(_OLD))
    return providers


@functools.cache
def _load(name: str) -> ModuleType | None:
    return importlib.import_module(name) if importlib.util.find_spec(name) is not None else None


def _offers(module: ModuleType, name: str) -> bool:
    """Whether a module has a name of its own to give: no module or class that it only uses itself."""
    try:
        value = getattr(module, name)
    except AttributeError:
        return False
    return not inspect.ismodule(value) or value.__name__.startswith("cornu")


def _in_tables(key: str) -> bool:
    return key in GONE or any(key in table for table in CALLS.values())


def _spelled(value: Any, key: str, known_today: bool) -> Any:
    """A class or function in the era's spelling, where the tables know it or it is a layer."""
    key = key if not key.startswith(".") else _home_of(key[1:])
    in_tables = _in_tables(key)
    if isinstance(value, type):
        return spelling.era_class(value, key, known_today) if in_tables or _is_library_layer(value) else value
    if in_tables and callable(value):
        return spelling.era_function(value, key, known_today)
    return value


def _is_library_layer(value: type) -> bool:
    return issubclass(value, Layer) and value is not Layer and value.__module__.startswith("cornu.layers")


def _home_of(name: str) -> str:
    """The table's key of a name of the top module."""
    return f"{'layers' if name == 'Input' else 'models'}.{name}"


def names(family: str) -> list[str]:
    """The public names of a family, sorted."""
    found = {*NAMES.get(family, {})}
    for provider in _providers(family):
        module = _load(provider)
        for name in dir(module) if module is not None else ():
            value = getattr(module, name)
            if not name.startswith("_") and not inspect.ismodule(value) and not _is_foreign(value):
                found.add(name)
    return sorted(found)


def _is_foreign(value: Any) -> bool:
    """Whether a class or function is one that cornu's module only imports for itself."""
    return str(getattr(value, "__module__", "cornu")).partition(".")[0] in ("typing", "collections", "functools", "abc")


def unknown(fullname: str, path: str) -> str:
    """The error for a name that nobody has: what, where in the person's file, what comes nearest.

    `path` is that of the module which was asked for it.
    """
    place = notices.caller()
    family = served(path).__dict__["_served"][1]
    name = fullname.rpartition(".")[2]
    return explain(
        f"{place + ': ' if place else ''}cornu knows no `{fullname}`, in no era of Keras."
        f"{nearest(name, [*names(family), *submodules(path)])}",
        fix=_MISSING.get(family, "Check the spelling; `dir()` of the module shows what there is."),
    )


_MISSING = {
    "applications": "Cornu has no pretrained networks: build the network from layers, and load weights you have.",
    "distribution": "Cornu trains on one device: leave the distribution out.",
    "export": "Save the model with model.save().",
    "estimator": "Estimators went out of Keras: train the model with fit().",
}


def known_path(path: str) -> bool:
    """Whether a path below `keras` is a module."""
    return path in FAMILIES or path in OLD_PATHS or any(p.startswith(f"{path}.") for p in (*FAMILIES, *OLD_PATHS))


def submodules(path: str) -> Iterator[str]:
    """The names of the modules right below a path."""
    for other in (*FAMILIES, *OLD_PATHS):
        parent, _, name = other.rpartition(".")
        if name and parent == path:
            yield name


@functools.cache
def served(path: str) -> Served:
    """The module of a path below `keras`, one for all roots."""
    family = path if path in FAMILIES else OLD_PATHS.get(path, "layers" if path.startswith("layers") else "")
    return Served(path, family)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for Keras's and TensorFlow's module names."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's spec; ModuleNotFoundError, with the nearest name, for one that cornu doesn't have."""
        if fullname.partition(".")[0] not in _TOPS:
            return None
        if place_of(fullname) is None and stand_in(fullname) is None and not _leads_to_keras(fullname):
            raise ModuleNotFoundError(_no_module(fullname))
        return ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The served module, which may have been served under another name before."""
        path = place_of(spec.name)
        if path is None:
            name = stand_in(spec.name)
            return ModuleType(spec.name) if name is None else importlib.import_module(name)
        if path in OLD_PATHS and path not in FAMILIES:
            notices.note(f"import {spec.name}", f"import keras.{OLD_PATHS[path]}".rstrip("."))
        return served(path)

    def exec_module(self, module: ModuleType) -> None:
        """Nothing: names are looked up when they are used."""


def place_of(fullname: str) -> str | None:
    """The path below `keras` that a module's full name stands for, or None."""
    if fullname == PREPROCESSING_ROOT or fullname.startswith(f"{PREPROCESSING_ROOT}."):
        fullname = f"keras.preprocessing{fullname[len(PREPROCESSING_ROOT) :]}"
    for root in sorted(ROOTS, key=len, reverse=True):
        if fullname == root or fullname.startswith(f"{root}."):
            path = fullname[len(root) + 1 :]
            for prefix in ("api._v2.keras", "api._v1.keras", "_tf_keras.keras", "src", "api", "python"):
                if path == prefix or path.startswith(f"{prefix}."):
                    path = path[len(prefix) + 1 :]
            return path if not path or known_path(path) else None
    return None


def _leads_to_keras(fullname: str) -> bool:
    """Whether a module is only a step on the way to Keras, as `tensorflow.python`."""
    return any(root.startswith(f"{fullname}.") for root in ROOTS)


def stand_in(fullname: str) -> str | None:
    """The module of cornu that stands in for one of TensorFlow, or None."""
    root, _, rest = fullname.partition(".")
    if root != "tensorflow":
        return None
    name = f"{_STAND_IN}.{rest}".rstrip(".")
    try:
        return name if importlib.util.find_spec(name) is not None else None
    except ModuleNotFoundError:
        return None


def _no_module(fullname: str) -> str:
    parent = fullname.rpartition(".")[0]
    path = place_of(parent) if parent else None
    if path is not None:
        return unknown(fullname, path)
    return explain(
        f"{notices.caller()}: cornu's stand-in for TensorFlow has no `{fullname}`.".lstrip(": "),
        fix="Use keras.ops and keras.random in its place, or run this program with TensorFlow itself.",
    )


_finder = Finder()


_shadowed: dict[str, ModuleType] = {}
"""The installed packages' modules that were imported before."""


def _take_out() -> dict[str, ModuleType]:
    """Takes the modules of the served names out of the imported ones."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] in _TOPS}


def install() -> None:
    """From now on this process imports Keras and TensorFlow from cornu."""
    if not installed():
        _shadowed.update(_take_out())
        sys.meta_path.insert(0, _finder)


def installed() -> bool:
    """Whether this process imports Keras from cornu."""
    return _finder in sys.meta_path


def uninstall() -> None:
    """From now on this process imports Keras and TensorFlow as they are installed, and as they were imported before."""
    if installed():
        sys.meta_path.remove(_finder)
        _take_out()
        sys.modules.update(_shadowed)
        _shadowed.clear()
