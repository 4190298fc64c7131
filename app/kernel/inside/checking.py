"""Check the backward of a person's own Functions: here is the code that a tape cannot run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple
from typing import Any

from app.kernel.inside.trial import in_child
from engine.tape.tape import Tape

Functions = dict[str, Callable[[list[Any], dict[str, Any]], Any]]

#: Seconds that it may take.
LIMIT = 60.0


def checked(tape: Tape, steps: Sequence[int] | None, limit: float = LIMIT) -> dict[str, Any]:
    """Measure what steps at Functions (None: all that there are) sent, in a child of this process.

    {"status": "ok", "checks": outcomes as lists (see `numeric.Check`)}, or as `in_child` says it.
    """

    def work() -> dict[str, Any]:
        from engine.tape.diagnose import numeric  # in the child alone: a kernel starts without it

        known = functions()
        wanted = steps_of(tape, known) if steps is None else steps
        return {"status": "ok", "checks": [astuple(c) for c in numeric.check(tape, wanted, known)]}

    return in_child(work, limit)


def steps_of(tape: Tape, names: Functions) -> list[int]:
    """Return the steps at nodes that Functions of these names made."""
    ops = tape.nodes["op"][tape.steps["node"]]
    return [
        step
        for step, op in enumerate(ops.tolist())
        if op >= 0 and tape.text(int(tape.ops["name"][op])) in names
    ]


def functions() -> Functions:
    """Return the Functions that the program has defined, by name; of several the latest."""
    from engine.autograd.function import Function

    return {
        one.__name__: _applied(one)
        for one in _below(Function)
        if not one.__module__.startswith(("engine", "torch"))
    }


def _below(kind: type) -> Iterator[Any]:
    one: Any
    for one in kind.__subclasses__():
        yield one
        yield from _below(one)


def _applied(function: Any) -> Callable[[list[Any], dict[str, Any]], Any]:
    def run(tensors: list[Any], others: dict[str, Any]) -> Any:
        places = {int(name): one for name, one in others.items() if name.isdigit()}
        named = {name: one for name, one in others.items() if not name.isdigit()}
        waiting = iter(tensors)
        count = len(tensors) + len(places)
        given = [places[i] if i in places else next(waiting) for i in range(count)]
        return function.apply(*given, **named)

    return run
