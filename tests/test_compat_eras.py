"""The era, the name of the accuracy and the order of an image's axes, inferred from a program's text."""

from __future__ import annotations

import pytest

from cornu.compat import eras

HEAD = "from keras.models import Sequential\nfrom keras.layers import Dense\nmodel = Sequential()\n"

PROGRAMS = [
    ("keras1", HEAD + "model.add(Dense(output_dim=5))\nmodel.fit(x, y, nb_epoch=2)"),
    ("keras1", "from keras.layers import Convolution2D\nConvolution2D(32, 3, 3, border_mode='same')"),
    ("keras1", "from keras.models import Model\nModel(input=a, output=b)"),
    ("keras1", "from keras.layers import merge\nmerge([a, b], mode='concat', concat_axis=1)"),
    ("keras1", "from keras.layers.core import Dense, Merge, TimeDistributedDense"),
    ("keras1", "model.fit_generator(g, samples_per_epoch=100, nb_epoch=2)\nimport keras"),
    ("keras2", HEAD + "model.fit(x, y, epochs=2)\nprint(model.fit(x, y).history['acc'])"),
    ("keras2", "import keras\nfrom keras.layers import Conv2D\nConv2D(32, kernel_size=(3, 3))"),
    ("keras2", "from keras import models\nfrom keras import optimizers\noptimizers.RMSprop(lr=0.0001)"),
    ("keras2", "from keras.utils import Sequence\nfrom keras.layers import CuDNNLSTM"),
    ("keras2", "from keras.layers import Convolution2D\nConvolution2D(32, (3, 3), padding='same')\nf(epochs=3)"),
    ("tf.keras", "import tensorflow as tf\nmodel = tf.keras.Sequential()"),
    ("tf.keras", "from tensorflow.keras.layers import Dense"),
    ("tf.keras", "from tensorflow import keras\nkeras.layers.Dense(3)\nmodel.fit(x, y, epochs=3)"),
    ("tf.keras", "from tensorflow.python.keras.models import Model"),
    ("keras3", "import os\nos.environ['KERAS_BACKEND'] = 'jax'\nimport keras\nfrom keras import layers"),
    ("keras3", "import keras\nfrom keras import ops\nops.matmul(a, b)\nmodel.fit(x, y, epochs=3)"),
    ("keras3", "import keras\nkeras.saving.register_keras_serializable()\nkeras.random.normal((2,))"),
    (
        "keras3",
        "import keras\nkeras.Sequential([keras.Input((3,)), keras.layers.Conv2D(8, 3, padding='same')])\nf(epochs=3)",
    ),
    ("keras3", "from keras.layers import Conv2D, Rescaling\nConv2D(8, kernel_size=3)\nmodel.fit(x, y, epochs=3)"),
    ("keras3", "import keras\nmodel = keras.models.load_model('model.keras')\nmodel.fit(x, y, epochs=3)"),
    (
        "keras2",
        "import keras\nmodel = keras.models.Sequential()\nkeras.optimizers.Adam(lr=0.1)\nmodel.fit(x, y, epochs=3)",
    ),
    ("keras3", "x = 1"),
]


@pytest.mark.parametrize(("era", "text"), PROGRAMS)
def test_era(era, text):
    found = eras.infer(text)
    assert found.era == era
    assert found.reasons or text == "x = 1"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("acc", "model.fit(x, y, nb_epoch=2)"),
        ("acc", "import keras\nmodel.fit(x, y, epochs=2)\nhistory.history['acc']"),
        ("accuracy", "import keras\nmodel.fit(x, y, epochs=2, lr=1)\nhistory.history['accuracy']"),
        ("accuracy", "from keras.callbacks import ModelCheckpoint\nModelCheckpoint('f', monitor='val_accuracy')"),
        ("acc", "from tensorflow.keras.callbacks import EarlyStopping\nEarlyStopping(monitor='val_acc')"),
        ("accuracy", "import tensorflow.keras"),
    ],
)
def test_name_of_the_accuracy(name, text):
    assert eras.infer(text).accuracy == name


CONVOLUTION = "from keras.layers import Convolution2D\nConvolution2D(32, 3, 3, border_mode='same', input_shape={})"


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("channels_first", CONVOLUTION.format("(1, img_rows, img_cols)")),
        ("channels_first", CONVOLUTION.format("(img_channels, img_rows, img_cols)")),
        ("channels_first", "x.reshape(x.shape[0], 1, 28, 28)\nf(nb_epoch=3)"),
        ("channels_first", "x = Input((3, rows, columns))\nmodel.fit(nb_epoch=3)"),
        (
            "channels_first",
            "BatchNormalization(mode=0, axis=1)(x)\nmerge(xs, mode='concat', concat_axis=1)\nf(nb_epoch=3)",
        ),
        ("channels_last", CONVOLUTION.format("(28, 28, 3)") + "\nmerge(xs, mode='concat', concat_axis=1)"),
        ("channels_last", CONVOLUTION.format("(img_rows, img_cols, 1)")),
        ("channels_last", CONVOLUTION.format("(28, 28, 3)")),
        ("channels_last", "import keras\nmodel.fit(epochs=3)\nx.reshape(x.shape[0], 1, 28, 28)"),
    ],
)
def test_order_of_axes(order, text):
    assert eras.infer(text).image_data_format == order


def test_what_is_given_counts_before_the_text():
    assert eras.infer(PROGRAMS[0][1], "tf.keras").era == "tf.keras"


def test_reasons_name_lines():
    assert eras.infer(HEAD + "model.fit(x, y, nb_epoch=2)").reasons[0] == "fit(nb_epoch=) in line 4"


def test_a_program_that_is_no_python_has_an_era():
    assert eras.infer("print 'x'").era == "keras3"


def test_names_of_a_module_whose_every_name_is_imported():
    text = "from keras.models import *\nfrom keras.layers import *\n"
    model = "Model(input=x, output={}(Add()(x)))"
    assert eras.infer(text + model.format("Conv2D(8, 3, padding='same')")).era == "keras2"
    assert eras.infer(text + model.format("Convolution2D(8, 3, 3, border_mode='same')")).era == "keras1"
