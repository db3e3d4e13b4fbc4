"""Auxiliary classifier GAN: the discriminator says real or not, and which class; the generator is told the class."""
from __future__ import print_function, division

import numpy as np
from keras.layers import (BatchNormalization, Dense, Dropout, Embedding, Flatten, Input, LeakyReLU, Reshape,
                          multiply)
from keras.models import Model, Sequential
from keras.optimizers import Adam

np.random.seed(30)
num_classes = 3
latent_dim = 6
optimizer = Adam(0.003, 0.5)
losses = ['binary_crossentropy', 'sparse_categorical_crossentropy']


def build_generator():
    model = Sequential()
    model.add(Dense(32, activation="relu", input_dim=latent_dim))
    model.add(BatchNormalization(momentum=0.8))
    model.add(Dense(32, activation="relu"))
    model.add(Dense(2))

    noise = Input(shape=(latent_dim,))
    label = Input(shape=(1,), dtype='int32')
    label_embedding = Flatten()(Embedding(num_classes, latent_dim)(label))
    model_input = multiply([noise, label_embedding])
    img = model(model_input)
    return Model([noise, label], img)


def build_discriminator():
    model = Sequential()
    model.add(Dense(32, input_shape=(2,)))
    model.add(LeakyReLU(alpha=0.2))
    model.add(Dense(32))
    model.add(LeakyReLU(alpha=0.2))
    img = Input(shape=(2,))
    # Extract feature representation
    features = model(img)
    # Determine validity and label of the point
    validity = Dense(1, activation="sigmoid")(features)
    label = Dense(num_classes, activation="softmax")(features)
    return Model(img, [validity, label])


discriminator = build_discriminator()
discriminator.compile(loss=losses, optimizer=optimizer, metrics=['accuracy'])
generator = build_generator()

# The generator takes noise and the target label as input and generates the corresponding point
noise = Input(shape=(latent_dim,))
label = Input(shape=(1,))
img = generator([noise, label])
# For the combined model we will only train the generator
discriminator.trainable = False
valid, target_label = discriminator(img)
combined = Model([noise, label], [valid, target_label])
combined.compile(loss=losses, optimizer=Adam(0.003, 0.5))

centers = np.array([[2., 0.], [-1., 1.7], [-1., -1.7]])
y_train = np.random.randint(0, num_classes, (1500, 1))
X_train = centers[y_train[:, 0]] + 0.2 * np.random.randn(1500, 2)

batch_size = 48
valid = np.ones((batch_size, 1))
fake = np.zeros((batch_size, 1))
for epoch in range(201):
    idx = np.random.randint(0, X_train.shape[0], batch_size)
    imgs, img_labels = X_train[idx], y_train[idx]
    noise = np.random.normal(0, 1, (batch_size, latent_dim))
    sampled_labels = np.random.randint(0, num_classes, (batch_size, 1))
    gen_imgs = generator.predict([noise, sampled_labels])

    d_loss_real = discriminator.train_on_batch(imgs, [valid, img_labels])
    d_loss_fake = discriminator.train_on_batch(gen_imgs, [fake, sampled_labels])
    d_loss = 0.5 * np.add(d_loss_real, d_loss_fake)
    g_loss = combined.train_on_batch([noise, sampled_labels], [valid, sampled_labels])
    if epoch % 100 == 0:
        print("%d [D loss: %f, acc.: %.2f%%, op_acc: %.2f%%] [G loss: %f]" % (
            epoch, d_loss[0], 100 * d_loss[3], 100 * d_loss[4], g_loss[0]))

print(discriminator.metrics_names)
wanted = np.repeat(np.arange(num_classes), 50).reshape(-1, 1)
points = generator.predict([np.random.normal(0, 1, (150, latent_dim)), wanted])
_, classes = discriminator.predict(points)
print('classes as asked', np.mean(classes.argmax(axis=1) == wanted[:, 0]))
distance = np.linalg.norm(points[:, None] - centers[None], axis=-1).argmin(axis=1)
print('nearest center as asked', np.mean(distance == wanted[:, 0]))

# prints: 0 [D loss: <1..5>, acc.: <0..100>%, op_acc: <0..100>%] [G loss: <1..5>]
# prints: 200 [D loss: <0..3>
# prints: ['loss', 'dense_3_loss', 'dense_4_loss', 'dense_3_acc', 'dense_4_acc']
# prints: classes as asked <0.8..1>
# prints: nearest center as asked <0.8..1>
# slow
