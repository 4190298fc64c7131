"""Names in conditions: a variable stands for its parts, and a name that nothing has is answered."""

from __future__ import annotations

from collections.abc import Set
from difflib import get_close_matches

import numpy as np

from engine.tape.breakpoints import Breakpoint, On
from engine.tape.conditions import Condition
from engine.tape.moments import KNOWN
from engine.tape.names import stands_for
from engine.tape.tape import Tape

_TOLD = 3  # near names at most
_NEAR = 0.6  # as difflib measures it


def unknown(tape: Tape, point: Breakpoint) -> str:
    """Return of the names that a breakpoint asks for which one nothing on a tape has, and near ones.

    "" where all are there, or where it asks for none.
    """
    if point.on is On.LEAF:
        return _answer("tensor", point.target, _names(tape))
    return unmet(tape, Condition(point.condition, KNOWN)) if point.condition else ""


def unmet(tape: Tape, condition: Condition) -> str:
    """Return the same of a condition."""
    for what, kind in (("name", "tensor"), ("op", "operation"), ("grad_fn", "node")):
        for text in condition.equals(what):
            told = _answer(kind, text, _known(tape, what))
            if told:
                return told
    return ""


def near(name: str, known: Set[str]) -> list[str]:
    """Return known names that may be meant by another one, the nearest first."""
    lower: dict[str, str] = {one.lower(): one for one in known}
    wanted = name.lower()
    close = get_close_matches(wanted, lower, _TOLD, _NEAR)
    close += sorted((one for one in lower if wanted and wanted in one), key=len)
    return [lower[one] for one in dict.fromkeys(close)][:_TOLD]


def _answer(kind: str, wanted: str, known: set[str]) -> str:
    if not (wanted and known) or any(stands_for(wanted, one) for one in known):
        return ""
    close = near(wanted, known | {one.partition("[")[0] for one in known})
    told = f"no {kind} is called {wanted!r}"
    there = "there is" if len(close) == 1 else "there are"
    return f"{told}; {there} {', '.join(close)}" if close else told


def _known(tape: Tape, what: str) -> set[str]:
    if what == "name":
        return _names(tape)
    rows = tape.ops["name"] if what == "op" else tape.nodes["name"]
    return {tape.text(int(row)) for row in np.unique(rows)}


def _names(tape: Tape) -> set[str]:
    return {tape.text(int(row)) for row in np.unique(tape.names["text"])}
