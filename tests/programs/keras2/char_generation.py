'''Generates text character by character, and shows samples at the end of epochs.

It is recommended to run this script on GPU, as recurrent networks are quite computationally intensive.
'''

from __future__ import print_function

import io
import random
import sys

import numpy as np
from keras.callbacks import LambdaCallback
from keras.layers import Dense, LSTM
from keras.models import Sequential
from keras.optimizers import RMSprop

random.seed(5)
np.random.seed(5)

with io.open('book.txt', 'w', encoding='utf-8') as f:
    f.write(u'the cat sat on the mat. the dog sat on the log. ' * 12)
with io.open('book.txt', encoding='utf-8') as f:
    text = f.read().lower()
print('corpus length:', len(text))

chars = sorted(list(set(text)))
print('total chars:', len(chars))
char_indices = dict((c, i) for i, c in enumerate(chars))
indices_char = dict((i, c) for i, c in enumerate(chars))

# cut the text in semi-redundant sequences of maxlen characters
maxlen = 10
step = 1
sentences = []
next_chars = []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i: i + maxlen])
    next_chars.append(text[i + maxlen])
print('nb sequences:', len(sentences))

print('Vectorization...')
x = np.zeros((len(sentences), maxlen, len(chars)), dtype=bool)
y = np.zeros((len(sentences), len(chars)), dtype=bool)
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        x[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

# build the model: a single LSTM
print('Build model...')
model = Sequential()
model.add(LSTM(48, input_shape=(maxlen, len(chars))))
model.add(Dense(len(chars), activation='softmax'))

optimizer = RMSprop(lr=0.01)
model.compile(loss='categorical_crossentropy', optimizer=optimizer)
print('params', model.count_params())


def sample(preds, temperature=1.0):
    # helper function to sample an index from a probability array
    preds = np.asarray(preds).astype('float64')
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    probas = np.random.multinomial(1, preds, 1)
    return np.argmax(probas)


def on_epoch_end(epoch, _):
    # Function invoked at end of each epoch. Prints generated text.
    if epoch % 6 != 5:
        return
    print()
    print('----- Generating text after Epoch: %d' % epoch)
    start_index = 0
    for diversity in [0.1, 0.5]:
        print('----- diversity:', diversity)
        generated = ''
        sentence = text[start_index: start_index + maxlen]
        generated += sentence
        print('----- Generating with seed: "' + sentence + '"')
        sys.stdout.write(generated)
        for i in range(25):
            x_pred = np.zeros((1, maxlen, len(chars)))
            for t, char in enumerate(sentence):
                x_pred[0, t, char_indices[char]] = 1.
            preds = model.predict(x_pred, verbose=0)[0]
            next_index = sample(preds, diversity)
            next_char = indices_char[next_index]
            sentence = sentence[1:] + next_char
            sys.stdout.write(next_char)
            sys.stdout.flush()
        print()


print_callback = LambdaCallback(on_epoch_end=on_epoch_end,
                                on_train_end=lambda logs: print('trained'))

history = model.fit(x, y,
                    batch_size=32,
                    epochs=12,
                    callbacks=[print_callback], verbose=0)
print(list(history.history), 'loss', history.history['loss'][-1])

# prints: corpus length: 576
# prints: total chars: 14
# prints: nb sequences: 566
# prints: params 12782
# prints: ----- Generating text after Epoch: 5
# prints: ----- diversity: 0.1
# prints: ----- Generating with seed: "the cat sa"
# prints: ----- Generating text after Epoch: 11
# prints: ----- diversity: 0.1
# prints: the cat sat on the
# prints: ----- diversity: 0.5
# prints: trained
# prints: ['loss'] loss <0..0.3>
# slow
