"""Half precision: the global policy, one layer's policy, loss scaling, and what stays in single precision."""

import numpy as np

import keras
from keras import layers

print(keras.config.dtype_policy().name, keras.config.floatx())
keras.utils.set_random_seed(10)
rng = np.random.default_rng(10)
x = rng.normal(size=(400, 8)).astype("float32")
y = (np.abs(x[:, 0]) + x[:, 1] > 0.5).astype("int32")

keras.mixed_precision.set_global_policy("mixed_float16")
inputs = keras.Input((8,))
h = layers.Dense(32, activation="relu")(inputs)
h = layers.LayerNormalization()(h)
h = layers.Dense(32, activation="relu")(h)
outputs = layers.Dense(2, activation="softmax", dtype="float32", name="predictions")(h)
model = keras.Model(inputs, outputs)
for layer in model.layers[1:]:
    print(layer.name, layer.compute_dtype, layer.variable_dtype, layer.dtype_policy.name)
print("inside", h.dtype, "outside", outputs.dtype)

model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
print(type(model.optimizer).__name__)
model.fit(x, y, epochs=20, batch_size=40, verbose=0)
print("accuracy %.2f" % model.evaluate(x, y, verbose=0)[1], model.predict(x[:2], verbose=0).dtype)
print("weights", {str(keras.backend.standardize_dtype(w.dtype)) for w in model.weights})
print("scaled:", float(model.optimizer.dynamic_scale) >= 1024)

keras.config.set_dtype_policy("mixed_bfloat16")
keras.utils.set_random_seed(10)
small = keras.Sequential([keras.Input((8,)), layers.Dense(32, activation="relu"), layers.Dense(2)])
loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
small.compile(keras.optimizers.SGD(0.1, momentum=0.9), loss, metrics=["accuracy"])
small.fit(x, y, epochs=15, verbose=0)
print("bfloat16", small.layers[0].compute_dtype, type(small.optimizer).__name__, "%.2f" % small.evaluate(x, y, verbose=0)[1])

keras.config.set_dtype_policy("float32")
layer = layers.Dense(3, dtype=keras.dtype_policies.DTypePolicy("mixed_bfloat16"))
print(layer(np.ones((1, 2))).dtype == "bfloat16", layer.kernel.dtype, layers.Dense(3).compute_dtype)
keras.config.set_floatx("float16")
print(layers.Dense(1)(np.ones((1, 2))).dtype, keras.ops.zeros((2,)).dtype)
keras.config.set_floatx("float32")
scaler = keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.001), initial_scale=256.0)
scaler.build([keras.Variable([1.0])])
print(float(scaler.scale_loss(2.0)), type(scaler.inner_optimizer).__name__)

# prints: float32 float32
# prints: dense float16 float32 mixed_float16
# prints: layer_normalization float16 float32 mixed_float16
# prints: dense_1 float16 float32 mixed_float16
# prints: predictions float32 float32 float32
# prints: inside float16 outside float32
# prints: LossScaleOptimizer
# prints: accuracy <0.85..1> float32
# prints: weights {'float32'}
# prints: scaled: True
# prints: bfloat16 bfloat16 SGD <0.85..1>
# prints: True float32 float32
# prints: float32 float16
# prints: 512.0 Adam
# slow
