"""Saving models: a folder, HDF5, the newer file, weights alone, configs; with objects of one's own."""

import os

import numpy as np
import tensorflow as tf
from tensorflow import keras
from tensorflow.keras.models import load_model, model_from_json

tf.keras.backend.clear_session()
np.random.seed(0)
tf.random.set_seed(0)


class Scale(keras.layers.Layer):
    def __init__(self, factor=2., **kwargs):
        super().__init__(**kwargs)
        self.factor = factor

    def call(self, inputs):
        return inputs * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}


@keras.utils.register_keras_serializable(package="mine", name="halved")
def halved(x):
    return tf.nn.relu(x) / 2.


def get_model():
    # Create a simple model.
    inputs = keras.Input(shape=(6,))
    x = Scale(3., name="scale")(inputs)
    x = keras.layers.Dense(5, activation=halved, name="hidden")(x)
    x = keras.layers.BatchNormalization()(x)
    outputs = keras.layers.Dense(1, name="out")(x)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mean_squared_error", metrics=["mae"])
    return model


x = np.random.random((128, 6))
y = x.sum(axis=1, keepdims=True)
model = get_model()
model.fit(x, y, epochs=3, verbose=0)
expected = model.predict(x, verbose=0)

# Calling `save('my_model')` creates a SavedModel folder `my_model`.
model.save("saved_model/my_model")
print(os.path.isdir("saved_model/my_model"), len(os.listdir("saved_model/my_model")) > 0)
reconstructed_model = keras.models.load_model("saved_model/my_model", custom_objects={"Scale": Scale})
np.testing.assert_allclose(expected, reconstructed_model.predict(x, verbose=0), rtol=1e-5)
print("optimizer's steps", int(reconstructed_model.optimizer.iterations), reconstructed_model.loss)
# The reconstructed model is already compiled and has retained the optimizer state, so training can resume:
reconstructed_model.fit(x, y, epochs=1, verbose=0)

for name in ("my_model.h5", "my_model.keras"):
    model.save(name)
    with keras.utils.custom_object_scope({"Scale": Scale}):
        again = load_model(name)
    print(name, os.path.isfile(name), np.allclose(again.predict(x, verbose=0), expected, atol=1e-6),
          again.evaluate(x, y, verbose=0)[0] == model.evaluate(x, y, verbose=0)[0])
bare = load_model("my_model.h5", custom_objects={"Scale": Scale}, compile=False)
print("compiled", bare.optimizer is not None)

# The architecture alone
config = model.get_config()
new_model = keras.Model.from_config(config, custom_objects={"Scale": Scale})
json_config = model.to_json()
other = model_from_json(json_config, custom_objects={"Scale": Scale})
print([layer.name for layer in other.layers], other.layers[1].factor)

# The weights alone
model.save_weights("weights/ckpt")
new_model.load_weights("weights/ckpt")
print("weights", np.allclose(new_model.predict(x, verbose=0), expected, atol=1e-6))
model.save_weights("weights.h5")
other.load_weights("weights.h5")
print("weights", np.allclose(other.predict(x, verbose=0), expected, atol=1e-6))

# Transfer by names: layers of the same name get the weights
longer = keras.Sequential([keras.layers.InputLayer(input_shape=(6,)), keras.layers.Dense(5, name="hidden"),
                           keras.layers.Dense(7, name="more")])
longer.load_weights("weights.h5", by_name=True)
print("by name", np.array_equal(longer.layers[0].get_weights()[0], model.get_layer("hidden").get_weights()[0]))

# From Python: features of an inner layer, and a frozen copy
extractor = keras.Model(inputs=model.inputs, outputs=model.get_layer(name="hidden").output)
print("features", extractor(x[:2].astype("float32")).shape)
for layer in model.layers[:-1]:
    layer.trainable = False
print("trainable", len(model.trainable_weights), "of", len(model.weights))
clone = keras.models.clone_model(model)
clone.set_weights(model.get_weights())
print("clone", np.allclose(clone.predict(x, verbose=0), expected, atol=1e-6))

# prints: True True
# prints: optimizer's steps 12 mean_squared_error
# prints: my_model.h5 True True True
# prints: my_model.keras True True True
# prints: compiled False
# prints: ['input_1', 'scale', 'hidden', 'batch_normalization', 'out'] 3.0
# prints: weights True
# prints: weights True
# prints: by name True
# prints: features (2, 5)
# prints: trainable 2 of 8
# prints: clone True
# notice: model.save("folder")
# slow
