"""California housing: 20,640 block groups of the census of 1990, 8 attributes each, and the median house value.

Source: R. Kelley Pace and Ronald Barry, 1997, "Sparse spatial autoregressions", Statistics and Probability Letters 33,
through the StatLib library of Carnegie Mellon University. The attributes are median income, median age of the houses,
rooms, bedrooms and people per household, population, latitude and longitude.
"""

from __future__ import annotations

import os

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves, check_test_split, shuffle_and_cut
from cornu.errors import explain, nearest

FILE = RemoteFile(
    "california_housing.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/california_housing.npz",
    "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
    4 * MEBIBYTE,
)
_ARRAYS = {"x": Expected("f", ("rows", 8)), "y": Expected("f", ("rows",))}
_ROWS = {"small": 600, "large": None}


def load_data(
    version: str = "large",
    path: str | os.PathLike = "california_housing.npz",
    test_split: float = 0.2,
    seed: int | None = 113,
) -> Halves:
    """California housing as `(x_train, y_train), (x_test, y_test)`.

    Args:
        version: "large" for all rows, "small" for the first 600.
        path: the file's name in the caches, or an absolute path. See `cornu.datasets` for where it is looked for.
        test_split: the part of the rows that become test data, in [0, 1).
        seed: of the order of the rows.

    Returns:
        Attributes, floating-point of shape (n, 8); house values in dollars, floating-point of shape (n,).

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    check_test_split(test_split)
    if version not in _ROWS:
        raise ValueError(
            explain(f"Invalid `version`.{nearest(version, _ROWS)}", expected='"small" or "large"', got=version)
        )
    data = read_npz(locate(FILE, path), _ARRAYS, 8 * MEBIBYTE)
    rows = slice(_ROWS[version])
    return shuffle_and_cut(data["x"][rows], data["y"][rows], test_split, seed)
