"""Wasserstein GAN: a critic without a sigmoid, its own loss, and weights clipped after every update."""
from __future__ import print_function, division

import numpy as np
import keras.backend as K
from keras.layers import Activation, BatchNormalization, Dense, Input, LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import RMSprop

np.random.seed(9)

latent_dim = 4
n_critic = 5
clip_value = 0.1
optimizer = RMSprop(lr=0.002)


def wasserstein_loss(y_true, y_pred):
    return K.mean(y_true * y_pred)


def build_critic():
    model = Sequential()
    model.add(Dense(32, input_shape=(1,)))
    model.add(LeakyReLU(alpha=0.2))
    model.add(Dense(32))
    model.add(LeakyReLU(alpha=0.2))
    model.add(Dense(1))
    return model


def build_generator():
    model = Sequential()
    model.add(Dense(16, input_dim=latent_dim, activation='relu'))
    model.add(Dense(16, activation='relu'))
    model.add(Dense(1))
    return model


# Build and compile the critic
critic = build_critic()
critic.compile(loss=wasserstein_loss, optimizer=optimizer, metrics=['accuracy'])

generator = build_generator()
z = Input(shape=(latent_dim,))
number = generator(z)
# For the combined model we will only train the generator
critic.trainable = False
valid = critic(number)
combined = Model(z, valid)
combined.compile(loss=wasserstein_loss, optimizer=RMSprop(lr=0.002), metrics=['accuracy'])

real = np.random.normal(3., 0.5, (2000, 1))
batch_size = 64
valid = -np.ones((batch_size, 1))
fake = np.ones((batch_size, 1))
start = generator.predict(np.random.normal(0, 1, (400, latent_dim))).mean()

for epoch in range(121):
    for _ in range(n_critic):
        imgs = real[np.random.randint(0, real.shape[0], batch_size)]
        noise = np.random.normal(0, 1, (batch_size, latent_dim))
        gen_imgs = generator.predict(noise, verbose=0)

        d_loss_real = critic.train_on_batch(imgs, valid)
        d_loss_fake = critic.train_on_batch(gen_imgs, fake)
        d_loss = 0.5 * np.add(d_loss_fake, d_loss_real)

        # Clip critic weights
        for l in critic.layers:
            weights = l.get_weights()
            weights = [np.clip(w, -clip_value, clip_value) for w in weights]
            l.set_weights(weights)

    g_loss = combined.train_on_batch(noise, valid)
    if epoch % 60 == 0:
        print("%d [D loss: %f] [G loss: %f]" % (epoch, 1 - d_loss[0], 1 - g_loss[0]))

largest = max(np.abs(w).max() for w in critic.get_weights())
print('clipped', largest <= clip_value + 1e-6, 'critic on data above critic on zero:',
      critic.predict(real[:100]).mean() > critic.predict(np.zeros((1, 1)))[0, 0])
made = generator.predict(np.random.normal(0, 1, (400, latent_dim)))
print('mean from', start, 'to', made.mean())

# prints: 0 [D loss: <0.5..1.5>] [G loss: <0.5..1.5>]
# prints: 120 [D loss: <0.5..1.5>]
# prints: clipped True critic on data above critic on zero:
# prints: mean from <-1..1> to <2..4>
# slow
