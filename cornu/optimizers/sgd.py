"""Methods whose step is the gradient itself, its moving average, or only its sign."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.optimizers.arguments import forgetting
from cornu.optimizers.optimizer import Optimizer
from cornu.registry import register
from cornu.signature import boolean, interval
from cornu.variables import Variable


@register("optimizer", "sgd")
class SGD(Optimizer):
    """Gradient descent, with momentum if wanted.

        w = w - rate * g                                    momentum = 0
        v = momentum * v - rate * g;  w = w + v             momentum > 0 (Polyak, 1964)
                                      w = w + momentum * v - rate * g    nesterov (Sutskever et al., 2013)

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        momentum: in [0, 1].
        nesterov: whether to step by the velocity that the next step will have.

    >>> w = Variable([1.0, 2.0])
    >>> SGD(0.5).apply([[1.0, 2.0]], [w])
    >>> w.numpy().tolist()
    [0.5, 1.0]
    """

    domains = {"momentum": interval(0, 1), "nesterov": boolean}

    def __init__(self, learning_rate: Any = 0.01, momentum: float = 0.0, nesterov: bool = False, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum, self.nesterov = momentum, nesterov

    def slots(self, variable: Variable) -> list:
        """The velocity, where there is momentum; Keras calls it "momentum"."""
        return [{"momentum": 0.0}] if self.momentum else []

    def update(
        self, gradient: jax.Array, value: jax.Array, rate: jax.Array, step: jax.Array, *, momentum: Any = None
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        if momentum is None:
            return value - rate * gradient, {}
        velocity = self.momentum * momentum - rate * gradient
        if self.nesterov:
            return value + self.momentum * velocity - rate * gradient, {"momentum": velocity}
        return value + velocity, {"momentum": velocity}


@register("optimizer", "lion")
class Lion(Optimizer):
    """Steps of one size, in the direction of the sign of the momentum (Chen et al., 2023, arXiv:2302.06675).

        w = w - rate * sign(beta_1 * m + (1 - beta_1) * g)
        m = beta_2 * m + (1 - beta_2) * g

    Its rate should be 3 to 10 times smaller than AdamW's, and its weight decay as much larger.

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: weight of the momentum in the step, in (0, 1].
        beta_2: how much of the momentum is kept, in [0, 1).

    >>> w = Variable([1.0, 2.0])
    >>> Lion(0.5).apply([[0.1, -20.0]], [w])
    >>> w.numpy().tolist()
    [0.5, 2.5]
    """

    domains = {"beta_1": interval(0, 1, "(]"), "beta_2": forgetting}

    def __init__(self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2 = beta_1, beta_2

    def slots(self, variable: Variable) -> list:
        """The moving average of the gradients."""
        return [{"momentum": 0.0}]

    def update(
        self, gradient: jax.Array, value: jax.Array, rate: jax.Array, step: jax.Array, *, momentum: jax.Array
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        value = value - rate * jnp.sign(self.beta_1 * momentum + (1 - self.beta_1) * gradient)
        momentum = self.beta_2 * momentum + (1 - self.beta_2) * gradient
        return value, {"momentum": momentum}
