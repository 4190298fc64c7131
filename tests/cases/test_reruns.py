"""A cell that is run again shows what is wrong in it once: in its latest run."""

from __future__ import annotations

import linecache

import engine
from engine.tape import diagnose
from engine.tape.diagnose.finding import Finding
from engine.tape.recorder import Recorder

_CELL = """x = torch.tensor([0.0, 1.0], requires_grad=True)
y = torch.where(x > 0, torch.sqrt(x), torch.zeros(2)).sum()
y.backward()
"""


def problems_of(*runs: str) -> list[Finding]:
    """Run a cell with one text after the other; return what looks wrong in the end."""
    recorder = Recorder()
    with recorder:
        for count, source in enumerate(runs, 1):
            file = f"<run {count} of a cell>"
            recorder.begin_cell("cell", source, count)
            recorder.register_file(file, "cell")
            linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
            exec(compile(source, file, "exec"), {"torch": engine})
            recorder.end_cell({})
            linecache.cache.pop(file)
    return diagnose.problems(recorder.tape())


def test_a_problem_of_a_cell_that_ran_three_times_is_listed_once() -> None:
    (found,) = problems_of(_CELL, _CELL, _CELL)
    assert found.cause == "masked-nan"
    assert found.culprit.source is not None
    assert (found.culprit.source.line, found.culprit.source.file) == (2, "<run 3 of a cell>")


def test_a_line_that_was_changed_and_run_again_has_no_problem_any_more() -> None:
    assert problems_of(_CELL, _CELL.replace("sqrt(x)", "sqrt(x + 1e-6)")) == []
