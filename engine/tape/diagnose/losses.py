"""Mistakes in how a loss is put together that raise no error: shapes that broadcast, a softmax too many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Finding, Severity

_DIFFERENCES = ("sub", "rsub", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
_OF_DIFFERENCES = ("pow", "square", "abs")
_ELEMENTWISE = ("binary_cross_entropy", "binary_cross_entropy_with_logits", "nll_loss")
_REDUCING = ("sum", "mean", "mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")
_ABOVE = 1e-5  # what rounding may add to the logarithm of 1
#: What a loss already applies itself → the operation that was applied before.
_TWICE = {
    "log_softmax": ("softmax", "log_softmax"),
    "binary_cross_entropy_with_logits": ("sigmoid",),
}


def mistaken_losses(facts: Facts, cancelled: Callable[[], bool]) -> list[Finding]:
    """Return suspicious broadcasting, doubled softmaxes and what is no logarithm."""
    found = list[Finding]()
    for op in facts.tracked(cancelled):
        base = facts.base(op)
        if base in _DIFFERENCES or (base == "mul" and _weighs_losses(facts, op)):
            found += _broadcast(facts, op)
        if base == "mul":
            found += _weighed_by_pairs(facts, op)
        elif base in _TWICE:
            found += _twice(facts, op, _TWICE[base])
        elif base in ("nll_loss", "gather", "index"):
            found += _over_examples(facts, op)
        taken = _log_probabilities(facts, op)
        if taken >= 0:
            found += _no_logarithms(facts, op, taken)
    return found


def _broadcast(facts: Facts, op: int) -> list[Finding]:
    """(N,) with (N, 1) gives (N, N): every pair instead of every element."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    if len(inputs) < 2:
        return []
    inputs = [_unexpanded(facts, v) for v in inputs[:2]]
    a, b = (facts.shape(v) for v in inputs)
    for flat, column in ((a, b), (b, a)):
        if len(flat) == 1 and column == (flat[0], 1) and flat[0] > 1 and _reduced(facts, op):
            if _source(facts, inputs[0]) == _source(facts, inputs[1]):
                return []  # x[:, None] - x: all pairs of one thing are meant
            n, names = flat[0], [facts.label(v) for v in inputs[:2]]
            return [
                Finding(
                    "broadcast",
                    f"{list(a)} and {list(b)} broadcast to [{n}, {n}]",
                    f"{facts.called(op)} of {names[0]} and {names[1]} compares each of the {n} elements with "
                    f"every other one, {n * n} in all, and the loss averages over these.",
                    f"Make the shapes equal: {names[1] if b == column else names[0]}.squeeze(-1), or "
                    "the other one .unsqueeze(-1).",
                    (facts.at_op(f"{list(a)} and {list(b)} become [{n}, {n}]", op),),
                    Severity.WARNING,
                )
            ]
    wide = next((v for v, other in (inputs, inputs[::-1]) if _is_square(facts, v, other)), -1)
    return [] if wide < 0 else _broadcast_before(facts, wide)


def _weighs_losses(facts: Facts, op: int) -> bool:
    """Whether a factor of a product is a loss of each example."""
    for value in facts.inputs(op):
        made = facts.made_by(value) if value >= 0 else -1
        if made >= 0 and facts.base(made) in ("mean", "sum"):  # over what belongs to an example
            made = facts.made_by(facts.inputs(made)[0])
        if made >= 0 and facts.base(made) in _OF_DIFFERENCES:
            made = facts.made_by(facts.inputs(made)[0])
        if made >= 0 and facts.base(made) in (*_DIFFERENCES, *_ELEMENTWISE):
            return True
    return False


def _source(facts: Facts, value: int) -> int:
    """Return the value of which another is only a view."""
    return facts.unviewed(value)


def _is_square(facts: Facts, value: int, other: int) -> bool:
    """Whether a value is (N, N) beside (N, 1)."""
    shape, column = facts.shape(value), facts.shape(other)
    return len(shape) == 2 and shape[0] == shape[1] > 1 and column == (shape[0], 1)


def _weighed_by_pairs(facts: Facts, op: int) -> list[Finding]:
    """(N,) times an (N, N) without a graph, in which (N,) met (N, 1) of something else."""
    inputs = [v for v in facts.inputs(op) if v >= 0]
    for one, other in (inputs, inputs[::-1]) if len(inputs) == 2 else ():
        n = facts.shape(one)[0] if len(facts.shape(one)) == 1 else 0
        if (
            n > 1
            and facts.shape(other) == (n, n)
            and facts.requires_grad(one)
            and not facts.requires_grad(other)
        ):
            return _broadcast_before(facts, other) if _reduced(facts, op) else []
    return []


def _broadcast_before(facts: Facts, value: int) -> list[Finding]:
    """Where (N,) met (N, 1) before a loss compares what came of it with (N, 1)."""
    for _ in range(4):
        op = facts.made_by(value)
        inputs = [v for v in facts.inputs(op) if v >= 0] if op >= 0 else []
        n, shapes = facts.shape(value)[0], [facts.shape(v) for v in inputs]
        if (n,) in shapes and (n, 1) in shapes:
            if _source(facts, inputs[0]) == _source(facts, inputs[1]):
                return []  # all pairs of one thing are meant
            names = [facts.label(v) for v in inputs]
            return [
                Finding(
                    "broadcast", f"{list(shapes[0])} and {list(shapes[1])} broadcast to [{n}, {n}]",
                    f"{facts.called(op)} of {names[0]} and {names[1]} joins each of the {n} elements with every "
                    "other one, and the loss compares all of these.",
                    f"Make the shapes equal: {names[shapes.index((n, 1))]}.squeeze(-1), or the other one "
                    ".unsqueeze(-1).",
                    (facts.at_op(f"{list(shapes[0])} and {list(shapes[1])} become [{n}, {n}]", op),),
                )
            ]  # fmt: skip
        same = [v for v in inputs if facts.shape(v) == (n, n)]
        if not same:
            break
        value = same[0]
    return []


def _unexpanded(facts: Facts, value: int) -> int:
    """Return what a loss expanded to the shape of its other operand."""
    op = int(facts.tape.values["op"][value])
    return facts.inputs(op)[0] if op >= 0 and facts.base(op) == "expand" else value


def _reduced(facts: Facts, op: int) -> bool:
    """Whether what follows within a few operations reduces all to one number."""
    if facts.base(op) in _REDUCING:
        return True
    waiting = [(out, 0) for out in facts.outputs(op)]
    while waiting:
        value, depth = waiting.pop()
        for user in facts.users(value) if depth < 4 else ():
            if facts.base(user) in _REDUCING and facts.shape(facts.outputs(user)[0]) == ():
                return True
            waiting += [(out, depth + 1) for out in facts.outputs(user)]
    return False


def _twice(facts: Facts, op: int, before: tuple[str, ...]) -> list[Finding]:
    values = [v for v in facts.inputs(op) if v >= 0][:1]
    for _ in range(3):  # through a reshape or two
        made = int(facts.tape.values["op"][values[0]]) if values else -1
        if made < 0:
            return []
        if facts.base(made) in before:
            loss = _loss_after(facts, op)
            if not loss:
                return []
            if facts.base(made) == "log_softmax" and _same_dimension(facts, made, op):
                return [_twice_in_vain(facts, made, op)]
            return [
                Finding(
                    "softmax-twice",
                    f"{facts.base(made)} before a loss that applies it itself",
                    f"The loss takes logits and applies {facts.base(op)}; it gets the result of "
                    f"{facts.base(made)}, so its gradients are much too small.",
                    f"Give the loss the logits: leave out {facts.base(made)} before it.",
                    (
                        facts.at_op(f"{facts.base(made)} is applied here", made),
                        facts.at_op("and again by the loss", op),
                    ),
                    Severity.WARNING,
                )
            ]
        if facts.base(made) not in ("view", "reshape", "squeeze", "unsqueeze", "flatten"):
            return []
        values = [v for v in facts.inputs(made) if v >= 0][:1]
    return []


def _same_dimension(facts: Facts, made: int, op: int) -> bool:
    one, other = (
        facts.params(which).get("dim", 0) % max(len(facts.shape(facts.inputs(which)[0])), 1)
        for which in (made, op)
    )
    return bool(one == other)


def _twice_in_vain(facts: Facts, made: int, op: int) -> Finding:
    return Finding(
        "softmax-twice", "log_softmax before a loss that applies it itself",
        "log_softmax of what log_softmax gave changes nothing: the loss and its gradients are right, and "
        "the first one is work in vain.",
        "Leave it out, or use nll_loss, which takes its result.",
        (
            facts.at_op("log_softmax is applied here", made),
            facts.at_op("and again by the loss", op),
        ), Severity.NOTE,
    )  # fmt: skip


def _over_examples(facts: Facts, op: int) -> list[Finding]:
    """A softmax along the examples, of which each example's own class is taken afterwards."""
    value = facts.inputs(op)[0]
    if value < 0 or len(facts.shape(value)) != 2 or not _takes_a_class_each(facts, op):
        return []
    made = int(facts.tape.values["op"][value])
    for _ in range(3):
        if made < 0 or facts.base(made) not in ("log", "add", "clamp", "clamp_min"):
            break
        made = int(facts.tape.values["op"][facts.inputs(made)[0]])
    if made < 0 or facts.base(made) not in ("softmax", "log_softmax"):
        return []
    if facts.params(made).get("dim") not in (0, -2):
        return []
    name, (rows, classes) = facts.base(made), facts.shape(value)
    return [
        Finding(
            "softmax-dimension", f"{name} over the {rows} examples instead of the {classes} classes",
            f"{facts.base(op)} takes one class of each example, along dimension 1; {name} compares along "
            "dimension 0, so the probabilities of an example do not add up to 1.",
            f"Take {name} along the classes: dim=1.",
            (
                facts.at_op(f"{name} compares along dimension 0 here", made),
                facts.at_op("a class of each example is taken here", op),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


def _log_probabilities(facts: Facts, op: int) -> int:
    """Return what nll_loss or kl_div takes as logarithms of probabilities, or -1."""
    base, inputs = facts.base(op), facts.inputs(op)
    if base in ("nll_loss", "nll_loss2d", "nll_loss_nd"):
        return inputs[0]
    # kl_div is xlogy(target, target) - target * input.
    made = [facts.made_by(v) for v in inputs] if base == "sub" and len(inputs) == 2 else [-1]
    if min(made) < 0 or [facts.base(one) for one in made] != ["xlogy", "mul"]:
        return -1
    (target, again), factors = facts.inputs(made[0]), facts.inputs(made[1])
    others = [v for v in factors if v != target]
    return others[0] if target == again and len(factors) == 2 and len(others) == 1 else -1


def _no_logarithms(facts: Facts, op: int, taken: int) -> list[Finding]:
    """A loss of log-probabilities that gets numbers above 0, which no logarithm of one is."""
    array, made = facts.array(taken), facts.made_by(taken)
    if array is None or not array.size or not (array > _ABOVE).any():
        return []
    name = "nll_loss" if "nll" in facts.base(op) else "kl_div"
    what = facts.label(taken)
    soft = made >= 0 and facts.base(made) == "softmax"
    gets = "probabilities" if soft else f"numbers up to {float(np.nanmax(array)):.3g}"
    return [
        Finding(
            "no-logarithm", f"{name} takes logarithms of probabilities, and gets {gets}",
            f"{what} is {gets}; the logarithm of a probability is never above 0. {name} applies none itself, so "
            "its value and its gradients mean nothing.",
            "Use log_softmax in place of softmax" if soft
            else f"Apply log_softmax before it{' (cross_entropy does both)' if 'nll' in name else ''}.",
            (
                facts.at_op(f"{name} takes {what} as logarithms", op),
                *([facts.at_op(f"{what} is made here", made)] if made >= 0 else []),
            ), Severity.WARNING,
        )
    ]  # fmt: skip


def _takes_a_class_each(facts: Facts, op: int) -> bool:
    """Whether an operation takes one column from each row of a matrix."""
    params, base = facts.params(op), facts.base(op)
    if base == "gather":
        picked = facts.shape(facts.outputs(op)[0])
        return params.get("dim") in (1, -1) and len(picked) == 2 and picked[1] == 1
    if base == "index":
        indices = params.get("indices")
        rows = indices[0] if isinstance(indices, list) and len(indices) == 2 else None
        count = facts.shape(facts.inputs(op)[0])[0]
        return isinstance(rows, dict) and rows.get("array") == list(range(count))
    return True


def _loss_after(facts: Facts, op: int) -> bool:
    if "loss" in facts.base(op) or "entropy" in facts.base(op):
        return True
    users = [user for out in facts.outputs(op) for user in facts.users(out)]
    return any("nll" in facts.base(user) for user in users)
