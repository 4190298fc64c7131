"""The commands of the window itself: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

#: The panels, as they are called in the window and on screen, with the key that shows them.
PANELS = (
    ("notebook", "Notebook"), ("inspector", "Inspector"), ("transport", "Transport"),
    ("operations", "Operations"), ("differences", "Differences"), ("problems", "Problems List"),
    ("breakpoints", "Breakpoints List"),
)  # fmt: skip

#: Of the menu View.
WINDOW = (
    Command(
        "palette", "Find Command…", "View", ("Ctrl+Shift+P",), "search",
        "Type a few letters of what you want to do", separator=True,
    ),
    Command(
        "next_panel", "Next Panel", "View", ("F6",), "",
        "Move the keyboard to the next panel, or to the graph",
    ),
    Command("previous_panel", "Previous Panel", "View", ("Shift+F6",)),
    *(
        Command(
            f"panel_{name}", text, "View", (), "", f"Show or hide the panel {text}",
            checkable=True, submenu="Panels",
        )
        for name, text in PANELS
    ),
)  # fmt: skip

#: Of the menu Help.
HELP = (
    Command(
        "shortcuts", "Keyboard Shortcuts…", "Help", ("F1",), "help",
        "All commands and their keys, which can be changed",
    ),
    Command("about", "About Tapedeck", "Help"),
)  # fmt: skip
