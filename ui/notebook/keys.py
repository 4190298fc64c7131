"""The notebook's keys, Jupyter's where Jupyter has them: one table of commands."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

_SHIFT, _CTRL = Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier
_ALT, _META = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.MetaModifier
_NONE = Qt.KeyboardModifier.NoModifier
_RETURN = Qt.Key.Key_Return

#: In both modes.
ALWAYS = {
    (_RETURN, _SHIFT): "run_advance",
    (_RETURN, _CTRL): "run",
    (_RETURN, _ALT): "run_insert",
    (Qt.Key.Key_Up, _CTRL | _SHIFT): "up",
    (Qt.Key.Key_Down, _CTRL | _SHIFT): "down",
    (Qt.Key.Key_F, _CTRL): "find",
    (Qt.Key.Key_H, _CTRL): "find",
    (Qt.Key.Key_F3, _NONE): "find_next",
    (Qt.Key.Key_F3, _SHIFT): "find_previous",
    (Qt.Key.Key_Minus, _CTRL | _SHIFT): "split",
    (Qt.Key.Key_Underscore, _CTRL | _SHIFT): "split",  # what that key is with Shift
}
#: While a cell is selected as a whole.
COMMAND = {
    (_RETURN, _NONE): "edit",
    (Qt.Key.Key_A, _NONE): "insert_above",
    (Qt.Key.Key_B, _NONE): "insert",
    (Qt.Key.Key_D, _NONE): "delete_key",
    (Qt.Key.Key_F, _NONE): "find",
    (Qt.Key.Key_X, _NONE): "cut",
    (Qt.Key.Key_C, _NONE): "copy_cell",
    (Qt.Key.Key_V, _NONE): "paste",
    (Qt.Key.Key_V, _SHIFT): "paste_above",
    (Qt.Key.Key_Z, _NONE): "undo",
    (Qt.Key.Key_Z, _SHIFT): "redo",
    (Qt.Key.Key_M, _SHIFT): "merge",
    (Qt.Key.Key_I, _NONE): "interrupt_key",
    (Qt.Key.Key_0, _NONE): "restart_key",
    (Qt.Key.Key_L, _NONE): "line_numbers",
    (Qt.Key.Key_L, _SHIFT): "line_numbers",
    **{(Qt.Key(Qt.Key.Key_0 + n), _NONE): f"heading_{n}" for n in range(1, 7)},
    (Qt.Key.Key_M, _NONE): "markdown",
    (Qt.Key.Key_Y, _NONE): "code",
    (Qt.Key.Key_R, _NONE): "raw",
    (Qt.Key.Key_O, _NONE): "toggle_output",
    (Qt.Key.Key_Up, _NONE): "previous",
    (Qt.Key.Key_K, _NONE): "previous",
    (Qt.Key.Key_Down, _NONE): "next",
    (Qt.Key.Key_J, _NONE): "next",
    (Qt.Key.Key_Up, _SHIFT): "extend_up",
    (Qt.Key.Key_K, _SHIFT): "extend_up",
    (Qt.Key.Key_Down, _SHIFT): "extend_down",
    (Qt.Key.Key_J, _SHIFT): "extend_down",
    (Qt.Key.Key_Home, _SHIFT): "extend_top",
    (Qt.Key.Key_End, _SHIFT): "extend_bottom",
    (Qt.Key.Key_A, _CTRL): "select_all",
    (Qt.Key.Key_Menu, _NONE): "more",
    (Qt.Key.Key_F10, _SHIFT): "more",
}


def command(event: QKeyEvent, editing: bool) -> str | None:
    """Return the command of a key press, or None if the notebook has none for it."""
    key = Qt.Key(event.key())
    if key == Qt.Key.Key_Enter:
        key = _RETURN
    stroke = key, event.modifiers() & (_SHIFT | _CTRL | _ALT | _META)
    return ALWAYS.get(stroke) or (None if editing else COMMAND.get(stroke))
