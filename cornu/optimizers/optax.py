"""Any optax transformation as an optimizer, and L-BFGS through optax."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import naming, registry, tree
from cornu.errors import explain
from cornu.optimizers import arguments
from cornu.optimizers.optimizer import Optimizer
from cornu.registry import register
from cornu.signature import Domain, boolean, positive_int
from cornu.variables import Variable


def is_transformation(value: Any) -> bool:
    """Whether a value is one of optax's gradient transformations."""
    return callable(getattr(value, "init", None)) and callable(getattr(value, "update", None))


@register("optimizer", "optax")
class Optax(Optimizer):
    """An optax transformation as an optimizer: updates = transformation(gradients), w = w + updates.

    `compile(optax.adam(1e-3))` and `optimizers.get(optax.adam(1e-3))` make one.

    Args:
        transformation: a `GradientTransformation`, also one with extra arguments; or a function without arguments that
            makes one, which has a name and so can be saved.

    The other arguments are those of `Optimizer`, but for `learning_rate` and `weight_decay`, which the transformation
    has itself. It sees the variables as a dict by path, so that `optax.masked`, `optax.multi_transform` and the like
    can tell them apart. `learning_rate` can be read and set if the transformation was made by
    `optax.inject_hyperparams(optax.adam)(learning_rate=...)`.

    Transformations that search along a line, `optax.lbfgs` for example, need more than gradients: after `build`,
    `needs_loss` is true for them, and `apply` must be given `loss` and `loss_function`. `fit` does that.

    >>> import optax
    >>> optimizer, w = Optax(optax.sgd(0.5)), Variable([1.0, 2.0])
    >>> optimizer.apply([[1.0, 2.0]], [w])
    >>> w.numpy().tolist()
    [0.5, 1.0]
    """

    keras_module = "cornu.optimizers"
    domains = {
        "transformation": Domain(
            "an optax.GradientTransformation or a function that makes one",
            lambda v: is_transformation(v) or callable(v),
        )
    }

    def __init__(self, transformation: Any, **kwargs: Any) -> None:
        for name in ("learning_rate", "weight_decay"):
            if kwargs.pop(name, None) is not None:
                raise ValueError(
                    explain(
                        f"{type(self).__name__}: `{name}` belongs to the transformation.",
                        fix="Pass it to the optax function that makes the transformation.",
                    )
                )
        super().__init__(None, **kwargs)
        self.transformation = transformation
        self._transformation = transformation if is_transformation(transformation) else transformation()

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes a variable for each array of the transformation's state."""
        if self.built:
            return
        super().build(variables)
        self._names = _unique([variable.path for variable in self._trainable_variables])
        with jax.ensure_compile_time_eval():
            values = dict(zip(self._names, (v.stored() for v in self._trainable_variables), strict=True))
            state = self._transformation.init(values)
            leaves, self._structure = tree.flatten_with_path(state)
            self._cells = [_Cell(self.name, path, leaf) for path, leaf in leaves]
        self._variables += [cell.variable for cell in self._cells]
        # Compiled by itself for those who call `apply` outside of a compiled step; inside, it is inlined.
        self._compiled = jax.jit(self._transformation.update, inline=True)
        self.needs_loss = self._asks_for_more(values, state)
        if self.needs_loss and (self.loss_scale_factor or self.gradient_accumulation_steps):
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r} searches along the loss of each batch.",
                    expected="neither `loss_scale_factor` nor `gradient_accumulation_steps`",
                )
            )

    def _asks_for_more(self, values: dict, state: Any) -> bool:
        """Whether an update without the loss fails for want of arguments."""
        try:
            jax.eval_shape(lambda: self._transformation.update(values, state, values))
        except TypeError as error:
            return "required keyword-only argument" in str(error)
        return False

    def _advance(self, gradients: list[jax.Array], variables: list[Variable], objective: tuple) -> None:
        by_variable = {id(v): g for g, v in zip(self._clip(gradients), variables, strict=True)}
        values = {name: v.value for name, v in zip(self._names, self._trainable_variables, strict=True)}
        given = {
            name: by_variable.get(id(v), jnp.zeros(v.shape, v.dtype))
            for name, v in zip(self._names, self._trainable_variables, strict=True)
        }
        state = tree.unflatten(self._structure, [cell.read() for cell in self._cells])
        if self.needs_loss:
            search = self._line_search(given, *objective)
            updates, state = self._transformation.update(given, state, values, **search)
        else:
            updates, state = self._compiled(given, state, values)
        for name, variable in zip(self._names, self._trainable_variables, strict=True):
            if id(variable) in by_variable and updates[name] is not None:
                variable.assign(values[name] + updates[name])
        for cell, leaf in zip(self._cells, tree.flatten(state), strict=True):
            cell.write(leaf)

    def _line_search(self, gradients: dict, loss: Any, loss_function: Any) -> dict:
        if loss is None or loss_function is None:
            raise ValueError(
                explain(
                    f"Optimizer {self.name!r} searches along a line and needs the loss, not only its gradients.",
                    expected="apply(gradients, variables, loss=value, loss_function=function of a list of values)",
                    got="no loss" if loss is None else "no loss_function",
                )
            )
        return {
            "value": jnp.asarray(loss),
            "grad": gradients,
            "value_fn": lambda values: loss_function([values[name] for name in self._names]),
        }

    @property
    def learning_rate(self) -> Any:
        """The injected rate; AttributeError where none is injected."""
        return self._injected_rate()

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self._injected_rate().assign(learning_rate)

    def _injected_rate(self) -> Variable:
        for cell in self._cells if self.built else ():
            if cell.variable.name.endswith("hyperparams_learning_rate"):
                return cell.variable
        raise AttributeError(
            explain(
                f"Optimizer {self.name!r} doesn't show the learning rate inside its optax transformation.",
                fix="Make it by optax.inject_hyperparams(optax.adam)(learning_rate=...), and build it.",
            )
        )

    def _rate_cell(self, learning_rate: Any) -> None:
        """The transformation has its own rate."""

    def _base_config(self) -> dict:
        kept = (name for name in arguments.DOMAINS if name not in ("learning_rate", "weight_decay"))
        return {"name": self.name, **{name: getattr(self, name) for name in kept}}

    def get_config(self) -> dict:
        """The constructor's arguments; the transformation itself, which is code, can't be among them."""
        made_here = self.transformation is self._transformation
        return {**self._base_config(), "transformation": None if made_here else registry.serialize(self.transformation)}

    @classmethod
    def from_config(cls, config: dict) -> Optimizer:
        """The optimizer of a config; ValueError if it was made from a bare transformation."""
        if "transformation" in config and config["transformation"] is None:
            raise ValueError(
                explain(
                    "This optimizer was an optax transformation, which is code, and files hold data only.",
                    fix="Load without compiling (compile=False) and call compile() with the transformation; or make "
                    "the optimizer from a function registered by @cornu.saving.register_keras_serializable().",
                )
            )
        return super().from_config(config)


@register("optimizer", "lbfgs")
class LBFGS(Optax):
    """Limited-memory BFGS with a line search (Liu & Nocedal, 1989; Nocedal & Wright, 2006, algorithms 7.5, 3.5, 3.6).

        w = w - s * P g

    P approximates the inverse Hessian from the last changes of w and g; s fulfills the strong Wolfe conditions. For
    small problems and smooth losses: give it all the data as one batch (`batch_size=len(x)`), and no dropout, because
    the line search evaluates the loss of the batch several times, which `fit` sees to.

    Args:
        memory_size: how many past changes are kept.
        scale_init_precond: whether P starts from the last curvature, not from 1.
        max_linesearch_steps: evaluations of the loss per step, at most.

    The other arguments are those of `Optimizer`, but for `learning_rate` and `weight_decay`. Needs optax. In a loop of
    one's own the step should be compiled, or the search is compiled anew each time:

        @cornu.jit
        def step():
            loss, gradients = jax.value_and_grad(loss_of)([v.value for v in variables])
            optimizer.apply(gradients, variables, loss=loss, loss_function=loss_of)

    >>> LBFGS(memory_size=5).needs_loss
    True
    """

    needs_loss = True
    domains = {"memory_size": positive_int, "scale_init_precond": boolean, "max_linesearch_steps": positive_int}

    def __init__(
        self, memory_size: int = 10, scale_init_precond: bool = True, max_linesearch_steps: int = 20, **kwargs: Any
    ) -> None:
        try:
            import optax
        except ImportError as error:
            raise ImportError(explain("LBFGS needs optax.", fix="Run: pip install optax")) from error
        self.memory_size, self.scale_init_precond = memory_size, scale_init_precond
        self.max_linesearch_steps = max_linesearch_steps
        search = optax.scale_by_zoom_linesearch(max_linesearch_steps, initial_guess_strategy="one")
        made = optax.lbfgs(memory_size=memory_size, scale_init_precond=scale_init_precond, linesearch=search)
        super().__init__(made, **kwargs)

    def get_config(self) -> dict:
        """The constructor's arguments."""
        own = {name: getattr(self, name) for name in ("memory_size", "scale_init_precond", "max_linesearch_steps")}
        return {**self._base_config(), **own}


class _Cell:
    """A variable for one array of a transformation's state; random keys are kept as their raw data."""

    def __init__(self, owner: str, path: tuple, leaf: Any) -> None:
        leaf = leaf if hasattr(leaf, "dtype") else np.asarray(leaf)
        self._key = jax.random.key_impl(leaf) if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key) else None
        name = "_".join(str(getattr(part, "name", getattr(part, "key", getattr(part, "idx", part)))) for part in path)
        with naming.within(owner):
            # A copy, because the state may share its buffers with the variables themselves.
            raw = np.array(leaf if self._key is None else jax.random.key_data(leaf))
            self.variable = Variable(raw, trainable=False, name=name.replace("/", "_") or "state")

    def read(self) -> jax.Array:
        value = self.variable.value
        return value if self._key is None else jax.random.wrap_key_data(value, impl=self._key)

    def write(self, leaf: Any) -> None:
        self.variable.assign(leaf if self._key is None else jax.random.key_data(leaf))


def _unique(paths: Sequence[str]) -> list[str]:
    """The paths; where one comes again, it is numbered."""
    seen: Counter[str] = Counter()
    names = []
    for path in paths:
        names.append(f"{path}_{seen[path]}" if seen[path] else path)
        seen[path] += 1
    return names
