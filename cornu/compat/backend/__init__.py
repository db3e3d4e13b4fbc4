"""`from keras import backend as K`: the functions of Keras 1's, Keras 2's and tf.keras's backends, on today's `ops`.

Each takes arrays, variables and symbolic tensors. Names, defaults and formulas are Keras 2's; old argument names are
understood. Files by subject: settings, state (variables, placeholders, updates), mathematics, arrays, network
(activations, losses), convolution, draws, phase (of learning), loops, sizes, derivatives, functions.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from cornu.compat.backend import (
    arrays,
    convolution,
    derivatives,
    draws,
    functions,
    loops,
    mathematics,
    network,
    phase,
    settings,
    state,
)
from cornu.compat.backend.offering import FUNCTIONS
from cornu.errors import nearest
from cornu.symbolic import KerasTensor as KerasTensor
from cornu.variables import Variable as Variable

globals().update(FUNCTIONS)

__all__ = sorted(FUNCTIONS)

common = tensorflow_backend = theano_backend = load_backend = sys.modules[__name__]

_ABSENT = {
    "T": "Theano's functions aren't here; K's own functions do the same on every backend.",
    "theano": "Theano isn't here; K's own functions do the same on every backend.",
    "C": "CNTK's functions aren't here; K's own functions do the same on every backend.",
    "th_sparse_module": "There are no sparse tensors; use full ones.",
}


def __getattr__(name: str) -> Any:
    """`_BACKEND`, which follows the dialect, and `tf`; AttributeError for every other name."""
    if name in ("_BACKEND", "_backend"):
        return FUNCTIONS["backend"]()
    if name == "tf":
        return importlib.import_module("cornu.compat.tensorflow")
    if name.startswith("__"):
        raise AttributeError(name)
    fix = _ABSENT.get(name, "See keras.ops, and dir(keras.backend), for what there is.")
    raise AttributeError(f"keras.backend has no {name!r}.{nearest(name, FUNCTIONS)} {fix}")
