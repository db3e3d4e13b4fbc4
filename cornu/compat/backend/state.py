"""Variables, constants and placeholders, and reading and writing values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import dtypes, naming, ops, variables
from cornu.compat import dialect, kernels
from cornu.compat.backend import draws
from cornu.compat.backend.offering import FUNCTIONS, offer
from cornu.compat.backend.sizes import Shape, Size, shape_of
from cornu.compat.backend.values import array_dtype, is_symbolic, is_tensor, rank
from cornu.errors import brief, explain
from cornu.symbolic import KerasTensor, op, plain
from cornu.variables import Variable

# Making -------------------------------------------------------------------------------------------------------------

_maker: ContextVar[Callable[[Callable[[], Variable]], Variable] | None] = ContextVar("maker", default=None)


@contextmanager
def making(maker: Callable[[Callable[[], Variable]], Variable]) -> Iterator[None]:
    """Within it, each variable that the backend is to make comes from `maker(make)`."""
    token = _maker.set(maker)
    try:
        yield
    finally:
        _maker.reset(token)


def no_weight(variable: Variable) -> Variable:
    """The variable, which until tf.keras was no weight of the layer that keeps it, if nobody made it one."""
    if dialect.current().before("tf.keras"):
        variable.trainable = variable.made_trainable = False
        variable.__dict__["is_weight"] = False
    return variable


@offer()
def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Variable:
    """A variable of a first value; of a sparse matrix, the full one."""
    value = value.toarray() if hasattr(value, "toarray") else value

    def make() -> Variable:
        with jax.ensure_compile_time_eval():
            made = Variable(plain(value), dtype=array_dtype(dtype), name=name)
        made.constraint = constraint
        return variables.adopt(no_weight(made))

    maker = _maker.get()
    return make() if maker is None else maker(make)


def _filled(value: float, shape: Any, dtype: Any, name: str | None) -> Any:
    sizes = (shape,) if isinstance(shape, int) else tuple(plain(shape))
    if all(isinstance(size, (int, np.integer)) for size in sizes):
        return variable(np.full(sizes, value), dtype, name)
    return jnp.full(sizes, value, array_dtype(dtype))


@offer()
def zeros(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros; where a size is unknown, a tensor."""
    return _filled(0, shape, dtype, name)


@offer()
def ones(shape: Any, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones; where a size is unknown, a tensor."""
    return _filled(1, shape, dtype, name)


@offer()
def eye(size: Any, dtype: Any = None, name: str | None = None) -> Variable:
    """A variable: the identity matrix, or for (n, m) its rectangle."""
    return variable(np.eye(*((size,) if isinstance(size, int) else size)), dtype, name)


@offer()
def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros of the shape of x."""
    return ops.zeros_like(x, dtype=dtype)


@offer()
def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones of the shape of x."""
    return ops.ones_like(x, dtype=dtype)


@offer()
def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A tensor of a value, filled up to a shape where one is given."""
    array = jnp.asarray(value, array_dtype(dtype))
    if shape is None:
        return array
    return jnp.broadcast_to(array, shape) if array.size == 1 else jnp.reshape(array, shape)


@offer()
def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """The numbers from `start` on (or from 0 on, to `start`) before `stop`."""
    return ops.arange(start, stop, step, dtype=dtype)


@offer()
def random_normal_variable(
    shape: Any, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of draws from the normal distribution."""
    return variable(draws.random_normal(shape, mean, scale, dtype, seed), dtype, name)


@offer()
def random_uniform_variable(
    shape: Any, low: float, high: float, dtype: Any = None, name: str | None = None, seed: Any = None
) -> Variable:
    """A variable of draws from the uniform distribution on [low, high)."""
    return variable(draws.random_uniform(shape, low, high, dtype, seed), dtype, name)


@offer()
def placeholder(
    shape: Sequence[int | None] | None = None,
    ndim: int | None = None,
    dtype: Any = None,
    sparse: bool = False,
    name: str | None = None,
    ragged: bool = False,
) -> KerasTensor:
    """A symbolic tensor, to be an input of `function`.

    Raises ValueError where neither `shape` nor `ndim` is given, and for sparse and ragged tensors.
    """
    if sparse or ragged:
        raise ValueError(explain("K.placeholder: there are no sparse and no ragged tensors.", fix="Use a full one."))
    if shape is None and ndim is None:
        raise ValueError(explain("K.placeholder: the shape is unknown.", expected="`shape` or `ndim`"))
    sizes = (None,) * (ndim or 0) if shape is None else tuple(shape)
    return KerasTensor(sizes, dtypes.standardize(dtype), name=name or naming.auto_name("placeholder"))


# Asking -------------------------------------------------------------------------------------------------------------


@offer()
def shape(x: Any) -> Shape:
    """The sizes of a tensor's axes; of a symbolic tensor, unknown ones are scalars of the graph."""
    return shape_of(x)


@offer()
def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The sizes of a tensor's axes, None where unknown; None for what has no shape."""
    if isinstance(x, (list, tuple)):
        return tuple(np.shape(x))
    if not hasattr(x, "shape"):
        return None
    return tuple(int(size) if isinstance(size, (int, np.integer)) else None for size in x.shape)


offer("get_variable_shape")(int_shape)


@offer()
def ndim(x: Any) -> int:
    """The number of axes."""
    return rank(x)


@offer()
def dtype(x: Any) -> str:
    """The name of a tensor's dtype."""
    return ops.dtype(x)


@offer()
def count_params(x: Any) -> int:
    """The number of elements."""
    return int(np.prod([size or 0 for size in int_shape(x) or ()]))


@offer("is_tensor")
def _is_tensor(x: Any) -> bool:
    """Whether a value is a tensor, symbolic or not, or a variable."""
    return is_tensor(x)


@offer()
def is_variable(x: Any) -> bool:
    """Whether a value is a variable."""
    return isinstance(x, Variable)


@offer()
def is_keras_tensor(x: Any) -> bool:
    """Whether a tensor is a symbolic one that an Input or a layer gave.

    Raises ValueError for what is no tensor.
    """
    if not is_tensor(x) and not isinstance(x, KerasTensor):
        raise ValueError(
            explain("K.is_keras_tensor: this is no tensor.", expected="a symbolic tensor or a variable", got=brief(x))
        )
    return is_symbolic(x) and x.node is not None


@offer()
def is_placeholder(x: Any) -> bool:
    """Whether a value is a symbolic tensor that nothing computes."""
    return is_symbolic(x) and (x.node is None or not x.node.inputs)


@offer()
def is_sparse(tensor: Any) -> bool:
    """False: there are no sparse tensors."""
    return False


@offer()
def to_dense(tensor: Any) -> Any:
    """The tensor; of a sparse matrix, the full one."""
    return tensor.toarray() if hasattr(tensor, "toarray") else tensor


# Values -------------------------------------------------------------------------------------------------------------


@offer("eval", "get_value")
def value_of(x: Any) -> Any:
    """The value of a tensor as a NumPy array.

    Raises ValueError for a symbolic tensor that depends on an input.
    """
    if is_symbolic(x):
        return FUNCTIONS["function"]([], x)([])
    if isinstance(x, Shape) and any(isinstance(size, Size) for size in x):
        return np.asarray([value_of(size) if isinstance(size, Size) else size for size in x])
    return np.array(kernels.shown(x) if isinstance(x, Variable) else plain(x))[()]


@offer()
def batch_get_value(tensors: Sequence[Any]) -> list[Any]:
    """The values of several tensors."""
    return [value_of(tensor) for tensor in tensors]


@offer()
def set_value(x: Variable, value: Any) -> None:
    """Sets a variable."""
    if not isinstance(x, Variable):
        raise ValueError(explain("K.set_value sets variables only.", expected="a variable", got=brief(x)))
    x.assign(kernels.kept(x, np.asarray(plain(value))))


@offer()
def batch_set_value(tuples: Sequence[tuple[Variable, Any]]) -> None:
    """Sets variables, given pairs of a variable and its value."""
    for x, value in tuples:
        set_value(x, value)


# Updates ------------------------------------------------------------------------------------------------------------


class Update:
    """A variable and its new value, symbolic or not; `function` and optimizers carry it out."""

    def __init__(self, variable: Variable, value: Any) -> None:
        self.variable, self.value = variable, value

    @property
    def values(self) -> list[Any]:
        """What has to be known to carry it out."""
        return [self.value]

    def apply(self, values: Sequence[Any]) -> None:
        """Sets the variable, given the value of `values`."""
        self.variable.assign(jnp.asarray(plain(values[0]), array_dtype(self.variable.dtype)))


def as_update(item: Any) -> Any:
    """An update from what programs give: one already, or a pair of a variable and its new value."""
    if hasattr(item, "values") and hasattr(item, "apply"):
        return item
    if isinstance(item, Variable):  # an update with a value that was known is done already
        return Update(item, item)
    if isinstance(item, (list, tuple)) and len(item) == 2 and isinstance(item[0], Variable):
        return Update(*item)
    raise ValueError(
        explain("An update is wrong.", expected="(variable, new value), or K.update(...)", got=brief(item))
    )


_deferring: ContextVar[bool] = ContextVar("deferring", default=False)


@contextmanager
def deferring() -> Iterator[None]:
    """Within it, updates are only described."""
    token = _deferring.set(True)
    try:
        yield
    finally:
        _deferring.reset(token)


@offer()
def update(x: Variable, new_x: Any) -> Any:
    """x = new_x

    With a symbolic value, and in an optimizer's `get_updates`, an `Update`, which is carried out later; else at once.
    """
    if not isinstance(x, Variable):
        raise ValueError(explain("K.update changes variables only.", expected="a variable", got=brief(x)))
    made = Update(x, new_x)
    if _deferring.get() or is_symbolic(new_x):
        return made
    made.apply([new_x])
    return x


def _as_tensor(value: Any) -> Any:
    return np.asarray(value) if isinstance(value, (list, tuple)) else value


@offer()
def update_add(x: Variable, increment: Any) -> Any:
    """x = x + increment, as `update` does it."""
    return update(x, x + _as_tensor(increment))


@offer()
def update_sub(x: Variable, decrement: Any) -> Any:
    """x = x - decrement, as `update` does it."""
    return update(x, x - _as_tensor(decrement))


@offer()
def moving_average_update(x: Variable, value: Any, momentum: Any) -> Any:
    """x = x * momentum + value * (1 - momentum), as `update` does it."""
    return update(x, x * momentum + value * (1.0 - momentum))


@offer()
def print_tensor(x: Any, message: str = "", summarize: int = 3) -> Any:
    """x, which is printed after the message whenever it is computed."""
    return _printed(x, message)


@op
def _printed(x: Any, message: str) -> Any:
    jax.debug.callback(lambda value: print(message, value), x)
    return x
