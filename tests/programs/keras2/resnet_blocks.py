"""A residual network of three stages on small pictures, with a schedule of the learning rate and checkpoints."""
from __future__ import print_function

import os

import keras
import numpy as np
from keras.callbacks import LearningRateScheduler, ModelCheckpoint, ReduceLROnPlateau
from keras.layers import Activation, AveragePooling2D, BatchNormalization, Conv2D, Dense, Flatten, Input
from keras.models import Model
from keras.optimizers import Adam
from keras.regularizers import l2

np.random.seed(12)
n = 1
depth = n * 6 + 2
epochs = 6


def lr_schedule(epoch):
    """Learning rate is scheduled to be reduced after some epochs."""
    lr = 1e-2
    if epoch > 4:
        lr *= 1e-1
    elif epoch > 2:
        lr *= 0.5
    print('Learning rate: ', lr)
    return lr


def resnet_layer(inputs, num_filters=8, kernel_size=3, strides=1, activation='relu', batch_normalization=True,
                 conv_first=True):
    conv = Conv2D(num_filters,
                  kernel_size=kernel_size,
                  strides=strides,
                  padding='same',
                  kernel_initializer='he_normal',
                  kernel_regularizer=l2(1e-4))
    x = inputs
    if conv_first:
        x = conv(x)
        if batch_normalization:
            x = BatchNormalization()(x)
        if activation is not None:
            x = Activation(activation)(x)
    else:
        if batch_normalization:
            x = BatchNormalization()(x)
        if activation is not None:
            x = Activation(activation)(x)
        x = conv(x)
    return x


def resnet_v1(input_shape, depth, num_classes=4):
    if (depth - 2) % 6 != 0:
        raise ValueError('depth should be 6n+2 (eg 20, 32, 44 in [a])')
    # Start model definition.
    num_filters = 8
    num_res_blocks = int((depth - 2) / 6)

    inputs = Input(shape=input_shape)
    x = resnet_layer(inputs=inputs)
    # Instantiate the stack of residual units
    for stack in range(3):
        for res_block in range(num_res_blocks):
            strides = 1
            if stack > 0 and res_block == 0:  # first layer but not first stack
                strides = 2  # downsample
            y = resnet_layer(inputs=x, num_filters=num_filters, strides=strides)
            y = resnet_layer(inputs=y, num_filters=num_filters, activation=None)
            if stack > 0 and res_block == 0:  # first layer but not first stack
                # linear projection residual shortcut connection to match changed dims
                x = resnet_layer(inputs=x, num_filters=num_filters, kernel_size=1, strides=strides, activation=None,
                                 batch_normalization=False)
            x = keras.layers.add([x, y])
            x = Activation('relu')(x)
        num_filters *= 2

    x = AveragePooling2D(pool_size=2)(x)
    y = Flatten()(x)
    outputs = Dense(num_classes, activation='softmax', kernel_initializer='he_normal')(y)
    return Model(inputs=inputs, outputs=outputs)


# four textures
y_train = np.random.randint(0, 4, (320, 1))
grid = np.arange(8)
waves = [np.sin(grid * 2.), np.sin(grid * 0.8)]
textures = np.array([np.tile(w[:, None], (1, 8)) for w in waves] + [np.tile(w[None], (8, 1)) for w in waves])
x_train = textures[y_train[:, 0]][..., None] * np.random.rand(320, 1, 1, 3) + 0.2 * np.random.randn(320, 8, 8, 3)
# If subtract pixel mean is enabled
x_train -= np.mean(x_train, axis=0)
y_train = keras.utils.to_categorical(y_train, 4)

model = resnet_v1(input_shape=x_train.shape[1:], depth=depth, num_classes=4)
model.compile(loss='categorical_crossentropy', optimizer=Adam(lr=lr_schedule(0)), metrics=['accuracy'])
print('ResNet%dv1' % depth, len(model.layers), model.count_params(), len(model.losses))
print([layer.name for layer in model.layers[-3:]])

# Prepare model saving directory.
save_dir = os.path.join(os.getcwd(), 'saved_models')
if not os.path.isdir(save_dir):
    os.makedirs(save_dir)
filepath = os.path.join(save_dir, 'resnet.{epoch:03d}.h5')

checkpoint = ModelCheckpoint(filepath=filepath, monitor='val_acc', verbose=1, save_best_only=True)
lr_scheduler = LearningRateScheduler(lr_schedule)
lr_reducer = ReduceLROnPlateau(factor=np.sqrt(0.1), cooldown=0, patience=5, min_lr=0.5e-6)
callbacks = [checkpoint, lr_reducer, lr_scheduler]

history = model.fit(x_train[:256], y_train[:256], batch_size=32, epochs=epochs,
                    validation_data=(x_train[256:], y_train[256:]), shuffle=True, callbacks=callbacks, verbose=2)
print('rates', [round(float(lr), 4) for lr in history.history['lr']])
print('best', max(history.history['val_acc']), 'files', len(os.listdir(save_dir)) >= 1)
scores = model.evaluate(x_train[:256], y_train[:256], verbose=0)
print('Train accuracy:', scores[1])

# prints: Learning rate:  0.01
# prints: ResNet8v1 30 20068 9
# prints: ['average_pooling2d_1', 'flatten_1', 'dense_1']
# prints: Epoch 1: val_acc improved from...to <0..1>
# prints: Epoch 1/6
# prints: rates [0.01, 0.01, 0.01, 0.005, 0.005, 0.001]
# prints: best <0.6..1> files True
# prints: Train accuracy: <0.7..1>
# slow
