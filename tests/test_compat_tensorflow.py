"""The stand-in for TensorFlow against NumPy and closed forms, and programs that use it as TensorFlow's users do."""

from __future__ import annotations

import importlib
import unittest.mock

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cornu
import cornu.compat.tensorflow as tf
from cornu.compat import notices, tensors


@pytest.fixture(autouse=True)
def methods():
    tensors.install()
    notices.clear()
    yield
    tensors.uninstall()
    tf.config.run_functions_eagerly(False)


A = np.array([[1.0, -2.0, 3.5], [0.5, 4.0, -1.0]], "float32")
B = np.array([[2.0, 1.0, 0.5], [1.0, -3.0, 2.0]], "float32")
I = np.array([2, 0])  # noqa: E741
IMAGE = np.random.default_rng(0).integers(0, 255, (6, 4, 3)).astype("uint8")


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


CASES = {
    "add": (lambda: tf.add(A, B, name="sum"), A + B),
    "pow": (lambda: tf.pow(A, 2), A**2),
    "math.floormod": (lambda: tf.math.floormod(A, 2.0), A % 2),
    "squared_difference": (lambda: tf.math.squared_difference(A, B), (A - B) ** 2),
    "reduce_sum": (lambda: tf.reduce_sum(A, axis=[0, 1]), A.sum()),
    "reduce_mean, old argument": (lambda: tf.reduce_mean(A, 1, keep_dims=True), A.mean(1, keepdims=True)),
    "reduce_variance": (lambda: tf.math.reduce_variance(A, 0), A.var(0)),
    "reduce_logsumexp": (lambda: tf.reduce_logsumexp(A, 1), np.log(np.exp(A).sum(1))),
    "argmax": (lambda: tf.argmax(A, axis=1), A.argmax(1)),
    "argmax, axis 0 by default": (lambda: tf.argmax(A, output_type=tf.int64), A.argmax(0)),
    "cumsum": (lambda: tf.cumsum([1.0, 2.0, 4.0], exclusive=True), [0, 1, 3]),
    "cumprod": (lambda: tf.math.cumprod([2.0, 3.0, 4.0], exclusive=True, reverse=True), [12, 4, 1]),
    "constant": (lambda: tf.constant(1.5, shape=(2, 2)), np.full((2, 2), 1.5)),
    "cast": (lambda: tf.cast(A, tf.int32), A.astype(int)),
    "shape": (lambda: tf.shape(A)[1:], [3]),
    "size and rank": (lambda: [tf.size(A), tf.rank(A)], [6, 2]),
    "reshape": (lambda: tf.reshape(A, (tf.shape(A)[1], -1)), A.reshape(3, -1)),
    "reshape by a tensor": (lambda: tf.reshape(A, tf.constant([3, 2])), A.reshape(3, 2)),
    "transpose": (lambda: tf.transpose(A, perm=[1, 0]), A.T),
    "expand and squeeze": (lambda: tf.squeeze(tf.expand_dims(A, axis=0), axis=[0]), A),
    "concat": (lambda: tf.concat([A, B], axis=-1), np.concatenate([A, B], -1)),
    "stack and unstack": (lambda: tf.stack(tf.unstack(A, axis=1), axis=1), A),
    "split by sizes": (lambda: tf.split(A, [1, -1], axis=1)[1], A[:, 1:]),
    "tile": (lambda: tf.tile(A, [2, 1]), np.tile(A, (2, 1))),
    "repeat": (lambda: tf.repeat(A, 2, axis=0), A.repeat(2, 0)),
    "gather": (lambda: tf.gather(A, I, axis=1), A[:, I]),
    "gather with batch": (lambda: tf.gather(A, [[0, 1], [2, 2]], batch_dims=1), [[1, -2], [-1, -1]]),
    "gather_nd": (lambda: tf.gather_nd(A, [[0, 1], [1, 2]]), [-2, -1]),
    "gather_nd with batch": (lambda: tf.gather_nd(A, [[[0], [1]], [[2], [2]]], batch_dims=1), [[1, -2], [-1, -1]]),
    "where": (lambda: tf.where(A > 0, A, 0.0), np.maximum(A, 0)),
    "where, places": (lambda: tf.where(A > 3), [[0, 2], [1, 1]]),
    "boolean_mask": (lambda: tf.boolean_mask(A, A[:, 0] > 0.7), A[:1]),
    "boolean_mask of two axes": (lambda: tf.boolean_mask(A, A > 0), A[A > 0]),
    "one_hot": (lambda: tf.one_hot([0, 2], depth=3, on_value=2.0, off_value=1.0), [[2, 1, 1], [1, 1, 2]]),
    "range": (lambda: tf.range(1, 7, delta=2), [1, 3, 5]),
    "linspace": (lambda: tf.linspace(0.0, 1.0, 3), [0, 0.5, 1]),
    "fill": (lambda: tf.fill([2], 7), [7, 7]),
    "eye": (lambda: tf.eye(2, batch_shape=[2]), np.stack([np.eye(2)] * 2)),
    "pad": (lambda: tf.pad(A, [[0, 0], [1, 1]], mode="REFLECT"), np.pad(A, [(0, 0), (1, 1)], "reflect")),
    "reverse": (lambda: tf.reverse(A, axis=[1]), A[:, ::-1]),
    "slice": (lambda: tf.slice(A, [0, 1], [-1, 2]), A[:, 1:]),
    "matmul": (lambda: tf.matmul(A, B, transpose_b=True), A @ B.T),
    "norm": (lambda: tf.norm(A, axis=1), np.linalg.norm(A, axis=1)),
    "sort": (lambda: tf.sort(A, direction="DESCENDING"), np.sort(A)[:, ::-1]),
    "clip_by_value": (lambda: tf.clip_by_value(A, -1, 1), A.clip(-1, 1)),
    "clip_by_norm": (lambda: tf.clip_by_norm(A, 2.0), A * 2 / np.linalg.norm(A)),
    "clip_by_global_norm": (
        lambda: tf.clip_by_global_norm([A, B], 1.0)[0][1],
        B / np.sqrt((A**2).sum() + (B**2).sum()),
    ),
    "tensor_scatter_nd_update": (lambda: tf.tensor_scatter_nd_update([1, 2, 3], [[1]], [9]), [1, 9, 3]),
    "sequence_mask": (lambda: tf.sequence_mask([1, 3], 3, tf.float32), [[1, 0, 0], [1, 1, 1]]),
    "map_fn": (lambda: tf.map_fn(lambda r: tf.reduce_sum(r), A), A.sum(1)),
    "foldl": (lambda: tf.foldl(lambda a, x: a * 2 + x, [1.0, 2.0, 3.0]), 11),
    "scan": (lambda: tf.scan(lambda a, x: a + x, [1.0, 2.0, 3.0]), [1, 3, 6]),
    "while_loop": (lambda: tf.while_loop(lambda i, s: i < 4, lambda i, s: (i + 1, s + i), [0, 0])[1], 6),
    "cond": (lambda: tf.cond(tf.constant(1) > 2, lambda: 1.0, lambda: 2.0), 2),
    "case": (lambda: tf.case([(tf.constant(False), lambda: 1.0)], default=lambda: 3.0), 3),
    "confusion_matrix": (lambda: tf.math.confusion_matrix([0, 1, 1], [0, 1, 0]), [[1, 0], [1, 1]]),
    "count_nonzero": (lambda: tf.math.count_nonzero([0, 1, 2]), 2),
    "l2_normalize": (lambda: tf.nn.l2_normalize(A, axis=1), A / np.linalg.norm(A, axis=1, keepdims=True)),
    "lgamma": (lambda: tf.math.lgamma([4.0]), [np.log(6)]),
    "top_k": (lambda: tf.nn.top_k(A, 1)[1], [[2], [1]]),
    "nn.softmax": (lambda: tf.nn.softmax(A), softmax(A)),
    "nn.silu": (lambda: tf.nn.swish(A), A / (1 + np.exp(-A))),
    "nn.leaky_relu": (lambda: tf.nn.leaky_relu(A), np.where(A > 0, A, 0.2 * A)),
    "nn.sigmoid_cross_entropy": (
        lambda: tf.nn.sigmoid_cross_entropy_with_logits(labels=(B > 0), logits=A),
        np.log1p(np.exp(A)) - A * (B > 0),
    ),
    "nn.weighted_cross_entropy": (
        lambda: tf.nn.weighted_cross_entropy_with_logits(labels=1.0 * (B > 0), logits=A, pos_weight=3.0),
        3 * (B > 0) * np.log1p(np.exp(-A)) + (B <= 0) * np.log1p(np.exp(A)),
    ),
    "nn.softmax_cross_entropy": (
        lambda: tf.nn.softmax_cross_entropy_with_logits(labels=[[0, 1, 0], [1, 0, 0]], logits=A),
        -np.log(softmax(A)[[0, 1], [1, 0]]),
    ),
    "nn.sparse_softmax_cross_entropy": (
        lambda: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=[1, 0], logits=A),
        -np.log(softmax(A)[[0, 1], [1, 0]]),
    ),
    "nn.l2_loss": (lambda: tf.nn.l2_loss(A), (A**2).sum() / 2),
    "nn.moments": (lambda: tf.nn.moments(A, axes=[0])[1], A.var(0)),
    "nn.embedding_lookup": (lambda: tf.nn.embedding_lookup(A, [1, 1, 0]), A[[1, 1, 0]]),
    "nn.max_pool2d": (
        lambda: tf.nn.max_pool2d(np.float32(IMAGE[None]), 2, 2, "VALID"),
        np.float32(IMAGE).reshape(1, 3, 2, 2, 2, 3).max((2, 4)),
    ),
    "nn.conv2d": (
        lambda: tf.nn.conv2d(np.float32(IMAGE[None]), np.ones((1, 1, 3, 1), "float32"), [1, 2, 2, 1], "SAME"),
        np.float32(IMAGE[None, ::2, ::2]).sum(-1, keepdims=True),
    ),
    "nn.batch_normalization": (lambda: tf.nn.batch_normalization(A, 1.0, 4.0, 3.0, 2.0, 0.0), A + 2),
    "linalg.band_part": (lambda: tf.linalg.band_part(np.ones((3, 3)), -1, 0), np.tril(np.ones((3, 3)))),
    "linalg.diag": (lambda: tf.linalg.diag([1.0, 2.0]), np.diag([1, 2])),
    "linalg.svd": (lambda: tf.linalg.svd(A)[0], np.linalg.svd(A)[1]),
    "linalg.matvec": (lambda: tf.linalg.matvec(A, B[0]), A @ B[0]),
    "signal.rfft": (lambda: abs(tf.signal.rfft([1.0, 0.0, 0.0, 0.0])), [1, 1, 1]),
    "signal.frame": (lambda: tf.signal.frame([1.0, 2.0, 3.0, 4.0], 2, 1), [[1, 2], [2, 3], [3, 4]]),
    "image.flip": (lambda: tf.image.flip_left_right(IMAGE), IMAGE[:, ::-1]),
    "image.central_crop": (lambda: tf.image.central_crop(IMAGE, 0.5), IMAGE[1:-1, 1:-1]),
    "image.standardization": (
        lambda: tf.image.per_image_standardization(IMAGE),
        (IMAGE - IMAGE.mean()) / IMAGE.std(),
    ),
    "image.convert": (lambda: tf.image.convert_image_dtype(IMAGE, tf.float32), IMAGE / 255),
    "image.resize, nearest": (lambda: tf.image.resize(IMAGE, [3, 2], method="nearest"), IMAGE[1::2, 1::2]),
    "image.crop_or_pad": (
        lambda: tf.image.resize_with_crop_or_pad(IMAGE, 8, 2),
        np.pad(IMAGE, [(1, 1), (0, 0), (0, 0)])[:, 1:3],
    ),
    "image.rot90": (lambda: tf.image.rot90(IMAGE), np.rot90(IMAGE)),
    "strings": (lambda: tf.strings.to_number(tf.strings.split("1 2 3")), [1, 2, 3]),
    "strings.lower": (lambda: [len(s.numpy()) for s in tf.strings.lower(np.array(["AB", "c"]))], [2, 1]),
    "strings.length": (lambda: tf.strings.length(["AB", "é"]), [2, 2]),
    "version 1": (lambda: tf.compat.v1.log(tf.compat.v1.to_float(tf.constant([1]))), [0]),
}


@pytest.mark.parametrize("name", CASES)
def test_function(name):
    run, expected = CASES[name]
    found = run()
    np.testing.assert_allclose(np.asarray(found, "float64"), np.asarray(expected, "float64"), rtol=2e-5, atol=1e-6)


SYMBOLIC = {
    "reduce_mean": lambda x: tf.reduce_mean(x, axis=1),
    "concat": lambda x: tf.concat([x, tf.square(x)], axis=-1),
    "gather": lambda x: tf.gather(x, [0, 2], axis=1),
    "cumsum": lambda x: tf.cumsum(x, axis=1, exclusive=True),
    "reshape": lambda x: tf.reshape(x, (-1, 1, 3)),
    "l2_normalize": lambda x: tf.nn.l2_normalize(x, axis=-1),
    "lgamma": lambda x: tf.math.lgamma(tf.abs(x)),
    "clip": lambda x: tf.clip_by_value(x, 0.0, 1.0),
    "expand": lambda x: tf.tile(tf.expand_dims(x, 1), [1, 2, 1]),
    "sigmoid loss": lambda x: tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.ones_like(x), logits=x),
}


@pytest.mark.parametrize("name", SYMBOLIC)
def test_function_on_symbolic_tensors(name):
    function = SYMBOLIC[name]
    inputs = cornu.Input((3,))
    outputs = function(inputs)
    model = cornu.Model(inputs, outputs)
    np.testing.assert_allclose(model(A), function(jnp.asarray(A)), rtol=1e-6)
    assert outputs.shape.as_list()[0] is None


def test_a_planted_error_is_seen():
    with unittest.mock.patch.dict(CASES, {"add": (lambda: tf.subtract(A, B), A + B)}), pytest.raises(AssertionError):
        test_function("add")


def test_tensors_can_be_asked():
    x = tf.constant([[1.0, 2.0]])
    assert x.numpy().tolist() == [[1.0, 2.0]]
    assert x.shape.as_list() == x.get_shape().as_list() == [1, 2]
    assert (x.shape.ndims, x.shape[1:].as_list(), x.get_shape().num_elements()) == (2, [2], 2)
    assert x.dtype == tf.float32
    assert tf.float32 == "float32"
    assert tf.as_dtype(np.int32) is tf.int32
    assert isinstance(x, tf.Tensor)
    assert x[..., tf.newaxis].shape == (1, 2, 1)
    assert tf.is_tensor(x)
    assert cornu.Input((3,)).shape.as_list() == [None, 3]
    value = x.numpy()
    value[0, 0] = 5.0
    assert float(x[0, 0]) == 1.0


def test_dtypes_go_wherever_one_does():
    assert np.zeros(2, dtype=tf.float16).dtype == np.float16
    assert jnp.zeros(2, dtype=tf.int32).dtype == np.int32
    assert cornu.ops.zeros(2, dtype=tf.bool).dtype == bool
    assert cornu.layers.Dense(1, dtype=tf.float32).compute_dtype == "float32"
    assert {tf.float32: 1}["float32"] == 1
    assert tf.uint8.max == 255


def test_a_value_asked_for_while_compiling_is_refused_clearly():
    with pytest.raises(AttributeError, match="run_functions_eagerly"):
        jax.jit(lambda x: x.numpy())(A)
    with pytest.raises(AttributeError, match="numpy"):
        cornu.Input((3,)).numpy()


def test_variable():
    v = tf.Variable([1.0, 2.0], name="v")
    assert v.assign_add([1.0, 1.0]) is v
    v.assign_sub([0.5, 0.5])
    assert v.numpy().tolist() == [1.5, 2.5]
    assert (v.shape.as_list(), v.trainable, v.dtype == tf.float32) == ([2], True, True)
    assert tf.Variable(3).dtype == tf.int32
    assert not tf.Variable(0, trainable=False).trainable
    dense = cornu.layers.Dense(1)
    dense.build((None, 2))
    assert isinstance(dense.kernel, tf.Variable)
    np.testing.assert_allclose(tf.exp(v), np.exp([1.5, 2.5]), rtol=1e-6)


# tf.function ---------------------------------------------------------------------------------------------------------


def test_function_compiles_and_carries_variables():
    traces, v = [], tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)], jit_compile=True)
    def step(x):
        traces.append(1)
        v.assign_add(tf.reduce_sum(x))
        return v * 2

    found = [float(step(tf.constant([1.0, 2.0]))) for _ in range(3)]
    assert found == [8.0, 14.0, 20.0]
    assert len(traces) <= 3  # two to find the variables
    with pytest.raises(NotImplementedError, match="graph"):
        step.get_concrete_function()


def test_function_on_methods_and_python_arguments():
    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @tf.function
        def __call__(self, x, times, flag=False):
            for _ in range(times):
                x = x * self.factor
            return -x if flag else x

    two, three = Scale(2.0), Scale(3.0)
    assert float(two(tf.constant(1.0), 3)) == 8.0
    assert float(two(tf.constant(1.0), 2)) == 4.0
    assert float(three(tf.constant(1.0), 2, flag=True)) == -9.0
    assert float(two(tf.constant(1.0), 1)) == 2.0


def test_function_that_asks_for_values_runs_in_plain_python():
    @tf.function
    def absolute(x):
        if x > 0:
            return x
        return -x

    assert [float(absolute(tf.constant(v))) for v in (-2.0, 3.0)] == [2.0, 3.0]
    assert ["plain Python" in n.new for n in notices.collected()] == [True]


def test_function_shows_a_program_its_own_errors():
    @tf.function
    def wrong(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        wrong(tf.constant(1.0))


def test_run_functions_eagerly():
    tf.config.run_functions_eagerly(True)
    seen = []
    tf.function(lambda x: seen.append(x.numpy()))(tf.constant(1.0))
    assert seen == [1.0]


def test_print(capfd):
    tf.print("loss:", tf.constant(1.5), output_stream="stdout")

    @tf.function
    def inside(x):
        tf.print("inside", x)
        return x

    inside(tf.constant(2.0)).block_until_ready()
    jax.effects_barrier()
    out = capfd.readouterr().out
    assert "loss: 1.5" in out
    assert "inside 2.0" in out


# Randomness ----------------------------------------------------------------------------------------------------------


def test_draws_follow_from_the_seed():
    def draw():
        tf.random.set_seed(3)
        return [tf.random.normal([2], seed=1), tf.random.normal([2], seed=1), tf.random.uniform([2], 0, 9, tf.int32)]

    first, second = draw(), draw()
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert first[0].tolist() != first[1].tolist()
    assert tf.random.stateless_normal([2], [1, 2]).tolist() == tf.random.stateless_normal([2], [1, 2]).tolist()
    assert sorted(tf.random.shuffle([1, 2, 3]).tolist()) == [1, 2, 3]
    assert tf.random.Generator.from_seed(1).uniform([3]).shape == (3,)


def test_draws_inside_compiled_functions_differ_from_call_to_call():
    draw = tf.function(lambda: tf.random.normal([2]))
    assert draw().tolist() != draw().tolist()


# What is not there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("reduce_summ", "Did you mean 'reduce_sum'"),
        ("math.reduce_su", "Did you mean"),
        ("nn.relue", "Did you mean 'relu'"),
        ("lite", "TensorFlow itself"),
        ("contrib", "TensorFlow 1"),
        ("summary.create_file_writer", "CSVLogger"),
        ("io.TFRecordWriter", "NumPy"),
        ("train.AdamOptimizer", "tf.keras.optimizers"),
        ("compat.v1.placeholder", "GradientTape"),
        ("distribute.TPUStrategy", "one device"),
        ("data.Datset", "Dataset"),
    ],
)
def test_what_is_missing_is_said(path, words):
    module, _, name = path.rpartition(".")
    owner = tf
    for part in module.split(".") if module else ():
        owner = getattr(owner, part)
    with pytest.raises(AttributeError, match=words):
        getattr(owner, name)
    assert not hasattr(owner, name)


def test_every_name_is_there():
    for name in dir(tf):
        assert getattr(tf, name, None) is not None, name
    for name in tf._MODULES:
        module = importlib.import_module(f"cornu.compat.tensorflow.{name}")
        assert getattr(tf, name) is module


def test_configuration_is_accepted():
    for device in tf.config.list_physical_devices("GPU") or tf.config.list_physical_devices("CPU"):
        tf.config.experimental.set_memory_growth(device, True)
    tf.config.threading.set_intra_op_parallelism_threads(2)
    with tf.device("/CPU:0"), tf.name_scope("part"):
        assert tf.executing_eagerly()
    with tf.device("/GPU:7"):
        pass
    strategy = tf.distribute.MirroredStrategy()
    with strategy.scope():
        assert strategy.num_replicas_in_sync == 1
    assert tf.__version__ >= "2"
    assert tuple(map(int, tf.__version__.split(".")[:2])) >= (2, 4)
    assert isinstance(tf.test.is_gpu_available(), bool)
    tf.get_logger().setLevel("ERROR")
    config = tf.compat.v1.ConfigProto(allow_soft_placement=True)
    config.gpu_options.allow_growth = True
    session = tf.compat.v1.Session(config=config)
    session.run(tf.compat.v1.global_variables_initializer())
    with pytest.raises(NotImplementedError, match="graph"):
        session.run(tf.constant(1.0), feed_dict={})
    tf.compat.v1.set_random_seed(1)
    tf.compat.v1.disable_eager_execution()
    tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
    assert len(notices.collected()) >= 6


# Programs ------------------------------------------------------------------------------------------------------------


def test_a_written_training_loop():
    """The loop of TensorFlow's guides: a data set, a compiled step, metrics."""
    cornu.utils.set_random_seed(1)
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    y = (x.sum(1) > 0).astype("int64")
    dataset = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(64).batch(16)
    model = cornu.Sequential([cornu.layers.Dense(16, activation="relu"), cornu.layers.Dense(2)])
    loss_fn = cornu.losses.SparseCategoricalCrossentropy(from_logits=True)
    optimizer = cornu.optimizers.Adam(0.05)
    accuracy, mean = cornu.metrics.SparseCategoricalAccuracy(), cornu.metrics.Mean()

    @tf.function
    def train_step(images, labels):
        with tf.GradientTape() as tape:
            predictions = model(images, training=True)
            loss = loss_fn(labels, predictions)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        mean(loss)
        accuracy(labels, predictions)
        return loss

    first = None
    for _ in range(8):
        accuracy.reset_state()
        for images, labels in dataset:
            loss = train_step(images, labels)
            first = float(loss) if first is None else first
    assert float(loss) < first / 2
    assert accuracy.result().numpy() > 0.9
    assert not [n for n in notices.collected() if "plain Python" in n.new]


def test_a_variational_autoencoder():
    """tf.shape and tf.random in a layer's call, and a train_step of its own."""

    class Sampling(cornu.layers.Layer):
        def call(self, inputs):
            mean, log_var = inputs
            batch, dim = tf.shape(mean)[0], tf.shape(mean)[1]
            epsilon = tf.random.normal(shape=(batch, dim))
            return mean + tf.exp(0.5 * log_var) * epsilon

    class VAE(cornu.Model):
        def __init__(self, encoder, decoder):
            super().__init__()
            self.encoder, self.decoder = encoder, decoder
            self.tracker = cornu.metrics.Mean(name="loss")

        @property
        def metrics(self):
            return [self.tracker]

        def train_step(self, data):
            with tf.GradientTape() as tape:
                mean, log_var, z = self.encoder(data)
                rebuilt = self.decoder(z)
                error = tf.reduce_mean(tf.reduce_sum(tf.square(data - rebuilt), axis=1))
                kl = -0.5 * (1 + log_var - tf.square(mean) - tf.exp(log_var))
                total = error + 0.01 * tf.reduce_mean(tf.reduce_sum(kl, axis=1))
            grads = tape.gradient(total, self.trainable_weights)
            self.optimizer.apply_gradients(zip(grads, self.trainable_weights, strict=True))
            self.tracker.update_state(total)
            return {"loss": self.tracker.result()}

    inputs = cornu.Input((4,))
    hidden = cornu.layers.Dense(8, activation="relu")(inputs)
    mean, log_var = cornu.layers.Dense(2)(hidden), cornu.layers.Dense(2)(hidden)
    encoder = cornu.Model(inputs, [mean, log_var, Sampling()([mean, log_var])])
    decoder = cornu.Sequential([cornu.Input((2,)), cornu.layers.Dense(8, activation="relu"), cornu.layers.Dense(4)])
    model = VAE(encoder, decoder)
    model.compile(optimizer=cornu.optimizers.Adam(0.01))
    x = np.random.default_rng(0).normal(size=(64, 4)).astype("float32")
    history = model.fit(x, epochs=5, batch_size=16, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_devices_are_listed_in_each_way():
    device_lib = importlib.import_module("cornu.compat.tensorflow.python.client.device_lib")
    found = device_lib.list_local_devices()
    assert [device.device_type for device in found] == [d.device_type for d in tf.config.list_physical_devices()]
    assert found[0].name == "/device:CPU:0"
    ops = importlib.import_module("cornu.compat.tensorflow.python.framework.ops")
    assert ops.convert_to_tensor([1.0]).shape.as_list() == [1]


@pytest.mark.parametrize(("padding", "rows"), [("VALID", 2), ("SAME", 3)])
def test_places_of_maxima(padding, rows):
    from cornu.compat.tensorflow import nn

    x = np.random.default_rng(0).normal(size=(2, 5, 4, 3)).astype("float32")
    values, places = map(np.asarray, nn.max_pool_with_argmax(x, [1, 2, 2, 1], [1, 2, 2, 1], padding))
    assert np.array_equal(values, np.asarray(nn.max_pool2d(x, 2, 2, padding)))
    assert places.shape == (2, rows, 2, 3)
    assert all(
        np.array_equal(image.reshape(-1)[place], value) for image, place, value in zip(x, places, values, strict=True)
    )
    with_batch = np.asarray(nn.max_pool_with_argmax(x, 2, 2, padding, include_batch_in_index=True)[1])
    assert np.array_equal(x.reshape(-1)[with_batch], values)


def test_functions_of_numpy_give_arrays_of_numpy():
    x = tf.constant([[1.0, 3.0], [2.0, 0.0]])
    for found in (np.squeeze(x), np.reshape(x, (4,)), np.concatenate([x, A[:, :2]]), np.stack([x, x]), np.mean(x, 0)):
        assert isinstance(found, (np.ndarray, np.generic))
    assert {np.argmax(x[0]): "second"}[1] == "second"
    assert (np.shape(x), np.ndim(x), np.size(x)) == ((2, 2), 2, 4)
    np.random.choice(2, p=np.squeeze(tf.nn.softmax([[0.1, 0.3]])))


def test_jax_s_own_calls_of_numpy_keep_gradients():
    layer, x = cornu.layers.Conv2DTranspose(2, 3, strides=2), tf.ones((1, 2, 2, 1))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(x) ** 2)
    assert all(gradient is not None for gradient in tape.gradient(loss, layer.trainable_variables))
