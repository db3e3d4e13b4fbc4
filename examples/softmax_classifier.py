"""The softmax classifier of the slides: one layer on raw pixels, 0 to 255.

    python examples/softmax_classifier.py [--epochs 50] [--seed 0]

Keras computes the loss from clipped probabilities; on raw pixels whole classes can fall under the clip, get no
gradient any more, and the accuracy is anything from 0.55 to 0.91, as the seed has it. cornu takes the logits behind
the softmax: test accuracy 0.88 to 0.89 with every seed.
"""

import argparse

import numpy as np

import cornu

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=50)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
cornu.utils.set_random_seed(args.seed)

# 1. Process the data: matrix to vector, integer to vector; keep a sixth for validation.
(x_train, y_train), (x_test, y_test) = cornu.datasets.mnist.load_data()
x_train, x_test = x_train.reshape(-1, 784), x_test.reshape(-1, 784)
y_train, y_test = cornu.utils.to_categorical(y_train, 10), cornu.utils.to_categorical(y_test, 10)
order = np.random.permutation(len(x_train))
train, valid = np.split(order, [len(order) * 5 // 6])

# 2. Build the network.
model = cornu.Sequential([cornu.Input((784,)), cornu.layers.Dense(10, activation="softmax")])
model.summary()

# 3. Train it.
model.compile(cornu.optimizers.RMSprop(learning_rate=1e-4), "categorical_crossentropy", metrics=["accuracy"])
model.fit(
    x_train[train], y_train[train], batch_size=128, epochs=args.epochs,
    validation_data=(x_train[valid], y_train[valid]),
)  # fmt: skip

# 4. Evaluate it on images that it has not seen.
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"loss = {loss:.4f}")
print(f"accuracy = {accuracy:.4f}")
