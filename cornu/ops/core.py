"""Operations on tensors as such (conversion, shape, dtype), control of the flow, and gradients."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np

from cornu import dtypes
from cornu.errors import explain
from cornu.ops.base import operation, optional_dtype, tensor
from cornu.symbolic import plain

# Tensors -------------------------------------------------------------------------------------------------------------


@operation()
def convert_to_tensor(x: Any, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> jax.Array:
    """The tensor of anything array-like.

    Raises:
        ValueError: where a sparse or ragged tensor is asked for: there are none here.

    >>> convert_to_tensor([1, 2], "float32").tolist()
    [1.0, 2.0]
    """
    if sparse or ragged:
        raise ValueError(explain("There are no sparse and no ragged tensors here.", fix="Leave out the argument."))
    return tensor(x, optional_dtype(dtype))


def convert_to_numpy(x: Any) -> np.ndarray:
    """The NumPy array of a tensor, a copy.

    >>> convert_to_numpy(ones_vector := convert_to_tensor([1.0])).tolist()
    [1.0]
    """
    return np.array(plain(x))


def is_tensor(x: Any) -> bool:
    """Whether x is a tensor: a JAX array, or one that is being traced.

    >>> is_tensor([1.0]), is_tensor(convert_to_tensor([1.0]))
    (False, True)
    """
    return isinstance(x, jax.Array)


@operation()
def cast(x: Any, dtype: Any) -> jax.Array:
    """x in another dtype; real numbers lose their fraction on the way to integers.

    >>> cast([1.7, -1.7], "int32").tolist()
    [1, -1]
    """
    return tensor(x, dtypes.standardize(dtype))


def _limits(dtype: str) -> tuple[Any, Any]:
    if dtype == "bool":
        return 0, 1
    info = ml_dtypes.finfo(dtype) if dtypes.is_float(dtype) else ml_dtypes.iinfo(dtype)
    return info.min, info.max


@operation()
def saturate_cast(x: Any, dtype: Any) -> jax.Array:
    """x in another dtype; what is out of its range becomes its nearest end.

    >>> saturate_cast([-3.0, 300.0], "uint8").tolist()
    [0, 255]
    """
    x, dtype = tensor(x), dtypes.standardize(dtype)
    own = dtypes.standardize(x.dtype)

    def end(limit: Any, own_limit: Any, inner: Callable) -> Any:
        if inner(limit, own_limit) == own_limit:
            return own_limit
        value = np.asarray(limit).astype(own)
        return value if inner(value, limit) == value else np.nextafter(value, np.zeros((), value.dtype))

    (low, high), (own_low, own_high) = _limits(dtype), _limits(own)
    return jnp.clip(x, end(low, own_low, np.maximum), end(high, own_high, np.minimum)).astype(dtype)


def shape(x: Any) -> tuple:
    """The sizes of the axes; None where a symbolic tensor's is unknown.

    >>> shape([[1, 2, 3]])
    (1, 3)
    """
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def ndim(x: Any) -> int:
    """The number of axes.

    >>> ndim([[1, 2, 3]])
    2
    """
    return len(shape(x))


@operation()
def size(x: Any) -> Any:
    """The number of elements.

    >>> size([[1, 2, 3]])
    3
    """
    count = math.prod(shape(x))
    return count if isinstance(count, int) else jnp.asarray(count)


def dtype(x: Any) -> str:
    """The name of the dtype of a tensor.

    >>> dtype(convert_to_tensor([1.0]))
    'float32'
    """
    return dtypes.standardize(x.dtype if hasattr(x, "dtype") else tensor(x).dtype)


# Flow ----------------------------------------------------------------------------------------------------------------


@operation()
def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    """true_fn() where the scalar `pred` holds, else false_fn(); both give tensors of the same shapes and dtypes

    >>> float(cond(True, lambda: 1.0, lambda: 2.0))
    1.0
    """
    return jax.lax.cond(pred, lambda: plain(true_fn()), lambda: plain(false_fn()))


@operation()
def switch(index: Any, branches: Sequence[Callable], *operands: Any) -> Any:
    """branches[index](*operands); an index out of range takes the nearest branch

    >>> float(switch(1, [lambda x: x + 1, lambda x: x * 2], 5.0))
    10.0
    """
    return jax.lax.switch(index, branches, *[plain(operand) for operand in operands])


@operation()
def while_loop(cond: Callable, body: Callable, loop_vars: Any, maximum_iterations: int | None = None) -> Any:
    """loop_vars = body(*loop_vars) while cond(*loop_vars), at most `maximum_iterations` times

    >>> int(while_loop(lambda i: i < 10, lambda i: i + 3, 0))
    12
    """
    several = isinstance(loop_vars, (tuple, list))

    def step(state: tuple) -> tuple:
        count, values = state
        result = body(*values)
        return count + 1, tuple(result) if several else (result,)

    def goes_on(state: tuple) -> Any:
        count, values = state
        wanted = cond(*values)
        return wanted if maximum_iterations is None else jnp.logical_and(wanted, count < maximum_iterations)

    values = tuple(loop_vars) if several else (loop_vars,)
    _, values = jax.lax.while_loop(goes_on, step, (0, plain(values)))
    return values if several else values[0]


@operation()
def fori_loop(lower: Any, upper: Any, body_fun: Callable, init_val: Any) -> Any:
    """value = body_fun(i, value) for i = lower ... upper - 1, from init_val on

    >>> int(fori_loop(0, 4, lambda i, total: total + i, 0))
    6
    """
    return jax.lax.fori_loop(lower, upper, body_fun, init_val)


@operation()
def scan(
    f: Callable,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    unroll: int | bool = 1,
) -> tuple[Any, Any]:
    """carry, y[i] = f(carry, xs[i]) along the first axis, from `init` on: the last carry, and all y

    Args:
        f: (carry, x) -> (carry, y), nested structures of tensors.
        length: the number of steps where `xs` is None.
        reverse: from the last to the first.
        unroll: how many steps are compiled as one; True: all.

    Raises:
        ValueError: where `unroll` is neither a boolean nor a positive integer.

    >>> total, partial = scan(lambda c, x: (c + x, c + x), 0, convert_to_tensor([1, 2, 3]))
    >>> int(total), partial.tolist()
    (6, [1, 3, 6])
    """
    if not isinstance(unroll, bool) and (not isinstance(unroll, int) or unroll < 1):
        raise ValueError(explain("scan: `unroll` is wrong.", expected="True, False or 1 or more", got=unroll))
    return jax.lax.scan(f, init, xs, length, reverse, unroll)


@operation()
def associative_scan(f: Callable, elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """y[i] = f(... f(x[0], x[1]) ..., x[i]) for an associative f, in logarithmic depth (Blelloch, 1990)

    >>> associative_scan(lambda a, b: a * b, convert_to_tensor([1, 2, 3, 4])).tolist()
    [1, 2, 6, 24]
    """
    return jax.lax.associative_scan(f, elems, reverse, axis)


@operation()
def map(f: Callable, xs: Any) -> Any:
    """f(xs[i]) for each i, one after the other, stacked

    >>> map(lambda x: x * x, convert_to_tensor([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    return jax.lax.map(f, xs)


@operation()
def vectorized_map(function: Callable, elements: Any) -> Any:
    """function(elements[i]) for each i, all at once, stacked

    >>> vectorized_map(lambda x: x * x, convert_to_tensor([1, 2, 3])).tolist()
    [1, 4, 9]
    """
    return jax.vmap(function)(elements)


def vectorize(pyfunc: Callable, *, excluded: set | None = None, signature: str | None = None) -> Callable:
    """A function of scalars, or of arrays as in the signature "(m,n),(n)->(m)", as one over arrays of them.

    >>> vectorize(lambda a, b: a + b)(convert_to_tensor([1, 2]), 10).tolist()
    [11, 12]
    """
    return jnp.vectorize(pyfunc, excluded=excluded or set(), signature=signature)


# Gradients -----------------------------------------------------------------------------------------------------------


@operation()
def stop_gradient(variable: Any) -> Any:
    """The same value, through which no gradient flows.

    >>> float(jax.grad(lambda x: x * stop_gradient(x))(3.0))
    3.0
    """
    return jax.lax.stop_gradient(plain(variable))


def custom_gradient(f: Callable) -> Callable:
    """A function with a gradient of its own: f returns its value and `gradient(*upstream)`.

    >>> clipped = custom_gradient(lambda x: (x, lambda upstream: jnp.clip(upstream, -1, 1)))
    >>> float(jax.grad(lambda x: 5 * clipped(x))(2.0))
    1.0
    """
    inner = jax.custom_gradient(f)

    @functools.wraps(f)
    def call(*args: Any, **kwargs: Any) -> Any:
        return inner(*[plain(a) for a in args], **{k: plain(v) for k, v in kwargs.items()})

    return call


@operation()
def jvp(fun: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> tuple:
    """fun(*primals) and its derivative there in the direction of the tangents; with `has_aux`, also what fun adds

    >>> [float(v) for v in jvp(lambda x: x * x, (3.0,), (1.0,))]
    [9.0, 6.0]
    """
    return jax.jvp(fun, primals, tangents, has_aux=has_aux)
