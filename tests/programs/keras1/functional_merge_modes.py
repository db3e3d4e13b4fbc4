'''Two inputs, two outputs, and every way that merge() has to put tensors together.

A headline (a few word indices) and some numbers about an article tell how often it is
shared; a second, auxiliary output looks at the words alone.
'''
from __future__ import print_function
import numpy as np
np.random.seed(11)

from keras.layers import Input, Embedding, GRU, Dense, merge, Reshape, Flatten
from keras.models import Model
from keras import backend as K

nb_samples, maxlen, nb_words, nb_facts = 400, 6, 30, 5
headline_data = np.random.randint(1, nb_words, size=(nb_samples, maxlen))
facts_data = np.random.rand(nb_samples, nb_facts)
catchy = (headline_data == 3).any(axis=1) | (headline_data == 4).any(axis=1)
labels = (catchy.astype('float32') * 0.6 + facts_data[:, 0] > 0.7).astype('int32').reshape((-1, 1))
aux_labels = catchy.astype('int32').reshape((-1, 1))

main_input = Input(shape=(maxlen,), dtype='int32', name='main_input')
x = Embedding(output_dim=8, input_dim=nb_words, input_length=maxlen)(main_input)
gru_out = GRU(8)(x)
auxiliary_output = Dense(1, activation='sigmoid', name='aux_output')(gru_out)

auxiliary_input = Input(shape=(nb_facts,), name='aux_input')
x = merge([gru_out, auxiliary_input], mode='concat')
x = Dense(16, activation='relu')(x)
main_output = Dense(1, activation='sigmoid', name='main_output')(x)

model = Model(input=[main_input, auxiliary_input], output=[main_output, auxiliary_output])
model.compile(optimizer='rmsprop',
              loss={'main_output': 'binary_crossentropy', 'aux_output': 'binary_crossentropy'},
              loss_weights={'main_output': 1., 'aux_output': 0.2},
              metrics=['accuracy'])
hist = model.fit({'main_input': headline_data, 'aux_input': facts_data},
                 {'main_output': labels, 'aux_output': aux_labels},
                 nb_epoch=25, batch_size=32, verbose=0)
print('inputs', model.input_names, 'outputs', model.output_names)
print('metrics', model.metrics_names)
print('history', sorted(hist.history))
last = dict((k, v[-1]) for k, v in hist.history.items())
print('weighted sum', abs(last['loss'] - last['main_output_loss'] - 0.2 * last['aux_output_loss']))
print('main acc', last['main_output_acc'], 'aux acc', last['aux_output_acc'])
main, aux = model.predict([headline_data[:7], facts_data[:7]])
print('predicted', main.shape, aux.shape)
scores = model.evaluate([headline_data, facts_data], [labels, aux_labels], verbose=0)
print('scores', len(scores))

# ---- the other modes, on fixed numbers
a = Input(shape=(3,))
b = Input(shape=(3,))
outs = [merge([a, b], mode='sum'), merge([a, b], mode='mul'), merge([a, b], mode='ave'), merge([a, b], mode='max'),
        merge([a, b], mode='dot'), merge([a, b], mode='cos'),
        merge([a, b], mode=lambda l: K.abs(l[0] - l[1]), output_shape=lambda shapes: shapes[0]),
        merge([a, b], mode='concat', concat_axis=1)]
modes = Model(input=[a, b], output=outs)
one, two = np.array([[1., 2., 2.]]), np.array([[2., 1., 2.]])
for name, value in zip('sum mul ave max dot cos lambda concat'.split(), modes.predict([one, two])):
    print(name, value.shape, np.round(value.ravel(), 3).tolist())

# dot of two matrices: every row with every row
s, t = Input(shape=(4, 6)), Input(shape=(5, 6))
pairs = Model([s, t], merge([s, t], mode='dot', dot_axes=(2, 2)))
u, v = np.random.rand(2, 4, 6), np.random.rand(2, 5, 6)
print('pairs', pairs.output_shape, np.abs(pairs.predict([u, v]) - np.einsum('nif,njf->nij', u, v)).max())

# prints: inputs ['main_input', 'aux_input'] outputs ['main_output', 'aux_output']
# prints: metrics ['loss', 'main_output_loss', 'aux_output_loss', 'main_output_acc', 'aux_output_acc']
# prints: history ['aux_output_acc', 'aux_output_loss', 'loss', 'main_output_acc', 'main_output_loss']
# prints: weighted sum <0.0..0.0001>
# prints: main acc <0.85..1.0> aux acc <0.85..1.0>
# prints: predicted (7, 1) (7, 1)
# prints: scores 5
# prints: sum (1, 3) [3.0, 3.0, 4.0]
# prints: mul (1, 3) [2.0, 2.0, 4.0]
# prints: ave (1, 3) [1.5, 1.5, 2.0]
# prints: max (1, 3) [2.0, 2.0, 2.0]
# prints: dot (1, 1) [8.0]
# prints: cos (1, 1...) [<0.888..0.89>]
# prints: lambda (1, 3) [1.0, 1.0, 0.0]
# prints: concat (1, 6) [1.0, 2.0, 2.0, 2.0, 1.0, 2.0]
# prints: pairs (None, 4, 5) <0.0..0.00001>
# notice: Model(input=...)  ...inputs=...
# slow
