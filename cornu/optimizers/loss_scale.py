"""Loss scaling: so that small gradients survive in float16."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax.numpy as jnp

from cornu import initializers, registry
from cornu.errors import explain
from cornu.optimizers.gradients import all_finite
from cornu.optimizers.optimizer import Optimizer
from cornu.optimizers.state import branch
from cornu.registry import register
from cornu.signature import positive, positive_int
from cornu.variables import Variable


@register("optimizer", "lossscaleoptimizer")
class LossScaleOptimizer(Optimizer):
    """Another optimizer, with the loss multiplied by a scale that adapts itself (Micikevicius et al., 2018).

    The gradients are divided by the scale before the inner optimizer sees them. A step whose gradients aren't finite
    is left out, and the scale is halved. After `dynamic_growth_steps` finite steps in a row it is doubled.

    Args:
        inner_optimizer: the optimizer, or its name or config. Rate, clipping and so on are set there.
        initial_scale: the first scale.
        dynamic_growth_steps: see above.
        name: default: "loss_scale_optimizer", numbered.

    Difference from Keras on JAX: `apply` works outside of `stateless_apply`, too.

    >>> from cornu.optimizers.sgd import SGD
    >>> optimizer, w = LossScaleOptimizer(SGD(1.0), initial_scale=4.0), Variable([1.0])
    >>> optimizer.apply([[float("inf")]], [w])
    >>> w.numpy().tolist(), float(optimizer.scale_loss(1.0))
    ([1.0], 2.0)
    """

    domains = {"initial_scale": positive, "dynamic_growth_steps": positive_int}

    def __init__(
        self,
        inner_optimizer: Any,
        initial_scale: float = 2.0**15,
        dynamic_growth_steps: int = 2000,
        name: str | None = None,
    ) -> None:
        super().__init__(0.0, name=name)
        self.inner_optimizer = registry.resolve("optimizer", inner_optimizer)
        if not isinstance(self.inner_optimizer, Optimizer):
            raise TypeError(
                explain("LossScaleOptimizer: `inner_optimizer` is wrong.", expected="an optimizer", got=inner_optimizer)
            )
        self.initial_scale, self.dynamic_growth_steps = initial_scale, dynamic_growth_steps
        self.inner_optimizer.loss_scale_factor = None  # or the gradients would be divided twice

    def build(self, variables: Sequence[Variable]) -> None:
        """Makes the scale and its counter, then the inner optimizer's state."""
        if self.built:
            return
        self.step_counter = self.add_variable((), dtype="int32", name="step_counter")
        scale = initializers.Constant(self.initial_scale)
        self.dynamic_scale = self.add_variable((), scale, dtype="float32", name="dynamic_scale")
        self.inner_optimizer.build(variables)
        super().build(variables)

    @property
    def variables(self) -> list[Variable]:
        """Its own, then the inner optimizer's."""
        return [*super().variables, *self.inner_optimizer.variables]

    def apply(
        self,
        grads: Sequence[Any],
        trainable_variables: Sequence[Variable] | None = None,
        loss: Any = None,
        loss_function: Callable[[list], Any] | None = None,
    ) -> None:
        """Lets the inner optimizer update the variables if all gradients are finite, and adapts the scale."""
        if len(grads) == 0:
            return
        variables = self._known(grads, trainable_variables)
        gradients = [None if g is None else jnp.asarray(g) / self.dynamic_scale.value for g in grads]
        finite = all_finite([g for g in gradients if g is not None])
        branch(
            finite,
            lambda: self.inner_optimizer.apply(gradients, variables),
            lambda: None,
            [*self._trainable_variables, *self.inner_optimizer.variables],
        )
        steps, scale = self.step_counter.value + 1, self.dynamic_scale.value
        grows = steps == self.dynamic_growth_steps
        self.step_counter.assign(jnp.where(finite & ~grows, steps, 0))
        self.dynamic_scale.assign(scale * jnp.where(finite, jnp.where(grows, 2.0, 1.0), 0.5))

    @property
    def learning_rate(self) -> Any:
        """The inner optimizer's."""
        return self.inner_optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, learning_rate: Any) -> None:
        self.inner_optimizer.learning_rate = learning_rate

    @property
    def iterations(self) -> Any:
        """The inner optimizer's: steps that were left out don't count."""
        return self.inner_optimizer.iterations

    def scale_loss(self, loss: Any) -> Any:
        """The loss times the present scale."""
        return jnp.asarray(loss) * (self.dynamic_scale.value if self.built else jnp.float32(self.initial_scale))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """The inner optimizer's."""
        self.inner_optimizer.finalize_variable_values(var_list)

    def _base_config(self) -> dict:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> LossScaleOptimizer:
        """The optimizer of a config, of older Keras, too, which lists arguments that do nothing here."""
        wanted = ("name", "inner_optimizer", "initial_scale", "dynamic_growth_steps")
        return super().from_config({name: config[name] for name in wanted if name in config})
