"""Old spellings applied: an era's classes and functions, which translate their arguments by the tables.

An era's class stands in front of the modern one: calling it makes an instance of the modern class itself, so nothing
behind it knows of spellings. A person's own subclass of it translates what it hands to the base class's constructor.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from cornu.compat import dialect, notices, old, values
from cornu.compat.tables import CALLS, LAYER
from cornu.compat.tables.modules import GONE
from cornu.compat.tables.rows import Call, Word
from cornu.errors import brief, explain
from cornu.layers.layer import Layer


def row(key: str, known_today: bool = True) -> Call | None:
    """The row of the era in force; for what only old eras had, that of the newest era that had it."""
    era = dialect.current().era
    own = CALLS[era].get(key)
    if own is not None or known_today:
        return own
    return next((table[key] for table in reversed(list(CALLS.values())) if key in table), None)


@functools.cache
def renamed(key: str, is_layer: bool) -> dict[str, Word]:
    """Every old name of an argument, of whatever era: where nothing contradicts, old keywords are understood in all."""
    words = dict(LAYER.words_of) if is_layer else {}
    for table in CALLS.values():
        if key in table:
            words.update({old: w for old, w in table[key].words_of.items() if w.old != (w.new,)})
    return words


def translate(key: str, modern: Callable, args: tuple, kwargs: dict, known_today: bool = True) -> dict[str, Any]:
    """The modern keyword arguments of a call in the era's spelling; old ones are noted.

    Raises TypeError for too many positional arguments, or one argument given in two ways.
    """
    if key in GONE:
        notices.note(f"{key.rpartition('.')[2]}(...)", GONE[key])
    newest = row(key, known_today) or Call()
    found = newest.given(args)
    if found is not newest:
        what = key.rpartition(".")[2]
        notices.note(f"{what}({', '.join(found.positions[: len(args)])})", "the same arguments by their names")
    order = order_of(found, modern)
    if len(args) > len(order):
        raise TypeError(
            explain(
                f"{key}: too many arguments by position for the era {dialect.current().era}.",
                expected=", ".join(order),
                got=f"{len(args)}: {brief(args)}",
                fix="Name them, or choose another era: cornu run --era.",
            )
        )
    given = dict(zip(order, args, strict=False))
    for name, value in kwargs.items():
        if name in given:
            raise TypeError(explain(f"{key}: argument `{name}` is given twice.", got=brief(value)))
        given[name] = value
    words = {**renamed(key, isinstance(modern, type) and issubclass(modern, Layer)), **found.words_of}
    result = _rename(key, given, words, by_position=set(order[: len(args)]))
    for name, value in found.defaults.items():
        result.setdefault(name, values.modern(name, name, value))
    return values.finish(key, result)


def arguments_of(key: str, modern: Callable, args: tuple, kwargs: dict, known_today: bool = True) -> tuple[tuple, dict]:
    """The modern arguments of a call in the era's spelling; what takes any number by position still does."""
    if args and row(key, known_today) is None and not positions_of(modern):
        return args, translate(key, modern, (), kwargs, known_today)
    return (), translate(key, modern, args, kwargs, known_today)


def order_of(found: Call, modern: Callable) -> list[str]:
    """The arguments by position: in tf.keras today's, where its row doesn't begin with the first of them."""
    today = positions_of(modern)
    if not found.order or not today or dialect.current().era != "tf.keras":
        return found.positions or today
    first = found.order[0]
    if today[0] not in (first.new, *first.old):
        return today
    named = {name for word in found.order for name in (word.new, *word.old)}
    return [*found.positions, *(name for name in today if name not in named)]


def positions_of(modern: Callable) -> list[str]:
    """What a class or function takes by position today."""
    target = modern.__init__ if isinstance(modern, type) else modern  # type: ignore[misc]
    parameters = list(inspect.signature(target).parameters.values())[isinstance(modern, type) :]
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.POSITIONAL_ONLY)
    return [p.name for p in parameters if p.kind in kinds]


def _rename(key: str, given: dict[str, Any], words: dict[str, Word], by_position: set[str]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    what = key.rpartition(".")[2]
    for name, value in given.items():
        word = words.get(name)
        if word is None:
            if name in result:
                raise TypeError(explain(f"{what}: `{name}` is given twice, once under its old name."))
            result[name] = values.modern(name, name, value)
        elif not word.new:
            values.note_dropped(what, name, value)
        elif len(word.old) == 1:
            if word.new in result:
                raise TypeError(explain(f"{what}: `{name}` and `{word.new}` mean the same; both are given."))
            result[word.new] = values.modern(name, word.new, value)
            if name != word.new and name not in by_position:
                notices.note(f"{what}({name}=...)", f"{word.new}=...")
        elif word.new not in result:
            missing = [old for old in word.old if old not in given]
            if missing:
                raise TypeError(explain(f"{what}: argument `{missing[0]}` is missing.", expected=", ".join(word.old)))
            result[word.new] = tuple(given[old] for old in word.old)
            notices.note(f"{what}({', '.join(word.old)})", f"{word.new}=({', '.join(word.old)})")
    return result


class EraType(type):
    """The class of an era's classes."""

    spelling: str
    modern: Any
    known_today: bool

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        """An instance of the modern class; of a person's own subclass, as it is."""
        if "spelling" in vars(cls):
            args, arguments = arguments_of(cls.spelling, cls.modern, args, kwargs, cls.known_today)
            modern, arguments = old.class_for(cls.modern, arguments)
            arguments, after = values.take_after(modern, arguments)
            return after(modern(*args, **arguments))
        constructor: Any = cls.__init__  # type: ignore[misc]
        if vars(constructor).get("translates"):  # no constructor of its own
            args, kwargs = arguments_of(cls.spelling, cls.modern, args, kwargs, cls.known_today)
        return super().__call__(*args, **kwargs)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, cls.modern) if "spelling" in vars(cls) else super().__instancecheck__(instance)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, cls.modern) if "spelling" in vars(cls) else super().__subclasscheck__(subclass)

    def __eq__(cls, other: object) -> bool:
        """`type(layer) == Dense` holds for the layers that `Dense` made."""
        return cls is other or ("spelling" in vars(cls) and cls.modern is other)

    def __hash__(cls) -> int:
        return hash(cls.modern) if "spelling" in vars(cls) else super().__hash__()


@functools.cache
def _metaclass(of: Any) -> Any:
    return EraType if of is type else type(f"Era{of.__name__}", (EraType, of), {})


def _from_config(cls: Any, config: dict, *args: Any, **kwargs: Any) -> Any:
    """A config is in today's spelling: the modern class makes the object, or a person's own subclass does."""
    made = cls.modern if "spelling" in vars(cls) else cls
    return cls.modern.from_config.__func__(made, config, *args, **kwargs)


@functools.cache
def era_class(modern: Any, key: str, known_today: bool = True) -> Any:
    """The class by which a program of an old era calls a modern one."""

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        args, arguments = arguments_of(key, modern, args, kwargs, known_today)
        arguments, after = values.take_after(modern, arguments)
        modern.__init__(self, *args, **arguments)
        after(self)

    __init__.__signature__ = inspect.signature(modern.__init__)  # type: ignore[attr-defined]
    __init__.translates = True  # type: ignore[attr-defined]
    body = {"__module__": modern.__module__, "__doc__": modern.__doc__, "__qualname__": modern.__qualname__}
    body |= {"spelling": key, "modern": modern, "known_today": known_today}
    if hasattr(modern, "from_config"):
        body["from_config"] = classmethod(_from_config)
    kind: Any = type(modern)
    cls = _metaclass(kind)(key.rpartition(".")[2], (modern,), body)
    type.__setattr__(cls, "__init__", __init__)
    return cls


@functools.cache
def era_function(modern: Callable, key: str, known_today: bool = True) -> Callable:
    """The function, or method, by which a program of an old era calls a modern one."""
    is_method = key[0].isupper()

    @functools.wraps(modern)
    def call(*args: Any, **kwargs: Any) -> Any:
        own, args = (args[:1], args[1:]) if is_method else ((), args)
        bound = functools.partial(modern, *own)
        return bound(**translate(key, bound, args, kwargs, known_today))

    return call
