'''A memory network on one supporting fact: where is Mary?

A story is two sentences, each a person and a place; the question names a person. Stories and
questions are embedded, the match between them weighs the story's words, and an LSTM answers.
'''
from __future__ import print_function
import numpy as np
np.random.seed(5)

from keras.models import Sequential
from keras.layers.embeddings import Embedding
from keras.layers.core import Activation, Dense, Merge, Permute, Dropout
from keras.layers.recurrent import LSTM

people = ['mary', 'john', 'emil', 'ruth']
places = ['kitchen', 'garden', 'office', 'attic']
vocab = sorted(people + places + ['went', '.', '?', 'where'])
word_idx = dict((c, i + 1) for i, c in enumerate(vocab))
vocab_size = len(vocab) + 1  # 0 is for masking via pad_sequences


def make_story():
    who = np.random.permutation(people)[:2]
    where = np.random.permutation(places)[:2]
    story = [who[0], 'went', where[0], '.', who[1], 'went', where[1], '.']
    asked = np.random.randint(2)
    return story, ['where', who[asked], '?'], where[asked]


def vectorize(data):
    X, Xq, Y = [], [], []
    for story, query, answer in data:
        X.append([word_idx[w] for w in story])
        Xq.append([word_idx[w] for w in query])
        y = np.zeros(vocab_size)
        y[word_idx[answer]] = 1
        Y.append(y)
    return np.array(X), np.array(Xq), np.array(Y)


inputs_train, queries_train, answers_train = vectorize([make_story() for _ in range(600)])
inputs_test, queries_test, answers_test = vectorize([make_story() for _ in range(100)])
story_maxlen, query_maxlen = inputs_train.shape[1], queries_train.shape[1]
print('Vocab size:', vocab_size, 'unique words')
print('inputs_train shape:', inputs_train.shape)

# embed the input sequence into a sequence of vectors
input_encoder_m = Sequential()
input_encoder_m.add(Embedding(input_dim=vocab_size, output_dim=16, input_length=story_maxlen))
input_encoder_m.add(Dropout(0.05))
# output: (samples, story_maxlen, embedding_dim)

# embed the question into a sequence of vectors
question_encoder = Sequential()
question_encoder.add(Embedding(input_dim=vocab_size, output_dim=16, input_length=query_maxlen))
question_encoder.add(Dropout(0.05))

# compute a 'match' between input sequence elements (which are vectors) and the question vector sequence
match = Sequential()
match.add(Merge([input_encoder_m, question_encoder], mode='dot', dot_axes=[2, 2]))
match.add(Activation('softmax'))
print('match', match.output_shape)

# embed the input into a single vector with size = query_maxlen
input_encoder_c = Sequential()
input_encoder_c.add(Embedding(input_dim=vocab_size, output_dim=query_maxlen, input_length=story_maxlen))

# sum the match vector with the input vector
response = Sequential()
response.add(Merge([match, input_encoder_c], mode='sum'))
response.add(Permute((2, 1)))  # output: (samples, query_maxlen, story_maxlen)
print('response', response.output_shape)

# concatenate the match vector with the question vector and do logistic regression on top
answer = Sequential()
answer.add(Merge([response, question_encoder], mode='concat', concat_axis=-1))
answer.add(LSTM(24))
answer.add(Dense(vocab_size))
answer.add(Activation('softmax'))
answer.compile(optimizer='adam', loss='categorical_crossentropy', metrics=['accuracy'])
print('answer', answer.output_shape, answer.layers[0].__class__.__name__)

# the question encoder is used twice, but it is given once
answer.fit([inputs_train, queries_train, inputs_train], answers_train, batch_size=32, nb_epoch=25, verbose=0,
           validation_data=([inputs_test, queries_test, inputs_test], answers_test))
score = answer.evaluate([inputs_test, queries_test, inputs_test], answers_test, verbose=0)
print('test accuracy', score[1])
places_idx = [word_idx[p] for p in places]
found = answer.predict_classes([inputs_test, queries_test, inputs_test], verbose=0)
print('answers are places', np.mean([f in places_idx for f in found]))

# prints: Vocab size: 13 unique words
# prints: inputs_train shape: (600, 8)
# prints: match (None, 8, 3)
# prints: response (None, 3, 8)
# prints: answer (None, 13) Merge
# prints: test accuracy <0.4..1.0>
# prints: answers are places <0.95..1.0>
# notice: Merge
# slow
