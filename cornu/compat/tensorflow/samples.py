"""Data sets of files, windows and texts as TensorFlow's: `image_dataset_from_directory(...).map(...).prefetch(1)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cornu.compat.tensorflow.data import Dataset, _map, _tensor
from cornu.preprocessing.samples import Samples

_plain_iter = Samples.__iter__


def _iterate(self: Samples) -> Iterator:
    """The batches once, as tensors."""
    return (_map(_tensor, batch) for batch in _plain_iter(self))


def as_dataset(samples: Samples) -> Dataset:
    """The batches of a data set of cornu as a `tf.data.Dataset`."""
    return Dataset(lambda: _plain_iter(samples), len(samples))


def _method(name: str) -> Callable:
    def call(self: Samples, *args: Any, **kwargs: Any) -> Any:
        return getattr(as_dataset(self), name)(*args, **kwargs)

    call.__doc__ = getattr(Dataset, name).__doc__
    return call


_CHANGES = ("map", "filter", "enumerate", "unbatch", "shuffle", "repeat", "take", "skip", "shard", "concatenate",
            "cache", "prefetch", "with_options", "apply", "batch", "as_numpy_iterator", "cardinality")  # fmt: skip

METHODS = {
    "__iter__": _iterate,
    "element_spec": property(lambda self: as_dataset(self).element_spec),
    **{name: _method(name) for name in _CHANGES},
}
"""What is put on `Samples`."""
