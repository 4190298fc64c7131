"""What a person does on the canvas, and what can be seen of it."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from ui.graph.canvas import GraphCanvas
from ui.graph.types import NodeId

LEFT = Qt.MouseButton.LeftButton
PLAIN = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


def middle(canvas: GraphCanvas, node: NodeId) -> QPoint:
    rect = canvas.node_rect(node)
    assert rect is not None
    return QPoint(*(round(x) for x in rect.centre))


def click(
    qtbot: QtBot, canvas: GraphCanvas, place: QPoint, held: Qt.KeyboardModifier = PLAIN
) -> None:
    qtbot.mouseClick(canvas.viewport(), LEFT, held, place)


def drag(
    qtbot: QtBot,
    canvas: GraphCanvas,
    start: QPoint,
    way: QPoint,
    button: Qt.MouseButton = LEFT,
    held: Qt.KeyboardModifier = PLAIN,
) -> None:
    port = canvas.viewport()
    qtbot.mousePress(port, button, held, start)
    for share in (0.3, 0.6, 1.0):
        move(canvas, start + way * share, button, held)
    qtbot.mouseRelease(port, button, held, start + way)


def move(
    canvas: GraphCanvas,
    place: QPoint,
    button: Qt.MouseButton = LEFT,
    held: Qt.KeyboardModifier = PLAIN,
) -> None:
    """Move the pointer with a button down and keys held, which pytest-qt cannot."""
    at = QPointF(place)
    event = QMouseEvent(
        QEvent.Type.MouseMove, at, canvas.viewport().mapToGlobal(at), Qt.MouseButton.NoButton,
        button, held,
    )  # fmt: skip
    QApplication.sendEvent(canvas.viewport(), event)


def wheel(canvas: GraphCanvas, place: QPointF, notches: float) -> None:
    event = QWheelEvent(
        place, canvas.viewport().mapToGlobal(place), QPoint(), QPoint(0, round(120 * notches)),
        Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase,
        False,
    )  # fmt: skip
    QApplication.sendEvent(canvas.viewport(), event)


def picture(canvas: GraphCanvas) -> QImage:
    canvas.finish_painting()
    return canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def frame(canvas: GraphCanvas) -> bytes:
    image = canvas.grab().toImage()  # must outlive its bits
    return image.bits().tobytes()


def difference(one: QImage, other: QImage) -> int:
    """Return the largest difference of a colour channel."""
    a, b = (np.frombuffer(image.constBits(), np.uint8).astype(int) for image in (one, other))
    return int(np.abs(a - b).reshape(-1, 4)[:, :3].max())


def count(image: QImage, colour: str) -> int:
    raw = np.frombuffer(image.constBits(), np.uint32)
    return int((raw & 0xFFFFFF == QColor(colour).rgb() & 0xFFFFFF).sum())
