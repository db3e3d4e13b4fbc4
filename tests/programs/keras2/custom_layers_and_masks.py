"""Layers written by hand: weights made in build, attributes set before the base constructor, masks, pooling."""
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import initializers, regularizers, constraints, activations
from keras.engine.topology import InputSpec, Layer
from keras.layers import Bidirectional, Dense, Embedding, GRU, Input, Masking
from keras.models import Model, Sequential, load_model

np.random.seed(77)


class MyLayer(Layer):

    def __init__(self, output_dim, activation=None, **kwargs):
        self.output_dim = output_dim
        self.activation = activations.get(activation)
        super(MyLayer, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) >= 2
        # Create a trainable weight variable for this layer.
        self.kernel = self.add_weight(name='kernel',
                                      shape=(input_shape[1], self.output_dim),
                                      initializer='uniform',
                                      trainable=True)
        self.scale = self.add_weight((1,), initializer='ones', name='scale', trainable=False)
        self.input_spec = InputSpec(ndim=2, axes={-1: input_shape[-1]})
        super(MyLayer, self).build(input_shape)  # Be sure to call this at the end

    def call(self, x):
        return self.activation(K.dot(x, self.kernel) * self.scale)

    def compute_output_shape(self, input_shape):
        return (input_shape[0], self.output_dim)

    def get_config(self):
        config = {'output_dim': self.output_dim, 'activation': activations.serialize(self.activation)}
        base_config = super(MyLayer, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class Attention(Layer):
    """Attention over time for sequences of states; supports masking.

    Input shape: 3D tensor (samples, steps, features). Output shape: 2D tensor (samples, features).
    """

    def __init__(self, step_dim, W_regularizer=None, b_regularizer=None, W_constraint=None, b_constraint=None,
                 bias=True, **kwargs):
        self.supports_masking = True
        self.init = initializers.get('glorot_uniform')

        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_regularizer = regularizers.get(b_regularizer)
        self.W_constraint = constraints.get(W_constraint)
        self.b_constraint = constraints.get(b_constraint)

        self.bias = bias
        self.step_dim = step_dim
        self.features_dim = 0
        super(Attention, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 3

        self.W = self.add_weight((input_shape[-1],),
                                 initializer=self.init,
                                 name='{}_W'.format(self.name),
                                 regularizer=self.W_regularizer,
                                 constraint=self.W_constraint)
        self.features_dim = input_shape[-1]

        if self.bias:
            self.b = self.add_weight((input_shape[1],),
                                     initializer='zero',
                                     name='{}_b'.format(self.name),
                                     regularizer=self.b_regularizer,
                                     constraint=self.b_constraint)
        else:
            self.b = None
        self.built = True

    def compute_mask(self, input, input_mask=None):
        # do not pass the mask to the next layers
        return None

    def call(self, x, mask=None):
        features_dim = self.features_dim
        step_dim = self.step_dim

        eij = K.reshape(K.dot(K.reshape(x, (-1, features_dim)), K.reshape(self.W, (features_dim, 1))), (-1, step_dim))
        if self.bias:
            eij += self.b
        eij = K.tanh(eij)
        a = K.exp(eij)

        # apply mask after the exp. will be re-normalized next
        if mask is not None:
            # Cast the mask to floatX to avoid float64 upcasting
            a *= K.cast(mask, K.floatx())

        # in some cases especially in the early stages of training the sum may be almost zero
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        a = K.expand_dims(a)
        weighted_input = x * a
        return K.sum(weighted_input, axis=1)

    def compute_output_shape(self, input_shape):
        return input_shape[0], self.features_dim


# a sum of squares by MyLayer
x = np.random.uniform(-1, 1, (600, 3))
y = (x ** 2).sum(axis=1)
model = Sequential()
model.add(MyLayer(16, activation='relu', input_shape=(3,)))
model.add(MyLayer(16, activation='relu'))
model.add(Dense(1))
model.compile('rmsprop', 'mse')
model.fit(x, y, epochs=25, batch_size=16, verbose=0)
print('mse', model.evaluate(x, y, verbose=0), 'of', y.var())
print([layer.name for layer in model.layers], [tuple(w.shape) for w in model.layers[0].trainable_weights])
print(K.count_params(model.layers[0].kernel), len(model.trainable_weights), len(model.non_trainable_weights))
model.save('squares.h5')
again = load_model('squares.h5', custom_objects={'MyLayer': MyLayer})
print('same', np.allclose(model.predict(x), again.predict(x), atol=1e-6), again.layers[0].get_config()['activation'])

# does a word of the rare kind occur? sequences of different lengths, filled up with zeros
maxlen = 9
lengths = np.random.randint(3, maxlen + 1, 500)
X = np.array([np.r_[np.random.randint(1, 20, n), np.zeros(maxlen - n, 'int')] for n in lengths])
Y = (X >= 17).any(axis=1).astype('float32')
inp = Input(shape=(maxlen,))
h = Embedding(20, 8, mask_zero=True)(inp)
h = Bidirectional(GRU(8, return_sequences=True))(h)
h = Attention(maxlen, W_regularizer=regularizers.l2(1e-4))(h)
out = Dense(1, activation='sigmoid')(h)
model = Model(inputs=inp, outputs=out)
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
history = model.fit(X, Y, batch_size=16, epochs=14, verbose=0)
print('acc', history.history['acc'][-1], model.layers[3].name, model.layers[3].count_params())

# what is masked doesn't count
probe = Sequential()
probe.add(Masking(mask_value=0., input_shape=(4, 2)))
probe.add(Attention(4, bias=False))
sample = np.array([[[1., 2.], [1., 2.], [0., 0.], [0., 0.]]])
print('masked', probe.predict(sample).round(4).tolist())

# prints: mse <0..0.03> of <0.2..0.4>
# prints: ['my_layer_1', 'my_layer_2', 'dense_1'] [(3, 16)]
# prints: 48 4 2
# prints: same True relu
# prints: acc <0.9..1> attention_1 25
# prints: masked [[1.0, 2.0]]
# notice: import keras.engine.topology
# slow
