"""Text into the indices of its words."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.layers.preprocessing.batches import batches_of
from cornu.layers.preprocessing.hashing import encoded_shape
from cornu.layers.preprocessing.host import HostLayer, text_array
from cornu.layers.preprocessing.lookup import LIMIT, MODES, StringLookup, check_vocabulary
from cornu.registry import register
from cornu.signature import Domain, either, maybe, nonnegative_int, one_of

_callable = Domain("a callable", callable)
_widths = Domain(
    "an integer or integers",
    lambda v: nonnegative_int.test(v) or (isinstance(v, (list, tuple)) and all(map(nonnegative_int.test, v))),
)
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
_TRANSLATIONS = {
    "lower": _LOWER,
    "strip_punctuation": _NO_PUNCTUATION,
    "lower_and_strip_punctuation": {**_LOWER, **_NO_PUNCTUATION},
}
_words = re.compile(r"[^ \t\n\r\v\f]+").findall  # TensorFlow knows no other white space


@register("layer")
class TextVectorization(HostLayer):
    """Text as the indices of its words, or as one vector per text.

    Args:
        max_tokens: the largest size of the vocabulary, special tokens counted.
        standardize: "lower_and_strip_punctuation", "lower", "strip_punctuation" (of ASCII letters and signs), None, or
            a function of a NumPy array of strings.
        split: "whitespace", "character", None, or a function that gives for an array of strings a list of tokens each.
        ngrams: up to how many tokens in a row make a token, joined by a space; or the numbers themselves in a tuple.
        output_mode: "int", an index per token; "multi_hot", "count" or "tf_idf", a vector per text.
        output_sequence_length: to which length "int" cuts and fills up; default: the longest text's of a call.
        pad_to_max_tokens: whether vectors have `max_tokens` places, however small the vocabulary.
        vocabulary: the known words, or a text file's path; else `adapt` learns them.
        idf_weights: the weights of the mode "tf_idf".
        sparse, ragged: refused if True.
        encoding: of bytes among the inputs.

    In the mode "int", 0 fills up and 1 is an unknown word. It runs on the host: in a model it stands at the inputs.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["a cat", "A cat and a dog!"])
    >>> layer.get_vocabulary(), layer(["The cat."]).tolist()
    (['', '[UNK]', 'a', 'cat', 'dog', 'and'], [[1, 3, 0, 0]])
    """

    domains = {
        "max_tokens": LIMIT,
        "standardize": maybe(either(one_of(*_TRANSLATIONS), _callable)),
        "split": maybe(either(one_of("whitespace", "character"), _callable)),
        "ngrams": maybe(_widths),
        "output_mode": MODES,
        "output_sequence_length": maybe(nonnegative_int),
    }

    def __init__(
        self,
        max_tokens: int | None = None,
        standardize: str | Callable | None = "lower_and_strip_punctuation",
        split: str | Callable | None = "whitespace",
        ngrams: int | Sequence[int] | None = None,
        output_mode: str = "int",
        output_sequence_length: int | None = None,
        pad_to_max_tokens: bool = False,
        vocabulary: Any = None,
        idf_weights: Any = None,
        sparse: bool = False,
        ragged: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        learned = {key: kwargs.pop(key) for key in ("vocabulary_size", "has_input_vocabulary") if key in kwargs}
        super().__init__(name=name, **kwargs)
        if ragged or (output_mode != "int" and output_sequence_length is not None):
            raise ValueError(
                explain(
                    f"TextVectorization {self.name!r}: these arguments don't go together here.",
                    expected="ragged=False, and `output_sequence_length` with output_mode='int' only",
                    got=f"ragged={ragged}, output_mode={output_mode!r}, {output_sequence_length=}",
                )
            )
        self.standardize, self.split, self.encoding = standardize, split, encoding
        self.ngrams = tuple(ngrams) if isinstance(ngrams, (list, tuple)) else ngrams
        self.output_sequence_length = output_sequence_length
        self._lookup_layer = StringLookup(
            max_tokens=max_tokens, vocabulary=vocabulary, idf_weights=idf_weights, mask_token="", sparse=sparse,
            output_mode=output_mode, pad_to_max_tokens=pad_to_max_tokens, encoding=encoding, **learned,
        )  # fmt: skip
        self.max_tokens, self.pad_to_max_tokens = max_tokens, pad_to_max_tokens
        self.output_mode = self._lookup_layer.output_mode

    @property
    def vocabulary(self) -> list | None:
        """The words that were given or learned."""
        return self._lookup_layer.vocabulary

    @property
    def idf_weights(self) -> list | None:
        """The words' weights in the mode "tf_idf"."""
        return self._lookup_layer.idf_weights

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The words in the order of their indices; before them those for filling up and unknown ones, if wanted."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self) -> int:
        """The number of indices."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the vocabulary, as `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    def reset_state(self) -> None:
        """Forgets what `update_state` saw."""
        self._lookup_layer.reset_state()

    def update_state(self, data: Any) -> None:
        """Counts the words of texts."""
        self._lookup_layer.count(self._tokens(data))

    def finalize_state(self) -> None:
        """Makes the most frequent words the vocabulary."""
        self._lookup_layer.finalize_state()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary from data: an array or list of texts, or a dataset or other iterable of batches."""
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def load_vocabulary(self, lines: Sequence[str]) -> None:
        """Takes the vocabulary that Keras keeps in a file beside the weights."""
        self._lookup_layer.load_vocabulary(lines)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """The weights of "tf_idf", where Keras looks for them."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes the weights of "tf_idf"."""
        self._lookup_layer.load_own_variables(store)

    def _output_of(self, shape: tuple) -> tuple[tuple, Any]:
        if self.output_mode == "int":
            length = self.output_sequence_length
            return (shape if self.split is None and length is None else (shape[0], length)), "int32"
        return (shape[0], *encoded_shape((1,), self.output_mode, self._lookup_layer._depth())[0][-1:]), config.floatx()

    def call(self, inputs: Any) -> Any:
        """The indices, one row per text, or one vector per text."""
        single = np.ndim(inputs) == 0
        lookup = self._lookup_layer
        lookup._check_known()
        rows = self._tokens([inputs] if single else inputs)
        indices = lookup.indices([token for row in rows for token in row])
        lengths = [len(row) for row in rows]
        length = max(lengths, default=0) if self.output_sequence_length is None else self.output_sequence_length
        filled = np.full((len(rows), length), 0 if self.output_mode == "int" else -1, "int32")
        ends = np.cumsum(lengths)
        for row, count, end in zip(filled, lengths, ends, strict=True):
            kept = min(count, length)
            row[:kept] = indices[end - count : end - count + kept]
        encoded = lookup._encode(filled)
        return encoded[0] if single else encoded

    def _tokens(self, texts: Any) -> list[list[str]]:
        """The tokens of each text."""
        array = text_array(texts, self.encoding)
        if callable(self.standardize):
            array = text_array(self.standardize(array), self.encoding)
        if self.split is None:
            rows = array.reshape(-1, 1) if array.ndim < 2 else array
            table = _TRANSLATIONS.get(str(self.standardize), {})
            return self._join([[text.translate(table) for text in row] for row in rows.tolist()])
        if array.ndim > 1 and array.shape[-1] != 1:
            what = f"TextVectorization {self.name!r} takes one text per sample."
            raise ValueError(explain(what, expected="shape (batch,) or (batch, 1)", got=array.shape))
        lines = array.ravel().tolist()
        if not callable(self.standardize) and self.standardize is not None:
            table = _TRANSLATIONS[self.standardize]
            lines = [line.translate(table) for line in lines]
        if callable(self.split):
            rows = self.split(np.array(lines, dtype=str))
            rows = rows.to_list() if hasattr(rows, "to_list") else rows
            return self._join([text_array(list(row), self.encoding).tolist() for row in rows])
        return self._join([_words(line) for line in lines] if self.split == "whitespace" else [*map(list, lines)])

    def _join(self, rows: list[list[str]]) -> list[list[str]]:
        """Runs of tokens as tokens, where `ngrams` asks for them."""
        if self.ngrams is None:
            return rows
        widths = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
        return [
            [" ".join(row[start : start + width]) for width in widths for start in range(len(row) - width + 1)]
            for row in rows
        ]

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The layer of a config; ValueError where that names a file: no path is taken out of data."""
        check_vocabulary(cls, config)
        return super().from_config(config)
