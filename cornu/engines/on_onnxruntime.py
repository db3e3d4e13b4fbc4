"""ONNX Runtime: the program as one graph of ONNX, which its CPU provider runs.

The kernels of an operator take some dtypes only. A primitive on others is computed in a dtype that holds them
(`_CARRIERS`) and cut back: the dtypes at the edges of every primitive are the program's own.
"""

from __future__ import annotations

import ctypes
import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import ml_dtypes
import numpy as np
import onnxruntime

from cornu import _jax
from cornu.engines import onnx_graph, windows
from cornu.engines.engine import Engine, Limit, lowered, require_concrete
from cornu.engines.onnx_graph import Graph, Size, Value, cast, emit, inner, reshape, size, sizes, take, where
from cornu.program.trace import Program
from cornu.program.walk import Rule, Walker, by_name

Array = np.ndarray

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


class OnOnnxRuntime(Engine):
    """Compiles a program to a session of ONNX Runtime. Its values are `onnxruntime.OrtValue`s."""

    name = "onnxruntime"
    limits = (
        Limit("*", "ONNX has no operators on complex numbers", ("complex64", "complex128")),
        Limit("eigh", "ONNX has no such operator"),
        Limit("svd", "ONNX has no such operator"),
    )

    def compile(self, program: Program, donate: Sequence[int] = (), **_: Any) -> Callable[..., tuple]:
        """A function over `OrtValue`s and NumPy arrays; no input is ever overwritten."""
        require_concrete(program)
        closed = lowered(program, self)
        inputs = [f"i{place}" for place in range(len(program.inputs))]
        model = graph_of(closed, inputs)
        outputs = [output.name for output in model.graph.output]
        session = _session(model.SerializeToString())
        dtypes = [aval.dtype for aval in program.inputs]

        def run(*values: Any) -> tuple:
            feeds = {
                name: value if isinstance(value, onnxruntime.OrtValue) else self.put(np.asarray(value, dtype))
                for name, value, dtype in zip(inputs, values, dtypes, strict=True)
            }
            return tuple(session.run_with_ort_values(outputs, feeds)) if outputs else ()

        return run

    def put(self, array: Any, own: bool = False) -> onnxruntime.OrtValue:
        if isinstance(array, onnxruntime.OrtValue):
            return array
        array = np.array(array, order="C") if own else np.asarray(array, order="C")
        if array.dtype == _BFLOAT16:
            kind = onnx_graph.element_type(_BFLOAT16)
            return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(array.view(np.uint16), kind)
        return onnxruntime.OrtValue.ortvalue_from_numpy(array)

    def get(self, value: Any) -> Array:
        if not isinstance(value, onnxruntime.OrtValue):
            return np.asarray(value)
        if value.data_type() != "tensor(bfloat16)":
            return value.numpy()
        raw = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
        return np.frombuffer(bytearray(raw), _BFLOAT16).reshape(value.shape())


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that wait for work in a busy loop take the processor from whoever else computes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def graph_of(closed: _jax.ClosedJaxpr, inputs: Sequence[str], outputs: Sequence[str] = ()) -> Any:
    """The ONNX model of a program in the vocabulary, with its inputs, and maybe its outputs, named."""
    graph = Graph()
    values = [Value(name, aval.dtype, aval.shape) for name, aval in zip(inputs, closed.in_avals, strict=True)]
    with graph:
        results = walk(closed, values)
    return onnx_graph.model(graph.proto("cornu", values, results, outputs))


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _number(value: Any, like: Any) -> Array:
    return np.asarray(value, like.dtype)


def _op(op: str, **attributes: Any) -> Callable:
    return lambda *operands: emit(op, *operands, **attributes)


def _test(op: str) -> Callable:
    return lambda x, y: emit(op, x, y, dtype=np.bool_)


def _not(x: Any) -> Any:
    return emit("Not" if x.dtype == np.bool_ else "BitwiseNot", x)


def _div(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return emit("Div", x, y)
    zero, least = _test("Equal")(y, _number(0, y)), _number(-1, y)
    quotient = _quotient(x, y, zero)
    return where(zero, least, quotient)


def _quotient(x: Any, y: Any, zero: Any) -> Any:
    """x / y cut toward zero, of integers; division by zero, and of the least number by -1, would stop the process."""
    back = _test("Equal")(y, _number(-1, y))
    safe = where(emit("Or", zero, back), _number(1, y), y)
    return where(back, emit("Neg", x), emit("Div", x, safe))


def _rem(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return emit("Mod", x, y, fmod=1)
    quotient = _quotient(x, y, _test("Equal")(y, _number(0, y)))
    return emit("Sub", x, emit("Mul", quotient, y))


def _expm1(x: Any) -> Any:
    """(u - 1) x / log u with u = e^x: the errors of u cancel (Kahan)."""
    u = emit("Exp", x)
    less = emit("Sub", u, _number(1, x))
    exact = emit("Div", emit("Mul", less, x), emit("Log", u))
    far = emit("Greater", emit("Abs", x), _number(1, x), dtype=np.bool_)
    same = _test("Equal")(u, _number(1, x))
    return where(far, less, where(same, x, exact))


def _log1p(x: Any) -> Any:
    """x log u / (u - 1) with u = 1 + x (Kahan)."""
    u = emit("Add", x, _number(1, x))
    exact = emit("Div", emit("Mul", x, emit("Log", u)), emit("Sub", u, _number(1, x)))
    far = emit("Greater", emit("Abs", x), _number(1, x), dtype=np.bool_)
    return where(far, emit("Log", u), where(_test("Equal")(u, _number(1, x)), x, exact))


_ERFC = (-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
         -0.82215223, 0.17087277)  # fmt: skip


def _erfc(x: Any) -> Any:
    """t exp(-z^2 + P(t)) with t = 1 / (1 + z / 2), z = |x|: a relative error of 1.2e-7 (Numerical Recipes, 6.2.2)."""
    wide = cast(x, np.float64)
    one, z = np.float64(1), emit("Abs", wide)
    t = emit("Div", one, emit("Add", one, emit("Mul", z, np.float64(0.5))))
    total: Any = np.float64(_ERFC[-1])
    for coefficient in _ERFC[-2::-1]:
        total = emit("Add", emit("Mul", total, t), np.float64(coefficient))
    right = emit("Mul", t, emit("Exp", emit("Sub", total, emit("Mul", z, z))))
    negative = emit("Less", wide, np.float64(0), dtype=np.bool_)
    return cast(where(negative, emit("Sub", np.float64(2), right), right), x.dtype)


def _atan2(y: Any, x: Any) -> Any:
    """The angle of y / x, turned by half a circle to the left of the origin; of x = y = 0, that of its signs."""
    pi, zero = _number(np.pi, x), _number(0, x)
    big, small = emit("Max", emit("Abs", x), emit("Abs", y)), emit("Min", emit("Abs", x), emit("Abs", y))
    same = _test("Equal")(big, small)
    ratio = where(same, where(_test("Equal")(big, zero), zero, _number(1, x)), emit("Div", small, big))
    angle = emit("Atan", ratio)
    steep = emit("Greater", emit("Abs", y), emit("Abs", x), dtype=np.bool_)
    angle = where(steep, emit("Sub", _number(np.pi / 2, x), angle), angle)
    angle = where(_negative(x), emit("Sub", pi, angle), angle)
    signed = where(_negative(y), emit("Neg", angle), angle)
    return emit("Add", signed, emit("Mul", emit("Mul", zero, _nan_only(x)), _nan_only(y)))


def _nan_only(x: Any) -> Any:
    """One, but NaN stays NaN."""
    nan = emit("IsNaN", x, dtype=np.bool_)
    return where(nan, x, _number(1, x))


def _negative(x: Any) -> Any:
    """Whether the sign is minus; that of -0.0 shows in its reciprocal."""
    below = emit("Less", x, _number(0, x), dtype=np.bool_)
    return emit("Or", below, emit("Less", emit("Reciprocal", x), _number(0, x), dtype=np.bool_))


# --- choice and bits ------------------------------------------------------------------------------------------


def _select(which: Any, x: Any, y: Any) -> Any:
    if x.dtype != np.bool_:
        return where(which, y, x)
    return emit("Or", emit("And", which, y), emit("And", emit("Not", which), x))


def _bits(boolean: str, bits: str) -> Callable:
    return lambda x, y: emit(boolean if x.dtype == np.bool_ else bits, x, y)


def _unsigned(x: Any) -> Any:
    """The bits as an integer that `BitShift` takes."""
    return cast(x, np.uint64 if x.dtype.itemsize == 8 else np.uint32)


def _shift(x: Any, distance: Any, direction: str) -> Any:
    """Zero where the distance is not below the width, which `BitShift` leaves open."""
    dtype = x.dtype
    x, distance = _unsigned(x), _unsigned(distance)
    width = 8 * x.dtype.itemsize
    if not isinstance(distance, Value) and np.all(distance < width):
        return cast(emit("BitShift", x, distance, direction=direction), dtype)
    inside = emit("Less", distance, _number(width, x), dtype=np.bool_)
    within = where(inside, distance, _number(0, x)) if width == 32 else emit("Min", distance, _number(width - 1, x))
    shifted = emit("BitShift", x, within, direction=direction)
    return cast(emit("Mul", shifted, cast(inside, x.dtype)), dtype)


def _shift_right_arithmetic(x: Any, distance: Any) -> Any:
    """The bits of a negative number are turned over, shifted, and turned back."""
    width = 8 * x.dtype.itemsize
    negative = cast(emit("Less", x, _number(0, x), dtype=np.bool_), x.dtype)
    mask = emit("Sub", _number(0, x), negative)
    shifted = _shift(
        emit("BitwiseXor", x, mask),
        emit("Min", _unsigned(distance), np.asarray(width - 1, _unsigned(distance).dtype)),
        "RIGHT",
    )
    return emit("BitwiseXor", shifted, mask)


# --- types ----------------------------------------------------------------------------------------------------


def _convert(x: Any, *, new_dtype: Any) -> Any:
    """Floats to integers are cut toward zero, saturate, and NaN becomes 0; anything but 0 is true."""
    dtype = np.dtype(new_dtype)
    if dtype == np.bool_ and x.dtype != np.bool_:
        wide = _carried(x, _FLOATS)
        return emit("Not", _test("Equal")(wide, _number(0, wide)))
    if dtype.kind not in "iu" or x.dtype.kind in "iub":
        return cast(x, dtype)
    limits, wide = np.iinfo(dtype), cast(x, np.float64)
    number = where(emit("IsNaN", wide, dtype=np.bool_), np.float64(0), wide)
    if dtype.itemsize < 8:
        return cast(emit("Clip", number, np.float64(limits.min), np.float64(limits.max)), dtype)
    return _saturated(number, dtype, limits)


def _saturated(number: Any, dtype: Any, limits: Any) -> Any:
    """The integers of 64 bits, whose largest is no float."""
    large = emit("GreaterOrEqual", number, np.float64(limits.max), dtype=np.bool_)
    small = emit("LessOrEqual", number, np.float64(limits.min), dtype=np.bool_)
    inside = cast(where(emit("Or", large, small), np.float64(0), number), dtype)
    ends = where(large, np.asarray(limits.max, dtype).view(np.int64), np.asarray(limits.min, dtype).view(np.int64))
    return cast(where(emit("Or", large, small), ends, cast(inside, np.int64)), dtype)


def _bitcast(x: Any, *, new_dtype: Any) -> Any:
    dtype = np.dtype(new_dtype)
    if x.dtype.kind in "iub" and dtype.kind in "iub":
        return cast(x, dtype)
    if x.dtype.kind in "iub":
        return _from_bits(x, dtype)
    return x if x.dtype == dtype else cast(_to_bits(x), dtype)


def _format(dtype: Any) -> tuple[int, int]:
    """How many bits the mantissa of a float has, and the exponent of its smallest normal number."""
    limits = ml_dtypes.finfo(dtype)
    return limits.nmant, limits.minexp


def _from_bits(x: Any, dtype: Any) -> Any:
    """±2^e (1 + m / 2^k), each step exact: sign and exponent name an offset and a scale for the mantissa m."""
    bits, (mantissa, least) = cast(x, np.dtype(f"u{x.dtype.itemsize}")), _format(dtype)
    bits = cast(bits, np.uint32)
    exponents = np.arange(-2 * least + 4)
    normal, last = exponents > 0, exponents == exponents[-1]
    offsets = np.where(last, np.inf, np.where(normal, 2.0 ** (np.where(last, 0, exponents) - 1 + least), 0.0))
    scales = np.where(last, 0.0, 2.0 ** (np.where(last, 1, np.maximum(exponents, 1)) - 1 + least - mantissa))
    top = cast(emit("BitShift", bits, np.uint32(mantissa), direction="RIGHT"), np.int32)
    rest = cast(emit("BitwiseAnd", bits, np.uint32(2**mantissa - 1)), np.float32)
    offset = emit("Gather", np.concatenate([offsets, -offsets]).astype(np.float32), top, axis=0)
    scale = emit("Gather", np.concatenate([scales, -scales]).astype(np.float32), top, axis=0)
    value = emit("Add", emit("Mul", scale, rest), offset)
    odd = emit("And", emit("IsInf", value, dtype=np.bool_), emit("Greater", rest, np.float32(0), dtype=np.bool_))
    return cast(where(odd, np.float32(np.nan), value), dtype)


def _to_bits(x: Any) -> Any:
    """The exponent by a logarithm, put right, then the mantissa by division; a NaN becomes the usual one."""
    (mantissa, least), dtype = _format(x.dtype), x.dtype
    wide = cast(x, np.float64)
    infinite, nan = emit("IsInf", wide, dtype=np.bool_), emit("IsNaN", wide, dtype=np.bool_)
    size_of = where(emit("Or", infinite, nan), np.float64(0), emit("Abs", wide))
    ends = np.float64(least), np.float64(1 - least)
    guess = emit("Clip", emit("Floor", emit("Mul", emit("Log", size_of), np.float64(1 / math.log(2)))), *ends)
    powers = 2.0 ** np.arange(least, 2 - least)
    power = emit("Gather", powers, cast(emit("Sub", guess, ends[0]), np.int32), axis=0)
    below = cast(emit("Less", size_of, power, dtype=np.bool_), np.float64)
    above = cast(emit("GreaterOrEqual", size_of, emit("Mul", power, np.float64(2)), dtype=np.bool_), np.float64)
    exponent = emit("Sub", emit("Clip", emit("Add", emit("Sub", guess, below), above), *ends), ends[0])
    share = emit("Div", size_of, emit("Gather", powers, cast(exponent, np.int32), axis=0))
    bits = cast(emit("Mul", emit("Add", exponent, share), np.float64(2**mantissa)), np.int64)
    top = (3 - 2 * least) << mantissa
    bits = where(infinite, np.int64(top), where(nan, np.int64(top | 1 << (mantissa - 1)), bits))
    sign = np.int64(1 << (8 * dtype.itemsize - 1))
    return cast(emit("Add", bits, emit("Mul", cast(_negative(wide), np.int64), sign)), np.dtype(f"u{dtype.itemsize}"))


# --- shapes ---------------------------------------------------------------------------------------------------


def _iota(*, dtype: Any, shape: Sequence[Any]) -> Any:
    length = shape[0] if isinstance(shape[0], Value) else np.int64(shape[0])
    return cast(emit("Range", np.int64(0), length, np.int64(1)), np.dtype(dtype))


def _broadcast_in_dim(x: Any, *, shape: Sequence[Any], broadcast_dimensions: Sequence[int]) -> Any:
    added = [axis for axis in range(len(shape)) if axis not in broadcast_dimensions]
    if added and len(added) < len(shape):
        x = emit("Unsqueeze", x, np.array(added))
    return emit("Expand", x, sizes(shape))


def _transpose(x: Any, *, permutation: Sequence[int]) -> Any:
    return emit("Transpose", x, perm=list(map(int, permutation)))


def _rev(x: Any, *, dimensions: Sequence[int]) -> Any:
    many = len(dimensions)
    return take(x, [-1] * many, [np.iinfo(np.int64).min] * many, dimensions, [-1] * many)


def _pad(x: Any, value: Any, *, padding_config: Sequence[tuple]) -> Any:
    lows, highs, _ = zip(*padding_config, strict=True)
    return emit("Pad", x, sizes([*lows, *highs]), value)


def _slice(x: Any, *, start_indices: Sequence[Any], limit_indices: Sequence[Any], strides: Sequence[int]) -> Any:
    return take(x, start_indices, limit_indices, range(len(strides)), strides)


# --- indexing -------------------------------------------------------------------------------------------------


def _starts(x: Any, box: Sequence[Any], starts: Sequence[Any]) -> list[Any]:
    """Where a box of these sizes begins, moved inside, along each axis, and where it ends."""
    found: list[Any] = []
    for axis, (length, start) in enumerate(zip(box, starts, strict=True)):
        last = size(x, axis) - length
        if isinstance(last, int) and last == 0:
            found.append(0)
            continue
        wide = cast(start, np.int64)
        start = emit("Max", emit("Min", wide, np.int64(last) if isinstance(last, int) else last), np.int64(0))
        found.append(Size(start.name, np.int64, ()))
    return found


def _dynamic_slice(x: Any, *starts: Any, slice_sizes: Sequence[Any]) -> Any:
    first = _starts(x, slice_sizes, starts)
    moved = [axis for axis, start in enumerate(first) if isinstance(start, Size)]
    if not moved:
        return emit("Identity", x)
    return take(x, [first[i] for i in moved], [first[i] + slice_sizes[i] for i in moved], moved)


def _dynamic_update_slice(x: Any, update: Any, *starts: Any) -> Any:
    """Along one axis: what lies before, the box, what lies behind. Else the padded box where it lies."""
    box = [size(update, axis) for axis in range(len(starts))]
    first = _starts(x, box, starts)
    moved = [axis for axis, start in enumerate(first) if isinstance(start, Size)]
    if not moved:
        return emit("Identity", update)
    if len(moved) == 1:
        (axis,) = moved
        before = take(x, [0], [first[axis]], moved)
        behind = take(x, [first[axis] + box[axis]], [np.iinfo(np.int64).max], moved)
        return emit("Concat", before, update, behind, axis=axis)
    edges = sizes([*first, *(size(x, axis) - n - s for axis, (s, n) in enumerate(zip(first, box, strict=True)))])
    inside = emit("Pad", emit("Expand", np.True_, sizes(box)), edges, np.False_)
    return _select(inside, x, emit("Pad", update, edges, np.zeros((), x.dtype)))


def _places(rows: Any) -> Any:
    """A column of indices as numbers that index."""
    return rows if rows.dtype in (np.int32, np.int64) else cast(rows, np.int64)


def _gather(x: Any, rows: Any) -> Any:
    return emit("Gather", x, emit("Squeeze", _places(rows), np.array([1])), axis=0)


def _scatter(reduction: str) -> Callable:
    """`ScatterND` writes rows side by side, which is wrong where one row is met twice: `ScatterElements` does not."""

    def rule(x: Any, rows: Any, updates: Any) -> Any:
        rank = len(updates.shape)
        every = [size(updates, axis) for axis in range(rank)]
        column = emit("Reshape", _places(rows), sizes([every[0], *[1] * (rank - 1)]))
        places = emit("Expand", column, sizes(every))
        result = emit("ScatterElements", x, places, updates, axis=0, reduction=reduction)
        if reduction not in ("max", "min") or x.dtype.kind != "f":
            return result
        odd, met = (cast(emit("IsNaN", value, dtype=np.bool_), np.uint8) for value in (x, updates))
        odd = cast(emit("ScatterElements", odd, places, met, axis=0, reduction="max"), np.bool_)
        return where(odd, _number(np.nan, x), result)

    return rule


# --- reductions -----------------------------------------------------------------------------------------------


def _reduce(op: str) -> Callable:
    return lambda x, *, axes: emit(op, x, np.array(axes, np.int64), keepdims=0) if axes else x


def _extreme(op: str, pair: str, infinity: float) -> Callable:
    """ONNX Runtime passes NaN over, and errs on integers of 64 bits."""
    reduce = _reduce(op)

    def rule(x: Any, *, axes: Sequence[int]) -> Any:
        if x.dtype.kind != "f":
            limits = np.iinfo(x.dtype)
            of_nothing = limits.min if infinity < 0 else limits.max
            return reduce(x, axes=axes) if x.dtype == np.int32 else _by_halves(pair, x, axes, of_nothing)
        odd = _any(emit("IsNaN", x, dtype=np.bool_), axes=axes)
        return where(odd, _number(np.nan, x), reduce(x, axes=axes))

    return rule


def _prod(x: Any, *, axes: Sequence[int]) -> Any:
    """ONNX Runtime's product of integers doesn't wrap around."""
    return _reduce("ReduceProd")(x, axes=axes) if x.dtype.kind == "f" else _by_halves("Mul", x, axes, 1)


def _by_halves(op: str, x: Any, axes: Sequence[int], of_nothing: int) -> Any:
    """A reduction by an elementwise operator: of the one half of the elements with the other, and so on."""
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    lengths, count, last = [size(x, axis) for axis in kept], math.prod(x.shape[axis] for axis in axes), len(kept)
    if count == 0:
        return emit("Expand", _number(of_nothing, x), sizes(lengths))
    x = reshape(_transpose(x, permutation=[*kept, *axes]), [*lengths, count])
    while count > 1:
        half = count // 2
        joined = emit(op, take(x, [0], [half], [last]), take(x, [half], [2 * half], [last]))
        rest = take(x, [2 * half], [count], [last])
        x, count = (emit("Concat", joined, rest, axis=last), half + 1) if count % 2 else (joined, half)
    return reshape(x, lengths)


def _any(x: Any, *, axes: Sequence[int]) -> Any:
    return cast(_reduce("ReduceMax")(cast(x, np.uint8), axes=axes), np.bool_)


def _all(x: Any, *, axes: Sequence[int]) -> Any:
    return cast(_reduce("ReduceMin")(cast(x, np.uint8), axes=axes), np.bool_)


def _argmax(x: Any, *, axes: Sequence[int], index_dtype: Any) -> Any:
    (axis,) = axes
    first = partial(emit, "ArgMax", axis=axis, keepdims=0, dtype=np.int64)
    if x.dtype.kind != "f":
        return first(x)
    nan = emit("IsNaN", x, dtype=np.bool_)
    return where(_any(nan, axes=axes), first(cast(nan, np.uint8)), first(where(nan, _number(-np.inf, x), x)))


def _cumsum(x: Any, *, axis: int, reverse: bool) -> Any:
    return emit("CumSum", x, np.int64(axis), reverse=int(reverse))


def _sort(*operands: Any, dimension: int) -> list[Any]:
    """`TopK` keeps the order of equals. NaN is sorted as infinity, and then, as stably, behind all others."""
    key, axis = _carried(operands[0], _ORDERED), dimension
    length = sizes([size(operands[0], axis)])

    def order(x: Any) -> Any:
        _, places = emit("TopK", x, length, axis=axis, largest=0, sorted=1, outputs=2)
        places.dtype = np.dtype(np.int64)
        return places

    def along(x: Any, places: Any) -> Any:
        return emit("GatherElements", x, places, axis=axis)

    if key.dtype.kind == "f":
        nan = emit("IsNaN", key, dtype=np.bool_)
        places = order(where(nan, _number(np.inf, key), key))
        places = along(places, order(along(cast(nan, np.int32), places)))
    else:
        places = order(key)
    return [along(operand, places) for operand in operands]


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Any, b: Any, *, preferred_element_type: Any) -> Any:
    dtype = _carrier(np.dtype(preferred_element_type), _SUMMED)
    return emit("MatMul", cast(a, dtype), cast(b, dtype))


def _conv(x: Any, kernel: Any, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Any:  # fmt: skip
    dtype = _carrier(np.dtype(preferred_element_type), _SUMMED)
    x, kernel = (_shaped(cast(operand, dtype), operand.shape) for operand in (x, kernel))
    geometry = (window_strides, padding, lhs_dilation, rhs_dilation)
    fixed = all(isinstance(n, int) for n in (*x.shape, *kernel.shape, *(edge for edges in padding for edge in edges)))
    if not fixed:
        return _native_conv(x, kernel, *geometry, feature_group_count)
    full = [
        windows.spread_size(n, low, high, d)
        for n, (low, high), d in zip(x.shape[1:-1], padding, lhs_dilation, strict=True)
    ]
    window = kernel.shape[:-2]
    counts = [windows.count(*axis) for axis in zip(full, window, window_strides, rhs_dilation, strict=True)]
    if math.prod(window) > math.prod(counts):
        return _few_results(x, kernel, counts, *geometry, feature_group_count)
    if dtype != np.float32 or not all((*x.shape, *counts)):
        return _by_products(x, kernel, counts, *geometry, feature_group_count)
    return _native_conv(x, kernel, *geometry, feature_group_count)


def _shaped(x: Any, shape: tuple) -> Any:
    if isinstance(x, Value):
        x.shape = shape
    return x


def _to_back(rank: int) -> list[int]:
    return [0, *range(2, rank), 1]


def _to_front(rank: int) -> list[int]:
    return [0, rank - 1, *range(1, rank - 1)]


def _native_conv(x: Any, kernel: Any, strides: Sequence[int], padding: Sequence, inside: Sequence[int],
                 reach: Sequence[int], groups: int) -> Any:  # fmt: skip
    """ONNX has channels first: its transpose optimizer cancels what stands between two convolutions."""
    rank = len(kernel.shape)
    if any(d != 1 for d in inside) or any(isinstance(edge, Value) for edges in padding for edge in edges):
        x, padding = _with_zeros(x, padding, inside), [(0, 0)] * (rank - 2)
    result = emit(
        "Conv",
        emit("Transpose", x, perm=_to_front(rank)),
        emit("Transpose", kernel, perm=[rank - 1, rank - 2, *range(rank - 2)]),
        strides=list(strides),
        pads=[edge for side in zip(*padding, strict=True) for edge in side],
        dilations=list(reach),
        group=groups,
        kernel_shape=list(kernel.shape[:-2]),
    )
    return emit("Transpose", result, perm=_to_back(rank))


def _with_zeros(x: Any, padding: Sequence, inside: Sequence[int]) -> Any:
    """The image with zeros between neighbors and at its edges."""
    rank = len(x.shape)
    lengths = [size(x, axis) for axis in range(rank)]
    for axis, distance in enumerate(inside, start=1):
        if distance == 1:
            continue
        behind = [distance - 1 if i == axis + 1 else 0 for i in range(rank + 1)]
        apart = emit("Pad", emit("Unsqueeze", x, np.array([axis + 1])), sizes([0] * (rank + 1) + behind), _number(0, x))
        lengths[axis] = lengths[axis] * distance
        x = take(reshape(apart, lengths), [0], [1 - distance], [axis])
        lengths[axis] = lengths[axis] - (distance - 1)
    if any(isinstance(edge, Value) or edge for edges in padding for edge in edges):
        lows, highs = zip((0, 0), *padding, (0, 0), strict=True)
        x = emit("Pad", x, sizes([*lows, *highs]), _number(0, x))
    return x


def _by_products(x: Any, kernel: Any, counts: Sequence[int], strides: Sequence[int], padding: Sequence,
                 inside: Sequence[int], reach: Sequence[int], groups: int) -> Any:  # fmt: skip
    """Each window as a row, times the kernel as a matrix, for dtypes that ONNX Runtime's convolution doesn't take."""
    *window, depth, features = kernel.shape
    full = [
        windows.spread_size(n, low, high, d) for n, (low, high), d in zip(x.shape[1:-1], padding, inside, strict=True)
    ]
    batch, places = x.shape[0], math.prod(window)
    x = _with_zeros(x, padding, inside)
    pieces = []
    for _, view in windows.views(full, window, strides, reach):
        bounds = zip(*((axis.start, axis.stop, axis.step or 1) for axis in view), strict=True)
        starts, ends, steps = bounds
        pieces.append(take(x, starts, ends, range(1, len(view) + 1), steps))
    rows = reshape(emit("Concat", *pieces, axis=len(counts) + 1), [batch * math.prod(counts), places, groups, depth])
    rows = reshape(emit("Transpose", rows, perm=[2, 0, 1, 3]), [groups, batch * math.prod(counts), places * depth])
    matrix = reshape(kernel, [places * depth, groups, features // groups])
    product = emit("MatMul", rows, emit("Transpose", matrix, perm=[1, 0, 2]))
    return reshape(emit("Transpose", product, perm=[1, 0, 2]), [batch, *counts, features])


def _few_results(x: Any, kernel: Any, counts: Sequence[int], strides: Sequence[int], padding: Sequence,
                 inside: Sequence[int], reach: Sequence[int], groups: int) -> Any:  # fmt: skip
    """A window larger than the result, as in the gradient of a kernel: one product, with a row for each result.

    Batch and channels change places: `x` (c, *space, n) by `kernel` (*window, n, o) is the gradient of a convolution
    of images (n, *space, c), and so are the transpositions here those that undo the program's.
    """
    *window, depth, features = kernel.shape
    batch, places, terms = x.shape[0], math.prod(counts), math.prod(window) * depth
    rank = len(x.shape)
    images = emit("Transpose", _with_zeros(x, padding, inside), perm=[rank - 1, *range(1, rank - 1), 0])
    pieces = []
    for place in itertools.product(*map(range, counts)):
        starts = [index * stride for index, stride in zip(place, strides, strict=True)]
        ends = [start + (n - 1) * step + 1 for start, n, step in zip(starts, window, reach, strict=True)]
        pieces.append(take(images, starts, ends, range(1, rank - 1), reach))
    columns = reshape(emit("Concat", *pieces, axis=rank - 1), [groups, terms, places * batch])
    right = emit("Transpose", kernel, perm=[rank - 2, *range(rank - 2), rank - 1])
    if groups == 1:
        left = reshape(columns, [terms, places * batch])
        product = emit("Gemm", left, reshape(right, [terms, features]), transA=1)
    else:
        matrices = emit("Transpose", reshape(right, [terms, groups, features // groups]), perm=[1, 0, 2])
        product = emit("MatMul", emit("Transpose", columns, perm=[0, 2, 1]), matrices)
        product = emit("Transpose", product, perm=[1, 0, 2])
    image = reshape(product, [*counts, batch, features])
    return emit("Transpose", image, perm=[rank - 2, *range(rank - 2), rank - 1])


# --- linear algebra: a loop over columns, for each matrix of a stack --------------------------------------------


def _stack(x: Any) -> tuple[Any, int, int]:
    """Matrices along one leading axis, and their numbers of rows and columns."""
    rows, columns = x.shape[-2:]
    return reshape(x, [math.prod(x.shape[:-2]), rows, columns]), rows, columns


def _for(count: int, state: Sequence[Any], body: Callable, results: int = 0) -> list[Any]:
    """Runs body(k, *state), which gives the new state and some results, for k = 0, 1, ...; results come stacked."""

    def step(k: Any, going: Any, *state: Any) -> list[Any]:
        return [emit("Identity", going), *body(k, *state)]

    shapes = [(np.int64, ()), (np.bool_, ()), *((x.dtype, None) for x in state)]
    made = emit("Loop", np.int64(count), np.True_, *state, body=inner(shapes, step), outputs=len(state) + results)
    return _typed(made if isinstance(made, list) else [made], [x.dtype for x in state] + [None] * results)


def _typed(values: list[Any], dtypes: Sequence[Any]) -> list[Any]:
    for value, dtype in zip(values, dtypes, strict=True):
        if dtype is not None:
            value.dtype = np.dtype(dtype)
    return values


def _column(x: Any, k: Any) -> Any:
    """Column k of each matrix, as a matrix of one column."""
    return emit("Gather", x, emit("Unsqueeze", k, np.array([0])), axis=2)


def _row(x: Any, k: Any) -> Any:
    return emit("Gather", x, emit("Unsqueeze", k, np.array([0])), axis=1)


def _above(k: Any, count: int, op: str = "Less") -> Any:
    """For k, 0, 1, ... as a column: whether k is less than that."""
    return emit(op, k, np.arange(count).reshape(-1, 1), dtype=np.bool_)


def _cholesky(x: Any) -> Any:
    """Column k of the factor, then the rest without what it explains; NaN where a root has none."""
    matrices, n, _ = _stack(x)
    zero = _number(0, x)

    def step(k: Any, rest: Any, factor: Any) -> list[Any]:
        column = _column(rest, k)
        scaled = emit("Div", column, emit("Sqrt", _row(column, k)))
        column = where(_above(k, n, "LessOrEqual"), scaled, zero)
        rest = emit("Sub", rest, emit("MatMul", column, emit("Transpose", column, perm=[0, 2, 1])))
        here = emit("Equal", k, np.arange(n), dtype=np.bool_)
        return [rest, where(here, column, factor)]

    _, factor = _for(n, [matrices, emit("Mul", matrices, zero)], step)
    broken = emit("ReduceMax", cast(emit("IsNaN", factor, dtype=np.bool_), np.uint8), np.array([1, 2]), keepdims=1)
    return reshape(where(cast(broken, np.bool_), _number(np.nan, x), factor), x.shape)


def _triangular_solve(a: Any, b: Any, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Any:
    """Row k of the solution, then the rest without its part."""
    matrices, n, _ = _stack(a)
    right, _, _ = _stack(b)
    if transpose_a:
        matrices, lower = emit("Transpose", matrices, perm=[0, 2, 1]), not lower
    zero = _number(0, a)

    def step(number: Any, rest: Any) -> list[Any]:
        k = number if lower else emit("Sub", np.int64(n - 1), number, dtype=np.int64)
        column, solved = _column(matrices, k), _row(rest, k)
        if not unit_diagonal:
            solved = emit("Div", solved, _row(column, k))
        ahead = _above(k, n, "Less" if lower else "Greater")
        rest = emit("Sub", rest, emit("MatMul", where(ahead, column, zero), solved))
        return [where(_above(k, n, "Equal"), solved, rest)]

    return reshape(_for(n, [right], step)[0], b.shape)


def _lu(x: Any) -> list[Any]:
    """The row with the largest entry in column k goes up to row k; the others get rid of that column."""
    matrices, n, m = _stack(x)
    batch, steps = math.prod(x.shape[:-2]), min(n, m)
    zero, places = _number(0, x), np.arange(n).reshape(-1, 1)

    def step(k: Any, rest: Any, order: Any, pivots: Any) -> list[Any]:
        column = emit("Abs", _column(rest, k))
        usable = where(_above(k, n, "LessOrEqual"), column, _number(-1, x))
        pivot = emit("ArgMax", usable, axis=1, keepdims=1, dtype=np.int64)
        here, there = _above(k, n, "Equal"), emit("Equal", pivot, places, dtype=np.bool_)
        source = where(here, pivot, where(there, k, places))
        rest = emit("GatherElements", rest, emit("Expand", source, np.array([batch, n, m])), axis=1)
        order = emit("GatherElements", order, source, axis=1)
        top, below = _row(rest, k), _above(k, n)
        column = _column(rest, k)
        factors = where(below, emit("Div", column, _row(column, k)), zero)
        behind = emit("Less", k, np.arange(m), dtype=np.bool_)
        rest = emit("Sub", rest, emit("MatMul", factors, where(behind, top, zero)))
        stored = emit("And", below, emit("Equal", k, np.arange(m), dtype=np.bool_))
        now = emit("Equal", k, np.arange(steps).reshape(-1, 1), dtype=np.bool_)
        return [where(stored, factors, rest), order, where(now, pivot, pivots)]

    order = emit("Expand", places, np.array([batch, n, 1]))
    pivots = emit("Expand", np.zeros((1, 1, 1), np.int64), np.array([batch, steps, 1]))
    packed, order, pivots = _for(steps, [matrices, order, pivots], step)
    leading = x.shape[:-2]
    return [
        reshape(packed, x.shape),
        cast(reshape(pivots, [*leading, steps]), np.int32),
        cast(reshape(order, [*leading, n]), np.int32),
    ]


def _qr(x: Any, *, full_matrices: bool) -> list[Any]:
    """Reflections I - t v v^T, with the signs of LAPACK: the entry that stays has the sign opposite to the old one."""
    matrices, n, m = _stack(x)
    batch, steps = math.prod(x.shape[:-2]), min(n, m)
    zero, one, turned = _number(0, x), _number(1, x), [0, 2, 1]

    def step(k: Any, q: Any, r: Any) -> list[Any]:
        column = where(_above(k, n, "LessOrEqual"), _column(r, k), zero)
        first = _row(column, k)
        tail = where(_above(k, n, "Equal"), zero, column)
        square = emit("ReduceSum", emit("Mul", tail, tail), np.array([1]), keepdims=1)
        norm = emit("Sqrt", emit("Add", square, emit("Mul", first, first)))
        stays = where(emit("Less", first, zero, dtype=np.bool_), norm, emit("Neg", norm))
        v = where(_above(k, n, "Equal"), emit("Sub", first, stays), tail)
        length = emit("Add", square, emit("Mul", _row(v, k), _row(v, k)))
        none = emit("Equal", square, zero, dtype=np.bool_)
        t = where(none, zero, emit("Div", _number(2, x), where(none, one, length)))
        scaled, across = emit("Mul", v, t), emit("Transpose", v, perm=turned)
        r = emit("Sub", r, emit("MatMul", scaled, emit("MatMul", across, r)))
        return [emit("Sub", q, emit("MatMul", emit("MatMul", q, v), emit("Transpose", scaled, perm=turned))), r]

    q, r = _for(steps, [emit("Expand", np.eye(n, dtype=x.dtype), np.array([batch, n, n])), matrices], step)
    kept = n if full_matrices else steps
    upper = emit("Trilu", take(r, [0], [kept], [1]), upper=1)
    leading = x.shape[:-2]
    return [reshape(take(q, [0], [kept], [2]), [*leading, n, kept]), reshape(upper, [*leading, kept, m])]


# --- control --------------------------------------------------------------------------------------------------


def _scan(*operands: Any, jaxpr: _jax.ClosedJaxpr, length: Any, reverse: bool, num_consts: int,
          num_carry: int) -> list[Any]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry, rows = operands[:num_consts], operands[num_consts:split], operands[split:]
    avals = jaxpr.out_avals
    if isinstance(length, int) and length == 0:
        return [*carry, *(np.zeros((0, *aval.shape), aval.dtype) for aval in avals[num_carry:])]
    counted = rows or (_iota(dtype=np.int64, shape=[length]),)
    shapes = [(aval.dtype, aval.shape) for aval in jaxpr.in_avals[num_consts:]]

    def step(*values: Any) -> list[Any]:
        return walk(jaxpr, [*constants, *values[: len(shapes)]])

    directions = {"scan_output_directions": [1] * (len(avals) - num_carry)} if reverse and avals[num_carry:] else {}
    made = emit(
        "Scan",
        *carry,
        *counted,
        body=inner(shapes if rows else [*shapes, (np.int64, ())], step),
        num_scan_inputs=len(counted),
        scan_input_directions=[int(reverse)] * len(counted),
        outputs=len(avals),
        dtype=np.bool_,
        **directions,
    )
    return _typed(made if isinstance(made, list) else [made], [aval.dtype for aval in avals])


def _while(*operands: Any, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Any]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], operands[split:]
    avals = body_jaxpr.out_avals

    def step(number: Any, going: Any, *state: Any) -> list[Any]:
        new = walk(body_jaxpr, [*body, *state])
        return [walk(cond_jaxpr, [*test, *new])[0], *new]

    shapes = [(np.int64, ()), (np.bool_, ()), *((aval.dtype, aval.shape) for aval in avals)]
    first = walk(cond_jaxpr, [*test, *state])[0]
    made = emit("Loop", None, first, *state, body=inner(shapes, step), outputs=len(avals), dtype=np.bool_)
    return _typed(made if isinstance(made, list) else [made], [aval.dtype for aval in avals])


def _cond(index: Any, *operands: Any, branches: Sequence[_jax.ClosedJaxpr]) -> list[Any]:
    """The first branch if the index is not above 0, else the second of the others likewise."""
    avals = branches[0].out_avals
    if len(branches) == 1:
        return walk(branches[0], operands)
    made = emit(
        "If",
        emit("LessOrEqual", index, _number(0, index), dtype=np.bool_),
        then_branch=inner([], lambda: walk(branches[0], operands)),
        else_branch=inner([], lambda: _cond(_previous(index, len(branches)), *operands, branches=branches[1:])),
        outputs=len(avals),
    )
    return _typed(made if isinstance(made, list) else [made], [aval.dtype for aval in avals])


def _previous(index: Any, left: int) -> Any:
    return emit("Sub", index, _number(1, index)) if left > 2 else index


# --- the tables -----------------------------------------------------------------------------------------------

_FLOATS = {"float16": "float32", "bfloat16": "float32"}
_SMALL = {"int8": "int32", "int16": "int32", "uint8": "int32", "uint16": "int32"}
_SUMMED = {**_FLOATS, **_SMALL, "uint32": "int32", "uint64": "int64", "bool": "int32"}
_ORDERED = {**_FLOATS, **_SMALL, "uint32": "int64", "bool": "int32"}
_PLACED = {"bfloat16": "float32", "int16": "int32", "uint16": "int32"}

_CARRIERS: dict[str, dict[str, str]] = {
    name: carriers
    for names, carriers in [
        ("eq ne abs sign floor round pow exp expm1 log log1p sqrt sin cos atan2 tanh logistic erf erfc", _FLOATS),
        ("scatter-add scatter-mul scatter-min scatter-max", _FLOATS),
        ("add sub mul", {**_FLOATS, **_SMALL}),
        ("div rem", {**_FLOATS, **_SMALL, "int32": "int64", "uint32": "int64"}),
        ("neg reduce_prod cumsum", _SUMMED),
        ("reduce_sum", {**_SUMMED, "int32": "int64", "uint32": "int64"}),  # the kernel for int32 saturates
        ("max min lt le reduce_max reduce_min", {**_FLOATS, **_SMALL, "bool": "uint8"}),
        ("argmax", _ORDERED),
        ("select_n dynamic_update_slice", {**_PLACED, "uint64": "int64"}),
        ("broadcast_in_dim", {"bfloat16": "float32"}),
        ("pad", _PLACED),
    ]
    for name in names.split()
}
"""For primitives whose operators don't take every dtype: the dtypes in which the others are computed."""


def _carrier(dtype: Any, carriers: dict[str, str]) -> Any:
    return np.dtype(carriers.get(dtype.name, dtype))


def _carried(x: Any, carriers: dict[str, str]) -> Any:
    return cast(x, _carrier(x.dtype, carriers))


RULES: dict[str, Callable] = {
    "add": _op("Add"),
    "sub": _op("Sub"),
    "mul": _op("Mul"),
    "div": _div,
    "rem": _rem,
    "pow": _op("Pow"),
    "neg": _op("Neg"),
    "abs": _op("Abs"),
    "sign": _op("Sign"),
    "max": _op("Max"),
    "min": _op("Min"),
    "floor": _op("Floor"),
    "round": lambda x, *, rounding_method=1: emit("Round", x),
    "exp": _op("Exp"),
    "expm1": _expm1,
    "log": _op("Log"),
    "log1p": _log1p,
    "sqrt": _op("Sqrt"),
    "sin": _op("Sin"),
    "cos": _op("Cos"),
    "atan2": _atan2,
    "tanh": _op("Tanh"),
    "logistic": _op("Sigmoid"),
    "erf": _op("Erf"),
    "erfc": _erfc,
    "eq": _test("Equal"),
    "ne": lambda x, y: emit("Not", _test("Equal")(x, y)),
    "lt": _test("Less"),
    "le": _test("LessOrEqual"),
    "select_n": _select,
    "and": _bits("And", "BitwiseAnd"),
    "or": _bits("Or", "BitwiseOr"),
    "xor": _bits("Xor", "BitwiseXor"),
    "not": _not,
    "shift_left": partial(_shift, direction="LEFT"),
    "shift_right_logical": partial(_shift, direction="RIGHT"),
    "shift_right_arithmetic": _shift_right_arithmetic,
    "convert_element_type": _convert,
    "bitcast_convert_type": _bitcast,
    "iota": _iota,
    "dim_as_value": lambda *, dim: cast(dim if isinstance(dim, Value) else np.int64(dim), np.dtype(np.int32)),
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda x, *, new_sizes: reshape(x, new_sizes),
    "transpose": _transpose,
    "rev": _rev,
    "concatenate": lambda *operands, dimension: emit("Concat", *operands, axis=dimension),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "scatter": _scatter("none"),
    "scatter-add": _scatter("add"),
    "scatter-mul": _scatter("mul"),
    "scatter-min": _scatter("min"),
    "scatter-max": _scatter("max"),
    "reduce_sum": _reduce("ReduceSum"),
    "reduce_prod": _prod,
    "reduce_max": _extreme("ReduceMax", "Max", -np.inf),
    "reduce_min": _extreme("ReduceMin", "Min", np.inf),
    "reduce_and": _all,
    "reduce_or": _any,
    "argmax": _argmax,
    "cumsum": _cumsum,
    "sort": _sort,
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "cholesky": _cholesky,
    "triangular_solve": _triangular_solve,
    "lu": _lu,
    "qr": _qr,
    "scan": _scan,
    "while": _while,
    "cond": _cond,
}


def find(equation: _jax.Equation) -> Rule:
    """The rule of an equation, on carriers where it has some; its results have the equation's dtypes and shapes."""
    rule, carriers = by_name(RULES, "onnxruntime")(equation), _CARRIERS.get(equation.primitive.name, {})
    avals, several = [variable.aval for variable in equation.outvars], equation.primitive.multiple_results

    def run(*operands: Any) -> Any:
        results = rule(*(_carried(x, carriers) for x in operands))
        described = [
            _described(result, aval) for result, aval in zip(results if several else [results], avals, strict=True)
        ]
        return described if several else described[0]

    return run


def _described(result: Any, aval: Any) -> Any:
    result = cast(result, np.dtype(aval.dtype))
    if isinstance(result, Value):
        result.shape = aval.shape
    return result


walk = Walker(find, np.asarray, size, onnx_graph.larger, onnx_graph.smaller)

ENGINE = OnOnnxRuntime()
