"""What the rows of a segment must satisfy before anything uses them: every id within bounds."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import DTYPES, TABLES, Event, GradChange, Mark

Rows = NDArray[np.void]

#: table -> column -> (what it counts, least value). "texts" and "payloads" are counts, not tables.
REFERENCES: dict[str, dict[str, tuple[str, int]]] = {
    "events": {"loc": ("locs", -1), "cell": ("cells", -1)},
    "values": {
        "array": ("arrays", -1), "shape": ("shapes", 0), "op": ("ops", -1), "node": ("nodes", -1),
        "event": ("events", 0),
    },
    "ops": {
        "name": ("texts", 0), "params": ("texts", -1), "node": ("nodes", -1),
        "scope": ("scopes", 0), "pass_": ("passes", -1), "event": ("events", 0),
    },
    "inputs": {"value": ("values", 0)},
    "nodes": {"name": ("texts", 0), "op": ("ops", -1), "event": ("events", 0)},
    "edges": {"node": ("nodes", -1)},
    "saved": {"name": ("texts", 0), "value": ("values", -1), "text": ("texts", -1)},
    "passes": {"event": ("events", 0)},
    "roots": {"value": ("values", 0), "node": ("nodes", -1), "array": ("arrays", -1)},
    "ends": {"pass_": ("passes", 0), "error": ("texts", -1), "event": ("events", 0)},
    "steps": {"pass_": ("passes", 0), "node": ("nodes", 0), "event": ("events", 0)},
    "contributions": {"step": ("steps", 0), "node": ("nodes", -1), "array": ("arrays", -1)},
    "cotangents": {"step": ("steps", 0), "array": ("arrays", -1)},
    "grads": {"value": ("values", -1), "event": ("events", 0)},
    "marks": {"text": ("texts", -1), "event": ("events", 0)},
    "reads": {"value": ("values", 0), "how": ("texts", 0), "loc": ("locs", -1)},
    "cells": {"key": ("texts", 0), "source": ("texts", 0), "event": ("events", 0)},
    "names": {"text": ("texts", 0), "event": ("events", 0)},
    "scopes": {"parent": ("scopes", -1), "name": ("texts", -1), "type": ("texts", -1)},
    "locs": {"file": ("texts", 0), "function": ("texts", -1), "cell": ("cells", -1)},
    "arrays": {"segment": ("payloads", -1), "shape": ("shapes", 0)},
    "statistics": {"array": ("arrays", 0)},
}  # fmt: skip

#: table -> (first, count, table of the rows they span).
SPANS: dict[str, list[tuple[str, str, str]]] = {
    "ops": [("in0", "n_in", "inputs"), ("out0", "n_out", "values")],
    "nodes": [("edge0", "n_edge", "edges"), ("saved0", "n_saved", "saved")],
    "passes": [("root0", "n_root", "roots")],
    "steps": [("contrib0", "n_contrib", "contributions")],
    "shapes": [("dim0", "n_dim", "dims")],
}

#: (table, columns that are counted by nobody but must be at least this).
AT_LEAST: dict[str, dict[str, int]] = {
    "values": {"tensor": 0, "version": 0, "out": -1, "nr": -1, "storage": -1, "grad_of": -1},
    "nodes": {"variable": -1},
    "edges": {"nr": 0},
    "roots": {"nr": -1},
    "contributions": {"slot": 0, "nr": -1, "tensor": -1},
    "cotangents": {"nr": 0},
    "grads": {"tensor": 0, "ref": -1},
    "marks": {"ref": -1},
    "names": {"tensor": 0},
    "locs": {"line": 0},
    "dims": {"size": 0},
    "arrays": {"offset": 0, "nbytes": 0},
    "statistics": {"nan": 0, "positive": 0, "negative": 0, "zeros": 0},
}

_EVENT_TABLES = ("values", "ops", "passes", "steps", "ends", "grads", "marks")
_KINDS: dict[str, tuple[str, type[IntEnum]]] = {
    "events": ("kind", Event), "grads": ("kind", GradChange), "marks": ("kind", Mark),
}  # fmt: skip
_MAX_DIMS = 64


def check_rows(
    new: Mapping[str, Rows], starts: Mapping[str, int], counts: Mapping[str, int]
) -> None:
    """Raise ValueError("table row n: ...") for the first row that cannot be.

    new: the rows of one segment; starts: rows of each table before it; counts: rows after it, and
    the number of texts and payloads.
    """
    for table, rows in new.items():
        for column, (target, least) in REFERENCES.get(table, {}).items():
            _within(table, column, rows, starts[table], least, counts[target])
        for column, least in AT_LEAST.get(table, {}).items():
            _within(table, column, rows, starts[table], least, None)
        for first, count, target in SPANS.get(table, []):
            _check_span(table, first, count, rows, starts[table], counts[target])
        if "event" in (rows.dtype.names or ()):
            early = np.maximum.accumulate(rows["event"]) > rows["event"]
            early |= rows["event"] < starts["events"]
            refuse(table, "event", starts[table], early, "goes back in time")
        if table in _KINDS:
            column, kinds = _KINDS[table]
            refuse(table, column, starts[table], rows[column] >= len(kinds), "is of no known kind")
        if "dtype" in (rows.dtype.names or ()):
            refuse(table, "dtype", starts[table], rows["dtype"] >= len(DTYPES), "is no known dtype")
    _check_freed(new, starts, counts)
    _check_events(new, starts, counts)
    _check_order(new, starts)


def _within(table: str, column: str, rows: Rows, start: int, least: int, count: int | None) -> None:
    values = rows[column]
    bad = values < least
    if count is not None:
        bad |= values >= count
    refuse(table, column, start, bad, "points outside")


def _check_freed(
    new: Mapping[str, Rows], starts: Mapping[str, int], counts: Mapping[str, int]
) -> None:
    marks = new.get("marks")
    if marks is not None:
        passes = (marks["ref"] >= 0) & (marks["ref"] < counts["passes"])
        bad = (marks["kind"] == Mark.FREED) & ~passes
        refuse("marks", "ref", starts["marks"], bad, "points outside")


def _check_span(table: str, first: str, count: str, rows: Rows, start: int, total: int) -> None:
    begin, length = rows[first].astype(np.int64), rows[count].astype(np.int64)
    bad = (length < 0) | (begin < 0) | (begin + length > total)
    if first == "dim0":
        bad |= length > _MAX_DIMS
    refuse(table, first, start, bad, "spans rows that are not there")


def _check_events(
    new: Mapping[str, Rows], starts: Mapping[str, int], counts: Mapping[str, int]
) -> None:
    """Check that events and the rows they name agree in both directions."""
    events = new.get("events")
    if events is None:
        return
    for kind, table in enumerate(_EVENT_TABLES):
        of_kind = np.flatnonzero(events["kind"] == kind)
        refs = events["ref"][of_kind]
        refuse(
            "events", "ref", starts["events"], _spread(events, of_kind, refs < 0), "points outside"
        )
        outside = (refs < starts[table]) | (refs >= counts[table])
        refuse(
            "events", "ref", starts["events"], _spread(events, of_kind, outside), "points outside"
        )
        if len(of_kind):
            back = new[table]["event"][refs - starts[table]] != of_kind + starts["events"]
            refuse(
                "events", "ref", starts["events"], _spread(events, of_kind, back),
                f"names a row of {table} that belongs to another event",
            )  # fmt: skip


def _check_order(new: Mapping[str, Rows], starts: Mapping[str, int]) -> None:
    """Check that nothing refers to what came later: so neither graph nor scopes can be cyclic."""
    if "scopes" in new:
        own = np.arange(len(new["scopes"])) + starts["scopes"]
        refuse("scopes", "parent", starts["scopes"], new["scopes"]["parent"] >= own, "is no parent")
    for table, first, count, inner, column in (
        ("nodes", "edge0", "n_edge", "edges", "node"),
        ("ops", "in0", "n_in", "inputs", "value"),
    ):
        if table not in new:
            continue
        rows = new[table]
        limit = np.arange(len(rows)) + starts[table] if table == "nodes" else rows["out0"]
        _check_before(
            table, rows, rows[first], rows[count], new.get(inner), column, limit, starts
        )  # fmt: skip


def _check_before(
    table: str, rows: Rows, first: NDArray[np.int32], count: NDArray[np.int32],
    inner: Rows | None, column: str, limit: NDArray[np.int64], starts: Mapping[str, int],
) -> None:  # fmt: skip
    if not count.any():
        return
    if inner is None:
        inner = np.empty(0, TABLES["edges" if table == "nodes" else "inputs"])
    inner_start = starts["edges" if table == "nodes" else "inputs"]
    owner = np.repeat(np.arange(len(rows)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    index = first[owner] + step - inner_start
    bad = (index < 0) | (index >= len(inner))
    late = np.zeros(len(rows), np.bool_)
    late[owner[bad]] = True
    refuse(table, column, starts[table], late, "spans rows of another segment")
    late[owner[inner[column][index] >= limit[owner]]] = True
    refuse(table, column, starts[table], late, "depends on what came later")


def _spread(rows: Rows, index: NDArray[np.int64], bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    mask = np.zeros(len(rows), np.bool_)
    mask[index[bad]] = True
    return mask


def refuse(table: str, column: str, start: int, bad: NDArray[np.bool_], problem: str) -> None:
    if bad.any():
        raise ValueError(f"{table} row {start + int(bad.argmax())}: {column} {problem}")
