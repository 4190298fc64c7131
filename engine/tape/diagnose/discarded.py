"""Gradients that no step uses: zeroed, cleared or overwritten between backward() and the step."""

from __future__ import annotations

from itertools import pairwise

from engine.tape import ledger
from engine.tape.diagnose import lines, used_up
from engine.tape.diagnose.facts import Facts, moved
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.optimizers import has_stepped, has_steps, steps_of
from engine.tape.diagnose.uncalled import told
from engine.tape.schema import GradChange, Mark


def thrown_away(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Gradients that are zeroed after backward() and before the step, in every iteration."""
    tape = facts.tape
    for tensor in sorted(reached):
        changes = facts.changes(tensor)
        if (tensor in updated and not _stepped_with_zeros(facts, tensor)) or len(changes) < 4:
            continue
        wiped = 0
        for now, after in pairwise(changes):
            if now.kind is not GradChange.ACCUMULATE or after.kind is GradChange.ACCUMULATE:
                continue
            value = int(tape.grads["value"][now.row])
            users = (
                [op for op in facts.users(value) if facts.base(op) != "zero"] if value >= 0 else []
            )
            used = bool(users) or (value >= 0 and bool(facts.origins.how_read(value)))
            cleared = after.kind is GradChange.CLEAR or after.op == "zero_"
            wiped += int(cleared and not used)
        passes = len({c.pass_ for c in changes if c.pass_ >= 0})
        if wiped >= 2 and wiped >= passes - 1:
            name = facts.name(tensor)
            if not (has_steps(facts) and has_stepped(facts, updated)):
                return _no_step(facts, tensor, changes)
            clear = next(c for c in changes if c.kind is GradChange.CLEAR or c.op == "zero_")
            if _before_backward(facts, clear, changes):
                return [_never_stepped(facts, tensor, changes[0].event)]
            return [
                Finding(
                    "zeroed-before-step",
                    f"{name}.grad is thrown away before anything uses it",
                    f"In every iteration {name}.grad is zeroed between backward() and the step, so the step "
                    "finds nothing and the parameters never move.",
                    "Order it: zero_grad(), backward(), step().",
                    (
                        facts.at_event(f"{name}.grad is zeroed", clear.event),
                        facts.at_event("backward() had just filled it", changes[0].event),
                    ),
                    Severity.ERROR,
                    tensor,
                )
            ]
    return []


def zeroed_by_write(facts: Facts, updated: dict[int, int]) -> list[Finding]:
    """Gradients that a write, as of a clip to the norm 0, makes zero before every step."""
    for tensor in updated:
        if not _stepped_with_zeros(facts, tensor):
            continue
        for now, after in pairwise(facts.changes(tensor)):
            if after.kind is not GradChange.WRITE or after.op == "zero_":
                continue
            held = [facts.array(int(facts.tape.grads["value"][c.row])) for c in (now, after)]
            if held[0] is None or held[1] is None or not held[0].any() or held[1].any():
                continue
            name = facts.name(tensor)
            return [
                Finding(
                    "zeroed-before-step", f"{name}.grad is made zero before every step",
                    f"{after.op} writes zeros over what backward() brought, so the steps move nothing.",
                    "Look at what scales or clips the gradients in this line (a norm or factor of 0).",
                    (
                        facts.at_event(f"{after.op} makes {name}.grad zero", after.event),
                        facts.at_event("backward() had filled it", now.event),
                    ), Severity.ERROR, tensor,
                )
            ]  # fmt: skip
    return []


def _stepped_with_zeros(facts: Facts, tensor: int) -> bool:
    """Whether an optimizer stepped a tensor, each time with nothing but zeros in its .grad."""
    given = [facts.inputs(op)[1] for op, _ in steps_of(facts, tensor) if len(facts.inputs(op)) > 1]
    gradients = map(facts.array, given)  # read until one is not zero
    return len(given) > 1 and not any(g is None or g.any() for g in gradients)


def _before_backward(facts: Facts, clear: ledger.Change, changes: list[ledger.Change]) -> bool:
    """Whether a loop zeroes first and then runs its pass: what is zeroed went through a step."""
    filled = next(c for c in changes if c.kind is GradChange.ACCUMULATE)
    one, other = clear.source, facts.source(int(facts.tape.passes["event"][filled.pass_]))
    same = (
        one is not None and other is not None and (one.file, one.cell) == (other.file, other.cell)
    )
    return same and one is not None and other is not None and one.line < other.line


def _never_stepped(facts: Facts, tensor: int, first: int) -> Finding:
    name = facts.name(tensor)
    value = facts.values_of(tensor)[0]
    return Finding(
        "never-updated", f"{name} has gradients but no step moves it",
        f"The program calls step(), and {name} stays as it is: the optimizer holds other tensors, as where "
        "the model was made anew, moved or loaded after it.",
        "Make the optimizer from the parameters of the model that is trained.",
        (
            facts.at_birth(f"{name} is made", value),
            facts.at_event(f"{name}.grad gets its first gradient", first),
        ), Severity.ERROR, tensor,
    )  # fmt: skip


def _no_step(facts: Facts, tensor: int, changes: list[ledger.Change]) -> list[Finding]:
    """A program that makes an optimizer, and computes and zeroes gradients, and calls no step()."""
    made = lines.optimizer(facts.cells_until(-1))
    if made is None:
        return []
    name, filled = facts.name(tensor), next(c for c in changes if c.kind is GradChange.ACCUMULATE)
    begun = int(facts.tape.passes["event"][filled.pass_])
    link = facts.at_event("backward() fills the gradients here, and no step() comes", begun)
    found = Finding(
        "never-updated", f"{name} has gradients, and no optimizer's step() is called",
        "The program makes an optimizer, fills and zeroes the gradients in every iteration, and never "
        "calls its step(): nothing learns.",
        "Call optimizer.step() after backward().",
        (link, moved(facts.at_event("the optimizer is made here", begun), made)),
        Severity.ERROR, tensor,
    )  # fmt: skip
    return [told(facts, found, "step")]


def in_vain(facts: Facts) -> list[Finding]:
    """Gradients that are clipped where nothing uses the result: before backward(), or after the step."""
    found = _clipped_none(facts)
    return found or _clipped_late(facts)


def _clipped_none(facts: Facts) -> list[Finding]:
    """A clip that never finds a gradient."""
    marks, tape = facts.tape.marks, facts.tape
    rows = marks[marks["kind"] == Mark.IDLE]
    texts = [tape.text(int(text)) for text in rows["text"]]
    for name in ("clip_grad_norm_", "clip_grad_value_"):
        events = [int(e) for e, text in zip(rows["event"], texts, strict=True) if text == name]
        where = {facts.source(event) for event in events}
        worked = {facts.source(int(event)) for event in tape.ops["event"][_clips(facts)]}
        if len(where) != 1 or where & worked or not len(tape.passes):
            continue
        if len(events) < 2 and len(tape.passes) > 1:
            continue
        begun = int(tape.passes["event"][0])
        before, others = begun > events[0], _of_others(facts, events[-1])
        why = (
            f"they are of other parameters than {others}, which has one"
            if others
            else "backward() has not filled them yet, or they were zeroed before"
        )
        remedy = (
            f"Give it the parameters that are trained, of which {others} is one."
            if others
            else f"Order it: zero_grad(), backward(), {name}(), step()."
        )
        found = Finding(
            "clipped-in-vain", f"{name} finds no gradient: there is nothing to clip",
            f"Every .grad that it is given is None at this line: {why}. The gradients that step() uses are "
            "not clipped.",
            remedy,
            (
                facts.at_event(f"{name} finds no gradient", events[-1]),
                facts.at_event(f"backward() fills them {'afterwards' if before else 'here'}", begun),
            ), Severity.WARNING,
        )  # fmt: skip
        return [used_up.told(facts, found, name) if others else found]
    return []


def _of_others(facts: Facts, event: int) -> str:
    """Return the name of a leaf that has a gradient at an event, or ""."""
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        kinds = [c.kind for c in facts.changes(tensor) if c.event < event]
        if kinds and kinds[-1] is GradChange.ACCUMULATE:
            return facts.name(tensor)
    return ""


def _clips(facts: Facts) -> list[int]:
    """Return the operations that wrote into a .grad."""
    grads = facts.tape.grads
    refs = grads["ref"][grads["kind"] == GradChange.WRITE]
    return sorted({int(ref) for ref in refs if ref >= 0})


def _clipped_late(facts: Facts) -> list[Finding]:
    """A clip whose result is zeroed before a step uses it, each time."""
    vain: dict[object, list[tuple[int, ledger.Change]]] = {}
    used = set[object]()
    for tensor in facts.tape.grads_of.keys(facts.tape.grads["tensor"]):
        for now, after in pairwise(facts.changes(tensor)):
            if now.kind is not GradChange.WRITE or now.op == "zero_":
                continue
            gone = after.kind is GradChange.CLEAR or after.op == "zero_"
            if gone and not facts.users(int(facts.tape.grads["value"][now.row])):
                vain.setdefault(now.source, []).append((tensor, now))
            else:
                used.add(now.source)
    for source, changes in vain.items():
        events = {change.event for tensor, change in changes if tensor == changes[0][0]}
        if source not in used and source is not None and len(events) > 1:
            return [_late(facts, *changes[0])]
    return []


def _late(facts: Facts, tensor: int, change: ledger.Change) -> Finding:
    name = facts.name(tensor)
    ops = [op for op, _ in steps_of(facts, tensor)]
    before = [op for op in ops if facts.tape.ops["event"][op] < change.event]
    link = facts.at_event(
        f"{change.op} changes {name}.grad here, and nothing uses it", change.event
    )
    stepped = (facts.at_op("the step had used the gradient before", before[-1]),) if before else ()
    return Finding(
        "clipped-in-vain", f"{name}.grad is clipped and then zeroed: no step uses what the clip gave",
        f"In every iteration {change.op} changes {name}.grad in this line, and it is zeroed before a step() "
        "reads it: the steps use gradients that are not clipped.",
        "Clip between backward() and step(): zero_grad(), backward(), clip_grad_norm_(), step().",
        (link, *stepped), Severity.WARNING, tensor,
    )  # fmt: skip
