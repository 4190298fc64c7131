"""Small panels that float over a widget, in one of its corners or at its upper edge."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtWidgets import QWidget

MARGIN = 12  # pixels to the edges of what it floats over


class Floating(QWidget):
    """Keeps its place over `host`; the subclass says how large it is by `wished`."""

    def __init__(self, host: QWidget, side: Qt.AlignmentFlag) -> None:
        super().__init__(host)
        self._host, self._side = host, side
        host.installEventFilter(self)

    def wished(self, room: QSize) -> QSize:
        """Return the size to have where there is `room`, without margins."""
        return self.sizeHint().boundedTo(room)

    def place(self) -> None:
        """Go where it belongs."""
        room = self._host.size() - QSize(2 * MARGIN, 2 * MARGIN)
        size = self.wished(room)
        left, top = MARGIN, MARGIN
        if self._side & Qt.AlignmentFlag.AlignRight:
            left += room.width() - size.width()
        elif self._side & Qt.AlignmentFlag.AlignHCenter:
            left += (room.width() - size.width()) // 2
        if self._side & Qt.AlignmentFlag.AlignBottom:
            top += room.height() - size.height()
        self.resize(size)
        self.move(QPoint(left, top))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the place when the host changes its size."""
        if watched is self._host and event.type() == QEvent.Type.Resize:
            self.place()
        return False
