"""Sequences of numbers: of one length, as windows of a time series, as pairs of neighboring words."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from cornu.errors import brief, explain
from cornu.training.py_dataset import PyDataset

_SIDES = ("pre", "post")


def pad_sequences(
    sequences: Any,
    maxlen: int | None = None,
    dtype: Any = "int32",
    padding: str = "pre",
    truncating: str = "pre",
    value: Any = 0.0,
) -> np.ndarray:
    """Sequences of different lengths as one array: short ones filled up with `value`, long ones cut.

    Args:
        sequences: a list of sequences, of numbers or of vectors of one shape.
        maxlen: the length of each row; None means that of the longest sequence.
        dtype: of the result; `object` for strings of any length.
        padding: where short ones are filled up: "pre", before them, or "post", after them.
        truncating: where long ones are cut: "pre" keeps their ends, "post" their beginnings.
        value: what fills up.

    Returns:
        An array of shape (len(sequences), maxlen, ...).

    Raises ValueError for things that aren't sequences, and for steps of different shapes.

    >>> pad_sequences([[1], [2, 3], [4, 5, 6]], maxlen=2)
    array([[0, 1],
           [2, 3],
           [5, 6]], dtype=int32)
    """
    for name, side in (("padding", padding), ("truncating", truncating)):
        if side not in _SIDES:
            raise ValueError(explain(f"pad_sequences: `{name}` is wrong.", expected='"pre" or "post"', got=side))
    if not hasattr(sequences, "__len__") or not all(hasattr(one, "__len__") for one in sequences):
        raise ValueError(
            explain("pad_sequences: argument `sequences` is wrong.", expected="a list of lists", got=brief(sequences))
        )
    if isinstance(value, str) and np.dtype(dtype).kind not in "USO":
        raise ValueError(
            explain(f"pad_sequences: {value!r} can't fill up numbers of dtype {dtype}.", fix="Pass dtype=object.")
        )
    if maxlen is None:
        maxlen = max(map(len, sequences), default=0)
    step_shape = next((np.asarray(one).shape[1:] for one in sequences if len(one)), ())
    result = np.full((len(sequences), maxlen, *step_shape), value, dtype)
    for row, sequence in enumerate(sequences):
        excess = max(len(sequence) - maxlen, 0)
        kept = np.asarray(sequence[excess:] if truncating == "pre" else sequence[: len(sequence) - excess], dtype)
        if len(kept) == 0:
            continue
        if kept.shape[1:] != step_shape:
            raise ValueError(
                explain(
                    f"pad_sequences: the steps of sequence {row} have another shape.",
                    expected=step_shape,
                    got=kept.shape[1:],
                )
            )
        start = maxlen - len(kept) if padding == "pre" else 0
        result[row, start : start + len(kept)] = kept
    return result


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> np.ndarray:
    """How probably to keep a word, by its rank among the most frequent ones, as word2vec does.

    p(rank) = min(1, √(sampling_factor / frequency(rank))), where by Zipf's law
    1 / frequency(rank) = rank · (ln rank + γ) + 1/2 - 1 / (12 · rank). Rank 0, no word, gets the value of rank 1.

    Args:
        size: how many words.
        sampling_factor: the greater, the more of the frequent words are kept.

    Returns:
        float64 of shape (size,), the `sampling_table` of `skipgrams`.

    >>> make_sampling_table(3).round(5)
    array([0.00315, 0.00315, 0.00548])
    """
    gamma = 0.577
    rank = np.maximum(np.arange(size), 1)
    inverse_frequency = rank * (np.log(rank) + gamma) + 0.5 - 1 / (12 * rank)
    return np.minimum(1, np.sqrt(sampling_factor * inverse_frequency))


def skipgrams(
    sequence: Sequence[int],
    vocabulary_size: int,
    window_size: int = 4,
    negative_samples: float = 1.0,
    shuffle: bool = True,
    categorical: bool = False,
    sampling_table: Any = None,
    seed: int | None = None,
) -> tuple[list[list[int]], list]:
    """Pairs of words for training word vectors: neighbors, with label 1, and random pairs, with label 0.

    Args:
        sequence: word numbers; 0 is no word and is left out.
        vocabulary_size: how many words there are, with 0.
        window_size: how far apart two neighbors may stand.
        negative_samples: how many random pairs to one pair of neighbors.
        shuffle: whether to mix the pairs.
        categorical: labels [1, 0] and [0, 1] in place of 0 and 1.
        sampling_table: the probability to keep each word, from `make_sampling_table`.
        seed: of the mixing. What is kept, and the random pairs, come from Python's `random`.

    Returns:
        (pairs, labels), two lists.

    Difference from Keras: `seed` leaves the state of Python's `random` alone.

    >>> skipgrams([1, 2, 3], vocabulary_size=4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    positive, negative = ([0, 1], [1, 0]) if categorical else (1, 0)
    pairs = []
    for position, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        before = sequence[max(0, position - window_size) : position]
        after = sequence[position + 1 : position + window_size + 1]
        pairs += [[word, neighbor] for part in (before, after) for neighbor in part if neighbor]
    labels: list = [positive for _ in pairs]
    if negative_samples > 0:
        words = [word for word, _ in pairs]
        random.shuffle(words)
        count = int(len(pairs) * negative_samples)
        pairs += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [negative] * count
    if shuffle:
        seed = random.randint(0, 10**7) if seed is None else seed
        random.Random(seed).shuffle(pairs)
        random.Random(seed).shuffle(labels)
    return pairs, labels


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a time series, each with what follows it: x = data[i - length : i], y = targets[i].

    Args:
        data: the series, steps along the first axis: an array, or anything that can be sliced.
        targets: as many as `data` has steps.
        length: how many steps a window spans.
        sampling_rate: of a window's steps, every so-manieth is taken.
        stride: how many steps lie between one window and the next.
        start_index, end_index: the first and the last step that is used; the last counts, too.
        shuffle: whether to draw windows at random, by NumPy's global state, with replacement.
        reverse: whether a window's steps come last first.
        batch_size: windows in a batch.
        workers, use_multiprocessing, max_queue_size: as in `PyDataset`.

    Raises ValueError if the lengths differ, or nothing is left between start and end.

    >>> import numpy as np
    >>> x, y = TimeseriesGenerator(np.arange(6), np.arange(6), length=3, batch_size=2)[0]
    >>> x.tolist(), y.tolist()
    ([[0, 1, 2], [1, 2, 3]], [3, 4])
    """

    def __init__(
        self,
        data: Any,
        targets: Any,
        length: int,
        sampling_rate: int = 1,
        stride: int = 1,
        start_index: int = 0,
        end_index: int | None = None,
        shuffle: bool = False,
        reverse: bool = False,
        batch_size: int = 128,
        **workers: Any,
    ) -> None:
        super().__init__(**workers)
        if len(data) != len(targets):
            raise ValueError(
                explain(
                    "TimeseriesGenerator: `data` and `targets` differ in length.",
                    got=f"{len(data)} steps, {len(targets)} targets",
                )
            )
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride, self.batch_size = sampling_rate, stride, batch_size
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse = shuffle, reverse
        if self.start_index > self.end_index:
            raise ValueError(
                explain(
                    "TimeseriesGenerator: no window fits.",
                    expected="start_index + length <= end_index",
                    got=f"{start_index} + {length} > {self.end_index}",
                    fix="Give a longer series or a smaller `length`.",
                )
            )

    def __len__(self) -> int:
        """The number of batches."""
        span = self.batch_size * self.stride
        return (self.end_index - self.start_index + span) // span

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Batch number `index`: windows of shape (batch, steps, ...), and their targets."""
        if self.shuffle:
            ends = np.random.randint(self.start_index, self.end_index + 1, self.batch_size)  # noqa: NPY002 - its promise
        else:
            first = self.start_index + self.batch_size * self.stride * index
            last = min(first + self.batch_size * self.stride, self.end_index + 1)
            ends = np.arange(first, last, self.stride)
        if isinstance(self.data, np.ndarray):
            windows = self.data[ends[:, None] + np.arange(-self.length, 0, self.sampling_rate)]
        else:
            windows = np.array([self.data[end - self.length : end : self.sampling_rate] for end in ends])
        targets = np.array([self.targets[end] for end in ends])
        return (windows[:, ::-1] if self.reverse else windows), targets

    def get_config(self) -> dict[str, Any]:
        """The arguments, with the data as JSON. Raises TypeError for data that JSON can't hold."""
        texts = {}
        for name, values in (("data", self.data), ("targets", self.targets)):
            try:
                texts[name] = json.dumps(values.tolist() if hasattr(values, "tolist") else values)
            except TypeError as error:
                raise TypeError(
                    explain(f"TimeseriesGenerator: JSON can't hold `{name}`.", got=brief(values))
                ) from error
        names = ("length", "sampling_rate", "stride", "end_index", "shuffle", "reverse", "batch_size")
        rest = {name: getattr(self, name) for name in names}
        return {**texts, **rest, "start_index": self.start_index - self.length}

    def to_json(self, **options: Any) -> str:
        """`get_config` and the class's name as JSON; `options` go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **options)
