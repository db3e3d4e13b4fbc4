"""MNIST: 70,000 grayscale images, 28x28, of handwritten digits.

Source: Y. LeCun, C. Cortes and C. J. C. Burges, "The MNIST database of handwritten digits", after images of NIST;
LeCun et al., 1998, "Gradient-based learning applied to document recognition". Licence: CC BY-SA 3.0.
"""

from __future__ import annotations

import os

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.npz import Expected, read_npz
from cornu.datasets.split import Halves

FILE = RemoteFile(
    "mnist.npz",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    16 * MEBIBYTE,
)
_ARRAYS = {
    "x_train": Expected("u", ("train", 28, 28)),
    "y_train": Expected("u", ("train",)),
    "x_test": Expected("u", ("test", 28, 28)),
    "y_test": Expected("u", ("test",)),
}


def load_data(path: str | os.PathLike = "mnist.npz") -> Halves:
    """MNIST as `(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 images.

    Args:
        path: the file's name in the caches, or an absolute path. See `cornu.datasets` for where it is looked for.

    Returns:
        Images, uint8 of shape (n, 28, 28), 0 (background) to 255; labels, uint8 of shape (n,), 0 to 9.

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    data = read_npz(locate(FILE, path), _ARRAYS, 128 * MEBIBYTE)
    return (data["x_train"], data["y_train"]), (data["x_test"], data["y_test"])
