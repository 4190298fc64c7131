"""The code editor of a cell: as high as its text, with numbers, pairs, marks and colours."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QResizeEvent,
    QTextCursor,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from ui.fonts import mono_font
from ui.notebook import editing, keys
from ui.notebook.gutter import Gutter
from ui.notebook.highlight import Highlighter
from ui.notebook.marks import Marks
from ui.theme import Theme

_MODIFIERS = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
    | Qt.KeyboardModifier.MetaModifier
)
_NONE = Qt.KeyboardModifier.NoModifier
_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)


class CodeEditor(QPlainTextEdit):
    """Edits one cell; it never scrolls up and down, its owner gives it its full height."""

    escaped = Signal()
    left = Signal(int)  # an arrow key went past the first (-1) or last (+1) line
    line_changed = Signal(int)  # 1-based line of the cursor, after moves and on focus
    rows_changed = Signal()  # the text needs another height
    edited = Signal()

    def __init__(self, parent: QWidget, kind: str, source: str, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows = 0
        self._kind = kind
        self.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setTabChangesFocus(False)
        self.setCursorWidth(2)
        self.document().setDocumentMargin(0)
        self.setFont(mono_font())
        self.ensurePolished()
        self.setPlainText(source)
        self._gutter = Gutter(self, theme, self.row_height)
        self._highlighter = Highlighter(self, self.document(), kind, theme)
        self._apply_kind()
        self.marks = Marks(self, self._highlighter, theme)
        self.marks.changed.connect(self._gutter.set_marks)
        self.document().blockCountChanged.connect(self._on_rows)
        self.textChanged.connect(self._on_text)
        self.updateRequest.connect(self._on_update)
        self.cursorPositionChanged.connect(self._on_cursor)
        self._on_rows()

    # -- setters ---------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self._highlighter.set_theme(theme)
        self._gutter.set_theme(theme)
        self.marks.set_theme(theme)

    def set_kind(self, kind: str) -> None:
        """Edit the text as another kind of cell: other colours, wrapped or not."""
        self._kind = kind
        self._highlighter.set_kind(kind)
        self._apply_kind()

    def set_line_numbers(self, shown: bool) -> None:
        """Show the numbers of code lines, or only their marks."""
        if shown != self._gutter.numbered:
            self._gutter.numbered = shown
            self._place_gutter()
            self._gutter.update()

    def set_source(self, source: str) -> None:
        """Replace the text as one step that can be undone."""
        if source == self.toPlainText():
            return
        cursor = QTextCursor(self.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(source)

    def add_line(self, line: str) -> None:
        """Write a line of code at the cursor, as one step that can be undone."""
        self._with_cursor(lambda cursor: editing.add_line(cursor, line))

    # -- geometry --------------------------------------------------------------------------------

    def text_height(self) -> int:
        """Return the height, px, that shows every line."""
        if self.lineWrapMode() == QPlainTextEdit.LineWrapMode.NoWrap:
            rows = self.blockCount()
        else:
            rows = round(self.document().size().height())
        return ceil(self.row_height() * max(rows, 1)) + 2

    def row_height(self) -> float:
        """Return the height, px, that the layout gives to one line."""
        block = self.document().firstBlock()
        self.blockBoundingRect(block)  # lays it out
        line = block.layout().lineAt(0)
        return line.height() if line.isValid() else ceil(QFontMetricsF(self.font()).lineSpacing())

    def line(self) -> int:
        """Return the 1-based line of the cursor."""
        return self.textCursor().blockNumber() + 1

    def cursor_index(self) -> int:
        """Return how many letters lie before the cursor."""
        return editing.letters_before(self.toPlainText(), self.textCursor().position())

    def go_to(self, line: int) -> None:
        """Put the cursor at the start of a 1-based line."""
        block = self.document().findBlockByNumber(min(line, self.blockCount()) - 1)
        self.setTextCursor(QTextCursor(block))

    def line_rect(self, line: int) -> QRect:
        """Return the rectangle of a 1-based line in this widget's coordinates."""
        block = self.document().findBlockByNumber(max(0, min(line, self.blockCount()) - 1))
        box = self.blockBoundingGeometry(block).translated(self.contentOffset())
        return QRect(0, round(box.top()), self.width(), round(box.height()))

    def quoted_at(self, position: int) -> bool:
        """Tell whether a place (UTF-16) is in a string or comment."""
        block = self.document().findBlock(position)
        name = self._highlighter.name_at(block.blockNumber(), position - block.position())
        return name in ("string", "comment")

    def is_code(self) -> bool:
        """Tell whether the text is Python."""
        return self._kind == "code"

    # -- events ----------------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Claim the editor's own keys from the window's shortcuts."""
        override = event.type() == QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and self._own(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Edit as a Python editor does; keys of the notebook pass to the owner."""
        if not self._command(event) and not self._edit(event):
            if self._for_owner(event):
                event.ignore()
            else:
                super().keyPressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Scroll sideways here; up and down belongs to the column."""
        delta = event.angleDelta()
        if delta.x() and abs(delta.x()) > abs(delta.y()):
            self.horizontalScrollBar().event(event)
        elif event.modifiers() & _SHIFT and delta.y():
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - delta.y())
        else:
            event.ignore()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take text, and leave files to the window: it opens them."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.ignore()
        else:
            super().dragEnterEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Mark the current line and tell it."""
        super().focusInEvent(event)
        self.marks.update()
        self.line_changed.emit(self.line())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Drop the mark of the current line."""
        super().focusOutEvent(event)
        self.marks.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the number strip at the left edge."""
        super().resizeEvent(event)
        self._place_gutter()
        if self.lineWrapMode() != QPlainTextEdit.LineWrapMode.NoWrap:
            self._on_rows()

    # -- keys ------------------------------------------------------------------------------------

    @staticmethod
    def _for_owner(event: QKeyEvent) -> bool:
        return keys.command(event, editing=True) is not None

    def _own(self, event: QKeyEvent) -> bool:
        comment = event.key() == Qt.Key.Key_Slash and event.modifiers() & _MODIFIERS == _CTRL
        return comment or event.key() == Qt.Key.Key_Escape or self._for_owner(event)

    def _command(self, event: QKeyEvent) -> bool:
        """Handle the keys that leave the text alone."""
        key, pressed = event.key(), event.modifiers() & _MODIFIERS
        if key == Qt.Key.Key_Escape and pressed == _NONE:
            self.escaped.emit()
        elif key == Qt.Key.Key_Home and pressed in (_NONE, _SHIFT):
            keep = QTextCursor.MoveMode.KeepAnchor if pressed else QTextCursor.MoveMode.MoveAnchor
            self._with_cursor(lambda cursor: editing.home(cursor, keep))
        elif key == Qt.Key.Key_Up and pressed == _NONE and self._at_edge(-1):
            self.left.emit(-1)
        elif key == Qt.Key.Key_Down and pressed == _NONE and self._at_edge(1):
            self.left.emit(1)
        else:
            return False
        return True

    def _edit(self, event: QKeyEvent) -> bool:
        key, pressed = event.key(), event.modifiers() & _MODIFIERS
        code = self._kind == "code"
        if key in _ENTER and pressed == _NONE and code:
            return self._with_cursor(editing.new_line)
        if key == Qt.Key.Key_Tab and pressed == _NONE:
            return self._with_cursor(editing.indent)
        if key == Qt.Key.Key_Backtab:
            return self._with_cursor(editing.dedent)
        if key == Qt.Key.Key_Slash and pressed == _CTRL and code:
            return self._with_cursor(editing.toggle_comment)
        if key == Qt.Key.Key_Backspace and pressed == _NONE and code:
            return self._with_cursor(editing.backspace)
        if code and len(event.text()) == 1 and pressed in (_NONE, _SHIFT):
            text, quoted = event.text(), self._quoted()
            return self._with_cursor(lambda cursor: editing.type_text(cursor, text, quoted))
        return False

    def _with_cursor(self, act: Callable[[QTextCursor], bool | None]) -> bool:
        cursor = self.textCursor()
        done = act(cursor)
        if done is not False:
            self.setTextCursor(cursor)
            self.ensureCursorVisible()
        return done is not False

    def _at_edge(self, direction: int) -> bool:
        cursor = self.textCursor()
        if cursor.hasSelection():
            return False
        move = QTextCursor.MoveOperation.Up if direction < 0 else QTextCursor.MoveOperation.Down
        return not cursor.movePosition(move)

    def _quoted(self) -> bool:
        cursor = self.textCursor()
        return self.quoted_at(max(cursor.position() - 1, cursor.block().position()))

    # -- marks -----------------------------------------------------------------------------------

    def _apply_kind(self) -> None:
        wrapped = self._kind != "code"
        mode = QPlainTextEdit.LineWrapMode
        self.setLineWrapMode(mode.WidgetWidth if wrapped else mode.NoWrap)
        self.setWordWrapMode(
            QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere
            if wrapped
            else QTextOption.WrapMode.NoWrap
        )
        self._gutter.setVisible(not wrapped)
        self._place_gutter()
        self._on_rows()

    def _place_gutter(self) -> None:
        digits = max(2, len(str(self.blockCount())))
        width = round(self.fontMetrics().horizontalAdvance("0") * digits * 0.9) + 20
        width = width if self._kind == "code" and self._gutter.numbered else 12
        if self.viewportMargins().left() != width:
            self.setViewportMargins(width, 0, 0 if self._kind == "code" else 10, 0)
        self._gutter.setGeometry(0, 0, width, self.height())

    def _on_rows(self) -> None:
        self._place_gutter()
        height = self.text_height()
        if height != self._rows:
            self._rows = height
            self.rows_changed.emit()

    def _on_text(self) -> None:
        self._on_rows()
        self.edited.emit()

    def _on_update(self, rect: QRect, _dy: int) -> None:
        self._gutter.update(0, rect.y(), self._gutter.width(), rect.height())

    def _on_cursor(self) -> None:
        self.marks.update()
        if self.hasFocus():
            self.line_changed.emit(self.line())
