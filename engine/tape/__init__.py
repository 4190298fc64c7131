"""The recording of a run: recorder, tape, replay and the `.tape` file; numpy and stdlib only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from engine.tape.rerun import Evaluation
    from engine.tape.tape import Tape


def evaluate(tape: Tape, edits: Mapping[str, Any] | Mapping[int, Any] | None = None) -> Evaluation:
    """Return what a tape would hold with other leaves; see `engine.tape.rerun`."""
    from engine.tape import rerun  # it brings all of the engine along, which a reader does without

    return rerun.evaluate(tape, edits)
