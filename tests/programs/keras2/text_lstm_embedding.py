'''Text classification with word vectors that are given and stay as they are.'''
from __future__ import print_function

import numpy as np
from keras.layers import Dense, Embedding, GlobalMaxPooling1D, Input, LSTM, SpatialDropout1D, Conv1D
from keras.models import Model, Sequential
from keras.preprocessing.sequence import pad_sequences
from keras.preprocessing.text import Tokenizer, text_to_word_sequence
from keras.utils.np_utils import to_categorical

MAX_SEQUENCE_LENGTH = 12
MAX_NUM_WORDS = 60
EMBEDDING_DIM = 10
VALIDATION_SPLIT = 0.2

np.random.seed(42)

# first, build an index mapping words to their vectors
topics = {'sport': 'ball goal team coach match score'.split(),
          'food': 'bread soup cheese salt oven plate'.split(),
          'weather': 'rain wind cloud storm sun snow'.split()}
filler = 'the a of with and today very near it was'.split()
embeddings_index = {}
for number, words in enumerate(topics.values()):
    for word in words:
        coefs = 0.3 * np.random.randn(EMBEDDING_DIM)
        coefs[number] += 1.5
        embeddings_index[word] = np.asarray(coefs, dtype='float32')
for word in filler[:-2]:
    embeddings_index[word] = 0.3 * np.random.randn(EMBEDDING_DIM).astype('float32')
print('Found %s word vectors.' % len(embeddings_index))

# second, prepare text samples and their labels
texts, labels, labels_index = [], [], {}
for name in sorted(topics):
    labels_index[name] = len(labels_index)
    for _ in range(150):
        words = list(np.random.choice(filler, np.random.randint(4, 10)))
        words.insert(np.random.randint(len(words)), np.random.choice(topics[name]))
        words.append(np.random.choice(topics[name]).capitalize() + '!')
        texts.append(' '.join(words))
        labels.append(labels_index[name])
print('Found %s texts.' % len(texts))
print(text_to_word_sequence('It was, near: the STORM!'))

# finally, vectorize the text samples into a 2D integer tensor
tokenizer = Tokenizer(num_words=MAX_NUM_WORDS)
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
word_index = tokenizer.word_index
print('Found %s unique tokens.' % len(word_index))
print('most frequent in the filler:', min(word_index, key=word_index.get) in filler)

data = pad_sequences(sequences, maxlen=MAX_SEQUENCE_LENGTH)
labels = to_categorical(np.asarray(labels))
print('Shape of data tensor:', data.shape)
print('Shape of label tensor:', labels.shape)

# split the data into a training set and a validation set
indices = np.arange(data.shape[0])
np.random.shuffle(indices)
data = data[indices]
labels = labels[indices]
num_validation_samples = int(VALIDATION_SPLIT * data.shape[0])
x_train, y_train = data[:-num_validation_samples], labels[:-num_validation_samples]
x_val, y_val = data[-num_validation_samples:], labels[-num_validation_samples:]

# prepare embedding matrix
num_words = min(MAX_NUM_WORDS, len(word_index) + 1)
embedding_matrix = np.zeros((num_words, EMBEDDING_DIM))
for word, i in word_index.items():
    if i >= MAX_NUM_WORDS:
        continue
    embedding_vector = embeddings_index.get(word)
    if embedding_vector is not None:
        # words not found in embedding index will be all-zeros.
        embedding_matrix[i] = embedding_vector

embedding_layer = Embedding(num_words,
                            EMBEDDING_DIM,
                            weights=[embedding_matrix],
                            input_length=MAX_SEQUENCE_LENGTH,
                            trainable=False)

model = Sequential()
model.add(embedding_layer)
model.add(SpatialDropout1D(0.1))
model.add(LSTM(16, dropout=0.1, recurrent_dropout=0.1))
model.add(Dense(len(labels_index), activation='softmax'))
model.compile(loss='categorical_crossentropy', optimizer='adam', metrics=['acc'])
print(model.summary())

hist = model.fit(x_train, y_train, batch_size=16, epochs=8, validation_data=(x_val, y_val), verbose=0)
print('LSTM val_acc', hist.history['val_acc'][-1])
print('vectors unchanged', np.allclose(embedding_layer.get_weights()[0], embedding_matrix))

# train a 1D convnet with global maxpooling
sequence_input = Input(shape=(MAX_SEQUENCE_LENGTH,), dtype='int32')
embedded_sequences = embedding_layer(sequence_input)
x = Conv1D(16, 3, activation='relu')(embedded_sequences)
x = GlobalMaxPooling1D()(x)
preds = Dense(len(labels_index), activation='softmax')(x)
model = Model(sequence_input, preds)
model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['acc'])
model.fit(x_train, y_train, batch_size=16, epochs=14, validation_data=(x_val, y_val), verbose=0)
print('Conv1D', dict(zip(model.metrics_names, model.evaluate(x_val, y_val, verbose=0))))

new = pad_sequences(tokenizer.texts_to_sequences(['The storm was near today, and a very WIND!']),
                    maxlen=MAX_SEQUENCE_LENGTH)
print(sorted(labels_index)[np.argmax(model.predict(new))])

# prints: Found 26 word vectors.
# prints: Found 450 texts.
# prints: ['it', 'was', 'near', 'the', 'storm']
# prints: Found 28 unique tokens.
# prints: most frequent in the filler: True
# prints: Shape of data tensor: (450, 12)
# prints: Shape of label tensor: (450, 3)
# prints: embedding_1 (Embedding)...(None, 12, 10)...290
# prints: lstm_1 (LSTM)...(None, 16)...1,728
# prints: Total params: 2,069
# prints: Trainable params: 1,779
# prints: Non-trainable params: 290
# prints: None
# prints: LSTM val_acc <0.85..1>
# prints: vectors unchanged True
# prints: Conv1D {'loss': <0..0.4>, 'acc': <0.9..1>}
# prints: weather
# slow
