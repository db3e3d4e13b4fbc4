"""Where each part of a model stands in a weight file: the paths that Keras 3 gives them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from cornu.layers.layer import Layer
from cornu.layers.parts import own_variables
from cornu.metrics import Metric
from cornu.optimizers import Optimizer
from cornu.registry import snake_case
from cornu.variables import Variable

Part = Layer | Optimizer


def parts(root: Part, present: Callable[[str], bool] | None = None) -> Iterator[tuple[str, Part]]:
    """Every part with weights of its own, and its path in the file; each once.

    Attributes come in alphabetical order, private ones last; a list's or dict's members are named by their classes. A
    part that can be reached on several paths stands at the first; with `present`, at the first that is in the file,
    because the versions of Keras differ in which they take. Of the optimizers that inner models were compiled with
    there is none: only the root's.
    """
    seen: set[int] = set()
    absent: list[tuple[Part, str]] = []

    def visit(part: Part, path: str) -> Iterator[tuple[str, Part]]:
        if id(part) in seen:
            return
        if present is not None and path and not present(path):
            absent.append((part, path))
            return
        seen.add(id(part))
        yield path, part
        for name, value in _children(part, is_root=part is root):
            yield from _enter(value, f"{path}/{name}" if path else name, visit)

    yield from visit(root, "")
    present = None
    for part, path in list(absent):
        yield from visit(part, path)


def _enter(value: Any, path: str, visit: Any) -> Iterator[tuple[str, Part]]:
    if isinstance(value, Part):
        yield from visit(value, path)
    elif isinstance(value, (list, tuple, dict)):
        counts: Counter[str] = Counter()
        for item in value.values() if isinstance(value, dict) else value:
            nested = isinstance(item, (list, tuple, dict))
            if isinstance(item, Part | Metric) or nested:
                name = "container" if nested else snake_case(type(item).__name__)
                number = counts[name]
                counts[name] += 1
                yield from _enter(item, f"{path}/{name}_{number}" if number else f"{path}/{name}", visit)


def _children(part: Part, is_root: bool) -> Iterator[tuple[str, Any]]:
    if hasattr(type(part), "nodes"):  # a graph: its layers come before a subclass's own attributes
        yield "layers", part.layers  # type: ignore[union-attr]
    names = {name for name in dir(part) if not name.startswith("__")} - _known(type(part))  # type: ignore[arg-type]
    names |= {name for name in ("layers", "optimizer")[: 1 + is_root] if hasattr(part, name)}
    for name in sorted(names, key=lambda name: (name.startswith("_"), name)):
        yield name, getattr(part, name, None)


@cache
def _known(cls: type) -> set[str]:
    """The attributes that every layer, model or optimizer has: no parts of a person's."""
    bases = [base for base in cls.__mro__ if base.__module__.startswith(_BASES)]
    names = {name for base in bases for name in dir(base)} | _GRAPH
    if issubclass(cls, Layer):
        plain = next(base for base in bases if base.__module__ in ("cornu.models.model", "cornu.layers.layer"))
        names |= set(vars(plain(name="reference")))
    return names


_BASES = ("cornu.models.", "cornu.layers.layer", "cornu.layers.parts", "cornu.optimizers.optimizer")
_GRAPH = {"_graph", "_operations", "_inputs_struct", "_outputs_struct", "_stack", "_sources", "_tensors", "_cached"}


def variables_of(part: Part) -> list[Variable]:
    """The variables that a part holds itself, in the order of the file."""
    return list(part.variables) if isinstance(part, Optimizer) else own_variables(part)
