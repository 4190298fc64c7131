"""The chip that says by what the graph is filtered while the search bar is away."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from ui.fonts import mono_font
from ui.graph.floating import Floating
from ui.icons import icon, pixmap
from ui.theme import SPACE, Theme

_WIDEST = 280  # pixels of the query


class FilterChip(Floating):
    """Floats where the search bar was; a click on its words brings that back."""

    opened = Signal()
    closed = Signal()  # no filter any more

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight)
        self.setObjectName("FindBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._funnel = QLabel(self)
        self.query = QToolButton(self)
        self.query.setFont(mono_font("body"))
        self.query.setToolTip("Change what is filtered")
        self.query.clicked.connect(self.opened)
        self.count = QLabel(self)
        self.count.setProperty("role", "dim")
        self.clear = QToolButton(self)
        self.clear.setToolTip("Show all nodes alike again")
        self.clear.setAccessibleName("Clear filter")
        self.clear.clicked.connect(self.closed)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["m"], SPACE["xs"], SPACE["xs"], SPACE["xs"])
        row.setSpacing(SPACE["s"])
        for part in (self._funnel, self.query, self.count, self.clear):
            row.addWidget(part)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours; the style sheet does the rest."""
        self._funnel.setPixmap(pixmap("filter", theme.accent, 16, self.devicePixelRatioF()))
        self.clear.setIcon(icon("close", theme.text_dim))

    def show_filter(self, query: str, found: int, total: int) -> None:
        """Say what is filtered, and how many of how many nodes are left."""
        metrics = QFontMetrics(self.query.font())
        self.query.setText(metrics.elidedText(query, Qt.TextElideMode.ElideRight, _WIDEST))
        self.query.setAccessibleName(f"Filter: {query}")
        self.count.setText(f"{found:,} of {total:,}")
        self.show()
        self.raise_()
        self.place()

    def wished(self, room: QSize) -> QSize:
        hint = self.sizeHint()
        return QSize(min(hint.width(), room.width()), hint.height())
