"""Step network: the linear path, the deep path and their last layer, trained, calibrated and exported.

Keras and TensorFlow are imported when a function first needs them, never by importing this package.
"""

from libs.network.backend import import_keras
from libs.network.deep_path import History
from libs.network.linear_path import EMPTY, LinearPath
from libs.network.network import Network, build_network, count_outputs, predict_rows, save_network
from libs.network.onnx_export import write_onnx
from libs.network.training import TrainedNetwork, train_network

__all__ = [
    "EMPTY",
    "History",
    "LinearPath",
    "Network",
    "TrainedNetwork",
    "build_network",
    "count_outputs",
    "import_keras",
    "predict_rows",
    "save_network",
    "train_network",
    "write_onnx",
]
