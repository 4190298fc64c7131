"""What looks wrong in a whole run: the checks behind the list of problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise

import numpy as np

from engine.tape import ledger
from engine.tape.diagnose import nonfinite, size
from engine.tape.diagnose.breaks import cut_at, lost_at
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.losses import mistaken_losses
from engine.tape.diagnose.none import why_none
from engine.tape.diagnose.trace import Mask, Trail
from engine.tape.modules import module_path
from engine.tape.schema import GradChange, ValueFlag

#: A layer is called dead when this share of its units was off for every row of every pass.
DEAD = 0.9
#: The slope of a sigmoid or tanh up to which it counts as none.
FLAT = 1e-6


Cancelled = Callable[[], bool]
Check = Callable[[Facts, Cancelled], list[Finding]]


def parts(facts: Facts) -> Iterator[tuple[Callable[[Cancelled], list[Finding]], float]]:
    """Yield the checks, each with the share of the whole that is done after it."""
    checks: tuple[Check, ...] = (
        births, births_backward, empty_passes, unfinished_sums, training, mistaken_losses, dead_units,
        saturated_units, sizes,
    )  # fmt: skip
    for number, check in enumerate(checks, 1):
        yield partial(check, facts), number / len(checks)


def births(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return where NaN and infinities were born in values, each birth once."""
    tape, found = facts.tape, list[Finding]()
    spoilt = np.zeros(len(tape.values), bool)
    for value in range(len(tape.values)):
        if cancelled():
            break
        if not facts.floating(value):
            continue
        if tape.values["grad_of"][value] >= 0:
            spoilt[value] = nonfinite.bad(facts.array(value))  # its pass is what is told of
            continue
        array = facts.array(value)
        if not nonfinite.bad(array):
            continue
        spoilt[value] = True
        op = int(tape.values["op"][value])
        if op >= 0 and any(v >= 0 and spoilt[v] for v in facts.inputs(op)):
            if not _new_nan(facts, op, value):
                continue
        elif not nonfinite.has_nan(array) and not nonfinite.arithmetic(facts, value):
            continue  # an infinity that was filled in, as masks are
        elif op < 0 and (not nonfinite.has_nan(array) or facts.is_gradient(value)):
            continue  # given as infinite (a start value of a minimum), or by autograd.grad
        if _reaches(facts, value):
            found.append(nonfinite.why_value(facts, value))
    return found


def _new_nan(facts: Facts, op: int, value: int) -> bool:
    """Whether a NaN was made of infinities that nobody computed (fully masked softmax)."""
    sources = [v for v in facts.inputs(op) if v >= 0 and nonfinite.bad(facts.array(v))]
    if not nonfinite.has_nan(facts.array(value)):
        return False
    if any(nonfinite.has_nan(facts.array(v)) for v in sources):
        return False
    return not any(nonfinite.arithmetic(facts, v) for v in sources)


def _reaches(facts: Facts, value: int) -> bool:
    """Whether anything came of a value: a root or a leaf's update, or it is an end of its own."""
    waiting, seen = [value], {value}
    roots = {v for p in range(len(facts.tape.passes)) for v in facts.roots(p)}
    while waiting:
        one = waiting.pop()
        if one in roots:
            return True
        users = facts.users(one)
        if not users:
            return True
        for op in users:
            outs = [out for out in facts.outputs(op) if nonfinite.bad(facts.array(out))]
            for out in outs:
                if out not in seen:
                    seen.add(out)
                    waiting.append(out)
    return False


def births_backward(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    tape, found = facts.tape, list[Finding]()
    told: set[int] = set()
    for row in range(len(tape.contributions)):
        if cancelled():
            break
        if not nonfinite.bad(facts.sent(row)):
            continue
        step = int(tape.contributions["step"][row])
        pass_ = int(tape.steps["pass_"][step])
        if pass_ in told:
            continue
        told.add(pass_)  # the first of a pass; what follows from it is not new
        tensor = int(tape.contributions["tensor"][row])
        if any(nonfinite.bad(facts.sent(r)) for r in facts.arrivals(step)):
            continue
        roots = facts.roots(pass_)
        if any(nonfinite.bad(facts.array(v)) for v in roots):
            continue  # its forward is what is wrong
        found.append(nonfinite.born_backward(facts, tensor, step, row, Trail(facts, "")))
    return found


def empty_passes(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return passes that began at a computed tensor without a graph, made to require a gradient."""
    tape, found = facts.tape, list[Finding]()
    for pass_ in range(len(tape.passes)):
        for value in facts.roots(pass_):
            op, tensor = _made_by(facts, value), int(tape.values["tensor"][value])
            lost = lost_at(facts, op) if op >= 0 and facts.is_leaf(value) else None
            if lost is None:
                continue
            name = facts.name(tensor)
            cut = cut_at(facts, lost, name, tensor, ())
            begun = facts.at_event(f"the pass begins at {name}", int(tape.passes["event"][pass_]))
            return [
                Finding(
                    cut.cause, f"nothing is behind {name}, where the pass begins: {cut.title}",
                    f"{cut.text} {name}.requires_grad_() makes a new leaf of it and brings no graph back.",
                    cut.remedy, (*cut.chain, begun), Severity.ERROR, tensor,
                )
            ]  # fmt: skip
    return found


def _made_by(facts: Facts, value: int) -> int:
    """Return the operation that first made a value's tensor, or -1."""
    tensor = int(facts.tape.values["tensor"][value])
    return int(facts.tape.values["op"][facts.values_of(tensor)[0]])


def unfinished_sums(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return leaves that were updated with the gradients of several passes in their .grad."""
    tape, found = facts.tape, list[Finding]()
    told: set[object] = set()
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        if cancelled():
            break
        changes = ledger.changes(tape, tensor)
        adding = [c for c in changes if c.kind is GradChange.ACCUMULATE]
        for before, now in pairwise(adding):
            if before.pass_ == now.pass_ or before.pass_ not in now.passes:
                continue
            if size.updated_between(facts, tensor, before.event, now.event) < 0:
                continue
            # An update must use the sum: what a pass leaves behind is often zeroed in time (GANs).
            ends = [c.event for c in changes if c.event > now.event and c.passes != now.passes]
            end = min(ends, default=len(tape.events))
            if size.updated_between(facts, tensor, now.event, end) < 0:
                continue
            upto = [c for c in changes if c.event <= now.event]
            one = size.piled(facts, tensor, upto)
            if one is not None and one.cause == "not-zeroed" and one.culprit.source not in told:
                told.add(one.culprit.source)
                found.append(one)
            break
    return found


def training(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return parameters that no pass reaches or no step moves, and gradients thrown away or shared."""
    tape = facts.tape
    parameters = _parameters(facts)
    reached = set(tape.grads_of.keys(tape.grads["tensor"]))
    updated = _updated(facts)
    found = list[Finding]()
    if reached & parameters.keys():
        found += _unused(facts, parameters, reached)
    if updated:
        found += _left_out(facts, parameters, reached, updated)
    found += _thrown_away(facts, reached, updated)
    found += _aliased(facts)
    return found


def _parameters(facts: Facts) -> dict[int, int]:
    """Return the parameters that require a gradient: tensor → its latest value."""
    flags = ValueFlag.PARAMETER | ValueFlag.REQUIRES_GRAD
    rows = np.flatnonzero((facts.tape.values["flags"] & flags) == flags)
    return dict(zip(facts.tape.values["tensor"][rows].tolist(), rows.tolist(), strict=True))


def _updated(facts: Facts) -> dict[int, int]:
    """Return the leaves that something wrote after a pass: tensor → the latest such operation."""
    tape = facts.tape
    first = int(tape.passes["event"][0]) if len(tape.passes) else len(tape.events)
    rows = np.flatnonzero(
        (tape.values["event"] > first) & (tape.values["version"] > 0) & (tape.values["op"] >= 0)
    )
    flags = tape.values["flags"]
    return {
        int(tape.values["tensor"][row]): int(tape.values["op"][row])
        for row in rows.tolist()
        if flags[row] & ValueFlag.LEAF and flags[row] & ValueFlag.REQUIRES_GRAD
    }


def _unused(facts: Facts, parameters: dict[int, int], reached: set[int]) -> list[Finding]:
    """Parameters of a model that learns, to which no gradient ever came."""
    found = []
    for tensor, value in parameters.items():
        if tensor in reached or not facts.tape.name_of(tensor):
            continue
        reason = why_none(facts, tensor, len(facts.tape.events))
        if reason.cause in ("frozen", "no-backward", "grad-call", "inputs-left-out", "stopped"):
            continue
        name = facts.name(tensor)
        meant = reason.cause in ("no-grad", "detached") and _aside(facts, tensor, reached)
        found.append(
            Finding(
                reason.cause if reason.cause != "unused" else "unused-parameter",
                f"{name} gets no gradient: {reason.title}",
                reason.text,
                reason.remedy,
                reason.chain or (facts.at_value(f"{name} is made", value),),
                Severity.NOTE if meant else Severity.WARNING,
                tensor,
            )
        )
    return found


def _aside(facts: Facts, tensor: int, reached: set[int]) -> bool:
    """Whether a parameter is of a model of its own none of which learns: a teacher, a target."""
    models = _models(facts)
    own = models.get(tensor, set())
    return bool(own) and "" not in own and not any(models.get(t, set()) & own for t in reached)


def _models(facts: Facts) -> dict[int, set[str]]:
    """Return the names of the outermost modules within which each leaf is used."""
    found: dict[int, set[str]] = {}
    tape, flags = facts.tape, ValueFlag.PARAMETER
    for value in np.flatnonzero(tape.values["flags"] & flags).tolist():
        names = found.setdefault(int(tape.values["tensor"][value]), set())
        for op in facts.users(value):
            scope = int(tape.ops["scope"][op])
            if scope > 0:
                names.add(module_path(tape, scope).split(".")[0])
    return found


def _left_out(
    facts: Facts, parameters: dict[int, int], reached: set[int], updated: dict[int, int]
) -> list[Finding]:
    """Parameters with gradients that no step moves, while others of the run move."""
    found = []
    by_optimizer = any("optimizer" in facts.params(op) for op in updated.values())
    last_update = max(int(facts.tape.ops["event"][op]) for op in updated.values())
    for tensor, value in parameters.items():
        if tensor not in reached or tensor in updated or not by_optimizer:
            continue
        changes = ledger.changes(facts.tape, tensor)
        first = changes[0].event
        if first > last_update:
            continue
        name = facts.name(tensor)
        found.append(
            Finding(
                "never-updated",
                f"{name} has gradients but is never updated",
                f"Other parameters are stepped by an optimizer; {name} is not among them.",
                f"Give {name} to the optimizer (model.parameters(), or a parameter group).",
                (
                    facts.at_value(f"{name} is made", value),
                    facts.at_event(f"{name}.grad gets its first gradient", first),
                ),
                Severity.WARNING,
                tensor,
            )
        )
    return found


def _thrown_away(facts: Facts, reached: set[int], updated: dict[int, int]) -> list[Finding]:
    """Gradients that are zeroed after backward() and before the step, in every iteration."""
    tape = facts.tape
    for tensor in sorted(reached):
        changes = ledger.changes(tape, tensor)
        if tensor in updated or len(changes) < 4:
            continue
        wiped = 0
        for now, after in pairwise(changes):
            if now.kind is not GradChange.ACCUMULATE or after.kind is GradChange.ACCUMULATE:
                continue
            value = int(tape.grads["value"][now.row])
            used = value >= 0 and bool(facts.users(value) or facts.origins.how_read(value))
            cleared = after.kind is GradChange.CLEAR or after.op == "zero_"
            wiped += int(cleared and not used)
        passes = len({c.pass_ for c in changes if c.pass_ >= 0})
        if wiped >= 2 and wiped >= passes - 1 and _has_steps(facts):
            name = facts.name(tensor)
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


def _has_steps(facts: Facts) -> bool:
    """Whether the program calls an optimizer's step: without gradients that leaves no other trace."""
    cells = facts.tape.cells
    return any(".step(" in facts.tape.text(int(cells["source"][row])) for row in range(len(cells)))


def _aliased(facts: Facts) -> list[Finding]:
    """Two gradients in one memory: a write to one changes the other."""
    tape = facts.tape
    grads = np.flatnonzero(tape.values["grad_of"] >= 0)
    owner: dict[int, int] = {}
    for value in grads.tolist():
        storage, tensor = int(tape.values["storage"][value]), int(tape.values["grad_of"][value])
        other = owner.setdefault(storage, tensor)
        if other != tensor:
            names = facts.name(other), facts.name(tensor)
            return [
                Finding(
                    "aliased",
                    f"{names[0]}.grad and {names[1]}.grad are one memory",
                    "They were assigned the same tensor: zeroing or clipping one changes the other.",
                    f"Assign a clone: {names[1]}.grad = g.clone().",
                    (
                        facts.at_value(
                            f"{names[1]}.grad shares the memory of {names[0]}.grad", value
                        ),
                    ),
                    Severity.WARNING,
                    tensor,
                )
            ]
    return []


def dead_units(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return ReLUs of which almost all units were off for every row of every pass."""
    tape, alive = (
        facts.tape,
        dict[object, tuple[int, Mask]](),
    )
    for op in range(len(tape.ops)):
        if cancelled():
            break
        if facts.base(op) not in ("relu", "threshold", "relu6") or not len(facts.outputs(op)):
            continue
        out = facts.array(facts.outputs(op)[0])
        if out is None or out.size < 8 or tape.ops["node"][op] < 0:
            continue
        rows = np.asarray(out > 0).reshape(-1, out.shape[-1] if out.ndim > 1 else out.size)
        units: Mask = np.asarray(rows.any(axis=0))
        key = (
            facts.source(int(tape.ops["event"][op])),
            module_path(tape, int(tape.ops["scope"][op])),
            units.shape,
        )
        before = alive.get(key)
        alive[key] = (op, units | before[1] if before else units)
    found = []
    for op, units in alive.values():
        share = 1 - float(units.mean())
        if share >= DEAD:
            found.append(
                Finding(
                    "dead-relu",
                    f"a ReLU of which {share:.0%} of the units never switch on",
                    f"{int((~units).sum())} of {units.size} units gave 0 for every row of every pass, so no "
                    "gradient goes through them and they cannot recover.",
                    "Lower the learning rate, check the bias, or use LeakyReLU or GELU.",
                    (facts.at_op("the units are off here", op),),
                    Severity.WARNING,
                )
            )
    return found


def saturated_units(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return sigmoids and tanhs of which almost all units were at an end for every row of every pass."""
    tape, live = facts.tape, dict[object, tuple[int, Mask]]()
    for op in range(len(tape.ops)):
        if cancelled():
            break
        base = facts.base(op)
        if base not in ("sigmoid", "tanh") or tape.ops["node"][op] < 0:
            continue
        out = facts.array(facts.outputs(op)[0]) if len(facts.outputs(op)) else None
        if out is None or out.size < 8 or out.dtype.kind != "f":
            continue
        slope = out * (1 - out) if base == "sigmoid" else 1 - out * out
        rows = (slope > FLAT).reshape(-1, out.shape[-1] if out.ndim > 1 else out.size)
        units: Mask = np.asarray(rows.any(axis=0))
        scope = module_path(tape, int(tape.ops["scope"][op]))
        key = facts.source(int(tape.ops["event"][op])), scope, units.shape
        before = live.get(key)
        live[key] = op, units | before[1] if before else units
    return [
        Finding(
            "saturated", f"a {facts.base(op)} of which {1 - float(units.mean()):.0%} of the units are saturated",
            f"{int((~units).sum())} of {units.size} units were at an end of {facts.base(op)} for every row of "
            "every pass, where its derivative rounds to 0: what is before them does not learn.",
            "Make its input smaller: initialisation, normalisation, a lower learning rate.",
            (facts.at_op("the units are saturated here", op),), Severity.WARNING,
        )
        for op, units in live.values()
        if 1 - float(units.mean()) >= DEAD
    ]  # fmt: skip


def sizes(facts: Facts, cancelled: Cancelled) -> list[Finding]:
    """Return gradients that explode or vanish on their way, the worst of each kind."""
    tape, worst = facts.tape, dict[str, tuple[float, Finding]]()
    for tensor in tape.grads_of.keys(tape.grads["tensor"]):
        if cancelled():
            break
        changes = ledger.changes(tape, tensor)
        if not any(c.kind is GradChange.ACCUMULATE for c in changes):
            continue
        one = size.grown(facts, tensor, changes)
        if one is None:
            continue
        last = next(c for c in reversed(changes) if c.kind is GradChange.ACCUMULATE)
        extent = abs(np.log(max(size.rms(ledger.added(tape, last)), 1e-300)))
        if one.cause not in worst or extent > worst[one.cause][0]:
            worst[one.cause] = (float(extent), one)
    return [one for _, one in worst.values()]
