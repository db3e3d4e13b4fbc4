"""`tf.random`: draws that follow from one seed, the same that drives cornu's initial weights and dropout."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes, ops
from cornu import random as draws
from cornu.compat.tensorflow.calls import kind, missing, served, sizes

_generators: dict[int, draws.SeedGenerator] = {}


def set_seed(seed: int) -> None:
    """Seeds every draw of cornu; draws begin anew."""
    draws.set_root_seed(int(seed))
    for own, generator in _generators.items():
        generator.restart(draws.derive("tf", own))


def _source(seed: Any) -> Any:
    """Where a draw with a seed of its own comes from: it goes on from draw to draw, as TensorFlow's do."""
    if seed is None or not isinstance(seed, (int, np.integer)):
        return seed
    if seed not in _generators:
        with jax.ensure_compile_time_eval():
            _generators[int(seed)] = draws.SeedGenerator(draws.derive("tf", int(seed)))
    return _generators[int(seed)]


def _bounds(minval: Any, maxval: Any, dtype: str) -> tuple[Any, Any]:
    return minval, (1.0 if maxval is None and dtypes.is_float(dtype) else maxval)


def _uniform(shape: Any, minval: Any, maxval: Any, dtype: Any, seed: Any) -> Any:
    name = kind(dtype) or "float32"
    low, high = _bounds(minval, maxval, name)
    if dtypes.is_float(name):
        return draws.uniform(sizes(shape), low, high, name, seed)
    return draws.randint(sizes(shape), low, high, name, seed)


def _key(seed: Any) -> Any:
    return jnp.asarray(np.asarray(seed).astype("uint32") if not isinstance(seed, jax.Array) else seed).astype("uint32")


class Generator:
    """A stream of draws of its own.

    >>> Generator.from_seed(1).normal([2]).shape
    (2,)
    """

    def __init__(self, seed: int | None = None) -> None:
        self._seeds = draws.SeedGenerator(seed)

    @classmethod
    def from_seed(cls, seed: int, alg: Any = None) -> Generator:
        """A generator with a seed."""
        return cls(int(seed))

    @classmethod
    def from_non_deterministic_state(cls, alg: Any = None) -> Generator:
        """A generator seeded from cornu's root seed."""
        return cls()

    def normal(self, shape: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = "float32", name: Any = None) -> Any:
        """Normal draws."""
        return draws.normal(sizes(shape), mean, stddev, kind(dtype), self._seeds)

    def uniform(self, shape: Any, minval: Any = 0, maxval: Any = None, dtype: Any = "float32", name: Any = None) -> Any:
        """Uniform draws."""
        return _uniform(shape, minval, maxval, dtype, self._seeds)


_generator: list[Generator] = []


def get_global_generator() -> Generator:
    """The process's generator."""
    if not _generator:
        _generator.append(Generator())
    return _generator[0]


RANDOM = served(
    {
        "normal": lambda shape, mean=0.0, stddev=1.0, dtype="float32", seed=None: draws.normal(
            sizes(shape), mean, stddev, kind(dtype), _source(seed)
        ),
        "uniform": lambda shape, minval=0, maxval=None, dtype="float32", seed=None: _uniform(
            shape, minval, maxval, dtype, _source(seed)
        ),
        "truncated_normal": lambda shape, mean=0.0, stddev=1.0, dtype="float32", seed=None: draws.truncated_normal(
            sizes(shape), mean, stddev, kind(dtype), _source(seed)
        ),
        "shuffle": lambda value, seed=None: draws.shuffle(ops.convert_to_tensor(value), seed=_source(seed)),
        "categorical": lambda logits, num_samples, dtype="int32", seed=None: draws.categorical(
            logits, num_samples, kind(dtype), _source(seed)
        ),
        "gamma": lambda shape, alpha, beta=1.0, dtype="float32", seed=None: (
            draws.gamma(sizes(shape), alpha, kind(dtype), _source(seed)) / beta
        ),
        "stateless_normal": lambda shape, seed, mean=0.0, stddev=1.0, dtype="float32": draws.normal(
            sizes(shape), mean, stddev, kind(dtype), _key(seed)
        ),
        "stateless_uniform": lambda shape, seed, minval=0, maxval=None, dtype="float32": _uniform(
            shape, minval, maxval, dtype, _key(seed)
        ),
    }
)
globals().update(RANDOM)


def __getattr__(name: str) -> Any:
    raise missing("random", name, [*RANDOM, "set_seed", "Generator"])
