"""Writes BERT as an int8 ONNX graph straight from its weights, as an encoder or a reader: no torch, no exporter.

Only this module needs `onnx`, and only while a graph is built. The operators of the domain com.microsoft are ONNX
Runtime's own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, ValueInfoProto, helper, numpy_helper

Weights = Mapping[str, NDArray[Any]]
FUSED = "com.microsoft"
EPSILON = 1e-12


class Shape(NamedTuple):
    """What the weights alone do not say, and the width of the vectors."""

    layers: int
    heads: int
    width: int


class _Graph:
    """Nodes and constants as they are added; every method returns the name of its output."""

    def __init__(self, weights: Weights, *, exact: bool, by_token: bool = False) -> None:
        self.weights = weights
        self.exact = exact
        self.by_token = by_token
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.known: set[str] = set()

    def constant(self, name: str, value: NDArray[Any]) -> str:
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: Sequence[str], output: str, domain: str = "", **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], domain=domain, **attributes))
        return output

    def linear(self, value: str, layer: str, output: str) -> str:
        """Multiply by int8 weights with one scale per output column; the activations are quantised at run time.

        In an exact graph the weights are left as they are.
        """
        weight: NDArray[Any] = self.weights[f"{layer}.weight"].T
        if self.exact:
            product = self.node("MatMul", [value, self.constant(f"{output}.weight", weight)], f"{output}.product")
            return self.node("Add", [product, self.bias(layer, output)], output)
        scale = _scale(weight, axis=0)
        names = [
            self.constant(f"{output}.weight", _quantise(weight, scale)),
            self.constant(f"{output}.scale", scale.reshape(-1)),
            self.constant(f"{output}.zero", np.zeros(scale.size, np.int8)),
        ]
        bias = self.bias(layer, output)
        if not self.by_token:
            return self.node("DynamicQuantizeMatMul", [value, *names, bias], output, FUSED)
        unit, largest = self.units(value)
        product = self.node("DynamicQuantizeMatMul", [unit, *names], f"{output}.product", FUSED)
        return self.node("Add", [self.node("Mul", [product, largest], f"{output}.scaled"), bias], output)

    def bias(self, layer: str, output: str) -> str:
        return self.constant(f"{output}.bias", self.weights[f"{layer}.bias"])

    def units(self, value: str) -> tuple[str, str]:
        """Divide each token's figures by the largest of them: (between -1 and 1, the largest), once for each value.

        DynamicQuantizeMatMul has one scale for a whole text: a single large figure would leave the others few steps.
        """
        unit, largest = f"{value}.unit", f"{value}.largest"
        if unit not in self.known:
            self.known.add(unit)
            self.node("Abs", [value], f"{value}.size")
            self.node("ReduceMax", [f"{value}.size"], f"{value}.most", axes=[2], keepdims=1)
            self.node("Max", [f"{value}.most", self.floor()], largest)
            self.node("Div", [value, largest], unit)
        return unit, largest

    def floor(self) -> str:
        """What stands in for the largest figure of a token where all are zero."""
        if "floor" not in self.known:
            self.known.add("floor")
            self.constant("floor", np.array(EPSILON, np.float32))
        return "floor"

    def add_and_normalise(self, left: str, right: str, layer: str, output: str) -> str:
        gain = self.constant(f"{output}.gain", self.weights[f"{layer}.weight"])
        bias = self.constant(f"{output}.bias", self.weights[f"{layer}.bias"])
        return self.node("SkipLayerNormalization", [left, right, gain, bias], output, FUSED, epsilon=EPSILON)


def build_encoder(weights: Weights, shape: Shape, *, exact: bool = False) -> bytes:
    """Return an ONNX file: input_ids and attention_mask (batch, tokens) int64 -> embedding (batch, width) float32.

    The embedding is the mean over the masked tokens, at unit length. exact: with float32 weights instead of int8.
    """
    graph = _Graph({key.removeprefix("bert."): _as_float(value) for key, value in weights.items()}, exact=exact)
    _pool(graph, _encoded(graph, shape))
    return _file(graph, helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", shape.width]))


def build_reader(weights: Weights, shape: Shape, *, exact: bool = False) -> bytes:
    """Return an ONNX file: input_ids and attention_mask (batch, tokens) int64 -> scores (batch, tokens, 2) float32.

    The scores are those of each token as the first and the last of an answer; nothing is masked in them. They stay in
    float32, whatever the layers are, and each token's figures are rounded by a scale of their own: close calls between
    two spans are what it is for. weights: `span.weight` (2, width) and `span.bias` (2,) beside the encoder's.
    """
    named = {key.removeprefix("bert."): _as_float(value) for key, value in weights.items()}
    graph = _Graph(named, exact=exact, by_token=True)
    head = graph.constant("span.weight", graph.weights["span.weight"].T)
    product = graph.node("MatMul", [_encoded(graph, shape), head], "span.product")
    graph.node("Add", [product, graph.constant("span.bias", graph.weights["span.bias"])], "scores")
    return _file(graph, helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["batch", "tokens", 2]))


def _encoded(graph: _Graph, shape: Shape) -> str:
    """All layers; the name of (batch, tokens, width)."""
    graph.node("Cast", ["attention_mask"], "mask", to=TensorProto.INT32)
    value = _embed(graph)
    for number in range(shape.layers):
        value = _layer(graph, value, number, shape.heads)
    return value


def _file(graph: _Graph, output: ValueInfoProto) -> bytes:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    model = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", inputs, [output], graph.constants),
        opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid(FUSED, 1)],
    )
    model.ir_version = 9
    return model.SerializeToString()


def _embed(graph: _Graph) -> str:
    _look_up(graph)
    # Slice and not Range: a Range from a scalar meets a bug of ONNX Runtime's sharing of constants.
    graph.node("Shape", ["input_ids"], "length", start=1, end=2)
    positions = graph.constant("positions", graph.weights["embeddings.position_embeddings.weight"])
    graph.node("Slice", [positions, graph.constant("origin", np.zeros(1, np.int64)), "length"], "position")
    # One sentence has only token type 0, so its row is a constant.
    types = graph.constant("type", graph.weights["embeddings.token_type_embeddings.weight"][0])
    graph.node("Add", ["position", types], "place")
    graph.node("Add", ["word", "place"], "token")
    graph.node("Sub", ["word", "word"], "nothing")
    return graph.add_and_normalise("token", "nothing", "embeddings.LayerNorm", "embedded")


def _look_up(graph: _Graph) -> None:
    words = graph.weights["embeddings.word_embeddings.weight"]
    if graph.exact:
        graph.node("Gather", [graph.constant("words", words), "input_ids"], "word")
        return
    scale = _scale(words, axis=1)
    graph.node("Gather", [graph.constant("words", _quantise(words, scale)), "input_ids"], "words_int8")
    graph.node("Cast", ["words_int8"], "words_float", to=TensorProto.FLOAT)
    graph.node("Gather", [graph.constant("words_scale", scale), "input_ids"], "words_scales")
    graph.node("Mul", ["words_float", "words_scales"], "word")


def _layer(graph: _Graph, value: str, number: int, heads: int) -> str:
    layer, out = f"encoder.layer.{number}", f"layer{number}"
    query, key, content = (
        graph.linear(value, f"{layer}.attention.self.{part}", f"{out}.{part}") for part in ("query", "key", "value")
    )
    attended = graph.node(
        "MultiHeadAttention", [query, key, content, "", "mask"], f"{out}.attention", FUSED, num_heads=heads
    )
    dense = graph.linear(attended, f"{layer}.attention.output.dense", f"{out}.dense")
    middle = graph.add_and_normalise(dense, value, f"{layer}.attention.output.LayerNorm", f"{out}.middle")
    wide = graph.node(
        "Gelu", [graph.linear(middle, f"{layer}.intermediate.dense", f"{out}.wide")], f"{out}.gelu", FUSED
    )
    narrow = graph.linear(wide, f"{layer}.output.dense", f"{out}.narrow")
    return graph.add_and_normalise(narrow, middle, f"{layer}.output.LayerNorm", f"{out}.out")


def _pool(graph: _Graph, value: str) -> None:
    graph.node("Cast", ["attention_mask"], "weight", to=TensorProto.FLOAT)
    graph.node("Unsqueeze", ["weight", graph.constant("last_axis", np.array([2], np.int64))], "weights")
    graph.node("Mul", [value, "weights"], "weighted")
    tokens_axis = graph.constant("tokens_axis", np.array([1], np.int64))
    graph.node("ReduceSum", ["weighted", tokens_axis], "sum", keepdims=0)
    graph.node("ReduceSum", ["weight", tokens_axis], "count", keepdims=1)
    graph.node("Div", ["sum", "count"], "mean")
    graph.node("LpNormalization", ["mean"], "embedding", axis=-1, p=2)


def _as_float(value: NDArray[Any]) -> NDArray[Any]:
    return value if value.dtype == np.int64 else value.astype(np.float32)


def _scale(values: NDArray[Any], axis: int) -> NDArray[np.float32]:
    """What one int8 step stands for, per column (axis 0) or per row (axis 1); the reduced axis is kept."""
    largest = np.abs(values).max(axis=axis, keepdims=True)
    return np.where(largest == 0, 1, largest / 127).astype(np.float32)


def _quantise(values: NDArray[Any], scale: NDArray[np.float32]) -> NDArray[np.int8]:
    return np.clip(np.round(values / scale), -127, 127).astype(np.int8)
