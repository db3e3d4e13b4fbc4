"""Forecasting: windows of a series made by tf.data, and a WindowGenerator around timeseries_dataset_from_array."""

import numpy as np
import tensorflow as tf
from tensorflow import keras

keras.backend.clear_session()
tf.random.set_seed(42)
np.random.seed(42)


def trend(time, slope=0):
    return slope * time


def seasonality(time, period, amplitude=1):
    season_time = (time % period) / period
    return amplitude * np.where(season_time < 0.4, np.cos(season_time * 2 * np.pi), 1 / np.exp(3 * season_time))


time = np.arange(360, dtype="float32")
series = 1 + trend(time, 0.003) + seasonality(time, period=30, amplitude=1)
series = (series + np.random.randn(len(time)) * 0.05).astype("float32")
split_time = 280
x_train, x_valid = series[:split_time], series[split_time:]
window_size, batch_size, shuffle_buffer_size = 20, 16, 300


def windowed_dataset(series, window_size, batch_size, shuffle_buffer):
    series = tf.expand_dims(series, axis=-1)
    ds = tf.data.Dataset.from_tensor_slices(series)
    ds = ds.window(window_size + 1, shift=1, drop_remainder=True)
    ds = ds.flat_map(lambda w: w.batch(window_size + 1))
    ds = ds.shuffle(shuffle_buffer)
    ds = ds.map(lambda w: (w[:-1], w[1:]))
    return ds.batch(batch_size).prefetch(1)


dataset = windowed_dataset(x_train, window_size, batch_size, shuffle_buffer_size)
for x, y in dataset.take(1):
    print("window", x.shape, y.shape, bool(tf.reduce_all(x[:, 1:] == y[:, :-1])))

model = tf.keras.models.Sequential([
    tf.keras.layers.Conv1D(filters=8, kernel_size=5, strides=1, padding="causal", activation="relu",
                           input_shape=[None, 1]),
    tf.keras.layers.LSTM(16, return_sequences=True),
    tf.keras.layers.Dense(1),
    tf.keras.layers.Lambda(lambda x: x * 2.0)
])
lr_schedule = tf.keras.callbacks.LearningRateScheduler(lambda epoch: 1e-3 * 10 ** (epoch / 10))
optimizer = tf.keras.optimizers.SGD(lr=1e-3, momentum=0.9)
model.compile(loss=tf.keras.losses.Huber(), optimizer=optimizer, metrics=["mae"])
history = model.fit(dataset, epochs=12, callbacks=[lr_schedule], verbose=0)
rates = history.history["lr"]
print("rates %.4f to %.4f" % (rates[0], rates[-1]))
print("huber %.4f to %.4f" % (history.history["loss"][0], history.history["loss"][-1]))


def model_forecast(model, series, window_size):
    ds = tf.data.Dataset.from_tensor_slices(series)
    ds = ds.window(window_size, shift=1, drop_remainder=True)
    ds = ds.flat_map(lambda w: w.batch(window_size))
    ds = ds.batch(32).prefetch(1)
    forecast = model.predict(ds, verbose=0)
    return forecast


model.optimizer.lr = 0.01
model.fit(dataset, epochs=8, verbose=0)
rnn_forecast = model_forecast(model, series[..., np.newaxis], window_size)
rnn_forecast = rnn_forecast[split_time - window_size:-1, -1, 0]
print(rnn_forecast.shape, x_valid.shape)
print("mae", tf.keras.metrics.mean_absolute_error(x_valid, rnn_forecast).numpy())
print("naive", np.mean(np.abs(x_valid - np.mean(x_train))))


class WindowGenerator():
    def __init__(self, input_width, label_width, shift, train, label_index=0):
        self.train, self.label_index = train, label_index
        self.input_width, self.label_width, self.shift = input_width, label_width, shift
        self.total_window_size = input_width + shift
        self.input_slice = slice(0, input_width)
        self.labels_slice = slice(self.total_window_size - label_width, None)

    def split_window(self, features):
        inputs = features[:, self.input_slice, :]
        labels = features[:, self.labels_slice, :]
        labels = tf.stack([labels[:, :, self.label_index]], axis=-1)
        inputs.set_shape([None, self.input_width, None])
        labels.set_shape([None, self.label_width, None])
        return inputs, labels

    def make_dataset(self, data):
        data = np.array(data, dtype=np.float32)
        ds = tf.keras.preprocessing.timeseries_dataset_from_array(
            data=data, targets=None, sequence_length=self.total_window_size,
            sequence_stride=1, shuffle=True, batch_size=32,)
        return ds.map(self.split_window)


w1 = WindowGenerator(6, 1, 1, train=np.stack([series, np.sin(time)], 1))
ds = w1.make_dataset(w1.train)
inputs, labels = next(iter(ds))
print("Inputs shape (batch, time, features):", inputs.shape, "Labels:", labels.shape, len(ds))
multi_step_dense = tf.keras.Sequential([
    tf.keras.layers.Flatten(),
    tf.keras.layers.Dense(units=16, activation='relu'),
    tf.keras.layers.Dense(units=1),
    tf.keras.layers.Reshape([1, -1]),
])
multi_step_dense.compile(loss=tf.losses.MeanSquaredError(), optimizer=tf.optimizers.Adam(0.01),
                         metrics=[tf.metrics.MeanAbsoluteError()])
h = multi_step_dense.fit(ds, epochs=6, verbose=0)
print(list(h.history), "%.3f" % h.history['mean_absolute_error'][-1])

# prints: window (16, 20, 1) (16, 20, 1) True
# prints: rates 0.0010 to 0.0126
# prints: huber <0.2..2> to <0.001..0.12>
# prints: (80,) (80,)
# prints: mae <0.02..0.3>
# prints: naive <0.4..1.5>
# prints: Inputs shape (batch, time, features): (32, 6, 2) Labels: (32, 1, 1) 12
# prints: ['loss', 'mean_absolute_error'] <0.02..0.3>
# notice: SGD(lr=...)
# notice: optimizer.lr
# slow
