"""Datasets that give batches by number, and workers that fetch them ahead, in order."""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import count
from typing import Any

from cornu.errors import explain


class PyDataset:
    """Base class of a dataset that gives its batches by number, so that `fit` can shuffle them and fetch them ahead.

    A subclass writes `__getitem__(index)`, which gives `(x,)`, `(x, y)` or `(x, y, sample_weight)`, and `__len__`, the
    number of batches; or, in place of that, a property `num_batches`, None for an endless dataset.

    Args:
        workers: how many threads or processes fetch batches. The order of the batches doesn't depend on it.
        use_multiprocessing: processes in place of threads, for work that holds Python's interpreter lock. The dataset
            is pickled and sent to fresh processes, so the program's main part must stand under
            `if __name__ == "__main__":`.
        max_queue_size: how many batches are fetched ahead.

    Differences from Keras: a subclass needn't call this constructor; the order in which `fit` shuffles the batches is
    a function of the seed and the epoch; processes are spawned, never forked, because a forked JAX deadlocks.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return [index], [index**2]
    >>> list(Squares())
    [([0], [0]), ([1], [1]), ([2], [4])]
    """

    workers = 1
    use_multiprocessing = False
    max_queue_size = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers, self.use_multiprocessing, self.max_queue_size = workers, use_multiprocessing, max_queue_size

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(
            explain(f"{type(self).__name__} gives no batches.", fix="Write `__getitem__(index)`.")
        )

    def __iter__(self) -> Iterator:
        total = self.num_batches
        for index in count() if total is None else range(total):
            yield self[index]

    @property
    def num_batches(self) -> int | None:
        """The number of batches; None: endless."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            explain(f"{type(self).__name__} has no length.", fix="Write `__len__`, or a property `num_batches`.")
        )

    def on_epoch_begin(self) -> None:
        """Called at the beginning of every epoch."""

    def on_epoch_end(self) -> None:
        """Called at the end of every epoch."""


Sequence = PyDataset


class Fetcher:
    """Fetches batches of a dataset by number, with as many workers as it wants, and gives them in order."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._processes: tuple[bytes, Executor] | None = None

    def fetch(self, indices: Iterable[int]) -> Iterator:
        """The batches of these numbers."""
        workers = getattr(self._dataset, "workers", 1)
        if getattr(self._dataset, "use_multiprocessing", False) and workers > 0:
            yield from self._by_processes(indices, workers)
        elif workers > 1:
            with ThreadPoolExecutor(workers, "cornu-data") as threads:
                yield from self._in_order(threads, self._dataset.__getitem__, indices, workers)
        else:
            yield from map(self._dataset.__getitem__, indices)

    def _by_processes(self, indices: Iterable[int], workers: int) -> Iterator:
        try:
            yield from self._in_order(self._pool(workers), _fetch_here, indices, workers)
        except BrokenProcessPool as error:
            raise RuntimeError(
                explain(
                    f"The processes that fetch batches of {type(self._dataset).__name__} ended.",
                    fix='Put the program\'s main part under `if __name__ == "__main__":`, or use threads '
                    "(use_multiprocessing=False).",
                )
            ) from error

    def _pool(self, workers: int) -> Executor:
        """Processes that hold the dataset as it is now; the same ones as long as it doesn't change."""
        import multiprocessing

        try:
            pickled = pickle.dumps(self._dataset)
        except Exception as error:
            name = type(self._dataset).__name__
            raise TypeError(
                explain(
                    f"{name} can't be sent to other processes: {error}",
                    expected="a class defined in a module, with attributes that pickle can hold",
                    fix="Use threads (use_multiprocessing=False).",
                )
            ) from error
        if self._processes is None or self._processes[0] != pickled:
            spawn = multiprocessing.get_context("spawn")
            pool = ProcessPoolExecutor(workers, spawn, initializer=_receive, initargs=(pickled,))
            self._processes = (pickled, pool)
        return self._processes[1]

    def _in_order(self, executor: Executor, fetch: Callable, indices: Iterable[int], workers: int) -> Iterator:
        ahead = max(workers, getattr(self._dataset, "max_queue_size", 10))
        waiting: deque = deque()
        try:
            for index in indices:
                waiting.append(executor.submit(fetch, index))
                if len(waiting) > ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


_received: list = []


def _receive(pickled: bytes) -> None:
    """In a worker process: takes the dataset."""
    _received[:] = [pickle.loads(pickled)]


def _fetch_here(index: int) -> Any:
    """In a worker process: one batch."""
    return _received[0][index]
