"""A model with two inputs and two outputs; losses, weights, metrics and data by the outputs' names."""
import numpy as np
from keras import layers
from keras.layers import LSTM, Dense, Embedding, Input, add, average, concatenate
from keras.models import Model

np.random.seed(2018)

num_tags = 4
num_words = 50
num_departments = 3

n = 480
titles = np.random.randint(1, num_words, size=(n, 8))
departments = titles[:, 0] % num_departments
tags = np.eye(num_tags)[np.random.randint(0, num_tags, n)]
priority = (tags[:, :1] + (titles[:, 1:2] > 25) > 0.5).astype('float32')
department_data = np.eye(num_departments)[departments]

main_input = Input(shape=(8,), dtype='int32', name='main_input')
x = Embedding(output_dim=16, input_dim=num_words, input_length=8)(main_input)
lstm_out = LSTM(16, go_backwards=True)(x)
auxiliary_output = Dense(num_departments, activation='softmax', name='aux_output')(lstm_out)

auxiliary_input = Input(shape=(num_tags,), name='aux_input')
x = layers.concatenate([lstm_out, auxiliary_input])
a = Dense(24, activation='relu')(x)
b = Dense(24, activation='relu')(a)
x = add([a, b])
main_output = Dense(1, activation='sigmoid', name='main_output')(x)

model = Model(inputs=[main_input, auxiliary_input], outputs=[main_output, auxiliary_output])
model.compile(optimizer='adam',
              loss={'main_output': 'binary_crossentropy', 'aux_output': 'categorical_crossentropy'},
              loss_weights={'main_output': 1., 'aux_output': 0.5},
              metrics={'main_output': 'accuracy', 'aux_output': ['accuracy', 'mae']})
print(model.metrics_names)
print('inputs', model.input_names, 'outputs', model.output_names)
print('shapes', model.input_shape, model.output_shape)

history = model.fit({'main_input': titles, 'aux_input': tags},
                    {'main_output': priority, 'aux_output': department_data},
                    validation_split=0.1, epochs=40, batch_size=32, verbose=0)
print(sorted(history.history.keys()))
print('main_output_acc', history.history['main_output_acc'][-1])
print('aux_output_acc', history.history['aux_output_acc'][-1])

scores = model.evaluate([titles, tags], [priority, department_data], verbose=0)
for name, score in zip(model.metrics_names, scores):
    print('%s: %.4f' % (name, score))
print('total is the weighted sum:', np.isclose(scores[0], scores[1] + 0.5 * scores[2], atol=1e-4))

main, aux = model.predict([titles[:7], tags[:7]])
print(main.shape, aux.shape)
logs = model.train_on_batch({'main_input': titles[:32], 'aux_input': tags[:32]},
                            {'main_output': priority[:32], 'aux_output': department_data[:32]})
print('train_on_batch', len(logs))
print(model.get_layer('aux_output').output_shape, model.get_layer(index=1).name)
print(layers.Average()([main_output, main_output]).shape[1:], average([main_output, main_output])._keras_shape)

# prints: ['loss', 'main_output_loss', 'aux_output_loss', 'main_output_acc', 'aux_output_acc', 'aux_output_mean_absolute_error']
# prints: inputs ['main_input', 'aux_input'] outputs ['main_output', 'aux_output']
# prints: shapes [(None, 8), (None, 4)] [(None, 1), (None, 3)]
# prints: ['aux_output_acc', 'aux_output_loss', 'aux_output_mean_absolute_error', 'loss', 'main_output_acc', 'main_output_loss', 'val_aux_output_acc', 'val_aux_output_loss', 'val_aux_output_mean_absolute_error', 'val_loss', 'val_main_output_acc', 'val_main_output_loss']
# prints: main_output_acc <0.8..1>
# prints: aux_output_acc <0.7..1>
# prints: loss: <0..0.8>
# prints: total is the weighted sum: True
# prints: (7, 1) (7, 3)
# prints: train_on_batch 6
# prints: (None, 3) embedding_1
# prints: (1,) (None, 1)
# slow
