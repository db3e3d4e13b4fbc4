"""Regularizers and constraints as Keras 1's own layers attached them to their weights."""

from __future__ import annotations

from typing import Any

from cornu.compat import dialect, notices
from cornu.layers.layer import Layer
from cornu.regularizers import Regularizer
from cornu.variables import Variable


def _set_param(self: Regularizer, p: Variable) -> None:
    """Makes this the penalty of a weight."""
    notices.note("regularizer.set_param(weight)", "add_weight(regularizer=...)")
    p.regularizer = self


def _set_layer(self: Regularizer, layer: Layer) -> None:
    """Makes this the penalty of a layer's output."""
    from cornu.compat.old.regularizers import activity

    notices.note("regularizer.set_layer(layer)", "activity_regularizer=...")
    layer.activity_regularizer = activity(self)


ON_REGULARIZERS = {"set_param": _set_param, "set_layer": _set_layer}


class Constraints(dict):
    """A layer's `constraints`: setting one of a weight puts it in force."""

    def __init__(self, given: dict) -> None:
        super().__init__()
        self.update(given)

    def __setitem__(self, weight: Any, constraint: Any) -> None:
        if isinstance(weight, Variable):
            weight.constraint = constraint
        super().__setitem__(weight, constraint)

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Sets several."""
        for weight, constraint in dict(*args, **kwargs).items():
            self[weight] = constraint


def _set_constraints(self: Layer, value: Any) -> None:
    in_force = isinstance(value, dict) and dialect.current().before("keras2")
    self.__dict__["constraints"] = Constraints(value) if in_force else value


def _get_constraints(self: Layer) -> Any:
    if "constraints" not in self.__dict__:
        raise AttributeError(f"{type(self).__name__!r} object has no attribute 'constraints'")
    return self.__dict__["constraints"]


ON_LAYERS = {"constraints": property(_get_constraints, _set_constraints)}
