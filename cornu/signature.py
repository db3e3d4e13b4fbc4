"""Configs derived from constructors' signatures, and the domains of arguments as data."""

from __future__ import annotations

import inspect
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

import numpy as np

from cornu import registry
from cornu.errors import advice, brief, explain, nearest


@dataclass(frozen=True)
class Domain:
    """The values that an argument may take: in words, and as a test."""

    words: str
    test: Callable[[Any], bool]


def _whole(value: Any) -> bool:
    return isinstance(value, (numbers.Integral, np.integer)) and not isinstance(value, (bool, np.bool_))


def _real(value: Any) -> bool:
    return isinstance(value, (numbers.Real, np.floating)) and not isinstance(value, (bool, np.bool_))


integer = Domain("an integer", _whole)
positive_int = Domain("a positive integer", lambda v: _whole(v) and v > 0)
nonnegative_int = Domain("an integer of 0 or more", lambda v: _whole(v) and v >= 0)
boolean = Domain("True or False", lambda v: isinstance(v, (bool, np.bool_)))
number = Domain("a number", _real)
positive = Domain("a number greater than 0", lambda v: _real(v) and v > 0)
nonnegative = Domain("a number of 0 or more", lambda v: _real(v) and v >= 0)


def interval(low: float, high: float, closed: str = "[]") -> Domain:
    """Numbers from `low` to `high`; `closed` tells, as in "[)", which ends belong to it.

    >>> interval(0, 1, "[)").test(1), interval(0, 1).words
    (False, 'a number in [0, 1]')
    """
    above = (lambda v: v >= low) if closed[0] == "[" else (lambda v: v > low)
    below = (lambda v: v <= high) if closed[1] == "]" else (lambda v: v < high)
    words = f"a number in {closed[0]}{low}, {high}{closed[1]}"
    return Domain(words, lambda v: _real(v) and above(v) and below(v))


def one_of(*values: Any) -> Domain:
    """One of a few values."""
    return Domain("one of " + ", ".join(map(repr, values)), lambda v: any(v is x or v == x for x in values))


def maybe(domain: Domain) -> Domain:
    """None, too."""
    return Domain(f"{domain.words}, or None", lambda v: v is None or domain.test(v))


def either(*domains: Domain) -> Domain:
    """A value of any of several domains."""
    return Domain(" or ".join(d.words for d in domains), lambda v: any(d.test(v) for d in domains))


def sizes(rank: int) -> Domain:
    """A positive integer, or `rank` of them."""
    words = f"a positive integer or a tuple of {rank}"
    return Domain(
        words,
        lambda v: (
            positive_int.test(v) or (isinstance(v, (list, tuple)) and len(v) == rank and all(map(positive_int.test, v)))
        ),
    )


def normalize_tuple(value: Any, rank: int) -> tuple:
    """An integer repeated `rank` times, or the tuple itself."""
    return (value,) * rank if _whole(value) else tuple(value)


@cache
def parameters(cls: type) -> dict[str, inspect.Parameter]:
    """The parameters of a class's constructor, without `self`."""
    constructor: Any = cls.__init__  # type: ignore[misc]
    return dict(list(inspect.signature(constructor).parameters.items())[1:])


def named_parameters(cls: type) -> list[str]:
    """The names of the parameters that a constructor takes one by one."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [name for name, p in parameters(cls).items() if p.kind in kinds]


def takes_any(cls: type) -> bool:
    """Whether a constructor takes **kwargs."""
    return any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters(cls).values())


@cache
def derived_from(cls: type) -> type:
    """The class whose config is derived: the one below which no class of a person's writes `get_config` itself."""
    writers = [i for i, c in enumerate(cls.__mro__) if "get_config" in vars(c) and c is not Configurable]
    return cls.__mro__[writers[-1] + 1] if writers and issubclass(cls, Configurable) else cls


class Configurable:
    """What has a config: `get_config` and `from_config`, both derived from the constructor's signature.

    The constructor's arguments are recorded when an object is made. `get_config` gives, for each parameter, the
    attribute of that name, or else the recorded argument, as JSON data; `from_config` calls the constructor.
    Difference from Keras: no `get_config` has to be written, for a person's own classes either.
    """

    domains: ClassVar[dict[str, Domain]] = {}
    _recorded: dict[str, Any]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        self = super().__new__(cls)
        self.__dict__["_recorded"] = _bind(cls, args, kwargs)
        return self

    def __init__(self) -> None:
        """Takes no argument."""

    def __getnewargs_ex__(self) -> tuple[tuple, dict]:
        """What `copy` and `pickle` hand to `__new__`."""
        return (), self._recorded

    def _base_config(self) -> dict:
        """The entries that every object of a family has, before those of its own constructor."""
        return {}

    def get_config(self) -> dict:
        """The constructor's arguments, as JSON data."""
        cls, base = derived_from(type(self)), self._base_config()  # type: ignore[arg-type]
        values = {n: getattr(self, n, self._recorded.get(n)) for n in self._config_names(cls) if n not in base}
        return {**base, **{name: registry.serialize(value) for name, value in values.items()}}

    def _config_names(self, cls: type) -> list[str]:
        """The constructor's parameters, and those of its base classes' that came by **kwargs."""
        inherited = [c for c in cls.__mro__[1:] if "__init__" in vars(c) and c is not object]
        by_keyword = {name for c in inherited for name in named_parameters(c) if name in self._recorded}
        return list(dict.fromkeys([*named_parameters(cls), *(n for n in self._recorded if n in by_keyword)]))

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The object of a config."""
        return cls(**{k: registry.deserialize(v) if registry.is_config(v) else v for k, v in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {brief(getattr(self, 'name', None) or self._recorded)}>"


def _bind(cls: type, args: tuple, kwargs: dict) -> dict[str, Any]:
    """The arguments of a constructor call by name, defaults included; checked against the class's domains."""
    signature = inspect.Signature(list(parameters(cls).values()))
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(_misfit(cls, kwargs, error)) from None
    bound.apply_defaults()
    recorded: dict[str, Any] = {}
    for name, value in bound.arguments.items():
        if parameters(cls)[name].kind is inspect.Parameter.VAR_KEYWORD:
            recorded.update(value)
        else:
            recorded[name] = value
    check_domains(cls, recorded)
    return recorded


def check_domains(cls: type, arguments: dict[str, Any]) -> None:
    """Raises ValueError for the first argument outside its domain."""
    for name, domain in _all_domains(cls).items():
        if name in arguments and not domain.test(arguments[name]):
            owner = f"{cls.__name__} {arguments['name']!r}" if arguments.get("name") else cls.__name__
            raise ValueError(
                explain(f"{owner}: argument `{name}` is wrong.", expected=domain.words, got=brief(arguments[name]))
            )


@cache
def _all_domains(cls: type) -> dict[str, Domain]:
    """The domains of a class and of its base classes."""
    found: dict[str, Domain] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base).get("domains", {}))
    return found


def _misfit(cls: type, kwargs: dict, error: TypeError) -> str:
    known = named_parameters(cls)
    unknown = [name for name in kwargs if name not in known]
    if "unexpected keyword" in str(error) and unknown:
        return explain(
            f"{cls.__name__}: unknown argument `{unknown[0]}`.{nearest(unknown[0], known)}",
            expected=", ".join(known) or "no argument",
            got=unknown[0],
            fix=advice(cls.__name__, unknown[0]),
        )
    todo = next(filter(None, (advice(cls.__name__, name) for name in unknown)), None)
    return explain(f"{cls.__name__}: {error}.", expected=", ".join(known), fix=todo)
