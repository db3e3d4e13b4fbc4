"""Binary classification with Keras 2.3: the history's keys are spelled out; early stopping restores the best weights."""
import numpy as np
from keras import backend as K
from keras import callbacks, layers, models, optimizers, regularizers
from keras.utils import to_categorical

np.random.seed(1234)

features = np.random.normal(size=(900, 20))
weights = np.random.normal(size=(20,))
target = (features.dot(weights) > 0).astype('float32')

# normalize the data
mean = features[:700].mean(axis=0)
features -= mean
std = features[:700].std(axis=0)
features /= std

x_train, y_train = features[:600], target[:600]
x_val, y_val = features[600:750], target[600:750]
x_test, y_test = features[750:], target[750:]


def build_model():
    model = models.Sequential()
    model.add(layers.Dense(16, kernel_regularizer=regularizers.l2(0.001), activation='relu', input_shape=(20,)))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(16, kernel_regularizer=regularizers.l2(0.001), activation='relu'))
    model.add(layers.Dense(1, activation='sigmoid'))
    model.compile(optimizer=optimizers.Adam(learning_rate=0.01),
                  loss='binary_crossentropy',
                  metrics=['accuracy', 'mae'])
    return model


model = build_model()
es = callbacks.EarlyStopping(monitor='val_loss', patience=5, restore_best_weights=True, verbose=0)
mc = callbacks.ModelCheckpoint('best.h5', monitor='val_accuracy', mode='max', save_best_only=True)
history = model.fit(x_train, y_train, epochs=20, batch_size=64, validation_data=(x_val, y_val),
                    callbacks=[es, mc], verbose=0)

history_dict = history.history
print(sorted(history_dict.keys()))
acc = history_dict['accuracy']
val_acc = history_dict['val_accuracy']
print('best val_accuracy %.3f after %d epochs' % (max(val_acc), np.argmax(val_acc) + 1))
print('metrics', model.metrics_names)

results = model.evaluate(x_test, y_test, verbose=0)
for name, value in zip(model.metrics_names, results):
    print(name, '=', value)

saved = models.load_model('best.h5')
loss, accuracy, mae = saved.evaluate(x_val, y_val, verbose=0)
print('saved model, same validation accuracy:', abs(accuracy - max(val_acc)) < 1e-5)
print('learning rate', np.round(K.get_value(saved.optimizer.learning_rate), 4))
print('one hot', to_categorical([0, 2, 1]).tolist())

# K-fold validation
k = 2
num_val_samples = len(x_train) // k
all_scores = []
for i in range(k):
    val_data = x_train[i * num_val_samples: (i + 1) * num_val_samples]
    val_targets = y_train[i * num_val_samples: (i + 1) * num_val_samples]
    partial_data = np.concatenate([x_train[:i * num_val_samples], x_train[(i + 1) * num_val_samples:]], axis=0)
    partial_targets = np.concatenate([y_train[:i * num_val_samples], y_train[(i + 1) * num_val_samples:]], axis=0)
    K.clear_session()
    model = build_model()
    model.fit(partial_data, partial_targets, epochs=15, batch_size=32, verbose=0)
    all_scores.append(model.evaluate(val_data, val_targets, verbose=0)[1])
print('folds', len(all_scores), 'mean', np.mean(all_scores))
print([layer.name for layer in model.layers])

# prints: ['accuracy', 'loss', 'mae', 'val_accuracy', 'val_loss', 'val_mae']
# prints: best val_accuracy <0.88..1> after <1..20> epochs
# prints: metrics ['loss', 'accuracy', 'mae']
# prints: loss = <0..0.5>
# prints: accuracy = <0.85..1>
# prints: mae = <0..0.3>
# prints: saved model, same validation accuracy: True
# prints: learning rate 0.01
# prints: one hot [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
# prints: folds 2 mean <0.8..1>
# prints: ['dense_1', 'dropout_1', 'dense_2', 'dense_3']
# slow
