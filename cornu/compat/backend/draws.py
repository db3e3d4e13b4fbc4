"""Random tensors. One seed is one stream: the functions that name it go on where the last one stopped."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import random
from cornu.compat.backend.offering import offer
from cornu.compat.backend.values import array_dtype
from cornu.symbolic import op, plain

_generators: dict[int, random.SeedGenerator] = {}


def forget() -> None:
    """Starts every seed again."""
    _generators.clear()


def _key(seed: Any) -> Any:
    if not isinstance(seed, (int, np.integer)):
        return random.draw_key(seed)
    number = int(seed) % 2**31
    if number not in _generators:
        _generators[number] = random.SeedGenerator(number)
    return _generators[number].next()


def _shape(shape: Any) -> tuple:
    return (shape,) if isinstance(shape, int) else tuple(shape)


@offer()
@op
def random_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws from the normal distribution."""
    return random.normal(_shape(shape), mean, stddev, dtype, _key(seed))


@offer()
@op
def truncated_normal(shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws from the normal distribution within two standard deviations of the mean."""
    return random.truncated_normal(_shape(shape), mean, stddev, dtype, _key(seed))


@offer()
@op
def random_uniform(shape: Any, minval: Any = 0.0, maxval: Any = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws from the uniform distribution on [minval, maxval)."""
    return random.uniform(_shape(shape), minval, maxval, dtype, _key(seed))


@offer("random_binomial", "random_bernoulli")
@op
def random_bernoulli(shape: Any, probability: Any = 0.0, dtype: Any = None, seed: Any = None) -> Any:
    """Draws 1 with a probability, else 0."""
    drawn = jax.random.bernoulli(_key(seed), probability, _shape(shape))
    return drawn.astype(array_dtype(dtype))


@offer()
@op
def dropout(x: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Sets a fraction `rate` of x to 0 and divides the others by 1 - rate, always: `in_train_phase` chooses."""
    x = jnp.asarray(plain(x))
    return random.dropout(x, rate, None if noise_shape is None else _shape(noise_shape), _key(seed))
