"""Writing so that nothing is lost: beside the old file, then in its place."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cornu.errors import explain


@contextmanager
def replacing(path: Path, overwrite: bool) -> Iterator[Path]:
    """A new file beside `path`, which takes its place when the block ends well; the old one stays whole otherwise.

    Raises FileExistsError where `path` is there and may not be overwritten, FileNotFoundError without its folder.
    """
    if path.exists() and not overwrite:
        raise FileExistsError(explain(f"{path} is there already.", fix="Pass overwrite=True, or another name."))
    if path.is_dir():
        raise IsADirectoryError(explain(f"{path} is a folder.", expected="the name of a file"))
    if not path.parent.is_dir():
        raise FileNotFoundError(explain(f"The folder {path.parent} doesn't exist.", fix="Make it first."))
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent)
    os.close(handle)
    beside = Path(name)
    try:
        yield beside
        _settle(beside, path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def replacing_folder(path: Path, overwrite: bool, mark: str) -> Iterator[Path]:
    """As `replacing`, for a folder: a new one beside `path`. Only a folder that is empty or has the file `mark` is
    ever replaced.

    Raises FileExistsError where something else is at `path`, or it may not be overwritten.
    """
    if path.exists() and (not overwrite or not path.is_dir() or (any(path.iterdir()) and not (path / mark).exists())):
        fix = "Pass another name." if overwrite else "Pass overwrite=True, or another name."
        raise FileExistsError(
            explain(f"{path} is there already.", expected=f"nothing, or a folder with {mark}", fix=fix)
        )
    if not path.parent.is_dir():
        raise FileNotFoundError(explain(f"The folder {path.parent} doesn't exist.", fix="Make it first."))
    with tempfile.TemporaryDirectory(prefix=f".{path.name[:100]}.", suffix=".part", dir=path.parent) as beside:
        new, old = Path(beside) / "new", Path(beside) / "old"
        yield new
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise


def _settle(beside: Path, path: Path) -> None:
    with open(beside, "rb+") as file:
        os.fsync(file.fileno())
    mask = os.umask(0)
    os.umask(mask)
    beside.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask)
    os.replace(beside, path)
