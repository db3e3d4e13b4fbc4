"""A data set of windows of a time series."""

from __future__ import annotations

from typing import Any

import numpy as np

from cornu.errors import explain
from cornu.preprocessing.samples import Samples


class Windows(Samples):
    """Batches of windows of a time series, with their targets."""

    def __init__(self, data: Any, targets: Any, offsets: np.ndarray, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._data, self._targets, self._offsets = data, targets, offsets

    def _batch(self, numbers: np.ndarray) -> Any:
        windows = self._data[numbers[:, None] + self._offsets]
        return windows if self._targets is None else (windows, self._targets[numbers])


def timeseries_dataset_from_array(
    data: Any,
    targets: Any,
    sequence_length: int,
    sequence_stride: int = 1,
    sampling_rate: int = 1,
    batch_size: int | None = 128,
    shuffle: bool = False,
    seed: int | None = None,
    start_index: int | None = None,
    end_index: int | None = None,
    format: str | None = None,
) -> Windows:
    """A data set of windows of a time series: x = data[i], data[i + rate], ..., and y = targets[i].

    Args:
        data: the series, steps along the first axis.
        targets: the target of the window that begins at each step, or None. To predict `k` steps after a window's
            beginning, pass data[:-k] and data[k:].
        sequence_length: how many steps a window has.
        sequence_stride: how many steps lie between the beginnings of two windows.
        sampling_rate: how many steps lie between two steps of a window.
        batch_size: windows in a batch; None gives single ones.
        shuffle: whether to mix the windows, anew in every pass.
        seed: of that; None draws one from NumPy's global state.
        start_index, end_index: only steps from start_index on, and before end_index, are used.
        format: Keras's choice between two frameworks; here it makes no difference.

    Returns:
        Batches (windows, targets), or of windows alone. It is a `PyDataset`, no `tf.data.Dataset`: `fit` takes it, and
        iterating over it gives its batches once.

    Raises ValueError for arguments out of range.

    >>> windows = timeseries_dataset_from_array(np.arange(6), np.arange(6) * 10, sequence_length=3, batch_size=2)
    >>> [(x.tolist(), y.tolist()) for x, y in windows]
    [([[0, 1, 2], [1, 2, 3]], [0, 10]), ([[2, 3, 4], [3, 4, 5]], [20, 30])]
    """
    data = np.asarray(data)
    start, end = start_index or 0, end_index or len(data)
    for name, value, low in (("sampling_rate", sampling_rate, 1), ("sequence_stride", sequence_stride, 1)):
        _check_number(name, value, low, len(data) - 1)
    _check_number("start_index", start, 0, len(data) - 1)
    _check_number("end_index", end, start + 1, len(data))
    count = end - start - (sequence_length - 1) * sampling_rate
    data = data[start:end]
    if targets is not None:
        targets = np.asarray(targets)[start:end]
        count = min(count, len(targets))
    if shuffle and seed is None:
        seed = int(np.random.randint(10**6))  # noqa: NPY002 - the state that programs seed
    numbers = np.arange(0, max(count, 0), sequence_stride)
    offsets = np.arange(sequence_length) * sampling_rate
    return Windows(data, targets, offsets, numbers, batch_size, shuffle, seed or 0)


def _check_number(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(explain(f"Argument `{name}` is wrong.", expected=f"from {low} to {high}", got=value))
