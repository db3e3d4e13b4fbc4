"""Callbacks: early stopping, checkpoints, a smaller rate on plateaus, one's own; and schedules of the rate."""

import os

import numpy as np

import keras

keras.utils.set_random_seed(5)
rng = np.random.default_rng(5)
x = rng.normal(size=(300, 10)).astype("float32")
y = (x @ rng.normal(size=(10, 1)) + rng.normal(scale=0.5, size=(300, 1))).astype("float32")


def get_model():
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(64, activation="relu"), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.Adam(0.02), loss="mse")
    return model


class Diary(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.events, self.batches = [], 0

    def on_train_begin(self, logs=None):
        self.events.append(f"begin {self.params['epochs']} {self.params['steps']}")

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        assert "loss" in logs

    def on_epoch_end(self, epoch, logs=None):
        self.events.append(f"epoch {epoch} {sorted(logs)}")
        if epoch == 2:
            self.model.stop_training = True


diary = Diary()
get_model().fit(x, y, epochs=10, batch_size=60, validation_split=0.2, verbose=0, callbacks=[diary])
print(diary.events[0], "|", diary.events[-1], "|", len(diary.events), diary.batches)

model = get_model()
early = keras.callbacks.EarlyStopping(monitor="val_loss", patience=5, min_delta=1e-4, restore_best_weights=True)
checkpoint = keras.callbacks.ModelCheckpoint("best.keras", monitor="val_loss", save_best_only=True)
weights = keras.callbacks.ModelCheckpoint("epoch_{epoch:02d}.weights.h5", save_weights_only=True, save_freq="epoch")
plateau = keras.callbacks.ReduceLROnPlateau(monitor="val_loss", factor=0.5, patience=2, min_lr=1e-4)
history = model.fit(
    x, y, epochs=100, validation_split=0.3, verbose=0,
    callbacks=[early, checkpoint, weights, plateau, keras.callbacks.CSVLogger("log.csv"), keras.callbacks.TerminateOnNaN()],
)  # fmt: skip
val = history.history["val_loss"]
print("stopped early:", len(val) < 100, "best epoch:", early.best_epoch == int(np.argmin(val)))
print("patience:", len(val) - 1 - early.best_epoch)
best = keras.models.load_model("best.keras")
print("restored:", abs(model.evaluate(x[210:], y[210:], verbose=0) - min(val)) < 1e-4)
print("saved:", abs(best.evaluate(x[210:], y[210:], verbose=0) - min(val)) < 1e-4)
rates = history.history["learning_rate"]
print("rate from %.3f, smaller at the end: %s" % (rates[0], rates[-1] < rates[0]))
print("files", len([f for f in os.listdir() if f.endswith(".weights.h5")]) == len(val))
header = open("log.csv").readline().strip().split(",")
print("log", header[0], sorted(header[1:]))

# Schedules
schedules = keras.optimizers.schedules
for schedule in (
    schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5, staircase=True),
    schedules.PiecewiseConstantDecay([5, 15], [1.0, 0.5, 0.1]),
    schedules.CosineDecay(0.1, decay_steps=20, warmup_target=0.2, warmup_steps=5),
    schedules.PolynomialDecay(0.1, 20, end_learning_rate=0.0, power=1.0),
):
    print(type(schedule).__name__, [round(float(schedule(step)), 4) for step in (0, 5, 15, 25)])


class Warmup(schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        step = keras.ops.cast(step, "float32")
        return self.peak * keras.ops.minimum(1.0, (step + 1) / self.steps)

    def get_config(self):
        return {"peak": self.peak, "steps": self.steps}


model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
model.compile(keras.optimizers.SGD(Warmup(0.05, 20), momentum=0.9, clipnorm=1.0), loss="mse")
model.fit(x, y, epochs=2, batch_size=30, verbose=0)
print("after %d steps the rate is %.4f" % (model.optimizer.iterations, model.optimizer.learning_rate))

by_epoch = keras.callbacks.LearningRateScheduler(lambda epoch, lr: 0.01 * 0.5**epoch)
ended = []
last = keras.callbacks.LambdaCallback(on_train_end=lambda logs: ended.append(sorted(logs)))
model.compile(keras.optimizers.SGD(0.5), loss="mse")
history = model.fit(x, y, epochs=3, verbose=0, callbacks=[by_epoch, last])
print("rates", [round(float(r), 4) for r in history.history["learning_rate"]], ended[0])

# prints: begin 10 4 | epoch 2 ['loss', 'val_loss'] | 4 12
# prints: stopped early: True best epoch: True
# prints: patience: 5
# prints: restored: True
# prints: saved: True
# prints: rate from 0.020, smaller at the end: True
# prints: files True
# prints: log epoch ['learning_rate', 'loss', 'val_loss']
# prints: ExponentialDecay [0.1, 0.1, 0.05, 0.025]
# prints: PiecewiseConstantDecay [1.0, 1.0, 0.5, 0.1]
# prints: CosineDecay [0.1, 0.2, 0.1, 0.0]
# prints: PolynomialDecay [0.1, 0.075, 0.025, 0.0]
# prints: after 20 steps the rate is 0.0500
# prints: rates [0.01, 0.005, 0.0025] ['...
# slow
