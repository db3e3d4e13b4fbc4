"""CIFAR-100: 60,000 color images, 32x32, of a hundred kinds of things in twenty groups.

Source: A. Krizhevsky, 2009, "Learning multiple layers of features from tiny images",
https://www.cs.toronto.edu/~kriz/cifar.html.
"""

from __future__ import annotations

import numpy as np

from cornu.datasets.cifar import SIZE_LIMIT, SOURCE, read_batches
from cornu.datasets.fetch import RemoteFile, locate
from cornu.datasets.split import Halves
from cornu.errors import explain, nearest

FILE = RemoteFile(
    "cifar-100-python.tar.gz",
    SOURCE + "cifar-100-python.tar.gz",
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    SIZE_LIMIT,
    other_names=("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),
)
_LABELS = ("fine", "coarse")


def load_data(label_mode: str = "fine") -> Halves:
    """CIFAR-100 as `(x_train, y_train), (x_test, y_test)`: 50,000 and 10,000 images.

    Args:
        label_mode: "fine" for the hundred kinds, "coarse" for the twenty groups.

    Returns:
        Images, uint8 of shape (n, 32, 32, 3), or (n, 3, 32, 32) where `cornu.config.image_data_format()` is
        "channels_first"; labels, int64 of shape (n, 1).

    Raises ConnectionError if the file is nowhere to be had, ValueError if it is not the file it should be.
    """
    if label_mode not in _LABELS:
        raise ValueError(
            explain(
                f"Invalid `label_mode`.{nearest(label_mode, _LABELS)}", expected='"fine" or "coarse"', got=label_mode
            )
        )
    names = ["cifar-100-python/train", "cifar-100-python/test"]
    train, test = read_batches(locate(FILE), names, f"{label_mode}_labels")
    return tuple((images, np.array(labels, "int64")[:, None]) for images, labels in (train, test))  # type: ignore
