"""Fourier transforms, and complex numbers: in the transforms a pair (real, imaginary), as in Keras."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu.errors import brief, explain
from cornu.ops.base import floating, operation, tensor

Pair = tuple[jax.Array, jax.Array]


def _complex(x: Any, name: str) -> jax.Array:
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(explain(f"{name}: argument `x` is wrong.", expected="(real, imaginary)", got=brief(x)))
    real, imaginary = map(tensor, x)
    if real.shape != imaginary.shape or not jnp.issubdtype(real.dtype, jnp.floating):
        raise ValueError(
            explain(
                f"{name}: real and imaginary part don't fit.", expected="two real tensors of one shape", got=brief(x)
            )
        )
    return jax.lax.complex(real, imaginary)


def _pair(x: jax.Array) -> Pair:
    return jnp.real(x), jnp.imag(x)


@operation()
def fft(x: Any) -> Pair:
    """X[k] = sum over n of x[n] exp(-2 pi i k n / N), along the last axis

    >>> real, imaginary = fft((np.array([1.0, 0.0]), np.array([0.0, 0.0])))
    >>> real.tolist(), imaginary.tolist()
    ([1.0, 1.0], [0.0, 0.0])
    """
    return _pair(jnp.fft.fft(_complex(x, "fft")))


@operation()
def fft2(x: Any) -> Pair:
    """`fft` along the last two axes."""
    return _pair(jnp.fft.fft2(_complex(x, "fft2")))


@operation()
def ifft2(x: Any) -> Pair:
    """The inverse of `fft2`."""
    return _pair(jnp.fft.ifft2(_complex(x, "ifft2")))


@operation()
def rfft(x: Any, fft_length: int | None = None) -> Pair:
    """The first N // 2 + 1 entries of the `fft` of real x; `fft_length` N cuts x or fills it with 0

    >>> rfft([1.0, 1.0])[0].tolist()
    [2.0, 0.0]
    """
    return _pair(jnp.fft.rfft(floating(x), fft_length))


@operation()
def irfft(x: Any, fft_length: int | None = None) -> jax.Array:
    """The inverse of `rfft`; `fft_length`: the number of real entries, by default 2 * (entries - 1)

    >>> irfft((np.array([2.0, 0.0]), np.array([0.0, 0.0]))).tolist()
    [1.0, 1.0]
    """
    return jnp.fft.irfft(_complex(x, "irfft"), fft_length)


@operation()
def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> jax.Array:
    """Windows of the last axis, one every `sequence_stride`: (..., windows, sequence_length)

    >>> extract_sequences([1, 2, 3, 4], 2, 1).tolist()
    [[1, 2], [2, 3], [3, 4]]
    """
    x = tensor(x)
    starts = np.arange(0, x.shape[-1] - sequence_length + 1, sequence_stride)
    return jnp.take(x, starts[:, None] + np.arange(sequence_length), axis=-1)


def _check_frames(name: str, sequence_length: int, sequence_stride: int, fft_length: int, window: Any) -> None:
    if not isinstance(sequence_stride, int) or sequence_stride <= 0:
        raise ValueError(explain(f"{name}: `sequence_stride` is wrong.", expected="1 or more", got=sequence_stride))
    if fft_length < sequence_length:
        raise ValueError(
            explain(f"{name}: `fft_length` is too small.", expected=f"{sequence_length} or more", got=fft_length)
        )
    if isinstance(window, str) and window not in ("hann", "hamming"):
        raise ValueError(
            explain(f"{name}: unknown `window`.", expected='"hann", "hamming", values or None', got=window)
        )


def _window(window: Any, sequence_length: int, fft_length: int, dtype: Any) -> jax.Array:
    """The window's values in the middle of `fft_length` points; None is 1 everywhere."""
    if window is None:
        return jnp.ones(fft_length, dtype)
    if isinstance(window, str):
        a = {"hann": 0.5, "hamming": 0.54}[window]
        window = a - (1 - a) * np.cos(2 * np.pi * np.arange(sequence_length) / sequence_length)
    window = tensor(window, dtype)
    if window.shape != (sequence_length,):
        raise ValueError(explain("The window doesn't fit.", expected=f"{sequence_length} values", got=brief(window)))
    before = (fft_length - sequence_length) // 2
    return jnp.pad(window, (before, fft_length - sequence_length - before))


@operation()
def stft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    window: Any = "hann",
    center: bool = True,
) -> Pair:
    """X[m, k] = sum over n of x[m * stride + n] w[n] exp(-2 pi i k n / F): the short-time Fourier transform

    Args:
        x: real, (..., time).
        sequence_length: the window's length.
        sequence_stride: the distance of one window from the next.
        fft_length: F, at least the window's length; the window stands in its middle.
        window: "hann", "hamming" (periodic ones), the values, or None for 1.
        center: whether x is first padded by reflection, so that window m is centered at m * stride.

    Returns the real and the imaginary part, (..., windows, F // 2 + 1).

    Raises:
        TypeError: where x isn't of dtype float32 or float64.
        ValueError: for other arguments out of range.

    >>> stft(np.ones(8, "float32"), 4, 2, 4, window=None, center=False)[0].tolist()
    [[4.0, 0.0, 0.0], [4.0, 0.0, 0.0], [4.0, 0.0, 0.0]]
    """
    x = tensor(x)
    if x.dtype not in ("float32", "float64"):
        raise TypeError(explain("stft: `x` is of the wrong dtype.", expected="float32 or float64", got=str(x.dtype)))
    _check_frames("stft", sequence_length, sequence_stride, fft_length, window)
    if center:
        x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(fft_length // 2, fft_length // 2)], mode="reflect")
    frames = extract_sequences(x, fft_length, sequence_stride)
    return rfft(frames * _window(window, sequence_length, fft_length, x.dtype))


@operation()
def istft(
    x: Any,
    sequence_length: int,
    sequence_stride: int,
    fft_length: int,
    length: int | None = None,
    window: Any = "hann",
    center: bool = True,
) -> jax.Array:
    """x[t] = sum over m of w[t - m * stride] frame m [t - m * stride] / sum over m of w²: the inverse of `stft`

    Args:
        x: (real, imaginary), each (..., windows, F // 2 + 1).
        length: the number of points of the result; by default all that the windows cover.
        The others: those that `stft` was given.

    >>> signal = np.arange(8, dtype="float32")
    >>> np.allclose(istft(stft(signal, 4, 2, 4), 4, 2, 4), signal, atol=1e-5)
    True
    """
    _check_frames("istft", sequence_length, sequence_stride, fft_length, window)
    frames = jnp.fft.irfft(_complex(x, "istft"), fft_length)
    values = _window(window, sequence_length, fft_length, frames.dtype)
    count = frames.shape[-2]
    places = (np.arange(count)[:, None] * sequence_stride + np.arange(fft_length)).ravel()
    total = (count - 1) * sequence_stride + fft_length
    flat = (frames * values).reshape(*frames.shape[:-2], -1)
    signal = jnp.zeros((*frames.shape[:-2], total), frames.dtype).at[..., places].add(flat)
    weight = jnp.zeros(total, frames.dtype).at[places].add(jnp.tile(values**2, count))
    signal = signal / jnp.where(weight > 1e-10, weight, 1)
    start = fft_length // 2 if center else 0
    end = start + length if length is not None else total - start
    return signal[..., start:end]


@operation()
def view_as_complex(x: Any) -> jax.Array:
    """x[..., 0] + i x[..., 1]

    Raises:
        ValueError: where the last axis isn't of size 2.

    >>> view_as_complex([[1.0, 2.0]]).tolist()
    [(1+2j)]
    """
    x = tensor(x)
    if x.ndim < 1 or x.shape[-1] != 2:
        raise ValueError(explain("view_as_complex takes pairs.", expected="a last axis of size 2", got=brief(x)))
    return jax.lax.complex(*(x[..., i].astype("float32") for i in (0, 1)))


@operation()
def view_as_real(x: Any) -> jax.Array:
    """The real and the imaginary part, along a new last axis

    >>> view_as_real([1 + 2j]).tolist()
    [[1.0, 2.0]]
    """
    return jnp.stack(_pair(tensor(x)), axis=-1)


@operation()
def polar(abs_: Any, angle: Any) -> jax.Array:
    """abs_ * (cos(angle) + i sin(angle))

    >>> polar([2.0], [0.0]).tolist()
    [(2+0j)]
    """
    abs_, angle = tensor(abs_), tensor(angle)
    return _complex((abs_ * jnp.cos(angle), abs_ * jnp.sin(angle)), "polar")
