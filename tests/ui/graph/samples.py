"""Graphs for the canvas's tests and benchmark: a small network, and ladders of any length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import networkx as nx
import numpy as np

from ui.graph.types import CanvasState, Kind, Layout, NodeId, Role

ROW, BEND = 90.0, 34.0


def leaf(number: int) -> NodeId:
    return NodeId(Kind.LEAF, number)


def op(number: int) -> NodeId:
    return NodeId(Kind.OP, number)


def grad_fn(number: int) -> NodeId:
    return NodeId(Kind.GRAD_FN, number)


def accumulate(number: int) -> NodeId:
    return NodeId(Kind.ACCUMULATE, number)


def _add(
    graph: nx.MultiDiGraph[NodeId], node: NodeId, title: str, detail: str, **more: Any
) -> None:
    graph.add_node(node, kind=node.kind, ref=node.ref, title=title, detail=detail, **more)


_LAYER = (
    ("addmm", "matmul", "AddmmBackward0"), ("relu", "activation", "ReluBackward0"),
    ("layer_norm", "normalization", "NativeLayerNormBackward0"), ("view", "shape", "ViewBackward0"),
)  # fmt: skip


def ladder(steps: int) -> nx.MultiDiGraph[NodeId]:
    """Return a chain of `steps` operations, each with a parameter and its backward twin.

    4 * steps + 1 nodes: the input x, and per step a leaf, an op, a grad_fn, an AccumulateGrad.
    """
    graph: nx.MultiDiGraph[NodeId] = nx.MultiDiGraph()
    _add(graph, leaf(0), "x", "float32[64, 784]", requires_grad=False)
    for i in range(steps):
        name, family, backward = _LAYER[i % len(_LAYER)]
        _add(graph, leaf(i + 1), f"fc{i}.weight", "float32[512, 784]", requires_grad=True)
        _add(graph, op(i), name, "float32[64, 512]", family=family, requires_grad=True)
        _add(graph, grad_fn(i), backward, "saved: mat1, mat2" if i % 2 == 0 else "")
        _add(graph, accumulate(i), "AccumulateGrad", f"fc{i}.weight.grad")
        graph.add_edge(leaf(i + 1), op(i), role=Role.DATA)
        graph.add_edge(op(i - 1) if i else leaf(0), op(i), role=Role.DATA)
        graph.add_edge(op(i), grad_fn(i), role=Role.TIE)
        graph.add_edge(grad_fn(i), accumulate(i), role=Role.GRAD)
        if i:
            graph.add_edge(grad_fn(i), grad_fn(i - 1), role=Role.GRAD)
    return graph


def mlp(depth: int) -> nx.MultiDiGraph[NodeId]:
    """Return the graph of a multilayer perceptron with ReLU, log_softmax and nll_loss."""
    graph: nx.MultiDiGraph[NodeId] = nx.MultiDiGraph()
    maker = _Maker(graph)
    flow, back = maker.leaf("x", "float32[64, 784]", grad=False), None
    for layer in range(1, depth + 1):
        weight = maker.leaf(f"fc{layer}.weight", "float32[512, 784]")
        turned, turned_back = maker.op("t", "shape", "[784, 512]", [weight], [weight])
        bias = maker.leaf(f"fc{layer}.bias", "float32[512]")
        receivers = [bias, back, turned_back]
        flow, back = maker.op(
            "addmm", "matmul", "float32[64, 512]", [bias, flow, turned], receivers, "mat1, mat2"
        )
        if layer < depth:
            flow, back = maker.op(
                "relu", "activation", "float32[64, 512]", [flow], [back], "result"
            )
    flow, back = maker.op("log_softmax", "activation", "float32[64, 10]", [flow], [back])
    target = maker.leaf("target", "int64[64]", grad=False)
    loss, _ = maker.op("nll_loss", "loss", "float32[]", [flow, target], [back])
    graph.nodes[loss]["name"] = "loss"
    return graph


class _Maker:
    """Adds operations with their backward twins, numbering as it goes."""

    def __init__(self, graph: nx.MultiDiGraph[NodeId]) -> None:
        self.graph = graph
        self.accumulators: dict[NodeId, NodeId] = {}
        self.counts = dict.fromkeys(Kind, 0)

    def _next(self, kind: Kind) -> NodeId:
        # grad_fn and AccumulateGrad nodes are rows of one table
        row = Kind.GRAD_FN if kind == Kind.ACCUMULATE else kind
        self.counts[row] += 1
        return NodeId(kind, self.counts[row] - 1)

    def leaf(self, title: str, detail: str, grad: bool = True) -> NodeId:
        node = self._next(Kind.LEAF)
        _add(self.graph, node, title, detail, requires_grad=grad)
        return node

    def op(
        self, name: str, family: str, detail: str, inputs: list[NodeId],
        receivers: list[NodeId | None], saved: str = "",
    ) -> tuple[NodeId, NodeId]:  # fmt: skip
        node, back = self._next(Kind.OP), self._next(Kind.GRAD_FN)
        _add(self.graph, node, name, detail, family=family, requires_grad=True, twin=back)
        title = "".join(part.title() for part in name.split("_")) + "Backward0"
        _add(self.graph, back, title, f"saved: {saved}" if saved else "", twin=node)
        for slot, source in enumerate(inputs):
            self.graph.add_edge(source, node, role=Role.DATA, slot=slot)
        self.graph.add_edge(node, back, role=Role.TIE, slot=0)
        for slot, receiver in enumerate(receivers):
            if receiver is not None:
                goal = self._accumulator(receiver) if receiver.kind == Kind.LEAF else receiver
                self.graph.add_edge(back, goal, role=Role.GRAD, slot=slot)
        return node, back

    def _accumulator(self, leaf_: NodeId) -> NodeId:
        if leaf_ not in self.accumulators:
            node = self.accumulators[leaf_] = self._next(Kind.ACCUMULATE)
            title = self.graph.nodes[leaf_]["title"]
            _add(self.graph, node, "AccumulateGrad", f"{title}.grad", twin=leaf_)
        return self.accumulators[leaf_]


def place(
    graph: nx.MultiDiGraph[NodeId], sizes: Mapping[NodeId, tuple[float, float]], columns: int = 1
) -> Layout:
    """Lay a ladder out: forward spine, leaves at its right, backward spine at its left."""
    steps = (len(graph) - 1) // 4
    per_column = -(-steps // columns)
    lanes = {Kind.OP: 0.0, Kind.LEAF: 230.0, Kind.GRAD_FN: -230.0, Kind.ACCUMULATE: -440.0}
    ids = list(graph.nodes)
    boxes = np.zeros((len(ids), 4), np.float32)
    for i, node in enumerate(ids):
        width, height = sizes[node]
        step = node.ref - 1 if node.kind == Kind.LEAF else node.ref
        lane = 0.0 if node == leaf(0) else lanes[node.kind]
        column, row = divmod(max(step, 0), per_column)
        y = row * ROW - (BEND if node.kind == Kind.LEAF else 0.0) - (ROW if node == leaf(0) else 0)
        boxes[i] = (column * 1000.0 + lane - width / 2, y - height / 2, width, height)
    return _routed(graph, ids, boxes)


def _routed(
    graph: nx.MultiDiGraph[NodeId], ids: list[NodeId], boxes: np.ndarray[Any, Any]
) -> Layout:
    index = {node: i for i, node in enumerate(ids)}
    ends, keys, roles, points, starts = [], [], [], [], [0]
    for source, target, key, role in graph.edges(keys=True, data="role"):
        a, b = boxes[index[source]], boxes[index[target]]
        up = b[1] < a[1]
        begin = np.array([a[0] + a[2] / 2, a[1] if up else a[1] + a[3]])
        end = np.array([b[0] + b[2] / 2, b[1] + b[3] if up else b[1]])
        way = np.array([0.0, (-1.0 if up else 1.0) * BEND])
        points += [begin, begin + way, end - way, end]
        starts.append(len(points))
        ends.append((index[source], index[target]))
        keys.append(key)
        roles.append(role)
    return Layout(
        ids, boxes, np.array(ends, np.int32).reshape(-1, 2), keys, np.array(roles, np.uint8),
        np.array(points, np.float32).reshape(-1, 2), np.array(starts, np.int32),
    )  # fmt: skip


def backward_order(graph: nx.MultiDiGraph[NodeId]) -> list[NodeId]:
    """Return grad_fn and AccumulateGrad nodes in the order in which backward visits them."""
    back = [node for node in graph if node.kind in (Kind.GRAD_FN, Kind.ACCUMULATE)]
    order = nx.lexicographical_topological_sort(
        graph.subgraph(back), key=lambda node: (node.kind != Kind.ACCUMULATE, -node.ref)
    )
    return list(order)


def backward_state(
    graph: nx.MultiDiGraph[NodeId], layout: Layout, steps: int, badges: dict[int, str] | None = None
) -> CanvasState:
    """Return the state after that many steps of the backward pass."""
    index = {node: i for i, node in enumerate(layout.ids)}
    seen = np.zeros(len(index), np.bool_)
    seen[[index[node] for node in backward_order(graph)[:steps]]] = True
    lit = (layout.roles == Role.GRAD) & seen[layout.edge_ends[:, 0]]
    active = index[backward_order(graph)[steps - 1]] if steps else -1
    pulses = np.flatnonzero((layout.edge_ends[:, 0] == active) & (layout.roles == Role.GRAD))
    return CanvasState(
        np.ones(len(index), np.bool_), seen, lit, active, pulses.astype(np.int32), badges or {}
    )
