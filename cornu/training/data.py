"""Data: everything that `fit`, `evaluate` and `predict` take, as one of two kinds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cornu.errors import brief, explain
from cornu.signature import Domain, maybe, positive_int
from cornu.training import data_arrays
from cornu.training.data_arrays import ArrayData as ArrayData
from cornu.training.data_arrays import check_finite as check_finite
from cornu.training.data_arrays import train_validation_split as train_validation_split
from cornu.training.data_streams import StreamData as StreamData
from cornu.training.data_streams import stream_data

Data = ArrayData | StreamData


def standardize(
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    steps: int | None = None,
    shuffle: bool | str = False,
    class_weight: Any = None,
    for_training: bool = True,
    on_host: Callable[[Any], Any] | None = None,
) -> Data:
    """Data of either kind: arrays that are there as a whole, or a stream of batches.

    Args:
        x: arrays (NumPy, JAX, pandas, PyTorch, lists of numbers), also nested in lists and dicts; or a generator, a
            `PyDataset`, a tf.data dataset, a torch DataLoader, any iterable of batches.
        y: targets, arrays beside arrays; a stream brings its own.
        sample_weight: arrays beside arrays; a stream brings its own.
        batch_size: of arrays; default 32. Streams have their own.
        steps: the number of batches in an epoch; default: all there are.
        shuffle: whether the order changes with each epoch: of arrays, and of a PyDataset's batches.
        class_weight: {class: weight}, by which sample weights are multiplied.
        for_training: a stream goes on, where an epoch takes only `steps` of its batches, in the next epoch; without, it
            begins again each time, if it can.
        on_host: what a model's layers of strings make of the inputs, before anything else.

    Raises ValueError for data that can't be used, differ in length or are empty, and for sizes that aren't positive.

    >>> data = standardize([[0.0], [1.0], [2.0]], [0, 1, 0], batch_size=2)
    >>> data.num_samples, data.steps, data.arrays[1].tolist()
    (3, 2, [0, 1, 0])
    """
    if isinstance(x, (ArrayData, StreamData)):
        return x
    check("batch_size", batch_size, maybe(positive_int))
    check("steps", steps, maybe(positive_int))
    if x is None or (isinstance(x, (list, tuple, dict)) and not x):
        raise ValueError(explain("Argument `x` is empty.", expected="arrays or a dataset", got=brief(x)))
    if not data_arrays.are_arrays(x):
        return stream_data(x, y, sample_weight, steps, bool(shuffle), class_weight, for_training, on_host)
    for name, part in (("y", y), ("sample_weight", sample_weight)):
        if part is not None and not data_arrays.are_arrays(part):
            raise ValueError(
                explain(f"Argument `{name}` can't be used beside arrays in x.", expected="arrays", got=brief(part))
            )
    x = x if on_host is None else on_host(x)
    return data_arrays.array_data(x, y, sample_weight, batch_size, steps, shuffle, class_weight)


def check(name: str, value: Any, domain: Domain) -> None:
    """Raises ValueError for an argument outside of its domain."""
    if not domain.test(value):
        raise ValueError(explain(f"Argument `{name}` is wrong.", expected=domain.words, got=brief(value)))
