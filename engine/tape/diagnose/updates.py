"""Steps that move nothing or too much: of a rate too small, undone afterwards, taken twice."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import pairwise

import numpy as np

from engine.tape.diagnose import lines
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.optimizers import Step, steps_of
from engine.tape.diagnose.size import rms
from engine.tape.schema import GradChange, OpFlag

#: A learning rate that fell to this share of what it was, in whose last steps nothing moved.
_FADED, _LAST = 1e-3, 3
_SEARCHING = ("LBFGS",)  # optimizers that move several times in one step()
_FILLING = (
    "copy",
    "fill",
    "zero",
    "uniform",
    "normal",
    "set_data",
    "exponential",
    "eye",
    "trunc_normal",
)
_LOOKING = ("detach", "detach_", "view", "alias")


def unmoved(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Steps that leave what they are given as it is, though gradients came: the rate is too small."""
    steps = {tensor: steps_of(facts, tensor) for tensor in updated}
    all_steps = [one for mine in steps.values() for one in mine]
    if len({facts.tape.ops["event"][one.op] for one in all_steps}) < 2:
        return []
    if all(_unchanged(facts, one) for one in all_steps):
        for tensor, mine in steps.items():
            if len([one for one in mine if _had_gradient(facts, one.op)]) > 1:
                return [
                    _still(facts, tensor, mine, "no step changes a digit of it or of any other")
                ]
        return []  # each was stepped once: a warm-up may begin with nothing
    for tensor, mine in steps.items():
        rates = [facts.params(one.op).get("lr") for one in mine]
        still = [one for one in mine if _unchanged(facts, one) and _had_gradient(facts, one.op)]
        if len(still) > 1 and len(still) == len(mine) and not any(rates):
            return [
                _still(facts, tensor, mine, "the steps move other parameters, and not this one")
            ]
    return _faded(facts, steps)


def _still(facts: Facts, tensor: int, mine: list[Step], so: str) -> Finding:
    """The rate is too small for the gradients; or a clip, of which that is told, left next to nothing of them."""
    return _clipped_away(facts, tensor, mine) or _too_slow(facts, tensor, mine, so)


def _clipped_away(facts: Facts, tensor: int, mine: list[Step]) -> Finding | None:
    """Gradients that a write before each step made so small that the step moves nothing."""
    name, changes = facts.name(tensor), facts.changes(tensor)
    for one in mine:
        event = int(facts.tape.ops["event"][one.op])
        before = [c for c in changes if c.event < event][-2:]
        if len(before) < 2 or before[1].kind is not GradChange.WRITE:
            return None
        sizes = [rms(facts.array(int(facts.tape.grads["value"][c.row]))) for c in before]
        if not 0 < sizes[1] < _FADED * sizes[0]:
            return None
    write = before[1]
    return Finding(
        "never-updated", f"the steps leave {name} as it is: its gradient is clipped to next to nothing",
        f"{write.op} makes {name}.grad {sizes[0] / sizes[1]:.2g} times smaller in this line, before every step: the "
        "step is too small for a digit to change.",
        "Clip to a norm as large as gradients usually are (max_norm=1.0, say).",
        (
            facts.at_event(f"{write.op} makes {name}.grad small", write.event),
            facts.at_op(f"a step leaves {name} as it is", mine[-1].op),
        ), Severity.WARNING, tensor,
    )  # fmt: skip


def _too_slow(facts: Facts, tensor: int, mine: list[Step], so: str) -> Finding:
    name, rates = facts.name(tensor), {facts.params(one.op).get("lr") for one in mine}
    what = str(facts.params(mine[0].op)["optimizer"])
    rate = (
        f"its learning rate is {rates.pop()}"
        if len(rates) == 1
        else "its learning rates are too small"
    )
    links = [facts.at_op(f"a step leaves {name} as it is", one.op) for one in mine[:2]]
    cells = facts.cells_until(-1)
    made = lines.rate(cells) or lines.scheduler(cells) or lines.optimizer(cells, what)
    if made is not None:
        links.insert(0, moved(_said(links[0], "the learning rate is given here"), made))
    return Finding(
        "never-updated", f"the steps of {what} leave {name} as it is: {rate}",
        f"Gradients come to {name}; {so}.",
        "Give the optimizer (and each group of its parameters) another lr=, and look at what a scheduler makes "
        "of it: print(scheduler.get_last_lr()).",
        tuple(links), Severity.WARNING, tensor,
    )  # fmt: skip


def _faded(facts: Facts, steps: dict[int, list[Step]]) -> list[Finding]:
    """A rate that a scheduler made so small that the last steps moved nothing at all."""
    for tensor, mine in steps.items():
        rates = [float(facts.params(one.op).get("lr") or 0.0) for one in mine]
        last = 0
        for one, rate in zip(reversed(mine), reversed(rates), strict=True):
            if rate > _FADED * max(rates) or not _unchanged(facts, one):
                break
            last += _had_gradient(facts, one.op)
        if last < _LAST or not all(_unchanged(facts, m[-1]) for m in steps.values() if m):
            continue
        name, fall = facts.name(tensor), f"{rates[0]:.3g} to {rates[-1]:.3g}"
        link = facts.at_op(f"the last steps leave {name} as it is", mine[-1].op)
        made = lines.scheduler(facts.cells_until(-1))
        given = () if made is None else (moved(_said(link, "the rate is made smaller here"), made),)
        return [
            Finding(
                "never-updated", f"the last {last} steps leave {name} as it is: the learning rate fell from {fall}",
                f"Gradients come to {name}, and the rate that the scheduler left is too small for a digit to "
                "change.",
                "Call scheduler.step() once an epoch instead of once a batch, or let it fall more slowly (gamma "
                "nearer to 1, a larger step_size).",
                (*given, link), Severity.WARNING, tensor,
            )
        ]  # fmt: skip
    return []


def _said(link: Link, text: str) -> Link:
    return Link(text, link.event, link.op, link.node, link.value, link.source, link.code)


def _unchanged(facts: Facts, step: Step) -> bool:
    before, after = facts.array(facts.inputs(step.op)[0]), facts.array(step.value)
    return before is not None and after is not None and np.array_equal(before, after)


def _had_gradient(facts: Facts, op: int) -> bool:
    gradient = facts.array(facts.inputs(op)[1]) if len(facts.inputs(op)) > 1 else None
    return gradient is not None and bool(gradient.any()) and bool(np.isfinite(gradient).all())


def undone(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Steps that a write takes back before anything uses them, as of a state that is loaded anew."""
    for tensor in updated:
        steps, after = steps_of(facts, tensor), dict(pairwise(facts.values_of(tensor)))
        writes = [op for one in steps if (op := _taken_back(facts, after, one)) >= 0]
        if len(writes) < 2 or len(writes) < len(steps) - 1:
            continue
        name, how = facts.name(tensor), facts.called(writes[0])
        back = all(_restored(facts, one, after) for one in steps if one.value in after)
        what = (
            f"{how} writes {'its old' if back else 'new'} content {'back' if back else 'over it'}"
        )
        return [
            Finding(
                "undone", f"each step of {name} is undone: {what}",
                f"After every step, and before anything uses what it gave, {how} overwrites {name}"
                f"{' with what it was before the step' if back else ''}: no pass sees what a step did, and nothing "
                "is learned.",
                "Fill, load or copy the weights once, before the loop: move this line up.",
                (
                    facts.at_op(f"{name} gets its old content back", writes[0]),
                    facts.at_op(f"this step had moved {name}", steps[0].op),
                ), Severity.ERROR, tensor,
            )
        ]  # fmt: skip
    return []


def _taken_back(facts: Facts, following: dict[int, int], step: Step) -> int:
    """Return the operation that overwrites what a step gave, nobody having used it; or -1."""
    value = following.get(step.value, -1)
    if value < 0 or _unchanged(facts, step) or _is_used(facts, step.value):
        return -1
    op = facts.made_by(value)
    op = op if op >= 0 else _written(facts, value)
    if op < 0 or _is_step(facts, op) or not len(facts.outputs(op)):
        return -1
    whole = facts.base(op) in _FILLING and facts.shape(facts.outputs(op)[0]) == facts.shape(value)
    return op if whole or _restored(facts, step, following) else -1


def _restored(facts: Facts, step: Step, following: dict[int, int]) -> bool:
    """Whether a tensor's next content is what it was before a step."""
    before, after = facts.array(facts.inputs(step.op)[0]), facts.array(following[step.value])
    return before is not None and after is not None and np.array_equal(before, after)


def _is_step(facts: Facts, op: int) -> bool:
    return op >= 0 and "optimizer" in facts.params(op)


def _is_used(facts: Facts, value: int) -> bool:
    """Whether something is computed from a value; to look at it or to write over it is no use."""
    open_, flags = [value], facts.tape.ops["flags"]
    while open_:
        one = open_.pop()
        for op in facts.users(one):
            if facts.called(op) in _LOOKING or flags[op] & OpFlag.VIEW:
                open_ += facts.outputs(op)
            elif not (flags[op] & OpFlag.INPLACE and facts.inputs(op)[0] == one):
                return True
    return False


def _written(facts: Facts, value: int) -> int:
    """Return the last operation that wrote a value's memory through another tensor, or -1."""
    values, event = facts.tape.values, facts.tape.values["event"][value]
    rows = np.flatnonzero(
        (values["storage"] == values["storage"][value]) & (values["event"] <= event)
    )
    made = [op for row in rows.tolist() if (op := facts.made_by(row)) >= 0]
    wrote = [op for op in made if facts.tape.ops["flags"][op] & OpFlag.INPLACE]
    return wrote[-1] if wrote else -1


def repeated(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Steps that are taken twice with one gradient."""
    for tensor in updated:
        steps = steps_of(facts, tensor)
        changed = sorted(c.event for c in facts.changes(tensor))
        events = [int(facts.tape.ops["event"][one.op]) for one in steps]
        again = [
            (one, other)
            for one, other, first, second in _pairs(steps, events)
            if bisect_right(changed, first) == bisect_left(changed, second)
            and _had_gradient(facts, other.op)
            and facts.params(other.op)["optimizer"] not in _SEARCHING
        ]
        if len(again) < 2 or 2 * len(again) < len(steps):
            continue
        return [_twice(facts, tensor, *again[0])]
    return []


def _pairs(steps: list[Step], events: list[int]) -> list[tuple[Step, Step, int, int]]:
    both = zip(pairwise(steps), pairwise(events), strict=True)
    return [(one, other, first, second) for (one, other), (first, second) in both]


def _twice(facts: Facts, tensor: int, one: Step, other: Step) -> Finding:
    name = facts.name(tensor)
    first, second = facts.at_op("the first step", one.op), facts.at_op("the second step", other.op)
    optimizers = {str(facts.params(step.op)["optimizer"]) for step in (one, other)}
    if first.source == second.source:
        made = lines.optimizer(facts.cells_until(-1), optimizers.pop())
        given = () if made is None else (moved(_said(first, "the optimizer is made here"), made),)
        return Finding(
            "stepped-twice", f"each step moves {name} twice",
            f"One call of step() moves {name} two times with the same gradient: the optimizer was given it "
            "twice, as where two layers share a weight.",
            "Give each parameter once: model.parameters() leaves doubles out, list(a.parameters()) + "
            "list(b.parameters()) does not; or list(dict.fromkeys(parameters)).",
            (*given, second), Severity.WARNING, tensor,
        )  # fmt: skip
    return Finding(
        "stepped-twice", f"{name} is stepped twice with the same gradient",
        f"Between the two steps no pass brought {name} a new gradient: it moves twice as far as the learning "
        "rate says.",
        "Call step() once for each backward(); leave the second one out."
        if len(optimizers) == 1 else
        f"Both {' and '.join(sorted(optimizers))} hold {name}: give it to one of them.",
        (second, first), Severity.WARNING, tensor,
    )  # fmt: skip


def scheduled_early(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """A scheduler that a loop steps before its optimizer: the first learning rate is never used."""
    steps = [op for op in updated.values() if "optimizer" in facts.params(op)]
    found = lines.scheduled_early(facts.cells_until(-1)) if steps else None
    if found is None:
        return []
    step = facts.at_op("the optimizer steps here", steps[0])
    return [
        Finding(
            "scheduled-early", "the scheduler is stepped before the optimizer",
            "The scheduler moves to the next learning rate before the optimizer has used the first one, which is "
            "skipped.",
            "Call scheduler.step() after optimizer.step().",
            (moved(_said(step, "the scheduler is stepped here"), found), step), Severity.WARNING,
        )
    ]  # fmt: skip
