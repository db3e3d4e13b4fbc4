"""One call that makes a program's draws the same every time."""

from __future__ import annotations

import random
import sys

import numpy as np

from cornu import random as draws
from cornu.errors import explain


def set_random_seed(seed: int) -> None:
    """Seeds cornu, Python's `random` and NumPy; PyTorch and TensorFlow, too, where the program has loaded them.

    Initial weights, shuffling, dropout and augmentation follow from cornu's seed; the others' seeds matter for data
    that the program draws with them.

    Raises ValueError unless `seed` is an integer in [0, 2**32).

    >>> set_random_seed(7)
    >>> first = np.random.rand()
    >>> set_random_seed(7)
    >>> first == np.random.rand()
    True
    """
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise ValueError(
            explain("set_random_seed: argument `seed` is wrong.", expected="0 <= integer < 2**32", got=seed)
        )
    seed = int(seed)
    draws.set_root_seed(seed)
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 - programs that draw from NumPy's global state are who this is for
    if (torch := sys.modules.get("torch")) is not None:
        torch.manual_seed(seed)
    if (tensorflow := sys.modules.get("tensorflow")) is not None:
        tensorflow.random.set_seed(seed)
