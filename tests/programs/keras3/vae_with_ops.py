"""A variational autoencoder of noisy strokes, with keras.ops and a SeedGenerator; its losses come by add_loss."""

import numpy as np

import keras
from keras import layers, ops


class Sampling(layers.Layer):
    """Uses (z_mean, z_log_var) to sample z, the vector encoding an image."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1337)

    def call(self, inputs):
        z_mean, z_log_var = inputs
        batch = ops.shape(z_mean)[0]
        dim = ops.shape(z_mean)[1]
        epsilon = keras.random.normal(shape=(batch, dim), seed=self.seed_generator)
        return z_mean + ops.exp(0.5 * z_log_var) * epsilon


class VariationalAutoEncoder(keras.Model):
    """Combines the encoder and decoder into an end-to-end model for training."""

    def __init__(self, original_dim, intermediate_dim=32, latent_dim=2, name="vae", **kwargs):
        super().__init__(name=name, **kwargs)
        encoder_inputs = keras.Input(shape=(original_dim,))
        x = layers.Dense(intermediate_dim, activation="relu")(encoder_inputs)
        z_mean = layers.Dense(latent_dim, name="z_mean")(x)
        z_log_var = layers.Dense(latent_dim, name="z_log_var")(x)
        z = Sampling()([z_mean, z_log_var])
        self.encoder = keras.Model(encoder_inputs, [z_mean, z_log_var, z], name="encoder")

        latent_inputs = keras.Input(shape=(latent_dim,))
        x = layers.Dense(intermediate_dim, activation="relu")(latent_inputs)
        decoder_outputs = layers.Dense(original_dim, activation="sigmoid")(x)
        self.decoder = keras.Model(latent_inputs, decoder_outputs, name="decoder")

    def call(self, inputs):
        z_mean, z_log_var, z = self.encoder(inputs)
        kl_loss = -0.5 * ops.mean(ops.sum(1 + z_log_var - ops.square(z_mean) - ops.exp(z_log_var), axis=1))
        self.add_loss(0.01 * kl_loss)
        return self.decoder(z)


keras.utils.set_random_seed(812)
rng = np.random.default_rng(0)
places = rng.uniform(2, 14, size=800)
grid = np.arange(16)
x_train = np.exp(-0.5 * (grid[None] - places[:, None]) ** 2 / 1.5).astype("float32")

vae = VariationalAutoEncoder(16)
vae.compile(optimizer=keras.optimizers.Adam(learning_rate=5e-3), loss=keras.losses.MeanSquaredError())
history = vae.fit(x_train, x_train, epochs=20, batch_size=64, verbose=0)
print("loss from %.3f to %.3f" % (history.history["loss"][0], history.history["loss"][-1]))

z_mean, z_log_var, z = vae.encoder.predict(x_train, verbose=0)
print("codes", z_mean.shape, z_log_var.shape, z.shape, "sampled:", not np.allclose(z, z_mean))
error = float(np.mean((vae.decoder.predict(z_mean, verbose=0) - x_train) ** 2))
print("reconstruction error %.4f of a variance of %.4f" % (error, x_train.var()))
spread = abs(np.corrcoef(np.linalg.norm(z_mean - z_mean.mean(0), axis=1), places)[0, 1])
along = max(np.linalg.lstsq(np.c_[z_mean, z_mean**2, np.ones(800)], places, rcond=None)[1] / 800, default=9)
print("the code tells the place within %.2f" % np.sqrt(along))
print("decoded:", vae.decoder(np.zeros((3, 2))).shape, "own losses:", len(vae.losses))
vae.encoder.summary()

# prints: loss from <0.05..0.3> to <0.005..0.07>
# prints: codes (800, 2) (800, 2) (800, 2) sampled: True
# prints: reconstruction error <0..0.025> of a variance of <0.05..0.2>
# prints: the code tells the place within <0..2.5>
# prints: decoded: (3, 16) own losses: <0..1>
# prints: Model: "encoder"
# prints: input_layer
# prints: z_mean (Dense)
# prints: z_log_var (Dense)
# prints: sampling (Sampling)
# prints: Total params: 676
