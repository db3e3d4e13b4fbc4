"""PyTorch: a rule per primitive in PyTorch's own operations, on its default device.

There are two engines here. `torch` carries out a program equation by equation. `torch-compile` records the same rules'
operations as one graph, and has `torch.compile` make code of it.

PyTorch has few operations on unsigned integers wider than a byte. Inside of a program, they are held as the signed
integers of the same bits (`held`): sums, products and shifts to the left don't notice, and the rules for which the sign
matters take the keyword `unsigned`.
"""

from __future__ import annotations

import functools
import itertools
import math
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional

from cornu import _jax
from cornu.engines import windows
from cornu.engines.engine import Engine, lowered, require_concrete
from cornu.program.trace import Program
from cornu.program.walk import Walker, by_name

# --- values ---------------------------------------------------------------------------------------------------

_HELD = {torch.uint16: torch.int16, torch.uint32: torch.int32, torch.uint64: torch.int64}
_SIGN_BIT = {dtype: torch.iinfo(dtype).min for dtype in (torch.int8, torch.int16, torch.int32, torch.int64)}
_BITS = {"bfloat16": np.dtype("int16")}


@functools.cache
def torch_dtype(dtype: Any) -> torch.dtype:
    """PyTorch's dtype of NumPy's."""
    return getattr(torch, np.dtype(dtype).name)


def held(dtype: Any) -> torch.dtype:
    """The dtype in which the rules hold values of one of NumPy's dtypes."""
    found = torch_dtype(dtype)
    return _HELD.get(found, found)


def tensor(array: Any, own: bool = False) -> Tensor:
    """An array as a tensor of its dtype, on the default device; with `own`, or where it must not be written, a copy."""
    array = np.asarray(array)
    bits = array.view(_BITS.get(array.dtype.name, array.dtype))
    copied = np.array(bits) if own or not bits.flags.writeable or min(bits.strides, default=0) < 0 else bits
    found = torch.from_numpy(copied).to(torch.get_default_device())
    return found.view(torch.bfloat16) if array.dtype.name in _BITS else found


def numpy(value: Tensor) -> np.ndarray:
    """A tensor as an array."""
    value = value.detach().cpu().resolve_conj()
    if value.dtype == torch.bfloat16:
        return value.view(torch.int16).numpy().view(jnp.bfloat16)
    return value.numpy()


def constant(value: Any) -> Tensor:
    """A constant of the program, as the rules hold it."""
    return to_held(tensor(value, own=True))


def to_held(value: Tensor) -> Tensor:
    """A tensor as the rules hold it."""
    return value.view(_HELD[value.dtype]) if value.dtype in _HELD else value


# --- arithmetic and functions ---------------------------------------------------------------------------------


def _is_integer(x: Tensor) -> bool:
    return not (x.is_floating_point() or x.is_complex())


def _flip(x: Tensor) -> Tensor:
    """With the highest bit turned: unsigned integers in the order of the signed ones that hold them."""
    return x ^ _SIGN_BIT[x.dtype]


def _in_order(function: Callable) -> Callable:
    """Of a function for which order matters: unsigned integers are flipped, and where they come out, flipped back."""

    def rule(*operands: Tensor, unsigned: bool, **parameters: Any) -> Tensor:
        if not unsigned:
            return function(*operands, **parameters)
        result = function(*map(_flip, operands), **parameters)
        return _flip(result) if result.dtype == operands[0].dtype else result

    return rule


def _wide(x: Tensor) -> Tensor:
    """Unsigned integers of at most 32 bits by value."""
    return x.to(torch.int64) & (2 ** (8 * x.dtype.itemsize) - 1)


def _divide(x: Tensor, y: Tensor, *, unsigned: bool) -> Tensor:
    """Division by -1 is done as negation, since the processor's own traps for the least integer."""
    if not _is_integer(x):
        return torch.div(x, y)
    if unsigned:
        return _unsigned_division(x, y)[0]
    special = (y == 0) | (y == -1) if y.dtype.is_signed else y == 0
    quotient = torch.div(x, torch.where(special, 1, y), rounding_mode="trunc")
    return torch.where(y == 0, -1, torch.where(special, -x, quotient)).to(x.dtype)


def _rem(x: Tensor, y: Tensor, *, unsigned: bool) -> Tensor:
    if not _is_integer(x):
        return torch.fmod(x, y)
    if unsigned:
        return _unsigned_division(x, y)[1]
    special = (y == 0) | (y == -1) if y.dtype.is_signed else y == 0
    left = torch.fmod(x, torch.where(special, 1, y))
    return torch.where(y == 0, x, left).to(x.dtype)


def _unsigned_division(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Half of x by y, doubled, is the quotient or one less; a y with its highest bit goes into x once at most."""
    large, safe = y < 0, torch.where(y <= 0, 1, y)
    half = _shift_right_logical(x, 1)
    quotient = torch.where(large, 0, torch.div(half, safe, rounding_mode="trunc") << 1)
    left = x - quotient * y
    once_more = (_flip(left) >= _flip(y)).to(x.dtype)
    quotient, left = quotient + once_more, left - once_more * y
    return torch.where(y == 0, -1, quotient), torch.where(y == 0, x, left)


def _sign(x: Tensor, *, unsigned: bool) -> Tensor:
    if unsigned:
        return (x != 0).to(x.dtype)
    return torch.where(x != x, x, torch.sign(x)) if x.is_floating_point() else torch.sign(x)


def _width(x: Tensor) -> int:
    return 8 * x.dtype.itemsize


def _signed(number: int, dtype: torch.dtype) -> int:
    """A number that has at most the width of a dtype, as one of the dtype."""
    return number + 2 * _SIGN_BIT[dtype] if dtype in _SIGN_BIT and number >= -_SIGN_BIT[dtype] else number


def _shift_left(x: Tensor, y: Any) -> Tensor:
    if isinstance(y, int):  # products of integers use the processor's vectors, shifts don't
        return x * _signed(2**y, x.dtype) if y < _width(x) else torch.zeros_like(x)
    return torch.where(_below(y, _width(x)), x << (y & (_width(x) - 1)), 0)


def _shift_right_logical(x: Tensor, y: Any) -> Tensor:
    """The signed shift, without the copies of the sign that it moves in."""
    width = _width(x)
    if isinstance(y, int):
        if not x.dtype.is_signed:
            return x >> y if y < width else torch.zeros_like(x)
        return ((x >> y) & (2 ** (width - y) - 1) if y else x) if y < width else torch.zeros_like(x)
    inside = y & (width - 1)
    shifted = x >> inside
    if x.dtype.is_signed:
        shifted = torch.where(inside == 0, x, shifted & ~(_SIGN_BIT[x.dtype] >> (inside - 1)))
    return torch.where(_below(y, width), shifted, 0)


def _shift_right_arithmetic(x: Tensor, y: Any) -> Tensor:
    if isinstance(y, int):
        return x >> min(y, _width(x) - 1)
    return x >> torch.where(_below(y, _width(x)), y, _width(x) - 1)


def _below(y: Tensor, width: int) -> Tensor:
    """Whether a distance, read as unsigned, is below the width."""
    return (y < width) & (y >= 0)


# --- types ----------------------------------------------------------------------------------------------------


def _convert(x: Tensor, *, new_dtype: Any, unsigned: bool) -> Tensor:
    """Floats to integers are cut toward zero, saturate, and NaN becomes 0; anything but 0 is true."""
    new_dtype = np.dtype(new_dtype)
    dtype = held(new_dtype)
    if unsigned and new_dtype.kind != "b" and (new_dtype.kind not in "iu" or dtype.itemsize > x.dtype.itemsize):
        return _from_unsigned(x, dtype)
    if new_dtype.kind not in "iu" or not x.is_floating_point():
        return x.to(dtype)
    limits = np.iinfo(new_dtype)
    x = x.float() if x.dtype.itemsize < 4 else x
    low, high = float(limits.min), float(limits.max)  # of 32 bits and more, `high` is one more than the largest integer
    inside = torch.where((x > low) & (x < high), x, 0)
    cut = _to_unsigned_64(inside) if new_dtype.name == "uint64" else inside.to(torch.int64)
    ends = constant(np.array([limits.min, limits.max], new_dtype))
    return torch.where(x >= high, ends[1], torch.where(x <= low, ends[0], cut.to(dtype)))


def _from_unsigned(x: Tensor, dtype: torch.dtype) -> Tensor:
    if x.dtype != torch.int64:
        return _wide(x).to(dtype)
    half = (_shift_right_logical(x, 1) | (x & 1)).to(dtype)
    return torch.where(x < 0, half + half, x.to(dtype))


def _to_unsigned_64(x: Tensor) -> Tensor:
    return torch.where(x < 2.0**63, x.to(torch.int64), (x - 2.0**63).to(torch.int64) ^ _SIGN_BIT[torch.int64])


# --- shapes ---------------------------------------------------------------------------------------------------


def _iota(*, dtype: Any, shape: Sequence[int]) -> Tensor:
    return torch.arange(shape[0], dtype=held(dtype), device=torch.get_default_device())


def _broadcast_in_dim(x: Tensor, *, shape: Sequence[int], broadcast_dimensions: Sequence[int]) -> Tensor:
    if tuple(broadcast_dimensions) != tuple(range(len(shape) - x.dim(), len(shape))):
        sizes: list[Any] = [1] * len(shape)
        for size, axis in zip(x.shape, broadcast_dimensions, strict=True):
            sizes[axis] = size
        x = x.reshape(sizes)
    return x.expand(tuple(shape))


def _pad(x: Tensor, value: Any, *, padding_config: Sequence[tuple[int, int, int]]) -> Tensor:
    """With a number that a float holds, which PyTorch makes of it, in one operation."""
    edges = [edge for low, high, _ in reversed(padding_config) for edge in (low, high)]
    if isinstance(value, float) or (isinstance(value, int) and abs(value) <= 2**53):
        return functional.pad(x, edges, value=value)
    inside = functional.pad(torch.ones_like(x, dtype=torch.bool), edges, value=False)
    return torch.where(inside, functional.pad(x, edges), value)


def _slice(x: Tensor, *, start_indices: Sequence[int], limit_indices: Sequence[int], strides: Sequence[int]) -> Tensor:
    for axis, (start, limit, stride) in enumerate(zip(start_indices, limit_indices, strides, strict=True)):
        if stride != 1:
            x = x[(slice(None),) * axis + (slice(start, limit, stride),)]
        elif limit - start != x.shape[axis]:
            x = x.narrow(axis, start, limit - start)
    return x


# --- indexing -------------------------------------------------------------------------------------------------


def _places(start: Tensor, size: int, box: int) -> Tensor:
    """Where a box lies along an axis, moved inside."""
    return start.to(torch.int64).clamp(0, size - box) + torch.arange(box, device=start.device)


def _dynamic_slice(x: Tensor, *starts: Tensor, slice_sizes: Sequence[int]) -> Tensor:
    for axis, (start, box) in enumerate(zip(starts, slice_sizes, strict=True)):
        if box != x.shape[axis]:
            x = x.index_select(axis, _places(start, x.shape[axis], box))
    return x


def _dynamic_update_slice(x: Tensor, update: Tensor, *starts: Tensor) -> Tensor:
    partial_axes = [axis for axis in range(x.dim()) if x.shape[axis] != update.shape[axis]]
    places = [_places(start, size, box) for start, size, box in zip(starts, x.shape, update.shape, strict=True)]
    if not partial_axes:
        return update
    if len(partial_axes) == 1:
        return x.index_copy(partial_axes[0], places[partial_axes[0]], update)
    grid = [place.reshape([-1 if i == axis else 1 for i in range(x.dim())]) for axis, place in enumerate(places)]
    return torch.index_put(x, tuple(grid), update)


def _numbers(rows: Tensor) -> Tensor:
    """The rows' numbers as what PyTorch takes for them."""
    numbers = rows[:, 0]
    return numbers if numbers.dtype in (torch.int32, torch.int64) else numbers.to(torch.int64)


def _gather(x: Tensor, rows: Tensor) -> Tensor:
    return x.index_select(0, _numbers(rows))


def _scatter(x: Tensor, rows: Tensor, updates: Tensor) -> Tensor:
    """For each row, all that would be written there is the last of it: then the order of writing is of no matter."""
    numbers = rows[:, 0].to(torch.int64)
    order = torch.arange(numbers.shape[0], device=x.device)
    last = order.new_zeros(x.shape[0]).scatter_reduce(0, numbers, order, "amax")
    return x.index_copy(0, numbers, updates.index_select(0, last.index_select(0, numbers)))


def _scatter_add(x: Tensor, rows: Tensor, updates: Tensor) -> Tensor:
    return x.index_add(0, _numbers(rows), updates)


def _scatter_by(combine: str) -> Callable:
    def rule(x: Tensor, rows: Tensor, updates: Tensor) -> Tensor:
        numbers = rows[:, 0].to(torch.int64).reshape((-1,) + (1,) * (x.dim() - 1)).expand(updates.shape)
        return torch.scatter_reduce(x, 0, numbers, updates, combine)

    return rule


def _scatter_extreme(combine: str) -> Callable:
    scatter = _scatter_by(combine)

    def rule(x: Tensor, rows: Tensor, updates: Tensor, *, unsigned: bool) -> Tensor:
        return _flip(scatter(_flip(x), rows, _flip(updates))) if unsigned else scatter(x, rows, updates)

    return rule


# --- reductions -----------------------------------------------------------------------------------------------


def _few_apart(x: Tensor, axes: Sequence[int]) -> bool:
    """Whether a few elements that don't lie side by side are reduced, as in pooling: PyTorch is slow at that."""
    sizes = [x.shape[axis] for axis in axes]
    return max(axes) < x.ndim - 1 and all(isinstance(size, int) and 0 < size <= 4 for size in sizes)


def _slice_by_slice(combine: Callable, x: Tensor, axes: Sequence[int]) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = functools.reduce(combine, x.unbind(axis))
    return x


def _sum(x: Tensor, *, axes: Sequence[int]) -> Tensor:
    if not axes:
        return x
    if _few_apart(x, axes) and x.dtype not in (torch.float16, torch.bfloat16):
        return _slice_by_slice(torch.add, x, axes)
    return torch.sum(x, dim=tuple(axes), dtype=x.dtype)


def _prod(x: Tensor, *, axes: Sequence[int]) -> Tensor:
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, dim=axis, dtype=x.dtype)
    return x


def _extreme(function: Callable, combine: Callable, limit: str, infinity: float) -> Callable:
    """The largest or smallest; of nothing, the end of the dtype's range."""

    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        if not axes:
            return x
        if x.numel() == 0:
            of_nothing = infinity if x.is_floating_point() else getattr(torch.iinfo(x.dtype), limit)
            return x.new_full([size for axis, size in enumerate(x.shape) if axis not in axes], of_nothing)
        return _slice_by_slice(combine, x, axes) if _few_apart(x, axes) else function(x, dim=axes)

    return rule


def _over_all(function: Callable) -> Callable:
    def rule(x: Tensor, *, axes: Sequence[int]) -> Tensor:
        for axis in sorted(axes, reverse=True):
            x = function(x, dim=axis)
        return x

    return rule


def _argmax(x: Tensor, *, axes: Sequence[int], index_dtype: Any, unsigned: bool) -> Tensor:
    return torch.argmax(_flip(x) if unsigned else x, dim=axes[0]).to(held(index_dtype))


def _cumsum(x: Tensor, *, axis: int, reverse: bool) -> Tensor:
    if not reverse:
        return torch.cumsum(x, dim=axis, dtype=x.dtype)
    return torch.cumsum(x.flip(axis), dim=axis, dtype=x.dtype).flip(axis)


def _sort(*operands: Tensor, dimension: int, unsigned: bool) -> list[Tensor]:
    key = _flip(operands[0]) if unsigned else operands[0]
    order = torch.sort(key, dim=dimension, stable=True).indices
    return [torch.gather(operand, dimension, order) for operand in operands]


# --- products -------------------------------------------------------------------------------------------------


def _dot_general(a: Tensor, b: Tensor, *, preferred_element_type: Any) -> Tensor:
    dtype = held(preferred_element_type)
    a, b = a.to(dtype), b.to(dtype)
    if a.is_cuda and _is_integer(a):  # there are no such products on CUDA
        return torch.sum(a.unsqueeze(-1) * b.unsqueeze(-3), dim=-2, dtype=dtype)
    return torch.matmul(a, b)


def _conv(x: Tensor, kernel: Tensor, *, window_strides: Sequence[int], padding: Sequence, lhs_dilation: Sequence[int],
          rhs_dilation: Sequence[int], feature_group_count: int, preferred_element_type: Any) -> Tensor:  # fmt: skip
    """PyTorch's convolution, its transpose where the input is spread out, or that with respect to the kernel where the
    window is larger than the result: the two are the gradients of a convolution.
    """
    dtype = held(preferred_element_type)
    x, kernel = x.to(dtype), kernel.to(dtype)
    rank = x.dim() - 2
    options = (window_strides, padding, lhs_dilation, rhs_dilation, feature_group_count)
    if _is_integer(x) or 0 in x.shape or 0 in kernel.shape:
        return _conv_by_products(x, kernel, *options)
    if any(d > 1 for d in lhs_dilation):
        result = _conv_transposed(_channels_first(x), kernel, *options)
    elif _is_kernel_gradient(x.shape[1:-1], kernel.shape[:rank], padding, window_strides, rhs_dilation):
        return _kernel_gradient(x, kernel, window_strides, padding, rhs_dilation, feature_group_count)
    else:
        image, edges = _evenly_padded(_channels_first(x), padding)
        weights = kernel.permute(rank + 1, rank, *range(rank))
        result = _CONV[rank](image, weights, None, window_strides, edges, rhs_dilation, feature_group_count)
    return result.permute(0, *range(2, rank + 2), 1)


_CONV = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_CONV_TRANSPOSE = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}


def _channels_first(x: Tensor) -> Tensor:
    """A view: in memory the channels stay last."""
    return x.permute(0, x.dim() - 1, *range(1, x.dim() - 1))


def _evenly_padded(image: Tensor, padding: Sequence) -> tuple[Tensor, list[int]]:
    """The image, padded where the edges differ, and the padding that is left for the convolution itself."""
    even = [min(edges) for edges in padding]
    rest = [(low - edge, high - edge) for (low, high), edge in zip(padding, even, strict=True)]
    return _with_edges(image, rest), even


def _with_edges(image: Tensor, edges: Sequence[tuple[int, int]]) -> Tensor:
    """The image with further zeros along the axes of space, or with fewer elements."""
    if not any(edge for pair in edges for edge in pair):
        return image
    return functional.pad(image, [edge for pair in reversed(edges) for edge in pair])


def _conv_transposed(image: Tensor, kernel: Tensor, strides: Sequence[int], padding: Sequence, inside: Sequence[int],
                     reach: Sequence[int], groups: int) -> Tensor:  # fmt: skip
    """The transpose pads by the window's reach; what is too much is cut off."""
    rank = len(strides)
    *window, depth, features = kernel.shape
    weights = kernel.flip(tuple(range(rank))).reshape(*window, depth, groups, features // groups)
    weights = weights.permute(rank + 1, rank, rank + 2, *range(rank)).reshape(-1, features // groups, *window)
    cuts = [
        ((size - 1) * d - low, (size - 1) * d - high)
        for size, d, (low, high) in zip(window, reach, padding, strict=True)
    ]
    even = [max(0, min(cut)) for cut in cuts]
    result = _CONV_TRANSPOSE[rank](image, weights, None, inside, even, 0, groups, reach)
    result = _with_edges(result, [(edge - low, edge - high) for (low, high), edge in zip(cuts, even, strict=True)])
    for axis, stride in enumerate(strides, start=2):
        result = result[(slice(None),) * axis + (slice(None, None, stride),)] if stride != 1 else result
    return result


def _is_kernel_gradient(sizes: Sequence[int], window: Sequence[int], padding: Sequence, strides: Sequence[int],
                        reach: Sequence[int]) -> bool:  # fmt: skip
    """Whether there are fewer windows than places in one, and they use the whole image; not where sizes are open."""
    if not all(isinstance(size, int) for size in (*sizes, *window)):
        return False
    full = [size + low + high for size, (low, high) in zip(sizes, padding, strict=True)]
    counts = list(map(windows.count, full, window, strides, reach))
    back = list(map(windows.count, full, counts, reach, strides))
    return math.prod(counts) < math.prod(window) and back == list(window)


def _kernel_gradient(x: Tensor, kernel: Tensor, strides: Sequence[int], padding: Sequence, reach: Sequence[int],
                     groups: int) -> Tensor:  # fmt: skip
    """As the gradient of a convolution with respect to a kernel: of x (c, *space, groups n) as its images, and of the
    kernel (*places, n, out) as the gradient of its results; strides and dilation change their roles.
    """
    rank = len(strides)
    depth, *sizes = x.shape[:-1]
    *_, count, features = kernel.shape
    images = x.reshape(depth, *sizes, groups, count).permute(rank + 2, rank + 1, 0, *range(1, rank + 1))
    images, edges = _evenly_padded(images.reshape(count, groups * depth, *sizes), padding)
    gradient = kernel.permute(rank, rank + 1, *range(rank))
    axes = zip(images.shape[2:], edges, kernel.shape[:rank], strides, reach, strict=True)
    window = [windows.count(size + 2 * edge, w, stride, d) for size, edge, w, stride, d in axes]
    like = x.new_empty(features, depth, *window)
    result = torch.ops.aten.convolution_backward(
        gradient, images, like, None, reach, edges, strides, False, [0] * rank, groups, [False, True, False]
    )[1]
    return result.permute(1, *range(2, rank + 2), 0)


def _conv_by_products(x: Tensor, kernel: Tensor, strides: Sequence[int], padding: Sequence, inside: Sequence[int],
                      reach: Sequence[int], groups: int) -> Tensor:  # fmt: skip
    """A sum of matrix products, one for each place in the window: for dtypes without a convolution of their own."""
    x = _spread(x, padding, inside)
    *window, depth, features = kernel.shape
    axes = zip(x.shape[1:-1], window, strides, reach, strict=True)
    sizes = (x.shape[0], *(windows.count(*axis) for axis in axes))
    kernel = kernel.reshape(*window, depth, groups, features // groups)
    total = x.new_zeros(groups, math.prod(sizes), features // groups)
    for place, view in windows.views(x.shape[1:-1], window, strides, reach):
        by_group = x[(slice(None), *view)].reshape(math.prod(sizes), groups, depth).transpose(0, 1)
        total = total + _dot_general(by_group, kernel[place].transpose(0, 1), preferred_element_type=_numpy_name(x))
    return total.transpose(0, 1).reshape(*sizes, features)


def _numpy_name(x: Tensor) -> str:
    return str(x.dtype).removeprefix("torch.")


def _spread(x: Tensor, padding: Sequence, inside: Sequence[int]) -> Tensor:
    """An image with its zeros."""
    for axis, ((low, high), d) in enumerate(zip(padding, inside, strict=True), start=1):
        size = windows.spread_size(x.shape[axis], low, high, d)
        places = windows.spread_place(x.shape[axis], low, d)
        numbers = torch.arange(places.start, places.stop, places.step, device=x.device)
        x = x.new_zeros(*x.shape[:axis], size, *x.shape[axis + 1 :]).index_copy(axis, numbers, x)
    return x


_FFTS: tuple[Callable, ...] = (torch.fft.fftn, torch.fft.ifftn, torch.fft.rfftn, torch.fft.irfftn)


def _fft(x: Tensor, *, fft_type: Any, fft_lengths: Sequence[int]) -> Tensor:
    return _FFTS[int(fft_type)](x, s=tuple(fft_lengths), dim=tuple(range(-len(fft_lengths), 0)))


# --- linear algebra -------------------------------------------------------------------------------------------


def _cholesky(x: Tensor) -> Tensor:
    """NaN where a matrix is not positive definite."""
    factor, failed = torch.linalg.cholesky_ex(x)
    return torch.where((failed > 0)[..., None, None], torch.nan, factor)


def _triangular_solve(a: Tensor, b: Tensor, *, lower: bool, transpose_a: bool, unit_diagonal: bool) -> Tensor:
    a = a.mT if transpose_a else a
    return torch.linalg.solve_triangular(a, b, upper=lower == transpose_a, unitriangular=unit_diagonal)


def _lu(x: Tensor) -> list[Tensor]:
    packed, pivots = torch.linalg.lu_factor(x)
    permutation = torch.lu_unpack(packed, pivots, unpack_data=False)[0]
    return [packed, pivots - 1, torch.argmax(permutation.real, dim=-2).to(torch.int32)]


def _qr(x: Tensor, *, full_matrices: bool) -> list[Tensor]:
    return list(torch.linalg.qr(x, mode="complete" if full_matrices else "reduced"))


def _eigh(x: Tensor, *, lower: bool) -> list[Tensor]:
    values, vectors = torch.linalg.eigh(x, UPLO="L" if lower else "U")
    return [vectors, values]


def _svd(x: Tensor, *, full_matrices: bool, compute_uv: bool) -> list[Tensor]:
    if not compute_uv:
        return [torch.linalg.svdvals(x)]
    left, values, right = torch.linalg.svd(x, full_matrices=full_matrices)
    return [values, left, right]


# --- control --------------------------------------------------------------------------------------------------


def _scan(*operands: Tensor, jaxpr: _jax.ClosedJaxpr, length: int, reverse: bool, num_consts: int,
          num_carry: int) -> list[Tensor]:  # fmt: skip
    split = num_consts + num_carry
    constants, carry = operands[:num_consts], list(operands[num_consts:split])
    rows = list(zip(*(x.unbind(0) for x in operands[split:]), strict=True)) or [()] * length
    results: list[list[Tensor]] = []
    for row in reversed(rows) if reverse else rows:
        values = _inside(jaxpr, [*constants, *carry, *row])
        carry = values[:num_carry]
        results.append(values[num_carry:])
    if reverse:
        results.reverse()
    if not results:
        return [*carry, *(_empty(0, aval) for aval in jaxpr.out_avals[num_carry:])]
    return [*carry, *map(torch.stack, zip(*results, strict=True))]


def _empty(length: int, aval: Any) -> Tensor:
    return torch.empty((length, *aval.shape), dtype=held(aval.dtype), device=torch.get_default_device())


def _while(*operands: Tensor, cond_jaxpr: _jax.ClosedJaxpr, cond_nconsts: int, body_jaxpr: _jax.ClosedJaxpr,
           body_nconsts: int) -> list[Tensor]:  # fmt: skip
    split = cond_nconsts + body_nconsts
    test, body, state = operands[:cond_nconsts], operands[cond_nconsts:split], list(operands[split:])
    while _inside(cond_jaxpr, [*test, *state])[0]:
        state = _inside(body_jaxpr, [*body, *state])
    return state


def _cond(index: Tensor, *operands: Tensor, branches: Sequence[_jax.ClosedJaxpr]) -> list[Tensor]:
    return _inside(branches[min(max(int(index), 0), len(branches) - 1)], operands)


_walk_inside: ContextVar[Callable | None] = ContextVar("walk_inside", default=None)
"""What runs the programs inside of loops and branches where it is not `walk`."""


def _inside(closed: _jax.ClosedJaxpr, values: Sequence[Tensor]) -> list[Tensor]:
    return (_walk_inside.get() or walk)(closed, values)


RULES: dict[str, Callable] = {
    "add": torch.add,
    "sub": torch.sub,
    "mul": torch.mul,
    "div": _divide,
    "rem": _rem,
    "pow": torch.pow,
    "neg": torch.neg,
    "abs": lambda x, *, unsigned: x if unsigned else torch.abs(x),
    "sign": _sign,
    "max": _in_order(torch.maximum),
    "min": _in_order(torch.minimum),
    "floor": torch.floor,
    "round": torch.round,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log1p": torch.log1p,
    "sqrt": torch.sqrt,
    "sin": torch.sin,
    "cos": torch.cos,
    "atan2": torch.atan2,
    "tanh": torch.tanh,
    "logistic": torch.sigmoid,
    "erf": torch.erf,
    "erfc": torch.erfc,
    "eq": torch.eq,
    "ne": torch.ne,
    "lt": _in_order(torch.lt),
    "le": _in_order(torch.le),
    "select_n": lambda which, x, y: torch.where(which, y, x),
    "and": torch.bitwise_and,
    "or": torch.bitwise_or,
    "xor": torch.bitwise_xor,
    "not": torch.bitwise_not,
    "shift_left": _shift_left,
    "shift_right_logical": _shift_right_logical,
    "shift_right_arithmetic": _shift_right_arithmetic,
    "convert_element_type": _convert,
    "bitcast_convert_type": lambda x, *, new_dtype: x.view(held(new_dtype)),
    "complex": torch.complex,
    "real": torch.real,
    "imag": torch.imag,
    "iota": _iota,
    "dim_as_value": lambda *, dim: torch.full((), dim, dtype=torch.int32, device=torch.get_default_device()),
    "broadcast_in_dim": _broadcast_in_dim,
    "reshape": lambda x, *, new_sizes: x.reshape(tuple(new_sizes)),
    "transpose": lambda x, *, permutation: x.permute(tuple(permutation)),
    "rev": lambda x, *, dimensions: x.flip(tuple(dimensions)),
    "concatenate": lambda *operands, dimension: torch.cat(operands, dimension),
    "pad": _pad,
    "slice": _slice,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "scatter": _scatter,
    "scatter-add": _scatter_add,
    "scatter-mul": _scatter_by("prod"),
    "scatter-min": _scatter_extreme("amin"),
    "scatter-max": _scatter_extreme("amax"),
    "reduce_sum": _sum,
    "reduce_prod": _prod,
    "reduce_max": _in_order(_extreme(torch.amax, torch.maximum, "min", -math.inf)),
    "reduce_min": _in_order(_extreme(torch.amin, torch.minimum, "max", math.inf)),
    "reduce_and": _over_all(torch.all),
    "reduce_or": _over_all(torch.any),
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

_SIGN_MATTERS = {
    "div", "rem", "abs", "sign", "max", "min", "lt", "le", "convert_element_type", "scatter-min", "scatter-max",
    "reduce_max", "reduce_min", "argmax", "sort",
}  # fmt: skip
_TAKES_A_NUMBER = {"pad": 1, "shift_left": 1, "shift_right_logical": 1, "shift_right_arithmetic": 1}


def find(equation: _jax.Equation, rules: Mapping[str, Callable] = RULES) -> Callable:
    """The rule of an equation with its parameters, and what else a rule may ask for.

    That is whether the operands are unsigned integers held as signed ones, and the value of an operand that is a number
    in the program.
    """
    rule, name = by_name(rules, "torch")(equation), equation.primitive.name
    if name in _SIGN_MATTERS:
        aval: Any = equation.invars[0].aval
        rule = partial(rule, unsigned=torch_dtype(aval.dtype) in _HELD)
    operand = equation.invars[_TAKES_A_NUMBER[name]] if name in _TAKES_A_NUMBER else None
    if not isinstance(operand, _jax.Literal):
        return rule
    number = constant_bits(_jax.literal_value(operand)).item()
    return lambda x, _: rule(x, number)


walk = Walker(find, constant, size=lambda value, axis: value.shape[axis])


class OnTorch(Engine):
    """Interprets the lowered program, equation by equation, each by PyTorch's operations."""

    name = "torch"

    def compile(self, program: Program, donate: Sequence[int] = (), **_: Any) -> Callable[..., tuple]:
        """A function over tensors; no input is ever overwritten."""
        require_concrete(program)
        run = self._runner(lowered(program, self))
        inputs, outputs = ([aval.dtype for aval in avals] for avals in (program.inputs, program.outputs))

        def call(*values: Any) -> tuple:
            return tuple(map(given, run(list(map(taken, values, inputs))), outputs))

        return call

    def _runner(self, closed: _jax.ClosedJaxpr) -> Callable[[list[Tensor]], list[Tensor]]:
        return torch.inference_mode()(lambda values: walk(closed, values))

    def put(self, array: Any, own: bool = False) -> Tensor:
        return tensor(array, own)

    def get(self, value: Any) -> np.ndarray:
        return numpy(value)

    def loops_well(self, program: Program) -> bool:
        """A loop costs the same inside of a program and outside of it; outside, a step's results are there at once."""
        return False


def taken(value: Any, dtype: Any) -> Tensor:
    """An input as the rules hold it."""
    return to_held(value if isinstance(value, Tensor) else tensor(np.asarray(value, dtype)))


def given(value: Tensor, dtype: Any) -> Tensor:
    """A result of the rules in its own dtype."""
    return value.view(torch_dtype(dtype)) if torch_dtype(dtype) in _HELD else value


# --- recorded and compiled ------------------------------------------------------------------------------------


def recorder(rules: Mapping[str, Callable] = RULES) -> Walker:
    """A walker under which PyTorch may record what the rules do: constants are made by what is recorded itself.

    It is good for one recording.
    """

    def found(equation: _jax.Equation) -> Callable:
        rule = find(equation, rules)
        return lambda *operands: rule(*map(made, operands))

    return Walker(found, size=lambda value, axis: value.shape[axis])


def made(value: Any) -> Tensor:
    """A tensor of a constant."""
    if isinstance(value, Tensor):
        return value
    dtype, array = held(np.asarray(value).dtype), constant_bits(value)
    if array.ndim == 0:
        return torch.full((), array.item(), dtype=dtype, device=torch.get_default_device())
    return torch.tensor(array.tolist(), dtype=dtype, device=torch.get_default_device()).reshape(array.shape)


def constant_bits(value: Any) -> np.ndarray:
    """A constant as an array; unsigned integers as the signed ones of the same bits."""
    array = np.asarray(value)
    wide = array.dtype.kind == "u" and array.dtype.itemsize > 1
    return array.view(f"int{8 * array.dtype.itemsize}") if wide else array


_CONTROL = ("scan", "while", "cond")
_WORTH_COMPILING = 8
"""The number of equations from which on a piece of a program is compiled."""


class _Pieces:
    """Runs programs in pieces: what lies between loops and branches is compiled, and these themselves are Python."""

    def __init__(self) -> None:
        self._plans: weakref.WeakKeyDictionary[_jax.Jaxpr, tuple[dict, list]] = weakref.WeakKeyDictionary()

    def __call__(self, closed: _jax.ClosedJaxpr, inputs: Sequence[Tensor]) -> list[Tensor]:
        jaxpr = closed.jaxpr
        if jaxpr not in self._plans:
            self._plans[jaxpr] = (
                dict(zip(jaxpr.constvars, map(constant, closed.consts), strict=True)),
                list(self._cut(jaxpr)),
            )
        constants, pieces = self._plans[jaxpr]
        values = {**constants, **dict(zip(jaxpr.invars, inputs, strict=True))}
        for run, reads, writes in pieces:
            values.update(zip(writes, run([_value(values, atom) for atom in reads]), strict=True))
        return [_value(values, atom) for atom in jaxpr.outvars]

    def _cut(self, jaxpr: _jax.Jaxpr) -> Iterator[tuple[Callable, list, list]]:
        """What runs each piece, the atoms that it reads and the variables that it writes."""
        for is_control, group in itertools.groupby(jaxpr.eqns, lambda equation: equation.primitive.name in _CONTROL):
            equations = list(group)
            if is_control:
                for equation in equations:
                    rule = find(equation)
                    yield lambda values, rule=rule: rule(*values), list(equation.invars), list(equation.outvars)
            else:
                part, reads, writes = _jax.part(jaxpr, equations)
                yield (_piece(part) if len(equations) >= _WORTH_COMPILING else partial(walk, part)), reads, writes


def _value(values: dict, atom: Any) -> Tensor:
    return constant(_jax.literal_value(atom)) if isinstance(atom, _jax.Literal) else values[atom]


def _piece(part: _jax.ClosedJaxpr) -> Callable[[list[Tensor]], list[Tensor]]:
    """A program without control flow, compiled at its first run."""
    compiled: list[Callable] = []

    def run(values: list[Tensor]) -> list[Tensor]:
        values = [value.contiguous() for value in values]
        if not compiled:  # recorded of tensors that have nothing to do with each other, as the values might
            graph = make_fx(steps, tracing_mode="fake")(*map(torch.empty_like, values))
            compiled.append(torch.compile(graph, fullgraph=True, dynamic=False))
        return compiled[0](*values)

    def steps(*values: Tensor) -> list[Tensor]:
        return [made(value) for value in recorder()(part, values)]

    return run


class OnTorchCompiled(OnTorch):
    """Compiles what lies between the loops and branches of a program by `torch.compile`."""

    name = "torch-compile"

    def _runner(self, closed: _jax.ClosedJaxpr) -> Callable[[list[Tensor]], list[Tensor]]:
        pieces = _Pieces()

        def run(values: list[Tensor]) -> list[Tensor]:
            token = _walk_inside.set(pieces)
            try:
                return pieces(closed, values)
            finally:
                _walk_inside.reset(token)

        return torch.no_grad()(run)


ENGINE = OnTorch()
COMPILED = OnTorchCompiled()
