"""keras.ops for what NumPy is otherwise used for: linear algebra, sorting, loops, shapes known only to a graph."""

import numpy as np

import keras
from keras import ops

x = ops.reshape(ops.arange(12, dtype="float32"), (3, 4))
print(ops.shape(x), ops.sum(x), ops.mean(x, axis=0))
print(ops.convert_to_numpy(ops.matmul(x, ops.transpose(x)))[0])
print("einsum", np.array(ops.einsum("ij,ij->i", x, x)))
print("where", np.array(ops.where(x > 5, x, -1.0))[1])
values, indices = ops.top_k(ops.convert_to_tensor([3.0, 9.0, 1.0, 7.0]), k=2)
print("top", np.array(values), np.array(indices))
print("sorted", np.array(ops.sort(ops.array([3, 1, 2]))), "argsort", np.array(ops.argsort(ops.array([3, 1, 2]))))
print("one hot", np.array(ops.one_hot(ops.array([0, 2]), 3)).tolist())
print("segments", np.array(ops.segment_sum(ops.array([1.0, 2.0, 3.0]), ops.array([0, 0, 1]), num_segments=2)))
a = ops.array([[4.0, 1.0], [1.0, 3.0]])
print("solve", np.round(np.array(ops.solve(a, ops.array([1.0, 2.0]))), 4))
print("cholesky", np.round(np.array(ops.cholesky(a))[1, 1], 4), "det %.1f" % float(ops.det(a)))
print("norm %.4f" % float(ops.norm(a)), "logsumexp %.4f" % float(ops.logsumexp(a)))
print("softmax", np.round(np.array(ops.softmax(ops.array([1.0, 2.0, 3.0]))), 3))
print("slice", np.array(ops.slice_update(ops.zeros(5), [1], ops.ones(2))))
print("scatter", np.array(ops.scatter(ops.array([[0], [3]]), ops.array([5, 7]), (4,))))
print("pad", ops.pad(x, ((0, 1), (2, 2))).shape, "stack", ops.stack([x, x], axis=-1).shape)
print("cast", ops.cast(x, "int32").dtype, keras.backend.standardize_dtype(ops.cast(x, "float16").dtype))

total = ops.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (0, 0))
print("loop", [int(v) for v in total])
carry, outs = ops.scan(lambda c, e: (c + e, c * e), ops.array(0.0), ops.array([1.0, 2.0, 3.0]))
print("scan", float(carry), np.array(outs))
print("cond", float(ops.cond(ops.array(True), lambda: 1.0, lambda: 2.0)))
print("vectorized", np.array(ops.vectorized_map(lambda row: ops.max(row), x)))
print("map", np.array(ops.map(lambda row: ops.sum(row), x)))
print("erf %.4f" % float(ops.erf(0.5)), "rsqrt %.2f" % float(ops.rsqrt(4.0)), bool(ops.is_tensor(x)))
real, imaginary = ops.fft((ops.array([1.0, 0.0, 0.0, 0.0]), ops.zeros(4)))
print("fft", np.array(real), np.abs(np.array(imaginary)))
image = ops.reshape(ops.arange(16, dtype="float32"), (1, 4, 4, 1))
print("resized", np.array(ops.image.resize(image, (2, 2), interpolation="nearest")).ravel().tolist())
print("pooled", np.array(ops.max_pool(image, 2, strides=2)).ravel().tolist())

# The same functions on symbolic tensors.
inputs = keras.Input((None, 3))
outputs = ops.mean(ops.square(inputs), axis=-1)
model = keras.Model(inputs, ops.expand_dims(outputs, -1))
print(model.output_shape, model(np.full((2, 5, 3), 2.0)).shape, float(model(np.full((1, 1, 3), 3.0))[0, 0, 0]))
spec = keras.KerasTensor((None, 8), dtype="float32")
print(ops.shape(spec), keras.layers.Dense(4).compute_output_spec(spec).shape)
v = keras.Variable(ops.ones((2,)), name="counter")
v.assign_add([1.0, 2.0])
v.assign(v * 2)
print("variable", v.name, np.array(v), v.shape, v.trainable)

# prints: (3, 4) 66.0 [4. 5. 6. 7.]
# prints: [14. 38. 62.]
# prints: einsum [ 14. 126. 366.]
# prints: where [-1. -1.  6.  7.]
# prints: top [9. 7.] [1 3]
# prints: sorted [1 2 3] argsort [1 2 0]
# prints: one hot [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
# prints: segments [3. 3.]
# prints: solve [0.0909 0.6364]
# prints: cholesky <1.6583..1.6584> det 11.0
# prints: norm <5.196..5.197> logsumexp <4.38..4.42>
# prints: softmax [0.09  0.245 0.665]
# prints: slice [0. 1. 1. 0. 0.]
# prints: scatter [5 0 0 7]
# prints: pad (4, 8) stack (3, 4, 2)
# prints: cast int32 float16
# prints: loop [5, 10]
# prints: scan 6.0 [0. 2. 9.]
# prints: cond 1.0
# prints: vectorized [ 3.  7. 11.]
# prints: map [ 6. 22. 38.]
# prints: erf 0.5205 rsqrt 0.50 True
# prints: fft [1. 1. 1. 1.] [0. 0. 0. 0.]
# prints: resized [
# prints: pooled [5.0, 7.0, 13.0, 15.0]
# prints: (None, None, 1) (2, 5, 1) 9.0
# prints: (None, 8) (None, 4)
# prints: variable counter [4. 6.] (2,) True
# slow
