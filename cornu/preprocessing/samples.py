"""Data sets whose samples are made when they are asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from cornu.errors import explain
from cornu.training.py_dataset import PyDataset


class Samples(PyDataset):
    """Base class of batches of numbered samples; each pass through them may have an order of its own.

    A subclass writes `_batch(numbers)`, from numbers of samples to a batch.

    Args:
        numbers: the samples.
        batch_size: samples in a batch, the last one of which may be smaller; None gives single samples.
        shuffle: whether the order changes with every pass.
        seed: of these orders.

    `fit` takes it, and iterating over it gives its batches once. It is no `tf.data.Dataset`.
    """

    workers = min(4, os.cpu_count() or 1)

    def __init__(self, numbers: np.ndarray, batch_size: int | None, shuffle: bool, seed: int) -> None:
        self._numbers, self._shuffle, self._seed, self._turn = numbers, shuffle, seed, 0
        self.batch_size = batch_size

    def __len__(self) -> int:
        """The number of batches."""
        return -(-len(self._numbers) // (self.batch_size or 1))

    def __getitem__(self, index: int) -> Any:
        """Batch number `index` of this pass."""
        if not 0 <= index < len(self):
            raise IndexError(
                explain(f"{type(self).__name__} has no batch {index}.", expected=f"a number from 0 to {len(self) - 1}")
            )
        order = np.arange(len(self._numbers))
        if self._shuffle:
            order = np.random.default_rng((self._seed, self._turn)).permutation(order)
        size = self.batch_size or 1
        batch = self._batch(self._numbers[order[index * size : (index + 1) * size]])
        if self.batch_size:
            return batch
        return tuple(part[0] for part in batch) if isinstance(batch, tuple) else batch[0]

    def __iter__(self) -> Iterator:
        self.on_epoch_end()
        return map(self.__getitem__, range(len(self)))

    def on_epoch_end(self) -> None:
        """The next pass has another order."""
        self._turn += 1

    def _batch(self, numbers: np.ndarray) -> Any:
        raise NotImplementedError(explain(f"{type(self).__name__} gives no batches.", fix="Write `_batch(numbers)`."))
