"""Walks over the widgets of a window: those without a name, those whose text is cut off.

    python -m tests.app.walk FILE.tape

prints what is cut off in a window on a tape, one line each: at the scale that QT_SCALE_FACTOR says.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollBar,
    QTabBar,
    QToolButton,
    QWidget,
)

INTERACTIVE = (
    QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit,
    QPlainTextEdit,
)  # fmt: skip
SIZE = 1280, 800


def interactive(window: QWidget) -> Iterator[QWidget]:
    """Yield the visible widgets that a person can use, and all that the keyboard stops at."""
    for widget in window.findChildren(QWidget):
        stop = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        parent = widget.parentWidget()
        inner = isinstance(parent, QAbstractSpinBox | QComboBox | QTabBar | QLineEdit)
        inner |= isinstance(parent, QAbstractScrollArea) and parent.viewport() is widget
        own = widget.objectName().startswith("qt_")  # Qt's parts of a widget, which has the name
        used = isinstance(widget, INTERACTIVE) and not isinstance(widget, QScrollBar | QHeaderView)
        if widget.isVisible() and (stop or used) and not inner and not own:
            yield widget


def name_of(widget: QWidget) -> str:
    """Return what a screen reader calls a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    return str(interface.text(QAccessible.Text.Name)) if interface is not None else ""


def called(widget: QWidget) -> str:
    """Return where a widget is, for a message."""
    path = []
    one: QWidget | None = widget
    while one is not None and len(path) < 4:
        path.append(f"{type(one).__name__}#{one.objectName()}".rstrip("#"))
        one = one.parentWidget()
    return " < ".join(path)


def cut_off(window: QWidget) -> Iterator[str]:
    """Yield the visible labels and buttons that have less room than their text needs."""
    for widget in window.findChildren(QWidget):
        if not widget.isVisible() or widget.visibleRegion().isEmpty():
            continue
        if isinstance(widget, QLabel):
            text = widget.text()
            if not text or "…" in text or widget.pixmap().width():
                continue
            if widget.wordWrap():
                fits = widget.heightForWidth(widget.width()) <= widget.height() + 1
            else:
                fits = widget.sizeHint().width() <= widget.width() + 1
        elif isinstance(widget.parentWidget(), QLineEdit):
            continue  # Qt's own, within the field
        elif isinstance(widget, QPushButton | QToolButton):
            text = widget.text() or widget.accessibleName() or widget.toolTip()
            fits = widget.minimumSizeHint().width() <= widget.width() + 1
        else:
            continue
        if not fits:
            yield f"{text!r} in {called(widget)}: {widget.width()} of {widget.sizeHint().width()}"


def main() -> int:
    """Print what is cut off."""
    from app.controller import Controller
    from app.main import make_application
    from app.settings import Settings
    from tests.app import drive

    make_application()
    with tempfile.TemporaryDirectory() as place:
        controller = Controller(Settings(Path(place) / "settings.ini"))
        window = controller.window
        window.showNormal()
        window.resize(*SIZE)
        window.reset_layout()
        assert controller.files.open(Path(sys.argv[1]))
        for _ in range(50):
            QCoreApplication.processEvents()
        print(f"scale {window.devicePixelRatioF():g}")
        for line in cut_off(window):
            print(line)
        drive.end(controller)
    return 0


if __name__ == "__main__":
    sys.exit(main())
