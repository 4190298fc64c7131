"""Join mirrored pairs to units, so that an operation and its grad_fn share rank and place."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ui.graph.layout.problem import Problem
from ui.graph.types import Kind, Role

DATA_LINE, GRAD_LINE = 1, 2


@dataclass(frozen=True, slots=True)
class Units:
    """op[u] and grad[u] are node numbers or -1: a unit stands right-hand op, left-hand grad_fn.

    of[node] is the node's unit. tied[u]: a tie runs inside the unit.
    """

    op: list[int]
    grad: list[int]
    of: list[int]
    tied: list[bool]


def pair_up(problem: Problem, single: frozenset[int] = frozenset()) -> Units:
    """Make units of tied nodes; nodes in `single` stay alone."""
    n = len(problem.width)
    partner = [-1] * n
    left = [kind in (Kind.GRAD_FN, Kind.ACCUMULATE) for kind in problem.kind.tolist()]
    ties = 0
    for u, v, role in zip(
        problem.src.tolist(), problem.dst.tolist(), problem.role.tolist(), strict=True
    ):
        if role != Role.TIE or u == v or u in single or v in single:
            continue
        ties += 1
        if partner[u] < 0 and partner[v] < 0 and left[u] != left[v]:
            partner[u], partner[v] = v, u
    tied = [p >= 0 for p in partner]
    for leaf, accumulate in _towers(problem, partner):
        if leaf not in single and accumulate not in single:
            partner[leaf], partner[accumulate] = accumulate, leaf
    return _number(partner, left, tied)


def _number(partner: list[int], left: list[bool], tied: list[bool]) -> Units:
    op: list[int] = []
    grad: list[int] = []
    has_tie: list[bool] = []
    of = [-1] * len(partner)
    for node, other in enumerate(partner):
        if of[node] >= 0:
            continue
        of[node] = len(op)
        if other >= 0:
            of[other] = len(op)
        right_node, left_node = (other, node) if left[node] else (node, other)
        op.append(right_node)
        grad.append(left_node)
        has_tie.append(tied[node])
    return Units(op, grad, of, has_tie)


def _towers(problem: Problem, partner: list[int]) -> list[tuple[int, int]]:
    """Find leaves whose one user has no other input, with the AccumulateGrad that mirrors them.

    `fc.weight -> t` and `TBackward0 -> AccumulateGrad` then stand as one straight tower.
    """
    users: Counter[int] = Counter()
    inputs: Counter[int] = Counter()
    sources: Counter[int] = Counter()
    targets: Counter[int] = Counter()
    leaf_of: dict[int, int] = {}
    accumulate_of: dict[int, int] = {}
    kind = problem.kind.tolist()
    for u, v, role in zip(
        problem.src.tolist(), problem.dst.tolist(), problem.role.tolist(), strict=True
    ):
        if role == Role.DATA:
            users[u] += 1
            inputs[v] += 1
            if kind[u] == Kind.LEAF:
                leaf_of[v] = u
        elif role == Role.GRAD:
            targets[u] += 1
            sources[v] += 1
            if kind[v] == Kind.ACCUMULATE:
                accumulate_of[u] = v
    pairs = []
    for op, leaf in leaf_of.items():
        grad = partner[op]
        accumulate = accumulate_of.get(grad, -1)
        if grad < 0 or accumulate < 0 or partner[leaf] >= 0 or partner[accumulate] >= 0:
            continue
        if users[leaf] == inputs[op] == sources[accumulate] == targets[grad] == 1:
            pairs.append((leaf, accumulate))
    return pairs


def find_links(problem: Problem, units: Units) -> dict[tuple[int, int], int]:
    """Return (upper unit, lower unit) -> which lines run between them: DATA_LINE | GRAD_LINE."""
    links: dict[tuple[int, int], int] = {}
    of = units.of
    for u, v, role in zip(
        problem.src.tolist(), problem.dst.tolist(), problem.role.tolist(), strict=True
    ):
        a, b = of[u], of[v]
        if a == b or role == Role.TIE:
            continue
        if role == Role.DATA:
            links[a, b] = links.get((a, b), 0) | DATA_LINE
        else:
            links[b, a] = links.get((b, a), 0) | GRAD_LINE
    return links
