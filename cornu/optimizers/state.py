"""The variables of an optimizer: how they are made, listed, saved and loaded."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from cornu import initializers, naming, tree
from cornu.errors import explain
from cornu.signature import Configurable
from cornu.variables import Variable, functional

_THE_MODELS = ("_trainable_variables", "_kept_from_decay")
"""Attributes that hold the variables which are trained."""


def slot_name(variable: Variable, name: str) -> str:
    """The name of the state `name` of a variable: its path, and the name."""
    return f"{variable.path.replace('/', '_')}_{name}"


class State(Configurable):
    """An owner of variables in a fixed order; the constructor is the optimizer's."""

    built = False
    name: str
    _variables: list[Variable]

    def add_variable(
        self,
        shape: Sequence[int],
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str = "none",
        layout: Any = None,
        name: str | None = None,
    ) -> Variable:
        """Makes a variable of the optimizer's own; the arguments are those of `Layer.add_weight`."""
        with naming.within(self.name):
            variable = Variable(
                initializers.get(initializer), shape, dtype, trainable=False, aggregation=aggregation, name=name
            )
        self._variables.append(variable)
        return variable

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Makes a variable with the shape and dtype of another; its name begins with the other's path."""
        return self.add_variable(
            reference_variable.shape,
            initializer,
            reference_variable.dtype,
            name=slot_name(reference_variable, name or "var"),
        )

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: Any, initializer: Any = "zeros"
    ) -> Any:
        """Makes one variable for each given one, in a list; for a list of names a tuple of such lists."""
        names = [name] if isinstance(name, str) else list(name)
        first = list(initializer) if isinstance(initializer, (list, tuple)) else [initializer] * len(names)
        if len(names) != len(first):
            raise ValueError(explain("Each name needs one initializer.", expected=f"{len(names)}", got=f"{len(first)}"))
        rows = [
            [self.add_variable_from_reference(v, n, f) for n, f in zip(names, first, strict=True)]
            for v in trainable_variables
        ]
        lists = tuple([row[i] for row in rows] for i in range(len(names)))
        return lists[0] if isinstance(name, str) else lists

    @property
    def variables(self) -> list[Variable]:
        """All state: the number of steps, the learning rate if it is a number, then what `build` made, in its order."""
        attributes = (value for name, value in vars(self).items() if name not in _THE_MODELS)
        held = (item for value in attributes for item in tree.walk(value) if isinstance(item, Variable))
        return list({id(v): v for v in (*self._variables, *held)}.values())

    def get_weights(self) -> list[np.ndarray]:
        """The values of `variables`."""
        return [variable.numpy() for variable in self.variables]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Sets the values of `variables`; ValueError before `build`, for a wrong number or shape."""
        variables = self.variables
        if not self.built or len(weights) != len(variables):
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: these weights don't fit.",
                    expected=f"{len(variables)} arrays" if self.built else "an optimizer that was built",
                    got=f"{len(weights)} arrays",
                    fix=None if self.built else "Call optimizer.build(variables) first.",
                )
            )
        for variable, value in zip(variables, weights, strict=True):
            variable.assign(value)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Puts the values of `variables` under "0", "1", ..."""
        for place, variable in enumerate(self.variables):
            store[str(place)] = variable.numpy()

    def load_own_variables(self, store: Mapping[str, Any]) -> None:
        """Takes the values of `variables` from "0", "1", ...; of another number, none, with a warning."""
        variables = self.variables
        if len(store.keys()) != len(variables):
            warnings.warn(
                f"Optimizer {self.name!r}: its state was not loaded. It has {len(variables)} variables, and the file "
                f"{len(store.keys())}. " + ("" if self.built else "The optimizer isn't built yet."),
                stacklevel=2,
            )
            return
        for place, variable in enumerate(variables):
            variable.assign(np.asarray(store[str(place)]))


def branch(
    predicate: Any, then: Callable[[], Any], otherwise: Callable[[], Any], variables: Sequence[Variable]
) -> None:
    """Calls `then` or `otherwise`, which write to nothing but `variables`; decided at run time inside a trace."""
    if not isinstance(predicate, jax.core.Tracer):
        (then if predicate else otherwise)()
        return

    def pure(function: Callable[[], Any]) -> Callable:
        return lambda values: functional(function, variables)(values)[1]

    new = jax.lax.cond(predicate, pure(then), pure(otherwise), tuple(v.value for v in variables))
    for variable, value in zip(variables, new, strict=True):
        variable.assign(value)
