'''A small convnet that tells three shapes apart, written on the Theano backend.

Nothing here names an order of dimensions: images are (channels, rows, columns).
'''
from __future__ import print_function
import numpy as np
np.random.seed(1337)

from keras.models import Sequential
from keras.layers.core import Dense, Dropout, Activation, Flatten
from keras.layers.convolutional import Convolution2D, MaxPooling2D, ZeroPadding2D
from keras.utils import np_utils

batch_size = 32
nb_classes = 3
nb_epoch = 14

# input image dimensions
img_rows, img_cols = 12, 12
# number of convolutional filters to use
nb_filters = 8
# size of pooling area for max pooling
nb_pool = 2
# convolution kernel size
nb_conv = 3


def draw(kind):
    img = np.random.rand(img_rows, img_cols) * 0.3
    r, c = np.random.randint(2, 6, size=2)
    if kind == 0:  # a bar across
        img[r, 1:11] = 1
    elif kind == 1:  # a bar down
        img[1:11, c] = 1
    else:  # a box
        img[r:r + 4, c:c + 4] = 1
    return img


y = np.random.randint(0, nb_classes, size=480)
X = np.array([draw(kind) for kind in y])
X = X.reshape(X.shape[0], 1, img_rows, img_cols)
X = X.astype('float32')
X_train, X_test = X[:400], X[400:]
Y_train = np_utils.to_categorical(y[:400], nb_classes)
Y_test = np_utils.to_categorical(y[400:], nb_classes)
print('X_train shape:', X_train.shape)
print(X_train.shape[0], 'train samples')
print(X_test.shape[0], 'test samples')

model = Sequential()
model.add(Convolution2D(nb_filters, nb_conv, nb_conv,
                        border_mode='valid',
                        input_shape=(1, img_rows, img_cols)))
model.add(Activation('relu'))
model.add(ZeroPadding2D((1, 1)))
model.add(Convolution2D(nb_filters, nb_conv, nb_conv, subsample=(2, 2), init='he_normal'))
model.add(Activation('relu'))
model.add(MaxPooling2D(pool_size=(nb_pool, nb_pool)))
model.add(Dropout(0.1))
model.add(Flatten())
model.add(Dense(24))
model.add(Activation('relu'))
model.add(Dense(nb_classes))
model.add(Activation('softmax'))
for layer in model.layers:
    print(layer.name, layer.output_shape)

model.compile(loss='categorical_crossentropy', optimizer='adadelta', metrics=['accuracy'])
model.fit(X_train, Y_train, batch_size=batch_size, nb_epoch=nb_epoch,
          verbose=0, validation_data=(X_test, Y_test))
score = model.evaluate(X_test, Y_test, verbose=0)
print('Test score:', score[0])
print('Test accuracy:', score[1])

# the filters, to be shown as pictures
W = model.layers[0].W.get_value(borrow=True)
print('filters:', W.shape, np.squeeze(W).shape, 'biases:', model.layers[0].get_weights()[1].shape)
kept = model.predict(X_test[:5])
weights = model.layers[0].get_weights()
model.layers[0].set_weights([np.zeros((8, 1, 3, 3)), weights[1]])
print('changed:', np.abs(model.predict(X_test[:5]) - kept).max() > 1e-3)
model.layers[0].set_weights(weights)
print('back:', np.abs(model.predict(X_test[:5]) - kept).max())

# prints: X_train shape: (400, 1, 12, 12)
# prints: 400 train samples
# prints: 80 test samples
# prints: convolution2d_1 (None, 8, 10, 10)
# prints: zeropadding2d_1 (None, 8, 12, 12)
# prints: convolution2d_2 (None, 8, 5, 5)
# prints: maxpooling2d_1 (None, 8, 2, 2)
# prints: flatten_1 (None, 32)
# prints: Test score: <0.0..0.7>
# prints: Test accuracy: <0.9..1.0>
# prints: filters: (8, 1, 3, 3) (8, 3, 3) biases: (8,)
# prints: changed: True
# prints: back: <0.0..0.00001>
# notice: Convolution2D(nb_row, nb_col)
# notice: Convolution2D(border_mode=...)  ...padding=...
# slow
