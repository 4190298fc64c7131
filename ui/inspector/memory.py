"""The version counter of a node's memory, as links: who wrote it, and what that spoilt."""

from __future__ import annotations

from engine.tape.tape import Source
from engine.tape.writes import memory
from ui.graph.types import Kind, NodeId
from ui.inspector.lookup import Lookup
from ui.inspector.records import Link


def writes(look: Lookup, value: int, playhead: int) -> tuple[Link, ...]:
    """Return the writes in place to a value's memory, in order of time."""
    found = memory(look.tape, int(look.tape.values["storage"][value]))
    return tuple(
        Link(
            f"v{write.version}", write.name, _when(write.source, write.event < playhead),
            NodeId(Kind.OP, write.op) if write.op >= 0 else None,
        )
        for write in found.writes
    )  # fmt: skip


def spoilt(look: Lookup, value: int) -> tuple[Link, ...]:
    """Return the saved tensors that a write spoilt, with the lines that saved and that wrote."""
    found = memory(look.tape, int(look.tape.values["storage"][value]))
    links = []
    for one in found.spoilt:
        text = f"{look.node_name(one.node)} saved {one.name} at v{one.version}"
        lines = f"{_line(one.saved_by)}, written by {one.write.name} {_line(one.write.source)}"
        links.append(Link("", text, lines, look.node_id(one.node)))
    return tuple(links)


def _when(source: Source | None, past: bool) -> str:
    return _line(source) if past else f"{_line(source)}, later"


def _line(source: Source | None) -> str:
    return f"line {source.line}" if source is not None else ""
