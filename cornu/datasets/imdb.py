"""IMDB: 50,000 reviews of films, as lists of word numbers, and whether they praise.

Source: A. L. Maas et al., 2011, "Learning word vectors for sentiment analysis", ACL; the numbered words are Keras's.
"""

from __future__ import annotations

import os

import numpy as np

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves, shuffled
from cornu.datasets.word_sequences import check_rows, drop_long, number, read_word_index
from cornu.errors import explain

FILE = RemoteFile(
    "imdb.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb.npz",
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
    32 * MEBIBYTE,
)
WORDS = RemoteFile(  # its publisher gives an MD5 only; what is read is JSON, words and numbers
    "imdb_word_index.json",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/imdb_word_index.json",
    "bfafd718b763782e994055a2d397834f",
    4 * MEBIBYTE,
)
_ARRAYS = {
    "x_train": Expected("O", ("train",)),
    "y_train": Expected("iu", ("train",)),
    "x_test": Expected("O", ("test",)),
    "y_test": Expected("iu", ("test",)),
}


def load_data(
    path: str | os.PathLike = "imdb.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    seed: int | None = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Halves:
    """IMDB as `(x_train, y_train), (x_test, y_test)`: 25,000 and 25,000 reviews.

    Words are numbered by how frequent they are. 0 is left for padding.

    Args:
        path: the file's name in the caches, or an absolute path. See `cornu.datasets` for where it is looked for.
        num_words: numbers below this one are kept. None keeps all but the highest one there is, as in Keras.
        skip_top: numbers below this one are not kept.
        maxlen: only reviews shorter than this are kept, `start_char` included.
        seed: of the order of the reviews.
        start_char: what stands before each review; None for nothing.
        oov_char: what stands for words that are not kept; None drops them.
        index_from: what is added to the words' numbers, which leaves room below for the special ones.

    Returns:
        Reviews, an array of n lists of int; labels, int64 of shape (n,), 1 for praise.

    Raises ConnectionError if the file is nowhere to be had; ValueError if it is not the file it should be, or if
    no review is shorter than `maxlen`.
    """
    found = locate(FILE, path)
    data = read_npz(found, _ARRAYS, 256 * MEBIBYTE)
    random = np.random.RandomState(seed)
    rows, labels, counts = [], [], []
    for half in ("train", "test"):
        texts = check_rows(found, data[f"x_{half}"])
        order = shuffled(len(texts), random)
        kept, kept_labels = drop_long([texts[i] for i in order], data[f"y_{half}"][order], maxlen, start_char)
        if not kept:
            raise ValueError(explain(f"No review is shorter than maxlen={maxlen}.", fix="Increase `maxlen`."))
        rows += kept
        labels.append(kept_labels)
        counts.append(len(kept))
    x = number(
        rows,
        num_words=num_words,
        skip_top=skip_top,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    return (x[: counts[0]], labels[0]), (x[counts[0] :], labels[1])


def get_word_index(path: str | os.PathLike = "imdb_word_index.json") -> dict[str, int]:
    """The words' ranks by frequency, from 1. In `load_data`'s reviews a word has its rank plus `index_from`.

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    return read_word_index(locate(WORDS, path))
