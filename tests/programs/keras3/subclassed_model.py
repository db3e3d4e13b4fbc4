"""Subclassed layers and a subclassed model: build, call, losses of their own, a state that isn't trained."""

import numpy as np

import keras
from keras import ops


class Linear(keras.layers.Layer):
    """y = x w + b, with a penalty on what it puts out."""

    def __init__(self, units=32, rate=0.0, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.rate = rate

    def build(self, input_shape):
        self.w = self.add_weight(
            shape=(input_shape[-1], self.units), initializer="glorot_uniform", trainable=True, name="w"
        )
        self.b = self.add_weight(shape=(self.units,), initializer="zeros", trainable=True, name="b")

    def call(self, inputs):
        x = ops.matmul(inputs, self.w) + self.b
        if self.rate:
            self.add_loss(self.rate * ops.mean(ops.square(x)))
        return x

    def get_config(self):
        return {**super().get_config(), "units": self.units, "rate": self.rate}


class ComputeSum(keras.layers.Layer):
    """Adds up all that it has seen; not trained."""

    def __init__(self, dim):
        super().__init__()
        self.total = self.add_weight(initializer="zeros", shape=(dim,), trainable=False)

    def call(self, inputs):
        self.total.assign_add(ops.sum(inputs, axis=0))
        return self.total


class Block(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.linear_1 = Linear(units, rate=1e-3)
        self.linear_2 = Linear(units)
        self.dropout = keras.layers.Dropout(0.1)

    def call(self, inputs, training=None):
        x = ops.relu(self.linear_1(inputs))
        x = self.dropout(x, training=training)
        return ops.relu(self.linear_2(x))


class Regressor(keras.Model):
    def __init__(self, units=24, depth=2, **kwargs):
        super().__init__(**kwargs)
        self.blocks = [Block(units) for _ in range(depth)]
        self.head = keras.layers.Dense(1)

    def call(self, inputs, training=False):
        x = inputs
        for block in self.blocks:
            x = block(x, training=training)
        return self.head(x)


my_sum = ComputeSum(2)
print("sum:", np.array(my_sum(np.ones((2, 2)))))
print("sum:", np.array(my_sum(np.ones((2, 2)))))
print("weights:", len(my_sum.weights), "non-trainable:", len(my_sum.non_trainable_weights))

keras.utils.set_random_seed(3)
rng = np.random.default_rng(3)
x = rng.normal(size=(600, 3)).astype("float32")
y = (np.sin(2 * x[:, :1]) + x[:, 1:2] * x[:, 2:]).astype("float32")

model = Regressor(name="regressor")
model.compile(optimizer=keras.optimizers.AdamW(1e-2, weight_decay=1e-4), loss="mse", metrics=["mae"])
history = model.fit(x[:500], y[:500], epochs=40, batch_size=50, verbose=0)
print(sorted(history.history))
print("loss from %.2f to %.2f" % (history.history["loss"][0], history.history["loss"][-1]))
results = model.evaluate(x[500:], y[500:], verbose=0, return_dict=True)
print("test mae %.3f of %.3f" % (results["mae"], np.abs(y[500:]).mean()))

model(x[:4])
print("own losses:", len(model.losses), all(float(loss) > 0 for loss in model.losses))
print("layers:", [layer.name for layer in model.layers])
print("inside the first block:", [layer.__class__.__name__ for layer in model.blocks[0]._layers])
print("weights:", len(model.weights), "parameters:", model.count_params())
for weight in model.trainable_weights[:3]:
    print(weight.path, weight.shape)
print(Linear.from_config(Linear(5, rate=0.5, name="mine").get_config()).get_config()["units"])

# prints: sum: [2. 2.]
# prints: sum: [4. 4.]
# prints: weights: 1 non-trainable: 1
# prints: ['loss', 'mae']
# prints: loss from <0.7..3> to <0..0.45>
# prints: test mae <0..0.45> of <0.6..1.2>
# prints: own losses: 2 True
# prints: layers: ['block', 'block_1', 'dense']
# prints: inside the first block: ['Linear', 'Linear', 'Dropout']
# prints: weights: 10 parameters: 1921
# prints: regressor/block/linear/w (3, 24)
# prints: regressor/block/linear/b (24,)
# prints: regressor/block/linear_1/w (24, 24)
# prints: 5
