"""The definition of every primitive, in NumPy: correct first. It is the oracle of the other engines' tests.

Integers wrap around; sums are taken in 64 bits and rounded once; 16-bit floats are computed in 32 bits and
rounded after each primitive, as XLA does it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import scipy.linalg
import scipy.special

from cornu import _jax
from cornu.engines import windows
from cornu.engines.engine import Engine, lowered, require_concrete
from cornu.program.trace import Program
from cornu.program.walk import Walker, by_name

Array = np.ndarray


class Reference(Engine):
    """Interprets the lowered program, equation by equation."""

    name = "reference"

    def compile(self, program: Program, donate: Sequence[int] = (), **_: Any) -> Callable[..., tuple]:
        """A function over NumPy arrays; no input is ever overwritten."""
        require_concrete(program)
        jaxpr = lowered(program, self)
        dtypes = [aval.dtype for aval in program.inputs]

        def run(*inputs: Any) -> tuple:
            with np.errstate(all="ignore"):
                return tuple(walk(jaxpr, [np.asarray(x, dtype) for x, dtype in zip(inputs, dtypes, strict=True)]))

        return run

    def put(self, array: Any, own: bool = False) -> Array:
        return np.array(array) if own else np.asarray(array)

    def get(self, value: Any) -> Array:
        return np.array(value)


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _narrow(x: Any) -> bool:
    """Whether a dtype is a float of less than 32 bits."""
    return x.dtype.itemsize < 4 and x.dtype.kind not in "iub"


def _wide(function: Callable) -> Callable:
    """Narrow floats take the way through float32."""

    def rule(*operands: Any) -> Any:
        if not _narrow(operands[0]):
            return function(*operands)
        return function(*(x.astype(np.float32) for x in operands)).astype(operands[0].dtype)

    return rule


def _div(x: Any, y: Any) -> Any:
    """Integers: the floor quotient, one up where the signs differ and something was left over."""
    if x.dtype.kind not in "iu":
        return np.divide(x, y)
    safe = np.where(y == 0, 1, y).astype(y.dtype)
    up = (x % safe != 0) & ((x < 0) != (safe < 0))
    return np.where(y == 0, np.array(-1).astype(x.dtype), x // safe + up.astype(x.dtype))


def _rem(x: Any, y: Any) -> Any:
    if x.dtype.kind not in "iu":
        return np.fmod(x, y)
    return np.where(y == 0, x, np.fmod(x, np.where(y == 0, 1, y).astype(y.dtype)))


# --- types ----------------------------------------------------------------------------------------------------


def _convert(x: Any, *, new_dtype: Any) -> Any:
    """Floats to integers are cut toward zero, saturate, and NaN becomes 0; anything but 0 is true."""
    dtype = np.dtype(new_dtype)
    if dtype == np.bool_:
        return x != np.zeros((), x.dtype)
    if dtype.kind not in "iu" or x.dtype.kind in "iub":
        return x.astype(dtype)
    limits, x = np.iinfo(dtype), x.astype(np.float64)
    too_large, too_small = x >= float(limits.max), x <= float(limits.min)
    cut = np.where(too_large | too_small | np.isnan(x), 0, x).astype(dtype)
    return np.where(too_large, limits.max, np.where(too_small, limits.min, cut)).astype(dtype)


def _complex(x: Any, y: Any) -> Any:
    result = np.empty(np.broadcast_shapes(x.shape, y.shape), np.result_type(x.dtype, np.complex64))
    result.real, result.imag = x, y
    return result


# --- shapes ---------------------------------------------------------------------------------------------------


def _iota(*, dtype: Any, shape: Sequence[int]) -> Array:
    return np.arange(shape[0]).astype(dtype)


def _broadcast_in_dim(x: Any, *, shape: Sequence[int], broadcast_dimensions: Sequence[int]) -> Array:
    sizes = [1] * len(shape)
    for size, axis in zip(np.shape(x), broadcast_dimensions, strict=True):
        sizes[axis] = size
    return np.broadcast_to(np.reshape(x, sizes), shape)


def _pad(x: Any, value: Any, *, padding_config: Sequence[tuple[int, int, int]]) -> Array:
    sizes = [low + size + high for size, (low, high, _) in zip(x.shape, padding_config, strict=True)]
    result = np.full(sizes, value, x.dtype)
    result[tuple(slice(low, low + size) for size, (low, _, _) in zip(x.shape, padding_config, strict=True))] = x
    return result


def _slice(x: Any, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Sequence[int]) -> Array:
    return x[tuple(map(slice, start_indices, limit_indices, strides))]


# --- indexing -------------------------------------------------------------------------------------------------


def _box(x: Any, sizes: Sequence[int], starts: Sequence[Any]) -> tuple[slice, ...]:
    """A box of these sizes, moved inside."""
    firsts = [min(max(int(s), 0), n - size) for s, n, size in zip(starts, x.shape, sizes, strict=True)]
    return tuple(slice(first, first + size) for first, size in zip(firsts, sizes, strict=True))


def _dynamic_slice(x: Any, *starts: Any, slice_sizes: Sequence[int]) -> Array:
    return x[_box(x, slice_sizes, starts)]


def _dynamic_update_slice(x: Any, update: Any, *starts: Any) -> Array:
    result = np.array(x)
    result[_box(x, update.shape, starts)] = update
    return result


def _scatter(write: Callable[[Array, Array, Array], None]) -> Callable:
    def rule(x: Any, rows: Any, updates: Any) -> Array:
        result = np.array(x)
        write(result, rows[:, 0], updates)
        return result

    return rule


# --- reductions -----------------------------------------------------------------------------------------------


def _accumulator(dtype: np.dtype) -> np.dtype:
    """The dtype in which sums and products are taken; integers keep theirs, to wrap around."""
    if dtype.kind in "iub":
        return dtype
    return np.dtype(np.complex128 if dtype.kind == "c" else np.float64)


def _sum(x: Any, *, axes: Sequence[int]) -> Any:
    """The sum of one number is that number, also of -0.0; the sum of none is 0."""
    dtype = _accumulator(x.dtype)
    return np.sum(x, axis=tuple(axes), dtype=dtype, initial=dtype.type(-0.0 if x.size else 0)).astype(x.dtype)


def _prod(x: Any, *, axes: Sequence[int]) -> Any:
    return np.prod(x, axis=tuple(axes), dtype=_accumulator(x.dtype)).astype(x.dtype)


def _extreme(reduce: Callable, limit: str, infinity: float) -> Callable:
    """The largest or smallest; of nothing, the end of the dtype's range."""

    def rule(x: Any, *, axes: Sequence[int]) -> Any:
        of_nothing = getattr(np.iinfo(x.dtype), limit) if x.dtype.kind in "iu" else infinity
        return reduce(x, axis=tuple(axes), initial=np.array(of_nothing, x.dtype))

    return rule


def _argmax(x: Any, *, axes: Sequence[int], index_dtype: Any) -> Any:
    return np.argmax(x.astype(np.float32) if _narrow(x) else x, axis=axes[0]).astype(index_dtype)


def _cumsum(x: Any, *, axis: int, reverse: bool) -> Array:
    turned = np.flip(x, axis) if reverse else x
    total = np.cumsum(turned, axis=axis, dtype=_accumulator(x.dtype)).astype(x.dtype)
    return np.flip(total, axis) if reverse else total


def _sort(*operands: Any, dimension: int) -> list[Array]:
    key = operands[0].astype(np.float32) if _narrow(operands[0]) else operands[0]
    order = np.argsort(key, axis=dimension, kind="stable")
    return [np.take_along_axis(operand, order, axis=dimension) for operand in operands]


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Any, b: Any, *, preferred_element_type: Any) -> Array:
    dtype = np.dtype(preferred_element_type)
    wide = np.dtype(np.float32) if dtype.itemsize < 4 and dtype.kind not in "iub" else dtype
    return np.matmul(a.astype(wide), b.astype(wide)).astype(dtype)


def _conv(x: Any, kernel: Any, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Array:  # fmt: skip
    """For each place in the window, the image there times the kernel there; groups are a batch of products."""
    x = _with_zeros(x, padding, lhs_dilation)
    *window, depth, features = kernel.shape
    groups = feature_group_count
    kernel = kernel.reshape(*window, depth, groups, features // groups)
    wide = np.dtype(np.float32) if _narrow(x) else np.dtype(preferred_element_type)
    axes = zip(x.shape[1:-1], window, window_strides, rhs_dilation, strict=True)
    sizes = (x.shape[0], *(windows.count(size, w, stride, reach) for size, w, stride, reach in axes))
    total = np.zeros((groups, math.prod(sizes), features // groups), wide)
    for place, view in windows.views(x.shape[1:-1], window, window_strides, rhs_dilation):
        by_group = x[(slice(None), *view)].reshape(-1, groups, depth).swapaxes(0, 1)
        total += _dot_general(by_group, kernel[place].swapaxes(0, 1), preferred_element_type=wide)
    return total.swapaxes(0, 1).reshape(*sizes, features).astype(preferred_element_type)


def _with_zeros(x: Any, padding: Sequence, inside: Sequence[int]) -> Array:
    axes = list(zip(x.shape[1:-1], padding, inside, strict=True))
    sizes = [windows.spread_size(size, low, high, d) for size, (low, high), d in axes]
    places = tuple(windows.spread_place(size, low, d) for size, (low, _), d in axes)
    result = np.zeros((x.shape[0], *sizes, x.shape[-1]), x.dtype)
    result[(slice(None), *places)] = x
    return result


_FFTS: tuple[Callable, ...] = (np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn)


def _fft(x: Any, *, fft_type: Any, fft_lengths: Sequence[int]) -> Array:
    axes = tuple(range(-len(fft_lengths), 0))
    return _FFTS[int(fft_type)](x, s=fft_lengths, axes=axes)


# --- linear algebra: each matrix of a stack ---------------------------------------------------------------------


def _each(function: Callable, *stacks: Any) -> list[Array]:
    """A function of matrices that gives arrays, over the leading axes, which the stacks share."""
    leading = stacks[0].shape[:-2]
    flat = [stack.reshape(-1, *stack.shape[-2:]) for stack in stacks]
    results = zip(*(function(*matrices) for matrices in zip(*flat, strict=True)), strict=True)
    return [np.stack(result).reshape(*leading, *result[0].shape) for result in results]


def _cholesky(x: Any) -> Array:
    """NaN where a matrix is not positive definite."""

    def factor(matrix: Array) -> tuple[Array]:
        try:
            return (np.linalg.cholesky(matrix),)
        except np.linalg.LinAlgError:
            return (np.full_like(matrix, np.nan),)

    return _each(factor, x)[0]


def _triangular_solve(a: Any, b: Any, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Array:
    options: dict = {"trans": int(transpose_a), "lower": lower, "unit_diagonal": unit_diagonal, "check_finite": False}
    return _each(lambda m, right: (scipy.linalg.solve_triangular(m, right, **options),), a, b)[0]


def _lu(x: Any) -> list[Array]:
    return _each(_lu_of_one, x)


def _lu_of_one(matrix: Array) -> tuple[Array, Array, Array]:
    """Row k was exchanged with row pivots[k], for k = 0, 1, ...: so the permutation."""
    packed, pivots = scipy.linalg.lu_factor(matrix, check_finite=False)
    order = np.arange(matrix.shape[0], dtype=np.int32)
    for k, pivot in enumerate(pivots):
        order[[k, pivot]] = order[[pivot, k]]
    return packed, pivots.astype(np.int32), order


def _qr(x: Any, *, full_matrices: bool) -> list[Array]:
    return list(np.linalg.qr(x, mode="complete" if full_matrices else "reduced"))


def _eigh(x: Any, *, lower: bool) -> list[Array]:
    values, vectors = np.linalg.eigh(x, UPLO="L" if lower else "U")
    return [vectors, values]


def _svd(x: Any, *, full_matrices: bool, compute_uv: bool) -> list[Array]:
    if not compute_uv:
        return [np.linalg.svd(x, compute_uv=False)]
    left, values, right = np.linalg.svd(x, full_matrices=full_matrices)
    return [values, left, right]


# --- control --------------------------------------------------------------------------------------------------


def _scan(*operands: Any, jaxpr: _jax.ClosedJaxpr, length: int, reverse: bool, num_consts: int,
          num_carry: int) -> list[Any]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry, rows = operands[:num_consts], list(operands[num_consts:split]), operands[split:]
    results: list[list[Any]] = []
    for step in reversed(range(length)) if reverse else range(length):
        values = walk(jaxpr, [*constants, *carry, *(x[step] for x in rows)])
        carry = values[:num_carry]
        results.append(values[num_carry:])
    if reverse:
        results.reverse()
    return [*carry, *_stacked(results, jaxpr.out_avals[num_carry:])]


def _stacked(results: list[list[Any]], avals: Sequence[Any]) -> Iterator[Array]:
    """The results of a loop's steps, each over a new leading axis."""
    for place, aval in enumerate(avals):
        yield np.stack([step[place] for step in results]) if results else np.empty((0, *aval.shape), aval.dtype)


def _while(*operands: Any, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Any]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], list(operands[split:])
    while walk(cond_jaxpr, [*test, *state])[0]:
        state = walk(body_jaxpr, [*body, *state])
    return state


def _cond(index: Any, *operands: Any, branches: Sequence[_jax.ClosedJaxpr]) -> list[Any]:
    return walk(branches[min(max(int(index), 0), len(branches) - 1)], operands)


RULES: dict[str, Callable] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": _div,
    "rem": _wide(_rem),
    "pow": _wide(np.power),
    "neg": np.negative,
    "abs": np.abs,
    "sign": np.sign,
    "max": np.maximum,
    "min": np.minimum,
    "floor": _wide(np.floor),
    "round": _wide(np.rint),
    "exp": _wide(np.exp),
    "expm1": _wide(np.expm1),
    "log": _wide(np.log),
    "log1p": _wide(np.log1p),
    "sqrt": _wide(np.sqrt),
    "sin": _wide(np.sin),
    "cos": _wide(np.cos),
    "atan2": _wide(np.arctan2),
    "tanh": _wide(np.tanh),
    "logistic": _wide(lambda x: 1 / (1 + np.exp(-x))),
    "erf": _wide(scipy.special.erf),
    "erfc": _wide(scipy.special.erfc),
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "select_n": lambda which, x, y: np.where(which, y, x),
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
    "not": np.invert,
    "shift_left": np.left_shift,
    "shift_right_logical": np.right_shift,
    "shift_right_arithmetic": np.right_shift,
    "convert_element_type": _convert,
    "bitcast_convert_type": lambda x, *, new_dtype: x.view(np.dtype(new_dtype)),
    "complex": _complex,
    "real": np.real,
    "imag": np.imag,
    "iota": _iota,
    "dim_as_value": lambda *, dim: np.asarray(dim, np.int32),
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda x, *, new_sizes: np.reshape(x, new_sizes),
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
    "rev": lambda x, *, dimensions: np.flip(x, dimensions),
    "concatenate": lambda *operands, dimension: np.concatenate(operands, axis=dimension),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": lambda x, rows: x[rows[:, 0]],
    "scatter": _scatter(lambda x, rows, updates: x.__setitem__(rows, updates)),
    "scatter-add": _scatter(np.add.at),
    "scatter-mul": _scatter(np.multiply.at),
    "scatter-min": _scatter(np.minimum.at),
    "scatter-max": _scatter(np.maximum.at),
    "reduce_sum": _sum,
    "reduce_prod": _prod,
    "reduce_max": _extreme(np.max, "min", -np.inf),
    "reduce_min": _extreme(np.min, "max", np.inf),
    "reduce_and": lambda x, *, axes: np.all(x, axis=tuple(axes)),
    "reduce_or": lambda x, *, axes: np.any(x, axis=tuple(axes)),
    "argmax": _argmax,
    "cumsum": _cumsum,
    "sort": _sort,
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "fft": _fft,
    "cholesky": _cholesky,
    "triangular_solve": _triangular_solve,
    "lu": _lu,
    "qr": _qr,
    "eigh": _eigh,
    "svd": _svd,
    "scan": _scan,
    "while": _while,
    "cond": _cond,
}

walk = Walker(by_name(RULES, "reference"), size=lambda value, axis: value.shape[axis])

ENGINE = Reference()
