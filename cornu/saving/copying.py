"""Copies and pickles of models: they go through the loader of files."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cornu import registry
from cornu.saving.model_files import read_model, save_archive


def packed(model: Any) -> tuple[Callable, tuple[bytes, dict[str, Any]]]:
    """What `pickle` and `copy.deepcopy` keep of a built model: a `.keras` file's bytes, and the person's classes."""
    with registry.collecting() as known, tempfile.TemporaryDirectory(prefix="cornu-") as folder:
        path = Path(folder) / "model.keras"
        save_archive(model, path)
        return unpacked, (path.read_bytes(), known)


def unpacked(data: bytes, known: dict[str, Any]) -> Any:
    """The model of what `packed` gave."""
    return read_model(data, "The pickled model", known, compile=True)
