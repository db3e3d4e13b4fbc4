"""Digits: 1,797 grayscale images, 8x8, of handwritten digits. They are part of the package: no network is needed.

Source: E. Alpaydin and C. Kaynak, 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository,
https://doi.org/10.24432/C50P49, its test set, as scikit-learn packages it. Licence: CC BY 4.0. A pixel is the number
of dark points, 0 to 16, in a 4x4 block of a 32x32 scan; 13 people wrote them.
"""

from __future__ import annotations

from pathlib import Path

from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves, every_fifth_of_each_class

_PATH = Path(__file__).parent / "data" / "digits.npz"
_ARRAYS = {"x": Expected("u", ("rows", 8, 8)), "y": Expected("u", ("rows",))}


def load_data() -> Halves:
    """Digits as `(x_train, y_train), (x_test, y_test)`: 1,442 and 355 images.

    Of each digit, every fifth image is a test image, in the order of the source: the split is always the same.

    Returns:
        Images, uint8 of shape (n, 8, 8), 0 (background) to 16; labels, uint8 of shape (n,), 0 to 9.

    >>> (x_train, y_train), (x_test, y_test) = load_data()
    >>> x_train.shape, x_test.shape, int(x_train.max())
    ((1442, 8, 8), (355, 8, 8), 16)
    """
    data = read_npz(_PATH, _ARRAYS, 2**20)
    x, y = data["x"], data["y"]
    test = every_fifth_of_each_class(y)
    return (x[~test], y[~test]), (x[test], y[test])
