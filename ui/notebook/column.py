"""The scrolling column: makes cells when they come near, keeps what is read in place."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QFrame, QWidget

from ui.notebook.cell import CellWidget
from ui.notebook.model import CellModel
from ui.theme import Theme

TOP = 14  # above the first cell, px
GAP = 14  # between cells
FOOT = 44  # room for the add buttons
_BEYOND = 0.35  # part of the view that may be scrolled past the end
_ROUNDS = 6  # corrections of estimated heights in one pass


class Column(QAbstractScrollArea):
    """Places the cells of `models`; `make` builds the widget of one when it is first needed."""

    moved = Signal()  # cells are elsewhere now: floating parts must follow
    pointer_left = Signal()
    resized = Signal(int)  # from this height; all cells are placed
    emptied = Signal()  # a click beside every cell

    def __init__(
        self, parent: QWidget, make: Callable[[CellModel, QWidget], CellWidget], theme: Theme
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self.models: list[CellModel] = []
        self.widgets: dict[str, CellWidget] = {}
        self.anchor: CellModel | None = None  # stays in place if it is in view
        self._make = make
        self._stale: set[str] = set()
        self._busy = False
        self._foot: QWidget | None = None
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        bar = self.verticalScrollBar()
        bar.setSingleStep(24)
        bar.setEnabled(False)
        # Its room stays, so that lines do not break anew; its handle goes where all is in view.
        bar.rangeChanged.connect(lambda least, most: bar.setEnabled(most > least))

    def forget_far(self) -> None:
        """Drop the widgets that are far from the screen and hold nothing that would be lost."""
        near, focus = set(map(id, self._near())), QApplication.focusWidget()
        for model in self.models:
            widget = self.widgets.get(model.key)
            if widget is None or id(model) in near or not widget.is_idle():
                continue
            if focus is not None and (widget is focus or widget.isAncestorOf(focus)):
                continue
            del self.widgets[model.key]
            self._stale.discard(model.key)
            widget.hide()
            widget.deleteLater()

    def set_theme(self, theme: Theme) -> None:
        """Show every cell in another theme."""
        self._theme = theme
        for widget in self.widgets.values():
            widget.set_theme(theme)
        self.changed(*self.widgets)
        self.viewport().update()

    def set_foot(self, foot: QWidget) -> None:
        """Set the widget that follows the last cell."""
        self._foot = foot
        foot.setParent(self.viewport())

    # -- cells -----------------------------------------------------------------------------------

    def reset(self, models: list[CellModel]) -> None:
        """Show other cells, from the top."""
        for widget in self.widgets.values():
            widget.hide()
            widget.deleteLater()
        self.models, self.widgets, self.anchor = models, {}, None
        self._stale.clear()
        for model in models:
            model.height = model.estimate()
        self._reflow()
        self.verticalScrollBar().setValue(0)
        self._place()

    def insert(self, index: int, model: CellModel) -> None:
        """Add a cell."""
        self.models.insert(index, model)
        model.height = model.estimate()
        self.relayout()

    def remove(self, model: CellModel) -> None:
        """Take a cell away."""
        self.models.remove(model)
        if self.anchor is model:
            self.anchor = None
        widget = self.widgets.pop(model.key, None)
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        self.relayout()

    def move_model(self, model: CellModel, index: int) -> None:
        """Put a cell at another index."""
        self.models.remove(model)
        self.models.insert(index, model)
        self.relayout()

    def widget(self, model: CellModel) -> CellWidget:
        """Return the widget of a cell, made now if it has none."""
        if model.key not in self.widgets:
            made = self._make(model, self.viewport())
            self.widgets[model.key] = made
            made.resized.connect(lambda key=model.key: self.changed(key))
            made.refresh()
            self._stale.add(model.key)
        return self.widgets[model.key]

    # -- layout ----------------------------------------------------------------------------------

    def changed(self, *keys: str) -> None:
        """Measure cells again and close up, keeping what is read in place."""
        self._stale.update(keys)
        different = set(keys)
        for model in self.models:
            model.measured = model.measured and model.key not in different
        if not self._busy:
            self.relayout()

    def relayout(self) -> None:
        """Place every cell anew; the anchored one does not move on the screen."""
        if self._busy:
            return
        anchor = self._anchored()
        offset = anchor.top - self.verticalScrollBar().value() if anchor is not None else 0
        for model in self.models:
            if model.key not in self.widgets and not model.measured:
                model.height = model.estimate()
        self._measure(self._near())
        self._reflow()
        if anchor is not None and anchor in self.models:
            self._scroll_to(anchor.top - offset)
        self._place()

    def ensure_visible(self, model: CellModel, part: QRect | None = None) -> None:
        """Scroll as little as possible to show a cell, or a part of it in its coordinates."""
        self.widget(model)
        self._measure([model])
        self._reflow()
        top = model.top + (part.top() - 24 if part is not None else -GAP)
        height = part.height() + 48 if part is not None else model.height + 2 * GAP
        view, value = self.viewport().height(), self.verticalScrollBar().value()
        if top < value or height > view:
            if not (height > view and top < value and top + height > value + view):
                self._scroll_to(top)
        elif top + height > value + view:
            self._scroll_to(top + height - view)
        self._place()

    # -- events ----------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        """Fill what no cell covers."""
        QPainter(self.viewport()).fillRect(event.rect(), QColor(self._theme.panel))

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        """Move the cells under the viewport."""
        if not self._busy:
            self.anchor = None  # the person reads elsewhere
            self._place()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit the cells to another width."""
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._stale.update(self.widgets)
        self.relayout()
        self.resized.emit(event.oldSize().height())

    def viewportEvent(self, event: QEvent) -> bool:
        """Notice when the pointer leaves."""
        if event.type() == QEvent.Type.Leave:
            self.pointer_left.emit()
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Tell that no cell was meant."""
        self.emptied.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Page up and down; the other keys belong to the notebook."""
        if event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            super().keyPressEvent(event)
        else:
            event.ignore()

    # -- the work --------------------------------------------------------------------------------

    def _anchored(self) -> CellModel | None:
        """Return the cell that must not move: the chosen one in view, else the topmost read."""
        if not self.models:
            return None
        top = self.verticalScrollBar().value()
        view = self.viewport().height()
        chosen = self.anchor
        if chosen is not None and chosen.top < top + view and chosen.top + chosen.height > top:
            return chosen
        at = max(0, bisect_right(self.models, top, key=lambda m: m.top) - 1)
        model = self.models[at]
        passed = model.top < top and model.top + model.height < top + view / 3
        return self.models[min(at + 1, len(self.models) - 1)] if passed else model

    def _near(self) -> list[CellModel]:
        """Return the cells on the screen and one screen above and below."""
        top, view = self.verticalScrollBar().value(), max(self.viewport().height(), 200)
        first = max(0, bisect_right(self.models, top - view, key=lambda m: m.top) - 1)
        last = bisect_right(self.models, top + 2 * view, key=lambda m: m.top)
        return self.models[first:last]

    def _measure(self, models: list[CellModel]) -> bool:
        """Make and arrange cells that need it; tell whether a height changed."""
        different, was_busy, self._busy = False, self._busy, True
        width = self.viewport().width()
        for model in models:
            widget = self.widget(model)
            if model.key in self._stale:
                self._stale.discard(model.key)
                height = widget.arrange(width)
                if height != model.height or widget.size() != (width, height):
                    different = different or height != model.height
                    model.height, model.measured = height, True
                    widget.resize(width, height)
        self._busy = was_busy
        return different

    def _reflow(self) -> None:
        """Compute the tops of all cells and the range of the scroll bar."""
        y = TOP
        for model in self.models:
            model.top = y
            y += model.height + GAP
        view, bar = self.viewport().height(), self.verticalScrollBar()
        total = y + FOOT
        if total > view:
            total += round(view * _BEYOND)
        was_busy, self._busy = self._busy, True
        bar.setRange(0, max(0, total - view))
        bar.setPageStep(max(view - 40, 1))
        self._busy = was_busy

    def _scroll_to(self, value: int) -> None:
        was_busy, self._busy = self._busy, True
        self.verticalScrollBar().setValue(value)
        self._busy = was_busy

    def _place(self) -> None:
        """Put the cells near the screen where they belong and hide the others."""
        for _ in range(_ROUNDS):
            anchor = self._anchored()
            offset = anchor.top - self.verticalScrollBar().value() if anchor is not None else 0
            if not self._measure(self._near()):
                break
            self._reflow()
            if anchor is not None:
                self._scroll_to(anchor.top - offset)
        self._show(set(map(id, self._near())))
        self.moved.emit()

    def _show(self, near: set[int]) -> None:
        value, focus = self.verticalScrollBar().value(), QApplication.focusWidget()
        for model in self.models:
            widget = self.widgets.get(model.key)
            if widget is None:
                continue
            widget.move(0, model.top - value)
            shown = id(model) in near or (focus is not None and widget.isAncestorOf(focus))
            if shown == widget.isHidden() and focus is not widget:
                widget.setVisible(shown)
        if self._foot is not None:
            last = self.models[-1] if self.models else None
            y = last.top + last.height + GAP if last is not None else TOP
            self._foot.setGeometry(46, y - value, max(80, self.viewport().width() - 58), 30)
