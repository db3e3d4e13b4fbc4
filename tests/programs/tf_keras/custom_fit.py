"""What goes on in fit: train_step and test_step written four ways, by compiled_loss, own metrics, and without compile's loss."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

tf.random.set_seed(5)
np.random.seed(5)
x = np.random.random((320, 8)).astype("float32")
w = np.random.random((8, 1))
y = (x @ w + 1.).astype("float32")


class CustomModel(keras.Model):
    def train_step(self, data):
        # Unpack the data. Its structure depends on your model and
        # on what you pass to `fit()`.
        x, y = data

        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)  # Forward pass
            # Compute the loss value
            # (the loss function is configured in `compile()`)
            loss = self.compiled_loss(y, y_pred, regularization_losses=self.losses)

        # Compute gradients
        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        # Update weights
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))
        # Update metrics (includes the metric that tracks the loss)
        self.compiled_metrics.update_state(y, y_pred)
        # Return a dict mapping metric names to current value
        return {m.name: m.result() for m in self.metrics}

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        self.compiled_loss(y, y_pred, regularization_losses=self.losses)
        self.compiled_metrics.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}


# Construct and compile an instance of CustomModel
inputs = keras.Input(shape=(8,))
outputs = keras.layers.Dense(1)(inputs)
model = CustomModel(inputs, outputs)
model.compile(optimizer=keras.optimizers.Adam(0.05), loss="mse", metrics=["mae"])
h = model.fit(x, y, epochs=12, verbose=0, validation_data=(x, y))
print("compiled_loss", list(h.history.keys()))
print("mae %.3f to %.3f" % (h.history["mae"][0], h.history["mae"][-1]))
print("evaluate", model.evaluate(x, y, verbose=0, return_dict=True).keys())

loss_tracker = keras.metrics.Mean(name="loss")
mae_metric = keras.metrics.MeanAbsoluteError(name="mae")


class OwnMetrics(keras.Model):
    def train_step(self, data):
        if len(data) == 3:
            x, y, sample_weight = data
        else:
            sample_weight = None
            x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)  # Forward pass
            # Compute our own loss
            loss = keras.losses.mean_squared_error(y, y_pred)
            if sample_weight is not None:
                loss = loss * tf.reshape(sample_weight, [-1])

        trainable_vars = self.trainable_variables
        gradients = tape.gradient(loss, trainable_vars)
        self.optimizer.apply_gradients(zip(gradients, trainable_vars))

        # Compute our own metrics
        loss_tracker.update_state(loss)
        mae_metric.update_state(y, y_pred, sample_weight=sample_weight)
        return {"loss": loss_tracker.result(), "mae": mae_metric.result()}

    @property
    def metrics(self):
        # We list our `Metric` objects here so that `reset_states()` can be
        # called automatically at the start of each epoch
        # or at the start of `evaluate()`.
        return [loss_tracker, mae_metric]


inputs = keras.Input(shape=(8,))
outputs = keras.layers.Dense(1)(inputs)
model = OwnMetrics(inputs, outputs)
model.compile(optimizer=keras.optimizers.SGD(learning_rate=0.003))
h = model.fit(x, y, epochs=8, sample_weight=np.ones((320, 1)), verbose=0)
print("own metrics", list(h.history.keys()), model.name)
print("mae %.3f to %.3f" % (h.history["mae"][0], h.history["mae"][-1]))


class ComputeLoss(keras.Model):
    """As the guides had it since 2.11."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.extra = keras.metrics.Mean(name="extra")

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        self.optimizer.minimize(loss, self.trainable_variables, tape=tape)
        self.extra.update_state(loss)
        for metric in self.metrics:
            if metric.name not in ("loss", "extra"):
                metric.update_state(y, y_pred)
        return {m.name: m.result() for m in self.metrics}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        return tf.reduce_mean(tf.abs(y - y_pred)) + tf.add_n(self.losses)


inputs = keras.Input(shape=(8,))
outputs = keras.layers.Dense(1, kernel_regularizer="l2")(inputs)
model = ComputeLoss(inputs, outputs)
model.compile(optimizer="rmsprop")
h = model.fit(x, y, epochs=3, verbose=0)
print("compute_loss", h.history["extra"][-1] < h.history["extra"][0], "extra" in h.history)


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4, activation="relu")
        self.out = keras.layers.Dense(1)

    def call(self, inputs):
        return self.out(self.dense(inputs))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.loss_fn(y, y_pred)
        grads = tape.gradient(loss, self.trainable_weights)
        clipped, norm = tf.clip_by_global_norm(grads, 1.0)
        self.optimizer.apply_gradients(zip(clipped, self.trainable_weights))
        return {"loss": loss, "norm": norm}

    def compile(self, optimizer, loss_fn):
        super().compile(optimizer=optimizer)
        self.loss_fn = loss_fn


model = Subclassed()
model.compile(keras.optimizers.Adam(0.02), tf.keras.losses.MeanSquaredError())
h = model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(32), epochs=8, verbose=0)
print("own compile", sorted(h.history), "%.3f" % h.history["loss"][-1])

# prints: compiled_loss ['loss', 'mae', 'val_loss', 'val_mae']
# prints: mae <0.5..4> to <0.01..0.5>
# prints: evaluate dict_keys(['loss', 'mae'])
# prints: own metrics ['loss', 'mae'] own_metrics
# prints: mae <0.5..4> to <0.01..0.8>
# prints: compute_loss True True
# prints: own compile ['loss', 'norm'] <0.0..1.0>
# slow
