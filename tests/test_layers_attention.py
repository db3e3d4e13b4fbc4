"""Attention layers against Keras's."""

from __future__ import annotations

import numpy as np
from layer_harness import Row, normal, table

x, value, key = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 6)
steps = np.array([[True, True, False], [True, False, False]])
value_steps = np.array([[True, True, False, True, True], [True, False, False, True, False]])
pairs = np.arange(30).reshape(2, 3, 5) % 4 < 2
scores = {"value": value, "return_attention_scores": True}

MANY_HEADS = [
    Row(lambda L: L.MultiHeadAttention(2, 3), x, {"value": value}, policies=("mixed_float16", "float16")),
    Row(lambda L: L.MultiHeadAttention(2, 3, use_bias=False), x, {"value": value, "key": key}),
    Row(lambda L: L.MultiHeadAttention(2, 3, value_dim=5), x, {"value": x, "return_attention_scores": True}),
    Row(lambda L: L.MultiHeadAttention(2, 3, output_shape=6), x, {"value": x, "use_causal_mask": True}),
    Row(lambda L: L.MultiHeadAttention(2, 3, output_shape=(2, 3)), x, {"value": value}),
    Row(lambda L: L.MultiHeadAttention(2, 3, dropout=0.5, seed=7), x, {"value": value}, mask=steps),
    Row(lambda L: L.MultiHeadAttention(2, 3), x, {"value": value}, mask=steps),
    Row(lambda L: L.MultiHeadAttention(2, 3), x, {"value": value, "value_mask": value_steps}),
    Row(lambda L: L.MultiHeadAttention(2, 3), x, {"value": value, "key": key, "key_mask": value_steps}),
    Row(lambda L: L.MultiHeadAttention(2, 3), x, {"value": value, "attention_mask": pairs, "use_causal_mask": True}),
    Row(lambda L: L.MultiHeadAttention(2, 3, sliding_window=2), x, {"value": value}),
    Row(lambda L: L.MultiHeadAttention(2, 3, use_gate=True, kernel_regularizer="l2"), x, {"value": value}),
    Row(lambda L: L.MultiHeadAttention(2, 3, activity_regularizer="l2"), x, {"value": value}),
    Row(lambda L: L.MultiHeadAttention(2, 3), (2, 2, 3, 4), {"value": normal(2, 2, 3, 4)}),
    Row(lambda L: L.MultiHeadAttention(2, 3, attention_axes=2), (2, 2, 3, 4), {"value": normal(2, 2, 3, 4)}),
    Row(lambda L: L.GroupQueryAttention(3, 4, 2), x, {"value": value}),
    Row(lambda L: L.GroupQueryAttention(3, 4, 2), x, scores),
    Row(lambda L: L.GroupQueryAttention(3, 2, 1, use_bias=False), x, {"value": x, "use_causal_mask": True}, mask=steps),
    Row(lambda L: L.GroupQueryAttention(3, 2, 2, dropout=0.5, seed=7), x, {"value": value, "key": value}),
    Row(lambda L: L.GroupQueryAttention(3, 2, 1, use_gate=True), x, {"value": value, "attention_mask": pairs}),
]

ONE_HEAD = [
    Row(lambda L: L.Attention(), [x, value]),
    Row(lambda L: L.Attention(use_scale=True), [x, value, normal(2, 5, 4, seed=9)]),
    Row(lambda L: L.Attention(score_mode="concat", use_scale=True), [x, value]),
    Row(lambda L: L.Attention(score_mode="concat"), [x, value]),
    Row(lambda L: L.Attention(dropout=0.5, seed=7), [x, value], mask=[steps, value_steps]),
    Row(lambda L: L.Attention(), [x, value], {"use_causal_mask": True}, mask=[None, value_steps]),
    Row(lambda L: L.Attention(), [x, x], {"use_causal_mask": True, "return_attention_scores": True}),
    Row(lambda L: L.AdditiveAttention(), [x, value], mask=[steps, value_steps]),
    Row(lambda L: L.AdditiveAttention(use_scale=False, dropout=0.3, seed=7), [x, value]),
]


@table([*MANY_HEADS, *ONE_HEAD])
def test_layer(row, check):
    check(row)
