"""Model files under any name, as old programs write and read them."""

from __future__ import annotations

import importlib
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cornu import registry, saving
from cornu.compat import dialect, notices, spelling
from cornu.compat.tables import CALLS
from cornu.models.model import Model


def _legacy() -> Any:
    """The module of the older format, which loads h5py."""
    from cornu.saving import legacy

    return legacy


_numbers = itertools.count(1)


def remember(function: Callable) -> None:
    """Keeps a person's function under its name, where files mean it by that; this program can load them then.

    Keras wrote the code of a Lambda's function into the file. Cornu's files hold data alone: another program gives the
    function in `custom_objects`, as `{"lambda_1": ...}` where it has no name of its own.
    """
    name = getattr(function, "__name__", "")
    if not name.isidentifier():
        name = f"lambda_{next(_numbers)}"
        notices.note("a lambda in a saved model", f'load_model(file, custom_objects={{"{name}": ...}}) elsewhere')
    registry.remember(function, name)


FOLDERS_MODEL = "model.keras"
"""The file in the folder that stands for one of TensorFlow's SavedModels."""


def save(self: Model, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any) -> None:
    """Saves a model: `.keras` files as today, every other name as HDF5.

    In tf.keras a name without an ending, or `save_format="tf"`, made a folder, a SavedModel for TensorFlow. It still
    makes a folder, with a `.keras` file in it, which `load_model` finds.
    """
    if dialect.current().era == "tf.keras" and _is_folder(filepath, kwargs.get("save_format")):
        notices.note('model.save("folder")', 'model.save("file.keras"): the folder holds one, and is no SavedModel')
        Path(filepath).mkdir(parents=True, exist_ok=True)
        filepath = Path(filepath) / FOLDERS_MODEL
    if Path(filepath).suffix == ".keras":
        saving.save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)
    else:
        _legacy().save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)


def save_weights(self: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Saves weights: `.weights.h5` files as today, every other name as Keras's older HDF5."""
    if str(filepath).endswith(".weights.h5"):
        saving.save_weights(self, filepath, overwrite=overwrite)
    else:
        Path(filepath).parent.mkdir(parents=True, exist_ok=True)
        _legacy().save_weights(self, filepath, overwrite=overwrite)


def _is_folder(filepath: Any, save_format: str | None) -> bool:
    """Whether tf.keras saved a model of this name as a folder."""
    if save_format is not None:
        return save_format == "tf"
    return not str(filepath).endswith((".h5", ".hdf5", ".keras", ".hdf", ".he5", ".hd5"))


def load_weights(self: Model, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, **kwargs: Any) -> Any:
    """Loads weights of a file of any name, told by its content."""
    return saving.load_weights(self, filepath, skip_mismatch=skip_mismatch, by_name=by_name or None)


def load_model(filepath: Any, custom_objects: dict | None = None, compile: bool = True, **kwargs: Any) -> Any:
    """The model of a file of any name, told by its content; classes and arguments may have any era's names."""
    within = Path(filepath) / FOLDERS_MODEL
    return saving.load_model(within if within.is_file() else filepath, custom_objects, compile, translate=modern_names)


def modern_names(class_name: str, config: dict) -> tuple[str, dict]:
    """The class and arguments of today for those of a file, by the tables of all eras.

    >>> modern_names("Convolution1D", {"nb_filter": 3, "filter_length": 2, "border_mode": "same"})
    ('Conv1D', {'filters': 3, 'kernel_size': 2, 'padding': 'same'})
    """
    from cornu.saving.legacy_config import modern_spelling

    class_name, config = modern_spelling(class_name, config)
    for family in ("layers", "optimizers", "regularizers", "constraints", "initializers"):
        key = f"{family}.{class_name}"
        if not any(key in table for table in CALLS.values()):
            continue
        found = next((table[key] for table in CALLS.values() if key in table and table[key].target), None)
        target = found.target if found is not None else key
        modern = getattr(importlib.import_module(f"cornu.{target.partition('.')[0]}"), target.partition(".")[2], None)
        if modern is not None:
            return modern.__name__, spelling.translate(key, modern, (), config, known_today=False)
    return class_name, config
