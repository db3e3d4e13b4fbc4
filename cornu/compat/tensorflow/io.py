"""`tf.io`: files as bytes, images by Pillow."""

from __future__ import annotations

import glob
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from cornu.compat.tensorflow import image
from cornu.compat.tensorflow.calls import missing, served
from cornu.compat.tensors import Text


def _path(name: Any) -> str:
    name = name.item() if hasattr(name, "item") else name
    return os.fsdecode(name)


def _write(filename: Any, contents: Any) -> None:
    contents = contents.item() if hasattr(contents, "item") else contents
    Path(_path(filename)).write_bytes(contents.encode() if isinstance(contents, str) else contents)


def _names(pattern: Any) -> list[str]:
    patterns = pattern if isinstance(pattern, (list, tuple)) else [pattern]
    return sorted(name for p in patterns for name in glob.glob(_path(p)))


gfile = SimpleNamespace(
    GFile=lambda name, mode="r": open(_path(name), mode),  # noqa: SIM115 - the caller closes it
    copy=lambda src, dst, overwrite=False: shutil.copy(_path(src), _path(dst)),
    exists=lambda path: os.path.exists(_path(path)),
    glob=_names,
    isdir=lambda path: os.path.isdir(_path(path)),
    listdir=lambda path: os.listdir(_path(path)),
    makedirs=lambda path: os.makedirs(_path(path), exist_ok=True),
    mkdir=lambda path: os.mkdir(_path(path)),
    remove=lambda path: os.remove(_path(path)),
    rename=lambda src, dst, overwrite=False: os.replace(_path(src), _path(dst)),
    rmtree=lambda path: shutil.rmtree(_path(path)),
)

IO = served(
    {
        "read_file": lambda filename: Text.of(Path(_path(filename)).read_bytes()),
        "write_file": _write,
        "matching_files": lambda pattern: Text.of(_names(pattern)),
        **{name: function for name, function in image.IMAGE.items() if name.startswith("decode_")},
    }
)
globals().update(IO)

_RECORDS = ("TFRecordWriter", "TFRecordOptions", "parse_single_example", "parse_example", "FixedLenFeature")


def __getattr__(name: str) -> Any:
    fix = (
        "Convert the records to NumPy files once, with TensorFlow; cornu reads no TFRecord."
        if name in _RECORDS
        else None
    )
    raise missing("io", name, [*IO, "gfile"], fix)
