"""Optimizers by get_updates, as papers' code had them; and K.function for steps of one's own on pictures."""
from __future__ import print_function, division

import numpy as np
from keras import backend as K
from keras.layers import Activation, Conv2D, Dense, Flatten, GlobalAveragePooling2D, Input, Lambda, MaxPooling2D
from keras.legacy import interfaces
from keras.models import Model, Sequential
from keras.optimizers import Optimizer, SGD

np.random.seed(6)


class SignSGD(Optimizer):
    """Momentum, whose sign is followed."""

    def __init__(self, lr=0.01, beta=0.9, decay=0., **kwargs):
        super(SignSGD, self).__init__(**kwargs)
        with K.name_scope(self.__class__.__name__):
            self.iterations = K.variable(0, dtype='int64', name='iterations')
            self.lr = K.variable(lr, name='lr')
            self.beta = K.variable(beta, name='beta')
            self.decay = K.variable(decay, name='decay')
        self.initial_decay = decay

    @interfaces.legacy_get_updates_support
    def get_updates(self, loss, params):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]

        lr = self.lr
        if self.initial_decay > 0:
            lr = lr * (1. / (1. + self.decay * K.cast(self.iterations, K.dtype(self.decay))))

        ms = [K.zeros(K.int_shape(p), dtype=K.dtype(p)) for p in params]
        self.weights = [self.iterations] + ms
        for p, g, m in zip(params, grads, ms):
            m_t = (self.beta * m) + (1. - self.beta) * g
            self.updates.append(K.update(m, m_t))
            new_p = p - lr * K.sign(m_t)
            # Apply constraints.
            if getattr(p, 'constraint', None) is not None:
                new_p = p.constraint(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {'lr': float(K.get_value(self.lr)), 'beta': float(K.get_value(self.beta)),
                  'decay': float(K.get_value(self.decay))}
        base_config = super(SignSGD, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


# pictures: where is the bright spot, left or right?
n = 240
x = 0.1 * np.random.rand(n, 12, 12, 1)
y = np.random.randint(0, 2, n)
rows = np.random.randint(1, 9, n)
for image, right, row in zip(x, y, rows):
    column = np.random.randint(7, 9) if right else np.random.randint(1, 3)
    image[row:row + 3, column:column + 3] = 1.

inputs = Input(shape=(12, 12, 1))
conv = Conv2D(6, (3, 3), activation='relu', padding='same', name='last_conv')(inputs)
h = MaxPooling2D()(conv)
h = Flatten()(h)
h = Dense(2, name='scores')(h)
model = Model(inputs, Activation('softmax')(h))
model.compile(SignSGD(lr=0.004), loss='sparse_categorical_crossentropy', metrics=['acc'])
history = model.fit(x, y, epochs=6, batch_size=24, verbose=0)
print('acc', history.history['acc'][-1], 'steps', int(K.get_value(model.optimizer.iterations)))
print(sorted(model.optimizer.get_config().items())[:1], len(model.optimizer.weights))

# activations of a layer
get_activations = K.function([model.layers[0].input, K.learning_phase()], [model.get_layer('last_conv').output])
print('activations', get_activations([x[:4], 0])[0].shape)

# Grad-CAM
K.set_learning_phase(0)
image = x[y == 1][:1]
class_output = model.output[:, 1]
last_conv_layer = model.get_layer('last_conv')
grads = K.gradients(class_output, last_conv_layer.output)[0]
pooled_grads = K.mean(grads, axis=(0, 1, 2))
iterate = K.function([model.input], [pooled_grads, last_conv_layer.output[0], grads])
pooled_grads_value, conv_layer_output_value, grads_value = iterate([image])
print('gradients', pooled_grads_value.shape, conv_layer_output_value.shape, grads_value.shape)
heatmap = np.maximum(np.sum(grads_value[0] * conv_layer_output_value, axis=-1), 0)
heatmap /= heatmap.max() + K.epsilon()
print('heat is on the right', heatmap[:, 6:].sum() > 2 * heatmap[:, :6].sum())

# gradient ascent in input space: the picture that excites a class most
loss = K.mean(model.get_layer('scores').output[:, 0] - model.get_layer('scores').output[:, 1])
grads = K.gradients(loss, model.input)[0]
# normalization trick: we normalize the gradient
grads /= (K.sqrt(K.mean(K.square(grads))) + 1e-5)
iterate = K.function([model.input], [loss, grads])
picture = 0.5 + 0.02 * np.random.rand(1, 12, 12, 1)
first = iterate([picture])[0]
for i in range(20):
    loss_value, grads_value = iterate([picture])
    picture += grads_value * 0.1
print('ascent', loss_value > first + 1, 'class', model.predict(picture).argmax())

# a training function by hand
target = K.placeholder(shape=(None,))
small = Sequential([Dense(1, input_dim=3)])
mse = K.mean(K.square(K.squeeze(small.output, 1) - target))
updates = SGD(lr=0.1).get_updates(mse, small.trainable_weights)
train = K.function([small.input, target], [mse], updates=updates)
data = np.random.rand(100, 3)
values = [train([data, data.dot([1., 2., 3.])])[0] for _ in range(120)]
print('by hand', values[0] > 10 * values[-1])
K.clear_session()
print(Dense(2, input_dim=1).name)

# prints: acc <0.9..1> steps 60
# prints: [('beta', 0.8999...)] 5
# prints: activations (4, 12, 12, 6)
# prints: gradients (6,) (12, 12, 6) (1, 12, 12, 6)
# prints: heat is on the right True
# prints: ascent True class 0
# prints: by hand True
# prints: dense_1
# slow
