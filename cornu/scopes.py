"""Scopes in which variables are read and written without being changed, and recomputation in the backward pass."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import jax
import jax.numpy as jnp

from cornu import tags
from cornu.symbolic import ShapesOnly
from cornu.variables import Scope, Variable, current_scope


class StatelessScope(Scope):
    """Within it, variables have given values, and what is assigned to them stays in the scope.

    Args:
        state_mapping: (variable, value) pairs; other variables have their own values.
        collect_losses: whether `losses` holds what layers add to the loss.
        initialize_variables: kept for Keras's signature.

    >>> v = Variable(1.0)
    >>> with StatelessScope([(v, 5.0)]) as scope:
    ...     v.assign_add(1.0)
    >>> float(scope.get_current_value(v)), float(v)
    (6.0, 1.0)
    """

    def __init__(
        self,
        state_mapping: Iterable[tuple[Variable, Any]] | None = None,
        collect_losses: bool = False,
        initialize_variables: bool = True,
    ) -> None:
        pairs = list(state_mapping or ())
        values = [jnp.asarray(value, dtype=variable.dtype) for variable, value in pairs]
        super().__init__([variable for variable, _ in pairs], values)
        self.collect_losses = collect_losses

    def get_current_value(self, variable: Variable) -> Any:
        """The value of a variable here; None where it was neither given nor assigned."""
        return self._values.get(id(variable))

    def add_update(self, update: tuple[Variable, Any]) -> None:
        """Sets a variable's value here."""
        self.write(*update)

    @property
    def losses(self) -> list[Any]:
        """What layers added to the loss."""
        return [loss for added in self.notes.values() for loss in added] if self.collect_losses else []


class SymbolicScope(ShapesOnly):
    """Within it, variables are read as zeros of their shapes: for finding out the shapes of results."""


def remat(f: Callable) -> Callable:
    """The same function, whose intermediate results are computed again in the backward pass instead of being kept.

    It takes less memory and more time (Chen et al., 2016, arXiv:1604.06174). The function may be a layer, or read and
    write variables. Arguments that aren't arrays are constants.

    >>> import cornu
    >>> layer = cornu.layers.Dense(1, kernel_initializer="ones")
    >>> float(remat(layer)(jnp.ones((1, 3)))[0, 0])
    3.0
    """

    @functools.wraps(f, updated=())
    def call(*args: Any, **kwargs: Any) -> Any:
        leaves, structure = jax.tree.flatten((args, kwargs))
        places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, jax.Array)]
        written: list[Variable] = []

        def pure(arrays: list) -> Any:
            filled = list(leaves)
            for place, array in zip(places, arrays, strict=True):
                filled[place] = array
            positional, named = jax.tree.unflatten(structure, filled)
            with Scope() as scope:
                result = tags.detach(f(*positional, **named))
                written[:] = scope.written.values()
                return result, scope.values(written), scope.notes

        if not _is_traced(leaves):
            return f(*args, **kwargs)
        result, values, notes = jax.checkpoint(pure)([leaves[place] for place in places])
        for variable, value in zip(written, values, strict=True):
            variable.assign(value)
        if notes:  # losses that layers added
            current_scope().notes.update(notes)
        return tags.attach(result)

    return call


def _is_traced(leaves: list) -> bool:
    """Whether something is being traced: the values themselves, or a function whose variables a scope answers for."""
    try:
        current_scope()
    except RuntimeError:
        return any(isinstance(leaf, jax.core.Tracer) for leaf in leaves)
    return True
