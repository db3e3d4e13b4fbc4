'''The Graph model: named nodes, inputs and outputs, data in dictionaries.'''
from __future__ import print_function
import numpy as np
np.random.seed(1337)

from keras.models import Graph
from keras.layers.core import Dense, Activation, Dropout
from keras.layers.embeddings import Embedding
from keras.layers.recurrent import LSTM
from keras.optimizers import RMSprop
from keras.regularizers import l2

nb = 300
X = np.random.randn(nb, 6)
X2 = np.random.randn(nb, 3)
y = X.dot(np.array([1., -1., 2., 0., 0.5, 0.])) + X2[:, 0] * 2
y = y.reshape((nb, 1))
y2 = (X2.sum(axis=1, keepdims=True) > 0).astype('float32')

graph = Graph()
graph.add_input(name='input1', input_shape=(6,))
graph.add_input(name='input2', input_shape=(3,))
graph.add_node(Dense(16, activation='relu'), name='dense1', input='input1')
graph.add_node(Dense(8, W_regularizer=l2(1e-5)), name='dense2', input='input2')
graph.add_node(Activation('tanh'), name='act2', input='dense2')
graph.add_node(Dense(8), name='dense3', inputs=['dense1', 'act2'], merge_mode='concat')
graph.add_node(Dense(1), name='regression', input='dense3')
graph.add_node(Dense(1, activation='sigmoid'), name='decision', input='act2')
graph.add_output(name='output1', input='regression')
graph.add_output(name='output2', input='decision')
graph.compile(RMSprop(lr=0.01), {'output1': 'mse', 'output2': 'binary_crossentropy'})
print('inputs', sorted(graph.inputs), 'outputs', sorted(graph.outputs))

data = {'input1': X, 'input2': X2, 'output1': y, 'output2': y2}
before = graph.evaluate(data, verbose=0)
history = graph.fit(data, nb_epoch=40, batch_size=32, validation_split=0.1, verbose=0)
after = graph.evaluate(data, verbose=0)
print('loss: the share that is left', after / before)
out = graph.predict({'input1': X, 'input2': X2})
print('out', sorted(out), out['output1'].shape)
print('r', np.corrcoef(out['output1'].ravel(), y.ravel())[0, 1], 'right', np.mean((out['output2'] > 0.5) == y2))
print('loss is in the history:', 'loss' in history.history and 'val_loss' in history.history)

graph.save_weights('graph.h5', overwrite=True)
kept = graph.predict(data)['output1']
loss = graph.train_on_batch(data)
print('moved', not np.allclose(kept, graph.predict(data)['output1']), np.size(loss))
graph.load_weights('graph.h5')
print('back', np.allclose(kept, graph.predict(data)['output1'], atol=1e-6))

# a recurrent one, with merged branches, of one output
words = np.random.randint(1, 20, size=(200, 7))
label = (words[:, -1] > 9).astype('float32')
net = Graph()
net.add_input(name='input', input_shape=(7,), dtype='int')
net.add_node(Embedding(20, 8, input_length=7), name='embedding', input='input')
net.add_node(LSTM(8), name='forward', input='embedding')
net.add_node(LSTM(8, go_backwards=True), name='backward', input='embedding')
net.add_node(Dropout(0.1), name='dropout', inputs=['forward', 'backward'], merge_mode='sum')
net.add_node(Dense(1, activation='sigmoid'), name='sigmoid', input='dropout')
net.add_output(name='output', input='sigmoid')
net.compile('adam', {'output': 'binary_crossentropy'})
net.fit({'input': words, 'output': label}, batch_size=20, nb_epoch=25, verbose=0)
acc = np.mean((net.predict({'input': words})['output'].ravel() > 0.5) == label)
print('both ways', acc)

# prints: inputs ['input1', 'input2'] outputs ['output1', 'output2']
# prints: loss: the share that is left <0.0..0.25>
# prints: out ['output1', 'output2'] (300, 1)
# prints: r <0.95..1.0> right <0.9..1.0>
# prints: loss is in the history: True
# prints: moved True 1
# prints: back True
# prints: both ways <0.9..1.0>
# slow
