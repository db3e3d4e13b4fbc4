"""A script with the headers of several years on top: sessions, memory growth, seeds, devices; trained in a strategy's scope."""

from __future__ import print_function

import os
os.environ['TF_CPP_MIN_LOG_LEVEL'] = '2'
os.environ["CUDA_VISIBLE_DEVICES"] = "0"

import numpy as np
import tensorflow as tf
from tensorflow.compat.v1.keras.backend import set_session
from tensorflow.keras import backend as K
from tensorflow.python.client import device_lib

config = tf.compat.v1.ConfigProto()
config.gpu_options.allow_growth = True  # dynamically grow the memory used on the GPU
config.gpu_options.per_process_gpu_memory_fraction = 0.4
config.log_device_placement = False
sess = tf.compat.v1.Session(config=config)
set_session(sess)  # set this TensorFlow session as the default session for Keras

tf.compat.v1.logging.set_verbosity(tf.compat.v1.logging.ERROR)
tf.compat.v1.disable_eager_execution()
gpus = tf.config.experimental.list_physical_devices('GPU')
if gpus:
    try:
        # Currently, memory growth needs to be the same across GPUs
        for gpu in gpus:
            tf.config.experimental.set_memory_growth(gpu, True)
    except RuntimeError as e:
        print(e)
print("devices", [d.device_type for d in device_lib.list_local_devices()][:1])
print("Num GPUs Available: ", len(gpus) >= 0, tf.test.is_gpu_available() == bool(gpus))

seed = 2020
np.random.seed(seed)
tf.compat.v1.set_random_seed(seed)
if int(tf.__version__.split('.')[0]) >= 2:
    tf.random.set_seed(seed)
K.clear_session()
K.set_floatx('float32')
K.set_image_data_format('channels_last')

strategy = tf.distribute.MirroredStrategy()
print('Number of devices: {}'.format(strategy.num_replicas_in_sync))
BATCH_SIZE_PER_REPLICA = 32
BATCH_SIZE = BATCH_SIZE_PER_REPLICA * strategy.num_replicas_in_sync

x = np.random.rand(320, 6, 6, 1).astype(K.floatx())
y = (x[:, :3].mean((1, 2, 3)) > x[:, 3:].mean((1, 2, 3))).astype('int32')
train_dataset = tf.data.Dataset.from_tensor_slices((x, y)).cache().shuffle(320).batch(BATCH_SIZE)

with strategy.scope():
    model = tf.keras.Sequential([
        tf.keras.layers.Conv2D(8, 3, activation='relu', input_shape=(6, 6, 1)),
        tf.keras.layers.Flatten(),
        tf.keras.layers.Dense(16, activation='relu'),
        tf.keras.layers.Dense(2)
    ])
    model.compile(loss=tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True),
                  optimizer=tf.keras.optimizers.Adam(0.01),
                  metrics=['sparse_categorical_accuracy'])


# Function for decaying the learning rate.
def decay(epoch):
    if epoch < 7:
        return 1e-2
    elif epoch >= 7 and epoch < 12:
        return 1e-3
    else:
        return 1e-4


class PrintLR(tf.keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 7:
            print('Learning rate for epoch {} is {:.4f}'.format(epoch + 1, model.optimizer.lr.numpy()))


with tf.device('/GPU:0' if gpus else '/CPU:0'):
    history = model.fit(train_dataset, epochs=9, callbacks=[tf.keras.callbacks.LearningRateScheduler(decay), PrintLR()],
                        verbose=0)
eval_loss, eval_acc = model.evaluate(train_dataset, verbose=0)
print('Eval loss: {}, Eval accuracy: {}'.format(eval_loss, eval_acc))
print(sorted(history.history), K.get_value(model.optimizer.lr) < 0.002)
K.set_value(model.optimizer.lr, 0.5)
print("rate", float(K.get_value(model.optimizer.lr)))


# TensorFlow 1's ways to write a loss with the backend
def focal_loss(gamma=2., alpha=.25):
    def focal_loss_fixed(y_true, y_pred):
        y_pred = K.clip(y_pred, K.epsilon(), 1. - K.epsilon())
        pt_1 = tf.where(tf.equal(y_true, 1), y_pred, tf.ones_like(y_pred))
        pt_0 = tf.where(tf.equal(y_true, 0), y_pred, tf.zeros_like(y_pred))
        return -K.mean(alpha * K.pow(1. - pt_1, gamma) * K.log(pt_1)) - K.mean(
            (1 - alpha) * K.pow(pt_0, gamma) * K.log(1. - pt_0))
    return focal_loss_fixed


value = focal_loss()(np.array([[1.], [0.]], "float32"), np.array([[.8], [.4]], "float32"))
print("focal %.5f" % float(value))

binary = tf.keras.models.Sequential([tf.keras.layers.Flatten(input_shape=(6, 6, 1)),
                                     tf.keras.layers.Dense(1, activation=tf.nn.sigmoid)])
binary.compile(loss=[focal_loss(alpha=.5, gamma=1.)], optimizer=tf.keras.optimizers.Adam(lr=0.02),
               metrics=["accuracy"])
h = binary.fit(x, y.reshape(-1, 1), epochs=10, verbose=0).history
print("binary", h["accuracy"][-1])

# prints: devices ['CPU']
# prints: Num GPUs Available:  True True
# prints: Number of devices: 1
# prints: Learning rate for epoch 8 is 0.0010
# prints: Eval loss: <0.0..0.3>, Eval accuracy: <0.9..1.0>
# prints: ['loss', 'lr', 'sparse_categorical_accuracy'] True
# prints: rate 0.5
# prints: focal 0.0317
# prints: binary <0.85..1.0>
# notice: tf.ConfigProto
# notice: tf.Session
# notice: tf.disable_eager_execution
# notice: Adam(lr=...)
# slow
