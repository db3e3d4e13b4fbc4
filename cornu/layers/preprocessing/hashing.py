"""Categories into a fixed number of bins, by hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cornu import config
from cornu.errors import explain
from cornu.layers.preprocessing.encoding import encode, refuse_sparse
from cornu.layers.preprocessing.fingerprints import bins_of, fingerprint, hash_each, join_fingerprints
from cornu.layers.preprocessing.host import HostLayer, text_array
from cornu.registry import register
from cornu.signature import integer, one_of, positive_int


def hashable(value: Any) -> np.ndarray:
    """An array of strings or of integers; real numbers are cut."""
    array = np.asarray(value)
    return array.astype("int64") if array.dtype.kind in "biuf" else text_array(array)


def salt_pair(owner: Any, salt: Any) -> list[int] | None:
    """A key of two words; ValueError for anything but one or two integers."""
    if salt is None:
        return None
    pair = list(salt) if isinstance(salt, (list, tuple)) else [salt, salt]
    if len(pair) != 2 or not all(map(integer.test, pair)):
        what = f"{type(owner).__name__} {owner.name!r}: argument `salt` is wrong."
        raise ValueError(explain(what, expected="an integer, or two", got=salt))
    return pair


def encoded_shape(shape: tuple, mode: str, depth: int | None) -> tuple[tuple, Any]:
    """The shape and dtype of encoded categories."""
    if mode == "int":
        return shape, "int32"
    if mode == "one_hot":
        return ((*shape[:-1], depth) if len(shape) > 1 and shape[-1] == 1 else (*shape, depth)), config.floatx()
    return (*shape[:-1], depth), config.floatx()


class _Hashed(HostLayer):
    """Base of the hashing layers."""

    num_bins: int
    output_mode: str

    def _output_of(self, shape: tuple) -> tuple[tuple, Any]:
        return encoded_shape(shape, self.output_mode, self.num_bins)


@register("layer")
class Hashing(_Hashed):
    """Strings or integers into bins by hash, the same ones as in Keras.

    Args:
        num_bins: the number of bins.
        mask_value: the value that stands for nothing and takes bin 0, which no other value gets then.
        salt: one or two integers, the key of SipHash; without, FarmHash's fingerprint is taken.
        output_mode: "int", or as in `CategoryEncoding`.
        sparse: refused if True.

    It runs on the host: in a model it stands at the inputs.

    >>> Hashing(num_bins=3)([["A"], ["B"], ["C"]]).tolist()
    [[1], [0], [1]]
    """

    domains = {"num_bins": positive_int, "output_mode": one_of("int", "one_hot", "multi_hot", "count")}

    def __init__(
        self,
        num_bins: int,
        mask_value: Any = None,
        salt: int | Sequence[int] | None = None,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        refuse_sparse(self, sparse)
        self.num_bins, self.mask_value, self.output_mode = num_bins, mask_value, output_mode
        self.salt = salt_pair(self, salt)

    def call(self, inputs: Any) -> Any:
        """The bins, or their encoding."""
        values = hashable(inputs)
        key = None if self.salt is None else (self.salt[0], self.salt[1])
        masked = self.mask_value is not None and self.num_bins > 1
        bins = bins_of(values, self.num_bins - masked, key)
        if masked:
            bins = np.where(values == self.mask_value, 0, bins + 1).astype("int32")
        return encode(bins, self.output_mode, self.num_bins, config.floatx())


_CROSS_KEY = 0xDECAFCAFFE
"""Where TensorFlow's feature crosses begin."""


@register("layer")
class HashedCrossing(_Hashed):
    """Several features as one: each combination into a bin by hash, the same ones as in Keras.

    Args:
        num_bins: the number of bins.
        output_mode: "int" or "one_hot".
        sparse: refused if True.

    Called on a list of two or more arrays, of strings or integers, of one shape: (), (batch,) or (batch, 1).
    It runs on the host: in a model it stands at the inputs.

    >>> HashedCrossing(num_bins=5)((["A", "B"], [101, 101])).tolist()
    [1, 4]
    """

    domains = {"num_bins": positive_int, "output_mode": one_of("int", "one_hot")}

    def __init__(
        self,
        num_bins: int,
        output_mode: str = "int",
        sparse: bool = False,
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, dtype=dtype, **kwargs)
        refuse_sparse(self, sparse)
        self.num_bins, self.output_mode = num_bins, output_mode

    def _base_config(self) -> dict:
        base = super()._base_config()
        del base["trainable"]  # Keras's constructor doesn't take it
        return base

    def call(self, inputs: Any) -> Any:
        """The bins, or their encoding."""
        features = [hashable(feature) for feature in inputs] if isinstance(inputs, (list, tuple)) else []
        shapes = {feature.shape for feature in features}
        shape = next(iter(shapes), ())
        if len(features) < 2 or len(shapes) > 1 or len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
            raise ValueError(
                explain(
                    f"HashedCrossing {self.name!r}: the inputs don't fit.",
                    expected="a list of two or more arrays of one shape: (), (batch,) or (batch, 1)",
                    got=f"shapes {[feature.shape for feature in features]}",
                )
            )
        columns = [f if f.dtype.kind in "iu" else hash_each(f, fingerprint) for f in features]
        bins = []
        for row in zip(*(column.ravel().tolist() for column in columns), strict=True):
            crossed = _CROSS_KEY
            for value in row:
                crossed = join_fingerprints(crossed, value & ((1 << 64) - 1))
            bins.append(crossed % self.num_bins)
        return encode(np.array(bins, "int32").reshape(shape), self.output_mode, self.num_bins, config.floatx())
