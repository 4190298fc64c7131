"""The lines that a finding says to change are put into the program: then it is not found again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from engine.tape.diagnose import Finding, Severity
from engine.tape.diagnose.finding import Edit
from engine.tape.diagnose.remedies.pasting import pasted
from engine.tape.tape import Source, Tape
from tests.cases.broken import Case, cases
from tests.cases.test_cases import answer

Record = Callable[[str], Tape]
#: Of each cause the first program whose remedy is a line.
PROGRAMS = {
    "detached": "none-10",
    "no-grad": "asked_graphs-11",
    "data": "none-14",
    "left-torch": "asked_graphs-22",
    "not-a-leaf": "asked_graphs-27",
    "no-requires-grad": "asked_graphs-06",
    "frozen": "posted_graphs-07",
    "rebound": "asked_graphs-10",
    "integer": "asked_graphs-12",
    "not-scalar": "asked_graphs-13",
    "freed": "asked_graphs-05",
    "modified": "asked_graphs-17",
    "leaf-in-place": "posted_errors-07",
    "view-in-place": "errors-28",
    "root-without-graph": "errors-09",
    "no-create-graph": "posted_updates-15",
    "not-differentiable": "none-18",
    "inputs-left-out": "none-24",
    "grad-call": "none-23",
    "cleared": "none-25",
    "log-of-zero": "asked_values-03",
    "log-of-negative": "asked_values-25",
    "sqrt-at-zero": "asked_values-09",
    "sqrt-of-negative": "asked_values-26",
    "division-by-zero": "asked_values-10",
    "power": "asked_values-08",
    "domain": "asked_values-11",
    "exp-overflow": "asked_values-27",
    "masked-nan": "nonfinite-03",
    "zero-times-inf": "posted_numbers-25",
    "all-masked": "asked_values-21",
    "dead-relu": "posted_updates-09",
    "times-zero": "asked_values-14",
    "flat": "posted_steps-08",
    "zeroed-before-step": "asked_training-13",
    "not-zeroed": "asked_training-12",
    "two-passes": "asked_graphs-44",
    "graph-kept": "asked_training-24",
    "broadcast": "asked_training-25",
    "softmax-twice": "asked_training-06",
    "clipped-scores": "posted_lines-19",
    "no-logarithm": "posted_steps-05",
    "softmax-dimension": "posted_training-02",
    "not-averaged": "posted_lines-04",
    "ascended": "posted_updates-18",
    "aliased": "training-10",
    "scheduled-early": "posted_lines-06",
    "clipped-in-vain": "posted_updates-04",
    "stepped-twice": "posted_updates-07",
    "hook": "posted_hooks-01",
    "overflow": "asked_values-02",
    "never-updated": "asked_training-01",
    "shape-mismatch": "asked_training-20",
    "dtype-mismatch": "asked_training-05",
    "returned-none": "none-22",
    "wrong-backward": "asked_graphs-43",
    "clamped": "asked_values-16",
    "saturated": "posted_lines-18",
    "constant": "posted_zeros-07",
    "kink": "zero-26",
    "zero-seed": "zero-28",
    "underflow": "zero-23",
    "out-of-range": "asked_training-19",
    "undone": "posted_lines-07",
    "stale-forward": "posted_lines-26",
    "still-evaluating": "posted_lines-29",
    "counted-twice": "posted_lines-32",
    "alike-units": "posted_lines-34",
    "exploding": "size-07",
    "vanishing": "size-10",
    "empty": "asked_values-05",
    "inf-minus-inf": "nonfinite-26",
    "padding": "posted_updates-20",
    "not-connected": "posted_graphs-22",
    "no-backward": "none-01",
    "unused-parameter": "asked_training-16",
    "factor": "expected-04",
    "missing-term": "expected-19",
    "other-than-expected": "expected-25",
}
#: Further programs whose line is written in another way.
MORE = (
    "asked_graphs-33-no-backward",
    "asked_values-25-log-of-negative",
    "errors-19-not-connected",
    "errors-25-empty",
    "nonfinite-15-empty",
    "nonfinite-21-overflow",
    "nonfinite-27-overflow",
    "nonfinite-30-empty",
    "nonfinite-33-masked-nan",
    "posted_asked-09-detached",
    "posted_asked-20-freed",
    "posted_asked-21-modified",
    "posted_asked-22-shape-mismatch",
    "posted_graphs-10-detached",
    "posted_hooks-03-hook",
    "posted_lines-01-never-updated",
    "posted_lines-05-never-updated",
    "posted_lines-14-never-updated",
    "posted_lines-16-stepped-twice",
    "posted_lines-24-never-updated",
    "posted_numbers-09-overflow",
    "posted_numbers-12-exp-overflow",
    "posted_numbers-16-masked-nan",
    "posted_numbers-17-overflow",
    "posted_numbers-23-masked-nan",
    "posted_numbers-26-all-masked",
    "posted_steps-03-zeroed-before-step",
    "posted_steps-04-never-updated",
    "posted_steps-16-zeroed-before-step",
    "posted_steps-27-not-connected",
    "posted_training-03-never-updated",
    "posted_training-07-never-updated",
    "posted_training-18-never-updated",
    "posted_training-23-zeroed-before-step",
    "posted_updates-08-stepped-twice",
    "asked_graphs-02-detached",
    "asked_graphs-08-not-differentiable",
    "asked_graphs-40-freed",
    "asked_training-18-out-of-range",
    "asked_training-21-shape-mismatch",
    "asked_training-22-shape-mismatch",
    "asked_values-17-saturated",
    "errors-16-shape-mismatch",
    "errors-26-no-grad",
    "expected-06-factor",
    "none-36-left-torch",
    "posted_errors-09-view-in-place",
    "posted_errors-16-root-without-graph",
    "posted_errors-27-root-without-graph",
    "posted_graphs-01-left-torch",
    "posted_lines-10-left-torch",
    "posted_steps-34-times-zero",
    "posted_training-13-shape-mismatch",
    "posted_training-14-shape-mismatch",
    "posted_training-15-out-of-range",
    "posted_training-25-shape-mismatch",
    "posted_training-27-dtype-mismatch",
    "posted_updates-10-underflow",
    "posted_updates-19-not-differentiable",
    "posted_zeros-08-constant",
    "posted_zeros-13-clamped",
    "training-05-broadcast",
)
NAMES = {f"{number}-{cause}" for cause, number in PROGRAMS.items()} | set(MORE)
CASES = [case for case in cases() if case.name in NAMES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_found_is_gone_when_its_lines_are_changed_as_it_says(
    case: Case, record_program: Record
) -> None:
    found = [
        one for one in answer(record_program(case.source), case.ask) if one.cause == case.cause
    ]
    assert found[0].edits
    again = answer(record_program(_pasted(case.source, found[0].edits)), case.ask)
    assert not [
        _told(one) for one in again if one.cause == case.cause and one.severity > Severity.NOTE
    ]
    assert not [_told(one) for one in again if one.severity is Severity.ERROR]


def test_every_program_is_there() -> None:
    assert {case.name for case in CASES} == NAMES


def _told(finding: Finding) -> str:
    return f"{finding.cause}: {finding.title}"


def _pasted(source: str, edits: Sequence[Edit]) -> str:
    changed = pasted(source, edits)
    assert changed is not None
    return changed


def _edit(how: Any, line: int, text: str, was: str) -> Edit:
    return Edit(how, Source("", line, "c", ""), text, was)


def test_lines_are_put_in_as_deep_as_the_line_they_stand_at() -> None:
    source = "for x in data:\n    step()\n    end()"
    edits = [
        _edit("before", 2, "zero()", "step()"),
        _edit("after", 2, "a()\nb()", "step()"),
        _edit("leave out", 3, "end()", "end()"),
        _edit("line", 1, "for y in all:", "for x in data:"),
    ]
    assert pasted(source, edits) == "for y in all:\n    zero()\n    step()\n    a()\n    b()"


def test_a_line_that_moved_is_found_and_one_that_changed_is_not() -> None:
    edit = _edit("line", 1, "y = x.exp()", "y = x.log()")
    assert pasted("import torch\ny = x.log()", [edit]) == "import torch\ny = x.exp()"
    assert pasted("y = x.sin()", [edit]) is None
    assert pasted("z = 1\ny = x.log()\ny = x.log()", [edit]) is None
