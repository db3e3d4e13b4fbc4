"""`cornu migrate`: programs of every era in today's spelling."""

from __future__ import annotations

import ast
import builtins
import functools
import re
import textwrap

import keras
import program_runner
import pytest

from cornu import cli, compat
from cornu.compat import dialect, launcher, migrate, notices
from cornu.compat.migrate import names
from cornu.compat.tables import CALLS

PROGRAMS = sorted(program_runner.ROOT.rglob("*.py"))

IMPORTS = [
    ("from keras.layers.core import Dense, Activation", "from keras.layers import Dense, Activation"),
    (
        "from keras.layers.convolutional import Convolution2D, MaxPooling2D\nConvolution2D",
        "from keras.layers import Conv2D, MaxPooling2D\nConv2D",
    ),
    ("from keras.layers import Convolution2D as C\nC", "from keras.layers import Conv2D as C\nC"),
    ("import keras\nkeras.layers.core.Dense", "import keras\nkeras.layers.Dense"),
    ("import keras.layers.core as core\ncore.Dense", "import keras.layers as layers\nlayers.Dense"),
    (
        "from keras.utils import np_utils\nY = np_utils.to_categorical(y, 10)",
        "from keras import utils\nY = utils.to_categorical(y, 10)",
    ),
    (
        "from keras.utils import np_utils\nutils = 1\nnp_utils.to_categorical(y)",
        "from keras import utils as np_utils\nutils = 1\nnp_utils.to_categorical(y)",
    ),
    ("from keras import objectives\nobjectives.mse", "from keras import losses\nlosses.mean_squared_error"),
    (
        "from keras.engine.topology import Layer, Input, merge",
        "from keras.layers import Layer, Input, merge",
    ),
    (
        "from keras.engine import Model, Input",
        "from keras.models import Model\nfrom keras.layers import Input",
    ),
    ("from keras.layers.core import *\nDense(output_dim=3)", "from keras.layers import *\nDense(units=3)"),
    (
        "from keras.utils.visualize_util import plot\nplot(model, to_file='m.png')",
        "from keras.utils import plot_model\nplot_model(model, to_file='m.png')",
    ),
    (
        "from tensorflow.python.keras.layers import Dense",
        "from tensorflow.keras.layers import Dense",
    ),
    (
        "from keras import backend as K\nif K.image_dim_ordering() == 'th':\n    K.set_image_dim_ordering('tf')",
        "from keras import backend as K\nif K.image_data_format() == 'channels_first':\n"
        "    K.set_image_data_format('channels_last')",
    ),
    (
        "from keras.optimizers import SGD\nfrom keras import backend as K\no = SGD()\n"
        "K.set_value(model.optimizer.lr, 0.1)",
        "from keras.optimizers import SGD\no = SGD()\nmodel.optimizer.learning_rate.assign(0.1)",
    ),
]

KERAS1 = [
    ("Dense(64, 'uniform')", "Dense(64, kernel_initializer='uniform')"),
    ("Dense(64, 'uniform', 'relu')", "Dense(64, kernel_initializer='uniform', activation='relu')"),
    (
        "Dense(output_dim=64, init='uniform', bias=False)",
        "Dense(units=64, kernel_initializer='uniform', use_bias=False)",
    ),
    ("Dense(3, W_regularizer=r, b_constraint=c)", "Dense(3, kernel_regularizer=r, bias_constraint=c)"),
    ("Dropout(p=0.5)", "Dropout(rate=0.5)"),
    ("Convolution2D(32, 3, 3)", "Conv2D(32, (3, 3))"),
    (
        "Convolution2D(32, n, n, 'uniform', 'relu')",
        "Conv2D(32, (n, n), kernel_initializer='uniform', activation='relu')",
    ),
    (
        "Convolution2D(nb_filter=32, nb_row=3, nb_col=5, border_mode='same', subsample=(2, 2))",
        "Conv2D(filters=32, kernel_size=(3, 5), padding='same', strides=(2, 2))",
    ),
    (
        "MaxPooling2D(pool_size=(2, 2), dim_ordering='th')",
        "MaxPooling2D(pool_size=(2, 2), data_format='channels_first')",
    ),
    ("MaxPooling2D(dim_ordering='default')", "MaxPooling2D()"),
    ("Convolution1D(8, 3, subsample_length=2)", "Conv1D(8, 3, strides=2)"),
    ("SimpleRNN(8, dropout_W=0.1, dropout_U=0.2)", "SimpleRNN(8, dropout=0.1, recurrent_dropout=0.2)"),
    ("SimpleRNN(8, input_dim=3, input_length=5)", "SimpleRNN(8, input_shape=(5, 3))"),
    ("SimpleRNN(8, input_dim=3)", "SimpleRNN(8, input_shape=(None, 3))"),
    ("GRU(8, consume_less='gpu')", "GRU(8, reset_after=False)"),
    ("Embedding(100, 8, input_length=5, dropout=0.)", "Embedding(100, 8, input_shape=(5,))"),
    ("BatchNormalization(1e-5, mode=0)", "BatchNormalization(epsilon=1e-5)"),
    ("TimeDistributedDense(8, 'uniform')", "TimeDistributed(Dense(8, kernel_initializer='uniform'))"),
    ("merge([a, b], mode='concat', concat_axis=1)", "concatenate([a, b], axis=1)"),
    ("merge([a, b], mode='sum', name='s')", "add([a, b], name='s')"),
    ("merge([a, b], 'ave')", "average([a, b])"),
    ("merge([a, b], mode='dot', dot_axes=([1], [2]))", "dot([a, b], axes=(1, 2))"),
    ("merge([a, b], mode='cos', dot_axes=1)", "dot([a, b], axes=1, normalize=True)"),
    ("Merge(mode='mul')([a, b])", "Multiply()([a, b])"),
    ("SGD(lr=0.1, momentum=0.9)", "SGD(learning_rate=0.1, momentum=0.9)"),
    ("SGD(0.1, 0.9, 0.)", "SGD(0.1, 0.9)"),
    ("SGD(lr=0.1, decay=1e-6)", "SGD(learning_rate=InverseTimeDecay(0.1, 1, 1e-6))"),
    ("SGD(decay=1e-6)", "SGD(learning_rate=InverseTimeDecay(0.01, 1, 1e-6))"),
    ("SGD(clipnorm=1.)", "SGD(global_clipnorm=1.)"),
    ("Adagrad()", "Adagrad(learning_rate=0.01, epsilon=1e-8, initial_accumulator_value=0.0)"),
    ("Adam(lr=0.1, epsilon=1e-8)", "Adam(learning_rate=0.1, epsilon=1e-8)"),
    ("EarlyStopping('val_loss', 3)", "EarlyStopping('val_loss', patience=3)"),
    ("l2(l=0.1)", "l2(l2=0.1)"),
    ("l1l2()", "L1L2(l1=0.01, l2=0.01)"),
    ("maxnorm(m=2)", "MaxNorm(max_value=2)"),
    ("Model(input=a, output=b)", "Model(inputs=a, outputs=b)"),
    ("Model(a, b)", "Model(a, b)"),
]

KERAS2 = [
    ("Conv2D(32, 3, 3)", "Conv2D(32, (3, 3))"),
    ("Conv2D(32, 3, strides=2)", "Conv2D(32, 3, strides=2)"),
    ("Conv2D(32, kernel_size=3, strides=2)", "Conv2D(32, kernel_size=3, strides=2)"),
    ("Convolution2D(32, (3, 3))", "Conv2D(32, (3, 3))"),
    ("Dense(3, kernel_initializer='uniform')", "Dense(3, kernel_initializer='uniform')"),
    ("GRU(8, implementation=1)", "GRU(8, reset_after=False)"),
    ("CuDNNLSTM(8, 'zeros')", "LSTM(8, kernel_initializer='zeros', recurrent_activation=\"sigmoid\")"),
    ("LeakyReLU(alpha=0.2)", "LeakyReLU(negative_slope=0.2)"),
    ("LeakyReLU()", "LeakyReLU()"),
    ("Adam(lr=0.1, epsilon=None, decay=0.0)", "Adam(learning_rate=0.1)"),
    ("Adadelta()", "Adadelta(learning_rate=1.0)"),
    ("Dense(3, **more)", "Dense(3, **more)"),
    ("load_img(p, grayscale=True)", 'load_img(p, color_mode="grayscale")'),
]

METHODS = [
    ("keras1", "model.fit(X, Y, nb_epoch=3)", "model.fit(X, Y, epochs=3)"),
    ("keras1", "self.net.fit(X, Y, nb_epoch=3)", "self.net.fit(X, Y, epochs=3)"),
    ("keras1", "m.compile('sgd', 'mse', ['mae'])", "m.compile('sgd', 'mse', metrics=['mae'])"),
    ("keras1", "m.compile(loss='mse', optimizer='adam')", "m.compile(loss='mse', optimizer=Adam(epsilon=1e-8))"),
    ("keras2", "m.compile(loss='mse', optimizer='adam')", "m.compile(loss='mse', optimizer='adam')"),
    ("keras2", "m.compile(loss='logcosh', optimizer='adam')", "m.compile(loss='log_cosh', optimizer='adam')"),
    ("keras2", "m.train_on_batch(x, y, class_weight=w)", "m.train_on_batch(x, y, class_weight=w)"),
    ("keras1", "m.train_on_batch(x, y, w)", "m.train_on_batch(x, y, class_weight=w)"),
    ("keras2", "m.fit_generator(g, 10, 3, workers=2)", "m.fit(g, steps_per_epoch=10, epochs=3)"),
    (
        "keras1",
        "m.fit_generator(g.flow(X, Y, batch_size=32), samples_per_epoch=len(X), nb_epoch=3)",
        "m.fit(g.flow(X, Y, batch_size=32), steps_per_epoch=-(-len(X) // 32), epochs=3)",
    ),
    (
        "keras1",
        "m.fit_generator(g.flow(X, Y, batch_size=32), samples_per_epoch=100, nb_epoch=3)",
        "m.fit(g.flow(X, Y, batch_size=32), steps_per_epoch=4, epochs=3)",
    ),
    ("keras2", "m.evaluate_generator(g, 5)", "m.evaluate(g, steps=5)"),
    ("keras2", "p = m.predict_generator(generator=g, steps=5)", "p = m.predict(x=g, steps=5, verbose=0)"),
    ("keras2", "p = m.predict_classes(x, verbose=0)", "p = m.predict(x, verbose=0).argmax(-1)"),
    (
        "keras2",
        "Dense(1)\np = m.predict_classes(x, verbose=0)",
        'Dense(1)\np = (m.predict(x, verbose=0) > 0.5).astype("int32")',
    ),
    (
        "keras1",
        "m.compile(loss='mse', optimizer='sgd')\nm.fit(X, Y, nb_epoch=1, show_accuracy=True)",
        "m.compile(loss='mse', optimizer='sgd', metrics=[\"accuracy\"])\nm.fit(X, Y, epochs=1)",
    ),
]


def migrated(source: str, era: str | None) -> str:
    """The program of today, which migrating again leaves as it is."""
    once = migrate.rewritten(source, era).text
    assert migrate.rewritten(once, era).text == once
    return once


def body(source: str) -> str:
    """A program without its imports."""
    return "\n".join(
        line for line in source.strip().splitlines() if not line.startswith(("from ", "import ", "set_image"))
    )


HEAD = """\
from keras.layers import *
from keras.models import Model, Sequential
from keras.optimizers import SGD, Adagrad, Adadelta, Adam
from keras.optimizers.schedules import InverseTimeDecay
from keras.regularizers import l2, l1l2, L1L2
from keras.constraints import maxnorm, MaxNorm
from keras.callbacks import EarlyStopping
from keras.preprocessing.image import load_img
"""


@pytest.mark.parametrize("before, after", IMPORTS)
def test_imports_and_names(before, after):
    assert migrated(before, "keras1") == after


@functools.cache
def all_lines(era: str) -> list[str]:
    """The calls of an era's table, migrated in one program."""
    table = {"keras1": KERAS1, "keras2": KERAS2}[era]
    return body(migrated(HEAD + "\n".join(before for before, _ in table), era)).splitlines()


@pytest.mark.parametrize("number", range(len(KERAS1)), ids=lambda i: KERAS1[i][0])
def test_calls_of_keras_1(number):
    assert all_lines("keras1")[number] == KERAS1[number][1]


@pytest.mark.parametrize("number", range(len(KERAS2)), ids=lambda i: KERAS2[i][0])
def test_calls_of_keras_2(number):
    assert all_lines("keras2")[number] == KERAS2[number][1]


@pytest.mark.parametrize("era, before, after", METHODS)
def test_methods_of_models(era, before, after):
    assert body(migrated(HEAD + before, era)) == after


def test_tf_keras_keeps_its_module():
    source = """\
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.layers.experimental.preprocessing.Rescaling(1 / 255)])
    model.compile(tf.keras.optimizers.SGD(decay=1e-3))
    model.fit_generator(batches, steps_per_epoch=3, workers=2)
    """
    assert migrated(textwrap.dedent(source), None) == textwrap.dedent("""\
    import tensorflow as tf
    model = tf.keras.Sequential([tf.keras.layers.Rescaling(1 / 255)])
    model.compile(tf.keras.optimizers.SGD(learning_rate=tf.keras.optimizers.schedules.InverseTimeDecay(0.01, 1, 1e-3)))
    model.fit(batches, steps_per_epoch=3)
    """)


def test_histories_report_accuracy():
    source = """\
    from keras.callbacks import EarlyStopping, ModelCheckpoint
    model.compile("sgd", "mse", metrics=["accuracy"])
    c = [EarlyStopping("val_acc"), ModelCheckpoint("{val_acc:.2f}.keras", monitor='val_acc')]
    h = model.fit(x, y, callbacks=c)
    print(h.history["acc"], h.history['val_acc'], "acc", table["acc"])
    """
    assert migrated(textwrap.dedent(source), "keras2") == textwrap.dedent("""\
    from keras.callbacks import EarlyStopping, ModelCheckpoint
    model.compile("sgd", "mse", metrics=["accuracy"])
    c = [EarlyStopping("val_accuracy"), ModelCheckpoint("{val_accuracy:.2f}.keras", monitor='val_accuracy')]
    h = model.fit(x, y, callbacks=c)
    print(h.history["accuracy"], h.history['val_accuracy'], "acc", table["acc"])
    """)


def test_the_batch_shape_of_a_sequential_is_its_inputs():
    source = """\
    from keras.layers import SimpleRNN
    # the first
    model.add(SimpleRNN(3, batch_input_shape=(1, 2, 3)))
    """
    assert migrated(textwrap.dedent(source), "keras2") == textwrap.dedent("""\
    from keras.layers import SimpleRNN, Input
    # the first
    model.add(Input(batch_shape=(1, 2, 3)))
    model.add(SimpleRNN(3))
    """)


def test_comments_and_layout_stay():
    source = '''\
    """A network."""
    from __future__ import division
    from keras.layers.core import (  # the plain ones
        Dense,   # dense
        Dropout,
    )


    net = [
        Dense( output_dim = 3,        # units
               init='uniform' ),      # and more
        Dropout( 0.5 ), Dense(
            2,
            W_regularizer=None,       # none
        ),
    ]
    '''
    assert migrated(textwrap.dedent(source), None) == textwrap.dedent('''\
    """A network."""
    from __future__ import division
    from keras.layers import (  # the plain ones
        Dense,   # dense
        Dropout,
    )


    net = [
        Dense( units = 3,        # units
               kernel_initializer='uniform' ),      # and more
        Dropout( 0.5 ), Dense(
            2,
            kernel_regularizer=None,       # none
        ),
    ]
    ''')


def test_a_program_of_theanos_order_says_so():
    source = """\
    from keras.layers import Convolution2D
    Convolution2D(4, 3, 3, input_shape=(3, 32, 32))
    """
    assert migrated(textwrap.dedent(source), None) == textwrap.dedent("""\
    from keras.layers import Conv2D
    from keras.config import set_image_data_format
    set_image_data_format("channels_first")
    Conv2D(4, (3, 3), input_shape=(3, 32, 32))
    """)


@pytest.mark.parametrize(
    "source",
    [
        "def Dense(output_dim): pass\nDense(output_dim=3)",
        "from mine import Dense, np_utils\nDense(output_dim=3, init='uniform')",
        "class Trainer:\n    def fit(self, nb_epoch): pass\nTrainer().fit(nb_epoch=3)",
        "import re\nre.compile('a', 0)\nestimator.predict_proba(x)\nestimator.fit(x, y)",
        "from keras.layers import Dense\ndef f(Dense):\n    return Dense(output_dim=3)",
        "print(table['acc'], {'lr': 3}['lr'])",
    ],
)
def test_what_is_the_programs_own_stays(source):
    assert migrated(source, "keras1") == source


@pytest.mark.parametrize(
    "era, source, remark",
    [
        ("keras1", "from keras.layers import LSTM\nLSTM(3)", "hard_sigmoid"),
        ("keras1", "from keras.layers import Merge\nm.add(Merge([a, b], mode='sum'))", "functional API"),
        ("keras1", "from keras.layers import Dense\nDense(3, weights=[w, b])", "set_weights"),
        ("keras1", "m = 1\nm.fit_generator(g, samples_per_epoch=n, nb_epoch=2)", "counts samples"),
        ("keras2", "from keras import backend as K\nK.square(x)", "keras.ops.square"),
        ("keras2", "import keras\nkeras.layers.Denze(3)", "no era of Keras"),
        ("keras2", "from keras.optimizers import RMSprop\nRMSprop()", "epsilon beside the root"),
        ("keras2", "m = 1\nm.compile(optimizer='sgd', loss='categorical_crossentropy')", "logits"),
        ("keras2", "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('m.hdf5')", ".keras"),
        ("keras2", "from keras.layers import Dense\nDense(3, activity_regularizer='l2')", "summed over the batch"),
    ],
)
def test_what_cannot_be_rewritten_is_said(era, source, remark):
    found = migrate.rewritten(source, era)
    assert [line for line, text in found.remarks if remark in text] == [2]


def test_todays_names_are_kerass():
    """Every name that the tables lead to is one of Keras 3.15's, or no name of today."""
    only_cornus = ("preprocessing.", "regularizers.l1l2", "utils.plot", "wrappers.")
    missing = []
    for era, table in CALLS.items():
        dialect.use(dialect.Dialect(era))
        for key in table:
            found = names.meaning(f"keras.{key}")
            if found is not None and found.known and not key.startswith(only_cornus):
                value = keras
                for part in found.path.split("."):
                    value = getattr(value, part, None)
                missing += [found.path] if value is None else []
    dialect.use(dialect.Dialect())
    assert missing == []


# Programs -------------------------------------------------------------------------------------------------------------


def some(programs: list, step: int) -> list:
    """The programs, of which only a few are for every day."""
    marks = [() if i % step == 0 else pytest.mark.slow for i in range(len(programs))]
    names = [f"{file.parent.name}-{file.stem}" for file in programs]
    return [pytest.param(file, marks=mark, id=name) for file, mark, name in zip(programs, marks, names, strict=True)]


@pytest.mark.parametrize("file", some(PROGRAMS, 12))
def test_every_program_migrates_once(file):
    found = migrate.rewritten(file.read_text())
    ast.parse(found.text)
    assert migrate.rewritten(found.text).text == found.text
    assert (found.text == file.read_text()) == (found.changes == 0)


def run_migrated(file, folder):
    """What a program prints once it is migrated, and the notices of old spellings that are left."""
    program = folder / file.name
    program.write_text(migrate.rewritten(file.read_text()).text)
    with program_runner._restored(folder):
        status = launcher.run(str(program), era="keras3")
        return status, notices.report()


@pytest.mark.parametrize(
    "name",
    [
        "keras1/mlp_two_classes",
        pytest.param("keras1/text_convolution", marks=pytest.mark.slow),
        pytest.param("keras1/char_generation", marks=pytest.mark.slow),
        pytest.param("keras2/char_generation", marks=pytest.mark.slow),
        pytest.param("keras2/images_from_directory", marks=pytest.mark.slow),
    ],
)
def test_migrated_programs_print_the_same(name, tmp_path, capsys):
    file = program_runner.ROOT / f"{name}.py"
    wanted = [
        line.replace("'acc'", "'accuracy'").replace("val_acc'", "val_accuracy'")
        for line in program_runner.expected(file, "prints")
        if not re.search(r"\w_\d", line)  # the names that layers gave themselves
    ]
    status, report = run_migrated(file, tmp_path)
    assert status == 0
    assert program_runner.misses(capsys.readouterr().out, wanted) == []
    assert report == ""


# The command ----------------------------------------------------------------------------------------------------------

OLD = "from keras.layers.core import Dense\nDense(output_dim=3)\n"
NEW = "from keras.layers import Dense\nDense(units=3)\n"


def test_the_command_shows_the_difference(tmp_path, capsys):
    file = tmp_path / "train.py"
    file.write_text(OLD)
    assert cli.main(["migrate", str(file)]) == 0
    shown = capsys.readouterr()
    assert "-Dense(output_dim=3)\n" in shown.out
    assert "+Dense(units=3)\n" in shown.out
    assert "2 places rewritten" in shown.err
    assert file.read_text() == OLD
    assert [path.name for path in tmp_path.iterdir()] == ["train.py"]


def test_the_command_writes_and_keeps_the_old_file(tmp_path, capsys):
    file = tmp_path / "train.py"
    file.write_text(OLD)
    file.chmod(0o755)
    assert cli.main(["migrate", "--write", str(file)]) == 0
    assert (file.read_text(), (tmp_path / "train.py.orig").read_text()) == (NEW, OLD)
    assert file.stat().st_mode & 0o777 == 0o755
    assert cli.main(["migrate", "--write", str(file)]) == 0  # nothing to change, nothing written
    assert (tmp_path / "train.py.orig").read_text() == OLD
    assert len(list(tmp_path.iterdir())) == 2
    assert capsys.readouterr().out == ""


def test_another_old_file_is_never_lost(tmp_path, capsys):
    file, kept = tmp_path / "train.py", tmp_path / "train.py.orig"
    file.write_text(OLD)
    kept.write_text("mine")
    assert cli.main(["migrate", "--write", str(file)]) == 1
    assert (file.read_text(), kept.read_text()) == (OLD, "mine")
    assert "Move it away" in capsys.readouterr().err


@pytest.mark.parametrize(
    "text, said",
    [(b"print 'hello'\n", "2to3"), (b"def f(:\n", "line 1"), (b"x = '\xff\xfe'\n", "UTF-8")],
)
def test_what_is_no_program_is_said(tmp_path, capsys, text, said):
    wrong, right = tmp_path / "wrong.py", tmp_path / "right.py"
    wrong.write_bytes(text)
    right.write_text(OLD)
    assert cli.main(["migrate", str(wrong), str(right)]) == 1
    shown = capsys.readouterr()
    assert said in shown.err
    assert str(wrong) in shown.err
    assert "+Dense(units=3)" in shown.out


def test_a_missing_file_is_said(tmp_path, capsys):
    assert cli.main(["migrate", str(tmp_path / "none.py")]) == 1
    assert "none.py" in capsys.readouterr().err


def test_lines_end_as_they_did(tmp_path):
    file = tmp_path / "train.py"
    file.write_bytes(OLD.replace("\n", "\r\n").encode())
    cli.main(["migrate", "--write", str(file)])
    assert file.read_bytes() == NEW.replace("\n", "\r\n").encode()


def test_without_libcst_the_command_says_what_to_install(tmp_path, capsys, monkeypatch):
    file = tmp_path / "train.py"
    file.write_text(OLD)
    plain = builtins.__import__

    def without(name, *args, **kwargs):
        if name.startswith(("libcst", "cornu.compat.migrate")):
            raise ModuleNotFoundError("No module named 'libcst'", name="libcst")
        return plain(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install .*cornu\[migrate\]"):
        migrate.run([str(file)])


@pytest.fixture(autouse=True)
def _quiet():
    yield
    compat.speak(dialect.Dialect())
