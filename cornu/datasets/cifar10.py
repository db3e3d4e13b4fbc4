"""CIFAR-10: 60,000 color images, 32x32, of ten kinds of things.

The labels mean airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. Source: A. Krizhevsky, 2009,
"Learning multiple layers of features from tiny images", https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import numpy as np

from cornu.datasets.cifar import SIZE_LIMIT, SOURCE, read_batches
from cornu.datasets.fetch import RemoteFile, locate
from cornu.datasets.split import Halves

FILE = RemoteFile(
    "cifar-10-python.tar.gz",
    SOURCE + "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    SIZE_LIMIT,
    other_names=("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz"),
)
_BATCHES = [f"cifar-10-batches-py/{name}" for name in (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")]


def load_data() -> Halves:
    """CIFAR-10 as `(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images.

    Returns:
        Images, uint8 of shape (n, 32, 32, 3), or (n, 3, 32, 32) where `cornu.config.image_data_format()` is
        "channels_first"; labels, uint8 of shape (n, 1), 0 to 9.

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    *train, (x_test, test_labels) = read_batches(locate(FILE), _BATCHES, "labels")
    x_train = np.concatenate([images for images, _ in train])
    y_train = np.concatenate([np.array(labels, "uint8") for _, labels in train])
    return (x_train, y_train[:, None]), (x_test, np.array(test_labels, "uint8")[:, None])
