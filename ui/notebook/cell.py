"""One cell on screen: status bar, execution count, editor or prose, and outputs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QEnterEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QScrollBar, QToolButton, QWidget

from ui.fonts import mono_font
from ui.icons import icon
from ui.notebook.editor import CodeEditor
from ui.notebook.input import HEIGHT, InputRow
from ui.notebook.markdown import MarkdownView
from ui.notebook.model import CellModel
from ui.notebook.outputs import OutputArea
from ui.theme import RADIUS, Theme

LEFT = 46  # status bar and execution count, px
RIGHT = 12
PAD = 7  # above and below the text in its card
OUT_GAP = 8
BAR = 3  # width of the status bar
_EMPTY = "Empty text cell. Press Enter to write."


class CellWidget(QWidget):
    """Shows a CellModel; knows nothing of its neighbours."""

    resized = Signal()  # height_for would answer differently
    hovered = Signal()
    editor_made = Signal(object)  # CodeEditor
    run_clicked = Signal()
    edited = Signal(str)
    escaped = Signal()
    left = Signal(int)
    line_changed = Signal(int)
    edit_requested = Signal()
    clear_requested = Signal()
    menu_requested = Signal(QPoint)
    link_activated = Signal(str)
    input_given = Signal(str)
    place_clicked = Signal(object)  # Link, in a traceback
    chosen = Signal()  # a click: this cell alone is meant
    extended = Signal()  # a click with Shift: all cells up to here are meant

    def __init__(self, parent: QWidget, model: CellModel, theme: Theme) -> None:
        super().__init__(parent)
        self.model, self._theme = model, theme
        self._current = self._editing = self._hover = self._selected = False
        self._numbered = True
        self._card = QRect()
        self.editor: CodeEditor | None = None
        self.prose: MarkdownView | None = None
        self.area: OutputArea | None = None
        self.input: InputRow | None = None  # while the code waits for a line
        self._bar: QScrollBar | None = None  # made for the first line that is too long
        self._run = QToolButton(self)
        self._run.setObjectName("CellRun")
        self._run.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._run.setToolTip("Run this cell (Ctrl+Enter)")
        self._run.setAccessibleName("Run this cell")
        self._run.setIconSize(QSize(14, 14))
        self._run.setIcon(icon("run", theme.accent))
        self._run.clicked.connect(self.run_clicked)
        self._run.hide()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a click says itself who gets the keyboard
        self._build()

    # -- setters ---------------------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self._run.setIcon(icon("run", theme.accent))
        for part in (self.editor, self.prose, self.area):
            if part is not None:
                part.set_theme(theme)
        self.update()

    def set_current(self, current: bool, editing: bool) -> None:
        """Show whether this is the selected cell and whether its text is being edited."""
        if (current, editing) != (self._current, self._editing):
            self._current, self._editing = current, editing
            self.update()

    def set_selected(self, selected: bool) -> None:
        """Show whether this cell is selected together with others."""
        if selected != self._selected:
            self._selected = selected
            self._name()
            self.update()

    def set_line_numbers(self, shown: bool) -> None:
        """Show the numbers of code lines, or hide them."""
        self._numbered = shown
        if self.editor is not None:
            self.editor.set_line_numbers(shown)

    def set_hover(self, hover: bool) -> None:
        """Offer the run button in the gutter while the pointer is here."""
        self._hover = hover
        self._run.setVisible(hover and self.model.kind == "code")
        self.update()

    def refresh(self) -> None:
        """Show the model's outputs and marks as they are now."""
        self._show_outputs()
        self.refresh_marks()

    def refresh_marks(self) -> None:
        """Show the model's count, status and marked lines as they are now."""
        self._name()
        if self.editor is not None:
            self.editor.marks.set_lines(self.model.lit, self.model.error, self.model.stops)
        self.update()

    def ask(self, prompt: str | None, password: bool = False) -> None:
        """Show a line for the input that the code waits for; None takes it away."""
        if self.input is not None:
            if self.input.field.hasFocus():
                self.setFocus()
            self.input.hide()
            self.input.deleteLater()
            self.input = None
        if prompt is not None:
            self.input = InputRow(self, prompt, password)
            self.input.given.connect(self.input_given)
            self.input.left.connect(self.escaped)
        self.resized.emit()

    def rebuild(self) -> None:
        """Follow a change of the cell's kind or of its text from outside."""
        if self.editor is not None:
            self.editor.set_source(self.model.source)
            self.editor.set_kind(self.model.kind)
        self._build()
        self.refresh()
        self.resized.emit()

    def edit(self, editing: bool) -> None:
        """Give the keyboard to the editor, or back to the cell as a whole."""
        if editing:
            self._show_editor(True)
            assert self.editor is not None
            self.editor.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)

    def render(self) -> None:  # type: ignore[override]
        """Show a markdown cell as prose."""
        if self.model.kind == "markdown":
            self._show_editor(False)

    def show_source(self) -> None:
        """Show the text as it is written, without the keyboard."""
        self._show_editor(True)

    def is_idle(self) -> bool:
        """Tell whether a new widget of the same model would serve as well: nothing to undo."""
        undo = self.editor is not None and (
            self.editor.document().isUndoAvailable() or self.editor.document().isRedoAvailable()
        )
        return (
            not undo
            and self.input is None
            and not (self.model.kind == "markdown" and self.model.editing)
        )

    # -- geometry --------------------------------------------------------------------------------

    def arrange(self, width: int) -> int:
        """Place everything for a width and return the height, px."""
        inner = max(80, width - LEFT - RIGHT)
        if self.prose is not None and not self.prose.isHidden():
            height = self.prose.height_for(inner - 4)
            self.prose.setGeometry(LEFT + 2, 4, inner - 4, height)
            self._card = QRect()
            bottom = height + 8
        else:
            bottom = self._arrange_editor(inner)
        self._run.setGeometry(12, 3, 26, 26)
        if self.area is not None and self.area.views:
            height = self.area.height_for(inner - 4)
            self.area.setGeometry(LEFT + 2, bottom + OUT_GAP, inner - 4, height)
            bottom += OUT_GAP + height
        if self.input is not None:
            self.input.setGeometry(LEFT + 2, bottom + OUT_GAP, inner - 4, HEIGHT)
            bottom += OUT_GAP + HEIGHT
        return max(bottom, self.model.floor)

    def editor_line_rect(self, line: int) -> QRect:
        """Return where a 1-based source line is, in this widget's coordinates."""
        if self.editor is None or self.editor.isHidden():
            return QRect(LEFT, 0, max(1, self.width() - LEFT), 24)
        return self.editor.line_rect(line).translated(self.editor.pos())

    # -- events ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the card, the status bar and the execution count."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._selected:
            self._paint_selection(painter)
        self._paint_card(painter)
        self._paint_status(painter)
        if self.model.kind == "code" and not self._run.isVisible():
            painter.setFont(mono_font("small"))
            bright = self._current or self.model.status in ("running", "queued")
            painter.setPen(QColor(self._theme.text_dim if bright else self._theme.text_faint))
            box = QRect(BAR, PAD + 2, LEFT - BAR - 8, 17)
            align = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, align, self.model.prompt())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Give a text the keyboard with a click; with Shift it means the cell, unless it has it."""
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            text = watched.parent()
            assert isinstance(text, QWidget)
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and not text.hasFocus():
                self.extended.emit()
                return True
            text.setFocus(Qt.FocusReason.MouseFocusReason)
        return False

    def enterEvent(self, event: QEnterEvent) -> None:
        """Tell the column where the pointer is."""
        self.hovered.emit()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Select the cell as a whole; with Shift, all from the current one to it."""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            self.extended.emit()
            return
        self.chosen.emit()
        self.setFocus(Qt.FocusReason.MouseFocusReason)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Edit the cell."""
        self.edit_requested.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer the cell's commands."""
        self.menu_requested.emit(event.globalPos())

    # -- parts -----------------------------------------------------------------------------------

    def _build(self) -> None:
        text = self.model.source.strip()
        self._show_editor(self.model.kind != "markdown" or (self.model.editing and not text))
        self._name()

    def _name(self) -> None:
        kind = {"code": "Code", "markdown": "Text"}.get(self.model.kind, "Raw")
        number = f" {self.model.count}" if self.model.count is not None else ""
        self.setAccessibleName(f"{kind} cell{number}")
        selected = ", selected with others" if self._selected else ""
        self.setAccessibleDescription(f"{self.model.status}{selected}")

    def _show_editor(self, shown: bool) -> None:
        before = (self.editor is not None and not self.editor.isHidden(), self.prose is not None)
        if shown and self.editor is None:
            self._make_editor()
        if not shown:
            self._make_prose()
        if self.editor is not None:
            had_focus = self.editor.hasFocus()
            self.editor.setVisible(shown)
            if had_focus and not shown:
                self.setFocus()
        if self.prose is not None:
            self.prose.setVisible(not shown)
        self._show_bar()
        if before != (shown, self.prose is not None) or not shown:
            self.resized.emit()
            self.update()

    def _make_editor(self) -> None:
        editor = CodeEditor(self, self.model.kind, self.model.source, self._theme)
        editor.setAccessibleName("Source")
        editor.set_line_numbers(self._numbered)
        editor.edited.connect(self._on_edited)
        editor.rows_changed.connect(self.resized)
        editor.escaped.connect(self.escaped)
        editor.left.connect(self.left)
        editor.line_changed.connect(self.line_changed)
        editor.horizontalScrollBar().rangeChanged.connect(self._show_bar)
        editor.marks.set_lines(self.model.lit, self.model.error, self.model.stops)
        editor.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # by a click as `eventFilter` says
        editor.viewport().installEventFilter(self)
        self.editor = editor
        self.editor_made.emit(editor)

    def _show_bar(self) -> None:
        """Lay a thin scroll bar into the card's padding, where it takes no room."""
        inner = self.editor.horizontalScrollBar() if self.editor is not None else None
        if inner is None or self.editor is None or (self._bar is None and not inner.maximum()):
            return
        if self._bar is None:
            self._bar = QScrollBar(Qt.Orientation.Horizontal, self)
            inner.valueChanged.connect(self._bar.setValue)
            self._bar.valueChanged.connect(inner.setValue)
            self._place_bar()
        self._bar.setRange(0, inner.maximum())
        self._bar.setPageStep(inner.pageStep())
        self._bar.setValue(inner.value())
        self._bar.setVisible(inner.maximum() > 0 and not self.editor.isHidden())

    def _place_bar(self) -> None:
        if self._bar is not None and self.editor is not None:
            place, start = self.editor.geometry(), LEFT + self.editor.viewport().x()
            self._bar.setGeometry(start, place.bottom() + 1, place.right() - start - 5, PAD)

    def _make_prose(self) -> None:
        if self.prose is None:
            self.prose = MarkdownView(self, self._theme)
            self.prose.setAccessibleName("Text")
            self.prose.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.prose.viewport().installEventFilter(self)
            self.prose.edit_requested.connect(self.edit_requested)
            self.prose.menu_requested.connect(self.menu_requested)
            self.prose.link_activated.connect(self.link_activated)
        text = self.model.source if self.model.source.strip() else f"*{_EMPTY}*"
        self.prose.set_text(text, self.model.attachments)

    def _show_outputs(self) -> None:
        if self.area is None and self.model.items:
            self.area = OutputArea(self, self._theme)
            self.area.resized.connect(self.resized)
            self.area.clear_requested.connect(self.clear_requested)
            self.area.link_activated.connect(self.link_activated)
            self.area.place_clicked.connect(self.place_clicked)
            self.area.show()
        if self.area is not None:
            self.area.show_items(self.model.items)
            self.area.setVisible(bool(self.model.items))

    def _arrange_editor(self, inner: int) -> int:
        assert self.editor is not None
        if self.editor.width() != inner - 2:  # wrapped text needs its width to know its height
            self.editor.resize(inner - 2, max(self.editor.height(), 20))
        height = self.editor.text_height()
        self.editor.setGeometry(LEFT + 1, PAD, inner - 2, height)
        self._card = QRect(LEFT, 0, inner, height + 2 * PAD)
        self._place_bar()
        return self._card.height()

    def _on_edited(self) -> None:
        assert self.editor is not None
        text = self.editor.toPlainText()
        if text != self.model.source:  # Qt also tells of new colours
            self.model.source, self.model.error = text, 0
            self.editor.marks.set_lines(self.model.lit, 0, self.model.stops)
            self.edited.emit(text)

    # -- painting --------------------------------------------------------------------------------

    def _paint_selection(self, painter: QPainter) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        tint = QColor(self._theme.selection)
        tint.setAlphaF(0.5)
        painter.setBrush(tint)
        painter.drawRoundedRect(QRectF(self.rect()), RADIUS, RADIUS)

    def _paint_card(self, painter: QPainter) -> None:
        if self._card.isNull():
            return
        border = self._theme.border
        if self._current or self._selected:
            lit = self._current and (self._editing or self._selected)
            border = self._theme.focus if lit else self._theme.text_faint
        painter.setPen(QPen(QColor(border), 1))
        painter.setBrush(QColor(self._theme.raised if not self._editing else self._theme.panel))
        painter.drawRoundedRect(QRectF(self._card).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _paint_status(self, painter: QPainter) -> None:
        colour = {
            "running": self._theme.accent,
            "queued": self._theme.accent,
            "error": self._theme.error,
        }.get(self.model.status)
        if colour is None and (self._current or self._selected):
            colour = self._theme.focus
        if colour is None:
            return
        fill = QColor(colour)
        if self.model.status == "queued":
            fill.setAlphaF(0.35)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(QRectF(4, 0, BAR, self.height()), 1.5, 1.5)
