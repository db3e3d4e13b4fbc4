"""How batches reach the steps: from arrays that lie on the engine, many steps in one call; or one by one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cornu import tree
from cornu.training import step as stepping
from cornu.training.data import ArrayData
from cornu.training.session import Session

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

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data
        self._arrays = session.put(data.arrays)
        self._steps_per_call = 1

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls of an epoch, from step `first` on."""
        passed = 0
        for rows in row_groups(self.data, seed, epochs_seen):
            start, passed = max(0, first - passed), passed + len(rows)
            if start < len(rows):
                yield from self._run(rows, start, one_by_one)

    def _run(self, rows: np.ndarray, start: int, one_by_one: bool) -> Iterator[Dispatch]:
        session, model = self._session, self._session.model

        def make() -> stepping.CompiledStep:
            made = stepping.compile_loop(model, self._kind, self.data.arrays, rows, session.engine)
            if session.engine.loops_well(made.program):
                return made
            return stepping.compile_loop(model, self._kind, self.data.arrays, rows, session.engine, looped=False)

        step = session.step(self._kind, "loop", (self.data.arrays, rows), make)
        order = session.engine.put(rows)
        waited = time.perf_counter()
        while start < len(rows):
            count = 1 if one_by_one or not step.looped else min(self._steps_per_call, len(rows) - start)
            result: list[Any] = []

            def call(begin: Any = np.int32(start), end: Any = np.int32(start + count), result: list = result) -> Any:
                result.append(session.run(step, *self._arrays, order, begin, end))
                return result[0]

            began = time.perf_counter()
            yield count, call
            start += count
            if one_by_one or step.looped or time.perf_counter() - waited > _CALL_SECONDS:
                session.wait(result)
                waited = time.perf_counter()
                self._pace(count, waited - began, len(rows))

    def _pace(self, count: int, seconds: float, most: int) -> None:
        fitting = int(count * _CALL_SECONDS / max(seconds, 1e-6))
        if count >= min(self._steps_per_call, most):
            self._steps_per_call = max(1, min(fitting, 8 * self._steps_per_call))


class StreamFeed:
    """Batches come one by one and go to the engine as they come."""

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls of an epoch, from step `first` on."""
        waited = time.perf_counter()
        for batch in self.data.batches(epochs_seen, first, seed):
            result: list[Any] = []

            def call(batch: Any = batch, result: list = result) -> Any:
                result.append(self._one(batch))
                return result[0]

            yield 1, call
            if one_by_one or time.perf_counter() - waited > _CALL_SECONDS:
                self._session.wait(result)
                waited = time.perf_counter()

    def _one(self, batch: Any) -> Any:
        session, model = self._session, self._session.model
        stepping.prepare(model, self._kind, batch)
        step = session.step(
            self._kind, "step", batch, lambda: stepping.compile_step(model, self._kind, batch, session.engine)
        )
        return session.run(step, *session.put(batch))


class EagerFeed:
    """Batches go, one by one, through the steps as plain Python."""

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The steps of an epoch, from step `first` on."""
        for batch in self._batches(seed, epochs_seen, first):
            yield 1, lambda batch=batch: self._one(batch)

    def _batches(self, seed: int, epochs_seen: int, first: int) -> Iterator[Any]:
        if not isinstance(self.data, ArrayData):
            yield from self.data.batches(epochs_seen, first, seed)
            return
        rows = (row for group in row_groups(self.data, seed, epochs_seen) for row in group)
        for row in itertools.islice(rows, first, None):
            yield tree.map(lambda array, row=row: np.asarray(array)[row], self.data.arrays)

    def _one(self, batch: Any) -> Any:
        model = self._session.model
        stepping.prepare(model, self._kind, batch)
        run, written_by_user = stepping.body(model, self._kind)
        result = run(batch)
        return result if written_by_user else model.get_metrics_result()


class PredictFeed:
    """Batches whose outputs come back as NumPy arrays; a short one is padded to a size that is compiled already."""

    def __init__(self, session: Session, data: Any) -> None:
        self._session, self.data = session, data

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls, one per batch."""
        for batch in self._batches():
            yield 1, lambda batch=batch: self._one(batch)

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
            return tree.map(np.asarray, stepping.body(model, "predict")[0](batch))
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
    model = session.model

    def make() -> stepping.CompiledStep:
        stepping.prepare(model, "predict", batch)
        return stepping.compile_step(model, "predict", batch, session.engine)

    step = session.step("predict", "step", batch, make)
    return session.run(step, *session.put(batch))
