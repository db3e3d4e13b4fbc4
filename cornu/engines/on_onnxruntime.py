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
from cornu.engines import onnx_graph, onnx_numbers, onnx_products
from cornu.engines.engine import Engine, Limit, lowered, require_concrete
from cornu.engines.onnx_graph import (
    Graph,
    Size,
    Value,
    cast,
    compare,
    emit,
    inner,
    is_nan,
    number,
    reshape,
    size,
    sizes,
    take,
    typed,
    where,
)  # fmt: skip
from cornu.program import show
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
        """Always a copy: a value would not keep an array's memory alive."""
        if isinstance(array, onnxruntime.OrtValue):
            return array
        array = np.asarray(array, order="C")
        half = array.dtype == _BFLOAT16
        kind = onnx_graph.element_type(_BFLOAT16) if half else array.dtype.type
        value = onnxruntime.OrtValue.ortvalue_from_shape_and_type(list(array.shape), kind)
        value.update_inplace(array.view(np.uint16) if half else array)
        return value

    def get(self, value: Any) -> Array:
        if not isinstance(value, onnxruntime.OrtValue):
            return np.asarray(value)
        if value.data_type() != "tensor(bfloat16)":
            return value.numpy()
        raw = ctypes.string_at(value.data_ptr(), value.tensor_size_in_bytes())
        return np.frombuffer(bytearray(raw), _BFLOAT16).reshape(value.shape())

    def loops_well(self, program: Program) -> bool:
        """Programs of many short steps gain; convolutions and loops run a little slower in the body of another one."""
        return not {"conv_general_dilated", "scan"} & set(show.count(program))


def _session(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Threads that wait for work in a busy loop take the processor from whoever else computes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def graph_of(closed: _jax.ClosedJaxpr, inputs: Sequence[str], outputs: Sequence[str] = ()) -> Any:
    """The ONNX model of a program in the vocabulary, with its inputs, and maybe its outputs, named."""
    graph = Graph(taken=[*inputs, *outputs])
    values = [Value(name, aval.dtype, aval.shape) for name, aval in zip(inputs, closed.in_avals, strict=True)]
    with graph:
        results = walk(closed, values)
    return onnx_graph.model(graph.proto("cornu", values, results, outputs))


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _op(op: str, **attributes: Any) -> Callable:
    return lambda *operands: emit(op, *operands, **attributes)


def _not(x: Any) -> Any:
    return emit("Not" if x.dtype == np.bool_ else "BitwiseNot", x)


def _div(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return emit("Div", x, y)
    zero = compare("Equal", y, number(0, y))
    ones = emit("Sub", number(0, y), cast(zero, y.dtype))  # the bits of -1
    return emit("BitwiseOr", _quotient(x, y, zero), ones)


def _quotient(x: Any, y: Any, zero: Any) -> Any:
    """x / y cut toward zero, of integers; division by zero, and of the least number by -1, would stop the process."""
    if x.dtype.kind == "u":
        return emit("Div", x, emit("Max", y, number(1, y)))
    back = compare("Equal", y, number(-1, y))
    safe = where(emit("Or", zero, back), number(1, y), y)
    return where(back, emit("Neg", x), emit("Div", x, safe))


def _rem(x: Any, y: Any) -> Any:
    if x.dtype.kind == "f":
        return emit("Mod", x, y, fmod=1)
    quotient = _quotient(x, y, compare("Equal", y, number(0, y)))
    return emit("Sub", x, emit("Mul", quotient, y))


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
    inside = compare("Less", distance, number(width, x))
    within = where(inside, distance, number(0, x)) if width == 32 else emit("Min", distance, number(width - 1, x))
    shifted = emit("BitShift", x, within, direction=direction)
    return cast(emit("Mul", shifted, cast(inside, x.dtype)), dtype)


def _shift_right_arithmetic(x: Any, distance: Any) -> Any:
    """The bits of a negative number are turned over, shifted, and turned back."""
    width = 8 * x.dtype.itemsize
    negative = cast(compare("Less", x, number(0, x)), x.dtype)
    mask = emit("Sub", number(0, x), negative)
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
        return emit("Not", compare("Equal", wide, number(0, wide)))
    if dtype.kind not in "iu" or x.dtype.kind in "iub":
        return cast(x, dtype)
    limits, wide = np.iinfo(dtype), cast(x, np.float64)
    real = where(is_nan(wide), np.float64(0), wide)
    if dtype.itemsize < 8:
        return cast(emit("Clip", real, np.float64(limits.min), np.float64(limits.max)), dtype)
    return _saturated(real, dtype, limits)


def _saturated(real: Any, dtype: Any, limits: Any) -> Any:
    """The integers of 64 bits, whose largest is no float."""
    large = compare("GreaterOrEqual", real, np.float64(limits.max))
    small = compare("LessOrEqual", real, np.float64(limits.min))
    inside = cast(where(emit("Or", large, small), np.float64(0), real), dtype)
    ends = where(large, np.asarray(limits.max, dtype).view(np.int64), np.asarray(limits.min, dtype).view(np.int64))
    return cast(where(emit("Or", large, small), ends, cast(inside, np.int64)), dtype)


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
        odd, met = (cast(is_nan(value), np.uint8) for value in (x, updates))
        odd = cast(emit("ScatterElements", odd, places, met, axis=0, reduction="max"), np.bool_)
        return where(odd, number(np.nan, x), result)

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
        pieces = _pieces(x, axes)
        if pieces:
            return emit(pair, *pieces)
        odd = _any(is_nan(x), axes=axes)
        return where(odd, number(np.nan, x), reduce(x, axes=axes))

    return rule


def _pieces(x: Any, axes: Sequence[int]) -> list[Any]:
    """The few parts that a reduction over short axes, as in pooling, combines; none where they are small or many."""
    lengths = [x.shape[axis] for axis in axes]
    fixed = all(isinstance(n, int) for n in x.shape)
    if not fixed or not 1 < math.prod(lengths) <= 9 or math.prod(x.shape) < 2**14:
        return []
    kept = [n for axis, n in enumerate(x.shape) if axis not in axes]
    places = itertools.product(*map(range, lengths))
    return [reshape(take(x, place, [index + 1 for index in place], axes), kept) for place in places]


def _prod(x: Any, *, axes: Sequence[int]) -> Any:
    """ONNX Runtime's product of integers doesn't wrap around."""
    return _reduce("ReduceProd")(x, axes=axes) if x.dtype.kind == "f" else _by_halves("Mul", x, axes, 1)


def _by_halves(op: str, x: Any, axes: Sequence[int], of_nothing: int) -> Any:
    """A reduction by an elementwise operator: of the one half of the elements with the other, and so on."""
    if not all(isinstance(x.shape[axis], int) for axis in axes):
        return _reduce({"Max": "ReduceMax", "Min": "ReduceMin", "Mul": "ReduceProd"}[op])(x, axes=axes)
    kept = [axis for axis in range(len(x.shape)) if axis not in axes]
    lengths, count, last = [size(x, axis) for axis in kept], math.prod(x.shape[axis] for axis in axes), len(kept)
    if count == 0:
        return emit("Expand", number(of_nothing, x), sizes(lengths))
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
    nan = is_nan(x)
    return where(_any(nan, axes=axes), first(cast(nan, np.uint8)), first(where(nan, number(-np.inf, x), x)))


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
        nan = is_nan(key)
        places = order(where(nan, number(np.inf, key), key))
        places = along(places, order(along(cast(nan, np.int32), places)))
    else:
        places = order(key)
    return [along(operand, places) for operand in operands]


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Any, b: Any, *, preferred_element_type: Any) -> Any:
    dtype = _carrier(np.dtype(preferred_element_type), _SUMMED)
    return emit("MatMul", cast(a, dtype), cast(b, dtype))


def _conv(x: Any, kernel: Any, *, preferred_element_type: Any, **geometry: Any) -> Any:
    dtype = _carrier(np.dtype(preferred_element_type), _SUMMED)
    return onnx_products.conv(x, kernel, preferred_element_type=dtype, **geometry)


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
    return typed(made, [aval.dtype for aval in avals])


def _while(*operands: Any, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Any]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], operands[split:]
    avals = body_jaxpr.out_avals

    def step(count: Any, going: Any, *state: Any) -> list[Any]:
        new = walk(body_jaxpr, [*body, *state])
        return [walk(cond_jaxpr, [*test, *new])[0], *new]

    shapes = [(np.int64, ()), (np.bool_, ()), *((aval.dtype, aval.shape) for aval in avals)]
    first = walk(cond_jaxpr, [*test, *state])[0]
    made = emit("Loop", None, first, *state, body=inner(shapes, step), outputs=len(avals), dtype=np.bool_)
    return typed(made, [aval.dtype for aval in avals])


def _cond(index: Any, *operands: Any, branches: Sequence[_jax.ClosedJaxpr]) -> list[Any]:
    """The first branch if the index is not above 0, else the second of the others likewise."""
    avals = branches[0].out_avals
    if len(branches) == 1:
        return walk(branches[0], operands)
    made = emit(
        "If",
        compare("LessOrEqual", index, number(0, index)),
        then_branch=inner([], lambda: walk(branches[0], operands)),
        else_branch=inner([], lambda: _cond(_previous(index, len(branches)), *operands, branches=branches[1:])),
        outputs=len(avals),
    )
    return typed(made, [aval.dtype for aval in avals])


def _previous(index: Any, left: int) -> Any:
    return emit("Sub", index, number(1, index)) if left > 2 else index


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
    "expm1": onnx_numbers.expm1,
    "log": _op("Log"),
    "log1p": onnx_numbers.log1p,
    "sqrt": _op("Sqrt"),
    "sin": _op("Sin"),
    "cos": _op("Cos"),
    "atan2": onnx_numbers.atan2,
    "tanh": _op("Tanh"),
    "logistic": _op("Sigmoid"),
    "erf": onnx_numbers.erf,
    "erfc": onnx_numbers.erfc,
    "eq": partial(compare, "Equal"),
    "ne": lambda x, y: emit("Not", compare("Equal", x, y)),
    "lt": partial(compare, "Less"),
    "le": partial(compare, "LessOrEqual"),
    "select_n": _select,
    "and": _bits("And", "BitwiseAnd"),
    "or": _bits("Or", "BitwiseOr"),
    "xor": _bits("Xor", "BitwiseXor"),
    "not": _not,
    "shift_left": partial(_shift, direction="LEFT"),
    "shift_right_logical": partial(_shift, direction="RIGHT"),
    "shift_right_arithmetic": _shift_right_arithmetic,
    "convert_element_type": _convert,
    "bitcast_convert_type": onnx_numbers.bitcast,
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
    "cholesky": onnx_products.cholesky,
    "triangular_solve": onnx_products.triangular_solve,
    "lu": onnx_products.lu,
    "qr": onnx_products.qr,
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
