"""What the layers say when they are made or called wrongly: each error names the layer and the argument."""

from __future__ import annotations

import numpy as np
import pytest

import cornu.layers as L
from cornu.symbolic import KerasTensor


def ones(*shape):
    return np.ones(shape, "float32")


ARGUMENTS = [
    (lambda: L.Dense(0), r"Dense: argument `units` is wrong\.\n  expected: a positive integer\n  got:      0"),
    (lambda: L.Dense(2.5, name="d"), r"Dense 'd': argument `units`(.|\n)*2.5"),
    (lambda: L.Dense(True), r"argument `units`"),
    (lambda: L.Dense(3, use_bias="no"), r"argument `use_bias`"),
    (lambda: L.Dense(3, activation="rleu"), r"Unknown activation 'rleu'. Did you mean 'relu'"),
    (lambda: L.Dense(3, kernel_initializer="glorot"), r"Unknown initializer 'glorot'"),
    (lambda: L.Dense(3, kernal_regularizer="l2"), r"unknown argument `kernal_regularizer`. Did you mean 'kernel_regul"),
    (lambda: L.Dense(3, lora_rank=2), r"Dense 'dense.*': unknown argument `lora_rank`"),
    (lambda: L.EinsumDense(3, 4), r"EinsumDense: argument `equation`"),
    (lambda: L.Embedding(0, 4), r"Embedding: argument `input_dim`"),
    (lambda: L.Embedding(4, -1), r"Embedding: argument `output_dim`"),
    (lambda: L.ReversibleEmbedding(4, 2, logit_soft_cap=0), r"argument `logit_soft_cap`"),
    (lambda: L.Lambda(3), r"Lambda: argument `function`"),
    (lambda: L.Wrapper(3), r"Wrapper: argument `layer`(.|\n)*a layer"),
    (lambda: L.Input(), r"Input 'input.*': the shape is missing"),
    (lambda: L.Input((3,), batch_shape=(2, 3)), r"given twice"),
    (lambda: L.Input(batch_size=2, batch_shape=(2, 3)), r"given twice"),
    (lambda: L.Input((3, "x")), r"argument `shape`"),
    (lambda: L.Input((3,), ragged=True), r"ragged"),
    (lambda: L.Input(tensor=ones(2)), r"argument `tensor`"),
    (lambda: L.Input(tensor=KerasTensor((None, 3)), dtype="int32"), r"argument `dtype`(.|\n)*float32(.|\n)*int32"),
    (lambda: L.Dropout(1.5), r"Dropout: argument `rate`(.|\n)*\[0, 1\]"),
    (lambda: L.Dropout(0.5, noise_shape=(0, 2)), r"argument `noise_shape`"),
    (lambda: L.Dropout(0.5, seed=-1), r"argument `seed`"),
    (lambda: L.SpatialDropout2D(0.5, data_format="last"), r"argument `data_format`"),
    (lambda: L.SpatialDropout2D(2), r"SpatialDropout2D: argument `rate`"),
    (lambda: L.GaussianDropout(1), r"GaussianDropout: argument `rate`(.|\n)*\[0, 1\)"),
    (lambda: L.GaussianNoise(-1), r"GaussianNoise: argument `stddev`"),
    (lambda: L.AlphaDropout(1), r"AlphaDropout: argument `rate`"),
    (lambda: L.ActivityRegularization(l1=-1), r"argument `l1`"),
    (lambda: L.Flatten(data_format="first"), r"Flatten: argument `data_format`"),
    (lambda: L.Reshape((-1, -1)), r"Reshape: argument `target_shape`"),
    (lambda: L.Permute((0, 1)), r"Permute: argument `dims`"),
    (lambda: L.RepeatVector(0), r"RepeatVector: argument `n`"),
    (lambda: L.Cropping1D(-1), r"Cropping1D: argument `cropping`"),
    (lambda: L.Cropping2D(((1, 2), (1, -2))), r"Cropping2D: argument `cropping`"),
    (lambda: L.Cropping3D((1, 1)), r"Cropping3D: argument `cropping`"),
    (lambda: L.ZeroPadding1D((1, 2, 3)), r"ZeroPadding1D: argument `padding`"),
    (lambda: L.ZeroPadding2D("same"), r"ZeroPadding2D: argument `padding`"),
    (lambda: L.ZeroPadding3D(1.5), r"ZeroPadding3D: argument `padding`"),
    (lambda: L.UpSampling1D(0), r"UpSampling1D: argument `size`"),
    (lambda: L.UpSampling2D((1, 2, 3)), r"UpSampling2D: argument `size`"),
    (lambda: L.UpSampling2D(2, interpolation="linear"), r"argument `interpolation`(.|\n)*bilinear"),
    (lambda: L.Concatenate(axis="last"), r"Concatenate: argument `axis`"),
    (lambda: L.Dot(axes=(1, 2, 3)), r"Dot: argument `axes`"),
    (lambda: L.BatchNormalization(momentum=2), r"BatchNormalization: argument `momentum`"),
    (lambda: L.BatchNormalization(renorm=True), r"BatchNormalization: argument `renorm`"),
    (lambda: L.LayerNormalization(axis="last"), r"LayerNormalization: argument `axis`"),
    (lambda: L.LayerNormalization(epsilon=-1), r"argument `epsilon`"),
    (lambda: L.GroupNormalization(groups=0), r"GroupNormalization: argument `groups`"),
    (lambda: L.UnitNormalization(axis=[]), r"UnitNormalization: argument `axis`"),
    (lambda: L.SpectralNormalization(L.Dense(2), power_iterations=0), r"argument `power_iterations`"),
    (lambda: L.ReLU(max_value=-1), r"ReLU: argument `max_value`"),
    (lambda: L.LeakyReLU(negative_slope=-1), r"LeakyReLU: argument `negative_slope`"),
    (lambda: L.ELU(alpha="x"), r"ELU: argument `alpha`"),
    (lambda: L.PReLU(shared_axes=0), r"PReLU: argument `shared_axes`"),
    (lambda: L.Softmax(axis="last"), r"Softmax: argument `axis`"),
    (lambda: L.MultiHeadAttention(0, 2), r"MultiHeadAttention: argument `num_heads`"),
    (lambda: L.MultiHeadAttention(2, 0), r"MultiHeadAttention: argument `key_dim`"),
    (lambda: L.MultiHeadAttention(2, 2, dropout=1), r"MultiHeadAttention: argument `dropout`"),
    (lambda: L.MultiHeadAttention(2, 2, sliding_window=0), r"argument `sliding_window`"),
    (lambda: L.GroupQueryAttention(2, 3, 2), r"multiple of num_key_value_heads=2"),
    (lambda: L.Attention(score_mode="add"), r"Attention: argument `score_mode`"),
]

CALLS = [
    (lambda: L.Dense(2, name="d")(ones(3)), r"Layer 'd'(.|\n)*at least 2 axes"),
    (lambda: L.Dense(2, name="d")(KerasTensor((None, None))), r"Layer 'd': the size of axis -1(.|\n)*must be known"),
    (lambda: L.Dense(2, name="d")([ones(2, 2), ones(2, 2)]), r"Layer 'd': wrong number of inputs"),
    (lambda: L.EinsumDense("ab,bc", 3)(ones(2, 3)), r"argument `equation`(.|\n)*'x,y->z'"),
    (lambda: L.EinsumDense("abc,cd->abd", 3)(ones(2, 3, 4)), r"an `output_shape` of 2 sizes"),
    (lambda: L.EinsumDense("abc,cd->abd", (5, 3))(ones(2, 3, 4)), r"size 3 of axis 'b'"),
    (lambda: L.EinsumDense("abc,cd->abd", (None, None))(ones(2, 3, 4)), r"a size for axis 'd'"),
    (lambda: L.EinsumDense("abc,cd->abd", (None, 3))(ones(2, 4)), r"inputs of 3 axes"),
    (lambda: L.EinsumDense("abc,cd->abd", (None, 3), bias_axes="x")(ones(2, 3, 4)), r"`bias_axes` among 'abd'"),
    (lambda: L.Embedding(3, 2, weights=ones(2, 2)), r"embeddings(.|\n)*\(3, 2\)(.|\n)*\(2, 2\)"),
    (lambda: L.Reshape((5,), name="r")(ones(2, 6)), r"Layer 'r'(.|\n)*`target_shape`(.|\n)*6 elements"),
    (lambda: L.Reshape((5, -1), name="r")(ones(2, 6)), r"Layer 'r'(.|\n)*`target_shape`"),
    (lambda: L.Permute((2, 1), name="p")(ones(2, 6)), r"Layer 'p'(.|\n)*3 axes"),
    (lambda: L.RepeatVector(2, name="r")(ones(2, 6, 2)), r"Layer 'r'(.|\n)*2 axes"),
    (lambda: L.Cropping1D(2, name="c")(ones(2, 4, 1)), r"Layer 'c': `cropping` leaves nothing of axis 1"),
    (lambda: L.UpSampling2D(name="u")(ones(2, 4, 1)), r"Layer 'u'(.|\n)*4 axes"),
    (lambda: L.Add(name="a")(ones(2, 3)), r"Layer 'a' takes a list of one or more tensors"),
    (lambda: L.Add(name="a")([ones(2, 3), ones(2, 4)]), r"Layer 'a': the shapes(.|\n)*\(2, 3\), \(2, 4\)"),
    (lambda: L.Add(name="a")([ones(2, 3), ones(4, 3)]), r"Layer 'a': the shapes"),
    (lambda: L.Subtract(name="s")([ones(2, 3)] * 3), r"Layer 's' takes a list of 2 tensors"),
    (lambda: L.Concatenate(name="c")([ones(2, 3, 4), ones(2, 5, 4)]), r"Layer 'c'(.|\n)*all axes but -1"),
    (lambda: L.Concatenate(name="c")([ones(2, 3), ones(2, 3, 4)]), r"Layer 'c': the shapes"),
    (lambda: L.Concatenate(axis=2, name="c")([ones(2, 3), ones(2, 3)]), r"Layer 'c'(.|\n)*no axis 2"),
    (lambda: L.Dot(axes=1, name="d")([ones(2, 3), ones(2, 4)]), r"Layer 'd'(.|\n)*`axes`"),
    (lambda: L.Dot(axes=0, name="d")([ones(2, 3), ones(2, 3)]), r"Layer 'd'(.|\n)*none of them the batch"),
    (lambda: L.BatchNormalization(name="b")(KerasTensor((None, None))), r"Layer 'b'(.|\n)*must be known"),
    (lambda: L.BatchNormalization(axis=3, name="b")(ones(2, 3)), r"Layer 'b': the size of axis 3"),
    (
        lambda: L.BatchNormalization(name="b")(ones(2, 3, 4), training=True, mask=np.ones(2, bool)),
        r"Layer 'b': the mask doesn't fit(.|\n)*\(2, 3\)(.|\n)*\(2,\)",
    ),
    (lambda: L.GroupNormalization(groups=3, name="g")(ones(2, 4)), r"Layer 'g'(.|\n)*a divisor of 4(.|\n)*3"),
    (lambda: L.SpectralNormalization(L.Flatten(), name="s")(ones(2, 4)), r"Layer 's'(.|\n)*`kernel` or `embeddings`"),
    (lambda: L.Softmax(name="s")(ones(2, 3), mask=np.ones((2, 2), bool)), r"Layer 's': the mask doesn't fit"),
    (
        lambda: L.MultiHeadAttention(2, 2, name="m")(ones(2, 3, 4), ones(2, 5, 4), ones(2, 6, 4)),
        r"Layer 'm': `key` doesn't fit `value`",
    ),
    (lambda: L.Attention(name="a")(ones(2, 3, 4)), r"Layer 'a': argument `inputs`(.|\n)*\[query, value\]"),
    (lambda: L.Attention(name="a")([ones(2, 3, 4)] * 4), r"Layer 'a': argument `inputs`"),
]


def _built_dense():
    layer = L.Dense(2, name="d")
    layer(ones(1, 3))
    return layer


def _built_norm():
    layer = L.BatchNormalization(name="b")
    layer(ones(1, 3))
    return layer


OTHER_SIZES = [
    (lambda: _built_dense()(ones(1, 4)), r"Layer 'd'(.|\n)*size 3 on axis -1(.|\n)*\(1, 4\)"),
    (lambda: _built_norm()(ones(1, 2, 3)), r"Layer 'b'(.|\n)*2 axes"),
    (lambda: _built_norm()(ones(1, 4)), r"Layer 'b'(.|\n)*size 3"),
]


@pytest.mark.parametrize("make, message", ARGUMENTS + CALLS + OTHER_SIZES)
def test_error(make, message):
    with pytest.raises(ValueError, match=message):
        make()
