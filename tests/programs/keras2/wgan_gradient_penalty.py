"""Improved Wasserstein GAN: the gradient penalty is a loss of its own, on points between real and generated ones."""
from __future__ import print_function, division

from functools import partial

import numpy as np
import keras.backend as K
from keras.layers import Dense, Input, LeakyReLU
from keras.layers.merge import _Merge
from keras.models import Model, Sequential
from keras.optimizers import Adam, RMSprop

np.random.seed(13)
BATCH_SIZE = 32


class RandomWeightedAverage(_Merge):
    """Provides a (random) weighted average between real and generated samples"""

    def _merge_function(self, inputs):
        alpha = K.random_uniform((BATCH_SIZE, 1))
        return (alpha * inputs[0]) + ((1 - alpha) * inputs[1])


class WGANGP():
    def __init__(self):
        self.sample_shape = (2,)
        self.latent_dim = 4

        # Following parameter and optimizer set as recommended in paper
        self.n_critic = 4
        optimizer = Adam(lr=0.001, beta_1=0.5, beta_2=0.9)

        self.generator = self.build_generator()
        self.critic = self.build_critic()

        # -------------------------------
        # Construct computational graph for the critic; freeze generator's layers while training it
        # -------------------------------
        self.generator.trainable = False

        real_img = Input(shape=self.sample_shape)
        z_disc = Input(shape=(self.latent_dim,))
        fake_img = self.generator(z_disc)

        # Discriminator determines validity of the real and fake samples
        fake = self.critic(fake_img)
        valid = self.critic(real_img)

        # Construct weighted average between real and fake samples, and determine its validity
        interpolated_img = RandomWeightedAverage()([real_img, fake_img])
        validity_interpolated = self.critic(interpolated_img)

        # Use Python partial to provide loss function with additional 'averaged_samples' argument
        partial_gp_loss = partial(self.gradient_penalty_loss, averaged_samples=interpolated_img)
        partial_gp_loss.__name__ = 'gradient_penalty'  # Keras requires function names

        self.critic_model = Model(inputs=[real_img, z_disc], outputs=[valid, fake, validity_interpolated])
        self.critic_model.compile(loss=[self.wasserstein_loss, self.wasserstein_loss, partial_gp_loss],
                                  optimizer=optimizer,
                                  loss_weights=[1, 1, 10])

        # For the generator we freeze the critic's layers
        self.critic.trainable = False
        self.generator.trainable = True

        z_gen = Input(shape=(4,))
        img = self.generator(z_gen)
        valid = self.critic(img)
        self.generator_model = Model(z_gen, valid)
        self.generator_model.compile(loss=self.wasserstein_loss, optimizer=Adam(lr=0.001, beta_1=0.5, beta_2=0.9))

    def gradient_penalty_loss(self, y_true, y_pred, averaged_samples):
        """Computes gradient penalty based on prediction and weighted real / fake samples"""
        gradients = K.gradients(y_pred, averaged_samples)[0]
        # compute the euclidean norm by squaring ...
        gradients_sqr = K.square(gradients)
        #   ... summing over the rows ...
        gradients_sqr_sum = K.sum(gradients_sqr, axis=np.arange(1, len(gradients_sqr.shape)))
        #   ... and sqrt
        gradient_l2_norm = K.sqrt(gradients_sqr_sum)
        # compute lambda * (1 - ||grad||)^2 still for each single sample
        gradient_penalty = K.square(1 - gradient_l2_norm)
        # return the mean as loss over all the batch samples
        return K.mean(gradient_penalty)

    def wasserstein_loss(self, y_true, y_pred):
        return K.mean(y_true * y_pred)

    def build_generator(self):
        model = Sequential()
        model.add(Dense(24, activation='relu', input_dim=self.latent_dim))
        model.add(Dense(24, activation='relu'))
        model.add(Dense(2))
        noise = Input(shape=(self.latent_dim,))
        return Model(noise, model(noise))

    def build_critic(self):
        model = Sequential()
        model.add(Dense(32, input_shape=self.sample_shape))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(32))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(1))
        img = Input(shape=self.sample_shape)
        return Model(img, model(img))

    def train(self, X_train, epochs, sample_interval=50):
        valid = -np.ones((BATCH_SIZE, 1))
        fake = np.ones((BATCH_SIZE, 1))
        dummy = np.zeros((BATCH_SIZE, 1))  # Dummy gt for gradient penalty
        for epoch in range(epochs):
            for _ in range(self.n_critic):
                idx = np.random.randint(0, X_train.shape[0], BATCH_SIZE)
                imgs = X_train[idx]
                noise = np.random.normal(0, 1, (BATCH_SIZE, self.latent_dim))
                d_loss = self.critic_model.train_on_batch([imgs, noise], [valid, fake, dummy])
            g_loss = self.generator_model.train_on_batch(noise, valid)
            if epoch % sample_interval == 0:
                print("%d [D loss: %f] [G loss: %f] penalty %f" % (epoch, d_loss[0], g_loss, d_loss[3]))
        return d_loss


X = np.random.normal(0, 0.2, (1000, 2)) + [2., -1.]
wgan = WGANGP()
d_loss = wgan.train(X, epochs=401, sample_interval=200)
print('losses', len(d_loss), 'weighted sum', np.isclose(d_loss[0], d_loss[1] + d_loss[2] + 10 * d_loss[3], atol=1e-3))

# the critic's slope, measured
points, step = X[:200], 1e-2
slopes = [(wgan.critic.predict(points + step * e) - wgan.critic.predict(points - step * e)) / (2 * step)
          for e in np.eye(2)]
print('slope %.2f' % np.sqrt(slopes[0] ** 2 + slopes[1] ** 2).mean())
made = wgan.generator.predict(np.random.normal(0, 1, (300, 4)))
print('center %.2f %.2f' % tuple(made.mean(axis=0)))

# prints: 0 [D loss: <-5..20>] [G loss: <-5..5>] penalty <0..2>
# prints: 400 [D loss: <-3..3>]
# prints: losses 4 weighted sum True
# prints: slope <0.4..1.6>
# prints: center <0.9..3.5> <-2.8..0.8>
# slow
