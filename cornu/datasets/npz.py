"""Reads `.npz` files as data: each array's header is held against what the file is known to hold before it is read.

Arrays of objects (rows of different lengths) come as lists, through `plain_pickle`.
"""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from cornu.datasets import plain_pickle
from cornu.datasets.archives import ArchiveError, damage_explained
from cornu.errors import explain

_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


_KINDS = {"u": "unsigned integers", "i": "integers", "f": "floating-point numbers", "O": "lists"}


@dataclass(frozen=True)
class Expected:
    """What an array must be: kinds of dtype (NumPy's letters u, i, f, O), and shape.

    A size in the shape is a number, or a word for any number: the same one wherever the word stands again.
    """

    kinds: str
    shape: tuple[int | str, ...]

    def allows(self, dtype: np.dtype, shape: tuple[int, ...], sizes: dict[str, int]) -> bool:
        """Whether an array is one of those expected; `sizes` holds what the words have come to mean so far."""
        if dtype.kind not in self.kinds or dtype.fields is not None or len(shape) != len(self.shape):
            return False
        wanted = [sizes.setdefault(w, n) if isinstance(w, str) else w for w, n in zip(self.shape, shape, strict=True)]
        return list(shape) == wanted

    def __str__(self) -> str:
        return f"{' or '.join(_KINDS[kind] for kind in self.kinds)} of shape ({', '.join(map(str, self.shape))})"


def read_npz(path: Path, expected: Mapping[str, Expected], size_limit: int) -> dict[str, Any]:
    """The expected arrays of a file, by name; arrays of objects as lists.

    Args:
        path: the file.
        expected: what each array must be; others in the file are not looked at.
        size_limit: bytes that these arrays may have together after unpacking.

    Raises ArchiveError if the file is damaged, or an array is missing, too large, or not what is expected.
    """
    with damage_explained(path), zipfile.ZipFile(path) as archive:
        entries = {info.filename: info for info in archive.infolist()}
        missing = [name for name in expected if f"{name}.npy" not in entries]
        if missing:
            raise _fault(path, f"it lacks {missing}", f"arrays {list(expected)}")
        chosen = {name: entries[f"{name}.npy"] for name in expected}
        total = sum(info.file_size for info in chosen.values())
        if total > size_limit:
            raise _fault(path, f"it holds {total:,} bytes", f"at most {size_limit:,}")
        sizes: dict[str, int] = {}
        return {name: _read(path, archive, info, expected[name], sizes) for name, info in chosen.items()}


def _read(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, expected: Expected, sizes: dict) -> Any:
    with archive.open(info) as stream:
        raw = stream.read(info.file_size)
    content = io.BytesIO(raw)
    shape, in_columns, dtype = _header(path, info.filename, content)
    if not expected.allows(dtype, shape, sizes):
        raise _fault(path, f"{info.filename} is {dtype.name} of shape {shape}", str(expected))
    rest = memoryview(raw)[content.tell() :]
    if dtype.kind == "O":
        rows = plain_pickle.loads(bytes(rest))
        if type(rows) is not list or len(rows) != math.prod(shape):
            raise _fault(path, f"{info.filename} holds other values than its header says", str(expected))
        return rows
    if math.prod(shape) * dtype.itemsize != len(rest):
        raise _fault(path, f"{info.filename} has {len(rest):,} bytes for shape {shape}", "as many as its shape needs")
    array = np.frombuffer(rest, dtype) if len(rest) else np.empty(0, dtype)
    return array.reshape(shape, order="F" if in_columns else "C").copy()


def _header(path: Path, name: str, content: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype]:
    try:
        version = np.lib.format.read_magic(content)
        return _HEADERS[version](content)
    except Exception as error:  # NumPy's parser raises many kinds for bytes that are no header
        raise _fault(path, f"{name} has no header that can be read", "an array as numpy.save writes it") from error


def _fault(path: Path, found: str, expected: str) -> ArchiveError:
    return ArchiveError(
        explain(
            f"{path} is not the file it should be.",
            expected=expected,
            got=found,
            fix="Remove it, so that it is downloaded anew, or put the right file there.",
        )
    )
