"""Weights to and from files, and the report that says what became of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.optimizers import Optimizer
from cornu.saving import hdf5
from cornu.saving.walk import parts, variables_of
from cornu.variables import Variable


@dataclass
class Report:
    """What became of every weight: paths in the file, and for those that don't fit, the two shapes."""

    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every weight of the model was found and fitted, and the file held no other."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        counts = {name: getattr(self, name) for name in ("matched", "missing", "unexpected", "mismatched")}
        lines = [f"{len(paths)} {name}" for name, paths in counts.items()]
        told = [f"  {name}: {path}" for name, paths in counts.items() if name != "matched" for path in paths[:20]]
        return "\n".join([", ".join(lines), *told])


@dataclass(frozen=True)
class Place:
    """A variable, and its path in the file."""

    path: str
    variable: Variable
    owner: str


def places(model: Any, optimizer: bool = True) -> Iterator[Place]:
    """Every variable of a model that a file holds."""
    for path, part in parts(model):
        if isinstance(part, Optimizer) and not optimizer:
            continue
        owner = getattr(part, "name", type(part).__name__)
        prefix = f"{path}/vars" if path else "vars"
        for number, variable in enumerate(variables_of(part)):
            yield Place(f"{prefix}/{number}", variable, owner)


def write_weights(model: Any, path: Path, optimizer: bool) -> None:
    """Writes a weight file, reads it back, and compares names and shapes."""
    entries: dict[str, tuple[str, list[np.ndarray]]] = {}
    for place, part in parts(model):
        if isinstance(part, Optimizer) and not (optimizer and part.built):
            continue
        arrays = [variable.numpy() for variable in variables_of(part)]
        entries[place] = (str(getattr(part, "name", type(part).__name__)), arrays)
    hdf5.write(path, entries)
    with hdf5.WeightFile(path, path.name) as file:
        for place, (_, arrays) in entries.items():
            for number, array in enumerate(arrays):
                found = file.find(f"{place}/vars/{number}" if place else f"vars/{number}")
                if found is None or found.shape != array.shape:
                    raise OSError(explain("The written file doesn't hold what was written.", got=f"{place}/{number}"))


def read_weights(model: Layer, source: Path | bytes, name: str, *, optimizer: bool, skip_mismatch: bool) -> Report:
    """Sets a model's variables from a weight file; nothing is set unless everything fits, or may be skipped.

    Raises ValueError, which names the first weight that doesn't fit, and for a file that isn't of the kind that is read.
    """
    wanted = list(places(model, optimizer))
    report = Report()
    with hdf5.WeightFile(source, name) as file:
        found = []
        for place in wanted:
            data = file.find(place.path)
            if data is None:
                report.missing.append(f"{place.path} ({place.owner}: {place.variable.path})")
            elif tuple(data.shape) != place.variable.shape:
                shapes = f"{tuple(data.shape)} in the file, {place.variable.shape} in the model"
                report.mismatched.append(f"{place.path} ({place.owner}: {place.variable.path}): {shapes}")
            else:
                report.matched.append(place.path)
                found.append((place.variable, data))
        known = {place.path for place in wanted}
        extra = [path for path in file.datasets() if path not in known]
        report.unexpected = extra if optimizer else [path for path in extra if not path.startswith("optimizer/")]
        if not (skip_mismatch or report.complete):
            _refuse(model, report, name)
        for variable, data in found:
            variable.assign(file.read(data))
    return report


def _refuse(model: Any, report: Report, name: str) -> None:
    built = getattr(model, "built", True)
    fix = "Build the model first: call it on data, or give it an input shape." if not built else (
        "Load it into a model of the same architecture, or pass skip_mismatch=True to load what fits."
    )  # fmt: skip
    raise ValueError(explain(f"The weights in {name} don't fit the model {model.name!r}.", got=str(report), fix=fix))
