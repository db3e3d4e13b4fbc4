'''Save a model, in every way there is, and load it again.'''
from __future__ import print_function
import os
import json
import numpy as np
np.random.seed(10)

from keras.models import Sequential, Model, model_from_json, model_from_yaml, load_model
from keras.layers import Dense, Dropout, Input, merge, LSTM
from keras.optimizers import Adam
from keras import backend as K

X = np.random.randn(200, 8)
Y = (X.sum(axis=1) > 0).astype('float32')

model = Sequential()
model.add(Dense(12, input_dim=8, init='uniform', activation='relu', name='first'))
model.add(Dropout(0.1))
model.add(Dense(1, init='uniform', activation='sigmoid'))
model.compile(loss='binary_crossentropy', optimizer=Adam(lr=0.01), metrics=['accuracy'])
model.fit(X, Y, nb_epoch=20, batch_size=10, verbose=0)
scores = model.evaluate(X, Y, verbose=0)
print("%s: %.2f%%" % (model.metrics_names[1], scores[1] * 100))

# serialize model to JSON
model_json = model.to_json()
with open("model.json", "w") as json_file:
    json_file.write(model_json)
# serialize weights to HDF5
model.save_weights("model.h5", overwrite=True)
print("Saved model to disk", sorted(os.listdir('.')))
print('class', json.loads(model_json)['class_name'])

# later...
json_file = open('model.json', 'r')
loaded_model_json = json_file.read()
json_file.close()
loaded_model = model_from_json(loaded_model_json)
loaded_model.load_weights("model.h5")
loaded_model.compile(loss='binary_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
score = loaded_model.evaluate(X, Y, verbose=0)
print("%s: %.2f%%" % (loaded_model.metrics_names[1], score[1] * 100))
print('same predictions', np.abs(loaded_model.predict(X) - model.predict(X)).max())
print('names', [layer.name for layer in loaded_model.layers], loaded_model.layers[1].p)

yaml_model = model_from_yaml(model.to_yaml())
yaml_model.set_weights(model.get_weights())
print('yaml', np.allclose(yaml_model.predict(X), model.predict(X)))

# config
config = model.get_config()
again = Sequential.from_config(config)
print('config', again.count_params(), again.input_shape)

# the whole thing: architecture, weights, and how it was trained
model.save('whole.h5')
before = K.get_value(model.optimizer.iterations)
whole = load_model('whole.h5')
print('whole', np.allclose(whole.predict(X), model.predict(X)), float(K.get_value(whole.optimizer.lr)),
      int(K.get_value(whole.optimizer.iterations)) == int(before) == 400)
one = model.train_on_batch(X, Y)
two = whole.train_on_batch(X, Y)
print('goes on alike', len(one), abs(one[1] - two[1]) < 0.05)

# weights by name into another architecture
other = Sequential()
other.add(Dense(12, input_dim=8, activation='tanh', name='first'))
other.add(Dense(3, name='new', activation='softmax'))
other.load_weights('model.h5', by_name=True)
print('by name', np.array_equal(other.get_layer('first').get_weights()[0], loaded_model.layers[0].get_weights()[0]))

# a model with two inputs
a, b = Input(shape=(4,), name='a'), Input(shape=(5, 2), name='b')
out = Dense(2, name='out')(merge([Dense(3)(a), LSTM(3)(b)], mode='mul'))
two = Model(input=[a, b], output=out)
two.compile('sgd', 'mse')
two.save('two.h5')
del two
two = load_model('two.h5')
print('two', [i.name.split(':')[0] for i in two.inputs], two.predict([np.zeros((3, 4)), np.zeros((3, 5, 2))]).tolist())

# prints: acc: <90..100>%
# prints: Saved model to disk ['model.h5', 'model.json']
# prints: class Sequential
# prints: acc: <90..100>%
# prints: same predictions <0.0..0.000001>
# prints: names ['first', 'dropout_1', 'dense_1'] 0.1
# prints: yaml True
# prints: config 121 (None, 8)
# prints: whole True <0.0099..0.0101> True
# prints: goes on alike 2 True
# prints: by name True
# prints: two ['a', 'b'] [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]
# notice: model.to_yaml()
# slow
