"""A terminal's text: SGR colours, carriage returns and backspaces become lines with styles.

Sequences are those of ECMA-48 (SGR, CUU, CUD, CUF, CUB, CHA, EL, ED); others are dropped.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

#: A colour: None (default), 0–255 (xterm's palette) or "#rrggbb".
Colour = int | str | None

_TOKEN = re.compile(
    r"\x1b\[([0-9;:?]*)[ -/]*([@-~])"  # CSI
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC (titles, links)
    r"|\x1b[@-Z\\-_]?"
    r"|([\n\r\b\t])"
    r"|[\x00-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f]"
    r"|([^\x00-\x1f\x7f]+)"
)
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?]*[ -/]*|\][^\x07\x1b]*)?\Z")
_TAB = 8
_LONGEST = 4096  # characters that an unfinished sequence may hold back


class Style(NamedTuple):
    """How a run of characters looks."""

    fg: Colour = None
    bg: Colour = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    inverse: bool = False
    strike: bool = False


PLAIN = Style()


class Span(NamedTuple):
    """Columns start to stop of a line in one style."""

    start: int
    stop: int
    style: Style


#: Tuples, which the garbage collector soon leaves alone: there may be a million.
Spans = tuple[Span, ...]


class Screen:
    """The lines that a program's output leaves on an endless terminal; feeding costs O(text)."""

    def __init__(self, text: str = "") -> None:
        self.lines: list[str] = [""]
        self.styles: dict[int, Spans] = {}
        self.widest = 0  # characters of the longest line so far
        self._row = self._column = 0
        self._style = PLAIN
        self._rest = ""
        if text:
            self.feed(text)

    def __len__(self) -> int:
        """Return the number of lines; a newline at the end opens none."""
        return len(self.lines) - (not self.lines[-1])

    def feed(self, text: str) -> None:
        """Append what the program wrote; a sequence that is cut off waits for its rest."""
        text = (self._rest + text).replace("\r\n", "\n")
        self._rest = ""
        if (cut := _UNFINISHED.search(text)) and len(text) - cut.start() < _LONGEST:
            text, self._rest = text[: cut.start()], text[cut.start() :]
        if text.endswith("\r"):  # may be half of a line end
            text, self._rest = text[:-1], "\r" + self._rest
        if self._at_end() and self._style == PLAIN and not _CONTROL.search(text):
            self._append(text)
            return
        for match in _TOKEN.finditer(text):
            parameters, final, control, run = match.groups()
            if run is not None:
                self._write(run)
            elif control is not None:
                self._control(control)
            elif final is not None:
                self._sequence(parameters, final)

    def spans(self, row: int) -> Spans:
        """Return the styled runs of a line; what lies between them is plain."""
        return self.styles.get(row, ())

    def text(self, start: int = 0, stop: int | None = None) -> str:
        """Return lines start to stop without their styles."""
        return "\n".join(self.lines[start : len(self) if stop is None else stop])

    def _at_end(self) -> bool:
        return self._row == len(self.lines) - 1 and self._column == len(self.lines[-1])

    def _append(self, text: str) -> None:
        first, *others = text.split("\n")
        self.lines[-1] += first
        self.lines.extend(others)
        self.widest = max(self.widest, len(self.lines[self._row]), *map(len, others), 0)
        self._row, self._column = len(self.lines) - 1, len(self.lines[-1])

    def _write(self, text: str) -> None:
        line = self.lines[self._row]
        start, stop = self._column, self._column + len(text)
        if start > len(line):
            line += " " * (start - len(line))
        self.lines[self._row] = line[:start] + text + line[stop:]
        self._column = stop
        self.widest = max(self.widest, len(self.lines[self._row]))
        if self._style != PLAIN or self._row in self.styles:
            before = self.styles.get(self._row, ())
            self.styles[self._row] = overwrite(before, Span(start, stop, self._style))

    def _control(self, control: str) -> None:
        if control == "\n":
            self._row += 1
            self._column = 0
            if self._row == len(self.lines):
                self.lines.append("")
        elif control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(0, self._column - 1)
        else:
            self._write(" " * (_TAB - self._column % _TAB))

    def _sequence(self, parameters: str, final: str) -> None:
        if final == "m":
            self._style = sgr(self._style, parameters)
            return
        if not re.fullmatch(r"[0-9;]*", parameters):
            return
        number = int(parameters.split(";")[0] or 0)
        steps = max(1, min(number, 10_000))
        if final == "A":
            self._row = max(0, self._row - steps)
        elif final == "B":
            self._row = min(len(self.lines) - 1, self._row + steps)
        elif final == "C":
            self._column += steps
        elif final == "D":
            self._column = max(0, self._column - steps)
        elif final == "G":
            self._column = steps - 1
        elif final == "K":
            self._erase_line(number)
        elif final == "J" and number in (2, 3):
            self.lines, self.styles, self.widest = [""], {}, 0
            self._row = self._column = 0

    def _erase_line(self, part: int) -> None:
        line, at = self.lines[self._row], self._column
        spans = self.styles.pop(self._row, ())
        if part == 0:
            self.lines[self._row] = line[:at]
            spans = tuple(Span(a, min(b, at), s) for a, b, s in spans if a < at)
        elif part == 1:
            self.lines[self._row] = " " * min(at, len(line)) + line[at:]
            spans = tuple(Span(max(a, at), b, s) for a, b, s in spans if b > at)
        else:
            self.lines[self._row], spans = "", ()
        if spans:
            self.styles[self._row] = spans


def overwrite(spans: Spans, new: Span) -> Spans:
    """Return `spans` with `new` laid over them, in order, without empty or plain ones."""
    if not spans or spans[-1].stop <= new.start:  # the usual case: text grows at its end
        if spans and spans[-1].stop == new.start and spans[-1].style == new.style:
            return (*spans[:-1], Span(spans[-1].start, new.stop, new.style))
        return (*spans, new) if new.style != PLAIN else spans
    kept = tuple(Span(a, min(b, new.start), s) for a, b, s in spans if a < new.start)
    after = tuple(Span(max(a, new.stop), b, s) for a, b, s in spans if b > new.stop)
    return kept + ((new,) if new.style != PLAIN else ()) + after


@lru_cache(maxsize=1024)
def sgr(style: Style, parameters: str) -> Style:
    """Return `style` after the sequence ESC [ `parameters` m."""
    numbers = [int(p) if p.isdigit() else 0 for p in re.split("[;:]", parameters)]
    at = 0
    while at < len(numbers):
        n = numbers[at]
        at += 1
        if n in (38, 48):
            colour, at = _extended(numbers, at)
            style = style._replace(fg=colour) if n == 38 else style._replace(bg=colour)
        else:
            style = _simple(style, n)
    return style


_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "strike"}
_OFF = {23: "italic", 24: "underline", 27: "inverse", 29: "strike"}


def _simple(style: Style, n: int) -> Style:
    if n == 0:
        return PLAIN
    if n in _ON:
        return style._replace(**{_ON[n]: True})
    if n in _OFF:
        return style._replace(**{_OFF[n]: False})
    if n in (21, 22):
        return style._replace(bold=False, dim=False)
    if 30 <= n <= 37 or 90 <= n <= 97:
        return style._replace(fg=n - 30 if n < 90 else n - 82)
    if 40 <= n <= 47 or 100 <= n <= 107:
        return style._replace(bg=n - 40 if n < 100 else n - 92)
    if n == 39:
        return style._replace(fg=None)
    if n == 49:
        return style._replace(bg=None)
    return style


def _extended(numbers: list[int], at: int) -> tuple[Colour, int]:
    """Read `5;n` or `2;r;g;b` at `at`; return the colour and the index after it."""
    if at < len(numbers) and numbers[at] == 5 and at + 1 < len(numbers):
        return min(numbers[at + 1], 255), at + 2
    if at < len(numbers) and numbers[at] == 2 and at + 3 < len(numbers):
        red, green, blue = (min(n, 255) for n in numbers[at + 1 : at + 4])
        return f"#{red:02x}{green:02x}{blue:02x}", at + 4
    return None, len(numbers)


def stripped(text: str) -> str:
    """Return `text` as a terminal without colours shows it."""
    return Screen(text).text()
