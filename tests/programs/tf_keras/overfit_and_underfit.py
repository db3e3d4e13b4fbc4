"""Small and large models on little data: what regularizers, dropout and stopping early do to the validation loss."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers, regularizers
from tensorflow.keras.callbacks import EarlyStopping

np.random.seed(1)
tf.random.set_seed(1)

FEATURES, N_TRAIN, N_VALIDATION = 20, 200, 300
BATCH_SIZE = 50

weights = np.random.normal(size=(FEATURES, 1))
x = np.random.normal(size=(N_TRAIN + N_VALIDATION, FEATURES)).astype("float32")
y = (np.dot(x, weights) + np.random.normal(scale=3.0, size=(len(x), 1)) > 0).astype("float32")
x_train, y_train, x_val, y_val = x[:N_TRAIN], y[:N_TRAIN], x[N_TRAIN:], y[N_TRAIN:]

STEPS_PER_EPOCH = N_TRAIN // BATCH_SIZE
lr_schedule = tf.keras.optimizers.schedules.InverseTimeDecay(
    0.005,
    decay_steps=STEPS_PER_EPOCH * 20,
    decay_rate=1,
    staircase=False)


def get_optimizer():
    return tf.keras.optimizers.Adam(lr_schedule)


def get_callbacks():
    return [EarlyStopping(monitor='val_binary_crossentropy', patience=8, restore_best_weights=True)]


def compile_and_fit(model, name, optimizer=None, max_epochs=40):
    if optimizer is None:
        optimizer = get_optimizer()
    model.compile(optimizer=optimizer,
                  loss=tf.keras.losses.BinaryCrossentropy(from_logits=True),
                  metrics=[
                      tf.keras.losses.BinaryCrossentropy(
                          from_logits=True, name='binary_crossentropy'),
                      'accuracy'])
    return model.fit(
        x_train, y_train,
        epochs=max_epochs,
        batch_size=BATCH_SIZE,
        validation_data=(x_val, y_val),
        callbacks=get_callbacks(),
        verbose=0)


tiny_model = tf.keras.Sequential([
    layers.Dense(8, activation='elu', input_shape=(FEATURES,)),
    layers.Dense(1)
])
large_model = keras.Sequential([
    layers.Dense(128, activation='elu', input_shape=(FEATURES,)),
    layers.Dense(128, activation='elu'),
    layers.Dense(1)
])
combined_model = tf.keras.Sequential([
    layers.Dense(128, kernel_regularizer=regularizers.l2(0.003),
                 activation='elu', input_shape=(FEATURES,)),
    layers.Dropout(0.5),
    layers.Dense(128, kernel_regularizer=regularizers.l2(l=0.003),
                 activation='elu'),
    layers.Dropout(0.5),
    layers.Dense(1)
])

histories = {}
histories['Tiny'] = compile_and_fit(tiny_model, 'sizes/Tiny')
histories['Large'] = compile_and_fit(large_model, 'sizes/Large')
histories['Combined'] = compile_and_fit(combined_model, 'regularizers/combined')

for name, history in histories.items():
    h = history.history
    print(name, sorted(h), "epochs", len(history.epoch))

large, combined = histories['Large'].history, histories['Combined'].history
gap = large['val_binary_crossentropy'][-1] - large['binary_crossentropy'][-1]
print("the large model's gap: %.3f" % gap, "stopped early:", len(large['loss']) < 40)
print("best of the combined: %.3f" % min(combined['val_binary_crossentropy']))
# The loss has the penalties in it, the metric has not
print("penalty", combined['loss'][0] - combined['binary_crossentropy'][0] > 0.1, len(combined_model.losses))
print("penalty now: %.4f" % float(tf.add_n(combined_model.losses)))
by_hand = sum(0.003 * np.sum(np.square(l.get_weights()[0])) for l in combined_model.layers[:3:2])
print("by hand: %.4f" % by_hand, abs(by_hand - float(sum(combined_model.losses))) < 1e-4)
print("rate %.5f" % lr_schedule(80).numpy())

# prints: Tiny ['accuracy', 'binary_crossentropy', 'loss', 'val_accuracy', 'val_binary_crossentropy', 'val_loss'] epochs <5..40>
# prints: Large ['accuracy', 'binary_crossentropy', 'loss', 'val_accuracy', 'val_binary_crossentropy', 'val_loss'] epochs <5..39>
# prints: Combined
# prints: the large model's gap: <0.15..3> stopped early: True
# prints: best of the combined: <0.25..0.5>
# prints: penalty True 2
# prints: penalty now: <0.001..3>
# prints: by hand: <0.001..3> True
# prints: rate 0.00250
# notice: l2(l=...)
# slow
