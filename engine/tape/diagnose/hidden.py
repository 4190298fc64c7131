"""Gradients of 0 that meet an infinite derivative: what made them 0, and whether that was to hide it."""

from __future__ import annotations

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity
from engine.tape.diagnose.nonfinite_causes import explain
from engine.tape.diagnose.trace import Trail, gradients

_MASKS = ("where", "masked_fill", "mul", "index", "masked_select", "select", "slice", "gather",
          "index_select", "index_put", "nan_to_num", "tril", "triu")  # fmt: skip
_FAR = 64  # steps up to which what made a gradient 0 is looked for
#: Functions whose own slope of 0 nobody means as a mask.
_SQUASHES = ("exp", "exp2", "pow", "sigmoid", "tanh", "softmax", "logsumexp", "erf", "prod")


def masked_from(facts: Facts, step: int) -> int:
    """Return the masking operation from which a step got its zeros, or -1.

    A product is one only where nothing before it chooses elements.
    """
    product = -1
    for _ in range(_FAR):
        rows = facts.arrivals(step)
        if not rows:
            break
        step = facts.sender(rows[-1])
        op = facts.op_of(facts.node_at(step))
        base = facts.base(op) if op >= 0 else ""
        if base in _MASKS and base != "mul":
            return op
        product = op if base == "mul" and product < 0 else product
    return product


def times_zero(facts: Facts, tensor: int, step: int, op: int, value: int, trail: Trail) -> Finding:
    """Say what made the gradient 0 that came to an operation whose derivative is infinite there.

    value: of the operation's inputs the one to look at.
    """
    mask, squash = masked_from(facts, step), _squashed(facts, step)
    if squash >= 0 and (mask < 0 or facts.base(mask) == "mul"):
        return _unmasked(facts, tensor, step, op, value, squash, trail)
    name = facts.called(op)
    links = [facts.at_step(f"the derivative of {name} is infinite here, and it receives 0", step)]
    by = "a mask"
    if mask >= 0:
        by = facts.called(mask)
        links.append(facts.at_op(f"{by} leaves the element out, so its gradient is 0", mask))
    return Finding(
        "masked-nan",
        f"0 · ∞ = NaN: {by} hides what {name} cannot be differentiated at",
        f"{by} does not take this element, so {name} receives the gradient 0. Its derivative there is "
        "infinite, and 0 times infinity is NaN: masking the result does not mask the derivative.",
        f"Mask the input of {name} as well (the double where): "
        f"safe = torch.where(mask, x, 1); torch.where(mask, {name}(safe), 0).",
        (*links, *trail.links()),
        Severity.ERROR,
        tensor,
    )  # fmt: skip


def _squashed(facts: Facts, step: int) -> int:
    """Return the operation by whose computed slope or factor of 0 a step received zeros, or -1."""
    for _ in range(_FAR):
        rows = facts.arrivals(step)
        if not rows:
            return -1
        sender = facts.sender(rows[-1])
        sent, came = facts.sent(rows[-1]), next(iter(gradients(facts, sender)), None)
        if sent is None or came is None:
            return -1
        same = sent.shape == came.shape
        made = (
            ((sent == 0) & (came != 0)).any() if same else (sent == 0).any() and (came != 0).all()
        )
        if made:
            return _by_itself(facts, sender)
        step = sender
    return -1


def _by_itself(facts: Facts, step: int) -> int:
    """Return a step's operation if it computed the 0: a squashing function, or a product with a result."""
    op = facts.op_of(facts.node_at(step))
    base = facts.base(op) if op >= 0 else ""
    computed = [v for v in facts.inputs(op) if v >= 0 and facts.requires_grad(v)] if op >= 0 else []
    return op if base in _SQUASHES or (base == "mul" and len(computed) > 1) else -1


def _unmasked(
    facts: Facts, tensor: int, step: int, op: int, value: int, by: int, trail: Trail
) -> Finding:
    """No mask hides the element: the program computes both the 0 and the infinity."""
    cause, title, text, remedy = explain(facts, op, value, backward=True)
    name, other = facts.called(op), facts.called(by)
    zero = "multiplies it by 0" if facts.base(by) == "mul" else "has the slope 0 there"
    links = (
        facts.at_step(f"the derivative of {name} is infinite here, and it receives 0", step),
        facts.at_op(f"{other} {zero}, so the gradient is 0", by),
    )
    return Finding(
        cause, title, f"{text} {other} {zero}: the gradient that comes back is 0, and 0 · ∞ is NaN.", remedy,
        (*links, *trail.links()), Severity.ERROR, tensor,
    )  # fmt: skip
