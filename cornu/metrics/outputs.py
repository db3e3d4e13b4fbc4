"""The outputs of a model in one flat order, and what a person gives for them, in any structure, in that order."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from cornu import tree
from cornu.errors import brief, explain, nearest
from cornu.registry import is_config


class Outputs:
    """The outputs of a model: their paths in its result, and their names, in one order.

    Args:
        result: the result: one tensor, or tensors nested in lists, tuples and dicts. Only its structure is read.
        names: the names of the outputs, as a functional model knows them. They give the order of a flat dict.

    >>> outputs = Outputs({"b": 0, "a": 0}, names=["b", "a"])
    >>> outputs.names, outputs.spread({"a": "mse"}, "loss")
    (['b', 'a'], [None, 'mse'])
    """

    def __init__(self, result: Any, names: Sequence[str] | None = None) -> None:
        self.result = result
        self.flat = not is_single(result) and not any(map(tree.is_nested, _items(result)))
        keys = list(result) if isinstance(result, dict) and self.flat else None
        if keys is not None and set(keys) == set(names or ()):
            keys = list(names or ())
        elif keys is not None and not isinstance(result, OrderedDict):
            keys = sorted(keys)
        self.paths = [(key,) for key in keys] if keys is not None else _paths(result)
        known = list(names) if names and len(names) == len(self.paths) else [None] * len(self.paths)
        self._known = known
        self.names = [_name(path, name) for path, name in zip(self.paths, known, strict=True)]

    def __len__(self) -> int:
        return len(self.paths)

    def name(self, place: int, otherwise: str) -> str:
        """An output's name, or, at its place in the result, another one."""
        return _name(self.paths[place], self._known[place] or otherwise) or otherwise

    def values(self, result: Any) -> list:
        """The tensors of a result of the same structure."""
        return [_at(result, path) for path in self.paths]

    def targets(self, given: Any, wanted: Sequence[bool]) -> list:
        """The target of each output, where there may be targets for the wanted ones only."""
        places = [i for i, want in enumerate(wanted) if want]
        entries = list(given) if isinstance(given, (list, tuple)) else [given]
        if given is None or isinstance(given, dict) or len(entries) == len(self) or len(entries) != len(places):
            return self.spread(given, "y")
        found = dict(zip(places, entries, strict=True))
        return [found.get(i) for i in range(len(self))]

    def spread(self, given: Any, argument: str, *, share: bool = False) -> list:
        """What is given for each output; None where nothing is.

        Args:
            given: one value for the only output, or with `share` for every output; a list with an entry for each
                output; a dict by their names; or the structure of the result.
            argument: the argument's name, for errors.
            share: whether a single value is meant for every output.

        Raises:
            ValueError: where the structure or a name doesn't fit.
        """
        if given is None:
            return [None] * len(self)
        if is_single(given):
            return [given] * len(self) if share or len(self) == 1 else self._refuse(given, argument)
        if isinstance(given, dict) and all(name in self.names for name in given):
            return [given.get(name) for name in self.names]
        if isinstance(given, dict):
            self._check_names(given, argument)
        if len(self) == 1:
            return [next(iter(_items(given))) if len(given) == 1 else self._several(given, argument)]
        if not isinstance(given, dict) and len(given) == len(self) and (self.flat or all(map(is_single, given))):
            return list(given)
        return [_at(given, p) for p in self.paths] if _covers(given, self.paths) else self._refuse(given, argument)

    def _several(self, given: Any, argument: str) -> list:
        """Several entries for the only output."""
        return self._refuse(given, argument) if isinstance(given, dict) else list(given)

    def _check_names(self, given: dict, argument: str) -> None:
        """ValueError for a name that no output has."""
        known = [name for name in self.names if name] + (list(self.result) if isinstance(self.result, dict) else [])
        unknown = [key for key in given if key not in known]
        if unknown and known:
            raise ValueError(
                explain(
                    f"Argument `{argument}` names {unknown[0]!r}, which is no output.{nearest(unknown[0], known)}",
                    expected=f"names of outputs: {', '.join(map(str, known))}",
                    got=", ".join(map(str, given)),
                )
            )

    def _refuse(self, given: Any, argument: str) -> Any:
        names = [str(name) for name in self.names if name]
        number = f"{len(self)} output{'s' * (len(self) > 1)}"
        raise ValueError(
            explain(
                f"Argument `{argument}` doesn't fit the model's {number}.",
                expected=f"one entry for each output ({', '.join(names) or 'in their order'}), as a list or by name",
                got=brief(tree.map(lambda leaf: tuple(leaf.shape) if hasattr(leaf, "shape") else leaf, given)),
            )
        )


def is_single(value: Any) -> bool:
    """Whether a value is no structure of several, but one thing, or the saved config of one."""
    return not tree.is_nested(value) or is_config(value)


def _items(value: Any) -> list:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _paths(value: Any) -> list[tuple]:
    """The paths of the leaves, where the keys of dicts are sorted."""
    if not tree.is_nested(value):
        return [()]
    keys = range(len(value)) if not isinstance(value, dict) else sorted(value)
    return [(key, *rest) for key in keys for rest in _paths(value[key])]


def _at(value: Any, path: tuple) -> Any:
    """What lies at a path; None where a dict on the way hasn't the key, or nothing is there."""
    for key in path:
        value = None if value is None or (isinstance(value, dict) and key not in value) else value[key]
    return value


def _covers(given: Any, paths: list[tuple]) -> bool:
    """Whether a structure is that of paths; dicts may lack keys, and None stands for any part."""
    if given is None or () in paths:
        return True
    first = {path[0] for path in paths}
    if is_single(given) or isinstance(given, dict) != any(isinstance(key, str) for key in first):
        return False
    keys = set(given) if isinstance(given, dict) else set(range(len(given)))
    if not keys <= first or (keys != first and not isinstance(given, dict)):
        return False
    return all(_covers(given[key], [path[1:] for path in paths if path[0] == key]) for key in keys)


def _name(path: tuple, name: str | None) -> str | None:
    """The keys of a path, joined, where a last place in a list is called by the output's name, if it has one."""
    if not path:
        return name
    last = path[-1] if isinstance(path[-1], str) else name
    return "/".join(map(str, (*path[:-1], last))) if last else None
