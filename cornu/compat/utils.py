"""Functions of `keras.utils` that old programs call and that are gone."""

from __future__ import annotations

import inspect
import itertools
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from cornu import config, registry
from cornu.compat import notices
from cornu.errors import explain


def accuracy(p: Any, y: Any) -> float:
    """The share of places in which two arrays are equal (Keras before 1)."""
    return float(np.mean(np.asarray(p) == np.asarray(y)))


def probas_to_classes(y_pred: Any) -> np.ndarray:
    """Classes out of probabilities: the largest one, or for one column whether it is above 1/2."""
    y_pred = np.asarray(y_pred)
    return y_pred.argmax(1) if y_pred.ndim > 1 and y_pred.shape[1] > 1 else (y_pred.reshape(-1) > 0.5).astype("int32")


def categorical_probas_to_classes(p: Any) -> np.ndarray:
    """The class with the largest probability."""
    return np.argmax(p, axis=1)


def multi_gpu_model(model: Any, gpus: Any = None, cpu_merge: bool = True, cpu_relocation: bool = False) -> Any:
    """The model itself: it is trained on the one device that there is, with the same results."""
    notices.note("multi_gpu_model(model, ...)", "model: it is trained on one device")
    return model


def layer_from_config(config: dict, custom_objects: dict | None = None) -> Any:
    """The layer of a config (Keras 1)."""
    with registry.custom_object_scope(custom_objects):
        return registry.deserialize(config)


def has_arg(function: Callable, name: str, accept_all: bool = False) -> bool:
    """Whether a function takes an argument of this name."""
    parameters = inspect.signature(function).parameters
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values())
    return name in parameters or (accept_all and takes_all)


def normalize_data_format(value: str | None) -> str:
    """An order of an image's axes as it is kept; None is the one in force.

    Raises ValueError for anything else than "channels_first" and "channels_last", in whatever letters.
    """
    value = config.image_data_format() if value is None else value.lower()
    if value not in ("channels_first", "channels_last"):
        raise ValueError(explain("Unknown data format.", expected="channels_first or channels_last", got=value))
    return value


def conv_output_length(
    input_length: int | None, filter_size: int, border_mode: str, stride: int, dilation: int = 1
) -> int | None:
    """The length that a convolution leaves of an axis; None where it is unknown."""
    if border_mode not in ("same", "valid", "full", "causal"):
        raise ValueError(explain("Unknown padding.", expected="same, valid, full or causal", got=border_mode))
    if input_length is None:
        return None
    reach = filter_size + (filter_size - 1) * (dilation - 1)
    length = {"valid": input_length - reach + 1, "full": input_length + reach - 1}.get(border_mode, input_length)
    return (length + stride - 1) // stride


def normalize_padding(value: str) -> str:
    """The padding in lower case."""
    return value.lower()


def normalize_tuple(value: Any, n: int, name: str) -> tuple:
    """A number n times, or the tuple itself."""
    found = (value,) * n if isinstance(value, int) else tuple(value)
    if len(found) != n:
        raise ValueError(explain(f"`{name}` is wrong.", expected=f"{n} integers", got=value))
    return found


def to_list(x: Any, allow_tuple: bool = False) -> list:
    """A list as it is, anything else in a list."""
    return x if isinstance(x, list) else list(x) if allow_tuple and isinstance(x, tuple) else [x]


def unpack_singleton(x: Any) -> Any:
    """What a list of one holds; anything else as it is."""
    return x[0] if isinstance(x, list) and len(x) == 1 else x


def print_summary(model: Any, line_length: int | None = None, positions: Any = None, print_fn: Any = None) -> None:
    """Prints a model's layers."""
    model.summary(line_length=line_length, positions=positions, print_fn=print_fn)


def convert_all_kernels_in_model(model: Any) -> None:
    """Nothing: kernels are kept in one order."""


class HDF5Matrix:
    """A part of a dataset in an HDF5 file, from which batches are read.

    Args:
        datapath: the file.
        dataset: the dataset's name.
        start, end: the first sample, and the one after the last.
        normalizer: a function of what is read.
    """

    def __init__(
        self, datapath: str, dataset: str, start: int = 0, end: int | None = None, normalizer: Callable | None = None
    ) -> None:
        import h5py

        self.data = h5py.File(datapath, "r")[dataset]
        self.start, self.end = start, self.data.shape[0] if end is None else end
        self.normalizer = normalizer

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, key: Any) -> np.ndarray:
        rows = np.arange(self.start, self.end)[key]
        wanted, back = np.unique(rows, return_inverse=True)  # h5py reads rows in rising order
        found = self.data[wanted][back] if np.ndim(rows) else self.data[rows]
        return found if self.normalizer is None else self.normalizer(found)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.asarray(self[:], dtype=dtype)

    @property
    def shape(self) -> tuple:
        """The sizes."""
        return (len(self), *self.data.shape[1:])

    @property
    def dtype(self) -> Any:
        """The dtype of the file's dataset."""
        return self.data.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


class OrderedEnqueuer:
    """Gives the batches of a sequence or a generator, one after the other; `fit` reads ahead by itself."""

    def __init__(self, sequence: Any, use_multiprocessing: bool = False, shuffle: bool = False, **kwargs: Any) -> None:
        self.sequence, self.shuffle = sequence, shuffle
        self._stop = threading.Event()

    def start(self, workers: int = 1, max_queue_size: int = 10, **kwargs: Any) -> None:
        """Begins."""
        self._stop.clear()

    def stop(self, timeout: float | None = None) -> None:
        """Ends."""
        self._stop.set()

    def is_running(self) -> bool:
        """Whether it gives batches."""
        return not self._stop.is_set()

    def get(self) -> Iterator[Any]:
        """The batches, without end where there are no more than a sequence's."""
        for batch in self.sequence if not hasattr(self.sequence, "__getitem__") else self._rounds():
            if self._stop.is_set():
                return
            yield batch

    def _rounds(self) -> Iterator[Any]:
        for _ in itertools.count():
            order: Sequence[int] = range(len(self.sequence))
            for i in random.sample(order, len(order)) if self.shuffle else order:
                yield self.sequence[int(i)]


GeneratorEnqueuer = OrderedEnqueuer
