"""Callbacks written for a competition: ROC AUC by scikit-learn on the validation data, a snapshot's cosine rate."""
from __future__ import print_function

import os

import numpy as np
import keras
from keras import backend as K
from keras.callbacks import (Callback, CSVLogger, EarlyStopping, LambdaCallback, LearningRateScheduler,
                             ModelCheckpoint, ReduceLROnPlateau, TensorBoard)
from keras.layers import BatchNormalization, Dense, Dropout
from keras.models import Sequential
from sklearn.metrics import f1_score, roc_auc_score
from sklearn.model_selection import train_test_split

np.random.seed(99)


class roc_callback(Callback):
    def __init__(self, training_data):
        self.x = training_data[0]
        self.y = training_data[1]

    def on_train_begin(self, logs={}):
        self.aucs = []
        self.losses = []

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get('loss'))

    def on_epoch_end(self, epoch, logs={}):
        y_pred = self.model.predict(self.x)
        roc = roc_auc_score(self.y, y_pred)
        y_pred_val = self.model.predict(self.validation_data[0])
        roc_val = roc_auc_score(self.validation_data[1], y_pred_val)
        val_f1 = f1_score(self.validation_data[1], np.asarray(y_pred_val).round())
        self.aucs.append(roc_val)
        logs['val_f1'] = val_f1
        print('\rroc-auc: %s - roc-auc_val: %s' % (str(round(roc, 4)), str(round(roc_val, 4))), end=10 * ' ' + '\n')
        return


class LrReporter(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        lr = float(K.get_value(self.model.optimizer.lr))
        if epoch == 3:
            K.set_value(self.model.optimizer.lr, lr * 0.5)

    def on_epoch_end(self, epoch, logs=None):
        lr = self.model.optimizer.lr
        decay = self.model.optimizer.decay
        iterations = self.model.optimizer.iterations
        lr_with_decay = lr / (1. + decay * K.cast(iterations, K.dtype(decay)))
        if epoch in (0, 3):
            print('epoch', epoch, 'lr %.5f' % K.eval(lr_with_decay), 'params', self.params['epochs'],
                  self.params['samples'], sorted(self.params['metrics']))


x = np.random.normal(size=(500, 10))
y = (x[:, 0] * x[:, 1] + x[:, 2] > 0).astype('int')
X_train, X_val, y_train, y_val = train_test_split(x, y, test_size=0.2, random_state=0)

model = Sequential()
model.add(Dense(32, activation='relu', input_dim=10))
model.add(BatchNormalization())
model.add(Dropout(0.1))
model.add(Dense(1, activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=keras.optimizers.Adam(lr=0.02), metrics=['accuracy'])

roc = roc_callback(training_data=(X_train, y_train))
filepath = 'weights.{epoch:02d}-{val_acc:.2f}.hdf5'
checkpoint = ModelCheckpoint(filepath, monitor='val_acc', verbose=0, save_best_only=True, mode='max')
hist = model.fit(X_train, y_train, batch_size=40, epochs=6, verbose=0, validation_data=(X_val, y_val),
                 callbacks=[roc, LrReporter(), checkpoint, CSVLogger('log.csv', append=True, separator=';')])
print('batches', len(roc.losses), 'auc', roc.aucs[-1])
print('history', sorted(hist.history))
files = sorted(f for f in os.listdir('.') if f.endswith('.hdf5'))
best = int(np.argmax(hist.history['val_acc'])) + 1
print('saved', len(files) > 0, files[-1] == 'weights.%02d-%.2f.hdf5' % (best, max(hist.history['val_acc'])))
print(open('log.csv').readline().strip())


def step_decay(epoch):
    initial_lrate = 0.1
    drop = 0.5
    epochs_drop = 2.0
    return initial_lrate * np.power(drop, np.floor((1 + epoch) / epochs_drop))


model.compile(loss='binary_crossentropy', optimizer=keras.optimizers.SGD(lr=0.0, momentum=0.9), metrics=['accuracy'])
hist = model.fit(X_train, y_train, batch_size=40, epochs=4, verbose=0, validation_split=0.2,
                 callbacks=[LearningRateScheduler(step_decay)])
print('lr', [round(float(rate), 4) for rate in hist.history['lr']])
reduce = ReduceLROnPlateau(monitor='val_loss', factor=0.2, patience=1, min_lr=0.001, epsilon=10.)
hist = model.fit(X_train, y_train, batch_size=40, epochs=4, verbose=0, validation_data=(X_val, y_val),
                 callbacks=[reduce, EarlyStopping(monitor='val_loss', patience=50)])
print('plateau', [round(float(rate), 4) for rate in hist.history['lr']])

# prints: roc-auc: <0.5..1> - roc-auc_val: <0.5..1>
# prints: epoch 0 lr 0.02000 params 6 400 ['acc', 'loss', 'val_acc', 'val_loss']
# prints: epoch 3 lr 0.01000
# prints: batches 60 auc <0.85..1>
# prints: history ['acc', 'loss', 'val_acc', 'val_f1', 'val_loss']
# prints: saved True True
# prints: epoch;acc;loss;val_acc;val_f1;val_loss
# prints: lr [0.1, 0.05, 0.05, 0.025]
# prints: plateau [0.025, 0.025, 0.005, 0.001]
# notice: optimizer.lr
# slow
