"""Losses made by functions: dice, focal loss and Tversky for rare foreground; a small U-Net; custom metrics."""
from __future__ import print_function

import numpy as np
import keras.backend as K
from keras.callbacks import EarlyStopping
from keras.layers import Conv2D, Dropout, Input, MaxPooling2D, UpSampling2D, concatenate
from keras.losses import binary_crossentropy
from keras.models import Model, load_model
from keras.optimizers import Adam

np.random.seed(1)
smooth = 1.


def dice_coef(y_true, y_pred):
    y_true_f = K.flatten(y_true)
    y_pred_f = K.flatten(y_pred)
    intersection = K.sum(y_true_f * y_pred_f)
    return (2. * intersection + smooth) / (K.sum(y_true_f) + K.sum(y_pred_f) + smooth)


def dice_coef_loss(y_true, y_pred):
    return -dice_coef(y_true, y_pred)


def bce_dice_loss(y_true, y_pred):
    return binary_crossentropy(y_true, y_pred) + (1 - dice_coef(y_true, y_pred))


def focal_loss(gamma=2., alpha=.25):
    def focal_loss_fixed(y_true, y_pred):
        pt_1 = K.switch(K.equal(y_true, 1), y_pred, K.ones_like(y_pred))
        pt_0 = K.switch(K.equal(y_true, 0), y_pred, K.zeros_like(y_pred))
        pt_1 = K.clip(pt_1, K.epsilon(), 1. - K.epsilon())
        pt_0 = K.clip(pt_0, K.epsilon(), 1. - K.epsilon())
        return -K.mean(alpha * K.pow(1. - pt_1, gamma) * K.log(pt_1)) \
            - K.mean((1 - alpha) * K.pow(pt_0, gamma) * K.log(1. - pt_0))
    return focal_loss_fixed


def jaccard_distance(y_true, y_pred, smooth=100):
    intersection = K.sum(K.abs(y_true * y_pred), axis=-1)
    sum_ = K.sum(K.abs(y_true) + K.abs(y_pred), axis=-1)
    jac = (intersection + smooth) / (sum_ - intersection + smooth)
    return (1 - jac) * smooth


def recall(y_true, y_pred):
    true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    possible_positives = K.sum(K.round(K.clip(y_true, 0, 1)))
    return true_positives / (possible_positives + K.epsilon())


def precision(y_true, y_pred):
    true_positives = K.sum(K.round(K.clip(y_true * y_pred, 0, 1)))
    predicted_positives = K.sum(K.round(K.clip(y_pred, 0, 1)))
    return true_positives / (predicted_positives + K.epsilon())


def weighted_loss(weights):
    weights = K.variable(weights)

    def loss(y_true, y_pred):
        return K.mean(K.gather(weights, K.cast(y_true, 'int32')) * K.square(y_true - y_pred), axis=-1)
    return loss


def get_unet():
    inputs = Input((16, 16, 1))
    conv1 = Conv2D(6, (3, 3), activation='relu', padding='same', kernel_initializer='he_normal')(inputs)
    pool1 = MaxPooling2D(pool_size=(2, 2))(conv1)
    conv2 = Conv2D(12, 3, activation='relu', padding='same', kernel_initializer='he_normal')(pool1)
    up3 = concatenate([UpSampling2D(size=(2, 2))(conv2), conv1], axis=3)
    conv3 = Conv2D(6, (3, 3), activation='relu', padding='same')(up3)
    conv4 = Conv2D(1, (1, 1), activation='sigmoid')(conv3)
    return Model(inputs=[inputs], outputs=[conv4])


# bright disks on noise
n = 160
rows, columns = np.mgrid[:16, :16]
masks = np.zeros((n, 16, 16, 1), 'float32')
for mask in masks:
    r, c = np.random.randint(4, 12, 2)
    mask[(rows - r) ** 2 + (columns - c) ** 2 <= 9] = 1
images = masks * 0.8 + 0.3 * np.random.randn(n, 16, 16, 1)
print('foreground %.3f' % masks.mean())

model = get_unet()
model.compile(optimizer=Adam(lr=1e-2), loss=dice_coef_loss, metrics=[dice_coef, precision, recall])
history = model.fit(images, masks, batch_size=16, epochs=6, verbose=0, validation_split=0.2,
                    callbacks=[EarlyStopping(patience=5)])
print(sorted(history.history))
print('dice', history.history['val_dice_coef'][-1], 'recall', history.history['val_recall'][-1])
print('loss is minus dice', np.isclose(history.history['loss'][-1], -history.history['dice_coef'][-1], atol=1e-3))

model.save('unet.h5')
model = load_model('unet.h5', custom_objects={'dice_coef_loss': dice_coef_loss, 'dice_coef': dice_coef,
                                              'precision': precision, 'recall': recall})
print('loaded', model.evaluate(images, masks, verbose=0, batch_size=16)[1])
predicted = model.predict(images)[..., 0] > 0.5
iou = (predicted & (masks[..., 0] > 0)).sum() / float((predicted | (masks[..., 0] > 0)).sum())
print('iou', iou)

for loss in (bce_dice_loss, focal_loss(gamma=2., alpha=.6), jaccard_distance, weighted_loss([1., 4.])):
    model = get_unet()
    model.compile(loss=loss, optimizer='adam', metrics=[recall])
    values = model.fit(images, masks, batch_size=16, epochs=3, verbose=0).history['loss']
    print(loss.__name__, 'falls', values[-1] < 0.95 * values[0])

p, t = K.variable(np.array([[0.9, 0.2]])), K.variable(np.array([[1., 0.]]))
print('focal %.5f' % K.eval(focal_loss()(t, p)), 'dice %.4f' % K.eval(dice_coef(t, p)))

# prints: foreground <0.08..0.14>
# prints: ['dice_coef', 'loss', 'precision', 'recall', 'val_dice_coef', 'val_loss', 'val_precision', 'val_recall']
# prints: dice <0.8..1> recall <0.75..1>
# prints: loss is minus dice True
# prints: loaded <0.8..1>
# prints: iou <0.7..1>
# prints: bce_dice_loss falls True
# prints: focal_loss_fixed falls True
# prints: jaccard_distance falls True
# prints: loss falls True
# prints: focal 0.00348 dice 0.9032
# slow
