"""What a tape holds, in numbers: for `tapedeck info` and for the end of every saved file."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import replay
from engine.tape.schema import DTYPES, GradChange, Mark, PassFlag, StepFlag, ValueFlag
from engine.tape.storage.segments import read_summary
from engine.tape.storage.source import FileSource
from engine.tape.tape import NotKept, Tape, TapeError
from engine.tape.uniform import norm

Counts = NDArray[np.int64]
MOST_LISTED = 10_000


def summarize(tape: Tape) -> dict[str, Any]:
    """Return counts of the whole tape, and one dict per pass and per leaf; plain JSON values.

    Of more than MOST_LISTED passes or leaves the first are described.

    A norm that is not finite is given as the text "nan" or "inf", one of an array whose bytes are
    damaged as "unreadable", and one of an array that was not kept as "not kept".
    """
    # An error that a pass raised and nobody caught is on the tape twice: at its end and as a mark.
    marked = int((tape.marks["kind"] == Mark.ERROR).sum())
    errors = max(marked, int((tape.ends["error"] >= 0).sum()))
    steps, freed = _counts(tape)
    leaves = _leaves(tape)
    ended = {int(row["pass_"]): int(row["error"]) for row in tape.ends}
    return {
        "events": len(tape.events),
        "operations": len(tape.ops),
        "nodes": len(tape.nodes),
        "edges": int((tape.edges["node"] >= 0).sum()),
        "leaves": len(leaves),
        "passes": len(tape.passes),
        "steps": len(tape.steps),
        "errors": errors,
        "cells": len(tape.cells),
        "arrays": len(tape.arrays),
        "bytes": int(tape.arrays["nbytes"].sum()),
        "per_pass": [
            _pass(tape, i, int(steps[i]), int(freed[i]), ended.get(i))
            for i in range(min(len(tape.passes), MOST_LISTED))
        ],
        "per_leaf": [_leaf(tape, v) for v in leaves[:MOST_LISTED]],
    }


def summary_of(path: Path | str) -> dict[str, Any]:
    """Return the summary of a file: what it says itself if it is finished, else what is counted.

    Of a finished file of any size only the end is read. Raises TapeError.
    """
    source = FileSource(Path(path))
    try:
        found = read_summary(source)
        if found is not None and is_summary(found):
            return found
        return summarize(Tape(source))
    finally:
        source.close()


def is_summary(value: dict[str, Any]) -> bool:
    """Return whether a summary that was read has all that `format_summary` shows, of its types."""
    counts = all(type(value.get(key)) is int for key in _COUNTS)
    lists = {"per_pass": _PASS_TYPES, "per_leaf": _LEAF_TYPES}
    return counts and all(
        isinstance(value.get(key), list) and all(_has(one, types) for one in value[key])
        for key, types in lists.items()
    )


def _has(one: Any, types: dict[str, tuple[type, ...]]) -> bool:
    return isinstance(one, dict) and all(isinstance(one.get(k, ()), t) for k, t in types.items())


_NONE = type(None)
_PASS_TYPES: dict[str, tuple[type, ...]] = {
    "kind": (str,), "roots": (list,), "steps": (int,), "freed": (int,), "retain_graph": (bool,),
    "create_graph": (bool,), "cell": (str,), "line": (int,), "error": (str, _NONE),
    "ended": (bool,),
}  # fmt: skip
_LEAF_TYPES: dict[str, tuple[type, ...]] = {
    "name": (str,), "shape": (list,), "dtype": (str,), "contributions": (int,),
    "grad_norm": (int, float, str, _NONE),
}  # fmt: skip


def _leaves(tape: Tape) -> list[int]:
    """Return the first value of every tensor that is a leaf and requires grad."""
    wanted = ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD
    rows = np.flatnonzero((tape.values["flags"] & wanted) == wanted)
    _, first = np.unique(tape.values["tensor"][rows], return_index=True)
    return [int(row) for row in np.sort(rows[first])]


def _counts(tape: Tape) -> tuple[Counts, Counts]:
    """Return for each pass its steps, and those that freed what their node had saved."""
    passes, frees = tape.steps["pass_"], tape.steps["flags"] & StepFlag.FREED > 0
    n = len(tape.passes)
    return np.bincount(passes, minlength=n), np.bincount(passes[frees], minlength=n)


def _pass(tape: Tape, i: int, steps: int, freed: int, error: int | None) -> dict[str, Any]:
    """Describe a pass; error: its text, -1 for none, None where the pass did not end."""
    flags, first, count, event = tape.passes[i].item()
    source = tape.source(int(tape.events["loc"][event]))
    return {
        "kind": "grad" if flags & PassFlag.GRAD else "backward",
        "roots": [tape.label(int(v)) for v in tape.roots["value"][first : first + count]],
        "steps": steps,
        "freed": freed,
        "retain_graph": bool(flags & PassFlag.RETAIN_GRAPH),
        "create_graph": bool(flags & PassFlag.CREATE_GRAPH),
        "cell": source.cell if source else "",
        "line": source.line if source else 0,
        "error": tape.text(-1 if error is None else error) or None,
        "ended": error is not None,
    }


def _leaf(tape: Tape, v: int) -> dict[str, Any]:
    tensor = int(tape.values["tensor"][v])
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    grad_norm = _grad_norm(tape, tensor)
    return {
        "tensor": tensor,
        "name": tape.tensor_label(tensor),
        "shape": list(tape.value_shape(v)),
        "dtype": DTYPES[int(tape.values["dtype"][v])],
        "requires_grad": True,
        "contributions": sum(int(tape.grads["kind"][r]) == GradChange.ACCUMULATE for r in rows),
        "grad_norm": grad_norm,
    }


def _grad_norm(tape: Tape, tensor: int) -> float | str | None:
    """Return the norm of a tensor's last .grad, as text where JSON has no number for it."""
    try:
        grad = replay.grad_at(tape, tensor, len(tape.events))
    except NotKept:
        return "not kept"
    except TapeError:
        return "unreadable"
    if grad is None:
        return None
    found = norm(grad)
    return found if math.isfinite(found) else str(found)


def format_summary(summary: dict[str, Any]) -> str:
    """Return a summary as text for a terminal: counts, then a line per pass and per leaf."""
    lines = [f"{key:<12}{summary[key]:>12,}" for key in _COUNTS]
    if summary["per_pass"]:
        lines += ["", "passes"]
        lines += [_pass_line(i, one) for i, one in enumerate(summary["per_pass"])]
        lines += _more(summary["passes"] - len(summary["per_pass"]))
    if summary["per_leaf"]:
        width = max(len(leaf["name"]) for leaf in summary["per_leaf"])
        lines += ["", "leaves"]
        lines += [_leaf_line(leaf, width) for leaf in summary["per_leaf"]]
        lines += _more(summary["leaves"] - len(summary["per_leaf"]))
    return "\n".join(lines)


def _more(count: int) -> list[str]:
    return [f"  … and {count:,} more"] if count > 0 else []


_COUNTS = (
    "events", "operations", "nodes", "edges", "leaves", "passes", "steps", "errors", "cells",
    "arrays", "bytes",
)  # fmt: skip


def _pass_line(i: int, one: dict[str, Any]) -> str:
    flags = [key for key in ("retain_graph", "create_graph") if one[key]]
    if not one["ended"]:
        flags.append("not ended")
    if one["freed"]:
        flags.append(f"freed what {one['freed']:,} node{'s' * (one['freed'] != 1)} had saved")
    if one["error"]:
        flags.append(one["error"].splitlines()[0])
    place = f"line {one['line']}" + (f" of cell {one['cell']}" if one["cell"] else "")
    parts = [
        f"{one['kind']}({', '.join(map(str, one['roots']))})",
        f"{one['steps']:,} steps",
        place,
        *flags,
    ]
    return f"  {i:>4}  " + ", ".join(parts)


def _leaf_line(leaf: dict[str, Any], width: int) -> str:
    norm = leaf["grad_norm"]
    text = (
        "no grad"
        if norm is None
        else f"|grad| = {norm if isinstance(norm, str) else f'{norm:.6g}'}"
    )
    shape = "×".join(map(str, leaf["shape"])) or "scalar"
    count = leaf["contributions"]
    return (
        f"  {leaf['name']:<{width}}  {leaf['dtype']} {shape}, "
        f"{count:,} contribution{'s' * (count != 1)}, {text}"
    )
