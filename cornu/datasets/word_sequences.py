"""Texts as lists of word numbers: what imdb and reuters share."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from cornu.errors import explain


def check_rows(path: Path, rows: Any) -> list[list[int]]:
    """The rows of a file if they are lists of integers, else ValueError."""
    if not all(type(row) is list and set(map(type, row)) <= {int} for row in rows):
        raise ValueError(explain(f"{path} is not the file it should be.", expected="lists of word numbers"))
    return rows


def drop_long(rows: list, labels: np.ndarray, maxlen: int | None, start_char: int | None) -> tuple[list, np.ndarray]:
    """The rows that are shorter than `maxlen` once `start_char` stands before them, and their labels."""
    if not maxlen:
        return rows, labels
    longest = maxlen - (start_char is not None)
    kept = [i for i, row in enumerate(rows) if len(row) < longest]
    return [rows[i] for i in kept], labels[kept]


def number(
    rows: list[list[int]],
    *,
    num_words: int | None,
    skip_top: int,
    start_char: int | None,
    oov_char: int | None,
    index_from: int | None,
) -> np.ndarray:
    """The rows with their words renumbered, as an array of lists.

    `index_from` is added to each number and `start_char` put before each row; then every number outside
    [skip_top, num_words) becomes `oov_char`, or goes, if that is None.
    """
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    words = np.fromiter(chain.from_iterable(rows), np.int64, lengths.sum())
    words += index_from or 0
    if start_char is not None:
        words = np.insert(words, np.cumsum(lengths) - lengths, start_char)
        lengths += 1
    kept = (words >= skip_top) & (words < (num_words or words.max(initial=0)))
    if oov_char is not None:
        words = np.where(kept, words, oov_char)
    else:
        kept_until = np.concatenate([[0], np.cumsum(kept)])[np.cumsum(lengths)]
        words, lengths = words[kept], np.diff(kept_until, prepend=0)
    return _array_of_lists(words.tolist(), lengths)


def _array_of_lists(values: list, lengths: np.ndarray) -> np.ndarray:
    rows = np.empty(len(lengths), dtype=object)
    start = 0
    for i, length in enumerate(lengths.tolist()):
        rows[i] = values[start : start + length]
        start += length
    return rows


def read_word_index(path: Path) -> dict[str, int]:
    """A vocabulary, word to number, from a JSON file."""
    try:
        index = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(explain(f"{path} is damaged: {error}", expected="a vocabulary in JSON")) from error
    if type(index) is not dict or not all(type(rank) is int for rank in index.values()):
        raise ValueError(explain(f"{path} is not the file it should be.", expected="words and their numbers"))
    return index
