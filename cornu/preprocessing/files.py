"""Files in folders named after classes, in an order that doesn't depend on the file system."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from cornu.errors import explain, nearest


def subfolders(directory: Any, names: Iterable[str] | None = None, hidden: bool = True) -> list[str]:
    """The folders right below a directory, by name; or `names`, if each of them is one.

    Args:
        directory: where they are.
        names: the wanted ones, in the wanted order; None means all.
        hidden: whether to take those whose names begin with a dot.

    Raises ValueError, naming the nearest, for a name without a folder; FileNotFoundError without the directory.
    """
    there = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not names:
        return [name for name in there if hidden or not name.startswith(".")]
    names = list(names)
    for name in names:
        if not os.path.isdir(os.path.join(directory, name)):
            raise ValueError(
                explain(
                    f"There is no folder {name!r} in {os.fspath(directory)}.{nearest(name, there)}",
                    expected=f"one of {there}",
                )
            )
    return names


def files_below(directory: Any, folder: str, endings: Iterable[str], follow_links: bool = False) -> list[str]:
    """The files with these endings in a folder and in all below it, by name, relative to the directory."""
    wanted = tuple(f".{ending}" for ending in endings)
    walk = sorted(os.walk(os.path.join(directory, folder), followlinks=follow_links))
    paths = [os.path.join(root, name) for root, _, names in walk for name in sorted(names)]
    here = os.path.join(directory, folder)
    return [os.path.join(folder, os.path.relpath(path, here)) for path in paths if path.lower().endswith(wanted)]
