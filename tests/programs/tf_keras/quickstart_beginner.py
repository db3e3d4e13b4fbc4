"""The first program that people wrote with TensorFlow 2: pictures of digits, logits, and a model that gives probabilities."""

import numpy as np
import tensorflow as tf

print("TensorFlow version:", tf.__version__)


def load_data(n_train=1200, n_test=300, seed=0):
    """Ten fixed patterns of 12x12 pixels with noise, like a small MNIST."""
    rng = np.random.RandomState(seed)
    patterns = rng.randint(0, 256, size=(10, 12, 12))

    def draw(n):
        labels = rng.randint(0, 10, size=n).astype("uint8")
        noise = rng.normal(0, 60, size=(n, 12, 12))
        return np.clip(patterns[labels] + noise, 0, 255).astype("uint8"), labels

    return draw(n_train), draw(n_test)


(x_train, y_train), (x_test, y_test) = load_data()
x_train, x_test = x_train / 255.0, x_test / 255.0

model = tf.keras.models.Sequential([
  tf.keras.layers.Flatten(input_shape=(12, 12)),
  tf.keras.layers.Dense(64, activation='relu'),
  tf.keras.layers.Dropout(0.2),
  tf.keras.layers.Dense(10)
])

predictions = model(x_train[:1]).numpy()
print("logits", predictions.shape, predictions.dtype)
print("probabilities", tf.nn.softmax(predictions).numpy().sum().round(4))

loss_fn = tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
print("initial loss", loss_fn(y_train[:500], model(x_train[:500])).numpy())

model.compile(optimizer='adam',
              loss=loss_fn,
              metrics=['accuracy'])

model.fit(x_train, y_train, epochs=5, verbose=2)

test_loss, test_acc = model.evaluate(x_test,  y_test, verbose=2)
print('\nTest accuracy:', test_acc)

probability_model = tf.keras.Sequential([
  model,
  tf.keras.layers.Softmax()
])

p = probability_model(x_test[:5])
print("sums", np.round(tf.reduce_sum(p, axis=1).numpy(), 4))
predictions = probability_model.predict(x_test)
print("right", np.mean(np.argmax(predictions, axis=1) == y_test))

img = (np.expand_dims(x_test[0], 0))
print(img.shape, probability_model.predict(img).shape)
model.summary()
print([layer.name for layer in model.layers], [layer.name for layer in probability_model.layers])

# prints: TensorFlow version: 2.
# prints: logits (1, 10) float32
# prints: probabilities 1.0
# prints: initial loss <1.8..3.5>
# prints: Epoch 1/5
# prints: Epoch 5/5
# prints: loss: <0.0..0.4> - accuracy: <0.9..1.0>
# prints: Test accuracy: <0.9..1.0>
# prints: sums [1. 1. 1. 1. 1.]
# prints: right <0.9..1.0>
# prints: (1, 12, 12) (1, 10)
# prints: Model: "sequential"
# prints: Layer (type) ...Output Shape...Param #
# prints: flatten (Flatten)...(None, 144)...0
# prints: dense (Dense)...(None, 64)...9,280
# prints: dense_1 (Dense)...(None, 10)...650
# prints: Total params: 9,930
# prints: ['flatten', 'dense', 'dropout', 'dense_1'] ['sequential', 'softmax']
