"""What text cells carry stays theirs when they become one."""

from __future__ import annotations

from app.attachments import united
from app.documents import Cell


def text(source: str, kind: str = "markdown", **pictures: str) -> Cell:
    named = {f"{name}.png": {"image/png": data} for name, data in pictures.items()}
    return Cell(source, kind, source, extra={"attachments": named})


def test_one_picture_in_two_cells_is_carried_once() -> None:
    cells = [text("![](attachment:a.png)", a="A"), text("again ![](attachment:a.png)", a="A")]
    assert united(cells) == (
        "![](attachment:a.png)\nagain ![](attachment:a.png)",
        {"a.png": {"image/png": "A"}},
    )


def test_a_taken_name_is_changed_where_it_is_used_and_nowhere_else() -> None:
    second = Cell("b", "markdown", "![](attachment:my%20a.png) attachment:my a.png2 my a.png")
    second.extra = {"attachments": {"my a.png": {"image/png": "B"}}}
    first = Cell("a", "markdown", extra={"attachments": {"my a.png": {"image/png": "A"}}})
    source, pictures = united([first, second])
    assert source == "![](attachment:my%20a-2.png) attachment:my a.png2 my a.png"
    assert pictures == {"my a.png": {"image/png": "A"}, "my a-2.png": {"image/png": "B"}}


def test_code_carries_nothing() -> None:
    assert united([text("x = 1", a="A"), text("y", "code", b="B")])[1] == {
        "a.png": {"image/png": "A"}
    }
