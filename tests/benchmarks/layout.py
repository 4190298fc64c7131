"""`python -m tests.benchmarks.layout`: our layout beside Graphviz dot, same graphs, same run.

Prints seconds, crossings, overlapping boxes, edges through boxes and total edge length. A peer
that is not installed is said to be absent; one that takes longer than a minute is stopped.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Callable

import networkx as nx
import numpy as np

from tests.benchmarks import graphs
from tests.benchmarks.measure import Drawing, drawing, judge
from ui.graph.layout import lay_out
from ui.graph.types import NodeId, Role

Sizes = dict[NodeId, tuple[float, float]]
_LIMIT = 60.0
_POINTS = 72.0

CASES: dict[str, Callable[[], nx.MultiDiGraph]] = {
    "mlp": graphs.mlp,
    "transformer 12": lambda: graphs.transformer(12),
    "rnn 70 steps": lambda: graphs.rnn(70),
    "transformer 100": lambda: graphs.transformer(100),
    "rnn 9000 steps": lambda: graphs.rnn(9_000),
}


def ours(graph: nx.MultiDiGraph, sizes: Sizes) -> tuple[float, Drawing]:
    """Return seconds (best of three for small graphs) and the drawing."""
    best = float("inf")
    for _ in range(3 if len(graph) < 2_000 else 1):
        start = time.perf_counter()
        layout = lay_out(graph, sizes)
        best = min(best, time.perf_counter() - start)
    return best, drawing(layout)


def dot(graph: nx.MultiDiGraph, sizes: Sizes) -> tuple[float, Drawing] | None:
    """Return seconds and the drawing; None where dot takes longer than the limit."""
    text = _dot_text(graph, sizes)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            ["dot", "-Tplain"], input=text, capture_output=True, text=True, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        return None
    seconds = time.perf_counter() - start
    return (seconds, _read_plain(done.stdout, len(graph))) if done.returncode == 0 else None


def _dot_text(graph: nx.MultiDiGraph, sizes: Sizes) -> str:
    number = {node: i for i, node in enumerate(graph)}
    lines = ["digraph {", "node [shape=box, fixedsize=true, label=x]"]
    for node, i in number.items():
        width, height = sizes[node]
        lines.append(f"{i} [width={width / _POINTS:.4f}, height={height / _POINTS:.4f}]")
    for u, v, role in graph.edges(data="role"):
        a, b = number[u], number[v]
        if role == Role.GRAD:
            lines.append(f"{b} -> {a} [dir=back]")
        else:
            lines.append(f"{a} -> {b}" + ("[constraint=false]" if role == Role.TIE else ""))
    return "\n".join([*lines, "}"])


def _read_plain(text: str, n: int) -> Drawing:
    boxes, ends, points, starts = np.zeros((n, 4)), [], [], [0]
    for line in text.splitlines():
        word = line.split()
        if word[0] == "node":
            x, y, w, h = (float(value) * _POINTS for value in word[2:6])
            boxes[int(word[1])] = x - w / 2, -y - h / 2, w, h
        elif word[0] == "edge":
            count = int(word[3])
            row = np.array(word[4 : 4 + 2 * count], np.float64).reshape(-1, 2) * _POINTS
            points.append(row * [1.0, -1.0])
            ends.append((int(word[1]), int(word[2])))
            starts.append(starts[-1] + count)
    return Drawing(boxes, np.array(ends), np.concatenate(points), np.array(starts))


def main() -> None:
    has_dot = shutil.which("dot") is not None
    if not has_dot:
        print("Graphviz dot is absent: not compared.")
    print(f"{'graph':<16} {'nodes':>6} {'edges':>6}  {'by':<5} {'seconds':>8} {'crossings':>9} "
          f"{'overlaps':>8} {'through':>7} {'length':>11}")  # fmt: skip
    for name, make in CASES.items():
        graph = make()
        sizes = graphs.sizes(graph)
        runs = {"ours": ours(graph, sizes), "dot": dot(graph, sizes) if has_dot else None}
        for peer, run in runs.items():
            head = f"{name:<16} {len(graph):>6} {graph.number_of_edges():>6}  {peer:<5}"
            if run is not None:
                marks = judge(run[1])
                crossings = f"{marks.crossings:,}" if marks.crossings >= 0 else "–"
                print(f"{head} {run[0]:>8.3f} {crossings:>9} {marks.overlaps:>8} "
                      f"{marks.through:>7} {marks.length:>11,.0f}", flush=True)  # fmt: skip
            elif has_dot:
                print(f"{head} {'> 60':>8}", flush=True)


if __name__ == "__main__":
    main()
