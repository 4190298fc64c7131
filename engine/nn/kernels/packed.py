"""Recurrent layers over packed sequences: each time has a row for every sequence that goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import engine
from engine.tensor import Tensor


def _rows(state: Any, start: int, stop: int) -> Any:
    """Return some sequences of a state, which is one tensor (N, H) or two."""
    if isinstance(state, tuple):
        return tuple(part.narrow(0, start, stop - start) for part in state)
    return state.narrow(0, start, stop - start)


def _together(states: list[Any]) -> Any:
    if isinstance(states[0], tuple):
        return tuple(engine.cat(parts, 0) for parts in zip(*states, strict=True))
    return engine.cat(states, 0)


def output(state: Any) -> Tensor:
    return state[0] if isinstance(state, tuple) else state  # type: ignore[no-any-return]


def forwards(
    step: Callable[..., Any], gates: Tensor, state: Any, weights: tuple[Any, ...], sizes: list[int]
) -> tuple[Tensor, Any]:
    """Run over packed rows; where sequences end, their states are put aside."""
    outputs, ended, start, going = [], [], 0, sizes[0]
    for size in sizes:
        if size < going:
            ended.append(_rows(state, size, going))
            state = _rows(state, 0, size)
        state = step(gates.narrow(0, start, size), state, *weights)
        outputs.append(output(state))
        start, going = start + size, size
    return engine.cat(outputs, 0), _together([state, *reversed(ended)])


def backwards(
    step: Callable[..., Any], gates: Tensor, first: Any, weights: tuple[Any, ...], sizes: list[int]
) -> tuple[Tensor, Any]:
    """Run over packed rows from the last time to the first; sequences join where they end."""
    outputs, stop, going = [], sum(sizes), sizes[-1]
    state = _rows(first, 0, going)
    for size in reversed(sizes):
        if size > going:
            state = _together([state, _rows(first, going, size)])
        state = step(gates.narrow(0, stop - size, size), state, *weights)
        outputs.append(output(state))
        stop, going = stop - size, size
    return engine.cat(outputs[::-1], 0), state
