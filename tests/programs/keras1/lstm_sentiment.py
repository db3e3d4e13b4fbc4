'''Train a LSTM on a sentiment task over made-up reviews.

Notes:
- Words are numbered by how frequent they are; 1 starts a review, 2 stands for rare words.
- Dropout is on the embeddings, on the inputs and on the recurrent connections.
'''
from __future__ import print_function
import numpy as np
np.random.seed(1337)  # for reproducibility

from keras.preprocessing import sequence
from keras.models import Sequential
from keras.layers import Dense, Dropout, Activation, Embedding
from keras.layers import LSTM, SimpleRNN, GRU

max_features = 60
maxlen = 20  # cut texts after this number of words
batch_size = 32

print('Loading data...')


def review(good):
    words = list(np.random.randint(20, max_features, size=np.random.randint(8, 26)))
    pool = (3, 4, 5, 6) if good else (7, 8, 9, 10)
    for _ in range(4):
        words[np.random.randint(max(0, len(words) - 15), len(words))] = pool[np.random.randint(4)]
    return [1] + [int(w) for w in words]


y = np.random.randint(0, 2, size=500)
X = [review(good) for good in y]
X_train, y_train, X_test, y_test = X[:400], y[:400], X[400:], y[400:]
print(len(X_train), 'train sequences')
print(len(X_test), 'test sequences')

print('Pad sequences (samples x time)')
X_train = sequence.pad_sequences(X_train, maxlen=maxlen)
X_test = sequence.pad_sequences(X_test, maxlen=maxlen)
print('X_train shape:', X_train.shape)
print('X_test shape:', X_test.shape)

print('Build model...')
model = Sequential()
model.add(Embedding(max_features, 12, input_length=maxlen, dropout=0.1))
model.add(LSTM(12, dropout_W=0.1, dropout_U=0.1))  # try using a GRU instead, for fun
model.add(Dense(1))
model.add(Activation('sigmoid'))

# try using different optimizers and different optimizer configs
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
print([layer.__class__.__name__ for layer in model.layers], model.layers[1].output_shape)

print('Train...')
history = model.fit(X_train, y_train, batch_size=batch_size, nb_epoch=14, verbose=0,
                    validation_data=(X_test, y_test))
score, acc = model.evaluate(X_test, y_test, batch_size=batch_size, verbose=0)
print('Test score:', score)
print('Test accuracy:', acc)
print('History:', sorted(history.history.keys()))
print('Words far apart:', model.predict(X_test)[:3].shape, model.predict_proba(X_test, verbose=0).max() > 0.9)
print('Weights:', [w.shape for w in model.layers[0].get_weights()], model.layers[1].count_params())
print('Same twice (no dropout in test):', np.allclose(model.predict(X_test), model.predict(X_test)))

# prints: Loading data...
# prints: 400 train sequences
# prints: 100 test sequences
# prints: X_train shape: (400, 20)
# prints: X_test shape: (100, 20)
# prints: ['Embedding', 'LSTM', 'Dense', 'Activation'] (None, 12)
# prints: Test score: <0.0..0.5>
# prints: Test accuracy: <0.82..1.0>
# prints: History: ['acc', 'loss', 'val_acc', 'val_loss']
# prints: Words far apart: (3, 1) True
# prints: Weights: [(60, 12)] 1200
# prints: Same twice (no dropout in test): True
# notice: LSTM(dropout_W=...)  ...dropout=...
# notice: LSTM(dropout_U=...)  ...recurrent_dropout=...
# slow
