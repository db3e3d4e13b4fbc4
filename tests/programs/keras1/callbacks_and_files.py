'''Every callback that came with Keras in one run, and what they leave behind.'''
from __future__ import print_function
import glob
import os
import numpy as np
np.random.seed(14)

from keras.models import Sequential
from keras.layers import Dense, Dropout
from keras.optimizers import SGD
from keras.callbacks import (ModelCheckpoint, EarlyStopping, ReduceLROnPlateau, LearningRateScheduler, TensorBoard,
                             CSVLogger, History)
from keras import backend as K

X = np.random.randn(400, 10)
y = (np.abs(X[:, 0]) + X[:, 1] > 1).astype('int')
X_train, y_train, X_val, y_val = X[:300], y[:300], X[300:], y[300:]


def make_model(lr=0.1):
    model = Sequential()
    model.add(Dense(24, input_dim=10, init='he_normal', activation='relu'))
    model.add(Dropout(0.1))
    model.add(Dense(1, activation='sigmoid'))
    model.compile(loss='binary_crossentropy', optimizer=SGD(lr=lr, momentum=0.9), metrics=['accuracy'])
    return model


model = make_model()
os.mkdir('checkpoints')
checkpoint = ModelCheckpoint('checkpoints/weights.{epoch:02d}-{val_acc:.2f}.hdf5', monitor='val_acc', verbose=0,
                             save_best_only=True, mode='max')
latest = ModelCheckpoint('latest.h5', save_weights_only=True)
stopper = EarlyStopping(monitor='val_acc', patience=5, verbose=0, mode='max')
plateau = ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=2, min_lr=0.001)
board = TensorBoard(log_dir='./logs', histogram_freq=0, write_graph=True)
own = History()
hist = model.fit(X_train, y_train, nb_epoch=40, batch_size=25, verbose=0, validation_data=(X_val, y_val),
                 callbacks=[checkpoint, latest, stopper, plateau, board, CSVLogger('log.csv'), own])

accs = hist.history['val_acc']
print('best val_acc', max(accs))
files = sorted(glob.glob('checkpoints/*.hdf5'))
print('files', len(files), files[-1].endswith('-%.2f.hdf5' % max(accs)))
epochs = len(hist.epoch)
print('stopped early:', epochs < 40, 'patience:', epochs - 1 - int(np.argmax(accs)) >= 5)
print('keys', sorted(set(hist.history) - set(['lr'])), own.history['loss'] == hist.history['loss'])
print('rates fell:', hist.history['lr'][0], 0.001 <= K.get_value(model.optimizer.lr) <= 0.1)
print('logs', len(os.listdir('logs')) > 0, open('log.csv').readline().strip())

# the best weights again
model.load_weights(files[-1])
loss, acc = model.evaluate(X_val, y_val, verbose=0)
print('loaded', abs(acc - max(accs)) < 1e-6)
latest_model = make_model()
latest_model.load_weights('latest.h5')
print('latest', abs(latest_model.evaluate(X_val, y_val, verbose=0)[1] - accs[-1]) < 1e-6)


# a schedule
def step_decay(epoch):
    return 0.1 * 0.5 ** (epoch // 2)


rates = []


class Watch(History):
    def on_epoch_begin(self, epoch, logs=None):
        rates.append(float(K.get_value(self.model.optimizer.lr)))


model = make_model(lr=0.7)
model.fit(X_train, y_train, nb_epoch=5, verbose=0, callbacks=[LearningRateScheduler(step_decay), Watch()])
print('schedule', ' '.join('%.3f' % r for r in rates))

# decay of the rate over updates
sgd = SGD(lr=0.1, decay=0.5)
small = Sequential([Dense(1, input_dim=1, init='zero', bias=False)])
small.compile(sgd, 'mse')
before = 0.
moves = []
for _ in range(3):
    small.train_on_batch(np.ones((4, 1)), before * np.ones((4, 1)) + 1.)
    now = float(small.get_weights()[0][0, 0])
    moves.append(now - before)
    before = now
print('decayed', ' '.join('%.3f' % m for m in moves))

# prints: best val_acc <0.75..1.0>
# prints: files <1..40> True
# prints: stopped early: True patience: True
# prints: keys ['acc', 'loss', 'val_acc', 'val_loss'] True
# prints: rates fell: <0.09..0.11> True
# prints: logs True epoch,acc,loss,lr,val_acc,val_loss
# prints: loaded True
# prints: latest True
# prints: schedule 0.100 0.100 0.050 0.050 0.025
# prints: decayed 0.200 0.133 0.100
# slow
