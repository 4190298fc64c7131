"""Every gradient of a recording against finite differences, for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.tape.diagnose import numeric, words
from engine.tape.tape import Tape


def measure(recording: Path, own: Sequence[Sequence[Any]]) -> bool:
    """Print what is wrong, or that nothing is, and return whether nothing is.

    own: outcomes at the program's own Functions, which only its kernel can run again.
    """
    tape = Tape.open(recording)
    measured = {(one.step, one.slot): one for one in (numeric.Check(*one) for one in own)}
    checks = [measured.get((one.step, one.slot), one) for one in numeric.check(tape)]
    found = numeric.findings(tape, checks)
    print("\n\n".join(words.as_text(one, tape) for one in found) or numeric.sentence(checks))
    tape.close()
    return not found
