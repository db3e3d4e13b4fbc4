"""Adam and its kin: a moving average of the gradient over the root of that of its square."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu.optimizers.arguments import forgetting
from cornu.optimizers.optimizer import Optimizer, Slot
from cornu.registry import register
from cornu.signature import boolean, interval, nonnegative, nonnegative_int
from cornu.variables import Variable

_BETAS = {"beta_1": forgetting, "beta_2": forgetting, "epsilon": nonnegative}


@register("optimizer", "adam")
class Adam(Optimizer):
    """Adaptive moments (Kingma & Ba, 2015, arXiv:1412.6980, the form before its section 2.1).

        m = m + (1 - beta_1) * (g - m)
        v = v + (1 - beta_2) * (g^2 - v)
        w = w - rate * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: how much of the mean is kept, in [0, 1).
        beta_2: how much of the mean square is kept, in [0, 1).
        epsilon: the paper's "epsilon hat".
        amsgrad: whether v in the last line is the largest one so far (Reddi et al., 2018).

    >>> w = Variable([1.0])
    >>> Adam(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.9
    """

    domains = {**_BETAS, "amsgrad": boolean}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def slots(self, variable: Variable) -> list:
        """Mean and mean square, and with amsgrad the largest mean square."""
        return [{"momentum": 0.0, "velocity": 0.0}, *([{"velocity_hat": 0.0}] if self.amsgrad else [])]

    def prepare(self, step: jax.Array) -> dict:
        """What makes up for the averages' start at 0."""
        return {"correction": jnp.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        velocity: jax.Array,
        velocity_hat: Any = None,
        correction: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        state = {}
        state["momentum"] = momentum = momentum + (1 - self.beta_1) * (gradient - momentum)
        state["velocity"] = velocity = velocity + (1 - self.beta_2) * (jnp.square(gradient) - velocity)
        if velocity_hat is not None:
            state["velocity_hat"] = velocity = jnp.maximum(velocity_hat, velocity)
        value = value - rate * correction * momentum / (jnp.sqrt(velocity) + self.epsilon)
        return value, state


@register("optimizer", "adamw")
class AdamW(Adam):
    """Adam with weight decay apart from the gradient (Loshchilov & Hutter, 2019, arXiv:1711.05101).

        w = w - rate * weight_decay * w, then Adam's formula

    Args:
        learning_rate: see `Adam` and `Optimizer`, which tell the other arguments.
        weight_decay: 0 or more.

    >>> w = Variable([1.0])
    >>> AdamW(0.5, weight_decay=1.0).apply([[0.0]], [w])
    >>> w.numpy().tolist()
    [0.5]
    """

    domains = {"weight_decay": nonnegative}

    def __init__(
        self,
        learning_rate: Any = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **kwargs)


@register("optimizer", "adamax")
class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the mean square (Kingma & Ba, 2015, section 7.1).

        m = m + (1 - beta_1) * (g - m)
        u = max(beta_2 * u, |g|)
        w = w - rate / (1 - beta_1^t) * m / (u + epsilon)

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: how much of the mean is kept, in [0, 1).
        beta_2: how much of the largest gradient is kept, in [0, 1).
        epsilon: in the denominator.

    >>> w = Variable([1.0])
    >>> Adamax(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.9
    """

    domains = _BETAS

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slots(self, variable: Variable) -> list:
        """Mean and largest gradient."""
        return [{"momentum": 0.0, "norm": 0.0}]

    def prepare(self, step: jax.Array) -> dict:
        """What makes up for the mean's start at 0."""
        return {"correction": 1 / (1 - self.beta_1**step)}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        norm: jax.Array,
        correction: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        momentum = momentum + (1 - self.beta_1) * (gradient - momentum)
        norm = jnp.maximum(self.beta_2 * norm, jnp.abs(gradient))
        value = value - rate * correction * momentum / (norm + self.epsilon)
        return value, {"momentum": momentum, "norm": norm}


@register("optimizer", "nadam")
class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2015, "Incorporating Nesterov Momentum into Adam").

        u_t = beta_1 * (1 - 0.96^t / 2)
        m   = m + (1 - beta_1) * (g - m)
        v   = v + (1 - beta_2) * (g^2 - v)
        m'  = u_(t+1) * m / (1 - u_1 ... u_(t+1)) + (1 - u_t) * g / (1 - u_1 ... u_t)
        w   = w - rate * m' / (sqrt(v / (1 - beta_2^t)) + epsilon)

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: how much of the mean is kept, in [0, 1).
        beta_2: how much of the mean square is kept, in [0, 1).
        epsilon: in the denominator.

    >>> w = Variable([1.0])
    >>> Nadam(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.8937
    """

    domains = _BETAS

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slots(self, variable: Variable) -> list:
        """Mean and mean square."""
        return [{"momentum": 0.0, "velocity": 0.0}]

    def shared(self) -> dict[str, float]:
        """u_1 ... u_t"""
        return {"u_product": 1.0}

    def prepare(self, step: jax.Array, *, u_product: jax.Array) -> dict:
        """The speeds of the averages, the weights of mean and gradient, what makes up for the start at 0."""
        beta_1, beta_2 = jnp.asarray(self.beta_1, step.dtype), jnp.asarray(self.beta_2, step.dtype)
        u = beta_1 * (1 - 0.5 * 0.96**step)
        u_next = beta_1 * (1 - 0.5 * 0.96 ** (step + 1))
        u_product = u_product * u
        return {
            "u_product": u_product,
            "new_mean": 1 - beta_1,
            "new_square": 1 - beta_2,
            "of_mean": u_next / (1 - u_product * u_next),
            "of_gradient": (1 - u) / (1 - u_product),
            "correction": 1 - beta_2**step,
        }

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        velocity: jax.Array,
        new_mean: jax.Array,
        new_square: jax.Array,
        of_mean: jax.Array,
        of_gradient: jax.Array,
        correction: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        momentum = momentum + new_mean * (gradient - momentum)
        velocity = velocity + new_square * (jnp.square(gradient) - velocity)
        ahead = of_mean * momentum + of_gradient * gradient
        value = value - rate * ahead / (jnp.sqrt(velocity / correction) + self.epsilon)
        return value, {"momentum": momentum, "velocity": velocity}


@register("optimizer", "lamb")
class Lamb(Optimizer):
    """Adam with steps in proportion to each variable's norm, for large batches (You et al., 2020, arXiv:1904.00962).

        m = m + (1 - beta_1) * (g - m)
        v = v + (1 - beta_2) * (g^2 - v)
        d = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)
        w = w - rate * |w| / |d| * d                        the ratio is 1 where a norm is 0

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: how much of the mean is kept, in [0, 1).
        beta_2: how much of the mean square is kept, in [0, 1).
        epsilon: in the denominator.

    >>> w = Variable([3.0, 4.0])
    >>> Lamb(0.1).apply([[0.0, 7.0]], [w])
    >>> w.numpy().round(4).tolist()
    [3.0, 3.5]
    """

    domains = _BETAS

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slots(self, variable: Variable) -> list:
        """Mean and mean square."""
        return [{"momentum": 0.0, "velocity": 0.0}]

    def prepare(self, step: jax.Array) -> dict:
        """What makes up for the averages' start at 0."""
        return {"of_mean": 1 - self.beta_1**step, "of_square": 1 - self.beta_2**step}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        velocity: jax.Array,
        of_mean: jax.Array,
        of_square: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        momentum = momentum + (1 - self.beta_1) * (gradient - momentum)
        velocity = velocity + (1 - self.beta_2) * (jnp.square(gradient) - velocity)
        change = momentum / of_mean / (jnp.sqrt(velocity / of_square) + self.epsilon)
        size = jnp.sqrt(jnp.sum(jnp.square(value)))
        length = jnp.sqrt(jnp.sum(jnp.square(change)))
        ratio = jnp.where((size > 0) & (length > 0), size / length, 1.0)
        return value - ratio * rate * change, {"momentum": momentum, "velocity": velocity}


@register("optimizer", "schedulefreeadamw")
class ScheduleFreeAdamW(Optimizer):
    """Adam that averages its way instead of following a schedule (Defazio et al., 2024, arXiv:2405.15682).

        v = v + (1 - beta_2) * (g^2 - v)
        x = (w - (1 - beta_1) * z) / beta_1
        z = z - rate * g / (sqrt(v / (1 - beta_2^t)) + epsilon)
        x = (1 - 1/t) * x + 1/t * z
        w = (1 - beta_1) * z + beta_1 * x

    z goes down the gradient from the variable's first value, x is the mean of its way, and the variable is between.

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_1: how near the variable is to x, in (0, 1).
        beta_2: how much of the mean square is kept, in [0, 1).
        epsilon: in the denominator.
        warmup_steps: the rate grows from 0 during so many steps.

    >>> w = Variable([1.0])
    >>> ScheduleFreeAdamW(0.1).apply([[5.0]], [w])
    >>> round(float(w[0]), 4)
    0.9
    """

    domains = {
        "beta_1": interval(0, 1, "()"),
        "beta_2": forgetting,
        "epsilon": nonnegative,
        "warmup_steps": nonnegative_int,
    }

    def __init__(
        self,
        learning_rate: Any = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def slots(self, variable: Variable) -> list:
        """z, which Keras calls "momentum", from the variable's own value, and the mean square."""
        return [{"momentum": Slot(lambda shape, dtype: np.array(variable.stored(), dtype)), "velocity": 0.0}]

    def prepare(self, step: jax.Array) -> dict:
        """The new point's weight in the mean, what makes up for the mean square's start at 0, and the warm-up."""
        beta_2 = jnp.asarray(self.beta_2, step.dtype)
        warm = jnp.minimum(step / max(self.warmup_steps, 1), 1.0)
        return {"weight": 1 / step, "new_square": 1 - beta_2, "correction": 1 - beta_2**step, "warm": warm}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        velocity: jax.Array,
        weight: jax.Array,
        new_square: jax.Array,
        correction: jax.Array,
        warm: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        velocity = velocity + new_square * (jnp.square(gradient) - velocity)
        mean = (value - (1 - self.beta_1) * momentum) / self.beta_1
        momentum = momentum - rate * warm * gradient / (jnp.sqrt(velocity / correction) + self.epsilon)
        mean = (1 - weight) * mean + weight * momentum
        value = (1 - self.beta_1) * momentum + self.beta_1 * mean
        return value, {"momentum": momentum, "velocity": velocity}
