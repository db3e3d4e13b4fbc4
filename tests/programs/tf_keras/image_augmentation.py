"""Pictures in folders, augmentation by layers inside the model, and by ImageDataGenerator, as in the flowers' tutorial."""

import os
import pathlib

import numpy as np
import PIL.Image
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers
from tensorflow.keras.models import Sequential
from tensorflow.keras.preprocessing import image
from tensorflow.keras.preprocessing.image import ImageDataGenerator, img_to_array, load_img

tf.random.set_seed(1)
rng = np.random.RandomState(1)

data_dir = pathlib.Path("flowers")
for name, channel in (("daisies", 0), ("roses", 1)):
    os.makedirs(data_dir / name)
    for i in range(40):
        pixels = rng.randint(0, 90, size=(20, 20, 3))
        pixels[5:15, 5:15, channel] += 130
        PIL.Image.fromarray(pixels.astype("uint8")).save(str(data_dir / name / ("%02d.png" % i)))
image_count = len(list(data_dir.glob('*/*.png')))
print(image_count)

batch_size = 16
img_height = 16
img_width = 16
train_ds = tf.keras.preprocessing.image_dataset_from_directory(
  data_dir,
  validation_split=0.2,
  subset="training",
  seed=123,
  image_size=(img_height, img_width),
  batch_size=batch_size)
val_ds = tf.keras.preprocessing.image_dataset_from_directory(
  data_dir,
  validation_split=0.2,
  subset="validation",
  seed=123,
  image_size=(img_height, img_width),
  batch_size=batch_size)
class_names = train_ds.class_names
print(class_names)
for image_batch, labels_batch in train_ds.take(1):
    print(image_batch.shape, labels_batch.shape, image_batch[0].numpy().astype("uint8").max() > 100)

normalization_layer = layers.experimental.preprocessing.Rescaling(1./255)
normalized_ds = train_ds.map(lambda x, y: (normalization_layer(x), y))
image_batch, labels_batch = next(iter(normalized_ds))
print("pixels between 0 and 1:", np.min(image_batch[0]) >= 0, np.max(image_batch[0]) <= 1)

AUTOTUNE = tf.data.experimental.AUTOTUNE
train_ds = train_ds.cache().shuffle(1000).prefetch(buffer_size=AUTOTUNE)
val_ds = val_ds.cache().prefetch(buffer_size=AUTOTUNE)

data_augmentation = keras.Sequential(
  [
    layers.experimental.preprocessing.RandomFlip("horizontal", input_shape=(img_height, img_width, 3)),
    layers.experimental.preprocessing.RandomRotation(0.1),
    layers.experimental.preprocessing.RandomZoom(0.1),
  ]
)
augmented = data_augmentation(image_batch, training=True)
same = data_augmentation(image_batch, training=False)
print("augmented", augmented.shape, np.allclose(augmented, image_batch), np.allclose(same, image_batch))

model = Sequential([
  data_augmentation,
  layers.experimental.preprocessing.Rescaling(1./255),
  layers.Conv2D(8, 3, padding='same', activation='relu'),
  layers.MaxPooling2D(),
  layers.Dropout(0.2),
  layers.Flatten(),
  layers.Dense(16, activation='relu'),
  layers.Dense(len(class_names))
])
model.compile(optimizer=keras.optimizers.Adam(0.005),
              loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
              metrics=['accuracy'])
history = model.fit(train_ds, validation_data=val_ds, epochs=6, verbose=0)
print("validation accuracy %.2f" % history.history['val_accuracy'][-1], model.count_params())

img = keras.preprocessing.image.load_img(str(data_dir / "roses" / "03.png"), target_size=(img_height, img_width))
img_array = keras.preprocessing.image.img_to_array(img)
img_array = tf.expand_dims(img_array, 0)  # Create a batch
predictions = model.predict(img_array)
score = tf.nn.softmax(predictions[0])
print("This image most likely belongs to {} with a {:.2f} percent confidence."
      .format(class_names[np.argmax(score)], 100 * np.max(score)))

train_datagen = ImageDataGenerator(rescale=1./255, rotation_range=20, width_shift_range=0.1, height_shift_range=0.1,
                                   horizontal_flip=True, validation_split=0.25)
train_generator = train_datagen.flow_from_directory(str(data_dir), target_size=(16, 16), batch_size=10,
                                                    class_mode='binary', subset='training', seed=1)
print(train_generator.class_indices, train_generator.samples, len(train_generator))
small = Sequential([layers.Conv2D(4, 3, activation="relu", input_shape=(16, 16, 3)), layers.GlobalMaxPooling2D(),
                    layers.Dense(1, activation="sigmoid")])
small.compile(optimizer=keras.optimizers.RMSprop(0.01), loss='binary_crossentropy', metrics=['acc'])
h = small.fit(train_generator, steps_per_epoch=train_generator.samples // 10, epochs=5, verbose=0)
print(sorted(h.history), "acc %.2f" % h.history["acc"][-1])

# tf.image, in a pipeline
def augment(image, label):
    image = tf.cast(image, tf.float32) / 255.
    image = tf.image.resize_with_crop_or_pad(image, 18, 18)
    image = tf.image.random_crop(image, size=[16, 16, 3])
    image = tf.image.random_flip_left_right(image)
    image = tf.image.random_brightness(image, max_delta=0.2)
    return tf.clip_by_value(image, 0., 1.), label


batches = val_ds.unbatch().map(augment, num_parallel_calls=AUTOTUNE).batch(4)
pictures, answers = next(iter(batches))
print("cropped", pictures.shape, answers.shape, float(tf.reduce_max(pictures)) <= 1)

# prints: 80
# prints: ['daisies', 'roses']
# prints: (16, 16, 16, 3) (16,) True
# prints: pixels between 0 and 1: True True
# prints: augmented (16, 16, 16, 3) False True
# prints: validation accuracy <0.9..1.0> 8466
# prints: This image most likely belongs to roses with a <60..100> percent
# prints: {'daisies': 0, 'roses': 1} 60 6
# prints: ['acc', 'loss'] acc <0.6..1.0>
# prints: cropped (4, 16, 16, 3) (4,) True
# slow
