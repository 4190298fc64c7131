"""The ledger of a .grad: every change that made it what it is, and what to conclude."""

from __future__ import annotations

import math
from bisect import bisect_left

from engine.tape import ledger, sums
from engine.tape.schema import GradChange
from engine.tape.tape import NotKept, TapeError
from ui.inspector.lookup import NOT_KEPT, UNREADABLE, Lookup
from ui.inspector.records import Ledger, LedgerRow, Part
from ui.plots.stats import brief

#: Rows listed before and after the playhead; the rest is counted. Fewer for large tensors, whose
#: every row means reading so many bytes.
_BEFORE, _AFTER, _FEWEST = 40, 12, 6
_BYTES = 4_000_000
_ANY = (-1,)  # a pass that may have been before: what becomes of it tells what a change does


def history(look: Lookup, tensor: int, playhead: int) -> Ledger | None:
    """Return how the tensor's .grad came about; None if it never changed."""
    tape = look.tape
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    if not rows:
        return None
    done = bisect_left(rows, playhead, key=lambda row: int(tape.grads["event"][row]))
    most = max(_BYTES // max(_size(look, rows[0]), 1), _FEWEST)
    first, last = max(done - min(_BEFORE, most), 0), min(done + min(_AFTER, most), len(rows))
    piles = _piles(look, rows[:last], first)
    listed = tuple(
        _row(look, rows[i])._replace(past=i < done, piled=len(piles[i - first]) > 1)
        for i in range(first, last)
    )
    passes = piles[done - 1 - first] if done else ()
    name = f"{tape.tensor_label(tensor)}.grad"
    verdict = _verdict(look, name, rows[:done], passes)
    return Ledger(
        f"How {name} came about", listed, first, len(rows) - last, verdict, len(passes) > 1
    )


def _piles(look: Lookup, rows: list[int], first: int) -> list[tuple[int, ...]]:
    """Return, after each change from the `first` on, the passes whose gradients are in the sum.

    A loop has thousands of changes; only those since the last clearing matter.
    """
    tape, begin, piles = look.tape, first, []
    while begin and ledger.pile_after(tape, rows[begin - 1], _ANY):
        begin -= 1
    pile: dict[int, None] = {}
    for i, row in enumerate(rows[begin:], begin):
        after = ledger.pile_after(tape, row, _ANY)
        if not after:
            pile.clear()
        pile.update(dict.fromkeys(after[len(_ANY) :]))
        if i >= first:
            piles.append(tuple(pile))
    return piles


def _size(look: Lookup, row: int) -> int:
    """Return about how many bytes one .grad of the ledger has."""
    value = int(look.tape.grads["value"][row])
    return 4 * math.prod(look.tape.value_shape(value)) if value >= 0 else 0


def _row(look: Lookup, row: int) -> LedgerRow:
    """Return a row as it will always be; remembered, since its arrays may be large."""
    known = look.ledger_rows.get(row)
    if known is None:
        known = look.ledger_rows[row] = _new_row(look, row)
    return known


def _new_row(look: Lookup, row: int) -> LedgerRow:
    tape = look.tape
    _, kind, ref, _, event = tape.grads[row].item()
    change, (delta, after) = GradChange(kind), _words(look, row)
    line = look.line_of(event)
    place = line.place if line is not None else look.cell_of(event)
    parts: tuple[Part, ...] = ()
    if change is GradChange.ACCUMULATE:
        title = f"pass {int(tape.steps['pass_'][ref]) + 1}"
        parts = _parts(look, ref)
        if len(parts) == 1:
            place = " · ".join(filter(None, (parts[0].text, parts[0].place)))
            parts = ()
        elif parts:
            place = f"{len(parts)} paths, added up"
    else:
        title = _title(look, change, ref)
    return LedgerRow(change, event + 1, title, place, delta, after, parts, False, False)


def _title(look: Lookup, change: GradChange, ref: int) -> str:
    if change is GradChange.WRITE:
        return f"{look.op_name(ref)}()" if ref >= 0 else "written in place"
    return "set to None" if change is GradChange.CLEAR else "assigned"


def _words(look: Lookup, row: int) -> tuple[str, str]:
    """Return the short texts of what was added and of the sum."""
    change = int(look.tape.grads["kind"][row])
    try:
        added = sums.delta(look.tape, row) if change == GradChange.ACCUMULATE else None
        after = sums.after(look.tape, row)
    except NotKept:
        return "", NOT_KEPT
    except TapeError:
        return "", UNREADABLE
    return "" if added is None else brief(added), "None" if after is None else brief(after)


def _parts(look: Lookup, step: int) -> tuple[Part, ...]:
    """Return what arrived at an AccumulateGrad step, path by path."""
    tape = look.tape
    found = []
    for row in look.arrivals(step).tolist():
        sender = int(tape.steps["node"][int(tape.contributions["step"][row])])
        op = int(tape.nodes["op"][sender])
        line = look.line_of(int(tape.ops["event"][op])) if op >= 0 else None
        array = int(tape.contributions["array"][row])
        delta = look.brief(array) if array >= 0 else "None"
        found.append(Part(look.node_name(sender), line.place if line else "", delta))
    return tuple(found)


def _verdict(look: Lookup, name: str, rows: list[int], passes: tuple[int, ...]) -> str:
    if not rows:
        return f"Nothing has been added to {name} yet."
    numbers = [str(number + 1) for number in passes]
    if len(numbers) > 1:
        listed = ", ".join(numbers[:-1]) + " and " + numbers[-1]
        if len(numbers) > 6:
            listed = f"{numbers[0]} to {numbers[-1]}"
        return (
            f"{name} is the sum of {len(numbers)} passes ({listed}): "
            "nothing cleared it between them."
        )
    if numbers:
        return f"{name} holds the gradient of pass {numbers[0]} alone."
    kind = int(look.tape.grads["kind"][rows[-1]])
    state = {GradChange.CLEAR: "None", GradChange.WRITE: "cleared"}.get(
        GradChange(kind), "assigned"
    )
    return (
        f"{name} was {state}: the next pass starts from there."
        if state != "None"
        else (f"{name} was set to None: the next pass starts from nothing.")
    )
