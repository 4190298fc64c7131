"""Every broken program is found out: the cause, the line and the node; healthy ones are not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.tape.diagnose import Finding, Severity, problems, why, why_value, words
from engine.tape.tape import Tape
from tests.cases.broken import Case, cases

Record = Callable[[str], Tape]
CASES = cases()


def answer(tape: Tape, ask: str) -> list[Finding]:
    """Return what Tapedeck answers to a case's question."""
    kind, _, target = ask.partition(" ")
    if kind == "problems":
        return problems(tape)
    if kind == "expect":
        return [words.answer(tape, *target.split(" = ", 1))]
    tensor, _, element = words.parse(tape, target)
    if kind == "value":
        found = why_value(tape, words.latest(tape, tensor))
        return [found] if found else []
    return [why(tape, tensor, element)]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_the_cause_is_found(case: Case, record_program: Record) -> None:
    tape = record_program(case.source)
    found = answer(tape, case.ask)
    mine = [one for one in found if one.cause == case.cause]
    assert mine, [(one.cause, one.title) for one in found]
    culprits = [one.culprit for one in mine]
    if case.lines:
        assert any(c.source is not None and c.source.line in case.lines for c in culprits), culprits
    if case.what:
        names = [
            {
                tape.text(int(tape.ops["name"][link.op])) if link.op >= 0 else "",
                tape.text(int(tape.nodes["name"][link.node])) if link.node >= 0 else "",
            }
            for one in mine
            for link in one.chain[:2]
        ]
        titles = [one.title for one in mine]
        assert any(case.what in name for name in set().union(*names, titles)), (names, titles)
    assert found[0] in mine  # the worst first, and no false alarm beside it
    assert len([one for one in found if one.severity > Severity.NOTE]) <= 1
    for one in mine:
        assert one.title and one.text
        assert one.remedy or one.severity is Severity.NOTE


def test_there_are_enough_of_them() -> None:
    assert len(CASES) >= 60
    assert len({case.cause for case in CASES}) >= 45
