"""keras.tree, keras.saving and keras.config: nested structures, registered objects, settings; layers by their names."""

import numpy as np

import keras
from keras import ops

nested = {"b": [1, 2], "a": (3, {"c": 4})}
print(keras.tree.flatten(nested))
print(keras.tree.map_structure(lambda v: v * 10, nested))
print(keras.tree.pack_sequence_as(nested, [30, 40, 10, 20]), keras.tree.is_nested(3))
keras.tree.assert_same_structure(nested, keras.tree.map_structure(str, nested))

print(keras.__version__.split(".")[0], keras.backend.backend(), keras.config.backend())
print(keras.config.floatx(), keras.config.epsilon(), keras.config.image_data_format())
print("interactive", keras.config.is_interactive_logging_enabled(), keras.config.is_traceback_filtering_enabled())


@keras.saving.register_keras_serializable(package="my_package")
def doubled_relu(x):
    return 2 * ops.relu(x)


@keras.saving.register_keras_serializable(package="my_package", name="Scale")
class MyScale(keras.layers.Layer):
    def __init__(self, factor=1.0, initializer="ones", **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
        self.initializer = keras.initializers.get(initializer)

    def build(self, input_shape):
        self.scale = self.add_weight(shape=(input_shape[-1],), initializer=self.initializer, name="scale")

    def call(self, x):
        return x * self.scale * self.factor

    def get_config(self):
        config = super().get_config()
        return {**config, "factor": self.factor, "initializer": keras.initializers.serialize(self.initializer)}


class Plain(keras.layers.Layer):
    def call(self, x):
        return x + 1


print(keras.saving.get_registered_name(doubled_relu), keras.saving.get_registered_object("my_package>Scale") is MyScale)
layer = MyScale(3.0, initializer=keras.initializers.Constant(0.5), name="scaled")
config = keras.saving.serialize_keras_object(layer)
print(config["class_name"], config["registered_name"], config["config"]["factor"])
twin = keras.saving.deserialize_keras_object(config)
print(type(twin).__name__, float(twin(np.ones((1, 2)))[0, 0]), twin.name)

inputs = keras.Input((2,))
model = keras.Model(inputs, Plain()(MyScale(2.0)(keras.layers.Dense(3, activation=doubled_relu)(inputs))))
model.save("custom.keras")
try:
    keras.saving.load_model("custom.keras")
except (TypeError, ValueError) as error:
    print("without it:", "Plain" in str(error))
loaded = keras.saving.load_model("custom.keras", custom_objects={"Plain": Plain})
print("with it:", np.allclose(model(np.ones((1, 2))), loaded(np.ones((1, 2)))))
with keras.saving.custom_object_scope({"Plain": Plain}):
    print("in a scope:", len(keras.saving.load_model("custom.keras").layers))

keras.backend.clear_session()
print([keras.layers.Dense(1).name for _ in range(3)], keras.layers.Conv2D(1, 1).name, keras.layers.LSTM(2).name)
print(keras.Sequential().name, MyScale().name, keras.layers.BatchNormalization().name, keras.Input((1,)).shape)
print(keras.activations.get("gelu").__name__, keras.optimizers.get("adamw").name, keras.losses.get("mse").__name__)
print(keras.initializers.get({"class_name": "HeNormal", "config": {"seed": 1}}).get_config()["seed"])
for make in (
    lambda: keras.layers.Dense(4, actvation="relu"),
    lambda: keras.layers.Dens,
    lambda: keras.optimizers.get("adamm"),
    lambda: keras.activations.get("rellu"),
    lambda: keras.Model(inputs, inputs).get_layer("nowhere"),
):
    try:
        make()
    except (AttributeError, ValueError, TypeError) as error:
        print(type(error).__name__)

# prints: [3, 4, 1, 2]
# prints: {'b': [10, 20], 'a': (30, {'c': 40})}
# prints: {'b': [10, 20], 'a': (30, {'c': 40})} False
# prints: 3 jax jax
# prints: float32 1e-07 channels_last
# prints: interactive True ...
# prints: my_package>doubled_relu True
# prints: MyScale my_package>Scale 3.0
# prints: MyScale 1.5 scaled
# prints: without it: True
# prints: with it: True
# prints: in a scope: 4
# prints: ['dense', 'dense_1', 'dense_2'] conv2d lstm
# prints: sequential my_scale batch_normalization (None, 1)
# prints: gelu adam_w mean_squared_error
# prints: 1
# prints: ValueError
# prints: AttributeError
# prints: ValueError
# prints: ValueError
# prints: ValueError
