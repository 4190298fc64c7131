"""Running a tape again on the engine, with other leaves and without the person's code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.tape.rerun.machine import Machine
from engine.tape.rerun.operations import rows_by_name
from engine.tape.rerun.report import Evaluation, Kept, RerunError
from engine.tape.tape import Tape

#: Arrays by leaf: its name on the tape, or its tensor's id.
Edits = Mapping[str, Any] | Mapping[int, Any]

__all__ = ["Evaluation", "Kept", "RerunError", "evaluate", "warm_up"]


def evaluate(tape: Tape, edits: Edits | None = None) -> Evaluation:
    """Return what a tape would hold had its leaves begun with other values.

    edits: arrays by leaf, each named as on the tape ("w", "fc1.weight") or by its tensor's id; a
    leaf begins with the array where the tape first shows it, and takes its shape and element type.
    All ids are those of the old tape. What nothing edited leads to is equal bit for bit. What runs
    only in the person's code keeps its recorded result and is named in `Evaluation.kept`.
    Raises RerunError for an edit that cannot be, and for a tape that does not hold what it takes.
    """
    given: dict[str | int, Any] = dict((edits or {}).items())
    return Machine(tape, given).run()


def warm_up() -> None:
    """Load all operations, which the first evaluation would wait for."""
    rows_by_name()
