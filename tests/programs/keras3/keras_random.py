"""keras.random: seeds as numbers and as generators, the distributions' moments, shuffling; Monte Carlo for pi."""

import numpy as np

import keras
from keras import ops

# A number as seed: the same draw each time. A generator: another one each time.
a, b = keras.random.normal((3,), seed=7), keras.random.normal((3,), seed=7)
print("same seed, same draw:", bool(ops.all(a == b)))
seed = keras.random.SeedGenerator(7)
c, d = keras.random.normal((3,), seed=seed), keras.random.normal((3,), seed=seed)
print("a generator moves on:", not bool(ops.all(c == d)))
other = keras.random.SeedGenerator(7)
print("and can be repeated:", np.array_equal(c, keras.random.normal((3,), seed=other)))
print("state", seed.state.shape, seed.state.dtype, seed.get_config())

n = 20000
draws = {
    "normal": keras.random.normal((n,), mean=2.0, stddev=0.5, seed=1),
    "uniform": keras.random.uniform((n,), minval=-1.0, maxval=3.0, seed=2),
    "truncated": keras.random.truncated_normal((n,), seed=3),
    "gamma": keras.random.gamma((n,), alpha=3.0, seed=4),
    "beta": keras.random.beta((n,), alpha=2.0, beta=2.0, seed=5),
    "binomial": keras.random.binomial((n,), counts=10.0, probabilities=0.3, seed=6),
}
for name, values in draws.items():
    values = ops.convert_to_numpy(values)
    print(f"{name}: mean {values.mean():.3f} std {values.std():.3f} dtype {values.dtype}")
print("truncated within two:", float(ops.max(ops.abs(draws["truncated"]))) <= 2.0)

whole = keras.random.randint((1000,), minval=0, maxval=6, seed=8)
print("dice", sorted(set(np.array(whole).tolist())), np.array(whole).dtype)
classes = keras.random.categorical(ops.log(ops.array([[0.1, 0.2, 0.7]])), 5000, seed=9)
print("categorical", classes.shape, "share of the last %.2f" % float(ops.mean(ops.cast(classes == 2, "float32"))))
cards = keras.random.shuffle(ops.arange(10), seed=10)
print("shuffled", sorted(np.array(cards).tolist()) == list(range(10)), np.array(cards).tolist() != list(range(10)))
dropped = np.array(keras.random.dropout(ops.ones((n,)), rate=0.25, seed=11))
print("dropout keeps %.2f, values %s" % ((dropped > 0).mean(), [round(float(v), 3) for v in np.unique(dropped)]))

points = keras.random.uniform((100000, 2), seed=12)
inside = ops.mean(ops.cast(ops.sum(ops.square(points), axis=1) < 1.0, "float32"))
print("pi is about %.3f" % (4 * float(inside)))

# One seed for a whole program.
keras.utils.set_random_seed(1)
first = [np.array(keras.random.normal((2,))), np.random.rand(), keras.layers.Dense(2)(np.ones((1, 3)))]
keras.utils.set_random_seed(1)
again = [np.array(keras.random.normal((2,))), np.random.rand(), keras.layers.Dense(2)(np.ones((1, 3)))]
print("repeated:", [np.allclose(x, y) for x, y in zip(first, again)])
layer = keras.layers.Dropout(0.5, seed=3)
x = np.ones((1, 50), "float32")
print("layers' seeds:", np.array_equal(layer(x), layer(x)), "without training:", not np.array_equal(layer(x, training=True), layer(x, training=True)))

# prints: same seed, same draw: True
# prints: a generator moves on: True
# prints: and can be repeated: True
# prints: state (2,) uint32 {'seed': 7, 'name': 'seed_generator'}
# prints: normal: mean <1.98..2.02> std <0.49..0.51> dtype float32
# prints: uniform: mean <0.97..1.03> std <1.14..1.17>
# prints: truncated: mean <-0.03..0.03> std <0.86..0.9>
# prints: gamma: mean <2.9..3.1> std <1.68..1.79>
# prints: beta: mean <0.49..0.51> std <0.215..0.232>
# prints: binomial: mean <2.95..3.05> std <1.42..1.48>
# prints: truncated within two: True
# prints: dice [0, 1, 2, 3, 4, 5] int32
# prints: categorical (1, 5000) share of the last <0.67..0.73>
# prints: shuffled True True
# prints: dropout keeps <0.74..0.76>, values [0.0, 1.333]
# prints: pi is about <3.12..3.16>
# prints: repeated: [True, True, True]
# prints: layers' seeds: True without training: True
# slow
