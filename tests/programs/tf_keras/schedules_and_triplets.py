"""Pieces of programs: the Transformer's learning rate, masks and positions; a siamese network with a triplet loss; Lambda layers."""

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras import backend as K
from tensorflow.keras import layers, metrics

tf.random.set_seed(6)
np.random.seed(6)


class CustomSchedule(tf.keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, d_model, warmup_steps=4000):
        super(CustomSchedule, self).__init__()

        self.d_model = d_model
        self.d_model = tf.cast(self.d_model, tf.float32)

        self.warmup_steps = warmup_steps

    def __call__(self, step):
        step = tf.cast(step, dtype=tf.float32)
        arg1 = tf.math.rsqrt(step)
        arg2 = step * (self.warmup_steps ** -1.5)

        return tf.math.rsqrt(self.d_model) * tf.math.minimum(arg1, arg2)


temp_learning_rate_schedule = CustomSchedule(128)
rates = temp_learning_rate_schedule(tf.range(1, 40000, dtype=tf.float32))
print("the highest rate %.6f at step %d" % (np.max(rates), np.argmax(rates) + 1))
optimizer = tf.keras.optimizers.Adam(CustomSchedule(64, warmup_steps=60), beta_1=0.9, beta_2=0.98, epsilon=1e-9)


def get_angles(pos, i, d_model):
    angle_rates = 1 / np.power(10000, (2 * (i//2)) / np.float32(d_model))
    return pos * angle_rates


def positional_encoding(position, d_model):
    angle_rads = get_angles(np.arange(position)[:, np.newaxis], np.arange(d_model)[np.newaxis, :], d_model)
    # apply sin to even indices in the array; 2i
    angle_rads[:, 0::2] = np.sin(angle_rads[:, 0::2])
    # apply cos to odd indices in the array; 2i+1
    angle_rads[:, 1::2] = np.cos(angle_rads[:, 1::2])
    pos_encoding = angle_rads[np.newaxis, ...]
    return tf.cast(pos_encoding, dtype=tf.float32)


def create_padding_mask(seq):
    seq = tf.cast(tf.math.equal(seq, 0), tf.float32)
    return seq[:, tf.newaxis, tf.newaxis, :]  # (batch_size, 1, 1, seq_len)


def create_look_ahead_mask(size):
    mask = 1 - tf.linalg.band_part(tf.ones((size, size)), -1, 0)
    return mask  # (seq_len, seq_len)


print(positional_encoding(50, 16).shape, create_padding_mask(tf.constant([[7, 6, 0, 0, 1]])).numpy().tolist())
print(create_look_ahead_mask(3).numpy().tolist())

# Triplets: (anchor, positive, negative)
kinds = np.random.randint(3, size=240)
centers = np.random.normal(size=(3, 12)) * 1.5
points = (centers[kinds] + np.random.normal(size=(240, 12))).astype("float32")
positive = np.array([np.random.choice(np.where(kinds == k)[0]) for k in kinds])
negative = np.array([np.random.choice(np.where(kinds != k)[0]) for k in kinds])
anchor_ds = tf.data.Dataset.from_tensor_slices(points)
positive_ds = tf.data.Dataset.from_tensor_slices(points[positive])
negative_ds = tf.data.Dataset.from_tensor_slices(points[negative])
dataset = tf.data.Dataset.zip((anchor_ds, positive_ds, negative_ds)).shuffle(buffer_size=240).batch(24)

embedding = keras.Sequential([
    layers.Dense(24, activation="relu", input_shape=(12,)),
    layers.Dense(4),
    layers.Lambda(lambda x: tf.math.l2_normalize(x, axis=1)),
], name="Embedding")


class DistanceLayer(layers.Layer):
    """Computes the distance between the anchor and the positive, and the anchor and the negative."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def call(self, anchor, positive, negative):
        ap_distance = tf.reduce_sum(tf.square(anchor - positive), -1)
        an_distance = tf.reduce_sum(tf.square(anchor - negative), -1)
        return (ap_distance, an_distance)


anchor_input = layers.Input(name="anchor", shape=(12,))
positive_input = layers.Input(name="positive", shape=(12,))
negative_input = layers.Input(name="negative", shape=(12,))
distances = DistanceLayer()(embedding(anchor_input), embedding(positive_input), embedding(negative_input))
siamese_network = keras.Model(inputs=[anchor_input, positive_input, negative_input], outputs=distances)


class SiameseModel(keras.Model):
    def __init__(self, siamese_network, margin=0.5):
        super(SiameseModel, self).__init__()
        self.siamese_network = siamese_network
        self.margin = margin
        self.loss_tracker = metrics.Mean(name="loss")

    def call(self, inputs):
        return self.siamese_network(inputs)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self._compute_loss(data)
        gradients = tape.gradient(loss, self.siamese_network.trainable_weights)
        self.optimizer.apply_gradients(zip(gradients, self.siamese_network.trainable_weights))
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def test_step(self, data):
        loss = self._compute_loss(data)
        self.loss_tracker.update_state(loss)
        return {"loss": self.loss_tracker.result()}

    def _compute_loss(self, data):
        ap_distance, an_distance = self.siamese_network(data)
        loss = ap_distance - an_distance
        loss = tf.maximum(loss + self.margin, 0.0)
        return loss

    @property
    def metrics(self):
        return [self.loss_tracker]


siamese_model = SiameseModel(siamese_network)
siamese_model.compile(optimizer=optimizer)
history = siamese_model.fit(dataset, epochs=12, validation_data=dataset, verbose=0)
print(sorted(history.history), "%.3f to %.3f" % (history.history["loss"][0], history.history["loss"][-1]))
print("rate after %d steps: %.5f" % (optimizer.iterations.numpy(), CustomSchedule(64, warmup_steps=60)(120.)))
cosine_similarity = metrics.CosineSimilarity()
sample = next(iter(dataset))
a, p, n = [embedding(part) for part in sample]
same, other = cosine_similarity(a, p).numpy(), metrics.CosineSimilarity()(a, n).numpy()
print("similar %.2f, different %.2f" % (same, other))

# A distance by Lambda and the backend, as of old
left, right = layers.Input((4,)), layers.Input((4,))
distance = layers.Lambda(lambda t: K.sqrt(K.maximum(K.sum(K.square(t[0] - t[1]), axis=1, keepdims=True), K.epsilon())),
                         output_shape=(1,), name="distance")([left, right])
swapped = layers.Lambda(lambda t: tf.concat([t, tf.reverse(t, axis=[-1])], axis=-1))(left)
m = keras.Model([left, right], [distance, swapped])
d, s = m.predict([np.zeros((2, 4)), np.ones((2, 4))])
print(d.ravel(), s.shape, m.output_shape)

# prints: the highest rate 0.001398 at step 4000
# prints: (1, 50, 16) [[[[0.0, 0.0, 1.0, 1.0, 0.0]]]]
# prints: [[0.0, 1.0, 1.0], [0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
# prints: ['loss', 'val_loss'] <0.2..1> to <0.0..0.15>
# prints: rate after 120 steps: 0.01141
# prints: similar <0.6..1>, different <-1..0.3>
# prints: [2. 2.] (2, 8) [(None, 1), (None, 8)]
# slow
