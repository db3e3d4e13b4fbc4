"""Layers, losses and metrics of one's own, as the guides of TensorFlow 2 wrote them."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K

tf.random.set_seed(4)
np.random.seed(4)


class Linear(keras.layers.Layer):
    def __init__(self, units=32, **kwargs):
        super(Linear, self).__init__(**kwargs)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight("kernel",
                                 shape=[int(input_shape[-1]), self.units],
                                 initializer="random_normal",
                                 trainable=True)
        self.b = self.add_weight(
            shape=(self.units,), initializer="zeros", trainable=True, name="bias"
        )
        self.calls = self.add_weight(name="calls", shape=(), dtype=tf.float32, initializer=tf.zeros_initializer(),
                                     trainable=False)

    def call(self, inputs, training=None):
        if training:
            self.calls.assign_add(1.)
        return tf.matmul(inputs, self.w) + self.b

    def get_config(self):
        config = super(Linear, self).get_config()
        config.update({"units": self.units})
        return config


class ComputeSum(keras.layers.Layer):
    def __init__(self, input_dim):
        super(ComputeSum, self).__init__()
        self.total = tf.Variable(initial_value=tf.zeros((input_dim,)), trainable=False)

    def call(self, inputs):
        self.total.assign_add(tf.reduce_sum(inputs, axis=0))
        return self.total


class ActivityRegularizationLayer(keras.layers.Layer):
    """Layer that creates an activity sparsity regularization loss, and reports it."""

    def __init__(self, rate=1e-2):
        super(ActivityRegularizationLayer, self).__init__()
        self.rate = rate

    def call(self, inputs):
        self.add_loss(self.rate * tf.reduce_mean(tf.square(inputs)))
        self.add_metric(K.std(inputs), name="std_of_activation", aggregation="mean")
        return inputs


class CustomMSE(keras.losses.Loss):
    def __init__(self, regularization_factor=0.1, name="custom_mse"):
        super().__init__(name=name)
        self.regularization_factor = regularization_factor

    def call(self, y_true, y_pred):
        mse = tf.math.reduce_mean(tf.square(y_true - y_pred))
        reg = tf.math.reduce_mean(tf.square(0.5 - y_pred))
        return mse + reg * self.regularization_factor


class CategoricalTruePositives(keras.metrics.Metric):
    def __init__(self, name="categorical_true_positives", **kwargs):
        super(CategoricalTruePositives, self).__init__(name=name, **kwargs)
        self.true_positives = self.add_weight(name="ctp", initializer="zeros")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_pred = tf.reshape(tf.argmax(y_pred, axis=1), shape=(-1, 1))
        values = tf.cast(y_true, "int32") == tf.cast(y_pred, "int32")
        values = tf.cast(values, "float32")
        if sample_weight is not None:
            sample_weight = tf.cast(sample_weight, "float32")
            values = tf.multiply(values, sample_weight)
        self.true_positives.assign_add(tf.reduce_sum(values))

    def result(self):
        return self.true_positives

    def reset_states(self):
        # The state of the metric will be reset at the start of each epoch.
        self.true_positives.assign(0.0)


my_sum = ComputeSum(2)
x = tf.ones((2, 2))
print(my_sum(x).numpy(), my_sum(x).numpy(), "weights:", len(my_sum.weights), len(my_sum.trainable_weights))

linear_layer = Linear(4)
y = linear_layer(tf.ones((2, 2)))
print(y.shape, [w.name for w in linear_layer.weights], linear_layer.get_config()["units"])

rng = np.random.RandomState(0)
x_train = rng.normal(size=(300, 6)).astype("float32")
y_train = np.argmax(x_train[:, :3], axis=1).reshape(-1, 1)

inputs = keras.Input(shape=(6,), name="digits")
h = Linear(24)(inputs)
h = ActivityRegularizationLayer()(h)
h = keras.layers.Activation("relu")(h)
outputs = keras.layers.Dense(3, activation="softmax", name="predictions")(h)
model = keras.Model(inputs=inputs, outputs=outputs)
model.compile(
    optimizer=keras.optimizers.RMSprop(learning_rate=0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[CategoricalTruePositives()],
)
history = model.fit(x_train, y_train, batch_size=30, epochs=10, verbose=0)
print(sorted(history.history))
print("true positives", history.history["categorical_true_positives"][-1])
model(x_train[:30])
print("losses", len(model.losses), "calls", float(model.layers[1].calls.numpy()))
print("std > 0:", history.history["std_of_activation"][-1] > 0.1)

regression = keras.Sequential([keras.layers.Dense(8, activation="tanh", input_dim=6), keras.layers.Dense(1)])
regression.compile(optimizer=keras.optimizers.Adam(0.03), loss=CustomMSE())
h = regression.fit(x_train, x_train[:, :1] * 0.1 + 0.5, epochs=8, verbose=0).history["loss"]
print("custom mse falls:", h[-1] < 0.03 < h[0])


def custom_mean_squared_error(y_true, y_pred):
    return tf.math.reduce_mean(tf.square(y_true - y_pred))


regression.compile(optimizer="adam", loss=custom_mean_squared_error, metrics=[custom_mean_squared_error])
print(list(regression.fit(x_train, x_train[:, :1], epochs=1, verbose=0).history))

model.save_weights("linear_weights.h5")
clone = keras.models.clone_model(keras.Sequential([keras.Input((6,)), Linear(3)]))
print(clone.count_params(), clone.layers[0].units)

# prints: [2. 2.] [4. 4.] weights: 1 0
# prints: (2, 4) [...kernel...bias...calls...] 4
# prints: ['categorical_true_positives', 'loss', 'std_of_activation']
# prints: true positives <270..300>
# prints: losses 1 calls 100.0
# prints: std > 0: True
# prints: custom mse falls: True
# prints: ['loss', 'custom_mean_squared_error']
# prints: 22 3
# slow
