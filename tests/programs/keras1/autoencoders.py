'''Autoencoders, three of them: plain, sparse and denoising with convolutions.'''
import numpy as np
np.random.seed(0)

from keras.layers import Input, Dense, Convolution2D, MaxPooling2D, UpSampling2D, GaussianNoise
from keras.models import Model
from keras import regularizers

# data on a plane of 3 dimensions in 16
basis = np.random.rand(3, 16)
x_train = np.random.dirichlet([1, 1, 1], size=500).dot(basis).astype('float32')
x_test = np.random.dirichlet([1, 1, 1], size=100).dot(basis).astype('float32')

# this is the size of our encoded representations
encoding_dim = 3
input_img = Input(shape=(16,))
encoded = Dense(encoding_dim, activation='linear')(input_img)
decoded = Dense(16, activation='sigmoid')(encoded)

autoencoder = Model(input=input_img, output=decoded)
encoder = Model(input=input_img, output=encoded)

encoded_input = Input(shape=(encoding_dim,))
# retrieve the last layer of the autoencoder model
decoder_layer = autoencoder.layers[-1]
decoder = Model(input=encoded_input, output=decoder_layer(encoded_input))

autoencoder.compile(optimizer='adam', loss='mse')
before = autoencoder.evaluate(x_test, x_test, verbose=0)
autoencoder.fit(x_train, x_train, nb_epoch=80, batch_size=32, shuffle=True, verbose=0,
                validation_data=(x_test, x_test))
after = autoencoder.evaluate(x_test, x_test, verbose=0)
print("plain: the error is %.3f of what it was" % (after / before))
encoded_imgs = encoder.predict(x_test)
decoded_imgs = decoder.predict(encoded_imgs)
print("codes %s, decoded %s" % (encoded_imgs.shape, decoded_imgs.shape))
print("halves agree: %s" % np.allclose(decoded_imgs, autoencoder.predict(x_test), atol=1e-5))

# a sparse one: a penalty on what the units say
def sparse(penalty):
    np.random.seed(1)
    inp = Input(shape=(16,))
    code = Dense(24, activation='relu', activity_regularizer=regularizers.activity_l1(penalty))(inp)
    out = Dense(16, activation='sigmoid')(code)
    model = Model(input=inp, output=out)
    model.compile(optimizer='adadelta', loss='binary_crossentropy')
    model.fit(x_train, x_train, nb_epoch=15, batch_size=32, verbose=0)
    return Model(input=inp, output=code).predict(x_test).mean()

print("mean activity: %s" % ('less' if sparse(10e-3) < 0.5 * sparse(0.) else 'not less'))

# a denoising one on images of (8, 8, 1)
rows = np.random.randint(0, 8, size=300)
imgs = np.zeros((300, 8, 8, 1), dtype='float32')
imgs[np.arange(300), rows] = 1.
noisy = np.clip(imgs + 0.4 * np.random.normal(size=imgs.shape), 0., 1.)

input_img = Input(shape=(8, 8, 1))
x = Convolution2D(8, 3, 3, activation='relu', border_mode='same')(input_img)
x = MaxPooling2D((2, 2), border_mode='same')(x)
encoded = Convolution2D(8, 3, 3, activation='relu', border_mode='same')(x)
x = UpSampling2D((2, 2))(encoded)
decoded = Convolution2D(1, 3, 3, activation='sigmoid', border_mode='same')(x)
denoiser = Model(input_img, decoded)
print("shapes: %s" % [l.output_shape[1:] for l in denoiser.layers])
denoiser.compile(optimizer='adam', loss='binary_crossentropy')
denoiser.fit(noisy, imgs, nb_epoch=25, batch_size=32, shuffle=True, verbose=0, validation_split=0.1)
clean = denoiser.predict(noisy)
print("noise left: %.3f" % (np.mean((clean - imgs) ** 2) / np.mean((noisy - imgs) ** 2)))
print("the right row is the brightest: %.3f" % np.mean(clean[:, :, :, 0].mean(axis=2).argmax(axis=1) == rows))

# prints: plain: the error is <0.0..0.25> of what it was
# prints: codes (100, 3), decoded (100, 16)
# prints: halves agree: True
# prints: mean activity: less
# prints: shapes: [(8, 8, 1), (8, 8, 8), (4, 4, 8), (4, 4, 8), (8, 8, 8), (8, 8, 1)]
# prints: noise left: <0.0..0.7>
# prints: the right row is the brightest: <0.9..1.0>
# notice: Convolution2D(nb_row, nb_col)  ...kernel_size=(nb_row, nb_col)
# slow
