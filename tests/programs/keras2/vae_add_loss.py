'''Variational autoencoder: the reparameterization trick in a Lambda layer, the loss added to the model.'''
from __future__ import absolute_import
from __future__ import division
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras import metrics
from keras.layers import Dense, Input, Lambda, Layer
from keras.losses import binary_crossentropy, mse
from keras.models import Model

np.random.seed(4)


# reparameterization trick: instead of sampling from Q(z|X), sample epsilon = N(0,I); z = z_mean + sqrt(var) * epsilon
def sampling(args):
    z_mean, z_log_var = args
    batch = K.shape(z_mean)[0]
    dim = K.int_shape(z_mean)[1]
    # by default, random_normal has mean = 0 and std = 1.0
    epsilon = K.random_normal(shape=(batch, dim))
    return z_mean + K.exp(0.5 * z_log_var) * epsilon


# data on a line in 12 dimensions, two groups
kind = np.random.randint(0, 2, 500)
position = np.random.rand(500, 1)
patterns = np.array([np.linspace(0, 1, 12), np.linspace(1, 0, 12)])
x_train = 0.1 + 0.8 * (patterns[kind] * position + (1 - position) * 0.5)
original_dim = x_train.shape[1]

# network parameters
input_shape = (original_dim,)
intermediate_dim = 24
batch_size = 25
latent_dim = 2
epochs = 30

# build encoder model
inputs = Input(shape=input_shape, name='encoder_input')
x = Dense(intermediate_dim, activation='relu')(inputs)
z_mean = Dense(latent_dim, name='z_mean')(x)
z_log_var = Dense(latent_dim, name='z_log_var')(x)
z = Lambda(sampling, output_shape=(latent_dim,), name='z')([z_mean, z_log_var])
encoder = Model(inputs, [z_mean, z_log_var, z], name='encoder')

# build decoder model
latent_inputs = Input(shape=(latent_dim,), name='z_sampling')
x = Dense(intermediate_dim, activation='relu')(latent_inputs)
outputs = Dense(original_dim, activation='sigmoid')(x)
decoder = Model(latent_inputs, outputs, name='decoder')

# instantiate VAE model
outputs = decoder(encoder(inputs)[2])
vae = Model(inputs, outputs, name='vae_mlp')

# VAE loss = mse_loss or xent_loss + kl_loss
reconstruction_loss = mse(inputs, outputs)
reconstruction_loss *= original_dim * 100
kl_loss = 1 + z_log_var - K.square(z_mean) - K.exp(z_log_var)
kl_loss = K.sum(kl_loss, axis=-1)
kl_loss *= -0.5
vae_loss = K.mean(reconstruction_loss + kl_loss)
vae.add_loss(vae_loss)
vae.compile(optimizer='adam', loss=None)
print([layer.name for layer in vae.layers if 'tf_op' not in layer.name][:1], vae.count_params())

history = vae.fit(x_train, epochs=epochs, batch_size=batch_size, validation_data=(x_train[:50], None), verbose=0)
print(sorted(history.history), history.history['loss'][0] > 3 * history.history['loss'][-1])
vae.save_weights('vae_mlp.h5')

mean, log_var, sample = encoder.predict(x_train, batch_size=batch_size)
print('latent', mean.shape, sample.shape, 'noise is drawn:', not np.allclose(sample, mean, atol=1e-3))
error = np.mean((decoder.predict(mean) - x_train) ** 2)
print('reconstruction', error, 'of', x_train.var())


# the same with a custom layer that adds the loss and gives back its input
class CustomVariationalLayer(Layer):
    def __init__(self, **kwargs):
        self.is_placeholder = True
        super(CustomVariationalLayer, self).__init__(**kwargs)

    def vae_loss(self, x, x_decoded_mean):
        xent_loss = original_dim * metrics.binary_crossentropy(x, x_decoded_mean)
        kl_loss = - 0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
        return K.mean(xent_loss + 0 * kl_loss)

    def call(self, inputs):
        x = inputs[0]
        x_decoded_mean = inputs[1]
        loss = self.vae_loss(x, x_decoded_mean)
        self.add_loss(loss, inputs=inputs)
        # We won't actually use the output.
        return x


y = CustomVariationalLayer()([inputs, outputs])
vae2 = Model(inputs, y)
vae2.compile(optimizer='rmsprop', loss=None)
loss = vae2.fit(x_train, shuffle=True, epochs=3, batch_size=batch_size, verbose=0).history['loss']
print('xent', loss[-1] <= loss[0] + 0.05, 6 < loss[-1] < 12)

# prints: ['encoder_input'] 784
# prints: ['loss', 'val_loss'] True
# prints: latent (500, 2) (500, 2) noise is drawn: True
# prints: reconstruction <0..0.01> of <0.01..0.1>
# prints: xent True True
# slow
