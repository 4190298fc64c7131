"""Places of known graphs: a change of the layout shows here, node by node.

`python -m tests.ui.graph.test_golden` writes the places anew, after they were looked at.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import pytest

from tests.benchmarks import graphs
from ui.graph.layout import lay_out

GOLDEN = Path(__file__).with_name("golden_layouts.json")
GRAPHS: dict[str, Callable[[], nx.MultiDiGraph]] = {
    "lesson": graphs.lesson,
    "mlp": lambda: graphs.mlp(3),
    "rnn with portals": lambda: graphs.rnn(10),
    "transformer in sections": lambda: graphs.transformer(2),
}


def places(name: str) -> dict[str, list[int]]:
    """Return the corner of every node and badge in whole units."""
    layout = lay_out(GRAPHS[name](), graphs.sizes(GRAPHS[name]()))
    corners = {
        str(node): box[:2] for node, box in zip(layout.ids, layout.boxes.tolist(), strict=True)
    }
    corners |= {f"badge:{k}": box[:2] for k, box in enumerate(layout.badges.boxes.tolist())}
    return {key: [round(x), round(y)] for key, (x, y) in corners.items()}


@pytest.mark.parametrize("name", GRAPHS)
def test_every_node_is_where_it_was(name: str) -> None:
    golden = json.loads(GOLDEN.read_text())[name]
    now = places(name)
    assert now.keys() == golden.keys()
    moved = {
        key: (golden[key], now[key])
        for key in now
        if max(abs(a - b) for a, b in zip(golden[key], now[key], strict=True)) > 1
    }
    assert not moved


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps({name: places(name) for name in GRAPHS}, indent=0) + "\n")
