"""Weights to and from files, and the report that says what became of each."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cornu.errors import explain
from cornu.layers.layer import Layer
from cornu.layers.parts import PartOwner
from cornu.optimizers import Optimizer
from cornu.saving import hdf5
from cornu.saving.walk import Part, parts, variables_of
from cornu.variables import Variable

if TYPE_CHECKING:
    import h5py


_OF_INNER_OPTIMIZER = re.compile(r".+/optimizer/vars/")
"""The states of inner models' own optimizers, which Keras writes, too: inner models come back uncompiled."""


@dataclass
class Report:
    """What became of every weight: paths in the file, and for those that don't fit, the two shapes.

    `skipped` are the states of optimizers that don't fit, which start anew.
    """

    matched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    mismatched: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether every weight of the model was found and fitted, and the file held no other."""
        return not (self.missing or self.unexpected or self.mismatched)

    def __str__(self) -> str:
        counts = {name: paths for name, paths in vars(self).items() if paths or name != "skipped"}
        lines = [f"{len(paths)} {name}" for name, paths in counts.items()]
        told = [f"  {name}: {path}" for name, paths in counts.items() if name != "matched" for path in paths[:20]]
        return "\n".join([", ".join(lines), *told])


@dataclass(frozen=True)
class Place:
    """A variable, and its path in the file."""

    path: str
    variable: Variable
    owner: str

    def __str__(self) -> str:
        return f"{self.path} ({self.owner}: {self.variable.path})"


def places_of(path: str, part: Part) -> Iterator[Place]:
    """The variables of one part, which stands at a path."""
    owner = getattr(part, "name", type(part).__name__)
    for number, variable in enumerate(variables_of(part)):
        yield Place(f"{_vars(path)}/{number}", variable, owner)


def places(model: Any) -> Iterator[Place]:
    """Every variable of a model that a file holds."""
    return (place for path, part in parts(model) for place in places_of(path, part))


def _vars(path: str) -> str:
    return f"{path}/vars" if path else "vars"


def _overrides(part: Part, hook: str) -> bool:
    """Whether a person wrote how a layer's own variables are saved or loaded."""
    return isinstance(part, Layer) and getattr(type(part), hook) is not getattr(PartOwner, hook)


# Writing -------------------------------------------------------------------------------------------------------------


def write_weights(model: Any, path: Path, optimizer: bool) -> None:
    """Writes a weight file, reads it back, and compares names and shapes."""
    entries: dict[str, tuple[str, dict[str, np.ndarray]]] = {}
    for place, part in parts(model):
        if isinstance(part, Optimizer) and not (optimizer and part.built):
            continue
        if hasattr(part, "save_assets"):
            what = f"Layer {part.name!r} has save_assets(), but files here hold arrays only."
            raise NotImplementedError(explain(what, fix="Keep the data as weights, or as constructor arguments."))
        store: dict[str, Any] = {}
        part.save_own_variables(store)
        entries[place] = (str(getattr(part, "name", type(part).__name__)), {k: np.asarray(v) for k, v in store.items()})
    hdf5.write(path, entries)
    with hdf5.WeightFile(path, path.name) as file:
        for place, (_, arrays) in entries.items():
            for key, array in arrays.items():
                found = file.find(f"{_vars(place)}/{key}")
                if found is None or found.shape != array.shape:
                    raise OSError(explain("The written file doesn't hold what was written.", got=f"{place}/{key}"))


# Reading -------------------------------------------------------------------------------------------------------------


def read_weights(model: Layer, source: Path | bytes, name: str, *, optimizer: bool, skip_mismatch: bool) -> Report:
    """Sets a model's variables from a weight file; nothing is set unless everything fits, or may be skipped.

    The state of an optimizer is taken as a whole or, where it doesn't fit, left as it is, with a warning.
    Raises ValueError, which names the weights that don't fit, and for a file that isn't of the kind that is read.
    """
    with hdf5.WeightFile(source, name) as file:
        reading = _Reading(file, optimizer)
        for path, part in list(parts(model, file.has)):
            reading.take(path, part)
        report = reading.finish()
        if not (skip_mismatch or report.complete):
            _refuse(model, report, name)
        values = file.read(reading.found)
    for path, variable in reading.variables.items():
        variable.assign(values[path])
    for place, part in reading.hooked.items():
        inside = f"{_vars(place)}/"
        part.load_own_variables({k.removeprefix(inside): values[k] for k in values if k.startswith(inside)})
    return report


class _Reading:
    """What is found in a file for the parts of a model."""

    def __init__(self, file: hdf5.WeightFile, optimizer: bool) -> None:
        self._file, self._optimizer = file, optimizer
        self.report = Report()
        self.found: dict[str, h5py.Dataset] = {}
        self.variables: dict[str, Variable] = {}
        self.hooked: dict[str, Any] = {}
        self._passed: list[str] = [] if optimizer else ["optimizer/"]

    def take(self, path: str, part: Part) -> None:
        """Looks a part's arrays up."""
        if isinstance(part, Optimizer):
            self._take_optimizer(path, part)
        elif _overrides(part, "load_own_variables"):
            inside = {f"{_vars(path)}/{key}": data for key, data in self._file.inside(_vars(path)).items()}
            self.found |= inside
            self.report.matched += inside
            self.hooked[path] = part
        else:
            self._take_places(list(places_of(path, part)), self.report)

    def _take_places(self, wanted: list[Place], report: Report) -> None:
        for place in wanted:
            data = self._file.find(place.path)
            if data is None:
                report.missing.append(str(place))
            elif tuple(data.shape) != place.variable.shape:
                shapes = f"{tuple(data.shape)} in the file, {place.variable.shape} in the model"
                report.mismatched.append(f"{place}: {shapes}")
            else:
                report.matched.append(place.path)
                self.found[place.path], self.variables[place.path] = data, place.variable

    def _take_optimizer(self, path: str, part: Optimizer) -> None:
        wanted, stored = list(places_of(path, part)), self._file.inside(_vars(path))
        self._passed.append(f"{path}/")
        if not self._optimizer:
            return
        own = Report()
        if len(wanted) == len(stored):
            self._take_places(wanted, own)
        if len(own.matched) == len(wanted):
            self.report.matched += own.matched
            return
        for place in wanted:
            self.found.pop(place.path, None)
            self.variables.pop(place.path, None)
        self.report.skipped += map(str, wanted)
        if len(stored) > _UNBUILT:
            what = f"The state of the optimizer {part.name!r} doesn't fit, and starts anew."
            got = f"{len(stored)} arrays in the file"
            warnings.warn(
                explain(what, expected=f"{len(wanted)} arrays of its variables' shapes", got=got), stacklevel=6
            )

    def finish(self) -> Report:
        """The report, with what the file holds beside."""
        known = set(self.report.matched) | {text.partition(" ")[0] for text in self.report.mismatched}
        extra = (path for path in self._file.datasets() if path not in known)
        self.report.unexpected = [
            path for path in extra if not path.startswith(tuple(self._passed)) and not _OF_INNER_OPTIMIZER.match(path)
        ]
        return self.report


_UNBUILT = 2
"""An optimizer that hasn't trained has no other state than its counter and its rate: nothing is lost with it."""


def _refuse(model: Any, report: Report, name: str) -> None:
    built = getattr(model, "built", True)
    fix = "Build the model first: call it on data, or give it an input shape." if not built else (
        "Load it into a model of the same architecture, or pass skip_mismatch=True to load what fits."
    )  # fmt: skip
    raise ValueError(explain(f"The weights in {name} don't fit the model {model.name!r}.", got=str(report), fix=fix))
