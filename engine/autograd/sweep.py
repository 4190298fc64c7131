"""The backward pass on bare arrays, when nobody asked to see or change anything on the way.

Each node holds in its slot `_got` what it has received. What has received something waits in a dict by
its number of creation, which the sweep counts down, so that the newest node steps first: all that
could still reach it is newer and has stepped before. Leaves have numbers below those of all nodes and
stay behind; they are served after the last step. Nobody can tell that from PyTorch's way, which serves a leaf as soon as
nothing more can arrive, before code of a person's runs: from there on the order is PyTorch's. After
an error only such leaves are served.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from operator import itemgetter
from pathlib import Path
from typing import Any

from engine.autograd.node import AccumulateGrad, Front, receive

#: Whether a sweep is under way; a pass inside it must not use the nodes' slots.
running: bool = False
_in_turn: bool = False  # whether it serves each leaf in its turn


class _Turn(Exception):
    """The step has not begun: leaves come first."""


def turn() -> None:
    """Called in a step before code of a person's runs: from here on leaves are served in turn."""
    if running and not _in_turn:
        raise _Turn


def plan(roots: Iterable[Any]) -> list[Any]:
    """Everything reachable from the roots in the order of execution.

    A leaf takes the place directly after the oldest node that leads to it.
    """
    found: dict[Any, float] = {}
    stack: list[Any] = []
    for n in roots:
        if type(n) is AccumulateGrad:
            found[n] = float("inf")
        elif n not in found:
            found[n] = n.seq
            stack.append(n)
    while stack:
        n = stack.pop()
        before = n.seq - 0.25
        for e in n.edges:
            if e is None:
                continue
            seq = found.get(e)
            if type(e) is AccumulateGrad:
                if seq is None or before < seq:
                    found[e] = before
            elif seq is None:
                found[e] = e.seq
                stack.append(e)
    return [n for n, _ in sorted(found.items(), key=itemgetter(1), reverse=True)]


def sweep(buffer: dict[Any, Any], retain: bool, log: Any = None) -> None:
    """Run a pass; `buffer` maps the roots' edges to their gradients, `log` takes the steps."""
    global running, _in_turn
    pending: dict[int, Any] = {}
    for e, g in buffer.items():
        receive(e, g, pending)
    buffer.clear()
    running = True
    try:
        if not _loop(retain, log is not None)(pending, log):
            _in_turn = True
            _each_in_turn(pending, retain, log)
    finally:
        running = _in_turn = False
    _serve(pending.values(), log)


@cache
def _loop(retain: bool, logged: bool) -> Callable[[Front, Any], bool]:
    """The loop over all but the leaves, written for one kind of step: each is so short that a call
    or a question more would be felt. It returns whether it came so far without code of a person's.

    A graph is mostly numbered without gaps. After more misses than there are numbers that wait, these
    are asked for the highest.
    """
    step = _kind(retain, logged) + ("(pending, log)" if logged else "(pending)")
    scope: dict[str, Any] = {"_Turn": _Turn, "_give_up": _give_up}
    exec(compile(_LOOP.replace("STEP", step), str(Path(__file__).parent / "loop"), "exec"), scope)
    return scope["run"]  # type: ignore[no-any-return]


def _kind(retain: bool, logged: bool) -> str:
    return ("logged" if logged else "step") + ("" if retain else "_free")


_LOOP = """
def run(pending, log):
    n = None
    pop = pending.pop
    try:
        while pending:
            highest = max(pending)
            if highest < 0:
                break
            misses = 0
            for seq in range(highest, 0, -1):
                n = pop(seq, None)
                if n is not None:
                    n.STEP
                elif (misses := misses + 1) > len(pending):
                    break
        return True
    except _Turn:
        pending[n.seq] = n
        return False
    except BaseException:
        _give_up(n, pending, log)
        raise
"""


def _each_in_turn(pending: Front, retain: bool, log: Any) -> None:
    """Run what is left of a pass in PyTorch's order, each leaf after all that leads to it."""
    n = None
    step = _kind(retain, log is not None)
    given = (pending,) if log is None else (pending, log)
    try:
        for n in plan(pending.values()):
            if n._got is None:
                continue
            del pending[n.seq]
            if type(n) is AccumulateGrad:
                _serve((n,), log)
            else:
                getattr(n, step)(*given)
    except BaseException:
        _give_up(n, pending, log)
        raise


def _serve(leaves: Iterable[Any], log: Any) -> None:
    """Add to `.grad` what the leaves have received."""
    for leaf in leaves:
        g = leaf._got
        leaf._got = None
        leaf.accumulate(g, log)


def _give_up(failed: Any, pending: Front, log: Any) -> None:
    """After an error: serve the leaves that the remaining nodes do not lead to, empty all slots."""
    waiting = [n for n in pending.values() if type(n) is not AccumulateGrad]
    ahead = set(plan(waiting if failed is None else [failed, *waiting]))
    done = [n for n in pending.values() if n not in ahead]
    for n in ahead:
        n._got = None
    _serve(done, log)
