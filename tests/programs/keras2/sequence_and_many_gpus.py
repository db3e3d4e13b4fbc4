"""Data by a keras.utils.Sequence, read by several workers; and a model for two GPUs, on a machine that has none."""
import numpy as np
import keras
from keras.layers import Conv1D, Dense, Dropout, Flatten, GlobalMaxPooling1D
from keras.models import Sequential
from keras.utils import multi_gpu_model


class DataGenerator(keras.utils.Sequence):
    'Generates data for Keras'

    def __init__(self, list_IDs, labels, batch_size=32, dim=(20,), n_channels=2, n_classes=3, shuffle=True):
        'Initialization'
        self.dim = dim
        self.batch_size = batch_size
        self.labels = labels
        self.list_IDs = list_IDs
        self.n_channels = n_channels
        self.n_classes = n_classes
        self.shuffle = shuffle
        self.on_epoch_end()

    def __len__(self):
        'Denotes the number of batches per epoch'
        return int(np.floor(len(self.list_IDs) / self.batch_size))

    def __getitem__(self, index):
        'Generate one batch of data'
        # Generate indexes of the batch
        indexes = self.indexes[index * self.batch_size:(index + 1) * self.batch_size]
        # Find list of IDs
        list_IDs_temp = [self.list_IDs[k] for k in indexes]
        # Generate data
        X, y = self.__data_generation(list_IDs_temp)
        return X, y

    def on_epoch_end(self):
        'Updates indexes after each epoch'
        self.indexes = np.arange(len(self.list_IDs))
        if self.shuffle:
            np.random.shuffle(self.indexes)

    def __data_generation(self, list_IDs_temp):
        'Generates data containing batch_size samples'
        X = np.empty((self.batch_size,) + self.dim + (self.n_channels,))
        y = np.empty((self.batch_size), dtype=int)
        for i, ID in enumerate(list_IDs_temp):
            X[i,] = np.load('sample-%s.npy' % ID)
            y[i] = self.labels[ID]
        return X, keras.utils.to_categorical(y, num_classes=self.n_classes)


np.random.seed(10)
# Parameters
params = {'dim': (20,), 'batch_size': 16, 'n_classes': 3, 'n_channels': 2, 'shuffle': True}

# Datasets: a sine of one of three frequencies
labels = {}
for ID in range(240):
    labels[ID] = ID % 3
    t = np.arange(20) + np.random.rand() * 20
    wave = np.sin(t[:, None] * (0.3, 0.9, 2.)[labels[ID]] + [0, 1.5])
    np.save('sample-%s.npy' % ID, wave + 0.1 * np.random.randn(20, 2))
partition = {'train': list(range(192)), 'validation': list(range(192, 240))}

# Generators
training_generator = DataGenerator(partition['train'], labels, **params)
validation_generator = DataGenerator(partition['validation'], labels, **params)
print('batches', len(training_generator), len(validation_generator), training_generator[0][0].shape)

# Design model
model = Sequential()
model.add(Conv1D(8, 5, activation='relu', input_shape=(20, 2)))
model.add(Conv1D(8, 3, activation='relu'))
model.add(GlobalMaxPooling1D())
model.add(Dense(3, activation='softmax'))
model.compile(optimizer=keras.optimizers.Adam(lr=0.01), loss='categorical_crossentropy', metrics=['accuracy'])

# Train model on dataset
history = model.fit_generator(generator=training_generator, validation_data=validation_generator, epochs=8,
                              use_multiprocessing=True, workers=4, max_queue_size=10, verbose=0)
print('val_acc', history.history['val_acc'][-1], len(history.epoch))
print('evaluate', model.evaluate_generator(validation_generator, workers=1)[1])
print('predict', model.predict_generator(validation_generator, steps=2).shape)


# a plain generator does as well
def batches():
    while True:
        i = np.random.randint(0, len(training_generator))
        yield training_generator[i]


h = model.fit_generator(batches(), steps_per_epoch=5, epochs=2, verbose=0, validation_data=batches(),
                        validation_steps=2)
print('generator', sorted(h.history), len(h.history['loss']))

parallel_model = multi_gpu_model(model, gpus=2)
parallel_model.compile(loss='categorical_crossentropy', optimizer='rmsprop', metrics=['accuracy'])
X, y = training_generator[0]
parallel_model.fit(X, y, epochs=1, batch_size=16, verbose=0)
print('parallel', parallel_model.predict(X).shape, parallel_model.evaluate(X, y, verbose=0)[1])

# prints: batches 12 3 (16, 20, 2)
# prints: val_acc <0.85..1> 8
# prints: evaluate <0.85..1>
# prints: predict (32, 3)
# prints: generator ['acc', 'loss', 'val_acc', 'val_loss'] 2
# prints: parallel (16, 3) <0.8..1>
# notice: multi_gpu_model
# slow
