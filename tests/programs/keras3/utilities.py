"""What keras.utils has for data: one-hot labels, padded sequences, splits, windows over a series, a folder of images."""

import os

import numpy as np
from PIL import Image

import keras

keras.utils.set_random_seed(0)
print(keras.utils.to_categorical([0, 2, 1], num_classes=3).tolist())
padded = keras.utils.pad_sequences([[1, 2, 3], [4]], maxlen=2, padding="post", truncating="pre", value=9)
print(padded.tolist(), padded.dtype)
print(keras.preprocessing.sequence.pad_sequences([[1, 2], [3]]).tolist())
print(np.round(keras.utils.normalize(np.array([[3.0, 4.0]])), 2).tolist())

# A series: the next value from the four before.
series = np.sin(np.arange(400) / 5).astype("float32")
length = 8
dataset = keras.utils.timeseries_dataset_from_array(
    series[:-length], series[length:], sequence_length=length, sequence_stride=1, batch_size=32, shuffle=True, seed=1
)
for windows, targets in dataset:
    print("windows", tuple(windows.shape), tuple(targets.shape))
    window, target = np.array(windows[0]), float(targets[0])
    place = int(np.argmin([np.abs(series[i : i + length] - window).sum() for i in range(392)]))
    print("next in line:", abs(series[place + length] - target) < 1e-6)
    break
model = keras.Sequential([keras.Input((length,)), keras.layers.Dense(8, activation="tanh"), keras.layers.Dense(1)])
model.compile(keras.optimizers.Adam(0.01), "mse")
model.fit(dataset, epochs=8, verbose=0)
print("forecast error %.4f" % model.evaluate(dataset, verbose=0))

# Splits
rows = np.arange(40, dtype="float32").reshape(20, 2)
left, right = keras.utils.split_dataset(rows, left_size=0.75, shuffle=True, seed=2)
taken = sorted(float(np.ravel(row)[0]) for part in (left, right) for row in part)
print("split", len(left), len(right), taken == rows[:, 0].tolist())

# Images in folders, one per class.
rng = np.random.default_rng(0)
for name, shade in (("dark", 40), ("light", 200)):
    os.makedirs(f"images/{name}")
    for i in range(20):
        pixels = np.clip(rng.normal(shade, 20, size=(12, 10, 3)), 0, 255).astype("uint8")
        Image.fromarray(pixels).save(f"images/{name}/{i:02d}.png")
arguments = {"image_size": (8, 8), "batch_size": 8, "validation_split": 0.25, "seed": 3, "label_mode": "binary"}
train = keras.utils.image_dataset_from_directory("images", subset="training", **arguments)
val = keras.utils.image_dataset_from_directory("images", subset="validation", **arguments)
print("classes", train.class_names, "batches", len(train), len(val), "files", len(train.file_paths))
for images, labels in train:
    print("batch", tuple(images.shape), tuple(labels.shape), str(np.array(images).dtype))
    print("bright ones are labeled 1:", bool(np.all((np.array(images).mean((1, 2, 3)) > 120) == np.array(labels)[:, 0])))
    break
model = keras.Sequential(
    [keras.Input((8, 8, 3)), keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(1, "sigmoid")]
)
model.compile(keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
history = model.fit(train, validation_data=val, epochs=12, verbose=0)
print("val_accuracy %.2f" % history.history["val_accuracy"][-1])

image = keras.utils.load_img("images/light/00.png", target_size=(6, 6), color_mode="grayscale")
array = keras.utils.img_to_array(image)
print(image.size, array.shape, array.dtype, keras.utils.array_to_img(array).mode)
keras.utils.save_img("copy.png", array)
print(os.path.exists("copy.png"), keras.utils.get_custom_objects() == {})
bar = keras.utils.Progbar(3, verbose=2)
print(keras.utils.is_keras_tensor(keras.Input((2,))) if hasattr(keras.utils, "is_keras_tensor") else True)

# prints: [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
# prints: [[2, 3], [4, 9]] int32
# prints: [[1, 2], [0, 3]]
# prints: [[0.6, 0.8]]
# prints: windows (32, 8) (32,)
# prints: next in line: True
# prints: forecast error <0..0.02>
# prints: split 15 5 True
# prints: Found 40 files belonging to 2 classes.
# prints: Using 30 files for training.
# prints: Using 10 files for validation.
# prints: classes ['dark', 'light'] batches 4 2 files 30
# prints: batch (8, 8, 8, 3) (8, 1) float32
# prints: bright ones are labeled 1: True
# prints: val_accuracy <0.9..1>
# prints: (6, 6) (6, 6, 1) float32 L
# prints: True ...
# prints: True
