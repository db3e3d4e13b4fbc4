"""Three interleaved spirals, told apart by a small perceptron."""

import numpy as np

import keras
from keras import layers

keras.utils.set_random_seed(42)

# Data: three spiral arms, 300 points each.
n = 300
xs, ys = [], []
rng = np.random.default_rng(0)
for arm in range(3):
    r = np.linspace(0.05, 1.0, n)
    t = r * 4.0 + arm * 2 * np.pi / 3 + rng.normal(scale=0.1, size=n)
    xs.append(np.stack([r * np.cos(t), r * np.sin(t)], axis=1))
    ys.append(np.full(n, arm))
x = np.concatenate(xs).astype("float32")
y = np.concatenate(ys)
order = rng.permutation(len(x))
x, y = x[order], y[order]
x_train, y_train, x_test, y_test = x[:750], y[:750], x[750:], y[750:]

model = keras.Sequential(
    [
        keras.Input(shape=(2,)),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.1),
        layers.Dense(3),
    ]
)
model.summary()

model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=5e-3),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
history = model.fit(x_train, y_train, batch_size=32, epochs=25, validation_split=0.2, verbose=0)
print("history keys:", sorted(history.history), "epochs:", len(history.epoch))

loss, acc = model.evaluate(x_test, y_test, verbose=0)
print(f"test loss {loss:.3f}, test accuracy {acc:.3f}")

probability_model = keras.Sequential([model, layers.Softmax()])
p = probability_model.predict(x_test[:5], verbose=0)
print("probabilities", p.shape, p.dtype, "sum to one:", np.allclose(p.sum(axis=1), 1, atol=1e-5))
print([layer.name for layer in model.layers], model.name, probability_model.name)
print("shapes", model.input_shape, "->", model.output_shape)
print("weights:", [(w.path, tuple(w.shape)) for w in model.trainable_weights[:2]])
print(sorted(model.evaluate(x_test, y_test, verbose=0, return_dict=True)))
keras.utils.clear_session()
model = keras.Model(i := keras.Input((3,)), layers.Dense(1)(i))
print([layer.name for layer in model.layers], model.name)

# prints: Model: "sequential"
# prints: Layer (type)
# prints: dense (Dense)...(None, 64)...192
# prints: dense_1 (Dense)...(None, 64)...4,160
# prints: dropout (Dropout)
# prints: dense_2 (Dense)...(None, 3)...195
# prints: Total params: 4,547 (17.76 KB)
# prints: Trainable params: 4,547 (17.76 KB)
# prints: Non-trainable params: 0 (0.00 B)
# prints: history keys: ['acc', 'loss', 'val_acc', 'val_loss'] epochs: 25
# prints: test loss <0..0.35>, test accuracy <0.88..1>
# prints: probabilities (5, 3) float32 sum to one: True
# prints: ['dense', 'dense_1', 'dropout', 'dense_2'] sequential sequential_1
# prints: shapes (None, 2) -> (None, 3)
# prints: weights: [('sequential/dense/kernel', (2, 64)), ('sequential/dense/bias', (64,))]
# prints: ['acc', 'loss']
# prints: ['input_layer', 'dense'] functional
