"""Nested structures: lists, tuples, dicts, named tuples. A dict's leaves come in the order of its sorted keys.

Here None holds no leaf. `cornu.nested` has Keras's functions, to which it is one; those that this module lacks are
found in it, too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import jax.tree_util as _tree

flatten_with_path = _tree.tree_flatten_with_path
structure = _tree.tree_structure


def flatten(tree: Any, is_leaf: Callable | None = None) -> list:
    """The leaves of a tree; None holds none.

    >>> flatten({"b": [1, (2,)], "a": 0, "c": None})
    [0, 1, 2]
    """
    return _tree.tree_leaves(tree, is_leaf=is_leaf)


def flatten_with(tree: Any, is_leaf: Callable | None = None) -> tuple[list, Any]:
    """The leaves and the structure that `unflatten` takes."""
    return _tree.tree_flatten(tree, is_leaf=is_leaf)


def unflatten(treedef: Any, leaves: Any) -> Any:
    """The tree of a structure and its leaves."""
    return _tree.tree_unflatten(treedef, leaves)


def map(function: Callable, *trees: Any, is_leaf: Callable | None = None) -> Any:
    """The tree of `function`'s results on the leaves of trees of one structure.

    >>> map(lambda a, b: a + b, {"x": 1}, {"x": 2})
    {'x': 3}
    """
    return _tree.tree_map(function, *trees, is_leaf=is_leaf)


def is_nested(value: object) -> bool:
    """Whether a value is a list, tuple or dict."""
    return isinstance(value, (list, tuple, dict))


def walk(value: Any) -> Iterator:
    """Every value inside lists, tuples, sets and dicts, in their own order, depth first; other values as they are.

    >>> list(walk({"b": [1, (2,)], "a": 0}))
    [1, 2, 0]
    """
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (list, tuple, set)):
        yield value
        return
    for item in value:
        yield from walk(item)


def __getattr__(name: str) -> Any:
    if not name.startswith("_") and hasattr(nested := importlib.import_module("cornu.nested"), name):
        return getattr(nested, name)
    raise AttributeError(f"module 'cornu.tree' has no attribute {name!r}")
