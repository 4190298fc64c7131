"""The welcome page: begin, open, files of before, and a gallery of the examples."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.icons import app_icon, icon
from ui.theme import SPACE, Theme
from ui.welcome.card import WIDTH, Card

_ROOM = 1180  # points beyond which the page becomes no wider
_RECENT = 6


class Sample(NamedTuple):
    """One example of the gallery; `picture` names a file for each theme by "dark" and "light"."""

    title: str
    summary: str
    picture: dict[str, Path]


class WelcomePage(QScrollArea):
    """Covers its host while it is shown; says what is chosen, Escape closes it."""

    new_wished = Signal()
    open_wished = Signal()
    file_chosen = Signal(str)
    sample_chosen = Signal(int)
    closed = Signal()

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host)
        self.setObjectName("Welcome")
        self.setAccessibleName("Welcome")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._theme, self._host = theme, host
        self._samples: Sequence[Sample] = ()
        self.cards: list[Card] = []
        self.files: list[QPushButton] = []
        self._columns = 0
        self._close = QToolButton()
        self._close.setToolTip("Close this page (Esc)")
        self._close.setAccessibleName("Close the welcome page")
        self._close.clicked.connect(self.closed)
        self.new = QPushButton("New Notebook")
        self.open = QPushButton("Open…")
        self.new.clicked.connect(self.new_wished)
        self.open.clicked.connect(self.open_wished)
        self._list = QVBoxLayout()
        self._list.setSpacing(SPACE["xs"])
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACE["l"])
        self.setWidget(self._page())
        host.installEventFilter(self)
        self.set_theme(theme)
        self.hide()

    def set_samples(self, samples: Sequence[Sample]) -> None:
        """Show these examples, in this order."""
        self._samples = samples
        for card in self.cards:
            card.deleteLater()
        self.cards = []
        for number, sample in enumerate(samples):
            card = Card(sample.title, sample.summary)
            card.chosen.connect(partial(self.sample_chosen.emit, number))
            self.cards.append(card)
        self._columns = 0
        self.set_theme(self._theme)
        self._arrange()

    def set_files(self, paths: Sequence[Path]) -> None:
        """Show these files, the one opened last first."""
        for button in self.files:
            self._list.removeWidget(button)
            button.deleteLater()
        self.files = []
        for path in paths[:_RECENT]:
            button = QPushButton(f"{path.name}   —   {_short(path.parent)}")
            button.setObjectName("RecentFile")
            button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
            button.setToolTip(str(path))
            button.setAccessibleName(f"Open {path.name}")
            button.clicked.connect(partial(self.file_chosen.emit, str(path)))
            self._list.addWidget(button)
            self.files.append(button)
        self._recent.setVisible(bool(self.files))

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours and the pictures that were made in it."""
        self._theme = theme
        self._close.setIcon(icon("close", theme.text_dim))
        for card, sample in zip(self.cards, self._samples, strict=True):
            path = sample.picture.get(theme.name)
            card.set_picture(QPixmap(str(path)) if path else QPixmap(), theme)

    def open_page(self) -> None:
        """Show the page over its host, with the keyboard in it."""
        self._place()
        self.show()
        self.raise_()
        self.new.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Cover the host whatever its size is."""
        moved = (QEvent.Type.Resize, QEvent.Type.LayoutRequest)
        if watched is self._host and event.type() in moved and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape closes the page."""
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Stand in as many columns as there is room for."""
        super().resizeEvent(event)
        self._arrange()

    def room(self) -> int:
        """Return the width that the page uses, in points."""
        return min(self.viewport().width(), _ROOM)

    def cover(self, top: int, bottom: int) -> None:
        """Leave so many points of the host free at its edges, for bars."""
        self._edges = top, bottom
        if self.isVisible():
            self._place()

    _edges = 0, 0

    def _place(self) -> None:
        top, bottom = self._edges
        self.setGeometry(0, top, self._host.width(), self._host.height() - top - bottom)

    def _page(self) -> QWidget:
        page = QWidget()
        page.setObjectName("WelcomePage")
        mark = QLabel(page)
        mark.setPixmap(app_icon().pixmap(48, 48))
        title, words = QLabel("Tapedeck", page), QLabel("The debugger for gradients", page)
        title.setProperty("role", "heading")
        words.setProperty("role", "dim")
        names = QVBoxLayout()
        names.setSpacing(0)
        names.addWidget(title)
        names.addWidget(words)
        head = QHBoxLayout()
        head.setSpacing(SPACE["l"])
        head.addWidget(mark)
        head.addLayout(names)
        head.addStretch(1)
        head.addWidget(self.new)
        head.addWidget(self.open)
        head.addWidget(self._close, 0, Qt.AlignmentFlag.AlignTop)
        self._recent = QWidget(page)
        recent = QVBoxLayout(self._recent)
        recent.setContentsMargins(0, 0, 0, 0)
        recent.addWidget(_heading("Recent", page))
        recent.addLayout(self._list)
        drop = QLabel("Or drop a notebook, a script or a .tape file here.", page)
        drop.setProperty("role", "dim")
        drop.setWordWrap(True)
        column = QVBoxLayout()
        column.setSpacing(SPACE["m"])
        column.addLayout(head)
        column.addWidget(drop)
        column.addWidget(self._recent)
        column.addWidget(_heading("Examples", page))
        column.addLayout(self._grid)
        column.addStretch(1)
        middle = QHBoxLayout(page)
        middle.setContentsMargins(*(SPACE["xxl"],) * 4)
        middle.addStretch(1)
        middle.addLayout(column)
        middle.addStretch(1)
        return page

    def _arrange(self) -> None:
        room = self.room() - 2 * SPACE["xxl"]
        columns = max(1, (room + SPACE["l"]) // (WIDTH + SPACE["l"]))
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self.cards):
            self._grid.addWidget(card, number // columns, number % columns)


def _heading(text: str, page: QWidget) -> QLabel:
    label = QLabel(text, page)
    label.setProperty("role", "heading")
    label.setContentsMargins(0, SPACE["l"], 0, 0)
    return label


def _short(folder: Path) -> str:
    """Return a folder as a person knows it: below the home folder, from `~` on."""
    home = Path.home()
    return str("~" / folder.relative_to(home)) if folder.is_relative_to(home) else str(folder)
