"""Why a tensor has no .grad: the first reason on its way to the root, with the line to change."""

from __future__ import annotations

from engine.tape.diagnose.breaks import cut_at, lost_at, numbers_of
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.schema import GradChange, OpFlag, ValueFlag


def why_none(facts: Facts, tensor: int, playhead: int) -> Finding:
    """Return why `tensor.grad` is None at a playhead, at which it is."""
    value = facts.latest(tensor, playhead)
    return (
        _cleared(facts, tensor, playhead)
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
    return Finding(
        "cleared",
        f"{name}.grad was set to None",
        f"{name}.grad held a gradient until this line set it to None (zero_grad does so by default).",
        f"Read {name}.grad before that line, or move zero_grad() to just before the next backward().",
        (
            facts.at_event(f"{name}.grad is set to None", event),
            facts.at_event("it held a gradient since here", before),
        ),
        Severity.NOTE,
        tensor,
    )


def _untracked(facts: Facts, tensor: int, value: int) -> Finding | None:
    """The tensor itself does not require a gradient."""
    if facts.requires_grad(value):
        return None
    name, op = facts.name(tensor), int(facts.tape.values["op"][value])
    if not facts.floating(value):
        dtype = facts.tape.value_dtype(value)
        return Finding(
            "integer",
            f"{name} holds {dtype} numbers, which have no gradient",
            f"Only floating point and complex tensors can require a gradient; {name} is {dtype}.",
            f"Make it floating point before you use it: {name}.float().requires_grad_().",
            (facts.at_birth(f"{name} is {dtype}", value),),
            tensor=tensor,
        )
    if op >= 0:
        broken = lost_at(facts, op)
        if broken is not None:
            return cut_at(facts, broken, name, tensor, (facts.at_birth(f"{name} is made", value),))
    origin = facts.origins.origin(value)
    if origin >= 0:
        return numbers_of(facts, origin, value, name, tensor, ())
    flags = facts.tape.values["flags"][facts.values_of(tensor)]
    if (flags & (ValueFlag.PARAMETER | ValueFlag.REQUIRES_GRAD)).any():
        return Finding(
            "frozen",
            f"{name} is frozen",
            f"{name} is a parameter with requires_grad=False, so no pass computes its gradient.",
            f"Call {name}.requires_grad_() if it should learn.",
            (facts.at_birth(f"{name} does not require a gradient", value),),
            Severity.NOTE,
            tensor,
        )
    how = "made from tensors that do not require one" if op >= 0 else "made without requires_grad"
    return Finding(
        "no-requires-grad",
        f"{name} does not require a gradient",
        f"{name} was {how}, so nothing about it is recorded.",
        f"Call {name}.requires_grad_() before it is used, or make it with requires_grad=True.",
        (facts.at_birth(f"{name} does not require a gradient", value),),
        tensor=tensor,
    )


def _not_leaf(facts: Facts, tensor: int, value: int, playhead: int) -> Finding | None:
    if facts.is_leaf(value):
        return None
    tape, name, op = facts.tape, facts.name(tensor), int(facts.tape.values["op"][value])
    old = _updated_from(facts, op) if op >= 0 else -1
    made = f"{name} is the result of {facts.op_name(op)}" if op >= 0 else f"{name} has a grad_fn"
    if old >= 0:
        before = facts.label(old)
        return Finding(
            "rebound",
            f"{name} is a new tensor since this line, not the leaf that it was",
            f"The line computes a new tensor from the leaf and its gradient and gives it the name "
            f"{name}. The new one is no leaf, so backward() keeps no .grad for it.",
            f"Update in place, untracked: with torch.no_grad(): {name} -= ... (or use an optimizer).",
            (
                facts.at_op(f"{made}, made from the leaf {before}", op),
                facts.at_value("the leaf that had the name", old),
            ),
            Severity.ERROR,
            tensor,
        )
    if tape.values["node"][value] >= 0 and not _passes(facts, playhead):
        return _no_backward(facts, tensor, value)
    return Finding(
        "not-a-leaf",
        f"{name} is not a leaf: it is computed",
        f"{made}. backward() passes gradients through such tensors but keeps .grad only for leaves.",
        f"Call {name}.retain_grad() before backward(), or ask torch.autograd.grad(loss, {name}).",
        (facts.at_value(made, value),),
        Severity.NOTE,
        tensor,
    )


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
        return Finding(
            "grad-call",
            f"autograd.grad returns gradients and leaves {name}.grad alone",
            "torch.autograd.grad gives the gradients back as a tuple; only backward() writes .grad.",
            f"Use its result, or call backward() to have {name}.grad filled.",
            (begun,),
            Severity.NOTE,
            tensor,
        )
    error = facts.error_of(pass_)
    if error:
        return Finding(
            "stopped",
            f"the pass ended with an error before it came to {name}",
            f"{error.splitlines()[0]}",
            "Resolve that error first.",
            (begun,),
            Severity.ERROR,
            tensor,
        )
    silent = _silent_step(facts, node, pass_)
    if silent >= 0:
        who = facts.node_name(int(tape.steps["node"][silent]))
        return Finding(
            "returned-none",
            f"{who} returned None for the way to {name}",
            f"The pass came to {who}, whose backward gave no gradient for this input: nothing is "
            "what it sends on.",
            "Return the gradient of that input from backward(), in the order of forward()'s "
            "arguments.",
            (facts.at_step(f"{who} sends nothing on to {name}", silent), begun),
            Severity.ERROR,
            tensor,
        )
    return Finding(
        "inputs-left-out",
        f"backward(inputs=...) left {name} out",
        f"The root depends on {name}, but the pass was asked for the gradients of other tensors only.",
        f"Add {name} to inputs=, or call backward() without it.",
        (begun,),
        tensor=tensor,
    )


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
    gone = None if uses else facts.where_taken(f"the numbers of {name} are taken out", first)
    if gone is not None:
        return Finding(
            "left-torch", f"{name} left the graph as plain numbers",
            f"No operation reads {name} itself: the program computes with its numbers, which have no "
            "history.",
            f"Compute with {name} as a tensor.", (gone, begun), Severity.ERROR, tensor,
        )  # fmt: skip
    data = None if uses else facts.where_data(f"{name}.data is read", first)
    if data is not None:
        return Finding(
            "data", f"{name}.data has the numbers of {name} without their history",
            f"What is computed from {name}.data is not recorded, so no gradient comes back to it.",
            f"Use {name} itself instead of {name}.data.", (data, begun), Severity.ERROR, tensor,
        )  # fmt: skip
    if not uses:
        return Finding(
            "unused",
            f"{name} is not used",
            f"No recorded operation reads {name}, so the root of the pass does not depend on it.",
            f"Use {name} in the computation of the root, or remove it.",
            (facts.at_birth(f"{name} is made", first), begun),
            tensor=tensor,
        )
    ended = _dead_end(facts, tensor)
    if ended is not None:
        return cut_at(facts, ended, name, tensor, (begun,))
    roots = ", ".join(facts.label(v) for v in facts.roots(pass_))
    return Finding(
        "not-connected",
        f"what {name} is used for does not lead to {roots}",
        f"{name} is used by {facts.op_name(uses[-1])}, but {roots}, where the pass began, was not "
        "computed from that.",
        f"Compute {roots} from it, or call backward() on what depends on {name}.",
        (facts.at_op(f"{name} is used here", uses[-1]), begun),
        tensor=tensor,
    )


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
    return Finding(
        "no-backward",
        "no backward pass has run yet",
        f"{name}.grad is None until backward() is called on something computed from {name}.",
        "Call backward() on the result.",
        (facts.at_birth(f"{name} is made", value),),
        Severity.NOTE,
        tensor,
    )


def _passes(facts: Facts, playhead: int) -> list[int]:
    return list(facts.passes_before(playhead))


def _is_update(facts: Facts, op: int, tensor: int) -> bool:
    """Whether an operation only writes the tensor: an initialisation or an optimizer's step."""
    values = facts.tape.values
    return bool(facts.tape.ops["flags"][op] & OpFlag.INPLACE) and any(
        values["tensor"][out] == tensor for out in facts.outputs(op)
    )


def _updated_from(facts: Facts, op: int) -> int:
    """Return the leaf value that `w = w - lr * w.grad` made its result from, or -1."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    leaves = [v for v in inputs if facts.is_leaf(v) and facts.requires_grad(v)]
    for leaf in leaves:
        tensor = facts.tape.values["tensor"][leaf]
        for v in inputs:
            made = int(facts.tape.values["op"][v])
            sources = [v, *(facts.inputs(made) if made >= 0 else ())]
            if any(s >= 0 and facts.tape.values["grad_of"][s] == tensor for s in sources):
                return leaf
    return -1
