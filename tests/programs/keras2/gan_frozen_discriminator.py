"""A generative adversarial network on a ring of points: the discriminator is frozen in the combined model only."""
from __future__ import print_function, division

import numpy as np
from keras.layers import BatchNormalization, Dense, Dropout, Flatten, Input, Reshape
from keras.layers.advanced_activations import LeakyReLU
from keras.models import Model, Sequential
from keras.optimizers import Adam

np.random.seed(21)


class GAN():
    def __init__(self):
        self.point_shape = (2,)
        self.latent_dim = 8

        optimizer = Adam(0.002, 0.5)

        # Build and compile the discriminator
        self.discriminator = self.build_discriminator()
        self.discriminator.compile(loss='binary_crossentropy', optimizer=optimizer, metrics=['accuracy'])

        # Build the generator
        self.generator = self.build_generator()

        # The generator takes noise as input and generates points
        z = Input(shape=(self.latent_dim,))
        point = self.generator(z)

        # For the combined model we will only train the generator
        self.discriminator.trainable = False

        # The discriminator takes generated points as input and determines validity
        validity = self.discriminator(point)

        # The combined model (stacked generator and discriminator)
        self.combined = Model(z, validity)
        self.combined.compile(loss='binary_crossentropy', optimizer=optimizer)

    def build_generator(self):
        model = Sequential()
        model.add(Dense(32, input_dim=self.latent_dim))
        model.add(LeakyReLU(alpha=0.2))
        model.add(BatchNormalization(momentum=0.8))
        model.add(Dense(32))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(np.prod(self.point_shape), activation='tanh'))
        model.add(Reshape(self.point_shape))
        noise = Input(shape=(self.latent_dim,))
        img = model(noise)
        return Model(noise, img)

    def build_discriminator(self):
        model = Sequential()
        model.add(Flatten(input_shape=self.point_shape))
        model.add(Dense(32))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(32))
        model.add(LeakyReLU(alpha=0.2))
        model.add(Dense(1, activation='sigmoid'))
        img = Input(shape=self.point_shape)
        validity = model(img)
        return Model(img, validity)

    def train(self, X_train, epochs, batch_size=64, sample_interval=50):
        # Adversarial ground truths
        valid = np.ones((batch_size, 1))
        fake = np.zeros((batch_size, 1))

        for epoch in range(epochs):
            # ---------------------
            #  Train Discriminator
            # ---------------------
            idx = np.random.randint(0, X_train.shape[0], batch_size)
            imgs = X_train[idx]
            noise = np.random.normal(0, 1, (batch_size, self.latent_dim))
            gen_imgs = self.generator.predict(noise)

            d_loss_real = self.discriminator.train_on_batch(imgs, valid)
            d_loss_fake = self.discriminator.train_on_batch(gen_imgs, fake)
            d_loss = 0.5 * np.add(d_loss_real, d_loss_fake)

            # ---------------------
            #  Train Generator
            # ---------------------
            noise = np.random.normal(0, 1, (batch_size, self.latent_dim))
            before = self.discriminator.get_weights()[0].copy()
            g_loss = self.combined.train_on_batch(noise, valid)
            assert np.array_equal(before, self.discriminator.get_weights()[0])

            # Plot the progress
            if epoch % sample_interval == 0:
                print("%d [D loss: %f, acc.: %.2f%%] [G loss: %f]" % (epoch, d_loss[0], 100 * d_loss[1], g_loss))


angle = np.random.uniform(0, 2 * np.pi, 1000)
ring = 0.6 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + 0.03 * np.random.randn(1000, 2)

gan = GAN()
print('trainable', len(gan.combined.trainable_weights), 'of', len(gan.combined.weights))
first = gan.discriminator.get_weights()[0].copy()
gan.train(ring, epochs=201, batch_size=64, sample_interval=100)
print('discriminator learned:', not np.allclose(first, gan.discriminator.get_weights()[0], atol=1e-3))
made = gan.generator.predict(np.random.normal(0, 1, (500, 8)))
radius = np.sqrt((made ** 2).sum(axis=1))
print('radius %.3f' % radius.mean())

# prints: trainable 8 of 16
# prints: 0 [D loss: <0.3..1.5>, acc.: <0..100>%] [G loss: <0.3..1.5>]
# prints: 200 [D loss: <0.2..1.5>, acc.: <20..100>%] [G loss: <0.1..4>]
# prints: discriminator learned: True
# prints: radius <0.4..0.8>
# notice: trainable = ... after compile()
# slow
