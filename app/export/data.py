"""A graph as data: DOT, GraphML and node-link JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ui import theme as themes
from ui.graph.model import GraphInfo
from ui.graph.types import Kind, NodeId, Role

if TYPE_CHECKING:
    import networkx as nx

Graph: TypeAlias = "nx.MultiDiGraph[NodeId]"


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
    import networkx as nx

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
    import networkx as nx

    data = nx.node_link_data(_plain_graph(graph, info), edges="edges")
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _graphml(graph: Graph, info: GraphInfo, theme: str) -> str:
    """GraphML has scalars only: lists become text, what is missing stays away."""
    import networkx as nx

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


#: What each format's writer is; it takes the name of a theme too.
TEXTS: dict[str, Callable[[Graph, GraphInfo, str], str]] = {
    ".dot": _dot, ".graphml": _graphml, ".json": _json,
}  # fmt: skip


def _roles(graph: Graph) -> list[tuple[NodeId, NodeId, int]]:
    return [(source, target, data["role"]) for source, target, data in graph.edges(data=True)]
