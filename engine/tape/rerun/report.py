"""What comes of running a tape again: the new tape, and what could not be run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.tape.tape import Source, Tape


class RerunError(ValueError):
    """A tape cannot be run again with these leaves; the message says why and what to do."""


class Kept(NamedTuple):
    """A recorded result that was kept although what it depends on has changed.

    what: the operation, hook or line in words; why: one sentence; event: of the tape; op: its row of
    ops, or -1; source: the person's line, if it is known.
    """

    what: str
    why: str
    event: int
    op: int
    source: Source | None

    def __str__(self) -> str:
        place = "" if self.source is None else f" (line {self.source.line})"
        return f"{self.what}{place}: {self.why}"


@dataclass(frozen=True, slots=True)
class Evaluation:
    """A tape that was run again.

    tape: as the old one, with other arrays. values: a bool per row of `values`, whether its content
    differs; contributions: a bool per row of `contributions`. kept: what could not be run again.
    """

    tape: Tape
    values: NDArray[np.bool_]
    contributions: NDArray[np.bool_]
    kept: tuple[Kept, ...]
