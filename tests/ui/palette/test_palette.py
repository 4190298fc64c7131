"""The palette: what a search finds, what keys do, what is inserted, dragged and drawn."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from engine.ops.listing import Operation
from ui.notebook.editor import CodeEditor
from ui.palette.calls import statement
from ui.palette.entries import ROW
from ui.palette.panel import OperationPalette
from ui.palette.rows import heads, in_full
from ui.palette.search import found
from ui.theme import load


def operation(
    name: str, family: str = "pointwise", doc: str = "It computes.", call: str = "",
    signature: str = "", arguments: tuple[str, ...] = ("input",), also: tuple[str, ...] = (),
    node: str = "", gradients: tuple[tuple[str, str], ...] = (),
) -> Operation:  # fmt: skip
    call = call or f"torch.{name}"
    signature = signature or f"{call}({', '.join(arguments)})"
    return Operation(
        name, call, signature, arguments, family, doc, also, True, False, node, gradients
    )


MATMUL = operation(
    "matmul", "matmul", "Matrix product.", arguments=("input", "other"), node="MmBackward0",
    gradients=(("input", "g @ other.T"), ("other", "input.T @ g")),
)  # fmt: skip
EXP = operation("exp", node="ExpBackward0", gradients=(("input", "g * conj(result)"),))
EXPM1 = operation("expm1", doc="exp(x) - 1, exact near 0.")
ACOS = operation("acos", also=("arccos",))
VIEW = operation(
    "view", "shape", "Another shape.", "Tensor.view", "Tensor.view(*size)", arguments=("size",)
)
SUM = operation("sum", "reduction", "The sum of all.")
GELU = operation("gelu", "activation", call="torch.nn.functional.gelu", doc="Needs exp.")
TABLE = (EXPM1, MATMUL, EXP, ACOS, VIEW, SUM, GELU)


@pytest.fixture
def palette(qtbot: QtBot) -> OperationPalette:
    """A palette with a small table, shown and active."""
    made = OperationPalette(load("dark"))
    qtbot.addWidget(made)
    made.set_operations(TABLE)
    made.resize(300, 500)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    made.search.setFocus()
    return made


def names(text: str) -> list[tuple[str, list[str]]]:
    return [(s.family, [one.name for one in s.operations]) for s in found(TABLE, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("pointwise", ["acos", "exp", "expm1"]), ("activation", ["gelu"]),
              ("matmul", ["matmul"]), ("reduction", ["sum"]), ("shape", ["view"])]),
        ("exp", [("pointwise", ["exp", "expm1"]), ("activation", ["gelu"])]),
        ("EXACT near", [("pointwise", ["expm1"])]),
        ("arccos", [("pointwise", ["acos"])]),
        ("mmbackward", [("matmul", ["matmul"])]),
        ("reduction", [("reduction", ["sum"])]),
        ("torch.nn.functional.gelu", [("activation", ["gelu"])]),
        ("exp nothing", []),
    ],
)  # fmt: skip
def test_every_word_is_looked_for_and_the_best_match_is_first(
    text: str, expected: list[tuple[str, list[str]]]
) -> None:
    assert names(text) == expected


@pytest.mark.parametrize(
    ("one", "variables", "line"),
    [
        (MATMUL, (), "result = torch.matmul(input, other)"),
        (MATMUL, ("w",), "result = torch.matmul(w, other)"),
        (MATMUL, ("other",), "result = torch.matmul(input, other)"),
        (MATMUL, ("a", "b"), "result = torch.matmul(a, b)"),
        (VIEW, (), "result = tensor.view(size)"),
        (VIEW, ("w",), "result = w.view(size)"),
        (GELU, ("w",), "result = torch.nn.functional.gelu(w)"),
        (operation("solve", signature="torch.solve(A, B, *, upper)", arguments=("A", "B", "upper")),
         ("w",), "result = torch.solve(w, B, upper=upper)"),
    ],
)  # fmt: skip
def test_the_line_uses_the_variables(one: Operation, variables: tuple[str, ...], line: str) -> None:
    assert statement(one, variables) == line


def test_it_wishes_for_the_table_when_it_is_first_seen(qtbot: QtBot) -> None:
    made = OperationPalette(load("light"))
    qtbot.addWidget(made)
    assert made.message.text().startswith("Reading")
    assert made.current() is None
    with qtbot.waitSignal(made.wanted):
        made.show()
    made.set_operations(TABLE)
    made.hide()
    with qtbot.assertNotEmitted(made.wanted):
        made.show()


def test_typing_searches_arrows_choose_and_enter_inserts(
    qtbot: QtBot, palette: OperationPalette
) -> None:
    palette.set_names(["w"])
    QTest.keyClicks(palette.search, "exp")
    assert palette.current() == EXP
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.current() == EXPM1
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.current() == GELU  # over the heading between
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    assert palette.current() == GELU
    QTest.keyClick(palette.search, Qt.Key.Key_Up)
    with qtbot.waitSignal(palette.insert_requested) as asked:
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
    assert asked.args == ["result = torch.expm1(w)"]
    assert "torch.expm1(w)" in palette.preview.text()


def test_a_search_without_result_says_so_and_inserts_nothing(
    qtbot: QtBot, palette: OperationPalette
) -> None:
    palette.search.setText("xyzzy")
    assert palette.message.isVisible()
    assert "xyzzy" in palette.message.text()
    assert not palette.list.isVisible()
    assert not palette.preview.isVisible()
    with qtbot.assertNotEmitted(palette.insert_requested):
        QTest.keyClick(palette.search, Qt.Key.Key_Return)
        QTest.keyClick(palette.search, Qt.Key.Key_Down)


def test_escape_clears_the_search_and_then_leaves(qtbot: QtBot, palette: OperationPalette) -> None:
    palette.search.setText("exp")
    with qtbot.assertNotEmitted(palette.dismissed):
        QTest.keyClick(palette.search, Qt.Key.Key_Escape)
    assert palette.search.text() == ""
    with qtbot.waitSignal(palette.dismissed):
        QTest.keyClick(palette.search, Qt.Key.Key_Escape)


def test_a_click_chooses_and_a_double_click_inserts(
    qtbot: QtBot, palette: OperationPalette
) -> None:
    index = palette.entries.index(palette.entries.next(1, 1))
    place = palette.list.visualRect(index).center()
    QTest.mouseClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert palette.current() == EXP
    assert palette.search.hasFocus()
    place = palette.list.visualRect(index).center()
    with qtbot.waitSignal(palette.insert_requested):
        QTest.mouseDClick(palette.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_a_dragged_operation_is_its_line_and_an_editor_takes_it(
    qtbot: QtBot, palette: OperationPalette
) -> None:
    palette.set_names(["w"])
    row = palette.entries.next(1, 1)
    flags = palette.entries.flags(palette.entries.index(row))
    assert flags & Qt.ItemFlag.ItemIsDragEnabled
    assert not palette.entries.flags(palette.entries.index(0)) & Qt.ItemFlag.ItemIsDragEnabled
    data = palette.entries.mimeData([palette.entries.index(row)])
    assert data.text() == "result = torch.exp(w)"
    editor = CodeEditor(palette, "code", "", load("dark"))
    editor.resize(200, 60)
    editor.show()
    _drop(editor, data)
    assert editor.toPlainText() == "result = torch.exp(w)"
    editor.undo()
    assert editor.toPlainText() == ""


def _drop(editor: CodeEditor, data: QMimeData) -> None:
    event = QDropEvent(
        QPointF(QPoint(40, 5)), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    editor.dropEvent(event)
    assert event.isAccepted()


def test_the_current_row_tells_everything_and_is_as_high_as_that(
    qtbot: QtBot, palette: OperationPalette
) -> None:
    palette.search.setText("matmul")
    told = " ".join(p.text for p in in_full(MATMUL, load("dark"))).replace("\u200b", "")
    for part in ("torch.matmul(input, other)", "Matrix product.", "∂other = input.T @ g", "MmB"):
        assert part in told
    assert heads(GELU) == ("F.gelu", "(input)")
    palette.search.setText("exp")
    rects = [palette.list.visualRect(palette.entries.index(row)) for row in (1, 2)]
    before = [rect.height() for rect in rects]
    QTest.keyClick(palette.search, Qt.Key.Key_Down)
    after = [palette.list.visualRect(palette.entries.index(row)).height() for row in (1, 2)]
    assert after[0] < before[0]
    assert after[1] > before[1]


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("width", [240, 420])
def test_sections_have_the_colour_of_their_family_and_nothing_is_cut_off(
    qtbot: QtBot, palette: OperationPalette, theme: str, width: int
) -> None:
    palette.set_theme(load(theme))
    palette.resize(width, 700)
    qtbot.waitUntil(lambda: palette.list.viewport().width() > width - 40)
    image = palette.list.viewport().grab().toImage()
    for row in range(palette.entries.rowCount()):
        index = palette.entries.index(row)
        rect = palette.list.visualRect(index)
        assert rect.width() <= palette.list.viewport().width()
        if rect.bottom() < image.height():
            y = rect.center().y() + 1
            colours = {image.pixelColor(x, y).name() for x in range(8, 24)}
            assert load(theme).families[index.data(ROW).family] in colours


def test_a_table_that_could_not_be_listed_is_told(qtbot: QtBot) -> None:
    made = OperationPalette(load("dark"))
    qtbot.addWidget(made)
    made.set_failed("No room.")
    assert "No room." in made.message.text()
