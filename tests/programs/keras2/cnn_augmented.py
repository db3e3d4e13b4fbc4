'''A convolutional network on drawn digits-like pictures, trained with data augmentation.'''

from __future__ import print_function
import keras
import numpy as np
from keras import backend as K
from keras.layers import Dense, Dropout, Flatten, Activation
from keras.layers import Conv2D, MaxPooling2D
from keras.models import Sequential
from keras.preprocessing.image import ImageDataGenerator

batch_size = 32
num_classes = 3
epochs = 5

# input image dimensions
img_rows, img_cols = 14, 14


def draw(n):
    """Horizontal bars, vertical bars, squares."""
    x = np.random.randint(0, 40, (n, img_rows, img_cols))
    y = np.random.randint(0, num_classes, (n, 1))
    for image, (label,) in zip(x, y):
        a, b = np.random.randint(3, 9, 2)
        if label == 0:
            image[a:a + 2, 2:12] = 255
        elif label == 1:
            image[2:12, b:b + 2] = 255
        else:
            image[a:a + 5, b:b + 5] = 255
    return x.astype('uint8'), y


np.random.seed(0)
(x_train, y_train), (x_test, y_test) = draw(640), draw(200)

if K.image_data_format() == 'channels_first':
    x_train = x_train.reshape(x_train.shape[0], 1, img_rows, img_cols)
    x_test = x_test.reshape(x_test.shape[0], 1, img_rows, img_cols)
    input_shape = (1, img_rows, img_cols)
else:
    x_train = x_train.reshape(x_train.shape[0], img_rows, img_cols, 1)
    x_test = x_test.reshape(x_test.shape[0], img_rows, img_cols, 1)
    input_shape = (img_rows, img_cols, 1)

x_train = x_train.astype('float32')
x_test = x_test.astype('float32')
x_train /= 255
x_test /= 255
print('x_train shape:', x_train.shape)

y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)
print('y_train shape:', y_train.shape)

model = Sequential()
model.add(Conv2D(16, kernel_size=(3, 3), padding='same', input_shape=input_shape))
model.add(Activation('relu'))
model.add(Conv2D(16, (3, 3), activation='relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.25))
model.add(Flatten())
model.add(Dense(32, activation='relu'))
model.add(Dropout(0.25))
model.add(Dense(num_classes))
model.add(Activation('softmax'))

# initiate RMSprop optimizer
opt = keras.optimizers.rmsprop(lr=0.002, decay=1e-6)
model.compile(loss=keras.losses.categorical_crossentropy, optimizer=opt, metrics=['accuracy'])
print(model.input_shape, model.output_shape, model.count_params())

# This will do preprocessing and realtime data augmentation:
datagen = ImageDataGenerator(
    featurewise_center=False,
    samplewise_center=False,
    featurewise_std_normalization=False,
    samplewise_std_normalization=False,
    zca_whitening=False,
    zca_epsilon=1e-06,
    rotation_range=5,
    width_shift_range=0.1,
    height_shift_range=0.1,
    shear_range=0.,
    zoom_range=0.,
    channel_shift_range=0.,
    fill_mode='nearest',
    cval=0.,
    horizontal_flip=True,
    vertical_flip=False,
    rescale=None,
    preprocessing_function=None,
    data_format=None,
    validation_split=0.0)
datagen.fit(x_train)

history = model.fit_generator(datagen.flow(x_train, y_train, batch_size=batch_size),
                              steps_per_epoch=x_train.shape[0] // batch_size,
                              epochs=epochs,
                              validation_data=(x_test, y_test),
                              workers=2, verbose=1)
print(sorted(history.history))

scores = model.evaluate_generator(datagen.flow(x_test, y_test, batch_size=50, shuffle=False), steps=4)
print('augmented test accuracy:', scores[1])
scores = model.evaluate(x_test, y_test, verbose=0)
print('Test accuracy:', scores[1])

batch, labels = next(datagen.flow(x_train, y_train, batch_size=9))
print(batch.shape, labels.shape, batch.dtype, batch.min() >= 0, batch.max() <= 1)
predictions = model.predict_generator(datagen.flow(x_test, batch_size=50, shuffle=False), steps=4)
print(predictions.shape, np.mean(predictions.argmax(axis=1) == y_test.argmax(axis=1)))
print(model.predict_classes(x_test[:5]).shape)

# prints: x_train shape: (640, 14, 14, 1)
# prints: y_train shape: (640, 3)
# prints: (None, 14, 14, 1) (None, 3) 21043
# prints: Epoch 1/5
# prints: 20/20
# prints: Epoch 5/5
# prints: ['acc', 'loss', 'val_acc', 'val_loss']
# prints: augmented test accuracy: <0.85..1>
# prints: Test accuracy: <0.9..1>
# prints: (9, 14, 14, 1) (9, 3) float32 True True
# prints: (200, 3) <0.85..1>
# prints: (5,)
# notice: model.fit_generator(...)
# notice: model.evaluate_generator(...)
# notice: model.predict_generator(...)
# slow
