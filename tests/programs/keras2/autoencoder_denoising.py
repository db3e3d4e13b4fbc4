"""Convolutional autoencoders: upsampling after pooling, and transposed convolutions, which remove noise."""
from __future__ import print_function

import numpy as np
from keras import backend as K
from keras.layers import (Activation, Conv2D, Conv2DTranspose, Dense, Flatten, Input, MaxPooling2D, Reshape,
                          UpSampling2D)
from keras.models import Model

np.random.seed(1337)


def pictures(n):
    """Bright rectangles on black."""
    images = np.zeros((n, 16, 16, 1), dtype='float32')
    for image in images:
        top, left = np.random.randint(1, 8, 2)
        height, width = np.random.randint(4, 8, 2)
        image[top:top + height, left:left + width] = 1.
    return images


x_train, x_test = pictures(320), pictures(60)

# adapt this if using `channels_first` image data format
input_img = Input(shape=(16, 16, 1))
x = Conv2D(8, (3, 3), activation='relu', padding='same')(input_img)
x = MaxPooling2D((2, 2), padding='same')(x)
x = Conv2D(8, (3, 3), activation='relu', padding='same')(x)
encoded = MaxPooling2D((2, 2), padding='same', name='encoded')(x)
# at this point the representation is (4, 4, 8)
x = Conv2D(8, (3, 3), activation='relu', padding='same')(encoded)
x = UpSampling2D((2, 2))(x)
x = Conv2D(8, (3, 3), activation='relu', padding='same')(x)
x = UpSampling2D((2, 2))(x)
decoded = Conv2D(1, (3, 3), activation='sigmoid', padding='same')(x)

autoencoder = Model(input_img, decoded)
autoencoder.compile(optimizer='adam', loss='binary_crossentropy')
history = autoencoder.fit(x_train, x_train, epochs=10, batch_size=32, shuffle=True,
                          validation_data=(x_test, x_test), verbose=0)
print('upsampling', autoencoder.count_params(), 'val_loss', history.history['val_loss'][-1])
encoder = Model(input_img, encoded)
print('code', encoder.predict(x_test).shape)

# a denoising one, in two models
noise_factor = 0.5
x_train_noisy = np.clip(x_train + noise_factor * np.random.normal(size=x_train.shape), 0., 1.)
x_test_noisy = np.clip(x_test + noise_factor * np.random.normal(size=x_test.shape), 0., 1.)

kernel_size = 3
latent_dim = 24
layer_filters = [8, 16]

inputs = Input(shape=(16, 16, 1), name='encoder_input')
x = inputs
for filters in layer_filters:
    x = Conv2D(filters=filters, kernel_size=kernel_size, strides=2, activation='relu', padding='same')(x)

# Shape info needed to build Decoder Model
shape = K.int_shape(x)
x = Flatten()(x)
latent = Dense(latent_dim, name='latent_vector')(x)
encoder = Model(inputs, latent, name='encoder')

latent_inputs = Input(shape=(latent_dim,), name='decoder_input')
x = Dense(shape[1] * shape[2] * shape[3])(latent_inputs)
x = Reshape((shape[1], shape[2], shape[3]))(x)
for filters in layer_filters[::-1]:
    x = Conv2DTranspose(filters=filters, kernel_size=kernel_size, strides=2, activation='relu', padding='same')(x)
x = Conv2DTranspose(filters=1, kernel_size=kernel_size, padding='same')(x)
outputs = Activation('sigmoid', name='decoder_output')(x)
decoder = Model(latent_inputs, outputs, name='decoder')
print('shape', shape)

autoencoder = Model(inputs, decoder(encoder(inputs)), name='autoencoder')
autoencoder.summary()
autoencoder.compile(loss='mse', optimizer='adam')
autoencoder.fit(x_train_noisy, x_train, validation_data=(x_test_noisy, x_test), epochs=30, batch_size=16, verbose=0)
x_decoded = autoencoder.predict(x_test_noisy)
print('noisy error  %.4f' % np.mean((x_test_noisy - x_test) ** 2))
print('cleaned error %.4f' % np.mean((x_decoded - x_test) ** 2))

# prints: upsampling 1905 val_loss <0..0.3>
# prints: code (60, 4, 4, 8)
# prints: shape (None, 4, 4, 16)
# prints: encoder_input
# prints: encoder (...
# prints: decoder (...
# prints: noisy error  <0.08..0.2>
# prints: cleaned error <0..0.07>
# slow
