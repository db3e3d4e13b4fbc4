"""Settings, dtypes and names under the names that Keras 3 has in `keras.backend`."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import dtypes
from cornu.config import backend as backend
from cornu.config import epsilon as epsilon
from cornu.config import floatx as floatx
from cornu.config import image_data_format as image_data_format
from cornu.config import set_epsilon as set_epsilon
from cornu.config import set_floatx as set_floatx
from cornu.config import set_image_data_format as set_image_data_format
from cornu.dtypes import is_float as is_float_dtype
from cornu.dtypes import is_integer as is_int_dtype
from cornu.dtypes import standardize as standardize_dtype
from cornu.utils.session import clear_session as clear_session
from cornu.utils.session import get_uid as get_uid
from cornu.utils.session import is_keras_tensor as is_keras_tensor

_WEAK = {bool: False, int: 0, float: 0.0}


def result_type(*dtypes_: Any) -> str:
    """The dtype of a result of arrays of several dtypes; Python's `int` and `float` take the others' width.

    64-bit types are 32-bit ones unless the process computes in 64 bits, as in all of cornu's operations.

    >>> result_type("int32", "float16"), result_type("bfloat16", float), result_type(int)
    ('float16', 'bfloat16', 'int32')
    """
    if not dtypes_:
        return floatx()
    values = [_WEAK[d] if d in _WEAK else dtypes.numpy_dtype(d) for d in dtypes_]
    return dtypes.standardize(jnp.result_type(*values))


__all__ = [
    "backend",
    "clear_session",
    "epsilon",
    "floatx",
    "get_uid",
    "image_data_format",
    "is_float_dtype",
    "is_int_dtype",
    "is_keras_tensor",
    "result_type",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
    "standardize_dtype",
]
