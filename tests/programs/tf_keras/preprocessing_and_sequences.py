"""tf.keras.preprocessing and tf.keras.utils: Tokenizer, pad_sequences, TimeseriesGenerator, Sequence, to_categorical."""

import math

import numpy as np
import tensorflow as tf
from tensorflow.keras.layers import GRU, Bidirectional, Dense, Embedding, SpatialDropout1D
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing.sequence import TimeseriesGenerator, pad_sequences
from tensorflow.keras.preprocessing.text import Tokenizer, text_to_word_sequence
from tensorflow.keras.utils import Sequence, plot_model, to_categorical

tf.random.set_seed(3)
np.random.seed(3)

sentences = ['I love my dog', 'I love my cat', 'You love my dog!', 'Do you think my dog is amazing?']
tokenizer = Tokenizer(num_words=100, oov_token="<OOV>")
tokenizer.fit_on_texts(sentences)
word_index = tokenizer.word_index
sequences = tokenizer.texts_to_sequences(sentences)
padded = pad_sequences(sequences, maxlen=5)
print("Word Index = ", word_index)
print("Sequences = ", sequences)
print(padded)
print(pad_sequences(sequences, padding="post", truncating="post", maxlen=5)[3])
test_seq = tokenizer.texts_to_sequences(['i really love my dog', 'my dog loves my manatee'])
print("Test Sequence = ", test_seq, text_to_word_sequence("A, b!"))
print(tokenizer.texts_to_matrix(["my dog my"], mode="count")[0][:5])
print(to_categorical([0, 2, 1], num_classes=3).tolist(), tf.keras.utils.to_categorical([1, 0]).shape)

data = np.arange(20)
generator = TimeseriesGenerator(data, data, length=3, sampling_rate=1, batch_size=4)
x, y = generator[0]
print(len(generator), x[0], y)
x, y = tf.keras.preprocessing.sequence.skipgrams([1, 2, 3], vocabulary_size=10, window_size=1, negative_samples=0.)
print(sorted(map(tuple, x)), set(y))

# A classifier of texts: does "not" stand before the judgement?
words = ["movie", "plot", "it", "was", "the", "actor"]
texts, labels = [], []
for _ in range(400):
    negated = np.random.rand() < 0.5
    good = np.random.rand() < 0.5
    begin = list(np.random.choice(words, size=np.random.randint(2, 5)))
    texts.append(" ".join(begin + (["not"] if negated else []) + ["good" if good else "bad"]))
    labels.append(int(good != negated))
tokenizer = Tokenizer()
tokenizer.fit_on_texts(texts)
vocab_size = len(tokenizer.word_index) + 1
X = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=6)
Y = np.array(labels)


class CIFAR10Like(Sequence):
    """Batches by number; the order changes after every epoch."""

    def __init__(self, x_set, y_set, batch_size):
        self.x, self.y = x_set, y_set
        self.batch_size = batch_size
        self.epochs = 0
        self.indices = np.arange(len(x_set))

    def __len__(self):
        return math.ceil(len(self.x) / self.batch_size)

    def __getitem__(self, idx):
        inds = self.indices[idx * self.batch_size:(idx + 1) * self.batch_size]
        return self.x[inds], self.y[inds]

    def on_epoch_end(self):
        self.epochs += 1
        np.random.shuffle(self.indices)


model = Sequential()
model.add(Embedding(vocab_size, 8, input_length=X.shape[1]))
model.add(SpatialDropout1D(0.1))
model.add(Bidirectional(GRU(8)))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=tf.keras.optimizers.Adam(lr=0.02, decay=1e-4), metrics=['accuracy'])
train = CIFAR10Like(X[:320], Y[:320], 32)
history = model.fit_generator(train, epochs=8, validation_data=CIFAR10Like(X[320:], Y[320:], 32), verbose=0,
                              workers=1, use_multiprocessing=False, max_queue_size=4)
print("val_accuracy", history.history["val_accuracy"][-1], "epochs", train.epochs)
predict = (model.predict(pad_sequences(tokenizer.texts_to_sequences(["the movie was not good", "it was good"]),
                                       maxlen=6)) > 0.5).astype("int32")
print(predict.ravel(), model.predict_classes(X[:3]).shape)
scores = model.evaluate(X[320:], Y[320:], verbose=0)
print("%s: %.2f%%" % (model.metrics_names[1], scores[1] * 100))
print([l.name for l in model.layers], model.layers[0].output_shape)

# prints: Word Index =  {'<OOV>': 1, 'my': 2, 'love': 3, 'dog': 4, 'i': 5, 'you': 6, 'cat': 7, 'do': 8, 'think': 9, 'is': 10, 'amazing': 11}
# prints: Sequences =  [[5, 3, 2, 4], [5, 3, 2, 7], [6, 3, 2, 4], [8, 6, 9, 2, 4, 10, 11]]
# prints: [[ 0  5  3  2  4]
# prints: [ 9  2  4 10 11]]
# prints: [8 6 9 2 4]
# prints: Test Sequence =  [[5, 1, 3, 2, 4], [2, 4, 1, 2, 1]] ['a', 'b']
# prints: [0. 0. 2. 0. 1.]
# prints: [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]] (2, 2)
# prints: 5 [0 1 2] [3 4 5 6]
# prints: [(1, 2), (2, 1), (2, 3), (3, 2)] {1}
# prints: val_accuracy <0.9..1.0> epochs 8
# prints: [0 1] (3, 1)
# prints: accuracy: <90..100>%
# prints: ['embedding', 'spatial_dropout1d', 'bidirectional', 'dense'] (None, 6, 8)
# notice: Adam(lr=...)
# notice: model.fit_generator
# notice: model.predict_classes
# slow
