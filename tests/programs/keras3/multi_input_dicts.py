"""A help desk's tickets: title, body and tags go in, priority and department come out; dicts all the way."""

import numpy as np

import keras
from keras import layers

keras.utils.set_random_seed(3)
num_tags, num_words, num_departments = 12, 200, 4

title_input = keras.Input(shape=(None,), name="title")
body_input = keras.Input(shape=(None,), name="body")
tags_input = keras.Input(shape=(num_tags,), name="tags")
title_features = layers.GRU(8)(layers.Embedding(num_words, 8)(title_input))
body_features = layers.GlobalAveragePooling1D()(layers.Embedding(num_words, 16)(body_input))
x = layers.concatenate([title_features, body_features, tags_input])
priority_pred = layers.Dense(1, name="priority")(x)
department_pred = layers.Dense(num_departments, name="department")(x)
model = keras.Model(
    inputs=[title_input, body_input, tags_input],
    outputs={"priority": priority_pred, "department": department_pred},
)
model.compile(
    optimizer=keras.optimizers.RMSprop(2e-2),
    loss={
        "priority": keras.losses.BinaryCrossentropy(from_logits=True),
        "department": keras.losses.CategoricalCrossentropy(from_logits=True),
    },
    loss_weights={"priority": 1.0, "department": 0.5},
    metrics={"priority": [keras.metrics.BinaryAccuracy(name="acc", threshold=0.0)], "department": ["accuracy"]},
)

rng = np.random.default_rng(1)
n = 600
department = rng.integers(0, num_departments, n)
body = rng.integers(0, num_words // 4, (n, 20)) + 50 * np.where(rng.random((n, 20)) < 0.4, department[:, None], 0)
title = rng.integers(1, num_words, (n, 6))
tags = rng.integers(0, 2, (n, num_tags)).astype("float32")
priority = (tags[:, 3] > 0.5).astype("float32")[:, None]
inputs = {"title": title, "body": body, "tags": tags}
targets = {"priority": priority, "department": keras.utils.to_categorical(department, num_departments)}

history = model.fit(inputs, targets, epochs=8, batch_size=32, validation_split=0.2, verbose=0)
print(sorted(history.history))
last = {name: values[-1] for name, values in history.history.items()}
print("priority %.2f department %.2f" % (last["val_priority_acc"], last["val_department_accuracy"]))
whole = last["priority_loss"] + 0.5 * last["department_loss"]
print("the loss is the weighted sum:", abs(whole - last["loss"]) < 0.02)
p = model.predict(inputs, verbose=0)
print({name: values.shape for name, values in sorted(p.items())})
results = model.evaluate(inputs, targets, verbose=0, return_dict=True)
print(sorted(results))
print(sorted(model.train_on_batch(inputs, targets, return_dict=True)))
print([t.name for t in model.inputs], model.input_names if hasattr(model, "input_names") else "")

# a list of outputs
two = keras.Model(model.inputs, [priority_pred, department_pred])
two.compile("adam", loss=["mse", "mse"], metrics=[["mae"], ["mae"]])
history = two.fit([title, body, tags], list(targets.values()), verbose=0)
print(sorted(history.history))
print([o.shape for o in two.predict([title[:3], body[:3], tags[:3]], verbose=0)])

# prints: ['department_accuracy', 'department_loss', 'loss', 'priority_acc', 'priority_loss', 'val_department_accuracy', 'val_department_loss', 'val_loss', 'val_priority_acc', 'val_priority_loss']
# prints: priority <0.62..1> department <0.8..1>
# prints: the loss is the weighted sum: True
# prints: {'department': (600, 4), 'priority': (600, 1)}
# prints: ['department_accuracy', 'department_loss', 'loss', 'priority_acc', 'priority_loss']
# prints: ['department_accuracy', 'department_loss', 'loss', 'priority_acc', 'priority_loss']
# prints: ['title', 'body', 'tags']
# prints: ['department_loss', 'department_mae', 'loss', 'priority_loss', 'priority_mae']
# prints: [(3, 1), (3, 4)]
# slow
