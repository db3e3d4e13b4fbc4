"""Names of dtypes, and policies of mixed precision."""

from __future__ import annotations

import contextlib
from typing import Any

import ml_dtypes
import numpy as np

from cornu import config
from cornu.errors import explain, nearest

FLOATS = ("float16", "bfloat16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")
INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
OTHERS = ("bool", "complex64", "complex128", "string")
ALLOWED = FLOATS + INTEGERS + OTHERS

_SPELLINGS: dict[Any, str] = {float: "float32", int: "int32", bool: "bool", str: "string"}
_SPELLINGS |= {kind.__name__: name for kind, name in _SPELLINGS.items()}


def standardize(dtype: Any = None) -> str:
    """The canonical name of a dtype; None is the default floating-point type.

    Raises ValueError for anything that names no dtype.

    >>> import numpy as np
    >>> standardize(np.float16), standardize(int), standardize(None)
    ('float16', 'int32', 'float32')
    """
    if dtype is None:
        return config.floatx()
    if isinstance(dtype, (str, type)) and dtype in _SPELLINGS:
        return _SPELLINGS[dtype]
    if isinstance(dtype, str) and dtype in ALLOWED:
        return dtype
    if isinstance(dtype, np.dtype) and dtype.kind in "OSU":
        return "string"
    name = getattr(dtype, "name", None) or str(dtype).removeprefix("torch.")
    with contextlib.suppress(TypeError):
        name = name if name in ALLOWED else np.dtype(dtype).name
    if name not in ALLOWED:
        raise ValueError(
            explain(f"Unknown dtype.{nearest(name, ALLOWED)}", expected=f"one of {', '.join(ALLOWED)}", got=dtype)
        )
    return name


def is_float(dtype: object) -> bool:
    """Whether a dtype is a floating-point one (bfloat16 and float8 included)."""
    return standardize(dtype) in FLOATS


def is_integer(dtype: object) -> bool:
    """Whether a dtype is an integer one (bool is not)."""
    return standardize(dtype) in INTEGERS


def numpy_dtype(dtype: object) -> np.dtype:
    """The NumPy dtype of a name, bfloat16 and float8 included; strings are objects."""
    name = standardize(dtype)
    if name == "string":
        return np.dtype(object)
    return np.dtype(getattr(ml_dtypes, name)) if name.startswith(("bfloat16", "float8")) else np.dtype(name)


_MIXED = ("mixed_float16", "mixed_bfloat16")


class DTypePolicy:
    """In which dtype a layer computes and in which it keeps its weights.

    `name` is a dtype, for both, or "mixed_float16" or "mixed_bfloat16": 16-bit computation over float32 weights
    (Micikevicius et al., 2018, "Mixed Precision Training").

    >>> DTypePolicy("mixed_bfloat16").compute_dtype, DTypePolicy("mixed_bfloat16").variable_dtype
    ('bfloat16', 'float32')
    """

    def __init__(self, name: str | None = None) -> None:
        self.name = config.floatx() if name is None else name
        if self.name in _MIXED:
            self.compute_dtype, self.variable_dtype = self.name.removeprefix("mixed_"), "float32"
        else:
            self.compute_dtype = self.variable_dtype = standardize(self.name)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> DTypePolicy:
        """A policy from its arguments."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


_default: DTypePolicy | None = None


def dtype_policy() -> DTypePolicy:
    """The policy of layers that name none."""
    return _default or DTypePolicy()


def set_dtype_policy(policy: str | DTypePolicy) -> None:
    """Sets the policy of layers made from now on."""
    global _default
    _default = get_policy(policy)


def get_policy(identifier: object = None) -> DTypePolicy:
    """A policy from None (the default one), a policy, its name, a dtype, or a saved config."""
    if identifier is None:
        return dtype_policy()
    if isinstance(identifier, DTypePolicy):
        return identifier
    if isinstance(identifier, dict):
        return DTypePolicy(identifier.get("config", identifier).get("name"))
    if isinstance(identifier, str) and identifier.startswith("mixed"):
        if identifier not in _MIXED:
            what = f"Unknown dtype policy.{nearest(identifier, _MIXED)}"
            raise ValueError(explain(what, expected=f"a dtype, or one of {', '.join(_MIXED)}", got=identifier))
        return DTypePolicy(identifier)
    return DTypePolicy(standardize(identifier))
