"""How batches reach the steps: from arrays that lie on the engine, many steps in one call; or one by one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from cornu import tree
from cornu.training import step as stepping
from cornu.training.session import Session

_CALL_SECONDS = 0.1
"""How long one call of many steps should last: progress and Ctrl-C stay alive."""

Dispatch = tuple[int, Callable[[], Any]]
"""A number of steps, and what carries them out and gives the logs."""


def feed(session: Session, kind: str, data: Any) -> Any:
    """The way in which batches of `data` reach the steps of a model."""
    if session.model.run_eagerly:
        return EagerFeed(session, kind, data)
    return ResidentFeed(session, kind, data) if data.is_arrays else StreamFeed(session, kind, data)


def permutation(count: int, seed: int, number: int) -> np.ndarray:
    """The order of the samples in a pass: a function of the seed and of the pass's number."""
    generator = np.random.Generator(np.random.Philox(key=[seed, number]))
    return generator.permutation(count).astype("int32")


def row_groups(data: Any, seed: int, epochs_seen: int, steps_per_epoch: int | None) -> Iterator[np.ndarray]:
    """The samples of an epoch as matrices, a row per step, rows of one length together.

    With `steps_per_epoch`, epochs cut a stream of passes over the data into pieces.
    """
    size, count = data.batch_size, data.num_samples
    per_pass = -(-count // size)
    wanted = steps_per_epoch or per_pass
    place = epochs_seen * wanted
    while wanted:
        number, first = divmod(place, per_pass)
        order = permutation(count, seed, number) if data.shuffle else np.arange(count, dtype="int32")
        last = min(first + wanted, per_pass)
        full = min(last, count // size)
        if full > first:
            yield order[first * size : full * size].reshape(-1, size)
        if last > full:
            yield order[full * size :].reshape(1, -1)
        wanted -= last - first
        place += last - first


class ResidentFeed:
    """Arrays lie on the engine; each call takes the samples of its steps there."""

    def __init__(self, session: Session, kind: str, data: Any) -> None:
        self._session, self._kind, self.data = session, kind, data
        self._arrays = session.put(data.arrays)
        self._steps_per_call = 1

    def dispatches(self, seed: int, epochs_seen: int, first: int, one_by_one: bool) -> Iterator[Dispatch]:
        """The calls of an epoch, from step `first` on."""
        passed = 0
        for rows in row_groups(self.data, seed, epochs_seen, self.data.steps_per_epoch):
            start, passed = max(0, first - passed), passed + len(rows)
            if start < len(rows):
                yield from self._run(rows, start, one_by_one)

    def _run(self, rows: np.ndarray, start: int, one_by_one: bool) -> Iterator[Dispatch]:
        session, model = self._session, self._session.model
        step = session.step(
            self._kind,
            "loop",
            (self.data.arrays, rows),
            lambda: stepping.compile_loop(model, self._kind, self.data.arrays, rows, session.engine),
        )
        order = session.engine.put(rows)
        while start < len(rows):
            count = 1 if one_by_one else min(self._steps_per_call, len(rows) - start)
            begin, end = np.int32(start), np.int32(start + count)
            began = time.perf_counter()
            result: list[Any] = []

            def call(begin: Any = begin, end: Any = end, result: list = result) -> Any:
                result.append(session.run(step, *self._arrays, order, begin, end))
                return result[0]

            yield count, call
            session.wait(result)
            self._pace(count, time.perf_counter() - began, len(rows))
            start += count

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
        for number, batch in enumerate(self.data.batches(epochs_seen)):
            if number < first:
                continue
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
        for number, batch in enumerate(self._batches(seed, epochs_seen)):
            if number >= first:
                yield 1, lambda batch=batch: self._one(batch)

    def _batches(self, seed: int, epochs_seen: int) -> Iterator[Any]:
        if not self.data.is_arrays:
            yield from self.data.batches(epochs_seen)
            return
        for rows in row_groups(self.data, seed, epochs_seen, self.data.steps_per_epoch):
            for row in rows:
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
        if not data.is_arrays:
            yield from data.batches(0)
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
