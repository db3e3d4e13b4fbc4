"""Model files in the spelling of old eras, through the eras' tables."""

from __future__ import annotations

import importlib

import numpy as np
import pytest
from test_saving_legacy_eras import draw, layer, named, write

import cornu
from cornu import compat
from cornu.compat import dialect, files, notices


@pytest.mark.parametrize("era", ["keras1", "keras2", "tf.keras"])
def test_a_network_of_keras_1(tmp_path, monkeypatch, era):
    monkeypatch.setattr(dialect, "_current", dialect.Dialect(era))
    silent = {"W_regularizer": None, "b_regularizer": None, "activity_regularizer": None, "W_constraint": None,
              "b_constraint": None, "bias": True, "init": "glorot_uniform"}  # fmt: skip
    entries = [
        layer("Convolution2D", "c", nb_filter=4, nb_row=3, nb_col=2, border_mode="same", subsample=[1, 1],
              dim_ordering="tf", activation="relu", batch_input_shape=[None, 6, 5, 3], input_dtype="float32", **silent),
        layer("MaxPooling2D", "p", pool_size=[2, 2], strides=[2, 2], border_mode="valid", dim_ordering="tf"),
        layer("Reshape", "r", target_shape=[6, 4]),
        layer("LSTM", "l", output_dim=2, inner_init="orthogonal", forget_bias_init="one",
              inner_activation="hard_sigmoid", activation="tanh", init="glorot_uniform", consume_less="cpu",
              U_regularizer=None, W_regularizer=None, b_regularizer=None,
              dropout_W=0.0, dropout_U=0.0, return_sequences=False, go_backwards=False,
              stateful=False, unroll=False, input_dim=4, input_length=None),
        layer("Dropout", "o", p=0.5),
        layer("Dense", "d", output_dim=2, activation="softmax", input_dim=2, **silent),
    ]  # fmt: skip
    kernel, bias, dense = draw(3, 2, 3, 4), draw(4), (draw(2, 2), draw(2))
    gates = {
        f"{gate}{part}": draw(*shape) for gate in "icfo" for part, shape in (("W", (4, 2)), ("U", (2, 2)), ("b", (2,)))
    }
    held = {
        "c": named("c", (kernel, bias), ("W", "b")),
        "p": {},
        "r": {},
        "l": gates,
        "o": {},
        "d": named("d", dense, "Wb"),
    }
    path = write(tmp_path / "model", {"class_name": "Sequential", "config": entries}, held, version="1.2.2")
    model = files.load_model(path)
    lstm = [np.concatenate([gates[f"{gate}{part}"] for gate in "ifco"], -1) for part in "WUb"]

    def slope(x):
        return np.clip(0.2 * x + 0.5, 0, 1)

    x = draw(2, 6, 5, 3)
    convolved = cornu.layers.Conv2D(4, (3, 2), padding="same", activation="relu")
    convolved.build(x.shape)
    convolved.set_weights([kernel, bias])
    steps = np.asarray(cornu.layers.MaxPooling2D()(convolved(x))).reshape(2, 6, 4)
    h = c = np.zeros((2, 2))
    for step in range(6):
        i, f, g, o = np.split(steps[:, step] @ lstm[0] + h @ lstm[1] + lstm[2], 4, -1)
        c = slope(f) * c + slope(i) * np.tanh(g)
        h = slope(o) * np.tanh(c)
    logits = h @ dense[0] + dense[1]
    wanted = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    assert np.allclose(model.predict(x, verbose=0), wanted, atol=1e-5)


def test_weights_of_any_format(tmp_path):
    model = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3, name="d")])
    for name in ("w.weights.h5", "w.h5", "weights.best"):
        files.save_weights(model, tmp_path / name)
        other = cornu.models.clone_model(model)
        files.load_weights(other, tmp_path / name, name == "w.h5")
        assert np.array_equal(other.get_weights()[0], model.get_weights()[0])


def twice(x):
    return 2 * x


def test_functions_of_ones_own_in_files(tmp_path):
    compat.install("keras2", source="")
    try:
        from keras import layers, models

        scaled = [
            layers.Lambda(lambda x: x / 2 - 1, input_shape=(3,)),
            layers.Lambda(twice),
            layers.Lambda(lambda x: -x),
        ]
        model = models.Sequential(
            [*scaled, layers.Dense(2, kernel_initializer=lambda shape, dtype=None: np.ones(shape))]
        )
        model.compile("adam", "mse")
        x, path = np.arange(6.0).reshape(2, 3), str(tmp_path / "model.h5")
        model.save(path)
        again, copy = models.load_model(path), models.model_from_json(model.to_json())
        copy.set_weights(model.get_weights())
        for one in (again, copy):
            assert np.allclose(one.predict(x, verbose=0), (2 - x).sum(1, keepdims=True) + np.zeros((1, 2)))
    finally:
        compat.uninstall()
        notices.clear()
    with pytest.raises(TypeError, match="anonymous"):
        cornu.registry.serialize(lambda x: x)


def test_a_model_saved_as_a_folder_is_found_in_it(tmp_path):
    compat.install("tf.keras", source="")
    try:
        tf = importlib.import_module("tensorflow")
        models, layers = tf.keras.models, tf.keras.layers
        model = models.Sequential([layers.Dense(2, input_shape=(3,))])
        folder = tmp_path / "saved" / "model"
        model.save(folder)
        assert folder.is_dir()
        assert np.array_equal(models.load_model(str(folder)).get_weights()[0], model.get_weights()[0])
        model.save(str(tmp_path / "model.h5"))
        assert (tmp_path / "model.h5").is_file()
        for epoch in (1, 2):
            model.save_weights(tmp_path / "weights" / f"cp-{epoch}.ckpt")
        latest = tf.train.latest_checkpoint(str(tmp_path / "weights"))
        assert latest.endswith("cp-2.ckpt")
        model.load_weights(latest)
        assert tf.train.latest_checkpoint(str(tmp_path / "none")) is None
    finally:
        compat.uninstall()
        notices.clear()
