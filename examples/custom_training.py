"""A generative adversarial network: two networks and two optimizers in a `train_step` that reads like plain Python.

    python examples/custom_training.py [--epochs 200] [--seed 0]

The generator learns to draw digits from noise, the discriminator to tell drawn from real ones (Goodfellow et al.,
2014, arXiv:1406.2661). `cornu.value_and_grad` takes the gradients; metrics are updated where they are known; `fit`
compiles it all. The data are part of the package; sixteen drawn digits go to generated_digits.png.
"""

import argparse

import numpy as np

import cornu
from cornu.layers import Dense, Dropout, LeakyReLU
from cornu.visualization import image_gallery

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=200)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
cornu.utils.set_random_seed(args.seed)

NOISE = 32


class Adversaries(cornu.Model):
    """A generator and a discriminator that train each other."""

    def __init__(self):
        super().__init__()
        self.generator = cornu.Sequential(
            [Dense(128), LeakyReLU(), Dense(128), LeakyReLU(), Dense(64, activation="sigmoid")]
        )
        self.discriminator = cornu.Sequential([Dense(128), LeakyReLU(), Dropout(0.3), Dense(1)])
        self.seeds = cornu.random.SeedGenerator()
        self.caught = cornu.metrics.BinaryAccuracy(name="caught", threshold=0.0)
        self.fooled = cornu.metrics.Mean(name="fooled")

    def compile(self, generator_optimizer, discriminator_optimizer):
        super().compile()
        self.generator_optimizer, self.discriminator_optimizer = generator_optimizer, discriminator_optimizer

    def draw(self, number):
        """Digits from noise, as rows of 64 pixels."""
        return self.generator(cornu.random.normal((number, NOISE), seed=self.seeds))

    def call(self, inputs):
        return self.discriminator(inputs)

    def train_step(self, real):
        entropy = cornu.losses.BinaryCrossentropy(from_logits=True)
        labels = cornu.ops.concatenate([cornu.ops.ones((len(real), 1)), cornu.ops.zeros((len(real), 1))])

        def discriminator_loss():
            logits = self.discriminator(cornu.ops.concatenate([real, self.draw(len(real))]), training=True)
            self.caught.update_state(labels, logits)
            return entropy(0.9 * labels, logits)  # never be quite sure: it keeps the generator's gradient alive

        def generator_loss():
            logits = self.discriminator(self.draw(len(real)), training=True)
            self.fooled.update_state(logits > 0)
            return entropy(cornu.ops.ones((len(real), 1)), logits)

        logs = {}
        for name, loss, network, optimizer in (
            ("discriminator", discriminator_loss, self.discriminator, self.discriminator_optimizer),
            ("generator", generator_loss, self.generator, self.generator_optimizer),
        ):
            logs[name], gradients = cornu.value_and_grad(loss, network.trainable_variables)()
            optimizer.apply(gradients, network.trainable_variables)
        return {**logs, "caught": self.caught.result(), "fooled": self.fooled.result()}


(images, labels), _ = cornu.datasets.digits.load_data()
pixels = images.reshape(-1, 64).astype("float32") / 16

model = Adversaries()
model.draw(1)  # builds the generator
model.compile(cornu.optimizers.Adam(5e-4, beta_1=0.5), cornu.optimizers.Adam(5e-4, beta_1=0.5))
model.fit(pixels, batch_size=64, epochs=args.epochs, verbose=2 if args.epochs < 10 else 0)

drawn = np.asarray(model.draw(16))
nearest = np.argmin(((drawn[:, None] - pixels[None]) ** 2).sum(-1), axis=1)
found = image_gallery(drawn.reshape(-1, 8, 8), labels[nearest], labels[nearest], "generated_digits.png")
print("last epoch:", {name: round(float(values[-1]), 3) for name, values in model.history.history.items()})
print("drawn digits, with the label of the most similar real one:", found)
