'''Train on images that are turned, shifted and flipped while we go, and on a generator of our own.'''
from __future__ import print_function
import numpy as np
np.random.seed(4)

from keras.preprocessing.image import ImageDataGenerator
from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation, Flatten
from keras.layers.convolutional import Convolution2D, MaxPooling2D
from keras.optimizers import SGD
from keras.utils import np_utils

batch_size = 32
nb_classes = 2
nb_epoch = 6
data_augmentation = True

# the data, as uint8: a bright disc, or a bright ring
img_rows, img_cols = 10, 10
img_channels = 3
rows, cols = np.mgrid[:10, :10]


def picture(kind):
    r, c = np.random.uniform(4, 6, size=2)
    distance = np.sqrt((rows - r) ** 2 + (cols - c) ** 2)
    shape = distance < 3 if kind == 0 else (distance < 3.5) & (distance > 2)
    return (60 * np.random.rand(10, 10, 3) + 180 * shape[:, :, None]).astype('uint8')


y_all = np.random.randint(0, nb_classes, size=(300, 1))
X_all = np.array([picture(k) for k in y_all.ravel()])
X_train, X_test, y_train, y_test = X_all[:240], X_all[240:], y_all[:240], y_all[240:]
print('X_train shape:', X_train.shape, X_train.dtype)
Y_train = np_utils.to_categorical(y_train, nb_classes)
Y_test = np_utils.to_categorical(y_test, nb_classes)
X_train = X_train.astype('float32')
X_test = X_test.astype('float32')
X_train /= 255
X_test /= 255

model = Sequential()
model.add(Convolution2D(8, 3, 3, border_mode='same', input_shape=(img_rows, img_cols, img_channels)))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=(2, 2)))
model.add(Dropout(0.1))
model.add(Flatten())
model.add(Dense(16, activation='relu'))
model.add(Dense(nb_classes))
model.add(Activation('softmax'))

# let's train the model using SGD + momentum (how original).
sgd = SGD(lr=0.05, decay=1e-6, momentum=0.9, nesterov=True)
model.compile(loss='categorical_crossentropy', optimizer=sgd, metrics=['accuracy'])

# this will do preprocessing and realtime data augmentation
datagen = ImageDataGenerator(
    featurewise_center=True,  # set input mean to 0 over the dataset
    samplewise_center=False,  # set each sample mean to 0
    featurewise_std_normalization=True,  # divide inputs by std of the dataset
    zca_whitening=False,  # apply ZCA whitening
    rotation_range=15,  # randomly rotate images in the range (degrees, 0 to 180)
    width_shift_range=0.1,  # randomly shift images horizontally (fraction of total width)
    height_shift_range=0.1,
    horizontal_flip=True,  # randomly flip images
    vertical_flip=False)

# compute quantities required for featurewise normalization
datagen.fit(X_train)
print('mean', datagen.mean.ravel().round(1).tolist(), 'std', datagen.std.size)
valgen = ImageDataGenerator(featurewise_center=True, featurewise_std_normalization=True)
valgen.fit(X_train)

batch, labels = next(datagen.flow(X_train, Y_train, batch_size=batch_size))
print('a batch:', batch.shape, labels.shape, 'mean', abs(batch.mean()) < 0.3)
hist = model.fit_generator(datagen.flow(X_train, Y_train, batch_size=batch_size),
                           samples_per_epoch=X_train.shape[0],
                           nb_epoch=nb_epoch, verbose=0,
                           validation_data=valgen.flow(X_test, Y_test, batch_size=30),
                           nb_val_samples=X_test.shape[0])
print('keys', sorted(hist.history), len(hist.history['loss']))
print('val_acc', max(hist.history['val_acc']))

# a generator of our own, which never ends
seen = []


def my_generator(X, Y, batch_size):
    while 1:
        for start in range(0, len(X), batch_size):
            seen.append(start)
            yield X[start:start + batch_size], Y[start:start + batch_size]


standard = (X_test - datagen.mean) / (datagen.std + 1e-7)
score = model.evaluate_generator(my_generator(standard, Y_test, 20), val_samples=60)
same = model.evaluate(standard, Y_test, verbose=0)
print('evaluate_generator', score[1], np.allclose(score, same, atol=1e-4))
predicted = model.predict_generator((X for X, Y in my_generator(standard, Y_test, 20)), val_samples=60)
print('predict_generator', predicted.shape, np.allclose(predicted, model.predict(standard), atol=1e-5))

seen[:] = []
model.fit_generator(my_generator(standard, Y_test, 20), samples_per_epoch=60, nb_epoch=2, verbose=0,
                    validation_data=(standard, Y_test), max_q_size=2)
print('batches drawn:', seen[:6])

# prints: X_train shape: (240, 10, 10, 3) uint8
# prints: mean [<0.2..0.5>, <0.2..0.5>, <0.2..0.5>] std 3
# prints: a batch: (32, 10, 10, 3) (32, 2) mean True
# prints: keys ['acc', 'loss', 'val_acc', 'val_loss'] 6
# prints: val_acc <0.85..1.0>
# prints: evaluate_generator <0.7..1.0> True
# prints: predict_generator (60, 2) True
# prints: batches drawn: [0, 20, 40, 0, 20, 40]
# notice: fit_generator(nb_epoch=...)
# notice: model.fit_generator(...)  ...model.fit(...)
# slow
