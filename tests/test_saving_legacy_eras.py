"""HDF5 files as Keras 1, Keras 2 and tf.keras wrote them: made here by hand, since none of these runs today."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest

import cornu
from cornu.saving import legacy, load_model

DRAW = np.random.default_rng(0)


def draw(*shape):
    return DRAW.normal(size=shape).astype("float32")


def fill(model):
    """Gives every weight values that tell it apart."""
    for variable in model.weights:
        variable.assign(abs(draw(*variable.shape)))
    return model


def write(path, model=None, layers=None, *, version="2.2.4", backend="tensorflow", training=None, optimizer=None):
    """A file in the layout of every era: `layers` holds for each layer its arrays by name, in their order."""
    with h5py.File(path, "w") as file:
        group = file.create_group("model_weights") if model is not None else file
        for place in (file, group):
            if version is not None:
                place.attrs["keras_version"] = version.encode()
                place.attrs["backend"] = backend.encode()
        if model is not None:
            file.attrs["model_config"] = json.dumps(model).encode()
        if training is not None:
            file.attrs["training_config"] = json.dumps(training).encode()
        group.attrs["layer_names"] = np.array([name.encode() for name in layers])
        for name, arrays in layers.items():
            put(group.create_group(name), arrays)
        if optimizer is not None:
            put(file.create_group("optimizer_weights"), optimizer)
    return path


def put(group, arrays):
    group.attrs["weight_names"] = np.array([name.encode() for name in arrays])
    for name, array in arrays.items():
        group.create_dataset(name, data=array)


def named(prefix, arrays, names=("kernel:0", "bias:0")):
    return {f"{prefix}/{name}": array for name, array in zip(names, arrays, strict=True)}


SCALING = {"class_name": "VarianceScaling",
           "config": {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None}}  # fmt: skip
ZEROS = {"class_name": "Zeros", "config": {}}


def dense(name, units, activation="linear", **more):
    config = {"name": name, "trainable": True, "units": units, "activation": activation, "use_bias": True,
              "kernel_initializer": SCALING, "bias_initializer": ZEROS, "kernel_regularizer": None,
              "bias_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}},
              "activity_regularizer": None, "kernel_constraint": None, "bias_constraint": None}  # fmt: skip
    return {"class_name": "Dense", "config": {**config, **more}}


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def called(entry, *nodes):
    """An entry of a graph; each call's inputs as [layer, number of its call, number of its output]."""
    return {
        **entry,
        "name": entry["config"]["name"],
        "inbound_nodes": [[[*p[:3], *(p[3:] or [{}])] for p in node] for node in nodes],
    }


def source(name, *shape, **more):
    config = {"batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False, "name": name, **more}
    return called({"class_name": "InputLayer", "config": config})


NORMS = ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0")


@pytest.mark.parametrize("form", ["list", "dict"])
def test_a_stack_of_keras_2(tmp_path, form):
    entries = [
        dense("dense_1", 3, "relu", batch_input_shape=[None, 4], dtype="float32"),
        layer("Dropout", "dropout_1", rate=0.5, noise_shape=None, seed=None),
        layer("BatchNormalization", "bn", axis=[1], momentum=0.99, epsilon=0.001, center=True, scale=True,
              moving_mean_initializer=ZEROS, gamma_initializer={"class_name": "Ones", "config": {"dtype": "float32"}}),
        layer("LeakyReLU", "leaky", alpha={"type": "ndarray", "value": 0.25}),
    ]  # fmt: skip
    kernel, bias = draw(4, 3), draw(3)
    gamma, beta, mean, variance = draw(3), draw(3), draw(3), abs(draw(3))
    held = {"dense_1": named("dense_1", (kernel, bias)), "dropout_1": {},
            "bn": named("bn", (gamma, beta, mean, variance), NORMS), "leaky": {}}  # fmt: skip
    config = entries if form == "list" else {"name": "stack", "layers": entries}
    path = write(tmp_path / "model", {"class_name": "Sequential", "config": config}, held)
    model, x = load_model(path), draw(5, 4)
    y = (np.maximum(x @ kernel + bias, 0) - mean) / np.sqrt(variance + 0.001) * gamma + beta
    assert np.allclose(model.predict(x, verbose=0), np.where(y > 0, y, 0.25 * y), atol=1e-5)
    assert [part.name for part in model.layers] == ["dense_1", "dropout_1", "bn", "leaky"]


@pytest.mark.parametrize("first_call", [0, 1])
def test_a_graph_of_keras_2(tmp_path, first_call):
    """A shared layer, and a nested model whose own making counts as a call, or doesn't."""
    inner = {"name": "inner", "layers": [source("x", 3), called(dense("deep", 3), [["x", 0, 0]])],
             "input_layers": [["x", 0, 0]], "output_layers": [["deep", 0, 0]]}  # fmt: skip
    entries = [
        source("a", 4),
        source("b", 4),
        called(dense("shared", 3), [["a", 0, 0]], [["b", 0, 0]]),
        called({"class_name": "Model", "config": inner}, [["shared", 0, 0]], [["shared", 1, 0]]),
        called(layer("Concatenate", "joined", axis=-1), [["inner", first_call, 0], ["inner", first_call + 1, 0]]),
    ]
    config = {"name": "m", "layers": entries, "input_layers": [["a", 0, 0], ["b", 0, 0]],
              "output_layers": [["joined", 0, 0], ["inner", first_call + 1, 0]]}  # fmt: skip
    arrays = [draw(4, 3), draw(3), draw(3, 3), draw(3)]
    held = {"a": {}, "b": {}, "shared": named("shared", arrays[:2]), "inner": named("deep", arrays[2:]), "joined": {}}
    model = load_model(write(tmp_path / "m.h5", {"class_name": "Model", "config": config}, held))
    a, b = draw(2, 4), draw(2, 4)
    one, other = ((x @ arrays[0] + arrays[1]) @ arrays[2] + arrays[3] for x in (a, b))
    joined, second = model.predict([a, b], verbose=0)
    assert np.allclose(joined, np.concatenate([one, other], -1), atol=1e-5)
    assert np.allclose(second, other, atol=1e-5)


def test_a_graph_of_tf_keras(tmp_path):
    """Arguments of calls that are tensors, policies, shapes, objects that occur twice, layers that wrap others."""
    policy = {"class_name": "Policy", "config": {"name": "float32"}}
    lstm = {"units": 3, "activation": "tanh", "recurrent_activation": "sigmoid", "time_major": False,
            "implementation": 2, "return_sequences": True, "kernel_initializer": {**SCALING, "shared_object_id": 1},
            "dtype": policy, "recurrent_initializer": {**SCALING, "shared_object_id": 1}}  # fmt: skip
    entries = [
        source("x", 5, 4, ragged=False),
        source("h", 3, ragged=False),
        source("c", 3, ragged=False),
        called(layer("LSTM", "lstm", **lstm), [["x", 0, 0, {"initial_state": [["h", 0, 0], ["c", 0, 0]]}]]),
        called(layer("TimeDistributed", "each", layer=dense("inner", 2)), [["lstm", 0, 0, {"mask": None}]]),
        called(layer("MultiHeadAttention", "heads", num_heads=1, key_dim=2, query_shape={"class_name": "TensorShape",
               "items": [None, 5, 2]}), [["each", 0, 0, {"value": ["lstm", 0, 0]}]]),
    ]  # fmt: skip
    config = {"name": "m", "trainable": True, "layers": entries, "output_layers": [["heads", 0, 0]],
              "input_layers": [["x", 0, 0], ["h", 0, 0], ["c", 0, 0]]}  # fmt: skip
    x, h, c = cornu.Input((5, 4)), cornu.Input((3,)), cornu.Input((3,))
    cells = cornu.layers.LSTM(3, return_sequences=True, name="lstm")(x, initial_state=[h, c])
    each = cornu.layers.TimeDistributed(cornu.layers.Dense(2), name="each")(cells)
    wanted = fill(cornu.Model([x, h, c], cornu.layers.MultiHeadAttention(1, 2, name="heads")(each, cells)))
    held = {"x": {}, "h": {}, "c": {}}
    for name in ("lstm", "each", "heads"):
        held[name] = {v.path: v.numpy() for v in wanted.get_layer(name).weights}
    path = write(tmp_path / "m.h5", {"class_name": "Functional", "config": config}, held, version="2.11.0")
    model, data = load_model(path), [draw(2, 5, 4), draw(2, 3), draw(2, 3)]
    assert np.allclose(model.predict(data, verbose=0), wanted.predict(data, verbose=0), atol=1e-5)


def operation(name, function, *node):
    return {
        **layer("TFOpLambda", name, function=function, dtype="float32"),
        "name": name,
        "inbound_nodes": [list(node)],
    }


def test_functions_of_tensorflow_in_a_graph(tmp_path):
    entries = [
        source("x", 4),
        operation("half", "math.truediv", "x", 0, 0, {"y": 2.0, "name": None}),
        operation("rest", "math.subtract", "_CONSTANT_VALUE", -1, 1.0, {"y": ["half", 0, 0], "name": None}),
        operation("sum", "__operators__.add", "rest", 0, 0, {"y": ["x", 0, 0], "name": None}),
        {**operation("both", "concat"), "inbound_nodes": [[["sum", 0, 0, {"axis": -1}], ["x", 0, 0, {"axis": -1}]]]},
        operation("mean", "math.reduce_mean", "both", 0, 0, {"axis": 1, "keepdims": True}),
    ]
    config = {"name": "m", "layers": entries, "input_layers": [["x", 0, 0]], "output_layers": [["mean", 0, 0]]}
    path = write(tmp_path / "m", {"class_name": "Functional", "config": config}, {"x": {}}, version="2.8.0")
    x = draw(3, 4)
    wanted = np.concatenate([1 - x / 2 + x, x], -1).mean(1, keepdims=True)
    model = load_model(path)
    assert np.allclose(model.predict(x, verbose=0), wanted, atol=1e-5)
    legacy.save_model(model, path)
    assert np.allclose(load_model(path).predict(x, verbose=0), wanted, atol=1e-5)
    config["layers"][1]["config"]["function"] = "io.read_file"
    with pytest.raises(ValueError, match="TensorFlow's function 'io.read_file'"):
        load_model(write(tmp_path / "m", {"class_name": "Functional", "config": config}, {"x": {}}, version="2.8.0"))


def test_states_among_the_inputs(tmp_path):
    """Before tf.keras 2, a recurrent layer's first states stood beside its inputs."""
    recurrent = layer("GRU", "gru", units=3, recurrent_activation="sigmoid")
    entries = [source("x", 5, 4), source("h", 3), called(recurrent, [["x", 0, 0], ["h", 0, 0]])]
    config = {"name": "m", "layers": entries, "output_layers": [["gru", 0, 0]],
              "input_layers": [["x", 0, 0], ["h", 0, 0]]}  # fmt: skip
    x, h = cornu.Input((5, 4)), cornu.Input((3,))
    wanted = fill(cornu.Model([x, h], cornu.layers.GRU(3, reset_after=False)(x, initial_state=h)))
    held = {"x": {}, "h": {}, "gru": {v.path: v.numpy() for v in wanted.weights}}
    model = load_model(write(tmp_path / "m.h5", {"class_name": "Model", "config": config}, held, version="2.0.8"))
    data = [draw(2, 5, 4), draw(2, 3)]
    assert np.allclose(model.predict(data, verbose=0), wanted.predict(data, verbose=0), atol=1e-5)


# Arrays of other forms -----------------------------------------------------------------------------------------------


def one(part, *shape):
    return fill(cornu.Sequential([cornu.Input(shape), part]))


def check(path, wanted, fresh, shape):
    """Whether the weights of a file make a new model the same as another one."""
    fresh = fill(cornu.Sequential([cornu.Input(shape), fresh]))
    x = draw(2, *shape)
    assert not np.allclose(fresh(x), wanted(x), atol=1e-4)
    assert fresh.load_weights(path).complete
    assert np.allclose(fresh(x), wanted(x), atol=1e-4)


GATES = {"LSTM": (0, 2, 1, 3), "GRU": (0, 1, 2)}
"""Keras 1's gates among those of today."""


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("wrapped", [False, True])
def test_gates_apart(tmp_path, kind, wrapped):
    def make():
        options = {"reset_after": False} if kind == "GRU" else {}
        inner = getattr(cornu.layers, kind)(2, **options)
        return cornu.layers.Bidirectional(inner) if wrapped else inner

    wanted, arrays = one(make(), 5, 3), {}
    for number in range(0, len(wanted.weights), 3):
        parts = [np.split(v.numpy(), len(GATES[kind]), -1) for v in wanted.weights[number : number + 3]]
        arrays |= {
            f"{number}{'ifco'[g]}_{p}": parts[p][GATES[kind].index(g)] for g in range(len(parts[0])) for p in range(3)
        }
    assert len(arrays) == (24 if kind == "LSTM" else 18) // (1 if wrapped else 2)
    check(write(tmp_path / "w", layers={"old": arrays}, version=None), wanted, make(), (5, 3))


@pytest.mark.parametrize("kind", GATES)
def test_cudnn(tmp_path, kind):
    def make():
        return getattr(cornu.layers, kind)(2)

    def apart(matrix):
        return np.split(matrix, len(GATES[kind]), -1)

    wanted = one(make(), 5, 3)
    kernel, recurrent, bias = wanted.get_weights()
    theirs = np.concatenate([gate.T.reshape(gate.shape) for gate in apart(kernel)], -1)  # rows and columns swapped
    squares = np.concatenate([gate.T for gate in apart(recurrent)], -1)
    biases = np.concatenate([bias - 1, np.ones_like(bias)]) if kind == "LSTM" else bias.reshape(-1)
    held = {"cu": named("cu", (theirs, squares, biases), ("kernel:0", "recurrent_kernel:0", "bias:0"))}
    check(write(tmp_path / "w", layers=held), wanted, make(), (5, 3))
    entry = layer(f"CuDNN{kind}", "cu", units=2, batch_input_shape=[None, 5, 3])
    model, x = load_model(write(tmp_path / "m", {"class_name": "Sequential", "config": [entry]}, held)), draw(2, 5, 3)
    assert np.allclose(model(x), wanted(x), atol=1e-4)


KERNELS = {
    "Conv1D": ((6, 3), {}, lambda k: k[:, None]),
    "Conv1D of 1.1": ((6, 3), {}, lambda k: k[:, None].transpose(3, 2, 0, 1)),
    "Conv2D": ((6, 6, 3), {}, lambda k: k),
    "Conv2D, channels first": ((3, 6, 6), {"data_format": "channels_first"}, lambda k: k.transpose(3, 2, 0, 1)),
    "Conv2D of th": ((6, 6, 3), {}, lambda k: k.transpose(3, 2, 0, 1)),
    "Conv3D of th": ((5, 5, 5, 3), {}, lambda k: k.transpose(4, 3, 0, 1, 2)),
    "Conv2DTranspose": ((6, 6, 3), {}, lambda k: k.transpose(0, 1, 3, 2)),
}


@pytest.mark.parametrize("case", KERNELS)
def test_kernels_of_keras_1(tmp_path, case):
    shape, options, old = KERNELS[case]
    cls = getattr(cornu.layers, case.partition(" ")[0].strip(","))
    if "first" in case:  # computed on the CPU only in the other order: the weights alone are compared
        wanted, fresh = cornu.layers.Conv2D(4, 3, **options), cornu.layers.Conv2D(4, 3, **options)
        for part in (wanted, fresh):
            part.build((None, *shape))
        kernel, bias = draw(*wanted.kernel.shape), draw(4)
        path = write(tmp_path / "w", layers={"c": named("c", (old(kernel), bias), ("W", "b"))}, version="1.2.2")
        legacy.load_weights(cornu.Sequential([cornu.Input(shape), fresh]), path)
        assert np.array_equal(fresh.kernel.numpy(), kernel)
        return
    wanted = one(cls(4, 3), *shape)
    kernel, bias = wanted.get_weights()
    path = write(tmp_path / "w", layers={"c": named("c", (old(kernel), bias), ("W", "b"))}, version="1.2.2")
    check(path, wanted, cls(4, 3), shape)


def test_kernels_of_theano_are_mirrored(tmp_path):
    wanted = one(cornu.layers.Conv2D(3, 3), 6, 6, 2)
    kernel, bias = wanted.get_weights()
    path = write(tmp_path / "w", layers={"c": named("c", (kernel[::-1, ::-1], bias))}, backend="theano")
    check(path, wanted, cornu.layers.Conv2D(3, 3), (6, 6, 2))


def test_layers_inside_nested_stacks_one_by_one(tmp_path):
    def make():
        inner = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3), cornu.layers.Dense(2)])
        return fill(cornu.Sequential([cornu.Input((4,)), inner, cornu.layers.Dense(2)]))

    wanted, fresh, x = make(), make(), draw(2, 4)
    weights = wanted.get_weights()
    held = {f"dense_{i}": named(f"dense_{i}", weights[2 * i : 2 * i + 2], ("W", "b")) for i in range(3)}
    fresh.load_weights(write(tmp_path / "w", layers=held, version="1.0.3"))
    assert np.allclose(fresh(x), wanted(x), atol=1e-5)


# Names of the eras ---------------------------------------------------------------------------------------------------


def keras_1(class_name, config):
    """What a table of Keras 1's names would say."""
    names = {"output_dim": "units", "init": "kernel_initializer", "bias": "use_bias", "p": "rate"}
    silent = {"W_regularizer", "b_regularizer", "W_constraint", "b_constraint", "input_dim"}
    return class_name, {names.get(key, key): value for key, value in config.items() if key not in silent}


def test_a_stack_of_keras_1(tmp_path):
    old = {"output_dim": 3, "init": "glorot_uniform", "bias": True, "W_regularizer": None, "b_constraint": None,
           "input_dim": 4, "input_dtype": "float32", "batch_input_shape": [None, 4]}  # fmt: skip
    entries = [layer("Dense", "dense_1", **old), layer("Dropout", "dropout_1", p=0.5)]
    kernel, bias = draw(4, 3), draw(3)
    held = {"dense_1": named("dense_1", (kernel, bias), ("W", "b")), "dropout_1": {}}
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": entries}, held, version=None)
    assert legacy.keras_version(path) == "1"
    model, x = load_model(path, translate=keras_1), draw(2, 4)
    assert np.allclose(model(x), x @ kernel + bias, atol=1e-5)
    with pytest.raises(ValueError, match="units"):
        load_model(path)


def test_a_function_that_was_another_one(tmp_path):
    entries = [dense("d", 3, "hard_sigmoid", batch_input_shape=[None, 4])]
    held = {"d": named("d", (draw(4, 3), draw(3)))}
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": entries}, held)
    with pytest.warns(UserWarning, match="hard_sigmoid was"):
        load_model(path)


def test_a_broken_translation_is_told(tmp_path):
    path = write(tmp_path / "m.h5", {"class_name": "Sequential", "config": [dense("d", 3)]}, {})
    with pytest.raises(ValueError, match="malformed.*\n.*KeyError"):
        load_model(path, translate=lambda class_name, config: (class_name, {"x": config["absent"]}))


# Compiling -----------------------------------------------------------------------------------------------------------

ADAM = {"class_name": "Adam", "config": {"lr": 0.125, "beta_1": 0.9, "beta_2": 0.999, "decay": 0.0, "epsilon": None,
                                         "amsgrad": False}}  # fmt: skip
COMPILED = {"optimizer_config": ADAM, "loss": "mse", "metrics": ["acc"], "weighted_metrics": None,
            "sample_weight_mode": None, "loss_weights": None}  # fmt: skip


def small(tmp_path, **options):
    entries = [dense("d", 3, batch_input_shape=[None, 4])]
    held = {"d": named("d", (draw(4, 3), draw(3)))}
    return write(tmp_path / "m.h5", {"class_name": "Sequential", "config": entries}, held, **options)


LOSSES = {
    "a name": "mse",
    "a list": ["mean_squared_error"],
    "a dict": {"d": "mse"},
    "an object": {"class_name": "MeanSquaredError", "config": {"reduction": "auto", "name": "mean_squared_error"}},
}
METRICS = {
    "names": ["acc", "mae"],
    "a wrapped function": [{"class_name": "MeanMetricWrapper",
                            "config": {"name": "close", "dtype": "float32", "fn": "mean_absolute_error"}}],
    "an object in a list": [[{"class_name": "AUC", "config": {"name": "auc", "dtype": "float32"}}]],
}  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("metrics", METRICS)
def test_compiled_models(tmp_path, loss, metrics):
    training = {**COMPILED, "loss": LOSSES[loss], "metrics": METRICS[metrics]}
    model = load_model(small(tmp_path, training=training, version="2.9.0"))
    assert float(model.optimizer.learning_rate) == 0.125
    x, y = draw(8, 4), np.eye(3)[DRAW.integers(0, 3, 8)]
    value = model.evaluate(x, y, verbose=0, return_dict=True)
    assert np.isclose(
        value["loss"] - sum(map(float, model.losses)), np.mean((model.predict(x, verbose=0) - y) ** 2), atol=1e-4
    )
    assert ("close" in value, "auc" in value) == ("wrapped" in metrics, "object" in metrics)
    assert load_model(tmp_path / "m.h5", compile=False).optimizer is None


def test_what_compiling_does_not_know(tmp_path):
    path = small(tmp_path, training={**COMPILED, "loss": "my_loss"})
    with pytest.raises(ValueError, match="can't be compiled(.*\n)*.*my_loss(.*\n)*.*compile=False"):
        load_model(path)
    assert load_model(path, custom_objects={"my_loss": lambda y, z: z - y}).loss is not None


SLOTS = {
    "Keras 2": ["training/Adam/Variable:0", "training/Adam/Variable_1:0", "training/Adam/Variable_2:0",
                "training/Adam/Variable_3:0"],
    "tf.keras 2.4": ["Adam/d/kernel/m:0", "Adam/d/bias/m:0", "Adam/d/kernel/v:0", "Adam/d/bias/v:0"],
    "tf.keras 2.12": ["Adam/m/d/kernel:0", "Adam/v/d/kernel:0", "Adam/m/d/bias:0", "Adam/v/d/bias:0"],
}  # fmt: skip


@pytest.mark.parametrize("era", SLOTS)
def test_states_of_optimizers(tmp_path, era):
    together = era == "tf.keras 2.12"
    values = [draw(4, 3), draw(4, 3) if together else draw(3), draw(3) if together else draw(4, 3), draw(3)]
    numbers = {"iterations:0": np.int64(7), **({"learning_rate:0": np.float32(1)} if together else {})}
    state = {**numbers, **dict(zip(SLOTS[era], values, strict=True))}
    if era == "Keras 2":
        state |= {"training/Adam/vhat:0": np.zeros(1), "training/Adam/vhat_1:0": np.zeros(1)}
    model = load_model(small(tmp_path, training=COMPILED, optimizer=state, version="2.4.0"))
    held = {v.name: v.numpy() for v in model.optimizer.variables}
    assert int(model.optimizer.iterations) == 7
    order = (0, 1, 2, 3) if together else (0, 2, 1, 3)
    names = ("kernel_momentum", "kernel_velocity", "bias_momentum", "bias_velocity")
    for name, place in zip(names, order, strict=True):
        assert np.array_equal(next(v for k, v in held.items() if k.endswith(name)), values[place])


def test_a_state_that_does_not_fit(tmp_path):
    path = small(tmp_path, training=COMPILED, optimizer={"iterations:0": np.int64(7), "m": draw(4, 3)})
    with pytest.warns(UserWarning, match="starts anew"):
        assert int(load_model(path).optimizer.iterations) == 0
