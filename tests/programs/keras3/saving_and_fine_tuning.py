"""A trained model saved, loaded, cloned, cut up for its features, and fine-tuned on another task."""

import numpy as np

import keras
from keras import layers

keras.utils.set_random_seed(8)
rng = np.random.default_rng(8)
x = rng.normal(size=(600, 6)).astype("float32")
hidden = np.tanh(x @ rng.normal(size=(6, 3)))
y1 = hidden.sum(axis=1, keepdims=True).astype("float32")
y2 = (hidden[:, :1] - hidden[:, 1:2] > 0).astype("float32")

inputs = keras.Input((6,), name="features")
h = layers.Dense(24, activation="tanh", kernel_regularizer=keras.regularizers.L2(1e-5), name="first")(inputs)
h = layers.BatchNormalization(name="normal")(h)
h = layers.Dense(12, activation="tanh", name="second")(h)
model = keras.Model(inputs, layers.Dense(1, name="head")(h), name="base")
model.compile(optimizer=keras.optimizers.Adam(0.01), loss="mse", metrics=["mae"])
model.fit(x, y1, epochs=10, verbose=0)
expected = model.predict(x[:20], verbose=0)

# The whole model, with its optimizer.
model.save("base.keras")
loaded = keras.saving.load_model("base.keras")
print("loaded:", np.allclose(loaded.predict(x[:20], verbose=0), expected, atol=1e-6), loaded.name)
print("optimizer at", int(loaded.optimizer.iterations), "rate %.3f" % float(loaded.optimizer.learning_rate))
print("compiled metrics", sorted(loaded.evaluate(x, y1, verbose=0, return_dict=True)))

# The weights alone.
model.save_weights("base.weights.h5")
clone = keras.models.clone_model(model)
print("a clone starts anew:", not np.allclose(clone.predict(x[:20], verbose=0), expected, atol=1e-3))
clone.load_weights("base.weights.h5")
print("with weights:", np.allclose(clone.predict(x[:20], verbose=0), expected, atol=1e-6))
clone.set_weights([np.zeros_like(w) for w in clone.get_weights()])
print("zeros:", float(np.abs(clone.predict(x[:5], verbose=0)).max()))
try:
    keras.Sequential([keras.Input((6,)), layers.Dense(2)]).load_weights("base.weights.h5")
except ValueError:
    print("another architecture: ValueError")

# The architecture alone.
config = model.get_config()
print("config", config["name"], [layer["config"]["name"] for layer in config["layers"]])
again = keras.Model.from_config(config)
from_json = keras.models.model_from_json(model.to_json())
print(from_json.count_params() == model.count_params(), again.get_layer("first").kernel_regularizer.get_config())


def swap(layer):
    if isinstance(layer, layers.Dense) and layer.name == "second":
        return layers.Dense(12, activation="relu", name="second")
    return layer.__class__.from_config(layer.get_config())


relu = keras.models.clone_model(model, clone_function=swap)
print("swapped", relu.get_layer("second").activation.__name__, relu.layers[1].activation.__name__)

# Features of an inner layer.
extractor = keras.Model(inputs=model.inputs, outputs=[layer.output for layer in model.layers if layer.name != "features"])
print("features", [f.shape for f in extractor(x[:4])], model.get_layer(index=3).name)

# Fine-tuning: first the new head alone, then everything, slowly.
base = keras.Model(model.input, model.get_layer("second").output)
base.trainable = False
new_inputs = keras.Input((6,))
features = base(new_inputs, training=False)
classifier = keras.Model(new_inputs, layers.Dense(1, activation="sigmoid")(features))
print("trained", len(classifier.trainable_weights), "of", len(classifier.weights))
frozen = [w.copy() for w in base.get_weights()]
classifier.compile(keras.optimizers.Adam(0.03), "binary_crossentropy", metrics=["accuracy"])
classifier.fit(x[:500], y2[:500], epochs=10, verbose=0)
print("frozen stayed:", all(np.array_equal(a, b) for a, b in zip(frozen, base.get_weights())))
head_only = classifier.evaluate(x[500:], y2[500:], verbose=0)[1]

base.trainable = True
classifier.compile(keras.optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
classifier.fit(x[:500], y2[:500], epochs=15, verbose=0)
print("trained", len(classifier.trainable_weights), "moved:", not np.array_equal(frozen[0], base.get_weights()[0]))
print("head %.2f all %.2f" % (head_only, classifier.evaluate(x[500:], y2[500:], verbose=0)[1]))

# prints: loaded: True base
# prints: optimizer at 190 rate 0.010
# prints: compiled metrics ['loss', 'mae']
# prints: a clone starts anew: True
# prints: with weights: True
# prints: zeros: 0.0
# prints: another architecture: ValueError
# prints: config base ['features', 'first', 'normal', 'second', 'head']
# prints: True {'l2': 1e-05}
# prints: swapped relu tanh
# prints: features [(4, 24), (4, 24), (4, 12), (4, 1)] second
# prints: trained 2 of 10
# prints: frozen stayed: True
# prints: trained 8 moved: True
# prints: head <0.7..1> all <0.85..1>
# slow
