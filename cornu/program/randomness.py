"""Random bits as integer arithmetic: the draws of `jax.random`, bit for bit, on every engine.

The generator is Threefry-2x32 of 20 rounds (Salmon et al., 2011, "Parallel Random Numbers: As Easy as 1, 2, 3"), used
as JAX uses it with `jax_threefry_partitionable`, its default: element i of a draw hashes the 64-bit counter i.
A key is a pair of uint32 words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
from jax import lax

Array = jax.Array
Words = tuple[Array, Array]

_ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
_PARITY = 0x1BD11BDA


def threefry(key0: Array, key1: Array, counter0: Array, counter1: Array) -> Words:
    """The hash of a 64-bit counter under a 64-bit key: five times four rounds, each five followed by the next key."""
    keys = (key0, key1, key0 ^ key1 ^ jnp.uint32(_PARITY))
    x, y = counter0 + keys[0], counter1 + keys[1]
    for block in range(5):
        for distance in _ROTATIONS[block % 2]:
            x = x + y
            y = x ^ ((y << jnp.uint32(distance)) | (y >> jnp.uint32(32 - distance)))
        x = x + keys[(block + 1) % 3]
        y = y + keys[(block + 2) % 3] + jnp.uint32(block + 1)
    return x, y


def counters(shape: Sequence[int]) -> Words:
    """The numbers of an array's elements, as high and low words."""
    size = math.prod(shape)
    if size >= 2**32:
        raise NotImplementedError(f"random bits for {size} elements in one draw; the vocabulary has at most 2**32 - 1.")
    return jnp.zeros(shape, jnp.uint32), lax.reshape(lax.iota(jnp.uint32, size), tuple(shape))


def seed(value: Array) -> Words:
    """The key of an integer seed: its high and low words."""
    wide = value.dtype.itemsize == 8
    high = (value >> 32).astype(jnp.uint32) if wide else jnp.zeros(value.shape, jnp.uint32)
    return high, (value & 0xFFFFFFFF).astype(jnp.uint32) if wide else value.astype(jnp.uint32)


def split(key: Words, shape: Sequence[int]) -> Words:
    """New keys, of shape (*keys, *shape)."""
    return threefry(*_over(key, shape), *counters(shape))


def fold_in(key: Words, data: Array) -> Words:
    """The key of a key and a number."""
    return threefry(*key, *seed(data.astype(jnp.uint32)))


def bits(key: Words, bit_width: int, shape: Sequence[int]) -> Array:
    """Random bits as unsigned integers, of shape (*keys, *shape)."""
    high, low = split(key, shape)
    if bit_width == 64:
        return (high.astype(jnp.uint64) << 32) | low.astype(jnp.uint64)
    return (high ^ low).astype(f"uint{bit_width}")


def _over(key: Words, shape: Sequence[int]) -> Words:
    """The key's words with axes of size one for a draw's shape."""
    high, low = (lax.expand_dims(word, range(word.ndim, word.ndim + len(shape))) for word in key)
    return high, low


RULES: dict[str, Callable] = {"threefry2x32": lambda *words: list(threefry(*words))}
