"""Syntax colours: pygments' tokens, lexed anew only where the text changed."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pygments.lexer import Lexer, bygroups, inherit
from pygments.lexers.python import PythonLexer
from pygments.token import Token, _TokenType
from PySide6.QtCore import QObject
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextDocument

from ui.notebook.editing import widened
from ui.theme import Theme


class CellLexer(PythonLexer):
    """Python with IPython's magics, shell lines and help."""

    tokens: ClassVar[dict[str, list[object]]] = {
        "root": [
            (r"^(\s*)(%%?[\w.]+)(.*)", bygroups(Token.Text, Token.Magic, Token.Text)),
            (r"^(\s*)(!+)(.*)", bygroups(Token.Text, Token.Magic, Token.Text)),
            (r"^(\?{1,2})([\w.*]+)", bygroups(Token.Magic, Token.Text)),
            (r"^([\w.]+)(\?{1,2})(\s*)$", bygroups(Token.Text, Token.Magic, Token.Text)),
            inherit,
        ]
    }


#: Ends of lines after which pygments reads on in the next line.
_CONTINUES = re.compile(
    r"(\\|,|\b(class|def|from|import|as|global|nonlocal|del|type|match|case))\s*$"
)
_REACH = 50  # blank lines that are looked back over


class Run(NamedTuple):
    """Columns of one line and the name of their colour in Theme.code."""

    start: int
    stop: int
    name: str


#: The first entry that holds a token decides; None leaves it plain.
_NAMES: tuple[tuple[_TokenType, str | None], ...] = (
    (Token.Magic, "magic"),
    (Token.Comment, "comment"),
    (Token.Literal.String.Interpol, "operator"),
    (Token.Literal.String, "string"),
    (Token.Literal.Number, "number"),
    (Token.Keyword.Constant, "number"),
    (Token.Keyword, "keyword"),
    (Token.Operator.Word, "keyword"),
    (Token.Operator, "operator"),
    (Token.Name.Builtin.Pseudo, "self"),
    (Token.Name.Builtin, "builtin"),
    (Token.Name.Exception, "class"),
    (Token.Name.Class, "class"),
    (Token.Name.Function, "function"),
    (Token.Name.Decorator, "decorator"),
    (Token.Generic.Heading, "keyword"),
    (Token.Generic.Subheading, "keyword"),
    (Token.Generic.Emph, "italic"),
    (Token.Generic.Strong, "bold"),
    (Token.Name.Tag, "function"),
    (Token.Name.Attribute, "string"),
)


def colour_name(token: _TokenType) -> str | None:
    """Return the name in Theme.code of a pygments token type."""
    return next((name for kind, name in _NAMES if token in kind), None)


def lexer_of(kind: str) -> Lexer | None:
    """Return the lexer of a cell kind; raw cells have none."""
    if kind == "code":
        return CellLexer(stripnl=False, ensurenl=False)
    if kind != "markdown":
        return None
    from pygments.lexers.markup import MarkdownLexer  # with those of all that a text may quote

    return MarkdownLexer(stripnl=False, ensurenl=False)


class Lines:
    """The coloured runs of each line of a text, kept up to date statement by statement."""

    def __init__(self, lexer: Lexer | None) -> None:
        self._lexer = lexer
        self._lines: list[str] = [""]
        self.runs: list[list[Run]] = [[]]
        self.open: list[bool] = [False]  # the line starts inside a string

    def update(self, text: str) -> None:
        """Lex what differs from the last text, from the statement before it to one after it."""
        lines = text.split("\n")
        old = self._lines
        same = _common(old, lines)
        tail = min(_common(old[::-1], lines[::-1]), len(lines) - same, len(old) - same)
        first = self._statement_before(same) if isinstance(self._lexer, CellLexer) else 0
        settled = len(old) - tail  # old lines from here on are unchanged
        runs: list[list[Run]] = []
        opened: list[bool] = []
        shift = len(lines) - len(old)
        for at, (line_runs, is_open) in enumerate(self._lex(lines, first), first):
            before = at - shift
            surely = before > settled and not (is_open or self.open[before])
            if surely and _starts(lines, at) and _starts(old, before):
                runs += self.runs[before:]
                opened += self.open[before:]
                break
            runs.append(line_runs)
            opened.append(is_open)
        self.runs[first:], self.open[first:] = runs, opened
        self._lines = lines

    def _statement_before(self, line: int) -> int:
        """Return the last line at or above line - 1 that begins a statement."""
        line = min(line, len(self.open)) - 1
        while line > 0 and (self.open[line] or not _starts(self._lines, line)):
            line -= 1
        return max(line, 0)

    def _lex(self, lines: list[str], first: int) -> Iterator[tuple[list[Run], bool]]:
        """Yield runs and openness of each line from `first`; lazily, so a caller may stop."""
        if self._lexer is None:
            yield from (([], False) for _ in lines[first:])
            return
        text = "\n".join(lines[first:])
        runs: list[Run] = []
        start, is_open = 0, False
        for offset, token, value in self._lexer.get_tokens_unprocessed(text):
            name = colour_name(token)
            at = offset
            for number, part in enumerate(value.split("\n")):
                if number:
                    yield runs, is_open
                    at += 1
                    runs, start, is_open = [], at, name == "string"
                if name is not None and part:
                    runs.append(Run(at - start, at - start + len(part), name))
                at += len(part)
        yield runs, is_open


def _common(a: list[str], b: list[str]) -> int:
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


def _starts(lines: list[str], at: int) -> bool:
    """Tell whether a line surely begins a statement, so that the lexer is in its first state."""
    line = lines[at]
    if not line or line[0].isspace() or line[0] in ")]}#\"'":
        return False
    before = next((text for text in reversed(lines[max(0, at - _REACH) : at]) if text.strip()), "")
    return not _CONTINUES.search(before)


class Highlighter(QSyntaxHighlighter):
    """Paints a document's lines in the theme's code colours."""

    def __init__(self, parent: QObject, document: QTextDocument, kind: str, theme: Theme) -> None:
        super().__init__(parent)
        self._lines = Lines(lexer_of(kind))
        self._formats = _formats(theme)
        self._text = document
        document.contentsChange.connect(self._on_change)  # before Qt's own slot
        self.setDocument(document)
        self._lines.update(widened(document.toPlainText()))
        self.rehighlight()  # now: Qt would once the text has been painted without

    def set_theme(self, theme: Theme) -> None:
        """Repaint in another theme."""
        self._formats = _formats(theme)
        self.rehighlight()

    def set_kind(self, kind: str) -> None:
        """Read the text as another kind of cell."""
        self._lines = Lines(lexer_of(kind))
        self._lines.update(widened(self._text.toPlainText()))
        self.rehighlight()

    def name_at(self, line: int, column: int) -> str | None:
        """Return the colour name ("string", "comment" …) of the character at a 0-based place."""
        runs = self._lines.runs[line] if line < len(self._lines.runs) else []
        at = bisect_right(runs, column, key=lambda run: run.start) - 1
        return runs[at].name if at >= 0 and column < runs[at].stop else None

    def highlightBlock(self, text: str) -> None:
        """Set the formats of the block that Qt asks for."""
        number = self.currentBlock().blockNumber()
        if number >= len(self._lines.runs):
            return
        for run in self._lines.runs[number]:
            if run.name in self._formats:
                self.setFormat(run.start, run.stop - run.start, self._formats[run.name])
        following = number + 1 < len(self._lines.open) and self._lines.open[number + 1]
        self.setCurrentBlockState(int(following))

    def _on_change(self, position: int, removed: int, added: int) -> None:
        self._lines.update(widened(self._text.toPlainText()))


def _formats(theme: Theme) -> dict[str, QTextCharFormat]:
    made = {}
    for name, colour in theme.code.items():
        made[name] = QTextCharFormat()
        made[name].setForeground(QColor(colour))
    made["comment"].setFontItalic(True)
    made["italic"], made["bold"] = QTextCharFormat(), QTextCharFormat()
    made["italic"].setFontItalic(True)
    made["bold"].setFontWeight(QFont.Weight.Bold)
    return made
