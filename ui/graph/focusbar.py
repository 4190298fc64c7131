"""The bar that says which part of the graph is shown, and makes it larger, smaller or whole."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QWidget

from ui.graph.focus import MOST_HOPS, Focus
from ui.graph.reach import Way
from ui.icons import icon
from ui.theme import SPACE, Theme

_WAYS = ((Way.NEAR, "Around"), (Way.ANCESTORS, "Ancestors"), (Way.DESCENDANTS, "Descendants"))
_WIDEST = 180  # pixels of the node's name


class FocusBar(QWidget):
    """Stands above the canvas while a part of the graph is shown by itself."""

    changed = Signal(object)  # Focus
    closed = Signal()  # the whole graph again

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("CanvasBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._focus: Focus | None = None
        self.name = QLabel(self)
        self.name.setProperty("role", "strong")
        self.count, self.hops = QLabel(self), QLabel(self)
        self.count.setProperty("role", "dim")
        self.ways = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["m"], SPACE["s"])
        row.setSpacing(SPACE["s"])
        for number, (_, text) in enumerate(_WAYS):
            button = self._button(text)
            button.setText(text)
            button.setCheckable(True)
            self.ways.addButton(button, number)
            row.addWidget(button)
        row.addSpacing(SPACE["s"])
        row.addWidget(self.name)
        row.addSpacing(SPACE["m"])
        self.buttons = {
            "zoom_out": self._button("Fewer steps ([)"),
            "zoom_in": self._button("More steps (])"),
            "close": self._button("Show the whole graph (Esc)"),
        }
        row.addWidget(self.buttons["zoom_out"])
        row.addWidget(self.hops)
        row.addWidget(self.buttons["zoom_in"])
        row.addSpacing(SPACE["m"])
        row.addStretch(1)
        row.addWidget(self.count)
        row.addWidget(self.buttons["close"])
        self.ways.idClicked.connect(self._turn)
        self.buttons["zoom_out"].clicked.connect(lambda: self._widen(-1))
        self.buttons["zoom_in"].clicked.connect(lambda: self._widen(1))
        self.buttons["close"].clicked.connect(self.closed)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        for name, button in self.buttons.items():
            button.setIcon(icon(name, theme.text_dim))

    def set_focus(
        self, focus: Focus | None, name: str = "", shown: int = 0, total: int = 0
    ) -> None:
        """Say what is shown: around which node, and how many of how many there are; None hides."""
        self._focus = focus
        self.setVisible(focus is not None)
        if focus is None:
            return
        self.ways.button([way for way, _ in _WAYS].index(focus.way)).setChecked(True)
        metrics = QFontMetrics(self.name.font())
        self.name.setText(metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDEST))
        self.name.setToolTip(name)
        near = focus.way == Way.NEAR
        self.hops.setText(f"{focus.hops} step{'s' * (focus.hops > 1)}")
        for part in (self.hops, self.buttons["zoom_out"], self.buttons["zoom_in"]):
            part.setVisible(near)
        self.buttons["zoom_out"].setEnabled(focus.hops > 1)
        self.buttons["zoom_in"].setEnabled(focus.hops < MOST_HOPS and shown < total)
        self.count.setText(f"{shown:,} of {total:,} nodes")
        self._fit_count()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out the count where there is no room for it."""
        super().resizeEvent(event)
        self._fit_count()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit_count(self) -> None:
        row = self.layout()
        assert row is not None
        wide = row.sizeHint().width()
        if self.count.isHidden():
            wide += self.count.sizeHint().width() + row.spacing()
        self.count.setVisible(wide <= self.width())

    def _turn(self, number: int) -> None:
        if self._focus is not None:
            self.changed.emit(self._focus._replace(way=_WAYS[number][0]))

    def _widen(self, by: int) -> None:
        if self._focus is not None:
            self.changed.emit(self._focus.wider(by))

    def _button(self, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button
