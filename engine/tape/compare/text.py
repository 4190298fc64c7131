"""The differences of two tapes, as text for a terminal and as plain JSON values."""

from __future__ import annotations

import math
from typing import Any

from engine.tape.compare import Comparison, Difference
from engine.tape.places import place
from engine.tape.tape import Tape

_LISTED = 40


def as_json(found: Comparison) -> dict[str, Any]:
    """Return plain JSON values: whether they are the same, the first difference, and all of them."""
    every = [_one(one) for one in found.differences]
    return {
        "same": found.same,
        "first": every[0] if every else None,
        "count": len(every),
        "differences": every,
    }


def as_text(found: Comparison, a: Tape, b: Tape) -> str:
    """Return what a person reads of two tapes: the first difference, then a line for each."""
    if found.same:
        return "the recordings are the same"
    many = len(found.differences)
    lines = [
        f"{many:,} difference{'s' * (many != 1)}; first:",
        *_lines(found.differences[:1], a, b),
        "",
    ]
    lines += _lines(found.differences[:_LISTED], a, b)
    if many > _LISTED:
        lines.append(f"  and {many - _LISTED:,} more (--json lists all)")
    return "\n".join(lines)


def _lines(found: tuple[Difference, ...], a: Tape, b: Tape) -> list[str]:
    return ["  " + "  ".join(filter(None, _parts(one, a, b))) for one in found]


def _parts(one: Difference, a: Tape, b: Tape) -> tuple[str, str, str, str]:
    events = "/".join("–" if event < 0 else str(event) for event in (one.event_a, one.event_b))
    size = "" if math.isnan(one.size) else f"|Δ| ≤ {one.size:.6g}"
    both = zip((a, b), one.sources, strict=True)
    places = [place(tape, source) for tape, source in both if source is not None]
    told = " / ".join(dict.fromkeys(places))
    return f"event {events}", f"{one.kind}: {one.what}", size, told


def _one(one: Difference) -> dict[str, Any]:
    sources = [
        None if s is None else {"cell": s.cell, "file": s.file, "line": s.line} for s in one.sources
    ]
    size = one.size if math.isfinite(one.size) else str(one.size)
    return {
        "kind": one.kind, "what": one.what, "events": [one.event_a, one.event_b], "op": one.op,
        "node": one.node, "largest": size, "sources": sources,
    }  # fmt: skip
