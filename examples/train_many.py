"""A search for a learning rate and a rate of dropout: sixteen networks on handwritten digits, trained at once.

    python examples/train_many.py [--epochs 20] [--seed 0]

The data are part of the package. The networks are one program, which takes the rates as inputs: it is compiled once.
"""

import argparse
import itertools

import cornu
from cornu.layers import Dense, Dropout

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

(x_train, y_train), (x_test, y_test) = cornu.datasets.digits.load_data()
x_train, x_test = x_train.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16


def build(rate, dropout):
    """A network of one hidden layer."""
    layers = [Dense(128, activation="relu"), Dropout(dropout), Dense(10, activation="softmax")]
    model = cornu.Sequential([cornu.Input((64,)), *layers])
    model.compile(cornu.optimizers.SGD(rate, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


grid = itertools.product((0.003, 0.01, 0.03, 0.1), (0.1, 0.3, 0.5, 0.7))
variations = [{"rate": rate, "dropout": dropout, "seed": args.seed} for rate, dropout in grid]
result = cornu.tuning.train_many(
    build, variations, x_train, y_train, batch_size=32, epochs=args.epochs, validation_split=0.2
)

print(f"\n{'rate':>8}{'dropout':>10}{'loss':>10}{'val_loss':>10}{'val_accuracy':>14}")
for trial in result.ranked("val_loss"):
    numbers = (trial.value(name) for name in ("loss", "val_loss", "val_accuracy"))
    print("{rate:>8}{dropout:>10}".format(**trial.variation), "{:>9.4f}{:>10.4f}{:>14.4f}".format(*numbers))

best = result.best("val_loss")
loss, accuracy = best.model.evaluate(x_test, y_test, verbose=0)
print(f"\nthe best one: {best.variation}; test loss {loss:.4f}, accuracy {accuracy:.4f}")
