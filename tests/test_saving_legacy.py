"""HDF5 model files: both ways with Keras 3, by order and by name, strictly."""

from __future__ import annotations

import warnings

import h5py
import keras
import numpy as np
import pytest
from saved_models import MODELS, flat, inputs

import cornu
from cornu.saving import inspect_file, legacy, load_model
from cornu.saving.legacy_weights import write_names

LIBRARIES = {"cornu": cornu, "keras": keras}
NAMES = ["stack", "graph", "words"]


def words(k):
    """An embedding, recurrent layers of both ways, a part that isn't trained."""
    tokens = k.Input((5,), dtype="int32")
    x = k.layers.Embedding(10, 4)(tokens)
    x = k.layers.Bidirectional(k.layers.LSTM(2))(x)
    x = k.layers.BatchNormalization()(k.layers.Dense(3, trainable=False)(x))
    return k.Model(tokens, k.layers.Dense(2)(x))


MODELS = {**MODELS, "words": words}


def same(ours, theirs, tolerance=1e-5) -> bool:
    pairs = zip(flat(ours), flat(theirs), strict=True)
    return all(np.allclose(a, b, rtol=tolerance, atol=tolerance) for a, b in pairs)


def results(model, name) -> list:
    """What a model gives, or where that takes Keras long its weights: they come in the same order."""
    if name == "words":
        return [np.asarray(v) for v in model.weights]
    return flat(model(inputs(name)))


def text(names) -> list[str]:
    return [name.decode() if isinstance(name, bytes) else name for name in names]


def save(model, path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(path)


def dense(units=3, inputs=4, name="dense", library=cornu):
    return library.Sequential([library.Input((inputs,)), library.layers.Dense(units, name=name)])


@pytest.fixture(scope="module", params=NAMES)
def saved(request, tmp_path_factory):
    """One architecture, made and saved by both libraries, with an optimizer's state."""
    folder, made = tmp_path_factory.mktemp(request.param), {}
    for name, library in LIBRARIES.items():
        made[name] = MODELS[request.param](library)
        made[name].compile(library.optimizers.Adam(0.25), "mse", metrics=["mae"])
        made[name].optimizer.build(made[name].trainable_variables)
        made[name].optimizer.iterations.assign(7)
        for number, variable in enumerate(made[name].optimizer.variables[2:]):
            variable.assign(np.full(variable.shape, number))
        save(made[name], folder / f"{name}.h5")
    return request.param, folder, made


@pytest.mark.parametrize(("writer", "reader"), [("cornu", "keras"), ("keras", "cornu"), ("cornu", "cornu")])
def test_a_file_gives_the_same_model(saved, writer, reader):
    name, folder, made = saved
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        model = LIBRARIES[reader].saving.load_model(folder / f"{writer}.h5")
    found, wanted = results(model, name), results(made[writer], name)
    assert same(found, wanted)
    assert not same([y + 0.1 for y in found], wanted)  # the comparison does tell
    assert float(np.asarray(model.optimizer.learning_rate)) == 0.25
    if reader == "cornu":
        state, wanted = model.optimizer.variables, made[writer].optimizer.variables
        assert all(np.array_equal(a.numpy(), np.asarray(b)) for a, b in zip(state, wanted, strict=True))


def test_keras_still_cannot_load_all_of_its_own(saved):
    """Where Keras's own file fails in Keras, ours loads; told here so that nobody wonders about the difference."""
    name, folder, _ = saved
    if name == "graph":
        with pytest.raises((ValueError, TypeError)):
            keras.saving.load_model(folder / "keras.h5", compile=False)
    else:
        keras.saving.load_model(folder / "keras.h5", compile=False)


def test_layout(saved):
    """The same groups, names and arrays as in Keras's file, but for the names of variables."""
    _, folder, _ = saved
    found = []
    for library in LIBRARIES:
        with h5py.File(folder / f"{library}.h5") as file:
            group = file["model_weights"]
            layers = text(group.attrs["layer_names"])
            held = [[group[f"{n}/{w}"].shape for w in text(group[n].attrs["weight_names"])] for n in layers]
            found.append((sorted(file.attrs), sorted(group.attrs), sorted(file), held))
    assert found[0] == found[1]


@pytest.mark.parametrize("writer", LIBRARIES)
def test_weights_out_of_a_whole_model(saved, writer):
    name, folder, made = saved
    other = cornu.models.clone_model(made["cornu"])
    assert not same(results(other, name), results(made[writer], name))
    report = other.load_weights(folder / f"{writer}.h5")
    assert report.complete
    assert len(report.matched) >= len(other.weights)
    assert same(results(other, name), results(made[writer], name))


def test_weights_alone(saved, tmp_path):
    name, _, made = saved
    path = tmp_path / "w.h5"
    legacy.save_weights(made["cornu"], path)
    before = made["keras"].get_weights()
    made["keras"].load_weights(path)
    assert same(results(made["keras"], name), results(made["cornu"], name))
    made["keras"].set_weights(before)


@pytest.mark.parametrize("name", ["model.h5", "model.hdf5", "model", "weights.best", "checkpoint.hd5"])
def test_any_name(tmp_path, name):
    model, x = dense(), np.ones((1, 4), "float32")
    legacy.save_model(model, tmp_path / name)
    assert same(load_model(tmp_path / name)(x), model(x))
    legacy.save_weights(model, tmp_path / name)
    other = dense()
    assert other.load_weights(tmp_path / name).complete
    assert same(other(x), model(x))
    with pytest.raises(ValueError, match="holds no model.*\n.*\n.*load_weights"):
        load_model(tmp_path / name)


def test_endings_of_saved_models(tmp_path):
    for ending in ("h5", "hdf5"):
        with pytest.warns(UserWarning, match="older HDF5 format"):
            dense().save(tmp_path / f"m.{ending}")
        assert load_model(tmp_path / f"m.{ending}").count_params() == 15
    with pytest.raises(FileExistsError, match="overwrite"):
        legacy.save_model(dense(), tmp_path / "m.h5", overwrite=False)


def test_checkpoints(tmp_path):
    model = dense()
    model.compile("sgd", "mse")
    callback = cornu.callbacks.ModelCheckpoint(tmp_path / "weights.{epoch:02d}-{loss:.0f}.h5", monitor="loss")
    with pytest.warns(UserWarning, match="older HDF5 format"):
        model.fit(np.zeros((4, 4)), np.zeros((4, 3)), epochs=2, verbose=0, callbacks=[callback])
    assert sorted(p.name for p in tmp_path.iterdir()) == ["weights.01-0.h5", "weights.02-0.h5"]
    assert load_model(tmp_path / "weights.02-0.h5").count_params() == 15


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "m.h5"
    legacy.save_model(dense(), path)
    before = path.read_bytes()

    def fail(*_):
        raise OSError("no space left")

    monkeypatch.setattr("cornu.saving.legacy.write_layers", fail)
    with pytest.raises(OSError, match="no space"):
        legacy.save_model(dense(), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["m.h5"]


def test_training_goes_on(tmp_path):
    x, y = np.random.default_rng(0).random((32, 4)), np.ones((32, 3))
    model = dense()
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, verbose=0)
    legacy.save_model(model, tmp_path / "m.h5")
    other = load_model(tmp_path / "m.h5")
    histories = [m.fit(x, y, verbose=0, shuffle=False).history for m in (model, other)]
    assert histories[0] == histories[1]
    legacy.save_model(model, tmp_path / "m.h5", include_optimizer=False)
    assert load_model(tmp_path / "m.h5").optimizer is None
    assert load_model(tmp_path / "m.h5", compile=False).optimizer is None


@cornu.saving.register_keras_serializable("legacy tests")
class Scaled(cornu.layers.Layer):
    """Of a factor that is trained."""

    def build(self, input_shape):
        """Makes the factor."""
        self.factor = self.add_weight(shape=(), initializer="ones", name="factor")

    def call(self, x):
        """Multiplies."""
        return x * self.factor


def doubled(y_true, y_pred):
    """A loss."""
    return 2 * abs(y_true - y_pred)


def test_a_persons_own(tmp_path):
    model = cornu.Sequential([cornu.Input((2,)), Scaled(), cornu.layers.Lambda(doubled, arguments={"y_pred": 1.0})])
    model.compile("sgd", doubled, metrics=[doubled])
    legacy.save_model(model, tmp_path / "m.h5")
    with pytest.raises(ValueError, match="doubled"):
        load_model(tmp_path / "m.h5")
    loaded = load_model(tmp_path / "m.h5", custom_objects={"doubled": doubled})
    assert type(loaded.layers[0]) is Scaled
    loaded.fit(np.ones((2, 2)), np.ones((2, 2)), verbose=0)
    assert "doubled" in loaded.history.history


def test_types_that_hdf5_does_not_have(tmp_path):
    model = MODELS["halves"](cornu)
    legacy.save_model(model, tmp_path / "m.h5")
    x = inputs("halves")
    for library in LIBRARIES.values():
        assert same(library.saving.load_model(tmp_path / "m.h5")(x), model(x), 1e-2)


@pytest.mark.parametrize("writer", LIBRARIES)
def test_long_lists_of_names(tmp_path, writer):
    library = LIBRARIES[writer]
    wide = [library.layers.Flatten(name=f"{'x' * 300}{i}") for i in range(250)]
    model = library.Sequential([library.Input((4,)), *wide, library.layers.Dense(2)])
    save(model, tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names" not in file["model_weights"].attrs
        assert len(file["model_weights"].attrs["layer_names1"]) > 1
    for name in ("layer_names0", "layer_names1"):
        with h5py.File(tmp_path / "names.h5", "w") as file:
            write_names(file, "layer_names", ["y" * 1000] * 200)
            assert name in file.attrs
    other = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(2)])
    other.load_weights(tmp_path / "m.h5")
    assert np.array_equal(other.get_weights()[0], np.asarray(model.get_weights()[0]))


# What doesn't fit ----------------------------------------------------------------------------------------------------


def two(units=2, names=("first", "last")):
    layers = cornu.layers
    return cornu.Sequential([cornu.Input((4,)), layers.Dense(3, name=names[0]), layers.Dense(units, name=names[1])])


def test_nothing_changes_unless_everything_fits(tmp_path):
    path, held, other = tmp_path / "w.h5", two(), two(5)
    legacy.save_weights(held, path)
    before = other.get_weights()
    with pytest.raises(ValueError, match=r"\(3, 2\) in the file, \(3, 5\) in the model") as caught:
        other.load_weights(path)
    assert "last" in str(caught.value)
    assert all(map(np.array_equal, before, other.get_weights()))
    report = other.load_weights(path, skip_mismatch=True)
    assert (len(report.matched), len(report.mismatched), report.complete) == (2, 2, False)
    assert np.array_equal(other.get_weights()[0], held.get_weights()[0])
    assert np.array_equal(other.get_weights()[2], before[2])


def test_another_number_of_layers_or_weights(tmp_path):
    path = tmp_path / "w.h5"
    legacy.save_weights(two(), path)
    with pytest.raises(ValueError, match="1 layers: dense\n.*2 layers: first, last"):
        dense().load_weights(path)
    unbiased = cornu.Sequential([cornu.Input((4,)), cornu.layers.Dense(3, use_bias=False), cornu.layers.Dense(2)])
    with pytest.raises(ValueError, match="2 arrays in the file, 1 weights in the model"):
        unbiased.load_weights(path)
    assert len(unbiased.load_weights(path, skip_mismatch=True).matched) == 2
    with pytest.raises(ValueError, match="Build the model first"):
        cornu.Sequential([cornu.layers.Dense(3)]).load_weights(path)


def test_by_name(tmp_path):
    path, held = tmp_path / "w.h5", two()
    legacy.save_weights(held, path)
    other = two(5, names=("first", "new"))
    before = other.get_weights()
    report = other.load_weights(path, by_name=True)
    assert (len(report.matched), len(report.missing), len(report.unexpected)) == (2, 2, 2)
    assert np.array_equal(other.get_weights()[0], held.get_weights()[0])
    assert np.array_equal(other.get_weights()[2], before[2])
    wrong = two(5)
    with pytest.raises(ValueError, match=r"\(3, 2\) in the file, \(3, 5\) in the model"):
        wrong.load_weights(path, by_name=True)
    assert not np.array_equal(wrong.get_weights()[0], held.get_weights()[0])
    assert len(wrong.load_weights(path, by_name=True, skip_mismatch=True).mismatched) == 2
    theirs = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="first"), keras.layers.Dense(5)])
    theirs.load_weights(path, by_name=True)
    assert np.array_equal(theirs.get_weights()[0], held.get_weights()[0])


def test_by_name_is_for_older_files(tmp_path):
    dense().save_weights(tmp_path / "w.weights.h5")
    dense().save(tmp_path / "m.keras")
    for name in ("w.weights.h5", "m.keras"):
        with pytest.raises(ValueError, match="by_name"):
            dense().load_weights(tmp_path / name, by_name=True)


def test_two_layers_of_one_name(tmp_path):
    class Twins(cornu.Model):
        def __init__(self):
            super().__init__()
            self.a, self.b = cornu.layers.Dense(1, name="x"), cornu.layers.Dense(1, name="x")

        def call(self, x):
            return self.a(self.b(x))

    model = Twins()
    model(np.ones((1, 2)))
    with pytest.raises(ValueError, match="different name"):
        legacy.save_weights(model, tmp_path / "w")
    assert not list(tmp_path.iterdir())


def test_subclassed_models_with_weights_of_their_own(tmp_path):
    def make(k):
        class Net(k.Model):
            def __init__(self):
                super().__init__()
                self.stack = [k.layers.Dense(3), k.layers.BatchNormalization()]
                self.scale = self.add_weight(shape=(3,), name="scale", initializer="ones")

            def call(self, x):
                for layer in self.stack:
                    x = layer(x)
                return x * self.scale

        model = Net()
        model(np.ones((1, 2), "float32"))
        model.scale.assign([1.0, 2.0, 3.0] if k is cornu else [4.0, 5.0, 6.0])
        return model

    ours, theirs, x = make(cornu), make(keras), np.ones((1, 2), "float32")
    legacy.save_weights(ours, tmp_path / "w.h5")
    theirs.load_weights(tmp_path / "w.h5")
    assert same(ours(x), theirs(x))
    assert make(cornu).load_weights(tmp_path / "w.h5").complete


def test_inspect(tmp_path):
    legacy.save_weights(dense(), tmp_path / "w.h5")
    assert sorted(inspect_file(tmp_path / "w.h5")["weights"].values()) == [((3,), "float32"), ((4, 3), "float32")]
