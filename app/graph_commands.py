"""The commands with which one moves about the graph: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command
from ui.graph.lens import Lens

#: Of the menu Graph.
GRAPH = (
    Command(
        "find", "Find in Graph…", "Graph", ("Ctrl+F",), "search",
        "Search by name, operation, grad_fn, shape or id", on_graph=True,
    ),
    Command("find_next", "Find Next", "Graph", ("F3",), on_graph=True),
    Command("find_previous", "Find Previous", "Graph", ("Shift+F3",), on_graph=True),
    Command(
        "back", "Back", "Graph", ("Alt+Left",), "", "To the node where you were before",
        separator=True,
    ),
    Command("forward", "Forward", "Graph", ("Alt+Right",)),
    Command(
        "focus_near", "Focus on Neighbours", "Graph", ("Ctrl+Shift+F",), "",
        "Show the selected node and what is few steps away by themselves", separator=True,
    ),
    Command(
        "focus_ancestors", "Focus on Ancestors", "Graph", ("Ctrl+Shift+Up",), "",
        "Show all that the selected node was computed from by itself", on_graph=True,
    ),
    Command(
        "focus_descendants", "Focus on Descendants", "Graph", ("Ctrl+Shift+Down",), "",
        "Show all that was computed from the selected node by itself", on_graph=True,
    ),
    Command("focus_wider", "One Step Wider", "Graph", ("]",), on_graph=True),
    Command("focus_narrower", "One Step Narrower", "Graph", ("[",), on_graph=True),
    Command("show_whole", "Show Whole Graph", "Graph", ("Esc",), on_graph=True),
)  # fmt: skip

#: Of the menu View.
VIEW = (
    Command(
        "minimap", "Map of the Graph", "View", ("Ctrl+Shift+M",), "",
        "A small map in the corner while part of the graph is out of sight", checkable=True,
        separator=True,
    ),
    *(
        Command(
            f"colour_{lens.name.lower()}", lens.value, "View", checkable=True,
            submenu="Colour By", separator=lens == Lens.OPERATION,
        )
        for lens in Lens
    ),
    Command(
        "flow", "Gradient Flow", "View", (), "",
        "Edges that a cotangent has crossed show its size", checkable=True,
    ),
)  # fmt: skip
