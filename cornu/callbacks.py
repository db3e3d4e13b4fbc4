"""What looks on while a model trains, and steers it."""

from cornu.training.callbacks import BackupAndRestore as BackupAndRestore
from cornu.training.callbacks import Callback as Callback
from cornu.training.callbacks import CallbackList as CallbackList
from cornu.training.callbacks import CSVLogger as CSVLogger
from cornu.training.callbacks import EarlyStopping as EarlyStopping
from cornu.training.callbacks import History as History
from cornu.training.callbacks import LambdaCallback as LambdaCallback
from cornu.training.callbacks import LearningRateScheduler as LearningRateScheduler
from cornu.training.callbacks import ModelCheckpoint as ModelCheckpoint
from cornu.training.callbacks import ProgbarLogger as ProgbarLogger
from cornu.training.callbacks import ReduceLROnPlateau as ReduceLROnPlateau
from cornu.training.callbacks import RemoteMonitor as RemoteMonitor
from cornu.training.callbacks import SwapEMAWeights as SwapEMAWeights
from cornu.training.callbacks import TensorBoard as TensorBoard
from cornu.training.callbacks import TerminateOnNaN as TerminateOnNaN
