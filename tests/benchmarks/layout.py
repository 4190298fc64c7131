"""`python -m tests.benchmarks.layout [GRAPH ...]`: our layout beside others, same graphs, same run.

Prints seconds (ours: of CPU time), crossings, overlapping boxes, edges through boxes, edge length;
then how far old nodes move when a graph grows. "groups" is ours with frames around blocks or steps.
Both walk the dicts of a networkx graph; "columns" is "groups" of the same graph when it is read
from columns, as the window's is: a recording's graph is made of them.
Peers are optional (see tests/benchmarks/peers.py); one that is not installed is said to be absent,
one that takes longer than a minute is stopped, one that gives up is said to have failed. All draw
the same edges; dot is told that ties between an operation and its grad_fn do not matter for ranks.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import networkx as nx
import numpy as np

from tests.benchmarks import graphs
from tests.benchmarks.measure import Drawing, drawing, judge
from tests.benchmarks.peers import LIMIT, Peer, PeerFailed, Run, Sizes, find_peers
from ui.graph.layout import lay_out
from ui.graph.types import Nest

CASES: dict[str, Callable[[], nx.MultiDiGraph]] = {
    "mlp": graphs.mlp,
    "transformer 12": lambda: graphs.transformer(12),
    "rnn 70 steps": lambda: graphs.rnn(70),
    "transformer 100": lambda: graphs.transformer(100),
    "rnn 9000 steps": lambda: graphs.rnn(9_000),
}
GROUPED: dict[str, Callable[[nx.MultiDiGraph], Nest]] = {
    "transformer 12": graphs.blocks_of,
    "transformer 100": graphs.blocks_of,
    "rnn 9000 steps": graphs.steps_of,
}
GROWTH: dict[str, Callable[[], tuple[nx.MultiDiGraph, nx.MultiDiGraph]]] = {
    "mlp, a layer more": lambda: graphs.appended(graphs.growing_mlp()),
    "mlp, side branches": lambda: graphs.branched(graphs.growing_mlp()),
    "transformer 4, a block more": lambda: graphs.appended(graphs.growing_transformer(4)),
    "transformer 4, side branches": lambda: graphs.branched(graphs.growing_transformer(4)),
}


def grown_groups(name: str, old: nx.MultiDiGraph, new: nx.MultiDiGraph) -> tuple[Nest, Nest]:
    """Return the groups of a graph before and after it grew; side branches are in none."""
    groups_of = graphs.layers_of if name.startswith("mlp") else graphs.blocks_of
    before, after = groups_of(old), groups_of(new)
    return before, before if name.endswith("branches") else after


def ours(graph: nx.MultiDiGraph, sizes: Sizes, nest: Nest | None = None) -> tuple[float, Drawing]:
    """Return seconds of CPU (best of three) and the drawing."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        layout = lay_out(graph, sizes, nest=nest)
        best = min(best, time.process_time() - start)
    return best, drawing(layout)


def displacement(before: Drawing, after: Drawing, n: int) -> float:
    """Return the 95th percentile of how far the first n nodes moved against their middle."""
    moved = after.boxes[:n, :2] - before.boxes[:n, :2]
    moved -= np.median(moved, axis=0)
    return float(np.percentile(np.hypot(*moved.T), 95))


def compare(name: str, peers: dict[str, Peer]) -> None:
    graph = CASES[name]()
    sizes = graphs.sizes(graph)
    runs: dict[str, Callable[[], Run]] = {"ours": lambda: ours(graph, sizes)}
    if name in GROUPED:  # blocks of a transformer, steps of an RNN: in frames, as templates
        nest, columns = GROUPED[name](graph), graphs.in_columns(graph)
        runs["groups"] = lambda: ours(graph, sizes, nest)
        runs["columns"] = lambda: ours(columns, sizes, nest)
    runs |= {peer: lambda lay=lay: lay(graph, sizes) for peer, lay in peers.items()}  # type: ignore[misc]
    own = 0.0
    for by, measure in runs.items():
        head = f"{name:<16} {len(graph):>6} {graph.number_of_edges():>6}  {by:<7}"
        try:
            run = measure()
        except PeerFailed as error:
            print(f"{head} {'failed':>8} {str(error).strip()[-60:]}", flush=True)
            continue
        if run is None:
            print(f"{head} {f'> {LIMIT:.0f}':>8} {f'> {LIMIT / own:,.0f}×':>9}", flush=True)
            continue
        marks = judge(run[1])
        own = own or run[0]
        crossings = f"{marks.crossings:,}" if marks.crossings >= 0 else "–"
        print(f"{head} {run[0]:>8.3f} {run[0] / own:>8,.1f}× {crossings:>9} {marks.overlaps:>8} "
              f"{marks.through:>7} {marks.length:>11,.0f}", flush=True)  # fmt: skip


def compare_growth(peers: dict[str, Peer]) -> None:
    print("\n95th percentile of the way of old nodes when the graph grows, scene units")
    peer_names = "".join(f"{peer:>9}" for peer in peers)
    print(f"{'growth':<30} {'ours':>8} {'groups':>8}{peer_names}")
    for name, make in GROWTH.items():
        old, new = make()
        n = len(old)
        ways = []
        for a, b in ((None, None), grown_groups(name, old, new)):
            first = lay_out(old, graphs.sizes(old), nest=a)
            then = lay_out(new, graphs.sizes(new), before=first, nest=b)
            ways.append(f"{displacement(drawing(first), drawing(then), n):>9,.0f}")
        for lay in peers.values():  # none of them fails on graphs so small
            run, again = lay(old, graphs.sizes(old)), lay(new, graphs.sizes(new))
            fine = run is not None and again is not None
            ways.append(f"{displacement(run[1], again[1], n):>9,.0f}" if fine else f"{'> 60 s':>9}")
        print(f"{name:<30}" + "".join(ways), flush=True)


def main(wanted: list[str]) -> None:
    if unknown := [name for name in wanted if name not in CASES]:
        rows = ", ".join(CASES)
        raise SystemExit(f"no row is named {', '.join(unknown)}; there are: {rows}")
    peers, absent = find_peers()
    for name in absent:
        print(f"{name} is absent: not compared.")
    print(f"{'graph':<16} {'nodes':>6} {'edges':>6}  {'by':<7} {'seconds':>8} {'ratio':>9} "
          f"{'crossings':>9} {'overlaps':>8} {'through':>7} {'length':>11}")  # fmt: skip
    for name in CASES:
        if not wanted or name in wanted:
            compare(name, peers)
    compare_growth(peers)


if __name__ == "__main__":
    main(sys.argv[1:])
