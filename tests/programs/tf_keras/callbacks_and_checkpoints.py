"""Callbacks: checkpoints by the best accuracy and by epoch, TensorBoard, schedules, and classes of one's own."""

import datetime
import os

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.callbacks import (Callback, CSVLogger, EarlyStopping, LambdaCallback, LearningRateScheduler,
                                        ModelCheckpoint, ReduceLROnPlateau, TensorBoard)

tf.random.set_seed(9)
rng = np.random.RandomState(9)
x = rng.normal(size=(400, 10)).astype("float32")
y = (np.abs(x[:, 0]) + np.abs(x[:, 1]) > 1.5).astype("int32")
train, val = (x[:300], y[:300]), (x[300:], y[300:])


def create_model():
    model = tf.keras.models.Sequential([
        keras.layers.Dense(32, activation='relu', input_shape=(10,)),
        keras.layers.Dropout(0.1),
        keras.layers.Dense(2)
    ])
    model.compile(optimizer=tf.keras.optimizers.Adam(0.01),
                  loss=tf.losses.SparseCategoricalCrossentropy(from_logits=True),
                  metrics=['accuracy'])
    return model


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs.get('loss'))


class EarlyStoppingAtAccuracy(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs={}):
        if logs.get('accuracy') > 0.9:
            print("\nReached 90% accuracy so cancelling training!")
            self.model.stop_training = True


def schedule(epoch, lr):
    if epoch < 3:
        return lr
    return lr * float(tf.math.exp(-0.1))


checkpoint_path = "training_1/cp.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
cp_callback = tf.keras.callbacks.ModelCheckpoint(filepath=checkpoint_path,
                                                 save_weights_only=True,
                                                 monitor='val_accuracy',
                                                 mode='max',
                                                 save_best_only=True,
                                                 verbose=0)
log_dir = "logs/fit/" + datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
losses = LossHistory()
model = create_model()
history = model.fit(*train, epochs=12, validation_data=val, verbose=0, callbacks=[
    cp_callback,
    TensorBoard(log_dir=log_dir, histogram_freq=1),
    LearningRateScheduler(schedule),
    CSVLogger("training.csv", separator=",", append=False),
    losses,
    LambdaCallback(on_epoch_end=lambda epoch, logs: epoch == 0 and print("first epoch's logs", sorted(logs))),
])
print("rates", [round(float(lr), 4) for lr in history.history["lr"][2:5]])
print("batches", len(losses.losses), losses.losses[-1] < losses.losses[0])
print("files", len(os.listdir(checkpoint_dir)) > 0, os.path.isdir(log_dir), open("training.csv").readline().strip())
events = [f for _, _, files in os.walk(log_dir) for f in files]
print("events", all("tfevents" in f for f in events), len(events) >= 2)

best = max(history.history["val_accuracy"])
untrained = create_model()
loss, acc = untrained.evaluate(*val, verbose=0)
print("Untrained model, accuracy: {:5.2f}%".format(100 * acc))
untrained.load_weights(checkpoint_path)
loss, acc = untrained.evaluate(*val, verbose=0)
print("Restored model, accuracy: {:5.2f}%".format(100 * acc), np.isclose(acc, best))

# Include the epoch in the file name (uses `str.format`)
checkpoint_path = "training_2/cp-{epoch:04d}.ckpt"
checkpoint_dir = os.path.dirname(checkpoint_path)
model = create_model()
model.save_weights(checkpoint_path.format(epoch=0))
model.fit(*train, epochs=4, verbose=0, callbacks=[
    ModelCheckpoint(filepath=checkpoint_path, verbose=1, save_weights_only=True, period=2)])
latest = tf.train.latest_checkpoint(checkpoint_dir)
print("latest", latest)
fresh = create_model()
fresh.load_weights(latest)
print("same weights", all(np.array_equal(a, b) for a, b in zip(fresh.get_weights(), model.get_weights())))

model = create_model()
h = model.fit(*train, epochs=60, verbose=0, callbacks=[EarlyStoppingAtAccuracy()])
print("epochs", len(h.epoch))
model = create_model()
h = model.fit(*train, epochs=30, validation_data=val, verbose=0, callbacks=[
    ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=2, min_delta=0.05, min_lr=0.0001),
    EarlyStopping(monitor='val_loss', patience=5, min_delta=0.05, restore_best_weights=True)])
print("lowered", h.history["lr"][-1] < 0.01, len(h.epoch) < 30)

# prints: first epoch's logs ['accuracy', 'loss', 'lr', 'val_accuracy', 'val_loss']
# prints: rates [0.01, 0.009, 0.0082]
# prints: batches 120 True
# prints: files True True epoch,accuracy,loss,lr,val_accuracy,val_loss
# prints: events True True
# prints: Untrained model, accuracy: <10..80>
# prints: Restored model, accuracy: <85..100>% True
# prints: Epoch 2: ... training_2/cp-0002.ckpt
# prints: Epoch 4: ... training_2/cp-0004.ckpt
# prints: latest training_2/cp-0004.ckpt
# prints: same weights True
# prints: Reached 90% accuracy so cancelling training!
# prints: epochs <3..59>
# prints: lowered True True
# slow
