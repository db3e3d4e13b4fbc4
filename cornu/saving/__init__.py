"""Saving and loading: files are data."""

from cornu import registry
from cornu.registry import CustomObjectScope as CustomObjectScope
from cornu.registry import custom_object_scope as custom_object_scope
from cornu.registry import get_custom_objects as get_custom_objects
from cornu.registry import get_registered_name as get_registered_name
from cornu.registry import get_registered_object as get_registered_object
from cornu.registry import register_keras_serializable as register_keras_serializable
from cornu.saving.copying import packed as packed
from cornu.saving.formats import inspect_file as inspect_file
from cornu.saving.formats import load_model as load_model
from cornu.saving.formats import load_weights as load_weights
from cornu.saving.formats import save_model as save_model
from cornu.saving.formats import save_weights as save_weights
from cornu.saving.model_files import model_from_json as model_from_json
from cornu.saving.model_files import model_to_json as model_to_json
from cornu.saving.weights import Report as Report

serialize_keras_object, deserialize_keras_object = registry.serialize, registry.deserialize
