"""What the program says in small letters becomes a sentence; names stay as they are."""

from __future__ import annotations

import pytest

from ui.sentences import capital, sentence


@pytest.mark.parametrize(
    ("title", "code", "shown"),
    [
        ("y was written in place", "y += 1", "y was written in place"),
        ("backward through a freed graph", "loss.backward()", "Backward through a freed graph"),
        ("the graph is cut here", "theory = h.detach()", "The graph is cut here"),
        ("w.grad was not zeroed", "", "w.grad was not zeroed"),
    ],
)
def test_a_title_has_a_capital_unless_a_name_begins_it(title: str, code: str, shown: str) -> None:
    assert capital(title, [code]) == shown


def test_a_problem_becomes_a_sentence_that_leaves_a_name_as_it_is_written() -> None:
    assert sentence("there is nothing here") == "There is nothing here."
    assert sentence("ones() is not known") == "ones() is not known."
