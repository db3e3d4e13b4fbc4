'''A convnet in the order of dimensions that keras.json asks for.

Counts how many bright quarters there are in small colour images, with batch
normalization along the channels.
'''
from __future__ import print_function
import numpy as np
np.random.seed(42)

from keras import backend as K
from keras.models import Model
from keras.layers import Input, Convolution2D, MaxPooling2D, AveragePooling2D, GlobalAveragePooling2D
from keras.layers import Activation, Dense, Flatten, BatchNormalization, merge
from keras.optimizers import RMSprop
from keras.utils.np_utils import to_categorical

img_rows, img_cols, img_channels = 8, 8, 3

y = np.random.randint(0, 2, size=(320, 4))
X = np.random.normal(scale=0.2, size=(320, img_rows, img_cols, img_channels))
for i in range(320):
    for quarter in range(4):
        r, c = 4 * (quarter // 2), 4 * (quarter % 2)
        X[i, r:r + 4, c:c + 4, 1] += y[i, quarter]
labels = (y.sum(axis=1) > 2).astype('int32')

if K.image_dim_ordering() == 'th':
    X = X.transpose((0, 3, 1, 2))
    input_shape = (img_channels, img_rows, img_cols)
    bn_axis = 1
else:
    input_shape = (img_rows, img_cols, img_channels)
    bn_axis = 3
Y = to_categorical(labels, 2)
print('ordering', K.image_dim_ordering(), 'data', X.shape)


def conv_block(x, nb_filter, kernel_size, stage):
    '''Convolution, batch normalization, relu.'''
    x = Convolution2D(nb_filter, kernel_size, kernel_size, border_mode='same', bias=False,
                      dim_ordering=K.image_dim_ordering(), name='conv' + str(stage))(x)
    x = BatchNormalization(axis=bn_axis, mode=0, name='bn' + str(stage))(x)
    return Activation('relu')(x)


img_input = Input(shape=input_shape)
x = conv_block(img_input, 6, 3, 1)
shortcut = Convolution2D(6, 1, 1, subsample=(1, 1), activation='linear', name='shortcut')(img_input)
x = merge([x, shortcut], mode='sum')
x = MaxPooling2D((2, 2), strides=(2, 2))(x)
x = conv_block(x, 8, 3, 2)
flat = Flatten()(AveragePooling2D((2, 2), border_mode='valid')(x))
pooled = GlobalAveragePooling2D()(x)
x = merge([flat, pooled], mode='concat', concat_axis=1, name='both')
x = Dense(2, activation='softmax', name='predictions')(x)
model = Model(input=img_input, output=x)

model.compile(RMSprop(lr=0.01), 'categorical_crossentropy', metrics=['accuracy'])
hist = model.fit(X, Y, nb_epoch=12, batch_size=32, validation_split=0.25, verbose=0)
print('conv', model.get_layer('conv2').output_shape, 'both', model.get_layer(name='both').output_shape)
print('bn weights', [w.shape for w in model.get_layer('bn1').get_weights()])
print('params', model.count_params(), 'trained', len(model.trainable_weights), 'of', len(model.weights))
print('acc', hist.history['acc'][-1], 'val_acc', max(hist.history['val_acc']))

# prints: ordering tf data (320, 8, 8, 3)
# prints: conv (None, 4, 4, 8) both (None, 40)
# prints: bn weights [(6,), (6,), (6,), (6,)]
# prints: params 756 trained 10 of 14
# prints: acc <0.95..1.0> val_acc <0.85..1.0>
# notice: Convolution2D(bias=...)  ...use_bias=...
# notice: Convolution2D(subsample=...)  ...strides=...
# slow
