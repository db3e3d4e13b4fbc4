"""Vocabularies: categories to numbers and back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import config, symbolic, variables
from cornu.errors import brief, explain
from cornu.layers import parts
from cornu.layers.layer import Layer
from cornu.layers.preprocessing.batches import batches_of
from cornu.layers.preprocessing.encoding import OLD_MODES, encode, refuse_sparse
from cornu.layers.preprocessing.fingerprints import bins_of
from cornu.layers.preprocessing.hashing import encoded_shape, salt_pair
from cornu.layers.preprocessing.host import HostLayer, text_array
from cornu.registry import register
from cornu.signature import Domain, boolean, maybe, nonnegative_int, one_of

MODES = one_of("int", "one_hot", "multi_hot", "count", "tf_idf", *OLD_MODES)
LIMIT = maybe(Domain("an integer greater than 1", lambda value: nonnegative_int.test(value) and value > 1))


def check_vocabulary(cls: type, config: dict) -> None:
    """Raises ValueError for a config whose vocabulary is a file's path."""
    if isinstance(config.get("vocabulary"), str):
        raise ValueError(explain(f"{cls.__name__}: a config can't name a file.", got=config["vocabulary"]))


class IndexLookup(Layer):
    """Base of the lookups: the vocabulary, how it is learned, and what is made of indices.

    The indices are those of Keras: the mask's (0, in the mode "int", where there is a mask), those of unknown
    values, then the tokens, the most frequent first.
    """

    domains = {
        "max_tokens": LIMIT,
        "num_oov_indices": nonnegative_int,
        "invert": boolean,
        "output_mode": MODES,
        "oov_method": one_of("floormod", "farmhash"),
    }
    revision = 0

    def __init__(
        self,
        max_tokens: int | None,
        num_oov_indices: int,
        mask_token: Any,
        oov_token: Any,
        vocabulary: Any,
        idf_weights: Any,
        invert: bool,
        output_mode: str,
        sparse: bool,
        pad_to_max_tokens: bool,
        oov_method: str = "floormod",
        salt: Any = None,
        vocabulary_size: int | None = None,
        has_input_vocabulary: bool | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse(self, sparse)
        self.max_tokens, self.num_oov_indices = max_tokens, num_oov_indices
        self.mask_token, self.oov_token, self.invert = mask_token, oov_token, invert
        self.output_mode, self.pad_to_max_tokens = OLD_MODES.get(output_mode, output_mode), pad_to_max_tokens
        self.oov_method, self.salt = oov_method, salt_pair(self, salt)
        self._check_arguments(idf_weights)
        self.vocabulary: list | None = None
        self.idf_weights: list[float] | None = None
        self._tokens: list = []
        self._size = vocabulary_size
        self.reset_state()
        if vocabulary is not None:
            self.set_vocabulary(vocabulary, idf_weights)

    def _check_arguments(self, idf_weights: Any) -> None:
        wrong = {
            "`pad_to_max_tokens` needs `max_tokens`": self.pad_to_max_tokens and self.max_tokens is None,
            "`invert` needs the output mode 'int'": self.invert and self.output_mode != "int",
            "`idf_weights` need the output mode 'tf_idf'": idf_weights is not None and self.output_mode != "tf_idf",
        }
        for what, holds in wrong.items():
            if holds:
                raise ValueError(explain(f"{type(self).__name__} {self.name!r}: {what}.", got=self.output_mode))

    # The vocabulary --------------------------------------------------------------------------------------------------

    def _plain(self, values: Any) -> np.ndarray:
        """Values as an array of the vocabulary's kind."""
        raise NotImplementedError

    @property
    def _first(self) -> int:
        """The index of the first unknown value."""
        return int(self.mask_token is not None and self.output_mode == "int")

    @property
    def _start(self) -> int:
        """The index of the first token."""
        return self._first + self.num_oov_indices

    def _special(self) -> list:
        return [self.mask_token] * self._first + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens: bool = True) -> list:
        """The tokens in the order of their indices; before them those of mask and unknown values, if wanted."""
        return [*(self._special() if include_special_tokens else []), *self._tokens]

    def vocabulary_size(self) -> int:
        """The number of indices."""
        return len(self._tokens) + self._start

    def set_vocabulary(self, vocabulary: Any, idf_weights: Any = None) -> None:
        """Sets the vocabulary.

        Args:
            vocabulary: the tokens, with or without those of mask and unknown values; or the path of a text file, a
                token per line.
            idf_weights: the weight of each token, for the output mode "tf_idf".

        Raises ValueError for an empty vocabulary, repeated tokens, too many, or missing weights.
        """
        if isinstance(vocabulary, (str, Path)):
            vocabulary = Path(vocabulary).read_text(encoding="utf-8").splitlines()
        given = self._plain(vocabulary).tolist()
        special = self._special()
        whole = bool(special) and given[: len(special)] == special
        tokens = given[len(special) :] if whole else given
        self._check_tokens(given, tokens)
        weights = None if idf_weights is None else np.asarray(idf_weights, config.floatx()).ravel()
        if (weights is None) == (self.output_mode == "tf_idf") or (weights is not None and len(weights) != len(given)):
            raise ValueError(
                explain(
                    f"{type(self).__name__} {self.name!r}: `idf_weights` don't fit the output mode.",
                    expected="none" if self.output_mode != "tf_idf" else f"{len(given)} weights",
                    got=brief(idf_weights),
                )
            )
        self._take(given, tokens, weights, whole)

    def _check_tokens(self, given: list, tokens: list) -> None:
        repeated = [token for token, count in Counter(tokens).items() if count > 1]
        reserved = [t for t in ([self.mask_token] + [self.oov_token] * self.invert) if t is not None and t in tokens]
        too_many = self.max_tokens is not None and len(tokens) + self._start > self.max_tokens
        for holds, what, got in (
            (not given, "is empty", given),
            (repeated, "has tokens more than once", brief(repeated)),
            (reserved, f"may have the reserved tokens at its beginning only, as {self._special()}", reserved),
            (too_many, f"is larger than max_tokens={self.max_tokens}", len(tokens) + self._start),
        ):
            if holds:
                raise ValueError(explain(f"{type(self).__name__} {self.name!r}: the vocabulary {what}.", got=got))

    def _take(self, given: list, tokens: list, weights: np.ndarray | None, whole: bool) -> None:
        """Makes checked tokens and weights the layer's own."""
        self.vocabulary, self._tokens = given, tokens
        self._size = self.vocabulary_size()
        if weights is not None:
            self.idf_weights = weights.tolist()
            front = 0 if whole else self._start
            back = max((self.max_tokens or 0) - front - len(weights), 0) if self.pad_to_max_tokens else 0
            self._idf = np.concatenate([np.full(front, weights.mean()), weights, np.zeros(back)]).astype(weights.dtype)
        self._index_tokens()
        self.revision += 1
        parts.note_change()

    def _index_tokens(self) -> None:
        """Prepares what finds a token's index."""

    # Learning it -----------------------------------------------------------------------------------------------------

    def reset_state(self) -> None:
        """Forgets what `update_state` saw."""
        self._counts: Counter = Counter()
        self._document_counts: Counter = Counter()
        self._documents = 0

    def update_state(self, data: Any) -> None:
        """Counts the tokens of an array: of each row as a document, or of a single one."""
        values = self._plain(data)
        self.count(values.reshape(1, -1) if values.ndim < 2 else values.reshape(len(values), -1))

    def count(self, documents: Iterable[Any]) -> None:
        """Counts the tokens of documents."""
        for document in documents:
            tokens = document.tolist() if isinstance(document, np.ndarray) else document
            self._counts.update(tokens)
            self._documents += 1
            if self.output_mode == "tf_idf":
                self._document_counts.update(set(tokens))

    def finalize_state(self) -> None:
        """Makes the most frequent tokens the vocabulary; of equally frequent ones, the later in sorting order first."""
        counts = {token: n for token, n in self._counts.items() if token not in (self.mask_token, self.oov_token)}
        tokens = sorted(counts, key=lambda token: (counts[token], token), reverse=True)
        if self.max_tokens is not None:
            tokens = tokens[: self.max_tokens - self._start]
        if tokens:
            weights = None
            if self.output_mode == "tf_idf":
                occurs = np.array([self._document_counts[token] for token in tokens])
                weights = np.log(1 + self._documents / (1 + occurs)).astype(config.floatx())
            self._take(tokens, tokens, weights, whole=False)
        self.reset_state()

    def adapt(self, data: Any, batch_size: int | None = None, steps: int | None = None) -> None:
        """Learns the vocabulary from data: an array or list, or a dataset or other iterable of batches."""
        self.reset_state()
        for batch in batches_of(data, steps):
            values = self._plain(batch)
            self.update_state(values[:, None] if values.ndim == 1 and batch is data else values)
        self.finalize_state()

    # Indices ---------------------------------------------------------------------------------------------------------

    def _depth(self) -> int | None:
        return self.max_tokens if self.pad_to_max_tokens else self._size

    def _check_known(self) -> None:
        if not self._tokens:
            what = f"{type(self).__name__} {self.name!r} has no vocabulary."
            raise ValueError(explain(what, fix="Call adapt(data), or pass `vocabulary`."))

    def _encode(self, indices: Any) -> Any:
        depth = self._depth()
        if self.output_mode == "int":
            return indices
        assert depth is not None
        dtype = config.floatx()
        if self.output_mode != "tf_idf":
            return encode(indices, self.output_mode, depth, dtype)
        return encode(indices, "count", depth, dtype) * jnp.asarray(self._idf, dtype)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """The weights of "tf_idf", where Keras looks for them; the config has them, too."""
        if self.output_mode == "tf_idf" and self.idf_weights is not None:
            store["idf_weights"] = self._idf

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes the weights of "tf_idf"."""
        if self.output_mode == "tf_idf" and "idf_weights" in store:
            self._idf = np.asarray(store["idf_weights"], config.floatx())

    def load_vocabulary(self, lines: Sequence[str]) -> None:
        """Takes the vocabulary that Keras keeps in a file beside the weights, special tokens first."""
        if self.vocabulary is None:
            self.set_vocabulary(list(lines), self._idf if self.output_mode == "tf_idf" else None)

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The layer of a config; ValueError where that names a file: no path is taken out of data."""
        check_vocabulary(cls, config)
        return super().from_config(config)


@register("layer")
class IntegerLookup(IndexLookup):
    """Integers to the indices of a vocabulary, or back.

    Args:
        max_tokens: the largest size of the vocabulary, special tokens counted.
        num_oov_indices: how many indices unknown values share; with 0 there may be none.
        mask_token: the value that stands for nothing: index 0, or in other modes than "int" left out.
        oov_token: what an index of unknown values gives with `invert`.
        vocabulary: the known values, or a text file's path; else `adapt` learns them.
        vocabulary_dtype: "int64"; the only one.
        idf_weights: the weights of the mode "tf_idf".
        invert: whether to give values for indices.
        output_mode: "int", "one_hot", "multi_hot", "count" as in `CategoryEncoding`, or "tf_idf": counts times
            log(1 + documents / (1 + documents with the token)).
        sparse: refused if True.
        pad_to_max_tokens: whether vectors have `max_tokens` places, however small the vocabulary.
        oov_method, salt: how unknown values share several indices: the remainder; "farmhash" only on the host.

    It is part of the compiled program. Values must fit into 32 bits.

    >>> IntegerLookup(vocabulary=[12, 36])(np.array([[36, 12, 7]])).tolist()
    [[2, 1, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: int | None = None,
        oov_token: int = -1,
        vocabulary: Any = None,
        vocabulary_dtype: str = "int64",
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        sparse: bool = False,
        pad_to_max_tokens: bool = False,
        oov_method: str = "floormod",
        salt: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, oov_method, salt, name=name, **kwargs,
        )  # fmt: skip
        if oov_method == "farmhash" and num_oov_indices > 1:
            what = f"IntegerLookup {self.name!r}: hashing isn't part of compiled programs."
            raise ValueError(
                explain(what, expected='oov_method="floormod"', fix="Use a Hashing layer, or StringLookup.")
            )

    def _plain(self, values: Any) -> np.ndarray:
        return np.asarray(values).astype("int64")

    def _index_tokens(self) -> None:
        order = np.argsort(self._tokens)
        self._sorted = np.asarray(self._tokens, "int32")[order], (order + self._start).astype("int32")

    def call(self, inputs: Any) -> Any:
        """The indices, their encoding, or with `invert` the values."""
        inputs = jnp.asarray(inputs).astype("int32")
        if not self._tokens and _only_shapes():
            return self._encode(inputs)
        self._check_known()
        return self._values(inputs) if self.invert else self._encode(self._indices(inputs))

    def _values(self, indices: jax.Array) -> jax.Array:
        table = jnp.asarray(self.get_vocabulary(), "int32")
        inside = (indices >= 0) & (indices < len(table))
        return jnp.where(inside, table[jnp.clip(indices, 0, len(table) - 1)], self.oov_token)

    def _indices(self, values: jax.Array) -> jax.Array:
        known, indices = (jnp.asarray(array) for array in self._sorted)
        place = jnp.clip(jnp.searchsorted(known, values), 0, len(known) - 1)
        unknown = self._first + values % self.num_oov_indices if self.num_oov_indices else -1
        found = jnp.where(known[place] == values, indices[place], unknown)
        if self.mask_token is not None:
            found = jnp.where(values == self.mask_token, 0 if self.output_mode == "int" else -1, found)
        if not self.num_oov_indices and not isinstance(values, jax.core.Tracer):
            self._refuse_unknown(np.asarray(values)[(np.asarray(found) < 0) & (np.asarray(values) != self.mask_token)])
        return found

    def _refuse_unknown(self, unknown: np.ndarray) -> None:
        if unknown.size:
            what = f"{type(self).__name__} {self.name!r}: values aren't in the vocabulary."
            raise ValueError(explain(what, got=brief(unknown.tolist()), fix="Pass num_oov_indices=1."))


@register("layer")
class StringLookup(HostLayer, IndexLookup):
    """Strings to the indices of a vocabulary, or back.

    Args: those of `IntegerLookup`, and
        oov_token: default "[UNK]".
        encoding: of bytes among the inputs.

    It runs on the host: in a model it stands at the inputs. Unknown values share several indices by FarmHash, or with
    `salt` by SipHash, as in Keras.

    >>> StringLookup(vocabulary=["a", "b"])([["b", "a", "?"]]).tolist()
    [[2, 1, 0]]
    """

    def __init__(
        self,
        max_tokens: int | None = None,
        num_oov_indices: int = 1,
        mask_token: str | None = None,
        oov_token: str = "[UNK]",
        vocabulary: Any = None,
        idf_weights: Any = None,
        invert: bool = False,
        output_mode: str = "int",
        pad_to_max_tokens: bool = False,
        sparse: bool = False,
        encoding: str = "utf-8",
        name: str | None = None,
        salt: Any = None,
        **kwargs: Any,
    ) -> None:
        self.encoding = encoding
        super().__init__(
            max_tokens, num_oov_indices, mask_token, oov_token, vocabulary, idf_weights, invert, output_mode, sparse,
            pad_to_max_tokens, salt=salt, name=name, **kwargs,
        )  # fmt: skip

    def _plain(self, values: Any) -> np.ndarray:
        return text_array(values, self.encoding)

    def _index_tokens(self) -> None:
        self._table = {token: index for index, token in enumerate(self._tokens, self._start)}

    def _output_of(self, shape: tuple) -> tuple[tuple, Any]:
        shape, dtype = encoded_shape(shape, self.output_mode, self._depth())
        return shape, "string" if self.invert else dtype

    def call(self, inputs: Any) -> Any:
        """The indices, their encoding, or with `invert` the strings."""
        self._check_known()
        if self.invert:
            table, indices = np.array(self.get_vocabulary(), dtype=object), np.asarray(inputs)
            inside = (indices >= 0) & (indices < len(table))
            return np.where(inside, table[np.clip(indices, 0, len(table) - 1)], self.oov_token)
        values = self._plain(inputs)
        return self._encode(self.indices(values.ravel().tolist()).reshape(values.shape))

    def indices(self, tokens: list[str]) -> np.ndarray:
        """The index of each of the tokens."""
        table, unknown = self._table, self._first if self.num_oov_indices == 1 else -2
        found = np.fromiter((table.get(token, unknown) for token in tokens), "int32", len(tokens))
        if self.mask_token is not None:
            masked = np.fromiter((token == self.mask_token for token in tokens), "bool", len(tokens))
            found[masked] = 0 if self.output_mode == "int" else -1
        missing = np.flatnonzero(found == -2)
        if missing.size:
            rest = np.array([tokens[place] for place in missing])
            if not self.num_oov_indices:
                what = f"StringLookup {self.name!r}: values aren't in the vocabulary."
                raise ValueError(explain(what, got=brief(rest.tolist()), fix="Pass num_oov_indices=1."))
            key = None if self.salt is None else (self.salt[0], self.salt[1])
            found[missing] = self._first + bins_of(rest, self.num_oov_indices, key)
        return found


def _only_shapes() -> bool:
    """Whether a call is traced for the sake of shapes alone."""
    try:
        return isinstance(variables.current_scope(), symbolic.ShapesOnly)
    except RuntimeError:
        return False
