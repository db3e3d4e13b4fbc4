"""Attention built from small layers: which time step carries the answer? Its weights are read from an inner layer."""
import numpy as np
import keras.backend as K
from keras.layers import (Activation, Bidirectional, Concatenate, Dense, Dot, Flatten, Input, Lambda, LSTM, Multiply,
                          Permute, RepeatVector, Reshape, TimeDistributed, concatenate, dot, multiply)
from keras.models import Model
from keras.optimizers import Adam

TIME_STEPS = 12
INPUT_DIM = 2
SINGLE_ATTENTION_VECTOR = False

np.random.seed(1337)  # for reproducibility


def get_data_recurrent(n, time_steps, input_dim, attention_column=7):
    """All steps are noise, but for the attention column, which is the target's value."""
    x = np.random.standard_normal(size=(n, time_steps, input_dim))
    y = np.random.randint(low=0, high=2, size=(n, 1))
    x[:, attention_column, :] = np.tile(y[:], (1, input_dim))
    return x, y


def attention_3d_block(inputs):
    # inputs.shape = (batch_size, time_steps, input_dim)
    input_dim = int(inputs.shape[2])
    a = Permute((2, 1))(inputs)
    a = Reshape((input_dim, TIME_STEPS))(a)  # this line is not useful. It's just to know which dimension is what.
    a = Dense(TIME_STEPS, activation='softmax')(a)
    if SINGLE_ATTENTION_VECTOR:
        a = Lambda(lambda x: K.mean(x, axis=1), name='dim_reduction')(a)
        a = RepeatVector(input_dim)(a)
    a_probs = Permute((2, 1), name='attention_vec')(a)
    output_attention_mul = multiply([inputs, a_probs], name='attention_mul')
    return output_attention_mul


def model_attention_applied_before_lstm():
    K.clear_session()
    inputs = Input(shape=(TIME_STEPS, INPUT_DIM,))
    attention_mul = attention_3d_block(inputs)
    lstm_units = 8
    attention_mul = LSTM(lstm_units, return_sequences=False)(attention_mul)
    output = Dense(1, activation='sigmoid')(attention_mul)
    return Model(input=[inputs], output=output)


def get_activations(model, inputs, layer_name):
    funcs = [K.function([model.input, K.learning_phase()], [layer.output]) for layer in model.layers
             if layer.name == layer_name]
    return [func([inputs, 0.])[0] for func in funcs]


x, y = get_data_recurrent(1500, TIME_STEPS, INPUT_DIM)
m = model_attention_applied_before_lstm()
m.compile(optimizer=Adam(lr=0.01), loss='binary_crossentropy', metrics=['accuracy'])
m.summary()
history = m.fit([x], y, epochs=5, batch_size=64, validation_split=0.1, verbose=0)
print('val_acc', history.history['val_acc'][-1])

testing, _ = get_data_recurrent(100, TIME_STEPS, INPUT_DIM)
attention_vector = np.mean(get_activations(m, testing, layer_name='attention_vec')[0], axis=2)
print('attention =', attention_vector.shape, 'sums to 1:', np.allclose(attention_vector.sum(axis=1), 1., atol=1e-4))
print('most attended step', attention_vector.mean(axis=0).argmax())


# the other kind: a score for each step of an LSTM's output, and their weighted sum
def softmax_over_time(x):
    e = K.exp(x - K.max(x, axis=1, keepdims=True))
    s = K.sum(e, axis=1, keepdims=True)
    return e / s


steps = Input(shape=(TIME_STEPS, INPUT_DIM), name='steps')
activations = Bidirectional(LSTM(6, return_sequences=True))(steps)
attention = TimeDistributed(Dense(1, activation='tanh'))(activations)
attention = Flatten()(attention)
attention = Activation('softmax')(attention)
attention = RepeatVector(12)(attention)
attention = Permute([2, 1])(attention)
sent_representation = Multiply()([activations, attention])
sent_representation = Lambda(lambda xin: K.sum(xin, axis=-2), output_shape=(12,))(sent_representation)

# the same by a dot product
energies = Dense(1)(activations)
alphas = Activation(softmax_over_time, name='attention_weights')(energies)
context = Dot(axes=1)([alphas, activations])
context = Flatten()(context)
similarity = dot([sent_representation, context], axes=-1, normalize=True)
merged = concatenate([sent_representation, context, similarity])
model = Model(inputs=steps, outputs=Dense(1, activation='sigmoid')(merged))
print([K.int_shape(t) for t in (alphas, context, similarity, merged)])
model.compile(Adam(lr=0.01), loss='binary_crossentropy', metrics=['acc'])
h = model.fit(x, y, epochs=8, batch_size=32, verbose=0)
print(sorted(h.history), h.history['acc'][-1])

# prints: input_1 (InputLayer)
# prints: attention_vec
# prints: attention_mul
# prints: Total params: 517
# prints: val_acc <0.9..1>
# prints: attention = (100, 12) sums to 1: True
# prints: most attended step 7
# prints: [(None, 12, 1), (None, 12), (None, 1), (None, 25)]
# prints: ['acc', 'loss'] <0.8..1>
# notice: Model(input=...)
# slow
