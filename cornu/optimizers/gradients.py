"""Gradients as plain arrays: their norms, clipping, finiteness."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp


def global_norm(gradients: Sequence[jax.Array]) -> jax.Array:
    """|g| = sqrt(sum over all arrays of sum(g^2))

    >>> float(global_norm([jnp.array([3.0]), jnp.array([[4.0]])]))
    5.0
    """
    return jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in gradients))


def clip_by_norm(gradient: jax.Array, limit: float) -> jax.Array:
    """g * limit / max(|g|, limit): its Euclidean norm is at most `limit`.

    >>> clip_by_norm(jnp.array([3.0, 4.0]), 2.5).tolist()
    [1.5, 2.0]
    """
    return gradient * limit / jnp.maximum(global_norm([gradient]), limit)


def clip_by_global_norm(gradients: Sequence[jax.Array], limit: float) -> list[jax.Array]:
    """g * min(1, limit / |all g|): the norm of all gradients together is at most `limit`, their direction stays.

    With a gradient that isn't finite all of them become NaN, so that it can't pass unseen (Pascanu et al., 2013).
    """
    norm = global_norm(gradients)
    # inf - inf and nan - nan are NaN; for a finite norm nothing is added.
    scale = limit * jnp.minimum(1.0 / norm, 1.0 / limit) + (norm - norm)
    return [gradient * scale for gradient in gradients]


def all_finite(gradients: Sequence[jax.Array]) -> jax.Array:
    """Whether no element is infinite or NaN.

    >>> bool(all_finite([jnp.array([1.0, 2.0]), jnp.array(float("inf"))]))
    False
    """
    return jnp.stack([jnp.all(jnp.isfinite(gradient)) for gradient in gradients]).all()
