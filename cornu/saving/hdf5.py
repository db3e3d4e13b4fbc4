"""Weight files: HDF5, of which only what Keras writes is read.

No links but hard ones, no storage outside the file, no virtual data sets, no filters but gzip and shuffle, no types but
numbers. A data set's declared shape is compared with the variable's before anything is read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cornu import dtypes
from cornu.errors import explain

if TYPE_CHECKING:
    import h5py

_FILTERS = {1, 2}
"""HDF5's numbers of the filters that are read: gzip and shuffle."""
_MOST_ENTRIES = 1_000_000


class WeightFile:
    """An open weight file, read by path."""

    def __init__(self, source: Path | bytes, name: str) -> None:
        import h5py

        self._name = name
        try:
            self._file = h5py.File(io.BytesIO(source) if isinstance(source, bytes) else source, "r")
        except OSError as error:
            raise ValueError(explain(f"{name} is no readable HDF5 file.", got=str(error)[:200])) from None

    def __enter__(self) -> WeightFile:
        return self

    def __exit__(self, *error: Any) -> None:
        self._file.close()

    def datasets(self) -> list[str]:
        """The paths of all data sets."""
        return list(self._walk(self._file, ""))

    def _walk(self, group: h5py.Group, path: str) -> Iterator[str]:
        import h5py

        stack, entries = [(group, path)], 0
        while stack:
            here, path = stack.pop()
            for key in here:
                entries += 1
                if entries > _MOST_ENTRIES:
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

    def find(self, path: str) -> h5py.Dataset | None:
        """The data set of a path, checked; None where there is none."""
        import h5py

        here: Any = self._file
        done = ""
        for key in path.split("/"):
            done = f"{done}/{key}" if done else key
            if not isinstance(here, h5py.Group) or key not in here:
                return None
            here = self._member(here, key, done)
        if not isinstance(here, h5py.Dataset):
            return None
        self._check(here, path)
        return here

    def _check(self, data: h5py.Dataset, path: str) -> None:
        created = data.id.get_create_plist()
        filters = {created.get_filter(i)[0] for i in range(created.get_nfilters())}
        if data.is_virtual or data.external:
            raise ValueError(explain(f"{self._name}: {path!r} keeps its data elsewhere.", expected="data in the file"))
        if filters - _FILTERS:
            raise ValueError(explain(f"{self._name}: {path!r} is packed in a way that isn't read.", got=sorted(filters)))
        if data.dtype.kind not in "biufcV" or (data.dtype.kind == "V" and "dtype" not in data.attrs):
            raise ValueError(explain(f"{self._name}: {path!r} holds no numbers.", got=str(data.dtype)))

    def read(self, data: h5py.Dataset) -> np.ndarray:
        """The values of a data set whose shape was found to be right."""
        try:
            values = data[()]
        except (OSError, RuntimeError) as error:
            raise ValueError(explain(f"{self._name}: {data.name!r} can't be read.", got=str(error)[:200])) from None
        name = data.attrs.get("dtype")
        if isinstance(name, str) and name in dtypes.FLOATS and values.dtype != dtypes.numpy_dtype(name):
            wanted = dtypes.numpy_dtype(name)
            values = values.view(wanted) if values.dtype.itemsize == wanted.itemsize else values.astype(wanted)
        return np.asarray(values)


def write(path: Path, entries: dict[str, tuple[str, list[np.ndarray]]]) -> None:
    """Writes a weight file: for each part's path its name and its arrays."""
    import h5py

    with h5py.File(path, "w") as file:
        for place, (name, arrays) in entries.items():
            group = file.create_group(f"{place}/vars" if place else "vars")
            group.attrs["name"] = name
            for number, array in enumerate(arrays):
                if array.dtype.kind == "V":
                    stored = group.create_dataset(str(number), data=array.view(f"uint{8 * array.dtype.itemsize}"))
                    stored.attrs["dtype"] = dtypes.standardize(array.dtype)
                else:
                    group.create_dataset(str(number), data=array)
