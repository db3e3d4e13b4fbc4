"""Short film reviews, liked or not: TextVectorization, Embedding and a bidirectional LSTM."""

import numpy as np

import keras
from keras import layers

keras.utils.set_random_seed(4)
rng = np.random.default_rng(4)
good = ["great", "wonderful", "moving", "clever", "lovely"]
bad = ["dull", "awful", "boring", "clumsy", "tedious"]
rest = ["the", "film", "was", "a", "story", "actor", "and", "with", "plot", "music"]


def review():
    label = int(rng.integers(0, 2))
    words = list(rng.choice(rest, size=rng.integers(4, 9)))
    for word in rng.choice(good if label else bad, size=2):
        words.insert(int(rng.integers(0, len(words))), word)
    negated = rng.random() < 0.3
    if negated:  # "not great"
        words = [part for word in words for part in (["not", word] if word in good + bad else [word])]
    return " ".join(words).capitalize() + "!", label ^ negated


texts, labels = zip(*[review() for _ in range(900)])
labels = np.array(labels, dtype="float32")
print(texts[0], labels[0])

vectorize = layers.TextVectorization(
    max_tokens=50, standardize="lower_and_strip_punctuation", output_mode="int", output_sequence_length=16
)
vectorize.adapt(list(texts))
vocabulary = vectorize.get_vocabulary()
print("vocabulary", len(vocabulary), vocabulary[:2], "not" in vocabulary)

ids = np.array(vectorize(["The FILM, was great!", "an unseen word"]))
print(ids.shape, ids.dtype)
print("|".join(vocabulary[i] for i in ids[0][:5]))
print(ids[1])

x = np.array(vectorize(list(texts)))
inputs = keras.Input(shape=(None,), dtype="int32")
h = layers.Embedding(len(vocabulary), 16, mask_zero=True)(inputs)
h = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(h)
h = layers.Bidirectional(layers.LSTM(8))(h)
outputs = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model(inputs, outputs)
model.summary()
model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
model.fit(x[:750], labels[:750], batch_size=50, epochs=5, verbose=0)
print("accuracy %.3f" % model.evaluate(x[750:], labels[750:], verbose=0)[1])


def ask(*sentences):
    return model.predict(np.array(vectorize(list(sentences))), verbose=0)[:, 0]


p = ask("a great and clever story", "a dull and awful story", "the film was not great and not lovely")
print("liked:", (p > 0.5).tolist())

counts = layers.TextVectorization(output_mode="multi_hot", ngrams=2, vocabulary=["a", "b", "a b"])
print(np.array(counts(["a b", "b c"])).astype(int))
tf_idf = layers.TextVectorization(output_mode="tf_idf")
tf_idf.adapt(["one two two", "two three"])
print(np.array(tf_idf(["two two"])).shape)

# prints: ! <0..1>
# prints: vocabulary 23 ['', '[UNK]'] True
# prints: (2, 16) int32
# prints: the|film|was|great|
# prints: [1 1 1 0 0 0 0 0 0 0 0 0 0 0 0 0]
# prints: embedding...368
# prints: bidirectional...4,224
# prints: bidirectional_1...2,624
# prints: dense (Dense)...17
# prints: Total params: 7,233
# prints: accuracy <0.9..1>
# prints: liked: [True, False, False]
# prints: [[0 1 1 1]
# prints:  [1 0 1 0]]
# prints: (1, 4)
# slow
