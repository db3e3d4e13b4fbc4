"""The data that `adapt` looks at, as batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np


def batches_of(data: Any, steps: int | None = None) -> Iterator[Any]:
    """The batches of a dataset, PyDataset or generator, at most `steps`; an array, or a list of numbers, is one.

    Of a batch (x, y) it is x.

    >>> [len(batch) for batch in batches_of(iter([[1, 2], [3]]))]
    [2, 1]
    """
    if hasattr(data, "__array__") or isinstance(data, (str, bytes)) or _is_plain(data):
        yield data
        return
    count = getattr(data, "num_batches", None) if hasattr(data, "__getitem__") else None
    source = (data[i] for i in range(count)) if count is not None else iter(data)
    for batch in itertools.islice(source, steps):
        yield batch[0] if isinstance(batch, tuple) else batch


def _is_plain(data: Any) -> bool:
    """Whether data are lists of numbers or text, and no list of arrays."""
    if not isinstance(data, (list, tuple)):
        return False
    return all(isinstance(item, (int, float, str, bytes, np.generic)) or _is_plain(item) for item in data)
