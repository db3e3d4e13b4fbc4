"""Model files under any name, as old programs write and read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cornu import saving
from cornu.models.model import Model


def _legacy() -> Any:
    """The module of the older format, which loads h5py."""
    from cornu.saving import legacy

    return legacy


def save(self: Model, filepath: Any, overwrite: bool = True, include_optimizer: bool = True, **kwargs: Any) -> None:
    """Saves a model: `.keras` files as today, every other name as HDF5."""
    if Path(filepath).suffix == ".keras":
        saving.save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)
    else:
        _legacy().save_model(self, filepath, overwrite=overwrite, include_optimizer=include_optimizer)


def save_weights(self: Model, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Saves weights: `.weights.h5` files as today, every other name as Keras's older HDF5."""
    if str(filepath).endswith(".weights.h5"):
        saving.save_weights(self, filepath, overwrite=overwrite)
    else:
        _legacy().save_weights(self, filepath, overwrite=overwrite)


def load_weights(self: Model, filepath: Any, by_name: bool = False, skip_mismatch: bool = False, **kwargs: Any) -> Any:
    """Loads weights of a file of any name, told by its content."""
    return _legacy().load_weights(self, filepath, by_name=by_name, skip_mismatch=skip_mismatch)
