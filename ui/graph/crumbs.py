"""The path of groups around the selected node, outermost first; a click goes to one."""

from __future__ import annotations

import html
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from ui.graph.floating import Floating
from ui.graph.types import Kind, NodeId
from ui.theme import SPACE, Theme


class Crumbs(Floating):
    """Floats in a lower corner of its host while there is a path."""

    chosen = Signal(object)  # NodeId of a group

    def __init__(self, theme: Theme, host: QWidget) -> None:
        super().__init__(host, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft)
        self.setObjectName("Crumbs")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.words = QLabel(self)
        self.words.setAccessibleName("Groups around the selection")
        self.words.setTextFormat(Qt.TextFormat.RichText)
        self.words.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse
            | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.words.linkActivated.connect(self._go)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACE["m"], SPACE["s"], SPACE["m"], SPACE["s"])
        row.addWidget(self.words)
        self._path: list[tuple[NodeId, str]] = []
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Take the theme's colours."""
        self._link, self._dim = theme.text, theme.text_faint
        self._show()

    def set_path(self, path: Sequence[tuple[NodeId, str]]) -> None:
        """Show groups with their names, the outermost first; hide without any."""
        self._path = list(path)
        self._show()

    def path(self) -> list[tuple[NodeId, str]]:
        """Return what `set_path` was given last."""
        return self._path

    def wished(self, room: QSize) -> QSize:
        return self.sizeHint().boundedTo(QSize(max(room.width() - 180, 80), room.height()))

    def _show(self) -> None:
        style = f"color:{self._link};text-decoration:none"
        links = [
            f"<a href='{group.ref}' style='{style}'>{html.escape(title)}</a>"
            for group, title in self._path
        ]
        between = f"<span style='color:{self._dim}'>&nbsp; › &nbsp;</span>"
        self.words.setText(between.join(links))
        self.setVisible(bool(self._path))
        self.place()

    def _go(self, ref: str) -> None:
        self.chosen.emit(NodeId(Kind.GROUP, int(ref)))
