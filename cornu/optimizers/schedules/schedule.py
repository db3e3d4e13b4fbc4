"""Schedules: the learning rate as a function of the number of steps so far."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu import config
from cornu.errors import explain
from cornu.registry import register
from cornu.signature import Configurable, boolean, maybe, nonnegative, number, positive


def _real(value: Any) -> jax.Array:
    return jnp.asarray(value, config.floatx())


@register("schedule")
class LearningRateSchedule(Configurable):
    """The learning rate as a function of the number of steps so far; the base of all schedules.

    An instance is passed as the `learning_rate` of an optimizer. A subclass writes `__call__(self, step)`, where step
    is an integer array that counts from 0; with gradient accumulation it counts all steps, not the updates only.

    A rate that follows the model's performance instead needs the metrics, so it is a callback:
    `cornu.callbacks.ReduceLROnPlateau`.

    Difference from Keras: `get_config` is derived from the constructor and need not be written.

    >>> class Inverse(LearningRateSchedule):
    ...     def __init__(self, initial_learning_rate):
    ...         self.initial_learning_rate = initial_learning_rate
    ...     def __call__(self, step):
    ...         return self.initial_learning_rate / (step + 1)
    >>> float(Inverse(1.0)(3)), Inverse(1.0).get_config()
    (0.25, {'initial_learning_rate': 1.0})
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate of a step."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} gives no rate.", fix="Write its `__call__(self, step)`.")
        )


@register("schedule")
class PiecewiseConstantDecay(LearningRateSchedule):
    """values[i], where i is the number of `boundaries` that are less than the step

    Args:
        boundaries: increasing numbers of steps. A step that equals one still belongs to the piece before it.
        values: the rates, one more than boundaries.
        name: kept for Keras's signature.

    Raises:
        ValueError: for another number of values, and for boundaries that don't increase.

    >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> [round(float(rate(step)), 4) for step in (0, 10, 11, 21)]
    [1.0, 1.0, 0.5, 0.1]
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(values) != len(boundaries) + 1:
            raise ValueError(
                explain(
                    "PiecewiseConstantDecay: boundaries and values don't fit.",
                    expected=f"{len(boundaries) + 1} values, one more than boundaries",
                    got=f"{len(values)}",
                )
            )
        if any(a >= b for a, b in itertools.pairwise(boundaries)):
            raise ValueError(
                explain("PiecewiseConstantDecay: `boundaries` must increase.", got=", ".join(map(str, boundaries)))
            )
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        rate = _real(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = jnp.where(step > boundary, value, rate)
        return rate


@register("schedule")
class ExponentialDecay(LearningRateSchedule):
    """initial_learning_rate * decay_rate^(step / decay_steps)

    The textbooks' exponential scheduling, r0 * 10^(-t / s), which divides the rate by ten every s steps, is
    `ExponentialDecay(r0, decay_steps=s, decay_rate=0.1)`.

    Args:
        initial_learning_rate: the rate of step 0.
        decay_steps: the number of steps during which the rate is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether the exponent is rounded down, so that the rate falls at once every `decay_steps`.
        name: kept for Keras's signature.

    >>> rate = ExponentialDecay(1.0, decay_steps=100, decay_rate=0.1)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100, 200)]
    [1.0, 0.3162, 0.1, 0.01]
    """

    domains = {
        "initial_learning_rate": nonnegative,
        "decay_steps": positive,
        "decay_rate": nonnegative,
        "staircase": boolean,
    }

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        exponent = _real(step) / self.decay_steps
        exponent = jnp.floor(exponent) if self.staircase else exponent
        return self.initial_learning_rate * _real(self.decay_rate) ** exponent


@register("schedule")
class InverseTimeDecay(LearningRateSchedule):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps)

    Keras 1 and 2's `decay=d` is `InverseTimeDecay(rate, decay_steps=1, decay_rate=d)`.

    Args:
        initial_learning_rate: the rate of step 0.
        decay_steps: the unit of time.
        decay_rate: how fast the rate falls.
        staircase: whether the time is rounded down.
        name: kept for Keras's signature.

    >>> rate = InverseTimeDecay(1.0, decay_steps=100, decay_rate=1.0)
    >>> [round(float(rate(step)), 4) for step in (0, 100, 300)]
    [1.0, 0.5, 0.25]
    """

    domains = ExponentialDecay.domains

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate, self.decay_steps, self.decay_rate = initial_learning_rate, decay_steps, decay_rate
        self.staircase, self.name = staircase, name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        time = _real(step) / self.decay_steps
        time = jnp.floor(time) if self.staircase else time
        return self.initial_learning_rate / (1 + self.decay_rate * time)


@register("schedule")
class PowerDecay(LearningRateSchedule):
    """initial_learning_rate * (1 + step / decay_steps)^(-power): power scheduling

    With power 1 the rate is halved after `decay_steps` steps, divided by 3 after twice as many, and so on: it falls
    fast at first, then slowly (Géron, "Hands-On Machine Learning", chapter 11). Keras doesn't have it.

    Args:
        initial_learning_rate: the rate of step 0.
        decay_steps: the unit of time.
        power: 0 or more.
        name: as Keras's schedules have it.

    >>> rate = PowerDecay(1.0, decay_steps=100)
    >>> [round(float(rate(step)), 4) for step in (0, 100, 200, 300)]
    [1.0, 0.5, 0.3333, 0.25]
    """

    keras_module = "cornu.optimizers.schedules"
    domains = {"initial_learning_rate": nonnegative, "decay_steps": positive, "power": nonnegative}

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, power: float = 1.0, name: str = "PowerDecay"
    ) -> None:
        self.initial_learning_rate, self.decay_steps, self.power = initial_learning_rate, decay_steps, power
        self.name = name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        return self.initial_learning_rate * (1 + _real(step) / self.decay_steps) ** -self.power


@register("schedule")
class PolynomialDecay(LearningRateSchedule):
    """(initial_learning_rate - end_learning_rate) * (1 - step / decay_steps)^power + end_learning_rate

    Args:
        initial_learning_rate: the rate of step 0.
        decay_steps: when the end is reached; the rate stays there.
        end_learning_rate: the last rate.
        power: 1 is a straight line.
        cycle: whether, instead of staying, the rate rises again, with twice, three times ... `decay_steps`.
        name: kept for Keras's signature.

    >>> rate = PolynomialDecay(1.0, decay_steps=100, end_learning_rate=0.0)
    >>> [round(float(rate(step)), 4) for step in (0, 50, 100, 150)]
    [1.0, 0.5, 0.0, 0.0]
    """

    domains = {
        "initial_learning_rate": nonnegative,
        "decay_steps": positive,
        "end_learning_rate": nonnegative,
        "power": number,
        "cycle": boolean,
    }

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate, self.end_learning_rate = initial_learning_rate, end_learning_rate
        self.decay_steps, self.power, self.cycle, self.name = decay_steps, power, cycle, name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        step, last = _real(step), _real(self.decay_steps)
        if self.cycle:
            last = last * jnp.maximum(jnp.ceil(step / last), 1.0)
        left = 1 - jnp.minimum(step, last) / last
        return (self.initial_learning_rate - self.end_learning_rate) * left**self.power + self.end_learning_rate


@register("schedule")
class CosineDecay(LearningRateSchedule):
    """r * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha), after a linear warm-up

    r is `initial_learning_rate`; with a warm-up it is `warmup_target`, to which the rate rises in a line from
    `initial_learning_rate` during `warmup_steps`, and the decay begins thereafter (Loshchilov & Hutter, 2017,
    arXiv:1608.03983; Goyal et al., 2017, arXiv:1706.02677).

    Args:
        initial_learning_rate: the rate of step 0.
        decay_steps: when the end is reached; the rate stays there.
        alpha: the last rate as a part of r.
        name: kept for Keras's signature.
        warmup_target: None is no warm-up.
        warmup_steps: its length.

    >>> rate = CosineDecay(0.0, decay_steps=100, warmup_target=1.0, warmup_steps=10)
    >>> [round(float(rate(step)), 4) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """

    domains = {
        "initial_learning_rate": nonnegative,
        "decay_steps": positive,
        "alpha": number,
        "warmup_target": maybe(nonnegative),
        "warmup_steps": nonnegative,
    }

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate, self.decay_steps, self.alpha = initial_learning_rate, decay_steps, alpha
        self.name, self.warmup_target, self.warmup_steps = name, warmup_target, warmup_steps

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        step = _real(step)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        start, rise = self.initial_learning_rate, self.warmup_target - self.initial_learning_rate
        warming = rise * step / max(self.warmup_steps, 1) + start
        decaying = self._decayed(step - self.warmup_steps, self.warmup_target)
        return jnp.where(step < self.warmup_steps, warming, decaying)

    def _decayed(self, step: jax.Array, rate: float) -> jax.Array:
        half_turn = math.pi * jnp.minimum(step, self.decay_steps) / self.decay_steps
        return rate * ((1 - self.alpha) * 0.5 * (1 + jnp.cos(half_turn)) + self.alpha)


@register("schedule")
class CosineDecayRestarts(LearningRateSchedule):
    """r * ((1 - alpha) * m_mul^i * (1 + cos(pi * f)) / 2 + alpha), where f goes from 0 to 1 in the i-th period

    The first period has `first_decay_steps` steps, each later one `t_mul` times those of the one before (Loshchilov &
    Hutter, 2017, arXiv:1608.03983).

    Args:
        initial_learning_rate: r, the rate of step 0.
        first_decay_steps: the first period.
        t_mul: how much longer each period is.
        m_mul: how much larger the rate at each period's start is.
        alpha: the least rate as a part of r.
        name: kept for Keras's signature.

    >>> rate = CosineDecayRestarts(1.0, first_decay_steps=10, t_mul=1.0, m_mul=0.5)
    >>> [round(float(rate(step)), 4) for step in (0, 5, 10, 15, 20)]
    [1.0, 0.5, 0.5, 0.25, 0.25]
    """

    domains = {
        "initial_learning_rate": nonnegative,
        "first_decay_steps": positive,
        "t_mul": positive,
        "m_mul": nonnegative,
        "alpha": number,
    }

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate, self.first_decay_steps = initial_learning_rate, first_decay_steps
        self.t_mul, self.m_mul, self.alpha, self.name = t_mul, m_mul, alpha, name

    def __call__(self, step: Any) -> jax.Array:
        """The learning rate of a step."""
        time = _real(step) / self.first_decay_steps
        if self.t_mul == 1:
            period = jnp.floor(time)
            fraction = time - period
        else:
            # The first i periods take (1 - t_mul^i) / (1 - t_mul) times the first one.
            t_mul = _real(self.t_mul)
            period = jnp.floor(jnp.log(1 - time * (1 - t_mul)) / jnp.log(t_mul))
            fraction = (time - (1 - t_mul**period) / (1 - t_mul)) / t_mul**period
        top = _real(self.m_mul) ** period
        return self.initial_learning_rate * (
            (1 - self.alpha) * 0.5 * top * (1 + jnp.cos(math.pi * fraction)) + self.alpha
        )
