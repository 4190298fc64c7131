"""Zooms the whole interface while its windows are open.

Qt reads its scale from QT_SCALE_FACTOR, once. It can change it later, by functions that its library
exports for Qt's own modules; where they are not to be had, a zoom counts from the next start.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from functools import lru_cache

from PySide6.QtCore import QLoggingCategory, QRect, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import Shiboken

from ui.fitting import room

_LIBRARY = "libQt6Gui.so.6"
_SET_FACTOR = "_ZN15QHighDpiScaling15setGlobalFactorEd"
_RATIO_CHANGED = (
    "_ZN22QWindowSystemInterface35handleWindowDevicePixelRatioChanged"
    "INS_19SynchronousDeliveryEEEvP7QWindow"
)
_Function = Callable[..., object]
_GIVEN, _SHOWN = "scale given", "zoom shown"  # properties of the application


def begin(percent: int) -> QApplication:
    """Return a new QApplication that shows everything at a size.

    The environment, with the scale it asks for, is as before: kernels and exports have it too.
    """
    given = os.environ.get("QT_SCALE_FACTOR")
    scale = _number(given)
    if percent != 100:
        os.environ["QT_SCALE_FACTOR"] = str(scale * percent / 100)
    application = QApplication(sys.argv[:1])
    if given is None:
        os.environ.pop("QT_SCALE_FACTOR", None)
    else:
        os.environ["QT_SCALE_FACTOR"] = given
    application.setProperty(_GIVEN, scale)
    application.setProperty(_SHOWN, percent)
    return application


def shown() -> int:
    """Return the per cent at which everything is shown now."""
    application = QApplication.instance()
    return 100 if application is None else application.property(_SHOWN) or 100


def zoom_to(percent: int) -> bool:
    """Show everything at another size, in windows that stay as large; False if that cannot be."""
    application, before = QApplication.instance(), shown()
    if percent == before:
        return True
    functions = _functions()
    if functions is None or application is None:
        return False
    set_factor, ratio_changed = functions
    places = [_Place(one) for one in QApplication.topLevelWidgets() if one.isVisible()]
    # It warns of windows that are open: those are told below.
    QLoggingCategory.setFilterRules("default.warning=false")
    set_factor(ctypes.c_double((application.property(_GIVEN) or 1.0) * percent / 100))
    QLoggingCategory.setFilterRules("")
    application.setProperty(_SHOWN, percent)
    for window in QGuiApplication.allWindows():
        ratio_changed(ctypes.c_void_p(Shiboken.getCppPointer(window)[0]))
    for place in places:
        place.restore(before / percent)
    return True


def _number(text: str | None) -> float:
    try:
        return float(text or 1)
    except ValueError:
        return 1.0  # as Qt takes it


class _Place:
    """Where a window is on the screen, to be told again in units of another size."""

    def __init__(self, window: QWidget) -> None:
        self._window, self._rect = window, window.geometry()
        self._large = window.windowState() & (
            Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen
        )

    def restore(self, by: float) -> None:
        """Put the window there, where all lengths are `by` of what they were."""
        window, origin = self._window, self._window.screen().geometry().topLeft()
        corner = origin + (self._rect.topLeft() - origin) * by
        size = self._rect.size() * by
        if window.windowType() == Qt.WindowType.Dialog:
            size = size.expandedTo(window.sizeHint()).boundedTo(room(window))
        if self._large:
            window.setWindowState(window.windowState() & ~self._large)
        window.setGeometry(QRect(corner, size))
        if self._large:
            window.setWindowState(window.windowState() | self._large)


@lru_cache
def _functions() -> tuple[_Function, _Function] | None:
    if not sys.platform.startswith("linux"):
        return None
    try:
        qt = ctypes.CDLL(_LIBRARY, mode=os.RTLD_NOLOAD)  # the one that is in use, or none
        return qt[_SET_FACTOR], qt[_RATIO_CHANGED]
    except (OSError, AttributeError):
        return None
