"""Join mirrored pairs to units, so that an operation and its grad_fn share rank and place."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ui.graph.layout.problem import Bools, Problem
from ui.graph.types import Kind, Role

DATA_LINE, GRAD_LINE = 1, 2

Links = dict[tuple[int, int], int]  # (upper unit, lower unit) -> DATA_LINE | GRAD_LINE


@dataclass(frozen=True, slots=True)
class Units:
    """op[u] and grad[u] are node numbers or -1: a unit stands right-hand op, left-hand grad_fn.

    of[node] is the node's unit; split[u]: data lines and gradient lines attach at places of their
    own, at a mirrored pair or at a group, which is the unit's op, where there are gradients.
    """

    op: list[int]
    grad: list[int]
    of: list[int]
    split: list[bool]


def pair_up(problem: Problem, single: frozenset[int] = frozenset()) -> Units:
    """Make units of tied nodes; nodes in `single` stay alone."""
    n = len(problem.width)
    partner = [-1] * n
    left = _left(problem)
    ties = problem.role == Role.TIE
    for u, v in zip(problem.src[ties].tolist(), problem.dst[ties].tolist(), strict=True):
        if u in single or v in single:
            continue
        if partner[u] < 0 and partner[v] < 0 and left[u] != left[v]:
            partner[u], partner[v] = v, u
    for leaf, accumulate in _towers(problem, partner):
        if leaf not in single and accumulate not in single:
            partner[leaf], partner[accumulate] = accumulate, leaf
    return number_units(problem, partner)


def _left(problem: Problem) -> list[bool]:
    left: list[bool] = _is_left(problem).tolist()
    return left


def _is_left(problem: Problem) -> Bools:
    return np.asarray((problem.kind == Kind.GRAD_FN) | (problem.kind == Kind.ACCUMULATE))


def number_units(problem: Problem, partner: list[int]) -> Units:
    """Return the units of nodes of which each knows the other in its unit, or -1."""
    node, other = np.arange(len(partner)), np.array(partner, np.int64)
    first = np.where(other >= 0, np.minimum(node, other), node)
    opens = first == node
    of = (np.cumsum(opens) - 1)[first]
    node, other, left = node[opens], other[opens], _is_left(problem)[opens]
    op, grad = np.where(left, other, node), np.where(left, node, other)
    split = (op >= 0) & (grad >= 0)
    if (problem.role == Role.GRAD).any():  # else a group's lines are as an op's
        split[of[problem.kind == Kind.GROUP]] = True
    return Units(op.tolist(), grad.tolist(), of.tolist(), split.tolist())


def _towers(problem: Problem, partner: list[int]) -> list[tuple[int, int]]:
    """Find leaves whose one user has no other input, with the AccumulateGrad that mirrors them.

    `fc.weight -> t` and `TBackward0 -> AccumulateGrad` then stand as one straight tower.
    """
    n = len(partner)
    data, grad = problem.role == Role.DATA, problem.role == Role.GRAD
    leaf, op = problem.src[data], problem.dst[data]
    users, inputs = np.bincount(leaf, minlength=n), np.bincount(op, minlength=n)
    back, end = problem.src[grad], problem.dst[grad]
    sources, targets = np.bincount(end, minlength=n), np.bincount(back, minlength=n)
    alone = (users[leaf] == 1) & (inputs[op] == 1) & (problem.kind[leaf] == Kind.LEAF)
    mirrored = (sources[end] == 1) & (targets[back] == 1) & (problem.kind[end] == Kind.ACCUMULATE)
    accumulate_of = dict(zip(back[mirrored].tolist(), end[mirrored].tolist(), strict=True))
    pairs = []
    for top, user in zip(leaf[alone].tolist(), op[alone].tolist(), strict=True):
        accumulate = accumulate_of.get(partner[user], -1)
        if accumulate >= 0 and partner[top] < 0 and partner[accumulate] < 0:
            pairs.append((top, accumulate))
    return pairs


def find_links(problem: Problem, units: Units) -> Links:
    """Return (upper unit, lower unit) -> which lines run between them: DATA_LINE | GRAD_LINE.

    They come in the order of slots, which is the order of inputs that ranks start from.
    """
    of = np.array(units.of, np.int64)
    grad = problem.role == Role.GRAD
    upper = of[np.where(grad, problem.dst, problem.src)]
    lower = of[np.where(grad, problem.src, problem.dst)]
    real = (problem.role != Role.TIE) & (upper != lower)
    key = upper[real] * len(units.op) + lower[real]
    line = np.where(grad[real], GRAD_LINE, DATA_LINE)
    keys, first, which = np.unique(key, return_index=True, return_inverse=True)
    lines = np.zeros(len(keys), np.int64)
    np.bitwise_or.at(lines, which, line)
    order = np.lexsort((first, problem.slot[real][first]))
    ends = np.divmod(keys[order], max(len(units.op), 1))
    return dict(zip(zip(*(e.tolist() for e in ends), strict=True), lines[order].tolist(),
                    strict=True))  # fmt: skip
