"""The backward pass over recorded calls of primitives."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp

from cornu import _jax

COMPILED_AT_ONCE = 8
"""So many backward passes are compiled when they first come; any further one when it comes for the second time."""

KEPT = 64
"""So many compiled backward passes are kept."""


@dataclass(eq=False)
class Call:
    """A primitive that was executed: on what, and with what results.

    `places` are those of the operands that depend on something watched.
    """

    primitive: Any
    params: dict
    operands: Sequence[Any]
    places: tuple[int, ...]
    results: list[Any] = field(default_factory=list)
    pullback: Callable | None = None

    def run(self, ahead: bool) -> None:
        """Executes it; `ahead`: with the derivative prepared, as a compiled program wants it, which computes once."""
        if ahead:
            try:
                self.results, self.pullback = self.linearize(self.operands, self.places)
                return
            except NotImplementedError:
                pass  # no derivative: said when somebody asks for one
        results = self.primitive.bind(*self.operands, **self.params)
        self.results = list(results) if self.primitive.multiple_results else [results]

    def linearize(self, operands: Sequence[Any], places: Sequence[int]) -> tuple[list[Any], Callable]:
        """The results, and a function from the results' gradients, None for zero, to those of operands in `places`."""

        def run(*chosen: Any) -> tuple[list[Any], list[Any]]:
            filled = list(operands)
            for place, value in zip(places, chosen, strict=True):
                filled[place] = value
            results = self.primitive.bind(*filled, **self.params)
            results = list(results) if self.primitive.multiple_results else [results]
            smooth = [r for r in results if jnp.issubdtype(r.dtype, jnp.inexact)]
            return smooth, [None if jnp.issubdtype(r.dtype, jnp.inexact) else r for r in results]

        smooth, backward, others = jax.vjp(run, *(operands[place] for place in places), has_aux=True)
        following = iter(smooth)
        results = [next(following) if other is None else other for other in others]

        def pullback(gradients: Sequence[Any]) -> tuple:
            pairs = [(g, r) for g, r, other in zip(gradients, results, others, strict=True) if other is None]
            return backward([jnp.zeros(r.shape, r.dtype) if g is None else g for g, r in pairs])

        return results, pullback


@dataclass(frozen=True)
class Step:
    """A call in a sweep: numbers stand for values."""

    call: Call
    operands: tuple[int, ...]
    places: tuple[int, ...]
    results: tuple[int, ...]


class Sweep:
    """The backward pass from targets to sources, over the calls that lie between them."""

    def __init__(self, calls: Sequence[Call], targets: Sequence[Any], sources: Sequence[Any]) -> None:
        self._numbers: dict[int, int] = {}
        self._values: list[Any] = []
        self._targets = tuple(map(self._number, targets))
        self._sources = tuple(map(self._number, sources))
        self._steps = self._between(calls, targets, sources)

    def run(self, seeds: Sequence[Any]) -> list[Any]:
        """The gradients of the sources, None where the target doesn't depend on one."""
        if any(step.call.pullback is not None for step in self._steps):
            return sweep(self._steps, self._targets, self._sources, self._values, seeds)
        return _programs.run(self._key(), self._steps, self._targets, self._sources, self._values, seeds)

    def _between(self, calls: Sequence[Call], targets: Sequence[Any], sources: Sequence[Any]) -> list[Step]:
        reached = {id(source) for source in sources}
        forward: list[tuple[Call, tuple[int, ...]]] = []
        for call in calls:
            places = tuple(place for place in call.places if id(call.operands[place]) in reached)
            if places:
                forward.append((call, places))
                reached.update(id(r) for r in call.results if jnp.issubdtype(r.dtype, jnp.inexact))
        wanted = {id(target) for target in targets}
        steps = []
        for call, places in reversed(forward):
            if any(id(result) in wanted for result in call.results):
                wanted.update(id(call.operands[place]) for place in places)
                steps.append(self._step(call, places))
        return steps

    def _step(self, call: Call, places: tuple[int, ...]) -> Step:
        operands = tuple(map(self._number, call.operands))
        results = tuple(self._number(result, needed=False) for result in call.results)
        return Step(call, operands, places, results)

    def _number(self, value: Any, needed: bool = True) -> int:
        number = self._numbers.setdefault(id(value), len(self._values))
        if number == len(self._values):
            self._values.append(None)
        if needed:
            self._values[number] = value
        return number

    def _key(self) -> Hashable | None:
        """What two sweeps have in common that one program can do; None where that can't be told."""
        try:
            steps = tuple(
                (step.call.primitive, _jax.identity_of(step.call.params), step.operands, step.places, step.results)
                for step in self._steps
            )
            hash(steps)
        except TypeError:
            return None
        return steps, self._targets, self._sources


def sweep(
    steps: Sequence[Step], targets: Sequence[int], sources: Sequence[int], values: Sequence[Any], seeds: Sequence[Any]
) -> list[Any]:
    """The chain rule: the gradients of results become those of operands, from the last call to the first."""
    gradients: dict[int, Any] = {}
    found: dict[int, Any] = {}

    def add(number: int, gradient: Any) -> None:
        gradients[number] = gradients[number] + gradient if number in gradients else gradient

    for target, seed in zip(targets, seeds, strict=True):
        add(target, seed)
    for step in steps:
        here = [gradients.pop(number, None) for number in step.results]
        found.update((n, g) for n, g in zip(step.results, here, strict=True) if n in sources and g is not None)
        places, pullback = step.call.places, step.call.pullback
        if pullback is None:
            places = step.places
            _, pullback = step.call.linearize([values[number] for number in step.operands], places)
        for place, gradient in zip(places, pullback(here), strict=True):
            if place in step.places:
                add(step.operands[place], gradient)
    return [found.get(source, gradients.get(source)) for source in sources]


class Programs:
    """Compiled sweeps, by what they do."""

    def __init__(self) -> None:
        self._compiled: dict[Hashable, Callable] = {}
        self._seen: dict[int, None] = {}

    def run(
        self, key: Hashable | None, steps: Sequence[Step], targets: Any, sources: Any, values: Any, seeds: Any
    ) -> Any:
        """The gradients, compiled if that pays."""
        if key is None or not steps:
            return sweep(steps, targets, sources, values, seeds)
        if key not in self._compiled:
            first = hash(key) not in self._seen
            if first and len(self._seen) >= COMPILED_AT_ONCE:
                self._seen[hash(key)] = None
                return sweep(steps, targets, sources, values, seeds)
            self._seen[hash(key)] = None
            if len(self._compiled) >= KEPT:
                self._compiled.pop(next(iter(self._compiled)))
            self._compiled[key] = _compile(steps, targets, sources)
        return self._compiled[key](values, seeds)


def _compile(steps: Sequence[Step], targets: Any, sources: Any) -> Callable:
    bare = [Step(Call(s.call.primitive, s.call.params, (), s.places), s.operands, s.places, s.results) for s in steps]
    return jax.jit(lambda values, seeds: sweep(bare, targets, sources, values, seeds))


_programs = Programs()
