"""Training on a folder of pictures, one folder per class.

data/
    train/
        disks/
            disk.0.png ...
        stripes/
    validation/
"""
import os

import numpy as np
from PIL import Image, ImageDraw
from keras import backend as K
from keras import optimizers
from keras.layers import Activation, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator, array_to_img, img_to_array, load_img

img_width, img_height = 24, 24
train_data_dir = 'data/train'
validation_data_dir = 'data/validation'
nb_train_samples = 120
nb_validation_samples = 40
epochs = 6
batch_size = 20

np.random.seed(3)


def make(folder, count):
    for kind in ('disks', 'stripes'):
        os.makedirs(os.path.join(folder, kind))
        for i in range(count // 2):
            image = Image.new('RGB', (32, 28), tuple(np.random.randint(0, 90, 3).tolist()))
            pen = ImageDraw.Draw(image)
            color = tuple(np.random.randint(150, 255, 3).tolist())
            if kind == 'disks':
                x, y = np.random.randint(4, 14, 2).tolist()
                pen.ellipse((x, y, x + 12, y + 12), fill=color)
            else:
                for x in range(int(np.random.randint(0, 6)), 32, 8):
                    pen.line((x, 0, x, 28), fill=color, width=3)
            image.save(os.path.join(folder, kind, '%s.%d.png' % (kind[:-1], i)))


make(train_data_dir, nb_train_samples)
make(validation_data_dir, nb_validation_samples)

if K.image_data_format() == 'channels_first':
    input_shape = (3, img_width, img_height)
else:
    input_shape = (img_width, img_height, 3)

model = Sequential()
model.add(Conv2D(8, (3, 3), input_shape=input_shape))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Conv2D(16, (3, 3)))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Flatten())
model.add(Dense(16))
model.add(Activation('relu'))
model.add(Dropout(0.2))
model.add(Dense(1))
model.add(Activation('sigmoid'))

model.compile(loss='binary_crossentropy', optimizer=optimizers.Adam(lr=3e-3), metrics=['accuracy'])

train_datagen = ImageDataGenerator(rescale=1. / 255, shear_range=0.1, zoom_range=0.1, horizontal_flip=True)
# only rescaling for testing
test_datagen = ImageDataGenerator(rescale=1. / 255)

train_generator = train_datagen.flow_from_directory(
    train_data_dir,
    target_size=(img_width, img_height),
    batch_size=batch_size,
    class_mode='binary')

validation_generator = test_datagen.flow_from_directory(
    validation_data_dir,
    target_size=(img_width, img_height),
    batch_size=batch_size,
    class_mode='binary', shuffle=False)

print(train_generator.class_indices, train_generator.samples, len(train_generator))
print(validation_generator.classes[:3], validation_generator.filenames[0].replace(os.sep, '/'))

history = model.fit_generator(
    train_generator,
    steps_per_epoch=nb_train_samples // batch_size,
    epochs=epochs,
    validation_data=validation_generator,
    validation_steps=nb_validation_samples // batch_size, verbose=0)
print('val_acc', history.history['val_acc'][-1])

validation_generator.reset()
probabilities = model.predict_generator(validation_generator, steps=2)
predicted = (probabilities > 0.5).astype('int')[:, 0]
print('right', np.mean(predicted == validation_generator.classes))

# one picture
img = load_img(os.path.join(validation_data_dir, 'stripes', 'stripe.0.png'), target_size=(img_width, img_height))
x = img_to_array(img)
print(x.shape, x.dtype, x.max() > 100)
x = np.expand_dims(x, axis=0) / 255.
print('stripe?', model.predict(x)[0][0])
print(array_to_img(x[0]).size, load_img(os.path.join(validation_data_dir, 'disks', 'disk.1.png'), grayscale=True).mode)

os.mkdir('preview')
i = 0
for batch in train_datagen.flow(x, batch_size=1, save_to_dir='preview', save_prefix='stripe', save_format='jpeg'):
    i += 1
    if i > 3:
        break  # otherwise the generator would loop indefinitely
print('preview', len(os.listdir('preview')))

model.save_weights('first_try.h5')

# prints: Found 120 images belonging to 2 classes.
# prints: Found 40 images belonging to 2 classes.
# prints: {'disks': 0, 'stripes': 1} 120 6
# prints: [0 0 0] disks/disk.0.png
# prints: val_acc <0.9..1>
# prints: right <0.9..1>
# prints: (24, 24, 3) float32 True
# prints: stripe? <0.5..1>
# prints: (24, 24) L
# prints: preview 4
# notice: load_img(grayscale=...)
# slow
