"""Operations that reduce axes, or accumulate along one. An axis of None means all of them."""

from __future__ import annotations

import builtins
from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import brief, explain
from cornu.ops.base import Axis, axes, cumulative, floating, operation, optional_dtype, reduction, tensor

sum = reduction(jnp.sum, "The sum; integers keep their dtype.")
mean = reduction(jnp.mean, "The mean; 16-bit numbers are added up in 32 bits.", real=True)
std = reduction(jnp.std, "The standard deviation: sqrt(mean((x - mean(x))²)).", real=True)
var = reduction(jnp.var, "The variance: mean((x - mean(x))²).", real=True)
all = reduction(jnp.all, "Whether every element is true.")
any = reduction(jnp.any, "Whether at least one element is true.")
amax = reduction(jnp.max, "The largest element.", name="amax")
amin = reduction(jnp.min, "The smallest element.", name="amin")
ptp = reduction(jnp.ptp, "The largest element minus the smallest.")
median = reduction(jnp.median, "The middle element in order, or the mean of the two in the middle.", real=True)
argmax = reduction(jnp.argmax, "The index of the first largest element; None counts through the flattened tensor.")
argmin = reduction(jnp.argmin, "The index of the first smallest element; None counts through the flattened tensor.")

nanargmax = reduction(jnp.nanargmax, "The index of the first largest element that isn't NaN; -1 where all are.")
nanargmin = reduction(jnp.nanargmin, "The index of the first smallest element that isn't NaN; -1 where all are.")
nanmax = reduction(jnp.nanmax, "The largest element that isn't NaN.")
nanmin = reduction(jnp.nanmin, "The smallest element that isn't NaN.")
nansum = reduction(jnp.nansum, "The sum of the elements that aren't NaN.")
nanprod = reduction(jnp.nanprod, "The product of the elements that aren't NaN.")
nanmean = reduction(jnp.nanmean, "The mean of the elements that aren't NaN.", real=True)
nanmedian = reduction(jnp.nanmedian, "The median of the elements that aren't NaN.", real=True)
nanstd = reduction(jnp.nanstd, "The standard deviation of the elements that aren't NaN.", real=True)
nanvar = reduction(jnp.nanvar, "The variance of the elements that aren't NaN.", real=True)

cumsum = cumulative(jnp.cumsum, "The sums of the elements up to each.")
cumprod = cumulative(jnp.cumprod, "The products of the elements up to each.")
nancumsum = cumulative(jnp.nancumsum, "The sums of the elements up to each, NaN counted as 0.")
nancumprod = cumulative(jnp.nancumprod, "The products of the elements up to each, NaN counted as 1.")


@operation()
def max(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> jax.Array:
    """The largest element; at least `initial`.

    >>> float(max([1.0, 3.0])), float(max([1.0, 3.0], initial=5.0))
    (3.0, 5.0)
    """
    return jnp.max(tensor(x), axis=axes(axis), keepdims=keepdims, initial=initial)


@operation()
def min(x: Any, axis: Axis = None, keepdims: bool = False, initial: Any = None) -> jax.Array:
    """The smallest element; at most `initial`.

    >>> float(min([1.0, 3.0])), float(min([1.0, 3.0], initial=-5.0))
    (1.0, -5.0)
    """
    return jnp.min(tensor(x), axis=axes(axis), keepdims=keepdims, initial=initial)


@operation()
def prod(x: Any, axis: Axis = None, keepdims: bool = False, dtype: Any = None) -> jax.Array:
    """The product.

    >>> int(prod([2, 3, 4]))
    24
    """
    return jnp.prod(tensor(x), axis=axes(axis), keepdims=keepdims, dtype=optional_dtype(dtype))


@operation()
def average(x: Any, axis: Axis = None, weights: Any = None) -> jax.Array:
    """sum(weights * x) / sum(weights)

    >>> float(average([1.0, 3.0], weights=[3, 1]))
    1.5
    """
    return jnp.average(floating(x), axes(axis), None if weights is None else floating(weights))


@operation()
def count_nonzero(x: Any, axis: Axis = None) -> jax.Array:
    """The number of elements that aren't 0, as int32.

    >>> int(count_nonzero([0.0, 2.0, 3.0]))
    2
    """
    return jnp.count_nonzero(tensor(x), axis=axes(axis)).astype("int32")


@operation()
def quantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> jax.Array:
    """The value below which a fraction `q` in [0, 1] of the elements lies.

    `method`: which value between two elements: "linear", "lower", "higher", "midpoint" or "nearest". Several `q` make
    the first axis of the result.

    >>> quantile([0.0, 1.0, 2.0, 4.0], [0.5, 1.0]).tolist()
    [1.5, 4.0]
    """
    return jnp.quantile(floating(x), tensor(q), axis=axes(axis), method=method, keepdims=keepdims)


@operation()
def percentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> jax.Array:
    """`quantile` at q / 100.

    >>> float(percentile([0.0, 1.0, 2.0, 4.0], 50))
    1.5
    """
    return jnp.percentile(floating(x), tensor(q), axis=axes(axis), method=method, keepdims=keepdims)


@operation()
def nanquantile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> jax.Array:
    """`quantile` of the elements that aren't NaN.

    >>> float(nanquantile([0.0, float("nan"), 2.0], 0.5))
    1.0
    """
    return jnp.nanquantile(floating(x), tensor(q), axis=axes(axis), method=method, keepdims=keepdims)


@operation()
def nanpercentile(x: Any, q: Any, axis: Axis = None, method: str = "linear", keepdims: bool = False) -> jax.Array:
    """`percentile` of the elements that aren't NaN.

    >>> float(nanpercentile([0.0, float("nan"), 2.0], 50))
    1.0
    """
    return jnp.nanpercentile(floating(x), tensor(q), axis=axes(axis), method=method, keepdims=keepdims)


@operation()
def logsumexp(x: Any, axis: Axis = None, keepdims: bool = False) -> jax.Array:
    """log sum exp(x), without overflow on the way

    >>> logsumexp([0.0, 0.0]).round(3).item()
    0.6930000185966492
    """
    return jax.scipy.special.logsumexp(floating(x), axis=axes(axis), keepdims=keepdims)


@operation()
def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> jax.Array:
    """Whether |x1 - x2| <= atol + rtol * |x2| everywhere.

    >>> bool(allclose([1.0], [1.000001]))
    True
    """
    return jnp.allclose(tensor(x1), tensor(x2), rtol, atol, equal_nan)


@operation()
def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> jax.Array:
    """The integral of y over x, or over steps of `dx`, by straight lines between the points.

    >>> float(trapezoid([0.0, 1.0, 2.0]))
    2.0
    """
    return jnp.trapezoid(tensor(y), None if x is None else tensor(x), tensor(dx), axis)


@operation()
def diff(a: Any, n: int = 1, axis: int = -1) -> jax.Array:
    """a[i + 1] - a[i] along an axis, n times over

    >>> diff([1, 4, 9]).tolist()
    [3, 5]
    """
    return jnp.diff(tensor(a), n=n, axis=axis)


@operation()
def bincount(x: Any, weights: Any = None, minlength: int = 0, sparse: bool = False) -> jax.Array:
    """How often each of 0, 1, 2 ... is in x, or the sum of the weights of its places; rows of a matrix separately.

    The result has as many entries as the largest value needs, so the values must be known: not inside a compiled
    function. Difference from Keras: no sparse results.

    >>> bincount([0, 2, 2]).tolist()
    [1, 0, 2]
    """
    if sparse:
        raise ValueError(explain("bincount gives no sparse tensors.", fix="Leave out `sparse`."))
    x = tensor(x)
    length = builtins.max(int(jnp.max(x, initial=-1)) + 1, minlength)

    def count(values: jax.Array, weights: jax.Array | None) -> jax.Array:
        return jnp.bincount(values, weights, length=length)

    weights = None if weights is None else tensor(weights)
    return jax.vmap(count, (0, None if weights is None else 0))(x, weights) if x.ndim == 2 else count(x, weights)


@operation()
def histogram(x: Any, bins: int = 10, range: tuple[float, float] | None = None) -> tuple[jax.Array, jax.Array]:
    """How many elements fall into each of `bins` intervals of one width, and the intervals' ends.

    Raises:
        TypeError, ValueError: for a number of bins or a range that isn't one, or a tensor of more than one axis.

    >>> counts, ends = histogram([0.0, 1.0, 1.0, 4.0], bins=2)
    >>> counts.tolist(), ends.tolist()
    ([3.0, 1.0], [0.0, 2.0, 4.0])
    """
    x = tensor(x)
    if not isinstance(bins, int):
        raise TypeError(explain("histogram: `bins` is wrong.", expected="an integer", got=brief(bins)))
    if range and (not isinstance(range, tuple) or len(range) != 2 or range[1] < range[0]):
        raise ValueError(explain("histogram: `range` is wrong.", expected="(low, high)", got=brief(range)))
    if bins < 0 or x.ndim > 1:
        raise ValueError(explain("histogram takes one axis and 0 bins or more.", got=f"{bins} bins, {brief(x)}"))
    return jnp.histogram(x, bins, range)
