"""The learning phase: whether what is computed is training (1) or not (0)."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import ops
from cornu.compat.backend.offering import offer
from cornu.compat.backend.values import is_symbolic, rank
from cornu.errors import explain
from cornu.layers import context
from cornu.symbolic import KerasTensor, as_array, op

_placeholder: list[KerasTensor] = []


def placeholder() -> KerasTensor:
    """The symbolic learning phase: an input of `K.function`, to which 0 or 1 is given."""
    if not _placeholder:
        _placeholder.append(KerasTensor((), "int32", name="keras_learning_phase"))
    return _placeholder[0]


def chosen() -> int | None:
    """What `set_learning_phase` set."""
    training = context.default_training()
    return None if training is None else int(training)


def forget() -> None:
    """Forgets what `set_learning_phase` set."""
    context.set_default_training(None)


@offer("learning_phase", "symbolic_learning_phase")
def learning_phase() -> Any:
    """Inside a layer's call, whether it trains; else what `set_learning_phase` set; else a symbolic scalar."""
    if context.current() is None and chosen() is None:
        return placeholder()
    return _present()


def _present() -> Any:
    """The phase as a number, or a traced one: 0 where nobody says it."""
    running = context.current()
    training = chosen() if running is None or running.training is None else running.training
    return training if isinstance(training, jax.Array) else int(training or 0)


@offer()
def set_learning_phase(value: int | None) -> None:
    """Sets the phase of calls that don't say it; layers put into a graph from now on keep it.

    Raises ValueError for anything but 0 and 1.
    """
    if value not in (None, 0, 1):
        raise ValueError(explain("K.set_learning_phase: unknown phase.", expected="0 or 1", got=value))
    context.set_default_training(None if value is None else bool(value))


def _value(x: Any) -> Any:
    return x() if callable(x) and not hasattr(x, "shape") else x


@op
def in_phase(x: Any, alt: Any) -> Any:
    """x where the running call trains, else alt"""
    return select(_present(), as_array(x), as_array(alt))


def select(condition: Any, x: Any, alt: Any) -> Any:
    """x where a number or a scalar tensor isn't 0, else alt"""
    if isinstance(condition, (bool, int, np.bool_, np.integer)):
        return x if condition else alt
    if isinstance(condition, KerasTensor):
        return ops.where(ops.cast(condition, "bool"), x, alt)
    return jnp.where(jnp.asarray(condition, bool), x, alt)


@offer()
def in_train_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """x in training, else alt; both may be functions without arguments.

    `training`: 0, 1 or a scalar tensor; None: what the running call says.
    """
    phase = learning_phase() if training is None else training
    if phase is not placeholder():
        chosen_one = isinstance(phase, (bool, int, np.bool_, np.integer))
        return _value(x if phase else alt) if chosen_one else select(phase, _value(x), _value(alt))
    x, alt = _value(x), _value(alt)
    return in_phase(x, alt) if is_symbolic(x) or is_symbolic(alt) else alt


@offer()
def in_test_phase(x: Any, alt: Any, training: Any = None) -> Any:
    """alt in training, else x; both may be functions without arguments."""
    return in_train_phase(alt, x, training)


@offer()
def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """The one expression where the condition holds, else the other; they may be functions without arguments.

    A condition of fewer axes holds for the first axes of the tensors. Raises ValueError for one of more axes.
    """
    if isinstance(condition, (bool, int, np.bool_)):
        return _value(then_expression if condition else else_expression)
    then_, else_ = _value(then_expression), _value(else_expression)
    if condition is placeholder():
        return in_phase(then_, else_)
    axes, wanted = rank(condition), max(rank(then_), rank(else_))
    if axes > wanted:
        raise ValueError(
            explain("K.switch: the condition has more axes than the tensors.", expected=f"at most {wanted}", got=axes)
        )
    condition = ops.cast(condition, "bool")
    for _ in range(wanted - axes if axes else 0):
        condition = ops.expand_dims(condition, -1)
    return ops.where(condition, then_, else_)
