"""A notebook on screen and an owner that grants its wishes, as the application does."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from ui.fonts import load_fonts
from ui.notebook.editor import CodeEditor
from ui.notebook.state import CellState, Output
from ui.notebook.view import NotebookView
from ui.theme import load

Stroke = tuple[Qt.Key, Qt.KeyboardModifier]


class Owner:
    """Holds the order of the cells and answers the view's requests at once."""

    def __init__(self, view: NotebookView) -> None:
        self.view = view
        self.runs: list[tuple[str, bool]] = []
        self.edits: list[tuple[str, str]] = []
        self.lines: list[tuple[str, int]] = []
        self._made = 0
        view.run_requested.connect(lambda key, advance: self.runs.append((key, advance)))
        view.source_changed.connect(lambda key, text: self.edits.append((key, text)))
        view.cursor_moved.connect(lambda key, line: self.lines.append((key, line)))
        view.insert_requested.connect(self._insert)
        view.remove_requested.connect(view.remove_cell)
        view.move_requested.connect(self._move)
        view.kind_requested.connect(view.set_kind)

    def show(self, *cells: CellState) -> None:
        self.view.set_cells(list(cells))

    def editor(self, key: str) -> CodeEditor:
        """Put the keyboard into a cell and return its editor."""
        self.view.edit(key)
        editor = self.view.cell(key).editor
        assert editor is not None
        assert editor.hasFocus()
        return editor

    def press(
        self, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        """Press a key where the keyboard is."""
        focus = QApplication.focusWidget()
        assert isinstance(focus, QWidget)
        QTest.keyClick(focus, key, modifier)

    def type(self, text: str) -> None:
        """Type letters where the keyboard is."""
        focus = QApplication.focusWidget()
        assert isinstance(focus, QWidget)
        QTest.keyClicks(focus, text)

    def _insert(self, key: str, place: int, kind: str) -> None:
        order = self.view.order()
        self._made += 1
        at = order.index(key) + place if key else 0
        self.view.insert_cell(at, CellState(f"new{self._made}", kind))

    def _move(self, key: str, direction: int) -> None:
        self.view.move_cell(key, self.view.order().index(key) + direction)


@pytest.fixture
def owner(qtbot: QtBot) -> Owner:
    """An empty notebook, shown and active."""
    load_fonts()
    view = NotebookView(theme=load("dark"))
    qtbot.addWidget(view)
    view.resize(600, 500)
    with qtbot.waitExposed(view):
        view.show()
    view.activateWindow()
    qtbot.waitUntil(view.isActiveWindow)
    return Owner(view)


@pytest.fixture
def png() -> Callable[[int, int], str]:
    """Make a picture of a size, as notebooks store it."""

    def make(width: int, height: int) -> str:
        image = QImage(width, height, QImage.Format.Format_RGB32)
        image.fill(QColor("#3366cc"))
        data = QByteArray()
        buffer = QBuffer(data)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        image.save(buffer, "PNG")
        return base64.b64encode(data.data()).decode()

    return make


def stream(text: str, name: str = "stdout") -> Output:
    """Return a stream output."""
    return {"output_type": "stream", "name": name, "text": text}


@pytest.fixture
def streamed() -> Callable[..., Output]:
    """The maker of stream outputs."""
    return stream


_TRACEBACK = [
    "\x1b[31m---------------------------------------------------------------------------\x1b[39m",
    "\x1b[31mRuntimeError\x1b[39m                    Traceback (most recent call last)",
    "\x1b[36mCell\x1b[39m\x1b[36m \x1b[39m\x1b[32mIn[7]\x1b[39m\x1b[32m, line 2\x1b[39m\n"
    "\x1b[32m      1\x1b[39m y = x * \x1b[32m2\x1b[39m\n"
    "\x1b[32m----> \x1b[39m\x1b[32m2\x1b[39m y.backward()",
    "\x1b[31mRuntimeError\x1b[39m: grad can be implicitly created only for scalar outputs",
]
_ERROR: Output = {
    "output_type": "error",
    "ename": "RuntimeError",
    "evalue": "grad can be implicitly created only for scalar outputs",
    "traceback": _TRACEBACK,
}


@pytest.fixture
def failed() -> Output:
    """The output of a cell whose second line raises."""
    return {**_ERROR}
