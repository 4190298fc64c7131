"""A cell that is run again shows what is wrong in it once: in its latest run."""

from __future__ import annotations

import linecache

import engine
from engine.tape import diagnose
from engine.tape.recorder import Recorder

_CELL = """x = torch.tensor([0.0, 1.0], requires_grad=True)
y = torch.where(x > 0, torch.sqrt(x), torch.zeros(2)).sum()
y.backward()
"""


def test_a_problem_of_a_cell_that_ran_three_times_is_listed_once() -> None:
    recorder = Recorder()
    with recorder:
        for count in range(1, 4):
            file = f"<run {count} of a cell>"
            recorder.begin_cell("cell", _CELL, count)
            recorder.register_file(file, "cell")
            linecache.cache[file] = (len(_CELL), None, _CELL.splitlines(keepends=True), file)
            exec(compile(_CELL, file, "exec"), {"torch": engine})
            recorder.end_cell({})
            linecache.cache.pop(file)
    (found,) = diagnose.problems(recorder.tape())
    assert found.cause == "masked-nan"
    assert found.culprit.source is not None
    assert (found.culprit.source.line, found.culprit.source.file) == (2, "<run 3 of a cell>")
