"""The state of a whole run in one file of data, JSON and arrays.

A new file is written beside the old one and then put in its place.
"""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from cornu import dtypes
from cornu.errors import explain

_FORMAT = 1


def write(path: Path, state: Any) -> None:
    """Writes a state: numbers, text, None and arrays, nested in lists and dicts. The old file stays until it is done.

    Raises TypeError for anything else.
    """
    arrays: list[np.ndarray] = []
    text = json.dumps({"format": _FORMAT, "state": _pack(state, arrays)})
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with open(beside, "wb") as stream:
            members = {str(i): _plain(array) for i, array in enumerate(arrays)}
            np.savez(stream, allow_pickle=False, json=np.frombuffer(text.encode(), "uint8"), **members)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)
    _flush_directory(path.parent)


def read(path: Path) -> Any:
    """The state in a file. Raises ValueError for a damaged file or another kind, OSError for one out of reach."""
    try:
        with np.load(path, allow_pickle=False) as members:
            data = json.loads(members["json"].tobytes())
            if data["format"] != _FORMAT:
                raise ValueError(f"format {data['format']}")
            return _unpack(data["state"], members)
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            explain(f"{path} is damaged, or no backup of cornu.", expected="a backup", got=f"{error}")
        ) from error


def _flush_directory(folder: Path) -> None:
    """Makes a new name in a folder last through a power cut, where the system lets a folder be flushed."""
    if hasattr(os, "O_DIRECTORY"):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _plain(array: np.ndarray) -> np.ndarray:
    """An array of a dtype that every NumPy knows; bfloat16 and float8 as unsigned integers of their size."""
    return array if array.dtype.kind in "biufc" else array.view(f"uint{8 * array.dtype.itemsize}")


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, dict):
        return {"dict": [[str(key), _pack(item, arrays)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_pack(item, arrays) for item in value]
    if hasattr(value, "__array__"):
        arrays.append(np.asarray(value))
        return {"array": len(arrays) - 1, "dtype": dtypes.standardize(arrays[-1].dtype)}
    raise TypeError(
        explain(
            "A callback's state can't be saved.",
            expected="numbers, text, arrays, lists and dicts of them",
            got=f"{value!r}, of type {type(value).__name__}",
            fix="Name only such attributes in the callback's `remembers`.",
        )
    )


def _unpack(value: Any, members: Any) -> Any:
    if isinstance(value, list):
        return [_unpack(item, members) for item in value]
    if isinstance(value, dict) and "array" in value:
        return members[str(int(value["array"]))].view(dtypes.numpy_dtype(value["dtype"]))
    if isinstance(value, dict):
        return {key: _unpack(item, members) for key, item in value["dict"]}
    return value
