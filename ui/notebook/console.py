"""The console: lines that run in the notebook's kernel, above a prompt to write the next."""

from __future__ import annotations

import codeop
import warnings
from functools import partial

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QTextCursor
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from ui.notebook.assist import Assist
from ui.notebook.cell import CellWidget
from ui.notebook.column import Column
from ui.notebook.editor import CodeEditor
from ui.notebook.mime import Link
from ui.notebook.model import CellModel
from ui.notebook.sheet import sheet
from ui.notebook.state import Output
from ui.theme import SPACE, Theme

MOST = 500  # entries that stay
_TALLEST = 160  # px of the prompt; more scrolls
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class Console(QWidget):
    """Shows what was run and what came of it; wishes go out, answers come in through setters.

    Enter runs what is complete and else begins another line, Shift+Enter runs in any case,
    Ctrl+Enter begins another line; up and down at the edges walk through what was run before.
    """

    run_requested = Signal(str)
    input_given = Signal(str, str)  # key, the line that the code waits for
    place_clicked = Signal(object)  # Link, in a traceback

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("Console")
        self.setAccessibleName("Console")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._models: dict[str, CellModel] = {}
        self.history: list[str] = []
        self._at = 0  # in the history; its length is the line being written
        self._draft = ""
        self.column = Column(self, self._make, theme)
        self.prompt = CodeEditor(self, "code", "", theme)
        self.prompt.setAccessibleName("Console prompt")
        self.prompt.setPlaceholderText("Python, in the notebook's kernel")
        self.prompt.set_line_numbers(False)
        self.prompt.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.prompt.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.prompt.rows_changed.connect(self._fit)
        self.prompt.left.connect(self._recall)
        self.prompt.installEventFilter(self)
        self.assist = Assist(self, theme)
        self.assist.serve(self.prompt)
        line = QFrame(self)
        line.setObjectName("ConsoleLine")
        line.setFixedHeight(1)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, SPACE["s"])
        box.setSpacing(SPACE["s"])
        box.addWidget(self.column, 1)
        box.addWidget(line)
        box.addWidget(self.prompt)
        self.setFocusProxy(self.prompt)
        self.setStyleSheet(sheet(theme))
        self._fit()

    # -- setters ---------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self._theme = theme
        self.setStyleSheet(sheet(theme))
        for part in (self.column, self.prompt, self.assist):
            part.set_theme(theme)

    def add_entry(self, key: str, source: str) -> None:
        """Show a text that runs, at the end; the oldest entries go."""
        model = CellModel(key, "code", source, status="queued")
        self._models[key] = model
        self.column.insert(len(self.column.models), model)
        for old in self.column.models[:-MOST]:
            del self._models[old.key]
            self.column.remove(old)
        self._to_end()

    def add_outputs(self, key: str, outputs: list[Output]) -> None:
        """Append outputs to an entry."""
        if key in self._models:
            self._models[key].add(outputs)
            self._refresh(key)

    def clear_outputs(self, key: str) -> None:
        """Remove an entry's outputs."""
        if key in self._models:
            self._models[key].clear()
            self._refresh(key)

    def set_status(self, key: str, status: str, count: int | None = None) -> None:
        """Set "queued", "running", "ok" or "error", and the number in `[3]`."""
        if key not in self._models:
            return
        model = self._models[key]
        model.status = status
        model.count = model.count if count is None else count
        if status not in ("queued", "running"):
            self.ask_input(key, None)
        if key in self.column.widgets:
            self.column.widgets[key].refresh_marks()

    def ask_input(self, key: str, prompt: str | None, password: bool = False) -> None:
        """Show a line for the input that an entry's code waits for; None takes it away."""
        if key not in self._models:
            return
        widget = self.column.widget(self._models[key])
        if prompt is None and widget.input is None:
            return
        had = widget.input is not None and widget.input.field.hasFocus()
        writing = self.prompt.hasFocus() or had
        widget.ask(prompt, password)
        self._to_end()
        if widget.input is not None and writing:
            widget.input.field.setFocus()
        elif had:
            self.prompt.setFocus()

    def knows(self, key: str) -> bool:
        """Return whether an entry has this key."""
        return key in self._models

    def clear(self) -> None:
        """Remove all entries that do not run."""
        for model in list(self.column.models):
            if model.status not in ("queued", "running"):
                del self._models[model.key]
                self.column.remove(model)

    # -- the prompt ------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys that run what was written."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        control = Qt.KeyboardModifier.ControlModifier
        if event.key() == Qt.Key.Key_L and event.modifiers() == control:
            self.clear()
            return True
        if event.key() not in _ENTER:
            return False
        modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if modifiers == control:
            self.prompt.textCursor().insertText("\n")
        elif modifiers == Qt.KeyboardModifier.ShiftModifier or is_complete(
            self.prompt.toPlainText()
        ):
            self._run()
        else:
            return False
        return True

    def _run(self) -> None:
        source = self.prompt.toPlainText().rstrip()
        if not source:
            return
        if self.history[-1:] != [source]:
            self.history.append(source)
        self._at, self._draft = len(self.history), ""
        self.assist.dismiss()
        self.prompt.clear()
        self.run_requested.emit(source)

    def _recall(self, direction: int) -> None:
        at = self._at + direction
        if not 0 <= at <= len(self.history):
            return
        if self._at == len(self.history):
            self._draft = self.prompt.toPlainText()
        self._at = at
        self._write(self.history[at] if at < len(self.history) else self._draft)

    def _write(self, text: str) -> None:
        self.prompt.set_source(text)
        self.prompt.moveCursor(QTextCursor.MoveOperation.End)
        self.prompt.setFocus()

    def _fit(self) -> None:
        self.prompt.setFixedHeight(min(max(self.prompt.text_height(), 22), _TALLEST))

    # -- entries ---------------------------------------------------------------------------------

    def _make(self, model: CellModel, parent: QWidget) -> CellWidget:
        widget = CellWidget(parent, model, self._theme)
        widget.set_line_numbers(False)
        if widget.editor is not None:
            widget.editor.setReadOnly(True)
            widget.editor.left.connect(lambda _: self.prompt.setFocus())
        widget.run_clicked.connect(lambda: self._write(model.source))
        widget.escaped.connect(self.prompt.setFocus)
        widget.input_given.connect(partial(self.input_given.emit, model.key))
        widget.place_clicked.connect(self._follow)
        widget.clear_requested.connect(lambda: self.clear_outputs(model.key))
        return widget

    def _follow(self, link: Link) -> None:
        for model in self.column.models:
            if model.count == link.run:
                line = self.column.widget(model).editor_line_rect(link.target)
                self.column.ensure_visible(model, line)
                return
        self.place_clicked.emit(link)

    def _refresh(self, key: str) -> None:
        if key in self.column.widgets:
            self.column.widgets[key].refresh()
        self.column.changed(key)
        self._to_end()

    def _to_end(self) -> None:
        models = self.column.models
        if models:
            self.column.ensure_visible(models[-1])
            bar = self.column.verticalScrollBar()
            bar.setValue(max(0, models[-1].top + models[-1].height + 14 - bar.pageStep() - 40))


def is_complete(source: str) -> bool:
    """Return whether Enter runs a text: it is whole, wrong, or ends in a blank line."""
    text = source.strip()
    if not text:
        return False
    if text.startswith(("%", "!")) or text.endswith("?"):
        return "\n" not in text or source.endswith("\n")
    last = source.rpartition("\n")[2]
    if last[:1].isspace() and last.strip():
        return False  # the block may go on
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SyntaxWarning)
            return codeop.compile_command(source, "<console>", "exec") is not None
    except (SyntaxError, ValueError, OverflowError):
        return True
