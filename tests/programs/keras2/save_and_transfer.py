"""Models in files: whole, as JSON and YAML with weights, by name; the lower layers of one serve another."""
from __future__ import print_function

import os

import numpy as np
from keras import backend as K
from keras.layers import Activation, Dense, Dropout, Input
from keras.models import Model, Sequential, load_model, model_from_json, model_from_yaml, clone_model
from keras.optimizers import SGD
from keras.utils.generic_utils import get_custom_objects

np.random.seed(7)


def swish(x):
    return K.sigmoid(x) * x


get_custom_objects().update({'swish': Activation(swish)})

X = np.random.rand(500, 8)
Y = (X[:, 0] + X[:, 1] > 1).astype(int)

# create model
model = Sequential()
model.add(Dense(16, input_dim=8, kernel_initializer='uniform', activation=swish, name='first'))
model.add(Dense(8, kernel_initializer='uniform', activation='relu', name='second'))
model.add(Dense(1, kernel_initializer='uniform', activation='sigmoid', name='third'))
model.compile(loss='binary_crossentropy', optimizer='adam', metrics=['accuracy'])
model.fit(X, Y, epochs=40, batch_size=10, verbose=0)
scores = model.evaluate(X, Y, verbose=0)
print("%s: %.2f%%" % (model.metrics_names[1], scores[1] * 100))

# serialize model to JSON
model_json = model.to_json()
with open("model.json", "w") as json_file:
    json_file.write(model_json)
# serialize weights to HDF5
model.save_weights("model.h5")
print("Saved model to disk")

# load json and create model
json_file = open('model.json', 'r')
loaded_model_json = json_file.read()
json_file.close()
loaded_model = model_from_json(loaded_model_json, custom_objects={'swish': swish})
# load weights into new model
loaded_model.load_weights("model.h5")
loaded_model.compile(loss='binary_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
score = loaded_model.evaluate(X, Y, verbose=0)
print("json %s: same %s" % (loaded_model.metrics_names[1], np.isclose(score[1], scores[1])))
loaded_model = model_from_yaml(model.to_yaml(), custom_objects={'swish': swish})
loaded_model.set_weights(model.get_weights())
print('yaml', np.allclose(loaded_model.predict(X), model.predict(X), atol=1e-6))

# the whole model, and its optimizer's state
model.save('my_model.h5')
steps = int(K.get_value(model.optimizer.iterations))
del model  # deletes the existing model
model = load_model('my_model.h5', custom_objects={'swish': swish})
print('whole', steps, int(K.get_value(model.optimizer.iterations)), model.evaluate(X, Y, verbose=0)[1] == scores[1])
model.fit(X, Y, epochs=1, verbose=0)

# transfer: everything but the last layer, frozen, with a new head
for layer in model.layers:
    layer.trainable = False
features = model.layers[-2].output
predictions = Dense(3, activation='softmax', name='head')(Dropout(0.1)(features))
transfer = Model(inputs=model.input, outputs=predictions)
labels = np.digitize(X[:, 0] + X[:, 1], [0.75, 1.25])
transfer.compile(optimizer=SGD(lr=0.1, momentum=0.9), loss='sparse_categorical_crossentropy', metrics=['accuracy'])
before = transfer.get_layer('first').get_weights()
print('trainable', len(transfer.trainable_weights), 'of', len(transfer.weights))
transfer.fit(X, labels, epochs=15, batch_size=20, verbose=0)
print('frozen', all(np.array_equal(a, b) for a, b in zip(before, transfer.get_layer('first').get_weights())))
print('head', transfer.evaluate(X, labels, verbose=0)[1])

# fine-tuning: the second layer, too, at a low rate; it has to be compiled again
transfer.get_layer('second').trainable = True
transfer.compile(optimizer=SGD(lr=0.01, momentum=0.9), loss='sparse_categorical_crossentropy', metrics=['accuracy'])
print('trainable', len(transfer.trainable_weights))
transfer.fit(X, labels, epochs=5, batch_size=20, verbose=0)
print('tuned', transfer.evaluate(X, labels, verbose=0)[1])

# weights by the layers' names
other = Sequential()
other.add(Dense(16, input_dim=8, name='first'))
other.add(Dense(5, name='something_else'))
kept = other.layers[1].get_weights()[0]
other.load_weights('model.h5', by_name=True)
print('by name', np.array_equal(other.layers[0].get_weights()[0], before[0]) or
      other.layers[0].get_weights()[0].shape, np.array_equal(kept, other.layers[1].get_weights()[0]))
other.pop()
print('popped', other.output_shape, len(other.layers))
copy = clone_model(transfer)
print('clone', np.allclose(copy.get_weights()[0], transfer.get_weights()[0]), copy.count_params())
config = transfer.get_config()
print(sorted(config)[:2], Model.from_config(config, custom_objects={'swish': swish}).output_shape)

# prints: acc: <85..100>%
# prints: Saved model to disk
# prints: json acc: same True
# prints: yaml True
# prints: whole 2000 2000 True
# prints: trainable 2 of 6
# prints: frozen True
# prints: head <0.7..1>
# prints: trainable 4
# prints: tuned <0.7..1>
# prints: by name
# prints: popped (None, 16) 1
# prints: clone False 307
# prints: ['input_layers', 'layers'] (None, 3)
# notice: model.to_yaml()
# slow
