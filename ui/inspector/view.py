"""Describes a node of the graph at a playhead, in plain values for the inspector."""

from __future__ import annotations

import json
from collections.abc import Callable

from engine.ops.table import family
from engine.tape.replay import cotangents, grad_at
from engine.tape.schema import OpFlag, ValueFlag
from engine.tape.tape import Tape
from ui.graph.types import Kind, NodeId
from ui.inspector.history import history
from ui.inspector.lookup import Lookup, lookup
from ui.inspector.records import Fact, Line, Link, Links, NodeView, Shown
from ui.plots.stats import brief

__all__ = ["NodeView", "describe"]

#: Longer lists of links are cut.
_MOST_LINKS = 12


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
        (*_tensor_facts(look, value), Fact("grad_fn", "None")),
        _links(("Accumulator", accumulators), ("Used by", _users(look, ref))),
        look.line_of(int(row["event"])),
        _value(look, value, playhead),
        _grad(look, tensor, name, playhead, wants=wants),
        history(look, tensor, playhead),
    )


def _op(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape, row = look.tape, look.tape.ops[ref]
    out, n_out, node = int(row["out0"]), int(row["n_out"]), int(row["node"])
    op = look.op_name(ref)
    outputs = range(out, out + n_out)
    names = [tape.name_of(int(tape.values["tensor"][v]), playhead) for v in outputs]
    named = ", ".join(name for name in names if name)
    users = tuple(link for v in outputs for link in _users(look, v))
    grad_fn = () if node < 0 else (Link("", look.node_name(node), "", look.node_id(node)),)
    facts = _tensor_facts(look, out) if n_out else ()
    tensor = int(tape.values["tensor"][out]) if n_out else -1
    return NodeView(
        NodeId(Kind.OP, ref),
        op,
        f"makes {named}" if named else "operation",
        family(op),
        (*facts, *_op_facts(look, ref)),
        _links(("grad_fn", grad_fn), ("Inputs", _inputs(look, ref)), ("Used by", users)),
        look.line_of(int(row["event"])),
        _value(look, out, playhead, n_out) if n_out else None,
        _cotangent(look, node, playhead) if node >= 0 else _untracked(look, out, n_out),
        history(look, tensor, playhead) if n_out else None,
    )


def _grad_fn(look: Lookup, ref: int, playhead: int) -> NodeView:
    tape, row = look.tape, look.tape.nodes[ref]
    op = int(row["op"])
    twin: tuple[Link, ...] = ()
    if op >= 0:
        out = int(tape.ops["out0"][op])
        twin = (Link("", look.op_name(op), look.form(out), NodeId(Kind.OP, op)),)
    saved, constants = _saved(look, ref)
    return NodeView(
        NodeId(Kind.GRAD_FN, ref),
        look.node_name(ref),
        f"backward of {look.op_name(op)}" if op >= 0 else "backward node",
        "grad",
        (*_visit_facts(look, ref, playhead), *constants),
        _links(
            ("next_functions", _next(look, ref, playhead)), ("Saved", saved), ("Backward of", twin)
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
        _visit_facts(look, ref, playhead),
        _links(("Variable", leaf)),
        look.line_of(int(tape.values["event"][int(values[0])])) if len(values) else None,
        None,
        _grad(look, tensor, name, playhead, wants=True),
        history(look, tensor, playhead),
    )


_DESCRIBERS: dict[Kind, Callable[[Lookup, int, int], NodeView]] = {
    Kind.LEAF: _leaf, Kind.OP: _op, Kind.GRAD_FN: _grad_fn, Kind.ACCUMULATE: _accumulate,
}  # fmt: skip


# -- facts ------------------------------------------------------------------------------------


def _tensor_facts(look: Lookup, value: int) -> tuple[Fact, ...]:
    row = look.tape.values[value]
    flags = int(row["flags"])
    facts = [
        Fact("shape", str(list(look.tape.value_shape(value)))),
        Fact("dtype", look.tape.value_dtype(value)),
        Fact("requires_grad", str(bool(flags & ValueFlag.REQUIRES_GRAD))),
        Fact("is_leaf", str(bool(flags & ValueFlag.LEAF))),
        Fact("version", str(int(row["version"]))),
    ]
    if flags & ValueFlag.VIEW:
        facts.append(Fact("view", "shares its memory"))
    return tuple(facts)


def _op_facts(look: Lookup, op: int) -> tuple[Fact, ...]:
    row = look.tape.ops[op]
    facts = []
    arguments = _arguments(look.tape.text(int(row["params"])))
    if arguments:
        facts.append(Fact("arguments", arguments))
    if row["flags"] & OpFlag.INPLACE:
        facts.append(Fact("in place", "writes its first input"))
    scope = _scope(look, int(row["scope"]))
    if scope:
        facts.append(Fact("module", scope))
    if row["pass_"] >= 0:
        facts.append(Fact("made in", f"pass {int(row['pass_']) + 1} (create_graph)"))
    return tuple(facts)


def _arguments(params: str) -> str:
    """Return "dim=1, keepdim=True" for the recorded arguments."""
    try:
        given = json.loads(params) if params else {}
    except ValueError:
        return params
    if not isinstance(given, dict):
        return params
    return ", ".join(f"{name}={value}" for name, value in given.items())


def _scope(look: Lookup, scope: int) -> str:
    """Return the path of the module call: "net.fc1 (Linear)"."""
    tape = look.tape
    if scope <= 0:
        return ""
    kind = tape.text(int(tape.scopes["type"][scope]))
    names = []
    while scope > 0:
        name = tape.text(int(tape.scopes["name"][scope]))
        if name:
            names.append(name)
        scope = int(tape.scopes["parent"][scope])
    path = names[0] if names and "." in names[0] else ".".join(reversed(names))
    return f"{path} ({kind})" if path else kind


def _visit_facts(look: Lookup, node: int, playhead: int) -> tuple[Fact, ...]:
    tape, step = look.tape, look.step_before(node, playhead)
    if step < 0:
        return (Fact("visited", "not yet at the playhead"),)
    pass_ = int(tape.steps["pass_"][step])
    number = step - int(tape.steps["event"].searchsorted(int(tape.passes["event"][pass_]))) + 1
    return (Fact("visited", f"in pass {pass_ + 1}, step {number}"),)


# -- links ------------------------------------------------------------------------------------


def _links(*groups: tuple[str, tuple[Link, ...]]) -> tuple[Links, ...]:
    return tuple(
        Links(title, links[:_MOST_LINKS], max(len(links) - _MOST_LINKS, 0))
        for title, links in groups
        if links
    )


def _inputs(look: Lookup, op: int) -> tuple[Link, ...]:
    tape, row = look.tape, look.tape.ops[op]
    first = int(row["in0"])
    values = tape.inputs["value"][first : first + int(row["n_in"])].tolist()
    return tuple(
        Link(str(slot), _origin(look, v), look.form(v), look.node_of_value(v))
        for slot, v in enumerate(values)
        if v >= 0
    )


def _origin(look: Lookup, value: int) -> str:
    """Return what a value is known by: its name, or else the operation that made it."""
    tape = look.tape
    name = tape.name_of(int(tape.values["tensor"][value]))
    op = int(tape.values["op"][value])
    if op < 0:
        return name or tape.label(value)
    return f"{name} = {look.op_name(op)}" if name else look.op_name(op)


def _users(look: Lookup, value: int) -> tuple[Link, ...]:
    tape = look.tape
    return tuple(
        Link("", look.op_name(op), look.form(int(tape.ops["out0"][op])), NodeId(Kind.OP, op))
        for op in look.users_of(value)
    )


def _next(look: Lookup, node: int, playhead: int) -> tuple[Link, ...]:
    """Return the next functions, with what was last sent along each edge."""
    tape, row = look.tape, look.tape.nodes[node]
    first, step = int(row["edge0"]), look.step_before(node, playhead)
    sent = _sent(look, step) if step >= 0 else {}
    links = []
    for slot, edge in enumerate(tape.edges[first : first + int(row["n_edge"])]):
        target, nr = (int(x) for x in edge)
        if target < 0:
            links.append(Link(str(slot), "None", "no gradient wanted", None))
            continue
        variable = int(tape.nodes["variable"][target])
        text = look.node_name(target) + (
            f" → {tape.tensor_label(variable)}" if variable >= 0 else ""
        )
        if nr:
            text += f", output {nr}"
        links.append(Link(str(slot), text, sent.get(slot, ""), look.node_id(target)))
    return tuple(links)


def _sent(look: Lookup, step: int) -> dict[int, str]:
    tape, row = look.tape, look.tape.steps[step]
    first = int(row["contrib0"])
    rows = tape.contributions[first : first + int(row["n_contrib"])]
    return {int(r["slot"]): brief(tape.array(int(r["array"]))) for r in rows if r["array"] >= 0}


def _saved(look: Lookup, node: int) -> tuple[tuple[Link, ...], tuple[Fact, ...]]:
    """Return the saved tensors as links and the saved constants as facts."""
    tape, row = look.tape, look.tape.nodes[node]
    first = int(row["saved0"])
    links, facts = [], []
    for _, entry in enumerate(tape.saved[first : first + int(row["n_saved"])]):
        name, value = tape.text(int(entry["name"])), int(entry["value"])
        if value < 0:
            facts.append(Fact(f"saved {name}", tape.text(int(entry["text"]))))
            continue
        text = f"{name}: {_origin(look, value)}"
        links.append(Link("", text, look.form(value), look.node_of_value(value)))
    return tuple(links), tuple(facts)


# -- arrays -----------------------------------------------------------------------------------


def _value(look: Lookup, value: int, playhead: int, outputs: int = 1) -> Shown:
    if look.tape.values["event"][value] >= playhead:
        return Shown("Value", None, "Not computed yet at the playhead.")
    array = look.tape.value(value)
    if array is None:
        return Shown("Value", None, "Its elements were not kept.")
    return Shown("Value", array, f"output 0 of {outputs}" if outputs > 1 else "")


def _grad(look: Lookup, tensor: int, name: str, playhead: int, *, wants: bool) -> Shown:
    title = f"{name}.grad"
    array = grad_at(look.tape, tensor, playhead)
    if array is not None:
        return Shown(title, array)
    why = "None at the playhead." if wants else "None: requires_grad is False."
    return Shown(title, None, why)


def _cotangent(look: Lookup, node: int, playhead: int) -> Shown:
    step = look.step_before(node, playhead)
    if step < 0:
        return Shown("Gradient", None, "No backward pass has come here yet at the playhead.")
    number = int(look.tape.steps["pass_"][step]) + 1
    given = [(nr, array) for nr, array in enumerate(cotangents(look.tape, step))]
    known = [(nr, array) for nr, array in given if array is not None]
    if not known:
        return Shown("Gradient", None, f"Nothing came in with pass {number}.")
    nr, array = known[0]
    which = f", for output {nr} of {len(given)}" if len(given) > 1 else ""
    return Shown("Gradient", array, f"came in with pass {number}{which}")


def _untracked(look: Lookup, out: int, n_out: int) -> Shown:
    return Shown("Gradient", None, "No grad_fn: no gradient flows through this operation.")


def _line_of_op(look: Lookup, op: int) -> Line | None:
    return look.line_of(int(look.tape.ops["event"][op])) if op >= 0 else None
