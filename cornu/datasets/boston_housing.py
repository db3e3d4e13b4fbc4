"""Boston housing: 506 suburbs, 13 attributes each, and the median value of their homes.

Source: D. Harrison and D. L. Rubinfeld, 1978, "Hedonic housing prices and the demand for clean air", J. Environ.
Economics & Management 5, through the StatLib library of Carnegie Mellon University. One of its attributes, B,
supposes that racial segregation raises prices; `california_housing` shows regression as well, without that.
"""

from __future__ import annotations

import os

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves, check_test_split, shuffle_and_cut

FILE = RemoteFile(
    "boston_housing.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz",
    "f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5",
    MEBIBYTE,
)
_ARRAYS = {"x": Expected("f", ("rows", 13)), "y": Expected("f", ("rows",))}


def load_data(
    path: str | os.PathLike = "boston_housing.npz", test_split: float = 0.2, seed: int | None = 113
) -> Halves:
    """Boston housing as `(x_train, y_train), (x_test, y_test)`.

    Args:
        path: the file's name in the caches, or an absolute path. See `cornu.datasets` for where it is looked for.
        test_split: the part of the rows that become test data, in [0, 1).
        seed: of the order of the rows.

    Returns:
        Attributes, float64 of shape (n, 13); home values in thousands of dollars, float64 of shape (n,).

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    check_test_split(test_split)
    data = read_npz(locate(FILE, path), _ARRAYS, MEBIBYTE)
    return shuffle_and_cut(data["x"], data["y"], test_split, seed)
