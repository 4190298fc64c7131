"""Pages behind a bar of tabs, which is there once there are two."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QStackedWidget,
    QTabBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.icons import icon
from ui.theme import Theme


class _Close(QToolButton):
    """The button that closes a tab."""


class Tabs(QWidget):
    """The window of the application; a page's window title is the text of its tab."""

    current_changed = Signal(int)
    close_wished = Signal(int)
    moved = Signal(int, int)  # from, to

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("Tabs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.may_close: Callable[[], bool] = lambda: True
        self.bar = QTabBar(self)
        self.bar.setAccessibleName("Documents")
        self.bar.setDocumentMode(True)
        self.bar.setExpanding(False)
        self.bar.setMovable(True)
        self.bar.setUsesScrollButtons(True)
        self.bar.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.bar.currentChanged.connect(self._show)
        self.bar.tabMoved.connect(self._move)
        self.pages = QStackedWidget(self)
        self._away: dict[QWidget, list[QDockWidget]] = {}  # floating panels of pages behind
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.pages)
        self.bar.hide()

    def add(self, page: QWidget) -> int:
        """Put a page behind the others' tabs and return its place; it is not shown yet."""
        page.setWindowState(Qt.WindowState.WindowNoState)
        self.pages.addWidget(page)
        page.windowTitleChanged.connect(lambda title: self._name(page, title))
        place = self.bar.addTab("")
        self.bar.setTabButton(place, QTabBar.ButtonPosition.RightSide, self._button(page))
        self._name(page, page.windowTitle())
        self.bar.setVisible(self.bar.count() > 1)
        layout = self.layout()
        if layout is not None:
            layout.activate()  # so that the page has its size before it is seen
        return place

    def set_theme(self, theme: Theme) -> None:
        """Tint the buttons of the tabs."""
        self._theme = theme
        for button in self.bar.findChildren(_Close):
            button.setIcon(icon("close", theme.text_dim))

    def take(self, place: int) -> QWidget:
        """Take a page out and return it; it belongs to the caller."""
        page = self.page(place)
        self._away.pop(page, None)
        page.windowTitleChanged.disconnect()
        self.pages.removeWidget(page)
        self.bar.removeTab(place)
        self.bar.setVisible(self.bar.count() > 1)
        return page

    def page(self, place: int) -> QWidget:
        """Return the page of a tab; IndexError if there is none."""
        page = self.pages.widget(place)
        if page is None:
            raise IndexError(place)
        return page

    def current(self) -> int:
        """Return the place of the shown page, -1 without one."""
        return self.bar.currentIndex()

    def count(self) -> int:
        return self.bar.count()

    def show_page(self, place: int) -> None:
        """Bring a page to the front."""
        self.bar.setCurrentIndex(place)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close only if nothing would be lost."""
        if self.may_close():
            event.accept()
        else:
            event.ignore()

    def _show(self, place: int) -> None:
        if place < 0:
            return
        before = self.pages.currentWidget()
        if before is not None and before is not self.page(place):
            self._put_away(before)
        page = self.page(place)
        self.pages.setCurrentWidget(page)
        for dock in self._away.pop(page, ()):
            dock.show()
        self.setWindowTitle(page.windowTitle())
        self.current_changed.emit(place)

    def _put_away(self, page: QWidget) -> None:
        """Hide the floating panels of a page: as windows of their own they would stay."""
        docks = page.findChildren(QDockWidget)
        self._away[page] = [dock for dock in docks if dock.isFloating() and dock.isVisible()]
        for dock in self._away[page]:
            dock.hide()

    def _button(self, page: QWidget) -> QToolButton:
        button = _Close(self.bar)
        button.setIcon(icon("close", self._theme.text_dim))
        button.setIconSize(QSize(12, 12))
        button.setToolTip("Close this tab")
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # the command closes the current one
        button.clicked.connect(lambda: self.close_wished.emit(self.pages.indexOf(page)))
        return button

    def _move(self, start: int, end: int) -> None:
        page = self.page(start)
        shown = self.pages.currentWidget()
        self.pages.removeWidget(page)
        self.pages.insertWidget(end, page)
        if shown is not None:
            self.pages.setCurrentWidget(shown)
        self.moved.emit(start, end)

    def _name(self, page: QWidget, title: str) -> None:
        place = self.pages.indexOf(page)
        if 0 <= place < self.bar.count():
            text = title.removesuffix(" — Tapedeck")
            self.bar.setTabText(place, text.replace("&", "&&"))
            self.bar.setTabToolTip(place, text)
            button = self.bar.tabButton(place, QTabBar.ButtonPosition.RightSide)
            button.setAccessibleName(f"Close {text}")
        if place == self.current():
            self.setWindowTitle(title)
