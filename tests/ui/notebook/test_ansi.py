"""Terminal text becomes lines and styles."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.notebook.ansi import Screen, Span, Style, sgr, stripped
from ui.notebook.colours import legible, rgb
from ui.theme import load


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\nb", ["a", "b"]),
        ("a\nb\n", ["a", "b"]),
        ("10%\r100%", ["100%"]),
        ("abc\rX", ["Xbc"]),
        ("abc\b\bX", ["aXc"]),
        ("\b\bX", ["X"]),
        ("a\r\nb\r\n", ["a", "b"]),
        ("a\tb", ["a       b"]),
        ("abcdef\r\x1b[Kxy", ["xy"]),
        ("one\ntwo\x1b[Aup", ["oneup", "two"]),
        ("one\ntwo\n\x1b[2A\rONE", ["ONE", "two"]),
        ("x\x1b]0;title\x07y", ["xy"]),
        ("\x1b[31mred\x1b[0m", ["red"]),
        ("before\x1b[2Jafter", ["after"]),
        ("bell\x07\x00!", ["bell!"]),
    ],
)
def test_screen_shows_what_a_terminal_would(text: str, lines: list[str]) -> None:
    screen = Screen(text)
    assert screen.lines[: len(screen)] == lines


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("31", Style(fg=1)),
        ("1;92", Style(fg=10, bold=True)),
        ("38;5;208", Style(fg=208)),
        ("48;2;1;2;3", Style(bg="#010203")),
        ("38:5:7", Style(fg=7)),
        ("4;9;7;3", Style(underline=True, strike=True, inverse=True, italic=True)),
        ("31;0", Style()),
        ("", Style()),
        ("38;5", Style()),
        ("107", Style(bg=15)),
    ],
)
def test_sgr_sets_styles(parameters: str, style: Style) -> None:
    assert sgr(Style(), parameters) == style


def test_styles_are_kept_by_column_and_overwritten_by_later_text() -> None:
    screen = Screen("\x1b[31mred\x1b[0m plain \x1b[1mbold\x1b[0m")
    assert screen.spans(0) == (Span(0, 3, Style(fg=1)), Span(10, 14, Style(bold=True)))
    screen.feed("\r\x1b[32mgr\x1b[0m")
    assert screen.lines == ["grd plain bold"]
    assert screen.spans(0)[:2] == (Span(0, 2, Style(fg=2)), Span(2, 3, Style(fg=1)))


@given(st.text("ab\n\r\b\t\x1b[31m;K", max_size=60), st.lists(st.integers(0, 60), max_size=4))
def test_cutting_the_text_into_batches_changes_nothing(text: str, cuts: list[int]) -> None:
    text = text.replace("\x1b[", "\x1b[") + "."
    whole, parts = Screen(text), Screen()
    places = sorted({0, len(text), *(min(cut, len(text)) for cut in cuts)})
    for start, stop in itertools.pairwise(places):
        parts.feed(text[start:stop])
    assert parts.lines == whole.lines
    assert parts.styles == whole.styles


def test_a_sequence_that_never_ends_is_not_held_back_forever() -> None:
    screen = Screen("\x1b]" + "x" * 10_000)
    assert screen.lines[0].endswith("xxx")


def test_colours_come_from_the_theme_then_from_xterm() -> None:
    theme = load("dark")
    assert rgb(1, theme) == theme.ansi[1]
    assert rgb(16, theme) == "#000000"
    assert rgb(196, theme) == "#ff0000"
    assert rgb(255, theme) == "#eeeeee"
    assert rgb("#123456", theme) == "#123456"


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_terminal_colour_can_be_read_on_the_panel(name: str) -> None:
    theme = load(name)
    for number in range(256):
        shown = legible(str(rgb(number, theme)), theme.panel)
        assert contrast(shown, theme.panel) >= 4.5, number


def contrast(a: str, b: str) -> float:
    """WCAG 2.1 contrast of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_stripped_drops_colours() -> None:
    assert stripped("\x1b[36mCell\x1b[39m In[3]") == "Cell In[3]"
