"""The engine TensorFlow: a program becomes a graph of TensorFlow's own operations, a `tf.function`."""

from __future__ import annotations

import contextvars
import itertools
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from cornu import _jax
from cornu.engines import windows
from cornu.engines.engine import Engine, lowered, require_concrete
from cornu.program import islands, show
from cornu.program.trace import Program
from cornu.program.walk import Walker, by_name

Tensor: TypeAlias = tf.Tensor
_ops = tf.raw_ops


class OnTensorFlow(Engine):
    """Runs the lowered program as a graph. In a step of training, what lies between convolutions is fused by XLA."""

    name = "tensorflow"

    def compile(self, program: Program, donate: Sequence[int] = (), **_: Any) -> Callable[..., tuple]:
        """A function over tensors; no input is ever overwritten. Its graph is built by the first call.

        A program that donates its state will run many times: that is worth XLA's time of compilation.
        """
        require_concrete(program)
        jaxpr = lowered(program, self)
        if donate:
            jaxpr = islands.gather(jaxpr, _apart)
        avals = program.inputs
        graph = tf.function(
            lambda *inputs: walk(jaxpr, inputs),
            input_signature=[tf.TensorSpec(aval.shape, _dtype(aval.dtype)) for aval in avals],
            autograph=False,
        )
        dtypes = [np.dtype(aval.dtype) for aval in avals]
        built: list[Callable] = []

        def run(*inputs: Any) -> tuple:
            if not built:
                built.append(graph.get_concrete_function())
            values = [
                x if tf.is_tensor(x) else tf.constant(np.asarray(x, dtype))
                for x, dtype in zip(inputs, dtypes, strict=True)
            ]
            return tuple(built[0](*values))

        return run

    def loops_well(self, program: Program) -> bool:
        """In a loop's body, TensorFlow compiles what XLA fuses between convolutions several times."""
        return "conv_general_dilated" not in show.count(program)

    def put(self, array: Any, own: bool = False) -> Tensor:
        if tf.is_tensor(array):
            return array
        return tf.constant(np.array(array) if own else np.asarray(array))

    def get(self, value: Any) -> np.ndarray:
        return np.asarray(value.numpy())


def _apart(jaxpr: _jax.Jaxpr) -> set[int]:
    """Convolutions, which on CPUs are many times faster in TensorFlow's own operations than in XLA, and around them:

    transpositions, many of which TensorFlow cancels against those of the rules, and sums and maxima of images.
    """
    convolutions = [eqn for eqn in jaxpr.eqns if eqn.primitive.name == "conv_general_dilated"]
    near = {atom for eqn in convolutions for atom in (*eqn.invars, *eqn.outvars) if not isinstance(atom, _jax.Literal)}

    def is_apart(eqn: _jax.Equation) -> bool:
        if eqn.primitive.name in ("transpose", "rev"):
            return not near.isdisjoint((*eqn.invars, *eqn.outvars))
        operand: Any = eqn.invars[0].aval if eqn.invars else None
        return eqn.primitive.name in _REDUCTIONS and len(operand.shape) > 3

    if not convolutions:
        return set()
    return {place for place, eqn in enumerate(jaxpr.eqns) if eqn in convolutions or is_apart(eqn)}


_REDUCTIONS = ("reduce_sum", "reduce_max", "reduce_min")

_fused: contextvars.ContextVar[bool] = contextvars.ContextVar("fused", default=False)
"""Whether the graph that is being built goes to XLA."""


def _island(program: _jax.ClosedJaxpr, *values: Tensor) -> list[Tensor]:
    """A call, fused."""

    def run(*values: Tensor) -> list[Tensor]:
        token = _fused.set(True)
        try:
            return walk(program, values)
        finally:
            _fused.reset(token)

    return list(tf.function(run, autograph=False, jit_compile=True)(*values))


def _find(equation: _jax.Equation) -> Callable:
    if equation.primitive.name in _jax.CALLS:
        return partial(_island, _jax.close(equation.params[_jax.CALLS[equation.primitive.name]]))
    return _by_table(equation)


def constant(value: Any) -> Tensor:
    """A constant of a program as a tensor that belongs to no graph, so that it serves every graph."""
    with tf.init_scope():
        return tf.constant(np.asarray(value))


def _dtype(dtype: Any) -> tf.DType:
    return tf.as_dtype(np.dtype(dtype))


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _erf(x: Tensor) -> Tensor:
    """TensorFlow's is NaN at infinities of 64 bits; beyond 30 it is 1 in any dtype."""
    return tf.math.erf(tf.where(tf.abs(x) > 30, 30 * tf.sign(x), x))


def _wide(function: Callable) -> Callable:
    """Floats of 16 bits take the way through float32."""

    def rule(*operands: Tensor, **parameters: Any) -> Any:
        dtype = operands[0].dtype
        if not _narrow(dtype):
            return function(*operands, **parameters)
        return tf.cast(function(*(tf.cast(x, tf.float32) for x in operands), **parameters), dtype)

    return rule


def _narrow(dtype: tf.DType) -> bool:
    return dtype.is_floating and dtype.size < 4


def _unsigned(of_unsigned: Callable, function: Callable) -> Callable:
    """A rule which has its own formula for unsigned integers."""
    return lambda x: of_unsigned(x) if x.dtype.is_unsigned else function(x)


def _zero(x: Tensor) -> Tensor:
    return tf.zeros((), x.dtype)


def _div(x: Tensor, y: Tensor) -> Tensor:
    """Integers: neither 0 nor -1 reaches the processor's own division, which stops the process at them."""
    if not x.dtype.is_integer:
        return _ops.RealDiv(x=x, y=y)
    one, all_ones = tf.ones((), x.dtype), tf.constant(-1 if not x.dtype.is_unsigned else x.dtype.max, x.dtype)
    if x.dtype.is_unsigned:
        return tf.where(y == 0, all_ones, _ops.TruncateDiv(x=x, y=tf.maximum(y, one)))
    quotient = _ops.TruncateDiv(x=x, y=tf.where((y == 0) | (y == -1), one, y))
    return tf.where(y == 0, all_ones, tf.where(y == -1, -x, quotient))


def _rem(x: Tensor, y: Tensor) -> Tensor:
    if not x.dtype.is_integer:
        return _ops.TruncateMod(x=x, y=y)
    return tf.where(y == 0, x, x - y * _div(x, y))


def _compare(function: Callable) -> Callable:
    """An order of booleans too."""
    return lambda x, y: function(*((tf.cast(v, tf.uint8) for v in (x, y)) if x.dtype.is_bool else (x, y)))


def _bits(of_booleans: Callable, function: Callable) -> Callable:
    return lambda *operands: (of_booleans if operands[0].dtype.is_bool else function)(*operands)


def _shift(function: Callable) -> Callable:
    """Zero where the distance is not below the width; TensorFlow itself shifts by the width less one."""

    def rule(x: Tensor, y: Tensor) -> Tensor:
        width, known = 8 * x.dtype.size, tf.get_static_value(y)
        if known is not None and np.all(known < width):
            return function(x, y)
        return tf.where(tf.cast(y, tf.uint64) < width, function(x, y), _zero(x))

    return rule


def _extreme(beats: Callable, function: Callable) -> Callable:
    """The larger or smaller; NaN wins, also where XLA, as TensorFlow sets it up, would drop it."""

    def rule(x: Tensor, y: Tensor) -> Tensor:
        if _fused.get() and x.dtype.is_floating:
            return tf.where(beats(x, y) | tf.math.is_nan(x), x, y)
        return function(x, y)

    return rule


# --- types ----------------------------------------------------------------------------------------------------


def _convert(x: Tensor, *, new_dtype: Any) -> Tensor:
    """Floats to integers are cut toward zero, saturate, and NaN becomes 0; anything but 0 is true."""
    dtype = _dtype(new_dtype)
    if dtype == x.dtype:
        return x
    if dtype.is_bool:
        return tf.not_equal(x, _zero(x))
    if not (dtype.is_integer and x.dtype.is_floating):
        return tf.cast(x, dtype)
    x = tf.cast(x, tf.float32) if _narrow(x.dtype) else x
    large, small = x >= float(dtype.max), x <= float(dtype.min)
    cut = tf.cast(tf.where(large | small | tf.math.is_nan(x), _zero(x), x), dtype)
    return tf.where(large, tf.constant(dtype.max, dtype), tf.where(small, tf.constant(dtype.min, dtype), cut))


# --- shapes ---------------------------------------------------------------------------------------------------


def _sizes(x: Tensor) -> list[Any]:
    """The sizes of a tensor's axes: integers, or scalars where they are known only when the graph runs."""
    if x.shape.is_fully_defined():
        return list(x.shape)
    dynamic = tf.shape(x)
    return [dynamic[axis] if size is None else size for axis, size in enumerate(x.shape)]


def _iota(*, dtype: Any, shape: Sequence[Any]) -> Tensor:
    return tf.cast(tf.range(shape[0]), _dtype(dtype))


def _broadcast_in_dim(x: Tensor, *, shape: Sequence[Any], broadcast_dimensions: Sequence[int]) -> Tensor:
    sizes: list[Any] = [1] * len(shape)
    for size, axis in zip(_sizes(x), broadcast_dimensions, strict=True):
        sizes[axis] = size
    x = tf.reshape(x, sizes) if len(broadcast_dimensions) != len(shape) else x
    if len(shape) <= 5:
        return tf.broadcast_to(x, list(shape))
    for axis, size in enumerate(shape):  # TensorFlow knows no more axes than five at once
        if sizes[axis] is not size:
            x = tf.repeat(x, size, axis) if sizes[axis] == 1 else x
    return x


def _pad(x: Tensor, value: Tensor, *, padding_config: Sequence[tuple]) -> Tensor:
    return _ops.PadV2(input=x, paddings=[(low, high) for low, high, _ in padding_config], constant_values=value)


def _slice(x: Tensor, *, start_indices: Sequence[Any], limit_indices: Sequence[Any], strides: Sequence[int]) -> Tensor:
    return tf.strided_slice(x, list(start_indices), list(limit_indices), list(strides))


# --- indexing -------------------------------------------------------------------------------------------------


def _starts(x: Tensor, sizes: Sequence[Any], starts: Sequence[Tensor]) -> Tensor:
    """Where a box of these sizes begins, moved inside."""
    moved = [
        tf.clip_by_value(tf.cast(start, tf.int64), 0, tf.cast(whole - size, tf.int64))
        for start, whole, size in zip(starts, _sizes(x), sizes, strict=True)
    ]
    return tf.stack(moved) if moved else tf.zeros(0, tf.int64)


def _dynamic_slice(x: Tensor, *starts: Tensor, slice_sizes: Sequence[Any]) -> Tensor:
    sizes = list(slice_sizes)
    return tf.slice(x, _starts(x, sizes, starts), tf.cast(tf.stack(sizes) if sizes else [], tf.int64))


def _dynamic_update_slice(x: Tensor, box: Tensor, *starts: Tensor) -> Tensor:
    if not starts:
        return box
    begin = _starts(x, _sizes(box), starts)
    end = begin + tf.shape(box, out_type=tf.int64)
    return _ops.TensorStridedSliceUpdate(input=x, begin=begin, end=end, strides=tf.ones_like(begin), value=box)


def _rows(indices: Tensor) -> Tensor:
    """A column of row numbers in a dtype that TensorFlow takes for such."""
    if indices.dtype in (tf.int32, tf.int64):
        return indices
    return tf.cast(indices, tf.int64 if indices.dtype.size >= 4 else tf.int32)


def _scatter(write: Callable) -> Callable:
    return lambda x, rows, updates: write(x, _rows(rows), updates)


def _scatter_extreme(write: Callable) -> Callable:
    """NaN wins, which TensorFlow does not promise: rows that meet one are marked."""

    def rule(x: Tensor, rows: Tensor, updates: Tensor) -> Tensor:
        rows = _rows(rows)
        result = write(x, rows, updates)
        if not x.dtype.is_floating:
            return result
        missing = tf.cast(tf.math.is_nan(x), tf.int32)
        missing = tf.tensor_scatter_nd_max(missing, rows, tf.cast(tf.math.is_nan(updates), tf.int32))
        return tf.where(missing > 0, tf.constant(np.nan, x.dtype), result)

    return rule


def _scatter_mul(x: Tensor, rows: Tensor, updates: Tensor) -> Tensor:
    return x * tf.math.unsorted_segment_prod(updates, _rows(rows)[:, 0], _sizes(x)[0])


# --- reductions -----------------------------------------------------------------------------------------------


def _reduce(operation: Callable) -> Callable:
    """Neighboring axes at once, and the others one after the other: all at once, TensorFlow is ten times slower."""

    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        runs: list[list[int]] = []
        for axis in sorted(axes):
            if runs and runs[-1][-1] == axis - 1:
                runs[-1].append(axis)
            else:
                runs.append([axis])
        for run in reversed(runs):
            x = operation(input=x, axis=run)
        return x

    return rule


def _reduce_extreme(operation: Callable) -> Callable:
    reduce, any_of = _reduce(operation), _reduce(_ops.Any)

    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        result = reduce(x, axes=axes)
        if _fused.get() and x.dtype.is_floating:
            return tf.where(any_of(tf.math.is_nan(x), axes=axes), tf.constant(np.nan, x.dtype), result)
        return result

    return rule


def _cumsum(x: Tensor, *, axis: int, reverse: bool) -> Tensor:
    wide = tf.cast(x, tf.int32) if x.dtype.is_integer and x.dtype.size < 4 else x
    return tf.cast(tf.cumsum(wide, axis, reverse=reverse), x.dtype)


def _argmax(x: Tensor, *, axes: Sequence[int], index_dtype: Any) -> Tensor:
    """The first NaN wins."""
    place = tf.argmax(x, axes[0], tf.int64)
    if x.dtype.is_floating:
        missing = tf.math.is_nan(x)
        place = tf.where(
            tf.reduce_any(missing, axes[0]), tf.argmax(tf.cast(missing, tf.int8), axes[0], tf.int64), place
        )
    return tf.cast(place, _dtype(index_dtype))


def _sort(*operands: Tensor, dimension: int) -> list[Tensor]:
    """By the places of the largest complements: `top_k` leaves equal elements in their order."""
    rank = len(operands[0].shape)
    order = [axis for axis in range(rank) if axis != dimension] + [dimension]
    moved = [x if dimension == rank - 1 else tf.transpose(x, order) for x in operands]
    key = tf.bitwise.invert(_sort_key(moved[0]))
    places = tf.math.top_k(key, _sizes(key)[-1]).indices
    sorted_ = [tf.gather(x, places, batch_dims=rank - 1) for x in moved]
    return sorted_ if dimension == rank - 1 else [tf.transpose(x, np.argsort(order)) for x in sorted_]


def _sort_key(x: Tensor) -> Tensor:
    """Signed integers in the order of x: NaN is the largest, the two zeros are equal."""
    if x.dtype.is_bool or (x.dtype.is_integer and x.dtype.size < 4):
        return tf.cast(x, tf.int32)
    signed = tf.int64 if x.dtype.size == 8 else tf.int32
    if x.dtype.is_integer:
        return tf.bitcast(x, signed) ^ signed.min if x.dtype.is_unsigned else x
    x = tf.cast(x, tf.float32) if _narrow(x.dtype) else x
    x = tf.where(tf.math.is_nan(x), tf.constant(np.nan, x.dtype), tf.where(x == 0, _zero(x), x))
    bits = tf.bitcast(x, signed)
    return bits ^ (tf.bitwise.right_shift(bits, tf.constant(8 * signed.size - 1, signed)) & signed.max)


# --- matrix products ------------------------------------------------------------------------------------------


def _dot_general(a: Tensor, b: Tensor, *, preferred_element_type: Any) -> Tensor:
    dtype = _dtype(preferred_element_type)
    wide = dtype
    if dtype.is_integer:  # the low bits of a product do not depend on the sign
        wide = tf.int64 if dtype.size == 8 else tf.int32
    return tf.cast(tf.matmul(tf.cast(a, wide), tf.cast(b, wide)), dtype)


# --- convolution ----------------------------------------------------------------------------------------------


def _conv(x: Tensor, kernel: Tensor, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Tensor:  # fmt: skip
    """The operation whose shapes these are: a convolution, or the gradient of one for its inputs or its kernel."""
    dtype = _dtype(preferred_element_type)
    x, kernel = tf.cast(x, dtype), tf.cast(kernel, dtype)
    strides, inside, reaches = list(window_strides), list(lhs_dilation), list(rhs_dilation)
    edges = [(low, high) for low, high in padding]
    if len(strides) > 1:
        return _conv_of_space(x, kernel, strides, edges, inside, reaches, feature_group_count)
    x, kernel, edges = x[:, None], kernel[None], [(0, 0), *edges]
    return _conv_of_space(x, kernel, [1, *strides], edges, [1, *inside], [1, *reaches], feature_group_count)[:, 0]


def _conv_of_space(x: Tensor, kernel: Tensor, strides: list[int], padding: list[tuple[int, int]], inside: list[int],
                   reaches: list[int], groups: int) -> Tensor:  # fmt: skip
    """At least two axes of space. What TensorFlow has no operation for on CPUs is written as matrix products.

    A window that is larger than the result is the gradient that comes back to a kernel.
    """
    rank = len(strides)
    plain, native = [1] * rank, x.dtype.is_floating and rank <= 3
    if inside != plain and 0 not in (*x.shape, *kernel.shape):
        plainly = native and strides == plain == reaches
        gradient = _input_gradient(x, kernel, padding, inside, groups) if plainly else None
        if gradient is not None:
            return gradient
    if inside != plain:
        x, padding = _spread(x, padding, inside), [(0, 0)] * rank
    counts = _counts(x, kernel, strides, padding, reaches)
    if 0 in (*counts, *x.shape, *kernel.shape):
        return tf.zeros((_sizes(x)[0], *counts, kernel.shape[-1]), x.dtype)
    known = None not in counts
    if known and math.prod(kernel.shape[:-2]) > math.prod(count or 0 for count in counts):
        single = groups == 1 or (x.shape[0] == 1 and rank == 2 and len(set(reaches)) == 1)
        if native and strides == plain and single:
            return _kernel_gradient(x, kernel, padding, reaches, groups)
    elif native and (rank == 2 or reaches == plain):  # three axes with a dilation: it would be left out, silently
        if groups == 1:
            return _forward(x, kernel, strides, padding, reaches)
        if kernel.shape[-2] == 1 and rank == 2 and len(set(strides)) == 1 and reaches == plain:
            filters = tf.reshape(kernel, (*kernel.shape[:2], groups, kernel.shape[-1] // groups))
            return _ops.DepthwiseConv2dNative(input=x, filter=filters, strides=[1, *strides, 1], **_edges(padding))
        if not known:
            parts = zip(tf.split(x, groups, -1), tf.split(kernel, groups, -1), strict=True)
            return tf.concat([_forward(*part, strides, padding, reaches) for part in parts], -1)
    wide = tf.float32 if _narrow(x.dtype) else x.dtype
    image = tf.cast(_spread(x, padding, plain), wide)
    return tf.cast(_by_places(image, tf.cast(kernel, wide), strides, reaches, groups), x.dtype)


def _counts(x: Tensor, kernel: Tensor, strides: list[int], padding: list, reaches: list[int]) -> list[int | None]:
    """The sizes of a convolution's result; None where they are known only when the graph runs."""
    axes = zip(x.shape[1:-1], kernel.shape[:-2], strides, padding, reaches, strict=True)
    return [
        None if None in (size, window) else windows.count(size + low + high, window, stride, reach)
        for size, window, stride, (low, high), reach in axes
    ]


def _edges(padding: Sequence[tuple[int, int]]) -> dict[str, Any]:
    """Zeros at the edges of an image of two axes, as TensorFlow's parameters."""
    if not any(map(any, padding)):
        return {"padding": "VALID"}
    return {"padding": "EXPLICIT", "explicit_paddings": [0, 0, *itertools.chain(*padding), 0, 0]}


def _forward(x: Tensor, kernel: Tensor, strides: list[int], padding: list, reaches: list[int]) -> Tensor:
    geometry = {"strides": [1, *strides, 1], "dilations": [1, *reaches, 1]}
    if len(strides) == 2:
        return _ops.Conv2D(input=x, filter=kernel, **geometry, **_edges(padding))
    return _ops.Conv3D(input=_spread(x, padding, [1] * 3), filter=kernel, padding="VALID", **geometry)


def _kernel_gradient(x: Tensor, kernel: Tensor, padding: list, reaches: list[int], groups: int) -> Tensor:
    """The window is a convolution's gradient, the inputs' channels were its batch, the dilation was its stride.

    One image of several groups is that of a depthwise convolution: its channels are the groups.
    """
    rank = len(reaches)
    *window, batch, features = kernel.shape
    counts = [size + sum(edges) - (w - 1) * reach
              for size, edges, w, reach in zip(x.shape[1:-1], padding, window, reaches, strict=True)]  # fmt: skip
    gradient = tf.transpose(kernel, (rank, *range(rank), rank + 1))
    strides = [1, *reaches, 1]
    if groups > 1:
        image = tf.transpose(tf.reshape(x, (*x.shape[1:3], groups, batch)), (3, 0, 1, 2))
        found = _ops.DepthwiseConv2dNativeBackpropFilter(
            input=image, filter_sizes=[*counts, groups, features // groups], out_backprop=gradient, strides=strides,
            **_edges(padding))  # fmt: skip
        return tf.reshape(found, (1, *counts, features))
    image, sizes = tf.transpose(x, (rank + 1, *range(1, rank + 1), 0)), [*counts, x.shape[0], features]
    if rank == 2:
        found = _ops.Conv2DBackpropFilter(
            input=image, filter_sizes=sizes, out_backprop=gradient, strides=strides, **_edges(padding)
        )
    else:
        found = _ops.Conv3DBackpropFilterV2(
            input=_spread(image, padding, [1] * 3), filter_sizes=sizes, out_backprop=gradient, strides=strides,
            padding="VALID")  # fmt: skip
    return tf.transpose(found, (rank, *range(rank), rank + 1))


def _input_gradient(x: Tensor, kernel: Tensor, padding: list, inside: list[int], groups: int) -> Tensor | None:
    """Zeros between the elements undo a stride: the gradient for the inputs of a convolution with the turned kernel.

    None where that convolution would not have had zeros at the edges, but cut something off.
    """
    rank = len(inside)
    *window, _, features = kernel.shape
    if None in (*x.shape[1:-1], *window):
        return None
    axes = list(zip(x.shape[1:-1], window, padding, inside, strict=True))
    edges = [(w - 1 - low, max(w - 1 - high, 0)) for _, w, (low, high), _ in axes]
    cut = any(low > w - 1 or high - (w - 1) >= stride for _, w, (low, high), stride in axes)
    if cut or (groups > 1 and (rank == 3 or features != groups or len(set(inside)) > 1)):
        return None
    sizes = [windows.spread_size(size, low, high, stride) - (w - 1) for size, w, (low, high), stride in axes]
    turned = tf.reverse(kernel, list(range(rank)))
    turned = tf.transpose(turned, (*range(rank), rank + 1, rank))
    strides, batch = [1, *inside, 1], _sizes(x)[0]
    if rank == 2:
        operation = _ops.Conv2DBackpropInput if groups == 1 else _ops.DepthwiseConv2dNativeBackpropInput
        return operation(
            input_sizes=[batch, *sizes, features], filter=turned, out_backprop=x, strides=strides, **_edges(edges)
        )
    full = [size + low + high for size, (low, high) in zip(sizes, edges, strict=True)]
    found = _ops.Conv3DBackpropInputV2(
        input_sizes=[batch, *full, features], filter=turned, out_backprop=x, strides=strides, padding="VALID"
    )
    return tf.slice(found, [0, *(low for low, _ in edges), 0], [batch, *sizes, features])


def _spread(x: Tensor, padding: Sequence[tuple[int, int]], inside: Sequence[int]) -> Tensor:
    """An image with zeros at its edges and between its elements."""
    for axis, distance in enumerate(inside, start=1):
        if distance > 1:
            sizes = _sizes(x)
            between = [(0, (distance - 1) * (i == axis + 1)) for i in range(len(sizes) + 1)]
            apart = tf.pad(tf.expand_dims(x, axis + 1), between)
            joined = tf.reshape(apart, [*sizes[:axis], sizes[axis] * distance, *sizes[axis + 1 :]])
            sizes[axis] = (sizes[axis] - 1) * distance + 1
            x = tf.slice(joined, [0] * len(sizes), sizes)
    return tf.pad(x, [(0, 0), *padding, (0, 0)]) if any(map(any, padding)) else x


def _by_places(x: Tensor, kernel: Tensor, strides: list[int], reaches: list[int], groups: int) -> Tensor:
    """Convolution as matrix products: one for each place of the window, or of the result where that has fewer."""
    *window, depth, features = kernel.shape
    space, rank, batch = x.shape[1:-1], len(window), _sizes(x)[0]
    counts = list(map(windows.count, space, window, strides, reaches))
    image = tf.transpose(tf.reshape(x, (batch, *space, groups, depth)), (rank + 1, 0, *range(1, rank + 1), rank + 2))
    kernel = tf.reshape(kernel, (*window, depth, groups, features // groups))
    kernel = tf.transpose(kernel, (rank + 1, *range(rank), rank, rank + 2))
    whole = (slice(None), slice(None))
    if math.prod(window) > math.prod(counts):
        size = math.prod(window) * depth
        kernel = tf.reshape(kernel, (groups, size, features // groups))
        views = [
            tuple(slice(i * stride, i * stride + (w - 1) * reach + 1, reach)
                  for i, stride, w, reach in zip(place, strides, window, reaches, strict=True))
            for place in itertools.product(*map(range, counts))
        ]  # fmt: skip
        found = [tf.matmul(tf.reshape(image[(*whole, *view)], (groups, batch, size)), kernel) for view in views]
        result = tf.stack(found, axis=2)
    else:
        places = windows.views(space, window, strides, reaches)
        result = tf.add_n(
            [
                tf.matmul(tf.reshape(image[(*whole, *view)], (groups, -1, depth)), kernel[(slice(None), *place)])
                for place, view in places
            ]
        )
    result = tf.transpose(tf.reshape(result, (groups, -1, features // groups)), (1, 0, 2))
    return tf.reshape(result, (batch, *counts, features))


# --- transforms and linear algebra ----------------------------------------------------------------------------


_FFTS: tuple[tuple[Callable, ...], ...] = (
    (tf.signal.fft, tf.signal.fft2d, tf.signal.fft3d),
    (tf.signal.ifft, tf.signal.ifft2d, tf.signal.ifft3d),
    (tf.signal.rfft, tf.signal.rfft2d, tf.signal.rfft3d),
    (tf.signal.irfft, tf.signal.irfft2d, tf.signal.irfft3d),
)


def _fft(x: Tensor, *, fft_type: Any, fft_lengths: Sequence[int]) -> Tensor:
    kind = int(fft_type)
    function = _FFTS[kind][len(fft_lengths) - 1]
    return function(x) if kind < 2 else function(x, list(fft_lengths))


def _triangular_solve(a: Tensor, b: Tensor, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Tensor:
    if unit_diagonal:
        a = tf.linalg.set_diag(a, tf.ones(_sizes(a)[:-1], a.dtype))
    return tf.linalg.triangular_solve(tf.math.conj(a) if transpose_a else a, b, lower, adjoint=transpose_a)


def _lu(x: Tensor) -> list[Tensor]:
    """Column by column, with the largest element as pivot; TensorFlow's own gives no pivots, and refuses some x."""
    *leading, rows, columns = _sizes(x)
    steps, number, across = min(rows, columns), tf.range(rows), tf.range(columns)
    x = tf.reshape(x, (-1, rows, columns))
    batch = tf.shape(x)[0]

    def exchange(column: Tensor, packed: Tensor, order: Tensor, pivots: Tensor) -> tuple:
        below = number >= column
        size = tf.where(below, tf.abs(packed[:, :, column]), -tf.ones((), tf.abs(packed).dtype))
        pivot = tf.argmax(size, 1, tf.int32)[:, None]
        exchanged = tf.where(number == column, pivot, tf.where(number == pivot, column, number))
        packed, order = tf.gather(packed, exchanged, batch_dims=1), tf.gather(order, exchanged, batch_dims=1)
        first = packed[:, column, None, column]
        factor = tf.where(
            (number > column) & (first != 0), packed[:, :, column] / tf.where(first == 0, tf.ones_like(first), first), 0
        )
        eliminated = packed - factor[:, :, None] * tf.where(across > column, packed[:, column], 0)[:, None]
        stored = (number > column)[:, None] & (across == column)
        packed = tf.where(stored, factor[:, :, None], eliminated)
        return column + 1, packed, order, tf.where(tf.range(steps) == column, pivot, pivots)

    order, pivots = (tf.broadcast_to(tf.range(n), (batch, n)) for n in (rows, steps))
    _, packed, order, pivots = tf.while_loop(lambda column, *_: column < steps, exchange, (0, x, order, pivots))
    return [
        tf.reshape(packed, (*leading, rows, columns)),
        tf.reshape(pivots, (*leading, steps)),
        tf.reshape(order, (*leading, rows)),
    ]


def _eigh(x: Tensor, *, lower: bool) -> list[Tensor]:
    values, vectors = tf.linalg.eigh(x if lower else tf.linalg.adjoint(x))
    return [vectors, values]


def _svd(x: Tensor, *, full_matrices: bool, compute_uv: bool) -> list[Tensor]:
    if not compute_uv:
        return [tf.linalg.svd(x, compute_uv=False)]
    values, left, right = tf.linalg.svd(x, full_matrices=full_matrices)
    return [values, left, tf.linalg.adjoint(right)]


# --- control --------------------------------------------------------------------------------------------------


def _scan(*operands: Tensor, jaxpr: _jax.ClosedJaxpr, length: Any, reverse: bool, num_consts: int,
          num_carry: int) -> list[Tensor]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry, rows = operands[:num_consts], list(operands[num_consts:split]), operands[split:]
    results = [
        tf.TensorArray(_dtype(aval.dtype), length, element_shape=_static(aval.shape))
        for aval in jaxpr.out_avals[num_carry:]
    ]

    def body(step: Tensor, carry: list[Tensor], results: list[tf.TensorArray]) -> tuple:
        place = length - 1 - step if reverse else step
        values = walk(jaxpr, [*constants, *carry, *(tf.gather(x, place) for x in rows)])
        written = [stack.write(place, value) for stack, value in zip(results, values[num_carry:], strict=True)]
        return step + 1, values[:num_carry], written

    _, carry, results = tf.while_loop(
        lambda step, *_: step < length, body, (tf.constant(0), carry, results), maximum_iterations=length
    )
    return [*carry, *(stack.stack() for stack in results)]


def _static(shape: Sequence[Any]) -> list[int | None]:
    """A shape with None for the sizes that are known only when the graph runs."""
    return [int(size) if isinstance(size, (int, np.integer)) else None for size in shape]


def _while(*operands: Tensor, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Tensor]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], list(operands[split:])
    return list(
        tf.while_loop(
            lambda *state: walk(cond_jaxpr, [*test, *state])[0],
            lambda *state: walk(body_jaxpr, [*body, *state]),
            state,
        )
    )


def _cond(index: Tensor, *operands: Tensor, branches: Sequence[_jax.ClosedJaxpr]) -> list[Tensor]:
    index = tf.clip_by_value(tf.cast(index, tf.int32), 0, len(branches) - 1)
    return list(tf.switch_case(index, [lambda branch=branch: walk(branch, operands) for branch in branches]))


RULES: dict[str, Callable] = {
    "add": tf.add,
    "sub": tf.subtract,
    "mul": tf.multiply,
    "div": _div,
    "rem": _wide(_rem),
    "pow": _wide(tf.pow),
    "neg": _unsigned(lambda x: tf.bitwise.invert(x) + 1, tf.negative),
    "abs": _unsigned(tf.identity, tf.abs),
    "sign": _unsigned(lambda x: tf.cast(x != 0, x.dtype), tf.sign),
    "max": _extreme(tf.greater, tf.maximum),
    "min": _extreme(tf.less, tf.minimum),
    "floor": tf.floor,
    "round": tf.round,
    "exp": _wide(tf.exp),
    "expm1": _wide(tf.math.expm1),
    "log": _wide(tf.math.log),
    "log1p": _wide(tf.math.log1p),
    "sqrt": _wide(tf.sqrt),
    "sin": _wide(tf.sin),
    "cos": _wide(tf.cos),
    "atan2": _wide(tf.atan2),
    "tanh": _wide(tf.tanh),
    "logistic": _wide(tf.sigmoid),
    "erf": _wide(_erf),
    "erfc": _wide(tf.math.erfc),
    "eq": tf.equal,
    "ne": tf.not_equal,
    "lt": _compare(tf.less),
    "le": _compare(tf.less_equal),
    "select_n": lambda which, x, y: tf.where(which, y, x),
    "and": _bits(tf.logical_and, tf.bitwise.bitwise_and),
    "or": _bits(tf.logical_or, tf.bitwise.bitwise_or),
    "xor": _bits(tf.not_equal, tf.bitwise.bitwise_xor),
    "not": _bits(tf.logical_not, tf.bitwise.invert),
    "shift_left": _shift(tf.bitwise.left_shift),
    "shift_right_logical": _shift(tf.bitwise.right_shift),
    "shift_right_arithmetic": tf.bitwise.right_shift,
    "convert_element_type": _convert,
    "bitcast_convert_type": lambda x, *, new_dtype: tf.bitcast(x, _dtype(new_dtype)),
    "complex": tf.complex,
    "real": tf.math.real,
    "imag": tf.math.imag,
    "iota": _iota,
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda x, *, new_sizes: tf.reshape(x, list(new_sizes)),
    "transpose": lambda x, *, permutation: tf.transpose(x, permutation),
    "rev": lambda x, *, dimensions: tf.reverse(x, dimensions),
    "concatenate": lambda *operands, dimension: tf.concat(operands, dimension),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": lambda x, rows: tf.gather(x, _rows(rows)[:, 0]),
    "scatter": _scatter(tf.tensor_scatter_nd_update),
    "scatter-add": _scatter(tf.tensor_scatter_nd_add),
    "scatter-mul": _scatter_mul,
    "scatter-min": _scatter_extreme(tf.tensor_scatter_nd_min),
    "scatter-max": _scatter_extreme(tf.tensor_scatter_nd_max),
    "reduce_sum": _wide(_reduce(_ops.Sum)),
    "reduce_prod": _wide(_reduce(_ops.Prod)),
    "reduce_max": _reduce_extreme(_ops.Max),
    "reduce_min": _reduce_extreme(_ops.Min),
    "reduce_and": _reduce(_ops.All),
    "reduce_or": _reduce(_ops.Any),
    "argmax": _argmax,
    "cumsum": _wide(_cumsum),
    "sort": _sort,
    "dot_general": _dot_general,
    "conv_general_dilated": _conv,
    "fft": _fft,
    "cholesky": tf.linalg.cholesky,
    "triangular_solve": _triangular_solve,
    "lu": _lu,
    "qr": lambda x, *, full_matrices: list(tf.linalg.qr(x, full_matrices)),
    "eigh": _eigh,
    "svd": _svd,
    "dim_as_value": lambda *, dim: tf.cast(dim, tf.int32),
    "scan": _scan,
    "while": _while,
    "cond": _cond,
}

_by_table = by_name(RULES, "tensorflow")
walk = Walker(_find, constant, lambda value, axis: _sizes(value)[axis], tf.maximum, tf.minimum)

ENGINE = OnTensorFlow()
