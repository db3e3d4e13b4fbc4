'''Trains a small deep network on a task of three rings, and draws the curves.

Gets to 0.95 test accuracy after 40 epochs.
'''

from __future__ import print_function

import os

import keras
import numpy as np
import matplotlib
matplotlib.use('Agg')
import matplotlib.pyplot as plt
from keras.layers import Dense, Dropout
from keras.models import Sequential
from keras.optimizers import RMSprop

batch_size = 32
num_classes = 3
epochs = 40

# fix random seed for reproducibility
seed = 7
np.random.seed(seed)


def load_rings(n):
    labels = np.random.randint(0, num_classes, n)
    angle = np.random.uniform(0, 2 * np.pi, n)
    radius = 1. + labels + 0.15 * np.random.randn(n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1), labels


(x_train, y_train), (x_test, y_test) = load_rings(1200), load_rings(300)
x_train = x_train.astype('float32')
x_test = x_test.astype('float32')
x_train /= 3
x_test /= 3
print(x_train.shape[0], 'train samples')
print(x_test.shape[0], 'test samples')

# convert class vectors to binary class matrices
y_train = keras.utils.to_categorical(y_train, num_classes)
y_test = keras.utils.to_categorical(y_test, num_classes)

model = Sequential()
model.add(Dense(64, activation='relu', input_shape=(2,)))
model.add(Dropout(0.1))
model.add(Dense(64, activation='relu'))
model.add(Dropout(0.1))
model.add(Dense(num_classes, activation='softmax'))

model.summary()

model.compile(loss='categorical_crossentropy',
              optimizer=RMSprop(lr=0.003, decay=1e-4),
              metrics=['accuracy'])

history = model.fit(x_train, y_train,
                    batch_size=batch_size,
                    epochs=epochs,
                    verbose=2,
                    validation_data=(x_test, y_test))
score = model.evaluate(x_test, y_test, verbose=0)
print('Test loss:', score[0])
print('Test accuracy:', score[1])

# list all data in history
print(history.history.keys())
print(model.metrics_names)
print('lr', round(float(keras.backend.get_value(model.optimizer.lr)), 6))
print('decay', '%.5f' % keras.backend.get_value(model.optimizer.decay))
print('iterations', int(keras.backend.get_value(model.optimizer.iterations)))

# summarize history for accuracy
plt.plot(history.history['acc'])
plt.plot(history.history['val_acc'])
plt.title('model accuracy')
plt.ylabel('accuracy')
plt.xlabel('epoch')
plt.legend(['train', 'test'], loc='upper left')
plt.savefig('accuracy.png')
plt.clf()
plt.plot(history.history['loss'])
plt.plot(history.history['val_loss'])
plt.savefig('loss.png')
print('pictures', sorted(f for f in os.listdir('.') if f.endswith('.png')))
print('first and last', history.history['acc'][0], history.history['acc'][-1], len(history.epoch))

# prints: 1200 train samples
# prints: 300 test samples
# prints: dense_1 (Dense)...(None, 64)...192
# prints: dropout_2
# prints: dense_3 (Dense)...(None, 3)...195
# prints: Total params: 4,547
# prints: Epoch 1/40
# prints: acc: <0..1>...val_acc: <0..1>
# prints: Epoch 40/40
# prints: Test loss: <0..0.25>
# prints: Test accuracy: <0.93..1>
# prints: dict_keys([
# prints: ['loss', 'acc']
# prints: lr 0.003
# prints: decay 0.00010
# prints: iterations 1520
# prints: pictures ['accuracy.png', 'loss.png']
# prints: first and last <0.3..0.93> <0.85..1> 40
# notice: RMSprop(lr=...)
