"""Tickets with a title, a body and tags: a functional model with three inputs and two outputs, losses by name."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

np.random.seed(0)
tf.random.set_seed(0)

num_tags = 6  # Number of unique issue tags
num_words = 50  # Size of vocabulary obtained when preprocessing text data
num_departments = 3  # Number of departments for predictions

title_input = keras.Input(
    shape=(None,), name="title"
)  # Variable-length sequence of ints
body_input = keras.Input(shape=(None,), name="body")  # Variable-length sequence of ints
tags_input = keras.Input(
    shape=(num_tags,), name="tags"
)  # Binary vectors of size `num_tags`

title_features = layers.Embedding(num_words, 8)(title_input)
body_features = layers.Embedding(num_words, 8)(body_input)
title_features = layers.LSTM(8)(title_features)
body_features = layers.LSTM(8)(body_features)

# Merge all available features into a single large vector via concatenation
x = layers.concatenate([title_features, body_features, tags_input])

priority_pred = layers.Dense(1, name="priority")(x)
department_pred = layers.Dense(num_departments, name="department")(x)

model = keras.Model(
    inputs=[title_input, body_input, tags_input],
    outputs=[priority_pred, department_pred],
)
model.compile(
    optimizer=keras.optimizers.RMSprop(0.01),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.2},
    metrics={"department": ["accuracy"], "priority": [keras.metrics.BinaryAccuracy(threshold=0.0, name="right")]},
)

title_data = np.random.randint(num_words, size=(600, 5))
body_data = np.random.randint(num_words, size=(600, 12))
tags_data = np.random.randint(2, size=(600, num_tags)).astype("float32")
priority_targets = (title_data[:, -1:] < num_words // 2).astype("float32")
dept = (tags_data[:, 0] + 2 * tags_data[:, 1] * (1 - tags_data[:, 0])).astype(int)
dept_targets = keras.utils.to_categorical(dept, num_classes=num_departments)

history = model.fit(
    {"title": title_data, "body": body_data, "tags": tags_data},
    {"priority": priority_targets, "department": dept_targets},
    epochs=14,
    batch_size=32,
    verbose=0,
    validation_split=0.2,
)
print(sorted(history.history.keys()))
print("priority %.2f department %.2f" % (history.history["val_priority_right"][-1],
                                         history.history["val_department_accuracy"][-1]))
h = history.history
total = h["priority_loss"][-1] + 0.2 * h["department_loss"][-1]
print("loss is the weighted sum:", np.isclose(total, h["loss"][-1], atol=1e-3))

data = {"title": title_data, "body": body_data, "tags": tags_data}
results = model.evaluate(data, [priority_targets, dept_targets], verbose=0)
print(model.metrics_names)
print(len(results), dict(zip(model.metrics_names, results))["department_accuracy"])
predicted = model.predict([title_data[:4], body_data[:4], tags_data[:4]])
print([p.shape for p in predicted])
model.summary(line_length=110)

# Shared layers and a graph of features
shared_embedding = layers.Embedding(100, 16)
text_input_a = keras.Input(shape=(None,), dtype="int32")
text_input_b = keras.Input(shape=(None,), dtype="int32")
both = layers.Average()([shared_embedding(text_input_a), shared_embedding(text_input_b)])
features = keras.Model([text_input_a, text_input_b], [layer.output for layer in [shared_embedding] if False] + [both])
print(features.output_shape, len(features.trainable_weights), features.input_names)

# prints: ['department_accuracy', 'department_loss', 'loss', 'priority_loss', 'priority_right', 'val_department_accuracy', 'val_department_loss', 'val_loss', 'val_priority_loss', 'val_priority_right']
# prints: priority <0.8..1> department <0.8..1>
# prints: loss is the weighted sum: True
# prints: ['loss', 'priority_loss', 'department_loss', 'priority_right', 'department_accuracy']
# prints: 5 <0.8..1>
# prints: [(4, 1), (4, 3)]
# prints: title (InputLayer)
# prints: concatenate (Concatenate)...(None, 22)
# prints: priority (Dense)...(None, 1)...23
# prints: Total params: 1,980
# prints: (None, None, 16) 1 ['input_1', 'input_2']
# slow
