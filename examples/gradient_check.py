"""The numerical gradient against back-propagation.

    python examples/gradient_check.py [--seed 0]

The slides define the numerical gradient, "very simple, but approximate and computationally expensive", beside
back-propagation. Here the one checks the other: first for a network, then for a layer whose own derivative is wrong.
"""

import argparse

import jax
import numpy as np

import cornu
from cornu.layers import Dense

parser = argparse.ArgumentParser()
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
cornu.utils.set_random_seed(args.seed)

(x, y), _ = cornu.datasets.iris.load_data()
x = (x - x.mean(axis=0)) / x.std(axis=0)

model = cornu.Sequential(
    [Dense(8, activation="sigmoid"), Dense(8, activation="sigmoid"), Dense(3, activation="softmax")]
)
model.compile("sgd", "sparse_categorical_crossentropy")
print(cornu.utils.check_gradients(model, x, y))


@jax.custom_vjp
def squash(x):
    """tanh, with a derivative written by hand."""
    return jax.numpy.tanh(x)


def forward(x):
    """The value, and what the derivative needs."""
    return squash(x), x


def backward(x, slope):
    """Wrong: the derivative of tanh is 1 - tanh(x)**2, not 1 - x**2."""
    return (slope * (1 - x**2),)


squash.defvjp(forward, backward)

model = cornu.Sequential([Dense(8, activation=squash), Dense(3, activation="softmax")])
model.compile("sgd", "sparse_categorical_crossentropy")
found = cornu.utils.check_gradients(model, x, y)
print(f"\nA wrong derivative behind the first layer:\n{found}")

# What the slides write down is the forward difference; why the central one is taken instead:
print("\n  e       forward difference   central difference   of sin at 1, both minus cos(1)")
for e in (1e-1, 1e-2, 1e-3, 1e-4, 1e-5):
    ahead = (np.sin(1 + e) - np.sin(1)) / e - np.cos(1)
    central = (np.sin(1 + e) - np.sin(1 - e)) / (2 * e) - np.cos(1)
    print(f"{e:7.0e}   {ahead:18.1e}   {central:18.1e}")
