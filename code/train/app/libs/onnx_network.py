"""The trained network in ONNX, as serve loads it: written from the layers' weights, with nothing that only training needs.

Written out instead of converted: tf2onnx, which Keras exports through, traces the graph for many seconds and pins an
older protobuf. Every release compares this file's answers with Keras' own (``libs.goldens``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

_OPSET: Final = 17
_IR_VERSION: Final = 10


class _Graph:
    """Nodes and constants under construction; every method returns the name of what it made."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def add(self, kind: str, *inputs: str, name: str, **attributes: Any) -> str:
        from onnx import helper

        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def keep(self, name: str, value: Any, dtype: Any = np.float32) -> str:
        from onnx import numpy_helper

        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value, dtype=dtype), name))
        return name


def write_onnx(network: Any, path: Path) -> None:
    """Write ``network`` (of ``libs.network.build_network``) as ONNX: int32 ``words`` and ``features`` to ``probabilities``."""
    import onnx

    weights = {layer.name: layer.get_weights() for layer in network.layers if layer.get_weights()}
    graph = _Graph()
    graph.keep("zero", 0, np.int32)
    graph.keep("one", 1.0)
    graph.keep("middle_axis", [1], np.int64)
    graph.keep("last_axis", [-1], np.int64)
    deep = _read_words(graph, weights)
    wide = _add_evidence(graph, weights["evidence"][0])
    graph.add("Softmax", graph.add("Add", deep, wide, name="logits"), name="probabilities", axis=-1)
    model = _wrap(graph, classes=weights["evidence"][0].shape[1])
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _read_words(graph: _Graph, weights: dict[str, list[Any]]) -> str:
    mask, count = _mask(graph, "words")
    embedded = graph.add("Gather", graph.keep("vectors", weights["vectors"][0]), "words", name="embedded")
    embedded = graph.add("Mul", embedded, mask, name="known")
    turned = graph.add("Transpose", embedded, name="turned", perm=[0, 2, 1])
    kernel, bias = weights["phrases"]
    kernel = graph.keep("kernel", np.transpose(kernel, (2, 1, 0)))  # Keras: width, in, out; ONNX: out, in, width
    read = graph.add("Conv", turned, kernel, graph.keep("kernel_bias", bias), name="conv", pads=[1, 1], kernel_shape=[3])
    read = graph.add("Relu", read, name="phrases")
    read = graph.add("Mul", read, graph.add("Transpose", mask, name="turned_mask", perm=[0, 2, 1]), name="masked")
    highest = graph.add("ReduceMax", read, name="highest", axes=[2], keepdims=0)
    total = graph.add("ReduceSum", read, graph.keep("time_axis", [2], np.int64), name="phrase_total", keepdims=0)
    mean = graph.add("Div", total, count, name="mean")
    pooled = graph.add("Concat", highest, mean, name="pooled", axis=1)
    judged = graph.add("Relu", _dense(graph, pooled, "judge", weights), name="judged")
    return _dense(graph, judged, "deep_logits", weights)


def _add_evidence(graph: _Graph, table: Any) -> str:
    _, count = _mask(graph, "features")
    table = np.array(table)
    table[0] = 0.0  # padding weighs nothing, so the gathered rows need no mask
    gathered = graph.add("Gather", graph.keep("evidence", table), "features", name="gathered")
    total = graph.add("ReduceSum", gathered, "middle_axis", name="evidence_total", keepdims=0)
    return graph.add("Div", total, graph.add("Sqrt", count, name="evidence_scale"), name="wide_logits")


def _mask(graph: _Graph, values: str) -> tuple[str, str]:
    """Return the mask [B, n, 1] of what is no padding, and how much there is of it [B, 1], at least 1."""
    empty = graph.add("Equal", values, "zero", name=f"{values}_empty")
    full = graph.add("Cast", graph.add("Not", empty, name=f"{values}_full"), name=f"{values}_flat_mask", to=1)
    count = graph.add("ReduceSum", full, "middle_axis", name=f"{values}_sum", keepdims=1)
    mask = graph.add("Unsqueeze", full, "last_axis", name=f"{values}_mask")
    return mask, graph.add("Max", count, "one", name=f"{values}_count")


def _dense(graph: _Graph, values: str, layer: str, weights: dict[str, list[Any]]) -> str:
    kernel, bias = weights[layer]
    return graph.add("Gemm", values, graph.keep(f"{layer}_kernel", kernel), graph.keep(f"{layer}_bias", bias), name=layer)


def _wrap(graph: _Graph, classes: int) -> Any:
    from onnx import TensorProto, helper

    wrapped = helper.make_graph(
        graph.nodes,
        "sentiment",
        [
            helper.make_tensor_value_info("words", TensorProto.INT32, ["texts", "longest"]),
            helper.make_tensor_value_info("features", TensorProto.INT32, ["texts", "most"]),
        ],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["texts", classes])],
        graph.constants,
    )
    model = helper.make_model(wrapped, opset_imports=[helper.make_opsetid("", _OPSET)], producer_name="sentiment")
    model.ir_version = _IR_VERSION
    return model
