"""The commands with which one moves about the graph: rows of the one table of commands."""

from __future__ import annotations

from app.building_commands import NODE_BUILD
from app.command import Command
from ui.graph.groups import By
from ui.graph.lens import Lens

#: Of the menu Graph.
GRAPH = (
    Command(
        "find", "Find in Graph…", "Graph", ("Ctrl+F",), "search",
        "Search by name, operation, grad_fn, shape or id", on_graph=True,
    ),
    Command(
        "filter", "Filter Graph…", "Graph", ("Ctrl+Alt+F",), "filter",
        "Dim all nodes but those that words, fields or a condition find: norm(grad) > 1e3",
        on_graph=True,
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
    Command(
        "select_all", "Select All Nodes", "Graph", ("Ctrl+A",), on_graph=True, separator=True,
    ),
    Command(
        "select_ancestors", "Select Ancestors", "Graph", ("Ctrl+Up",), "",
        "Select all that the selected nodes were computed from", on_graph=True,
    ),
    Command(
        "select_descendants", "Select Descendants", "Graph", ("Ctrl+Down",), "",
        "Select all that was computed from the selected nodes", on_graph=True,
    ),
    Command(
        "inspect", "Show in Inspector", "Graph", ("Ctrl+I",), "", "(Enter on the graph)",
        separator=True,
    ),
    Command("go_to_code", "Go to Code Line", "Graph", ("F12",), "code"),
    Command(
        "go_to_partner", "Go to Partner", "Graph", ("B",), "",
        "From an operation to its backward node, from a leaf to its AccumulateGrad, and back",
        on_graph=True,
    ),
    Command(
        "edit_value", "Edit Value…", "Graph", ("F2",), "",
        "Give a leaf other numbers and see what changes", on_graph=True,
    ),
    Command(
        "pin", "Pin", "Graph", ("P",), "",
        "Hold the selected nodes where they are; dragging a node pins it too", on_graph=True,
        separator=True,
    ),
    Command("unpin_all", "Unpin All", "Graph"),
    Command("copy_name", "Copy Name", "Graph", ("Ctrl+C",), "copy", on_graph=True, separator=True),
    Command("copy_value", "Copy Value", "Graph", ("Ctrl+Alt+C",), on_graph=True),
    Command(
        "copy_picture", "Copy as Picture", "Graph", ("Ctrl+Shift+C",), "",
        "Put a picture of the graph, or of several selected nodes, on the clipboard",
    ),
)  # fmt: skip

#: Of the menu View: what is grouped, and which groups are folded.
GROUPS = (
    *(
        Command(
            f"group_{by}", text, "View", checkable=True, submenu="Group By",
            separator=by == By.NOTHING,
        )
        for by, text in (
            (By.NOTHING, "No Groups"), (By.MODULE, "Module"), (By.LOOP, "Loop Iteration"),
            (By.LINE, "Source Line"), (By.CELL, "Cell"), (By.HAND, "My Groups"),
        )
    ),
    Command(
        "fold_group", "Fold or Unfold Group", "View", ("G",), "",
        "The group of the selected node becomes one card, or shows its nodes again",
        on_graph=True,
    ),
    Command("fold_level", "Fold One Level", "View", ("Shift+G",), "",
            "Fold the innermost groups that are open", on_graph=True),
    Command("unfold_level", "Unfold One Level", "View", ("Alt+Shift+G",)),
    Command("fold_all", "Fold All", "View", ("Ctrl+Shift+G",)),
    Command("unfold_all", "Unfold All", "View", ("Ctrl+Alt+G",)),
    Command("group_selection", "Group Selection", "View", ("Ctrl+G",), "",
            "Make a group of the selected nodes and of what lies between them", on_graph=True),
    Command("ungroup", "Ungroup", "View", (), "", "Dissolve a group that was made by hand"),
)  # fmt: skip

#: Of the menu View.
VIEW = (
    *GROUPS,
    Command(
        "minimap", "Map of the Graph", "View", ("Ctrl+Shift+M",), "",
        "A small map in the corner while part of the graph is out of sight", checkable=True,
        separator=True,
    ),
    Command(
        "left_to_right", "Left to Right", "View", ("Ctrl+Shift+D",), "",
        "Let graphs run from left to right instead of top-down", checkable=True,
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

#: What the context menu of a node offers, and that of the empty canvas; "" is a line.
NODE_MENU = (
    "inspect", "go_to_code", "go_to_partner", "edit_value", "", *NODE_BUILD,
    "fold_group", "group_selection", "ungroup", "",
    "focus_near", "focus_ancestors", "focus_descendants", "show_whole", "",
    "select_ancestors", "select_descendants", "", "pin", "",
    "copy_name", "copy_value", "copy_picture",
)  # fmt: skip
CANVAS_MENU = (
    "find", "filter", "back", "forward", "",
    "fold_level", "unfold_level", "fold_all", "unfold_all", "",
    "fit", "zoom_in", "zoom_out", "show_whole", "",
    "select_all", "unpin_all", "minimap", "left_to_right", "", "copy_picture", "export",
)  # fmt: skip
