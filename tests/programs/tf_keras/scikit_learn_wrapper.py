"""A network as an estimator of scikit-learn, by tf.keras.wrappers: cross validation, a pipeline, a search over parameters."""

import numpy as np
import tensorflow as tf
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score, train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler
from tensorflow.keras.layers import Dense
from tensorflow.keras.models import Sequential
from tensorflow.keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor

seed = 7
np.random.seed(seed)
tf.random.set_seed(seed)

centers = np.array([[0, 0, 4, 0], [4, 0, 0, 0], [0, 4, 0, 4]])
kinds = np.random.randint(3, size=150)
X = (centers[kinds] + np.random.normal(size=(150, 4))).astype(float)
Y = np.array(["setosa", "versicolor", "virginica"])[kinds]
# encode class values as integers
encoder = LabelEncoder()
encoder.fit(Y)
encoded_Y = encoder.transform(Y)
# convert integers to dummy variables (i.e. one hot encoded)
dummy_y = tf.keras.utils.to_categorical(encoded_Y)


# define baseline model
def baseline_model(units=8, learning_rate=0.02):
    # create model
    model = Sequential()
    model.add(Dense(units, input_dim=4, activation='relu'))
    model.add(Dense(3, activation='softmax'))
    # Compile model
    model.compile(loss='categorical_crossentropy', metrics=['accuracy'],
                  optimizer=tf.keras.optimizers.Adam(learning_rate=learning_rate))
    return model


estimator = KerasClassifier(build_fn=baseline_model, epochs=12, batch_size=10, verbose=0)
kfold = KFold(n_splits=2, shuffle=True, random_state=seed)
results = cross_val_score(estimator, X, dummy_y, cv=kfold)
print("Baseline: %.2f%% (%.2f%%)" % (results.mean() * 100, results.std() * 100), len(results))

X_train, X_test, Y_train, Y_test = train_test_split(X, encoded_Y, test_size=0.3, random_state=seed)
history = estimator.fit(X_train, Y_train)
predictions = estimator.predict(X_test)
print("predicted", predictions.shape, encoder.inverse_transform(predictions)[0] in Y)
print("accuracy", accuracy_score(Y_test, predictions), confusion_matrix(Y_test, predictions).shape)
print("proba", estimator.predict_proba(X_test).shape, np.allclose(estimator.predict_proba(X_test).sum(1), 1, atol=1e-5))
print("history", sorted(history.history), len(history.epoch))

grid = GridSearchCV(estimator=KerasClassifier(build_fn=baseline_model, epochs=10, batch_size=10, verbose=0),
                    param_grid=dict(learning_rate=[0.00001, 0.02]), cv=2)
grid_result = grid.fit(X_train, Y_train)
print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))


def larger_model():
    model = Sequential([Dense(8, activation="relu", input_shape=(4,)), Dense(1, kernel_initializer="normal")])
    model.compile(loss="mean_squared_error", optimizer=tf.keras.optimizers.Adam(0.03))
    return model


estimators = []
estimators.append(('standardize', StandardScaler()))
estimators.append(('mlp', KerasRegressor(build_fn=larger_model, epochs=15, batch_size=10, verbose=0)))
pipeline = Pipeline(estimators)
target = X[:, 0] - X[:, 2]
pipeline.fit(X, target)
print("regression", np.mean((pipeline.predict(X) - target) ** 2), pipeline.predict(X).shape)

# prints: Baseline: <90..100>% (<0..10>%) 2
# prints: predicted (45,) True
# prints: accuracy <0.9..1.0> (3, 3)
# prints: proba (45, 3) True
# prints: history ['accuracy', 'loss'] 12
# prints: Best: <0.75..1> using {'learning_rate': 0.02}
# prints: regression <0..1.0> (150,)
# slow
