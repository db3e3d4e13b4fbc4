"""Texts as numbers: words cut out, counted, numbered by frequency, or hashed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from cornu.errors import explain, nearest

FILTERS = '!"#$%&()*+,-./:;<=>?@[\\]^_`{|}~\t\n'
"""The characters that separate words, beside the space."""


def text_to_word_sequence(input_text: str, filters: Any = FILTERS, lower: bool = True, split: str = " ") -> list[str]:
    """The words of a text.

    Args:
        input_text: the text.
        filters: characters that are taken for `split`.
        lower: whether to write the text in lower case.
        split: what stands between two words.

    >>> text_to_word_sequence("To be, or not to be!")
    ['to', 'be', 'or', 'not', 'to', 'be']
    """
    if lower:
        input_text = input_text.lower()
    words = input_text.translate({ord(character): split for character in filters}).split(split)
    return [word for word in words if word]


def hashing_trick(
    text: str,
    n: int,
    hash_function: str | Callable[[str], int] | None = None,
    filters: Any = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1, by their hash: hash(word) mod (n - 1) + 1. Words may collide.

    Args:
        text: the text.
        n: how many numbers there are, with 0, which no word gets.
        hash_function: None or "md5", or a function from a word to an integer.
        filters, lower, split: as in `text_to_word_sequence`.
        analyzer: what makes words of the text, in place of that function.

    Difference from Keras: the default is MD5, so that a word has the same number in every process. Keras's default is
    Python's `hash`, which differs from one process to the next: numbers of a training run mean nothing in another. Pass
    `hash` to have it.

    >>> hashing_trick("the cat and the dog", 100)
    [51, 3, 69, 51, 33]
    """
    if hash_function is None or hash_function == "md5":
        hash_function = _md5
    elif not callable(hash_function):
        raise ValueError(
            explain("hashing_trick: `hash_function` is wrong.", expected='"md5" or a function', got=hash_function)
        )
    words = text_to_word_sequence(text, filters, lower, split) if analyzer is None else analyzer(text)
    return [hash_function(word) % (n - 1) + 1 for word in words]


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode(), usedforsecurity=False).hexdigest(), 16)


def one_hot(
    input_text: str,
    n: int,
    filters: Any = FILTERS,
    lower: bool = True,
    split: str = " ",
    analyzer: Callable[[str], Iterable[str]] | None = None,
) -> list[int]:
    """The words of a text as numbers from 1 to n - 1: `hashing_trick` with its default. No vectors, despite the name.

    >>> one_hot("the cat and the dog", 10) == hashing_trick("the cat and the dog", 10)
    True
    """
    return hashing_trick(input_text, n, filters=filters, lower=lower, split=split, analyzer=analyzer)


class Tokenizer:
    """Numbers words by how frequent they are in texts, from 1 on, and turns texts into numbers or count vectors.

    Args:
        num_words: only words with numbers below this are used; None means all.
        filters, lower, split: as in `text_to_word_sequence`.
        char_level: every character is a word.
        oov_token: stands for words that are unknown or too rare, and gets number 1; None drops such words.
        analyzer: a function from a text to its words, in place of `text_to_word_sequence`.
        document_count: how many texts were seen already.

    A text may also be a list of words. Number 0 belongs to no word.

    Attributes:
        word_counts: how often each word came; `word_docs`: in how many texts.
        word_index: the number of each word, of all that were seen, whatever `num_words`; `index_word`: the other way.
        index_docs: in how many texts or sequences each number came.

    >>> tokenizer = Tokenizer(oov_token="?")
    >>> tokenizer.fit_on_texts(["the cat", "the dog"])
    >>> tokenizer.word_index
    {'?': 1, 'the': 2, 'cat': 3, 'dog': 4}
    >>> tokenizer.texts_to_sequences(["the mouse"])
    [[2, 1]]
    """

    analyzer: Callable[[str], Iterable[str]] | None = None  # pickled tokenizers of Keras 2 have none

    def __init__(
        self,
        num_words: int | None = None,
        filters: Any = FILTERS,
        lower: bool = True,
        split: str = " ",
        char_level: bool = False,
        oov_token: str | None = None,
        analyzer: Callable[[str], Iterable[str]] | None = None,
        document_count: int = 0,
    ) -> None:
        self.num_words, self.filters, self.lower, self.split = num_words, filters, lower, split
        self.char_level, self.oov_token, self.analyzer = char_level, oov_token, analyzer
        self.document_count = document_count
        self.word_counts: dict[str, int] = OrderedDict()
        self.word_docs: dict[str, int] = defaultdict(int)
        self.word_index: dict[str, int] = {}
        self.index_word: dict[int, str] = {}
        self.index_docs: dict[int, int] = defaultdict(int)

    def fit_on_texts(self, texts: Iterable[str | list[str]]) -> None:
        """Counts the words of texts, and numbers them anew: most frequent first, then in the order of appearance."""
        for text in texts:
            self.document_count += 1
            counts = Counter(self._words(text))
            for word, count in counts.items():
                self.word_counts[word] = self.word_counts.get(word, 0) + count
                self.word_docs[word] += 1
        ranked = sorted(self.word_counts, key=lambda word: -self.word_counts[word])
        vocabulary = [*([] if self.oov_token is None else [self.oov_token]), *ranked]
        self.word_index = {word: number for number, word in enumerate(vocabulary, 1)}
        self.index_word = {number: word for word, number in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences: Any) -> None:
        """Counts in how many sequences each number comes, which "tfidf" needs, where there are no texts."""
        self.document_count += len(sequences)
        for number, count in Counter(chain.from_iterable(map(set, sequences))).items():
            self.index_docs[number] += count

    def texts_to_sequences(self, texts: Iterable[str | list[str]]) -> list[list[int]]:
        """The words of each text by their numbers."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts: Iterable[str | list[str]]) -> Iterator[list[int]]:
        """As `texts_to_sequences`, one text after the other."""
        unknown = self._unknown()
        limit = self._limit()
        used = {word: number for word, number in self.word_index.items() if number < limit}
        for text in texts:
            numbers = [used.get(word, unknown) for word in self._words(text)]
            yield [number for number in numbers if number is not None]

    def sequences_to_texts(self, sequences: Iterable[Iterable[int]]) -> list[str]:
        """The words of each sequence of numbers, with spaces between them."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences: Iterable[Iterable[int]]) -> Iterator[str]:
        """As `sequences_to_texts`, one sequence after the other."""
        unknown = None if self._unknown() is None else self.oov_token
        limit = self._limit()
        for sequence in sequences:
            words = (self.index_word.get(number, unknown) if number < limit else unknown for number in sequence)
            yield " ".join(word for word in words if word is not None)

    def texts_to_matrix(self, texts: Iterable[str | list[str]], mode: str = "binary") -> np.ndarray:
        """One row per text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode)

    def sequences_to_matrix(self, sequences: Any, mode: str = "binary") -> np.ndarray:
        """One row per sequence, one column per number.

        Args:
            sequences: lists of word numbers.
            mode: "binary", 1 where the word occurs; "count", its count c; "freq", c over the sequence's length;
                "tfidf", (1 + ln c) · ln(1 + texts / (1 + texts with the word)).

        Returns:
            float64 of shape (len(sequences), num_words).

        Raises ValueError for another mode, and before anything was fitted.
        """
        if mode not in _MODES:
            raise ValueError(
                explain(f"Tokenizer: unknown mode {mode!r}.{nearest(mode, _MODES)}", expected=f"one of {_MODES}")
            )
        if not (self.num_words or self.word_index) or (mode == "tfidf" and not self.document_count):
            raise ValueError(explain("Tokenizer: no texts were seen.", fix="Call `fit_on_texts`, or pass `num_words`."))
        width = self.num_words or len(self.word_index) + 1
        lengths = np.fromiter(map(len, sequences), int, len(sequences))
        columns = np.fromiter(chain.from_iterable(sequences), int, lengths.sum())
        rows = np.repeat(np.arange(len(lengths)), lengths)
        used = columns < width
        counts = np.zeros((len(lengths), width))
        np.add.at(counts, (rows[used], columns[used]), 1)
        if mode == "binary":
            return (counts > 0).astype(counts.dtype)
        if mode == "freq":
            return counts / np.maximum(lengths, 1)[:, None]
        if mode == "tfidf":
            with_word = np.array([self.index_docs.get(number, 0) for number in range(width)])
            frequency = np.where(counts > 0, 1 + np.log(np.maximum(counts, 1)), 0)
            return frequency * np.log(1 + self.document_count / (1 + with_word))
        return counts

    def get_config(self) -> dict[str, Any]:
        """The arguments, and what was counted, as JSON."""
        arguments = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        counted = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
        return {name: getattr(self, name) for name in arguments} | {
            name: json.dumps(getattr(self, name)) for name in counted
        }

    def to_json(self, **options: Any) -> str:
        """What `tokenizer_from_json` reads, Keras's too; `options` go to `json.dumps`. An `analyzer` isn't kept."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **options)

    def _words(self, text: str | list[str]) -> Iterable[str]:
        if isinstance(text, (list, tuple)):
            return [word.lower() for word in text] if self.lower else text
        if self.char_level:
            return text.lower() if self.lower else text
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def _limit(self) -> float:
        """Numbers from here on aren't used."""
        return self.num_words or float("inf")

    def _unknown(self) -> int | None:
        """The number of words that are unknown or too rare."""
        return None if self.oov_token is None else self.word_index.get(self.oov_token)


_MODES = ("binary", "count", "freq", "tfidf")


def tokenizer_from_json(json_string: str) -> Tokenizer:
    """The tokenizer that `Tokenizer.to_json` wrote, here or in Keras.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["a cat"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'a': 1, 'cat': 2}
    """
    config = dict(json.loads(json_string)["config"])
    counted = {
        name: json.loads(config.pop(name))
        for name in ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
    }
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = OrderedDict(counted["word_counts"])
    tokenizer.word_docs.update(counted["word_docs"])
    tokenizer.word_index = counted["word_index"]
    tokenizer.index_docs.update({int(number): count for number, count in counted["index_docs"].items()})
    tokenizer.index_word = {int(number): word for number, word in counted["index_word"].items()}
    return tokenizer
