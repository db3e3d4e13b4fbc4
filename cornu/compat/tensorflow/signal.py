"""`tf.signal`: Fourier transforms and windows."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import ops
from cornu.compat.tensorflow.calls import mathematics, missing, served


@mathematics
def _frames(signal: Any, length: int, step: int, pad_end: bool) -> Any:
    if pad_end:
        short = -(-signal.shape[-1] // step) * step - step + length - signal.shape[-1]
        signal = jnp.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(0, max(short, 0))])
    starts = jnp.arange(0, signal.shape[-1] - length + 1, step)
    return signal[..., starts[:, None] + jnp.arange(length)]


def _hann(length: int) -> Any:
    return 0.5 - 0.5 * jnp.cos(2 * jnp.pi * jnp.arange(length) / length)


def stft(
    signals: Any,
    frame_length: int,
    frame_step: int,
    fft_length: int | None = None,
    window_fn: Any = _hann,
    pad_end: bool = False,
) -> Any:
    """The spectra of windows of a signal."""
    if fft_length is None:
        fft_length = 1 << (frame_length - 1).bit_length()
    frames = _frames(signals, frame_length, frame_step, pad_end)
    frames = frames if window_fn is None else frames * window_fn(frame_length)
    return mathematics(jnp.fft.rfft)(frames, fft_length)


SIGNAL = served(
    {
        "fft": lambda input: mathematics(jnp.fft.fft)(input),
        "ifft": lambda input: mathematics(jnp.fft.ifft)(input),
        "rfft": lambda input_tensor, fft_length=None: mathematics(jnp.fft.rfft)(input_tensor, _one(fft_length)),
        "irfft": lambda input_tensor, fft_length=None: mathematics(jnp.fft.irfft)(input_tensor, _one(fft_length)),
        "fft2d": lambda input: mathematics(jnp.fft.fft2)(input),
        "ifft2d": lambda input: mathematics(jnp.fft.ifft2)(input),
        "frame": lambda signal, frame_length, frame_step, pad_end=False: _frames(
            signal, frame_length, frame_step, pad_end
        ),
        "stft": stft,
        "hann_window": lambda window_length, periodic=True: (
            _hann(window_length) if periodic else ops.hanning(window_length)
        ),
    }
)


def _one(length: Any) -> Any:
    return length[0] if isinstance(length, (list, tuple)) else length


globals().update(SIGNAL)


def __getattr__(name: str) -> Any:
    raise missing("signal", name, SIGNAL)
