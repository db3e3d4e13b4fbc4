"""Convolutions, and linear algebra as loops over columns: both are products of matrices in the end."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from cornu.engines import windows
from cornu.engines.onnx_graph import (
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

# --- convolution ----------------------------------------------------------------------------------------------


def conv(x: Any, kernel: Any, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Any:  # fmt: skip
    """A convolution in the dtype `preferred_element_type`, in the way that suits its sizes."""
    x, kernel = (cast(operand, preferred_element_type) for operand in (x, kernel))
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
    if x.dtype != np.float32 or not all((*x.shape, *counts)):
        return _by_products(x, kernel, counts, *geometry, feature_group_count)
    return _native_conv(x, kernel, *geometry, feature_group_count)


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
        apart = emit("Pad", emit("Unsqueeze", x, np.array([axis + 1])), sizes([0] * (rank + 1) + behind), number(0, x))
        lengths[axis] = lengths[axis] * distance
        x = take(reshape(apart, lengths), [0], [1 - distance], [axis])
        lengths[axis] = lengths[axis] - (distance - 1)
    if any(isinstance(edge, Value) or edge for edges in padding for edge in edges):
        lows, highs = zip((0, 0), *padding, (0, 0), strict=True)
        x = emit("Pad", x, sizes([*lows, *highs]), number(0, x))
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
    return typed(made, [x.dtype for x in state] + [None] * results)


def _column(x: Any, k: Any) -> Any:
    """Column k of each matrix, as a matrix of one column."""
    return emit("Gather", x, emit("Unsqueeze", k, np.array([0])), axis=2)


def _row(x: Any, k: Any) -> Any:
    return emit("Gather", x, emit("Unsqueeze", k, np.array([0])), axis=1)


def _above(k: Any, count: int, op: str = "Less") -> Any:
    """For k, 0, 1, ... as a column: whether k is less than that."""
    return compare(op, k, np.arange(count).reshape(-1, 1))


def cholesky(x: Any) -> Any:
    """Column k of the factor, then the rest without what it explains; NaN where a root has none."""
    matrices, n, _ = _stack(x)
    zero = number(0, x)

    def step(k: Any, rest: Any, factor: Any) -> list[Any]:
        column = _column(rest, k)
        scaled = emit("Div", column, emit("Sqrt", _row(column, k)))
        column = where(_above(k, n, "LessOrEqual"), scaled, zero)
        rest = emit("Sub", rest, emit("MatMul", column, emit("Transpose", column, perm=[0, 2, 1])))
        here = compare("Equal", k, np.arange(n))
        return [rest, where(here, column, factor)]

    _, factor = _for(n, [matrices, emit("Mul", matrices, zero)], step)
    broken = emit("ReduceMax", cast(is_nan(factor), np.uint8), np.array([1, 2]), keepdims=1)
    return reshape(where(cast(broken, np.bool_), number(np.nan, x), factor), x.shape)


def triangular_solve(a: Any, b: Any, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Any:
    """Row k of the solution, then the rest without its part."""
    matrices, n, _ = _stack(a)
    right, _, _ = _stack(b)
    if transpose_a:
        matrices, lower = emit("Transpose", matrices, perm=[0, 2, 1]), not lower
    zero = number(0, a)

    def step(count: Any, rest: Any) -> list[Any]:
        k = count if lower else emit("Sub", np.int64(n - 1), count, dtype=np.int64)
        column, solved = _column(matrices, k), _row(rest, k)
        if not unit_diagonal:
            solved = emit("Div", solved, _row(column, k))
        ahead = _above(k, n, "Less" if lower else "Greater")
        rest = emit("Sub", rest, emit("MatMul", where(ahead, column, zero), solved))
        return [where(_above(k, n, "Equal"), solved, rest)]

    return reshape(_for(n, [right], step)[0], b.shape)


def lu(x: Any) -> list[Any]:
    """The row with the largest entry in column k goes up to row k; the others get rid of that column."""
    matrices, n, m = _stack(x)
    batch, steps = math.prod(x.shape[:-2]), min(n, m)
    zero, places = number(0, x), np.arange(n).reshape(-1, 1)

    def step(k: Any, rest: Any, order: Any, pivots: Any) -> list[Any]:
        column = emit("Abs", _column(rest, k))
        usable = where(_above(k, n, "LessOrEqual"), column, number(-1, x))
        pivot = emit("ArgMax", usable, axis=1, keepdims=1, dtype=np.int64)
        here, there = _above(k, n, "Equal"), compare("Equal", pivot, places)
        source = where(here, pivot, where(there, k, places))
        rest = emit("GatherElements", rest, emit("Expand", source, np.array([batch, n, m])), axis=1)
        order = emit("GatherElements", order, source, axis=1)
        top, below = _row(rest, k), _above(k, n)
        column = _column(rest, k)
        factors = where(below, emit("Div", column, _row(column, k)), zero)
        behind = compare("Less", k, np.arange(m))
        rest = emit("Sub", rest, emit("MatMul", factors, where(behind, top, zero)))
        stored = emit("And", below, compare("Equal", k, np.arange(m)))
        now = compare("Equal", k, np.arange(steps).reshape(-1, 1))
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


def qr(x: Any, *, full_matrices: bool) -> list[Any]:
    """Reflections I - t v v^T, with the signs of LAPACK: the entry that stays has the sign opposite to the old one."""
    matrices, n, m = _stack(x)
    batch, steps = math.prod(x.shape[:-2]), min(n, m)
    zero, one, turned = number(0, x), number(1, x), [0, 2, 1]

    def step(k: Any, q: Any, r: Any) -> list[Any]:
        column = where(_above(k, n, "LessOrEqual"), _column(r, k), zero)
        first = _row(column, k)
        tail = where(_above(k, n, "Equal"), zero, column)
        square = emit("ReduceSum", emit("Mul", tail, tail), np.array([1]), keepdims=1)
        norm = emit("Sqrt", emit("Add", square, emit("Mul", first, first)))
        stays = where(compare("Less", first, zero), norm, emit("Neg", norm))
        v = where(_above(k, n, "Equal"), emit("Sub", first, stays), tail)
        length = emit("Add", square, emit("Mul", _row(v, k), _row(v, k)))
        none = compare("Equal", square, zero)
        t = where(none, zero, emit("Div", number(2, x), where(none, one, length)))
        scaled, across = emit("Mul", v, t), emit("Transpose", v, perm=turned)
        r = emit("Sub", r, emit("MatMul", scaled, emit("MatMul", across, r)))
        return [emit("Sub", q, emit("MatMul", emit("MatMul", q, v), emit("Transpose", scaled, perm=turned))), r]

    q, r = _for(steps, [emit("Expand", np.eye(n, dtype=x.dtype), np.array([batch, n, n])), matrices], step)
    kept = n if full_matrices else steps
    upper = emit("Trilu", take(r, [0], [kept], [1]), upper=1)
    leading = x.shape[:-2]
    return [reshape(take(q, [0], [kept], [2]), [*leading, n, kept]), reshape(upper, [*leading, kept, m])]
