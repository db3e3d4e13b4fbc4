"""Data as fit takes it: tuples of inputs, targets and weights; and data sets cut in two."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from cornu import random as draws
from cornu.errors import brief, explain
from cornu.training.step import unpack


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What `fit` takes as one value: x, (x, y) or (x, y, sample_weight).

    A tuple or list as x alone is put into a tuple, so that it isn't taken for x and y.

    >>> pack_x_y_sample_weight(1, 2)
    (1, 2)
    """
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """(x, y, sample_weight) out of x, (x,), (x, y) or (x, y, sample_weight); None for what is missing.

    Raises ValueError for longer tuples.

    >>> unpack_x_y_sample_weight((1, 2))
    (1, 2, None)
    """
    return unpack(data)


def split_dataset(
    dataset: Any,
    left_size: float | None = None,
    right_size: float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
) -> tuple[Any, Any]:
    """A data set cut in two: its first `left_size` samples and its last `right_size` ones.

    Args:
        dataset: an array, a tuple, list or dictionary of arrays of one length, or a `torch.utils.data.Dataset`.
        left_size: a fraction in (0, 1), or a number of samples; None means what `right_size` leaves.
        right_size: as `left_size`, from the end.
        shuffle: whether to put the samples into random order first.
        seed: of that order; with it, the order is Keras's. None draws one from cornu's root seed.

    Returns:
        Two of what `dataset` is: arrays, nested as before, or `torch.utils.data.Subset`s. Difference from Keras, which
        makes `tf.data.Dataset`s of arrays, and needs TensorFlow for it.

    Raises TypeError for another type of `dataset` or size, ValueError for sizes that don't fit.

    >>> left, right = split_dataset(np.arange(10), left_size=0.7)
    >>> left, right
    (array([0, 1, 2, 3, 4, 5, 6]), array([7, 8, 9]))
    """
    count = _length(dataset)
    left, right = _sizes(left_size, right_size, count)
    order = list(range(count))
    if shuffle:
        random.Random(draws.next_seed() if seed is None else seed).shuffle(order)
    return _take(dataset, order[:left]), _take(dataset, order[count - right :])


def _length(dataset: Any) -> int:
    if _is_torch(dataset):
        return len(dataset)
    arrays = list(_arrays(dataset))
    lengths = {len(array) for array in arrays}
    if len(lengths) != 1:
        raise ValueError(
            explain("split_dataset: the arrays aren't of one length.", expected="one", got=f"{sorted(lengths)}")
        )
    return lengths.pop()


def _is_torch(dataset: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(dataset, torch.utils.data.Dataset)


def _arrays(dataset: Any) -> Any:
    """Every array in a nested structure."""
    if isinstance(dataset, dict):
        dataset = tuple(dataset.values())
    if isinstance(dataset, (tuple, list)):
        for part in dataset:
            yield from _arrays(part)
    elif hasattr(dataset, "shape") and len(dataset.shape):
        yield dataset
    else:
        raise TypeError(
            explain(
                "split_dataset: argument `dataset` can't be split.",
                expected="an array, a tuple, list or dictionary of arrays, or a torch.utils.data.Dataset",
                got=brief(dataset),
                fix="Of a tf.data.Dataset, use take() and skip().",
            )
        )


def _take(dataset: Any, chosen: list[int]) -> Any:
    if _is_torch(dataset):
        return sys.modules["torch"].utils.data.Subset(dataset, chosen)
    if isinstance(dataset, dict):
        return {name: _take(part, chosen) for name, part in dataset.items()}
    if isinstance(dataset, (tuple, list)):
        return type(dataset)(_take(part, chosen) for part in dataset)
    return np.asarray(dataset)[chosen]


def _sizes(left: float | None, right: float | None, count: int) -> tuple[int, int]:
    """Both sizes as numbers of samples."""
    if right is not None:
        last = _samples("right", right, count)
        first = count - last if left is None else _samples("left", left, count)
    elif left is not None:
        first = _samples("left", left, count)
        last = count - first
    else:
        raise ValueError(explain("split_dataset: a size is missing.", expected="`left_size`, `right_size` or both"))
    if first + last > count or (isinstance(left, float) and isinstance(right, float) and left + right > 1):
        raise ValueError(
            explain(
                "split_dataset: the halves overlap.",
                expected=f"left_size + right_size <= all {count} samples",
                got=f"{left} + {right}",
            )
        )
    return first, last


def _samples(name: str, size: float, count: int) -> int:
    if type(size) not in (int, float):
        raise TypeError(
            explain(f"split_dataset: `{name}_size` is wrong.", expected="an int or a float", got=brief(size))
        )
    if not 0 < size < (count if type(size) is int else 1):
        raise ValueError(
            explain(
                f"split_dataset: argument `{name}_size` is wrong.",
                expected=f"an integer between 0 and {count}, or a fraction between 0 and 1",
                got=size,
            )
        )
    return size if type(size) is int else round(size * count)
