"""The table of small programs, what they are made of, and how their results are compared.

A case is a function of `draw` (hypothesis chooses shapes, dtypes and parameters) that gives a function and its
arguments. `primitive_cases` fills the table.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

FLOATS = ("float32", "float32", "bfloat16", "float16")
SIGNED = ("int8", "int16", "int32")
UNSIGNED = ("uint8", "uint16", "uint32")
INTEGERS = SIGNED + UNSIGNED

WIDER = {"float32": "float64", "int32": "int64", "complex64": "complex128"}
"""With JAX's 64-bit numbers switched on, what an array has in place of these."""

CASES: dict = {}


def case(name):
    def add(build):
        assert name not in CASES
        CASES[name] = build
        return build

    return add


def shape(draw, least=0, most=3, size=4):
    return tuple(draw(st.lists(st.integers(1, size), min_size=least, max_size=most)))


def generator(draw):
    return np.random.default_rng(draw(st.integers(0, 2**32 - 1)))


def usual(dtype):
    """The dtype that stands for a name: one of 64 bits where these are switched on."""
    name = jnp.dtype(dtype).name
    return jnp.dtype(WIDER.get(name, name) if jax.config.read("jax_enable_x64") else name)


def array(draw, of, dtype="float32", low=-3.0, high=3.0):
    """Numbers between low and high; of integers with low=None, any of the dtype's range."""
    random, dtype = generator(draw), usual(dtype)
    if dtype.name == "bool":
        return random.integers(0, 2, of).astype(bool)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        least, most = (limits.min, limits.max) if low is None else (max(int(low), limits.min), int(high))
        return random.integers(least, most, of, dtype, endpoint=True)
    if dtype.kind == "c":
        return (random.uniform(low, high, of) + 1j * random.uniform(low, high, of)).astype(dtype)
    return random.uniform(low, high, of).astype(dtype)


def axis_of(draw, x):
    return draw(st.integers(0, x.ndim - 1))


TOLERANCE = {"float64": 1e-9, "float32": 1e-5, "complex128": 1e-9, "complex64": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}


def differences(got, want):
    """What is wrong with an array, as text, or nothing: integers are equal, floats agree to their dtype's tolerance."""
    got, want = np.asarray(got), np.asarray(want)
    if (got.dtype, got.shape) != (want.dtype, want.shape):
        return f"{got.dtype}{list(got.shape)} for {want.dtype}{list(want.shape)}"
    if want.dtype.kind in "biu":
        return "" if np.array_equal(got, want) else f"{got} for {want}"
    tolerance, wide = TOLERANCE[want.dtype.name], "complex128" if want.dtype.kind == "c" else "float64"
    got, want = got.astype(wide), want.astype(wide)
    finite = want[np.isfinite(want)]
    scale = np.abs(finite).max() if finite.size else 1.0
    same = np.allclose(got, want, rtol=tolerance, atol=tolerance * max(0.1, min(scale, 100.0)), equal_nan=True)
    return "" if same else f"{got} for {want}"


def assert_same(got, want):
    """Every array of two lists agrees."""
    assert len(got) == len(want)
    wrong = {place: text for place, (g, w) in enumerate(zip(got, want, strict=True)) if (text := differences(g, w))}
    assert not wrong, wrong
