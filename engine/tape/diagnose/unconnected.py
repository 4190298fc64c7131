"""Why the root of a pass does not depend on a leaf: what cuts the way between them."""

from __future__ import annotations

from engine.tape.diagnose import texts
from engine.tape.diagnose.breaks import cut_at, numbers_of
from engine.tape.diagnose.checkpoints import checkpointed
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.reasons import found
from engine.tape.schema import OpFlag, ValueFlag


def no_path(facts: Facts, tensor: int, pass_: int) -> Finding:
    """The pass's root does not depend on the leaf as far as the graph knows."""
    tape, name = facts.tape, facts.name(tensor)
    begun = facts.at_event("the pass begins", int(tape.passes["event"][pass_]))
    way = _way_to(facts, tensor, facts.roots(pass_))
    for value, op in way:
        if op < 0:
            return numbers_of(facts, value[0], value[1], name, tensor, (begun,))
        if not facts.requires_grad(value[1]) or facts.is_leaf(value[1]):  # made a leaf since
            return cut_at(facts, op, name, tensor, (begun,))
    uses = [
        op
        for v in facts.values_of(tensor)
        for op in facts.users(v)
        if not _is_update(facts, op, tensor)
    ]
    first = facts.values_of(tensor)[0]
    taken = _taken_out(facts, tensor)
    made_anew = all(facts.is_leaf(v) for v in facts.roots(pass_)) or _of_numbers(facts, pass_)
    if taken >= 0 and (
        made_anew or not any(facts.requires_grad(o) for op in uses for o in facts.outputs(op))
    ):
        return numbers_of(facts, taken, taken, name, tensor, (begun,))
    gone = None if uses else texts.where_taken(facts, f"the numbers of {name} are taken out", first)
    if gone is not None:
        return found("left-torch", tensor, name, gone, begun)
    data = None if uses else texts.where_data(facts, f"{name}.data is read", first)
    if data is not None:
        return found("data", tensor, name, data, begun)
    again = None if uses else checkpointed(facts, tensor, begun)
    if again is not None:
        return again
    if not uses:
        return found("unused", tensor, name, facts.at_birth(f"{name} is made", first), begun)
    ended = _dead_end(facts, tensor)
    if ended is not None:
        return cut_at(facts, ended, name, tensor, (begun,))
    roots = ", ".join(facts.label(v) for v in facts.roots(pass_))
    return found(
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
        if facts.floating(value) and facts.origins.how_read(value):
            return value
        for op in facts.users(value):
            fresh = [out for out in facts.outputs(op) if out not in seen]
            if not _is_update(facts, op, tensor):
                seen.update(fresh)
                waiting += fresh
    return -1


def _of_numbers(facts: Facts, pass_: int) -> bool:
    """Whether a pass comes to leaves without a name alone, as torch.tensor(..., requires_grad=True) makes."""
    variables = (int(facts.tape.nodes["variable"][node]) for node in facts.reachable(pass_))
    leaves = [tensor for tensor in variables if tensor >= 0]
    flags = (facts.tape.values["flags"][facts.values_of(tensor)[-1]] for tensor in leaves)
    named = any(facts.tape.name_of(tensor) for tensor in leaves)
    return bool(leaves) and not named and not any(flag & ValueFlag.PARAMETER for flag in flags)


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


def _is_update(facts: Facts, op: int, tensor: int) -> bool:
    """Whether an operation only writes the tensor: an initialisation or an optimizer's step."""
    values = facts.tape.values
    return bool(facts.tape.ops["flags"][op] & OpFlag.INPLACE) and any(
        values["tensor"][out] == tensor for out in facts.outputs(op)
    )
