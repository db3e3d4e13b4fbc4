"""Fashion-MNIST: 70,000 grayscale images, 28x28, of ten kinds of clothing.

The labels mean T-shirt/top, trouser, pullover, dress, coat, sandal, shirt, sneaker, bag, ankle boot. Source: H. Xiao,
K. Rasul and R. Vollgraf, 2017, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms",
arXiv:1708.07747. Licence: MIT.
"""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from cornu.datasets.fetch import MEBIBYTE, RemoteFile, locate
from cornu.datasets.split import Halves
from cornu.errors import explain

_HASHES = {
    "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
    "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
    "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
    "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
}
FILES = {
    name: RemoteFile(
        name,
        f"https://storage.googleapis.com/tensorflow/tf-keras-datasets/{name}",
        file_hash,
        32 * MEBIBYTE,
        folder="fashion-mnist",
    )
    for name, file_hash in _HASHES.items()
}
_LIMIT = 64 * MEBIBYTE  # after unpacking


def load_data() -> Halves:
    """Fashion-MNIST as `(x_train, y_train), (x_test, y_test)`: 60,000 and 10,000 images.

    Its four files have the names that MNIST's have, and therefore a folder `fashion-mnist` to themselves.

    Returns:
        Images, uint8 of shape (n, 28, 28), 0 (background) to 255; labels, uint8 of shape (n,), 0 to 9.

    Raises ConnectionError if a file is nowhere to be had, ValueError if it is not the file it should be.
    """
    return _half("train"), _half("t10k")


def _half(name: str) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(locate(FILES[f"{name}-images-idx3-ubyte.gz"]), 3)
    labels = read_idx(locate(FILES[f"{name}-labels-idx1-ubyte.gz"]), 1)
    if images.shape != (len(labels), 28, 28):
        raise ValueError(
            explain(
                f"The files of Fashion-MNIST's {name} half don't belong together.",
                expected=f"images of shape ({len(labels)}, 28, 28), as there are that many labels",
                got=f"images of shape {images.shape}",
            )
        )
    return images, labels


def read_idx(path: Path, rank: int) -> np.ndarray:
    """The array of bytes in a gzipped IDX file: a magic number, `rank` big-endian sizes, and the bytes.

    Raises ValueError if the file is damaged, too large, or of another rank or type.
    """
    try:
        with gzip.open(path) as stream:
            content = stream.read(_LIMIT + 1)
        magic, *shape = struct.unpack_from(f">{rank + 1}I", content)
    except (gzip.BadGzipFile, zlib.error, EOFError, struct.error) as error:
        raise ValueError(explain(f"{path} is damaged: {error}", expected="a gzipped IDX file")) from error
    start = 4 * (rank + 1)
    if magic != 0x0800 + rank or len(content) - start != math.prod(shape):
        raise ValueError(
            explain(
                f"{path} is not the file it should be.",
                expected=f"an IDX file of bytes with {rank} dimension{'s' * (rank > 1)}, and the bytes they need",
                got=f"magic number {magic:#x}, sizes {shape}, {len(content) - start:,} bytes or more",
            )
        )
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)
