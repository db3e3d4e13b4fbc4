'''A variational autoencoder whose loss looks at tensors of the graph.

Reference: Kingma & Welling, "Auto-Encoding Variational Bayes", http://arxiv.org/abs/1312.6114
'''
import numpy as np
np.random.seed(21)

from keras.layers import Input, Dense, Lambda
from keras.models import Model
from keras import backend as K
from keras import objectives

batch_size = 50
original_dim = 20
latent_dim = 2
intermediate_dim = 24
nb_epoch = 40
epsilon_std = 1.0

# four prototypes, with some of their bits flipped
prototypes = np.random.rand(4, original_dim) > 0.5
kind = np.random.randint(0, 4, size=600)
flips = np.random.rand(600, original_dim) < 0.05
x_all = np.logical_xor(prototypes[kind], flips).astype('float32')
x_train, x_test = x_all[:500], x_all[500:]
y_test = kind[500:]

x = Input(batch_shape=(batch_size, original_dim))
h = Dense(intermediate_dim, activation='relu')(x)
z_mean = Dense(latent_dim)(h)
z_log_var = Dense(latent_dim)(h)


def sampling(args):
    z_mean, z_log_var = args
    epsilon = K.random_normal(shape=(batch_size, latent_dim), mean=0., std=epsilon_std)
    return z_mean + K.exp(z_log_var / 2) * epsilon


# note that "output_shape" isn't necessary with the TensorFlow backend
z = Lambda(sampling, output_shape=(latent_dim,))([z_mean, z_log_var])

# we instantiate these layers separately so as to reuse them later
decoder_h = Dense(intermediate_dim, activation='relu')
decoder_mean = Dense(original_dim, activation='sigmoid')
h_decoded = decoder_h(z)
x_decoded_mean = decoder_mean(h_decoded)


def vae_loss(x, x_decoded_mean):
    xent_loss = original_dim * objectives.binary_crossentropy(x, x_decoded_mean)
    kl_loss = - 0.5 * K.sum(1 + z_log_var - K.square(z_mean) - K.exp(z_log_var), axis=-1)
    return xent_loss + kl_loss


vae = Model(x, x_decoded_mean)
vae.compile(optimizer='rmsprop', loss=vae_loss)
hist = vae.fit(x_train, x_train, shuffle=True, nb_epoch=nb_epoch, batch_size=batch_size, verbose=0,
               validation_data=(x_test, x_test))
print("first loss %.2f" % hist.history['loss'][0])
print("last loss %.2f, validation %.2f" % (hist.history['loss'][-1], hist.history['val_loss'][-1]))

# build a model to project inputs on the latent space
encoder = Model(x, z_mean)
codes = encoder.predict(x_test, batch_size=batch_size)
centers = np.array([codes[y_test == k].mean(axis=0) for k in range(4)])
nearest = np.argmin(((codes[:, None] - centers) ** 2).sum(axis=2), axis=1)
print("codes %s, of the nearest center: %.2f" % (codes.shape, np.mean(nearest == y_test)))
print("spread %.2f" % codes.std())

# build a generator that can sample from the learned distribution
decoder_input = Input(shape=(latent_dim,))
_h_decoded = decoder_h(decoder_input)
_x_decoded_mean = decoder_mean(_h_decoded)
generator = Model(decoder_input, _x_decoded_mean)
drawn = generator.predict(centers)
print("drawn %s, right bits: %.2f" % (drawn.shape, np.mean((drawn > 0.5) == prototypes)))

# prints: first loss <12.0..20.0>
# prints: last loss <3.0..10.5>, validation <3.0..11.0>
# prints: codes (100, 2), of the nearest center: <0.85..1.0>
# prints: spread <0.3..3.0>
# prints: drawn (4, 20), right bits: <0.88..1.0>
# notice: fit(nb_epoch=...)
# slow
