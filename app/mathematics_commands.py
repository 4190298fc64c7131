"""The commands that look at the numbers of a run: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

MATHEMATICS = (
    Command(
        "copy_numpy", "Copy Step as NumPy", "Debug", (), "copy",
        "The selected backward step as a program of NumPy alone that reproduces its numbers",
        separator=True,
    ),
    Command(
        "watches", "Watches", "Debug", ("Ctrl+Shift+W",), "",
        "Expressions over tensors and gradients, followed as the playhead moves",
    ),
    Command(
        "training", "Over Training", "Debug", ("Ctrl+Shift+T",), "",
        "Norms, updates and histograms of all parameters over the passes; dead activations",
    ),
)  # fmt: skip
