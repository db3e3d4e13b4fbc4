"""Data that comes batch by batch: generators, PyDatasets, tf.data, PyTorch's DataLoader, any iterable."""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, ClassVar

import numpy as np

from cornu import tree
from cornu.errors import brief, explain
from cornu.training import data_arrays
from cornu.training.data_arrays import NAMES
from cornu.training.prefetch import Prefetcher
from cornu.training.py_dataset import Fetcher, PyDataset

Batch = tuple[Any, Any, Any]


class StreamData:
    """Data that gives batches (x, y, sample_weight) one after the other.

    `steps` is the number of batches in an epoch, None as long as nobody knows it; `batch_size` is the size of a whole
    batch, None before the first one came. `exhausted` tells that nothing will come any more.
    """

    is_arrays: ClassVar[bool] = False

    def __init__(
        self, source: Any, steps: int | None, class_weight: Any, on_host: Callable[[Any], Any] | None = None
    ) -> None:
        self._source, self.steps_per_epoch, self._class_weight = source, steps, class_weight
        self._on_host = on_host
        self._structure: Any = None
        self._first: Batch | None = None
        self.batch_size: int | None = source.batch_size
        self.exhausted = False

    @property
    def steps(self) -> int | None:
        """The number of batches in an epoch."""
        return self.steps_per_epoch or self._source.length

    def peek(self) -> Batch:
        """The first batch; it will come again. Raises ValueError if there is none."""
        if self._first is None:
            drawn = self._source.peek()
            if drawn is None:
                raise ValueError(explain(f"{self._source.name} is empty.", expected="at least one batch"))
            self._first = self._standardize(drawn)
        return self._first

    def batches(self, epoch: int = 0, start: int = 0, seed: int = 0) -> Iterator[Batch]:
        """The batches of an epoch, from number `start` on; they are made ahead, in a thread.

        `seed` and `epoch`, counted over all of training, decide the order in which a PyDataset's batches come. Close
        the iterator to leave it early: what was made ahead comes first the next time.
        """
        self.peek()
        self._source.begin()
        ahead = Prefetcher(map(self._standardize, self._source.draw(epoch, start, seed, self.steps_per_epoch)))
        given = start
        try:
            for batch in ahead:
                given += 1
                yield batch
        except GeneratorExit:
            self._source.put_back(ahead.close())
        else:
            self._note_end(given)
        finally:
            ahead.close()
        self._source.end()

    def _note_end(self, given: int) -> None:
        """An epoch's batches are all given: is that as many as there should be?"""
        if self.steps_per_epoch is None:
            self._source.length = given
            self.exhausted = not self._source.restartable
        elif given < self.steps_per_epoch:
            self.exhausted = True
            warnings.warn(
                explain(
                    f"{self._source.name} ran out of data.",
                    expected=f"{self.steps_per_epoch} batches for this epoch",
                    got=given,
                    fix="Let it yield steps x epochs batches, or endlessly many.",
                ),
                stacklevel=3,
            )

    def _standardize(self, drawn: Any) -> Batch:
        if isinstance(drawn, _Ready):
            return drawn.batch
        what = f"A batch of {self._source.name}"
        x, y, weights = _parts(drawn, what)
        x = x if self._on_host is None else self._on_host(x)
        x, y = data_arrays.as_arrays(x, "x"), data_arrays.as_arrays(y, "y")
        weights = data_arrays.match_weights(y, data_arrays.as_weights(weights, "sample_weight"))
        length = data_arrays.check_lengths((x, y, weights), what)
        if self._class_weight is not None:
            weights = data_arrays.weigh_classes(y, weights, self._class_weight)
        batch = (x, y, weights)
        self._check_structure(batch)
        self.batch_size = self.batch_size or length
        return batch

    def _check_structure(self, batch: Batch) -> None:
        structure = tree.structure(batch)
        if self._structure is None:
            self._structure = structure
        elif structure != self._structure:
            raise ValueError(
                explain(
                    f"A batch of {self._source.name} differs from the first one.",
                    expected=f"(x, y, sample_weight) = {self._structure}",
                    got=f"{structure}",
                )
            )


class _Ready:
    """A batch that was made already and waits to be given."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch


class Indexed:
    """The batches of a PyDataset, by number: where in the data an epoch begins follows from the epoch's number."""

    restartable = True

    def __init__(self, dataset: Any, shuffle: bool, for_training: bool) -> None:
        self.name = type(dataset).__name__
        self.batch_size: int | None = None
        self._dataset, self._shuffle, self._for_training = dataset, shuffle, for_training
        self._fetcher = Fetcher(dataset)

    @property
    def length(self) -> int | None:
        """The number of batches, asked anew each time: a dataset may change it between epochs."""
        return self._dataset.num_batches if hasattr(self._dataset, "num_batches") else len(self._dataset)

    @length.setter
    def length(self, _: int) -> None:
        """What an epoch gave isn't noted: the dataset knows better."""

    def peek(self) -> Any:
        """The batch of number 0, or None."""
        return None if self.length == 0 else self._dataset[0]

    def begin(self) -> None:
        """An epoch begins."""
        getattr(self._dataset, "on_epoch_begin", lambda: None)()

    def end(self) -> None:
        """An epoch ends."""
        getattr(self._dataset, "on_epoch_end", lambda: None)()

    def put_back(self, left: list) -> None:
        """Nothing: batches can be fetched again."""

    def draw(self, epoch: int, start: int, seed: int, steps: int | None) -> Iterator:
        """The batches of an epoch."""
        return self._fetcher.fetch(self._numbers(epoch if self._for_training else 0, start, seed, steps))

    def _numbers(self, epoch: int, start: int, seed: int, steps: int | None) -> Iterator[int]:
        total = self.length
        if total is None:
            yield from range(epoch * steps + start, (epoch + 1) * steps) if steps else count(start)
            return
        orders: dict[int, Any] = {}
        count_here = steps or total
        for position in range(epoch * count_here + start, (epoch + 1) * count_here):
            turn, place = divmod(position, total)
            if turn not in orders:
                orders = {turn: self._order(turn, total, seed)}
            yield int(orders[turn][place])

    def _order(self, turn: int, total: int, seed: int) -> Any:
        """In which order the batches come the `turn`-th time."""
        return np.random.default_rng((seed, turn)).permutation(total) if self._shuffle else range(total)


class Iterated:
    """The batches of something that can be iterated over: a generator goes on, anything else can begin again."""

    def __init__(self, iterable: Any, for_training: bool) -> None:
        self.name = type(iterable).__name__
        self.restartable = not hasattr(iterable, "__next__")
        self.length, self.batch_size = _length(iterable), _batch_size(iterable)
        self._iterable, self._for_training = iterable, for_training
        self._iterator: Iterator | None = None
        self._waiting: deque = deque()
        self._untouched = True

    def peek(self) -> Any:
        """The next batch, which is kept, or None."""
        if not self._waiting:
            self._waiting.extend(self._some(1))
        return self._waiting[0] if self._waiting else None

    def begin(self) -> None:
        """An epoch begins; nothing to do."""

    def end(self) -> None:
        """An epoch ends; nothing to do."""

    def put_back(self, left: list) -> None:
        """Takes back batches that were drawn and not used."""
        self._waiting.extendleft(map(_Ready, reversed(left)))

    def draw(self, epoch: int, start: int, seed: int, steps: int | None) -> Iterator:
        """The batches of an epoch: `steps` of them from where the last epoch ended, or all there are."""
        goes_on = not self.restartable or (steps and self._for_training)
        if not goes_on and not self._untouched:
            self._iterator = None
            self._waiting.clear()
        self._untouched = False
        for number, batch in enumerate(self._some(steps)):
            if number >= start:
                yield batch
        if steps is None:
            self._iterator = None

    def _some(self, wanted: int | None) -> Iterator:
        """So many batches; what can begin again does so where it ends. With None, those up to the end."""
        given = 0
        began_again = False
        while wanted is None or given < wanted:
            if self._waiting:
                batch = self._waiting.popleft()
            else:
                if self._iterator is None:
                    self._iterator = iter(self._iterable)
                batch = next(self._iterator, self)
            if batch is self:
                if wanted is None or not self.restartable or began_again:
                    return
                self._iterator, began_again = None, True
            else:
                given, began_again = given + 1, False
                yield batch


def _parts(drawn: Any, what: str) -> Batch:
    """x, y and sample weights out of what a dataset gave: a tuple or list of up to three, or x alone."""
    several = isinstance(drawn, tuple) or (isinstance(drawn, list) and not data_arrays.is_plain(drawn))
    parts = drawn if several else (drawn,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            explain(
                f"{what} can't be taken apart.",
                expected="(x,), (x, y) or (x, y, sample_weight); several inputs as one tuple, list or dict in x",
                got=f"{len(parts)} parts: {brief(drawn)}",
            )
        )
    return (*parts, None, None)[:3]


def _length(iterable: Any) -> int | None:
    """The number of batches, None if unknown. tf.data tells endless (-1) from unknown (-2)."""
    if hasattr(iterable, "__next__"):
        return None
    cardinality = getattr(iterable, "cardinality", None)
    if callable(cardinality):
        return max(int(cardinality()), 0) or None
    try:
        return len(iterable)
    except TypeError:
        return None


def _batch_size(iterable: Any) -> int | None:
    size = getattr(iterable, "batch_size", None)
    return size if isinstance(size, int) else None


def stream_data(
    x: Any,
    y: Any,
    sample_weight: Any,
    steps: int | None,
    shuffle: bool,
    class_weight: Any,
    for_training: bool,
    on_host: Callable[[Any], Any] | None = None,
) -> StreamData:
    """Data of a generator, dataset or loader; ValueError for anything else, and for targets or weights beside it."""
    for name, given in ((NAMES[1], y), (NAMES[2], sample_weight)):
        if given is not None:
            raise ValueError(
                explain(
                    f"Argument `{name}` can't be given beside a {type(x).__name__}.",
                    expected="batches (x, y) or (x, y, sample_weight) from it",
                    got=brief(given),
                )
            )
    source = _source(x, bool(shuffle), for_training)
    if steps is None and _is_endless(x):
        raise ValueError(
            explain(
                f"The {source.name} is endless.",
                expected="the number of batches in an epoch",
                fix="Pass `steps_per_epoch`, `validation_steps` or `steps`.",
            )
        )
    return StreamData(source, steps, class_weight, on_host)


def _source(x: Any, shuffle: bool, for_training: bool) -> Any:
    if _is_indexed(x):
        return Indexed(x, shuffle, for_training)
    ancestors = [(c.__name__, c.__module__) for c in type(x).__mro__]
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes, set, dict, list, tuple)):
        return Iterated(x, for_training)
    fix = "Pass batches: torch.utils.data.DataLoader(dataset, batch_size=32)."
    is_torch = any(name == "Dataset" and module.startswith("torch.") for name, module in ancestors)
    raise ValueError(
        explain(
            "The data can't be used.",
            expected="arrays, also nested in lists and dicts, a generator, a PyDataset, a tf.data dataset, "
            "a torch DataLoader",
            got=f"{brief(x)}, of type {type(x).__name__}",
            fix=fix if is_torch else None,
        )
    )


def _is_indexed(x: Any) -> bool:
    """Whether batches come by number: PyDataset, Keras's one, its older Sequence, or what has the same two methods."""
    if isinstance(x, PyDataset):
        return True
    ancestors = [(c.__name__, c.__module__) for c in type(x).__mro__]
    if any(name in ("PyDataset", "Sequence") and "keras" in module for name, module in ancestors):
        return True
    bare = hasattr(x, "__getitem__") and hasattr(x, "__len__") and not hasattr(x, "__iter__")
    return bare and not any(module.startswith("torch.") for _, module in ancestors)


def _is_endless(x: Any) -> bool:
    if _is_indexed(x):
        return hasattr(x, "num_batches") and x.num_batches is None
    cardinality = getattr(x, "cardinality", None)
    return callable(cardinality) and int(cardinality()) == -1
