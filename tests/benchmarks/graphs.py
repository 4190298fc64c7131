"""Graphs to lay out, as tapes of such programs would give them: with mirrored backward nodes."""

from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np

from ui.graph.columngraph import ColumnGraph
from ui.graph.columns import Column, Columns
from ui.graph.types import Kind, Nest, NodeId, Role


class Builder:
    """Writes operations as they would run; every op that needs a gradient gets its grad_fn."""

    def __init__(self) -> None:
        self.graph = nx.MultiDiGraph()
        self._count = 0
        self._grad: dict[NodeId, NodeId] = {}

    def leaf(self, name: str, detail: str = "float32[64, 64]", grad: bool = False) -> NodeId:
        node = self._add(Kind.LEAF, name, detail)
        if grad:
            self._grad[node] = self._add(Kind.ACCUMULATE, "AccumulateGrad", f"{name}.grad")
        return node

    def op(self, name: str, *inputs: NodeId, detail: str = "[64, 64]", saved: str = "") -> NodeId:
        node = self._add(Kind.OP, name, detail)
        for slot, source in enumerate(inputs):
            self.graph.add_edge(source, node, role=Role.DATA, slot=slot)
        uppers = [self._grad[i] for i in inputs if i in self._grad]
        if uppers:
            title = "".join(word.capitalize() for word in name.split("_")) + "Backward0"
            back = self._grad[node] = self._add(Kind.GRAD_FN, title, saved and f"saved: {saved}")
            self.graph.add_edge(node, back, role=Role.TIE, slot=0)
            for slot, upper in enumerate(uppers):
                self.graph.add_edge(back, upper, role=Role.GRAD, slot=slot)
        return node

    def linear(self, name: str, x: NodeId) -> NodeId:
        weight, bias = self.leaf(f"{name}.weight", grad=True), self.leaf(f"{name}.bias", grad=True)
        return self.op("addmm", bias, x, self.op("t", weight), saved="mat1, mat2")

    def _add(self, kind: Kind, title: str, detail: str) -> NodeId:
        node = NodeId(kind, self._count)
        self.graph.add_node(node, kind=kind, title=title, detail=detail, event=self._count)
        self._count += 1
        return node


def mlp(layers: int = 5) -> nx.MultiDiGraph:
    """A perceptron with log_softmax and nll_loss; 5 layers are 52 nodes."""
    b = Builder()
    x = b.leaf("x")
    for k in range(1, layers + 1):
        x = b.linear(f"fc{k}", x)
        x = b.op("relu", x, saved="result") if k < layers else b.op("log_softmax", x)
    b.op("nll_loss", x, b.leaf("target", "int64[64]"), detail="[]")
    return b.graph


def transformer(blocks: int = 12) -> nx.MultiDiGraph:
    """Pre-norm transformer blocks with causal attention, about 77 forward and backward each."""
    b = Builder()
    x = b.op("add", b.op("embedding", b.leaf("wte", grad=True), b.leaf("ids")),
             b.op("embedding", b.leaf("wpe", grad=True), b.leaf("pos")))  # fmt: skip
    for k in range(blocks):
        x = _block(b, x, f"h.{k}")
    x = _norm(b, x, "ln_f")
    x = b.op("mm", b.op("view", x), b.op("t", b.leaf("head", grad=True)))
    b.op("nll_loss", b.op("log_softmax", x), b.leaf("targets"))
    return b.graph


def _norm(b: Builder, x: NodeId, name: str) -> NodeId:
    weight, bias = b.leaf(f"{name}.weight", grad=True), b.leaf(f"{name}.bias", grad=True)
    return b.op("native_layer_norm", x, weight, bias)


def _block(b: Builder, x: NodeId, name: str) -> NodeId:
    qkv = b.op("split", b.op("view", b.linear(f"{name}.qkv", b.op("view", _norm(b, x, "ln1")))))
    q, k, v = (b.op("transpose", b.op("view", qkv)) for _ in range(3))
    scores = b.op("div", b.op("bmm", q, b.op("transpose", k)))
    scores = b.op("masked_fill", scores, b.leaf("mask"))
    mixed = b.op("bmm", b.op("softmax", scores), v)
    out = b.linear(f"{name}.proj", b.op("view", b.op("transpose", mixed)))
    x = b.op("add", x, b.op("view", out))
    hidden = b.op("gelu", b.linear(f"{name}.up", b.op("view", _norm(b, x, "ln2"))))
    return b.op("add", x, b.op("view", b.linear(f"{name}.down", hidden)))


def rnn(steps: int = 70) -> nx.MultiDiGraph:
    """A tanh RNN whose weights every step uses again; 14 nodes per step."""
    b = Builder()
    wx, wh, bias = (b.leaf(name, grad=True) for name in ("W_x", "W_h", "b"))
    h = b.leaf("h0")
    for k in range(steps):
        a = b.op("mm", b.leaf(f"x{k}"), wx)
        h = b.op("tanh", b.op("add", b.op("add", a, b.op("mm", h, wh)), bias), saved="result")
    b.op("sum", h)
    return b.graph


def lesson() -> nx.MultiDiGraph:
    """z = (x * x + w * x).sum(): shared leaf, parallel edges."""
    b = Builder()
    x, w = b.leaf("x", "float32[3]", grad=True), b.leaf("w", "float32[3]", grad=True)
    b.op("sum", b.op("add", b.op("mul", x, x), b.op("mul", w, x)))
    return b.graph


def sizes(graph: nx.MultiDiGraph) -> dict[NodeId, tuple[float, float]]:
    """Estimate cards without fonts: 8.2 per letter of the title, 7.2 per letter of the detail."""
    result = {}
    for node, data in graph.nodes(data=True):
        text = max(8.2 * len(data["title"]), 7.2 * len(data["detail"]))
        padding = 44 if data["kind"] == Kind.LEAF else 30
        result[node] = (max(text + padding, 64.0), 52.0 if data["detail"] else 34.0)
    return result


def steps_of(graph: nx.MultiDiGraph) -> Nest:
    """Return a group per step of an unrolled RNN: all that is made from one input to the next."""
    ids: list[NodeId] = []
    of = {}
    for node, data in graph.nodes(data=True):
        if node.kind == Kind.LEAF and data["title"].startswith("x"):
            ids.append(NodeId(Kind.GROUP, len(ids)))
        if ids and not data["title"].lower().startswith("sum"):
            of[node] = len(ids) - 1
    return Nest(ids, [-1] * len(ids), of)


def blocks_of(graph: nx.MultiDiGraph) -> Nest:
    """Return a group per block of a transformer, all in one for the network."""
    ids, parents, of = [NodeId(Kind.GROUP, -1)], [-1], {}
    for node, data in graph.nodes(data=True):
        if data["title"] == "ln1.weight":
            parents.append(0)
            ids.append(NodeId(Kind.GROUP, len(ids)))
        if data["title"] == "ln_f.weight":
            break
        of[node] = len(ids) - 1
    return Nest(ids, parents, of)


def layers_of(graph: nx.MultiDiGraph) -> Nest:
    """Return a group per layer of a perceptron, all in one for the network."""
    ids, parents, of = [NodeId(Kind.GROUP, -1)], [-1], {}
    for node, data in graph.nodes(data=True):
        if node.kind == Kind.LEAF and data["title"].endswith(".weight"):
            parents.append(0)
            ids.append(NodeId(Kind.GROUP, node.ref))
        of[node] = len(ids) - 1
    return Nest(ids, parents, of)


def in_columns(graph: nx.MultiDiGraph) -> ColumnGraph:
    """Return the same graph as a recording's comes to the layout: read from columns of arrays."""
    ids, index = list(graph), {node: k for k, node in enumerate(graph)}
    edges = list(graph.edges(keys=True, data=True))
    src, dst, keys, roles, slots = (
        np.array(column, np.int64)
        for column in (
            [index[u] for u, *_ in edges], [index[v] for _, v, *_ in edges],
            [key for *_, key, _ in edges], [data["role"] for *_, data in edges],
            [data["slot"] for *_, data in edges],
        )
    )  # fmt: skip
    nodes, none = np.arange(len(ids)), np.zeros(len(ids), bool)
    words = {
        name: Column(nodes, [data.get(name, "") for _, data in graph.nodes(data=True)])
        for name in ("title", "detail", "family", "name", "shape", "dtype")
    }
    return ColumnGraph.over(Columns(
        ids, np.array([node.kind for node in ids], np.int64), nodes, nodes, nodes * 0 - 1,
        none, none, **words, places=Column(nodes * 0, [("", 0)]), src=src, dst=dst, keys=keys,
        roles=roles, slots=slots, born=np.arange(len(src)), added=np.arange(len(src)),
    ))  # fmt: skip


Growing = tuple[Builder, list[NodeId], Callable[[], None]]


def growing_mlp() -> Growing:
    """Return a perceptron of 5 layers, its hidden results, and how it gets one layer more."""
    b = Builder()
    hidden = [b.leaf("x")]

    def more() -> None:
        hidden.append(b.op("relu", b.linear(f"fc{len(hidden)}", hidden[-1]), saved="result"))

    for _ in range(5):
        more()
    return b, hidden, more


def growing_transformer(blocks: int) -> Growing:
    """Return a transformer, what its blocks return, and how it gets one block more."""
    b = Builder()
    hidden = [b.op("embedding", b.leaf("wte", grad=True), b.leaf("ids"))]

    def more() -> None:
        hidden.append(_block(b, hidden[-1], f"h.{len(hidden) - 1}"))

    for _ in range(blocks):
        more()
    return b, hidden, more


def appended(growing: Growing) -> tuple[nx.MultiDiGraph, nx.MultiDiGraph]:
    """Return a network before and after it got one layer or block more."""
    b, _, more = growing
    before = b.graph.copy()
    more()
    return before, b.graph


def branched(growing: Growing) -> tuple[nx.MultiDiGraph, nx.MultiDiGraph]:
    """Return a network before and after some of its results were looked at."""
    b, hidden, _ = growing
    before = b.graph.copy()
    for result in hidden[1:4]:
        b.op("mean", b.op("abs", result))
    return before, b.graph
