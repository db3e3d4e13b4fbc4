"""Initial values of weights. An initializer is called with a shape and a dtype and gives an array.

The arrays are NumPy's and are computed on the host: nothing has to be compiled before the first step. A seed gives the
draws that Keras on JAX makes from it, up to the last bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes, random, registry
from cornu.errors import brief, explain
from cornu.registry import register
from cornu.signature import Configurable, either, integer, maybe, number, one_of, positive
from cornu.signature import Domain as _Domain

_seed = maybe(either(integer, _Domain("a SeedGenerator", lambda v: isinstance(v, (random.SeedGenerator, dict)))))
_STDDEV_OF_TRUNCATED = 0.8796256610342398
"""The standard deviation of a standard normal distribution cut at two standard deviations."""


@register("initializer")
class Initializer(Configurable):
    """Base of the initializers; a subclass writes `__call__(shape, dtype=None)`.

    Difference from Keras: `get_config` is derived from the constructor and need not be written.
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The array of a shape and a dtype (default `floatx()`)."""
        raise NotImplementedError(
            explain(f"{type(self).__name__} gives no values.", fix="Write its `__call__(self, shape, dtype=None)`.")
        )

    def clone(self) -> Initializer:
        """A new initializer with the same configuration."""
        return type(self).from_config(self.get_config())


# Constants -----------------------------------------------------------------------------------------------------------


@register("initializer", "zero")
class Zeros(Initializer):
    """w = 0

    >>> Zeros()((2,)).tolist()
    [0.0, 0.0]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Zeros."""
        return np.zeros(tuple(shape), dtypes.numpy_dtype(dtype))


@register("initializer", "one")
class Ones(Initializer):
    """w = 1

    >>> Ones()((2,), "int32").tolist()
    [1, 1]
    """

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """Ones."""
        return np.ones(tuple(shape), dtypes.numpy_dtype(dtype))


@register("initializer")
class Constant(Initializer):
    """w = value

    Args:
        value: a number, or an array that broadcasts to the shape.

    >>> Constant(0.5)((2,)).tolist()
    [0.5, 0.5]
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The constant."""
        return np.full(tuple(shape), np.asarray(self.value).astype(dtypes.numpy_dtype(dtype)))


@register("initializer", "IdentityInitializer")
class Identity(Initializer):
    """w = gain * I, for matrices

    Raises:
        ValueError: for a shape that isn't a matrix's.

    >>> Identity(2.0)((2, 3)).tolist()
    [[2.0, 0.0, 0.0], [0.0, 2.0, 0.0]]
    """

    domains = {"gain": number}

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The multiple of the identity matrix."""
        if len(shape) != 2:
            raise ValueError(explain("Identity makes matrices only.", expected="a shape of 2 sizes", got=tuple(shape)))
        return (self.gain * np.eye(shape[0], shape[1])).astype(dtypes.numpy_dtype(dtype))


@register("initializer", "STFTInitializer")
class STFT(Initializer):
    """The kernel by which a convolution computes a short-time Fourier transform.

    w[t, 0, f] = cos(-2 pi t f / F) * window[t] / scale, and sin for the imaginary side, of shape
    (frame length, 1, F // 2 + 1)

    Args:
        side: "real" or "imag".
        window: a name of `scipy.signal.get_window`, the window's values, or None for none.
        scaling: "density" divides by the window's Euclidean norm, "spectrum" by the sum of its absolute values.
        periodic: whether the window is periodic rather than symmetric. Difference from Keras: there the meaning is
            kept from SciPy's `fftbins`, and so it is here.

    >>> STFT("real", None)((4, 1, 3)).round(6)[1, 0].tolist()
    [1.0, 0.0, -1.0]
    """

    domains = {"side": one_of("real", "imag"), "scaling": one_of("density", "spectrum", None)}

    def __init__(
        self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
    ) -> None:
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic
        self._window_of(1) if isinstance(window, str) else None

    def _window_of(self, length: int) -> np.ndarray:
        if not isinstance(self.window, str):
            return np.asarray(self.window)
        import scipy.signal

        return scipy.signal.get_window(self.window, length, self.periodic)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The kernel."""
        frame_length, _, bins = shape
        angle = -np.pi * np.arange(frame_length)[:, None, None] * np.arange(bins) / max(bins - 1, 1)
        kernel = np.cos(angle) if self.side == "real" else np.sin(angle)
        if self.window is not None:
            window = self._window_of(frame_length)
            if window.shape != (frame_length,):
                raise ValueError(
                    explain("STFT: `window` doesn't fit.", expected=f"{frame_length} values", got=brief(window))
                )
            scale = {"density": np.sqrt(np.sum(window**2)), "spectrum": np.sum(np.abs(window)), None: 1}[self.scaling]
            kernel = kernel * window[:, None, None] / scale
        return kernel.astype(dtypes.numpy_dtype(dtype))


# Random values -------------------------------------------------------------------------------------------------------


class RandomInitializer(Initializer):
    """Base of the initializers that draw.

    Every one takes a `seed`: an integer, with which each call gives the same values; a `SeedGenerator`, with which
    each call gives new ones; or None, which takes a seed from the stream of the variable that is being made, so that
    the root seed (`cornu.utils.set_random_seed`) decides. Draws are made in float32 and then cast; Keras draws 16-bit
    numbers otherwise. An integer dtype raises ValueError.
    """

    domains = {"seed": _seed}

    def __init__(self, seed: int | random.SeedGenerator | None = None) -> None:
        self.seed = registry.deserialize(seed) if isinstance(seed, dict) else seed

    def _key(self) -> Any:
        """What the host's draws take: an integer, or the two words of a generator's next key."""
        if not isinstance(self.seed, random.SeedGenerator):
            return random.next_seed() if self.seed is None else int(self.seed)
        state = self.seed.state
        with jax.ensure_compile_time_eval():
            key = np.asarray(state.stored())
            state.store(jnp.asarray(key + np.array([0, 1], "uint32")))
        return key

    def _dtype(self, dtype: Any) -> np.dtype:
        if not dtypes.is_float(dtype):
            raise ValueError(
                explain(f"{type(self).__name__} draws real numbers.", expected="a floating-point dtype", got=dtype)
            )
        return dtypes.numpy_dtype(dtype)

    def _normal(self, shape: Sequence[int], mean: float, stddev: float, dtype: Any, cut: bool = False) -> np.ndarray:
        draw = random.host_truncated_normal if cut else random.host_normal
        dtype = self._dtype(dtype)
        return (draw(self._key(), tuple(shape)) * np.float32(stddev) + np.float32(mean)).astype(dtype, copy=False)

    def _uniform(self, shape: Sequence[int], low: float, high: float, dtype: Any) -> np.ndarray:
        dtype = self._dtype(dtype)
        return random.host_uniform(self._key(), tuple(shape), low, high).astype(dtype, copy=False)


@register("initializer", "normal")
class RandomNormal(RandomInitializer):
    """w ~ N(mean, stddev²)

    >>> RandomNormal(stddev=1.0, seed=0)((100, 100)).std().round(1).item()
    1.0
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The draws."""
        return self._normal(shape, self.mean, self.stddev, dtype)


@register("initializer")
class TruncatedNormal(RandomInitializer):
    """w ~ N(mean, stddev²), values further than two standard deviations from the mean excluded

    >>> bool(abs(TruncatedNormal(stddev=1.0, seed=0)((100, 100))).max() < 2)
    True
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        self.mean, self.stddev = mean, stddev
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The draws."""
        return self._normal(shape, self.mean, self.stddev, dtype, cut=True)


@register("initializer", "uniform")
class RandomUniform(RandomInitializer):
    """w ~ U[minval, maxval)

    >>> bool(abs(RandomUniform(seed=0)((100, 100))).max() <= 0.05)
    True
    """

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        self.minval, self.maxval = minval, maxval
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The draws."""
        return self._uniform(shape, self.minval, self.maxval, dtype)


def compute_fans(
    shape: Sequence[int], input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """How many inputs meet in one output of a weight of a shape, and how many outputs one input reaches.

    The last two axes are taken for inputs and outputs, those before them for a convolution's window, unless the axes
    are named.

    >>> compute_fans((3, 3, 8, 16))
    (72, 144)
    """
    shape = tuple(shape)
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    window = math.prod(shape[:-2])
    return window * shape[-2], window * shape[-1]


_MODES = ("fan_in", "fan_out", "fan_avg")
_DISTRIBUTIONS = ("uniform", "truncated_normal", "untruncated_normal", "normal")


@register("initializer")
class VarianceScaling(RandomInitializer):
    """w with variance scale / n

    n is the fan-in, the fan-out or their average; the values are uniform in [-l, l], l = sqrt(3 scale / n), or normal.

    Args:
        scale: a positive number.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "uniform", "truncated_normal" (also called "normal") or "untruncated_normal".
        seed: see `RandomInitializer`.
        input_axes, output_axes: the axes that make the fans, where the last two don't.

    >>> VarianceScaling(2.0, "fan_in", "uniform", seed=1)((3, 2)).shape
    (3, 2)
    """

    domains = {
        "scale": positive,
        "mode": one_of(*_MODES),
        "distribution": _Domain(f"one of {_DISTRIBUTIONS}", lambda v: str(v).lower() in _DISTRIBUTIONS),
        "seed": _seed,
    }

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        self.scale, self.mode = scale, mode
        self.distribution = {"normal": "truncated_normal"}.get(distribution.lower(), distribution.lower())
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The draws."""
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, n)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return self._uniform(shape, -limit, limit, dtype)
        if self.distribution == "untruncated_normal":
            return self._normal(shape, 0.0, math.sqrt(variance), dtype)
        return self._normal(shape, 0.0, math.sqrt(variance) / _STDDEV_OF_TRUNCATED, dtype, cut=True)


class _Scaled(VarianceScaling):
    """Base of the named cases of `VarianceScaling`, which differ in three constants."""

    _constants: tuple[float, str, str]

    def __init__(
        self,
        seed: Any = None,
        input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self._constants, seed, input_axes, output_axes)


@register("initializer")
class GlorotUniform(_Scaled):
    """w ~ U[-l, l], l = sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010)

    >>> GlorotUniform(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (1.0, "fan_avg", "uniform")


@register("initializer")
class GlorotNormal(_Scaled):
    """w ~ truncated N(0, 2 / (fan_in + fan_out)) (Glorot and Bengio, 2010)

    >>> GlorotNormal(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (1.0, "fan_avg", "truncated_normal")


@register("initializer")
class LecunNormal(_Scaled):
    """w ~ truncated N(0, 1 / fan_in) (LeCun et al., 1998, "Efficient BackProp")

    >>> LecunNormal(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (1.0, "fan_in", "truncated_normal")


@register("initializer")
class LecunUniform(_Scaled):
    """w ~ U[-l, l], l = sqrt(3 / fan_in) (LeCun et al., 1998, "Efficient BackProp")

    >>> LecunUniform(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (1.0, "fan_in", "uniform")


@register("initializer")
class HeNormal(_Scaled):
    """w ~ truncated N(0, 2 / fan_in) (He et al., 2015, arXiv:1502.01852)

    >>> HeNormal(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (2.0, "fan_in", "truncated_normal")


@register("initializer")
class HeUniform(_Scaled):
    """w ~ U[-l, l], l = sqrt(6 / fan_in) (He et al., 2015, arXiv:1502.01852)

    >>> HeUniform(seed=1)((3, 2)).shape
    (3, 2)
    """

    _constants = (2.0, "fan_in", "uniform")


@register("initializer", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """w with orthonormal rows or columns, whichever are fewer, times `gain` (Saxe et al., 2014, arXiv:1312.6120)

    All axes but the last count as rows. The matrix is Q of the QR decomposition of normal draws, its signs fixed so
    that it is uniform among the orthogonal ones.

    Raises:
        ValueError: for a shape of less than 2 axes.

    >>> w = Orthogonal(seed=1)((3, 3))
    >>> np.allclose(w @ w.T, np.eye(3), atol=1e-6)
    True
    """

    domains = {"gain": number, "seed": _seed}

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        self.gain = gain
        super().__init__(seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        """The orthogonal matrix, in the given shape."""
        if len(shape) < 2:
            raise ValueError(explain("Orthogonal makes matrices.", expected="at least 2 axes", got=tuple(shape)))
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = self._normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, "float32")
        q, r = np.linalg.qr(drawn)
        q = q * np.sign(np.diag(r))
        q = q.T if rows < columns else q
        return (self.gain * q).reshape(shape).astype(self._dtype(dtype))


# Names ---------------------------------------------------------------------------------------------------------------


__getattr__ = registry.other_names("initializer", __name__)


def get(identifier: Any) -> Any:
    """The initializer that an argument stands for: None, a name, a config, a class, a callable, or the values.

    Raises ValueError for anything else.

    >>> get("he_normal")
    <HeNormal {'seed': None, 'input_axes': None, 'output_axes': None}>
    """
    if isinstance(identifier, (np.ndarray, np.generic, jax.Array)):
        return _given(identifier)
    return registry.resolve("initializer", identifier)


def _given(values: Any) -> Any:
    def initial(shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        if tuple(shape) != tuple(values.shape):
            raise ValueError(
                explain("The given initial values don't fit.", expected=f"shape {tuple(shape)}", got=brief(values))
            )
        return np.asarray(values).astype(dtypes.numpy_dtype(dtype))

    return initial


def serialize(initializer: Any) -> Any:
    """The config of an initializer, as data."""
    return registry.serialize(initializer)


def deserialize(config: Any, custom_objects: dict | None = None) -> Any:
    """The initializer of a config."""
    return registry.deserialize(config, custom_objects, kind="initializer")
