"""Places of the nodes of known graphs, written by one command, after they were looked at:

    python -m tests.ui.graph.golden

The graphs of `tests.benchmarks.graphs`, every graph of the built-in examples and, where they lie
beside the checkout, of the lessons: these may be absent, and their places are kept nevertheless.
"""

from __future__ import annotations

import contextlib
import io
import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import networkx as nx

import engine
import engine.nn
import engine.nn.functional
import engine.optim
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape
from tests.benchmarks import graphs
from ui.graph.folding import GroupWish, arrange
from ui.graph.layout import lay_out
from ui.graph.model import build_graph, list_graphs
from ui.graph.types import Layout, NodeId

HERE = Path(__file__).parent
EXAMPLES = sorted((HERE.parents[2] / "resources" / "examples").glob("*.ipynb"))
LESSONS = HERE.parents[3] / "shared" / "lessons"
KNOWN, PROGRAMS = HERE / "golden_layouts.json", HERE / "golden_programs.json"
GRAPHS: dict[str, Callable[[], nx.MultiDiGraph]] = {
    "lesson": graphs.lesson,
    "mlp": lambda: graphs.mlp(3),
    "rnn with portals": lambda: graphs.rnn(10),
    "transformer in sections": lambda: graphs.transformer(2),
}

#: Per node of a graph, in order: what it is called and the whole units at which its corner is.
Places = list[tuple[str, int, int]]


def known_places(name: str) -> dict[str, list[int]]:
    """Return the corner of every node and badge of a known graph in whole units."""
    layout = lay_out(GRAPHS[name](), graphs.sizes(GRAPHS[name]()))
    corners = {str(node): box[:2] for node, box in _boxes(layout)}
    corners |= {f"badge:{k}": box[:2] for k, box in enumerate(layout.badges.boxes.tolist())}
    return {key: [round(x), round(y)] for key, (x, y) in corners.items()}


def program_places(path: Path) -> list[Places]:
    """Run a notebook and return the places of each of its graphs and of the frames in it, grouped
    as the window opens them; equal ones count once."""
    tape = recorded(path)
    found: list[Places] = []
    for info in list_graphs(tape):
        shown = arrange(tape, build_graph(tape, info), GroupWish(), info.first_event).shown
        layout = lay_out(shown.graph, sizes(shown.graph), nest=shown.nest)
        nodes = shown.graph.nodes
        places = [(nodes[n]["title"], round(b[0]), round(b[1])) for n, b in _boxes(layout)]
        places += [("frame", round(x), round(y)) for x, y, _, _ in layout.frames.boxes.tolist()]
        if places not in found:
            found.append(places)
    return found


def sizes(graph: nx.MultiDiGraph) -> dict[NodeId, tuple[float, float]]:
    """Estimate cards without fonts, and without the digits that kernels of BLAS may round apart."""
    plain = graph.copy()
    for _, data in plain.nodes(data=True):
        if data.get("dtype") is not None and not data["detail"].startswith("saved"):
            data["detail"] = f"{data['dtype']}{list(data['shape'] or ())}"
    return graphs.sizes(plain)


def recorded(path: Path) -> Tape:
    """Run the code cells of a notebook in this process, each until it raises."""
    names: dict[str, Any] = {"__name__": "__main__"}
    recorder = Recorder()
    with _torch_is_the_engine(), recorder:
        for number, source in enumerate(_cells(path), 1):
            recorder.begin_cell(f"cell-{number}", source, number)
            with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    exec(compile(source, f"<cell {number}>", "exec"), names)
                except Exception as error:
                    recorder.error(error)
            recorder.end_cell(names)
    assert recorder.failure is None
    return recorder.tape()


def _cells(path: Path) -> list[str]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return ["\n".join(li for li in s.split("\n") if not li.startswith("%")) for s in sources]


@contextlib.contextmanager
def _torch_is_the_engine() -> Iterator[None]:
    modules = {
        "torch": engine, "torch.nn": engine.nn, "torch.nn.functional": engine.nn.functional,
        "torch.optim": engine.optim,
    }  # fmt: skip
    with mock.patch.dict(sys.modules, modules):
        yield


def _boxes(layout: Layout) -> Iterator[tuple[NodeId, list[float]]]:
    return zip(layout.ids, layout.boxes.tolist(), strict=True)


def moved(one: list[Places], other: list[Places]) -> list[str]:
    """Return the nodes that are not where they were, in words; a unit may be rounded away."""
    if [[p[0] for p in places] for places in one] != [[p[0] for p in places] for places in other]:
        return ["other nodes than before"]
    return [
        f"{name}: ({x}, {y}) -> ({now_x}, {now_y})"
        for before, after in zip(one, other, strict=True)
        for (name, x, y), (_, now_x, now_y) in zip(before, after, strict=True)
        if math.dist((x, y), (now_x, now_y)) > 1.5
    ]


def main() -> None:
    """Write the places of all graphs that are there."""
    known = {name: known_places(name) for name in GRAPHS}
    KNOWN.write_text(json.dumps(known, indent=0) + "\n")
    kept = json.loads(PROGRAMS.read_text()) if PROGRAMS.exists() else {}
    for path in [*EXAMPLES, *sorted(LESSONS.glob("*.ipynb"))]:
        kept[path.stem] = program_places(path)
    rows = (f"{json.dumps(name)}: {json.dumps(kept[name])}" for name in sorted(kept))
    PROGRAMS.write_text("{\n" + ",\n".join(rows) + "\n}\n")
    print(f"wrote {KNOWN.name} and {PROGRAMS.name}: {', '.join(sorted(kept))}")


if __name__ == "__main__":
    main()
