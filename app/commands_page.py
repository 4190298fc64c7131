"""The page of commands: `python -m app.commands_page > resources/docs/commands.md`."""

from __future__ import annotations

from collections.abc import Iterator

from app.command import Command
from app.commands import COMMANDS, MENUS

_INTRO = """\
<!-- Written by `python -m app.commands_page > resources/docs/commands.md`; do not edit by hand. -->

# Commands

All that the menus offer, with the keys that it comes with; *Help → Keyboard Shortcuts* changes
them. <kbd>Ctrl</kbd>+<kbd>Shift</kbd>+<kbd>P</kbd> finds a command by a few letters of its name.
Keys marked *graph* are for when the graph has the keyboard. On macOS Ctrl is ⌘.
"""


def page() -> str:
    """Return the page as Markdown."""
    return "\n".join([_INTRO, *_sections()])


def _sections() -> Iterator[str]:
    for menu in MENUS:
        yield f"## {menu}\n"
        yield "| Command | Keys | What it does |"
        yield "|---|---|---|"
        yield from (_row(one) for one in COMMANDS if one.menu == menu)
        yield ""


def _row(one: Command) -> str:
    text = f"{one.submenu} → {one.text}" if one.submenu else one.text
    keys = " or ".join(_keys(key) for key in one.keys)
    where = " *graph*" if one.keys and one.on_graph else ""
    return f"| {text} | {keys}{where} | {one.tip} |".replace("  ", " ")


def _keys(combination: str) -> str:
    """Return `Ctrl+Shift+P` as keys; a plus at the end is a key."""
    plus = combination.endswith("+")
    parts = combination.rstrip("+").split("+") + ["+"] * plus
    return "+".join(f"<kbd>{part}</kbd>" for part in parts)


if __name__ == "__main__":
    print(page(), end="")
