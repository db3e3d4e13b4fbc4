"""Model files: both ways with Keras, strictly, whole or not at all."""

from __future__ import annotations

import copy
import io
import json
import pickle
import warnings
import zipfile

import h5py
import keras
import numpy as np
import pytest
from saved_models import MODELS, flat, graph, inputs, stack, subclass

import cornu
from cornu.saving import inspect_file, load_model, weights

LIBRARIES = {"cornu": cornu, "keras": keras}


def load(library, path, **kwargs):
    return library.saving.load_model(path, **kwargs)


def same(ours, theirs, tolerance=1e-6) -> bool:
    pairs = zip(flat(ours), flat(theirs), strict=True)
    return all(np.allclose(a, b, rtol=tolerance, atol=tolerance) for a, b in pairs)


def arrays(path) -> dict:
    """The path, shape and type of every array in a file."""
    found = {}

    def note(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = (item.shape, str(item.dtype))

    with h5py.File(io.BytesIO(zipfile.ZipFile(path).read("model.weights.h5")), "r") as file:
        file.visititems(note)
    return found


@pytest.fixture(scope="module", params=MODELS)
def saved(request, tmp_path_factory):
    """One architecture, made and saved by both libraries, with an optimizer's state."""
    folder, made = tmp_path_factory.mktemp(request.param), {}
    for name, library in LIBRARIES.items():
        made[name] = MODELS[request.param](library)
        made[name].compile("adam", "mse")
        made[name].optimizer.build(made[name].trainable_variables)
        made[name].optimizer.iterations.assign(7)
        made[name].save(folder / f"{name}.keras")
    return request.param, folder, made


@pytest.mark.parametrize(("writer", "reader"), [("cornu", "keras"), ("keras", "cornu"), ("cornu", "cornu")])
def test_a_file_gives_the_same_model(saved, writer, reader):
    name, folder, made = saved
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = load(LIBRARIES[reader], folder / f"{writer}.keras")
    x = inputs(name)
    assert same(model(x), made[writer](x), 1e-2 if name == "halves" else 1e-5)
    assert int(np.asarray(model.optimizer.iterations)) == 7


def test_files_have_keras_paths(saved):
    name, folder, _ = saved
    ours, theirs = (arrays(folder / f"{library}.keras") for library in LIBRARIES)
    if name == "halves":  # the optimizer's state of 16-bit weights: 32 bits here
        ours, theirs = (
            {k: shape if "optimizer" in k else (shape, t) for k, (shape, t) in f.items()} for f in (ours, theirs)
        )
    assert ours == theirs


def test_weights_alone(saved, tmp_path):
    name, _, made = saved
    path, x = tmp_path / "w.weights.h5", inputs(name)
    made["keras"].save_weights(path)
    fresh = cornu.models.clone_model(made["cornu"])
    if not fresh.built:
        fresh(x)
    report = fresh.load_weights(path)
    assert report.complete
    assert len(report.matched) >= len(fresh.weights)  # a wrapper may hold its layer's kernel, too
    tolerance = 1e-2 if name == "halves" else 1e-5
    assert same(fresh(x), made["keras"](x), tolerance)
    assert not same([y + 0.1 for y in flat(fresh(x))], made["keras"](x), tolerance)  # the comparison does tell
    made["cornu"].save_weights(path)
    made["keras"].load_weights(path)
    assert same(made["keras"](x), made["cornu"](x), tolerance)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(copied):
    model, x = stack(cornu), inputs("stack")
    model.compile("adam", "mse")
    other = copied(model)
    assert same(other(x), model(x))
    assert other.optimizer is not model.optimizer
    assert all(a is not b for a, b in zip(other.weights, model.weights, strict=True))
    assert copied(cornu.Sequential([cornu.layers.Dense(2)]))(np.ones((1, 4))).shape == (1, 2)


def test_copies_know_a_persons_classes_without_registration():
    class Twice(cornu.layers.Layer):
        def call(self, x):
            return 2 * x

    def halved(x):
        return x / 2

    model = cornu.Sequential([cornu.Input((3,)), Twice(), cornu.layers.Lambda(lambda x: x + 1),
                              cornu.layers.Dense(2, activation=halved)])  # fmt: skip
    x = np.ones((2, 3), "float32")
    assert same(copy.deepcopy(model)(x), model(x))
    assert isinstance(cornu.models.clone_model(model).layers[0], Twice)


@pytest.mark.parametrize("made", [stack, graph, subclass])
def test_clones_have_new_weights(made):
    model = made(cornu)
    clone = cornu.models.clone_model(model)
    assert [v.shape for v in clone.weights] == [v.shape for v in model.weights]
    kernels = [v for v in model.weights if len(v.shape) > 1]
    others = [v for v in clone.weights if len(v.shape) > 1]
    assert not any(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(kernels, others, strict=True))


def test_clones_with_other_layers():
    def wider(layer):
        config = layer.get_config()
        return type(layer).from_config({**config, "units": 4} if isinstance(layer, cornu.layers.Dense) else config)

    model = graph(cornu)
    clone = cornu.models.clone_model(model, clone_function=wider)
    assert [t.shape for t in clone.outputs] == [t.shape for t in model.outputs]
    assert len(clone.weights) == len(model.weights)
    with pytest.raises(ValueError, match="functional models"):
        cornu.models.clone_model(subclass(cornu), clone_function=wider)


def test_training_goes_on():
    x, y = inputs("stack"), np.array([0, 1, 0, 1, 0])
    model = cornu.Sequential([layer for layer in stack(cornu).layers if layer.name[:7] != "dropout"])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, verbose=0, epochs=2)
    other = copy.deepcopy(model)
    histories = [m.fit(x, y, verbose=0, shuffle=False, epochs=2).history for m in (model, other)]
    assert histories[0] == histories[1]


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("whole", [False, True])
def test_what_is_not_trained_stays_so(tmp_path, ending, whole):
    x = cornu.Input((4,))
    model = cornu.Model(x, cornu.layers.Dense(2)(cornu.layers.Dense(3, trainable=False)(x)))
    if whole:
        model.trainable = False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(tmp_path / f"m.{ending}")
    loaded = load_model(tmp_path / f"m.{ending}")
    assert [layer.trainable for layer in loaded.layers] == [layer.trainable for layer in model.layers]
    assert len(loaded.trainable_weights) == (0 if whole else 2)


def test_shared_by_two_nested_models(tmp_path):
    """Keras can't load its own file of such a model."""
    x, common = cornu.Input((4,)), cornu.layers.Dense(4)
    first = cornu.Sequential([cornu.Input((4,)), common])
    inner = cornu.Input((4,))
    second = cornu.Model(inner, common(inner) * 2)
    model = cornu.Model(x, first(x) + second(x))
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert len(loaded.weights) == 2
    assert same(loaded(np.ones((2, 4))), model(np.ones((2, 4))))


def test_a_persons_hooks(tmp_path):
    @cornu.saving.register_keras_serializable("tests")
    class Counter(cornu.layers.Layer):
        def build(self, input_shape):
            self.scale = self.add_weight(shape=(input_shape[-1],), name="scale")

        def call(self, x):
            return x * self.scale

        def save_own_variables(self, store):
            super().save_own_variables(store)
            store["seen"] = np.arange(3)

        def load_own_variables(self, store):
            self.seen = store["seen"]
            super().load_own_variables({k: v for k, v in store.items() if k != "seen"})

        def get_build_config(self):
            return {"width": self.scale.shape[0]}

        def build_from_config(self, config):
            self.build((None, config["width"]))

    model = cornu.Sequential([cornu.Input((2,)), Counter()])
    model.save(tmp_path / "m.keras")
    loaded = load_model(tmp_path / "m.keras")
    assert loaded.layers[0].seen.tolist() == [0, 1, 2]
    assert np.array_equal(loaded.layers[0].scale.numpy(), model.layers[0].scale.numpy())


# What doesn't fit ----------------------------------------------------------------------------------------------------


def dense(units=3, inputs=4, name="dense"):
    return cornu.Sequential([cornu.Input((inputs,)), cornu.layers.Dense(units, name=name)])


def test_nothing_changes_unless_everything_fits(tmp_path):
    path = tmp_path / "w.weights.h5"
    two = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3), cornu.layers.Dense(2)])
    two.save_weights(path)
    other = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3), cornu.layers.Dense(5, name="last")])
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"\(3, 2\) in the file, \(3, 5\) in the model") as caught:
        other.load_weights(path)
    assert "last" in str(caught.value)
    assert all(map(np.array_equal, before, other.get_weights()))
    report = other.load_weights(path, skip_mismatch=True)
    assert len(report.matched) == 2
    assert len(report.mismatched) == 2
    assert not report.complete
    assert np.array_equal(other.weights[0].numpy(), two.weights[0].numpy())
    assert np.array_equal(other.weights[2].numpy(), before[2])


@pytest.mark.parametrize(
    ("held", "wanted", "message"), [(1, 2, "missing: layers/dense_1"), (2, 1, "unexpected: layers")]
)
def test_missing_and_unexpected_weights(tmp_path, held, wanted, message):
    made = [cornu.Sequential([cornu.Input((4,)), *(cornu.layers.Dense(4) for _ in range(n))]) for n in (held, wanted)]
    made[0].save_weights(tmp_path / "w.weights.h5")
    with pytest.raises(ValueError, match=message):
        made[1].load_weights(tmp_path / "w.weights.h5")


def test_an_optimizer_that_does_not_fit_starts_anew(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.optimizer.build(model.trainable_variables)
    model.save(tmp_path / "m.keras")
    rewrite(tmp_path / "m.keras", config=lambda c: c["compile_config"].update(optimizer="sgd"))
    with pytest.warns(UserWarning, match="starts anew"):
        loaded = load_model(tmp_path / "m.keras")
    assert np.array_equal(loaded.weights[0].numpy(), model.weights[0].numpy())


@pytest.mark.parametrize("library", LIBRARIES)
def test_uncompiled_and_untrained_models(tmp_path, library):
    k = LIBRARIES[library]
    model = k.Sequential([k.Input((4,)), k.layers.Dense(3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model.save(tmp_path / "a.keras")
        assert load_model(tmp_path / "a.keras").optimizer is None
        model.compile("adam", "mse", metrics=["mae"])
        model.save(tmp_path / "b.keras")
        assert load_model(tmp_path / "b.keras").optimizer is not None
        assert load_model(tmp_path / "b.keras", compile=False).optimizer is None


def test_a_model_without_its_optimizer(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    model.save(tmp_path / "m.keras", include_optimizer=False)
    loaded = load_model(tmp_path / "m.keras")
    assert int(loaded.optimizer.iterations) == 0
    assert same(loaded(np.ones((1, 4))), model(np.ones((1, 4))))


def test_weights_out_of_a_whole_model(tmp_path):
    model = dense()
    model.compile("adam", "mse")
    model.fit(np.ones((2, 4)), np.ones((2, 3)), verbose=0)
    model.save(tmp_path / "m.keras")
    other = dense()
    assert other.load_weights(tmp_path / "m.keras").complete
    assert same(other(np.ones((1, 4))), model(np.ones((1, 4))))


def test_inspect(tmp_path):
    model = dense()
    model.save(tmp_path / "m.keras")
    model.save_weights(tmp_path / "w.weights.h5")
    found = inspect_file(tmp_path / "m.keras")
    wanted = {"layers/dense/vars/0": ((4, 3), "float32"), "layers/dense/vars/1": ((3,), "float32")}
    assert found["weights"] == wanted == inspect_file(tmp_path / "w.weights.h5")["weights"]
    assert found["config"]["class_name"] == "Sequential"
    assert found["metadata"]["keras_version"].startswith("3.")


def test_json():
    model = graph(cornu)
    text = model.to_json(indent=1)
    assert cornu.models.model_from_json(text).count_params() == model.count_params()
    assert keras.models.model_from_json(text).count_params() == model.count_params()
    assert cornu.models.model_from_json(graph(keras).to_json()).count_params() == model.count_params()


# Writing -------------------------------------------------------------------------------------------------------------


def rewrite(path, config=None, **members):
    """Changes a `.keras` file's config, or puts other members into it."""
    with zipfile.ZipFile(path) as file:
        held = {name: file.read(name) for name in file.namelist()}
    if config is not None:
        data = json.loads(held["config.json"])
        config(data)
        held["config.json"] = json.dumps(data)
    with zipfile.ZipFile(path, "w") as file:
        for name, data in {**held, **members}.items():
            file.writestr(name, data)


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.keras"
    dense().save(path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("cornu.saving.archive.write", fail)
    with pytest.raises(OSError, match="no space"):
        dense().save(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


def test_what_was_written_is_read_again(tmp_path, monkeypatch):
    written = weights.hdf5.write
    monkeypatch.setattr(weights.hdf5, "write", lambda path, entries: written(path, dict(list(entries.items())[:1])))
    with pytest.raises(OSError, match="doesn't hold what was written"):
        dense().save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


def test_names_of_files(tmp_path):
    model = dense()
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError, match="overwrite"):
        model.save(tmp_path / "m.keras", overwrite=False)
    with pytest.raises(FileNotFoundError, match="folder"):
        model.save(tmp_path / "none" / "m.keras")
    for wrong in ("m", "m.h6", "m.tf"):
        with pytest.raises(ValueError, match=r"\.keras"):
            model.save(tmp_path / wrong)
    (tmp_path / "m.keras").rename(tmp_path / "m")
    assert load_model(tmp_path / "m").count_params() == model.count_params()  # the content tells
    with pytest.raises(ValueError, match=r"\.weights\.h5"):
        model.save_weights(tmp_path / "m.h5")
    with pytest.raises(IsADirectoryError, match="SavedModel"):
        load_model(tmp_path)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.keras")


def test_assets_are_refused(tmp_path):
    class Vocabulary(cornu.layers.Layer):
        def call(self, x):
            return x

        def save_assets(self, folder):
            """Would write files."""

    with pytest.raises(NotImplementedError, match="save_assets"):
        cornu.Sequential([cornu.Input((2,)), Vocabulary()]).save(tmp_path / "m.keras")


def test_a_model_that_holds_a_trained_model_comes_back(tmp_path):
    inner = cornu.Sequential([cornu.Input((3,)), cornu.layers.Dense(4)])
    inner.compile("adam", "mse")
    inner.fit(np.ones((4, 3)), np.ones((4, 4)), verbose=0)
    x = cornu.Input((3,))
    model = cornu.Model(x, cornu.layers.Dense(1)(inner(x)))
    model.compile("adam", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 1)), verbose=0)
    model.save(tmp_path / "model.keras")
    again = cornu.models.load_model(tmp_path / "model.keras")
    rows = np.linspace(-1, 1, 6).reshape(2, 3)
    np.testing.assert_array_equal(again.predict(rows, verbose=0), model.predict(rows, verbose=0))
    assert int(again.optimizer.iterations.value) == 1
