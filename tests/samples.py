"""Targets and predictions for the tests of losses and metrics."""

from __future__ import annotations

import numpy as np


def numbers(shape, low=-2.0, high=2.0, seed=0):
    return np.random.default_rng(seed).uniform(low, high, shape).astype("float32")


def probabilities(shape, seed=1):
    raw = numbers(shape, 0.05, 1.0, seed)
    return raw / raw.sum(-1, keepdims=True)


def one_hot(shape, seed=2):
    return np.eye(shape[-1], dtype="float32")[labels(shape, seed)]


def labels(shape, seed=2):
    return np.random.default_rng(seed).integers(0, shape[-1], shape[:-1]).astype("int32")


def bits(shape, seed=3):
    return np.random.default_rng(seed).integers(0, 2, shape).astype("float32")


def unit_vectors(shape):
    raw = numbers(shape)
    return raw / np.linalg.norm(raw, axis=-1, keepdims=True)


TARGETS = {
    "numbers": lambda s: (numbers(s, seed=5), numbers(s)),
    "positive": lambda s: (numbers(s, 0.1, 3, seed=5), numbers(s, 0.1, 3)),
    "signs": lambda s: (2 * bits(s) - 1, numbers(s)),
    "bits": lambda s: (bits(s), numbers(s)),
    "binary": lambda s: (bits(s), numbers(s, 0.01, 0.99)),
    "binary logits": lambda s: (bits(s), numbers(s, -5, 5)),
    "one-hot": lambda s: (one_hot(s), probabilities(s)),
    "one-hot logits": lambda s: (one_hot(s), numbers(s, -5, 5)),
    "labels": lambda s: (labels(s), probabilities(s)),
    "column of labels": lambda s: (labels(s)[..., None], probabilities(s)),
    "label logits": lambda s: (labels(s), numbers(s, -5, 5)),
    "embeddings": lambda s: (np.array([0, 1, 0, 1, 2, 0]), unit_vectors((6, 3))),
}
"""Targets and predictions of a shape."""
