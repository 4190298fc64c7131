"""What remedies ask of a finding: its lines, and the names that the program gives."""

from __future__ import annotations

from collections.abc import Callable

from engine.tape.diagnose.facts import Facts
from engine.tape.diagnose.finding import Edit, Finding
from engine.tape.diagnose.remedies.program_line import ProgramLine, line_of, lines_with

Edits = tuple[Edit, ...]
Remedy = Callable[[Facts, Finding], Edits]
#: A line that makes an optimizer, behind its name.
OPTIMIZER = r"=.*\b(?:SGD|Adam\w*|RMSprop|Adagrad|Adadelta|LBFGS|NAdam|RAdam|Rprop)\("


def line_at(facts: Facts, found: Finding, link: int = 0) -> ProgramLine | None:
    """Return the line of a link of the chain, None where there is none."""
    known = -len(found.chain) <= link < len(found.chain)
    return line_of(facts, found.chain[link]) if known else None


def of_line(rewrite: Callable[[ProgramLine], Edit | Edits | None]) -> Remedy:
    """Return a remedy that changes the culprit's line alone."""

    def remedy(facts: Facts, found: Finding) -> Edits:
        line = line_at(facts, found)
        edit = None if line is None else rewrite(line)
        return (edit,) if isinstance(edit, Edit) else edit or ()

    return remedy


def known(facts: Facts, name: str) -> bool:
    """Whether the program gives a plain name."""
    return name.isidentifier() and next(lines_with(facts, rf"^\s*{name}\b.*="), None) is not None
