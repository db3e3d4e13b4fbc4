"""`K`, the backend of Keras 1 and 2: each function on arrays, variables and symbolic tensors, against NumPy."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from numpy.testing import assert_allclose

import cornu
from cornu import config, layers
from cornu.compat import backend as K
from cornu.compat import dialect, notices, tensors

RNG = np.random.default_rng(5)
A = RNG.normal(size=(3, 4)).astype("float32")
B = RNG.normal(size=(3, 4)).astype("float32")
C = RNG.normal(size=(2, 3, 4)).astype("float32")
D = RNG.normal(size=(2, 4, 5)).astype("float32")
E = RNG.normal(size=(2, 3, 4, 5)).astype("float32")
P = np.exp(A) / np.exp(A).sum(-1, keepdims=True)
ONE_HOT = np.eye(4, dtype="float32")[[0, 2, 3]]
IMAGE = RNG.normal(size=(2, 6, 5, 3)).astype("float32")
FLAG = A > 0


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def window_sum(x, kernel, strides=(1, 1), rate=(1, 1)):
    """A convolution over two axes without padding, place by place."""
    h, w, _, out = kernel.shape
    rows = (x.shape[1] - (h - 1) * rate[0] - 1) // strides[0] + 1
    columns = (x.shape[2] - (w - 1) * rate[1] - 1) // strides[1] + 1
    result = np.zeros((x.shape[0], rows, columns, out), "float32")
    for i in range(rows):
        for j in range(columns):
            top, left = i * strides[0], j * strides[1]
            part = x[:, top : top + h * rate[0] : rate[0], left : left + w * rate[1] : rate[1]][:, :h, :w]
            result[:, i, j] = np.einsum("bhwc,hwco->bo", part, kernel)
    return result


KERNEL = RNG.normal(size=(3, 2, 3, 4)).astype("float32")
LOCAL = RNG.normal(size=(20, 2 * 2 * 3, 7)).astype("float32")


def local(x):
    at = [(i, j) for i in range(5) for j in range(4)]
    flat = np.stack([x[:, i : i + 2, j : j + 2].reshape(2, -1) for i, j in at], 1)
    return np.einsum("bpi,pio->bpo", flat, LOCAL).reshape(2, 5, 4, 7)


CASES = {
    "abs": ((A,), {}, np.abs(A)),
    "all": ((FLAG,), {"axis": 1}, FLAG.all(1)),
    "any": ((FLAG,), {"axis": 0, "keepdims": True}, FLAG.any(0, keepdims=True)),
    "argmax": ((A,), {}, A.argmax(-1)),
    "argmin": ((A,), {"axis": 0}, A.argmin(0)),
    "batch_dot": ((C, D), {}, np.matmul(C, D)),
    "batch_dot 2d": ((A, B), {"axes": 1}, (A * B).sum(1, keepdims=True)),
    "batch_dot axes": ((C, D), {"axes": (2, 1)}, np.matmul(C, D)),
    "batch_dot 2d 3d": ((C[:, 0], D), {"axes": (1, 1)}, np.einsum("bi,bio->bo", C[:, 0], D)),
    "batch_dot 3d 4d": ((E[:, :, 0], E), {"axes": (2, 3)}, np.einsum("bhd,bhsd->bhs", E[:, :, 0], E)),
    "batch_dot 4d": ((E, E), {"axes": (3, 3)}, np.einsum("bhtd,bhsd->bhts", E, E)),
    "batch_flatten": ((E,), {}, E.reshape(2, -1)),
    "batch_normalization": (
        (A, A.mean(0), A.var(0), np.ones(4, "float32"), np.full(4, 2, "float32")),
        {},
        (A - A.mean(0)) / np.sqrt(A.var(0) + 1e-3) * 2 + 1,
    ),
    "bias_add": ((IMAGE, np.arange(3.0, dtype="float32")), {}, IMAGE + np.arange(3.0)),
    "bias_add first": (
        (IMAGE, np.arange(6.0, dtype="float32"), "channels_first"),
        {},
        IMAGE + np.arange(6.0)[:, None, None],
    ),
    "binary_crossentropy": (
        (FLAG.astype("float32"), sigmoid(A)),
        {},
        -np.where(FLAG, np.log(sigmoid(A)), np.log(1 - sigmoid(A))),
    ),
    "binary_crossentropy logits": (
        (FLAG.astype("float32"), A),
        {"from_logits": True},
        -np.where(FLAG, np.log(sigmoid(A)), np.log(1 - sigmoid(A))),
    ),
    "cast": ((A, "int32"), {}, A.astype("int32")),
    "categorical_crossentropy": ((ONE_HOT, 3 * P), {}, -np.log(P)[[0, 1, 2], [0, 2, 3]]),
    "categorical_crossentropy logits": ((ONE_HOT, A), {"from_logits": True}, -np.log(P)[[0, 1, 2], [0, 2, 3]]),
    "clip": ((A, -0.5, 0.5), {}, A.clip(-0.5, 0.5)),
    "clip one side": ((A, 0.1, None), {}, np.maximum(A, 0.1)),
    "concatenate": (([A, B],), {}, np.concatenate([A, B], -1)),
    "conv1d causal": (
        (C, np.ones((2, 4, 1), "float32"), 1, "causal"),
        {},
        (C + np.pad(C, ((0, 0), (1, 0), (0, 0)))[:, :-1]).sum(-1, keepdims=True),
    ),
    "conv2d": ((IMAGE, KERNEL), {}, window_sum(IMAGE, KERNEL)),
    "conv2d strides": ((IMAGE, KERNEL), {"strides": (2, 1)}, window_sum(IMAGE, KERNEL, (2, 1))),
    "atrous_conv2d": ((IMAGE, KERNEL), {"rate": 2}, window_sum(IMAGE, KERNEL, rate=(2, 2))),
    "cos": ((A,), {}, np.cos(A)),
    "cumprod": ((A,), {"axis": 1}, A.cumprod(1)),
    "cumsum": ((A,), {}, A.cumsum(0)),
    "dot": ((A, B.T), {}, A @ B.T),
    "dot nd": ((C, E), {}, np.dot(C, E)),
    "elu": ((A, 0.5), {}, np.where(A > 0, A, 0.5 * (np.exp(A) - 1))),
    "equal": ((A, A), {}, np.ones((3, 4), bool)),
    "exp": ((A,), {}, np.exp(A)),
    "expand_dims": ((A,), {}, A[..., None]),
    "expand_dims old": ((A,), {"dim": 1}, A[:, None]),
    "flatten": ((A,), {}, A.ravel()),
    "foldl": ((lambda a, x: a * 0.5 + x, A), {}, ((A[0] * 0.5 + A[1]) * 0.5 + A[2])),
    "foldr": ((lambda a, x: a * 0.5 + x, A), {}, ((A[2] * 0.5 + A[1]) * 0.5 + A[0])),
    "gather": ((A, np.array([2, 0])), {}, A[[2, 0]]),
    "greater": ((A, B), {}, A > B),
    "hard_sigmoid": ((3 * A,), {}, np.clip(0.6 * A + 0.5, 0, 1)),
    "identity": ((A,), {}, A),
    "in_top_k": ((A, np.argsort(A)[:, 1], 3), {}, [True] * 3),
    "in_top_k not": ((A, np.argsort(A)[:, 1], 2), {}, [False] * 3),
    "l2_normalize": ((A,), {"axis": 1}, A / np.linalg.norm(A, axis=1, keepdims=True)),
    "lesser": ((A, B), {}, A < B),
    "local_conv2d": ((IMAGE, LOCAL, (2, 2), (1, 1), (5, 4)), {}, local(IMAGE)),
    "log": ((np.abs(A),), {}, np.log(np.abs(A))),
    "logsumexp": ((A,), {"axis": 1}, np.log(np.exp(A).sum(1))),
    "map_fn": ((lambda x: x.sum() * 2, A), {}, A.sum(1) * 2),
    "max": ((A,), {"axis": -1, "keepdims": True}, A.max(-1, keepdims=True)),
    "maximum": ((A, B), {}, np.maximum(A, B)),
    "mean": ((A,), {"axis": [0, 1]}, A.mean()),
    "mean of booleans": ((FLAG,), {}, FLAG.mean()),
    "min": ((A,), {}, A.min()),
    "not_equal": ((A, B), {}, A != B),
    "one_hot": ((np.array([1, 3]), 4), {}, np.eye(4)[[1, 3]]),
    "one_hot old": ((np.array([1, 3]),), {"nb_classes": 4}, np.eye(4)[[1, 3]]),
    "ones_like": ((A,), {}, np.ones((3, 4))),
    "permute_dimensions": ((C, (2, 0, 1)), {}, C.transpose(2, 0, 1)),
    "pool2d": ((IMAGE, (2, 2)), {"strides": (2, 2)}, IMAGE[:, :, :4].reshape(2, 3, 2, 2, 2, 3).max((2, 4))),
    "pool2d old": (
        (IMAGE, (2, 2)),
        {"strides": (2, 2), "border_mode": "valid", "dim_ordering": "tf", "pool_mode": "avg"},
        IMAGE[:, :, :4].reshape(2, 3, 2, 2, 2, 3).mean((2, 4)),
    ),
    "pow": ((A, 3), {}, A**3),
    "prod": ((A,), {"axis": 0}, A.prod(0)),
    "relu": ((A, 0.1, 0.5), {}, np.where(A > 0, A.clip(None, 0.5), 0.1 * A)),
    "relu threshold": ((A,), {"threshold": 0.3}, np.where(A > 0.3, A, 0)),
    "repeat": ((A, 2), {}, np.stack([A, A], 1)),
    "repeat_elements": ((A, 2, 1), {}, A.repeat(2, 1)),
    "reshape": ((A, (-1, 2)), {}, A.reshape(-1, 2)),
    "resize_images": ((IMAGE, 2, 3, "channels_last"), {}, IMAGE.repeat(2, 1).repeat(3, 2)),
    "resize_images old": ((IMAGE, 2, 3), {"dim_ordering": "th"}, IMAGE.repeat(2, 2).repeat(3, 3)),
    "reverse": ((A, 1), {}, A[:, ::-1]),
    "round": ((3 * A,), {}, np.round(3 * A)),
    "sigmoid": ((A,), {}, sigmoid(A)),
    "sign": ((A,), {}, np.sign(A)),
    "slice": ((C, [0, 1, 1], [2, -1, 2]), {}, C[:, 1:, 1:3]),
    "softmax": ((A,), {}, softmax(A)),
    "softplus": ((A,), {}, np.log1p(np.exp(A))),
    "softsign": ((A,), {}, A / (1 + np.abs(A))),
    "sparse_categorical_crossentropy": ((np.array([0, 2, 3]), P), {}, -np.log(P)[[0, 1, 2], [0, 2, 3]]),
    "spatial_2d_padding": ((IMAGE, ((1, 0), (0, 2))), {}, np.pad(IMAGE, ((0, 0), (1, 0), (0, 2), (0, 0)))),
    "spatial_2d_padding old": (
        (IMAGE, (1, 2)),
        {"dim_ordering": "th"},
        np.pad(IMAGE, ((0, 0), (0, 0), (1, 1), (2, 2))),
    ),
    "sqrt": ((A,), {}, np.sqrt(A.clip(0))),
    "square": ((A,), {}, A**2),
    "squeeze": ((A[:, None], 1), {}, A),
    "stack": (([A, B], 1), {}, np.stack([A, B], 1)),
    "std": ((A,), {"axis": 0}, A.std(0)),
    "sum": ((A,), {"axis": 1, "keepdims": True}, A.sum(1, keepdims=True)),
    "switch": ((FLAG, A, B), {}, np.where(FLAG, A, B)),
    "switch rows": ((FLAG[:, 0], A, B), {}, np.where(FLAG[:, :1], A, B)),
    "switch functions": ((FLAG, lambda: A, lambda: B), {}, np.where(FLAG, A, B)),
    "temporal_padding": ((C, (1, 2)), {}, np.pad(C, ((0, 0), (1, 2), (0, 0)))),
    "asymmetric_temporal_padding": ((C, 0, 2), {}, np.pad(C, ((0, 0), (0, 2), (0, 0)))),
    "tile": ((A, (2, 1)), {}, np.tile(A, (2, 1))),
    "transpose": ((A,), {}, A.T),
    "var": ((A,), {}, A.var()),
    "zeros_like": ((A,), {"dtype": "int32"}, np.zeros((3, 4), "int32")),
}


FIXED = ("conv1d causal", "switch functions")
"""Where another tensor has by chance as many rows as there are samples, or isn't handed in."""


def arrays_of(args):
    """Which arguments are tensors, lists of tensors looked into."""
    for arg in args:
        yield from (a for a in (arg if isinstance(arg, list) else [arg]) if isinstance(a, np.ndarray))


def swap(args, made):
    """The arguments with each array replaced by the next of `made`."""
    made = iter(made)

    def one(arg):
        if isinstance(arg, list):
            return [one(a) for a in arg]
        return next(made) if isinstance(arg, np.ndarray) else arg

    return [one(arg) for arg in args]


def on_arrays(case):
    args, kwargs, _ = CASES[case]
    return getattr(K, case.split()[0])(*args, **kwargs)


def on_variables(case):
    args, kwargs, _ = CASES[case]
    made = [K.variable(a, dtype=a.dtype.name) for a in arrays_of(args)]
    return getattr(K, case.split()[0])(*swap(args, made), **kwargs)


@functools.cache
def all_symbolic():
    """Every case in one compiled function; how many samples there are isn't known to the graph."""
    inputs, values, outputs = [], [], {}
    for case, (args, kwargs, _) in CASES.items():
        arrays = list(arrays_of(args))
        samples = None if case in FIXED else len(arrays[0])
        shapes = [(None, *a.shape[1:]) if len(a) == samples else a.shape for a in arrays]
        made = [K.placeholder(s, dtype=a.dtype.name) for s, a in zip(shapes, arrays, strict=True)]
        outputs[case] = getattr(K, case.split()[0])(*swap(args, made), **kwargs)
        inputs, values = inputs + made, values + arrays
    return K.function(inputs, outputs)(values)


def symbolically(case):
    return all_symbolic()[case]


@pytest.mark.parametrize("way", [on_arrays, on_variables, symbolically])
@pytest.mark.parametrize("case", CASES)
def test_a_function_is_what_it_says(case, way):
    expected = CASES[case][2]
    found = way(case)
    assert np.shape(found) == np.shape(expected)
    assert_allclose(np.asarray(found), expected, rtol=2e-4, atol=2e-5)


def test_the_table_sees_a_wrong_function():
    with pytest.raises(AssertionError):
        assert_allclose(K.hard_sigmoid(3 * A), np.clip(A / 2 + 0.5, 0, 1), rtol=2e-4)


@pytest.fixture
def era():
    """Puts an era in force for one test."""
    before = dialect.current()
    yield lambda name: dialect.use(dialect.Dialect(name))
    dialect.use(before)


@pytest.mark.parametrize("name", ["categorical_crossentropy", "binary_crossentropy"])
def test_keras_1_gives_the_output_first(name, era):
    function = getattr(K, name)
    modern = function(ONE_HOT, P)
    era("keras1")
    assert_allclose(function(P, ONE_HOT), modern)
    assert_allclose(function(target=ONE_HOT, output=P), modern)


def test_a_th_kernel_of_keras_1_has_outputs_first(era):
    expected = window_sum(IMAGE, KERNEL)
    era("keras1")
    found = K.conv2d(IMAGE.transpose(0, 3, 1, 2), KERNEL.transpose(3, 2, 0, 1), dim_ordering="th")
    assert_allclose(np.transpose(found, (0, 2, 3, 1)), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    ("padding", "shape"), [("same", (2, 8, 6, 3)), ("same", (2, 7, 5, 3)), ("valid", (2, 9, 7, 3))]
)
def test_a_transposed_convolution_is_the_gradient_of_one(padding, shape):
    kernel = RNG.normal(size=(3, 3, 3, 4)).astype("float32")
    x = RNG.normal(size=(2, 4, 3, 4)).astype("float32")
    y = RNG.normal(size=shape).astype("float32")
    made = K.conv2d_transpose(x, kernel, shape, strides=(2, 2), padding=padding)
    back = K.conv2d(y, kernel, strides=(2, 2), padding=padding)
    assert made.shape == shape
    assert_allclose(np.vdot(made, y), np.vdot(x, back), rtol=1e-3)


# Recurrence ----------------------------------------------------------------------------------------------------------


def totals(x, states):
    return states[0] + x, [states[0] + x]


def test_rnn_gives_outputs_and_states():
    last, outputs, states = K.rnn(totals, C, [np.zeros((2, 4), "float32")])
    assert_allclose(outputs, C.cumsum(1), rtol=1e-5)
    assert_allclose(last, C.sum(1), rtol=1e-5, atol=1e-6)
    assert_allclose(states[0], C.sum(1), rtol=1e-5, atol=1e-6)


def test_rnn_goes_backwards_with_constants_and_unrolled():
    def step(x, states):
        return states[0] * states[1] + x, [states[0] * states[1] + x]

    half = np.full((2, 4), 0.5, "float32")
    _, outputs, _ = K.rnn(step, C, [np.zeros((2, 4), "float32")], go_backwards=True, constants=[half], unroll=True)
    assert_allclose(outputs[:, 1], C[:, 2] / 2 + C[:, 1], rtol=1e-5)


def test_rnn_keeps_states_where_the_mask_says_no():
    mask = np.array([[True, False, True], [True, True, False]])
    last, outputs, _ = K.rnn(totals, C, [np.zeros((2, 4), "float32")], mask=mask)
    assert_allclose(last, (C * mask[..., None]).sum(1), rtol=1e-5)
    assert_allclose(outputs, (C * mask[..., None]).cumsum(1), rtol=1e-5)


def test_rnn_is_symbolic_and_reads_variables():
    w, x = K.variable(np.eye(4)), K.placeholder((None, 3, 4))
    last, _, _ = K.rnn(lambda x, s: (s[0] + K.dot(x, w), [s[0] + K.dot(x, w)]), x, [K.zeros_like(x[:, 0])])
    run = K.function([x], [last])
    assert_allclose(run([C])[0], C.sum(1), rtol=1e-5, atol=1e-6)
    K.set_value(w, 2 * np.eye(4))
    assert_allclose(run([C])[0], 2 * C.sum(1), rtol=1e-5, atol=1e-6)


# Connectionist temporal classification -------------------------------------------------------------------------------


def test_ctc_sums_the_paths():
    p = np.array([[[0.6, 0.4], [0.3, 0.7]]], "float32")  # the label 0, the blank 1
    cost = K.ctc_batch_cost(np.array([[0]]), p, np.array([[2]]), np.array([[1]]))
    assert_allclose(cost, [[-np.log(1 - 0.4 * 0.7)]], rtol=1e-4)


def test_ctc_decodes():
    p = np.array([[[0.8, 0.1, 0.1], [0.8, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.8, 0.1]]], "float32")
    (labels,), scores = K.ctc_decode(p, [4])
    assert [int(v) for v in labels[0] if v >= 0] == [0, 1]
    assert_allclose(scores, [[-4 * np.log(0.8)]], rtol=1e-4)
    paths, scores = K.ctc_decode(p, [4], greedy=False, beam_width=5, top_paths=2)
    assert len(paths) == 2
    assert [int(v) for v in paths[0][0] if v >= 0] == [0, 1]
    assert scores[0, 0] > scores[0, 1]


# State, settings, names ----------------------------------------------------------------------------------------------


def test_variables_and_their_values():
    v = K.variable([[1.0, 2.0]], name="v")
    K.update_add(v, [[1.0, 1.0]])
    K.update(v, v * 2)
    K.update_sub(v, [[1.0, 0.0]])
    assert_allclose(K.get_value(v), [[3.0, 6.0]])
    K.batch_set_value([(v, [[0.0, 4.0]])])
    assert_allclose(K.eval(v * 2), [[0.0, 8.0]])
    assert (K.count_params(v), K.int_shape(v), K.ndim(v), K.dtype(v)) == (2, (1, 2), 2, "float32")
    assert K.batch_get_value([K.zeros((2,)), K.eye(2)])[1].tolist() == [[1, 0], [0, 1]]
    K.moving_average_update(v, np.array([[2.0, 2.0]]), 0.5)
    assert_allclose(v.numpy(), [[1.0, 3.0]])


def test_int64_is_what_the_engine_has():
    assert K.get_value(K.variable(3, dtype="int64")) == 3


def test_a_variable_made_in_a_compiled_call_ends_with_it():
    @cornu.jit
    def run(x):
        loss = K.variable(0.0)
        return loss + K.sum(x + K.zeros((4,)))

    assert_allclose(run(A), A.sum(), rtol=1e-5)


def test_what_is_symbolic():
    x = layers.Input((3,))
    assert K.is_keras_tensor(x)
    assert not K.is_keras_tensor(K.placeholder((2,)))
    assert K.is_placeholder(x)
    assert not K.is_placeholder(x * 2)
    with pytest.raises(ValueError, match="no tensor"):
        K.is_keras_tensor(np.ones(2))
    with pytest.raises(ValueError, match=r"ndim|shape"):
        K.placeholder()


def test_shapes_are_values():
    x = K.placeholder((None, None, 4))
    batch, time, size = K.shape(x)
    outputs = [
        K.reshape(x, (batch, time * 2, 2)),
        K.random_normal((batch, 7)),
        K.cast(time, "float32") * K.ones_like(x),
        K.reshape(x, K.concatenate([K.shape(x)[:1], [-1]])),
        K.zeros((batch, size)),
        K.tile(x, (1, time, 1)),
    ]
    shapes = [v.shape for v in K.function([x], outputs)([C])]
    assert shapes == [(2, 6, 2), (2, 7), (2, 3, 4), (2, 12), (2, 4), (2, 9, 4)]
    assert K.shape(C)[1:] // 2 == (1, 2)


def test_settings(era):
    assert K.backend() == "jax"
    era("keras2")
    assert (K.backend(), K._BACKEND) == ("tensorflow", "tensorflow")
    before = config.image_data_format()
    try:
        K.set_image_dim_ordering("th")
        assert (K.image_data_format(), K.image_dim_ordering()) == ("channels_first", "th")
    finally:
        config.set_image_data_format(before)
    assert K.common is K.tensorflow_backend is K
    assert K.cast_to_floatx([1, 2]).dtype == K.floatx()
    K.reset_uids()
    assert (K.get_uid("a"), K.get_uid("a"), K.get_uid("b")) == (1, 2, 1)
    K.clear_session()
    assert K.get_uid("a") == 1


def test_unknown_names_are_explained():
    with pytest.raises(AttributeError, match="batch_dot"):
        _ = K.batch_dott
    with pytest.raises(AttributeError, match="Theano"):
        _ = K.theano
    assert K.tf.zeros((2,)).shape == (2,)
    with pytest.raises(TypeError, match="border"):
        K.conv2d(IMAGE, KERNEL, border="same")


def test_old_arguments_are_noticed():
    notices.clear()
    K.random_uniform((2,), low=1.0, high=2.0)
    assert any("minval" in notice.new for notice in notices.collected())
    notices.clear()


def test_draws_follow_their_seed():
    K.clear_session()
    first, second = K.random_normal((3,), seed=4), K.random_normal((3,), seed=4)
    K.clear_session()
    assert_allclose(K.random_normal((3,), seed=4), first)
    assert np.abs(np.asarray(first - second)).max() > 1e-3
    ones = np.ones((50, 40), "float32")
    assert_allclose(K.mean(K.dropout(ones, level=0.5)), 1, atol=0.1)
    assert_allclose(K.mean(K.random_binomial((2000,), p=0.3)), 0.3, atol=0.05)


def test_normalize_batch_in_training():
    normal, mean, variance = K.normalize_batch_in_training(A, None, None, [0])
    assert_allclose(mean, A.mean(0), rtol=1e-5, atol=1e-6)
    assert_allclose(normal, (A - A.mean(0)) / np.sqrt(A.var(0) + 1e-3), rtol=1e-4, atol=1e-5)
    assert_allclose(variance, A.var(0), rtol=1e-4)


def test_theano_order_of_axes():
    x = np.arange(6.0).reshape(2, 3)
    tensors.install()
    try:
        assert_allclose(K.constant(x).dimshuffle(1, "x", 0)[:, 0], x.T)
        assert K.constant(x[:, :1]).dimshuffle(0).shape == (2,)
        a = K.placeholder((None, 3))
        assert a.dimshuffle(0, "x", 1).shape == (None, 1, 3)
        assert_allclose(K.function([a], [a.dimshuffle(0, 1, "x")])([x])[0], x[:, :, None])
    finally:
        tensors.uninstall()
