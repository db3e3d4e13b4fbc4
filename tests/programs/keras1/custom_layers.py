'''Layers of our own in Keras's protocol: a dense layer, attention over time, and one with a mask.'''
from __future__ import print_function
import numpy as np
np.random.seed(1)

from keras import backend as K
from keras import activations, initializations, regularizers, constraints
from keras.engine.topology import Layer, InputSpec
from keras.layers import Input, Embedding, LSTM, Dense
from keras.models import Sequential, Model, load_model
from keras.optimizers import Adam


class MyDense(Layer):
    '''A fully connected layer, as in keras.layers.core.'''

    def __init__(self, output_dim, init='glorot_uniform', activation='linear', weights=None,
                 W_regularizer=None, b_constraint=None, input_dim=None, **kwargs):
        self.init = initializations.get(init)
        self.activation = activations.get(activation)
        self.output_dim = output_dim
        self.input_dim = input_dim
        self.W_regularizer = regularizers.get(W_regularizer)
        self.b_constraint = constraints.get(b_constraint)
        self.initial_weights = weights
        self.input_spec = [InputSpec(ndim=2)]
        if self.input_dim:
            kwargs['input_shape'] = (self.input_dim,)
        super(MyDense, self).__init__(**kwargs)

    def build(self, input_shape):
        assert len(input_shape) == 2
        input_dim = input_shape[1]
        self.input_spec = [InputSpec(dtype=K.floatx(), shape=(None, input_dim))]
        self.W = self.init((input_dim, self.output_dim), name='{}_W'.format(self.name))
        self.b = K.zeros((self.output_dim,), name='{}_b'.format(self.name))
        self.trainable_weights = [self.W, self.b]
        self.regularizers = []
        if self.W_regularizer:
            self.W_regularizer.set_param(self.W)
            self.regularizers.append(self.W_regularizer)
        self.constraints = {}
        if self.b_constraint:
            self.constraints[self.b] = self.b_constraint
        if self.initial_weights is not None:
            self.set_weights(self.initial_weights)
            del self.initial_weights

    def call(self, x, mask=None):
        return self.activation(K.dot(x, self.W) + self.b)

    def get_output_shape_for(self, input_shape):
        assert input_shape and len(input_shape) == 2
        return (input_shape[0], self.output_dim)

    def get_config(self):
        config = {'output_dim': self.output_dim,
                  'init': self.init.__name__,
                  'activation': self.activation.__name__,
                  'W_regularizer': self.W_regularizer.get_config() if self.W_regularizer else None,
                  'input_dim': self.input_dim}
        base_config = super(MyDense, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


class AttentionWithContext(Layer):
    '''Weighs the steps of a sequence by what they have in common with a learned vector; honours a mask.'''

    def __init__(self, **kwargs):
        self.supports_masking = True
        self.init = initializations.get('normal')
        super(AttentionWithContext, self).__init__(**kwargs)

    def build(self, input_shape):
        self.u = self.add_weight((input_shape[-1],), initializer=self.init, name='{}_u'.format(self.name))
        super(AttentionWithContext, self).build(input_shape)

    def compute_mask(self, input, input_mask=None):
        return None  # the time axis is gone

    def call(self, x, mask=None):
        a = K.exp(K.sum(K.tanh(x) * self.u, axis=-1))
        if mask is not None:
            a *= K.cast(mask, K.floatx())
        a /= K.cast(K.sum(a, axis=1, keepdims=True) + K.epsilon(), K.floatx())
        return K.sum(x * K.expand_dims(a), axis=1)

    def get_output_shape_for(self, input_shape):
        return (input_shape[0], input_shape[-1])


# 1. the dense layer
X = np.random.randn(300, 6)
y = (X[:, 0] * X[:, 1] > 0).astype('int')
model = Sequential()
model.add(MyDense(16, activation='tanh', input_dim=6, init='he_normal', W_regularizer=regularizers.l2(1e-4)))
model.add(MyDense(1, activation='sigmoid', b_constraint='nonneg'))
model.compile(Adam(lr=0.01), 'binary_crossentropy', metrics=['accuracy'])
print([l.name for l in model.layers], model.output_shape, model.count_params())
start = model.evaluate(X, y, verbose=0)[0]
model.fit(X, y, nb_epoch=150, batch_size=64, verbose=0)
score = model.evaluate(X, y, verbose=0)
print('dense: accuracy', score[1], 'loss fell:', score[0] < start)
print('b is not negative:', (K.get_value(model.layers[1].b) >= 0).all())
config = model.layers[0].get_config()
print('config', config['output_dim'], config['init'], config['activation'], config['input_dim'])
again = MyDense.from_config(config)
print('again', again.output_dim, again.init.__name__)

model.save('mine.h5')
loaded = load_model('mine.h5', custom_objects={'MyDense': MyDense})
print('loaded:', type(loaded.layers[0]).__name__, np.abs(loaded.predict(X) - model.predict(X)).max())

given = [np.ones((6, 2)), np.array([1., 2.])]
fixed = Sequential([MyDense(2, weights=given, input_shape=(6,))])
print('given weights:', fixed.predict(np.ones((1, 6))).tolist())

# 2. attention: does the word 1 stand anywhere in the sentence?
words = np.random.randint(2, 12, size=(400, 8))
words[:, 6:] = 0  # padding
for i in range(0, 400, 2):
    words[i, np.random.randint(6)] = 1
target = (words == 1).any(axis=1).astype('int')
sentence = Input(shape=(8,), dtype='int32')
e = Embedding(12, 8, mask_zero=True, input_length=8)(sentence)
states = LSTM(8, return_sequences=True)(e)
attended = AttentionWithContext(name='attention')(states)
out = Dense(1, activation='sigmoid')(attended)
reader = Model(input=sentence, output=out)
reader.compile(Adam(lr=0.01), 'binary_crossentropy', metrics=['accuracy'])
reader.fit(words, target, nb_epoch=20, batch_size=32, verbose=0)
print('attention: accuracy', reader.evaluate(words, target, verbose=0)[1])
print('shape', reader.get_layer('attention').output_shape, reader.get_layer('attention').get_weights()[0].shape)
other = words.copy()
other[:, 6:] = 0
print('padding is not read:', np.allclose(reader.predict(other), reader.predict(words)))

# prints: ['mydense_1', 'mydense_2'] (None, 1) 129
# prints: dense: accuracy <0.85..1.0> loss fell: True
# prints: b is not negative: True
# prints: config 16 he_normal tanh 6
# prints: again 16 he_normal
# prints: loaded: MyDense <0.0..0.000001>
# prints: given weights: [[7.0, 8.0]]
# prints: attention: accuracy <0.95..1.0>
# prints: shape (None, 8) (8,)
# prints: padding is not read: True
# slow
