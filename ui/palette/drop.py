"""Lets an operation that is dragged out of the palette be dropped on another widget."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, Signal
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

#: Under which a drag carries the full name of an operation, beside its line of code.
OPERATION = "application/x-tapedeck-operation"


class DropTarget(QObject):
    """Takes operations for a widget, and says which one was let go where."""

    dropped = Signal(str, QPoint)  # full name of the operation; place in the widget

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept drags of operations; leave everything else to the widget."""
        if not isinstance(event, QDropEvent):  # a drag that enters or moves is one too
            return False
        if not event.mimeData().hasFormat(OPERATION):
            return False
        event.acceptProposedAction()
        moving = isinstance(event, (QDragEnterEvent, QDragMoveEvent))
        if not moving:
            name = bytes(event.mimeData().data(OPERATION).data()).decode("utf-8", "replace")
            self.dropped.emit(name, event.position().toPoint())
        return True
