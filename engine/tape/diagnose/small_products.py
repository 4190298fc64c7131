"""Products of many numbers that round to 0."""

from __future__ import annotations

from engine.tape.diagnose.facts import Facts


def small_product(facts: Facts, op: int, value: int) -> tuple[str, str, str, str] | None:
    """A product of many numbers, none of which is 0, that rounds to 0."""
    x, made = facts.array(value), [facts.array(out) for out in facts.outputs(op)]
    if facts.base(op) != "prod" or x is None or not x.all() or made[0] is None or made[0].any():
        return None
    count, what = x.size // max(made[0].size, 1), facts.label(value)
    return (
        "underflow", f"a product of {count:,} numbers is too small for {x.dtype}",
        f"No element of {what} is 0, but their product is smaller than {x.dtype} can hold: it rounds to 0, and so do "
        "its derivatives.",
        "Add up logarithms instead: log(x).sum() for log(x.prod()), or log_softmax where these are probabilities.",
    )  # fmt: skip
