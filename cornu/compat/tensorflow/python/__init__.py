"""`tensorflow.python`: the few of its inner modules that programs import."""
