"""Help while code is written: completions, the signature of a call, words about a name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QTextCursor
from PySide6.QtWidgets import QWidget

from ui.notebook import editing
from ui.notebook.calls import Call, Signature, call_at, name_at
from ui.notebook.editor import CodeEditor
from ui.notebook.popups import Card, Completion, CompletionList, place
from ui.theme import Theme

_PAGE = 8  # completions that Page Down passes
_GOES_ON = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
_STEPS = {
    Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1,
    Qt.Key.Key_PageDown: _PAGE, Qt.Key.Key_PageUp: -_PAGE,
}  # fmt: skip
_MODIFIERS = (
    Qt.KeyboardModifier.ShiftModifier
    | Qt.KeyboardModifier.ControlModifier
    | Qt.KeyboardModifier.AltModifier
)
_NONE, _CTRL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


class Assist(QObject):
    """Watches editors and asks; whoever knows the answers gives them through the setters.

    Only the last question counts: an answer is dropped once the person has gone on elsewhere.
    """

    completion_requested = Signal(str, int)  # the text, and how many letters lie before the cursor
    docs_requested = Signal(str)  # a dotted name

    def __init__(self, parent: QWidget, theme: Theme) -> None:
        super().__init__(parent)
        self.list, self.card = CompletionList(theme), Card(theme)
        self.list.setParent(parent)
        self.card.setParent(parent)
        self.list.chosen.connect(self._take)
        self._editor: CodeEditor | None = None
        self._start = 0  # place in the editor from which a completion replaces
        self._all: list[Completion] = []
        self._explicit = False
        self._typed = ""
        self._purpose = ""  # of the last question about a name: "signature", "docs", "hover"
        self._about: tuple[str, QRect] = ("", QRect())  # the name asked about, and where it is
        self._signature: Signature | None = None

    def set_theme(self, theme: Theme) -> None:
        """Show everything in another theme."""
        self.list.set_theme(theme)
        self.card.set_theme(theme)

    def serve(self, editor: CodeEditor) -> None:
        """Help in an editor from now on."""
        editor.installEventFilter(self)
        editor.viewport().installEventFilter(self)
        editor.viewport().setMouseTracking(True)
        editor.cursorPositionChanged.connect(lambda: self._moved(editor))
        editor.destroyed.connect(lambda: self._forget(editor))

    def dismiss(self) -> None:
        """Show nothing, and take no answer to what was asked."""
        self.list.hide()
        self.card.hide()
        self._purpose, self._signature, self._explicit = "", None, False

    # -- answers ---------------------------------------------------------------------------------

    def show_completions(self, start: int, items: list[Completion]) -> None:
        """Offer what may replace the text from the letter `start` to the cursor."""
        editor = self._editor
        if editor is None or not editor.hasFocus():
            return
        self._start = editing.place_of(editor.toPlainText(), start)
        self._all = items
        if self._explicit and not items:
            self.say("Nothing to complete here")
            return
        explicit, self._explicit = self._explicit, False
        if explicit and len(items) == 1:
            self._take(items[0])
        else:
            self._filter()

    def show_docs(self, text: str) -> None:
        """Show what the kernel says of the name that was asked about; "" if it knows nothing."""
        purpose, (name, where) = self._purpose, self._about
        if self._editor is None or not purpose:
            return
        if purpose == "signature":
            self._signature = Signature.parse(text) if text else None
            self._show_signature(self._editor)
        elif text or purpose == "docs":
            self.card.write(text.strip("\n") or f"{name} is not known in the kernel")
            place(self.card, self._editor.viewport(), where)

    def say(self, text: str) -> None:
        """Show a sentence at the cursor: why there is no help."""
        if self._editor is not None and (self._explicit or self._purpose == "docs"):
            self._explicit = False
            self.card.write(f"\x1b[2m{text}\x1b[0m")
            place(self.card, self._editor.viewport(), self._editor.cursorRect())

    # -- events ----------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take the keys that belong to the popups, and notice where the pointer rests."""
        if isinstance(watched, CodeEditor):
            return watched.is_code() and self._editor_event(watched, event)
        editor = watched.parent()
        if isinstance(editor, CodeEditor) and editor.is_code():
            self._pointer_event(editor, event)
        return False

    def _editor_event(self, editor: CodeEditor, event: QEvent) -> bool:
        kind = event.type()
        if kind == QEvent.Type.FocusOut:
            self.dismiss()
        elif kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if event.key() == Qt.Key.Key_Escape and self.card.isVisible():
                event.accept()
                return True
        elif kind == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            self._editor = editor
            return self._key(editor, event)
        return False

    def _key(self, editor: CodeEditor, event: QKeyEvent) -> bool:
        key, pressed = Qt.Key(event.key()), event.modifiers() & _MODIFIERS
        if key == Qt.Key.Key_Escape and (self.list.isVisible() or self.card.isVisible()):
            self.dismiss()
            return True
        if self.list.isVisible() and pressed == _NONE and self._list_key(key):
            return True
        before = _line_before(editor)
        if (key == Qt.Key.Key_Space and pressed == _CTRL) or (
            key == Qt.Key.Key_Tab and pressed == _NONE and _can_complete(editor, before)
        ):
            self._complete(editor, explicit=True)
            return True
        if key == Qt.Key.Key_Backtab and before.strip() and not editor.textCursor().hasSelection():
            self._ask_docs(editor)
            return True
        if self._purpose in ("docs", "hover") and key not in (
            Qt.Key.Key_Control, Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Meta,
        ):  # fmt: skip
            self.dismiss()
        self._typed = event.text() if pressed in (_NONE, Qt.KeyboardModifier.ShiftModifier) else ""
        if self._typed:  # the editor has not written it yet
            QTimer.singleShot(0, self, self._after_key)
        return False

    def _list_key(self, key: Qt.Key) -> bool:
        if key in _STEPS:
            self.list.step(_STEPS[key])
        elif key in _GOES_ON:
            self.list.choose()
        else:
            return False
        return True

    def _after_key(self) -> None:
        """Follow what was typed: narrow the list, ask after a dot, tell the signature in a call."""
        editor, typed, self._typed = self._editor, self._typed, ""
        if editor is None or not editor.hasFocus():
            return
        if self.list.isVisible():
            self._filter()
        elif typed == "." and _follows_name(editor):
            self._complete(editor, explicit=False)
        if typed in ("(", ","):
            self._ask_signature(editor)

    def _moved(self, editor: CodeEditor) -> None:
        if editor is self._editor and self._purpose == "signature":
            call = self._call(editor)
            if call is None or call.name != self._about[0]:
                self.dismiss()
            else:
                self._show_signature(editor)

    def _pointer_event(self, editor: CodeEditor, event: QEvent) -> None:
        kind = event.type()
        if kind == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            name, where = _name_under(editor, event.pos())
            if name and not self.list.isVisible() and self._purpose != "signature":
                self._editor = editor
                self._ask(name, where, "hover")
        elif self._purpose == "hover" and self.card.isVisible():
            if kind == QEvent.Type.MouseMove and isinstance(event, QMouseEvent):
                if _name_under(editor, event.position().toPoint())[0] != self._about[0]:
                    self.dismiss()
            elif kind in (QEvent.Type.MouseButtonPress, QEvent.Type.Wheel):
                self.dismiss()
        elif kind == QEvent.Type.MouseButtonPress:
            self.dismiss()

    # -- questions -------------------------------------------------------------------------------

    def _complete(self, editor: CodeEditor, explicit: bool) -> None:
        self._editor, self._explicit = editor, explicit
        self.completion_requested.emit(editor.toPlainText(), editor.cursor_index())

    def _ask_docs(self, editor: CodeEditor) -> None:
        line, cursor = editor.textCursor().block().text(), editor.textCursor()
        column = editing.letters_before(line, cursor.positionInBlock())
        name = name_at(line, column) or name_at(line, column - 1)
        call = self._call(editor)
        name = name or (call.name if call is not None else "")
        if name:
            self._ask(name, editor.cursorRect(), "docs")

    def _ask_signature(self, editor: CodeEditor) -> None:
        call = self._call(editor)
        if call is None:
            return
        if self._purpose == "signature" and call.name == self._about[0] and self._signature:
            self._show_signature(editor)
        else:
            self._ask(call.name, editor.cursorRect(), "signature")

    def _ask(self, name: str, where: QRect, purpose: str) -> None:
        self.card.hide()
        self._signature, self._purpose, self._about = None, purpose, (name, where)
        self.docs_requested.emit(name)

    # -- the work --------------------------------------------------------------------------------

    def _filter(self) -> None:
        editor = self._editor
        assert editor is not None
        at = editor.textCursor().position()
        text = _between(editor, self._start, at)
        rest = text.rpartition(".")[2]
        plain = all(letter.isalnum() or letter in "_.%!/" for letter in text)
        fitting = [i for i in self._all if i.text.casefold().startswith(text.casefold())]
        done = len(fitting) == 1 and fitting[0].text == text
        if at < self._start or not plain or not fitting or done:
            self.list.hide()
            return
        self.list.offer(fitting)
        cursor = QTextCursor(editor.document())
        cursor.setPosition(at - len(rest))
        place(self.list, editor.viewport(), editor.cursorRect(cursor))

    def _take(self, item: Completion) -> None:
        editor = self._editor
        self.list.hide()
        if editor is None:
            return
        cursor = editor.textCursor()
        at = cursor.position()
        if _between(editor, self._start, at) != item.text:
            cursor.setPosition(min(self._start, at))
            cursor.setPosition(at, QTextCursor.MoveMode.KeepAnchor)
            cursor.insertText(item.text)
            editor.setTextCursor(cursor)

    def _call(self, editor: CodeEditor) -> Call | None:
        text = editing.widened(editor.toPlainText())
        return call_at(text, editor.textCursor().position(), editor.quoted_at)

    def _show_signature(self, editor: CodeEditor) -> None:
        call = self._call(editor)
        if self._signature is None or call is None:
            self.card.hide()
            return
        self.card.write(self._signature.written(call))
        place(self.card, editor.viewport(), editor.cursorRect(), above=True)

    def _forget(self, editor: CodeEditor) -> None:
        if editor is self._editor:
            self._editor = None
            self.dismiss()


def _line_before(editor: CodeEditor) -> str:
    cursor = editor.textCursor()
    text = cursor.block().text()
    return text[: editing.letters_before(text, cursor.positionInBlock())]


def _can_complete(editor: CodeEditor, before: str) -> bool:
    """Tell whether Tab completes here; else it indents."""
    last = before[-1:]
    return not editor.textCursor().hasSelection() and (last.isalnum() or last in ("_", ".", "%"))


def _follows_name(editor: CodeEditor) -> bool:
    """Tell whether the dot before the cursor follows a name, not a number or a string's letter."""
    before = _line_before(editor)
    quoted = editor.quoted_at(editor.textCursor().position() - 1)
    return not quoted and bool(name_at(before, len(before) - 2) or before[-2:-1] in (")", "]"))


def _between(editor: CodeEditor, start: int, stop: int) -> str:
    cursor = QTextCursor(editor.document())
    cursor.setPosition(min(start, stop))
    cursor.setPosition(stop, QTextCursor.MoveMode.KeepAnchor)
    return cursor.selectedText()


def _name_under(editor: CodeEditor, at: QPoint) -> tuple[str, QRect]:
    """Return the name under a point of the viewport, and where it is."""
    cursor = editor.cursorForPosition(at)
    box = editor.cursorRect(cursor)
    if not box.adjusted(-9, 0, 9, 0).contains(at) or editor.quoted_at(cursor.position()):
        return "", QRect()
    line = cursor.block().text()
    column = editing.letters_before(line, cursor.positionInBlock())
    column -= at.x() < box.left()  # the cursor goes to the nearer edge of a letter
    return name_at(line, column), box
