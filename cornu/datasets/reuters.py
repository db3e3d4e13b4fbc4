"""Reuters: 11,228 newswires, as lists of word numbers, and their topics, of 46.

Source: the Reuters-21578 collection (D. D. Lewis, 1997); the choice of newswires and the numbered words are Keras's.
"""

from __future__ import annotations

import os

import numpy as np

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves, check_test_split, cut, shuffled
from cornu.datasets.word_sequences import check_rows, drop_long, number, read_word_index

FILE = RemoteFile(
    "reuters.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/reuters.npz",
    "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
    8 * MEBIBYTE,
)
WORDS = RemoteFile(  # its publisher gives an MD5 only; what is read is JSON, words and numbers
    "reuters_word_index.json",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/reuters_word_index.json",
    "4d44cc38712099c9e383dc6e5f11a921",
    2 * MEBIBYTE,
)
_ARRAYS = {"x": Expected("O", ("rows",)), "y": Expected("iu", ("rows",))}
_LABELS = """
    cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship cotton carcass
    crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin strategic-metal livestock retail ipi
    iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr gas silver wpi hog lead
"""


def load_data(
    path: str | os.PathLike = "reuters.npz",
    num_words: int | None = None,
    skip_top: int = 0,
    maxlen: int | None = None,
    test_split: float = 0.2,
    seed: int | None = 113,
    start_char: int | None = 1,
    oov_char: int | None = 2,
    index_from: int | None = 3,
) -> Halves:
    """Reuters newswires as `(x_train, y_train), (x_test, y_test)`.

    Words are numbered by how frequent they are. 0 is left for padding.

    Args:
        path: the file's name in the caches, or an absolute path. See `cornu.datasets` for where it is looked for.
        num_words: numbers below this one are kept. None keeps all but the highest one there is, as in Keras.
        skip_top: numbers below this one are not kept.
        maxlen: only newswires shorter than this are kept, `start_char` included.
        test_split: the part of the newswires that become test data, in [0, 1).
        seed: of the order of the newswires.
        start_char: what stands before each newswire; None for nothing.
        oov_char: what stands for words that are not kept; None drops them.
        index_from: what is added to the words' numbers, which leaves room below for the special ones.

    Returns:
        Newswires, an array of n lists of int; topics, int64 of shape (n,), 0 to 45: see `get_label_names`.

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    check_test_split(test_split)
    found = locate(FILE, path)
    data = read_npz(found, _ARRAYS, 64 * MEBIBYTE)
    texts, order = check_rows(found, data["x"]), shuffled(len(data["x"]), np.random.RandomState(seed))
    rows, labels = drop_long([texts[i] for i in order], data["y"][order], maxlen, start_char)
    x = number(
        rows,
        num_words=num_words,
        skip_top=skip_top,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    return cut(x, labels, test_split)


def get_word_index(path: str | os.PathLike = "reuters_word_index.json") -> dict[str, int]:
    """The words' ranks by frequency, from 1. In `load_data`'s newswires a word has its rank plus `index_from`.

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    return read_word_index(locate(WORDS, path))


def get_label_names() -> tuple[str, ...]:
    """The names of the 46 topics, in the order of their labels.

    >>> get_label_names()[3]
    'earn'
    """
    return tuple(_LABELS.split())
