"""A GAN that is a keras.Model with a compile of its own: two optimizers, one loss function, random labels' noise."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import layers

keras.utils.set_random_seed(11)

# Points on a half circle
angle = np.random.uniform(0, np.pi, size=512)
real = np.stack([np.cos(angle), np.sin(angle)], axis=1) + np.random.normal(0, 0.05, size=(512, 2))
dataset = tf.data.Dataset.from_tensor_slices(real.astype("float32"))
dataset = dataset.shuffle(buffer_size=1024).batch(64)

discriminator = keras.Sequential(
    [
        keras.Input(shape=(2,)),
        layers.Dense(32),
        layers.LeakyReLU(alpha=0.2),
        layers.Dense(32),
        layers.LeakyReLU(alpha=0.2),
        layers.Dense(1, activation="sigmoid"),
    ],
    name="discriminator",
)
latent_dim = 4
generator = keras.Sequential(
    [
        keras.Input(shape=(latent_dim,)),
        layers.Dense(32),
        layers.LeakyReLU(alpha=0.2),
        layers.Dense(2),
    ],
    name="generator",
)
generator.summary()


class GAN(keras.Model):
    def __init__(self, discriminator, generator, latent_dim):
        super(GAN, self).__init__()
        self.discriminator = discriminator
        self.generator = generator
        self.latent_dim = latent_dim

    def compile(self, d_optimizer, g_optimizer, loss_fn):
        super(GAN, self).compile()
        self.d_optimizer = d_optimizer
        self.g_optimizer = g_optimizer
        self.loss_fn = loss_fn
        self.d_loss_metric = keras.metrics.Mean(name="d_loss")
        self.g_loss_metric = keras.metrics.Mean(name="g_loss")

    @property
    def metrics(self):
        return [self.d_loss_metric, self.g_loss_metric]

    def train_step(self, real_images):
        # Sample random points in the latent space
        batch_size = tf.shape(real_images)[0]
        random_latent_vectors = tf.random.normal(shape=(batch_size, self.latent_dim))

        # Decode them to fake images
        generated_images = self.generator(random_latent_vectors)

        # Combine them with real images
        combined_images = tf.concat([generated_images, real_images], axis=0)

        # Assemble labels discriminating real from fake images
        labels = tf.concat(
            [tf.ones((batch_size, 1)), tf.zeros((batch_size, 1))], axis=0
        )
        # Add random noise to the labels - important trick!
        labels += 0.05 * tf.random.uniform(tf.shape(labels))

        # Train the discriminator
        with tf.GradientTape() as tape:
            predictions = self.discriminator(combined_images)
            d_loss = self.loss_fn(labels, predictions)
        grads = tape.gradient(d_loss, self.discriminator.trainable_weights)
        self.d_optimizer.apply_gradients(
            zip(grads, self.discriminator.trainable_weights)
        )

        # Sample random points in the latent space
        random_latent_vectors = tf.random.normal(shape=(batch_size, self.latent_dim))

        # Assemble labels that say "all real images"
        misleading_labels = tf.zeros((batch_size, 1))

        # Train the generator (note that we should *not* update the weights
        # of the discriminator)!
        with tf.GradientTape() as tape:
            predictions = self.discriminator(self.generator(random_latent_vectors))
            g_loss = self.loss_fn(misleading_labels, predictions)
        grads = tape.gradient(g_loss, self.generator.trainable_weights)
        self.g_optimizer.apply_gradients(zip(grads, self.generator.trainable_weights))

        # Update metrics
        self.d_loss_metric.update_state(d_loss)
        self.g_loss_metric.update_state(g_loss)
        return {
            "d_loss": self.d_loss_metric.result(),
            "g_loss": self.g_loss_metric.result(),
        }


class GANMonitor(keras.callbacks.Callback):
    def __init__(self, num_img=3, latent_dim=4):
        self.num_img = num_img
        self.latent_dim = latent_dim

    def on_epoch_end(self, epoch, logs=None):
        if epoch % 20:
            return
        random_latent_vectors = tf.random.normal(shape=(self.num_img, self.latent_dim))
        generated = self.model.generator(random_latent_vectors)
        radius = tf.norm(generated, axis=1).numpy()
        print("epoch", epoch, "radius of samples %.2f" % radius.mean(), sorted(logs))


gan = GAN(discriminator=discriminator, generator=generator, latent_dim=latent_dim)
gan.compile(
    d_optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.5),
    g_optimizer=keras.optimizers.Adam(learning_rate=0.002, beta_1=0.5),
    loss_fn=keras.losses.BinaryCrossentropy(),
)
history = gan.fit(
    dataset, epochs=61, callbacks=[GANMonitor(num_img=200, latent_dim=latent_dim)], verbose=0
)
print(list(history.history), len(history.history["g_loss"]))
points = generator.predict(np.random.normal(size=(500, latent_dim)), verbose=0)
radius = np.linalg.norm(points, axis=1)
print("radius %.2f, below the axis %.2f" % (radius.mean(), np.mean(points[:, 1] < -0.3)))

# prints: Model: "generator"
# prints: dense_3 (Dense)...(None, 32)...160
# prints: leaky_re_lu_2 (LeakyReLU)
# prints: Total params: 226
# prints: epoch 0 radius of samples <0.05..3> ['d_loss', 'g_loss']
# prints: epoch 60 radius of samples <0.7..1.4>
# prints: ['d_loss', 'g_loss'] 61
# prints: radius <0.75..1.3>, below the axis <0.0..0.15>
# notice: LeakyReLU(alpha=...)
# slow
