"""Randomness: one root seed, streams keyed by path, and draws.

Every draw is made by threefry, a counter-based generator (Salmon et al., 2011, "Parallel Random Numbers: As Easy as
1, 2, 3"), from a key of two 32-bit words. A seed `s` stands for the key `(s, 0)`; a `SeedGenerator` counts the second
word up. A part that is given no seed draws one from its stream: the root seed and the part's place, such as
"dense#1/kernel", so that adding a layer leaves the others' draws alone.

Initial weights are drawn on the host, in NumPy, with the same bits as `jax.random`: nothing has to be compiled.
"""

from __future__ import annotations

import hashlib
import math
import secrets
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes
from cornu.errors import explain
from cornu.registry import register
from cornu.variables import Variable

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_CHUNK = 1 << 15  # words at a time: they stay in the processor's cache

_root: list[int | None] = [None]
_occurrences: Counter[str] = Counter()
_stream: ContextVar[str] = ContextVar("stream", default="")


# Seeds ---------------------------------------------------------------------------------------------------------------


def set_root_seed(seed: int) -> None:
    """Sets the one seed from which every other is derived, and starts every stream again."""
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool):
        raise ValueError(explain("The seed is wrong.", expected="an integer", got=seed))
    _root[0] = int(seed)
    _occurrences.clear()
    if _global_generator:  # the same object, which compiled functions may carry
        generator = _global_generator[0][1]
        generator.restart(derive("global"))
        _global_generator[:] = [(root_seed(), generator)]


def root_seed() -> int:
    """The root seed: what `set_root_seed` set, else drawn once from the operating system."""
    seed = _root[0] = secrets.randbits(31) if _root[0] is None else _root[0]
    return seed


def derive(*parts: object) -> int:
    """A seed below 2**31 from the root seed and a place."""
    text = "\0".join(map(str, (root_seed(), *parts)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "little") >> 1


def new_stream(base: str) -> str:
    """The key of a new part: its base name and how many came before it, below the present stream."""
    prefix = f"{_stream.get()}/{base}"
    _occurrences[prefix] += 1
    return f"{prefix}#{_occurrences[prefix] - 1}"


@contextmanager
def stream(key: str) -> Iterator[None]:
    """Within it, `next_seed` draws from the stream of that key."""
    token = _stream.set(key)
    try:
        yield
    finally:
        _stream.reset(token)


def next_seed() -> int:
    """A new seed from the present stream."""
    return derive(new_stream("seed"))


def make_default_seed() -> int:
    """Keras's name of `next_seed`."""
    return next_seed()


@register("random")
class SeedGenerator:
    """Keys for draws, one after the other, as state that compiled functions carry.

    Args:
        seed: an integer; None draws one from the present stream.
        name: default "seed_generator", numbered.

    The i-th key is `(seed, i)`, as in Keras on JAX, so the same seed gives the same draws there.

    >>> g = SeedGenerator(7)
    >>> g.next().tolist(), g.next().tolist()
    ([7, 0], [7, 1])
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if seed is None:
            seed = next_seed()
        if not isinstance(seed, (int, np.integer)) or seed < 0:
            raise ValueError(explain("SeedGenerator: argument `seed` is wrong.", expected="an integer >= 0", got=seed))
        self.name, self.seed = name or "seed_generator", int(seed)
        self.state = Variable(self._first(), trainable=False, autocast=False, name="seed_generator_state")

    def _first(self) -> np.ndarray:
        return np.array([self.seed & 0xFFFFFFFF, 0], dtype="uint32")

    def restart(self, seed: int) -> None:
        """Begins again, with a seed."""
        self.seed = int(seed)
        self.state.assign(self._first())

    def next(self, ordered: bool = True) -> jax.Array:
        """The next key; advances the state."""
        key = self.state.value
        self.state.assign(key + np.array([0, 1], dtype="uint32"))
        return key

    def get_config(self) -> dict:
        """The constructor's arguments."""
        return {"seed": self.seed, "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> SeedGenerator:
        """A generator from its config."""
        return cls(**config)


_global_generator: list[tuple[int, SeedGenerator]] = []


def draw_key(seed: int | SeedGenerator | Any | None = None) -> Any:
    """The key that a `seed` argument stands for; None takes the next key of the process's own generator."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if isinstance(seed, (int, np.integer)):
        return np.array([int(seed) & 0xFFFFFFFF, 0], dtype="uint32")
    if seed is not None and hasattr(seed, "dtype"):
        return seed
    if seed is not None:
        raise ValueError(explain("Argument `seed` is wrong.", expected="an int, a SeedGenerator or None", got=seed))
    if not _global_generator or _global_generator[0][0] != root_seed():
        _global_generator[:] = [(root_seed(), SeedGenerator(derive("global")))]
    return _global_generator[0][1].next()


def get_state() -> dict[str, Any]:
    """Where the streams stand, as data: the root seed, the parts made so far, the process's own generator."""
    own = [[seed, generator.seed, generator.state.numpy()] for seed, generator in _global_generator]
    return {"root": root_seed(), "streams": dict(_occurrences), "own": own}


def set_state(state: dict[str, Any]) -> None:
    """Puts every stream where `get_state` found it.

    >>> state = get_state()
    >>> first = next_seed()
    >>> set_state(state)
    >>> next_seed() == first
    True
    """
    _root[0] = int(state["root"])
    _occurrences.clear()
    _occurrences.update(state["streams"])
    _global_generator.clear()
    for seed, start, words in state["own"]:
        _global_generator.append((seed, SeedGenerator(start)))
        _global_generator[0][1].state.assign(words)


# Draws on the device -------------------------------------------------------------------------------------------------


def uniform(
    shape: Sequence[int], minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None
) -> jax.Array:
    """Draws from the uniform distribution on [minval, maxval); for an integer dtype, integers."""
    dtype = dtypes.standardize(dtype)
    draw = jax.random.uniform if dtypes.is_float(dtype) else jax.random.randint
    return draw(draw_key(seed), tuple(shape), dtype=dtype, minval=minval, maxval=maxval)


def randint(shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> jax.Array:
    """Draws integers from [minval, maxval)."""
    return jax.random.randint(draw_key(seed), tuple(shape), minval, maxval, dtype=dtypes.standardize(dtype))


def normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> jax.Array:
    """Draws from the normal distribution."""
    dtype = dtypes.standardize(dtype)
    drawn = jax.random.normal(draw_key(seed), tuple(shape), dtype=dtype)
    return drawn * jnp.asarray(stddev, dtype) + jnp.asarray(mean, dtype)


def truncated_normal(
    shape: Sequence[int], mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None
) -> jax.Array:
    """Draws from the normal distribution within two standard deviations of the mean."""
    dtype = dtypes.standardize(dtype)
    drawn = jax.random.truncated_normal(draw_key(seed), -2.0, 2.0, tuple(shape), dtype=dtype)
    return drawn * jnp.asarray(stddev, dtype) + jnp.asarray(mean, dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> jax.Array:
    """Draws `num_samples` classes for each row of unnormalized log-probabilities (batch, classes)."""
    logits = jnp.asarray(logits)
    drawn = jax.random.categorical(draw_key(seed), logits[:, None, :], axis=-1, shape=(logits.shape[0], num_samples))
    return drawn.astype(dtypes.standardize(dtype))


def dropout(inputs: Any, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Any = None) -> jax.Array:
    """Sets a fraction `rate` of the inputs to 0 and divides the others by 1 - rate (Srivastava et al., 2014).

    `noise_shape`: the shape of the drawn mask, which is broadcast; None in it means the inputs' own size.
    """
    inputs = jnp.asarray(inputs)
    if rate in (0, 1):
        return inputs if rate == 0 else jnp.zeros_like(inputs)
    key = draw_key(seed)
    shape = inputs.shape if noise_shape is None else _noise_shape(inputs.shape, noise_shape)
    keep = jnp.broadcast_to(jax.random.bernoulli(key, 1.0 - rate, shape), inputs.shape)
    return jnp.where(keep, inputs / jnp.asarray(1.0 - rate, inputs.dtype), jnp.zeros_like(inputs))


def _noise_shape(shape: Sequence[int], noise_shape: Sequence[int | None]) -> tuple:
    if len(noise_shape) != len(shape):
        raise ValueError(
            explain("dropout: argument `noise_shape` doesn't fit.", expected=f"{len(shape)} sizes", got=noise_shape)
        )
    return tuple(size if wanted is None else wanted for size, wanted in zip(shape, noise_shape, strict=True))


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> jax.Array:
    """The input in random order along an axis."""
    return jax.random.permutation(draw_key(seed), jnp.asarray(x), axis)


def gamma(shape: Sequence[int], alpha: Any, dtype: Any = None, seed: Any = None) -> jax.Array:
    """Draws from the gamma distribution of shape parameter `alpha` and scale 1."""
    return jax.random.gamma(draw_key(seed), alpha, tuple(shape), dtypes.standardize(dtype))


def beta(shape: Sequence[int], alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> jax.Array:
    """Draws from the beta distribution."""
    return jax.random.beta(draw_key(seed), alpha, beta, tuple(shape), dtypes.standardize(dtype))


def binomial(shape: Sequence[int], counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> jax.Array:
    """Draws the number of successes in `counts` trials."""
    dtype = dtypes.standardize(dtype)
    return jax.random.binomial(draw_key(seed), counts, probabilities, tuple(shape), dtype)


# Draws on the host ---------------------------------------------------------------------------------------------------


def host_bits(seed: int | Sequence[int], count: int) -> np.ndarray:
    """The `count` 32-bit words that `jax.random.bits` gives for the same key, computed in NumPy.

    >>> host_bits(7, 4).tolist() == jax.random.bits(np.array([7, 0], "uint32"), (4,)).tolist()
    True
    """
    first, second = (int(seed) & 0xFFFFFFFF, 0) if isinstance(seed, (int, np.integer)) else map(int, seed)
    words = np.empty(count, dtype=np.uint32)
    for start in range(0, count, _CHUNK):
        index = np.arange(start, min(start + _CHUNK, count), dtype=np.uint64)
        high, low = (index >> np.uint64(32)).astype(np.uint32), index.astype(np.uint32)
        one, other = _threefry((first, second), high, low)
        words[start : start + _CHUNK] = one ^ other
    return words


def _threefry(key: tuple[int, int], x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Threefry-2x32 with 20 rounds, in place."""
    schedule = [np.uint32(key[0]), np.uint32(key[1]), np.uint32(key[0] ^ key[1] ^ 0x1BD11BDA)]
    x += schedule[0]
    y += schedule[1]
    for group in range(5):
        for rotation in _ROTATIONS[group % 2]:
            x += y
            spill = y >> np.uint32(32 - rotation)
            y <<= np.uint32(rotation)
            y |= spill
            y ^= x
        x += schedule[(group + 1) % 3]
        with np.errstate(over="ignore"):
            y += schedule[(group + 2) % 3] + np.uint32(group + 1)
    return x, y


def host_uniform(seed: int | Sequence[int], shape: Sequence[int], low: Any = 0.0, high: Any = 1.0) -> np.ndarray:
    """float32 draws from the uniform distribution on [low, high)."""
    low, high = np.float32(low), np.float32(high)
    bits = host_bits(seed, int(np.prod(shape, dtype=np.int64)))
    bits >>= np.uint32(9)
    bits |= np.uint32(0x3F800000)
    drawn = bits.view(np.float32)
    drawn -= np.float32(1)
    drawn *= high - low
    drawn += low
    return np.maximum(low, drawn, out=drawn).reshape(shape)


def host_normal(seed: int | Sequence[int], shape: Sequence[int]) -> np.ndarray:
    """float32 draws from the standard normal distribution."""
    low = np.nextafter(np.float32(-1), np.float32(0))
    return np.float32(np.sqrt(2)) * _erf_inv(host_uniform(seed, shape, low, 1.0))


def host_truncated_normal(seed: int | Sequence[int], shape: Sequence[int], bound: float = 2.0) -> np.ndarray:
    """float32 draws from the standard normal distribution within [-bound, bound]."""
    end = np.float32(math.erf(bound / np.sqrt(2)))
    drawn = np.float32(np.sqrt(2)) * _erf_inv(host_uniform(seed, shape, -end, end))
    inner = np.nextafter(np.float32(bound), np.float32(0))
    return np.clip(drawn, -inner, inner, out=drawn)


_CENTER = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
           -0.00417768164, 0.246640727, 1.50140941)  # fmt: skip
_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
         0.00943887047, 1.00167406, 2.83297682)  # fmt: skip


def _erf_inv(x: np.ndarray) -> np.ndarray:
    """The inverse error function by two polynomials (Giles, 2012, "Approximating the erfinv function"), as in XLA."""
    w = -np.log1p(-x * x)
    central = w < 5
    w = np.where(central, w - np.float32(2.5), np.sqrt(w) - np.float32(3))
    result = np.where(central, np.float32(_CENTER[0]), np.float32(_TAIL[0]))
    for center, tail in zip(_CENTER[1:], _TAIL[1:], strict=True):
        result *= w
        result += np.where(central, np.float32(center), np.float32(tail))
    return result * x
