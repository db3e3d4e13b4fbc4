"""Bright bars on gray images: which way do they lie? The model takes raw pixels from 0 to 255."""

import numpy as np

import keras
from keras import layers

keras.utils.set_random_seed(1)


def make_images(count, size=16, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.uniform(0, 90, size=(count, size, size, 1))
    labels = rng.integers(0, 2, size=count)
    for image, label in zip(images, labels):
        place = rng.integers(2, size - 3)
        if label:
            image[place : place + 2, :, 0] += 120
        else:
            image[:, place : place + 2, 0] += 120
    return np.clip(images, 0, 255).astype("uint8"), labels.astype("float32")


x_train, y_train = make_images(512)
x_val, y_val = make_images(128, seed=1)

data_augmentation = keras.Sequential(
    [layers.RandomFlip("horizontal_and_vertical"), layers.RandomTranslation(0.05, 0.05)], name="augmentation"
)
normalizer = layers.Normalization(axis=-1)
normalizer.adapt(x_train.astype("float32") / 255.0)

inputs = keras.Input(shape=(16, 16, 1), name="image")
x = layers.Rescaling(1.0 / 255)(inputs)
x = data_augmentation(x)
x = normalizer(x)
x = layers.Conv2D(8, 3, padding="same", use_bias=False)(x)
x = layers.BatchNormalization()(x)
x = layers.Activation("relu")(x)
x = layers.MaxPooling2D()(x)
x = layers.SeparableConv2D(16, 3, activation="relu")(x)
x = layers.GlobalAveragePooling2D()(x)
x = layers.Dropout(0.2)(x)
outputs = layers.Dense(1, activation="sigmoid")(x)
model = keras.Model(inputs, outputs, name="bars")
model.summary(expand_nested=True)

model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
model.optimizer.learning_rate = 0.01
history = model.fit(x_train, y_train, batch_size=32, epochs=4, validation_data=(x_val, y_val), verbose=2)
print("best", round(max(history.history["val_accuracy"]), 2))

print("mean %.4f variance %.4f" % (float(np.ravel(normalizer.mean)[0]), float(np.ravel(normalizer.variance)[0])))
standard = normalizer(x_train.astype("float32") / 255.0)
print("standardized to", abs(round(float(np.mean(standard)), 2)), round(float(np.std(standard)), 2))

flip = layers.RandomFlip("horizontal", seed=3)
image = np.arange(4.0).reshape(1, 1, 4, 1)
print("at inference unchanged:", np.ravel(flip(image, training=False)))
flipped = {tuple(np.ravel(flip(image, training=True)).astype(int).tolist()) for _ in range(30)}
print("in training:", sorted(flipped))

# predict doesn't augment
print("deterministic:", np.array_equal(model.predict(x_val, verbose=0), model.predict(x_val, verbose=0)))

# prints: Model: "bars"
# prints: image (InputLayer)
# prints: rescaling (Rescaling)
# prints: augmentation (Sequential)
# prints: normalization (Normalization)
# prints: conv2d (Conv2D)
# prints: batch_normalization
# prints: separable_conv2d
# prints: global_average_pooling2d
# prints: dense (Dense)
# prints: Trainable params: 321 (1.25 KB)
# prints: Epoch 1/4
# prints: 16/16 - ...s - ...accuracy: <0..1> - ...val_accuracy: <0..1>
# prints: 16/16 - ...s - ...accuracy: <0.9..1> - ...val_accuracy: <0.85..1>
# prints: best <0.9..1>
# prints: mean <0.2..0.3> variance <0.02..0.08>
# prints: standardized to <0..0.01> <0.99..1.01>
# prints: at inference unchanged: [0. 1. 2. 3.]
# prints: in training: [(0, 1, 2, 3), (3, 2, 1, 0)]
# prints: deterministic: True
# slow
