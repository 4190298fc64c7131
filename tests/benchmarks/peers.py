"""Other programs that lay out graphs: Graphviz dot, dagre and Netron's fork of dagre.

dot is found on the PATH, dagre in node_modules of the folder named by TAPEDECK_PEERS (npm install
dagre), Netron's fork there as netron/dagre.js (from the package of Netron). All are optional.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from tests.benchmarks.measure import Drawing
from ui.graph.types import NodeId, Role

Sizes = dict[NodeId, tuple[float, float]]


class PeerFailed(Exception):
    """A peer ended without a drawing, by an error of its own or out of its stack."""


Run = tuple[float, Drawing] | None  # seconds and drawing; None: longer than the limit
Peer = Callable[[nx.MultiDiGraph, Sizes], Run]
LIMIT = 60.0
_POINTS = 72.0
_SCRIPT = Path(__file__).with_name("dagre.mjs")


def find_peers() -> tuple[dict[str, Peer], list[str]]:
    """Return the peers that are here, and the names of those that are not."""
    peers: dict[str, Peer] = {}
    if shutil.which("dot"):
        peers["dot"] = dot
    folder = Path(os.environ.get("TAPEDECK_PEERS", "."))
    modules = {"dagre": folder / "node_modules/dagre", "netron": folder / "netron/dagre.js"}
    for name, path in modules.items():
        if shutil.which("node") and path.exists():
            peers[name] = _node(name, path.resolve())
    return peers, [name for name in ("dot", *modules) if name not in peers]


def dot(graph: nx.MultiDiGraph, sizes: Sizes) -> Run:
    text = _dot_text(graph, sizes)
    start = time.perf_counter()
    try:
        done = subprocess.run(
            ["dot", "-Tplain"], input=text, capture_output=True, text=True, timeout=LIMIT
        )
    except subprocess.TimeoutExpired:
        return None
    seconds = time.perf_counter() - start
    if done.returncode:
        raise PeerFailed(done.stderr)
    return seconds, _read_plain(done.stdout, len(graph))


def _node(name: str, path: Path) -> Peer:
    """Return a run of dagre or of Netron's fork; seconds are those of the layout alone."""

    def run(graph: nx.MultiDiGraph, sizes: Sizes) -> Run:
        nodes = [{"v": i, "width": w, "height": h} for i, (w, h) in enumerate(sizes.values())]
        ends = _downward(graph)
        command = ["node", "--stack-size=60000", str(_SCRIPT), name, str(path)]
        text = json.dumps({"nodes": nodes, "edges": ends})
        try:
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, timeout=LIMIT + 5
            )
        except subprocess.TimeoutExpired:
            return None
        if done.returncode:
            raise PeerFailed(done.stderr)
        found = json.loads(done.stdout)
        routes = [_straight(np.array(route)) for route in found["points"] if route]
        drawn = [end for end, route in zip(ends, found["points"], strict=True) if route]
        starts = np.cumsum([0, *[len(route) for route in routes]])
        places = np.array(found["places"], np.float64)
        drawing = Drawing(places, np.array(drawn), np.concatenate(routes), starts)
        return float(found["seconds"]), drawing

    return run


def _downward(graph: nx.MultiDiGraph) -> list[tuple[int, int]]:
    """Return all edges with the end first that we draw above; of a tie, the operation."""
    number = {node: i for i, node in enumerate(graph)}
    return [
        (number[v], number[u]) if role == Role.GRAD else (number[u], number[v])
        for u, v, role in graph.edges(data="role")
    ]


def _straight(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Write a polyline as Bezier segments."""
    steps = np.diff(corners, axis=0)[:, None] * np.array([1 / 3, 2 / 3, 1.0])[:, None]
    rest = (corners[:-1, None] + steps).reshape(-1, 2)
    return np.concatenate([corners[:1], rest])


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
