"""How rows of different tables must agree: what everything that uses a tape relies on.

Each check sees whole tables, of which the rows from `starts` on are new and not yet believed; that
every id is within its table was checked before (`checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.schema import DTYPES, ArrayFlag, Event, GradChange, Mark
from engine.tape.spans import spans
from engine.tape.storage.checks import refuse

Rows = NDArray[np.void]
Tables = Mapping[str, Rows]
Starts = Mapping[str, int]
Ints = NDArray[Any]

#: Tables whose every row is one event, and the kind of that.
_ONE_EACH = {
    "ops": Event.OP, "passes": Event.PASS, "steps": Event.STEP, "ends": Event.END,
    "marks": Event.MARK,
}  # fmt: skip
#: Outputs that a node can have whose operation is not on the tape.
MOST_OUTPUTS = 1 << 16
_MOST_ELEMENTS = 1 << 58  # of 16 bytes: what NumPy can describe


def check_relations(tables: Tables, starts: Starts, forms: Ints, sizes: Ints) -> None:
    """Raise ValueError("table row n: ...") for the first new row that contradicts another.

    forms: per row of `shapes` the first row with the same dimensions; sizes: bytes per element.
    """
    for check in _CHECKS:
        check(tables, starts)
    _check_arrays(tables, starts, sizes)
    _check_forms(tables, starts, forms)


def _check_events(tables: Tables, starts: Starts) -> None:
    """Every operation, pass, step, end and mark is one event."""
    kinds = tables["events"]["kind"][starts["events"] :]
    for table, kind in _ONE_EACH.items():
        rows = len(tables[table]) - starts[table]
        if rows != np.count_nonzero(kinds == kind):
            raise ValueError(f"{table} row {len(tables[table]) - 1}: an event is missing")
    time = tables["events"]["time"][starts["events"] :]
    refuse("events", "time", starts["events"], ~np.isfinite(time), "is no time")


def _check_outputs(tables: Tables, starts: Starts) -> None:
    """The values that an operation made say so, and a node and its operation are of one event."""
    start, ops, values = starts["ops"], tables["ops"], tables["values"]
    owner, rows = spans(ops["out0"][start:], ops["n_out"][start:])
    made = values["op"][rows] == owner + start
    made &= values["event"][rows] == ops["event"][owner + start]
    refuse("ops", "out0", start, _any(owner[~made], len(ops) - start), "is made by another")
    start, nodes = starts["nodes"], tables["nodes"]
    op = nodes["op"][start:]
    other = (op >= 0) & (_take(ops["node"], op) != np.arange(start, len(nodes)))
    refuse("nodes", "op", start, other, "made another node")
    both = (op >= 0) & (nodes["variable"][start:] >= 0)
    refuse("nodes", "variable", start, both, "is of a node that an operation made")


def _check_steps(tables: Tables, starts: Starts) -> None:
    """A step belongs to a pass that runs, visits a node that is there, and sent what follows."""
    start, steps = starts["steps"], tables["steps"]
    new = steps[start:]
    late = tables["passes"]["event"][new["pass_"]] >= new["event"]
    refuse("steps", "pass_", start, late, "has not begun")
    over = np.full(len(tables["passes"]), len(tables["events"]), np.int64)
    ends = tables["ends"]
    over[ends["pass_"]] = ends["event"]
    refuse("steps", "pass_", start, over[new["pass_"]] < new["event"], "is over")
    unborn = tables["nodes"]["event"][new["node"]] > new["event"]
    refuse("steps", "node", start, unborn, "is not there yet")
    first = starts["contributions"] + np.cumsum(new["n_contrib"]) - new["n_contrib"]
    refuse("steps", "contrib0", start, new["contrib0"] != first, "leaves rows out")


def _check_contributions(tables: Tables, starts: Starts) -> None:
    """What was sent went along an edge of the step's node, or to a tensor."""
    start, rows = starts["contributions"], tables["contributions"][starts["contributions"] :]
    steps = tables["steps"]
    counts = steps["n_contrib"][starts["steps"] :]
    owner = np.repeat(np.arange(starts["steps"], len(steps)), counts)
    if len(owner) != len(rows):
        raise ValueError(f"contributions row {start}: step names another step")
    refuse("contributions", "step", start, rows["step"] != owner, "names another step")
    refuse("contributions", "array", start, rows["array"] < 0, "is missing")
    along = rows["node"] >= 0
    refuse("contributions", "tensor", start, along == (rows["tensor"] >= 0), "and node disagree")
    node, nodes, edges = steps["node"][owner], tables["nodes"], tables["edges"]
    outside = along & (rows["slot"] >= nodes["n_edge"][node])
    refuse("contributions", "slot", start, outside, "is no edge of the node")
    at = (nodes["edge0"][node] + rows["slot"])[along]
    differ = (edges["node"][at] != rows["node"][along]) | (edges["nr"][at] != rows["nr"][along])
    other = np.flatnonzero(along)[differ]
    refuse("contributions", "node", start, _any(other, len(rows)), "is not where the edge leads")


def _check_passes(tables: Tables, starts: Starts) -> None:
    """A pass ends once, after it began; what runs in it comes after its begin."""
    start, ends = starts["ends"], tables["ends"]
    passes, new = tables["passes"], ends[start:]
    early = passes["event"][new["pass_"]] >= new["event"]
    refuse("ends", "pass_", start, early, "has not begun")
    if len(new):
        again = np.ones(len(ends), np.bool_)
        again[np.unique(ends["pass_"], return_index=True)[1]] = False
        refuse("ends", "pass_", start, again[start:], "has ended before")
    start, ops = starts["ops"], tables["ops"][starts["ops"] :]
    inside = ops["pass_"] >= 0
    if inside.any():
        late = passes["event"][ops["pass_"]] >= ops["event"]
        refuse("ops", "pass_", start, inside & late, "has not begun")
    given = tables["cotangents"]["step"][max(starts["cotangents"] - 1, 0) :]
    back = np.diff(given, prepend=given[:1]) < 0
    refuse("cotangents", "step", max(starts["cotangents"] - 1, 0), back, "goes back")


def _check_grads(tables: Tables, starts: Starts) -> None:
    """A change of a .grad names what made it: a step that sent to the tensor, or an operation."""
    start, rows = starts["grads"], tables["grads"][starts["grads"] :]
    if not len(rows):
        return
    kind, ref, event = rows["kind"], rows["ref"], tables["events"][rows["event"]]
    own = np.arange(start, start + len(rows))
    added = kind == GradChange.ACCUMULATE
    is_event = (event["kind"] == Event.GRAD) & (event["ref"] == own)
    is_step = (event["kind"] == Event.STEP) & (event["ref"] == ref)
    refuse("grads", "event", start, ~np.where(added, is_step, is_event), "is another's")
    steps = tables["steps"][ref[added]]
    sent = steps["n_contrib"] == 1
    first = np.where(sent, steps["contrib0"], 0)
    target = _take(tables["contributions"]["tensor"], first)
    wrong = np.flatnonzero(added)[~sent | (target != rows["tensor"][added])]
    refuse("grads", "ref", start, _any(wrong, len(rows)), "is a step that sent it nothing")
    written = kind == GradChange.WRITE
    outside = written & ((ref < -1) | (ref >= len(tables["ops"])))
    refuse("grads", "ref", start, outside, "points outside")
    refuse("grads", "value", start, (kind != GradChange.CLEAR) & (rows["value"] < 0), "is missing")
    array = _take(tables["values"]["array"], rows["value"])
    kept = (array >= 0) | (kind == GradChange.CLEAR) | added
    refuse("grads", "value", start, ~kept, "has no array")


def _check_marks(tables: Tables, starts: Starts) -> None:
    """A mark of a cell names it; one may end that began before the recording."""
    start, rows = starts["marks"], tables["marks"][starts["marks"] :]
    begins, ends = rows["kind"] == Mark.CELL_BEGIN, rows["kind"] == Mark.CELL_END
    outside = (rows["ref"] < np.where(ends, -1, 0)) | (rows["ref"] >= len(tables["cells"]))
    refuse("marks", "ref", start, (begins | ends) & outside, "points outside")
    start, reads = starts["reads"], tables["reads"][starts["reads"] :]
    late = reads["event"] > len(tables["events"])
    refuse("reads", "event", start, late, "is yet to come")


def _check_numbers(tables: Tables, starts: Starts) -> None:
    """Output numbers are within the outputs of their nodes."""
    steps = tables["steps"]["node"]
    for table in ("edges", "roots", "contributions", "cotangents"):
        start, rows = starts[table], tables[table][starts[table] :]
        node = steps[rows["step"]] if table == "cotangents" else rows["node"]
        bad = (node >= 0) & (rows["nr"] >= _outputs(tables, node))
        refuse(table, "nr", start, bad, "is no output of the node")


def _outputs(tables: Tables, node: Ints) -> Ints:
    """Return how many outputs nodes can have at most; node: rows, of which -1 does not matter."""
    op = tables["nodes"]["op"][node] if len(tables["nodes"]) else node
    known = tables["ops"]["n_out"][op] if len(tables["ops"]) else op
    return np.where(op >= 0, np.maximum(known, 1), MOST_OUTPUTS)


_CHECKS: tuple[Callable[[Tables, Starts], None], ...] = (
    _check_events, _check_outputs, _check_passes, _check_steps, _check_contributions, _check_grads,
    _check_marks, _check_numbers,
)  # fmt: skip


def _check_arrays(tables: Tables, starts: Starts, sizes: Ints) -> None:
    """The bytes of an array are as many as its shape and type need."""
    count = elements(tables["shapes"], tables["dims"])
    refuse("shapes", "dim0", 0, count > _MOST_ELEMENTS, "is larger than any memory")
    count *= _has_no_zero(tables["shapes"], tables["dims"])
    start, rows = starts["arrays"], tables["arrays"][starts["arrays"] :]
    count = count[rows["shape"]]
    count = np.where(rows["flags"] & ArrayFlag.UNIFORM, 1, count)
    kept = (rows["flags"] & ArrayFlag.SUMMARY) == 0
    bad = kept & (count * sizes[rows["dtype"]] != rows["nbytes"])
    refuse("arrays", "nbytes", start, bad, "is not what its shape needs")


def _check_forms(tables: Tables, starts: Starts, forms: Ints) -> None:
    """An array has the shape and the type of what holds it; a bfloat16 one may be stored wide."""
    values, arrays = tables["values"], tables["arrays"]
    wide, half = DTYPES.index("float32"), DTYPES.index("bfloat16")

    def compare(table: str, value: Ints, array: Ints) -> None:
        row = np.flatnonzero(array >= 0)
        of, holds = value[row], array[row]
        differ = forms[values["shape"][of]] != forms[arrays["shape"][holds]]
        dtype, stored = values["dtype"][of], arrays["dtype"][holds]
        differ |= (dtype != stored) & ((dtype != half) | (stored != wide))
        bad = _any(row[differ], len(array))
        refuse(table, "array", starts[table], bad, "has another shape or type than its value")

    held = values["array"][starts["values"] :]
    compare("values", np.arange(starts["values"], len(values)), held)
    roots = tables["roots"][starts["roots"] :]
    compare("roots", roots["value"], roots["array"])
    grads = tables["grads"][starts["grads"] :]
    added = grads[grads["kind"] == GradChange.ACCUMULATE]
    sent = tables["steps"]["contrib0"][added["ref"]]
    delta = arrays["shape"][tables["contributions"]["array"][sent]]
    total = tables["values"]["shape"][added["value"]]
    rows = np.flatnonzero(grads["kind"] == GradChange.ACCUMULATE)[forms[delta] != forms[total]]
    bad = _any(rows, len(grads))
    refuse("grads", "value", starts["grads"], bad, "has another shape than what was added")


def elements(shapes: Rows, dims: Rows) -> NDArray[np.float64]:
    """Return the product of each shape's sizes that are not 0, exact as far as there can be bytes."""
    owner, rows = spans(shapes["dim0"], shapes["n_dim"])
    counts = np.ones(len(shapes))
    np.multiply.at(counts, owner, np.maximum(dims["size"][rows], 1).astype(np.float64))
    return counts


def _has_no_zero(shapes: Rows, dims: Rows) -> NDArray[np.bool_]:
    owner, rows = spans(shapes["dim0"], shapes["n_dim"])
    return ~_any(owner[dims["size"][rows] == 0], len(shapes))


def _take(column: Ints, rows: Ints) -> Ints:
    """Return column[rows]; zeros where there is nothing that even -1 could mean."""
    return column[rows] if len(column) else np.zeros(len(rows), column.dtype)


def _any(rows: Ints, length: int) -> NDArray[np.bool_]:
    mask = np.zeros(length, np.bool_)
    mask[rows] = True
    return mask
