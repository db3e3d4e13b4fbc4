'''Look into a network: what its hidden layers say, without and with dropout; then take its top off.'''
from __future__ import print_function
import numpy as np
np.random.seed(9)

from keras import backend as K
from keras.models import Sequential, Model
from keras.layers import Dense, Dropout, Activation, Input, Convolution2D, Flatten
from keras.utils.np_utils import to_categorical

X = np.random.randn(300, 6).astype('float32')
y = (X[:, 0] + X[:, 1] > 0).astype(int) + (X[:, 2] > 0)
Y = to_categorical(y, 3)

model = Sequential()
model.add(Dense(16, input_dim=6, activation='tanh', name='hidden'))
model.add(Dropout(0.5))
model.add(Dense(8, activation='relu'))
model.add(Dense(3, activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X, Y, nb_epoch=60, batch_size=20, verbose=0)
print('accuracy', model.evaluate(X, Y, verbose=0)[1])

# with a Theano or TensorFlow function; the flag is 0 in test mode and 1 in train mode
get_1st_layer_output = K.function([model.layers[0].input, K.learning_phase()], [model.layers[1].output])
test = get_1st_layer_output([X, 0])[0]
train = get_1st_layer_output([X, 1])[0]
W, b = model.layers[0].W.get_value(), model.layers[0].b.get_value()
print('test mode', test.shape, np.allclose(test, np.tanh(X.dot(W) + b), atol=1e-4))
print('train mode: share of zeros', np.mean(train == 0), 'scaled',
      np.allclose(train[train != 0], 2 * test[train != 0], atol=1e-4))

# with a model of the same layers
middle = Model(input=model.input, output=model.get_layer('hidden').output)
print('model', np.allclose(middle.predict(X), test, atol=1e-5))
print('get_layer', model.get_layer(index=2).name, model.get_layer('dense_1').output.get_shape()[1] == 8)
print('nodes', model.layers[2].get_output_shape_at(0), model.layers[2].get_input_shape_at(0),
      model.layers[2].get_output_at(0) is model.layers[2].output)

# gradients of a class score with respect to the input
saliency = K.gradients(K.sum(model.layers[-2].output), model.input)
if isinstance(saliency, list):
    saliency = saliency[0]
grad = K.function([model.input, K.learning_phase()], [saliency])([X[:10], 0])[0]
step = np.zeros((1, 6), dtype='float32')
step[0, 2] = 1e-2
penultimate = K.function([model.input, K.learning_phase()], [model.layers[-2].output])
numeric = (penultimate([X[:10] + step, 0])[0] - penultimate([X[:10] - step, 0])[0]).sum(axis=1) / 2e-2
print('gradient', grad.shape, np.median(np.abs(grad[:, 2] - numeric)) < 0.02)


# the idiom of the time for fine-tuning: pop the last layer, freeze the rest, put a new one on top
def pop_layer(model):
    if not model.outputs:
        raise Exception('Sequential model cannot be popped: model is empty.')
    model.layers.pop()
    if not model.layers:
        model.outputs = []
        model.inbound_nodes = []
        model.outbound_nodes = []
    else:
        model.layers[-1].outbound_nodes = []
        model.outputs = [model.layers[-1].output]
    model.built = False


pop_layer(model)
print('popped', len(model.layers), [l.name for l in model.layers])
for layer in model.layers:
    layer.trainable = False
model.add(Dense(1, activation='sigmoid', name='new_top'))
model.compile(loss='binary_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
frozen = model.layers[0].get_weights()[0]
model.fit(X, (y > 1).astype(int), nb_epoch=30, batch_size=20, verbose=0)
print('new', model.output_shape, len(model.trainable_weights), np.array_equal(frozen, model.layers[0].get_weights()[0]))
print('new accuracy', model.evaluate(X, (y > 1).astype(int), verbose=0)[1])

# the picture that a filter likes: gradient ascent in the input
img = Input(shape=(8, 8, 1))
conv = Convolution2D(4, 3, 3, activation='linear', name='conv')(img)
net = Model(input=img, output=Flatten()(conv))
loss = K.mean(net.get_layer('conv').output[:, :, :, 0])
grads = K.gradients(loss, img)
grads = grads[0] if isinstance(grads, list) else grads
grads /= (K.sqrt(K.mean(K.square(grads))) + 1e-5)
iterate = K.function([img], [loss, grads])
picture = np.random.random((1, 8, 8, 1)) * 0.1
values = []
for i in range(10):
    loss_value, grads_value = iterate([picture])
    picture += grads_value * 0.5
    values.append(loss_value)
print('ascent', bool(np.all(np.diff(values) > 0)), picture.shape)

# prints: accuracy <0.78..1.0>
# prints: test mode (300, 16) True
# prints: train mode: share of zeros <0.45..0.55> scaled True
# prints: model True
# prints: get_layer dense_1 True
# prints: nodes (None, 8) (None, 16) True
# prints: gradient (10, 6) True
# prints: popped 3 ['hidden', 'dropout_1', 'dense_1']
# prints: new (None, 1) 2 True
# prints: new accuracy <0.75..1.0>
# prints: ascent True (1, 8, 8, 1)
# slow
