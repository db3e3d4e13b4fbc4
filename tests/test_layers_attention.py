"""Attention layers against Keras's."""

from __future__ import annotations

import numpy as np
from layer_harness import Row, normal, table

x, value, key = normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 6)
steps = np.array([[True, True, False], [True, False, False]])
value_steps = np.array([[True, True, False, True, True], [True, False, False, True, False]])
pairs = np.arange(30).reshape(2, 3, 5) % 4 < 2


def heads(L, **kwargs):
    return L.MultiHeadAttention(2, 3, **kwargs)


def groups(L, **kwargs):
    return L.GroupQueryAttention(3, 4, 2, **kwargs)


halves = ("mixed_bfloat16", "mixed_float16", "float16")
four = normal(2, 2, 3, 4)

MANY_HEADS = [
    Row(lambda L: heads(L, value_dim=5), x, {"value": x, "return_attention_scores": True}, policies=halves),
    Row(lambda L: heads(L, activity_regularizer="l2"), x, {"value": value}, mask=steps),
    Row(lambda L: heads(L, use_bias=False, use_gate=True), x, {"value": value, "key": key, "key_mask": value_steps}),
    Row(lambda L: heads(L, output_shape=6, kernel_regularizer="l2"), x, {"value": x, "use_causal_mask": True}),
    Row(lambda L: heads(L, output_shape=(2, 3)), x, {"value": value, "value_mask": value_steps}),
    Row(lambda L: heads(L, dropout=0.5, seed=7), x, {"value": value, "use_causal_mask": True}, mask=steps),
    Row(lambda L: heads(L, sliding_window=2), x, {"value": value, "attention_mask": pairs, "use_causal_mask": True}),
    Row(heads, four, {"value": four}),
    Row(lambda L: heads(L, attention_axes=2), four, {"value": four}),
    Row(groups, x, {"value": value, "return_attention_scores": True}),
    Row(lambda L: groups(L, use_bias=False), x, {"value": x, "use_causal_mask": True}, mask=steps),
    Row(lambda L: groups(L, dropout=0.5, seed=7, use_gate=True), x, {"value": value, "attention_mask": pairs}),
]

ONE_HEAD = [
    Row(lambda L: L.Attention(use_scale=True), [x, value, normal(2, 5, 4, seed=9)]),
    Row(lambda L: L.Attention(score_mode="concat", use_scale=True), [x, value]),
    Row(lambda L: L.Attention(dropout=0.5, seed=7), [x, value], mask=[steps, value_steps]),
    Row(lambda L: L.Attention(), [x, value], {"use_causal_mask": True}, mask=[None, value_steps]),
    Row(lambda L: L.Attention(), [x, x], {"use_causal_mask": True, "return_attention_scores": True}),
    Row(lambda L: L.AdditiveAttention(), [x, value], mask=[steps, value_steps]),
    Row(lambda L: L.AdditiveAttention(use_scale=False, dropout=0.3, seed=7), [x, value]),
]


@table([*MANY_HEADS, *ONE_HEAD])
def test_layer(row, check):
    check(row)
