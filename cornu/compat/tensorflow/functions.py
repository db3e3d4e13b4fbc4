"""The functions of TensorFlow's root: a row each, with TensorFlow's arguments over cornu's mathematics."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cornu import ops, tree
from cornu.compat.tensorflow.calls import as_array, is_concrete, is_symbolic, kind, served, sizes
from cornu.compat.tensors import TensorShape, Text
from cornu.errors import explain
from cornu.symbolic import op
from cornu.variables import Variable

# What needs more than one expression ----------------------------------------------------------------------------------


def constant(value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """A tensor of a value, filled up to a shape."""
    tensor = convert(value, dtype)
    if shape is None:
        return tensor
    return jnp.full(sizes(shape), tensor) if tensor.size == 1 else jnp.reshape(tensor, sizes(shape))


def convert(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    """A tensor of a value: Python's floats become float32, integers int32; text stays Python's."""
    if is_symbolic(value):
        return value if dtype is None else ops.cast(value, kind(dtype))
    if kind(dtype) == "string" or (dtype is None and _is_text(value)):
        return Text.of(value)
    return ops.convert_to_tensor(value if hasattr(value, "aval") else as_array(value), kind(dtype))


def _is_text(value: Any) -> bool:
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, (str, bytes)) or (isinstance(value, np.ndarray) and value.dtype.kind in "USO")


def shape_of(input: Any, out_type: Any = None) -> TensorShape:
    """The sizes of a tensor, as something that can be sliced and computed with."""
    return TensorShape(ops.shape(input))


@op
def gather_nd(params: Any, indices: Any, batch_dims: int = 0) -> Any:
    """params[indices[..., 0], indices[..., 1], ...]"""
    if batch_dims:
        return jax.vmap(lambda p, i: gather_nd(p, i, batch_dims - 1))(jnp.asarray(params), jnp.asarray(indices))
    return jnp.asarray(params)[tuple(jnp.moveaxis(jnp.asarray(indices), -1, 0))]


@op
def gather(params: Any, indices: Any, axis: int, batch_dims: int) -> Any:
    """Slices of `params` along an axis; the first `batch_dims` axes go together."""
    if batch_dims:
        axis = axis - 1 if axis > 0 else axis
        inner = lambda p, i: gather(p, i, axis, batch_dims - 1)  # noqa: E731
        return jax.vmap(inner)(jnp.asarray(params), jnp.asarray(indices))
    return jnp.take(jnp.asarray(params), jnp.asarray(indices), axis=axis)


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: int | None = None) -> Any:
    """Parts along an axis: so many, or of these sizes; one may be -1."""
    if isinstance(num_or_size_splits, (int, np.integer)):
        return ops.split(value, int(num_or_size_splits), axis)
    parts = [int(size) for size in num_or_size_splits]
    if -1 in parts:
        parts[parts.index(-1)] = value.shape[axis] - sum(parts) - 1
    return ops.split(value, np.cumsum(parts)[:-1].tolist(), axis)


def boolean_mask(tensor: Any, mask: Any, axis: int = 0) -> Any:
    """The elements where the mask is true: outside of compiled functions only."""
    if not is_concrete(tensor, mask):
        raise TypeError(
            explain(
                "tf.boolean_mask: how many elements are left isn't known in a compiled function.",
                fix="Use tf.where(mask, tensor, 0), or run the function in plain Python.",
            )
        )
    return jnp.compress(np.asarray(mask).ravel(), _merge_axes(convert(tensor), axis, np.ndim(mask)), axis=axis)


def _merge_axes(tensor: Any, axis: int, count: int) -> Any:
    shape = tensor.shape
    return tensor.reshape(*shape[:axis], -1, *shape[axis + count :])


def where(condition: Any, x: Any = None, y: Any = None) -> Any:
    """x where the condition holds, else y; with the condition alone the places where it holds, a row each."""
    if x is None and y is None:
        return jnp.argwhere(ops.convert_to_tensor(condition))
    return ops.where(condition, x, y)


def arange(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    """start, start + delta, ... below the limit; `arange(limit)` begins at 0."""
    start, limit = (0, start) if limit is None else (start, limit)
    return ops.arange(*(v.item() if hasattr(v, "item") else v for v in (start, limit, delta)), dtype=kind(dtype))


def strided(input_: Any, begin: Any, size: Any) -> Any:
    """A part of a tensor: where it begins and how large it is; -1 goes to the end."""
    ends = [None if s == -1 else b + s for b, s in zip(sizes(begin), sizes(size), strict=True)]
    return input_[tuple(slice(b, e) for b, e in zip(sizes(begin), ends, strict=True))]


def clip_by_global_norm(t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None) -> tuple[list, Any]:
    """Tensors scaled together so that their joint norm is at most `clip_norm`; and the norm that they had."""
    norm = global_norm(t_list) if use_norm is None else use_norm
    factor = clip_norm / ops.maximum(norm, clip_norm)
    return [None if t is None else t * factor for t in t_list], norm


def global_norm(t_list: Sequence[Any]) -> Any:
    """sqrt(sum of all squares)"""
    return ops.sqrt(sum(ops.sum(ops.square(t)) for t in t_list if t is not None))


def clip_by_norm(t: Any, clip_norm: Any, axes: Any = None) -> Any:
    """t * clip_norm / ||t|| where the norm is above `clip_norm`"""
    norm = ops.sqrt(ops.sum(ops.square(t), axis=axes, keepdims=axes is not None))
    return t * (clip_norm / ops.maximum(norm, clip_norm))


def cond(pred: Any, true_fn: Callable, false_fn: Callable) -> Any:
    """The result of one of two functions: chosen now, or in the compiled program."""
    if is_concrete(pred):
        return true_fn() if bool(pred) else false_fn()
    return ops.cond(pred, true_fn, false_fn)


def case(pred_fn_pairs: Any, default: Callable | None = None, exclusive: bool = False, strict: bool = False) -> Any:
    """The result of the first function whose condition holds."""
    pairs = list(pred_fn_pairs.items() if isinstance(pred_fn_pairs, dict) else pred_fn_pairs)
    if not pairs:
        if default is None:
            raise ValueError(explain("tf.case: no condition holds, and there is no default."))
        return default()
    (pred, function), rest = pairs[0], pairs[1:]
    if not rest and default is None:
        return function()
    return cond(pred, function, lambda: case(rest, default))


def while_loop(
    cond: Callable, body: Callable, loop_vars: Any, shape_invariants: Any = None, maximum_iterations: Any = None
) -> Any:
    """loop_vars = body(*loop_vars) while cond(*loop_vars); in plain Python, or in the compiled program."""
    values = list(loop_vars)
    if not is_concrete(values, cond(*values)):
        return list(ops.while_loop(cond, body, tuple(values), maximum_iterations))
    count = 0
    while bool(cond(*values)) and (maximum_iterations is None or count < maximum_iterations):
        result, count = body(*values), count + 1
        values = list(result) if isinstance(result, (list, tuple)) else [result]
    return values


def map_fn(fn: Callable, elems: Any, dtype: Any = None, fn_output_signature: Any = None) -> Any:
    """The results of a function on each slice along the first axis, stacked."""
    return ops.map(fn, _tensors(elems))


def _tensors(elems: Any) -> Any:
    """Tensors in tuples and dicts; a list is one tensor."""
    if isinstance(elems, dict):
        return {key: _tensors(value) for key, value in elems.items()}
    return tuple(map(_tensors, elems)) if isinstance(elems, tuple) else convert(elems)


def foldl(fn: Callable, elems: Any, initializer: Any = None) -> Any:
    """fn(... fn(fn(initializer, elems[0]), elems[1]) ...)"""
    return _fold(fn, elems, initializer, reverse=False)[0]


def foldr(fn: Callable, elems: Any, initializer: Any = None) -> Any:
    """As `foldl`, from the last to the first."""
    return _fold(fn, elems, initializer, reverse=True)[0]


def scan(fn: Callable, elems: Any, initializer: Any = None, infer_shape: bool = True, reverse: bool = False) -> Any:
    """All the values that `foldl` goes through."""
    return _fold(fn, elems, initializer, reverse)[1]


def _fold(fn: Callable, elems: Any, initializer: Any, reverse: bool) -> tuple[Any, Any]:
    elems = _tensors(elems)
    first, start = initializer, None
    if initializer is None:
        at, rest = (-1, slice(None, -1)) if reverse else (0, slice(1, None))
        first, elems = tree.map(lambda e: e[at], elems), tree.map(lambda e: e[rest], elems)
        start = first

    def step(carry: Any, x: Any) -> tuple[Any, Any]:
        new = fn(carry, x)
        return new, new

    last, passed = ops.scan(step, _tensors(first), elems, reverse=reverse)
    if start is not None:
        parts = (lambda a, b: [b, a[None]]) if reverse else (lambda a, b: [a[None], b])
        passed = tree.map(lambda a, b: jnp.concatenate(parts(a, b)), start, passed)
    return last, passed


def show(*inputs: Any, output_stream: Any = None, summarize: int = 3, sep: str = " ", end: str = "\n") -> None:
    """`tf.print`: prints values now, or each time the compiled function runs."""
    if is_concrete(list(inputs)):
        stream = {None: sys.stderr, "stderr": sys.stderr, "stdout": sys.stdout}.get(output_stream, output_stream)
        print(*(_text(value) for value in inputs), sep=sep, end=end, file=stream)
        return
    places = sep.join("{}" if hasattr(value, "dtype") else str(value).replace("{", "{{").replace("}", "}}")
                      for value in inputs)  # fmt: skip
    jax.debug.print(places, *(value for value in inputs if hasattr(value, "dtype")))


def _text(value: Any) -> str:
    return str(np.asarray(value)) if isinstance(value, (jax.Array, Variable)) else str(value)


def py_function(func: Callable, inp: Any, Tout: Any = None) -> Any:
    """Calls a Python function on tensors: outside of compiled functions only."""
    if not is_concrete(list(inp)):
        raise TypeError(
            explain(
                "tf.py_function: Python code can't run inside a compiled function.",
                fix="Compile with run_eagerly=True, or leave @tf.function out.",
            )
        )
    result = func(*(convert(value) for value in inp))
    return [convert(r) for r in result] if isinstance(result, (list, tuple)) else convert(result)


def numpy_function(func: Callable, inp: Any, Tout: Any = None, stateful: bool = True) -> Any:
    """Calls a Python function on NumPy arrays: outside of compiled functions only."""
    return py_function(lambda *args: func(*(np.asarray(a) for a in args)), inp)


def pad(tensor: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0) -> Any:
    """A tensor with borders: of a constant, or mirrored."""
    pairs = np.asarray(paddings).tolist() if not isinstance(paddings, (list, tuple)) else paddings
    pairs = [tuple(int(n) for n in pair) for pair in pairs]
    if mode.lower() == "constant":
        return ops.pad(tensor, pairs, "constant", constant_values)
    return ops.pad(tensor, pairs, mode.lower())


def meshgrid(*args: Any, indexing: str = "xy") -> list:
    """Coordinates along each axis, as grids."""
    return ops.meshgrid(*args, indexing=indexing)


def custom_gradient(f: Callable) -> Callable:
    """A function that gives its result and its own gradient function."""
    return ops.custom_gradient(f)


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor, a variable or symbolic."""
    return is_symbolic(x) or isinstance(x, Variable) or ops.is_tensor(x)


def _typed(function: Callable) -> Callable:
    """Functions that make an array of a value's shape, optionally of another dtype."""
    return lambda input, dtype=None: function(input, dtype=kind(dtype))


def _reduction(function: Callable) -> Callable:
    return lambda input_tensor, axis=None, keepdims=False: function(input_tensor, _axis(axis), keepdims=keepdims)


def _axis(axis: Any) -> Any:
    """Axes as integers: given as a number, a list, or a tensor."""
    if axis is None or isinstance(axis, int):
        return axis
    if np.ndim(axis) == 0:
        return int(axis)
    return tuple(int(a) for a in np.asarray(axis))


# The table ------------------------------------------------------------------------------------------------------------

ONE = (
    "abs ceil cos cosh erf exp expm1 floor isfinite isinf isnan log log1p logical_not negative reciprocal "
    "round rsqrt sigmoid sign sin sinh sqrt square tan tanh"
)
"""Functions of one tensor that are called the same."""

TWO = (
    "add divide equal greater greater_equal less less_equal logical_and logical_or logical_xor maximum minimum mod "
    "multiply not_equal subtract"
)
"""Functions of two tensors that are called the same."""

ELEMENTWISE: dict[str, Callable] = {
    **{name: (lambda f: lambda x: f(x))(getattr(ops, name)) for name in ONE.split()},
    **{name: (lambda f: lambda x, y: f(x, y))(getattr(ops, name)) for name in TWO.split()},
    "acos": lambda x: ops.arccos(x),
    "acosh": lambda x: ops.arccosh(x),
    "asin": lambda x: ops.arcsin(x),
    "asinh": lambda x: ops.arcsinh(x),
    "atan": lambda x: ops.arctan(x),
    "atan2": lambda y, x: ops.arctan2(y, x),
    "atanh": lambda x: ops.arctanh(x),
    "pow": lambda x, y: ops.power(x, y),
    "floordiv": lambda x, y: ops.floor_divide(x, y),
    "truediv": lambda x, y: ops.true_divide(x, y),
    "floormod": lambda x, y: ops.mod(x, y),
    "squared_difference": lambda x, y: ops.square(ops.subtract(x, y)),
    "complex": lambda real, imag: jax.lax.complex(convert(real), convert(imag)),
    "real": lambda input: ops.real(input),
    "imag": lambda input: ops.imag(input),
}

REDUCED = ("all", "any", "logsumexp", "max", "mean", "min", "prod", "std", "sum")

REDUCTIONS: dict[str, Callable] = {
    **{f"reduce_{name}": _reduction(getattr(ops, name)) for name in REDUCED},
    "reduce_variance": _reduction(ops.var),
    "reduce_euclidean_norm": lambda input_tensor, axis=None, keepdims=False: ops.sqrt(
        ops.sum(ops.square(input_tensor), _axis(axis), keepdims=keepdims)
    ),
    "argmax": lambda input, axis=0, output_type=None: ops.cast(ops.argmax(input, axis), kind(output_type) or "int32"),
    "argmin": lambda input, axis=0, output_type=None: ops.cast(ops.argmin(input, axis), kind(output_type) or "int32"),
    "cumsum": lambda x, axis=0, exclusive=False, reverse=False: _cumulative(jnp.cumsum, x, axis, exclusive, reverse),
    "cumprod": lambda x, axis=0, exclusive=False, reverse=False: _cumulative(jnp.cumprod, x, axis, exclusive, reverse),
    "add_n": lambda inputs: sum(inputs[1:], inputs[0]),
}


@op
def _cumulative(function: Callable, x: Any, axis: int, exclusive: bool, reverse: bool) -> Any:
    x = jnp.flip(jnp.asarray(x), axis) if reverse else jnp.asarray(x)
    total = function(x, axis)
    if exclusive:
        first = jnp.zeros_like(jnp.take(total, jnp.array([0]), axis)) + (function is jnp.cumprod)
        total = jnp.concatenate([first, jax.lax.slice_in_dim(total, 0, x.shape[axis] - 1, axis=axis)], axis)
    return jnp.flip(total, axis) if reverse else total


ARRAYS: dict[str, Callable] = {
    "constant": constant,
    "convert_to_tensor": convert,
    "cast": lambda x, dtype: ops.cast(x, kind(dtype)),
    "identity": lambda input: input if is_symbolic(input) else convert(input),
    "stop_gradient": lambda input: ops.stop_gradient(input),
    "custom_gradient": custom_gradient,
    "is_tensor": is_tensor,
    "shape": shape_of,
    "size": lambda input, out_type=None: ops.size(input),
    "rank": lambda input: len(ops.shape(input)),
    "reshape": lambda tensor, shape: ops.reshape(tensor, sizes(shape)),
    "transpose": lambda a, perm=None, conjugate=False: ops.transpose(a, None if perm is None else sizes(perm)),
    "expand_dims": lambda input, axis: ops.expand_dims(input, axis),
    "squeeze": lambda input, axis=None, squeeze_dims=None: ops.squeeze(
        input, _axis(axis if axis is not None else squeeze_dims)
    ),
    "concat": lambda values, axis=0: ops.concatenate(values, axis),
    "stack": lambda values, axis=0: ops.stack(values, axis),
    "unstack": lambda value, num=None, axis=0: ops.unstack(value, num, axis),
    "split": split,
    "tile": lambda input, multiples: ops.tile(input, sizes(multiples)),
    "repeat": lambda input, repeats, axis=None: ops.repeat(input, repeats, axis),
    "broadcast_to": lambda input, shape: ops.broadcast_to(input, sizes(shape)),
    "gather": lambda params, indices, axis=None, batch_dims=0: gather(
        params, indices, batch_dims if axis is None else axis, batch_dims
    ),
    "gather_nd": lambda params, indices, batch_dims=0: gather_nd(params, indices, batch_dims),
    "where": where,
    "boolean_mask": boolean_mask,
    "one_hot": lambda indices, depth, on_value=1, off_value=0, axis=-1, dtype=None: _one_hot(
        indices, depth, on_value, off_value, axis, dtype
    ),
    "range": arange,
    "linspace": lambda start, stop, num, axis=0: ops.linspace(start, stop, int(num), axis=axis),
    "zeros": lambda shape, dtype="float32": ops.zeros(sizes(shape), kind(dtype)),
    "ones": lambda shape, dtype="float32": ops.ones(sizes(shape), kind(dtype)),
    "fill": lambda dims, value: ops.full(sizes(dims), value, getattr(convert(value), "dtype", None)),
    "zeros_like": _typed(ops.zeros_like),
    "ones_like": _typed(ops.ones_like),
    "eye": lambda num_rows, num_columns=None, batch_shape=None, dtype="float32": ops.broadcast_to(
        ops.eye(num_rows, num_columns, dtype=kind(dtype)),
        (*sizes(batch_shape or ()), num_rows, num_columns or num_rows),
    ),
    "pad": pad,
    "reverse": lambda tensor, axis: ops.flip(tensor, _axis(axis)),
    "roll": lambda input, shift, axis: ops.roll(input, shift, axis),
    "slice": strided,
    "meshgrid": meshgrid,
    "matmul": lambda a, b, transpose_a=False, transpose_b=False: ops.matmul(
        _turned(a, transpose_a), _turned(b, transpose_b)
    ),
    "tensordot": lambda a, b, axes: ops.tensordot(a, b, axes),
    "einsum": lambda equation, *inputs: ops.einsum(equation, *inputs),
    "norm": lambda tensor, ord="euclidean", axis=None, keepdims=False: ops.norm(
        tensor, None if ord == "euclidean" else ord, _axis(axis), keepdims
    ),
    "sort": lambda values, axis=-1, direction="ASCENDING": _directed(ops.sort(values, axis), axis, direction),
    "argsort": lambda values, axis=-1, direction="ASCENDING", stable=False: ops.argsort(
        values if direction == "ASCENDING" else ops.negative(values), axis
    ),
    "searchsorted": lambda sorted_sequence, values, side="left": ops.searchsorted(sorted_sequence, values, side),
    "unique": lambda x: ops.unique(x, return_inverse=True),
    "clip_by_value": lambda t, clip_value_min, clip_value_max: ops.clip(t, clip_value_min, clip_value_max),
    "clip_by_norm": clip_by_norm,
    "clip_by_global_norm": clip_by_global_norm,
    "tensor_scatter_nd_update": lambda tensor, indices, updates: ops.scatter_update(tensor, indices, updates),
    "tensor_scatter_nd_add": lambda tensor, indices, updates: ops.scatter_update(tensor, indices, updates, "add"),
    "scatter_nd": lambda indices, updates, shape: ops.scatter(indices, updates, sizes(shape)),
    "sequence_mask": lambda lengths, maxlen=None, dtype="bool": _sequence_mask(lengths, maxlen, kind(dtype)),
    "ensure_shape": lambda x, shape: x,
    "get_static_value": lambda tensor: np.asarray(tensor) if is_concrete(tensor) else None,
    "cond": cond,
    "case": case,
    "while_loop": while_loop,
    "map_fn": map_fn,
    "vectorized_map": lambda fn, elems: ops.vectorized_map(fn, elems),
    "foldl": foldl,
    "foldr": foldr,
    "scan": scan,
    "print": show,
    "py_function": py_function,
    "numpy_function": numpy_function,
    "group": lambda *inputs: None,
    "no_op": lambda: None,
    "saturate_cast": lambda value, dtype: ops.saturate_cast(value, kind(dtype)),
}


def _turned(x: Any, transpose: bool) -> Any:
    return ops.swapaxes(x, -1, -2) if transpose else x


def _directed(values: Any, axis: int, direction: str) -> Any:
    return values if direction == "ASCENDING" else ops.flip(values, axis)


def _one_hot(indices: Any, depth: Any, on_value: Any, off_value: Any, axis: int, dtype: Any) -> Any:
    hot = ops.one_hot(indices, int(depth), axis=axis, dtype=kind(dtype) or "float32")
    on, off = (1 if on_value is None else on_value), (0 if off_value is None else off_value)
    return hot if (on, off) == (1, 0) else hot * (on - off) + off


def _sequence_mask(lengths: Any, maxlen: Any, dtype: str | None) -> Any:
    maxlen = int(ops.max(lengths)) if maxlen is None else int(maxlen)
    return ops.cast(ops.less(ops.arange(maxlen), ops.expand_dims(ops.convert_to_tensor(lengths), -1)), dtype)


ON_TEXT: dict[str, Callable] = {
    "boolean_mask": lambda tensor, mask, axis=None: np.compress(np.asarray(mask), tensor, axis=axis or 0),
    "concat": lambda values, axis: np.concatenate([np.asarray(v) for v in values], axis=axis),
    "equal": lambda x, y: np.asarray(x) == np.asarray(y),
    "expand_dims": lambda input, axis: np.expand_dims(input, axis),
    "gather": lambda params, indices, validate_indices=None, axis=0, batch_dims=0: np.take(
        np.asarray(params), np.asarray(indices), axis=axis
    ),
    "identity": lambda input: input,
    "not_equal": lambda x, y: np.asarray(x) != np.asarray(y),
    "repeat": lambda input, repeats, axis=None: np.repeat(np.asarray(input), repeats, axis=axis),
    "reshape": lambda tensor, shape: np.reshape(tensor, sizes(shape)),
    "squeeze": lambda input, axis=None: np.squeeze(input, None if axis is None else sizes(axis)),
    "stack": lambda values, axis=0: np.stack([np.asarray(v) for v in values], axis=axis),
    "unstack": lambda value, num=None, axis=0: list(np.moveaxis(value, axis, 0)),
    "where": lambda condition, x, y: np.where(np.asarray(condition), np.asarray(x), np.asarray(y)),
}
"""What can be done with text: by NumPy."""


def _or_text(name: str, function: Callable) -> Callable:
    """A function that takes text, too."""
    on_text = ON_TEXT.get(name)
    if on_text is None:
        return function

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        if not any(isinstance(value, Text) for value in tree.flatten((args, kwargs))):
            return function(*args, **kwargs)
        kwargs.pop("name", None)
        found = on_text(*args, **kwargs)
        return as_array(found) if isinstance(found, (np.ndarray, np.generic)) else found

    return call


ROOT = served({**ELEMENTWISE, **REDUCTIONS, **ARRAYS})
ROOT.update({name: _or_text(name, ROOT[name]) for name in ON_TEXT})
"""What stands in the root, by name."""
