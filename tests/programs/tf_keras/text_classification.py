"""Reviews of films as strings, a TextVectorization layer in the pipeline, and a model that takes raw text in the end."""

import re
import string

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers
from tensorflow.keras import losses
from tensorflow.keras.layers.experimental.preprocessing import TextVectorization

rng = np.random.RandomState(7)
GOOD = "great wonderful moving brilliant superb loved funny".split()
BAD = "awful boring terrible dull worst hated stupid".split()
REST = ["the", "film,<br />", "a", "plot,", "actor", "story", "and", "scene", "it", "was", "very", "<br />music.", "camera"]


def review(label):
    words = list(rng.choice(REST, size=rng.randint(6, 14)))
    for word in rng.choice(GOOD if label else BAD, size=2):
        words.insert(rng.randint(len(words) + 1), word.capitalize() if rng.rand() < 0.3 else word)
    return " ".join(words) + "!"


labels = rng.randint(0, 2, size=400)
texts = np.array([review(label) for label in labels])
batch_size = 32
raw_train_ds = tf.data.Dataset.from_tensor_slices((texts[:320], labels[:320])).batch(batch_size)
raw_test_ds = tf.data.Dataset.from_tensor_slices((texts[320:], labels[320:])).batch(batch_size)

for text_batch, label_batch in raw_train_ds.take(1):
    for i in range(2):
        print("Review", text_batch.numpy()[i])
        print("Label", label_batch.numpy()[i])


def custom_standardization(input_data):
    lowercase = tf.strings.lower(input_data)
    stripped_html = tf.strings.regex_replace(lowercase, '<br />', ' ')
    return tf.strings.regex_replace(stripped_html,
                                    '[%s]' % re.escape(string.punctuation),
                                    '')


max_features = 60
sequence_length = 16

vectorize_layer = TextVectorization(
    standardize=custom_standardization,
    max_tokens=max_features,
    output_mode='int',
    output_sequence_length=sequence_length)

# Make a text-only dataset (without labels), then call adapt
train_text = raw_train_ds.map(lambda x, y: x)
vectorize_layer.adapt(train_text)
vocabulary = vectorize_layer.get_vocabulary()
print('Vocabulary size: {}'.format(len(vocabulary)), vocabulary[:2], 'br' in vocabulary, 'Great' in vocabulary)


def vectorize_text(text, label):
    text = tf.expand_dims(text, -1)
    return vectorize_layer(text), label


first_review, first_label = text_batch[0], label_batch[0]
vectorized = vectorize_text(first_review, first_label)[0]
print("Vectorized review", vectorized.shape)

AUTOTUNE = tf.data.AUTOTUNE
train_ds = raw_train_ds.map(vectorize_text).cache().prefetch(buffer_size=AUTOTUNE)
test_ds = raw_test_ds.map(vectorize_text).cache().prefetch(buffer_size=AUTOTUNE)

embedding_dim = 8
model = tf.keras.Sequential([
    layers.Embedding(max_features + 1, embedding_dim),
    layers.Dropout(0.2),
    layers.GlobalAveragePooling1D(),
    layers.Dropout(0.2),
    layers.Dense(1)])

model.compile(loss=losses.BinaryCrossentropy(from_logits=True),
              optimizer=tf.keras.optimizers.Adam(0.02),
              metrics=tf.metrics.BinaryAccuracy(threshold=0.0))
history = model.fit(train_ds, validation_data=test_ds, epochs=8, verbose=0)
model.summary()
print("keys", list(history.history.keys()))
loss, accuracy = model.evaluate(test_ds, verbose=0)
print("Accuracy: ", accuracy)

export_model = tf.keras.Sequential([
    vectorize_layer,
    model,
    layers.Activation('sigmoid')
])
export_model.compile(
    loss=losses.BinaryCrossentropy(from_logits=False), optimizer="adam", metrics=['accuracy']
)
loss, accuracy = export_model.evaluate(raw_test_ds, verbose=0)
print("on text:", accuracy)

examples = ["The film was great, a wonderful story!", "The plot was awful and boring.", "A terrible, dull scene"]
print((export_model.predict(examples)[:, 0] > 0.5).astype(int))

# prints: Review b'
# prints: Label <0..1>
# prints: Vocabulary size: <20..40> ['', '[UNK]'] False False
# prints: Vectorized review (1, 16)
# prints: embedding (Embedding)...(None, None, 8)...488
# prints: global_average_pooling1d
# prints: Total params: 497
# prints: keys ['loss', 'binary_accuracy', 'val_loss', 'val_binary_accuracy']
# prints: Accuracy:  <0.9..1.0>
# prints: on text: <0.9..1.0>
# prints: [1 0 0]
# slow
