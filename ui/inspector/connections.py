"""What a node is connected to, as links that can be followed."""

from __future__ import annotations

from ui.graph.types import Kind, NodeId
from ui.inspector.lookup import Lookup
from ui.inspector.records import Fact, Link, Links

#: Longer lists of links are cut.
_MOST_LINKS = 12


def groups(*titled: tuple[str, tuple[Link, ...]]) -> tuple[Links, ...]:
    """Return the lists that are not empty, cut to a length that can be read."""
    return tuple(
        Links(title, links[:_MOST_LINKS], max(len(links) - _MOST_LINKS, 0))
        for title, links in titled
        if links
    )


def inputs(look: Lookup, op: int) -> tuple[Link, ...]:
    """Return what an operation reads, in the order of its signature."""
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


def users(look: Lookup, value: int) -> tuple[Link, ...]:
    """Return the operations that read a value."""
    tape = look.tape
    return tuple(
        Link("", look.op_name(op), look.form(int(tape.ops["out0"][op])), NodeId(Kind.OP, op))
        for op in look.users_of(value)
    )


def next_functions(look: Lookup, node: int, playhead: int) -> tuple[Link, ...]:
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
    return {int(r["slot"]): look.brief(int(r["array"])) for r in rows if r["array"] >= 0}


def saved(look: Lookup, node: int, gone: bool) -> tuple[tuple[Link, ...], tuple[Fact, ...]]:
    """Return the saved tensors as links and the saved constants as facts; gone: freed by now."""
    tape, row = look.tape, look.tape.nodes[node]
    first = int(row["saved0"])
    links, facts = [], []
    for _, entry in enumerate(tape.saved[first : first + int(row["n_saved"])]):
        name, value = tape.text(int(entry["name"])), int(entry["value"])
        if value < 0:
            facts.append(Fact(f"saved {name}", tape.text(int(entry["text"]))))
            continue
        text = f"{name}: {_origin(look, value)}"
        detail = "freed" if gone else look.form(value)
        links.append(Link("", text, detail, look.node_of_value(value)))
    return tuple(links), tuple(facts)
