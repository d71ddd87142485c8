"""Keras and TensorFlow, imported quietly. The only module that imports them, and only when it is asked to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_THREADS: Final = 2


def import_keras() -> Any:
    """Import Keras with TensorFlow behind it, on two threads; seconds the first time."""
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    with _quiet_stderr():
        import keras
        import tensorflow as tf
    if tf.config.threading.get_intra_op_parallelism_threads() != _THREADS:
        tf.config.threading.set_intra_op_parallelism_threads(_THREADS)
    return keras


def import_tensorflow() -> Any:
    """Import TensorFlow as ``import_keras`` does."""
    import_keras()
    import tensorflow as tf

    return tf


@contextmanager
def _quiet_stderr() -> Iterator[None]:
    # TensorFlow's C++ writes to stderr before it reads any setting, across a shell's progress bar.
    kept = os.dup(2)
    nothing = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nothing)
