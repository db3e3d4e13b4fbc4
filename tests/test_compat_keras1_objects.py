"""What Keras 1's own objects were asked and told: kernels in their order, lists of layers, logs, constraints."""

from __future__ import annotations

import numpy as np
import pytest
from program_runner import run

import cornu
from cornu.compat.kernels import kept, mark, shown

KERNELS = """
import numpy as np
from keras import backend as K
from keras.models import Sequential
from keras.layers import Convolution2D
given = np.arange(2 * 3 * 2 * 2).reshape(2, 3, 2, 2).astype('float32')
layer = Convolution2D(2, 2, 2, weights=[given, np.zeros(2)], dim_ordering='th', input_shape=(3, 4, 4))
model = Sequential([layer])
x = np.random.rand(1, 3, 4, 4).astype('float32')
for W in (layer.get_weights()[0], layer.W.get_value(), K.get_value(layer.W)):
    assert np.array_equal(W, given)
expected = np.einsum('cij,ocij->o', x[0, :, :2, :2], given)
assert np.allclose(model.predict(x)[0, :, 0, 0], expected, atol=1e-3)
layer.W.set_value(2 * given)
assert np.array_equal(model.get_weights()[0], 2 * given)
model.set_weights([given, np.ones(2)])
assert np.allclose(model.predict(x)[0, :, 0, 0], expected + 1, atol=1e-3)
"""

POPPED = """
import numpy as np
from keras.layers import Dense, Input
from keras.models import Model, Sequential
stack = Sequential([Dense(4, input_dim=3), Dense(2, name='top')])
top = stack.layers.pop()
stack.outputs = [stack.layers[-1].output]
assert top.name == 'top' and stack.output_shape == (None, 4) and len(stack.layers) == 1
x = Input(shape=(3,))
graph = Model(input=x, output=Dense(2)(Dense(5)(x)))
graph.layers.pop()
assert len(graph.layers) == 2
graph.outputs = [graph.layers[-1].output]
assert graph.predict(np.zeros((1, 3))).shape == (1, 5)
"""

TOLD = """
import numpy as np
from keras.callbacks import Callback
from keras.layers import Dense
from keras.models import Sequential
seen = []
class Watch(Callback):
    def on_batch_begin(self, batch, logs={}):
        seen.append((logs['batch'], logs['size']))
model = Sequential([Dense(1, input_dim=2)])
model.compile('sgd', 'mse')
watch = Watch()
model.fit(np.zeros((10, 2)), np.zeros(10), batch_size=4, nb_epoch=1, verbose=0, callbacks=[watch], validation_split=0.1)
assert seen == [(0, 4), (1, 4), (2, 1)], seen
assert watch.params['nb_sample'] == 9 and watch.params['metrics'] == ['loss', 'val_loss'], watch.params
"""

ATTACHED = """
from keras import backend as K, constraints, regularizers
from keras.engine.topology import Layer
from keras.models import Sequential
class Own(Layer):
    def build(self, input_shape):
        self.W = K.ones((input_shape[1],))
        self.trainable_weights = [self.W]
        penalty = regularizers.get(regularizers.l2(0.5).get_config())
        penalty.set_param(self.W)
        self.regularizers = [penalty]
        self.constraints = {}
        self.constraints[self.W] = constraints.get('nonneg')
    def call(self, x, mask=None):
        return x * self.W
layer = Own(input_shape=(4,))
Sequential([layer])
assert [float(K.get_value(loss)) for loss in layer.losses] == [2.0]
assert type(layer.W.constraint).__name__ == 'NonNeg'
"""


@pytest.mark.parametrize("program", [KERNELS, POPPED, TOLD, ATTACHED], ids=["kernels", "popped", "told", "attached"])
def test_keras_1_objects(program, tmp_path):
    file = tmp_path / "program.py"
    file.write_text(program + "\nmodel_of = dict(nb_epoch=1)\n")
    outcome = run(file, tmp_path)
    assert outcome.status == 0, outcome.errors


def test_kernels_are_shown_as_they_are_in_later_eras():
    layer = cornu.layers.Conv2D(2, 3, data_format="channels_first")
    layer.build((None, 3, 5, 5))
    mark(layer, layer.kernel)
    assert shown(layer.kernel).shape == (3, 3, 3, 2)
    value = np.ones((3, 3, 3, 2))
    assert kept(layer.kernel, value) is value
