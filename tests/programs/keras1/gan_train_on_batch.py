'''A generative adversarial network in one dimension: learn where the data lie.

The discriminator is trained on its own batches; then it is frozen and the generator is trained
through it.
'''
from __future__ import print_function
import numpy as np
np.random.seed(8)

from keras.models import Sequential
from keras.layers import Dense, Activation
from keras.layers.advanced_activations import LeakyReLU
from keras.optimizers import SGD, Adam

batch_size = 64
noise_dim = 4


def real_batch(n):
    return np.random.normal(loc=3., scale=0.5, size=(n, 1))


def make_trainable(net, val):
    net.trainable = val
    for l in net.layers:
        l.trainable = val


def generator_model():
    model = Sequential()
    model.add(Dense(input_dim=noise_dim, output_dim=16))
    model.add(Activation('tanh'))
    model.add(Dense(1))
    return model


def discriminator_model():
    model = Sequential()
    model.add(Dense(16, input_dim=1, init='he_normal'))
    model.add(LeakyReLU(0.2))
    model.add(Dense(16))
    model.add(LeakyReLU(alpha=0.2))
    model.add(Dense(1))
    model.add(Activation('sigmoid'))
    return model


def generator_containing_discriminator(generator, discriminator):
    model = Sequential()
    model.add(generator)
    make_trainable(discriminator, False)
    model.add(discriminator)
    return model


generator = generator_model()
discriminator = discriminator_model()
gan = generator_containing_discriminator(generator, discriminator)
generator.compile(loss='binary_crossentropy', optimizer='sgd')
gan.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.004, beta_1=0.5))
print('weights trained in the gan', len(gan.trainable_weights), 'of', len(gan.weights))
make_trainable(discriminator, True)
discriminator.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.004, beta_1=0.5))

noise = np.random.uniform(-1, 1, size=(400, noise_dim))
print('before: mean %.2f' % generator.predict(noise).mean())
d_losses, g_losses, means = [], [], []
for index in range(500):
    noise_batch = np.random.uniform(-1, 1, size=(batch_size, noise_dim))
    generated = generator.predict(noise_batch, verbose=0)
    X = np.concatenate((real_batch(batch_size), generated))
    y = [1] * batch_size + [0] * batch_size
    d_loss = discriminator.train_on_batch(X, np.array(y))

    frozen = [w.copy() for w in discriminator.get_weights()]
    discriminator.trainable = False
    noise_batch = np.random.uniform(-1, 1, (batch_size, noise_dim))
    g_loss = gan.train_on_batch(noise_batch, np.array([1] * batch_size))
    discriminator.trainable = True
    d_losses.append(d_loss)
    g_losses.append(g_loss)
    if index % 100 == 99:
        print('batch %d d_loss : %f g_loss : %f' % (index, d_loss, g_loss))
    if index >= 300 and index % 10 == 0:
        means.append(generator.predict(noise).mean())

moved = max(np.abs(a - b).max() for a, b in zip(frozen, discriminator.get_weights()))
print('the discriminator moved in the last step of the generator by', moved)
print('losses are numbers:', np.ndim(d_loss) == 0 and np.ndim(g_loss) == 0)
print('after: mean %.2f' % np.mean(means))
print('the discriminator can hardly tell: %.2f' % np.mean(d_losses[-50:]))

# prints: weights trained in the gan 4 of 10
# prints: before: mean <-1.0..1.0>
# prints: batch 499 d_loss : <0.2..1.2> g_loss : <0.2..2.5>
# prints: the discriminator moved in the last step of the generator by 0.0
# prints: losses are numbers: True
# prints: after: mean <2.3..3.7>
# prints: the discriminator can hardly tell: <0.4..0.9>
# notice: Dense(output_dim=...)  ...units=...
# slow
