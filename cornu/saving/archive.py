"""The `.keras` file: a zip archive of `metadata.json`, `config.json` and `model.weights.h5`, as Keras 3 writes it."""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
import zlib
from datetime import datetime
from pathlib import Path
from typing import Any

from cornu.errors import explain
from cornu.saving import limits

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, NotImplementedError, OverflowError,
           RuntimeError, IndexError, MemoryError)  # fmt: skip
"""What `zipfile` raises, by and by, for archives that are damaged."""
KERAS_VERSION = "3.15.0"
"""The version of the format that is written."""


def write(path: Path, config: str, weights: Path) -> None:
    """Packs a model's config and weight file."""
    date = datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": KERAS_VERSION, "date_saved": date, "written_by": "cornu"}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, config)
        archive.write(weights, WEIGHTS)


_vocabulary = re.compile(r"assets/(.+)/vocabulary\.txt").fullmatch


class Archive:
    """An open `.keras` file. Members are read by their known names, and never unpacked to the disk.

    Raises ValueError for what isn't such a file: no zip, members twice, missing, others, encrypted or packed otherwise.
    """

    def __init__(self, source: Path | bytes, name: str) -> None:
        self.name = name
        self._size = len(source) if isinstance(source, bytes) else source.stat().st_size
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(source) if isinstance(source, bytes) else source)
            members = self._zip.infolist()
        except _DAMAGE as error:
            raise ValueError(explain(f"{name} is no .keras file.", expected="a zip archive", got=str(error))) from None
        self._members = {member.filename: member for member in members}
        names = [member.filename for member in members]
        if len(self._members) != len(names):
            raise ValueError(explain(f"{name}: a member comes twice.", got=names[:20]))
        missing = [wanted for wanted in (CONFIG, WEIGHTS) if wanted not in self._members]
        if missing:
            raise ValueError(explain(f"{name} is no .keras file: {missing[0]} is missing.", got=names[:20]))
        others = [other for other in names if other not in (METADATA, CONFIG, WEIGHTS) and not _vocabulary(other)]
        if others:
            what = f"{name} holds more than a model's config and weights, which isn't read."
            raise ValueError(explain(what, expected=f"{METADATA}, {CONFIG}, {WEIGHTS}", got=others[:20]))

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *error: Any) -> None:
        self._zip.close()

    def config(self) -> Any:
        """The model's config."""
        return limits.parse_json(self._read(CONFIG, limits.JSON_BYTES), f"{self.name}: {CONFIG}")

    def metadata(self) -> Any:
        """Who wrote the file, when; empty where it doesn't say."""
        if METADATA not in self._members:
            return {}
        return limits.parse_json(self._read(METADATA, limits.JSON_BYTES), f"{self.name}: {METADATA}")

    def vocabularies(self) -> dict[str, list[str]]:
        """The lines of the vocabularies that Keras keeps beside the weights, by the paths of their layers."""
        found = {}
        for name in self._members:
            match = _vocabulary(name)
            if match:
                text = self._read(name, limits.JSON_BYTES).decode("utf-8", "replace")
                found[match[1]] = text.rstrip("\n").split("\n")
        return found

    def weights(self, budget: int) -> bytes:
        """The weight file, at most `budget` bytes of it."""
        return self._read(WEIGHTS, budget)

    def _read(self, name: str, budget: int) -> bytes:
        member, budget = self._members[name], min(budget, limits.unpacked(self._size))
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or member.flag_bits & 1:
            raise ValueError(explain(f"{self.name}: {name} is packed in a way that isn't read."))
        if member.file_size > budget:
            raise ValueError(
                explain(f"{self.name}: {name} is too large.", expected=f"{budget} bytes", got=member.file_size)
            )
        try:
            with self._zip.open(member) as file:
                data = file.read(budget + 1)
        except _DAMAGE as error:
            raise ValueError(explain(f"{self.name}: {name} is damaged.", got=str(error)[:200])) from None
        if len(data) > budget or len(data) != member.file_size:
            raise ValueError(explain(f"{self.name}: {name} has another size than it says.", got=len(data)))
        return data
