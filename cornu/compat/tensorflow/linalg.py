"""`tf.linalg`."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp

from cornu import ops
from cornu.compat.tensorflow.calls import mathematics, missing, served
from cornu.compat.tensorflow.functions import ARRAYS
from cornu.compat.tensorflow.math import _MORE


@mathematics
def _band_part(input: Any, num_lower: int, num_upper: int) -> Any:
    """The matrix with zeros beyond so many diagonals; -1 keeps a whole triangle."""
    rows, columns = jnp.arange(input.shape[-2])[:, None], jnp.arange(input.shape[-1])
    keep = (num_lower < 0) | (rows - columns <= num_lower)
    return jnp.where(keep & ((num_upper < 0) | (columns - rows <= num_upper)), input, 0)


@mathematics
def _diag(diagonal: Any) -> Any:
    """Matrices with these diagonals."""
    return diagonal[..., None] * jnp.eye(diagonal.shape[-1], dtype=diagonal.dtype)


LINALG = served(
    {
        "band_part": lambda input, num_lower, num_upper: _band_part(input, num_lower, num_upper),
        "cholesky": lambda input: ops.cholesky(input),
        "det": lambda input: ops.det(input),
        "diag": lambda diagonal: _diag(diagonal),
        "diag_part": lambda input: ops.diagonal(input, axis1=-2, axis2=-1),
        "eigh": lambda tensor: ops.eigh(tensor),
        "inv": lambda input, adjoint=False: ops.inv(input),
        "lstsq": lambda matrix, rhs, l2_regularizer=0.0, fast=True: ops.lstsq(matrix, rhs),
        "matvec": lambda a, b: ops.squeeze(ops.matmul(a, ops.expand_dims(b, -1)), -1),
        "pinv": lambda a: ops.pinv(a),
        "qr": lambda input, full_matrices=False: ops.qr(input, "complete" if full_matrices else "reduced"),
        "set_diag": lambda input, diagonal: input - _band_part(input, 0, 0) + _diag(diagonal),
        "slogdet": lambda input: ops.slogdet(input),
        "solve": lambda matrix, rhs, adjoint=False: ops.solve(matrix, rhs),
        "trace": lambda x: ops.trace(x, axis1=-2, axis2=-1),
        "triangular_solve": lambda matrix, rhs, lower=True: ops.solve_triangular(matrix, rhs, lower),
        "l2_normalize": _MORE["l2_normalize"],
        **{name: ARRAYS[name] for name in ("einsum", "eye", "matmul", "norm", "tensordot")},
    }
)
globals().update(LINALG)


def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """The singular values, and u and v with tensor = u diag(s) v^T: in TensorFlow's order (s, u, v)."""
    if not compute_uv:
        return ops.svd(tensor, full_matrices, compute_uv=False)
    u, s, v = ops.svd(tensor, full_matrices)
    return s, u, ops.swapaxes(v, -1, -2)


def __getattr__(name: str) -> Any:
    raise missing("linalg", name, [*LINALG, "svd"])
