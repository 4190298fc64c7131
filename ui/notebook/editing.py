"""What the keys of a code editor do to its text, as functions of a QTextCursor."""

from __future__ import annotations

import re
from collections.abc import Callable

from PySide6.QtGui import QTextBlock, QTextCursor

INDENT = 4
PAIRS = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}
_CLOSERS = set(PAIRS.values())
_OPENS_BLOCK = re.compile(r":\s*(#.*)?$")
_ENDS_BLOCK = re.compile(r"\s*(return|pass|break|continue|raise)\b")
_WAITS = re.compile(r"(?<![=!<>])=\s*$|[-+*/@(\[{,]\s*$|\breturn\s+$")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_MOVE, _KEEP = QTextCursor.MoveMode.MoveAnchor, QTextCursor.MoveMode.KeepAnchor


def new_line(cursor: QTextCursor) -> None:
    """Break the line and indent the next as Python wants it."""
    before, after = _around(cursor)
    margin = _margin(before)
    cursor.beginEditBlock()
    if before[-1:] in tuple("([{") and before:
        cursor.insertText("\n" + " " * (margin + INDENT))
        if after[:1] == PAIRS[before[-1]]:
            at = cursor.position()
            cursor.insertText("\n" + " " * margin)
            cursor.setPosition(at)
    else:
        if _OPENS_BLOCK.search(before) and not before.lstrip().startswith("#"):
            margin += INDENT
        elif _ENDS_BLOCK.match(before):
            margin = max(0, margin - INDENT)
        cursor.insertText("\n" + " " * margin)
    cursor.endEditBlock()


def indent(cursor: QTextCursor) -> None:
    """Indent the selected lines, or insert spaces up to the next stop."""
    if cursor.hasSelection():
        _each_line(cursor, lambda text: " " * INDENT + text if text.strip() else text)
        return
    column = cursor.positionInBlock()
    cursor.insertText(" " * (INDENT - column % INDENT))


def dedent(cursor: QTextCursor) -> None:
    """Take one level of indentation off the lines of the selection."""
    _each_line(cursor, lambda text: text[min(INDENT, _margin(text)) :])


def toggle_comment(cursor: QTextCursor) -> None:
    """Comment the lines of the selection out, or in when all of them are comments."""
    lines = [block.text() for block in _blocks(cursor) if block.text().strip()]
    if lines and all(line.lstrip().startswith("#") for line in lines):
        _each_line(cursor, lambda text: re.sub(r"^(\s*)# ?", r"\1", text))
        return
    margin = min((_margin(line) for line in lines), default=0)

    def comment(text: str) -> str:
        return text[:margin] + "# " + text[margin:] if text.strip() else text

    _each_line(cursor, comment)


def type_text(cursor: QTextCursor, text: str, quoted: bool = False) -> bool:
    """Type one character with pairs in mind; False leaves it to the editor.

    An opener closes itself or wraps the selection, a closer steps over its twin. `quoted` says
    that the place is inside a string or comment, where quotes are only letters.
    """
    before, after = _around(cursor)
    if cursor.hasSelection():
        return text in PAIRS and _wrap(cursor, text)
    if text in _CLOSERS and after[:1] == text and not before.endswith("\\"):
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        return True
    if text not in PAIRS:
        return False
    if text in "\"'" and before.endswith(text * 2) and not before.endswith(text * 3):
        return _pair(cursor, text, text * 3)  # opens a triple quote
    roomy = not after or after[0].isspace() or after[0] in ")]}:,"
    roomy = roomy or (quoted and after[0] in "\"'")
    if text in "\"'" and (quoted or _ends_word(before, text)):
        return False
    return roomy and _pair(cursor, text, PAIRS[text])


def backspace(cursor: QTextCursor) -> bool:
    """Delete an empty pair or a level of indentation; False leaves it to the editor."""
    if cursor.hasSelection():
        return False
    before, after = _around(cursor)
    if before and PAIRS.get(before[-1]) == after[:1] != "":
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, _KEEP, 2)
    elif before and not before.strip(" "):
        count = (len(before) - 1) % INDENT + 1
        cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, _KEEP, count)
    else:
        return False
    cursor.removeSelectedText()
    return True


def add_line(cursor: QTextCursor, line: str) -> None:
    """Write a line `name = value`: here if this line is blank, else below it, `name` selected.

    Where the text before the cursor waits for a value, only that is written.
    """
    before, after = _around(cursor)
    name, _, value = line.partition(" = ")
    cursor.clearSelection()
    cursor.beginEditBlock()
    if _WAITS.search(before) and not before.lstrip().startswith("#"):
        cursor.insertText(value)
    else:
        if (before + after).strip():
            cursor.movePosition(QTextCursor.MoveOperation.EndOfBlock)
            cursor.insertText("\n" + " " * _margin(before + after))
        start = cursor.position()
        cursor.insertText(line)
        cursor.setPosition(start)
        cursor.setPosition(start + len(name), _KEEP)
    cursor.endEditBlock()


def home(cursor: QTextCursor, mode: QTextCursor.MoveMode) -> None:
    """Go to the line's first letter, or to its start when there already."""
    block = cursor.block()
    margin = block.position() + _margin(block.text())
    cursor.setPosition(block.position() if cursor.position() == margin else margin, mode)


def match_bracket(text: str, position: int, skip: Callable[[int], bool]) -> tuple[int, int] | None:
    """Return the positions of the bracket at the cursor (after or before it) and of its twin.

    `skip` tells positions in strings and comments.
    """
    for at in (position - 1, position):
        if 0 <= at < len(text) and text[at] in "()[]{}" and not skip(at):
            twin = _twin(text, at, skip)
            return (at, twin) if twin is not None else None
    return None


def _twin(text: str, at: int, skip: Callable[[int], bool]) -> int | None:
    mine = text[at]
    forward = mine in "([{"
    other = PAIRS[mine] if forward else "([{"[")]}".index(mine)]
    places = range(at, len(text)) if forward else range(at, -1, -1)
    depth = 0
    for place in places:
        if text[place] in (mine, other) and not skip(place):
            depth += 1 if text[place] == mine else -1
            if depth == 0:
                return place
    return None


def widened(text: str) -> str:
    """Return text in which each character takes as many places as Qt counts for it (UTF-16)."""
    return text if text.isascii() else _ASTRAL.sub("\ufffd\ufffd", text)


def letters_before(text: str, position: int) -> int:
    """Return how many letters of a text lie before a place that Qt counts in UTF-16."""
    if text.isascii():
        return min(position, len(text))
    return len(
        text.encode("utf-16-le", "surrogatepass")[: 2 * position].decode("utf-16-le", "ignore")
    )


def place_of(text: str, letters: int) -> int:
    """Return the place in UTF-16, as Qt counts, behind so many letters of a text."""
    return len(widened(text[:letters]))


def _around(cursor: QTextCursor) -> tuple[str, str]:
    text, column = widened(cursor.block().text()), cursor.positionInBlock()
    return text[:column], text[column:]


def _margin(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _ends_word(before: str, quote: str) -> bool:
    """Tell whether a quote after `before` ends something; prefixes of strings do not."""
    word = re.search(r"\w+$", before)
    prefix = word is not None and word.group().lower() in (
        "r",
        "f",
        "b",
        "u",
        "rb",
        "br",
        "fr",
        "rf",
    )
    return before.endswith(quote) or (word is not None and not prefix)


def _pair(cursor: QTextCursor, opener: str, closer: str) -> bool:
    cursor.beginEditBlock()
    cursor.insertText(opener + closer)
    cursor.movePosition(QTextCursor.MoveOperation.PreviousCharacter, _MOVE, len(closer))
    cursor.endEditBlock()
    return True


def _wrap(cursor: QTextCursor, opener: str) -> bool:
    start, stop = cursor.selectionStart(), cursor.selectionEnd()
    inner = cursor.selectedText()
    cursor.beginEditBlock()
    cursor.insertText(opener + inner.replace("\u2029", "\n") + PAIRS[opener])
    cursor.endEditBlock()
    cursor.setPosition(start + 1)
    cursor.setPosition(stop + 1, _KEEP)
    return True


def _blocks(cursor: QTextCursor) -> list[QTextBlock]:
    """Return the lines that the selection touches; one that it only reaches at 0 is left out."""
    document = cursor.document()
    block = document.findBlock(cursor.selectionStart())
    last = document.findBlock(cursor.selectionEnd())
    if last != block and cursor.selectionEnd() == last.position():
        last = last.previous()
    blocks = [block]
    while block != last:
        block = block.next()
        blocks.append(block)
    return blocks


def _each_line(cursor: QTextCursor, change: Callable[[str], str]) -> None:
    """Rewrite the selected lines as one undo step; only what differs is touched."""
    edit = QTextCursor(cursor)
    edit.beginEditBlock()
    for block in _blocks(cursor):
        old, new = block.text(), change(block.text())
        if old == new:
            continue
        same = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), 0)
        if old.startswith(new[:same]) and len(new) > len(old):
            edit.setPosition(block.position() + same)
            edit.insertText(new[same : same + len(new) - len(old)])
        else:
            edit.setPosition(block.position() + same)
            edit.setPosition(block.position() + same + len(old) - len(new), _KEEP)
            edit.removeSelectedText()
    edit.endEditBlock()
