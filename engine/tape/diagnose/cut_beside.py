"""What was computed from a tensor and cut off from it, beside a gradient that is not as expected."""

from __future__ import annotations

from engine.tape.diagnose.breaks import cut_at
from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.question import Question

_FOLLOWED = 2000  # values that a cut is looked for among


def cut_off(question: Question, ops: list[int]) -> Finding | None:
    """Say that a part of what a pass went through was computed from the tensor, and cut off from it."""
    broken = _cut(question.facts, question.tensor, set(ops))
    if broken < 0:
        return None
    name = question.facts.name(question.tensor)
    why = cut_at(question.facts, broken, name, question.tensor, ())
    return question.found(
        why.cause, f"{question.name} is other than you expect: {why.title}",
        f"{why.text} What comes to {name} another way is all that is in its gradient.",
        f"{why.remedy} If it is cut on purpose, take it as a constant in your formula.", *why.chain,
    )  # fmt: skip


def _cut(facts: Facts, tensor: int, ops: set[int]) -> int:
    """Return the operation that cuts a result of a tensor off before it goes into one of `ops`, or -1."""
    waiting = [(value, -1) for value in facts.values_of(tensor) if facts.requires_grad(value)]
    seen = {value for value, _ in waiting}
    for value, cut in waiting:
        if len(seen) > _FOLLOWED:
            break
        for op in facts.users(value):
            if cut >= 0 and op in ops:
                return cut
            for out in facts.outputs(op):
                lost = cut if cut >= 0 else -1 if facts.requires_grad(out) else op
                if out not in seen and facts.floating(out):
                    seen.add(out)
                    waiting.append((out, lost))
    return -1
