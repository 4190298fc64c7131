"""Why a gradient is as large as it is: the passes and paths in its sum, and the gain of every node."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape import ledger
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Link, Severity
from engine.tape.diagnose.hooked import changed_by_hook, written_after
from engine.tape.diagnose.sums import counted_twice
from engine.tape.diagnose.uncalled import told
from engine.tape.diagnose.ways import Gain, way
from engine.tape.schema import GradChange

Array = NDArray[Any]

#: A gradient that grew or shrank by this factor between root and leaf, over at least `LONG` nodes.
FACTOR, LONG = 1e5, 6
#: Operations in place whose one input may be another tensor than the one that they write.
_GIVEN = ("set_data", "set", "copy")


def rms(array: Array | None) -> float:
    """Return the root mean square of an array's elements; NaN of nothing."""
    if array is None or not array.size:
        return float("nan")
    wide = np.abs(array) if array.dtype.kind == "c" else array
    flat = wide.astype(np.float64).ravel()
    return math.sqrt(float(flat @ flat) / flat.size)


def why_size(facts: Facts, tensor: int, playhead: int) -> Finding:
    """Return what made `tensor.grad` what it is at a playhead: finite and not zero."""
    changes = ledger.changes(facts.tape, tensor, playhead)
    return (
        piled(facts, tensor, changes)
        or written_after(facts, tensor, changes)
        or changed_by_hook(facts, tensor, changes)
        or _summed_out(facts, tensor, changes)
        or grown(facts, tensor, changes)
        or _counted_twice(facts, changes)
        or _paths(facts, tensor, changes)
        or _sound(facts, tensor, changes)
    )


def why_step(facts: Facts, step: int) -> Finding:
    """Return how the gradient that came in at a step got its size: finite and not zero."""
    came = way(facts, step)
    last = len(came) - 1
    name = facts.node_name(facts.node_at(step))
    links = tuple(_link(facts, came.gain(at)) for at in range(max(last - 5, 0), last))
    return Finding(
        "sound", f"{name} received a gradient of size {came.came(last):.4g}",
        f"It came over {len(came)} nodes from the root (root mean square of the elements).", "",
        (*links[::-1], facts.at_step(f"{name} receives it", step)), Severity.NOTE,
    )  # fmt: skip


def piled(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    """Several passes are in the sum."""
    if not changes or len(changes[-1].passes) < 2:
        return None
    passes, name = changes[-1].passes, facts.name(tensor)
    adding = [c for c in changes if c.kind is GradChange.ACCUMULATE and c.pass_ in passes]
    moved = updated_between(facts, tensor, adding[0].event, adding[-1].event) if adding else -1
    chain = [
        facts.at_step(f"pass {c.pass_ + 1} adds to {name}.grad", c.step) for c in adding[-2:][::-1]
    ]
    if moved >= 0:
        chain.append(facts.at_op(f"{name} was updated between the two", moved))
        found = Finding(
            "not-zeroed",
            f"{name}.grad still held the gradient of the pass before",
            f"{name} was updated between the passes, but its .grad was not zeroed: {len(passes)} passes "
            "are in the sum.",
            "Call optimizer.zero_grad() (or set .grad to None) before each backward().",
            tuple(chain),
            Severity.ERROR,
            tensor,
        )
        return told(facts, found, "zero_grad")
    return Finding(
        "two-passes",
        f"{len(passes)} passes were added up in {name}.grad",
        f"backward() adds to .grad. Since {name}.grad was last None or zero, {len(passes)} passes have "
        "added to it.",
        f"If you want the gradient of the last pass alone, set {name}.grad = None before it.",
        tuple(chain),
        Severity.NOTE,
        tensor,
    )


def updated_between(facts: Facts, tensor: int, first: int, last: int) -> int:
    """Return the operation that moved a tensor between two events, or -1.

    Clamping or scaling a weight by itself (as a WGAN's critic is clipped) takes no gradient.
    """
    tape = facts.tape
    for value in facts.values_of(tensor):
        op = int(tape.values["op"][value])
        if op >= 0 and first < tape.values["event"][value] < last and not _by_itself(facts, op):
            return op
    return -1


def _by_itself(facts: Facts, op: int) -> bool:
    """Whether an operation in place is given nothing but what it writes."""
    return (
        facts.base(op) not in _GIVEN
        and len(facts.inputs(op)) < 2
        and "optimizer" not in facts.params(op)
    )


def _summed_out(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    """A sum over many elements is next to nothing: they cancel."""
    steps = [c.step for c in changes if c.kind is GradChange.ACCUMULATE]
    gain = way(facts, steps[-1]).cancelling() if steps else None
    if gain is None:
        return None
    name, node = facts.name(tensor), _node(facts, gain)
    op = facts.op_of(facts.node_at(gain.step))
    summed = op < 0 or "norm" not in facts.base(op)
    remedy = (
        f"Nothing is wrong; {name} may as well be left out (bias=False before a BatchNorm)."
        if summed
        else "Use the normalised elements differently, as by a layer of weights and a loss: a sum or mean of "
        "them is always the same."
    )
    return Finding(
        "cancelled", f"what {node} adds up for {name} cancels",
        f"Its elements are of size {gain.came:.3g}, {'their sums' if summed else 'what it sends'} of size "
        f"{gain.sent:.3g}: what follows does not depend on a shift, as behind a normalisation.",
        remedy,
        (_link(facts, gain),), Severity.NOTE, tensor,
    )  # fmt: skip


def grown(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    """The gradient grew or shrank by a large factor on its way."""
    steps = [c.step for c in changes if c.kind is GradChange.ACCUMULATE]
    if not steps or len(came := way(facts, steps[-1])) < LONG:
        return None
    begin = came.after_loss()
    first, last = came.came(begin), came.came(len(came) - 1)
    if not (first > 0 and last > 0 and np.isfinite([first, last]).all()):
        return None
    if last / first < 1 / FACTOR:
        cause, text = "vanishing", "shrinks"
    elif last / first > FACTOR:
        cause, text = "exploding", "grows"
    else:
        return None
    if came.cancelling() is not None:
        return None
    worst = came.strongest(3, cause == "vanishing", begin)
    if not worst:
        return None
    name = facts.name(tensor)
    steady = (last / first) ** (1 / max(len(came) - 1 - begin, 1))
    remedy = (
        "Use activations that do not saturate, residual connections, normalisation, or another scale at "
        "initialisation."
        if cause == "vanishing"
        else "Clip the gradient (clip_grad_norm_), scale the weights down at initialisation, or normalise."
    )
    return Finding(
        cause,
        f"the gradient {text} from {first:.2g} to {last:.2g} on its way to {name}",
        f"Over {len(came) - begin} nodes it {text} by {steady:.3g} per node on average; the strongest is "
        f"{_node(facts, worst[0])} with {worst[0].factor:.3g}.",
        remedy,
        tuple(_link(facts, g) for g in worst),
        Severity.WARNING,
        tensor,
    )


def _node(facts: Facts, gain: Gain) -> str:
    return facts.node_name(int(facts.tape.steps["node"][gain.step]))


def _link(facts: Facts, gain: Gain) -> Link:
    return facts.at_step(
        f"{_node(facts, gain)} makes {gain.sent:.3g} of {gain.came:.3g} (× {gain.factor:.3g})",
        gain.step,
    )


def _amount(sent: Array | None) -> str:
    """Return the number itself where there is one alone, else how large the numbers are."""
    if sent is not None and sent.size == 1:
        return f"{sent.item():.4g}"
    return f"a gradient of size {rms(sent):.4g}"


def _counted_twice(facts: Facts, changes: list[ledger.Change]) -> Finding | None:
    passes = [c.pass_ for c in changes if c.kind is GradChange.ACCUMULATE]
    return counted_twice(facts, passes[-1]) if passes else None


def _paths(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding | None:
    steps = [c.step for c in changes if c.kind is GradChange.ACCUMULATE]
    came = way(facts, steps[-1]).steps[::-1] if steps else []
    step = next((s for s in came if len(facts.arrivals(s)) > 1), -1)
    if step < 0:
        return None
    rows, name = facts.arrivals(step), facts.name(tensor)
    links = [
        facts.at_step(
            f"{facts.node_name(int(facts.tape.steps['node'][s]))} brings {_amount(facts.sent(row))}",
            s,
        )
        for row in rows[-6:]
        for s in [int(facts.tape.contributions["step"][row])]
    ]
    own = step == steps[-1]
    node = facts.node_name(facts.node_at(step))
    return Finding(
        "shared",
        f"{len(rows)} paths of one pass were added up {f'in {name}.grad' if own else f'on the way to {name}.grad'}",
        f"{name} is used in {len(rows)} places; the gradient is the sum of what comes from each." if own
        else f"What {node} belongs to is used in {len(rows)} places; it hands on the sum of what comes from each.",
        "", tuple(links), Severity.NOTE, tensor,
    )  # fmt: skip


def _sound(facts: Facts, tensor: int, changes: list[ledger.Change]) -> Finding:
    name = facts.name(tensor)
    links = tuple(facts.at_event(f"{name}.grad changes", c.event) for c in changes[-1:])
    return Finding(
        "sound", f"{name}.grad is what one pass brought, on one path",
        "It is neither None, nor zero, nor NaN, and nothing was added to it twice.", "",
        links, Severity.NOTE, tensor,
    )  # fmt: skip
