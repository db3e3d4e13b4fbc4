"""The closed list of primitives: everything that an engine has to know.

Names, operands and parameters are those of `jax.lax`. Of a primitive that is general in JAX, the vocabulary holds one
plain form (the last column of its row, and the predicate behind it); `lower` rewrites every other use into it. So
an engine's rule is most often one line: a matrix product, an indexing by rows, a sort along one axis.

Elementwise primitives take arrays of one rank, where a size of one is repeated, or scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp

Form = Callable[[list, dict], bool]


@dataclass(frozen=True)
class Primitive:
    """One entry: `form(operand avals, parameters)` tells whether a use is in the plain form."""

    name: str
    group: str
    parameters: tuple[str, ...]
    meaning: str
    form: Form


def _kinds(*kinds: Any) -> Form:
    """Every operand's dtype is of one of the kinds (jax.numpy's abstract dtypes)."""
    return lambda avals, _: all(any(jnp.issubdtype(a.dtype, kind) for kind in kinds) for a in avals)


_bool = _kinds(jnp.bool_)
_numbers = _kinds(jnp.number)
_real = _kinds(jnp.floating, jnp.integer)
_float = _kinds(jnp.inexact)
_bits = _kinds(jnp.integer, jnp.bool_)
_signed = _kinds(jnp.signedinteger)
_unsigned = _kinds(jnp.unsignedinteger)


def _anything(avals: list, _: dict) -> bool:
    return True


def _same_float(avals: list, _: dict) -> bool:
    return _float(avals, {}) and avals[0].dtype == avals[1].dtype


def _plain_product(avals: list, params: dict) -> bool:
    return params["out_dtype"] is None and _numbers(avals, params)


def _boolean_choice(avals: list, _: dict) -> bool:
    return len(avals) == 3 and avals[0].dtype == jnp.bool_


def _real_source(avals: list, params: dict) -> bool:
    return not jnp.issubdtype(avals[0].dtype, jnp.complexfloating) or jnp.issubdtype(
        params["new_dtype"], jnp.complexfloating
    )


def _edges_only(_: list, params: dict) -> bool:
    return all(low >= 0 and high >= 0 and inside == 0 for low, high, inside in params["padding_config"])


def _no_permutation(_: list, params: dict) -> bool:
    return params["dimensions"] is None


def _strided(_: list, params: dict) -> bool:
    return params["strides"] is not None


def _one_axis(_: list, params: dict) -> bool:
    return len(params["shape"]) == 1


def _one_key(avals: list, params: dict) -> bool:
    return params["num_keys"] == 1 and params["is_stable"] and not jnp.issubdtype(avals[0].dtype, jnp.complexfloating)


def _matrices(avals: list, params: dict) -> bool:
    plain = {2: (((1,), (0,)), ((), ())), 3: (((2,), (1,)), ((0,), (0,)))}
    numbers, dtype = params["dimension_numbers"], params["preferred_element_type"]
    return dtype is not None and plain.get(len(avals[0].shape)) == numbers


def channels_last(rank: int) -> tuple[tuple[int, ...], ...]:
    """The `dimension_numbers` of the one convolution: (batch, *space, channels) and (*space, in, out)."""
    image = (0, rank - 1, *range(1, rank - 1))
    return image, (rank - 1, rank - 2, *range(rank - 2)), image


def _channels_last(avals: list, params: dict) -> bool:
    return (
        all(edge >= 0 for edges in params["padding"] for edge in edges)
        and tuple(map(tuple, params["dimension_numbers"])) == channels_last(len(avals[0].shape))
        and params["batch_group_count"] == 1
        and params["preferred_element_type"] is not None
    )


def _rows(avals: list, window: tuple, single: tuple, mapped: tuple, batched: tuple) -> bool:
    """Whether dimension numbers say: index number i of a column (K, 1) names a row of the operand."""
    operand, indices = avals[0], avals[1]
    return (
        len(indices.shape) == 2
        and tuple(window) == tuple(range(1, len(operand.shape)))
        and (tuple(single), tuple(mapped), tuple(batched)) == ((0,), (0,), ())
    )


def _gather_rows(avals: list, params: dict) -> bool:
    d = params["dimension_numbers"]
    return (
        tuple(params["slice_sizes"]) == (1, *avals[0].shape[1:])
        and params["mode"].name == "PROMISE_IN_BOUNDS"
        and _rows(avals, d.offset_dims, d.collapsed_slice_dims, d.start_index_map, d.operand_batching_dims)
    )


def _scatter_rows(avals: list, params: dict) -> bool:
    d = params["dimension_numbers"]
    return (
        params["mode"].name == "PROMISE_IN_BOUNDS"
        and avals[2].shape == (*avals[1].shape[:1], *avals[0].shape[1:])
        and _rows(avals, d.update_window_dims, d.inserted_window_dims, d.scatter_dims_to_operand_dims,
                  d.operand_batching_dims)
    )  # fmt: skip


def _replace_rows(avals: list, params: dict) -> bool:
    return params["update_jaxpr"] is None and _scatter_rows(avals, params)


def _plain_solve(_: list, params: dict) -> bool:
    return params["left_side"] and not params["conjugate_a"]


_GROUPS: dict[str, list[tuple]] = {
    "arithmetic": [
        ("add", "", "x + y; integers wrap around", _numbers),
        ("sub", "", "x - y; integers wrap around", _numbers),
        ("mul", "", "x y; integers wrap around", _plain_product),
        ("div", "", "x / y; integers are cut toward zero, x / 0 is -1", _numbers),
        ("rem", "", "x - y trunc(x / y), with the sign of x; integers: x rem 0 is x", _real),
        ("pow", "", "x to the power y, of one floating-point dtype", _same_float),
        ("neg", "", "-x", _numbers),
        ("abs", "", "|x|", _numbers),
        ("sign", "", "-1, 0 or 1; NaN stays NaN", _real),
        ("max", "", "the larger of x and y; NaN wins", _real),
        ("min", "", "the smaller of x and y; NaN wins", _real),
        ("floor", "", "the largest integer not above x", _float),
        ("round", "", "the nearest integer, halves to the even one", lambda _, p: int(p["rounding_method"]) == 1),
    ],
    "functions": [
        ("exp", "", "e to the x", _float),
        ("expm1", "", "e to the x, less 1, exact near 0", _float),
        ("log", "", "natural logarithm", _float),
        ("log1p", "", "log(1 + x), exact near 0", _float),
        ("sqrt", "", "square root", _float),
        ("sin", "", "sine", _float),
        ("cos", "", "cosine", _float),
        ("atan2", "", "the angle of the point (y, x), given y first", _kinds(jnp.floating)),
        ("tanh", "", "hyperbolic tangent", _float),
        ("logistic", "", "1 / (1 + e to the -x)", _float),
        ("erf", "", "error function", _kinds(jnp.floating)),
        ("erfc", "", "1 - erf(x), exact for large x", _kinds(jnp.floating)),
    ],
    "choice": [
        ("eq", "", "x = y", _anything),
        ("ne", "", "x is not y; true for NaN", _anything),
        ("lt", "", "x < y", _anything),
        ("le", "", "x <= y", _anything),
        ("select_n", "", "(p, x, y): x where p is false, y where it is true", _boolean_choice),
    ],
    "bits": [
        ("and", "", "and, of booleans or of each bit", _bits),
        ("or", "", "or, of booleans or of each bit", _bits),
        ("xor", "", "exclusive or, of booleans or of each bit", _bits),
        ("not", "", "not, of booleans or of each bit", _bits),
        ("shift_left", "", "x 2^y; zero where y is not below the width", _kinds(jnp.integer)),
        ("shift_right_logical", "", "unsigned x / 2^y; zero where y is not below the width", _unsigned),
        ("shift_right_arithmetic", "", "signed x / 2^y, rounded down", _signed),
    ],
    "types": [
        ("convert_element_type", "new_dtype", "a value in another dtype; floats to integers are cut and saturate",
         _real_source),
        ("bitcast_convert_type", "new_dtype", "the same bits as another dtype of the same width",
         lambda a, p: a[0].dtype.itemsize == jnp.dtype(p["new_dtype"]).itemsize),
        ("complex", "", "x + iy", _anything),
        ("real", "", "real part", _anything),
        ("imag", "", "imaginary part", _anything),
    ],
    "shapes": [
        ("iota", "dtype shape", "0, 1, 2, ... along one axis", _one_axis),
        ("dim_as_value", "dim", "an open dimension's size as an integer; only in programs that have open dimensions",
         _anything),
        ("broadcast_in_dim", "shape broadcast_dimensions", "operand axis i becomes axis broadcast_dimensions[i]", None),
        ("reshape", "new_sizes", "the same elements in row-major order", _no_permutation),
        ("transpose", "permutation", "result axis i is operand axis permutation[i]", _anything),
        ("rev", "dimensions", "reversed along the given axes", _anything),
        ("concatenate", "dimension", "operands one after the other along an axis", _anything),
        ("pad", "padding_config", "(x, value): (low, high, 0) further elements at the edges of each axis", _edges_only),
        ("slice", "start_indices limit_indices strides", "every strides-th element from start to limit", _strided),
    ],
    "indexing": [
        ("dynamic_slice", "slice_sizes", "(x, starts...): a box at a computed place, moved inside if it sticks out",
         _anything),
        ("dynamic_update_slice", "", "(x, box, starts...): x with the box written over it, moved inside", _anything),
        ("gather", "", "(x (N, ...), i (K, 1)): the rows x[i], (K, ...); every i is in 0..N-1", _gather_rows),
        ("scatter", "", "(x, i, u): x with row i[k] replaced by u[k]; the last one stays", _replace_rows),
        ("scatter-add", "", "(x, i, u): u[k] is added to row i[k], for every k", _scatter_rows),
        ("scatter-mul", "", "(x, i, u): row i[k] is multiplied by u[k], for every k", _scatter_rows),
        ("scatter-min", "", "(x, i, u): row i[k] becomes the smaller of itself and u[k]", _scatter_rows),
        ("scatter-max", "", "(x, i, u): row i[k] becomes the larger of itself and u[k]", _scatter_rows),
    ],
    "reductions": [
        ("reduce_sum", "axes", "sum over axes", _numbers),
        ("reduce_prod", "axes", "product over axes", _numbers),
        ("reduce_max", "axes", "largest over axes; NaN wins", _real),
        ("reduce_min", "axes", "smallest over axes; NaN wins", _real),
        ("reduce_and", "axes", "whether all are true", _bool),
        ("reduce_or", "axes", "whether any is true", _bool),
        ("argmax", "axes index_dtype", "the place of the first largest along one axis; the first NaN wins", _real),
        ("cumsum", "axis reverse", "running sum along an axis, from its end if reverse", _numbers),
        ("sort", "dimension", "all operands in the stable ascending order of the first one; NaN last", _one_key),
    ],
    "products": [
        ("dot_general", "preferred_element_type", "(m, k) by (k, n), or that for each of a leading axis", _matrices),
        ("conv_general_dilated", "window_strides padding lhs_dilation rhs_dilation feature_group_count "
         "preferred_element_type", "(n, *space, c) by (*window, c / groups, out), correlated", _channels_last),
        ("fft", "fft_type fft_lengths", "FFT, IFFT, RFFT or IRFFT over the last axes", _anything),
        ("cholesky", "", "lower triangular L of L L^H = x", _anything),
        ("triangular_solve", "lower transpose_a unit_diagonal", "(a, b): x of a x = b", _plain_solve),
        ("lu", "", "packed factors, pivots, permutation of P x = L U", _anything),
        ("qr", "full_matrices", "orthonormal Q and upper triangular R", lambda _, p: not p["pivoting"]),
        ("eigh", "lower", "eigenvectors and ascending eigenvalues of a Hermitian matrix",
         lambda _, p: p["subset_by_index"] is None),
        ("svd", "full_matrices compute_uv", "singular values, left and right vectors",
         lambda _, p: p["subset_by_index"] is None),
    ],
    "control": [
        ("scan", "jaxpr length reverse num_consts num_carry", "a loop over the leading axis, with a carried state",
         _anything),
        ("while", "cond_jaxpr cond_nconsts body_jaxpr body_nconsts", "a loop as long as a condition holds", _anything),
        ("cond", "branches", "(i, x...): branches[i](x...), i cut to the range", _anything),
    ],
}  # fmt: skip

VOCABULARY: dict[str, Primitive] = {
    name: Primitive(name, group, tuple(parameters.split()), meaning, form or _anything)
    for group, rows in _GROUPS.items()
    for name, parameters, meaning, form in rows
}


def admits(name: str, avals: list, params: dict) -> bool:
    """Whether a primitive, applied to such operands with such parameters, is in the vocabulary."""
    return name in VOCABULARY and VOCABULARY[name].form(avals, params)
