"""Endless batches of images: what every iterator of them shares, and the one over arrays."""

# ruff: noqa: NPY002 - NumPy's global state is where these draws come from: programs seed it

from __future__ import annotations

import threading
import warnings
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import brief, explain
from cornu.preprocessing.image.pictures import array_to_img
from cornu.training.py_dataset import PyDataset


class Iterator(PyDataset):
    """Base class of batches of samples, by number for `fit`, or one after the other, endlessly.

    A subclass writes `_get_batches_of_transformed_samples(index_array)`, from numbers of samples to a batch.

    Args:
        n: the number of samples.
        batch_size: samples in a batch; the last one of a turn may be smaller.
        shuffle: whether each turn through the samples has an order of its own.
        seed: if given, NumPy's global state is seeded with `seed` + the number of batches so far before each batch.
        workers, use_multiprocessing, max_queue_size: as in `PyDataset`. Orders and random changes come from NumPy's
            global state, so they are the same every time with one worker only.

    Attributes:
        index_array: the order of this turn; None before the first one.
        batch_index, total_batches_seen: where this turn stands, and how many batches were given.

    Difference from Keras: an iterator can be pickled; a number beyond the last batch is an IndexError.
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n: int, batch_size: int, shuffle: bool, seed: int | None, **workers: Any) -> None:
        super().__init__(**workers)
        self.n, self.batch_size, self.shuffle, self.seed = n, batch_size, shuffle, seed
        self.batch_index = 0
        self.total_batches_seen = 0
        self.index_array: np.ndarray | None = None
        self.lock = threading.Lock()
        self.index_generator = self._flow_index()

    def __len__(self) -> int:
        """The number of batches in a turn."""
        return -(-self.n // self.batch_size)

    def __getitem__(self, index: int) -> Any:
        """Batch number `index` of this turn."""
        if not 0 <= index < len(self):
            raise IndexError(
                explain(f"{type(self).__name__} has no batch {index}.", expected=f"a number from 0 to {len(self) - 1}")
            )
        self._seed_draws()
        self.total_batches_seen += 1
        if self.index_array is None:
            self._set_index_array()
        assert self.index_array is not None
        batch = self._get_batches_of_transformed_samples(self.index_array[self.batch_size * index :][: self.batch_size])
        return (batch,) if isinstance(batch, list) else batch  # several inputs, not inputs and targets

    def __iter__(self) -> Iterator:
        return self

    def __next__(self) -> Any:
        with self.lock:
            index_array = next(self.index_generator)
        return self._get_batches_of_transformed_samples(index_array)

    def next(self) -> Any:
        """The next batch."""
        return next(self)

    def reset(self) -> None:
        """The next batch is the first one of a turn."""
        self.batch_index = 0

    def on_epoch_end(self) -> None:
        """A new turn begins."""
        self._set_index_array()

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} gives no batches.",
                fix="Write `_get_batches_of_transformed_samples(index_array)`.",
            )
        )

    def _set_index_array(self) -> None:
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _seed_draws(self) -> None:
        if self.seed is not None:
            np.random.seed((self.seed + self.total_batches_seen) % 2**32)

    def _flow_index(self) -> Generator[np.ndarray, None, None]:
        """The numbers of the samples in each batch, endlessly."""
        while True:
            if self.n == 0:
                raise ValueError(explain(f"{type(self).__name__} is empty.", expected="at least one sample"))
            self._seed_draws()
            if self.batch_index == 0 or self.index_array is None:
                self._set_index_array()
            assert self.index_array is not None
            start = self.batch_index * self.batch_size % self.n
            self.batch_index = self.batch_index + 1 if start + self.batch_size < self.n else 0
            self.total_batches_seen += 1
            yield self.index_array[start : start + self.batch_size]

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("lock", "index_generator")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state, lock=threading.Lock())
        self.index_generator = self._flow_index()


def part_of(subset: str | None, validation_split: float) -> tuple[float, float]:
    """Where a subset begins and ends, as parts of the data: validation comes first. ValueError for another name."""
    if subset not in (None, "training", "validation"):
        raise ValueError(explain("Argument `subset` is wrong.", expected='"training" or "validation"', got=subset))
    if subset is None:
        return 0.0, 1.0
    return (validation_split, 1.0) if subset == "training" else (0.0, validation_split)


def save_images(
    images: np.ndarray, numbers: np.ndarray, folder: Any, prefix: str, suffix: str, data_format: str
) -> None:
    """Writes a batch's images, stretched to 0 ... 255, as `prefix_number_random.suffix`."""
    for image, number in zip(images, numbers, strict=True):
        name = f"{prefix}_{number}_{np.random.randint(10**7)}.{suffix}"
        array_to_img(image, data_format).save(Path(folder) / name)


class NumpyArrayIterator(Iterator):
    """Endless batches of images from arrays, changed by an `ImageDataGenerator`.

    Args:
        x: images, four axes; or (images, more) with one more array or a list of them, given along unchanged.
        y: targets, or None: then batches are of x alone.
        image_data_generator: what changes the images.
        batch_size, shuffle, seed: as in `Iterator`.
        sample_weight: one for each image.
        data_format: "channels_last" or "channels_first"; None means `cornu.config.image_data_format()`.
        save_to_dir, save_prefix, save_format: where to write every image given, to look at; None writes nothing.
        subset: "training" or "validation", the last or first part by the generator's `validation_split`.
        ignore_class_split: don't check that both parts have the same classes.
        dtype: of the images; None means `cornu.config.floatx()`.

    Raises ValueError for arrays of different lengths, of another rank, and for classes that one part lacks.
    """

    def __init__(
        self,
        x: Any,
        y: Any,
        image_data_generator: Any,
        batch_size: int = 32,
        shuffle: bool = False,
        sample_weight: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        save_to_dir: Any = None,
        save_prefix: str = "",
        save_format: str = "png",
        subset: str | None = None,
        ignore_class_split: bool = False,
        dtype: Any = None,
        **workers: Any,
    ) -> None:
        self.dtype = config.floatx() if dtype is None else dtype
        self.data_format = config.standardize_data_format(data_format)
        self.image_data_generator = image_data_generator
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        more: list = []
        if isinstance(x, (tuple, list)) and len(x) > 1 and np.ndim(x[0]) == 4:
            x, *more = [x[0], *x[1]] if len(x) == 2 and isinstance(x[1], (tuple, list)) else x
        start, end = part_of(subset, image_data_generator.validation_split)
        cut = slice(int(start * len(x)), int(end * len(x)))
        given: list = [None if array is None else np.asarray(array) for array in (y, sample_weight, *more)]
        _check_lengths(len(x), given)
        if subset is not None and not ignore_class_split:
            _check_classes(given[0], int(image_data_generator.validation_split * len(x)))
        self.x = np.asarray(x[cut], self.dtype)
        parts: list = [None if array is None else array[cut] for array in given]
        self.y, self.sample_weight, *self.x_misc = parts
        if self.x.ndim != 4:
            raise ValueError(explain("NumpyArrayIterator: `x` is wrong.", expected="images, 4 axes", got=brief(self.x)))
        self._check_channels()
        super().__init__(len(self.x), batch_size, shuffle, seed, **workers)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of one image."""
        return self.x.shape[1:]

    def _check_channels(self) -> None:
        axis = 3 if self.data_format == "channels_last" else 1
        if self.x.shape[axis] not in (1, 3, 4):
            warnings.warn(
                f"Images have 1, 3 or 4 channels; these, of shape {self.image_shape}, have {self.x.shape[axis]} "
                f"in the format {self.data_format!r}.",
                stacklevel=4,
            )

    def _get_batches_of_transformed_samples(self, index_array: np.ndarray) -> Any:
        images = np.empty((len(index_array), *self.x.shape[1:]), self.dtype)
        generator = self.image_data_generator
        for place, number in enumerate(index_array):
            image = self.x[number].copy()
            images[place] = generator.standardize(
                generator.apply_transform(image, generator.get_random_transform(image.shape))
            )
        if self.save_to_dir:
            save_images(images, index_array, self.save_to_dir, self.save_prefix, self.save_format, self.data_format)
        x = [images, *(array[index_array] for array in self.x_misc)] if self.x_misc else images
        if self.y is None:
            return x
        y = self.y[index_array]
        return (x, y) if self.sample_weight is None else (x, y, self.sample_weight[index_array])


def _check_lengths(length: int, arrays: list) -> None:
    lengths = [len(array) for array in arrays if array is not None]
    if any(other != length for other in lengths):
        raise ValueError(
            explain("The arrays differ in length.", expected=f"{length} of each, as there are images", got=lengths)
        )


def _check_classes(y: np.ndarray | None, border: int) -> None:
    """Both parts have the same classes."""
    if y is not None and not np.array_equal(np.unique(y[:border]), np.unique(y[border:])):
        raise ValueError(
            explain(
                "The training and the validation part have different classes.",
                fix="Shuffle the arrays first, or pass ignore_class_split=True.",
            )
        )
