"""Callbacks, on made-up logs, against Keras's own; and runs that are killed and taken up again."""

from __future__ import annotations

import contextlib
import csv
import json
import threading
import urllib.parse
from dataclasses import dataclass, field
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cornu
from cornu import callbacks, random
from cornu.random import SeedGenerator
from cornu.training import checkpoint
from cornu.training.callbacks.callback import overrides
from cornu.training.callbacks.monitor import direction
from cornu.variables import Variable


@dataclass
class Model:
    """What callbacks see of a model: weights that hold the epoch's number, an optimizer, files that it would write."""

    optimizer: object = None
    stop_training: bool = False
    weight: float = -1.0
    files: list = field(default_factory=list)
    metrics: list = field(default_factory=list)
    history: object = None

    def __post_init__(self):
        self.optimizer = SimpleNamespace(learning_rate=1.0)

    def get_weights(self):
        return [np.array([self.weight])]

    def set_weights(self, weights):
        (self.weight,) = weights[0]

    def save(self, path, overwrite):
        self.files.append((path, self.weight))

    save_weights = save


def run(family, made, epochs, batches=()):
    """Carries logs, one dict for each epoch, past callbacks; gives all that can be seen of it."""
    model = Model()
    # A list: beside a single callback Keras calls hooks of batches in a thread, in no fixed order.
    given = made if isinstance(made, list) else [made]
    params = {"verbose": 0, "epochs": len(epochs), "steps": len(batches)}
    hooks = family.CallbackList(given, add_history=True, model=model, **params)
    hooks.on_train_begin()
    rates = []
    for epoch, logs in enumerate(epochs):
        model.weight = float(epoch)
        hooks.on_epoch_begin(epoch)
        rates.append(model.optimizer.learning_rate)
        for batch, batch_logs in enumerate(batches):
            hooks.on_train_batch_begin(batch)
            hooks.on_train_batch_end(batch, dict(batch_logs))
        hooks.on_epoch_end(epoch, dict(logs))
        if model.stop_training:
            break
    hooks.on_train_end()
    return {
        "epochs": len(rates),
        "rates": np.asarray(rates, float).tolist(),
        "weight": float(model.weight),
        "files": model.files,
        "history": {name: np.asarray(values, float).tolist() for name, values in model.history.history.items()},
    }


def compare(make, epochs, batches=()):
    """Runs what `make(family)` makes in both families and compares everything that can be seen."""
    found = run(callbacks, make(callbacks), epochs, batches)
    np.testing.assert_equal(found, run(keras.callbacks, make(keras.callbacks), epochs, batches))


def losses(*values):
    return [{"loss": value, "val_loss": value} for value in values]


CURVE = losses(1.0, 0.8, 0.7, 0.75, 0.72, 0.71, 0.5, 0.6, 0.61, 0.59, 0.58, 0.57, 0.9, 0.4)
curves = st.lists(
    st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.5, 0.9, float("nan"), float("inf")]), min_size=1, max_size=14
).map(lambda values: losses(*values))


@settings(max_examples=150, deadline=None)
@given(
    curve=curves,
    arguments=st.fixed_dictionaries(
        {
            "monitor": st.sampled_from(["loss", "val_loss"]),
            "mode": st.sampled_from(["auto", "min", "max"]),
            "patience": st.integers(0, 4),
            "min_delta": st.sampled_from([0, 0.06, -0.06]),
            "baseline": st.sampled_from([None, 0.25]),
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 3),
        }
    ),
)
def test_early_stopping_is_that_of_keras(curve, arguments):
    compare(lambda family: family.EarlyStopping(**arguments), curve)


def test_the_comparison_catches_a_wrong_patience():
    def make(family):
        return family.EarlyStopping("loss", patience=3 if family is callbacks else 2)

    with pytest.raises(AssertionError):
        compare(make, CURVE)


def test_early_stopping_starts_anew_with_each_fit():
    stopping = callbacks.EarlyStopping("loss", patience=1, restore_best_weights=True)
    first = run(callbacks, stopping, losses(0.1, 0.5, 0.6))
    second = run(callbacks, stopping, losses(9.0, 8.0, 7.0))
    assert (first["epochs"], first["weight"]) == (2, 0.0)
    assert (second["epochs"], second["weight"]) == (3, 2.0), "0.1 of the first fit isn't the best of the second"


def test_early_stopping_restores_the_best_weights_when_it_did_not_stop():
    found = run(callbacks, callbacks.EarlyStopping("loss", patience=9, restore_best_weights=True), losses(3, 1, 2))
    assert (found["epochs"], found["weight"]) == (3, 1.0)


@settings(max_examples=150, deadline=None)
@given(
    curve=curves,
    arguments=st.fixed_dictionaries(
        {
            "mode": st.sampled_from(["auto", "min", "max"]),
            "factor": st.sampled_from([0.5, 0.1]),
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([1e-4, 0.06]),
            "cooldown": st.integers(0, 2),
            "min_lr": st.sampled_from([0.0, 0.2]),
        }
    ),
)
def test_reduce_lr_on_plateau_is_that_of_keras(curve, arguments):
    compare(lambda family: family.ReduceLROnPlateau(**arguments), curve)


@pytest.mark.parametrize(
    "schedule",
    [
        lambda epoch: 0.1 * 0.5**epoch,
        lambda epoch, rate: rate * 0.9,
        lambda epoch, rate: np.float32(0.25),
    ],
    ids=["epoch", "epoch and rate", "NumPy"],
)
def test_learning_rate_scheduler_is_that_of_keras(schedule):
    compare(lambda family: family.LearningRateScheduler(schedule), CURVE[:5])


@pytest.mark.parametrize("wrong", [None, "fast", True, [0.1]])
def test_a_schedule_must_give_a_number(wrong):
    with pytest.raises(ValueError, match="gives no number"):
        run(callbacks, callbacks.LearningRateScheduler(lambda epoch: wrong), CURVE)


def test_a_schedule_may_raise_type_errors_of_its_own():
    def schedule(epoch, rate):
        return rate + "1"

    with pytest.raises(TypeError, match="unsupported operand"):
        run(callbacks, callbacks.LearningRateScheduler(schedule), CURVE)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"save_best_only": True},
        {"save_best_only": True, "mode": "max"},
        {"save_best_only": True, "initial_value_threshold": 0.72},
        {"filepath": "w{epoch:03d}-{loss:.1f}.weights.h5", "save_weights_only": True},
        {"filepath": "{epoch}-{batch}.keras", "save_freq": 3},
        {"filepath": "b.h5", "save_freq": 4, "save_best_only": True, "monitor": "loss"},
    ],
)
def test_model_checkpoint_is_that_of_keras(arguments, tmp_path):
    arguments = {"filepath": "{epoch:02d}-{val_loss:.2f}.keras", **arguments}
    arguments["filepath"] = str(tmp_path / arguments["filepath"])
    batches = losses(*(0.9 / (i + 1) for i in range(5)))
    compare(lambda family: family.ModelCheckpoint(**arguments), CURVE, batches)


@pytest.mark.parametrize("killed_after", range(12))
def test_model_checkpoint_counts_batches_on_after_a_restart(killed_after):
    batches = [(epoch, batch) for epoch in range(2) for batch in range(5)]

    def go(callback, todo, resumed):
        model = Model()
        callback.set_model(model)
        for number, (epoch, batch) in enumerate(todo):
            if batch == 0 or (resumed and number == 0):
                callback.on_epoch_begin(epoch)
            callback.on_train_batch_end(batch, {})
        return [path for path, _ in model.files]

    def checkpoint_every_third():
        return callbacks.ModelCheckpoint("{epoch}-{batch}.keras", save_freq=3)

    first, second = checkpoint_every_third(), checkpoint_every_third()
    files = go(first, batches[:killed_after], resumed=False)
    second.set_state(first.get_state())
    files += go(second, batches[killed_after:], resumed=True)
    assert files == ["1-3.keras", "2-1.keras", "2-4.keras"]


@pytest.mark.parametrize(
    "make, error, message",
    [
        (lambda path: callbacks.ModelCheckpoint(path / "m.weights.h5"), None, None),
        (lambda path: callbacks.ModelCheckpoint(path / "m.pkl"), ValueError, "wrong ending"),
        (lambda path: callbacks.ModelCheckpoint(path / "m.keras", save_weights_only=True), ValueError, "wrong ending"),
        (lambda path: callbacks.ModelCheckpoint(path / "m.keras", save_freq="batch"), ValueError, "save_freq"),
        (lambda path: callbacks.ModelCheckpoint(path / "m.keras", save_freq=0), ValueError, "save_freq"),
        (lambda path: callbacks.ModelCheckpoint(path / "{vall_loss}.keras"), KeyError, "Did you mean 'val_loss'"),
        (lambda path: callbacks.ModelCheckpoint(path), IsADirectoryError, "directory"),
        (lambda path: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor"),
        (lambda path: callbacks.BackupAndRestore(""), ValueError, "backup_dir"),
        (lambda path: callbacks.BackupAndRestore(path, save_freq=1.5), ValueError, "save_freq"),
        (lambda path: callbacks.LambdaCallback(on_epoch_ends=print), TypeError, "Did you mean 'on_epoch_end'"),
        (lambda path: callbacks.LambdaCallback(on_epoch_end=3), TypeError, "can't be called"),
        (lambda path: callbacks.EarlyStopping, TypeError, r"EarlyStopping\(...\)"),
        (lambda path: "early_stopping", TypeError, "no callback"),
        (lambda path: callbacks.EarlyStopping("val_brilliance"), ValueError, "mode='min'"),
    ],
)
def test_mistakes_are_explained(make, error, message, tmp_path):
    logs = [{"loss": 1.0, "val_loss": 1.0, "val_brilliance": value} for value in (0.0, 1.0)]
    folder = tmp_path / "there.keras"
    folder.mkdir()
    if error is None:
        run(callbacks, make(folder), logs)
    else:
        with pytest.raises(error, match=message):
            run(callbacks, make(folder), logs)


@pytest.mark.parametrize(
    "make",
    [
        lambda: callbacks.EarlyStopping("val_loss"),
        lambda: callbacks.ReduceLROnPlateau(),
        lambda: callbacks.ModelCheckpoint("m.keras", save_best_only=True),
    ],
)
def test_a_missing_value_is_warned_about(make):
    with pytest.warns(UserWarning, match="no value 'val_loss'"):
        run(callbacks, make(), [{"loss": 1.0}])


@pytest.mark.parametrize(
    "name, expected",
    [
        ("loss", "min"),
        ("val_loss", "min"),
        ("val_head_loss", "min"),
        ("acc", "max"),
        ("val_accuracy", "max"),
        ("head_accuracy", "max"),
        ("val_auc", "max"),
        ("AUC_1", "max"),
        ("val_mse", "min"),
        ("val_head_mean_io_u", "max"),
        ("val_cost", "min"),
        ("head_gain", "max"),
        ("val_special_gain", "min"),
        ("val_prec", "max"),
    ],
)
def test_the_direction_of_a_value(name, expected):
    known = [("cost", "down"), ("gain", "up"), ("special_gain", "down"), ("odd", None)]
    told = [SimpleNamespace(name=metric, _direction=way) for metric, way in known]
    own = [cornu.metrics.Precision(name="prec"), cornu.metrics.MeanIoU(2, name="mean_io_u")]
    assert direction(name, Model(metrics=[*told, *own])) == expected


ARGUMENTS = {"PrecisionAtRecall": (0.5,), "RecallAtPrecision": (0.5,)}


def metrics_of_keras():
    """Keras's metrics that say in which direction they are better."""
    for name in sorted(vars(keras.metrics)):
        kind = getattr(keras.metrics, name)
        if isinstance(kind, type) and issubclass(kind, keras.metrics.Metric) and name not in ("Metric", "Mean", "Sum"):
            with contextlib.suppress(TypeError):
                metric = kind(*ARGUMENTS.get(name, ()))
                if getattr(metric, "_direction", None):
                    yield name, {"up": "max", "down": "min"}[metric._direction]


@pytest.mark.parametrize("name, expected", [*metrics_of_keras()])
def test_directions_are_those_of_keras(name, expected):
    metric = getattr(cornu.metrics, name)(*ARGUMENTS.get(name, ()), name="m")
    assert direction("val_m", Model(metrics=[metric])) == expected
    assert direction(name, None) == expected


# CSV -----------------------------------------------------------------------------------------------------------------


def rows(path, separator=","):
    with open(path, newline="") as stream:
        return list(csv.DictReader(stream, delimiter=separator))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_logger_writes_what_keras_writes(tmp_path, separator):
    found = {}
    for name, family in (("ours", callbacks), ("keras", keras.callbacks)):
        run(family, family.CSVLogger(str(tmp_path / name), separator=separator), CURVE)
        run(family, family.CSVLogger(str(tmp_path / name), separator=separator, append=True), CURVE[:3])
        found[name] = rows(tmp_path / name, separator)
    assert found["ours"] == found["keras"]
    assert len(found["ours"]) == len(CURVE) + 3


def test_csv_logger_gives_later_names_a_column(tmp_path):
    path = tmp_path / "deep" / "log.csv"
    run(callbacks, callbacks.CSVLogger(path), [{"loss": 1.0}, {"loss": 0.5, "val_loss": 2.0}, {"loss": 0.25}])
    assert path.read_text().splitlines() == ["epoch,loss,val_loss", "0,1.0,NA", "1,0.5,2.0", "2,0.25,NA"]
    run(callbacks, callbacks.CSVLogger(path, append=True), [{"val_loss": 3.0, "f1": np.array([0.5, 1.0])}])
    assert rows(path)[3] == {"epoch": "0", "loss": "NA", "val_loss": "3.0", "f1": "[0.5, 1.0]"}


def test_csv_logger_leaves_an_old_file_alone_until_it_has_a_line(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("precious")
    logger = callbacks.CSVLogger(path)
    logger.on_train_begin()
    logger.on_exit()
    assert path.read_text() == "precious"


# The list ------------------------------------------------------------------------------------------------------------


class PerBatch(callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        """Something."""


class OldPerBatch(callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        """Something."""


class PerTestBatch(callbacks.Callback):
    def on_test_batch_begin(self, batch, logs=None):
        """Something."""


class OfKeras(keras.callbacks.Callback):
    def on_predict_batch_end(self, batch, logs=None):
        """Something."""


@pytest.mark.parametrize(
    "made, wanted",
    [
        (callbacks.Callback(), ""),
        (callbacks.TerminateOnNaN(), ""),
        (callbacks.ProgbarLogger(), ""),
        (callbacks.BackupAndRestore("somewhere", save_freq=3), ""),
        (callbacks.ModelCheckpoint("m.keras"), ""),
        (callbacks.ModelCheckpoint("m.keras", save_freq=3), "train"),
        (callbacks.LambdaCallback(on_epoch_end=print), ""),
        (callbacks.LambdaCallback(on_train_batch_begin=print), "train"),
        (PerBatch(), "train"),
        (OldPerBatch(), "train"),
        (PerTestBatch(), "test"),
        (keras.callbacks.Callback(), ""),
        (OfKeras(), "predict"),
        ([callbacks.Callback(), [PerBatch(), PerTestBatch()]], "train test"),
    ],
)
def test_who_wants_single_batches(made, wanted):
    hooks = callbacks.CallbackList(made, add_history=True, add_progbar=True, verbose=1, epochs=1, steps=1)
    found = [kind for kind in ("train", "test", "predict") if getattr(hooks, f"wants_{kind}_batches")]
    assert found == wanted.split()


def test_the_order_of_callbacks():
    backup, mine = callbacks.BackupAndRestore("somewhere"), callbacks.Callback()
    hooks = callbacks.CallbackList([backup, mine], add_history=True, add_progbar=True)
    assert [type(c).__name__ for c in hooks.callbacks] == ["Callback", "History", "ProgbarLogger", "BackupAndRestore"]
    own = callbacks.History()
    assert callbacks.CallbackList([own], add_history=True).callbacks == [own]


def test_every_hook_reaches_every_callback():
    class Everything(callbacks.Callback):
        def __init__(self):
            self.heard = []

        def __getattribute__(self, name):
            if name.startswith("on_"):
                self.heard.append(name)
            return super().__getattribute__(name)

    names = [name for name in vars(callbacks.Callback) if name.startswith("on_") and name != "on_exit"]
    for name in names:
        setattr(Everything, name, lambda self, *args, **kwargs: None)
    everything = Everything()
    hooks = callbacks.CallbackList(everything)
    for name in names:
        everything.heard.clear()
        arguments = (0,) if "batch" in name or "epoch" in name else (1, dict) if "progress" in name else ()
        getattr(hooks, name)(*(arguments[:1] if "predict" in name else arguments))
        assert name.replace("on_batch", "on_train_batch") in everything.heard


def test_an_override_is_told_from_the_base():
    assert overrides(PerBatch(), "on_train_batch_end")
    assert not overrides(PerBatch(), "on_train_batch_begin")


def test_callbacks_see_what_others_added_to_the_logs():
    found = run(callbacks, callbacks.LearningRateScheduler(lambda epoch: 0.5), losses(1.0))
    assert found["history"] == {"loss": [1.0], "val_loss": [1.0], "learning_rate": [0.5]}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_terminate_on_nan(value, capsys):
    model = Model()
    hooks = callbacks.CallbackList(callbacks.TerminateOnNaN(), model=model, verbose=0, epochs=1, steps=9)
    hooks.on_progress(3, lambda: {"loss": 1.0})
    assert not model.stop_training
    hooks.on_progress(6, lambda: {"loss": value})
    assert model.stop_training
    assert "training ends" in capsys.readouterr().out
    hooks = callbacks.CallbackList(callbacks.TerminateOnNaN(raise_error=True), model=Model())
    with pytest.raises(RuntimeError, match="by epoch 1"):
        hooks.on_epoch_end(0, {"loss": value})


@pytest.mark.parametrize(
    "make, lines",
    [
        (lambda: callbacks.EarlyStopping("loss", patience=1, verbose=1, restore_best_weights=True), 2),
        (lambda: callbacks.ReduceLROnPlateau("loss", patience=1, verbose=1), 1),
        (lambda: callbacks.LearningRateScheduler(lambda epoch: 0.1, verbose=1), 3),
        (lambda: callbacks.ModelCheckpoint("m.keras", "loss", verbose=1, save_best_only=True), 5),
    ],
)
def test_verbose_callbacks_say_what_they_do(make, lines, capsys):
    run(callbacks, make(), losses(1.0, 0.5, 0.6))
    assert len(capsys.readouterr().out.splitlines()) == lines


# Backups -------------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    """The end of the process, as far as anybody here can tell."""


class Run:
    """A small training run: state in variables, a random walk, validation, every callback that remembers anything."""

    def __init__(self, folder, seed=3):
        random.set_root_seed(seed)
        self.seeds = SeedGenerator(seed)
        self.weight = Variable(np.zeros(3, "float32"), name="weight")
        self.half = Variable(np.zeros(2), dtype="bfloat16", name="half")
        self.learning_rate = Variable(0.5, name="learning_rate")
        self.total = Variable(0.0, name="total")
        self.optimizer = self
        self.stop_training, self.metrics, self.log = False, [], []
        self.position = SimpleNamespace(epochs_seen=0, shuffle_seed=0, epoch=0, step=0)
        self.folder = folder

    def __setattr__(self, name, value):
        if name == "learning_rate" and hasattr(self, name):
            self.learning_rate.assign(value)
        else:
            super().__setattr__(name, value)

    def all_variables(self):
        return [self.weight, self.half, self.seeds.state, self.learning_rate, self.total]

    def get_weights(self):
        return [self.weight.numpy(), self.half.numpy()]

    def set_weights(self, values):
        self.weight.assign(values[0])
        self.half.assign(values[1])

    def save(self, path, overwrite):
        self.log.append(path)

    def step(self, row):
        draw = random.uniform((3,), seed=self.seeds)
        self.weight.assign(self.weight * 0.9 + draw * self.learning_rate + row)
        self.half.assign(self.weight[:2])
        self.total.assign_add(self.weight.value.sum() / 7)

    def fit(self, epochs=6, steps=5, kill=None, **backup):
        made = [
            callbacks.BackupAndRestore(self.folder / "backup", **backup),
            callbacks.EarlyStopping("val_loss", patience=2, restore_best_weights=True),
            callbacks.ReduceLROnPlateau("val_loss", factor=0.7, patience=1),
            callbacks.ModelCheckpoint("best.keras", save_best_only=True),
            callbacks.CSVLogger(self.folder / "log.csv"),
        ]
        self.position.shuffle_seed, self.position.epoch, self.position.step = random.next_seed(), 0, 0
        hooks = callbacks.CallbackList(made, add_history=True, model=self, verbose=0, epochs=epochs, steps=steps)
        hooks.on_train_begin()
        position = self.position
        logs = {}
        try:
            while position.epoch < epochs and not self.stop_training:
                epoch = position.epoch
                if position.step == 0:
                    self.total.assign(0.0)
                hooks.on_epoch_begin(epoch)
                order = np.random.default_rng((position.shuffle_seed, position.epochs_seen)).permutation(steps)
                for number in range(position.step, steps):
                    if kill == (epoch, number):
                        raise Killed
                    self.step(float(order[number]))
                    position.step = number + 1
                    hooks.on_progress(number + 1, lambda: {"loss": float(self.total)})
                position.epoch, position.step, position.epochs_seen = epoch + 1, 0, position.epochs_seen + 1
                logs = {"loss": float(self.total), "val_loss": abs(3 - epoch) + float(self.weight.value[0]) / 1e3}
                hooks.on_epoch_end(epoch, logs)
            hooks.on_train_end(logs)
        finally:
            hooks.close()
        return self

    def outcome(self):
        """Everything that a person could see, bit for bit."""
        return (
            [(v.dtype, v.numpy().tobytes()) for v in self.all_variables()],
            self.history.history,
            self.history.epoch,
            vars(self.position),
            (self.folder / "log.csv").read_text(),
            self.stop_training,
            random.next_seed(),
        )


KILLS = [(0, 0), (0, 3), (1, 0), (1, 4), (2, 1), (3, 2)]


@pytest.mark.parametrize("backup", [{}, {"save_freq": 1}, {"save_freq": 3}, {"double_checkpoint": True}], ids=str)
@pytest.mark.parametrize("kill", KILLS, ids=str)
def test_a_killed_run_resumes_bit_for_bit(kill, backup, tmp_path):
    whole = Run(tmp_path).fit(**backup).outcome()
    (tmp_path / "log.csv").unlink()

    def again():
        """The program, started again; without a seed of its own, which the backup knows, if there is one."""
        return Run(tmp_path, seed=99 if (tmp_path / "backup" / "run.npz").exists() else 3)

    with pytest.raises(Killed):
        again().fit(kill=kill, **backup)
    with pytest.raises(Killed):
        again().fit(kill=(kill[0] + 1, 1), **backup)
    assert again().fit(**backup).outcome() == whole
    assert not (tmp_path / "backup").exists(), "a complete run leaves no backup"


def test_the_comparison_catches_a_backup_without_seeds(tmp_path, monkeypatch):
    whole = Run(tmp_path).fit().weight.numpy()
    monkeypatch.setattr(Run, "all_variables", lambda self: [self.weight, self.half, self.learning_rate, self.total])
    with pytest.raises(Killed):
        Run(tmp_path).fit(kill=(1, 4))
    assert not np.array_equal(Run(tmp_path).fit().weight.numpy(), whole)


def test_a_finished_run_that_was_killed_late_stays_finished(tmp_path):
    whole = Run(tmp_path).fit(epochs=50, delete_checkpoint=False)
    assert whole.stop_training
    assert whole.position.epoch < 50
    again = Run(tmp_path, seed=8).fit(epochs=50)
    assert again.position == whole.position
    assert again.weight.numpy().tolist() == whole.weight.numpy().tolist()


def test_a_damaged_backup_is_refused_and_the_one_before_it_taken(tmp_path):
    for double in (False, True):
        folder = tmp_path / str(double)
        with pytest.raises(Killed):
            Run(folder).fit(kill=(3, 0), double_checkpoint=double)
        newest = folder / "backup" / "run.npz"
        newest.write_bytes(newest.read_bytes()[:-200])
        if double:
            with pytest.warns(UserWarning, match="The backup before it is taken"):
                resumed = Run(folder).fit(double_checkpoint=True)
            assert resumed.history.epoch == Run(tmp_path).fit().history.epoch
        else:
            with pytest.raises(ValueError, match="damaged"):
                Run(folder).fit()


@pytest.mark.parametrize(
    "change", [lambda run: run.all_variables()[:-1], lambda run: [Variable(np.zeros(4)), *run.all_variables()[1:]]]
)
def test_a_backup_of_another_model_is_refused(change, tmp_path, monkeypatch):
    with pytest.raises(Killed):
        Run(tmp_path).fit(kill=(1, 1))
    other = Run(tmp_path)
    variables = change(other)
    monkeypatch.setattr(other, "all_variables", lambda: variables, raising=False)
    with pytest.raises(ValueError, match="belongs to another model"):
        other.fit()


def test_a_failed_backup_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    checkpoint.write(path, {"a": np.arange(3)})
    with pytest.raises(TypeError, match="remembers"):
        checkpoint.write(path, {"a": object()})
    monkeypatch.setattr(checkpoint.os, "fsync", lambda handle: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        checkpoint.write(path, {"a": np.arange(4)})
    assert checkpoint.read(path)["a"].tolist() == [0, 1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


@pytest.mark.parametrize(
    "state",
    [
        {"a": 1, "b": [1.5, None, "text", True], "c": {}, "d": {"array": 3}},
        {"nan": float("nan"), "big": 2**60},
        [np.float32(0.1), np.int64(7)],
        {"x": np.zeros((2, 0)), "y": np.arange(4, dtype="uint32"), "z": np.ones(3, "bfloat16") / 3},
    ],
)
def test_a_state_comes_back_as_it_was(state, tmp_path):
    checkpoint.write(tmp_path / "state.npz", state)
    np.testing.assert_equal(checkpoint.read(tmp_path / "state.npz"), state)


def test_a_backup_file_holds_data_only(tmp_path):
    path = tmp_path / "run.npz"
    np.savez(path, json=np.array([{"format": 1}], dtype=object))
    with pytest.raises(ValueError, match="damaged, or no backup"):
        checkpoint.read(path)


class KillAt(callbacks.Callback):
    """Ends the process, as far as anybody can tell, in the third epoch, when at least four steps of it are done."""

    epoch = exits = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_progress(self, step, logs):
        if self.epoch == 2 and step >= 4:
            raise Killed

    def on_exit(self):
        self.exits += 1


class KillAtBatch(KillAt):
    """The same, one step at a time."""

    def on_train_batch_end(self, batch, logs=None):
        """Makes the steps run one by one."""


def train(folder, seed, stream, extra, **backup):
    """A real network with moving averages and dropout, trained with every callback that remembers anything."""
    cornu.utils.set_random_seed(seed)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)).astype("float32")
    y = (x[:, 0] > 0).astype("int32")
    layers = cornu.layers
    stack = [cornu.Input((4,)), layers.Dense(6, "relu"), layers.BatchNormalization(), layers.Dropout(0.3)]
    model = cornu.Sequential([*stack, layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    made = [
        callbacks.BackupAndRestore(folder / "backup", **backup),
        callbacks.EarlyStopping("val_loss", patience=3, restore_best_weights=True),
        callbacks.ReduceLROnPlateau(patience=1, min_delta=0.05),
        callbacks.CSVLogger(folder / "log.csv"),
    ]
    data = {"x": Batches(x, y)} if stream else {"x": x, "y": y, "batch_size": 6}
    history = model.fit(**data, epochs=5, validation_data=(x[40:], y[40:]), callbacks=[*made, *extra], verbose=0)
    variables = [v.numpy().tobytes() for v in model.all_variables()]
    return variables, history.history, history.epoch, vars(model.position), (folder / "log.csv").read_text()


class Batches(cornu.utils.PyDataset):
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return 10

    def __getitem__(self, index):
        rows = slice(6 * index, 6 * index + 6)
        return self.x[rows], self.y[rows]


@pytest.mark.parametrize("stream", [False, True], ids=["arrays", "stream"])
@pytest.mark.parametrize("killer", [KillAt, KillAtBatch])
def test_a_real_fit_resumes_bit_for_bit(stream, killer, tmp_path):
    whole = train(tmp_path / "whole", 1, stream, [])
    for backup in ({}, {"save_freq": 3}):
        folder, kill = tmp_path / str(backup), killer()
        with pytest.raises(Killed):
            train(folder, 1, stream, [kill], **backup)
        assert kill.exits == 1
        assert train(folder, 99, stream, [], **backup) == whole
    assert train(tmp_path / "other", 99, stream, []) != whole


# Averaged weights, and a server ---------------------------------------------------------------------------------------


def averaged(family, made, epochs=3, **optimizer):
    """A run with moving averages: the history, the weights, and a checkpoint's weights after each epoch."""
    layers, seen = family.layers, []
    model = family.Sequential([family.Input((2,)), layers.Dense(1, kernel_initializer="ones", name="only")])
    options = {"use_ema": True, "ema_momentum": 0.5, **optimizer}
    model.compile(family.optimizers.SGD(0.1, **options), "mse")
    looks = family.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(model.get_weights()[0]))
    x = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.5], [-1.0, 1.0]], "float32")
    y = np.array([[1.0], [0.0], [2.0], [1.0]], "float32")
    history = model.fit(
        x, y, batch_size=2, epochs=epochs, shuffle=False, verbose=0, validation_data=(x, y),
        callbacks=[*(made(family) if made else []), looks],
    )  # fmt: skip
    return history.history["val_loss"], model.get_weights()[0], np.array(seen)


@pytest.mark.parametrize("swap_on_epoch", [None, False, True])
def test_averages_are_those_of_keras(swap_on_epoch):
    made = None if swap_on_epoch is None else lambda family: [family.callbacks.SwapEMAWeights(swap_on_epoch)]
    for ours, theirs in zip(averaged(cornu, made), averaged(keras, made), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_averages_stay_when_training_stops_early():
    class Stop(callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    swap = callbacks.SwapEMAWeights(swap_on_epoch=True)
    _, weights, seen = averaged(cornu, lambda family: [swap, Stop()])
    np.testing.assert_array_equal(weights, seen[-1])
    assert len(seen) == 1


def test_averages_are_needed():
    with pytest.raises(ValueError, match="keeps no averages"):
        averaged(cornu, lambda family: [callbacks.SwapEMAWeights()], use_ema=False)


@pytest.fixture
def server():
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            posted.append((self.path, self.headers["Content-Type"], self.headers.get("X-Run"), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    posted = []
    listening = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=listening.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.server_port}", posted
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize("as_json", [False, True])
def test_logs_are_sent_to_a_server(server, as_json):
    root, posted = server
    monitor = callbacks.RemoteMonitor(root, headers={"X-Run": "7"}, send_as_json=as_json)
    monitor.on_epoch_end(2, {"loss": np.float32(0.5), "f1": np.array([1.0, 0.0])})
    ((path, kind, run, body),) = posted
    assert (path, run) == ("/publish/epoch/end/", "7")
    assert kind == ("application/json" if as_json else "application/x-www-form-urlencoded")
    text = body if as_json else urllib.parse.parse_qs(body)["data"][0]
    assert json.loads(text) == {"epoch": 2, "loss": 0.5, "f1": [1.0, 0.0]}


def test_a_server_that_is_not_there_is_a_warning():
    with pytest.warns(UserWarning, match="can't reach http://127.0.0.1:9"):
        callbacks.RemoteMonitor("http://127.0.0.1:9").on_epoch_end(0, {})


def test_logs_are_always_a_dict():
    seen = []

    class Seeing(callbacks.Callback):
        pass

    numbered = ["on_epoch_begin", "on_epoch_end", "on_train_batch_begin", "on_train_batch_end", "on_test_batch_end"]
    hooks = [*numbered, "on_train_begin", "on_train_end", "on_test_begin", "on_predict_end"]
    for hook in hooks:
        setattr(Seeing, hook, lambda self, *args, logs=None: seen.append(args[-1] if logs is None else logs))
    called = callbacks.CallbackList([Seeing()])
    for hook in hooks:
        getattr(called, hook)(*([0] if hook in numbered else []))
    assert seen == [{}] * len(hooks)
