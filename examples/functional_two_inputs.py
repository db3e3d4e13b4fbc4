"""Two inputs, one shared network, two outputs: are two handwritten digits the same, and what is their sum?

    python examples/functional_two_inputs.py [--epochs 15] [--seed 0]

A functional model is a graph: `encoder` is called on both images with the same weights, and the summary's column
"Connected to" shows it. The data are part of the package; pairs of test images hold digits that nobody trained on.
"""

import argparse

import numpy as np

import cornu
from cornu.layers import Concatenate, Dense, Dropout, Flatten

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=15)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
cornu.utils.set_random_seed(args.seed)


def pairs(images: np.ndarray, labels: np.ndarray, number: int) -> tuple[dict, dict]:
    """Pairs of images, half of them of the same digit, and what is to be known about them."""
    left = np.random.randint(len(images), size=number)
    right = np.random.randint(len(images), size=number)
    for i in range(0, number, 2):
        right[i] = np.random.choice(np.flatnonzero(labels == labels[left[i]]))
    a, b = labels[left].astype("int32"), labels[right].astype("int32")
    return {"left": images[left] / 16, "right": images[right] / 16}, {"same": a == b, "sum": a + b}


train, test = cornu.datasets.digits.load_data()
x_train, y_train = pairs(*train, number=20_000)
x_test, y_test = pairs(*test, number=2_000)

encoder = cornu.Sequential([Flatten(), Dense(128, activation="relu"), Dropout(0.2)], name="encoder")
left, right = cornu.Input((8, 8), name="left"), cornu.Input((8, 8), name="right")
both = Concatenate()([encoder(left), encoder(right)])
hidden = Dense(128, activation="relu")(both)
same = Dense(1, activation="sigmoid", name="same")(hidden)
total = Dense(19, activation="softmax", name="sum")(hidden)

model = cornu.Model(inputs={"left": left, "right": right}, outputs={"same": same, "sum": total})
model.summary()
model.compile(
    "adam",
    loss={"same": "binary_crossentropy", "sum": "sparse_categorical_crossentropy"},
    metrics={"same": ["accuracy"], "sum": ["accuracy"]},
)
model.fit(x_train, y_train, batch_size=128, epochs=args.epochs, validation_split=0.1)
for name, value in model.evaluate(x_test, y_test, verbose=0, return_dict=True).items():
    print(f"test {name} {value:.4f}")
