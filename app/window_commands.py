"""The commands of the window itself: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

#: The panels, as they are called in the window and on screen, with the key that shows them.
PANELS = (
    ("notebook", "Notebook"), ("inspector", "Inspector"), ("transport", "Transport"),
    ("operations", "Operations"), ("differences", "Differences"), ("problems", "Problems List"),
    ("breakpoints", "Breakpoints List"), ("console", "Console Panel"),
    ("watches", "Watches List"), ("training", "Training Plots"),
    ("lesson", "Lesson Panel"),
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

#: Of the menu File: the tabs.
TABS = (
    Command("new_tab", "New Tab", "File", ("Ctrl+T",), "", "The welcome page in a tab of its own"),
    Command("close_tab", "Close Tab", "File", ("Ctrl+W",)),
    Command("next_tab", "Next Tab", "File", ("Ctrl+PgDown", "Ctrl+Tab")),
    Command("previous_tab", "Previous Tab", "File", ("Ctrl+PgUp", "Ctrl+Shift+Tab")),
)  # fmt: skip

#: Of the menu Edit.
SETTINGS = (
    Command(
        "settings", "Settings…", "Edit", ("Ctrl+,", "Ctrl+;"), "settings",
        "Theme, sizes, motion, graph, memory", separator=True,
    ),
)  # fmt: skip

#: Of the menu View: the size of the interface.
SIZE = (
    Command(
        "larger", "Larger", "View", ("Ctrl+Alt++", "Ctrl+Alt+="), "",
        "Text, icons, cards and panels alike", submenu="Size of Everything", separator=True,
    ),
    Command("smaller", "Smaller", "View", ("Ctrl+Alt+-",), submenu="Size of Everything"),
    Command("normal_size", "100 %", "View", ("Ctrl+Alt+0",), submenu="Size of Everything"),
)  # fmt: skip

#: Of the menu Help.
HELP = (
    Command(
        "lesson", "Lesson", "Help", ("Ctrl+Shift+H",), "",
        "The text of the notebook beside the graph, step by step",
    ),
    Command("lesson_next", "Next Step of the Lesson", "Help", ("Alt+PgDown",)),
    Command("lesson_back", "Step of the Lesson Before", "Help", ("Alt+PgUp",)),
    Command("welcome", "Welcome Page", "Help", (), "examples", "Recent files and the examples"),
    Command(
        "shortcuts", "Keyboard Shortcuts…", "Help", ("F1",), "help",
        "All commands and their keys, which can be changed",
    ),
    Command("about", "About Tapedeck", "Help"),
)  # fmt: skip
