"""Small helpers around models and data."""

from cornu.registry import CustomObjectScope as CustomObjectScope
from cornu.registry import custom_object_scope as custom_object_scope
from cornu.registry import get_custom_objects as get_custom_objects
from cornu.registry import get_registered_name as get_registered_name
from cornu.registry import get_registered_object as get_registered_object
from cornu.registry import register_keras_serializable as register_keras_serializable
from cornu.utils.data import pack_x_y_sample_weight as pack_x_y_sample_weight
from cornu.utils.data import split_dataset as split_dataset
from cornu.utils.data import unpack_x_y_sample_weight as unpack_x_y_sample_weight
from cornu.utils.files import get_file as get_file
from cornu.utils.numerical import normalize as normalize
from cornu.utils.numerical import to_categorical as to_categorical
from cornu.utils.seeds import set_random_seed as set_random_seed
