"""Keras's functions for nested structures: `keras.tree`.

Lists, tuples, named tuples, deques and dicts nest; everything else is a leaf, None and variables, too. A dict's leaves
come in the order of its sorted keys, an OrderedDict's in its own.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from cornu.errors import brief, explain


class MAP_TO_NONE:
    """What the function of `traverse` returns to have None put in a part's place."""


def is_nested(structure: Any) -> bool:
    """Whether a value nests others.

    >>> is_nested((1,)), is_nested("text")
    (True, False)
    """
    return isinstance(structure, (list, tuple, dict, deque))


def _keys(structure: Any) -> list:
    """The indices or keys of a nested value, in the order in which its parts are visited."""
    if isinstance(structure, dict):
        return list(structure) if isinstance(structure, OrderedDict) else sorted(structure)
    return list(range(len(structure)))


def _filled(structure: Any, parts: list) -> Any:
    """A nested value of the same kind with other parts, which come in the order of `_keys`."""
    kind: Any = type(structure)
    if isinstance(structure, dict):
        named = dict(zip(_keys(structure), parts, strict=True))
        items = ((key, named[key]) for key in structure)
        return kind(structure.default_factory, items) if isinstance(structure, defaultdict) else kind(items)
    return kind(*parts) if hasattr(structure, "_fields") else kind(parts)


def _leaves(structure: Any, path: tuple = ()) -> Iterator[tuple[tuple, Any]]:
    if not is_nested(structure):
        yield path, structure
        return
    for key in _keys(structure):
        yield from _leaves(structure[key], (*path, key))


def flatten(structure: Any) -> list:
    """The leaves.

    >>> flatten({"b": [1, (2,)], "a": None})
    [None, 1, 2]
    """
    return [leaf for _, leaf in _leaves(structure)]


def flatten_with_path(structure: Any) -> list[tuple[tuple, Any]]:
    """The leaves, each with the tuple of indices and keys that leads to it.

    >>> flatten_with_path([{"a": 42}])
    [((0, 'a'), 42)]
    """
    return list(_leaves(structure))


def pack_sequence_as(structure: Any, flat_sequence: Iterable) -> Any:
    """A structure of the same form with other leaves, in the order of `flatten`.

    Raises TypeError for leaves that aren't a sequence, ValueError for too few or too many.

    >>> pack_sequence_as({"b": [1, (2,)], "a": 0}, "xyz")
    {'b': ['y', ('z',)], 'a': 'x'}
    """
    if not isinstance(flat_sequence, Iterable):
        raise TypeError(explain("pack_sequence_as: the leaves are no sequence.", got=brief(flat_sequence)))
    leaves, count = list(flat_sequence), len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(explain("pack_sequence_as: wrong number of leaves.", expected=count, got=len(leaves)))
    waiting = iter(leaves)
    return _mapped(lambda _: next(waiting), [structure], _is_leaf)


def _mapped(function: Callable, structures: list, is_leaf: Callable[[Any], bool]) -> Any:
    """`function` of the parts at the leaves of the first structure; the others have the same form down to there."""
    first, others = structures[0], structures[1:]
    if is_leaf(first):
        return function(*structures)
    for other in others:
        _check_alike(first, other)
    parts = [_mapped(function, [one[key] for one in structures], is_leaf) for key in _keys(first)]
    return _filled(first, parts)


def _check_alike(a: Any, b: Any) -> None:
    """Raises ValueError unless both nest in the same way, here."""
    dicts = isinstance(a, dict) and isinstance(b, dict)
    if not is_nested(a) and not is_nested(b):
        return
    if not (dicts or type(a) is type(b)) or set(_keys(a)) != set(_keys(b)):
        raise ValueError(explain("Structures don't have the same nested structure.", expected=brief(a), got=brief(b)))


def _is_leaf(part: Any) -> bool:
    return not is_nested(part)


def map_structure(func: Callable, *structures: Any, none_is_leaf: bool = True) -> Any:
    """The structure of `func`'s results on the leaves of structures of one form.

    With `none_is_leaf=False` a None stays None. Raises TypeError without a structure or a function, ValueError where
    the forms differ.

    >>> map_structure(lambda a, b: a + b, [1, {"x": 2}], [10, {"x": 20}])
    [11, {'x': 22}]
    """
    _check_callable("map_structure", func)
    if not structures:
        raise TypeError(explain("map_structure: there is no structure.", expected="one or more"))

    def apply(*parts: Any) -> Any:
        for part in parts[1:]:
            _check_alike(parts[0], part)
        return None if parts[0] is None and not none_is_leaf else func(*parts)

    return _mapped(apply, list(structures), _is_leaf)


def map_structure_up_to(shallow_structure: Any, func: Callable, *structures: Any) -> Any:
    """`map_structure` down to the leaves of `shallow_structure`; what is nested deeper is handed to `func` whole.

    >>> map_structure_up_to([None, None], len, [[1, 1], [2]])
    [2, 1]
    """
    _check_callable("map_structure_up_to", func)
    if not structures:
        raise TypeError(explain("map_structure_up_to: there is no structure.", expected="one or more"))
    return _mapped(lambda _, *parts: func(*parts), [shallow_structure, *structures], _is_leaf)


def map_shape_structure(func: Callable, structure: Any) -> Any:
    """`map_structure` whose leaves are shapes: lists and tuples of integers and None.

    >>> map_shape_structure(len, {"a": (None, 3), "b": [(2,)]})
    {'a': 2, 'b': [1]}
    """

    def is_leaf(part: Any) -> bool:
        shape = isinstance(part, (list, tuple)) and all(size is None or isinstance(size, int) for size in part)
        return shape or not is_nested(part)

    return _mapped(func, [structure], is_leaf)


def traverse(func: Callable, structure: Any, top_down: bool = True) -> Any:
    """The structure in which each part, nested or leaf, is replaced by what `func` gives for it, unless that is None.

    From the top, what replaces a part isn't looked into; else a part's own parts come before it. `MAP_TO_NONE` stands
    for None.

    >>> traverse(lambda part: len(part) if isinstance(part, tuple) else None, [(1, 2), 3])
    [2, 3]
    """
    _check_callable("traverse", func)

    def parts() -> Any:
        if not is_nested(structure):
            return structure
        return _filled(structure, [traverse(func, structure[key], top_down) for key in _keys(structure)])

    if top_down:
        found = func(structure)
        return parts() if found is None else None if found is MAP_TO_NONE else found
    inner = parts()
    found = func(inner)
    return inner if found is None else None if found is MAP_TO_NONE else found


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples for lists.

    >>> lists_to_tuples([1, {"a": [2]}])
    (1, {'a': (2,)})
    """
    return traverse(lambda part: tuple(part) if isinstance(part, list) else None, structure, top_down=False)


def assert_same_structure(a: Any, b: Any, check_types: Any = None) -> None:
    """Raises ValueError unless both structures nest in the same way; `check_types` is older, and does nothing."""
    map_structure(lambda *_: None, a, b)


def assert_same_paths(a: Any, b: Any) -> None:
    """Raises ValueError unless the same paths lead to leaves in both, whatever kinds of lists and dicts they are."""
    ours, theirs = ({path for path, _ in _leaves(one)} for one in (a, b))
    if ours != theirs:
        got = f"only in a: {sorted(ours - theirs, key=str)}; only in b: {sorted(theirs - ours, key=str)}"
        raise ValueError(explain("`a` and `b` don't have the same paths.", got=got))


def _check_callable(name: str, func: Any) -> None:
    if not callable(func):
        raise TypeError(explain(f"{name}: argument `func` can't be called.", expected="a function", got=brief(func)))
