"""Rare classes and unsure labels: class_weight, sample_weight, weighted_metrics, a loss of one's own."""

import numpy as np

import keras
from keras import layers, ops

keras.utils.set_random_seed(6)
rng = np.random.default_rng(6)
n = 2000
y = (rng.random(n) < 0.05).astype("int32")
x = (rng.normal(size=(n, 4)) + 1.0 * y[:, None]).astype("float32")
print("rare:", np.bincount(y)[1] / n < 0.08)


def get_model(**kwargs):
    keras.utils.set_random_seed(6)
    model = keras.Sequential([keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(1, "sigmoid")])
    model.compile("adam", loss="binary_crossentropy", metrics=[keras.metrics.Recall(name="recall")], **kwargs)
    return model


plain = get_model()
plain.fit(x, y, epochs=6, verbose=0)
weighted = get_model()
weighted.fit(x, y, epochs=6, verbose=0, class_weight={0: 1.0, 1: 18.0})
print("recall without %.2f with %.2f" % (plain.evaluate(x, y, verbose=0)[1], weighted.evaluate(x, y, verbose=0)[1]))

by_sample = get_model()
by_sample.fit(x, y, epochs=6, verbose=0, sample_weight=np.where(y == 1, 18.0, 1.0))
p, q = weighted.predict(x, verbose=0), by_sample.predict(x, verbose=0)
print("both ways the same: %.3f" % np.abs(p - q).max())

model = get_model(weighted_metrics=["accuracy"])
history = model.fit(x, y, sample_weight=np.ones(n), epochs=1, validation_data=(x, y, np.ones(n)), verbose=0)
print(sorted(history.history))

# A label that says nothing counts nothing.
wrong = y.copy()
wrong[:500] = 1 - wrong[:500]
weights = np.ones(n, "float32")
weights[:500] = 0
loss_all = model.evaluate(x, wrong, sample_weight=weights, verbose=0)[0]
loss_rest = model.evaluate(x[500:], y[500:], verbose=0)[0]
print("sum over batch size: %.3f" % (loss_all / loss_rest))

mse = keras.losses.MeanSquaredError()
print(float(mse(np.array([[1.0], [2.0]]), np.zeros((2, 1)), sample_weight=np.array([1.0, 0.0]))))
none = keras.losses.MeanSquaredError(reduction=None)
print(np.array(none(np.array([[1.0], [2.0]]), np.zeros((2, 1)))))
print(float(keras.losses.MeanSquaredError(reduction="sum")(np.array([[1.0], [2.0]]), np.zeros((2, 1)))))


def quantile_loss(y_true, y_pred):
    error = ops.cast(y_true, y_pred.dtype) - y_pred
    return ops.mean(ops.maximum(0.9 * error, -0.1 * error), axis=-1)


class Focal(keras.losses.Loss):
    def __init__(self, gamma=2.0, **kwargs):
        super().__init__(**kwargs)
        self.gamma = gamma

    def call(self, y_true, y_pred):
        y_pred = ops.clip(y_pred, 1e-6, 1 - 1e-6)
        p_t = ops.where(ops.equal(y_true, 1), y_pred, 1 - y_pred)
        return -ops.mean((1 - p_t) ** self.gamma * ops.log(p_t), axis=-1)


z = rng.normal(size=(2000, 1)).astype("float32")
t = z + rng.normal(size=(2000, 1)).astype("float32")
line = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
line.compile(keras.optimizers.Adam(0.05), loss=quantile_loss)
line.fit(z, t, epochs=12, batch_size=100, verbose=0)
print("below the ninth decile: %.2f" % (t < line.predict(z, verbose=0)).mean())

focal = get_model()
focal.compile("adam", loss=Focal(gamma=1.0, name="focal"), metrics=["AUC"])
history = focal.fit(x, y[:, None], epochs=8, verbose=0)
print(sorted(key.lower() for key in history.history), "auc %.2f" % focal.evaluate(x, y[:, None], verbose=0)[1])

# prints: rare: True
# prints: recall without <0..0.4> with <0.65..1>
# prints: both ways the same: 0.0
# prints: ['accuracy', 'loss', 'recall', 'val_accuracy', 'val_loss', 'val_recall']
# prints: sum over batch size: <0.6..0.9>
# prints: 0.5
# prints: [1. 4.]
# prints: 5.0
# prints: below the ninth decile: <0.87..0.93>
# prints: ['auc', 'loss'] auc <0.85..1>
# slow
