"""Products, decompositions and solutions of systems of matrices. Axes before the last two are batches."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import jax.scipy.linalg as scipy_linalg

from cornu.errors import brief, explain
from cornu.ops.base import axes, floating, operation, tensor
from cornu.ops.core import jvp as jvp


def _matrix(x: Any, name: str, square: bool = False) -> jax.Array:
    x = tensor(x)
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        expected = "square matrices" if square else "2 axes or more"
        raise ValueError(explain(f"{name} takes matrices.", expected=expected, got=brief(x)))
    return x


# Products ------------------------------------------------------------------------------------------------------------


def _accumulator(*operands: jax.Array) -> str | None:
    """Products of 8-bit integers are added up in 32 bits."""
    return "int32" if all(x.dtype == "int8" for x in operands) else None


@operation()
def matmul(x1: Any, x2: Any) -> jax.Array:
    """y[..., i, k] = sum over j of x1[..., i, j] * x2[..., j, k]; a single axis is a row before and a column after

    >>> matmul([[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    x1, x2 = tensor(x1), tensor(x2)
    return jnp.matmul(x1, x2, preferred_element_type=_accumulator(x1, x2))


@operation()
def dot(x1: Any, x2: Any) -> jax.Array:
    """The sum of products over the last axis of x1 and the last but one of x2."""
    return jnp.dot(tensor(x1), tensor(x2))


@operation()
def vdot(x1: Any, x2: Any) -> jax.Array:
    """The sum of products of all elements, those of x1 conjugated."""
    return jnp.vdot(tensor(x1), tensor(x2))


@operation()
def inner(x1: Any, x2: Any) -> jax.Array:
    """The sum of products over the last axes of both."""
    return jnp.inner(tensor(x1), tensor(x2))


@operation()
def outer(x1: Any, x2: Any) -> jax.Array:
    """y[i, j] = x1[i] * x2[j], of the flattened tensors"""
    return jnp.outer(tensor(x1), tensor(x2))


@operation()
def kron(x1: Any, x2: Any) -> jax.Array:
    """The product of Kronecker: every element of x1 times all of x2, in blocks."""
    return jnp.kron(tensor(x1), tensor(x2))


@operation()
def tensordot(x1: Any, x2: Any, axes: Any = 2) -> jax.Array:
    """The sum of products over pairs of axes: the last `axes` of x1 with the first of x2, or two lists of axes."""
    return jnp.tensordot(tensor(x1), tensor(x2), axes)


@operation()
def einsum(subscripts: str, *operands: Any, **kwargs: Any) -> jax.Array:
    """The sum of products that Einstein's notation names.

    >>> einsum("ij,jk->ik", [[1, 2]], [[3], [4]]).tolist()
    [[11]]
    """
    operands = tuple(map(tensor, operands))
    return jnp.einsum(subscripts, *operands, **{"preferred_element_type": _accumulator(*operands), **kwargs})


@operation()
def cross(x1: Any, x2: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None) -> jax.Array:
    """The vector product: of vectors of size 3, the vector at right angles to both.

    >>> cross([1, 0, 0], [0, 1, 0]).tolist()
    [0, 0, 1]
    """
    return jnp.cross(tensor(x1), tensor(x2), axisa, axisb, axisc, axis)


@operation()
def correlate(x1: Any, x2: Any, mode: str = "valid") -> jax.Array:
    """y[k] = sum over n of x1[n + k] * conjugate(x2[n]); `mode` is "valid", "same" or "full"

    >>> correlate([1, 2, 3], [1, 1]).tolist()
    [3.0, 5.0]
    """
    return jnp.correlate(tensor(x1), tensor(x2), mode)


@operation()
def corrcoef(x: Any) -> jax.Array:
    """The coefficients of correlation between the rows of x.

    >>> corrcoef([[1.0, 2.0], [2.0, 4.0]]).round(3).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    return jnp.corrcoef(tensor(x))


@operation()
def trace(x: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> jax.Array:
    """The sum of a diagonal."""
    return jnp.trace(tensor(x), offset, axis1, axis2)


@operation()
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> jax.Array:
    """The size of vectors or matrices along an axis or two; by default the square root of the sum of squares.

    `ord`: for vectors a number or infinity, for matrices also "fro", "nuc", 1, 2 and their negatives.

    >>> float(norm([3.0, 4.0]))
    5.0
    """
    return jnp.linalg.norm(floating(x), ord, axes(axis), keepdims)


# Decompositions ------------------------------------------------------------------------------------------------------


@operation()
def cholesky(x: Any, upper: bool = False) -> jax.Array:
    """L with L Lᵀ = x, lower triangular; or U with Uᵀ U = x

    Raises:
        ValueError: where x isn't square, or isn't positive definite (when that can be seen: not in compiled functions,
            which give NaN).

    >>> cholesky([[4.0, 0.0], [0.0, 9.0]]).tolist()
    [[2.0, 0.0], [0.0, 3.0]]
    """
    result = jnp.linalg.cholesky(_matrix(x, "cholesky", square=True), upper=upper)
    if not isinstance(result, jax.core.Tracer) and bool(jnp.isnan(result).any()):
        raise ValueError(explain("cholesky failed.", expected="a positive definite matrix", got=brief(x)))
    return result


@operation()
def cholesky_inverse(x: Any, upper: bool = False) -> jax.Array:
    """The inverse of the matrix whose Cholesky factor is x: (L Lᵀ)⁻¹, or (Uᵀ U)⁻¹

    >>> cholesky_inverse([[2.0]]).tolist()
    [[0.25]]
    """
    x = _matrix(x, "cholesky_inverse", square=True)
    inverse = scipy_linalg.solve_triangular(x, jnp.eye(x.shape[-1], dtype=x.dtype), lower=not upper)
    transposed = jnp.swapaxes(inverse, -1, -2)
    return inverse @ transposed if upper else transposed @ inverse


@operation()
def qr(x: Any, mode: str = "reduced") -> tuple[jax.Array, jax.Array]:
    """Q with orthonormal columns and R upper triangular, Q R = x

    `mode`: "reduced", or "complete" for a square Q.

    >>> q, r = qr([[3.0], [4.0]])
    >>> abs(r).round(3).tolist()
    [[5.0]]
    """
    if mode not in ("reduced", "complete"):
        raise ValueError(explain("qr: unknown `mode`.", expected='"reduced" or "complete"', got=mode))
    return tuple(jnp.linalg.qr(_matrix(x, "qr"), mode))


@operation()
def svd(x: Any, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, the singular values s in descending order, and Vᵀ with U diag(s) Vᵀ = x; s alone without `compute_uv`

    >>> svd([[3.0, 0.0], [0.0, 4.0]], compute_uv=False).tolist()
    [4.0, 3.0]
    """
    result = jnp.linalg.svd(_matrix(x, "svd"), full_matrices, compute_uv)
    return tuple(result) if compute_uv else result


@operation()
def eig(x: Any) -> tuple[jax.Array, jax.Array]:
    """The eigenvalues, complex, and the eigenvectors as columns; on the CPU only."""
    values, vectors = jnp.linalg.eig(_matrix(x, "eig", square=True))
    return values, vectors


@operation()
def eigh(x: Any) -> tuple[jax.Array, jax.Array]:
    """The eigenvalues, ascending, and the eigenvectors as columns, of symmetric or Hermitian matrices.

    >>> eigh([[2.0, 0.0], [0.0, 1.0]])[0].tolist()
    [1.0, 2.0]
    """
    return tuple(jnp.linalg.eigh(_matrix(x, "eigh", square=True)))


@operation()
def lu_factor(x: Any) -> tuple[jax.Array, jax.Array]:
    """L and U of P x = L U in one matrix (the diagonal of L, all 1, left out), and the exchanged rows."""
    return tuple(scipy_linalg.lu_factor(_matrix(x, "lu_factor")))


# Solutions -----------------------------------------------------------------------------------------------------------


@operation()
def det(x: Any) -> jax.Array:
    """The determinant."""
    return jnp.linalg.det(_matrix(x, "det", square=True))


@operation()
def slogdet(x: Any) -> tuple[jax.Array, jax.Array]:
    """The sign of the determinant, and the logarithm of its absolute value."""
    return tuple(jnp.linalg.slogdet(_matrix(x, "slogdet", square=True)))


@operation()
def logdet(x: Any) -> jax.Array:
    """The logarithm of the absolute value of the determinant."""
    return jnp.linalg.slogdet(_matrix(x, "logdet", square=True))[1]


@operation()
def inv(x: Any) -> jax.Array:
    """The inverse matrix."""
    return jnp.linalg.inv(_matrix(x, "inv", square=True))


@operation()
def pinv(x: Any, rcond: float | None = None) -> jax.Array:
    """The pseudoinverse; singular values below `rcond` times the largest count as 0."""
    return jnp.linalg.pinv(_matrix(x, "pinv"), rcond)


@operation()
def matrix_rank(x: Any, tol: float | None = None) -> jax.Array:
    """The number of singular values above `tol`, as int32."""
    return jnp.linalg.matrix_rank(_matrix(x, "matrix_rank"), tol).astype("int32")


def _system(name: str, a: Any, b: Any) -> tuple[jax.Array, jax.Array]:
    a, b = _matrix(a, name, square=True), tensor(b)
    side = b.shape[-1] if b.ndim == a.ndim - 1 else b.shape[-2]
    if side != a.shape[-1]:
        raise ValueError(explain(f"{name}: `b` doesn't fit `a`.", expected=f"{a.shape[-1]} rows", got=brief(b)))
    return a, b


@operation()
def solve(a: Any, b: Any) -> jax.Array:
    """x with a x = b; b holds vectors where it has one axis less than a, else matrices

    >>> solve([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]).tolist()
    [1.0, 1.0]
    """
    a, b = _system("solve", a, b)
    return jnp.linalg.solve(a, b[..., None])[..., 0] if b.ndim == a.ndim - 1 else jnp.linalg.solve(a, b)


@operation()
def solve_triangular(a: Any, b: Any, lower: bool = False) -> jax.Array:
    """x with a x = b for a triangular a: what is above (or, without `lower`, below) the diagonal isn't read."""
    a, b = _system("solve_triangular", a, b)
    if b.ndim == a.ndim - 1:
        return scipy_linalg.solve_triangular(a, b[..., None], lower=lower)[..., 0]
    return scipy_linalg.solve_triangular(a, b, lower=lower)


@operation()
def lstsq(a: Any, b: Any, rcond: float | None = None) -> jax.Array:
    """x that makes the sum of squares of a x - b least.

    >>> lstsq([[1.0], [1.0]], [1.0, 3.0]).round(3).tolist()
    [2.0]
    """
    return jnp.linalg.lstsq(tensor(a), tensor(b), rcond)[0]


@operation()
def cdist(x: Any, y: Any) -> jax.Array:
    """d[..., i, j] = |x[..., i, :] - y[..., j, :]|: the distance of every point of x from every one of y

    The gradient is 0 where points coincide. Difference from Keras: there it is NaN.

    Raises:
        ValueError: for less than two axes, or points of different sizes.

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0]]).tolist()
    [[5.0]]
    """
    x, y = _matrix(x, "cdist"), _matrix(y, "cdist")
    if x.shape[-1] != y.shape[-1]:
        raise ValueError(explain("cdist: points of different sizes.", expected=brief(x), got=brief(y)))
    squares = jnp.sum(jnp.square(x[..., :, None, :] - y[..., None, :, :]), axis=-1)
    apart = squares > 0
    return jnp.where(apart, jnp.sqrt(jnp.where(apart, squares, 1)), 0)
