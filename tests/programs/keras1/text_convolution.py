'''Tell two kinds of headlines apart: words to indices, fixed vectors for the words, convolutions over time.'''
from __future__ import print_function
import numpy as np
np.random.seed(1337)

from keras.preprocessing.text import Tokenizer, text_to_word_sequence, one_hot
from keras.preprocessing.sequence import pad_sequences, skipgrams
from keras.utils.np_utils import to_categorical
from keras.layers import Dense, Input, Flatten
from keras.layers import Convolution1D, MaxPooling1D, GlobalMaxPooling1D, Embedding, merge, Dropout
from keras.models import Model, Sequential

MAX_SEQUENCE_LENGTH = 10
MAX_NB_WORDS = 24
EMBEDDING_DIM = 12

subjects = ['the team', 'our captain', 'a striker', 'the minister', 'a senator', 'the party']
verbs = ['wins', 'loses', 'starts', 'ends', 'praises', 'blames']
sport = ['the final', 'the match', 'the cup', 'a goal']
politics = ['the vote', 'the budget', 'the treaty', 'a law']
texts, labels = [], []
for i in range(300):
    kind = i % 2
    ending = (sport, politics)[kind][np.random.randint(4)]
    texts.append('%s %s %s, again!' % (subjects[np.random.randint(6)].title(), verbs[np.random.randint(6)], ending))
    labels.append(kind)
print('Found %s texts.' % len(texts))
print(text_to_word_sequence('The team wins, again!'))

# finally, vectorize the text samples into a 2D integer tensor
tokenizer = Tokenizer(nb_words=MAX_NB_WORDS)
tokenizer.fit_on_texts(texts)
sequences = tokenizer.texts_to_sequences(texts)
word_index = tokenizer.word_index
print('Found %s unique tokens.' % len(word_index))
print('the most frequent:', sorted(word_index, key=word_index.get)[:2], word_index['again'] <= 2)
print('largest index:', max(max(s) for s in sequences), 'shortest', min(len(s) for s in sequences))
matrix = tokenizer.texts_to_matrix(texts, mode='binary')
print('matrix', matrix.shape, matrix.max(), matrix[:, 0].sum())

data = pad_sequences(sequences, maxlen=MAX_SEQUENCE_LENGTH)
labels = to_categorical(np.asarray(labels))
print('Shape of data tensor:', data.shape, data.dtype)
print('Shape of label tensor:', labels.shape)
print('padded in front:', data[0][:2].tolist(), pad_sequences([[1, 2, 3]], maxlen=2).tolist(),
      pad_sequences([[1, 2]], maxlen=4, padding='post', value=9).tolist())

# split the data into a training set and a validation set
indices = np.arange(data.shape[0])
np.random.shuffle(indices)
data, labels = data[indices], labels[indices]
x_train, y_train, x_val, y_val = data[:-60], labels[:-60], data[-60:], labels[-60:]

# prepare embedding matrix
nb_words = min(MAX_NB_WORDS, len(word_index))
embedding_matrix = np.zeros((nb_words + 1, EMBEDDING_DIM))
for word, i in word_index.items():
    if i <= MAX_NB_WORDS:
        embedding_matrix[i] = np.random.RandomState(i).normal(size=EMBEDDING_DIM)

# load pre-trained word embeddings into an Embedding layer; it is kept fixed
embedding_layer = Embedding(nb_words + 1,
                            EMBEDDING_DIM,
                            weights=[embedding_matrix],
                            input_length=MAX_SEQUENCE_LENGTH,
                            trainable=False)

sequence_input = Input(shape=(MAX_SEQUENCE_LENGTH,), dtype='int32')
embedded_sequences = embedding_layer(sequence_input)
x = Convolution1D(16, 3, activation='relu', border_mode='same')(embedded_sequences)
x = MaxPooling1D(2)(x)
x = Convolution1D(16, 3, activation='relu', subsample_length=1)(x)
x = merge([Flatten()(MaxPooling1D(3)(x)), GlobalMaxPooling1D()(x)], mode='concat')
x = Dense(16, activation='relu')(x)
preds = Dense(2, activation='softmax')(x)

model = Model(sequence_input, preds)
model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['acc'])
for layer in model.layers:
    if layer.get_weights():
        print(layer.name, layer.output_shape, layer.get_weights()[0].shape)
model.fit(x_train, y_train, validation_data=(x_val, y_val), nb_epoch=8, batch_size=16, verbose=0)
loss, acc = model.evaluate(x_val, y_val, verbose=0)
print('validation accuracy', acc)
print('the embedding is as it was:', np.allclose(embedding_layer.get_weights()[0], embedding_matrix))
print('trained', len(model.trainable_weights), 'fixed', len(model.non_trainable_weights))

couples, near = skipgrams(sequences[0], vocabulary_size=MAX_NB_WORDS, window_size=1, negative_samples=1.)
print('skipgrams', len(couples) == len(near), sum(near) * 2 == len(near))
print('one_hot', len(one_hot('the cup the cup', n=50)), one_hot('the cup the', n=50)[0] == one_hot('the', n=50)[0])

# prints: Found 300 texts.
# prints: ['the', 'team', 'wins', 'again']
# prints: Found <24..26> unique tokens.
# prints: the most frequent: [...] True
# prints: largest index: 23 shortest
# prints: matrix (300, 24) 1.0 0.0
# prints: Shape of data tensor: (300, 10) int32
# prints: Shape of label tensor: (300, 2)
# prints: padded in front: [0, 0] [[2, 3]] [[1, 2, 9, 9]]
# prints: embedding_1 (None, 10, 12) (25, 12)
# prints: validation accuracy <0.9..1.0>
# prints: the embedding is as it was: True
# prints: trained 8 fixed 1
# prints: skipgrams True True
# prints: one_hot 4 True
# slow
