"""A training loop of one's own in JAX: the model, the optimizer and the metrics as pure functions of their state."""

import jax
import jax.numpy as jnp
import numpy as np

import keras

keras.utils.set_random_seed(11)


def get_model():
    inputs = keras.Input(shape=(8,), name="features")
    x1 = keras.layers.Dense(32, activation="relu")(inputs)
    x1 = keras.layers.Dropout(0.1)(x1)
    x2 = keras.layers.Dense(32, activation="relu")(x1)
    outputs = keras.layers.Dense(4, name="predictions")(x2)
    return keras.Model(inputs=inputs, outputs=outputs)


rng = np.random.default_rng(5)
centers = rng.normal(size=(4, 8)) * 1.5
labels = rng.integers(0, 4, size=1200)
points = (centers[labels] + rng.normal(size=(1200, 8))).astype("float32")
batch_size = 40
train = [(points[i : i + batch_size], labels[i : i + batch_size]) for i in range(0, 1000, batch_size)]
val = [(points[1000:], labels[1000:])]

model = get_model()
loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
optimizer = keras.optimizers.SGD(learning_rate=keras.optimizers.schedules.ExponentialDecay(0.1, 50, 0.9), momentum=0.9)
train_acc_metric = keras.metrics.SparseCategoricalAccuracy()
val_acc_metric = keras.metrics.SparseCategoricalAccuracy()


def compute_loss_and_updates(trainable_variables, non_trainable_variables, metric_variables, x, y):
    y_pred, non_trainable_variables = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=True
    )
    loss = loss_fn(y, y_pred)
    metric_variables = train_acc_metric.stateless_update_state(metric_variables, y, y_pred)
    return loss, (non_trainable_variables, metric_variables)


grad_fn = jax.value_and_grad(compute_loss_and_updates, has_aux=True)


@jax.jit
def train_step(state, data):
    trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
    x, y = data
    (loss, (non_trainable_variables, metric_variables)), grads = grad_fn(
        trainable_variables, non_trainable_variables, metric_variables, x, y
    )
    trainable_variables, optimizer_variables = optimizer.stateless_apply(
        optimizer_variables, grads, trainable_variables
    )
    return loss, (trainable_variables, non_trainable_variables, optimizer_variables, metric_variables)


@jax.jit
def eval_step(state, data):
    trainable_variables, non_trainable_variables, metric_variables = state
    x, y = data
    y_pred, non_trainable_variables = model.stateless_call(
        trainable_variables, non_trainable_variables, x, training=False
    )
    return val_acc_metric.stateless_update_state(metric_variables, y, y_pred)


optimizer.build(model.trainable_variables)
state = (
    [v.value for v in model.trainable_variables],
    [v.value for v in model.non_trainable_variables],
    [v.value for v in optimizer.variables],
    [v.value for v in train_acc_metric.variables],
)
for epoch in range(6):
    for step, data in enumerate(train):
        loss, state = train_step(state, data)
        if epoch == 0 and step % 12 == 0:
            print(f"Training loss (for 1 batch) at step {step}: {float(loss):.4f}")
    train_acc = train_acc_metric.stateless_result(state[3])
    print(f"epoch {epoch}: accuracy {float(train_acc):.3f}")
    state = (*state[:3], [jnp.zeros_like(v) for v in state[3]])

trainable_variables, non_trainable_variables, optimizer_variables, metric_variables = state
print("before the state is put back: steps", int(optimizer.iterations))
for variable, value in zip(model.trainable_variables, trainable_variables):
    variable.assign(value)
for variable, value in zip(model.non_trainable_variables, non_trainable_variables):
    variable.assign(value)
for variable, value in zip(optimizer.variables, optimizer_variables):
    variable.assign(value)
print("after: steps", int(optimizer.iterations), "rate %.4f" % float(optimizer.learning_rate))

metric_variables = [v.value for v in val_acc_metric.variables]
for data in val:
    metric_variables = eval_step((trainable_variables, non_trainable_variables, metric_variables), data)
for variable, value in zip(val_acc_metric.variables, metric_variables):
    variable.assign(value)
print(f"validation accuracy: {float(val_acc_metric.result()):.3f}")

# The same model afterwards, by Keras's own loop.
model.compile(loss=loss_fn, metrics=["accuracy"])
print("accuracy: %.3f" % model.evaluate(points[1000:], labels[1000:], verbose=0, return_dict=True)["accuracy"])
print([v.name for v in model.non_trainable_variables], [v.dtype for v in model.non_trainable_variables])
val_acc_metric.reset_state()
print(float(val_acc_metric.result()))

# prints: Training loss (for 1 batch) at step 0: <0.8..6>
# prints: Training loss (for 1 batch) at step 24: <0..1>
# prints: epoch 0: accuracy <0.5..1>
# prints: epoch 5: accuracy <0.93..1>
# prints: before the state is put back: steps 0
# prints: after: steps 150 rate <0.0728..0.0730>
# prints: validation accuracy: <0.9..1>
# prints: accuracy: <0.9..1>
# prints: ['seed_generator_state'] ['uint32']
# prints: 0.0
