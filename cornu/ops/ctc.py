"""Connectionist temporal classification (Graves et al., 2006): loss and decoding of unaligned sequences."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cornu.errors import explain
from cornu.ops.base import operation, tensor

_IMPOSSIBLE = -1e5
"""A logarithm of a probability of 0 whose gradient is finite."""


@operation()
def ctc_loss(target: Any, output: Any, target_length: Any, output_length: Any, mask_index: int = 0) -> jax.Array:
    """-log of the probability of all paths that become the target when repetitions, then blanks are removed

    Args:
        target: classes, (batch, labels).
        output: logits, (batch, time, classes).
        target_length, output_length: how many labels and steps of each row count, (batch,).
        mask_index: the class of the blank.

    Returns a loss for each row. A target that no path can give has a loss of about 1e5.

    >>> float(ctc_loss([[1]], [[[0.0, 0.0]]], [1], [1]).round(3)[0])
    0.6930000185966492
    """
    target, target_length, output_length = (tensor(v, "int32") for v in (target, target_length, output_length))
    output = tensor(output)
    log_p = jax.nn.log_softmax(output.astype(jnp.promote_types(output.dtype, "float32")))
    # The path's states: blank, label 1, blank, label 2, ... blank.
    states = jnp.stack([jnp.full_like(target, mask_index), target], axis=-1).reshape(target.shape[0], -1)
    states = jnp.pad(states, ((0, 0), (0, 1)), constant_values=mask_index)
    new_label = jnp.logical_and(states[:, 2:] != mask_index, states[:, 2:] != states[:, :-2])
    emitted = jnp.moveaxis(jnp.take_along_axis(log_p, states[:, None, :], axis=2), 1, 0)
    counts = jnp.arange(output.shape[1])[:, None] < output_length

    def step(alpha: jax.Array, at: tuple) -> tuple[jax.Array, None]:
        emission, counted = at
        from_previous = jnp.pad(alpha[:, :-1], ((0, 0), (1, 0)), constant_values=_IMPOSSIBLE)
        over_blank = jnp.where(new_label, alpha[:, :-2], _IMPOSSIBLE)
        over_blank = jnp.pad(over_blank, ((0, 0), (2, 0)), constant_values=_IMPOSSIBLE)
        arrived = jnp.logaddexp(jnp.logaddexp(alpha, from_previous), over_blank) + emission
        return jnp.where(counted[:, None], arrived, alpha), None

    start = jnp.full(states.shape, _IMPOSSIBLE, log_p.dtype).at[:, 0].set(0.0)
    alpha, _ = jax.lax.scan(step, start, (emitted, counts))
    last = 2 * target_length[:, None]
    on_blank, on_label = (jnp.take_along_axis(alpha, jnp.maximum(last - i, 0), axis=1)[:, 0] for i in (0, 1))
    return -jnp.logaddexp(on_blank, jnp.where(target_length > 0, on_label, _IMPOSSIBLE))


@operation()
def ctc_decode(
    inputs: Any,
    sequence_lengths: Any,
    strategy: str = "greedy",
    beam_width: int = 100,
    top_paths: int = 1,
    merge_repeated: bool = True,
    mask_index: int = 0,
) -> tuple[jax.Array, jax.Array]:
    """The likeliest sequences of labels for outputs in time.

    Args:
        inputs: logits, (batch, time, classes); "greedy" adds up the largest of them as they are.
        sequence_lengths: how many steps of each row count, (batch,).
        strategy: "greedy" takes the likeliest class of each step; "beam_search" keeps the `beam_width` likeliest
            prefixes, each with all its paths, and gives the `top_paths` best sequences.
        merge_repeated: whether "greedy" drops repetitions.
        mask_index: the class of the blank.

    Returns the labels, (paths, batch, time), filled up with -1, and scores, (batch, paths): for "greedy" minus the sum
    of the largest logits, for "beam_search" the logarithm of the probability.

    >>> labels, _ = ctc_decode([[[0.0, 5.0], [0.0, 5.0], [5.0, 0.0], [0.0, 5.0]]], [4])
    >>> labels.tolist()
    [[[1, 1, -1, -1]]]
    """
    inputs, lengths = tensor(inputs), tensor(sequence_lengths, "int32")
    inputs = inputs.astype(jnp.promote_types(inputs.dtype, "float32"))
    mask_index = inputs.shape[-1] - 1 if mask_index is None else mask_index
    counts = jnp.arange(inputs.shape[1]) < lengths[:, None]
    if strategy == "greedy":
        return _greedy(inputs, counts, merge_repeated, mask_index)
    if strategy != "beam_search":
        raise ValueError(explain("ctc_decode: unknown `strategy`.", expected='"greedy" or "beam_search"', got=strategy))
    log_p = jax.nn.log_softmax(inputs)
    paths, scores = jax.vmap(lambda p, c: _beam_search(p, c, beam_width, top_paths, mask_index))(log_p, counts)
    return jnp.moveaxis(paths, 1, 0), scores


def _greedy(inputs: jax.Array, counts: jax.Array, merge_repeated: bool, mask_index: int) -> tuple[jax.Array, jax.Array]:
    labels = jnp.where(counts, jnp.argmax(inputs, axis=-1), mask_index)
    kept = labels != mask_index
    if merge_repeated:
        kept = kept.at[:, 1:].set(jnp.logical_and(kept[:, 1:], labels[:, 1:] != labels[:, :-1]))
    order = jnp.argsort(jnp.logical_not(kept), axis=-1)
    labels = jnp.take_along_axis(jnp.where(kept, labels, -1), order, axis=-1)
    scores = -jnp.sum(jnp.where(counts, jnp.max(inputs, axis=-1), 0.0), axis=1)
    return labels[None], scores[:, None]


def _beam_search(
    log_p: jax.Array, counts: jax.Array, width: int, top_paths: int, mask_index: int
) -> tuple[jax.Array, jax.Array]:
    """Prefix beam search for one sequence, from log-probabilities (time, classes) and which steps count.

    A prefix has two probabilities: that of its paths that end in a blank, and of those that end in its last label.
    """

    def step(beam: tuple, at: tuple) -> tuple[tuple, None]:
        emission, counted = at
        return jax.lax.cond(counted, lambda: _advance(beam, emission, mask_index), lambda: beam), None

    nothing = jnp.full(width, -jnp.inf, log_p.dtype)
    start = (jnp.full((width, len(log_p)), -1), jnp.zeros(width, int), nothing.at[0].set(0.0), nothing)
    (prefixes, _, on_blank, on_label), _ = jax.lax.scan(step, start, (log_p, counts))
    scores, best = jax.lax.top_k(jnp.logaddexp(on_blank, on_label), top_paths)
    return prefixes[best], scores


def _advance(beam: tuple, emission: jax.Array, mask_index: int) -> tuple:
    prefixes, length, on_blank, on_label = beam
    slots, classes = jnp.arange(len(prefixes)), jnp.arange(len(emission))
    score = jnp.logaddexp(on_blank, on_label)
    tail = jnp.where(length > 0, prefixes[slots, length - 1], -1)
    # Each prefix grows by each label; by its own last one only from paths that end in a blank.
    grown = jnp.where(tail[:, None] == classes, on_blank[:, None], score[:, None]) + emission
    grown = grown.at[:, mask_index].set(-jnp.inf)
    # What would grow into a prefix that is there already is added to that one.
    parent = _parents(prefixes, length, score)
    joined = jnp.where(parent >= 0, grown[parent, tail], -jnp.inf)
    grown = grown.at[jnp.where(parent >= 0, parent, len(slots)), tail].set(-jnp.inf, mode="drop")
    stayed_blank = score + emission[mask_index]
    stayed_label = jnp.logaddexp(jnp.where(length > 0, on_label + emission[tail], -jnp.inf), joined)
    # The likeliest ones stay or grow: column 0 is staying.
    candidates = jnp.concatenate([jnp.logaddexp(stayed_blank, stayed_label)[:, None], grown], axis=1)
    _, best = jax.lax.top_k(candidates.ravel(), len(slots))
    source, label = best // (len(classes) + 1), best % (len(classes) + 1) - 1
    stays = label < 0
    written = prefixes[source].at[slots, length[source]].set(label, mode="drop")
    return (
        jnp.where(stays[:, None], prefixes[source], written),
        length[source] + jnp.logical_not(stays),
        jnp.where(stays, stayed_blank[source], -jnp.inf),
        jnp.where(stays, stayed_label[source], grown[source, label]),
    )


def _parents(prefixes: jax.Array, length: jax.Array, score: jax.Array) -> jax.Array:
    """For each prefix the place of the one that it is without its last label; -1 where that isn't kept."""
    shortened = prefixes.at[jnp.arange(len(prefixes)), length - 1].set(-1)
    same = jnp.all(shortened[:, None] == prefixes, axis=-1)
    possible = jnp.logical_and(length > 0, score > -jnp.inf)
    same = jnp.logical_and(same, possible[:, None])
    return jnp.where(same.any(axis=1), jnp.argmax(same, axis=1), -1)
