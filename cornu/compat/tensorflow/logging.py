"""`tf.logging` of TensorFlow 1, on Python's logging."""

from __future__ import annotations

import logging
from typing import Any

from cornu.compat.tensorflow.calls import missing

DEBUG, INFO, WARN, ERROR, FATAL = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL
WARNING = WARN
_logger = logging.getLogger("tensorflow")
debug, info, warning, error = _logger.debug, _logger.info, _logger.warning, _logger.error
warn, fatal, log = _logger.warning, _logger.critical, _logger.log


def get_logger() -> logging.Logger:
    """The logger of the name "tensorflow"."""
    return _logger


def set_verbosity(v: Any) -> None:
    """Sets from which level on messages are shown."""
    _logger.setLevel(v)


def get_verbosity() -> int:
    """From which level on messages are shown."""
    return _logger.getEffectiveLevel()


def __getattr__(name: str) -> Any:
    raise missing("logging", name, globals())
