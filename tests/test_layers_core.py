"""The layers of core.py against Keras's, and what they say when they are used wrongly."""

from __future__ import annotations

import numpy as np
from layer_harness import Row, normal, table

integers = np.array([[1, 0, 3], [2, 2, 0]])

ROWS = [
    Row(lambda L: L.Dense(3), (2, 4), policies=("mixed_float16", "float16")),
    Row(lambda L: L.Dense(3, activation="relu", kernel_regularizer="l2", activity_regularizer="l1"), (2, 5, 4)),
    Row(lambda L: L.Dense(3, use_bias=False, activation="tanh"), (2, 5, 4), mask=np.ones((2, 5), bool)),
    Row(lambda L: L.Dense(2, kernel_constraint="non_neg"), np.arange(8).reshape(2, 4)),
    Row(lambda L: L.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d", activation="relu"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("...x,xy->...y", 3, bias_axes="y"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("ab...,bc->ac...", 3, bias_axes="c"), (2, 5, 4)),
    Row(lambda L: L.EinsumDense("abc,cde->abde", (None, 3, 2), bias_axes="e", bias_regularizer="l2"), (2, 5, 4)),
    Row(lambda L: L.Embedding(5, 3), integers),
    Row(lambda L: L.Embedding(5, 3, mask_zero=True, embeddings_regularizer="l2"), integers),
    Row(lambda L: L.Embedding(5, 3), integers.astype("float32")),
    Row(lambda L: L.ReversibleEmbedding(5, 3, mask_zero=True), integers),
    Row(lambda L: L.ReversibleEmbedding(5, 3, tie_weights=False), integers),
    Row(lambda L: L.ReversibleEmbedding(5, 3, logit_soft_cap=2.0), (2, 6, 3), {"reverse": True}),
    Row(lambda L: L.ReversibleEmbedding(5, 3, tie_weights=False), (2, 6, 3), {"reverse": True}),
    Row(lambda L: L.Masking(), np.where(np.arange(20).reshape(2, 5, 2) < 4, 0, normal(2, 5, 2))),
    Row(lambda L: L.Masking(1.5), np.full((2, 3, 4), 1.5, "float32")),
    Row(lambda L: L.Activation("softmax"), (2, 4)),
    Row(lambda L: L.Activation("gelu"), (2, 5, 4), mask=np.ones((2, 5), bool)),
    Row(lambda L: L.Identity(), [(2, 4), (2, 3)]),
]


@table(ROWS)
def test_layer(row, check):
    check(row)
