"""What a command is: one thing a person can do, as data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a person can do. `menu` "" keeps it out of the menus; `checkable` shows a state."""

    id: str
    text: str
    menu: str
    keys: tuple[str, ...] = ()
    icon: str = ""
    tip: str = ""
    checkable: bool = False
    separator: bool = False  # a line above it in its menu
    on_graph: bool = False  # its keys are for when the graph has the keyboard
    submenu: str = ""  # of its menu
