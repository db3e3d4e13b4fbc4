"""The initial values of Keras 1.

`get("glorot_normal")` gives an initializer of cornu's, for layers. The functions `uniform`, `glorot_normal` and so on
are those of the module `initializations`: called with a shape they give a variable. They also serve as initializers.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from cornu import initializers
from cornu.errors import explain, nearest
from cornu.initializers import Initializer, Orthogonal, VarianceScaling, compute_fans
from cornu.registry import register, register_keras_serializable
from cornu.signature import Configurable, positive_int
from cornu.variables import Variable

_structured = (2, 3, 4, 5)
"""The numbers of axes for which the fans are those of a dense layer or a convolution."""


class _Keras1Scaling(VarianceScaling):
    """Base of Keras 1's initializers that scale with the fans: a normal distribution isn't cut.

    For shapes of one axis, and of more than five, both fans are the square root of the number of values.
    """

    constants: tuple[float, str, str]

    def __init__(self, seed: Any = None) -> None:
        super().__init__(*self.constants, seed)

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The draws."""
        if len(shape) in _structured:
            return super().__call__(shape, dtype)
        return unstructured(super().__call__, self.mode)(shape, dtype)


def unstructured(draw: Callable, mode: str) -> Callable:
    """Draws of variance scale / n, scaled to n = sqrt(number of values), which Keras 1 took for unusual shapes."""

    def initial(shape: Sequence[int], dtype: Any = None) -> Any:
        fan_in, fan_out = compute_fans(shape)
        n = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[mode]
        values = draw(shape, dtype=dtype)
        return (values * math.sqrt(max(1.0, n) / math.sqrt(math.prod(shape)))).astype(values.dtype)

    return initial


@register_keras_serializable("keras1")
class GlorotNormal(_Keras1Scaling):
    """w ~ N(0, 2 / (fan_in + fan_out)), not cut

    >>> GlorotNormal(seed=1)((3, 2)).shape
    (3, 2)
    """

    constants = (1.0, "fan_avg", "untruncated_normal")


@register_keras_serializable("keras1")
class GlorotUniform(_Keras1Scaling):
    """w ~ U[-l, l], l = sqrt(6 / (fan_in + fan_out))

    >>> bool(abs(GlorotUniform(seed=1)((4, 2))).max() <= 1)
    True
    """

    constants = (1.0, "fan_avg", "uniform")


@register_keras_serializable("keras1")
class HeNormal(_Keras1Scaling):
    """w ~ N(0, 2 / fan_in), not cut

    >>> HeNormal(seed=1)((3, 2)).shape
    (3, 2)
    """

    constants = (2.0, "fan_in", "untruncated_normal")


@register_keras_serializable("keras1")
class HeUniform(_Keras1Scaling):
    """w ~ U[-l, l], l = sqrt(6 / fan_in)

    >>> bool(abs(HeUniform(seed=1)((6, 2))).max() <= 1)
    True
    """

    constants = (2.0, "fan_in", "uniform")


@register_keras_serializable("keras1")
class LecunUniform(_Keras1Scaling):
    """w ~ U[-l, l], l = sqrt(3 / fan_in)

    >>> bool(abs(LecunUniform(seed=1)((3, 2))).max() <= 1)
    True
    """

    constants = (1.0, "fan_in", "uniform")


@register("initializer")
class PerGate(Initializer):
    """The weights of a recurrent layer's gates side by side, each gate's drawn by itself, as in Keras 1.

    Drawn as one matrix, as later, the gates' columns count together in the fan-out, and an orthogonal matrix has
    orthonormal rows over all gates instead of in each.

    Args:
        initializer: of one gate's weights.
        gates: how many there are; they share the last axis.

    >>> PerGate("orthogonal", gates=4)((3, 12)).shape
    (3, 12)
    """

    domains = {"gates": positive_int}

    def __init__(self, initializer: Any, gates: int) -> None:
        self.initializer, self.gates = initializers.get(initializer), gates

    def __call__(self, shape: Sequence[int], dtype: Any = None) -> Any:
        """The values."""
        own = (*shape[:-1], shape[-1] // self.gates)
        return np.concatenate([np.asarray(self.initializer(own, dtype=dtype)) for _ in range(self.gates)], axis=-1)


# The functions of the module `initializations` -----------------------------------------------------------------------


def _variable(initializer: Initializer, shape: Sequence[int], name: str | None, dtype: Any) -> Variable:
    from cornu.compat.backend.state import no_weight

    return no_weight(Variable(initializer, tuple(shape), dtype, name=name))


def uniform(
    shape: Sequence[int], scale: float = 0.05, name: str | None = None, dim_ordering: str = "th", dtype: Any = None
) -> Variable:
    """A variable w ~ U[-scale, scale)

    >>> uniform((3, 2), scale=0.1).shape
    (3, 2)
    """
    return _variable(initializers.RandomUniform(-scale, scale), shape, name, dtype)


def normal(
    shape: Sequence[int], scale: float = 0.05, name: str | None = None, dim_ordering: str = "th", dtype: Any = None
) -> Variable:
    """A variable w ~ N(0, scale²)

    >>> normal((3, 2), name="w").name
    'w'
    """
    return _variable(initializers.RandomNormal(0.0, scale), shape, name, dtype)


def orthogonal(
    shape: Sequence[int], scale: float = 1.1, name: str | None = None, dim_ordering: str = "th", dtype: Any = None
) -> Variable:
    """A variable with orthonormal rows or columns, times `scale`

    >>> w = orthogonal((3, 3)).numpy()
    >>> np.allclose(w @ w.T, 1.21 * np.eye(3), atol=1e-5)
    True
    """
    return _variable(Orthogonal(scale), shape, name, dtype)


def identity(
    shape: Sequence[int], scale: float = 1.0, name: str | None = None, dim_ordering: str = "th", dtype: Any = None
) -> Variable:
    """A variable w = scale * I, for square matrices; ValueError for others

    >>> identity((2, 2)).numpy().tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(explain("identity makes square matrices.", expected="a shape (n, n)", got=tuple(shape)))
    return _variable(initializers.Identity(scale), shape, name, dtype)


def _of(make: Callable[[], Initializer], name: str, equation: str) -> Callable:
    """The function that makes variables by an initializer without further arguments."""

    def make_variable(
        shape: Sequence[int], name: str | None = None, dim_ordering: str = "th", dtype: Any = None
    ) -> Variable:
        return _variable(make(), shape, name, dtype)

    make_variable.__name__ = make_variable.__qualname__ = name
    make_variable.__doc__ = f"A variable {equation}"
    return make_variable


zero = _of(initializers.Zeros, "zero", "w = 0")
one = _of(initializers.Ones, "one", "w = 1")
lecun_uniform = _of(LecunUniform, "lecun_uniform", "w ~ U[-l, l], l = sqrt(3 / fan_in)")
glorot_normal = _of(GlorotNormal, "glorot_normal", "w ~ N(0, 2 / (fan_in + fan_out)), not cut")
glorot_uniform = _of(GlorotUniform, "glorot_uniform", "w ~ U[-l, l], l = sqrt(6 / (fan_in + fan_out))")
he_normal = _of(HeNormal, "he_normal", "w ~ N(0, 2 / fan_in), not cut")
he_uniform = _of(HeUniform, "he_uniform", "w ~ U[-l, l], l = sqrt(6 / fan_in)")

FUNCTIONS: dict[str, Callable] = {
    f.__name__: f
    for f in (
        uniform, lecun_uniform, normal, identity, orthogonal, zero, one, glorot_normal, glorot_uniform, he_normal,
        he_uniform,
    )
}  # fmt: skip
"""The functions of `initializations`, by name."""

NAMES: dict[str, Callable[..., Initializer]] = {
    "uniform": initializers.RandomUniform,
    "normal": initializers.RandomNormal,
    "orthogonal": partial(Orthogonal, 1.1),
    "identity": initializers.Identity,
    "zero": initializers.Zeros,
    "one": initializers.Ones,
    "lecun_uniform": LecunUniform,
    "glorot_normal": GlorotNormal,
    "glorot_uniform": GlorotUniform,
    "he_normal": HeNormal,
    "he_uniform": HeUniform,
}
"""The initializers that a layer's argument `init` names."""


def get_function(identifier: Any, **arguments: Any) -> Any:
    """Keras 1's `initializations.get`: the function of a name, with `arguments` such as `scale` set; or the callable.

    ValueError for an unknown name.

    >>> get_function("normal").__name__
    'normal'
    """
    if not isinstance(identifier, str):
        return identifier
    if identifier not in FUNCTIONS:
        raise ValueError(
            explain(
                f"Unknown initialization {identifier!r}.{nearest(identifier, FUNCTIONS)}",
                expected=", ".join(FUNCTIONS),
                got=identifier,
            )
        )
    function = FUNCTIONS[identifier]
    if not arguments:
        return function
    filled = partial(function, **arguments)
    filled.__name__ = identifier  # type: ignore[attr-defined]
    return filled


def get(identifier: Any) -> Any:
    """The initializer that a layer's argument `init` stands for in Keras 1.

    A name gives an initializer; so does a function of this module. Another function, `f(shape, name=None)`, is called
    when the weight is made.

    >>> get("glorot_normal").distribution, get("orthogonal").gain, get(zero)
    ('untruncated_normal', 1.1, <Zeros {}>)
    """
    if isinstance(identifier, str) and identifier in NAMES:
        return NAMES[identifier]()
    own = getattr(identifier, "__name__", None)
    if own in FUNCTIONS and identifier is FUNCTIONS[own]:
        return NAMES[own]()
    if callable(identifier) and not isinstance(identifier, (type, Configurable)):
        return _with_name(identifier)
    return initializers.get(identifier)


def _with_name(function: Callable) -> Callable:
    """A person's function `f(shape, name=None)`, which gives a variable or an array, as an initializer."""

    named = {"name": None} if "name" in inspect.signature(function).parameters else {}

    def initial(shape: Sequence[int], dtype: Any = None) -> np.ndarray:
        return np.asarray(function(tuple(shape), **named), dtype)

    initial.__name__ = getattr(function, "__name__", "initial")
    return initial


__all__ = [*FUNCTIONS, "FUNCTIONS", "PerGate", "get", "get_function", "unstructured"]
