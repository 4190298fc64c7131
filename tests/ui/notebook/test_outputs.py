"""Outputs on screen: streams, errors, pictures, and a great many lines."""

from __future__ import annotations

from collections.abc import Callable
from time import thread_time
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from ui.notebook.mime import Picture
from ui.notebook.outputs import CAP, WINDOW, FailureOutput, TextOutput
from ui.notebook.picture import PictureView
from ui.notebook.state import CellState, Output
from ui.notebook.textview import TextView
from ui.theme import load

if TYPE_CHECKING:
    from conftest import Owner

pytestmark = pytest.mark.qt_log_ignore("propagateSizeHints")  # the display without a screen

Stream = Callable[..., Output]


def text_output(owner: Owner, key: str = "a") -> TextOutput:
    """Return the first output of a cell, which is text."""
    area = owner.view.cell(key).area
    assert area is not None
    first = area.views[0]
    assert isinstance(first, TextOutput)
    return first


def shown(view: TextView) -> list[str]:
    """Return the lines that a text view shows."""
    view.select_all()
    text = view.selected_text()
    view.clear_selection()
    return text.split("\n")


def test_outputs_appear_below_and_make_the_cell_grow(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", source="print(1)"), CellState("b"))
    height = owner.view.cell("a").height()
    below = owner.view.cell("b").y()
    owner.view.add_outputs("a", [streamed("one\ntwo\n")])
    grown = owner.view.cell("a").height() - height
    assert grown > 30
    assert owner.view.cell("b").y() == below + grown
    assert shown(text_output(owner).head) == ["one", "two"]


def test_a_stream_continues_across_batches(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a"))
    for text in ("load", "ing 10%", "\rloading 100%", "\ndone\n"):
        owner.view.add_outputs("a", [streamed(text)])
    assert shown(text_output(owner).head) == ["loading 100%", "done"]
    area = owner.view.cell("a").area
    assert area is not None
    assert len(area.views) == 1


def test_stderr_and_results_are_outputs_of_their_own(owner: Owner, streamed: Stream) -> None:
    result: Output = {"output_type": "execute_result", "data": {"text/plain": "6"}}
    owner.show(CellState("a", outputs=[streamed("x"), streamed("y", "stderr"), result]))
    area = owner.view.cell("a").area
    assert area is not None
    assert [type(view) for view in area.views] == [TextOutput] * 3


def test_an_error_shows_its_message_in_full_and_marks_the_line(
    owner: Owner, failed: Output
) -> None:
    owner.show(CellState("a", source="y = x * 2\ny.backward()", outputs=[failed]))
    area = owner.view.cell("a").area
    assert area is not None
    failure = area.views[0]
    assert isinstance(failure, FailureOutput)
    title = failure.findChild(QLabel)
    assert isinstance(title, QLabel)
    assert title.text().startswith("RuntimeError: grad can be implicitly")
    assert title.wordWrap()
    assert shown(failure.frames.head)[0] == "Cell In[7], line 2"
    editor = owner.view.cell("a").editor
    assert editor is not None
    assert editor.marks.error == 2
    owner.editor("a")
    owner.type("#")  # the mark would point at another line
    assert editor.marks.error == 0


def test_a_picture_keeps_its_proportions(owner: Owner, png: Callable[[int, int], str]) -> None:
    outputs: list[Output] = [
        {"output_type": "display_data", "data": {"image/png": png(200, 100)}},
        {"output_type": "display_data", "data": {"image/png": png(2000, 1000)}},
    ]
    owner.show(CellState("a", outputs=outputs))
    area = owner.view.cell("a").area
    assert area is not None
    small, large = area.views
    assert isinstance(small, PictureView)
    assert small.height() == 100
    assert abs(large.height() - large.width() / 2) <= 1
    pixel = small.grab().toImage().pixelColor(50, 50).name()
    assert pixel == "#3366cc"


def test_svg_is_drawn_without_what_it_refers_to(owner: Owner) -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        'width="80" height="40"><rect width="80" height="40" fill="#00ff00"/>'
        '<image xlink:href="file:///etc/hostname" width="10" height="10"/></svg>'
    )
    owner.show(
        CellState("a", outputs=[{"output_type": "display_data", "data": {"image/svg+xml": svg}}])
    )
    area = owner.view.cell("a").area
    assert area is not None
    assert area.views[0].height() == 40
    assert area.views[0].grab().toImage().pixelColor(40, 20).name() == "#00ff00"


def test_a_broken_picture_says_so(owner: Owner) -> None:
    owner.show(
        CellState("a", outputs=[{"output_type": "display_data", "data": {"image/png": "AAAA"}}])
    )
    area = owner.view.cell("a").area
    assert area is not None
    assert area.views[0].accessibleName() == "Picture that cannot be read"
    area.views[0].grab()


def test_long_text_folds_in_the_middle_and_unfolds(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", outputs=[streamed("".join(f"{n}\n" for n in range(12_345)))]))
    output = text_output(owner)
    assert output.tail is not None
    assert isinstance(output.more, QPushButton)
    assert output.more.text() == "Show all (12,345 lines)"
    assert shown(output.head) == [str(n) for n in range(CAP // 2)]
    assert shown(output.tail) == [str(n) for n in range(12_345 - CAP // 2, 12_345)]
    folded = owner.view.cell("a").height()
    QTest.mouseClick(output.more, Qt.MouseButton.LeftButton)
    assert len(shown(output.head)) == 12_345
    assert output.head.height() < WINDOW * output.head.line_height() + 20
    assert output.head.verticalScrollBar().maximum() > 0
    QTest.mouseClick(output.more, Qt.MouseButton.LeftButton)
    assert owner.view.cell("a").height() == folded


def test_a_few_hundred_lines_unfold_to_their_full_height(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", outputs=[streamed("x\n" * 200)]))
    output = text_output(owner)
    owner.view.set_current("a")
    owner.view.setFocus()
    owner.press(Qt.Key.Key_O)
    assert output.head.height() == round(200 * output.head.line_height())


def test_a_million_lines_never_stall(owner: Owner, streamed: Stream, qtbot: QtBot) -> None:
    owner.show(CellState("a"))
    worst = 0.0
    for batch in range(200):
        text = "".join(f"step {n}\n" for n in range(batch * 5000, batch * 5000 + 5000))
        start = thread_time()
        owner.view.add_outputs("a", [streamed(text)])
        QApplication.processEvents()
        worst = max(worst, thread_time() - start)
    output = text_output(owner)
    assert output.tail is not None
    assert shown(output.tail)[-1] == "step 999999"
    assert worst < 0.25  # typically 0.01; a machine under load may stumble


def test_wide_lines_scroll_sideways(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", outputs=[streamed("y" * 3000)]))
    head = text_output(owner).head
    assert head.horizontalScrollBar().maximum() > 3000 * 5
    assert head.height() > head.line_height()  # room for the scroll bar


def test_text_is_selected_with_the_mouse_and_copied(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", outputs=[streamed("alpha beta\n\x1b[31mgamma\x1b[0m delta\n")]))
    head = text_output(owner).head
    half = round(head.line_height() / 2)
    letter = head.text_width() / 11.5
    QTest.mousePress(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(0, half))
    QTest.mouseMove(head.viewport(), QPoint(round(4.9 * letter), 3 * half))
    QTest.mouseRelease(
        head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(round(4.9 * letter), 3 * half)
    )
    assert head.selected_text() == "alpha beta\ngamma"
    QTest.keyClick(head, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "alpha beta\ngamma"
    QTest.mouseDClick(head.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(3, half))
    assert head.selected_text() == "alpha"


def test_the_menu_copies_and_clears(
    owner: Owner, streamed: Stream, failed: Output, qtbot: QtBot
) -> None:
    owner.show(CellState("a", outputs=[streamed("hello\n"), failed]))
    area = owner.view.cell("a").area
    assert area is not None
    acts = {act.text(): act for act in area.menu(area.views[0]).actions()}
    acts["Copy output"].trigger()
    assert QGuiApplication.clipboard().text().startswith("hello\n---")
    with qtbot.waitSignal(owner.view.outputs_cleared) as told:
        acts["Clear output"].trigger()
    assert told.args == ["a"]
    assert area.views == []


def test_cleared_outputs_leave_no_gap(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a"), CellState("b"))
    before = owner.view.cell("a").height()
    owner.view.add_outputs("a", [streamed("x\n" * 20)])
    owner.view.clear_outputs("a")
    assert owner.view.cell("a").height() == before


def test_a_running_cell_keeps_its_place_until_its_new_outputs_are_there(
    owner: Owner, streamed: Stream
) -> None:
    owner.show(CellState("a", outputs=[streamed("x\n" * 20)]), CellState("b"))
    full = owner.view.cell("a").height()
    owner.view.set_status("a", "running")
    owner.view.clear_outputs("a")
    assert owner.view.cell("a").height() == full
    owner.view.add_outputs("a", [streamed("x\n" * 10)])
    assert owner.view.cell("a").height() == full
    owner.view.set_status("a", "ok")
    assert owner.view.cell("a").height() < full


def test_outputs_follow_the_theme(owner: Owner, streamed: Stream) -> None:
    owner.show(CellState("a", outputs=[streamed("text " * 5)]))
    output = text_output(owner)
    for name in ("dark", "light", "dark"):
        theme = load(name)
        owner.view.set_theme(theme)
        area = QRect(output.mapTo(owner.view, QPoint(0, 0)), output.size())
        picture = owner.view.grab(area).toImage()
        colours = {
            picture.pixelColor(x, y).name()
            for x in range(picture.width())
            for y in range(picture.height())
        }
        assert theme.panel in colours
        assert theme.text in colours


@pytest.mark.parametrize(
    ("wish", "size"),
    [
        ({"image/png": {"width": 150}}, (150, 75)),
        ({"width": 100, "height": 20}, (100, 20)),
        ({"height": 300}, (600, 300)),
        ({"image/png": {"width": "wide", "height": -3}}, (200, 100)),
    ],
)
def test_a_picture_has_the_size_that_the_code_asked_for(
    owner: Owner, png: Callable[[int, int], str], wish: dict[str, object], size: tuple[int, int]
) -> None:
    output: Output = {
        "output_type": "display_data", "data": {"image/png": png(200, 100)}, "metadata": wish,
    }  # fmt: skip
    owner.show(CellState("a", outputs=[output]))
    area = owner.view.cell("a").area
    assert area is not None
    (view,) = area.views
    assert isinstance(view, PictureView)
    assert (view.natural_size().width(), view.natural_size().height()) == size


def test_a_shrunk_picture_keeps_its_thin_lines(qtbot: QtBot) -> None:
    """One black column in eight: a painter that looks at two columns only would lose most."""
    image = QImage(800, 80, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    for x in range(3, 800, 8):
        painter.fillRect(x, 0, 1, 80, QColor("black"))
    painter.end()
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # it takes str, not bytes
    parent = QWidget()
    qtbot.addWidget(parent)
    view = PictureView(parent, Picture(bytes(data.data()), width=100), load("dark"))
    view.resize(100, 10)
    grabbed = view.grab().toImage()
    ratio = grabbed.width() / 100
    greys = [grabbed.pixelColor(round(x * ratio), 5).red() for x in range(20, 80)]
    assert max(greys) - min(greys) < 40
    assert abs(sum(greys) / len(greys) - 255 * 7 / 8) < 12
