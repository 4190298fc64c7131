"""What goes into a loss, or into a weighted sum, in a form that it cannot work with."""

from __future__ import annotations

from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity

_SHAPING = ("view", "reshape", "squeeze", "unsqueeze", "flatten", "t", "transpose", "permute")
_PASSING = (
    "dropout", "native_dropout", "to_copy", "contiguous", "clone", "expand", "view", "reshape", "unsafe_view",
)  # fmt: skip
#: What cuts scores off before a loss that takes any, and what is wrong with that.
_CLIPPING = {
    "relu": "makes all negative ones 0", "relu6": "keeps them between 0 and 6",
    "clamp_min": "makes all small ones equal", "threshold": "makes all small ones equal",
    "sigmoid": "keeps them between 0 and 1",
}  # fmt: skip
_MATMUL = ("mm", "bmm", "matmul")


def unfit_inputs(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return losses of clipped scores, log-likelihoods that are made small, and weights that do not add up."""
    found = list[Finding]()
    for op in facts.tracked(cancelled):
        base = facts.base(op)
        if base in ("log_softmax", "binary_cross_entropy_with_logits"):
            found += _clipped_scores(facts, op)
        elif base in _MATMUL:
            found += _uneven_weights(facts, op)
    return found + _ascended(facts)


def _clipped_scores(facts: Facts, op: int) -> list[Finding]:
    """A ReLU after the last layer: the scores of a classifier may be negative."""
    made = _through(facts, facts.inputs(op)[0], _SHAPING)
    soft = "log" not in facts.base(op) or "with_logits" in facts.base(op)
    if made >= 0 and facts.base(made) == "softmax" and soft:
        return [_of_probabilities(facts, op, made)]
    if made < 0 or facts.base(made) not in _CLIPPING or not _in_loss(facts, op):
        return []
    if facts.base(made) == "sigmoid" and soft:
        return []  # a sigmoid too many: told elsewhere
    name = facts.called(made)
    loss = "cross_entropy" if facts.base(op) == "log_softmax" else facts.called(op)
    return [
        Finding(
            "clipped-scores", f"{name} cuts the scores off that {loss} takes",
            f"{loss} works on scores of any size and sign; {name} {_CLIPPING[facts.base(made)]}, so a class cannot "
            "be ruled out, and little or no gradient comes to the scores that are cut off.",
            f"Leave out {name} after the last layer.",
            (
                facts.at_op(f"{name} is applied to the scores here", made),
                facts.at_op(f"{loss} takes them", op),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


def _of_probabilities(facts: Facts, op: int, made: int) -> Finding:
    """A softmax before a loss that applies a sigmoid to each score."""
    name = facts.called(op)
    return Finding(
        "softmax-twice", f"softmax before {name}, which applies a sigmoid itself",
        f"{name} takes scores of any size and makes a probability of each by a sigmoid; it gets probabilities, "
        "of which it makes numbers between 0.5 and 0.73.",
        "Leave out softmax; for classes that exclude each other use cross_entropy, which takes the scores.",
        (facts.at_op("softmax is applied here", made), facts.at_op(f"{name} takes them", op)),
        Severity.WARNING,
    )  # fmt: skip


def _in_loss(facts: Facts, op: int) -> bool:
    users = [user for out in facts.outputs(op) for user in facts.users(out)]
    return "entropy" in facts.base(op) or any("nll" in facts.base(user) for user in users)


def _through(facts: Facts, value: int, names: tuple[str, ...]) -> int:
    """Return the operation that made a value, looking through some that only rearrange; or -1."""
    made = facts.made_by(value) if value >= 0 else -1
    for _ in range(4):
        if made < 0 or facts.base(made) not in names:
            break
        made = facts.made_by(facts.inputs(made)[0])
    return made


def _uneven_weights(facts: Facts, op: int) -> list[Finding]:
    """A product sums over one dimension of a softmax that ran over another: no weighted mean."""
    value = facts.inputs(op)[0]
    made = _through(facts, value, _PASSING)
    if made < 0 or facts.shape(value)[-2:] != facts.shape(facts.outputs(made)[0])[-2:]:
        return []
    if facts.base(made) != "softmax":
        return []
    out = facts.outputs(made)[0]
    size = len(facts.shape(out))
    dim = facts.params(made).get("dim")
    if not isinstance(dim, int) or size < 3 or dim % size != size - 2:
        return []
    if _normalised(facts, out):
        return []
    name = facts.label(out) if facts.label(out).isidentifier() else "the softmax"
    return [
        Finding(
            "softmax-dimension", f"the weights of {name} do not add up to 1 where they are summed over",
            f"softmax compares along dimension {dim}, and {facts.called(op)} sums over the last one: the weights "
            "that each row is averaged with add up to anything.",
            "Take softmax along the dimension that is summed over: dim=-1.",
            (
                facts.at_op(f"softmax compares along dimension {dim} here", made),
                facts.at_op("the sum over the last dimension", op),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


def _normalised(facts: Facts, value: int) -> bool:
    """Whether something else is made of weights too, as their sums to divide by."""
    return len(facts.users(value)) > 1


def _ascended(facts: Facts) -> list[Finding]:
    """A mean of log-probabilities as the loss: steps make the likelihood smaller."""
    tape = facts.tape
    found = list[tuple[int, int]]()
    for pass_ in range(len(tape.passes)):
        roots = facts.roots(pass_)
        made = _picked(facts, roots[0]) if len(roots) == 1 else -1
        if made >= 0:
            found.append((pass_, made))
    if len(found) < 2 or len(found) < len(tape.passes) or not _steps_down(facts):
        return []
    pass_, made = found[0]
    return [
        Finding(
            "ascended", "the loss is a log-likelihood, and the steps make it smaller",
            "The loss is the mean of the logarithms of the probabilities of the right classes. Steps go down, so "
            "they make what is right less probable.",
            "Take the negative: loss = -loss, or use nll_loss or cross_entropy.",
            (
                facts.at_op("the logarithms are picked here", made),
                facts.at_event("the pass", int(tape.passes["event"][pass_])),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


def _picked(facts: Facts, root: int) -> int:
    """Return where log-probabilities are picked of which a root is the mean or sum, as they are; or -1."""
    made = facts.made_by(root)
    for _ in range(6):
        if made < 0:
            return -1
        base = facts.base(made)
        if base in ("gather", "index"):
            source = _through(facts, facts.inputs(made)[0], _SHAPING)
            if source >= 0 and facts.base(source) == "log":
                source = _through(facts, facts.inputs(source)[0], _SHAPING)
            soft = source >= 0 and facts.base(source) in ("log_softmax", "softmax")
            return made if soft else -1
        if base not in ("mean", "sum", *_SHAPING):
            return -1
        made = facts.made_by(facts.inputs(made)[0])
    return -1


def _steps_down(facts: Facts) -> bool:
    """Whether optimizers took steps, and none of them to make the loss larger."""
    steps = [
        params for op in range(len(facts.tape.ops)) if "optimizer" in (params := facts.params(op))
    ]
    return bool(steps) and not any(params.get("maximize") for params in steps)
