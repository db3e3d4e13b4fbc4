"""What fit does is one's own: a stateless train_step and test_step on the JAX backend."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import numpy as np

import keras


class CustomModel(keras.Model):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.loss_tracker = keras.metrics.Mean(name="loss")
        self.mae_metric = keras.metrics.MeanAbsoluteError(name="mae")
        self.loss_fn = keras.losses.MeanSquaredError()

    @property
    def metrics(self):
        # listed, so that they are reset at the start of each epoch
        return [self.loss_tracker, self.mae_metric]

    def compute_loss_and_updates(self, trainable_variables, non_trainable_variables, x, y, training=False):
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=training
        )
        loss = self.loss_fn(y, y_pred)
        return loss, (y_pred, non_trainable_variables)

    def _update(self, metrics_variables, loss, y, y_pred):
        n = len(self.loss_tracker.variables)
        loss_vars = self.loss_tracker.stateless_update_state(metrics_variables[:n], loss)
        mae_vars = self.mae_metric.stateless_update_state(metrics_variables[n:], y, y_pred)
        logs = {
            self.loss_tracker.name: self.loss_tracker.stateless_result(loss_vars),
            self.mae_metric.name: self.mae_metric.stateless_result(mae_vars),
        }
        return logs, loss_vars + mae_vars

    def train_step(self, state, data):
        trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables = state
        x, y = data
        grad_fn = jax.value_and_grad(self.compute_loss_and_updates, has_aux=True)
        (loss, (y_pred, non_trainable_variables)), grads = grad_fn(
            trainable_variables, non_trainable_variables, x, y, training=True
        )
        trainable_variables, optimizer_variables = self.optimizer.stateless_apply(
            optimizer_variables, grads, trainable_variables
        )
        logs, metrics_variables = self._update(metrics_variables, loss, y, y_pred)
        return logs, (trainable_variables, non_trainable_variables, optimizer_variables, metrics_variables)

    def test_step(self, state, data):
        trainable_variables, non_trainable_variables, metrics_variables = state
        x, y = data
        y_pred, non_trainable_variables = self.stateless_call(
            trainable_variables, non_trainable_variables, x, training=False
        )
        loss = self.loss_fn(y, y_pred)
        logs, metrics_variables = self._update(metrics_variables, loss, y, y_pred)
        return logs, (trainable_variables, non_trainable_variables, metrics_variables)


keras.utils.set_random_seed(0)
inputs = keras.Input(shape=(32,))
x = keras.layers.Dense(16, activation="tanh")(inputs)
x = keras.layers.BatchNormalization()(x)
outputs = keras.layers.Dense(1)(x)
model = CustomModel(inputs, outputs)
model.compile(optimizer="adam")

x = np.random.random((1000, 32)).astype("float32")
y = x[:, :8].sum(axis=1, keepdims=True) - 4
before = [np.array(v) for v in model.non_trainable_weights]
history = model.fit(x, y, epochs=15, batch_size=50, validation_split=0.1, verbose=0)
print(sorted(history.history))
print("mae of the first epoch %.3f, of the last %.3f" % (history.history["mae"][0], history.history["mae"][-1]))
print("val_loss %.3f" % history.history["val_loss"][-1])
moved = [not np.allclose(a, b) for a, b in zip(before, model.non_trainable_weights)]
print("moving averages moved:", moved)
print(model.evaluate(x, y, verbose=0, return_dict=True))
print("steps:", int(model.optimizer.iterations), [m.name for m in model.metrics])
print(type(model).__name__, model.name, model.predict(x[:3], verbose=0).shape)

# prints: ['loss', 'mae', 'val_loss', 'val_mae']
# prints: mae of the first epoch <0.5..2.5>, of the last <0..0.35>
# prints: val_loss <0..0.3>
# prints: moving averages moved: [True, True]
# prints: 'mae': <0..0.35>
# prints: steps: 270 ['loss', 'mae']
# prints: CustomModel custom_model (3, 1)
