"""The weights of HDF5 model files: for each layer a group, which lists its arrays in their order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from cornu.errors import explain
from cornu.layers.convolutional import Convolution, TransposedConvolution
from cornu.layers.layer import Layer
from cornu.layers.parts import own_variables
from cornu.layers.recurrent_cells import GatedCell
from cornu.saving.hdf5 import WeightFile
from cornu.saving.weights import Report
from cornu.variables import Variable

if TYPE_CHECKING:
    import h5py

MODEL, TOP, OPTIMIZER = "model_weights", "top_level_model_weights", "optimizer_weights"
_ATTRIBUTE_BYTES = 64512
"""What HDF5 keeps of an attribute in an object's header; longer lists are cut into numbered pieces."""


def legacy_order(layer: Layer) -> list[Variable]:
    """A layer's weights as these files number them: those that are trained first."""
    return [*layer.trainable_weights, *layer.non_trainable_weights]


# Writing -------------------------------------------------------------------------------------------------------------


def write_layers(group: h5py.Group, model: Any) -> None:
    """Writes the weights of a model's layers, and those that it holds itself."""
    names = [layer.name for layer in model.layers]
    twice = sorted({name for name in names if names.count(name) > 1 or name == TOP})
    if twice:
        raise ValueError(
            explain("HDF5 model files need a different name for each layer.", got=twice, fix="Save to a .keras file.")
        )
    write_names(group, "layer_names", names)
    for layer in model.layers:
        write_arrays(group.create_group(layer.name), legacy_order(layer))
    write_arrays(group.create_group(TOP), own_variables(model))


def write_arrays(group: h5py.Group, variables: Sequence[Variable]) -> None:
    """Writes variables under their paths, and the list of these names."""
    names: list[str] = []
    for variable in variables:
        names.append(_free_name(variable.path, names))
        values = variable.numpy()
        group.create_dataset(names[-1], data=values.astype("float32") if values.dtype.kind == "V" else values)
    write_names(group, "weight_names", names)


def _free_name(name: str, taken: list[str]) -> str:
    """A name that neither is taken nor lies below or above one that is."""
    free, number = name, 0
    while any(f"{free}/".startswith(f"{other}/") or f"{other}/".startswith(f"{free}/") for other in taken):
        number += 1
        free = f"{name}_{number}"
    return free


def write_names(group: h5py.Group, attribute: str, names: list[str]) -> None:
    """Writes a list of names as an attribute, or where it is too long for one as several numbered ones."""
    data = np.array([name.encode() for name in names])
    if data.nbytes <= _ATTRIBUTE_BYTES:
        group.attrs[attribute] = data
        return
    for number, piece in enumerate(np.array_split(data, -(-data.nbytes // _ATTRIBUTE_BYTES) + 1)):
        group.attrs[f"{attribute}{number}"] = piece


# The layout ----------------------------------------------------------------------------------------------------------


def names_at(file: WeightFile, path: str, attribute: str) -> list[str]:
    """The names that a group lists, in one attribute or in numbered pieces."""
    whole = file.texts(path, attribute)
    if whole is not None:
        return whole
    names: list[str] = []
    for number in count():
        piece = file.texts(path, f"{attribute}{number}")
        if piece is None:
            return names
        names += piece
    raise AssertionError


def root_of(file: WeightFile) -> str | None:
    """The group that lists the layers: the file itself, or that of a whole model; None where there is neither."""
    for path in ("", MODEL):
        if any(file.texts(path, name) is not None for name in ("layer_names", "layer_names0")):
            return path
    return None


def arrays_at(file: WeightFile, group: str) -> dict[str, h5py.Dataset]:
    """The arrays that a group lists, checked, by their paths; ValueError where one isn't there."""
    found = {path: file.find(path) for path in (join(group, n) for n in names_at(file, group, "weight_names"))}
    missing = [path for path, data in found.items() if data is None]
    if missing:
        raise ValueError(explain("The file lists arrays that it doesn't hold.", got=missing[:20]))
    return {path: data for path, data in found.items() if data is not None}


def join(*parts: str) -> str:
    """The path of names below one another, where an empty one stands for the file itself."""
    return "/".join(part for part in parts if part)


# What an era's arrays are to today's variables -----------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """The Keras that wrote a file, and what it ran on."""

    version: str = "1"
    backend: str | None = None

    @property
    def era(self) -> int:
        """The first number of the version."""
        first = self.version.partition(".")[0]
        return int(first) if first.isdecimal() and len(first) < 4 else 1


def origin_of(file: WeightFile) -> Origin:
    """Who wrote a file; files that don't say are of Keras 1."""
    for path in ("", MODEL):
        version = file.text(path, "keras_version")
        if version is not None:
            return Origin(version, file.text(path, "backend"))
    return Origin()


@dataclass(frozen=True)
class Fit:
    """A variable, the arrays from which its value comes, their shapes, and how they are put together."""

    variable: Variable
    sources: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    make: Callable[..., np.ndarray]


def fits(layer: Layer, stored: dict[str, tuple[int, ...]], origin: Origin) -> list[Fit] | None:
    """How a layer's weights come from the arrays of its group, given their shapes; None for a wrong number of them."""
    groups = list(_by_owner(layer))
    surplus = len(stored) - sum(len(variables) for _, variables in groups)
    apart = sum(_apart(owner, variables) for owner, variables in groups)
    if surplus not in (0, apart):
        return None
    found, names = list[Fit](), list(stored)
    for owner, variables in groups:
        size = len(variables) + (_apart(owner, variables) if surplus else 0)
        own, names = {name: stored[name] for name in names[:size]}, names[size:]
        found += _fits_of(owner, variables, own, origin)
    return found


def _by_owner(layer: Layer) -> Iterator[tuple[Layer, list[Variable]]]:
    """The weights in the order of the file, cut into runs of one inner layer."""
    owners = {id(v): inner for inner in layer._flatten_layers() for v in own_variables(inner)}
    for owner, run in groupby(legacy_order(layer), key=lambda variable: owners[id(variable)]):
        yield owner, list(run)


def _apart(owner: Layer, variables: list[Variable]) -> int:
    """How many arrays more Keras 1 kept for a recurrent cell: those of each gate apart."""
    return 3 * owner.gates - 3 if isinstance(owner, GatedCell) and len(variables) == 3 else 0


def _fits_of(owner: Any, variables: list[Variable], own: dict[str, tuple], origin: Origin) -> Iterable[Fit]:
    if len(own) > len(variables):
        return _gates_apart(owner, variables, list(own))
    recurrent = isinstance(owner, GatedCell) and len(own) == 3
    if recurrent and own[list(own)[2]] == (2 * owner.gates * owner.units,):
        return _from_cudnn(owner, variables, list(own))
    if isinstance(owner, (Convolution, TransposedConvolution)):
        return [_kernel(owner, variables[0], *next(iter(own.items())), origin), *_plain(variables[1:], list(own)[1:])]
    return _plain(variables, list(own))


def _plain(variables: list[Variable], names: list[str]) -> list[Fit]:
    return [Fit(v, (name,), (v.shape,), np.asarray) for v, name in zip(variables, names, strict=True)]


_GATE_ORDER = {4: (0, 2, 1, 3), 3: (0, 1, 2)}
"""Where Keras 1 keeps the gates of today's order: an LSTM's are i, c, f, o there, and i, f, c, o here."""


def _gates_apart(owner: Any, variables: list[Variable], names: list[str]) -> Iterator[Fit]:
    for place, variable in enumerate(variables):
        sources = tuple(names[3 * gate + place] for gate in _GATE_ORDER[owner.gates])
        shape = (*variable.shape[:-1], variable.shape[-1] // owner.gates)
        yield Fit(variable, sources, (shape,) * owner.gates, lambda *arrays: np.concatenate(arrays, axis=-1))


def _from_cudnn(owner: Any, variables: list[Variable], names: list[str]) -> list[Fit]:
    """The layers CuDNNLSTM and CuDNNGRU: each gate's matrix is transposed, and there are two biases, to be added."""

    def matrix(values: np.ndarray) -> np.ndarray:
        gates = np.split(values, owner.gates, axis=-1)
        return np.concatenate([gate.reshape(gate.shape[::-1]).T for gate in gates], axis=-1)

    def square(values: np.ndarray) -> np.ndarray:
        return np.concatenate([gate.T for gate in np.split(values, owner.gates, axis=-1)], axis=-1)

    def bias(values: np.ndarray) -> np.ndarray:
        pair = values.reshape(2, -1)
        return pair if len(variables[2].shape) == 2 else pair.sum(axis=0)

    shapes = (variables[0].shape, variables[1].shape, (2 * owner.gates * owner.units,))
    makes = (matrix, square, bias)
    return [Fit(v, (n,), (s,), m) for v, n, s, m in zip(variables, names, shapes, makes, strict=True)]


_OLD_AXES: dict[str, list[tuple[int, ...]]] = {
    "Conv1D": [(2, 3, 1, 0), (0, 1, 2, 3)],
    "Conv2D": [(2, 3, 1, 0)],
    "Conv3D": [(2, 3, 4, 1, 0)],
    "Conv2DTranspose": [(2, 3, 0, 1), (0, 1, 3, 2)],
}
"""How Keras 1 ordered the axes of kernels: first channels first, then, if it is not today's order, channels last."""


def _kernel(owner: Any, variable: Variable, name: str, shape: tuple, origin: Origin) -> Fit:
    """A convolution's kernel: in Keras 1 the axes may be in another order, and Theano's kernels are mirrored."""
    axes = _axes(owner, variable, shape) if origin.era == 1 else None
    expected = tuple(variable.shape)
    if axes is not None:
        full = (expected[0], 1, *expected[1:]) if len(axes) > len(expected) else expected
        expected = tuple(full[axes.index(axis)] for axis in range(len(axes)))
    space = tuple(range(len(variable.shape) - 2)) if origin.backend == "theano" else ()

    def make(values: np.ndarray) -> np.ndarray:
        return np.flip((values if axes is None else values.transpose(axes)).reshape(variable.shape), space)

    return Fit(variable, (name,), (expected,), make)


def _axes(owner: Any, variable: Variable, shape: tuple) -> tuple[int, ...] | None:
    """The order of Keras 1's axes in a kernel of a shape; the layer's own decides where several would fit."""
    names = (cls.__name__ for cls in type(owner).__mro__)
    old = next((_OLD_AXES[name] for name in names if name in _OLD_AXES), [])
    first, last = old[:1], old[1:]
    flat = len(variable.shape) == 3  # Keras 1 kept a second axis of space
    wanted = (variable.shape[0], 1, *variable.shape[1:]) if flat else tuple(variable.shape)
    fitting = [axes for axes in (*first, *last) if len(axes) == len(shape) and _moved(shape, axes) == wanted]
    today = shape == tuple(variable.shape) and not last
    if owner.data_format == "channels_first" and set(first) & set(fitting):
        return first[0]
    return None if today or not fitting else fitting[-1]


def _moved(shape: tuple, axes: tuple[int, ...]) -> tuple:
    return tuple(shape[axis] for axis in axes)


# Reading -------------------------------------------------------------------------------------------------------------


def read_layers(
    model: Any, file: WeightFile, name: str, *, by_name: bool = False, skip_mismatch: bool = False
) -> Report:
    """Sets a model's weights from a file; nothing is set unless everything fits, or may be skipped.

    Layers with weights are matched in their order, or with `by_name` by their names, where those that only the model or
    only the file has are passed over. Raises ValueError, which tells what doesn't fit.
    """
    root = root_of(file)
    if root is None:
        raise ValueError(explain(f"{name} is no HDF5 file of weights.", expected="the names of layers"))
    reading = _Reading(file, origin_of(file))
    groups = {layer: join(root, layer) for layer in names_at(file, root, "layer_names")}
    if by_name:
        reading.take_by_name(model, groups)
    else:
        reading.take_in_order(model, {layer: group for layer, group in groups.items() if reading.arrays(group)}, name)
    top = join(root, TOP)
    own = own_variables(model)
    if file.has(top) and (own or reading.arrays(top)):
        arrays = list(reading.arrays(top))
        reading.take(model, top, _plain(own, arrays) if len(own) == len(arrays) else None)
    report = reading.report
    if report.mismatched and not skip_mismatch:
        what = f"The weights in {name} don't fit the model {model.name!r}."
        fix = "Load it into a model of the same architecture, or pass skip_mismatch=True to load what fits."
        raise ValueError(explain(what, got=str(report), fix=fix))
    reading.assign()
    return report


class _Reading:
    """What is found in a file for a model's layers."""

    def __init__(self, file: WeightFile, origin: Origin) -> None:
        self._file, self._origin = file, origin
        self.report = Report()
        self._fits: list[Fit] = []
        self._found: dict[str, h5py.Dataset] = {}
        self._arrays: dict[str, dict[str, h5py.Dataset]] = {}

    def arrays(self, group: str) -> dict[str, h5py.Dataset]:
        """The arrays of a group."""
        if group not in self._arrays:
            self._arrays[group] = arrays_at(self._file, group)
        return self._arrays[group]

    def take_in_order(self, model: Any, groups: dict[str, str], name: str) -> None:
        """Matches the layers that have weights one by one."""
        layers = [layer for layer in model.layers if layer.weights]
        if len(layers) != len(groups):  # Keras 1 told the layers inside nested stacks one by one
            flat = [layer for layer in _leaves(model) if layer.weights]
            layers = flat if len(flat) == len(groups) else layers
        if len(layers) != len(groups):
            built = getattr(model, "built", True)
            fix = "Pass by_name=True to load the layers whose names are in the file." if built else (
                "Build the model first: call it on data, or give it an input shape."
            )  # fmt: skip
            what = f"{name} holds the weights of another number of layers than the model {model.name!r} has."
            wanted = f"{len(layers)} layers: {', '.join(layer.name for layer in layers)}"
            raise ValueError(explain(what, expected=wanted, got=f"{len(groups)} layers: {', '.join(groups)}", fix=fix))
        for layer, group in zip(layers, groups.values(), strict=True):
            self.take_layer(layer, group)

    def take_by_name(self, model: Any, groups: dict[str, str]) -> None:
        """Matches the layers of the same names."""
        known = {layer.name: layer for layer in model.layers}
        for name, group in groups.items():
            if name in known:
                self.take_layer(known[name], group)
            else:
                self.report.unexpected += self.arrays(group)
        absent = (layer for layer in model.layers if layer.name not in groups)
        self.report.missing += [f"{v.path} ({layer.name})" for layer in absent for v in layer.weights]

    def take_layer(self, layer: Layer, group: str) -> None:
        """Looks up how a layer's weights come from the arrays of a group."""
        shapes = {path: tuple(data.shape) for path, data in self.arrays(group).items()}
        self.take(layer, group, fits(layer, shapes, self._origin))

    def take(self, layer: Layer, group: str, found: list[Fit] | None) -> None:
        """Notes what fits, and what doesn't; None stands for another number of arrays."""
        arrays = self.arrays(group)
        if found is None:
            counts = f"{len(arrays)} arrays in the file, {len(layer.weights)} weights in the model"
            self.report.mismatched.append(f"{group} ({layer.name}): {counts}")
            return
        for fit in found:
            wrong = [(p, s) for p, s in zip(fit.sources, fit.shapes, strict=True) if tuple(arrays[p].shape) != s]
            if wrong:
                path, shape = wrong[0]
                shapes = f"{tuple(arrays[path].shape)} in the file, {shape} in the model"
                self.report.mismatched.append(f"{path} ({layer.name}: {fit.variable.path}): {shapes}")
            else:
                self.report.matched += fit.sources
                self._fits.append(fit)
                self._found |= {path: arrays[path] for path in fit.sources}

    def assign(self) -> None:
        """Reads what was found, and sets the variables."""
        values = self._file.read(self._found)
        made = [(fit.variable, fit.make(*(values[path] for path in fit.sources))) for fit in self._fits]
        for variable, value in made:
            variable.assign(value)


def _leaves(model: Any) -> Iterator[Layer]:
    for layer in model.layers:
        if hasattr(layer, "nodes") or hasattr(layer, "_stack"):
            yield from _leaves(layer)
        else:
            yield layer
