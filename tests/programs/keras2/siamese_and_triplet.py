'''Siamese networks on pairs and on triplets.

The contrastive loss draws pairs of one class together and pushes others apart, up to a margin; the triplet loss
compares an anchor with a positive and a negative.
'''
from __future__ import absolute_import
from __future__ import print_function

import random

import numpy as np
from keras import backend as K
from keras.layers import Dense, Dropout, Flatten, Input, Lambda, concatenate
from keras.models import Model, Sequential
from keras.optimizers import Adam, RMSprop

num_classes = 4
epochs = 8


def euclidean_distance(vects):
    x, y = vects
    sum_square = K.sum(K.square(x - y), axis=1, keepdims=True)
    return K.sqrt(K.maximum(sum_square, K.epsilon()))


def eucl_dist_output_shape(shapes):
    shape1, shape2 = shapes
    return (shape1[0], 1)


def contrastive_loss(y_true, y_pred):
    margin = 1
    square_pred = K.square(y_pred)
    margin_square = K.square(K.maximum(margin - y_pred, 0))
    return K.mean(y_true * square_pred + (1 - y_true) * margin_square)


def create_pairs(x, digit_indices):
    '''Positive and negative pair creation. Alternates between positive and negative pairs.'''
    pairs = []
    labels = []
    n = min([len(digit_indices[d]) for d in range(num_classes)]) - 1
    for d in range(num_classes):
        for i in range(n):
            z1, z2 = digit_indices[d][i], digit_indices[d][i + 1]
            pairs += [[x[z1], x[z2]]]
            inc = random.randrange(1, num_classes)
            dn = (d + inc) % num_classes
            z1, z2 = digit_indices[d][i], digit_indices[dn][i]
            pairs += [[x[z1], x[z2]]]
            labels += [1, 0]
    return np.array(pairs), np.array(labels)


def create_base_network(input_shape):
    '''Base network to be shared (eq. to feature extraction).'''
    input = Input(shape=input_shape)
    x = Flatten()(input)
    x = Dense(32, activation='relu')(x)
    x = Dropout(0.1)(x)
    x = Dense(32, activation='relu')(x)
    return Model(input, x)


def compute_accuracy(y_true, y_pred):
    '''Compute classification accuracy with a fixed threshold on distances.'''
    pred = y_pred.ravel() < 0.5
    return np.mean(pred == y_true)


def accuracy(y_true, y_pred):
    '''Compute classification accuracy with a fixed threshold on distances.'''
    return K.mean(K.equal(y_true, K.cast(y_pred < 0.5, y_true.dtype)))


random.seed(0)
np.random.seed(0)
centers = np.random.rand(num_classes, 4, 4)
labels = np.random.randint(0, num_classes, 400)
data = (centers[labels] + 0.15 * np.random.randn(400, 4, 4)).astype('float32')
x_train, y_train, x_test, y_test = data[:280], labels[:280], data[280:], labels[280:]
input_shape = x_train.shape[1:]

# create training+test positive and negative pairs
digit_indices = [np.where(y_train == i)[0] for i in range(num_classes)]
tr_pairs, tr_y = create_pairs(x_train, digit_indices)
digit_indices = [np.where(y_test == i)[0] for i in range(num_classes)]
te_pairs, te_y = create_pairs(x_test, digit_indices)

# network definition
base_network = create_base_network(input_shape)
input_a = Input(shape=input_shape)
input_b = Input(shape=input_shape)

# because we re-use the same instance `base_network`, the weights of the network will be shared across the two branches
processed_a = base_network(input_a)
processed_b = base_network(input_b)
distance = Lambda(euclidean_distance, output_shape=eucl_dist_output_shape)([processed_a, processed_b])
model = Model([input_a, input_b], distance)

# train
rms = RMSprop()
model.compile(loss=contrastive_loss, optimizer=rms, metrics=[accuracy])
hist = model.fit([tr_pairs[:, 0], tr_pairs[:, 1]], tr_y, batch_size=16, epochs=epochs, verbose=0,
                 validation_data=([te_pairs[:, 0], te_pairs[:, 1]], te_y))
print(sorted(hist.history))
print('shared', len(base_network.get_weights()), len(model.get_weights()), [l.name for l in model.layers])

y_pred = model.predict([tr_pairs[:, 0], tr_pairs[:, 1]])
print('* Accuracy on training set: %0.2f%%' % (100 * compute_accuracy(tr_y, y_pred)))
y_pred = model.predict([te_pairs[:, 0], te_pairs[:, 1]])
te_acc = compute_accuracy(te_y, y_pred)
print('* Accuracy on test set: %0.2f%%' % (100 * te_acc))
print('the metric says the same:', abs(hist.history['val_accuracy'][-1] - te_acc) < 0.02)


# --- triplets: the three embeddings leave the model side by side
def triplet_loss(y_true, y_pred, alpha=0.4):
    total_length = y_pred.shape.as_list()[-1]
    size = total_length // 3
    anchor = y_pred[:, 0:size]
    positive = y_pred[:, size:2 * size]
    negative = y_pred[:, 2 * size:]
    pos_dist = K.sum(K.square(anchor - positive), axis=1)
    neg_dist = K.sum(K.square(anchor - negative), axis=1)
    return K.maximum(pos_dist - neg_dist + alpha, 0.0)


embedding = Sequential()
embedding.add(Flatten(input_shape=input_shape))
embedding.add(Dense(16, activation='relu'))
embedding.add(Dense(8, activation=None))
embedding.add(Lambda(lambda x: K.l2_normalize(x, axis=1)))

anchor_input = Input(input_shape, name='anchor_input')
positive_input = Input(input_shape, name='positive_input')
negative_input = Input(input_shape, name='negative_input')
merged_vector = concatenate([embedding(t) for t in (anchor_input, positive_input, negative_input)], axis=-1,
                            name='merged_layer')
triplet = Model(inputs=[anchor_input, positive_input, negative_input], outputs=merged_vector)
triplet.compile(loss=triplet_loss, optimizer=Adam(0.005))

anchors = np.arange(280)
positives = np.array([np.random.choice(np.where(y_train == y_train[i])[0]) for i in anchors])
negatives = np.array([np.random.choice(np.where(y_train != y_train[i])[0]) for i in anchors])
dummy = np.empty((280, 1))
dummy[:] = 0
loss = triplet.fit([x_train[anchors], x_train[positives], x_train[negatives]], y=dummy, batch_size=32, epochs=12,
                   verbose=0).history['loss']
print('triplet loss', loss[0] > 3 * loss[-1], loss[-1])
vectors, known = embedding.predict(x_test), embedding.predict(x_train)
nearest = y_train[(vectors.dot(known.T)).argmax(axis=1)]
print('nearest neighbor', np.mean(nearest == y_test), np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3))

# prints: ['accuracy', 'loss', 'val_accuracy', 'val_loss']
# prints: shared 4 4 ['input_2', 'input_3', 'model_1', 'lambda_1']
# prints: * Accuracy on training set: <88..100>%
# prints: * Accuracy on test set: <85..100>%
# prints: the metric says the same: True
# prints: triplet loss True <0..0.15>
# prints: nearest neighbor <0.9..1> True
# slow
