"""What an object holds: variables, layers, metrics and seed generators, found by walking its attributes.

Nothing is tracked when attributes are set, so a list that grows or a dictionary that changes is always seen as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cornu import tree
from cornu.errors import explain
from cornu.random import SeedGenerator
from cornu.variables import Variable

_UNSEEN = {"_recorded", "_nodes", "_losses", "_compiled", "optimizer", "_step_cache", "_made_of"}


def attributes(owner: Any) -> Iterator[tuple[str, Any]]:
    """The attributes that hold parts, in the order in which they were set."""
    for name, value in vars(owner).items():
        if name not in _UNSEEN:
            yield name, value


def held(owner: Any, kind: type | tuple[type, ...]) -> list:
    """Every part of a kind among, or nested in lists and dicts in, an object's attributes; each once."""
    return unique(item for _, value in attributes(owner) for item in tree.walk(value) if isinstance(item, kind))


def unique(items: Iterable) -> list:
    """The items without repetitions, told apart by identity."""
    return list({id(item): item for item in items}.values())


def own_variables(owner: Any) -> list[Variable]:
    """The variables that an object holds itself: those made to be trained first, then the others, each as made.

    Weight files number them so; freezing a variable later doesn't move it.
    """
    found = unique([*getattr(owner, "_own_variables", ()), *held(owner, Variable)])
    return sorted(found, key=lambda variable: (not variable.made_trainable, variable.number))


def seed_generators(owner: Any) -> list[SeedGenerator]:
    """The seed generators that an object holds itself."""
    return held(owner, SeedGenerator)


_freezes, _changes = [0], [0]


def note_change() -> None:
    """A stack of layers grew or shrank, or a layer has a new revision."""
    _changes[0] += 1


def changes() -> int:
    """How often any stack of layers grew or shrank so far: a step compiled before may hold other layers."""
    return _changes[0]


def freezes() -> int:
    """How often `trainable` was set so far, in any layer: a step compiled before may train other variables."""
    return _freezes[0]


def _is_metric(value: Any) -> bool:
    return hasattr(value, "update_state") and hasattr(value, "result") and hasattr(value, "variables")


class PartOwner:
    """What layers are: owners of variables, of inner layers, and through these of their variables, too."""

    name: str
    built: bool
    _trainable: bool

    @property
    def _layers(self) -> list:
        return held(self, PartOwner)

    def _flatten_layers(self, include_self: bool = True, recursive: bool = True) -> list:
        """The layer and those inside it, each before its own inner ones, each once."""
        found: dict[int, Any] = {}

        def visit(layer: Any) -> None:
            if id(layer) not in found:
                found[id(layer)] = layer
                for inner in layer._layers if recursive or layer is self else ():
                    visit(inner)

        visit(self)
        return list(found.values())[0 if include_self else 1 :]

    @property
    def variables(self) -> list[Variable]:
        """Every variable: own ones, seed states and metrics' included, and those of inner layers."""
        return unique(variable for layer in self._flatten_layers() for variable in layer._own_state())

    def _own_state(self) -> list[Variable]:
        seeds = [generator.state for generator in seed_generators(self)]
        return [*own_variables(self), *seeds, *(v for metric in self._metrics for v in metric.variables)]

    @property
    def _metrics(self) -> list:
        return [value for _, held in attributes(self) for value in tree.walk(held) if _is_metric(value)]

    @property
    def weights(self) -> list[Variable]:
        """The variables without seed states and metrics: what is saved."""
        return unique(v for layer in self._flatten_layers() for v in own_variables(layer))

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that are trained: none where `trainable` is False."""
        return [v for v in self.variables if v.trainable] if self.trainable else []

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that aren't trained."""
        return [v for v in self.variables if not (self.trainable and v.trainable)]

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that are trained."""
        return [v for v in self.weights if v.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that aren't trained."""
        return [v for v in self.weights if not (self.trainable and v.trainable)]

    @property
    def trainable(self) -> bool:
        """Whether the layer is trained; setting it sets it in every variable made to be trained and inner layer."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        _freezes[0] += 1
        for variable in own_variables(self):
            variable.trainable = self._trainable and variable.made_trainable
        for layer in self._layers:
            layer.trainable = value

    def get_weights(self) -> list[np.ndarray]:
        """The weights' values, as NumPy arrays."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the weights' values; ValueError, and no change at all, where number or shapes don't fit."""
        variables = self.weights
        if len(weights) != len(variables):
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: set_weights got the wrong number of arrays.",
                    expected=f"{len(variables)} ({', '.join(v.path for v in variables)})",
                    got=f"{len(weights)}",
                    fix=None if self.built else "Build the layer first: call it on data, or give it an input shape.",
                )
            )
        for variable, value in zip(variables, weights, strict=True):
            variable._check_shape(np.asarray(value))
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts the values of the variables that the layer holds itself into `store`, as files number them.

        A subclass may write it, and `load_own_variables`, to keep other arrays in files.
        """
        for number, variable in enumerate(own_variables(self)):
            store[str(number)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Sets the variables from what `save_own_variables` stored; ValueError for another number of arrays."""
        variables = own_variables(self)
        if len(store) != len(variables):
            raise ValueError(
                explain(
                    f"Layer {self.name!r}: load_own_variables got the wrong number of arrays.",
                    expected=f"{len(variables)} ({', '.join(v.name for v in variables)})",
                    got=f"{len(store)}",
                )
            )
        for number, variable in enumerate(variables):
            variable.assign(store[str(number)])

    def count_params(self) -> int:
        """The number of scalars in the weights."""
        if not self.built:
            raise ValueError(
                explain(
                    f"Layer {self.name!r} has no weights yet: it isn't built.",
                    fix="Call it on data, or give it an input shape.",
                )
            )
        return sum(v.size for v in self.weights)
