"""Why a tensor has no .grad: the first reason on its way to the root, with the line to change."""

from __future__ import annotations

from engine.tape.diagnose import lines, texts
from engine.tape.diagnose.breaks import cut_at, lost_at, numbers_of, updated_from
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.reasons import found
from engine.tape.diagnose.uncalled import told
from engine.tape.diagnose.unconnected import no_path
from engine.tape.schema import GradChange, ValueFlag


def why_none(facts: Facts, tensor: int, playhead: int) -> Finding:
    """Return why `tensor.grad` is None at a playhead, at which it is."""
    value = facts.latest(tensor, playhead)
    return (
        _cleared(facts, tensor, playhead)
        or _rebound(facts, tensor, value)
        or _untracked(facts, tensor, value)
        or _not_leaf(facts, tensor, value, playhead)
        or _not_reached(facts, tensor, value, playhead)
    )


def not_visited(facts: Facts, node: int, tensor: int, playhead: int) -> Finding:
    """Return why no gradient has come to a node that is not a leaf's, at a playhead."""
    name, passes = facts.node_name(node), _passes(facts, playhead)
    op = int(facts.tape.nodes["op"][node])
    here = (facts.at_op(f"{name} is recorded", op),) if op >= 0 else ()
    if not passes:
        return Finding(
            "no-backward", "no backward pass has run yet",
            f"{name} waits for a pass that begins at something computed from its result.",
            "Call backward() on the result.", here, Severity.NOTE, tensor,
        )  # fmt: skip
    last = passes[-1]
    begun = facts.at_event("the pass begins", int(facts.tape.passes["event"][last]))
    if node in facts.reachable(last):
        error = facts.error_of(last)
        return Finding(
            "stopped" if error else "inputs-left-out",
            f"the pass has not come to {name}",
            error.splitlines()[0] if error else "It has not yet, or it was not asked for this way.",
            "Resolve that error first." if error else "Move the playhead to the end of the pass.",
            (begun, *here), Severity.NOTE, tensor,
        )  # fmt: skip
    return Finding(
        "not-connected", f"the root of the pass was not computed from {name}'s result",
        f"backward() visits what its root was computed from; {name} is not among that.",
        "Call backward() on something that depends on it.",
        (*here, begun), Severity.NOTE, tensor,
    )  # fmt: skip


def _cleared(facts: Facts, tensor: int, playhead: int) -> Finding | None:
    tape, name = facts.tape, facts.name(tensor)
    rows = [
        row
        for row in tape.grads_of.rows(tape.grads["tensor"], tensor)
        if tape.grads["event"][row] < playhead
    ]
    held = [row for row in rows if tape.grads["kind"][row] != GradChange.CLEAR]
    if not rows or not held or tape.grads["kind"][rows[-1]] != GradChange.CLEAR:
        return None
    event, before = (int(tape.grads["event"][row]) for row in (rows[-1], held[-1]))
    return found(
        "cleared", tensor, name, facts.at_event(f"{name}.grad is set to None", event),
        facts.at_event("it held a gradient since here", before),
    )  # fmt: skip


def _untracked(facts: Facts, tensor: int, value: int) -> Finding | None:
    """The tensor itself does not require a gradient."""
    if facts.requires_grad(value):
        return None
    name, op = facts.name(tensor), int(facts.tape.values["op"][value])
    if not facts.floating(value):
        dtype = facts.tape.value_dtype(value)
        here = facts.at_birth(f"{name} is {dtype}", value)
        return found("integer", tensor, name, here, dtype=dtype)
    if op >= 0:
        broken = lost_at(facts, op)
        if broken is not None:
            return cut_at(facts, broken, name, tensor, (facts.at_birth(f"{name} is made", value),))
    origin = facts.origins.origin(value)
    if origin >= 0:
        return numbers_of(facts, origin, value, name, tensor, ())
    flags = facts.tape.values["flags"][facts.values_of(tensor)]
    if (flags & (ValueFlag.PARAMETER | ValueFlag.REQUIRES_GRAD)).any():
        where = texts.where_frozen(facts, value)
        here = facts.at_birth(f"{name} does not require a gradient", value)
        return found("frozen", tensor, name, *([] if where is None else [where]), here)
    late = _asked_late(facts, tensor, name, value)
    if late is not None:
        return late
    how = "made from tensors that do not require one" if op >= 0 else "made without requires_grad"
    here = facts.at_birth(f"{name} does not require a gradient", value)
    return found("no-requires-grad", tensor, name, here, how=how)


def _asked_late(facts: Facts, tensor: int, name: str, value: int) -> Finding | None:
    """A leaf that is made to require a gradient after it was used."""
    asked = lines.asked_late(facts.cells_until(-1), name)
    users = [op for v in facts.values_of(tensor) for op in facts.users(v)]
    if asked is None or not users:
        return None
    used = facts.at_op(f"{name} is used here, and does not require a gradient yet", users[0])
    if used.source is None or (used.source.cell == asked[0] and used.source.line >= asked[1]):
        return None
    link = moved(facts.at_value(f"{name} is asked to require a gradient here", value), asked)
    return Finding(
        "no-requires-grad", f"{name} requires a gradient only after it is used",
        f"{facts.called(users[0])} used {name} before line {asked[1]} asked for its gradient, so no history of it "
        "was recorded: what was computed then stays a constant.",
        f"Make {name} with requires_grad=True, or call {name}.requires_grad_() before it is used.",
        (facts.at_birth(f"{name} does not require a gradient", value), used, link), Severity.WARNING, tensor,
    )  # fmt: skip


def _rebound(facts: Facts, tensor: int, value: int) -> Finding | None:
    """The tensor was made from the leaf that had its name, and that leaf's gradient."""
    op = facts.made_by(facts.values_of(tensor)[0])
    old = updated_from(facts, op) if op >= 0 else -1
    if old < 0:
        return None
    name = facts.name(tensor)
    made = f"{name} is the result of {facts.called(op)}, made from the leaf {facts.label(old)}"
    return found(
        "rebound", tensor, name, facts.at_op(made, op),
        facts.at_value("the leaf that had the name", old),
    )  # fmt: skip


def _not_leaf(facts: Facts, tensor: int, value: int, playhead: int) -> Finding | None:
    if facts.is_leaf(value):
        return None
    tape, name, op = facts.tape, facts.name(tensor), int(facts.tape.values["op"][value])
    made = f"{name} is the result of {facts.called(op)}" if op >= 0 else f"{name} has a grad_fn"
    if tape.values["node"][value] >= 0 and not _passes(facts, playhead):
        return _no_backward(facts, tensor, value)
    return found("not-a-leaf", tensor, name, facts.at_value(made, value), made=made)


def _not_reached(facts: Facts, tensor: int, value: int, playhead: int) -> Finding:
    """A leaf that requires a gradient, which no pass has accumulated into."""
    passes = _passes(facts, playhead)
    if not passes:
        return _no_backward(facts, tensor, value)
    adding = [p for p in passes if facts.accumulates(p)]
    node = facts.accumulators.get(tensor, -1)
    last = (adding or passes)[-1]
    if node in facts.reachable(last):
        return _reached_without_result(facts, tensor, node, last)
    return no_path(facts, tensor, last)


def _reached_without_result(facts: Facts, tensor: int, node: int, pass_: int) -> Finding:
    tape, name = facts.tape, facts.name(tensor)
    begun = facts.at_event("the pass", int(tape.passes["event"][pass_]))
    if not facts.accumulates(pass_):
        return found("grad-call", tensor, name, begun)
    error = facts.error_of(pass_)
    if error:
        return found("stopped", tensor, name, begun, error=error.splitlines()[0])
    silent = _silent_step(facts, node, pass_)
    if silent >= 0:
        who = facts.node_name(int(tape.steps["node"][silent]))
        here = facts.at_step(f"{who} sends nothing on to {name}", silent)
        own = [link for link in (texts.backward_of(facts, silent),) if link is not None]
        return found("returned-none", tensor, name, here, *own, begun, who=who)
    return found("inputs-left-out", tensor, name, begun)


def _silent_step(facts: Facts, node: int, pass_: int) -> int:
    """Return a step of the pass that should have sent something on the way to a node, or -1."""
    seen, waiting = {node}, [node]
    users = _back_edges(facts, facts.reachable(pass_))
    while waiting:
        target = waiting.pop()
        for source, slot in users.get(target, ()):
            step = facts.step_of(pass_, source)
            if step < 0:
                if source not in seen:
                    seen.add(source)
                    waiting.append(source)
                continue
            slots = [int(facts.tape.contributions["slot"][c]) for c in facts.contributions(step)]
            if slot not in slots:
                return step
    return -1


def _back_edges(facts: Facts, nodes: set[int]) -> dict[int, list[tuple[int, int]]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for source in nodes:
        for slot, (target, _) in enumerate(facts.edges(source)):
            found.setdefault(target, []).append((source, slot))
    return found


def _no_backward(facts: Facts, tensor: int, value: int) -> Finding:
    name = facts.name(tensor)
    made = facts.at_birth(f"{name} is made", value)
    return told(facts, found("no-backward", tensor, name, made), "backward")


def _passes(facts: Facts, playhead: int) -> list[int]:
    return list(facts.passes_before(playhead))
