"""Optimizers written for Keras 1 and 2: a `get_updates` that lists what a step changes.

Keras 1: `get_updates(self, params, constraints, loss)`; Keras 2: `get_updates(self, loss, params)`. It takes gradients
by `self.get_gradients(loss, params)`, makes its state by `K.zeros` and `K.variable`, and returns (and keeps in
`self.updates`) pairs of variables and new values, or results of `K.update`, `K.update_add` ...
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import optimizers
from cornu.compat import notices
from cornu.compat.backend import derivatives, state
from cornu.compat.backend.offering import FUNCTIONS
from cornu.errors import explain
from cornu.optimizers.gradients import clip_by_global_norm
from cornu.symbolic import KerasTensor, op
from cornu.variables import Variable

RATE = 0.01
"""The learning rate of an optimizer that names none."""

_clip_together = op(clip_by_global_norm)


class Step:
    """A step of an optimizer as an update of `K.function`."""

    def __init__(self, optimizer: optimizers.Optimizer, gradients: Sequence[Any], params: Sequence[Variable]) -> None:
        self.optimizer, self.values, self.params = optimizer, list(gradients), list(params)
        optimizer.build(self.params)

    def apply(self, values: Sequence[Any]) -> None:
        """Updates the variables, given their gradients."""
        self.optimizer.apply(values, self.params)


def get_updates(optimizer: optimizers.Optimizer, *args: Any, **kwargs: Any) -> list[Step]:
    """A step for a symbolic loss, as updates of `K.function`: a method of every optimizer, called in either order.

    `get_updates(loss, params)` in Keras 2, `get_updates(params, constraints, loss)` in Keras 1.
    """
    lists = [value for value in args if isinstance(value, (list, tuple))]
    losses = [value for value in args if isinstance(value, KerasTensor)]
    loss, params = kwargs.get("loss", *losses[:1]), kwargs.get("params", *lists[:1])
    if loss is None or params is None:
        raise TypeError(explain("get_updates misses an argument.", expected="a symbolic `loss`, and `params`, a list"))
    for variable, constraint in dict(kwargs.get("constraints") or {}).items():
        variable.constraint = constraint
    notices.note("optimizer.get_updates(loss, params) for K.function", "a train_step, with keras.grad")
    return [Step(optimizer, derivatives.gradients(loss, list(params)), params)]


def get_gradients(optimizer: optimizers.Optimizer, loss: Any, params: Sequence[Variable]) -> list[Any]:
    """The gradients of a symbolic loss: a method of every optimizer."""
    return derivatives.gradients(loss, list(params))


def minimize(optimizer: optimizers.Optimizer, loss: Any, var_list: Any, tape: Any = None, **kwargs: Any) -> None:
    """A step for a loss: a tensor that `tape` recorded, or a function of nothing; a method of every optimizer."""
    from cornu.compat.tensorflow.tape import GradientTape

    variables = list(var_list() if callable(var_list) else var_list)
    if callable(loss):
        with GradientTape() as tape:
            loss = loss()
    if tape is None:
        raise ValueError(explain("optimizer.minimize: a tensor alone has no gradients.", fix="Give it `tape`, too."))
    optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))


METHODS = {"get_updates": get_updates, "get_gradients": get_gradients, "minimize": minimize}
"""What programs of Keras 1 to tf.keras call on any optimizer; `cornu.compat.methods` puts it on the class."""


def _in_steps(written: Callable) -> Callable:
    """A `get_updates` that does what was written in a step that is running, and outside of one describes a step."""

    @functools.wraps(written)
    def called(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        return get_updates(self, *args, **kwargs) if self._running is None else written(self, *args, **kwargs)

    return called


class Optimizer(optimizers.Optimizer):
    """The base of optimizers that are written by `get_updates`.

    Args:
        learning_rate: what `lr` and `learning_rate` are at first; a subclass may set them.
        clipnorm: the largest Euclidean norm of all gradients together, as in Keras 1 and 2.
        clipvalue: the largest absolute value of a gradient's elements.

    `get_updates` is called once when the optimizer is built, so that its state is made; then in each step, in which the
    variables that it makes are those of the first time. Its updates are carried out together, at the end.

    >>> from cornu.compat import backend as K
    >>> class Momentum(Optimizer):
    ...     def get_updates(self, loss, params):
    ...         grads = self.get_gradients(loss, params)
    ...         moments = [K.zeros(K.int_shape(p)) for p in params]
    ...         self.updates = [K.update_add(self.iterations, 1)]
    ...         for p, g, m in zip(params, grads, moments):
    ...             v = 0.5 * m - self.lr * g
    ...             self.updates += [K.update(m, v), K.update(p, p + v)]
    ...         return self.updates
    >>> optimizer, w = Momentum(lr=0.5), Variable([1.0])
    >>> optimizer.apply([[1.0]], [w]); optimizer.apply([[1.0]], [w])
    >>> w.numpy().tolist(), int(optimizer.iterations)
    ([-0.25], 2)
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "get_updates" in vars(cls):
            cls.get_updates = _in_steps(vars(cls)["get_updates"])  # type: ignore[method-assign]

    def __init__(self, learning_rate: Any = RATE, **kwargs: Any) -> None:
        super().__init__(kwargs.pop("lr", learning_rate), **kwargs)
        self.updates: list[Any] = []
        self.weights: list[Any] = []
        self._states: list[Variable] = []
        self._running: dict[Variable, Any] | None = None

    # Attributes that Keras 1's and 2's optimizers set for themselves

    @property
    def iterations(self) -> Any:
        """The number of steps: counted by `get_updates`."""
        return self._iterations

    @iterations.setter
    def iterations(self, value: Variable) -> None:
        self._variables = [v for v in self._variables if v is not self._iterations]
        self._iterations = value

    @property
    def lr(self) -> Any:
        """The learning rate."""
        return self.learning_rate

    @lr.setter
    def lr(self, value: Any) -> None:
        self.learning_rate = value

    # The step

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the state: what `get_updates` makes when it is first called, with gradients of 0."""
        if self.built:
            return
        variables = list(variables)
        super().build(variables)
        made: list[Variable] = []

        def make(maker: Any) -> Variable:
            made.append(maker())
            return made[-1]

        with jax.ensure_compile_time_eval(), state.making(make):
            self._collect([jnp.zeros(v.shape, v.dtype) for v in variables], variables, jnp.zeros(()))
        self._states = made

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        loss: Any = None,
        loss_function: Any = None,
    ) -> None:
        """Carries out what `get_updates` lists for these gradients."""
        if len(grads) == 0:
            return
        gradients, variables = self._present(grads, self._known(grads, trainable_variables))
        replay = iter(self._states)
        with state.making(lambda make: self._next(replay)):
            updates = self._collect(gradients, variables, jnp.zeros(()) if loss is None else loss)
        for update in updates:
            update.apply(update.values)

    def _next(self, replay: Any) -> Variable:
        found = next(replay, None)
        if found is None:
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: get_updates makes more variables than when it was first called.",
                    fix="Make the same variables, in the same order, each time.",
                )
            )
        return found

    def _collect(self, gradients: Sequence[Any], variables: Sequence[Variable], loss: Any) -> list[Any]:
        """The updates that `get_updates` lists, by arrays."""
        self.updates = []
        self._running = dict(zip(variables, gradients, strict=True))
        try:
            with state.deferring():
                listed = self._ask(loss, list(variables))
        finally:
            self._running = None
        items = [*(listed or ()), *self.updates]
        self.updates = []
        return [state.as_update(item) for item in {id(item): item for item in items}.values()]

    def _ask(self, loss: Any, variables: list[Variable]) -> Iterable[Any]:
        names = list(inspect.signature(self.get_updates).parameters)
        known = {
            "loss": loss,
            "params": variables,
            "constraints": {v: v.constraint for v in variables if v.constraint is not None},
        }
        return self.get_updates(**{name: known[name] for name in names if name in known})

    def get_updates(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """What a step changes; a subclass writes it."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} has no `get_updates`.", fix="Write `get_updates(self, loss, params)`.")
        )

    def get_gradients(self, loss: Any, params: Sequence[Variable]) -> list[Any]:
        """The gradients of the step that is running, clipped; outside of one, those of a symbolic loss."""
        if self._running is None:
            gradients = derivatives.gradients(loss, list(params))
        else:
            gradients = [self._running[variable] for variable in params]
        if self.clipnorm:
            gradients = _clip_together(gradients, self.clipnorm)
        if self.clipvalue:
            gradients = [FUNCTIONS["clip"](gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        return gradients

    def get_config(self) -> dict[str, Any]:
        """What Keras 1's and 2's base class gives: the limits of clipping."""
        return {name: getattr(self, name) for name in ("clipnorm", "clipvalue") if getattr(self, name)}
