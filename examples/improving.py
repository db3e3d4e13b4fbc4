"""Improving a simple network, step by step: the six experiments of the slides.

    python examples/improving.py [--epochs N] [--seed 0]

One hidden layer, two, three; dropout; another optimizer; more epochs. Prints each error beside that of the slides.
"""

import argparse

import cornu
from cornu.layers import Dense, Dropout

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, help="of every experiment; default: 2, and 20 of the last one")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

(x_train, y_train), (x_test, y_test) = cornu.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 784).astype("float32") / 255
x_test = x_test.reshape(-1, 784).astype("float32") / 255
normal = cornu.initializers.RandomNormal(stddev=0.05)  # what 'normal' means in Keras 1


def experiment(hidden: int, dropout: bool, optimizer: str, epochs: int) -> float:
    """The error on the test images, in percent."""
    cornu.utils.set_random_seed(args.seed)
    model = cornu.Sequential([cornu.Input((784,))])
    for _ in range(hidden):
        model.add(Dense(784, activation="relu", kernel_initializer=normal))
    if dropout:
        model.add(Dropout(0.2))
    model.add(Dense(10, activation="softmax", kernel_initializer=normal))
    model.summary()
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, validation_data=(x_test, y_test), epochs=args.epochs or epochs, batch_size=200)
    _, accuracy = model.evaluate(x_test, y_test, verbose=0)
    return 100 * (1 - accuracy)


EXPERIMENTS = {
    "one hidden layer": ((1, False, "adam", 2), 2.93),
    "two hidden layers": ((2, False, "adam", 2), 2.80),
    "three hidden layers": ((3, False, "adam", 2), 2.62),
    "... and dropout": ((3, True, "adam", 2), 2.60),
    "... with sgd": ((3, True, "sgd", 2), 9.49),
    "... for 20 epochs": ((3, True, "sgd", 20), 4.17),
}
errors = {name: experiment(*arguments) for name, (arguments, _) in EXPERIMENTS.items()}
print(f"\n{'':<22}{'error':>8}{'slides':>9}")
for name, (_, slides) in EXPERIMENTS.items():
    print(f"{name:<22}{errors[name]:>7.2f}%{slides:>8.2f}%")
