"""Metrics by themselves and in a model: AUC, precision, recall, F1, top k, confusion, and one of one's own."""

import numpy as np

import keras
from keras import ops

y_true = np.array([0, 0, 1, 1, 1, 0])
y_pred = np.array([0.1, 0.6, 0.35, 0.8, 0.9, 0.2])
for metric in (
    keras.metrics.AUC(),
    keras.metrics.AUC(curve="PR", num_thresholds=500),
    keras.metrics.Precision(),
    keras.metrics.Recall(thresholds=[0.3, 0.7]),
    keras.metrics.BinaryAccuracy(threshold=0.5),
    keras.metrics.TruePositives(),
    keras.metrics.FalseNegatives(),
    keras.metrics.SensitivityAtSpecificity(0.6),
    keras.metrics.MeanAbsoluteError(),
    keras.metrics.RootMeanSquaredError(),
):
    metric.update_state(y_true, y_pred)
    print(metric.name, np.round(np.array(metric.result(), dtype="float64"), 3).tolist())

labels = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 0]], "float32")
scores = np.array([[0.7, 0.2, 0.1], [0.3, 0.6, 0.1], [0.2, 0.5, 0.3], [0.5, 0.4, 0.1]], "float32")
f1 = keras.metrics.F1Score(average=None)
f1.update_state(labels, scores)
print("f1", np.round(np.array(f1.result(), dtype="float64"), 3).tolist())
macro = keras.metrics.F1Score(average="macro", name="macro")
macro.update_state(labels, scores)
print(macro.name, "%.3f" % float(macro.result()))
print("top 2: %.2f" % float(ops.mean(keras.metrics.top_k_categorical_accuracy(labels, scores, k=2))))
iou = keras.metrics.MeanIoU(num_classes=2)
iou.update_state([0, 0, 1, 1], [0, 1, 1, 1])
print("iou %.3f" % float(iou.result()), np.array(iou.total_cm).astype(int).tolist())
r2 = keras.metrics.R2Score()
r2.update_state(np.array([[1.0], [2.0], [3.0]]), np.array([[1.1], [1.9], [3.2]]))
print("r2 %.3f" % float(r2.result()))
mean = keras.metrics.Mean()
mean.update_state([1.0, 3.0], sample_weight=[3.0, 1.0])
print("mean", float(mean.result()), [v.name for v in mean.variables])
mean.reset_state()
print("reset", float(mean.result()))


class BalancedAccuracy(keras.metrics.Metric):
    """The mean of the recalls of both classes."""

    def __init__(self, name="balanced_accuracy", **kwargs):
        super().__init__(name=name, **kwargs)
        self.hits = self.add_variable(shape=(2,), initializer="zeros", name="hits")
        self.seen = self.add_weight(shape=(2,), initializer="zeros", name="seen")

    def update_state(self, y_true, y_pred, sample_weight=None):
        y_true = ops.cast(ops.reshape(y_true, (-1,)), "int32")
        hit = ops.cast(ops.equal(ops.cast(ops.reshape(y_pred, (-1,)) > 0.5, "int32"), y_true), self.dtype)
        one_hot = ops.one_hot(y_true, 2, dtype=self.dtype)
        self.hits.assign(self.hits + ops.sum(one_hot * hit[:, None], axis=0))
        self.seen.assign(self.seen + ops.sum(one_hot, axis=0))

    def result(self):
        return ops.mean(self.hits / ops.maximum(self.seen, 1.0))


def mean_prediction(y_true, y_pred):
    return ops.mean(y_pred)


keras.utils.set_random_seed(14)
rng = np.random.default_rng(14)
x = rng.normal(size=(500, 5)).astype("float32")
y = (x[:, 0] + 0.3 * rng.normal(size=500) > 0.8).astype("float32")
model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")])
model.compile(
    keras.optimizers.Adam(0.02),
    "binary_crossentropy",
    metrics=[BalancedAccuracy(), "auc", keras.metrics.Precision(name="precision"), mean_prediction, "accuracy"],
)
history = model.fit(x, y, epochs=15, batch_size=50, verbose=0)
print(sorted(history.history))
results = model.evaluate(x, y, verbose=0, return_dict=True)
print("balanced %.2f auc %.2f" % (results["balanced_accuracy"], results["auc"]))
print("mean prediction %.2f, share %.2f" % (results["mean_prediction"], y.mean()))
p = model.predict(x, verbose=0)[:, 0]
by_hand = np.mean([(p[y == 1] > 0.5).mean(), (p[y == 0] <= 0.5).mean()])
print("as by hand:", abs(by_hand - results["balanced_accuracy"]) < 1e-4)
print([type(keras.metrics.get(name)).__name__ for name in ("mse", "AUC")], keras.metrics.serialize(mean)["class_name"])

# prints: auc 0.889
# prints: auc_1 <0.88..0.93>
# prints: precision 0.667
# prints: recall [1.0, 0.667]
# prints: binary_accuracy 0.667
# prints: true_positives 2.0
# prints: false_negatives 1.0
# prints: sensitivity_at_specificity <0.999..1>
# prints: mean_absolute_error 0.308
# prints: root_mean_squared_error 0.384
# prints: f1 [0.667, 0.5, 0.0]
# prints: macro 0.389
# prints: top 2: 1.00
# prints: iou 0.583 [[1, 1], [0, 2]]
# prints: r2 0.970
# prints: mean 1.5 ['total', 'count']
# prints: reset 0.0
# prints: ['accuracy', 'auc', 'balanced_accuracy', 'loss', 'mean_prediction', 'precision']
# prints: balanced <0.8..1> auc <0.93..1>
# prints: mean prediction <0.12..0.35>, share <0.15..0.3>
# prints: as by hand: True
# prints: Mean
# slow
