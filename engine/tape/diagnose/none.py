"""Why a tensor has no .grad: the first reason on its way to the root, with the line to change."""

from __future__ import annotations

from engine.tape.diagnose import texts
from engine.tape.diagnose.breaks import cut_at, lost_at, numbers_of, updated_from
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.schema import GradChange, OpFlag, ValueFlag

#: For each cause its title, why it is so, the remedy, and how much it matters; {name} is the tensor.
_REASONS: dict[str, tuple[str, str, str, Severity]] = {
    "cleared": (
        "{name}.grad was set to None",
        "{name}.grad held a gradient until this line set it to None (zero_grad does so by default).",
        "Read {name}.grad before that line, or move zero_grad() to just before the next backward().",
        Severity.NOTE,
    ),
    "integer": (
        "{name} holds {dtype} numbers, which have no gradient",
        "Only floating point and complex tensors can require a gradient; {name} is {dtype}.",
        "Make it floating point before you use it: {name}.float().requires_grad_().",
        Severity.WARNING,
    ),
    "frozen": (
        "{name} is frozen",
        "{name} is a parameter with requires_grad=False, so no pass computes its gradient.",
        "Call {name}.requires_grad_() if it should learn.",
        Severity.NOTE,
    ),
    "no-requires-grad": (
        "{name} does not require a gradient",
        "{name} was {how}, so nothing about it is recorded.",
        "Call {name}.requires_grad_() before it is used, or make it with requires_grad=True.",
        Severity.WARNING,
    ),
    "rebound": (
        "{name} is a new tensor since this line, not the leaf that it was",
        "The line computes a new tensor from the leaf and its gradient and gives it the name {name}. No pass "
        "has brought the new one a gradient; a computed one is no leaf and gets none.",
        "Update in place, untracked: with torch.no_grad(): {name} -= ... (or use an optimizer).",
        Severity.ERROR,
    ),
    "not-a-leaf": (
        "{name} is not a leaf: it is computed",
        "{made}. backward() passes gradients through such tensors but keeps .grad only for leaves.",
        "Call {name}.retain_grad() before backward(), or ask torch.autograd.grad(loss, {name}).",
        Severity.NOTE,
    ),
    "grad-call": (
        "autograd.grad returns gradients and leaves {name}.grad alone",
        "torch.autograd.grad gives the gradients back as a tuple; only backward() writes .grad.",
        "Use its result, or call backward() to have {name}.grad filled.",
        Severity.NOTE,
    ),
    "stopped": (
        "the pass ended with an error before it came to {name}", "{error}", "Resolve that error first.",
        Severity.ERROR,
    ),
    "returned-none": (
        "{who} returned None for the way to {name}",
        "The pass came to {who}, whose backward gave no gradient for this input: nothing is what it sends "
        "on.",
        "Return the gradient of that input from backward(), in the order of forward()'s arguments.",
        Severity.ERROR,
    ),
    "inputs-left-out": (
        "backward(inputs=...) left {name} out",
        "The root depends on {name}, but the pass was asked for the gradients of other tensors only.",
        "Add {name} to inputs=, or call backward() without it.",
        Severity.WARNING,
    ),
    "left-torch": (
        "{name} left the graph as plain numbers",
        "No operation reads {name} itself: the program computes with its numbers, which have no history.",
        "Compute with {name} as a tensor.",
        Severity.ERROR,
    ),
    "data": (
        "{name}.data has the numbers of {name} without their history",
        "What is computed from {name}.data is not recorded, so no gradient comes back to it.",
        "Use {name} itself instead of {name}.data.",
        Severity.ERROR,
    ),
    "unused": (
        "{name} is not used",
        "No recorded operation reads {name}, so the root of the pass does not depend on it.",
        "Use {name} in the computation of the root, or remove it.",
        Severity.WARNING,
    ),
    "not-connected": (
        "what {name} is used for does not lead to {roots}",
        "{name} is used by {user}, but {roots}, where the pass began, was not computed from that.",
        "Compute {roots} from it, or call backward() on what depends on {name}.",
        Severity.WARNING,
    ),
    "no-backward": (
        "no backward pass has run yet",
        "{name}.grad is None until backward() is called on something computed from {name}.",
        "Call backward() on the result.",
        Severity.NOTE,
    ),
}  # fmt: skip


def _found(cause: str, tensor: int, name: str, *chain: Link, **words: str) -> Finding:
    title, text, remedy, severity = _REASONS[cause]
    words["name"] = name
    said, why, what = (one.format(**words) for one in (title, text, remedy))
    return Finding(cause, said, why, what, chain, severity, tensor)


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
    return _found(
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
        return _found("integer", tensor, name, here, dtype=dtype)
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
        return _found("frozen", tensor, name, *([] if where is None else [where]), here)
    how = "made from tensors that do not require one" if op >= 0 else "made without requires_grad"
    here = facts.at_birth(f"{name} does not require a gradient", value)
    return _found("no-requires-grad", tensor, name, here, how=how)


def _rebound(facts: Facts, tensor: int, value: int) -> Finding | None:
    """The tensor was made from the leaf that had its name, and that leaf's gradient."""
    op = facts.made_by(facts.values_of(tensor)[0])
    old = updated_from(facts, op) if op >= 0 else -1
    if old < 0:
        return None
    name = facts.name(tensor)
    made = f"{name} is the result of {facts.called(op)}, made from the leaf {facts.label(old)}"
    return _found(
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
    return _found("not-a-leaf", tensor, name, facts.at_value(made, value), made=made)


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
    return _no_path(facts, tensor, last)


def _reached_without_result(facts: Facts, tensor: int, node: int, pass_: int) -> Finding:
    tape, name = facts.tape, facts.name(tensor)
    begun = facts.at_event("the pass", int(tape.passes["event"][pass_]))
    if not facts.accumulates(pass_):
        return _found("grad-call", tensor, name, begun)
    error = facts.error_of(pass_)
    if error:
        return _found("stopped", tensor, name, begun, error=error.splitlines()[0])
    silent = _silent_step(facts, node, pass_)
    if silent >= 0:
        who = facts.node_name(int(tape.steps["node"][silent]))
        here = facts.at_step(f"{who} sends nothing on to {name}", silent)
        own = [link for link in (texts.backward_of(facts, silent),) if link is not None]
        return _found("returned-none", tensor, name, here, *own, begun, who=who)
    return _found("inputs-left-out", tensor, name, begun)


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


def _no_path(facts: Facts, tensor: int, pass_: int) -> Finding:
    """The pass's root does not depend on the leaf as far as the graph knows."""
    tape, name = facts.tape, facts.name(tensor)
    begun = facts.at_event("the pass begins", int(tape.passes["event"][pass_]))
    way = _way_to(facts, tensor, facts.roots(pass_))
    for value, op in way:
        if op < 0:
            return numbers_of(facts, value[0], value[1], name, tensor, (begun,))
        if not facts.requires_grad(value[1]):
            return cut_at(facts, op, name, tensor, (begun,))
    uses = [
        op
        for v in facts.values_of(tensor)
        for op in facts.users(v)
        if not _is_update(facts, op, tensor)
    ]
    first = facts.values_of(tensor)[0]
    taken = _taken_out(facts, tensor)
    made_anew = all(facts.is_leaf(v) for v in facts.roots(pass_))
    if taken >= 0 and (
        made_anew or not any(facts.requires_grad(o) for op in uses for o in facts.outputs(op))
    ):
        return numbers_of(facts, taken, taken, name, tensor, (begun,))
    gone = None if uses else texts.where_taken(facts, f"the numbers of {name} are taken out", first)
    if gone is not None:
        return _found("left-torch", tensor, name, gone, begun)
    data = None if uses else texts.where_data(facts, f"{name}.data is read", first)
    if data is not None:
        return _found("data", tensor, name, data, begun)
    if not uses:
        return _found("unused", tensor, name, facts.at_birth(f"{name} is made", first), begun)
    ended = _dead_end(facts, tensor)
    if ended is not None:
        return cut_at(facts, ended, name, tensor, (begun,))
    roots = ", ".join(facts.label(v) for v in facts.roots(pass_))
    return _found(
        "not-connected", tensor, name, facts.at_op(f"{name} is used here", uses[-1]), begun,
        roots=roots, user=facts.called(uses[-1]),
    )  # fmt: skip


def _way_to(facts: Facts, tensor: int, roots: list[int]) -> list[tuple[tuple[int, int], int]]:
    """Return the steps ((from, to) values, operation) of a way from a leaf to a root, graph or not."""
    came: dict[int, tuple[int, int]] = {}
    waiting = list(roots)
    seen = set(roots)
    goal = -1
    while waiting and goal < 0:
        value = waiting.pop(0)
        if facts.tape.values["tensor"][value] == tensor:
            goal = value
            break
        for source, op in facts.origins.came_from(value):
            if source not in seen:
                seen.add(source)
                came[source] = (value, op)
                waiting.append(source)
    way = []
    while goal >= 0 and goal in came:
        target, op = came[goal]
        way.append(((goal, target), op))
        goal = target
    return way


def _taken_out(facts: Facts, tensor: int) -> int:
    """Return a value that came of a leaf and that the program took numbers out of, or -1."""
    waiting = list(facts.values_of(tensor))
    seen = set(waiting)
    while waiting:
        value = waiting.pop()
        if facts.origins.how_read(value):
            return value
        for op in facts.users(value):
            fresh = [out for out in facts.outputs(op) if out not in seen]
            if not _is_update(facts, op, tensor):
                seen.update(fresh)
                waiting += fresh
    return -1


def _dead_end(facts: Facts, tensor: int) -> int | None:
    """Return the operation after which nothing that follows from a leaf requires a gradient."""
    waiting = list(facts.values_of(tensor))
    seen, ended = set(waiting), None
    while waiting:
        value = waiting.pop()
        for op in facts.users(value):
            if _is_update(facts, op, tensor):
                continue
            for out in facts.outputs(op):
                if out in seen:
                    continue
                seen.add(out)
                if facts.requires_grad(out):
                    if not facts.users(out):
                        return None
                    waiting.append(out)
                else:
                    ended = op
    return ended


def _no_backward(facts: Facts, tensor: int, value: int) -> Finding:
    name = facts.name(tensor)
    return _found("no-backward", tensor, name, facts.at_birth(f"{name} is made", value))


def _passes(facts: Facts, playhead: int) -> list[int]:
    return list(facts.passes_before(playhead))


def _is_update(facts: Facts, op: int, tensor: int) -> bool:
    """Whether an operation only writes the tensor: an initialisation or an optimizer's step."""
    values = facts.tape.values
    return bool(facts.tape.ops["flags"][op] & OpFlag.INPLACE) and any(
        values["tensor"][out] == tensor for out in facts.outputs(op)
    )
