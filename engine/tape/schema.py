"""The tables that a tape consists of: fixed structured dtypes, append-only, in order of time.

Ids are row numbers. Every table grows only at its end and rows are never changed, so what exists
at a playhead is a prefix of each table (see `engine.tape.replay`). `-1` means none. Texts and
shapes are interned: a column of kind *text* is an index into the tape's list of strings.

A *tensor* is one Python Tensor; a *value* is a tensor at one version of its content. A leaf that an
optimizer updates is one tensor with many values.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag

import numpy as np


class Event(IntEnum):
    """What an event of the time axis is; `ref` names the row in the table given here."""

    LEAF = 0  # values: a tensor is seen that no recorded operation made
    OP = 1  # ops
    PASS = 2  # passes: begins
    STEP = 3  # steps
    END = 4  # ends: a pass is over
    GRAD = 5  # grads: .grad changed other than by a step (assigned, None, written in place)
    MARK = 6  # marks


class Mark(IntEnum):
    CELL_BEGIN = 0  # ref: cells row
    CELL_END = 1  # ref: cells row
    ERROR = 2  # text: the error's type and message
    PRINT = 3  # text: what was printed, capped
    FREED = 4  # ref: passes row; its steps say whose saved tensors it freed
    IDLE = 5  # text: the optimizer whose step(), or the clip, that found no gradient


class ValueFlag(IntFlag):
    REQUIRES_GRAD = 1
    LEAF = 2
    PARAMETER = 4
    VIEW = 8


class OpFlag(IntFlag):
    INPLACE = 1
    VIEW = 2


class PassFlag(IntFlag):
    RETAIN_GRAPH = 1
    CREATE_GRAPH = 2
    GRAD = 4  # autograd.grad: nothing is accumulated into .grad


class StepFlag(IntFlag):
    FREED = 1  # what the node had saved was freed after this step


class GradChange(IntEnum):
    ACCUMULATE = 0  # ref: steps row
    SET = 1  # assigned a tensor; value
    CLEAR = 2  # assigned None
    WRITE = (
        3  # an operation wrote the grad tensor in place (zero_, clip); ref: ops row or -1; value
    )


class ArrayFlag(IntFlag):
    SUMMARY = 1  # only statistics were kept (a memory budget was reached)
    UNIFORM = 2  # all elements are equal: one element is stored for all
    COLUMNS = 4  # stored with the first dimension fastest; may share the bytes of another array
    LOST = 8  # together with SUMMARY: its bytes were damaged, and left out when the rest was saved


def _table(**columns: str) -> np.dtype[np.void]:
    return np.dtype(list(columns.items()))


# fmt: off
TABLES: dict[str, np.dtype[np.void]] = {
    # The time axis. time: seconds since the recording began. loc: source location.
    "events": _table(kind="u1", ref="<i4", loc="<i4", cell="<i4", time="<f8"),
    # op/out: the operation and which of its outputs; node/nr: grad_fn and output number.
    # grad_of: the tensor whose .grad this tensor is. array: -1 where contributions rebuild it.
    "values": _table(
        tensor="<i4", version="<i4", array="<i4", dtype="u1", shape="<i4", op="<i4", out="<i4",
        node="<i4", nr="<i4", storage="<i4", flags="u1", grad_of="<i4", event="<i4",
    ),
    "ops": _table(
        name="<i4", in0="<i4", n_in="<i4", out0="<i4", n_out="<i4", params="<i4", node="<i4",
        scope="<i4", pass_="<i4", flags="u1", event="<i4",
    ),
    "inputs": _table(value="<i4"),
    # grad_fn nodes. variable: the leaf tensor of an AccumulateGrad.
    "nodes": _table(
        name="<i4", op="<i4", variable="<i4", edge0="<i4", n_edge="<i4", saved0="<i4",
        n_saved="<i4", seq="<i8", event="<i4",
    ),
    "edges": _table(node="<i4", nr="<i4"),  # next_functions; node -1 for None
    "saved": _table(name="<i4", value="<i4", text="<i4"),  # a tensor's value, or a constant's repr
    "passes": _table(flags="u1", root0="<i4", n_root="<i4", event="<i4"),
    "roots": _table(value="<i4", node="<i4", nr="<i4", array="<i4"),  # array -1: implicit ones
    "ends": _table(pass_="<i4", error="<i4", event="<i4"),  # error: text
    "steps": _table(
        pass_="<i4", node="<i4", contrib0="<i4", n_contrib="<i4", flags="u1", event="<i4"
    ),
    # What a step sent: along next_functions[slot] to (node, nr), or into tensor's .grad or capture.
    "contributions": _table(
        step="<i4", slot="<i4", node="<i4", nr="<i4", tensor="<i4", array="<i4"
    ),
    # The cotangent a step received where hooks made it differ from the sum of its contributions.
    "cotangents": _table(step="<i4", nr="<i4", array="<i4"),
    # Every change of a tensor's .grad: the contribution ledger. value: the grad tensor's value.
    "grads": _table(tensor="<i4", kind="u1", ref="<i4", value="<i4", event="<i4"),
    "marks": _table(kind="u1", ref="<i4", text="<i4", event="<i4"),
    # What the program read of a value as numbers, so that what it did next may depend on them.
    # how: "item", "bool", "numpy" ...; event: how many had happened.
    "reads": _table(value="<i4", how="<i4", loc="<i4", event="<i4"),
    "cells": _table(key="<i4", source="<i4", count="<i4", event="<i4"),
    # Names in the person's namespace, as they held after an event ("w", "fc1.weight").
    "names": _table(tensor="<i4", text="<i4", event="<i4"),
    # Calls of nn.Module: row 0 is the outermost, nameless one.
    "scopes": _table(parent="<i4", name="<i4", type="<i4"),
    "locs": _table(file="<i4", line="<i4", function="<i4", cell="<i4"),
    "shapes": _table(dim0="<i4", n_dim="<i4"),
    "dims": _table(size="<i8"),
    # segment: number of the payload member; offset: bytes from its data's start.
    "arrays": _table(
        segment="<i4", offset="<i8", nbytes="<i8", dtype="u1", shape="<i4", crc="<u4", flags="u1"
    ),
    # Of arrays whose elements were not kept (`engine.tape.statistics`).
    "statistics": _table(
        array="<i4", low="<f8", high="<f8", mean="<f8", std="<f8", nan="<i8", positive="<i8",
        negative="<i8", zeros="<i8",
    ),
}
# fmt: on

#: `how` of a read: the value was handed to a person's Function, whose forward is seen inside.
INTO_FUNCTION = "Function"

#: The code of each element type in `dtype` columns; bfloat16 is stored as its upper float32 bits.
DTYPES: tuple[str, ...] = (
    "float32", "float64", "int64", "bool", "int32", "int16", "int8", "uint8", "float16",
    "bfloat16", "complex64", "complex128", "uint16", "uint32", "uint64",
)  # fmt: skip
