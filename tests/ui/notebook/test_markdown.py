"""Rendered text cells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QFont, QTextBlock, QTextCharFormat, QTextDocument, QTextTable
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from ui.notebook.markdown import MarkdownView, embedded, prepared
from ui.notebook.maths import readable
from ui.notebook.state import CellState
from ui.theme import load

if TYPE_CHECKING:
    from conftest import Owner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the display without a screen


@pytest.fixture
def prose(qtbot: QtBot) -> MarkdownView:
    """A view without text."""
    host = MarkdownView(None, load("dark"))  # type: ignore[arg-type]
    qtbot.addWidget(host)
    return host


def formats(document: QTextDocument) -> Iterator[tuple[str, QTextCharFormat]]:
    """Yield the runs of a document and how they look."""
    block: QTextBlock = document.begin()
    while block.isValid():
        at = block.begin()
        while not at.atEnd():
            yield at.fragment().text(), at.fragment().charFormat()
            at += 1
        block = block.next()


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"\frac{\partial L}{\partial w} = x^T (\hat{y} - y)", "∂L/∂w = xᵀ (y\u0302 - y)"),
        (r"y = x^2 + x_1", "y = x² + x₁"),
        (r"\sum_{i=1}^{n} \delta_i", "∑ᵢ₌₁ⁿ δᵢ"),
        (r"\frac{a + b}{2}", "(a + b)/2"),
        (r"\frac{d}{dx}x^2 = 2x", "d/dx x² = 2x"),
        (r"\frac{1}{2}(a + b)", "1/2 (a + b)"),
        (r"\sqrt{x}", "√(x)"),
        (r"\begin{bmatrix} 1 & 2 \\ 3 & 4 \end{bmatrix}", "[1  2; 3  4]"),
        (r"\mathbf{W} \in \mathbb{R}^{m \times n}", "W ∈ ℝ^(m × n)"),
        (r"\unknown{x}", "unknownx"),
    ],
)
def test_maths_is_written_with_letters(tex: str, text: str) -> None:
    assert readable(tex) == text


@pytest.mark.parametrize(
    ("source", "maths"),
    [
        ("so $x^2$ is", ["x²"]),
        ("$$\na = b\n$$", ["a = b"]),
        (r"\[ x \]", ["x"]),
        ("costs $5 and $6", []),
        ("`$x$` and\n```\n$y$\n```\n", []),
        ("a \\$x\\$ b", []),
    ],
)
def test_maths_is_found_outside_of_code_and_prices(source: str, maths: list[str]) -> None:
    assert prepared(source)[1] == maths


def test_headings_code_and_links_have_the_looks_of_the_theme(prose: MarkdownView) -> None:
    prose.set_text("# Title\n\nSee `w.grad` and [docs](https://x.org), $x^2$.\n\n```\ncode()\n```")
    found = dict(formats(prose.document()))
    theme = load("dark")
    assert found["Title"].fontPointSize() > 14
    assert "JetBrains Mono" in found["w.grad"].fontFamilies()
    assert found["docs"].foreground().color().name() == theme.focus
    assert found["x²"].fontItalic()
    assert "JetBrains Mono" in found["code()"].fontFamilies()


def test_tables_are_ruled_and_their_heading_is_bold(prose: MarkdownView) -> None:
    prose.set_text("```\ncode\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    table = next(
        frame
        for frame in prose.document().rootFrame().childFrames()
        if isinstance(frame, QTextTable)
    )
    first = table.cellAt(0, 0)
    assert first.firstCursorPosition().block() == first.lastCursorPosition().block()
    assert first.firstCursorPosition().block().text() == "a"
    assert dict(formats(prose.document()))["a"].fontWeight() >= 600


def test_bold_words_have_a_weight_that_is_shipped(prose: MarkdownView) -> None:
    prose.set_text("**bold** and plain")
    weights = {text: look.fontWeight() for text, look in formats(prose.document())}
    assert weights == {"bold": QFont.Weight.DemiBold, " and plain": QFont.Weight.Normal}


def test_nothing_is_loaded_and_html_is_text(prose: MarkdownView) -> None:
    prose.set_text("![plot](https://evil.example/x.png) <script>steal()</script>")
    assert "plot (picture, not loaded)" in prose.document().toPlainText()
    assert "<script>" in prose.document().toPlainText()
    assert prose.loadResource(2, QUrl("file:///etc/hostname")) is None


def test_the_height_follows_the_width(prose: MarkdownView) -> None:
    prose.set_text("word " * 100)
    assert prose.height_for(200) > 2 * prose.height_for(600)


def test_a_text_cell_is_rendered_edited_and_rendered_again(owner: Owner) -> None:
    owner.show(CellState("m", "markdown", "# One"), CellState("b"))
    cell = owner.view.cell("m")
    assert cell.prose is not None
    assert cell.prose.isVisible()
    QTest.mouseDClick(cell.prose.viewport(), Qt.MouseButton.LeftButton)
    assert cell.editor is not None
    assert cell.editor.hasFocus()
    assert cell.prose.isHidden()
    owner.press(Qt.Key.Key_End)
    owner.type(" two")
    owner.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert cell.editor.isHidden()
    assert cell.prose.document().toPlainText() == "One two"
    assert owner.edits[-1] == ("m", "# One two")
    assert owner.runs == []
    owner.press(Qt.Key.Key_Return)
    assert cell.editor.hasFocus()
    owner.press(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier)
    assert owner.view.current() == "b"


def test_links_are_announced_and_not_followed(owner: Owner, qtbot: QtBot) -> None:
    owner.show(CellState("m", "markdown", "[docs](https://x.org/a)"))
    prose = owner.view.cell("m").prose
    assert prose is not None
    with qtbot.waitSignal(owner.view.link_activated) as told:
        prose.anchorClicked.emit(QUrl("https://x.org/a"))
    assert told.args == ["https://x.org/a"]
    assert prose.document().toPlainText() == "docs"


def test_an_empty_text_cell_invites(owner: Owner) -> None:
    owner.show(CellState("m", "markdown", ""))
    prose = owner.view.cell("m").prose
    assert prose is not None
    assert "Press Enter" in prose.document().toPlainText()


def test_pictures_that_the_text_carries_are_shown_and_others_are_not(
    png: Callable[[int, int], str],
) -> None:
    carried = {"a b.png": {"image/png": png(30, 20)}, "wide.png": {"image/png": png(2000, 10)}}
    small = embedded("attachment:a%20b.png", carried)
    assert small is not None
    assert (small.width(), small.height()) == (30, 20)
    wide = embedded("attachment:wide.png", carried)
    assert wide is not None
    assert wide.width() == 480
    data = embedded(f"data:image/png;base64,{png(7, 5)}", {})
    assert data is not None
    assert data.width() == 7
    for address in (
        "attachment:none.png",
        "data:image/png;base64,!",
        "https://x.org/a.png",
        "a.png",
    ):
        assert embedded(address, carried) is None


def test_an_attachment_takes_its_room_in_the_text(
    owner: Owner, png: Callable[[int, int], str]
) -> None:
    carried = {"a.png": {"image/png": png(60, 150)}}
    owner.show(
        CellState("a", "markdown", "![A](attachment:a.png)", attachments=carried),
        CellState("b", "markdown", "![A](attachment:a.png)"),
    )
    assert owner.view.cell("a").height() > 150
    assert owner.view.cell("b").height() < 100
