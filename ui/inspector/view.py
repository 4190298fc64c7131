"""Describes a node of the graph at a playhead, in plain values for the inspector."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import islice

from engine.ops.table import family
from engine.tape.freed import freed_by
from engine.tape.replay import cotangents, grad_at
from engine.tape.schema import ArrayFlag, GradChange, ValueFlag
from engine.tape.tape import NotKept, Tape, TapeError
from ui.graph.types import Kind, NodeId
from ui.inspector.connections import groups, inputs, next_functions, saved, users
from ui.inspector.facts import freed_facts, op_facts, tensor_facts, visit_facts
from ui.inspector.history import history
from ui.inspector.lookup import Lookup, lookup
from ui.inspector.memory import spoilt, writes
from ui.inspector.records import Fact, Leaf, Line, Link, NodeView, Shown
from ui.plots.stats import Stats, summary

__all__ = ["NodeView", "describe"]


_UNTRACKED = Shown("Gradient", None, "No grad_fn: no gradient flows through this operation.")


def describe(tape: Tape, node: NodeId, playhead: int) -> NodeView:
    """Return what is known of `node` after the first `playhead` events of `tape`."""
    return _DESCRIBERS[Kind(node.kind)](lookup(tape), node.ref, playhead)


def _leaf(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape, row = look.tape, look.tape.values[ref]
    tensor, flags = int(row["tensor"]), int(row["flags"])
    value = look.value_at(tensor, playhead, ref)
    name = tape.name_of(tensor, playhead) or tape.label(ref)
    wants = bool(flags & ValueFlag.REQUIRES_GRAD)
    if not wants:
        kind = "tensor, no gradient wanted"
    else:
        kind = "parameter" if flags & ValueFlag.PARAMETER else "leaf"
    accumulators = tuple(
        Link("", "AccumulateGrad", f"{name}.grad", look.node_id(int(n)))
        for n in look.accumulators_of(tensor)
    )
    return NodeView(
        NodeId(Kind.LEAF, ref),
        name,
        kind,
        "leaf" if wants else "input",
        (*tensor_facts(look, value), Fact("grad_fn", "None")),
        groups(
            ("Accumulator", accumulators),
            ("Used by", users(look, ref)),
            ("Written in place", writes(look, value, playhead)),
            ("Saved, then overwritten", spoilt(look, value)),
        ),
        _line_of_leaf(look, name, int(row["event"])),
        _value(look, value, playhead),
        _grad(look, tensor, name, playhead, wants=wants),
        history(look, tensor, playhead),
        _iterating(look, tensor, name),
        editable=value == ref and int(row["array"]) >= 0,
    )


def _op(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape, row = look.tape, look.tape.ops[ref]
    out, n_out, node = int(row["out0"]), int(row["n_out"]), int(row["node"])
    op = look.op_name(ref)
    outputs = range(out, out + n_out)
    names = [tape.name_of(int(tape.values["tensor"][v]), playhead) for v in outputs]
    named = ", ".join(name for name in names if name)
    used = tuple(link for v in outputs for link in users(look, v))
    grad_fn = () if node < 0 else (Link("", look.node_name(node), "", look.node_id(node)),)
    facts = tensor_facts(look, out) if n_out else ()
    tensor = int(tape.values["tensor"][out]) if n_out else -1
    return NodeView(
        NodeId(Kind.OP, ref),
        op,
        f"makes {named}" if named else "operation",
        family(op),
        (*facts, *op_facts(look, ref)),
        groups(
            ("grad_fn", grad_fn),
            ("Inputs", inputs(look, ref)),
            ("Used by", used),
            ("Written in place", writes(look, out, playhead) if n_out else ()),
            ("Saved, then overwritten", spoilt(look, out) if n_out else ()),
        ),
        look.line_of(int(row["event"])),
        _value(look, out, playhead, n_out) if n_out else None,
        _cotangent(look, node, playhead) if node >= 0 else _UNTRACKED,
        history(look, tensor, playhead) if n_out else None,
    )


def _grad_fn(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape, row = look.tape, look.tape.nodes[ref]
    op = int(row["op"])
    twin: tuple[Link, ...] = ()
    if op >= 0:
        out = int(tape.ops["out0"][op])
        twin = (Link("", look.op_name(op), look.form(out), NodeId(Kind.OP, op)),)
    freed = freed_by(tape, ref, playhead)
    kept, constants = saved(look, ref, freed is not None)
    title = "Saved" if freed is None else f"Saved, freed by pass {freed.pass_ + 1}"
    return NodeView(
        NodeId(Kind.GRAD_FN, ref),
        look.node_name(ref),
        f"backward of {look.op_name(op)}" if op >= 0 else "backward node",
        "grad",
        (*visit_facts(look, ref, playhead), *freed_facts(look, ref, playhead), *constants),
        groups(
            ("next_functions", next_functions(look, ref, playhead)),
            (title, kept),
            ("Backward of", twin),
        ),
        _line_of_op(look, op),
        None,
        _cotangent(look, ref, playhead),
    )


def _accumulate(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape = look.tape
    tensor = int(tape.nodes["variable"][ref])
    name = tape.name_of(tensor, playhead) or tape.tensor_label(tensor)
    values = look.values_of(tensor)
    leaf: tuple[Link, ...] = ()
    if len(values):
        first = int(values[0])
        leaf = (Link("", name, look.form(first), look.node_of_value(first)),)
    return NodeView(
        NodeId(Kind.ACCUMULATE, ref),
        look.node_name(ref),
        f"adds to {name}.grad",
        "grad",
        visit_facts(look, ref, playhead),
        groups(("Variable", leaf)),
        _line_of_leaf(look, name, int(tape.values["event"][values[0]])) if len(values) else None,
        None,
        _grad(look, tensor, name, playhead, wants=True),
        history(look, tensor, playhead),
        _iterating(look, tensor, name),
    )


def _iterating(look: Lookup, tensor: int, name: str) -> Leaf | None:
    """Return the leaf if there is more than one moment to plot it over."""
    tape, kinds = look.tape, look.tape.grads["kind"]
    rows = tape.grads_of.rows(tape.grads["tensor"], tensor)
    added = list(islice((row for row in rows if kinds[row] == GradChange.ACCUMULATE), 2))
    if len(added) < 2 and len(look.values_of(tensor)) < 2:
        return None
    return Leaf(tensor, name, bool(added))


_DESCRIBERS: dict[Kind, Callable[[Lookup, int, int], NodeView]] = {
    Kind.LEAF: _leaf, Kind.OP: _op, Kind.GRAD_FN: _grad_fn, Kind.ACCUMULATE: _accumulate,
}  # fmt: skip


# -- arrays -----------------------------------------------------------------------------------


def _value(look: Lookup, value: int, playhead: int, outputs: int = 1) -> Shown:
    if look.tape.values["event"][value] >= playhead:
        return Shown("Value", None, "Not computed yet at the playhead.")
    try:
        array = look.tape.value(value)
    except TapeError as error:
        return Shown("Value", None, _unreadable(look, error))
    if array is None:
        return Shown("Value", None, _not_kept(look, int(look.tape.values["array"][value])))
    return Shown("Value", array, f"output 0 of {outputs}" if outputs > 1 else "")


def _grad(look: Lookup, tensor: int, name: str, playhead: int, *, wants: bool) -> Shown:
    title = f"{name}.grad"
    try:
        array = grad_at(look.tape, tensor, playhead)
    except TapeError as error:
        return Shown(title, None, _unreadable(look, error))
    if array is not None:
        return Shown(title, array)
    why = "None at the playhead." if wants else "None: requires_grad is False."
    return Shown(title, None, why)


def _cotangent(look: Lookup, node: int, playhead: int) -> Shown:
    step = look.step_before(node, playhead)
    if step < 0:
        return Shown("Gradient", None, "No backward pass has come here yet at the playhead.")
    number = int(look.tape.steps["pass_"][step]) + 1
    try:
        given = [(nr, array) for nr, array in enumerate(cotangents(look.tape, step))]
    except TapeError as error:
        return Shown("Gradient", None, _unreadable(look, error))
    known = [(nr, array) for nr, array in given if array is not None]
    if not known:
        return Shown("Gradient", None, f"Nothing came in with pass {number}.")
    nr, array = known[0]
    which = f", for output {nr} of {len(given)}" if len(given) > 1 else ""
    return Shown("Gradient", array, f"came in with pass {number}{which}")


def _unreadable(look: Lookup, error: TapeError) -> str:
    if isinstance(error, NotKept):
        return _not_kept(look, error.row)
    return f"It cannot be read, the file is damaged there: {error.place}: {error.problem}."


def _not_kept(look: Lookup, array: int) -> str:
    """Say what is known of an array whose elements are not on the tape."""
    tape = look.tape
    if array < 0:
        return "Its elements were not kept."
    if tape.arrays["flags"][array] & ArrayFlag.LOST:
        return "Its elements are lost: they were damaged when the recording was recovered."
    known = tape.statistics_of(array)
    why = "Only statistics were kept: the recording had reached its budget for arrays."
    if known is None:
        return why
    shape, (low, high, mean, std, nan, positive, negative, zeros) = _shape_of(tape, array), known
    count = math.prod(shape)
    words = summary(Stats(count, low, high, mean, std, nan, positive + negative, zeros))
    return f"{why}\n{list(shape)}  {words}"


def _shape_of(tape: Tape, array: int) -> tuple[int, ...]:
    return tape.shape(int(tape.arrays["shape"][array]))


def _line_of_leaf(look: Lookup, name: str, event: int) -> Line | None:
    return look.line_of(event) or look.assignment_of(name, event)


def _line_of_op(look: Lookup, op: int) -> Line | None:
    return look.line_of(int(look.tape.ops["event"][op])) if op >= 0 else None
