"""Places of known graphs, examples and lessons: a change of the layout shows here, node by node.

`python -m tests.ui.graph.golden` writes the places anew, after they were looked at.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.ui.graph import golden

PROGRAMS = json.loads(golden.PROGRAMS.read_text())
EXAMPLES = [path.stem for path in golden.EXAMPLES]


@pytest.mark.parametrize("name", golden.GRAPHS)
def test_every_node_is_where_it_was(name: str) -> None:
    known = json.loads(golden.KNOWN.read_text())[name]
    now = golden.known_places(name)
    assert now.keys() == known.keys()
    moved = {
        key: (known[key], now[key])
        for key in now
        if max(abs(a - b) for a, b in zip(known[key], now[key], strict=True)) > 1
    }
    assert not moved


@pytest.mark.parametrize("path", golden.EXAMPLES, ids=EXAMPLES)
def test_the_graphs_of_every_example_are_laid_out_as_they_were(path: Path) -> None:
    assert golden.moved(PROGRAMS[path.stem], golden.program_places(path)) == []


@pytest.mark.parametrize("name", sorted(PROGRAMS.keys() - set(EXAMPLES)))
def test_the_graphs_of_every_lesson_are_laid_out_as_they_were(name: str) -> None:
    path = golden.LESSONS / f"{name}.ipynb"
    if not path.exists():
        pytest.skip(f"no lesson {path}")
    assert golden.moved(PROGRAMS[name], golden.program_places(path)) == []


def test_a_node_that_moves_is_named() -> None:
    before, after = [[("mul", 0, 0), ("sum", 5, 90)]], [[("mul", 1, 0), ("sum", 5, 93)]]
    assert golden.moved(before, after) == ["sum: (5, 90) -> (5, 93)"]
    assert golden.moved(before, [[("mul", 0, 0), ("mean", 5, 90)]]) == ["other nodes than before"]
