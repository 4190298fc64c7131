"""A small tape written by hand: w * x, then a pass that adds to w.grad."""

from __future__ import annotations

import zlib

import numpy as np

from engine.tape.schema import TABLES, Event, GradChange, Mark, ValueFlag
from engine.tape.storage.segments import Payload, SegmentWriter
from engine.tape.storage.sink import MemorySink

W, X, DELTA = (np.array(v, np.float32) for v in ([1, 2], [3, 4], [3, 4]))
TEXTS = ["mul", "MulBackward0", "AccumulateGrad", "self", "w", "cell-1", "w * x"]
_LEAF = int(ValueFlag.LEAF | ValueFlag.REQUIRES_GRAD)

FIRST = {
    "events": [
        (Event.MARK, 0, -1, 0, 0.0), (Event.LEAF, 0, -1, 0, 0.1), (Event.LEAF, 1, -1, 0, 0.1),
        (Event.OP, 0, -1, 0, 0.2),
    ],
    "values": [
        (0, 0, 0, 0, 0, -1, 0, -1, -1, 0, _LEAF, -1, 1),
        (1, 0, 1, 0, 0, -1, 0, -1, -1, 1, int(ValueFlag.LEAF), -1, 2),
        (2, 0, 2, 0, 0, 0, 0, 1, 0, 2, int(ValueFlag.REQUIRES_GRAD), -1, 3),
    ],
    "ops": [(0, 0, 2, 2, 1, -1, 1, 0, -1, 0, 3)],
    "inputs": [(0,), (1,)],
    "nodes": [(2, -1, 0, 0, 0, 0, 0, 9, 3), (1, 0, -1, 0, 2, 0, 1, 1, 3)],
    "edges": [(0, 0), (-1, 0)],
    "saved": [(3, 1, -1)],
    "marks": [(Mark.CELL_BEGIN, 0, -1, 0)],
    "cells": [(5, 6, 1, 0)],
    "scopes": [(-1, -1, -1)],
    "shapes": [(0, 1)],
    "dims": [(2,)],
    "arrays": [
        (0, 0, 8, 0, 0, zlib.crc32(W), 0), (0, 8, 8, 0, 0, zlib.crc32(X), 0),
        (0, 16, 8, 0, 0, zlib.crc32(W * X), 0),
    ],
}  # fmt: skip

SECOND = {
    "events": [
        (Event.PASS, 0, -1, 0, 0.3), (Event.STEP, 0, -1, 0, 0.4), (Event.STEP, 1, -1, 0, 0.5),
        (Event.END, 0, -1, 0, 0.6), (Event.MARK, 1, -1, 0, 0.7),
    ],
    "values": [(3, 0, -1, 0, 0, -1, 0, -1, -1, 3, int(ValueFlag.LEAF), 0, 6)],
    "passes": [(0, 0, 1, 4)],
    "roots": [(2, 1, 0, -1)],
    "steps": [(0, 1, 0, 1, 0, 5), (0, 0, 1, 1, 0, 6)],
    "contributions": [(0, 0, 0, 0, -1, 3), (1, 0, -1, -1, 0, 3)],
    "ends": [(0, -1, 7)],
    "grads": [(0, GradChange.ACCUMULATE, 1, 3, 6)],
    "marks": [(Mark.CELL_END, 0, -1, 8)],
    "names": [(0, 4, 8)],
    "arrays": [(1, 0, 8, 0, 0, zlib.crc32(DELTA), 0)],
}  # fmt: skip


def packed(tables: dict[str, list[tuple]]) -> dict[str, bytes]:
    return {name: np.array(rows, TABLES[name]).tobytes() for name, rows in tables.items()}


def write(first=FIRST, second=SECOND, texts=TEXTS, finish: bool = True) -> bytearray:
    """Return the bytes of a tape of two segments."""
    sink = MemorySink()
    writer = SegmentWriter(sink, {"environment": {}})
    payload = Payload(0, [W.tobytes(), X.tobytes(), (W * X).tobytes()])
    writer.write(packed(first), texts, [payload])
    if second is not None:
        writer.write(packed(second), [], [Payload(1, [DELTA.tobytes()])])
    if finish:
        writer.finish({"made": "by hand"})
    return sink.buffer
