"""A gradient that is the negative of what is expected: what should grow, or what should become smaller."""

from __future__ import annotations

from engine.tape.diagnose.finding import Finding
from engine.tape.diagnose.question import Question


def of_negative(question: Question, title: str, pass_: int) -> Finding:
    """Say that a formula is the gradient of minus what a pass begins at."""
    facts = question.facts
    roots = facts.roots(pass_)
    root = facts.label(roots[0]) if len(roots) == 1 else "what the pass begins at"
    made = facts.made_by(roots[0]) if roots else -1
    links = (facts.at_op(f"{root} is made here", made),) if made >= 0 else ()
    begun = facts.at_event("the pass begins", int(facts.tape.passes["event"][pass_]))
    return question.found(
        "factor", title,
        f"No operation on the way brings the sign: your formula is the gradient of minus {root}. An optimizer makes "
        f"{root} smaller; what should grow needs a minus before it.",
        f"If your formula is meant, put a minus before {root}; else leave out the minus of the formula.",
        *links, begun,
    )  # fmt: skip
