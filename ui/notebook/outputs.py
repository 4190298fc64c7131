"""The outputs under a code cell: text, errors, pictures and prose, one below the other."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QMenu, QPushButton, QWidget

from ui.fonts import mono_font
from ui.notebook import mime
from ui.notebook.ansi import Screen
from ui.notebook.markdown import MarkdownView
from ui.notebook.picture import PictureView
from ui.notebook.textview import TextView
from ui.theme import RADIUS, Theme

CAP = 60  # lines shown before the rest folds; half of them from the end
TALL = 400  # lines shown at full height; more scroll inside
WINDOW = 32  # height of that inner view, lines
GAP = 6
PAD = 10
_TINTS = {"stderr": "text", "note": "text_faint"}


class TextOutput(QWidget):
    """Terminal text, folded in the middle when it is long."""

    resized = Signal()
    menu_requested = Signal(QPoint)
    place_clicked = Signal(object)  # Link

    def __init__(
        self, parent: QWidget, screen: Screen, theme: Theme, name: str = "",
        links: tuple[mime.Link, ...] = (),
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._links = links
        self._screen, self._theme, self._name = screen, theme, name
        self._expanded = False
        self.head = self._lines()
        self.tail: TextView | None = None  # made when the text is long
        self.more: QPushButton | None = None
        self.refresh()

    def refresh(self) -> None:
        """Show what the screen holds now."""
        count = len(self._screen)
        folded = count > CAP and not self._expanded
        self.head.show_lines(0, CAP // 2 if folded else count)
        self.head.scroll_lines(self._expanded and count > TALL)
        if count <= CAP and self.more is None:
            return
        tail, more = self._fold()
        tail.show_lines(max(0, count - CAP // 2), count)
        tail.setVisible(folded)
        more.setVisible(count > CAP)
        more.setText("Show less" if self._expanded else f"Show all ({count:,} lines)")

    def toggle(self) -> None:
        """Unfold a long text, or fold it again."""
        if len(self._screen) > CAP:
            self._expanded = not self._expanded
            self.refresh()
            self.resized.emit()

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.head.set_theme(theme)
        if self.tail is not None:
            self.tail.set_theme(theme)
        self.update()

    def height_for(self, width: int) -> int:
        """Place the parts for a width and return the height, px."""
        pad = PAD if self._name == "stderr" else 0
        inner, count = width - 2 * pad, len(self._screen)
        rows = WINDOW if self._expanded and count > TALL else None
        y = 6 if pad else 0
        height = self.head.height_for(inner, rows)
        self.head.setGeometry(pad, y, inner, height)
        y += height
        if self.more is not None and count > CAP:
            self.more.adjustSize()
            self.more.move(pad, y + 3)
            y += self.more.height() + 6
        if self.tail is not None and count > CAP and not self._expanded:
            height = self.tail.height_for(inner)
            self.tail.setGeometry(pad, y, inner, height)
            y += height
        return y + (6 if pad else 0)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tint the error stream."""
        if self._name == "stderr":
            paint_sheet(self, self._theme.warning)

    def _lines(self) -> TextView:
        view = TextView(self, self._screen, self._theme, _TINTS.get(self._name, "text"))
        view.setAccessibleName({"stderr": "Error stream"}.get(self._name, "Output"))
        view.menu_requested.connect(self.menu_requested)
        view.set_links(self._links)
        view.link_clicked.connect(self.place_clicked)
        return view

    def _fold(self) -> tuple[TextView, QPushButton]:
        if self.tail is None or self.more is None:
            self.tail = self._lines()
            self.more = QPushButton(self)
            self.more.setObjectName("ShowAll")
            self.more.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            self.more.setCursor(Qt.CursorShape.PointingHandCursor)
            self.more.clicked.connect(self.toggle)
        return self.tail, self.more


class FailureOutput(QWidget):
    """An exception: type and message in words that wrap, its traceback below."""

    resized = Signal()
    menu_requested = Signal(QPoint)
    place_clicked = Signal(object)  # Link

    def __init__(self, parent: QWidget, failure: mime.Failure, theme: Theme) -> None:
        super().__init__(parent)
        self._failure, self._theme = failure, theme
        self._title = QLabel(self)
        self._title.setWordWrap(True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setText(
            f"{failure.ename}: {failure.evalue}" if failure.evalue else failure.ename
        )
        self._title.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._title.setObjectName("FailureTitle")
        self._title.setFont(mono_font())
        self.frames = TextOutput(self, failure.screen, theme, links=failure.links)
        self.frames.place_clicked.connect(self.place_clicked)
        self.frames.menu_requested.connect(self.menu_requested)
        self.frames.resized.connect(self.resized)
        self.setAccessibleName(f"Error {self._title.text()}")

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        self.frames.set_theme(theme)
        self.update()

    def height_for(self, width: int) -> int:
        """Place the parts for a width and return the height, px."""
        inner = width - 2 * PAD
        height = self._title.heightForWidth(inner)
        self._title.setGeometry(PAD, 8, inner, height)
        y = 8 + height
        if len(self._failure.screen):
            y += 6
            height = self.frames.height_for(inner)
            self.frames.setGeometry(PAD, y, inner, height)
            y += height
        return y + 8

    def paintEvent(self, event: QPaintEvent) -> None:
        """Tint the whole in the error colour."""
        paint_sheet(self, self._theme.error)


OutputView = TextOutput | FailureOutput | PictureView | MarkdownView


class OutputArea(QWidget):
    """Shows items and grows with them; menus offer to copy and to clear."""

    resized = Signal()
    clear_requested = Signal()
    link_activated = Signal(str)
    place_clicked = Signal(object)  # Link

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self._theme = theme
        self._items: list[mime.Item] = []
        self.views: list[OutputView] = []

    def show_items(self, items: list[mime.Item]) -> None:
        """Show these items, which may continue the ones shown; the last one may have grown."""
        if items[: len(self._items)] != self._items or not items:
            self._drop()
        if self.views and isinstance(self.views[-1], TextOutput):
            self.views[-1].refresh()
        for item in items[len(self._items) :]:
            self.views.append(self._view(item))
        self._items = list(items)

    def set_theme(self, theme: Theme) -> None:
        """Paint in another theme."""
        self._theme = theme
        for view in self.views:
            view.set_theme(theme)

    def height_for(self, width: int) -> int:
        """Place the views for a width and return the height, px."""
        y = 0
        for view in self.views:
            height = view.height_for(width)
            view.setGeometry(0, y, width, height)
            y += height + GAP
        return max(0, y - GAP)

    def toggle_all(self) -> None:
        """Unfold long texts, or fold them again."""
        for view in self.views:
            text = view.frames if isinstance(view, FailureOutput) else view
            if isinstance(text, TextOutput):
                text.toggle()

    def copy_all(self) -> None:
        """Put all text on the clipboard."""
        text = "\n".join(filter(None, map(mime.plain, self._items)))
        QGuiApplication.clipboard().setText(text)

    def menu(self, view: OutputView) -> QMenu:
        """Return the menu of one output."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        parts = [v for v in view.findChildren(TextView) if v.selected_text()]
        if parts:
            menu.addAction("Copy", parts[0].copy)
        if isinstance(view, PictureView):
            menu.addAction("Copy picture", view.copy)
        menu.addAction("Copy output", self.copy_all)
        menu.addSeparator()
        menu.addAction("Clear output", self.clear_requested.emit)
        return menu

    def _view(self, item: mime.Item) -> OutputView:
        view = self._make(item)
        view.menu_requested.connect(lambda at: self.menu(view).popup(at))
        view.show()
        return view

    def _make(self, item: mime.Item) -> OutputView:
        if isinstance(item, mime.Text):
            text = TextOutput(self, item.screen, self._theme, item.name)
            text.resized.connect(self.resized)
            return text
        if isinstance(item, mime.Failure):
            failure = FailureOutput(self, item, self._theme)
            failure.resized.connect(self.resized)
            failure.place_clicked.connect(self.place_clicked)
            return failure
        if isinstance(item, mime.Picture):
            return PictureView(self, item, self._theme)
        prose = MarkdownView(self, self._theme)
        prose.set_text(item.text)
        prose.link_activated.connect(self.link_activated)
        return prose

    def _drop(self) -> None:
        for view in self.views:
            view.hide()
            view.deleteLater()
        self.views, self._items = [], []


def paint_sheet(widget: QWidget, colour: str) -> None:
    """Paint a soft rounded sheet in a colour behind a widget."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    fill = QColor(colour)
    fill.setAlphaF(0.09)
    painter.setBrush(fill)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawRoundedRect(QRectF(widget.rect()), RADIUS, RADIUS)
