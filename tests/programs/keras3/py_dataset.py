"""Training from a PyDataset, which makes its batches when they are asked for, and from a plain generator."""

import math

import numpy as np

import keras


class Waves(keras.utils.PyDataset):
    """Noisy sine waves of two frequencies."""

    def __init__(self, count, batch_size, seed=0, weighted=False, **kwargs):
        super().__init__(**kwargs)
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 2, count)
        self.phases = rng.uniform(0, 2 * np.pi, count)
        self.batch_size = batch_size
        self.weighted = weighted
        self.epochs_ended = 0

    def __len__(self):
        return math.ceil(len(self.labels) / self.batch_size)

    def __getitem__(self, idx):
        low = idx * self.batch_size
        high = min(low + self.batch_size, len(self.labels))
        labels = self.labels[low:high]
        t = np.arange(32)[None] / 32 * 2 * np.pi
        x = np.sin(t * (2 + 2 * labels[:, None]) + self.phases[low:high, None])
        x = x + np.random.default_rng(idx).normal(scale=0.2, size=x.shape)
        batch = x[..., None].astype("float32"), labels.astype("float32")
        return (*batch, np.ones(len(labels), "float32")) if self.weighted else batch

    def on_epoch_end(self):
        self.epochs_ended += 1


keras.utils.set_random_seed(2)
train = Waves(410, batch_size=32, seed=1, workers=2, use_multiprocessing=False, max_queue_size=4)
val = Waves(100, batch_size=50, seed=2, weighted=True)
print("batches", len(train), train.num_batches, "last", train[len(train) - 1][0].shape)

model = keras.Sequential(
    [
        keras.layers.Input((32, 1)),
        keras.layers.Conv1D(8, 5, activation="relu", padding="same"),
        keras.layers.MaxPooling1D(2),
        keras.layers.Conv1D(8, 5, activation="relu"),
        keras.layers.GlobalMaxPooling1D(),
        keras.layers.Dense(1, activation="sigmoid"),
    ]
)
model.compile(optimizer=keras.optimizers.Nadam(0.01), loss="binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, epochs=6, validation_data=val, verbose=0)
print("val_accuracy %.2f" % history.history["val_accuracy"][-1], len(history.history["loss"]), "epochs")
print("ended", train.epochs_ended > 4, "steps", int(model.optimizer.iterations))
print("predicted", model.predict(val, verbose=0).shape)
print("evaluated %.2f" % model.evaluate(val, verbose=0)[1])


def forever():
    while True:
        for i in range(len(train)):
            yield train[i]


history = model.fit(forever(), steps_per_epoch=4, epochs=2, verbose=0)
print("generator", len(history.history["loss"]), "steps", int(model.optimizer.iterations))
try:
    Waves(10, 5)[0][0].shape[3]
except IndexError:
    print("a batch has three axes")

# prints: batches 13 13 last (26, 32, 1)
# prints: val_accuracy <0.9..1> 6 epochs
# prints: ended True steps 78
# prints: predicted (100, 1)
# prints: evaluated <0.9..1>
# prints: generator 2 steps 86
# prints: a batch has three axes
# slow
