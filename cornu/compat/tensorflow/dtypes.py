"""`tf.dtypes`: types that work wherever cornu, NumPy and JAX take one."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu.compat.tensorflow.calls import missing
from cornu.ops import cast as cast
from cornu.ops import saturate_cast as saturate_cast


class DType:
    """A dtype with TensorFlow's attributes; it equals its name and NumPy's dtype.

    >>> float32 = DType("float32")
    >>> float32 == "float32", float32 == np.float32, float32.as_numpy_dtype is np.float32
    (True, True, True)
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.dtype = np.dtype(object) if name == "string" else dtypes.numpy_dtype(name)  # where NumPy looks for it

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's scalar type."""
        return self.dtype.type

    @property
    def base_dtype(self) -> DType:
        """The dtype itself."""
        return self

    real_dtype = base_dtype

    @property
    def is_floating(self) -> bool:
        """Whether it is a floating-point type."""
        return self.name in dtypes.FLOATS

    @property
    def is_integer(self) -> bool:
        """Whether it is an integer type."""
        return self.name in dtypes.INTEGERS

    @property
    def is_bool(self) -> bool:
        """Whether it is the boolean type."""
        return self.name == "bool"

    @property
    def is_complex(self) -> bool:
        """Whether it is a complex type."""
        return self.name.startswith("complex")

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.dtype.itemsize

    @property
    def min(self) -> Any:
        """The lowest value."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """The highest value."""
        return self._limits().max

    def _limits(self) -> Any:
        return jnp.finfo(self.dtype) if self.is_floating else jnp.iinfo(self.dtype)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, DType):
            return self.name == other.name
        try:
            return other is not None and dtypes.standardize(other) == self.name
        except (ValueError, TypeError):
            return False

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"tf.{self.name}"


NAMES = {**{name: name for name in dtypes.ALLOWED}, "half": "float16", "double": "float64"}


def as_dtype(type_value: Any) -> DType:
    """The dtype of a name, a NumPy dtype or a dtype."""
    return globals()[dtypes.standardize(type_value)]


globals().update({alias: DType(name) for alias, name in NAMES.items()})


def __getattr__(name: str) -> Any:
    raise missing("dtypes", name, globals())
