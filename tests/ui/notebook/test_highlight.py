"""Syntax colours, and their upkeep while typing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ui.notebook.highlight import Lines, lexer_of

SOURCE = '''%load_ext autoreload
import torch
"""doc
string"""
@torch.no_grad()
class Net(torch.nn.Module):
    def forward(self, x):  # go
        return self.fc(x) * 2.5
!ls -l
'''


def names(source: str, kind: str = "code") -> dict[str, str]:
    """Return the colour name of each coloured piece of text."""
    lines = Lines(lexer_of(kind))
    lines.update(source)
    texts = source.split("\n")
    return {
        texts[at][run.start : run.stop]: run.name
        for at, runs in enumerate(lines.runs)
        for run in runs
    }


def test_python_is_coloured_by_meaning() -> None:
    found = names(SOURCE)
    assert found["%load_ext"] == "magic"
    assert found["!"] == "magic"
    assert found["import"] == "keyword"
    assert found['"""doc'] == "string"
    assert found["@torch"] == "decorator"
    assert found["Net"] == "class"
    assert found["forward"] == "function"
    assert found["self"] == "self"
    assert found["# go"] == "comment"
    assert found["2.5"] == "number"


def test_a_modulo_is_no_magic() -> None:
    assert "magic" not in names("y = x % 2").values()


def test_markdown_headings_are_coloured_and_raw_text_is_not() -> None:
    assert names("# Title\ntext", "markdown")["# Title"] == "keyword"
    assert names("# not a comment", "raw") == {}


def test_columns_are_those_of_qt_for_letters_beyond_16_bits() -> None:
    from ui.notebook.editing import widened

    lines = Lines(lexer_of("code"))
    lines.update(widened('s = "😀" + f(1)'))
    number = next(run for run in lines.runs[0] if run.name == "number")
    assert number.start == len('s = "😀" + f('.encode("utf-16-le")) // 2


PIECES = st.sampled_from(
    ['"""', "'", "\n", "x = 1", "def f():", "    pass", "#", "%time ", "(", " "]
)


@given(st.lists(st.tuples(st.integers(0, 80), st.integers(0, 6), PIECES), max_size=12))
def test_incremental_lexing_equals_lexing_anew(edits: list[tuple[int, int, str]]) -> None:
    text = SOURCE
    kept = Lines(lexer_of("code"))
    kept.update(text)
    for at, removed, added in edits:
        text = text[:at] + added + text[at + removed :]
        kept.update(text)
        fresh = Lines(lexer_of("code"))
        fresh.update(text)
        assert kept.runs == fresh.runs
        assert kept.open == fresh.open
