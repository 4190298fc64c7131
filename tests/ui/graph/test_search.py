"""Finding nodes by words and fields."""

from __future__ import annotations

import networkx as nx
import pytest

from tests.ui.graph.samples import accumulate, grad_fn, leaf, op
from ui.graph.search import SearchIndex, Term, terms_of
from ui.graph.types import NodeId


@pytest.fixture(scope="module")
def index() -> SearchIndex:
    graph: nx.MultiDiGraph[NodeId] = nx.MultiDiGraph()
    rows = (
        (leaf(0), "x", "float32[64, 784]", "x", (64, 784), "float32", 0, 1),
        (leaf(1), "fc1.weight", "float32[512, 784]", "fc1.weight", (512, 784), "float32", 1, 2),
        (op(12), "matmul", "float32[64, 512]", "h", (64, 512), "float32", 2, 7),
        (op(3), "mul", "float32[3, 4]", "", (3, 4), "float32", 3, 8),
        (op(4), "sum", "float32 0.693", "loss", (), "float32", 4, 9),
        (op(5), "argmax", "int64[64]", "", (64,), "int64", 5, 9),
        (grad_fn(3), "MulBackward0", "saved: self, other", "MulBackward0", (3, 4), "float32", 3, 8),
        (grad_fn(12), "MmBackward0", "saved: mat2", "MmBackward0", (64, 512), "float32", 2, 7),
        (accumulate(9), "AccumulateGrad", "fc1.weight.grad", "AccumulateGrad", (512, 784),
         "float32", 1, 2),
    )  # fmt: skip
    for node, title, detail, name, shape, dtype, event, line in rows:
        graph.add_node(
            node, title=title, detail=detail, name=name, shape=shape, dtype=dtype, event=event,
            line=line,
        )  # fmt: skip
    return SearchIndex(graph, list(graph.nodes))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("mul", [op(12), op(3), grad_fn(3)]),
        ("MUL", [op(12), op(3), grad_fn(3)]),
        ("op:mul", [op(12), op(3)]),
        ('op:"mul"', [op(3)]),
        ("grad_fn:mul", [grad_fn(3)]),
        ("grad_fn:Accumulate", [accumulate(9)]),
        ("name:fc1", [leaf(1), accumulate(9)]),
        ("name:loss", [op(4)]),
        ("name:MulBackward0", []),
        ("fc1.weight.grad", [accumulate(9)]),
        ("shape:[3, 4]", [op(3), grad_fn(3)]),
        ("shape:3,4", [op(3), grad_fn(3)]),
        ("[3, 4]", [op(3), grad_fn(3)]),
        ("shape:[64, *]", [leaf(0), op(12), grad_fn(12)]),
        ("shape:[64", [leaf(0), op(12), grad_fn(12), op(5)]),
        ("shape:[64]", [op(5)]),
        ("shape:[]", [op(4)]),
        ("shape:[3, 4] op:mul", [op(3)]),
        ("op:mul shape:[3, 4] relu", []),
        ("dtype:int", [op(5)]),
        ("id:3", [op(3), grad_fn(3)]),
        ("id:op:3", [op(3)]),
        ("id:x", []),
        ("line:9", [op(4), op(5)]),
        ("saved mat2", [grad_fn(12)]),
        ('"mul"', [op(3)]),
        ("", []),
        ("   ", []),
        ('"', []),
        ("nowhere", []),
        ("unknown:mul", []),
    ],
)
def test_a_query_finds_what_meets_all_of_it(
    index: SearchIndex, query: str, expected: list[NodeId]
) -> None:
    assert [index.ids[i] for i in index.find(query)] == expected


def test_a_query_falls_into_terms() -> None:
    assert terms_of('op:mul shape:[3, 4] relu a:b "x y"') == [
        Term("op", "mul"), Term("shape", "[3, 4]"), Term("", "relu"), Term("", "a:b"),
        Term("", "x y", True),
    ]  # fmt: skip


def test_an_empty_graph_has_no_matches() -> None:
    assert not len(SearchIndex(nx.MultiDiGraph(), []).find("mul"))
