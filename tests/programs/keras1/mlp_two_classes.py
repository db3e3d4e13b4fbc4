"""A perceptron with one hidden layer on two classes, with the arguments' old names."""

import numpy as np
from keras.layers.core import Activation, Dense, Dropout
from keras.models import Sequential
from keras.optimizers import SGD
from keras.utils import np_utils

np.random.seed(7)
X = np.random.rand(400, 10).astype("float32")
labels = (X.sum(axis=1) > 5).astype("int")
Y = np_utils.to_categorical(labels, nb_classes=2)

model = Sequential()
model.add(Dense(input_dim=10, output_dim=16, init="uniform"))
model.add(Activation("tanh"))
model.add(Dropout(0.1))
model.add(Dense(2, init="normal"))
model.add(Activation("softmax"))
model.compile(loss="categorical_crossentropy", optimizer=SGD(lr=0.1, momentum=0.9, nesterov=True), metrics=["accuracy"])
history = model.fit(X, Y, nb_epoch=30, batch_size=20, verbose=0, validation_split=0.1)

print("keys", sorted(history.history))
score = model.evaluate(X, Y, verbose=0)
print("accuracy %.3f" % score[1])
print("classes", model.predict_classes(X, verbose=0).shape, np.mean(model.predict_classes(X, verbose=0) == labels))
print("parameters", model.count_params(), [layer.name for layer in model.layers])

# prints: keys ['acc', 'loss', 'val_acc', 'val_loss']
# prints: accuracy <0.9..1.0>
# prints: classes (400,) <0.9..1.0>
# prints: parameters 210 ['dense_1', 'activation_1', 'dropout_1', 'dense_2', 'activation_2']
# notice: fit(nb_epoch=...)  ...epochs=...
# notice: model.predict_classes(x)
