"""Models as scikit-learn's estimators: cross validation, pipelines, a search over a grid."""
import numpy as np
from keras.layers import Dense
from keras.models import Sequential
from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import LabelEncoder, StandardScaler

# fix random seed for reproducibility
seed = 7
np.random.seed(seed)
X = np.random.normal(size=(180, 4)) * [1, 10, 100, 1] + [0, 5, 50, 0]
names = np.array(['setosa', 'versicolor', 'virginica'])
Y = names[np.digitize(X[:, 0] + X[:, 1] / 10, [0., 1.])]

# encode class values as integers
encoder = LabelEncoder()
encoder.fit(Y)
encoded_Y = encoder.transform(Y)


def baseline_model(optimizer='adam', units=12):
    # create model
    model = Sequential()
    model.add(Dense(units, input_dim=4, activation='relu'))
    model.add(Dense(3, activation='softmax'))
    # Compile model
    model.compile(loss='categorical_crossentropy', optimizer=optimizer, metrics=['accuracy'])
    return model


estimators = []
estimators.append(('standardize', StandardScaler()))
estimators.append(('mlp', KerasClassifier(build_fn=baseline_model, epochs=40, batch_size=8, verbose=0)))
pipeline = Pipeline(estimators)
kfold = StratifiedKFold(n_splits=2, shuffle=True, random_state=seed)
results = cross_val_score(pipeline, X, encoded_Y, cv=kfold)
print("Standardized: %.2f%% (%.2f%%)" % (results.mean() * 100, results.std() * 100))

estimator = KerasClassifier(build_fn=baseline_model, epochs=30, batch_size=8, verbose=0)
scaled = StandardScaler().fit_transform(X)
estimator.fit(scaled, encoded_Y)
predictions = estimator.predict(scaled)
print(predictions.shape, estimator.predict_proba(scaled).shape, encoder.inverse_transform(predictions)[:2].dtype.kind)
print('right', np.mean(predictions == encoded_Y), estimator.score(scaled, encoded_Y))


def larger_model():
    model = Sequential()
    model.add(Dense(16, input_dim=4, kernel_initializer='normal', activation='relu'))
    model.add(Dense(6, kernel_initializer='normal', activation='relu'))
    model.add(Dense(1, kernel_initializer='normal'))
    model.compile(loss='mean_squared_error', optimizer='adam')
    return model


target = scaled[:, 0] * 2 - scaled[:, 3] + 1
regressor = Pipeline([('standardize', StandardScaler()),
                      ('mlp', KerasRegressor(build_fn=larger_model, epochs=40, batch_size=5, verbose=0))])
results = cross_val_score(regressor, X, target, cv=KFold(n_splits=2))
print("Larger: %.2f (%.2f) MSE" % (results.mean(), results.std()))

grid = GridSearchCV(estimator=KerasClassifier(build_fn=baseline_model, verbose=0, batch_size=10),
                    param_grid=dict(units=[8], epochs=[1, 80]), cv=2)
grid_result = grid.fit(scaled, encoded_Y)
print("Best: %f using %s" % (grid_result.best_score_, grid_result.best_params_))
for mean, param in zip(grid_result.cv_results_['mean_test_score'], grid_result.cv_results_['params']):
    print("%f with: %r" % (mean, param))

# prints: Standardized: <75..100>%
# prints: (180,) (180, 3) U
# prints: right <0.8..1> <0.8..1>
# prints: Larger: <-1.5..0> (
# prints: Best: <0.6..1> using {'epochs': 80, 'units': 8}
# prints: <0.1..0.8> with: {'epochs': 1, 'units': 8}
# slow
