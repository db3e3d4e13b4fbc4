"""Saving by a file's ending, loading by its content."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from cornu.errors import explain
from cornu.saving import archive, legacy, limits, model_files
from cornu.saving.files import replacing
from cornu.saving.hdf5 import WeightFile
from cornu.saving.legacy_config import Translate, modern_spelling
from cornu.saving.legacy_weights import root_of
from cornu.saving.weights import Report, read_weights, write_weights

HDF5_ENDINGS = (".h5", ".hdf5")
_ZIP, _HDF5 = b"PK", b"\x89HDF\r\n\x1a\n"


def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Saves a model, with its weights and the state of its optimizer, to a file that Keras 3 can load, too.

    The ending says which format: `.keras`; or `.h5` or `.hdf5`, the older one, with a warning. The file is written
    beside the old one and then put in its place: whatever fails, the old file stays whole. Raises ValueError for
    another ending, TypeError for a model that holds what isn't data, FileExistsError and other OSErrors where the file
    can't be written.
    """
    path = Path(filepath)
    if path.name.endswith(HDF5_ENDINGS):
        what = f"{path.name} is saved in the older HDF5 format."
        warnings.warn(explain(what, fix=f"Name it {path.with_suffix('.keras').name} for today's."), stacklevel=3)
        legacy.save_model(model, path, overwrite, include_optimizer)
    elif path.name.endswith(".keras"):
        model_files.save_archive(model, path, overwrite, include_optimizer)
    else:
        raise _wrong_ending("save", path, ".keras", "or .h5")


def load_model(
    filepath: Any,
    custom_objects: dict | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    translate: Translate = modern_spelling,
) -> Any:
    """The model of a `.keras` file, or of an HDF5 file of whatever name, written by cornu or by Keras.

    Args:
        filepath: the file.
        custom_objects: the person's own classes and functions that the file names. In place of a Lambda layer's
            function that an HDF5 file keeps as code, which isn't run, one may be given under the layer's name.
        compile: whether to compile the model as it was, with the optimizer's state.
        safe_mode: kept for Keras's signature; False is refused.
        translate: for HDF5 files older than Keras 3: see `cornu.saving.legacy.load_model`.

    A file is data: it names classes out of a closed table, the registered ones, or `custom_objects`, and nothing
    else. No code is read from it, nothing is imported because it says so, no path or address is taken from it, and
    the shapes of its weights are compared with the model's before anything is allocated.

    Raises ValueError for a file that isn't one, names what nobody knows, or whose weights don't fit the model, and
    FileNotFoundError.
    """
    if not safe_mode:
        raise ValueError(
            explain(
                "load_model has no unsafe mode: files hold data, never code.",
                fix="Pass the classes and functions that the file names as custom_objects.",
            )
        )
    path, magic = _opened(filepath)
    if magic == _HDF5:
        return legacy.load_model(path, custom_objects, compile, translate)
    return model_files.read_model(path, path.name, custom_objects, compile)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Saves a model's weights, without the optimizer's state, to a `.weights.h5` file that Keras 3 can load, too."""
    path = Path(filepath)
    if not path.name.endswith(".weights.h5"):
        raise _wrong_ending("save_weights", path, ".weights.h5")
    with replacing(path, overwrite) as beside:
        write_weights(model, beside, optimizer=False)


def load_weights(model: Any, filepath: Any, skip_mismatch: bool = False, by_name: bool | None = None) -> Report:
    """Loads the weights of a `.weights.h5`, `.keras` or older HDF5 file of whatever name; gives a report of every one.

    With `skip_mismatch` weights that are missing or don't fit stay as they are, and the report tells which. Without,
    it is all or nothing: a ValueError tells what doesn't fit, and no weight has changed. `by_name`, for older HDF5
    files only, is explained at `cornu.saving.legacy.load_weights`.
    """
    path, magic = _opened(filepath)
    if magic == _HDF5 and _is_legacy(path):
        return legacy.load_weights(model, path, bool(by_name), skip_mismatch)
    if by_name is not None:
        what = "load_weights: `by_name` is for older HDF5 files only."
        raise ValueError(explain(what, got=path.name, fix="Leave it out: the layers' names are not in this file."))
    if magic == _HDF5:
        return read_weights(model, path, path.name, optimizer=False, skip_mismatch=skip_mismatch)
    return model_files.read_archive_weights(model, path, skip_mismatch)


def _opened(filepath: Any) -> tuple[Path, bytes]:
    """A path, and what the file's first bytes say that it is; raises where it is no model's file."""
    path = Path(filepath)
    if path.is_dir():
        what = f"{path} is a folder, as TensorFlow's SavedModel is."
        raise IsADirectoryError(explain(what, expected="a .keras or HDF5 file"))
    if not path.is_file():
        raise FileNotFoundError(explain(f"There is no file {path}."))
    with open(path, "rb") as file:
        start = file.read(len(_HDF5))
    if start == _HDF5 or start[:2] == _ZIP:
        return path, start if start == _HDF5 else _ZIP
    raise ValueError(explain(f"{path.name} is no .keras file, and no HDF5 file.", expected="a zip archive or HDF5"))


def _is_legacy(path: Path) -> bool:
    with WeightFile(path, path.name) as file:
        return root_of(file) is not None


def _wrong_ending(what: str, path: Path, ending: str, others: str = "") -> ValueError:
    fix = f"Name it {path.with_suffix('')}{ending}."
    return ValueError(
        explain(f"{what}: the file's ending is wrong.", expected=f"{ending} {others}".strip(), got=str(path), fix=fix)
    )


def inspect_file(filepath: Any) -> dict[str, Any]:
    """What a model's or a weight file holds, and nothing is made of it: metadata, config, paths and shapes."""
    path, magic = _opened(filepath)
    found: dict[str, Any] = {}
    source: Any = path
    if magic == _ZIP:
        with archive.Archive(path, path.name) as file:
            found = {"metadata": file.metadata(), "config": file.config()}
            source = file.weights(limits.unpacked(path.stat().st_size))
    with WeightFile(source, path.name) as weights:
        data = {name: weights.find(name) for name in weights.datasets()}
        found["weights"] = {name: (tuple(d.shape), str(d.dtype)) for name, d in sorted(data.items()) if d is not None}
    return found
