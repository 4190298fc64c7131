"""The backward pass on bare arrays, when nobody asked to see or change anything on the way.

Each node holds what it has received in its slot `g` and hands on with `step`. Nodes step newest
first. Leaves are served after the last step: without hooks nobody can tell that from PyTorch's way,
which serves a leaf as soon as nothing more can arrive; after an error only such leaves are served.
"""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from engine.autograd.node import AccumulateGrad, Node

_by_seq = attrgetter("seq")

#: Whether a sweep is under way; a pass inside it must not use the nodes' slots.
running: bool = False


def plan(roots: Iterable[Any]) -> list[Any]:
    """Everything reachable from the roots in the order of execution.

    A leaf takes the place directly after the oldest node that leads to it.
    """
    seen = set(roots)
    stack = list(seen)
    order = list(stack)
    for n in stack:
        if type(n) is AccumulateGrad:
            n.seq = float("inf")
    while stack:
        n = stack.pop()
        for e in n.edges:
            if e is None:
                continue
            if e not in seen:
                seen.add(e)
                order.append(e)
                if type(e) is AccumulateGrad:
                    e.seq = n.seq - 0.25
                else:
                    stack.append(e)
            elif type(e) is AccumulateGrad and n.seq - 0.25 < e.seq:
                e.seq = n.seq - 0.25
    order.sort(key=_by_seq, reverse=True)
    return order


def reach(roots: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The nodes in the order of their steps, and the leaves, all with empty slots."""
    order: list[Any] = []
    leaves: list[Any] = []
    seen: set[Any] = set()
    stack: list[Any] = []
    for e in roots:
        seen.add(e)
        e.g = None
        (leaves if type(e) is AccumulateGrad else stack).append(e)
    add, push, pop, leaf, put = seen.add, stack.append, stack.pop, leaves.append, order.append
    while stack:
        n = pop()
        put(n)
        for e in n.edges:
            if e is not None and e not in seen:
                add(e)
                e.g = None
                if type(e) is AccumulateGrad:
                    leaf(e)
                else:
                    push(e)
    order.sort(key=_by_seq, reverse=True)
    return order, leaves


def sweep(buffer: dict[Any, Any], retain: bool) -> None:
    """Run a pass; `buffer` maps the roots' edges to their gradients."""
    global running
    order, leaves = reach(buffer)
    for e, g in buffer.items():
        e.g = g
    running = True
    at = 0
    try:
        if retain:
            for n in order:
                g = n.g
                at += 1
                if g is not None:
                    n.g = None
                    n.step(g)
        else:
            for n in order:
                g = n.g
                at += 1
                if g is not None:
                    n.g = None
                    n.step_free(g)
    except BaseException:
        _give_up(order[at - 1 :], leaves)
        raise
    finally:
        running = False
    serve(leaves)


def serve(leaves: list[Any]) -> None:
    """Add to `.grad` what the leaves have received."""
    for leaf in leaves:
        g = leaf.g
        if g is not None:
            leaf.g = None
            leaf.step(g)


def _give_up(rest: list[Node], leaves: list[Any]) -> None:
    """After an error: serve the leaves that the remaining nodes do not lead to, empty all slots."""
    waiting = {e for n in rest for e in n.edges}
    done = [leaf for leaf in leaves if leaf not in waiting]
    for n in rest:
        n.g = None
    for leaf in leaves:
        if leaf in waiting:
            leaf.g = None
    serve(done)


def logged(order: list[Any], buffer: dict[Any, Any], retain: bool, log: Any) -> None:
    """The same while a recorder listens; `order` has the leaves where PyTorch serves them."""
    global running
    for n in order:
        n.g = None
    for e, g in buffer.items():
        e.g = g
    running = True
    try:
        for n in order:
            g = n.g
            if g is not None:
                n.g = None
                n.logged(g, log)
                if not retain:
                    n.release()
    except BaseException:
        for n in order:
            n.g = None
        raise
    finally:
        running = False
