# Tune the optimizer and the number of epochs of a small network with scikit-learn's grid search.
import numpy
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from keras.models import Sequential
from keras.layers import Dense
from keras.wrappers.scikit_learn import KerasClassifier, KerasRegressor

seed = 7
numpy.random.seed(seed)
X = numpy.random.randn(120, 4)
Y = (X[:, 0] > X[:, 1]).astype(int)


# Function to create model, required for KerasClassifier
def create_model(optimizer='rmsprop', init='glorot_uniform'):
    # create model
    model = Sequential()
    model.add(Dense(8, input_dim=4, init=init, activation='relu'))
    model.add(Dense(1, init=init, activation='sigmoid'))
    # Compile model
    model.compile(loss='binary_crossentropy', optimizer=optimizer, metrics=['accuracy'])
    return model


# grid search epochs and optimizer
model = KerasClassifier(build_fn=create_model, batch_size=10, verbose=0)
param_grid = dict(optimizer=['sgd', 'adam'], nb_epoch=[1, 50])
grid = GridSearchCV(estimator=model, param_grid=param_grid, n_jobs=1, cv=2)
grid_result = grid.fit(X, Y)
print("Best: %f using %s" % (grid_result.best_score_, sorted(grid_result.best_params_)))
print("best number of epochs: %d" % grid_result.best_params_['nb_epoch'])
print("%d settings" % len(grid_result.cv_results_['params']))

# evaluate using cross validation; labels may be strings
names = numpy.array(['left', 'right'])[Y]
classifier = KerasClassifier(build_fn=create_model, init='uniform', optimizer='adam', nb_epoch=25, batch_size=5, verbose=0)
kfold = StratifiedKFold(n_splits=2, shuffle=True, random_state=seed)
results = cross_val_score(classifier, X, names, cv=kfold)
print("Accuracy: %.2f%% of %d" % (results.mean() * 100, len(results)))
history = classifier.fit(X, names)
print("predicts %s, probabilities %s" % (sorted(map(str, set(classifier.predict(X).ravel()))), classifier.predict_proba(X).shape))
print("epochs %d, score %.2f" % (len(history.history['loss']), classifier.score(X, names)))


def baseline_model():
    model = Sequential()
    model.add(Dense(12, input_dim=4, init='normal', activation='relu'))
    model.add(Dense(1, init='normal'))
    model.compile(loss='mean_squared_error', optimizer='adam')
    return model


estimator = KerasRegressor(build_fn=baseline_model, nb_epoch=60, batch_size=10, verbose=0)
target = X.dot([1., -2., 0.5, 0.]) + 3
estimator.fit(X, target)
print("R: %.3f, %s" % (numpy.corrcoef(estimator.predict(X), target)[0, 1], estimator.predict(X).shape))
print("parameters %s" % sorted(estimator.get_params()))

# prints: Best: <0.75..1.0> using ['nb_epoch', 'optimizer']
# prints: best number of epochs: 50
# prints: 4 settings
# prints: Accuracy: <80..100>% of 2
# prints: predicts ['left', 'right'], probabilities (120, 2)
# prints: epochs 25, score <0.85..1.0>
# prints: R: <0.9..1.0>, (120,)
# prints: parameters ['batch_size', 'build_fn', 'nb_epoch', 'verbose']
# slow
