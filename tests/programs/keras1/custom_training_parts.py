'''An objective, a metric, callbacks and an optimizer of our own.'''
from __future__ import print_function
import numpy as np
np.random.seed(6)

import keras
from keras import backend as K
from keras.models import Sequential
from keras.layers.core import Dense
from keras.callbacks import Callback, LambdaCallback
from keras.optimizers import Optimizer

X = np.random.randn(256, 5).astype('float32')
w_true = np.array([1., 2., -1., 0.5, -0.5])
y = X.dot(w_true).reshape(-1, 1)
y[::16] += 20.  # outliers


def logcosh_like(y_true, y_pred):
    '''An objective which outliers don't pull: sqrt(1 + e^2) - 1.'''
    error = y_pred - y_true
    return K.mean(K.sqrt(1. + K.square(error)) - 1., axis=-1)


def within_one(y_true, y_pred):
    return K.mean(K.cast(K.lesser(K.abs(y_true - y_pred), 1.), K.floatx()))


class LossHistory(Callback):
    def on_train_begin(self, logs={}):
        self.losses = []
        self.epochs = []
        self.told = [self.params[k] for k in ('nb_epoch', 'nb_sample', 'batch_size', 'do_validation', 'metrics')]

    def on_batch_begin(self, batch, logs={}):
        self.size = logs.get('size')

    def on_batch_end(self, batch, logs={}):
        self.losses.append(logs.get('loss'))

    def on_epoch_end(self, epoch, logs={}):
        self.epochs.append((epoch, sorted(logs.keys())))
        if logs.get('loss') < 0.2 and epoch >= 20:
            self.model.stop_training = True


class MomentumSGD(Optimizer):
    '''Gradient descent with momentum, in Keras's protocol.'''

    def __init__(self, lr=0.01, momentum=0.9, **kwargs):
        super(MomentumSGD, self).__init__(**kwargs)
        self.__dict__.update(locals())
        self.iterations = K.variable(0.)
        self.lr = K.variable(lr)
        self.momentum = K.variable(momentum)

    def get_updates(self, params, constraints, loss):
        grads = self.get_gradients(loss, params)
        self.updates = [K.update_add(self.iterations, 1)]

        shapes = [K.get_variable_shape(p) for p in params]
        moments = [K.zeros(shape) for shape in shapes]
        self.weights = [self.iterations] + moments
        for p, g, m in zip(params, grads, moments):
            v = self.momentum * m - self.lr * g  # velocity
            self.updates.append(K.update(m, v))
            new_p = p + v
            # apply constraints
            if p in constraints:
                c = constraints[p]
                new_p = c(new_p)
            self.updates.append(K.update(p, new_p))
        return self.updates

    def get_config(self):
        config = {'lr': float(K.get_value(self.lr)), 'momentum': float(K.get_value(self.momentum))}
        base_config = super(MomentumSGD, self).get_config()
        return dict(list(base_config.items()) + list(config.items()))


model = Sequential()
model.add(Dense(1, input_dim=5, W_constraint=keras.constraints.maxnorm(10), bias=False))
optimizer = MomentumSGD(lr=0.05, momentum=0.8)
model.compile(loss=logcosh_like, optimizer=optimizer, metrics=[within_one])
history = LossHistory()
seen = []
tell = LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(logs['within_one']))
hist = model.fit(X, y, batch_size=32, nb_epoch=30, verbose=0, callbacks=[history, tell])

print('params', history.told)
print('batches per epoch', len(history.losses) // len(history.epochs), 'size', history.size)
print('logs', history.epochs[0])
print('loss', history.losses[0] > history.losses[-1], 'metrics', model.metrics_names)
print('within one', seen[-1], seen[-1] == hist.history['within_one'][-1])
print('weights', np.abs(model.layers[0].get_weights()[0].ravel() - w_true).max())
print('iterations', int(K.get_value(optimizer.iterations)), '%.2f' % optimizer.get_config()['lr'])

# squared error is pulled by the outliers
plain = Sequential([Dense(1, input_dim=5, bias=False)])
plain.compile('sgd', 'mse', metrics=['mae'])
plain.fit(X, y, nb_epoch=20, verbose=0)
print('names', plain.metrics_names)
print('robust is closer:', np.abs(plain.get_weights()[0].ravel() - w_true).max()
      > np.abs(model.get_weights()[0].ravel() - w_true).max())

# stopped by the callback, and the default number of epochs
class Stop(Callback):
    def on_epoch_end(self, epoch, logs={}):
        if epoch == 2:
            self.model.stop_training = True

print('stopped after', len(model.fit(X, y, verbose=0, callbacks=[Stop()]).epoch),
      'default', len(model.fit(X, y, verbose=0).epoch))
# the learning rate, set from outside
K.set_value(optimizer.lr, 0.)
kept = model.get_weights()[0]
model.fit(X, y, nb_epoch=3, verbose=0)
print('rate 0', np.abs(model.get_weights()[0] - kept).max() < 0.2)

# prints: params [30, 256, 32, False, ['loss', 'within_one']]
# prints: batches per epoch 8 size 32
# prints: logs (0, ['loss', 'within_one'])
# prints: loss True metrics ['loss', 'within_one']
# prints: within one <0.88..0.95> True
# prints: weights <0.0..0.5>
# prints: iterations <160..240> 0.05
# prints: names ['loss', 'mean_absolute_error']
# prints: robust is closer: True
# prints: stopped after 3 default 10
# prints: rate 0 True
