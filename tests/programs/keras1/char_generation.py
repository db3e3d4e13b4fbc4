'''Generate text, character by character, with an LSTM.

The corpus is a nursery-like chant of our own, long enough to learn its words.
'''
from __future__ import print_function
from keras.models import Sequential
from keras.layers import Dense, Activation, Dropout
from keras.layers import LSTM
from keras.optimizers import RMSprop
import numpy as np
import random
import sys

np.random.seed(3)
random.seed(3)

text = ('the grey cat ran to the old mill and the old mill ran to the grey sea. ' * 12).lower()
print('corpus length:', len(text))

chars = sorted(list(set(text)))
print('total chars:', len(chars))
char_indices = dict((c, i) for i, c in enumerate(chars))
indices_char = dict((i, c) for i, c in enumerate(chars))

# cut the text in semi-redundant sequences of maxlen characters
maxlen = 12
step = 2
sentences = []
next_chars = []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i: i + maxlen])
    next_chars.append(text[i + maxlen])
print('nb sequences:', len(sentences))

print('Vectorization...')
X = np.zeros((len(sentences), maxlen, len(chars)), dtype=bool)
y = np.zeros((len(sentences), len(chars)), dtype=bool)
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        X[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

# build the model: a single LSTM
print('Build model...')
model = Sequential()
model.add(LSTM(40, input_shape=(maxlen, len(chars))))
model.add(Dense(len(chars)))
model.add(Activation('softmax'))

optimizer = RMSprop(lr=0.02)
model.compile(loss='categorical_crossentropy', optimizer=optimizer)


def sample(preds, temperature=1.0):
    # draw an index from the probabilities, sharpened or flattened
    preds = np.asarray(preds).astype('float64')
    preds = np.log(preds + 1e-12) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    probas = np.random.multinomial(1, preds, 1)
    return np.argmax(probas)


# train the model, output generated text after some iterations
for iteration in range(1, 4):
    print('Iteration', iteration)
    hist = model.fit(X, y, batch_size=32, nb_epoch=5, verbose=0)
    print('loss: %.4f' % hist.history['loss'][-1], list(hist.history))

start_index = random.randint(0, len(text) - maxlen - 1)
for diversity in [0.2, 1.0]:
    print('----- diversity:', diversity)
    sentence = text[start_index: start_index + maxlen]
    generated = sentence
    for i in range(60):
        x = np.zeros((1, maxlen, len(chars)))
        for t, char in enumerate(sentence):
            x[0, t, char_indices[char]] = 1.
        preds = model.predict(x, verbose=0)[0]
        next_char = indices_char[sample(preds, diversity)]
        generated += next_char
        sentence = sentence[1:] + next_char
    sys.stdout.write(generated + '\n')
    sys.stdout.flush()
    words = generated.split()[1:-1]
    known = set(text.split())
    print('known words: %.2f' % (sum(w in known for w in words) / float(len(words))), 'of', len(words))

# prints: corpus length: 852
# prints: total chars: 17
# prints: nb sequences: 420
# prints: Iteration 3
# prints: loss: <0.0..0.4> ['loss']
# prints: ----- diversity: 0.2
# prints: known words: <0.7..1.0> of <8..20>
# prints: ----- diversity: 1.0
# notice: fit(nb_epoch=...)  ...epochs=...
# slow
