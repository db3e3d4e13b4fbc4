"""Methods that divide each step by a running size of the gradient: Adagrad, Adadelta, RMSprop, FTRL."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.optimizers.arguments import forgetting
from cornu.optimizers.optimizer import Optimizer
from cornu.registry import register
from cornu.signature import Domain, boolean, interval, nonnegative, number
from cornu.variables import Variable


@register("optimizer", "rmsprop")
class RMSprop(Optimizer):
    """Steps divided by the root mean square of recent gradients (Hinton, 2012, lecture 6e of his course).

        v = rho * v + (1 - rho) * g^2
        a = rho * a + (1 - rho) * g                         centered, else a = 0
        d = rate * g / sqrt(v - a^2 + epsilon)
        w = w - d                                           momentum = 0
        m = momentum * m + d;  w = w - m                    momentum > 0

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        rho: how much of the moving averages is kept, in [0, 1).
        momentum: in [0, 1].
        epsilon: under the root.
        centered: whether the mean is taken off, so that v - a^2 is the variance.

    >>> w = Variable([1.0])
    >>> RMSprop(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.6838
    """

    domains = {"rho": forgetting, "momentum": interval(0, 1), "epsilon": nonnegative, "centered": boolean}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def slots(self, variable: Variable) -> list:
        """The mean square; where they are used, the momentum and the mean."""
        used = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return [{name: 0.0} for name, needed in used.items() if needed]

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        velocity: jax.Array,
        momentum: Any = None,
        average_gradient: Any = None,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        state = {}
        state["velocity"] = velocity = self.rho * velocity + (1 - self.rho) * jnp.square(gradient)
        if average_gradient is not None:
            state["average_gradient"] = average = self.rho * average_gradient + (1 - self.rho) * gradient
            velocity = velocity - jnp.square(average)
        change = rate * gradient / jnp.sqrt(velocity + self.epsilon)
        if momentum is not None:
            state["momentum"] = change = self.momentum * momentum + change
        return value - change, state


@register("optimizer", "adagrad")
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients (Duchi et al., 2011).

        s = s + g^2
        w = w - rate * g / sqrt(s + epsilon)

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments. The paper's is 1.
        initial_accumulator_value: the first s, 0 or more.
        epsilon: under the root.

    >>> w = Variable([1.0])
    >>> Adagrad(1.0, initial_accumulator_value=0.0).apply([[5.0]], [w])
    >>> w.numpy().tolist()
    [0.0]
    """

    domains = {"initial_accumulator_value": nonnegative, "epsilon": nonnegative}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def slots(self, variable: Variable) -> list:
        """The sum of squares."""
        return [{"accumulator": self.initial_accumulator_value}]

    def update(
        self, gradient: jax.Array, value: jax.Array, rate: jax.Array, step: jax.Array, *, accumulator: jax.Array
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        accumulator = accumulator + jnp.square(gradient)
        value = value - rate * gradient / jnp.sqrt(accumulator + self.epsilon)
        return value, {"accumulator": accumulator}


@register("optimizer", "adadelta")
class Adadelta(Optimizer):
    """Steps in the units of the variable: the ratio of two running sizes (Zeiler, 2012, arXiv:1212.5701).

        s = rho * s + (1 - rho) * g^2
        d = -g * sqrt(u + epsilon) / sqrt(s + epsilon)
        u = rho * u + (1 - rho) * d^2
        w = w + rate * d

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments. The paper's is 1.
        rho: how much of the moving averages is kept, in [0, 1).
        epsilon: under the roots; it sets the size of the first steps.

    >>> w = Variable([1.0])
    >>> Adadelta(1.0, rho=0.5, epsilon=1.0).apply([[1.0]], [w])
    >>> round(float(w[0]), 4)
    0.1835
    """

    domains = {"rho": forgetting, "epsilon": nonnegative}

    def __init__(self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **kwargs: Any) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho, self.epsilon = rho, epsilon

    def slots(self, variable: Variable) -> list:
        """The mean squares of the gradients and of the steps."""
        return [{"accumulated_grad": 0.0, "accumulated_delta_var": 0.0}]

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        accumulated_grad: jax.Array,
        accumulated_delta_var: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        squares = self.rho * accumulated_grad + (1 - self.rho) * jnp.square(gradient)
        change = -gradient * jnp.sqrt(accumulated_delta_var + self.epsilon) / jnp.sqrt(squares + self.epsilon)
        changes = self.rho * accumulated_delta_var + (1 - self.rho) * jnp.square(change)
        return value + rate * change, {"accumulated_grad": squares, "accumulated_delta_var": changes}


@register("optimizer", "ftrl")
class Ftrl(Optimizer):
    """Follow the regularized leader: for sparse, shallow models (McMahan et al., 2013, "Ad Click Prediction").

        g' = g + 2 * l2_shrinkage * w
        n' = n + g^2
        z  = z + g' - (n'^-p - n^-p) / rate * w
        q  = n'^-p / rate + 2 * l2 + beta / rate
        w  = (clip(z, -l1, l1) - z) / q,  n = n'            p = learning_rate_power

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        learning_rate_power: p, 0 or less; 0 is a constant rate.
        initial_accumulator_value: the first n, 0 or more.
        l1_regularization_strength: 0 or more; makes weights exactly 0.
        l2_regularization_strength: 0 or more; a penalty that stabilizes.
        l2_shrinkage_regularization_strength: 0 or more; a penalty on the weights' size.
        beta: the paper's beta.

    >>> w = Variable([1.0])
    >>> Ftrl(1.0, l1_regularization_strength=10.0).apply([[1.0]], [w])
    >>> w.numpy().tolist()
    [0.0]
    """

    domains = {
        "learning_rate_power": Domain("a number of 0 or less", lambda v: number.test(v) and v <= 0),
        "initial_accumulator_value": nonnegative,
        "l1_regularization_strength": nonnegative,
        "l2_regularization_strength": nonnegative,
        "l2_shrinkage_regularization_strength": nonnegative,
        "beta": number,
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = initial_accumulator_value
        self.l1_regularization_strength = l1_regularization_strength
        self.l2_regularization_strength = l2_regularization_strength
        self.l2_shrinkage_regularization_strength = l2_shrinkage_regularization_strength
        self.beta = beta

    def slots(self, variable: Variable) -> list:
        """n and z of the formula."""
        return [{"accumulator": self.initial_accumulator_value, "linear": 0.0}]

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        accumulator: jax.Array,
        linear: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        power, l1 = -self.learning_rate_power, self.l1_regularization_strength
        shrunk = gradient + 2 * self.l2_shrinkage_regularization_strength * value
        total = accumulator + jnp.square(gradient)
        linear = linear + shrunk - (total**power - accumulator**power) / rate * value
        quadratic = total**power / rate + 2 * (self.l2_regularization_strength + self.beta / (2 * rate))
        value = (jnp.clip(linear, -l1, l1) - linear) / quadratic
        return value, {"accumulator": total, "linear": linear}
