"""Variations of one form, trained side by side: their states lie in one array per variable."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Executor
from typing import Any

import jax
import numpy as np

from cornu import _jax
from cornu.program.lifting import differing, form, lift
from cornu.program.trace import trace
from cornu.training.feed import row_groups, spans
from cornu.training.loop import plain_logs
from cornu.tuning.candidates import Candidate, Source
from cornu.variables import Variable

_CALL_SECONDS = 0.3
"""How long a call of many steps should last: Ctrl-C stays alive."""


class Joined:
    """A step of the members of a group as one program, for `width` of them in a call.

    It takes their states, its inputs, which are the same for all but those at `own`, and the numbers in which the
    members differ.
    """

    def __init__(self, members: Sequence[Candidate], key: Hashable, own: slice, width: int, engine: Any) -> None:
        steps = [member.steps[key] for member in members]
        self._first, self._lock, self._is_compiled = steps[0], threading.Lock(), False
        program, variables, written = steps[0].program, steps[0].variables, steps[0].written
        self._reads, self._writes = members[0].places(variables), members[0].places(written)
        found = differing([form(step.program) for step in steps])
        self.numbers = list(found.values())
        lifted = lift(program, list(found))
        shared: list[int | None] = [None] * (len(program.inputs) - len(variables))
        shared[own] = [0] * len(shared[own])
        axes = [*map(axis_of, variables), *shared, *[0] * len(found)]
        results = [*map(axis_of, written), *[0] * (len(program.outputs) - len(written))]
        run = _jax.as_function(lifted.jaxpr)
        batched = jax.vmap(lambda *inputs: tuple(run(*inputs)), in_axes=axes, out_axes=tuple(results))
        described = [_widened(aval, axis, width) for aval, axis in zip(lifted.inputs, axes, strict=True)]
        donated = [i for i, place in enumerate(self._reads) if place in self._writes]
        self._call: Callable[..., tuple] = engine.compile(trace(batched, *described), donate=donated)

    def __call__(self, state: list[Any], inputs: Sequence[Any], numbers: Sequence[Any]) -> dict[str, Any]:
        """Carries out the step on the states of some members, in place, and gives their logs."""
        outputs = self._run([*(state[place] for place in self._reads), *inputs, *numbers])
        new, result = self._first.program.unflatten(outputs)
        for place, value in zip(self._writes, new, strict=True):
            state[place] = value
        return result if self._first.logs is None else self._first.logs.named(result)

    def _run(self, values: Sequence[Any]) -> tuple:
        """The call; the first one, which compiles, alone."""
        if self._is_compiled:
            return self._call(*values)
        with self._lock:
            outputs = self._call(*values)
            self._is_compiled = True
        return outputs


def axis_of(variable: Variable) -> int:
    """Where the axis of the variations goes among those of a variable: before the last one.

    A batch times the kernels (inputs, variations, units) is one wide product where all variations see the same batch,
    and nothing has to be transposed for it.
    """
    return max(variable.ndim - 1, 0)


def _widened(aval: Any, axis: int | None, width: int) -> jax.ShapeDtypeStruct:
    shape = list(aval.shape)
    if axis is not None:
        shape.insert(axis, width)
    return jax.ShapeDtypeStruct(tuple(shape), aval.dtype)


class _Part:
    """Those members of a group that one call trains. The last one may be there several times, to fill the width."""

    def __init__(self, group: Sequence[Candidate], numbers: Sequence[int], engine: Any) -> None:
        self.members, self._numbers, self._engine = [group[i] for i in numbers], numbers, engine
        self._differing: dict[int, list[Any]] = {}
        self.state = [
            engine.put(np.stack([member.values[place] for member in self.members], axis_of(variable)))
            for place, variable in enumerate(group[0].variables)
        ]

    def differing(self, step: Joined) -> list[Any]:
        """The numbers in which the members differ, in the order in which a step takes them."""
        if id(step) not in self._differing:
            stacked = [np.stack([values[i] for i in self._numbers]) for values in step.numbers]
            self._differing[id(step)] = [self._engine.put(values) for values in stacked]
        return self._differing[id(step)]

    def rows(self, orders: dict[int, list[np.ndarray]], own: bool) -> list[Any]:
        """The samples of each step, in matrices as `row_groups` gives them: each member's own, or those of them all."""
        groups = [orders[member.order] for member in self.members]
        found = [np.stack(group) for group in zip(*groups, strict=True)] if own else groups[0]
        return [self._engine.put(group) for group in found]

    def hand_back(self) -> None:
        """Gives the variables of the members' models their values."""
        for place, variable in enumerate(self.members[0].variables):
            values = np.asarray(self.state[place])
            for i, member in enumerate(self.members):
                member.variables[place].store(jax.numpy.asarray(values.take(i, axis_of(variable))))


class Group:
    """Variations of one form in training, `width` of them in a call; the calls of an epoch run on all cores."""

    def __init__(self, members: Sequence[Candidate], width: int, engine: Any, pool: Executor, interrupts: Any) -> None:
        self.members, self._engine, self._pool, self._interrupts = members, engine, pool, interrupts
        by_order = sorted(range(len(members)), key=lambda i: members[i].order)
        self._width = -(-len(members) // -(-len(members) // width))
        pieces = [by_order[i : i + self._width] for i in range(0, len(members), self._width)]
        self._parts = [_Part(members, piece + piece[-1:] * (self._width - len(piece)), engine) for piece in pieces]
        self._has_own_orders = any(len({member.order for member in part.members}) > 1 for part in self._parts)
        self._steps: dict[Hashable, Joined] = {}
        self._pace = {"train": 1, "test": 1}

    def run(self, source: Source, epoch: int) -> dict[int, dict[str, Any]]:
        """An epoch of training, or a pass of evaluation; gives the logs of each member by its number."""
        orders = {order: list(row_groups(source.data, order, epoch)) for order in {m.order for m in self.members}}
        groups = next(iter(orders.values()))
        own = self._has_own_orders and bool(source.data.shuffle)
        rows = [part.rows(orders, own) for part in self._parts]
        start, total, found = 0, source.data.steps, []
        while start < total:
            began, stop = time.perf_counter(), min(start + self._pace[source.kind], total)
            calls = [self._calls(source, groups, part_rows, own, start, stop) for part_rows in rows]
            found = list(self._pool.map(_advance, self._parts, calls))
            self._set_pace(source.kind, stop - start, time.perf_counter() - began)
            self._interrupts.check()
            start = stop
        return {
            member.number: plain_logs({name: values[i] for name, values in logs.items()})
            for part, logs in zip(self._parts, found, strict=True)
            for i, member in enumerate(part.members)
        }

    def _calls(self, source: Source, groups: list, rows: list, own: bool, start: int, stop: int) -> Iterator[tuple]:
        """The calls that carry out steps `start` to `stop`: each a step and its inputs."""
        if self._loops(source, groups):
            step = self._step(source, groups, len(groups), own)
            yield step, (*source.arrays, *rows, *spans(groups, start, stop), np.bool_(start == 0))
            return
        places = [(group, i) for group, matrix in enumerate(groups) for i in range(len(matrix))]
        for number in range(start, stop):
            group, i = places[number]
            step = self._step(source, groups[group][i], 1, own)
            yield step, (*source.arrays, rows[group][:, i] if own else rows[group][i], np.bool_(number == 0))

    def _loops(self, source: Source, groups: list) -> bool:
        """Whether a call carries out many steps. What isn't traced yet for rows of these lengths is traced here."""
        traced = self.members[0].steps
        if source.key(groups) not in traced and any(source.key(group[0]) not in traced for group in groups):
            for member in self.members:
                member.steps.update(source.trace(member.model, groups))
        return source.key(groups) in traced

    def _step(self, source: Source, rows: Any, count: int, own: bool) -> Joined:
        key = source.key(rows)
        if key not in self._steps:
            at = slice(len(source.arrays), len(source.arrays) + count if own else len(source.arrays))
            self._steps[key] = Joined(self.members, key, at, self._width, self._engine)
        return self._steps[key]

    def _set_pace(self, kind: str, count: int, seconds: float) -> None:
        fitting = int(count * _CALL_SECONDS / max(seconds, 1e-6))
        self._pace[kind] = max(1, min(fitting, 8 * self._pace[kind]))

    def hand_back(self) -> None:
        """Gives all models their trained state."""
        for part in self._parts:
            part.hand_back()


def _advance(part: _Part, calls: Iterator[tuple]) -> dict[str, np.ndarray]:
    """Carries out calls on the state of a part; gives the logs of the last, when they are there."""
    logs: dict[str, Any] = {}
    for step, inputs in calls:
        logs = step(part.state, inputs, part.differing(step))
    return {name: np.asarray(value) for name, value in logs.items()}
