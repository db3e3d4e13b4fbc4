"""The "Hello World" of the slides: handwritten digits, 28x28 pixels in, ten probabilities out.

    python examples/hello_digits.py [--epochs 20] [--seed 0]

Two hidden layers of 500 sigmoids, Adam, batches of 100. Test accuracy: 0.98; a minute on two cores.
"""

import argparse

import cornu
from cornu.layers import Dense

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=20)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()
cornu.utils.set_random_seed(args.seed)

(x_train, y_train), (x_test, y_test) = cornu.datasets.mnist.load_data()
x_train = x_train.reshape(-1, 28 * 28).astype("float32") / 255
x_test = x_test.reshape(-1, 28 * 28).astype("float32") / 255
y_train = cornu.utils.to_categorical(y_train, 10)
y_test = cornu.utils.to_categorical(y_test, 10)

# Step 1: define a model.
model = cornu.Sequential()
model.add(cornu.Input((28 * 28,)))
model.add(Dense(500, activation="sigmoid"))
model.add(Dense(500, activation="sigmoid"))
model.add(Dense(10, activation="softmax"))
model.summary()

# Step 2: configure the learning process.
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])

# Step 3: iterate on the training data.
model.fit(x_train, y_train, batch_size=100, epochs=args.epochs)

# Step 4: evaluate and use the model.
loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(f"Total loss on testing set: {loss:.4f}")
print(f"Accuracy on testing set: {accuracy:.4f}")

result = model.predict(x_test, verbose=0)
print("The first test images show", *y_test[:10].argmax(axis=1))
print("The network says          ", *result[:10].argmax(axis=1))
