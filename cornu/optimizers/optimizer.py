"""The optimizer: everything around the formula of an update, which is all that a family writes."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cornu import initializers, naming, registry
from cornu.errors import brief, explain
from cornu.optimizers import arguments
from cornu.optimizers.gradients import clip_by_global_norm, clip_by_norm
from cornu.optimizers.state import State, branch, slot_name
from cornu.signature import check_domains, maybe, nonnegative
from cornu.variables import Variable, functional


class Slot(NamedTuple):
    """An array of state that an optimizer keeps for one variable: its first value, and its shape if it is another."""

    initial: float | Callable[..., Any] = 0.0
    shape: tuple[int, ...] | None = None


@registry.register("optimizer")
class Optimizer(State):
    """Moves variables along their gradients; the base of all optimizers.

    Args:
        learning_rate: a number; a schedule, which is given the number of the step; or a callable, which is given the
            number of the step if it takes an argument.
        weight_decay: before each update, w = w - learning_rate * weight_decay * w (Loshchilov & Hutter, 2019).
        clipnorm: the largest Euclidean norm of each gradient.
        clipvalue: the largest absolute value of each element of the gradients.
        global_clipnorm: the largest norm of all gradients together. Only one of the three may be given; 0 is none.
        use_ema: whether an exponential moving average of the variables is kept, to replace them after training:
            average = ema_momentum * average + (1 - ema_momentum) * w, and in the first step average = w.
        ema_momentum: in [0, 1].
        ema_overwrite_frequency: after every so many updates the variables are set to their average.
        loss_scale_factor: the loss is multiplied by it (`scale_loss`), and the gradients are divided by it.
        gradient_accumulation_steps: an update every so many steps, by the mean of their gradients.
        name: default: the class's name in snake_case, numbered.

    Raises:
        ValueError: for unknown arguments, arguments outside their domain, more than one kind of clipping; at use: for
            gradients that don't match the variables, variables it wasn't built with, no gradient at all.

    An optimizer of one's own writes what it keeps for each variable, and the formula of its update. Arrays go in by
    name and come out by name:

    >>> class Momentum(Optimizer):
    ...     def __init__(self, learning_rate=0.1, momentum=0.5, **kwargs):
    ...         super().__init__(learning_rate, **kwargs)
    ...         self.momentum = momentum
    ...     def slots(self, variable):
    ...         return [{"velocity": 0.0}]
    ...     def update(self, gradient, value, rate, step, *, velocity):
    ...         velocity = self.momentum * velocity - rate * gradient
    ...         return value + velocity, {"velocity": velocity}
    >>> optimizer, w = Momentum(0.5), Variable([1.0, 2.0], name="w")
    >>> optimizer.apply([[1.0, 1.0]], [w])
    >>> w.numpy().tolist(), [v.name for v in optimizer.variables]
    ([0.5, 1.5], ['iteration', 'learning_rate', 'w_velocity'])

    The style of Keras 3 works, too: a subclass that overrides `build` and `update_step(gradient, variable,
    learning_rate)`, with `add_variable_from_reference`, `_get_variable_index` and `assign`.

    Differences from Keras: formulas are computed, and state is kept, in float32 at least, because in 16 bits beta_2 =
    0.999 is 1 and small gradients square to 0. `decay`, Keras 2's learning_rate / (1 + decay * iterations), is honored,
    not ignored; `learning_rate` stays what it begins with, and may be set. A callable rate may take the step. A
    gradient of the wrong shape is an error, and so are lists of different lengths.
    """

    needs_loss = False
    """Whether `apply` must be given `loss` and `loss_function`: for methods that search along a line."""

    domains = {**arguments.DOMAINS, "decay": maybe(nonnegative)}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.domains = {k: v for c in reversed(cls.__mro__) for k, v in vars(c).get("domains", {}).items()}
        if "__init__" in vars(cls):
            cls.__init__ = arguments.spelled_out(vars(cls)["__init__"], Optimizer.__init__)  # type: ignore[method-assign]

    def __init__(
        self,
        learning_rate: Any,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.decay = kwargs.pop("decay", None) or 0.0
        if kwargs:
            raise ValueError(arguments.unknown(type(self), next(iter(kwargs))))
        arguments.check_clipping(type(self), clipnorm=clipnorm, clipvalue=clipvalue, global_clipnorm=global_clipnorm)
        self.name = name or naming.auto_name(registry.snake_case(type(self).__name__))
        self.weight_decay = weight_decay
        self.clipnorm, self.clipvalue, self.global_clipnorm = clipnorm, clipvalue, global_clipnorm
        self.use_ema, self.ema_momentum = use_ema, ema_momentum
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.loss_scale_factor = loss_scale_factor
        self.gradient_accumulation_steps = gradient_accumulation_steps
        self._variables: list[Variable] = []
        self._trainable_variables: list[Variable] = []
        self._places: dict[Variable, int] = {}
        self._kept_from_decay: tuple[set[Variable], re.Pattern | None] = (set(), None)
        self._iterations = self.add_variable((), dtype="int32", name="iteration", aggregation="only_first_replica")
        self._learning_rate = learning_rate if callable(learning_rate) else self._rate_cell(learning_rate)

    # What a family writes --------------------------------------------------------------------------------------------

    def slots(self, variable: Variable) -> list[dict[str, float | Slot]]:
        """The state kept for a variable: names with first values (a number, or a `Slot`).

        A list of such tables: of the first one the arrays are made for all variables, then of the second, and so on.
        Keras's files number an optimizer's arrays in that order.
        """
        return []

    def shared(self) -> dict[str, float]:
        """Numbers kept once for all variables, with their first values. `prepare` gets them and gives the new ones."""
        return {}

    def prepare(self, step: jax.Array, **shared: jax.Array) -> dict[str, jax.Array]:
        """What depends on the step only: computed once per update, and handed to every `update` by name."""
        return {}

    def update(self, *arguments: Any, **state: Any) -> tuple[jax.Array, dict[str, jax.Array]]:
        """The formula: `update(gradient, value, rate, step, *, ...)` gives the new value and the new state by name.

        `step` counts from 1. After the star come the variable's slots and what `prepare` gives, by name. All are
        arrays of the variable's dtype, or float32 for a variable of 16 bits.
        """
        raise NotImplementedError(
            explain(
                f"{type(self).__name__} has no formula.",
                fix="Write `update(self, gradient, value, rate, step, *, <slots>)`, or "
                "`update_step(self, gradient, variable, learning_rate)`.",
            )
        )

    def weight_decay_of(self, variable: Variable) -> float | None:
        """The weight decay of a variable."""
        return self.weight_decay

    # Building --------------------------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the state for the variables that will be trained."""
        if "_variables" not in vars(self):
            raise RuntimeError(
                explain(
                    f"{type(self).__name__}.__init__ doesn't call the constructor of its base class.",
                    fix="Make `super().__init__(learning_rate, **kwargs)` its first line.",
                )
            )
        if self.built:
            return
        variables = list(variables)
        self._trainable_variables = variables
        self._places = {variable: place for place, variable in enumerate(variables)}
        if self.use_ema:
            self._averages = [self._add_slot(v, "average", Slot()) for v in variables]
        if self.gradient_accumulation_steps:
            self._accumulators = [self._add_slot(v, "gradient_accumulator", Slot()) for v in variables]
        self._add_slots(variables)
        self.built = True

    def _add_slots(self, variables: list[Variable]) -> None:
        tables = [self.slots(variable) for variable in variables]
        self._slots: list[dict[str, Variable]] = [{} for _ in variables]
        for row in zip(*tables, strict=True):
            for variable, table, held in zip(variables, row, self._slots, strict=True):
                for name, slot in table.items():
                    held[name] = self._add_slot(variable, name, slot if isinstance(slot, Slot) else Slot(slot))
        self._shared = {
            name: self.add_variable((), initializers.Constant(initial), name=name)
            for name, initial in self.shared().items()
        }

    def _add_slot(self, variable: Variable, name: str, slot: Slot) -> Variable:
        first = slot.initial if callable(slot.initial) else initializers.Constant(slot.initial)
        shape = variable.shape if slot.shape is None else slot.shape
        return self.add_variable(shape, first, _dtype_of_state(variable), name=slot_name(variable, name))

    # Applying gradients ----------------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Updates variables, given pairs of a gradient and its variable; gives `iterations`."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        loss: Any = None,
        loss_function: Callable[[list], Any] | None = None,
    ) -> None:
        """Updates variables by their gradients; variables whose gradient is None stay, with a warning.

        Args:
            grads: one gradient per variable.
            trainable_variables: default: those that the optimizer was built with.
            loss: the value of the loss at the present variables. Used where `needs_loss` is true.
            loss_function: the loss as a pure function of a list of the variables' values. Used as `loss` is.
        """
        if len(grads) == 0:
            return
        variables = self._known(grads, trainable_variables)
        gradients, variables = self._present(grads, variables)
        objective = (loss, loss_function)
        if self.gradient_accumulation_steps:
            self._accumulate(gradients, variables, objective)
        else:
            self._advance(gradients, variables, objective)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable.value))
        self._iterations.assign_add(1)

    def _known(self, gradients: Sequence[Any], variables: Sequence[Variable] | None) -> list[Variable]:
        """The variables that gradients belong to, checked."""
        if variables is None and not self.built:
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: gradients came without variables before it was built.",
                    fix="Pass the variables, or call optimizer.build(variables) first.",
                )
            )
        variables = self._trainable_variables if variables is None else list(variables)
        if len(gradients) != len(variables):
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: the gradients don't match the variables.",
                    expected=f"{len(variables)} gradients, one per variable",
                    got=f"{len(gradients)}",
                )
            )
        if not self.built:
            self.build(variables)
        for variable in variables:
            self._get_variable_index(variable)
        return variables

    def _present(self, gradients: Sequence[Any], variables: list[Variable]) -> tuple[list[jax.Array], list[Variable]]:
        """The gradients that exist, as arrays without the loss's scale, and their variables."""
        missing = [v.path for g, v in zip(gradients, variables, strict=True) if g is None]
        if len(missing) == len(variables):
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: no variable has a gradient.",
                    expected="a loss that depends on the variables",
                    got="None for each of " + ", ".join(missing),
                )
            )
        if missing:
            warnings.warn(
                f"Optimizer {self.name!r}: the loss doesn't depend on {', '.join(missing)}; they stay as they are. "
                "Was the `loss` argument of compile() forgotten, or a layer's output not used?",
                stacklevel=3,
            )
        pairs = [(jnp.asarray(g), v) for g, v in zip(gradients, variables, strict=True) if g is not None]
        for gradient, variable in pairs:
            if gradient.shape != variable.shape:
                raise ValueError(
                    explain(
                        f"Optimizer {self.name!r}: the gradient of variable {variable.path!r} has the wrong shape.",
                        expected=f"shape {variable.shape}",
                        got=f"shape {gradient.shape}",
                    )
                )
        scale = self.loss_scale_factor
        arrays = [gradient.astype(_dtype_of_state(variable)) for gradient, variable in pairs]
        return [g if scale is None else g / scale for g in arrays], [variable for _, variable in pairs]

    def _accumulate(self, gradients: list[jax.Array], variables: list[Variable], objective: tuple) -> None:
        steps = self.gradient_accumulation_steps or 1
        sums = [self._accumulators[self._get_variable_index(v)] for v in variables]

        def advance() -> None:
            means = [(total.value + gradient) / steps for total, gradient in zip(sums, gradients, strict=True)]
            self._advance(means, variables, objective)
            for total in sums:
                total.assign(jnp.zeros(total.shape, total.dtype))

        def collect() -> None:
            for total, gradient in zip(sums, gradients, strict=True):
                total.assign(total.value + gradient)

        due = jax.lax.rem(self._iterations.value + 1, jnp.int32(steps)) == 0
        branch(due, advance, collect, [*self._trainable_variables, *self.variables])

    def _advance(self, gradients: list[jax.Array], variables: list[Variable], objective: tuple) -> None:
        """One real update: clipping, weight decay, then the formula for each variable."""
        rate = self._decayed_rate()
        gradients = self._clip(gradients)
        for variable in variables:
            decay = self.weight_decay_of(variable)
            if decay and self._decays(variable):
                variable.assign(variable.value - variable.value * decay * rate)
        prepared = {dtype: self._prepare(dtype) for dtype in dict.fromkeys(map(_dtype_of_state, variables))}
        for name, cell in self._shared.items():
            first, *_ = [values.pop(name) for values in prepared.values()]
            cell.assign(first)
        self._prepared = prepared
        for gradient, variable in zip(gradients, variables, strict=True):
            self.update_step(gradient, variable, rate)
        self._prepared = {}

    def _prepare(self, dtype: str) -> dict[str, jax.Array]:
        step = jnp.asarray(self.iterations + 1, dtype)
        shared = {name: cell.value.astype(dtype) for name, cell in self._shared.items()}
        return {"step": step, **self.prepare(step, **shared)}

    def update_step(self, gradient: jax.Array, variable: Variable, learning_rate: Any) -> None:
        """Updates one variable and its state, by `update`. Called by `apply`."""
        held, dtype = self._slots[self._get_variable_index(variable)], _dtype_of_state(variable)
        value, state = self.update(
            gradient.astype(dtype),
            variable.value.astype(dtype),
            jnp.asarray(learning_rate, dtype),
            **self._prepared[dtype],
            **{name: cell.value for name, cell in held.items()},
        )
        variable.assign(value)
        for name, new in state.items():
            held[name].assign(new)

    def _clip(self, gradients: list[jax.Array]) -> list[jax.Array]:
        if self.clipnorm:
            return [clip_by_norm(gradient, self.clipnorm) for gradient in gradients]
        if self.global_clipnorm:
            return clip_by_global_norm(gradients, self.global_clipnorm)
        if self.clipvalue:
            return [jnp.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        return gradients

    def _average(self) -> None:
        """Moves the averages toward the variables, and, when it is time, the variables onto their averages."""
        momentum = jnp.where(self.iterations == 0, 0.0, self.ema_momentum)
        every = self.ema_overwrite_frequency
        due = jax.lax.rem(self.iterations + 1, jnp.int32(every or 1)) == 0
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            average.assign(momentum * average.value + (1 - momentum) * variable.value)
            if every:
                variable.assign(jnp.where(due, average.value, variable.value))

    def exclude_from_weight_decay(
        self, var_list: Sequence[Variable] | None = None, var_names: Sequence[str] | None = None
    ) -> None:
        """Keeps variables from weight decay: those given, and those whose name holds one of the (regular) expressions.

        To be called before the first step.
        """
        names = re.compile("|".join(var_names)) if var_names else None
        self._kept_from_decay = (set(var_list or ()), names)

    def _decays(self, variable: Variable) -> bool:
        variables, names = self._kept_from_decay
        return variable not in variables and not (names and names.search(variable.name))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """The last act of training: with `use_ema` the variables are set to their averages."""
        if self.use_ema and self.built:
            for variable in var_list:
                variable.assign(self._averages[self._get_variable_index(variable)].value)

    def scale_loss(self, loss: Any) -> Any:
        """The loss times `loss_scale_factor`, to take gradients of."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def stateless_apply(
        self, optimizer_variables: Sequence[Any], grads: Sequence[Any], trainable_variables: Sequence[Any]
    ) -> tuple[list, list]:
        """`apply` as a pure function of values: gives the new values of the trained variables and of `variables`.

        Raises ValueError before `build`, and for lists of the wrong length.
        """
        if not self.built:
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r}: stateless_apply before it was built.",
                    fix="Call optimizer.build(variables) first.",
                )
            )
        trained, own = self._trainable_variables, self.variables
        for argument, given, wanted in (
            ("optimizer_variables", optimizer_variables, own),
            ("trainable_variables", trainable_variables, trained),
        ):
            if len(given) != len(wanted):
                raise ValueError(
                    explain(
                        f"Optimizer {self.name!r}: `{argument}` has the wrong length.",
                        expected=f"{len(wanted)} values",
                        got=f"{len(given)}",
                    )
                )
        pure = functional(self.apply, [*trained, *own])
        _, new = pure([*trainable_variables, *optimizer_variables], grads)
        return list(new[: len(trained)]), list(new[len(trained) :])

    # Parts that a subclass in the style of Keras 3 uses --------------------------------------------------------------

    def _get_variable_index(self, variable: Variable) -> int:
        if variable not in self._places:
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r} doesn't know variable {getattr(variable, 'path', variable)!r}.",
                    expected="one of the variables that it was built with: "
                    + brief(", ".join(v.path for v in self._trainable_variables)),
                    fix="Make a new optimizer for new variables, or build it with all of them.",
                )
            )
        return self._places[variable]

    def assign(self, variable: Variable, value: Any) -> None:
        """Sets a variable."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Adds to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtracts from a variable."""
        variable.assign_sub(value)

    # Rate, state, config ---------------------------------------------------------------------------------------------

    @property
    def iterations(self) -> Any:
        """The number of updates so far: with accumulation, that of the real ones."""
        steps = self.gradient_accumulation_steps
        return jax.lax.div(self._iterations.value, jnp.int32(steps)) if steps else self._iterations

    @property
    def learning_rate(self) -> Any:
        """The rate of the next step: a variable where it is a number, else the schedule's value.

        Setting it to a number, where it is one, works at any time, also between the steps of a compiled loop.
        Raises TypeError when a number is set where a schedule is at work.
        """
        rate = self._learning_rate
        if not callable(rate):
            return rate
        return rate(self._iterations.value) if arguments.takes_step(rate) else rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        if callable(learning_rate):
            self._variables = [v for v in self._variables if v is not self._learning_rate]
            self._learning_rate = learning_rate
        elif callable(self._learning_rate):
            raise TypeError(
                explain(
                    f"Optimizer {self.name!r}: its learning rate follows a schedule and can't be set to a number.",
                    got=brief(learning_rate),
                    fix="Make the optimizer with a number as learning_rate, or set another schedule.",
                )
            )
        else:
            self._learning_rate.assign(learning_rate)

    def _decayed_rate(self) -> jax.Array:
        """The rate with which this update is made."""
        rate = jnp.asarray(self.learning_rate)
        return rate / (1 + self.decay * jnp.asarray(self.iterations, rate.dtype)) if self.decay else rate

    def _rate_cell(self, learning_rate: Any) -> Variable:
        check_domains(type(self), {"learning_rate": learning_rate})
        first = initializers.Constant(np.asarray(learning_rate))
        return self.add_variable((), first, name="learning_rate", aggregation="only_first_replica")

    def _base_config(self) -> dict:
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": registry.serialize(rate) if callable(rate) else float(rate.numpy()),
            **{name: getattr(self, name) for name in arguments.DOMAINS if name != "learning_rate"},
            **({"decay": self.decay} if self.decay else {}),
        }


def _dtype_of_state(variable: Variable) -> str:
    return "float32" if variable.dtype in ("float16", "bfloat16") else variable.dtype
