"""Weight files: HDF5, of which only what Keras writes is read.

No links but hard ones, no storage outside the file, no virtual data sets, no filters but gzip and shuffle, no types but
numbers. A data set's declared shape is compared with the variable's before anything is read, and all of them together
can't be larger than what the file may unpack to. Attributes are text or lists of text.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cornu import dtypes
from cornu.errors import explain
from cornu.saving import limits

if TYPE_CHECKING:
    import h5py

_FILTERS = {1, 2}
"""HDF5's numbers of the filters that are read: gzip and shuffle."""
_MOST_ENTRIES = 1_000_000
_MOST_LEVELS = 100
_DAMAGE = (OSError, RuntimeError, KeyError, TypeError, UnicodeError, NotImplementedError, OverflowError, MemoryError)
"""What h5py raises, by and by, for files that are damaged."""


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:
        raise ValueError(explain(f"{name} is no readable HDF5 file.", got=str(error)[:200])) from None


class WeightFile:
    """An open weight file, read by path. ValueError for whatever is wrong with it."""

    def __init__(self, source: Path | bytes, name: str) -> None:
        import h5py

        self._name, self._source = name, source
        size = len(source) if isinstance(source, bytes) else source.stat().st_size
        self._budget = limits.unpacked(size)
        with _readable(name):
            self._file = h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r")

    def __enter__(self) -> WeightFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.close()

    def datasets(self) -> list[str]:
        """The paths of all data sets."""
        with _readable(self._name):
            return list(self._walk())

    def _walk(self) -> Iterator[str]:
        import h5py

        stack, entries = [(self._file, "")], 0
        while stack:
            here, path = stack.pop()
            for key in here:
                entries += 1
                if entries > _MOST_ENTRIES or path.count("/") > _MOST_LEVELS:
                    raise ValueError(explain(f"{self._name} holds too many entries.", expected=f"{_MOST_ENTRIES}"))
                item = self._member(here, key, f"{path}{key}")
                if isinstance(item, h5py.Group):
                    stack.append((item, f"{path}{key}/"))
                else:
                    yield f"{path}{key}"

    def _member(self, group: h5py.Group, key: str, path: str) -> Any:
        import h5py

        link = group.get(key, getlink=True)
        if not isinstance(link, h5py.HardLink):
            raise ValueError(explain(f"{self._name}: {path!r} is a link.", expected="data in the file itself"))
        item = group.get(key)
        if not isinstance(item, (h5py.Group, h5py.Dataset)):
            raise ValueError(explain(f"{self._name}: {path!r} is neither group nor data set.", got=type(item).__name__))
        return item

    def _at(self, path: str) -> Any:
        """The group or data set of a path, reached without following links; None where there is none."""
        import h5py

        here, done = self._file, ""
        for key in path.split("/"):
            done = f"{done}/{key}" if done else key
            if not isinstance(here, h5py.Group) or key not in here:
                return None
            here = self._member(here, key, done)
        return here

    def has(self, path: str) -> bool:
        """Whether something stands at a path."""
        with _readable(self._name):
            return self._at(path) is not None

    def text(self, path: str, attribute: str) -> str | None:
        """An attribute of a group, "" for the file itself, that is one text; None where there is none."""
        found = self.texts(path, attribute)
        if found is not None and len(found) != 1:
            what = f"{self._name}: the attribute {attribute!r} is no text."
            raise ValueError(explain(what, expected="one text", got=f"{len(found)} texts"))
        return None if found is None else found[0]

    def texts(self, path: str, attribute: str) -> list[str] | None:
        """An attribute of a group that is a list of texts; None where there is none."""
        with _readable(self._name):
            group = self._at(path) if path else self._file
            if group is None or attribute not in group.attrs:
                return None
            stored = group.attrs.get_id(attribute)
            if 0 in stored.shape:
                return []
            self._check_texts(stored, attribute)
            values = np.atleast_1d(group.attrs[attribute]).tolist()
        return [value.decode() if isinstance(value, bytes) else value for value in values]

    def _check_texts(self, stored: h5py.h5a.AttrID, attribute: str) -> None:
        import h5py

        kind, size = stored.dtype, stored.get_storage_size()
        text = h5py.check_string_dtype(kind)
        if text is None or (kind.kind == "S" and kind.itemsize == 0):
            raise ValueError(explain(f"{self._name}: the attribute {attribute!r} is no text.", got=str(kind)))
        if text.length is None:  # each may stand for the longest text of the file, and for that again and again
            size = int(np.prod(stored.shape)) * self._longest_text
        if size > limits.ATTRIBUTE_BYTES:
            what = f"{self._name}: the attribute {attribute!r} is too large."
            raise ValueError(explain(what, expected=f"at most {limits.ATTRIBUTE_BYTES} bytes", got=size))

    @cached_property
    def _longest_text(self) -> int:
        """How long a text of variable length in this file can be: as its largest heap for such texts."""
        if isinstance(self._source, bytes):
            return max(_heap_sizes(self._source), default=0)
        with open(self._source, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return max(_heap_sizes(data), default=0)

    def find(self, path: str) -> h5py.Dataset | None:
        """The data set of a path, checked; None where there is none."""
        import h5py

        with _readable(self._name):
            found = self._at(path)
            if not isinstance(found, h5py.Dataset):
                return None
            self._check(found, path)
            return found

    def inside(self, path: str) -> dict[str, h5py.Dataset]:
        """The data sets right in a group, checked, by name."""
        import h5py

        with _readable(self._name):
            group = self._at(path)
            names = list(group) if isinstance(group, h5py.Group) else []
        found = {name: self.find(f"{path}/{name}") for name in names}
        return {name: data for name, data in found.items() if data is not None}

    def _check(self, data: h5py.Dataset, path: str) -> None:
        created = data.id.get_create_plist()
        filters = {created.get_filter(i)[0] for i in range(created.get_nfilters())}
        if data.is_virtual or data.external:
            raise ValueError(explain(f"{self._name}: {path!r} keeps its data elsewhere.", expected="data in the file"))
        if filters - _FILTERS:
            raise ValueError(explain(f"{self._name}: {path!r} is packed in another way.", got=sorted(filters)))
        if data.shape is None or (data.dtype.kind not in "biuf" and _named_type(data) is None):
            raise ValueError(explain(f"{self._name}: {path!r} holds no numbers.", got=str(data.dtype)))

    def read(self, found: Mapping[Any, h5py.Dataset]) -> dict[Any, np.ndarray]:
        """The values of data sets whose shapes were found to be right; ValueError if they are larger than the file."""
        with _readable(self._name):
            size = sum(data.size * data.dtype.itemsize for data in found.values())
        if size > self._budget:
            what = f"{self._name} says that it holds more than it can."
            raise ValueError(explain(what, expected=f"at most {self._budget} bytes", got=f"{size} bytes"))
        return {key: self._values(data) for key, data in found.items()}

    def _values(self, data: h5py.Dataset) -> np.ndarray:
        with _readable(self._name):
            values, kind = np.asarray(data[()]), _named_type(data)
        return values if kind is None else values.view(kind)


_HEAP = b"GCOL\x01"
"""How HDF5's heaps for texts of variable length begin; eight bytes further, their size stands in eight bytes."""


def _heap_sizes(data: bytes | mmap.mmap) -> Iterator[int]:
    at = data.find(_HEAP)
    while at >= 0:
        size = int.from_bytes(data[at + 8 : at + 16], "little")
        if size <= len(data) - at:  # or it is no heap, and can't be read as one
            yield size
        at = data.find(_HEAP, at + 1)


def _named_type(data: h5py.Dataset) -> np.dtype | None:
    """The type of numbers that HDF5 doesn't have, which Keras writes as bytes with the type's name beside them."""
    if data.dtype.kind != "V" or data.dtype.names or data.dtype.subdtype:
        return None
    name = data.attrs.get("dtype")
    kind = dtypes.numpy_dtype(name) if isinstance(name, str) and name in dtypes.FLOATS else None
    return kind if kind is not None and kind.itemsize == data.dtype.itemsize else None


def write(path: Path, entries: dict[str, tuple[str, dict[str, np.ndarray]]]) -> None:
    """Writes a weight file: for each part's path its name and its arrays by name."""
    import h5py

    with h5py.File(path, "w") as file:
        for place, (name, arrays) in entries.items():
            group = file.create_group(f"{place}/vars" if place else "vars")
            group.attrs["name"] = name
            for key, array in arrays.items():
                stored = group.create_dataset(key, data=array)
                if array.dtype.kind == "V":
                    stored.attrs["dtype"] = dtypes.standardize(array.dtype)
