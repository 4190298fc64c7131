"""The short texts beside nodes: what a step adds to a leaf, and what its .grad holds then."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.tape.errors import TapeError
from engine.tape.replay import Moment, grad_at
from engine.tape.schema import GradChange, PassFlag
from engine.tape.tape import Tape
from engine.tape.uniform import norm
from ui.graph.labels import number


def step_badges(
    tape: Tape, moment: Moment, active: int, leaves: Mapping[int, Sequence[int]]
) -> dict[int, str]:
    """Say what the step of a moment adds, beside node `active`, and beside the leaf what it holds.

    leaves: where each tensor's leaves are in the layout.
    """
    captured = bool(tape.passes["flags"][moment.pass_] & PassFlag.GRAD)
    badges: dict[int, str] = {}
    for row in tape.contributions[moment.contributions]:
        tensor, index = int(row["tensor"]), int(row["array"])
        if tensor < 0 or index < 0:
            continue
        try:
            delta = tape.array(index)
            held = None if captured else grad_at(tape, tensor, moment.playhead)
        except TapeError:
            continue  # the inspector says what is wrong with it
        if active >= 0:
            badges[active] = holds(delta) if captured else plus(delta)
        if held is not None:
            badges |= dict.fromkeys(leaves.get(tensor, ()), holds(held))
    return badges


def grad_badge(tape: Tape, moment: Moment, leaf: int) -> dict[int, str]:
    """Say what a leaf's .grad holds after it was assigned, cleared or written in place."""
    row = tape.grads[moment.active_ref]
    if row["kind"] == GradChange.CLEAR:
        return {leaf: "grad None"}
    try:
        held = grad_at(tape, int(row["tensor"]), moment.playhead)
    except TapeError:
        return {}
    return {} if held is None else {leaf: holds(held)}


def plus(delta: NDArray[Any]) -> str:
    """Write what is added: "+ 0.31", "− 0.31" for one element, "+ ‖Δ‖ 0.31" for more."""
    if delta.size != 1 or np.iscomplexobj(delta):
        return f"+ ‖Δ‖ {_norm(delta)}"
    x = float(delta.reshape(-1)[0])
    return f"− {number(-x)}" if x < 0 else f"+ {number(x)}"


def holds(grad: NDArray[Any]) -> str:
    """Write what .grad holds: "grad 0.62", or its norm, "‖grad‖ 0.62"."""
    if grad.size == 1:
        return f"grad {number(grad.reshape(-1)[0]).replace('-', '−')}"
    return f"‖grad‖ {_norm(grad)}"


def _norm(array: NDArray[Any]) -> str:
    return number(norm(array))
