"""Methods that look at a weight matrix as a matrix: Adafactor and Muon."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cornu.optimizers.arguments import check_pattern, forgetting
from cornu.optimizers.gradients import global_norm
from cornu.optimizers.optimizer import Optimizer, Slot
from cornu.registry import register
from cornu.signature import Domain, boolean, interval, maybe, nonnegative, nonnegative_int, number, positive
from cornu.variables import Variable


def _root_mean_square(x: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.mean(jnp.square(x)))


@register("optimizer", "adafactor")
class Adafactor(Optimizer):
    """Adam whose mean square of a matrix is the product of its rows' and columns' (Shazeer & Stern, 2018).

        b = 1 - t^beta_2_decay
        r = b * r + (1 - b) * mean over columns of (g^2 + epsilon_1),  c = the same over rows
        v = r / mean(r) * c                                 of vectors: v = b * v + (1 - b) * (g^2 + epsilon_1)
        d = g / sqrt(v) / max(1, rms(g / sqrt(v)) / clip_threshold)
        w = w - max(epsilon_2, rms(w)) * min(rate, 1/sqrt(t)) * d

    Of arrays with more axes the last two are the matrix. Source: arXiv:1804.04235.

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        beta_2_decay: 0 or less; how fast the averages get longer.
        epsilon_1: added to squared gradients.
        epsilon_2: the least size of a variable that counts.
        clip_threshold: the largest root mean square of a step.
        relative_step: whether the rate is at most 1/sqrt(t). Not done where the rate is a schedule.

    Difference from Keras: there the rate is at most 1/sqrt(t) in any case, also with `relative_step=False`.

    >>> w = Variable([[2.0, 2.0]])
    >>> Adafactor(0.5).apply([[[3.0, 3.0]]], [w])
    >>> w.numpy().tolist()
    [[1.0, 1.0]]
    """

    domains = {
        "beta_2_decay": Domain("a number of 0 or less", lambda v: number.test(v) and v <= 0),
        "epsilon_1": nonnegative,
        "epsilon_2": nonnegative,
        "clip_threshold": positive,
        "relative_step": boolean,
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def slots(self, variable: Variable) -> list:
        """The mean squares of rows and columns, and of the whole.

        A vector has no use for the first two, and a matrix none for the last: they are there because Keras's files
        hold them.
        """
        shape = variable.shape
        row, column = (shape[:-1], shape[:-2] + shape[-1:]) if len(shape) > 1 else ((), ())
        return [{"row": Slot(shape=row), "column": Slot(shape=column), "velocity": 0.0}]

    def prepare(self, step: jax.Array) -> dict:
        """How much of the averages is kept, and the largest rate."""
        return {"kept": 1 - step**self.beta_2_decay, "limit": 1 / jnp.sqrt(step)}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        row: jax.Array,
        column: jax.Array,
        velocity: jax.Array,
        kept: jax.Array,
        limit: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula."""
        if self.relative_step and not callable(self._learning_rate):
            rate = jnp.minimum(rate, limit)
        squares = jnp.square(gradient) + self.epsilon_1
        if value.ndim > 1:
            row = kept * row + (1 - kept) * jnp.mean(squares, axis=-1)
            column = kept * column + (1 - kept) * jnp.mean(squares, axis=-2)
            relative = row / jnp.mean(row, axis=-1, keepdims=True)
            velocity = relative[..., None] * column[..., None, :]
        else:
            velocity = kept * velocity + (1 - kept) * squares
        change = gradient / jnp.sqrt(velocity)
        change = change / jnp.maximum(1.0, _root_mean_square(change) / self.clip_threshold)
        size = jnp.maximum(self.epsilon_2, _root_mean_square(value))
        return value - size * rate * change, {"row": row, "column": column, "velocity": velocity}


def orthogonalize(matrix: jax.Array, steps: int, coefficients: tuple[float, float, float]) -> jax.Array:
    """Nearly U V^T, where U S V^T is the matrix: Newton-Schulz iterations bring its singular values toward 1.

        x = a x + (b (x x^T) + c (x x^T)^2) x

    >>> m = orthogonalize(jnp.array([[3.0, 0.0], [0.0, 1.0]]), 5, (3.4445, -4.7750, 2.0315))
    >>> bool(((m.diagonal() > 0.6) & (m.diagonal() < 1.3)).all())
    True
    """
    a, b, c = coefficients
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.T if tall else matrix
    x = x / (global_norm([x]) + 1e-7)
    for _ in range(steps):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x


@register("optimizer", "muon")
class Muon(Optimizer):
    """Momentum made orthogonal, for the matrices of hidden layers; Adam for all else (Jordan et al., 2024).

        m = momentum * m + g
        d = orthogonalize(g + momentum * m)                 without nesterov: of m
        w = w - rate * rms_rate * sqrt(max(rows, columns)) * d

    Vectors, arrays of more than two axes, embeddings, and what `exclude_layers` names are updated by Adam's formula
    instead. The output layer should be named there. The scale is that of Liu et al. (2025, arXiv:2502.16982), with
    which rates and decays that suit AdamW suit Muon.

    Args:
        learning_rate: see `Optimizer`, which also tells the other arguments.
        adam_beta_1, adam_beta_2, epsilon, adam_weight_decay: of Adam.
        weight_decay: of the matrices.
        exclude_layers: (regular) expressions; variables whose path holds one are Adam's.
        exclude_embeddings: whether variables with "embedding" in their path are Adam's.
        muon_a, muon_b, muon_c: coefficients of the iteration.
        adam_lr_ratio: Adam's rate as a multiple of the learning rate.
        momentum: in [0, 1).
        ns_steps: number of iterations.
        nesterov: whether the step looks one momentum ahead.
        rms_rate: the root mean square of a step's elements; None: no scale.

    >>> w = Variable([[2.0, 0.0], [0.0, 2.0]])
    >>> Muon(0.1, weight_decay=0.0).apply([[[1.0, 0.0], [0.0, 1.0]]], [w])
    >>> bool(w[0, 0] < 2 and w[0, 0] == w[1, 1] and w[0, 1] == 0)
    True
    """

    domains = {
        "adam_beta_1": forgetting,
        "adam_beta_2": forgetting,
        "adam_weight_decay": maybe(nonnegative),
        "epsilon": nonnegative,
        "exclude_embeddings": boolean,
        "adam_lr_ratio": nonnegative,
        "momentum": interval(0, 1, "[)"),
        "ns_steps": nonnegative_int,
        "nesterov": boolean,
        "rms_rate": maybe(positive),
    }

    def __init__(
        self,
        learning_rate: Any = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        *,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, weight_decay, **kwargs)
        self.adam_beta_1, self.adam_beta_2, self.epsilon = adam_beta_1, adam_beta_2, epsilon
        self.adam_weight_decay, self.adam_lr_ratio = adam_weight_decay, adam_lr_ratio
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c = muon_a, muon_b, muon_c
        self.momentum, self.ns_steps, self.nesterov, self.rms_rate = momentum, ns_steps, nesterov, rms_rate

    @classmethod
    def from_config(cls, config: dict) -> Any:
        """The optimizer of a config; ValueError for an expression in `exclude_layers` that may take forever."""
        for expression in config.get("exclude_layers") or ():
            check_pattern(expression)
        return super().from_config(config)

    def _is_adams(self, variable: Variable) -> bool:
        embedding = self.exclude_embeddings and "embedding" in variable.path.lower()
        named = any(re.search(expression, variable.path) for expression in self.exclude_layers)
        return len(variable.shape) != 2 or embedding or named

    def slots(self, variable: Variable) -> list:
        """The momentum; a mean square only where Adam is at work, and that is how `update` tells."""
        return [{"momentum": 0.0, **({"velocity": 0.0} if self._is_adams(variable) else {})}]

    def weight_decay_of(self, variable: Variable) -> float | None:
        """Adam's, or the matrices'."""
        return self.adam_weight_decay if self._is_adams(variable) else self.weight_decay

    def prepare(self, step: jax.Array) -> dict:
        """What makes up for the start of Adam's averages at 0."""
        return {"correction": jnp.sqrt(1 - self.adam_beta_2**step) / (1 - self.adam_beta_1**step)}

    def update(
        self,
        gradient: jax.Array,
        value: jax.Array,
        rate: jax.Array,
        step: jax.Array,
        *,
        momentum: jax.Array,
        velocity: Any = None,
        correction: jax.Array,
    ) -> tuple[jax.Array, dict]:
        """The formula: Muon's, or Adam's where there is a mean square."""
        if velocity is not None:
            momentum = momentum + (1 - self.adam_beta_1) * (gradient - momentum)
            velocity = velocity + (1 - self.adam_beta_2) * (jnp.square(gradient) - velocity)
            change = self.adam_lr_ratio * rate * correction * momentum / (jnp.sqrt(velocity) + self.epsilon)
            return value - change, {"momentum": momentum, "velocity": velocity}
        momentum = self.momentum * momentum + gradient
        direction = gradient + self.momentum * momentum if self.nesterov else momentum
        change = orthogonalize(direction, self.ns_steps, (self.muon_a, self.muon_b, self.muon_c))
        scale = 1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(value.shape))
        return value - rate * scale * change, {"momentum": momentum}
