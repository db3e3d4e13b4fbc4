"""A DCGAN with two optimizers and two tapes in one compiled step, on small pictures of one bright spot."""

import os
import time

import numpy as np
import tensorflow as tf
from tensorflow.keras import layers

tf.random.set_seed(0)
np.random.seed(0)

centers = np.random.randint(2, 6, size=(256, 2))
grid = np.stack(np.meshgrid(np.arange(8), np.arange(8), indexing="ij"), -1)
train_images = np.exp(-((grid[None] - centers[:, None, None]) ** 2).sum(-1) / 3.0)
train_images = train_images.reshape(train_images.shape[0], 8, 8, 1).astype('float32')
train_images = train_images * 2 - 1  # Normalize the images to [-1, 1]

BUFFER_SIZE = 256
BATCH_SIZE = 32
train_dataset = tf.data.Dataset.from_tensor_slices(train_images).shuffle(BUFFER_SIZE).batch(BATCH_SIZE)


def make_generator_model():
    model = tf.keras.Sequential()
    model.add(layers.Dense(2*2*16, use_bias=False, input_shape=(10,)))
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())

    model.add(layers.Reshape((2, 2, 16)))
    assert model.output_shape == (None, 2, 2, 16)  # Note: None is the batch size

    model.add(layers.Conv2DTranspose(8, (4, 4), strides=(2, 2), padding='same', use_bias=False))
    assert model.output_shape == (None, 4, 4, 8)
    model.add(layers.BatchNormalization())
    model.add(layers.LeakyReLU())

    model.add(layers.Conv2DTranspose(1, (4, 4), strides=(2, 2), padding='same', use_bias=False, activation='tanh'))
    assert model.output_shape == (None, 8, 8, 1)
    return model


def make_discriminator_model():
    model = tf.keras.Sequential()
    model.add(layers.Conv2D(16, (4, 4), strides=(2, 2), padding='same', input_shape=[8, 8, 1]))
    model.add(layers.LeakyReLU())
    model.add(layers.Dropout(0.3))
    model.add(layers.Flatten())
    model.add(layers.Dense(1))
    return model


generator = make_generator_model()
discriminator = make_discriminator_model()
noise = tf.random.normal([1, 10])
generated_image = generator(noise, training=False)
decision = discriminator(generated_image)
print("untrained", generated_image.shape, decision.shape, "%.2f" % generated_image.numpy().mean())

# This method returns a helper function to compute cross entropy loss
cross_entropy = tf.keras.losses.BinaryCrossentropy(from_logits=True)


def discriminator_loss(real_output, fake_output):
    real_loss = cross_entropy(tf.ones_like(real_output), real_output)
    fake_loss = cross_entropy(tf.zeros_like(fake_output), fake_output)
    total_loss = real_loss + fake_loss
    return total_loss


def generator_loss(fake_output):
    return cross_entropy(tf.ones_like(fake_output), fake_output)


generator_optimizer = tf.keras.optimizers.Adam(2e-3)
discriminator_optimizer = tf.keras.optimizers.Adam(1e-3)

EPOCHS = 40
noise_dim = 10
num_examples_to_generate = 16
seed = tf.random.normal([num_examples_to_generate, noise_dim])


# Notice the use of `tf.function`
@tf.function
def train_step(images):
    noise = tf.random.normal([BATCH_SIZE, noise_dim])

    with tf.GradientTape() as gen_tape, tf.GradientTape() as disc_tape:
        generated_images = generator(noise, training=True)

        real_output = discriminator(images, training=True)
        fake_output = discriminator(generated_images, training=True)

        gen_loss = generator_loss(fake_output)
        disc_loss = discriminator_loss(real_output, fake_output)

    gradients_of_generator = gen_tape.gradient(gen_loss, generator.trainable_variables)
    gradients_of_discriminator = disc_tape.gradient(disc_loss, discriminator.trainable_variables)

    generator_optimizer.apply_gradients(zip(gradients_of_generator, generator.trainable_variables))
    discriminator_optimizer.apply_gradients(zip(gradients_of_discriminator, discriminator.trainable_variables))
    return gen_loss, disc_loss


def train(dataset, epochs):
    for epoch in range(epochs):
        start = time.time()
        for image_batch in dataset:
            gen_loss, disc_loss = train_step(image_batch)
        if (epoch + 1) % 20 == 0:
            print('Time for epoch {} is {} sec'.format(epoch + 1, time.time()-start))


before = generator.get_weights()
train(train_dataset, EPOCHS)
print("all weights moved", not any(np.array_equal(a, b) for a, b in zip(before, generator.get_weights())))
pictures = generator(seed, training=False).numpy()
print("pictures", pictures.shape, pictures.min() >= -1)
print("mean of real pictures %.2f" % train_images.mean())
print("mean of generated pictures %.2f" % pictures.mean())
edge = np.concatenate([pictures[:, 0].ravel(), pictures[:, -1].ravel()])
print("edge %.2f, middle %.2f" % (edge.mean(), pictures[:, 2:6, 2:6].mean()))
print("steps", int(generator_optimizer.iterations), int(discriminator_optimizer.iterations))
print("weights", len(generator.weights), len(generator.trainable_weights), len(discriminator.weights))

# prints: untrained (1, 8, 8, 1) (1, 1) <-0.3..0.3>
# prints: Time for epoch 20 is
# prints: Time for epoch 40 is
# prints: all weights moved True
# prints: pictures (16, 8, 8, 1) True
# prints: mean of real pictures <-0.8..-0.6>
# prints: mean of generated pictures <-0.97..-0.35>
# prints: edge <-1..-0.6>, middle <-0.8..0.2>
# prints: steps 320 320
# prints: weights 11 7 4
# slow
