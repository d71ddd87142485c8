"""Export of the trained network to ONNX, as serve loads it: written node by node from the layers' weights.

Written out instead of converted: tf2onnx, which Keras exports through, traces the graph for many seconds and pins an
older protobuf. Every release compares this file's answers with Keras' own (``libs.release.goldens``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from libs.network.network import DOMAIN_HEAD, HEADS, LINEAR_WEIGHTS, OUTPUT_LAYERS, Network

_OPSET: Final = 17
_IR_VERSION: Final = 10
_TO_THE_END: Final = 2**31 - 1


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


def write_onnx(network: Network, path: Path) -> None:
    """Write the network as ONNX: int32 ``words`` [texts, longest] and ``features`` [texts, most] to ``probabilities``."""
    import onnx

    weights = {layer.name: layer.get_weights() for layer in network.whole.layers if layer.get_weights()}
    graph = _Graph()
    graph.keep("zero", 0, np.int32)
    graph.keep("one", 1.0)
    graph.keep("second_axis", [1], np.int64)
    graph.keep("last_axis", [-1], np.int64)
    hidden = _add_deep_path(graph, weights)
    heads = [_dense(graph, hidden, name, weights) for name in HEADS if name in weights]
    wide = _add_linear_path(graph, weights["owners"][0], weights[LINEAR_WEIGHTS][0])
    logits = graph.add("Concat", wide, *heads, name="both", axis=1)
    combined = _dense(graph, logits, OUTPUT_LAYERS[0], weights)
    if DOMAIN_HEAD in weights:
        domain = graph.add("Sigmoid", _dense(graph, hidden, DOMAIN_HEAD, weights), name="nearness")
        distant = _dense(graph, logits, OUTPUT_LAYERS[1], weights)
        ahead = graph.add("Mul", domain, graph.add("Sub", combined, distant, name="apart"), name="ahead")
        combined = graph.add("Add", distant, ahead, name="mixed")
    outputs = weights[OUTPUT_LAYERS[0]][0].shape[1]
    _add_probabilities(graph, combined, outputs)
    model = _wrap(graph, classes=max(outputs, 2))
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _add_probabilities(graph: _Graph, logits: str, outputs: int) -> None:
    if outputs > 1:
        graph.add("Softmax", logits, name="probabilities", axis=-1)
        return
    positive = graph.add("Sigmoid", logits, name="positive")
    negative = graph.add("Sub", "one", positive, name="negative")
    graph.add("Concat", negative, positive, name="probabilities", axis=1)


def _add_linear_path(graph: _Graph, owners: Any, table: Any) -> str:
    slots = graph.keep("slots", len(owners), np.int32)
    fingerprints = graph.add("Div", "features", slots, name="fingerprints")
    places = graph.add("Sub", "features", graph.add("Mul", fingerprints, slots, name="bases"), name="places")
    owner = graph.add("Gather", graph.keep("owners", owners[:, 0], np.int32), places, name="owner")
    known = graph.add("Cast", graph.add("Equal", owner, fingerprints, name="same"), name="known", to=1)
    gathered = graph.add("Gather", graph.keep("evidence", table), places, name="gathered")
    # [B, 1, F] by [B, F, outputs]: the sum over the known features, in one step
    row = graph.add("Unsqueeze", known, "second_axis", name="known_row")
    total = graph.add(
        "Squeeze", graph.add("MatMul", row, gathered, name="product"), "second_axis", name="evidence_total"
    )
    return graph.add("Div", total, graph.add("Sqrt", _count(graph, known), name="evidence_scale"), name="wide")


def _add_deep_path(graph: _Graph, weights: dict[str, list[Any]]) -> str:
    empty = graph.add("Equal", "words", "zero", name="empty")
    mask = graph.add("Cast", graph.add("Not", empty, name="full"), name="mask", to=1)
    column = graph.add("Unsqueeze", mask, "last_axis", name="mask_column")
    read = _convolve_vectors(graph, weights["vectors"][0], "convolution_1", weights)
    read = graph.add("Mul", read, column, name="read_1")
    read = graph.add("Mul", _convolve(graph, read, "convolution_2", weights), column, name="read_2")
    highest = graph.add("ReduceMax", read, name="highest", axes=[1], keepdims=0)
    total = graph.add("ReduceSum", read, "second_axis", name="total", keepdims=0)
    mean = graph.add("Div", total, _count(graph, mask), name="mean")
    pooled = graph.add("Concat", highest, mean, name="pooled", axis=1)
    return graph.add("Relu", _dense(graph, pooled, "hidden", weights), name="judged")


def _convolve_vectors(graph: _Graph, vectors: Any, layer: str, weights: dict[str, list[Any]]) -> str:
    """Convolve over word vectors by looking up what each word adds at each place of the window.

    Vectors times kernel is a product of constants, which ONNX Runtime computes once when it loads the file: a third of the
    deep path's work is then three look-ups and a sum. The file keeps the vectors, a sixth of the product's size.
    """
    kernel, bias = weights[layer]
    width = len(kernel)
    matrix = graph.keep("vectors", np.concatenate([np.zeros_like(vectors[:1]), vectors[1:]]))  # padding adds nothing
    spread = graph.add("Pad", "words", graph.keep("word_margins", [0, width // 2] * 2, np.int64), "zero", name="spread")
    found = [
        graph.add(
            "Gather",
            graph.add(
                "MatMul", matrix, graph.keep(f"{layer}_kernel_{place}", kernel[place]), name=f"{layer}_adds_{place}"
            ),
            _shift(graph, spread, place, width),
            name=f"{layer}_found_{place}",
        )
        for place in range(width)
    ]
    total = graph.add("Sum", *found, name=f"{layer}_total")
    return _activate(graph, total, layer, bias)


def _convolve(graph: _Graph, values: str, layer: str, weights: dict[str, list[Any]]) -> str:
    """Convolve over ``values`` [texts, longest, channels] as one product: each place beside its neighbours."""
    kernel, bias = weights[layer]
    width, channels, filters = kernel.shape
    margins = graph.keep(f"{layer}_margins", [0, width // 2, 0] * 2, np.int64)
    spread = graph.add("Pad", values, margins, name=f"{layer}_spread")
    windows = graph.add(
        "Concat", *(_shift(graph, spread, place, width) for place in range(width)), name=f"{layer}_windows", axis=2
    )
    flat = graph.keep(f"{layer}_kernel", kernel.reshape(width * channels, filters))
    return _activate(graph, graph.add("MatMul", windows, flat, name=f"{layer}_product"), layer, bias)


def _activate(graph: _Graph, total: str, layer: str, bias: Any) -> str:
    moved = graph.add("Add", total, graph.keep(f"{layer}_bias", bias), name=layer)
    return graph.add("Relu", moved, name=f"{layer}_active")


def _shift(graph: _Graph, spread: str, place: int, width: int) -> str:
    """Return what stands ``place`` to the right of the start of each window in ``spread`` [texts, longest + width - 1, …]."""
    name = f"{spread}_{place}"
    start = graph.keep(f"{name}_start", [place], np.int64)
    end = graph.keep(f"{name}_end", [place - width + 1 or _TO_THE_END], np.int64)
    return graph.add("Slice", spread, start, end, "second_axis", name=name)


def _count(graph: _Graph, mask: str) -> str:
    """Return how much there is in each row of a mask [B, n]: [B, 1], at least 1."""
    total = graph.add("ReduceSum", mask, "second_axis", name=f"{mask}_total", keepdims=1)
    return graph.add("Max", total, "one", name=f"{mask}_count")


def _dense(graph: _Graph, values: str, layer: str, weights: dict[str, list[Any]]) -> str:
    kernel, bias = weights[layer]
    return graph.add(
        "Gemm", values, graph.keep(f"{layer}_kernel", kernel), graph.keep(f"{layer}_bias", bias), name=layer
    )


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
