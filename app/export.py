"""Write a graph of a tape to a file: a picture (.png, .svg, .pdf) or data (.dot, .json ...)."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import networkx as nx
import numpy as np

from engine.tape.tape import Tape
from ui import theme as themes
from ui.graph.model import GraphInfo, build_graph, list_graphs, main_graph
from ui.graph.types import CanvasState, Kind, Layout, NodeId, Role

Graph: TypeAlias = "nx.MultiDiGraph[NodeId]"


#: Formats that need Qt's libraries.
PICTURES = (".png", ".svg", ".pdf")


class ExportError(Exception):
    """The graph cannot be written; the message is one sentence that says why."""


def export(
    tape: Tape,
    target: Path,
    graph_number: int | None = None,
    theme: str = "dark",
    scale: float = 2.0,
    playhead: int | None = None,
) -> None:
    """Write graph `graph_number` (None: the last) of `tape` to `target`; its suffix is the format.

    theme: "dark" or "light"; scale: pixels per unit of a .png, less where the image would exceed
    16,000 pixels a side; playhead: tint a picture as the window does there (None: no tint). The
    same tape gives the same bytes. Raises ExportError.
    """
    suffix = target.suffix.lower()
    if suffix not in (*_TEXTS, *PICTURES):
        known = ", ".join([*PICTURES, *_TEXTS])
        raise ExportError(f"{target.name} should end in one of {known}, which names the format")
    if not 0.05 <= scale <= 16:
        raise ExportError(f"a scale of {scale:g} is not between 0.05 and 16")
    info = _chosen(tape, graph_number)
    graph = build_graph(tape, info)
    if suffix in _TEXTS:
        data = _TEXTS[suffix](graph, info, theme).encode()
    else:
        data = _picture(tape, graph, info, suffix, theme, scale, playhead)
    _write(target, data)


def _chosen(tape: Tape, number: int | None) -> GraphInfo:
    graphs = list_graphs(tape)
    if not graphs:
        raise ExportError("the tape holds no graph: nothing was recorded on it")
    if number is None:
        return main_graph(graphs) or graphs[-1]
    for info in graphs:
        if info.number == number:
            return info
    first, last = graphs[0].number, graphs[-1].number
    which = f"only graph {first}" if first == last else f"graphs {first} to {last}"
    raise ExportError(f"the tape has no graph {number}, it has {which}")


def _picture(
    tape: Tape, graph: Graph, info: GraphInfo, suffix: str, theme: str, scale: float,
    playhead: int | None,
) -> bytes:  # fmt: skip
    # Only pictures need Qt's libraries.
    from ui.graph import still
    from ui.graph.cards import card_sizes
    from ui.graph.layout import lay_out
    from ui.graph.pdf import pdf

    still.ensure_application()
    layout = lay_out(graph, card_sizes(graph))
    state = None if playhead is None else _state(tape, graph, layout, playhead)
    picture = still.picture_of(graph, layout, themes.load(theme), state)
    if suffix == ".svg":
        return still.svg(picture, info.title, state)
    if suffix == ".pdf":
        return pdf(picture, info.title, state)
    return still.png(picture, scale, state)


def _state(tape: Tape, graph: Graph, layout: Layout, playhead: int) -> CanvasState:
    from engine.tape.replay import state_at
    from ui.graph.tint import TintIndex

    return TintIndex(tape, graph, layout).state(state_at(tape, playhead))


def _write(target: Path, data: bytes) -> None:
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True) if part.parent.is_dir() else None
        raise ExportError(f"cannot write {target}: {error.strerror or error}") from None


# --- data formats


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it."""
    if isinstance(value, NodeId):
        return str(value)
    if isinstance(value, Kind | Role):
        return value.name.lower()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple | list | np.ndarray):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _plain_graph(graph: Graph, info: GraphInfo) -> nx.MultiDiGraph[str]:
    """Return the graph with text ids and plain values."""
    result: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        number=info.number, title=info.title, detail=info.detail
    )
    for node, data in graph.nodes(data=True):
        result.add_node(str(node), **{name: _plain(value) for name, value in data.items()})
    for source, target, key, data in graph.edges(keys=True, data=True):
        values = {name: _plain(Role(v) if name == "role" else v) for name, v in data.items()}
        result.add_edge(str(source), str(target), key=_plain(key), **values)
    return result


def _json(graph: Graph, info: GraphInfo, theme: str) -> str:
    data = nx.node_link_data(_plain_graph(graph, info), edges="edges")
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _graphml(graph: Graph, info: GraphInfo, theme: str) -> str:
    """GraphML has scalars only: lists become text, what is missing stays away."""
    plain = _plain_graph(graph, info)
    tables = [plain.graph, *(d for _, d in plain.nodes(data=True))]
    tables += [d for _, _, d in plain.edges(data=True)]
    for table in tables:
        for name, value in list(table.items()):
            if value is None:
                del table[name]
            elif isinstance(value, list | dict):
                table[name] = json.dumps(value, ensure_ascii=False)
            elif isinstance(value, str):
                table[name] = "".join(c if c >= " " or c in "\t\n" else "\ufffd" for c in value)
    return "\n".join(nx.generate_graphml(plain)) + "\n"


def _dot(graph: Graph, info: GraphInfo, theme: str) -> str:
    look = themes.load(theme)
    lines = [
        f"digraph {_quoted(info.title)} {{",
        f'  graph [rankdir=TB, bgcolor="{look.canvas}"];',
        f'  node [fontname="Inter", fontsize=11, style="filled,rounded", shape=box,'
        f' fillcolor="{look.card}", color="{look.card_border}", fontcolor="{look.card_title}"];',
        f'  edge [color="{look.edge}", arrowsize=0.7];',
    ]
    lines += [f"  {_quoted(str(n))} [{_node_look(d, look)}];" for n, d in graph.nodes(data=True)]
    styles: dict[Role, str] = {
        Role.DATA: "", Role.GRAD: f' [color="{look.grad_edge}", constraint=false]',
        Role.TIE: f' [color="{look.tie}", style=dashed, arrowhead=none, constraint=false]',
    }  # fmt: skip
    lines += [
        f"  {_quoted(str(source))} -> {_quoted(str(target))}{styles[Role(role)]};"
        for source, target, role in _roles(graph)
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _node_look(data: dict[str, Any], look: themes.Theme) -> str:
    label = "\n".join(part for part in (str(data["title"]), str(data["detail"])) if part)
    looks = [f"label={_quoted(label)}"]
    kind = Kind(data["kind"])
    if kind == Kind.LEAF:
        fill, border = (look.input_fill, look.input_border)
        if data.get("requires_grad"):
            fill, border = look.leaf_fill, look.leaf_border
        looks += ["shape=ellipse", "style=filled", f'fillcolor="{fill}"', f'color="{border}"']
    elif kind == Kind.OP:
        looks.append(f'color="{look.families.get(data.get("family") or "", look.card_border)}"')
    else:
        looks += [f'fillcolor="{look.grad_fill}"', f'color="{look.grad_border}"']
        looks.append(f'fontcolor="{look.grad_title}"')
    return ", ".join(looks)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


_TEXTS: dict[str, Callable[[Graph, GraphInfo, str], str]] = {
    ".dot": _dot, ".graphml": _graphml, ".json": _json,
}  # fmt: skip


def _roles(graph: Graph) -> list[tuple[NodeId, NodeId, int]]:
    return [(source, target, data["role"]) for source, target, data in graph.edges(data=True)]
