"""Portals: edges too far to follow with the eye become a badge at each of their ends.

A badge takes part in the layout as a small node of its own above or below the one it belongs to,
linked by a stub, so that nothing else can lie on it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ui.graph.layout.problem import Bools, Floats, Ints, Problem
from ui.graph.types import Kind, Role

HUB_FAN_OUT = 8  # a value with more users than this is a hub
FAR_RANKS = 64  # an edge across more ranks than this is far
_NEAR_RANKS = 8  # of a hub that is no leaf, edges so short are drawn
_BADGES = 4  # beside one node, of one kind; more become one that leads to several
_HEIGHT = 24.0
_NARROWEST, _WIDEST, _COUNT_WIDTH = 44.0, 132.0, 84.0
_NARROWER = 0.8  # a badge's letters are smaller than a card's


@dataclass(frozen=True, slots=True)
class Portals:
    """A problem whose n first nodes are the graph's, the others k badges.

    edge: (m',) the graph's edge number of each edge of the problem, -1 for the stub of a badge;
    node, far: (k,) at which node a badge stands, and where it leads, -1: to several;
    role: (k,) of the edges that it stands for, which are edges[starts[i]:starts[i + 1]].
    """

    problem: Problem
    edge: Ints
    node: Ints
    far: Ints
    role: Ints
    edges: Ints
    starts: Ints


def hub_edges(problem: Problem) -> Bools:
    """Return (m,) which edges of leaves and AccumulateGrads with many users are portals.

    The first use stays drawn: it is what the leaf stands beside.
    """
    hub, user = _ends(problem)
    return np.asarray(_fan_out(problem, hub, user) & _of_leaves(problem, hub, user))


def like_edges(problem: Problem, edges: Ints) -> Ints:
    """Return edges with all others of the leaves and AccumulateGrads that have several of them, but
    to their first users: what is used again and again is drawn in one way throughout."""
    hub, user = _ends(problem)
    key = _key(problem, hub)
    several = np.bincount(key[edges], minlength=1) > 1
    alike = np.isin(key, np.flatnonzero(several)) & _of_leaves(problem, hub, user)
    return np.union1d(edges, np.flatnonzero(alike))


def far_edges(problem: Problem, rank: Ints) -> Bools:
    """Return (m,) which edges run across too many ranks; rank: (n,) per node."""
    hub, user = _ends(problem)
    span = rank[user] - rank[hub]
    linking = problem.role != Role.TIE
    wide = _fan_out(problem, hub, user) & (span > _NEAR_RANKS)
    wide &= (problem.kind[hub] == Kind.OP) | (problem.kind[hub] == Kind.GRAD_FN)
    return np.asarray(linking & ((span > FAR_RANKS) | wide))


def with_badges(problem: Problem, portal: Bools) -> Portals:
    """Replace the edges in `portal` by badges."""
    n = len(problem.width)
    cut = np.flatnonzero(portal)
    hub, user = (ends[cut] for ends in _ends(problem))
    role = problem.role[cut]
    far = np.where(_crowded(n, hub, user, role), -1, hub)
    at_user = ((user * (n + 1) + far + 1) * len(Role) + role) * 2 + 1
    at_hub = (hub * (n + 1) * len(Role) + role) * 2
    rows, which = np.unique(np.concatenate([at_user, at_hub]), return_inverse=True)
    which = which.reshape(-1)
    rest, above = np.divmod(rows, 2)
    rest, roles = np.divmod(rest, len(Role))
    node, far = np.divmod(rest, n + 1)
    order = np.argsort(which, kind="stable")
    edges = np.tile(cut, 2)[order]
    starts = np.concatenate([[0], np.cumsum(np.bincount(which, minlength=len(rows)))])
    far = _only(far - 1, user, which[len(cut) :], len(rows))
    keep = np.flatnonzero(~portal)
    badge = n + np.arange(len(node))
    up = (above == 1) == (roles == Role.DATA)  # the stub runs from badge to node
    kinds = np.where(
        roles == Role.DATA,
        np.where(above == 1, Kind.LEAF, Kind.OP),
        np.where(above == 1, Kind.ACCUMULATE, Kind.GRAD_FN),
    )
    stub = len(badge)
    wide, high = _sizes(problem, far)
    grown = replace(
        problem,
        width=np.concatenate([problem.width, wide]),
        height=np.concatenate([problem.height, high]),
        kind=np.concatenate([problem.kind, kinds]),
        src=np.concatenate([problem.src[keep], np.where(up, badge, node)]),
        dst=np.concatenate([problem.dst[keep], np.where(up, node, badge)]),
        role=np.concatenate([problem.role[keep], roles]),
        parallel=np.concatenate([problem.parallel[keep], np.zeros(stub, np.int64)]),
        slot=np.concatenate([problem.slot[keep], problem.slot[edges[starts[:-1]]]]),
        root=np.concatenate([problem.root, np.zeros(stub, np.int64)]),
        weight=np.concatenate([problem.weight, np.ones(stub, np.int64)]),
        pin=np.concatenate([problem.pin, np.zeros(stub, np.int64)]),
        data_at=np.concatenate([problem.data_at, np.full(stub, np.nan)]),
        grad_at=np.concatenate([problem.grad_at, np.full(stub, np.nan)]),
        upper_at=np.concatenate([problem.upper_at[keep], np.full(stub, np.nan)]),
        lower_at=np.concatenate([problem.lower_at[keep], np.full(stub, np.nan)]),
    )
    edge = np.concatenate([keep, np.full(stub, -1)])
    return Portals(grown, edge, node, far, roles, edges, starts)


def _crowded(n: int, hub: Ints, user: Ints, role: Ints) -> Bools:
    """Return which portals lead to a user that has so many of them that they become one badge."""
    side = user * len(Role) + role
    sides = np.unique(side * n + hub) // max(n, 1)
    return np.asarray(np.bincount(sides, minlength=n * len(Role))[side] > _BADGES)


def _ends(problem: Problem) -> tuple[Ints, Ints]:
    """Return every edge's upper end, which may be a hub, and its lower."""
    grad = problem.role == Role.GRAD
    return np.where(grad, problem.dst, problem.src), np.where(grad, problem.src, problem.dst)


def _key(problem: Problem, hub: Ints) -> Ints:
    return hub * len(Role) + problem.role


def _fan_out(problem: Problem, hub: Ints, user: Ints) -> Bools:
    """Return (m,) whether an edge is one of many from its hub to different users."""
    n = len(problem.width)
    key = _key(problem, hub)
    many = np.flatnonzero(np.bincount(key, minlength=n * len(Role))[key] > HUB_FAN_OUT)
    pairs = np.unique(key[many] * n + user[many]) // max(n, 1)
    count = np.bincount(pairs, minlength=n * len(Role))
    return np.asarray((count[key] > HUB_FAN_OUT) & (problem.role != Role.TIE))


def _of_leaves(problem: Problem, hub: Ints, user: Ints) -> Bools:
    """Return (m,) which edges are of leaves and AccumulateGrads, but not to their first users."""
    kind = problem.kind[hub]
    leafy = (kind == Kind.LEAF) | (kind == Kind.ACCUMULATE)
    return np.asarray(leafy & (user != _first_users(problem, hub, user)[_key(problem, hub)]))


def _first_users(problem: Problem, hub: Ints, user: Ints) -> Ints:
    n = len(problem.width)
    first = np.full(n * len(Role), n)
    np.minimum.at(first, _key(problem, hub), user)
    return first


def _only(far: Ints, user: Ints, at_hub: Ints, k: int) -> Ints:
    """Fill in where the badges at hubs lead, where that is one place."""
    low, high = np.full(k, np.iinfo(np.int64).max), np.full(k, -1)
    np.minimum.at(low, at_hub, user)
    np.maximum.at(high, at_hub, user)
    return np.where((far < 0) & (low == high), low, far)


def _sizes(problem: Problem, far: Ints) -> tuple[Floats, Floats]:
    """Return width and height of each badge."""
    along = problem.height if problem.sideways else problem.width
    wide = np.clip(np.round(_NARROWER * along[far]), _NARROWEST, _WIDEST)
    wide, high = np.where(far < 0, _COUNT_WIDTH, wide), np.full(len(far), _HEIGHT)
    return (high, wide) if problem.sideways else (wide, high)
