"""What a table of calls can't hold: flow, gradients, operators, unknown sizes, errors."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cornu import ops, tags
from cornu.random import SeedGenerator
from cornu.symbolic import KerasTensor
from cornu.variables import Variable

X = np.arange(12, dtype="float32").reshape(3, 4) - 5


def kept(*arrays):
    return [np.asarray(a) for a in arrays]


# Flow ----------------------------------------------------------------------------------------------------------------

FLOWS = {
    "cond": lambda k: k.cond(X.sum() > 0, lambda: k.add(X, 1), lambda: k.multiply(X, 2)),
    "switch": lambda k: k.switch(1, [lambda x: x + 1, lambda x: x * 3], k.convert_to_tensor(X)),
    "switch out of range": lambda k: k.switch(9, [lambda x: x + 1, lambda x: x * 3], k.convert_to_tensor(X)),
    "while": lambda k: k.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 1.0)),
    "while, one value": lambda k: k.while_loop(lambda i: i < 5, lambda i: i + 2, 0),
    "while, at most": lambda k: k.while_loop(lambda i: i < 50, lambda i: i + 2, 0, maximum_iterations=3),
    "for": lambda k: k.fori_loop(1, 4, lambda i, s: s * i, 2),
    "map": lambda k: k.map(lambda row: k.sum(row), k.convert_to_tensor(X)),
    "vectorized map": lambda k: k.vectorized_map(lambda row: k.sum(row), k.convert_to_tensor(X)),
    "vectorize": lambda k: k.vectorize(lambda a, b: a - b, signature="(n),(n)->(n)")(X, X[0]),
    "vectorize, excluded": lambda k: k.vectorize(lambda a, b: a - b, excluded={1})(k.convert_to_tensor(X), 2),
    "scan": lambda k: k.scan(lambda c, x: (c + x, c * x), k.convert_to_tensor(X[0]), k.convert_to_tensor(X)),
    "scan, back": lambda k: k.scan(lambda c, x: (c + x, c), 1.0, k.convert_to_tensor(X[:, 0]), reverse=True, unroll=2),
    "scan, length": lambda k: k.scan(lambda c, x: (c * 2, c), 1.0, length=4),
    "associative": lambda k: k.associative_scan(lambda a, b: a + b, k.convert_to_tensor(X), reverse=True, axis=1),
    "jvp": lambda k: k.jvp(lambda x: x * x, (k.convert_to_tensor(X),), (k.convert_to_tensor(X + 1),)),
    "jvp, aux": lambda k: k.jvp(lambda x: (x * x, x), (3.0,), (1.0,), has_aux=True),
    "eig": lambda k: k.eig(np.diag([3.0, 1.0]).astype("float32")),
    "unstack": lambda k: k.unstack(X, axis=1),
}


@pytest.mark.parametrize("flow", FLOWS.values(), ids=FLOWS)
def test_flow_equals_keras(flow):
    ours, theirs = jax.tree.leaves(flow(ops)), jax.tree.leaves(flow(keras.ops))
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert np.asarray(one).dtype == np.asarray(other).dtype
        np.testing.assert_allclose(one, other, rtol=1e-6)


def test_variables_are_operands():
    v = Variable(X)
    np.testing.assert_array_equal(ops.add(v, v), 2 * X)
    np.testing.assert_array_equal(ops.concatenate([v, [v, v][0]]), np.concatenate([X, X]))
    np.testing.assert_array_equal(ops.cond(True, lambda: v, lambda: v * 2), X)
    assert ops.convert_to_numpy(v).dtype == "float32"
    assert not ops.is_tensor(v)
    assert (ops.shape(v), ops.ndim(v), ops.dtype(v)) == ((3, 4), 2, "float32")


def test_convert_to_numpy_gives_a_copy():
    source = np.ones(3, "float32")
    ops.convert_to_numpy(source)[0] = 5
    assert source[0] == 1


# Gradients -----------------------------------------------------------------------------------------------------------


def test_stop_gradient_takes_structures():
    gradient = jax.grad(lambda x: (x * ops.stop_gradient([x, x])[0]).sum())(jnp.asarray(X))
    np.testing.assert_array_equal(gradient, X)


def test_custom_gradient_takes_variables():
    halved = ops.custom_gradient(lambda x: (x * 2, lambda upstream: upstream / 2))
    v = Variable(3.0)
    assert float(halved(v)) == 6
    assert float(jax.grad(halved)(3.0)) == 0.5


GRADIENTS = {
    "divide_no_nan": (lambda x: ops.divide_no_nan(x, jnp.asarray([1.0, 0.0])), [1, 0]),
    "cdist": (lambda x: ops.cdist(x[None], x[None] * 1.0), [0, 0]),
    "normalize": (lambda x: ops.normalize(x * 0.0), [0, 0]),
    "sparse crossentropy": (
        lambda x: ops.sparse_categorical_crossentropy([1], jnp.asarray([[0.0, 1.0, -jnp.inf]]) + x.sum(), True),
        [0, 0],
    ),
}


@pytest.mark.parametrize("function, expected", GRADIENTS.values(), ids=GRADIENTS)
def test_gradients_are_finite_where_those_of_keras_are_not(function, expected):
    gradient = jax.grad(lambda x: function(x).sum())(jnp.asarray([1.0, 2.0]))
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


# Operators of symbolic tensors ---------------------------------------------------------------------------------------

A, B = KerasTensor((None, 4), "float32"), KerasTensor((None, 4), "float32")
M, L = KerasTensor((None, 4, 4), "float32"), KerasTensor((None, 4), "bool")
OPERATORS = {
    "add": (A + B, 1 + A, np.ones(4, "float32") + A),
    "subtract": (A - B, 1 - A),
    "multiply": (A * B, 2 * A),
    "divide": (A / B, 2 / A),
    "floor_divide": (A // B, 2 // A),
    "mod": (A % B, 2 % A),
    "power": (A**2, 2**A),
    "matmul": (M @ M, np.ones((4, 4), "float32") @ M),
    "negative": (-A,),
    "absolute": (abs(A),),
    "less": (A < B, 1 > A),  # noqa: SIM300
    "less_equal": (A <= B, 1 >= A),  # noqa: SIM300
    "greater": (A > B,),
    "greater_equal": (A >= B,),
    "not_equal": (A != B,),
    "logical_and": (L & L, True & L),
    "logical_or": (L | L,),
    "logical_xor": (L ^ L,),
    "logical_not": (~L,),
    "get_item": (A[:, 0], A[..., None], M[:, 1:, ::2]),
    "round": (round(A), round(A, 2)),
    "reshape": (A.reshape((2, -1)), A.reshape(-1, 2)),
    "squeeze": (KerasTensor((3, 1)).squeeze(1), KerasTensor((3, 1)).squeeze()),
    "transpose": (A.T,),
    "cast": (A.astype("int32"),),
}
PAIRS = [(name, tensor) for name, tensors in OPERATORS.items() for tensor in tensors]


@pytest.mark.parametrize("name, tensor", PAIRS, ids=[name for name, _ in PAIRS])
def test_operators_record_their_operation(name, tensor):
    assert tensor.node.operation is getattr(ops, name)
    # Carried out on arrays, the recorded call has the inferred shape, where that is known.
    filled = {id(t): np.ones([n or 2 for n in t.shape], t.dtype) for t in tensor.node.inputs}
    args = jax.tree.map(lambda v: filled.get(id(v), v), tensor.node.args)
    result = tensor.node.operation(*args, **tensor.node.kwargs)
    assert str(result.dtype) == tensor.dtype
    assert result.ndim == tensor.ndim
    assert all(n is None or n == m for n, m in zip(tensor.shape, result.shape, strict=True))


def test_equality_of_symbolic_tensors_is_identity():
    assert [A, B].index(B) == 1
    assert len({A, B}) == 2


UNKNOWN = {
    "reshape by shape": (lambda x: ops.reshape(x, (ops.shape(x)[0], 2, 2)), (None, 2, 2)),
    "mean": (lambda x: ops.mean(x, axis=0), (4,)),
    "softmax": (ops.softmax, (None, 4)),
    "one_hot": (lambda x: ops.one_hot(ops.argmax(x, -1), 7), (None, 7)),
    "concatenate": (lambda x: ops.concatenate([x, x], axis=0), (None, 4)),
    "stack": (lambda x: ops.stack([x, x], axis=1), (None, 2, 4)),
    "zeros_like": (ops.zeros_like, (None, 4)),
    "expand": (lambda x: ops.expand_dims(x, 1), (None, 1, 4)),
    "tile": (lambda x: ops.tile(x, (1, 3)), (None, 12)),
    "top_k": (lambda x: ops.top_k(x, 2)[0], (None, 2)),
    "conv": (lambda x: ops.conv(x[:, :, None], np.ones((3, 1, 5), "float32"), padding="same"), (None, 4, 5)),
    "pool": (lambda x: ops.max_pool(x[:, :, None], 2), (None, 2, 1)),
    "attention": (
        lambda x: (lambda q: ops.dot_product_attention(q, q, q))(ops.reshape(x, (-1, 1, 2, 2))),
        (None, 1, 2, 2),
    ),
    "size": (ops.size, ()),
    "loss": (lambda x: ops.categorical_crossentropy(x, x), (None,)),
    "norm": (lambda x: ops.layer_normalization(x), (None, 4)),
    "sequences": (lambda x: ops.extract_sequences(x, 2, 1), (None, 3, 2)),
    "resize": (lambda x: ops.image.resize(ops.reshape(x, (-1, 2, 2, 1)), (3, 3)), (None, 3, 3, 1)),
    "rearrange": (lambda x: ops.rearrange(x, "b (c d) -> d b c", c=2), (2, None, 2)),
}


@pytest.mark.parametrize("function, expected", UNKNOWN.values(), ids=UNKNOWN)
def test_unknown_sizes_stay_unknown(function, expected):
    assert function(KerasTensor((None, 4))).shape == expected


# Differences from Keras ----------------------------------------------------------------------------------------------


def test_sparsemax_is_the_projection_on_the_simplex():
    x = np.random.default_rng(0).normal(size=(20, 6)).astype("float32") * 2
    result = np.asarray(ops.sparsemax(x))
    np.testing.assert_allclose(result.sum(-1), 1, rtol=1e-5)
    # The projection is the point of the simplex that no other one is nearer to x than.
    others = np.random.default_rng(1).dirichlet(np.full(6, 0.3), size=2000)
    nearest = np.square(x[:, None] - others).sum(-1).min(1)
    assert (np.square(x - result).sum(-1) <= nearest + 1e-6).all()


def test_adaptive_pooling_to_the_same_size_changes_nothing():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    np.testing.assert_array_equal(ops.adaptive_max_pool(x, 5), x)
    np.testing.assert_allclose(ops.adaptive_average_pool(x, 5), x, rtol=1e-6)


def test_sparse_categorical_crossentropy_along_another_axis():
    p = np.random.default_rng(0).uniform(0.1, 1, (2, 5, 3)).astype("float32")
    classes = np.array([[0, 4, 1], [2, 2, 3]])
    along_last = ops.sparse_categorical_crossentropy(classes, np.moveaxis(p, 1, -1))
    np.testing.assert_allclose(ops.sparse_categorical_crossentropy(classes, p, axis=1), along_last, rtol=1e-6)


def test_attention_is_capped_on_every_platform():
    q, k, v = np.random.default_rng(0).normal(size=(3, 2, 5, 2, 3)).astype("float32") * 3
    logits = np.einsum("btnh,bsnh->bnts", q, k) / np.sqrt(3)
    weights = np.exp(2 * np.tanh(logits / 2))
    expected = np.einsum("bnts,bsnh->btnh", weights / weights.sum(-1, keepdims=True), v)
    np.testing.assert_allclose(ops.dot_product_attention(q, k, v, attn_logits_soft_cap=2.0), expected, rtol=1e-4)


def test_projective_coefficients_of_affine_transform_count():
    image = np.arange(25, dtype="float32").reshape(5, 5, 1)
    result = ops.image.affine_transform(image, [1, 0, 0, 0, 1, 0, 0.5, 0], "nearest")
    assert float(result[2, 4, 0]) == image[1, 1, 0]  # (4, 2) / (0.5 * 4 + 1) = (1.33, 0.67)


def test_elastic_transform():
    images = np.random.default_rng(0).uniform(size=(2, 9, 8, 3)).astype("float32")
    first, again = (ops.image.elastic_transform(images, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, ops.image.elastic_transform(images, seed=SeedGenerator(4)))
    np.testing.assert_allclose(ops.image.elastic_transform(images, alpha=0.0, seed=3), images, atol=1e-6)
    by_channel = ops.image.elastic_transform(np.moveaxis(images, -1, 1), seed=3, data_format="channels_first")
    np.testing.assert_allclose(np.moveaxis(by_channel, 1, -1), first, atol=1e-6)
    assert ops.image.elastic_transform(images[0], seed=3).shape == (9, 8, 3)
    np.testing.assert_allclose(ops.image.elastic_transform(np.ones((1, 6, 6, 1), "float32"), seed=1), 1, rtol=1e-5)


def test_saturate_cast_to_a_wider_dtype_changes_nothing():
    x = np.array([-7, 0, 2**30], "int32")
    np.testing.assert_array_equal(ops.saturate_cast(x, "float32"), x.astype("float32"))
    np.testing.assert_array_equal(ops.saturate_cast(x, "float16"), np.array([-7, 0, 65504], "float16"))


def test_segments_without_a_number():
    np.testing.assert_array_equal(ops.segment_sum([1, 2, 3], [0, 2, 2]), [1, 0, 5])


def test_stft_and_istft_invert_each_other():
    x = np.random.default_rng(0).normal(size=(2, 40)).astype("float32")
    for window in ("hann", "hamming", np.hanning(10).astype("float32") + 0.1):
        spectrum = ops.stft(x, 8 if isinstance(window, str) else 10, 4, 10, window)
        back = ops.istft(spectrum, 8 if isinstance(window, str) else 10, 4, 10, 40, window)
        np.testing.assert_allclose(back[:, :36], x[:, :36], atol=1e-5)


def test_probabilities_know_their_logits():
    x = jnp.asarray(X)
    kind, logits = tags.get_logits(ops.softmax(x))
    assert kind == "softmax"
    assert logits is x
    assert tags.get_logits(ops.sigmoid(x))[0] == "sigmoid"
    assert tags.get_logits(ops.softmax(x, axis=0)) is None


# Errors --------------------------------------------------------------------------------------------------------------

IMAGE, COMPLEX = np.ones((4, 4, 3), "float32"), (X + 1j).astype("complex64")
ERRORS = [
    (ValueError, lambda o: o.where(X > 0, X)),
    (ValueError, lambda o: o.rot90(X[0])),
    (ValueError, lambda o: o.diagonal(X, 0, 1, 1)),
    (ValueError, lambda o: o.pad(X, 1, "reflect", 3)),
    (ValueError, lambda o: o.vander(X)),
    (TypeError, lambda o: o.vander(X[0], 1.5)),
    (TypeError, lambda o: o.eye(3.0)),
    (TypeError, lambda o: o.fabs(COMPLEX)),
    (TypeError, lambda o: o.ldexp(X, X)),
    (TypeError, lambda o: o.histogram(X[0], 2.5)),
    (ValueError, lambda o: o.histogram(X[0], 2, (3, 1))),
    (ValueError, lambda o: o.histogram(X, 2)),
    (TypeError, lambda o: o.array_split(X, 2.0)),
    (ValueError, lambda o: o.array_split(X, 0)),
    (ValueError, lambda o: o.select([], [])),
    (ValueError, lambda o: o.searchsorted(X, X)),
    (ValueError, lambda o: o.scatter_update(X, [[0, 0]], [1.0], "div")),
    (ValueError, lambda o: o.segment_sum(X, np.zeros(7, "int32"), 2)),
    (ValueError, lambda o: o.scan(lambda c, x: (c, x), 0, X, unroll=0)),
    (ValueError, lambda o: o.cast(X, "floating")),
    (ValueError, lambda o: o.det(X)),
    (ValueError, lambda o: o.qr(X, "full")),
    (ValueError, lambda o: o.cholesky(-np.eye(2, dtype="float32"))),
    (ValueError, lambda o: o.solve(np.eye(3, dtype="float32"), np.ones(4, "float32"))),
    (ValueError, lambda o: o.cdist(X, X[:, :2])),
    (ValueError, lambda o: o.fft(X)),
    (ValueError, lambda o: o.view_as_complex(X)),
    (TypeError, lambda o: o.stft(X.astype("int32"), 2, 1, 2)),
    (ValueError, lambda o: o.stft(X, 3, 1, 2)),
    (ValueError, lambda o: o.stft(X, 2, 0, 2)),
    (ValueError, lambda o: o.stft(X, 2, 1, 2, "bartlett")),
    (ValueError, lambda o: o.conv(X[None], np.ones((2, 3, 1), "float32"))),
    (ValueError, lambda o: o.conv(X[None], np.ones((9, 4, 1), "float32"))),
    (ValueError, lambda o: o.conv_transpose(X[None], np.ones((2, 1, 3), "float32"))),
    (ValueError, lambda o: o.max_pool(X[None], 2, 2, "causal")),
    (ValueError, lambda o: o.max_pool(X[None], 2, 2, data_format="channels_middle")),
    (ValueError, lambda o: o.depth_to_space(IMAGE[None], 1)),
    (ValueError, lambda o: o.unfold(IMAGE, 2)),
    (ValueError, lambda o: o.fold(IMAGE[None], 4, 2)),
    (ValueError, lambda o: o.multi_hot([1, 2])),
    (ValueError, lambda o: o.binary_crossentropy(X, X[0])),
    (ValueError, lambda o: o.categorical_crossentropy(X, X[0])),
    (ValueError, lambda o: o.sparse_categorical_crossentropy(X[0], X)),
    (ValueError, lambda o: o.psnr(X, X[0], 1.0)),
    (ValueError, lambda o: o.normalize(X, order=0)),
    (ValueError, lambda o: o.dot_product_attention(X, X, X)),
    (ValueError, lambda o: o.ctc_decode(X[None], [3], "best")),
    (ValueError, lambda o: o.image.resize(X, (2, 2))),
    (ValueError, lambda o: o.image.resize(IMAGE, (2, 2), "cubic")),
    (ValueError, lambda o: o.image.resize(IMAGE, (2, 0))),
    (ValueError, lambda o: o.image.resize(IMAGE, (2, 2), fill_mode="wrap", pad_to_aspect_ratio=True)),
    (ValueError, lambda o: o.image.resize(IMAGE, (2, 2), crop_to_aspect_ratio=True, pad_to_aspect_ratio=True)),
    (ValueError, lambda o: o.image.rgb_to_grayscale(IMAGE[..., :2])),
    (ValueError, lambda o: o.image.rgb_to_hsv(IMAGE.astype("int32"))),
    (ValueError, lambda o: o.image.pad_images(IMAGE, 1, 1)),
    (ValueError, lambda o: o.image.crop_images(IMAGE, 1, 1, 1, 9)),
    (ValueError, lambda o: o.image.affine_transform(IMAGE, np.ones(8, "float32"), "cubic")),
    (ValueError, lambda o: o.image.affine_transform(IMAGE, np.ones(8, "float32"), fill_mode="edge")),
    (ValueError, lambda o: o.image.map_coordinates(X, np.ones((3, 2), "float32"), 1)),
    (ValueError, lambda o: o.image.map_coordinates(X, np.ones((2, 2), "float32"), 3)),
    (ValueError, lambda o: o.image.perspective_transform(IMAGE, X, X)),
    (ValueError, lambda o: o.image.scale_and_translate(IMAGE, (2, 2, 3), X[0, :2], X[0, :2], (0, 1), "nearest")),
]


@pytest.mark.parametrize("error, call", ERRORS)
def test_errors_are_those_of_keras_and_say_more(error, call):
    with pytest.raises(error):
        call(keras.ops)
    with pytest.raises(error) as caught:
        call(ops)
    assert "\n  " in str(caught.value)  # what was expected, what came, what to do


OWN_ERRORS = [
    (lambda: ops.one_hot([1], 2, sparse=True), "sparse"),
    (lambda: ops.convert_to_tensor(X, sparse=True), "sparse"),
    (lambda: ops.bincount([1], sparse=True), "sparse"),
    (lambda: ops.rearrange(X, "a b c -> c b a"), "pattern"),
    (lambda: ops.rearrange(X, "a b -> a"), "pattern"),
    (lambda: ops.rearrange(X, "a (b c) -> a b c", b=3), "axis of size 4"),
    (lambda: ops.rearrange(X, "a ... -> a"), "pattern"),
    (lambda: ops.unstack(X, 5), "num"),
]


@pytest.mark.parametrize("call, message", OWN_ERRORS)
def test_own_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
