"""The commands of the menu Debug: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

DEBUG = (
    Command("continue", "Continue", "Debug", ("F5",), "", "To the next breakpoint, or the end"),
    Command(
        "continue_back", "Reverse Continue", "Debug", ("Shift+F5",), "",
        "Back to the breakpoint before, or the start",
    ),
    Command(
        "step_over", "Step Over", "Debug", ("F10",), "", "One step, not into modules",
        separator=True,
    ),
    Command("step_over_back", "Step Over Backwards", "Debug", ("Alt+F10",)),
    Command("step_into", "Step Into", "Debug", ("F11",)),
    Command("step_into_back", "Step Into Backwards", "Debug", ("Alt+F11",)),
    Command("step_out", "Step Out", "Debug", ("Shift+F11",), "", "Until the module is left"),
    Command("step_out_back", "Step Out Backwards", "Debug", ("Alt+Shift+F11",)),
    Command("run_to", "Run to Node", "Debug", ("Ctrl+F10",), "", "To where the selected node is"),
    Command(
        "breakpoint", "Toggle Breakpoint", "Debug", ("F9",), "",
        "At the selected node, or at the line of code where the cursor is", separator=True,
    ),
    Command(
        "live", "Pause Program at Breakpoints", "Debug", (), "",
        "A run waits there, forward or backward; the console sees and changes its variables",
        checkable=True,
    ),
    Command(
        "break_when", "Break When…", "Debug", ("Ctrl+F9",), "",
        "Stop where a condition holds, like norm(grad) > 1e3",
    ),
    Command("breakpoints", "Breakpoints", "Debug", ("Ctrl+Shift+B",), "", "The list of them"),
    Command(
        "why", "Why?", "Debug", ("Shift+F1",), "help",
        "Why the selected gradient, or the element selected in it, is None, zero, NaN, or as it is",
        separator=True,
    ),
    Command(
        "expect", "Compare with Expected…", "Debug", ("Ctrl+Shift+F1",), "",
        "Type what you expect of the selection, and see where tape and formula part",
    ),
    Command("problems", "Problems", "Debug", ("F8",), "warning", "What looks wrong"),
    Command(
        "check_selection", "Check Gradients of Selection", "Debug", (), "",
        "Compare what the selected nodes sent back with finite differences", separator=True,
    ),
    Command(
        "check_all", "Check All Gradients", "Debug", ("Ctrl+F8",), "",
        "Compare all gradients of the graph with finite differences; mark those that are wrong",
    ),
)  # fmt: skip
