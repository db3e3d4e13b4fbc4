"""Normalization and activation layers against Keras's."""

from __future__ import annotations

import numpy as np
from layer_harness import Row, normal, table

steps = np.array([[True, True, False], [True, False, False]])

NORMALIZATION = [
    Row(lambda L: L.BatchNormalization(), (4, 3), policies=("mixed_float16", "float16")),
    Row(lambda L: L.BatchNormalization(momentum=0.8, epsilon=1e-5, gamma_regularizer="l2"), (2, 3, 4), mask=steps),
    Row(lambda L: L.BatchNormalization(axis=1, center=False), (2, 3, 4, 2)),
    Row(lambda L: L.BatchNormalization(scale=False, beta_constraint="non_neg"), (2, 3, 4, 2)),
    Row(lambda L: L.BatchNormalization(trainable=False), (4, 3)),
    Row(lambda L: L.LayerNormalization(), (2, 3, 4), mask=steps, policies=("mixed_float16", "float16")),
    Row(lambda L: L.LayerNormalization(axis=[1, 2], scale=False), (2, 3, 4)),
    Row(lambda L: L.LayerNormalization(axis=1, center=False, epsilon=1e-6, gamma_regularizer="l1"), (2, 3, 4)),
    Row(lambda L: L.LayerNormalization(axis=(2, 3)), (2, 3, 4, 2)),
    Row(lambda L: L.LayerNormalization(rms_scaling=True), (2, 3, 4)),
    Row(lambda L: L.GroupNormalization(groups=2), (2, 3, 4)),
    Row(lambda L: L.GroupNormalization(groups=-1, scale=False), (2, 3, 5, 4)),
    Row(lambda L: L.GroupNormalization(groups=3, axis=1, center=False), (2, 6, 5, 4)),
    Row(lambda L: L.UnitNormalization(), (2, 3, 4), mask=steps),
    Row(lambda L: L.UnitNormalization(axis=[1, 2]), (2, 3, 4)),
    Row(lambda L: L.RMSNormalization(), (2, 3, 4), policies=("mixed_float16", "float16")),
    Row(lambda L: L.RMSNormalization(axis=[1, 2], epsilon=1e-3), (2, 3, 4)),
    Row(lambda L: L.SpectralNormalization(L.Dense(3), power_iterations=2), (2, 4)),
]

ACTIVATION = [
    Row(lambda L: L.ReLU(), (2, 3, 4), mask=steps),
    Row(lambda L: L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.2), (2, 3, 4)),
    Row(lambda L: L.ReLU(max_value=6), 5 * normal(2, 3, 4)),
    Row(lambda L: L.LeakyReLU(), (2, 3, 4)),
    Row(lambda L: L.LeakyReLU(negative_slope=0.1), (2, 3, 4)),
    Row(lambda L: L.ELU(alpha=0.5), (2, 3, 4), unlike=("alpha",)),
    Row(lambda L: L.PReLU(), (2, 3, 4)),
    Row(lambda L: L.PReLU(shared_axes=1, alpha_regularizer="l2", alpha_constraint="non_neg"), (2, 3, 4)),
    Row(lambda L: L.PReLU(shared_axes=[1, 2]), (2, 3, 4, 2)),
    Row(lambda L: L.Softmax(), (2, 3, 4)),
    Row(lambda L: L.Softmax(axis=1), (2, 3), {"mask": steps}),
    Row(lambda L: L.Softmax(axis=[1, 2]), (2, 3, 4)),
    Row(lambda L: L.Softmax(axis=(1, 2)), (2, 3, 4), {"mask": np.arange(24).reshape(2, 3, 4) % 5 < 3}),
    Row(lambda L: L.Softmax(), (2, 3), {"mask": np.array([[0.0, 0.6, 1.0], [0.0, 0.0, 0.0]], "float32")}),
]


@table([*NORMALIZATION, *ACTIVATION])
def test_layer(row, check):
    check(row)
