"""The slides' four ways to lower the learning rate, on handwritten digits.

    python examples/learning_rates.py [--epochs 30] [--seed 0]

Constant pieces set beforehand, after the performance, exponential, and by a power; a constant rate beside them.
The data are part of the package.
"""

import argparse

import cornu
from cornu.layers import Dense
from cornu.optimizers import schedules

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=30)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

(x_train, y_train), (x_test, y_test) = cornu.datasets.digits.load_data()
x_train, x_test = x_train.reshape(-1, 64) / 16, x_test.reshape(-1, 64) / 16
steps = -(-len(x_train) // 32)  # of an epoch
third = steps * args.epochs // 3

RATES = {
    "constant": (0.5, []),
    "predetermined pieces": (schedules.PiecewiseConstantDecay([third, 2 * third], [0.5, 0.1, 0.02]), []),
    "after the performance": (0.5, [cornu.callbacks.ReduceLROnPlateau("loss", factor=0.3, patience=2)]),
    "exponential": (schedules.ExponentialDecay(0.5, decay_steps=third, decay_rate=0.1), []),
    "power": (schedules.PowerDecay(0.5, decay_steps=5 * steps), []),
}

print(f"{'learning rate':<24}{'at the end':>12}{'loss':>10}{'test loss':>12}{'accuracy':>10}")
for name, (rate, callbacks) in RATES.items():
    cornu.utils.set_random_seed(args.seed)
    model = cornu.Sequential([cornu.Input((64,)), Dense(64, activation="relu"), Dense(10, activation="softmax")])
    model.compile(cornu.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x_train, y_train, batch_size=32, epochs=args.epochs, callbacks=callbacks, verbose=0)
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    last, trained = float(model.optimizer.learning_rate), history.history["loss"][-1]
    print(f"{name:<24}{last:>12.4f}{trained:>10.4f}{loss:>12.4f}{accuracy:>10.4f}")
