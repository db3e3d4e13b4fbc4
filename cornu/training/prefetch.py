"""Making the next items of an iterator in a thread while the present one is used."""

from __future__ import annotations

import contextlib
import contextvars
import queue
import threading
import time
from collections.abc import Iterable, Iterator
from typing import Any

_PATIENCE = 2.0  # seconds that closing waits for an item which is being made


class Prefetcher:
    """An iterator over `items`, up to `depth` of which are made ahead by a thread.

    An exception in the thread is raised, with its traceback, where its item would have come.
    """

    def __init__(self, items: Iterable, depth: int = 2) -> None:
        self._queue: queue.Queue = queue.Queue(depth)
        self._stopped = threading.Event()
        context = contextvars.copy_context()
        self._thread = threading.Thread(target=context.run, args=(self._work, iter(items)), daemon=True)
        self._thread.start()

    def _work(self, items: Iterator) -> None:
        outcome: tuple[str, Any] = ("end", None)
        try:
            while not self._stopped.is_set():
                item = next(items, self)
                if item is self:
                    break
                self._queue.put(("item", item))
        except BaseException as error:  # whatever it is, it belongs to the caller
            outcome = ("error", error)
        self._queue.put(outcome)

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        if self._stopped.is_set():
            raise StopIteration
        kind, value = self._queue.get()
        if kind == "item":
            return value
        self._stopped.set()
        if kind == "error":
            raise value
        raise StopIteration

    def close(self) -> list:
        """Stops the thread; gives the items that were made and not taken."""
        self._stopped.set()
        left: list = []
        deadline = time.monotonic() + _PATIENCE
        while self._thread.is_alive() and time.monotonic() < deadline:
            left += self._drain()
            self._thread.join(0.02)
        left += self._drain()
        return [value for kind, value in left if kind == "item"]

    def _drain(self) -> list:
        found = []
        with contextlib.suppress(queue.Empty):
            while True:
                found.append(self._queue.get_nowait())
        return found
