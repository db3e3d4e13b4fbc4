"""PyTensor, which is Theano under its present name: the program becomes one graph of PyTensor's operations.

Where PyTensor is left as it is installed, its virtual machine carries the graph out as it stands, operation by
operation, in NumPy: a program is ready within a second. `PYTENSOR_FLAGS=mode=NUMBA` makes machine code of it, with
which steps take a half to a third of the time; a small network's takes half a minute to make, and two seconds in a
later process, which finds it on the disk. Every other setting of PyTensor's is respected as well.
"""

from __future__ import annotations

import functools
import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.compile.mode import Mode, get_default_mode
from pytensor.graph.basic import Apply, Constant
from pytensor.graph.op import Op
from pytensor.ifelse import ifelse
from pytensor.link.numba.linker import NumbaLinker
from pytensor.link.vm import VMLinker
from pytensor.scalar import BinaryScalarOp, UnaryScalarOp, same_out, upcast_out
from pytensor.scalar.basic import Cast, get_scalar_type
from pytensor.tensor import linalg
from pytensor.tensor.blockwise import Blockwise
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.linalg.decomposition.lu import PivotToPermutations
from pytensor.tensor.variable import TensorVariable as Tensor

from cornu import _jax
from cornu.engines import windows
from cornu.engines.engine import Engine, Limit, lowered, require_concrete
from cornu.program.trace import Program
from cornu.program.vocabulary import VOCABULARY
from cornu.program.walk import Walker, by_name


class OnPyTensor(Engine):
    """Makes a graph of the lowered program, once, and compiles that. Its values are NumPy arrays."""

    name = "pytensor"
    limits = (
        Limit("*", "PyTensor has no such number type", ("bfloat16",)),
        Limit("*", "PyTensor's compilers don't compute in this number type", ("float16",)),
    )

    def compile(self, program: Program, donate: Sequence[int] = (), **_: Any) -> Callable[..., tuple]:
        """A compiled function. Where PyTensor makes machine code by Numba, that comes with the first call."""
        require_concrete(program)
        jaxpr = lowered(program, self)
        if _is_numba():
            _teach_numba()
        inputs = [pt.tensor(dtype=_held(aval.dtype), shape=aval.shape) for aval in program.inputs]
        outputs = list(map(_typed, walk(jaxpr, inputs), program.outputs))
        function = pytensor.function(
            [pytensor.In(x, mutable=place in donate) for place, x in enumerate(inputs)],
            outputs,
            mode=_mode(),
            on_unused_input="ignore",
            trust_input=True,
        )
        taken, given = (
            [(aval.dtype, _held(aval.dtype)) for aval in side] for side in (program.inputs, program.outputs)
        )

        def run(*values: Any) -> tuple:
            ready = [_ready(value, dtype).view(held) for value, (dtype, held) in zip(values, taken, strict=True)]
            with np.errstate(all="ignore"):
                results = function(*ready)
            return tuple(np.asarray(value).view(dtype) for value, (dtype, _) in zip(results, given, strict=True))

        return run

    def put(self, array: Any, own: bool = False) -> np.ndarray:
        return np.array(array, order="C") if own else _ready(array)

    def get(self, value: Any) -> np.ndarray:
        return np.array(value)

    def loops_well(self, program: Program) -> bool:
        """A loop's body is a function of its own, which PyTensor calls: nothing is saved by it."""
        return False


_AS_IT_STANDS = Mode(VMLinker(use_cloop=False, c_thunks=False), "merge")

# Rewrites of PyTensor after which NaN and infinity go another way: 0 x becomes 0, for example.
_INEXACT = ("local_mul_zero",)


def _mode() -> Mode:
    """The mode that PyTensor is set to; without a setting, the graph is carried out as it stands."""
    if (pytensor.config.mode, pytensor.config.linker) == ("Mode", "auto"):
        return _AS_IT_STANDS
    return get_default_mode().excluding(*_INEXACT)


def _is_numba() -> bool:
    return isinstance(_mode().linker, NumbaLinker)


def _ready(value: Any, dtype: Any = None) -> np.ndarray:
    """An array as compiled functions take it: in the program's dtype, in C's order, writable."""
    return np.require(value, dtype, ("C", "W"))


def _held(dtype: Any) -> str:
    """The dtype in which PyTensor holds values of a dtype; one that it doesn't know only goes through, as bits."""
    return "uint16" if dtype.name == "bfloat16" else dtype.name


def _constant(value: Any) -> Tensor:
    value = np.asarray(value)
    held = _held(value.dtype)
    return pt.constant(value.view(held), dtype=held)


# --- operations that PyTensor lacks ------------------------------------------------------------------------------


class _Binary(BinaryScalarOp):
    """A function of NumPy on two numbers of one dtype, which PyTensor has no operation for."""

    code = ""

    def __init__(self) -> None:
        super().__init__(upcast_out, name=self.nfunc_spec[0])

    def impl(self, x: Any, y: Any) -> Any:
        return getattr(np, self.nfunc_spec[0])(x, y)

    def c_code(self, node: Any, name: str, inputs: Sequence[str], outputs: Sequence[str], sub: Any) -> str:
        return f"{outputs[0]} = {self.code.format(*inputs)};"

    def c_code_cache_version(self) -> tuple[int]:
        return (1,)


class _LeftShift(_Binary):
    nfunc_spec, code = ("left_shift", 2, 1), "{} << {}"


class _RightShift(_Binary):
    nfunc_spec, code = ("right_shift", 2, 1), "{} >> {}"


class _Remainder(_Binary):
    nfunc_spec, code = ("fmod", 2, 1), "fmod({}, {})"


class _Cast(Cast):
    """PyTensor's cast, with the function of NumPy that does it for an array at once."""

    def __init__(self, dtype: str) -> None:
        super().__init__(get_scalar_type(dtype), name=f"cast_to_{dtype}")
        self.nfunc_spec = (dtype, 1, 1)


class _Wrapped(UnaryScalarOp):
    """An integer, cut to the bits of its dtype.

    Numba computes with integers in 64 bits, and operations that PyTensor fuses hand these on as they are.
    """

    nfunc_spec = ("positive", 1, 1)

    def impl(self, x: Any) -> Any:
        return x

    def c_code(self, node: Any, name: str, inputs: Sequence[str], outputs: Sequence[str], sub: Any) -> str:
        return f"{outputs[0]} = {inputs[0]};"

    def c_code_cache_version(self) -> tuple[int]:
        return (1,)


class _Bitcast(Op):
    """The same bits as another dtype of the same width."""

    __props__ = ("dtype",)
    view_map = {0: [0]}  # a result shares the memory of its operand

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def make_node(self, x: Tensor) -> Apply:
        return Apply(self, [x], [pt.tensor(dtype=self.dtype, shape=x.type.shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], outputs: Sequence[list]) -> None:
        outputs[0][0] = inputs[0].view(self.dtype)

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return shapes


class _Complex(Op):
    """Complex numbers of their two parts."""

    __props__ = ()

    def make_node(self, x: Tensor, y: Tensor) -> Apply:
        return Apply(self, [x, y], [pt.tensor(dtype=np.result_type(x.dtype, np.complex64), shape=x.type.shape)])

    def perform(self, node: Apply, inputs: Sequence[Any], outputs: Sequence[list]) -> None:
        result = np.empty(inputs[0].shape, node.outputs[0].dtype)
        result.real, result.imag = inputs
        outputs[0][0] = result

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return shapes[:1]


class _Scatter(Op):
    """x with row i[k] combined with u[k] by a function of NumPy, for every k in turn."""

    __props__ = ("function",)

    def __init__(self, function: str) -> None:
        self.function = function

    def make_node(self, x: Tensor, rows: Tensor, updates: Tensor) -> Apply:
        return Apply(self, [x, rows, updates], [x.type()])

    def perform(self, node: Apply, inputs: Sequence[Any], outputs: Sequence[list]) -> None:
        x, rows, updates = inputs
        outputs[0][0] = result = np.array(x)
        getattr(np, self.function).at(result, rows, updates)

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return shapes[:1]


class _While(Op):
    """A loop as long as the first result of a step, which the state goes on with, is true.

    Its inputs are whether it goes on at all, the first state, and the values that stay. `scan` with `until` needs a
    bound, for which PyTensor may set aside memory.
    """

    __props__ = ("inputs", "results", "count", "mode")

    def __init__(self, inputs: tuple[Tensor, ...], results: tuple[Tensor, ...], mode: Any) -> None:
        self.inputs, self.results, self.count, self.mode = inputs, results, len(results) - 1, mode

    def make_node(self, *inputs: Tensor) -> Apply:
        return Apply(self, list(inputs), [result.type() for result in self.results[1:]])

    @functools.cached_property
    def step(self) -> Callable[..., list]:
        """The compiled step."""
        return pytensor.function(list(self.inputs), list(self.results), mode=self.mode, on_unused_input="ignore")

    def perform(self, node: Apply, inputs: Sequence[Any], outputs: Sequence[list]) -> None:
        going, state, constants = inputs[0], inputs[1 : self.count + 1], inputs[self.count + 1 :]
        state = [np.array(value) for value in state]
        while going:
            going, *state = self.step(*state, *constants)
        for output, value in zip(outputs, state, strict=True):
            output[0] = np.asarray(value)

    def infer_shape(self, fgraph: Any, node: Apply, shapes: list) -> list:
        return shapes[1 : self.count + 1]


_CASTS = {
    name: Elemwise(_Cast(name))
    for name in ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64",
                 "complex64", "complex128")
}  # fmt: skip
_left_shift, _right_shift, _remainder = (Elemwise(op()) for op in (_LeftShift, _RightShift, _Remainder))
_wrapped = Elemwise(_Wrapped(same_out, name="wrapped"))


@functools.cache
def _teach_numba() -> None:
    """Registers what the operations above are in Numba; the others it calls as they are."""
    from pytensor.link.numba.dispatch import basic

    @basic.register_funcify_and_cache_key(_Wrapped)
    def wrapped(op: Op, node: Apply, **_: Any) -> tuple[Callable, str]:
        dtype = np.dtype(node.outputs[0].type.dtype)
        key = hashlib.sha256(f"{type(op)} {dtype}".encode()).hexdigest()

        def cut(x: Any) -> Any:
            return basic.direct_cast(x, dtype)

        return basic.numba_njit(cut), key

    @basic.register_funcify_default_op_cache_key(_Bitcast)
    def bitcast(op: _Bitcast, node: Apply, **_: Any) -> Callable:
        dtype = np.dtype(op.dtype)

        def of_one(x: Any) -> Any:
            return np.full(1, x.item()).view(dtype).reshape(())

        def of_many(x: Any) -> Any:
            return np.ascontiguousarray(x).view(dtype)

        return basic.numba_njit(of_many if node.inputs[0].ndim else of_one)


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _typed(x: Tensor, aval: Any) -> Tensor:
    """The tensor, with the shape that the program says."""
    assert x.type.dtype == _held(aval.dtype), (x.type.dtype, aval)
    return _shaped(x, aval.shape)


def _shaped(x: Tensor, shape: Sequence[int]) -> Tensor:
    return x if x.type.shape == tuple(shape) else pt.specify_shape(x, tuple(shape))


def _kind(x: Tensor) -> str:
    return np.dtype(x.dtype).kind


def _cast(x: Tensor, dtype: Any) -> Tensor:
    name = np.dtype(dtype).name
    return x if x.dtype == name else _CASTS[name](x)


def _like(value: Any, x: Tensor) -> Tensor:
    return pt.constant(np.array(value).astype(x.dtype))


def _div(x: Tensor, y: Tensor) -> Tensor:
    """Integers: the floor quotient, one up where the signs differ and something was left over."""
    if _kind(x) not in "iu":
        return pt.true_div(x, y)
    safe = pt.switch(pt.eq(y, _like(0, y)), _like(1, y), y)
    quotient = pt.int_div(x, safe)
    if _kind(x) == "i":
        up = pt.and_(pt.neq(x, quotient * safe), pt.neq(pt.lt(x, _like(0, x)), pt.lt(y, _like(0, y))))
        quotient = quotient + _cast(up, x.dtype)
    return pt.switch(pt.eq(y, _like(0, y)), _like(-1, x), quotient)


def _rem(x: Tensor, y: Tensor) -> Tensor:
    if _kind(x) not in "iu":
        return _remainder(x, y)
    return pt.switch(pt.eq(y, _like(0, y)), x, x - _div(x, y) * y)


def _sign(x: Tensor) -> Tensor:
    return pt.switch(pt.isnan(x), x, pt.sign(x)) if _kind(x) == "f" else pt.sign(x)


def _shift(op: Callable, beyond: Callable) -> Callable:
    """Shifts by the width or more give what `beyond` says of x."""

    def rule(x: Tensor, y: Tensor) -> Tensor:
        width = np.dtype(x.dtype).itemsize * 8
        if isinstance(y, Constant) and np.all((y.data >= 0) & (y.data < width)):
            return op(x, y)
        inside = pt.and_(pt.ge(y, _like(0, y)), pt.lt(y, _like(width, y)))
        return pt.switch(inside, op(x, pt.switch(inside, y, _like(0, y))), beyond(x))

    return rule


# --- types ----------------------------------------------------------------------------------------------------


def _convert(x: Tensor, *, new_dtype: Any) -> Tensor:
    """Floats to integers are cut toward zero, saturate, and NaN becomes 0; anything but 0 is true."""
    dtype = np.dtype(new_dtype)
    if dtype == np.bool_:
        return pt.neq(x, _like(0, x))
    if dtype.kind not in "iu" or _kind(x) in "iub":
        return _cast(x, dtype.name)
    limits = np.iinfo(dtype)
    too_large, too_small = (pt.ge(x, _like(float(limits.max), x)), pt.le(x, _like(float(limits.min), x)))
    out = pt.or_(pt.or_(too_large, too_small), pt.isnan(x))
    cut = _cast(pt.switch(out, _like(0, x), x), dtype.name)
    most, least = (pt.constant(np.array(limit, dtype)) for limit in (limits.max, limits.min))
    return pt.switch(too_large, most, pt.switch(too_small, least, cut))


def _bitcast(x: Tensor, *, new_dtype: Any) -> Tensor:
    return _Bitcast(np.dtype(new_dtype).name)(x)


# --- shapes ---------------------------------------------------------------------------------------------------


def _broadcast_in_dim(x: Tensor, *, shape: Sequence[int], broadcast_dimensions: Sequence[int]) -> Tensor:
    order: list[Any] = ["x"] * len(shape)
    for place, axis in enumerate(broadcast_dimensions):
        order[axis] = place
    x = x.dimshuffle(*order) if order != list(range(x.ndim)) else x
    return x if x.type.shape == tuple(shape) else pt.alloc(x, *shape)


def _pad(x: Tensor, value: Tensor, *, padding_config: Sequence[tuple[int, int, int]]) -> Tensor:
    sizes = [low + size + high for size, (low, high, _) in zip(x.type.shape, padding_config, strict=True)]
    place = tuple(slice(low, low + size) for size, (low, _, _) in zip(x.type.shape, padding_config, strict=True))
    return pt.set_subtensor(pt.alloc(value, *sizes)[place], x)


def _slice(x: Tensor, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Sequence[int]) -> Tensor:
    if x.ndim == 0:
        return x
    return x[tuple(map(slice, start_indices, limit_indices, strides))]


def _rev(x: Tensor, *, dimensions: Sequence[int]) -> Tensor:
    return x[tuple(slice(None, None, -1 if axis in dimensions else None) for axis in range(x.ndim))]


# --- indexing -------------------------------------------------------------------------------------------------


def _index(number: int) -> Tensor:
    return pt.constant(number, dtype="int64")


def _box(x: Tensor, sizes: Sequence[int], starts: Sequence[Tensor]) -> tuple[slice, ...]:
    """A box of these sizes, moved inside."""
    firsts = [pt.minimum(pt.maximum(_cast(start, "int64"), _index(0)), _index(n - size))
              for start, n, size in zip(starts, x.type.shape, sizes, strict=True)]  # fmt: skip
    return tuple(slice(first, first + size) for first, size in zip(firsts, sizes, strict=True))


def _dynamic_slice(x: Tensor, *starts: Tensor, slice_sizes: Sequence[int]) -> Tensor:
    return _shaped(x[_box(x, slice_sizes, starts)], slice_sizes) if x.ndim else x


def _dynamic_update_slice(x: Tensor, update: Tensor, *starts: Tensor) -> Tensor:
    return pt.set_subtensor(x[_box(x, update.type.shape, starts)], update) if x.ndim else update


def _scatter(op: str) -> Callable:
    return lambda x, rows, updates: _Scatter(op)(x, rows[:, 0], updates)


# --- reductions -----------------------------------------------------------------------------------------------


def _reduce(op: Callable) -> Callable:
    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        return op(x, axis=tuple(axes), dtype=x.dtype) if axes else x

    return rule


def _extreme(op: Callable, of_nothing: Callable[[Any], Any]) -> Callable:
    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        if not axes:
            return x
        if 0 in x.type.shape:
            limits = np.iinfo(x.dtype) if _kind(x) in "iu" else None
            shape = [size for axis, size in enumerate(x.type.shape) if axis not in axes]
            return pt.alloc(_like(of_nothing(limits), x), *shape)
        return op(x, axis=tuple(axes))

    return rule


def _logical(op: Callable) -> Callable:
    return lambda x, *, axes: op(x, axis=tuple(axes)) if axes else x


def _argmax(x: Tensor, *, axes: Sequence[int], index_dtype: Any) -> Tensor:
    return _cast(pt.argmax(x, axis=axes[0]), np.dtype(index_dtype).name)


def _cumsum(x: Tensor, *, axis: int, reverse: bool) -> Tensor:
    """Of integers in 64 bits, and then cut: PyTensor says that sums keep the dtype, and NumPy's are wider."""
    wide = _cast(x, "int64") if _kind(x) in "iu" else x
    turned = _rev(wide, dimensions=(axis,)) if reverse else wide
    total = _cast(pt.cumsum(turned, axis=axis), x.dtype)
    return _rev(total, dimensions=(axis,)) if reverse else total


def _sort(*operands: Tensor, dimension: int) -> list[Tensor]:
    order = pt.argsort(operands[0], axis=dimension, kind="mergesort")
    return [_shaped(pt.take_along_axis(x, order, axis=dimension), x.type.shape) for x in operands]


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Tensor, b: Tensor, *, preferred_element_type: Any) -> Tensor:
    """Of integers by Numba as sums of products: its matrix product is one of floats."""
    dtype = np.dtype(preferred_element_type).name
    if np.dtype(dtype).kind in "iu" and _is_numba():
        products = _wrapped(_cast(a, dtype)[..., :, :, None] * _cast(b, dtype)[..., None, :, :])
        return pt.sum(products, axis=-2, dtype=dtype)
    return (pt.dot if a.ndim == 2 else pt.matmul)(_cast(a, dtype), _cast(b, dtype))


def _conv(x: Tensor, kernel: Tensor, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Tensor:  # fmt: skip
    """One matrix product for each group: the image's windows, gathered as rows, by the kernel."""
    batch, *sizes, channels = x.type.shape
    *window, depth, features = kernel.type.shape
    groups = feature_group_count
    places, counts = _places(sizes, window, window_strides, padding, lhs_dilation, rhs_dilation)
    image = pt.join(1, x.reshape((batch, math.prod(sizes), channels)), pt.zeros((batch, 1, channels), x.dtype))
    rows = image[:, _constant(places.ravel())].reshape((batch * math.prod(counts), math.prod(window), groups, depth))
    rows = rows.dimshuffle(2, 0, 1, 3).reshape((groups, batch * math.prod(counts), math.prod(window) * depth))
    columns = kernel.reshape((math.prod(window) * depth, groups, features // groups)).dimshuffle(1, 0, 2)
    product = _dot_general(rows, columns, preferred_element_type=preferred_element_type)
    return product.dimshuffle(1, 0, 2).reshape((batch, *counts, features))


def _places(sizes: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Sequence,
            inside: Sequence[int], reaches: Sequence[int]) -> tuple[np.ndarray, list[int]]:  # fmt: skip
    """For each window, and each place in it, the number of the element there; and how many windows an axis holds.

    Where there is only padding, the number is that of a further element, which is zero.
    """
    total, counts = np.zeros((1, 1), np.int64), []
    for size, w, stride, (low, high), d, reach in zip(sizes, window, strides, padding, inside, reaches, strict=True):
        full = windows.spread_size(size, low, high, d)
        numbers = np.full(full, -1)
        numbers[windows.spread_place(size, low, d)] = np.arange(size)
        counts.append(windows.count(full, w, stride, reach))
        own = numbers[np.arange(counts[-1])[:, None] * stride + np.arange(w) * reach]
        joined = np.where(
            (total[:, None, :, None] < 0) | (own[:, None] < 0), -1, total[:, None, :, None] * size + own[:, None]
        )
        total = joined.reshape(total.shape[0] * counts[-1], -1)
    return np.where(total < 0, math.prod(sizes), total), counts


def _fft(x: Tensor, *, fft_type: Any, fft_lengths: Sequence[int]) -> Tensor:
    """Discrete Fourier transforms of the last axes, as matrix products."""
    kind = int(fft_type)
    if kind == _RFFT:
        x = _Complex()(x, pt.zeros_like(x))
    for axis in range(x.ndim - len(fft_lengths), x.ndim - (kind == _IRFFT)):
        order = [*(i for i in range(x.ndim) if i != axis), axis]
        x = _transform(x.dimshuffle(*order), kind in (_IFFT, _IRFFT)).dimshuffle(*np.argsort(order))
    if kind == _RFFT:
        return x[..., : fft_lengths[-1] // 2 + 1]
    if kind == _IRFFT:
        rest = x[..., 1 : (fft_lengths[-1] + 1) // 2][..., ::-1]
        return pt.real(_transform(pt.join(x.ndim - 1, x, _Complex()(pt.real(rest), -pt.imag(rest))), True))
    return x


_FFT, _IFFT, _RFFT, _IRFFT = range(4)


def _transform(x: Tensor, inverse: bool) -> Tensor:
    """The transform of the last axis."""
    *leading, size = x.type.shape
    result = _fourier(x.reshape((math.prod(leading), size)), 1 if inverse else -1)
    result = result / _like(size, x) if inverse else result
    return result.reshape((*leading, size))


def _fourier(x: Tensor, sign: int) -> Tensor:
    """For each row x of n numbers, sum_j x_j e^(sign 2 pi i j k / n) for each k.

    Where n = a b, that is many transforms of a numbers and of b numbers (Cooley and Tukey, 1965).
    """
    rows, size = x.type.shape
    a = max(divisor for divisor in range(1, math.isqrt(size) + 1) if size % divisor == 0)
    b = size // a
    if a == 1:
        return pt.dot(x, _roots(size, size, size, sign, x.dtype))
    first = _fourier(x.reshape((rows, a, b)).dimshuffle(0, 2, 1).reshape((rows * b, a)), sign)
    turned = first.reshape((rows, b, a)) * _roots(b, a, size, sign, x.dtype)[None]
    second = _fourier(turned.dimshuffle(0, 2, 1).reshape((rows * a, b)), sign)
    return second.reshape((rows, a, b)).dimshuffle(0, 2, 1).reshape((rows, size))


def _roots(rows: int, columns: int, size: int, sign: int, dtype: str) -> Tensor:
    """e^(sign 2 pi i j k / size), for row j and column k."""
    turns = np.outer(np.arange(rows), np.arange(columns)) % size / size
    return _constant(np.exp(sign * 2j * np.pi * turns).astype(dtype))


# --- linear algebra ---------------------------------------------------------------------------------------------


def _triangular_solve(a: Tensor, b: Tensor, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Tensor:
    return linalg.solve_triangular(a, b, trans=int(transpose_a), lower=lower, unit_diagonal=unit_diagonal, b_ndim=2)


def _lu(x: Tensor) -> list[Tensor]:
    packed, pivots = linalg.lu_factor(x)
    order = Blockwise(PivotToPermutations(inverse=True))(pivots)
    return [packed, _cast(pivots, "int32"), _cast(order, "int32")]


def _qr(x: Tensor, *, full_matrices: bool) -> list[Tensor]:
    return list(linalg.qr(x, mode="full" if full_matrices else "economic"))


def _eigh(x: Tensor, *, lower: bool) -> list[Tensor]:
    values, vectors = linalg.eigh(x, lower=lower)
    return [vectors, values]


def _svd(x: Tensor, *, full_matrices: bool, compute_uv: bool) -> list[Tensor]:
    if not compute_uv:
        return [linalg.svd(x, compute_uv=False)]
    left, values, right = linalg.svd(x, full_matrices=full_matrices)
    return [values, left, right]


# --- control --------------------------------------------------------------------------------------------------


def _scan(*operands: Tensor, jaxpr: _jax.ClosedJaxpr, length: int, reverse: bool, num_consts: int,
          num_carry: int) -> list[Tensor]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry, rows = operands[:num_consts], list(operands[num_consts:split]), operands[split:]
    avals = jaxpr.out_avals
    if length == 0:
        return [*carry, *(pt.zeros((0, *aval.shape), str(aval.dtype)) for aval in avals[num_carry:])]

    def step(*values: Tensor) -> list[Tensor]:
        own, state = values[: len(rows)], values[len(rows) : len(rows) + num_carry]
        results = walk(jaxpr, [*values[len(rows) + num_carry :], *state, *own])
        return list(map(_typed, results, avals))

    outputs = pytensor.scan(step, rows, [*carry, *[None] * (len(avals) - num_carry)], constants, n_steps=length,
                            go_backwards=reverse, return_list=True, return_updates=False, strict=True,
                            mode=_mode())  # fmt: skip
    stacked = [_rev(x, dimensions=(0,)) if reverse else x for x in outputs[num_carry:]]
    return [
        *(_shaped(x[-1], aval.shape) for x, aval in zip(outputs[:num_carry], avals, strict=False)),
        *(_shaped(x, (length, *aval.shape)) for x, aval in zip(stacked, avals[num_carry:], strict=True)),
    ]


def _while(*operands: Tensor, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Tensor]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], operands[split:]

    def fresh(values: Sequence[Tensor]) -> list[Tensor]:
        return [pt.tensor(dtype=x.dtype, shape=x.type.shape) for x in values]

    inner_test, inner_body, inner_state = fresh(test), fresh(body), fresh(state)
    after = list(map(_typed, walk(body_jaxpr, [*inner_body, *inner_state]), body_jaxpr.out_avals))
    goes_on = walk(cond_jaxpr, [*inner_test, *after])[0]
    loop = _While((*inner_state, *inner_test, *inner_body), (goes_on, *after), _mode())
    results = loop(walk(cond_jaxpr, [*test, *state])[0], *state, *test, *body)
    return results if isinstance(results, list) else [results]


def _cond(index: Tensor, *operands: Tensor, branches: Sequence[_jax.ClosedJaxpr]) -> list[Tensor]:
    avals = branches[0].out_avals
    results = [[_typed(x, aval) for x, aval in zip(walk(branch, operands), avals, strict=True)] for branch in branches]
    chosen = results[-1]
    for number in reversed(range(len(branches) - 1)):
        chosen = ifelse(pt.le(index, _like(number, index)), results[number], chosen)
        chosen = chosen if isinstance(chosen, (list, tuple)) else [chosen]
    return [_shaped(x, aval.shape) for x, aval in zip(chosen, avals, strict=True)]


RULES: dict[str, Callable] = {
    "add": pt.add,
    "sub": pt.sub,
    "mul": pt.mul,
    "div": _div,
    "rem": _rem,
    "pow": pt.pow,
    "neg": pt.neg,
    "abs": pt.abs,
    "sign": _sign,
    "max": pt.maximum,
    "min": pt.minimum,
    "floor": pt.floor,
    "round": pt.round_half_to_even,
    "exp": pt.exp,
    "expm1": pt.expm1,
    "log": pt.log,
    "log1p": pt.log1p,
    "sqrt": pt.sqrt,
    "sin": pt.sin,
    "cos": pt.cos,
    "atan2": pt.arctan2,
    "tanh": pt.tanh,
    "logistic": pt.sigmoid,
    "erf": pt.erf,
    "erfc": pt.erfc,
    "eq": pt.eq,
    "ne": pt.neq,
    "lt": pt.lt,
    "le": pt.le,
    "select_n": lambda which, x, y: pt.switch(which, y, x),
    "and": pt.and_,
    "or": pt.or_,
    "xor": pt.xor,
    "not": pt.invert,
    "shift_left": _shift(_left_shift, lambda x: _like(0, x)),
    "shift_right_logical": _shift(_right_shift, lambda x: _like(0, x)),
    "shift_right_arithmetic": _shift(
        _right_shift, lambda x: _right_shift(x, _like(np.dtype(x.dtype).itemsize * 8 - 1, x))
    ),
    "convert_element_type": _convert,
    "bitcast_convert_type": _bitcast,
    "complex": _Complex(),
    "real": pt.real,
    "imag": pt.imag,
    "iota": lambda *, dtype, shape: _constant(np.arange(shape[0]).astype(dtype)),
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda x, *, new_sizes: x.reshape(tuple(new_sizes)),
    "transpose": lambda x, *, permutation: x.dimshuffle(*permutation),
    "rev": _rev,
    "concatenate": lambda *operands, dimension: pt.join(dimension, *operands),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": lambda x, rows: x[rows[:, 0]],
    "scatter": lambda x, rows, updates: pt.set_subtensor(x[rows[:, 0]], updates),
    "scatter-add": lambda x, rows, updates: pt.inc_subtensor(x[rows[:, 0]], updates),
    "scatter-mul": _scatter("multiply"),
    "scatter-min": _scatter("minimum"),
    "scatter-max": _scatter("maximum"),
    "reduce_sum": _reduce(pt.sum),
    "reduce_prod": _reduce(pt.prod),
    "reduce_max": _extreme(pt.max, lambda limits: limits.min if limits else -np.inf),
    "reduce_min": _extreme(pt.min, lambda limits: limits.max if limits else np.inf),
    "reduce_and": _logical(pt.all),
    "reduce_or": _logical(pt.any),
    "argmax": _argmax,
    "cumsum": _cumsum,
    "sort": _sort,
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "fft": _fft,
    "cholesky": linalg.cholesky,
    "triangular_solve": _triangular_solve,
    "lu": _lu,
    "qr": _qr,
    "eigh": _eigh,
    "svd": _svd,
    "scan": _scan,
    "while": _while,
    "cond": _cond,
}


def _find(equation: _jax.Equation) -> Callable:
    """The rule of an equation; Numba's integers are cut after those of arithmetic."""
    rule, aval = by_name(RULES, "pytensor")(equation), equation.outvars[0].aval  # type: Any, Any
    if VOCABULARY[equation.primitive.name].group not in ("arithmetic", "bits") or aval.dtype.kind not in "iu":
        return rule
    return lambda *operands: _wrapped(rule(*operands)) if _is_numba() else rule(*operands)


walk = Walker(_find, _constant)

ENGINE = OnPyTensor()
