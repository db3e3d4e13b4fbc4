"""The closed table of names: for string arguments and for saved files.

A name found in a program or in a file stands for an object of this table, for one that the person registered, or
for one in the `custom_objects` that the caller gave, and for nothing else: no module is ever imported because a
name says so, and no code is read from data.
"""

from __future__ import annotations

import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from cornu.dtypes import DTypePolicy, numpy_dtype
from cornu.errors import advice, brief, explain, nearest

KINDS = {
    "layer": "keras.layers",
    "model": "keras",
    "operation": "keras.ops",
    "activation": "keras.activations",
    "initializer": "keras.initializers",
    "regularizer": "keras.regularizers",
    "constraint": "keras.constraints",
    "loss": "keras.losses",
    "metric": "keras.metrics",
    "optimizer": "keras.optimizers",
    "schedule": "keras.optimizers.schedules",
    "callback": "keras.callbacks",
    "random": "keras.random",
    "policy": "keras",
}
"""Each kind of object, and the module that Keras 3's files name for it."""

_tables: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
_kind_of: dict[Any, str] = {}
_custom: dict[str, Any] = {}
_custom_names: dict[Any, str] = {}
_scope: ContextVar[dict[str, Any]] = ContextVar("custom_objects", default={})  # noqa: B039 - never mutated
_met: ContextVar[dict[int, tuple[Any, int]] | None] = ContextVar("met", default=None)
_made: ContextVar[dict[int, Any] | None] = ContextVar("made", default=None)
_foreign: ContextVar[dict[str, Any] | None] = ContextVar("foreign", default=None)

on_function: Callable[[Callable], None] | None = None
"""What is done with a person's function before it is saved, when it isn't registered: it may be registered now."""


def snake_case(name: str) -> str:
    """
    >>> snake_case("Conv2DTranspose"), snake_case("LSTMCell"), snake_case("ReLU")
    ('conv2d_transpose', 'lstm_cell', 're_lu')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def register(kind: str, *aliases: str) -> Callable[[Any], Any]:
    """Enters a class or function of cornu into the table, under its name, its snake_case name and `aliases`.

    Where a function has a class's snake_case name, the name is the function's.
    """

    def enter(thing: Any) -> Any:
        for name in (thing.__name__, *aliases):
            _tables[kind][name] = thing
        if isinstance(thing, type):
            _tables[kind].setdefault(snake_case(thing.__name__), thing)
        _kind_of.setdefault(thing, kind)
        return thing

    return enter


register("policy")(DTypePolicy)


def complete() -> None:
    """Fills the table: the families enter their names when they are imported, which happens at first use otherwise."""
    for family in ("models", "layers", "ops", "losses", "metrics", "optimizers"):
        importlib.import_module(f"cornu.{family}")


def names(kind: str) -> list[str]:
    """Every name of a kind, sorted."""
    return sorted(_tables[kind])


def kind_of(thing: Any) -> str | None:
    """The kind of a registered class or function, else None."""
    try:
        return _kind_of.get(thing)
    except TypeError:  # unhashable, so never registered
        return None


def lookup(kind: str, name: str) -> Any:
    """The class or function of a name; ValueError with the nearest names where there is none."""
    for table in (_scope.get(), _custom, _tables[kind]):
        if name in table:
            return table[name]
    raise ValueError(
        explain(
            f"Unknown {kind} {name!r}.{nearest(name, names(kind))}",
            expected=f"a built-in {kind}, a registered name, or one in `custom_objects`",
            got=name,
            fix=f"Check the spelling, pass the {kind} itself, or register it with "
            "@cornu.saving.register_keras_serializable().",
        )
    )


def other_names(kind: str, module: str) -> Callable[[str], Any]:
    """The `__getattr__` of a family's module: its classes under their other names, as `he_normal` for `HeNormal`."""

    def find_name(name: str) -> Any:
        if not name.startswith("_") and name in _tables[kind]:
            return _tables[kind][name]
        what = f"module {module!r} has no attribute {name!r}{nearest(name, names(kind))}"
        raise AttributeError(explain(what, fix=None if name.startswith("_") else advice(module, name)))

    return find_name


def resolve(kind: str, identifier: Any) -> Any:
    """What an argument stands for: None, a name, a saved config, or the object or function itself.

    A name gives the function registered under it or a new instance, without arguments, of the class.
    """
    if identifier is None:
        return None
    if isinstance(identifier, str):
        found = lookup(kind, identifier)
        return found() if isinstance(found, type) else found
    if isinstance(identifier, dict):
        return deserialize(identifier, kind=kind)
    if isinstance(identifier, type):
        return identifier()
    if callable(identifier) or kind_of(type(identifier)) == kind:
        return identifier
    raise ValueError(
        explain(
            f"This can't stand for a {kind}.",
            expected=f"a name, a callable, an instance or a config of a {kind}",
            got=brief(identifier),
        )
    )


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[Any], Any]:
    """Decorator by which a person enters a class or function of theirs, as "package>name".

    >>> @register_keras_serializable("demo")
    ... def twice(x):
    ...     return 2 * x
    >>> get_registered_name(twice)
    'demo>twice'
    """

    def enter(thing: Any) -> Any:
        if isinstance(thing, type) and not hasattr(thing, "get_config"):
            raise ValueError(explain(f"{thing.__name__} can't be saved.", expected="a class with get_config()"))
        full = f"{package}>{name or thing.__name__}"
        _custom[full] = thing
        _custom_names[thing] = full
        return thing

    return enter


def remember(function: Callable, name: str) -> None:
    """Enters a person's function under a name without a package."""
    _custom[name] = function
    _custom_names[function] = name


def get_registered_name(thing: Any) -> str:
    """The registered name of a class or function, else its own name."""
    return _custom_names.get(thing, thing.__name__)


def get_registered_object(name: str, custom_objects: dict | None = None, module_objects: dict | None = None) -> Any:
    """The class or function of a registered name, else None."""
    for table in (custom_objects or {}, _scope.get(), _custom, module_objects or {}):
        if name in table:
            return table[name]
    return None


def get_custom_objects() -> dict[str, Any]:
    """The live table of registered custom objects."""
    return _custom


@contextmanager
def custom_object_scope(custom_objects: dict[str, Any] | None) -> Iterator[None]:
    """Within it, names in `custom_objects` are known."""
    token = _scope.set({**_scope.get(), **(custom_objects or {})})
    try:
        yield
    finally:
        _scope.reset(token)


CustomObjectScope = custom_object_scope


def serialize(value: Any) -> Any:
    """A value as JSON data, in the form of Keras 3's files.

    Raises TypeError for what can't be held as data, an anonymous function for example.

    >>> serialize((1, np.float32(2)))
    (1, 2.0)
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return type(value)(map(serialize, value)) if type(value) in (list, tuple) else [*map(serialize, value)]
    if isinstance(value, dict):
        return {str(k): serialize(v) for k, v in value.items()}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray) or (hasattr(value, "__array__") and not hasattr(value, "get_config")):
        value = np.asarray(value)
        return {"class_name": "__numpy__", "config": {"value": value.tolist(), "dtype": value.dtype.name}}
    if isinstance(value, slice):
        ends = {k: serialize(getattr(value, k)) for k in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": ends}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if hasattr(value, "get_config"):
        return _serialize_object(value)
    if callable(value):
        return _serialize_function(value)
    raise TypeError(explain("This value can't be saved.", expected="data, or an object with get_config()", got=value))


def _serialize_object(thing: Any) -> dict:
    cls = type(thing)
    kind = kind_of(cls)
    module, registered = (KINDS[kind], None) if kind else (cls.__module__, _name_of(cls))
    module = getattr(cls, "keras_module", module)
    return {
        "module": module,
        "class_name": cls.__name__,
        "config": serialize(thing.get_config()),
        "registered_name": registered,
        **getattr(thing, "get_build_entry", dict)(),
        **_number(thing),
    }


def _serialize_function(function: Any) -> Any:
    if kind_of(function):
        return function.__name__
    if isinstance(function, type):
        return {"module": None, "class_name": "type", "config": function.__name__}
    name = getattr(function, "__name__", "<callable>")
    if _foreign.get() is None and on_function is not None and function not in _custom_names:
        on_function(function)
        name = _custom_names.get(function, name)
    if _foreign.get() is None and function not in _custom_names and (name == "<lambda>" or not name.isidentifier()):
        raise TypeError(
            explain(
                "An anonymous function can't be saved: files hold data, never code.",
                expected="a named function",
                got=function,
                fix="Define it with `def` and register it with @cornu.saving.register_keras_serializable().",
            )
        )
    return {
        "module": "builtins",
        "class_name": "function",
        "config": name,
        "registered_name": _name_of(function),
    }


def _name_of(thing: Any) -> str:
    """The registered name of a person's class or function; within `collecting`, one that no other has."""
    thing = vars(thing).get("made_from", thing) if isinstance(thing, type) else thing
    name = str(_custom_names.get(thing) or getattr(thing, "__name__", "<callable>"))
    table = _foreign.get()
    if table is None:
        return name
    number = 0
    key = name
    while table.setdefault(key, thing) is not thing:
        number += 1
        key = f"{name}#{number}"
    return key


@contextmanager
def collecting() -> Iterator[dict[str, Any]]:
    """Within it, the person's classes and functions that are serialized are entered, by name, in the table it gives."""
    table: dict[str, Any] = {}
    token = _foreign.set(table)
    try:
        yield table
    finally:
        _foreign.reset(token)


def with_shared(make: Callable[[], Any]) -> Any:
    """The data that `make` serializes, where an object that occurs again has the same "shared_object_id"."""
    token = _met.set({})
    try:
        data = make()
    finally:
        _met.reset(token)
    counts = Counter(entry["shared_object_id"] for entry in _numbered(data))
    for entry in _numbered(data):
        if counts[entry["shared_object_id"]] == 1:
            del entry["shared_object_id"]
    return data


def _number(thing: Any) -> dict[str, int]:
    met = _met.get()
    if met is None:
        return {}
    return {"shared_object_id": met.setdefault(id(thing), (thing, len(met)))[1]}


def _numbered(data: Any) -> list[dict]:
    inner = data.values() if isinstance(data, dict) else data if isinstance(data, (list, tuple)) else ()
    own = [data] if isinstance(data, dict) and "shared_object_id" in data else []
    return [*own, *(entry for value in inner for entry in _numbered(value))]


@contextmanager
def sharing() -> Iterator[None]:
    """Within it, entries with the same "shared_object_id" are deserialized to one object."""
    token = _made.set({})
    try:
        yield
    finally:
        _made.reset(token)


def is_config(value: Any) -> bool:
    """Whether a value has the form in which files hold an object."""
    return isinstance(value, dict) and "class_name" in value and "config" in value


def deserialize(data: Any, custom_objects: dict | None = None, kind: str | None = None) -> Any:
    """The value of serialized data. Names come from the table, the person's registered objects and `custom_objects`.

    Raises ValueError for an unknown name, TypeError for data of the wrong form.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(data, kind=kind)
    if isinstance(data, (list, tuple)):
        return type(data)(deserialize(v) for v in data)
    if not isinstance(data, dict):
        return lookup(kind, data) if kind and isinstance(data, str) else data
    if not is_config(data):
        return {k: deserialize(v) for k, v in data.items()}
    special = _SPECIAL.get(data["class_name"])
    return special(data["config"]) if special else _deserialize_object(data, kind)


def _array(config: dict) -> np.ndarray:
    return np.array(config["value"], dtype=numpy_dtype(config["dtype"]))


_SPECIAL: dict[str, Callable[[Any], Any]] = {
    "__numpy__": _array,
    "__tensor__": _array,
    "__tuple__": lambda config: tuple(deserialize(v) for v in config["value"]),
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda config: Ellipsis,
}


def kind_of_module(module: str | None) -> str | None:
    """The kind of the objects of one of Keras's modules, under the name it has in any era."""
    parts = set(re.split(r"[._]", module or ""))
    for kind in ("schedule", "layer", "initializer", "regularizer", "constraint", "metric", "optimizer", "activation"):
        if parts & {kind, kind + "s"}:
            return kind
    if parts & {"loss", "losses"}:
        return "loss"
    return "operation" if "ops" in parts else None


_RELATED = {"layer": ("model", "operation"), "model": ("layer",), "optimizer": ("schedule",)}
"""What may stand where an object of a kind is asked for, beside those of the kind."""


def find(class_name: str, registered: str | None = None, module: str | None = None, kind: str | None = None) -> Any:
    """The class or function that a file's names stand for; ValueError where nothing does.

    The caller's `custom_objects` come first. Where the file says that it means one of Keras's own, what a person
    registered doesn't take its place. Callbacks are never meant: they act on files and networks.
    """
    scope, foreign = _scope.get(), (module or "").partition(".")[0] not in ("keras", "tensorflow", "tf_keras")
    for table, name in ((scope, registered), (scope, class_name), (_custom if foreign else {}, registered)):
        if name and name in table:
            return table[name]
    meant = (kind, *_RELATED.get(kind, ())) if kind else (kind_of_module(module), *KINDS)
    kinds = [k for k in meant if k and k != "callback"]
    for table in (_tables[k] for k in kinds):
        if class_name in table:
            return table[class_name]
    return lookup(kinds[0], registered or class_name)


def _deserialize_object(data: dict, kind: str | None) -> Any:
    class_name, config, made_before = data["class_name"], data["config"], _made.get()
    number = data.get("shared_object_id")
    if made_before is not None and isinstance(number, int) and number in made_before:
        return made_before[number]
    if class_name == "function":
        return _function(str(config), data.get("registered_name"), kind)
    thing = find(str(class_name), data.get("registered_name"), data.get("module"), kind)
    if not isinstance(thing, type):
        return thing
    if not isinstance(config, dict) or not hasattr(thing, "from_config"):
        raise TypeError(explain(f"The config of {class_name!r} is malformed.", expected="a dict", got=brief(config)))
    made = thing.from_config(config)
    if data.get("build_config") and hasattr(made, "build_from_config"):
        made.build_from_config(data["build_config"])
    if made_before is not None and isinstance(number, int):
        made_before[number] = made
    return made


def _function(name: str, registered: str | None, kind: str | None) -> Any:
    found = find(name, registered, kind=kind)
    if isinstance(found, type) and kind_of(found):
        raise TypeError(explain(f"{name!r} is no function.", expected="a function's name", got=f"the class {name}"))
    return found
