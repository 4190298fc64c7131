"""Where the keyboard goes when it is sent to a panel, or when what has it goes."""

from __future__ import annotations

from collections.abc import Callable
from weakref import ref

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import Shiboken

_TYPING = (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier)


def give_keyboard(panel: QWidget) -> bool:
    """Give the keyboard to a panel, or to the first widget in it that takes it by Tab."""
    inner = panel.findChildren(QWidget)
    for widget in (panel, *inner):
        wanted = widget.focusPolicy() & Qt.FocusPolicy.TabFocus or widget.focusProxy() is not None
        if wanted and widget.isEnabled() and widget.isVisibleTo(panel):
            widget.setFocus(Qt.FocusReason.TabFocusReason)
            return True
    return False


def has_keyboard(panel: QWidget) -> bool:
    """Return whether the keyboard is somewhere in a panel."""
    focus = QApplication.focusWidget()
    return focus is not None and (focus is panel or panel.isAncestorOf(focus))


def is_for_line(event: QEvent) -> bool:
    """Keep a key that types from the window's shortcuts, for the line that has the keyboard.

    Returns whether it was one, and the event is dealt with.
    """
    types = isinstance(event, QKeyEvent) and event.modifiers() in _TYPING
    if types and event.type() == QEvent.Type.ShortcutOverride:
        event.accept()
        return True
    return False


def tab_after(before: QWidget, part: QWidget) -> None:
    """Let Tab go from a widget to those of a part that was made later than what follows."""
    for one in (part, *part.findChildren(QWidget)):
        here = one.window() is before.window()  # and not in a menu
        if here and one.focusPolicy() & Qt.FocusPolicy.TabFocus:
            QWidget.setTabOrder(before, one)
            before = one


class Lending(QObject):
    """Gives the keyboard back to who had it before a part that comes and goes got it."""

    def __init__(self, part: QWidget) -> None:
        super().__init__(part)
        self._part = part
        self._before: Callable[[], QWidget | None] = lambda: None
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        app.focusChanged.connect(self._moved)

    def give_back(self) -> None:
        """Give it back if the part has it, before that goes: a neighbour would get it."""
        focus, before = self._part.window().focusWidget(), self._before()
        if focus is None or not self._part.isAncestorOf(focus):
            return
        if before is not None and Shiboken.isValid(before) and before.isVisible():
            before.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            focus.clearFocus()

    def _moved(self, old: QWidget | None, now: QWidget | None) -> None:
        came = now is not None and self._part.isAncestorOf(now)
        if came and old is not None and not self._part.isAncestorOf(old):
            self._before = ref(old)
