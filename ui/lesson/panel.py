"""The text of a lesson beside the graph, a step at a time."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from ui.notebook.markdown import MarkdownView
from ui.theme import SPACE, Theme

_EMPTY = (
    "This notebook has no text. Every text cell of a notebook is a step of its lesson; "
    "try one of File → Examples."
)


class LessonPanel(QWidget):
    """Shows one step; Back and Next say where to go."""

    stepped = Signal(int)  # 1 or -1

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Lesson")
        self.setMinimumWidth(240)
        self.count = QLabel(self)
        self.count.setProperty("role", "dim")
        self.progress = QProgressBar(self)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Progress of the lesson")
        self.text = MarkdownView(self, theme)
        self.text.setAccessibleName("Text of the step")
        self._area = QScrollArea(self)
        self._area.setAccessibleName("Step")
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.text)
        column.addStretch(1)
        self._area.setWidget(page)
        self.remark = QLabel(self)
        self.remark.setWordWrap(True)
        self.remark.setProperty("role", "dim")
        self.back, self.next = QPushButton("Back", self), QPushButton("Next", self)
        self.back.clicked.connect(lambda: self.stepped.emit(-1))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        row = QHBoxLayout()
        row.addWidget(self.count, 1)
        row.addWidget(self.back)
        row.addWidget(self.next)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(SPACE["l"], SPACE["m"], SPACE["l"], SPACE["m"])
        outer.setSpacing(SPACE["m"])
        outer.addWidget(self.progress)
        outer.addWidget(self._area, 1)
        outer.addWidget(self.remark)
        outer.addLayout(row)
        self.show_step("", 0, 0)

    def set_theme(self, theme: Theme) -> None:
        """Show the text in another theme."""
        self.text.set_theme(theme)

    def show_step(self, text: str, number: int, total: int, remark: str = "") -> None:
        """Show step `number` (from 0) of `total`; `remark` says what is missing to show it."""
        self.text.set_text(text if total else _EMPTY)
        self.count.setText(f"Step {number + 1} of {total}" if total else "No steps")
        self.progress.setRange(0, max(total, 1))
        self.progress.setValue(number + 1 if total else 0)
        self.back.setEnabled(number > 0)
        self.next.setEnabled(number + 1 < total)
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))
        self._fit()
        self._area.verticalScrollBar().setValue(0)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Wrap the text anew."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        width = self._area.viewport().width()
        self.text.setFixedHeight(self.text.height_for(width))
