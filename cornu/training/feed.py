"""How batches reach the steps: from arrays that lie on the engine, many steps in one call; or one by one."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import tree
from cornu.training import step as stepping
from cornu.training.data import ArrayData
from cornu.training.session import Session, signature

_CALL_SECONDS = 0.1
"""How long one call of many steps should last: progress and Ctrl-C stay alive."""

Dispatch = tuple[int, Callable[[], Any]]
"""A number of steps, and what carries them out and gives the logs."""


def feed(session: Session, kind: str, data: Any) -> Any:
    """The way in which batches of `data` reach the steps of a model."""
    if session.model.run_eagerly:
        return EagerFeed(session, kind, data)
    return (ResidentFeed if isinstance(data, ArrayData) else StreamFeed)(session, kind, data)


def permutation(count: int, seed: int, number: int) -> np.ndarray:
    """The order of the samples in a pass: a function of the seed and of the pass's number."""
    generator = np.random.Generator(np.random.Philox(key=[seed, number]))
    return generator.permutation(count).astype("int32")


def row_groups(data: ArrayData, seed: int, epochs_seen: int) -> Iterator[np.ndarray]:
    """The samples of an epoch as matrices, a row per step, rows of one length together.

    Where an epoch has fewer steps than the data have batches, epochs cut a stream of passes over the data into pieces.
    """
    size, count = data.batch_size, data.num_samples
    per_pass = -(-count // size)
    wanted, place = data.steps, epochs_seen * data.steps
    while wanted:
        number, first = divmod(place, per_pass)
        order = _order(data, seed, number)
        last = min(first + wanted, per_pass)
        full = min(last, count // size)
        if full > first:
            yield order[first * size : full * size].reshape(-1, size)
        if last > full:
            yield order[full * size :].reshape(1, -1)
        wanted -= last - first
        place += last - first


def _order(data: ArrayData, seed: int, number: int) -> np.ndarray:
    plain = np.arange(data.num_samples, dtype="int32")
    if data.shuffle == "batch":
        full = data.num_samples // data.batch_size
        batches = plain[: full * data.batch_size].reshape(full, -1)
        return np.concatenate([batches[permutation(full, seed, number)].ravel(), plain[full * data.batch_size :]])
    return permutation(data.num_samples, seed, number) if data.shuffle else plain


class ResidentFeed:
    """Arrays lie on the engine; each call takes the samples of its steps there."""

    def __init__(self, session: Session, kind: str, data: ArrayData) -> None:
        self._session, self._kind, self.data = session, kind, data
        self._arrays = session.put(data.arrays)
        self._flags = session.put([np.bool_(False), np.bool_(True)])
        self._steps_per_call = 1

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls of an epoch, from step `first` on."""
        groups = list(row_groups(self.data, seed, epochs_seen))
        shapes = signature((self.data.arrays, groups))
        step = self._session.step(self._kind, "loop", shapes, lambda: self._compile(groups))
        if step is None:
            return self._by_rows(groups, first)
        return self._by_calls(step, groups, first, one_by_one)

    def _compile(self, groups: list[np.ndarray]) -> stepping.CompiledStep | None:
        """The loop over steps; None where the engine runs it better step by step."""
        session = self._session
        return stepping.compile_loop(session.model, self._kind, self.data.arrays, groups, session.engine)

    def _by_calls(
        self, step: stepping.CompiledStep, groups: list[np.ndarray], first: int, one_by_one: bool
    ) -> Iterator[Dispatch]:
        total, start = sum(map(len, groups)), first
        while start < total:
            count = 1 if one_by_one else min(self._steps_per_call, total - start)
            inputs = (*self._arrays, *groups, *spans(groups, start, start + count), np.bool_(start == 0))
            began = time.perf_counter()
            yield count, _Call(self._session, step, inputs, waits=True)
            self._pace(count, time.perf_counter() - began, total)
            start += count

    def _pace(self, count: int, seconds: float, total: int) -> None:
        if count >= min(self._steps_per_call, total):
            fitting = int(count * _CALL_SECONDS / max(seconds, 1e-6))
            self._steps_per_call = max(1, min(fitting, 8 * self._steps_per_call))

    def _by_rows(self, groups: list[np.ndarray], first: int) -> Iterator[Dispatch]:
        session, model, data = self._session, self._session.model, self.data.arrays
        pace = _Waiting(session)
        shapes = {group.shape[1]: signature((data, group[0])) for group in groups}
        rows = [row for group in groups for row in group]
        for number in range(first, len(rows)):
            row = rows[number]
            make = functools.partial(stepping.compile_row, model, self._kind, data, row, session.engine)
            step = session.step(self._kind, "row", shapes[len(row)], make)
            inputs = (*self._arrays, row, self._flags[number == 0])
            call = _Call(session, step, inputs, waits=number == len(rows) - 1)
            yield 1, call
            pace.after(call)


def spans(groups: list[np.ndarray], start: int, stop: int) -> list[np.int32]:
    """For each group of rows, the first and the last of those that are steps `start` to `stop` of the epoch."""
    found, before = [], 0
    for group in groups:
        found += [np.int32(min(max(place - before, 0), len(group))) for place in (start, stop)]
        before += len(group)
    return found


class _Call:
    """A step with its inputs, ready to be carried out; one that `waits` is over when the call returns."""

    def __init__(self, session: Session, step: stepping.CompiledStep, inputs: tuple, waits: bool = False) -> None:
        self._session, self._step, self._inputs, self._waits = session, step, inputs, waits
        self.result: Any = None

    def __call__(self) -> Any:
        self.result = self._session.run(self._step, *self._inputs)
        if self._waits:
            self._session.wait(self.result)
        return self.result


class _Waiting:
    """Lets the engine work ahead, but not far: waits for a result now and then."""

    def __init__(self, session: Session) -> None:
        self._session, self._last = session, time.perf_counter()

    def after(self, call: _Call) -> None:
        """Waits for a call's result if the last wait is a while ago."""
        if time.perf_counter() - self._last > _CALL_SECONDS:
            self._session.wait(call.result)
            self._last = time.perf_counter()


class StreamFeed:
    """Batches come one by one and go to the engine as they come."""

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls of an epoch, from step `first` on."""
        pace = _Waiting(self._session)
        for number, batch in enumerate(self.data.batches(epochs_seen, first, seed), start=first):
            step = batch_step(self._session, self._kind, batch)
            call = _Call(self._session, step, (*self._session.put(batch), np.bool_(number == 0)))
            yield 1, call
            pace.after(call)


class EagerFeed:
    """Batches go, one by one, through the steps as plain Python."""

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The steps of an epoch, from step `first` on."""
        for number, batch in enumerate(self._batches(seed, epochs_seen, first), start=first):
            yield 1, functools.partial(run_eagerly, self._session.model, self._kind, batch, number == 0)

    def _batches(self, seed: int, epochs_seen: int, first: int) -> Iterator[Any]:
        if not isinstance(self.data, ArrayData):
            yield from self.data.batches(epochs_seen, first, seed)
            return
        rows = (row for group in row_groups(self.data, seed, epochs_seen) for row in group)
        for row in itertools.islice(rows, first, None):
            yield tree.map(lambda array, row=row: np.asarray(array)[row], self.data.arrays)


def run_eagerly(model: Any, kind: str, batch: Any, fresh: bool) -> Any:
    """One step as plain Python, on JAX's arrays; gives the logs."""
    stepping.prepare(model, kind, batch)
    if fresh:
        model.reset_metrics()
    run, written_by_user = stepping.body(model, kind)
    logs = run(tree.map(jnp.asarray, batch))
    return logs if written_by_user else model.get_metrics_result()


def batch_step(session: Session, kind: str, batch: Any) -> stepping.CompiledStep:
    """The compiled step for batches of this shape."""
    model = session.model

    def make() -> stepping.CompiledStep:
        stepping.prepare(model, kind, batch)
        return stepping.compile_step(model, kind, batch, session.engine)

    return session.step(kind, "step", signature(batch), make)


class PredictFeed:
    """Batches whose outputs come back as NumPy arrays; a short one is padded to a size that is compiled already."""

    def __init__(self, session: Session, data: Any) -> None:
        self._session, self.data = session, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls, one per batch."""
        for batch in self._batches():
            yield 1, functools.partial(self._one, batch)

    def _batches(self) -> Iterator[Any]:
        data = self.data
        if not isinstance(data, ArrayData):
            yield from data.batches()
            return
        for number in range(data.steps):
            piece = slice(number * data.batch_size, (number + 1) * data.batch_size)
            yield tree.map(lambda array, piece=piece: array[piece], data.arrays)

    def _one(self, batch: Any) -> Any:
        model = self._session.model
        if model.run_eagerly:
            return tree.map(np.asarray, stepping.body(model, "predict")[0](tree.map(jnp.asarray, batch)))
        count = len(tree.flatten(batch)[0])
        padded = pad(batch, count, self.data.batch_size or count)
        outputs = predict_batch(self._session, padded)
        return tree.map(lambda output: np.asarray(output)[:count], outputs)


def pad(batch: Any, count: int, most: int) -> Any:
    """A batch whose last row is repeated until its length is a power of two, or `most`: few programs serve all."""
    wanted = min(most, 1 << (count - 1).bit_length()) if count < most else count
    if wanted == count:
        return batch
    return tree.map(lambda a: np.concatenate([a, np.repeat(np.asarray(a[-1:]), wanted - count, axis=0)]), batch)


def predict_batch(session: Session, batch: Any) -> Any:
    """The outputs for a batch, still on the engine."""
    return session.run(batch_step(session, "predict", batch), *tree.flatten(batch), _FALSE)


_FALSE = np.bool_(False)
