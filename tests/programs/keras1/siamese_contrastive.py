'''Train a siamese network on pairs of noisy patterns, with a contrastive loss.

Two inputs go through the same base network; the Euclidean distance between what comes out is
small for two patterns of one class.
'''
from __future__ import absolute_import
from __future__ import print_function
import numpy as np
np.random.seed(1337)  # for reproducibility

import random
from keras.models import Sequential, Model
from keras.layers import Dense, Dropout, Input, Lambda
from keras.optimizers import RMSprop
from keras import backend as K

random.seed(1)


def euclidean_distance(vects):
    x, y = vects
    return K.sqrt(K.maximum(K.sum(K.square(x - y), axis=1, keepdims=True), K.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def contrastive_loss(y_true, y_pred):
    '''Pairs that belong together are drawn together, the others are kept a margin apart.'''
    margin = 1
    return K.mean(y_true * K.square(y_pred) + (1 - y_true) * K.square(K.maximum(margin - y_pred, 0)))


def create_pairs(x, digit_indices):
    '''Positive and negative pair creation, one after the other.'''
    pairs, labels = [], []
    n = min([len(digit_indices[d]) for d in range(5)]) - 1
    for d in range(5):
        for i in range(n):
            z1, z2 = digit_indices[d][i], digit_indices[d][i + 1]
            pairs += [[x[z1], x[z2]]]
            dn = (d + random.randrange(1, 5)) % 5
            z1, z2 = digit_indices[d][i], digit_indices[dn][i]
            pairs += [[x[z1], x[z2]]]
            labels += [1, 0]
    return np.array(pairs), np.array(labels)


def create_base_network(input_dim):
    '''Base network to be shared (eq. to feature extraction).'''
    seq = Sequential()
    seq.add(Dense(32, input_shape=(input_dim,), activation='relu'))
    seq.add(Dropout(0.1))
    seq.add(Dense(16, activation='relu'))
    return seq


def compute_accuracy(predictions, labels):
    '''Compute classification accuracy with a fixed threshold on distances.'''
    return np.mean((predictions.ravel() < 0.5) == (labels == 1))


patterns = np.random.rand(5, 20)


def make(nb):
    y = np.random.randint(0, 5, size=nb)
    X = patterns[y] + np.random.normal(scale=0.25, size=(nb, 20))
    return create_pairs(X.astype('float32'), [np.where(y == i)[0] for i in range(5)])


tr_pairs, tr_y = make(500)
te_pairs, te_y = make(150)
input_dim = 20

# network definition
base_network = create_base_network(input_dim)
input_a = Input(shape=(input_dim,))
input_b = Input(shape=(input_dim,))

# because we re-use the same instance `base_network`, the weights will be shared across the two branches
processed_a = base_network(input_a)
processed_b = base_network(input_b)
distance = Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)([processed_a, processed_b])
model = Model(input=[input_a, input_b], output=distance)

# train
rms = RMSprop()
model.compile(loss=contrastive_loss, optimizer=rms)
print('output', model.output_shape, 'params', model.count_params(), 'weights', len(model.trainable_weights))
print('before', compute_accuracy(model.predict([te_pairs[:, 0], te_pairs[:, 1]]), te_y) > 0.8)
model.fit([tr_pairs[:, 0], tr_pairs[:, 1]], tr_y, validation_data=([te_pairs[:, 0], te_pairs[:, 1]], te_y),
          batch_size=64, nb_epoch=20, verbose=0)

# compute final accuracy on training and test sets
pred = model.predict([tr_pairs[:, 0], tr_pairs[:, 1]])
tr_acc = compute_accuracy(pred, tr_y)
pred = model.predict([te_pairs[:, 0], te_pairs[:, 1]])
te_acc = compute_accuracy(pred, te_y)
print('* Accuracy on training set: %0.2f%%' % (100 * tr_acc))
print('* Accuracy on test set: %0.2f%%' % (100 * te_acc))

# one network, two places in the graph
print('nodes', base_network.get_output_shape_at(0), base_network.get_output_at(1) is processed_a,
      base_network.get_input_at(2) is input_b)
codes = base_network.predict(te_pairs[:, 0])
other = base_network.predict(te_pairs[:, 1])
print('same distance', np.abs(np.sqrt(((codes - other) ** 2).sum(axis=1)) - pred.ravel()).max())

# prints: output (None, 1) params 1200 weights 4
# prints: before False
# prints: * Accuracy on training set: <92..100>%
# prints: * Accuracy on test set: <88..100>%
# prints: nodes (None, 16) True True
# prints: same distance <0.0..0.002>
# notice: Model(output=...)  ...outputs=...
# slow
