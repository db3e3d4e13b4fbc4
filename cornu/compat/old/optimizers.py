"""The optimizers of Keras 1 and 2 whose formulas are others today.

SGD, Adadelta, Adam and Adamax have kept theirs; `decay` is an argument of every optimizer of cornu. The base class is
the one that programs subclass by `get_updates`.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu import optimizers, registry
from cornu.compat import dialect
from cornu.compat.optimizers import Optimizer as Optimizer
from cornu.registry import register_keras_serializable
from cornu.signature import nonnegative


@register_keras_serializable("keras2")
class RMSprop(optimizers.RMSprop):
    """`cornu.optimizers.RMSprop` with epsilon beside the root: w = w - rate * g / (sqrt(v) + epsilon)

    Keras 2 has neither `momentum` nor `centered`; with one of them the formula is today's.

    >>> from cornu.variables import Variable
    >>> w = Variable([1.0])
    >>> RMSprop(0.1, epsilon=1.0).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.8063
    """

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        velocity: jax.Array,
        **others: Any,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        if others:
            return super().update(gradient, value, rate, step, velocity=velocity, **others)
        velocity = self.rho * velocity + (1 - self.rho) * jnp.square(gradient)
        return value - rate * gradient / (jnp.sqrt(velocity) + self.epsilon), {"velocity": velocity}


@register_keras_serializable("keras2")
class Adagrad(optimizers.Adagrad):
    """`cornu.optimizers.Adagrad` with epsilon beside the root, from a sum of 0: w = w - rate * g / (sqrt(s) + epsilon)

    >>> from cornu.variables import Variable
    >>> w = Variable([1.0])
    >>> Adagrad(0.6, epsilon=1.0).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.5
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        initial_accumulator_value: float = 0.0,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, initial_accumulator_value, epsilon, **kwargs)

    def update(
        self, gradient: jax.Array, value: jax.Array, rate: jax.Array, step: jax.Array, *, accumulator: jax.Array
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        accumulator = accumulator + jnp.square(gradient)
        return value - rate * gradient / (jnp.sqrt(accumulator) + self.epsilon), {"accumulator": accumulator}


@register_keras_serializable("keras2")
class Nadam(optimizers.Nadam):
    """`cornu.optimizers.Nadam` with u_t = beta_1 * (1 - 0.96^(t * schedule_decay) / 2)

    Today's is that of schedule_decay = 1.

    >>> from cornu.variables import Variable
    >>> w = Variable([1.0])
    >>> Nadam(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.8944
    """

    domains = {"schedule_decay": nonnegative}

    def __init__(
        self,
        learning_rate: Any = 0.002,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        schedule_decay: float = 0.004,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **kwargs)
        self.schedule_decay = schedule_decay

    def _warmed(self, step: jax.Array) -> jax.Array:
        return jnp.asarray(self.beta_1, step.dtype) * (1 - 0.5 * 0.96 ** (step * self.schedule_decay))

    def prepare(self, step: jax.Array, *, u_product: jax.Array) -> dict:
        """The terms of the formula that only the step decides."""
        u, u_next = self._warmed(step), self._warmed(step + 1)
        return {
            **super().prepare(step, u_product=u_product),
            "u_product": u_product * u,
            "of_mean": u_next / (1 - u_product * u * u_next),
            "of_gradient": (1 - u) / (1 - u_product * u),
        }


RATES: dict[str, tuple[type[optimizers.Optimizer], float]] = {
    "sgd": (optimizers.SGD, 0.01),
    "rmsprop": (RMSprop, 0.001),
    "adagrad": (Adagrad, 0.01),
    "adadelta": (optimizers.Adadelta, 1.0),
    "adam": (optimizers.Adam, 0.001),
    "adamax": (optimizers.Adamax, 0.002),
    "nadam": (Nadam, 0.002),
}
"""The optimizers of Keras 1 and 2, and their learning rates."""


def get(identifier: Any) -> Any:
    """The optimizer that an argument of `compile` stands for in Keras 1 and 2, in any case of letters.

    >>> get("AdaDelta").learning_rate.numpy().item()
    1.0
    """
    if not isinstance(identifier, str) or identifier.lower() not in RATES:
        return registry.resolve("optimizer", identifier)
    made, rate = RATES[identifier.lower()]
    epsilon: dict[str, Any] = (
        {"epsilon": 1e-8} if dialect.current().before("keras2") and made is not optimizers.SGD else {}
    )
    return made(rate, **epsilon)
