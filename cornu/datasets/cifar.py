"""What CIFAR-10 and CIFAR-100 share: pickled batches of 32x32 color images in a tar archive."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from cornu import config
from cornu.datasets import archives, plain_pickle
from cornu.datasets.fetch import MEBIBYTE
from cornu.errors import brief, explain

SOURCE = "https://www.cs.toronto.edu/~kriz/"
SIZE_LIMIT = 256 * MEBIBYTE
_BUDGET = archives.Budget(count=100, size=512 * MEBIBYTE)


def read_batches(path: Path, names: list[str], label_key: str) -> list[tuple[np.ndarray, list[int]]]:
    """The images and labels of the named batches of an archive, each batch a pair.

    Images come as the process's image layout says. Raises ValueError if the archive is not what it should be.
    """
    contents = archives.read_members(path, names, _BUDGET)
    return [_batch(path, contents[name], label_key) for name in names]


def _batch(path: Path, content: bytes, label_key: str) -> tuple[np.ndarray, list[int]]:
    batch = plain_pickle.loads(content)
    batch = batch if type(batch) is dict else {}
    named = {key.decode() if isinstance(key, bytes) else key: value for key, value in batch.items()}
    images, labels = named.get("data"), named.get(label_key)
    if not _are_images(images) or not _are_labels(labels, len(images)):
        raise ValueError(
            explain(
                f"{path} is not the archive it should be.",
                expected=f"batches of `data`, uint8 of shape (n, 3072), and `{label_key}`, n integers",
                got=f"`data`: {brief(images)}; `{label_key}`: {brief(labels)}",
            )
        )
    planes = images.reshape(-1, 3, 32, 32)
    return planes.transpose(0, 2, 3, 1) if config.image_data_format() == "channels_last" else planes, labels


def _are_images(value: Any) -> TypeGuard[np.ndarray]:
    return isinstance(value, np.ndarray) and value.dtype == np.uint8 and value.shape[1:] == (3072,)


def _are_labels(value: Any, count: int) -> TypeGuard[list[int]]:
    return type(value) is list and len(value) == count and set(map(type, value)) <= {int}
