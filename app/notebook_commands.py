"""The commands of the notebook's cells: rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

#: Of the menu Edit. Their keys are Jupyter's, which the notebook has while a cell is selected.
EDIT = (
    Command(
        "find_in_cells", "Find and Replace in Cells…", "Edit", (), "search",
        "Search the notebook's text (Ctrl+F in the notebook)", separator=True,
    ),
    Command(
        "select_cells", "Select All Cells", "Edit", (), "",
        "What is done then is done with all cells (Ctrl+A; Shift+Up and Shift+Down select some)",
        separator=True,
    ),
    Command("cut_cell", "Cut Cells", "Edit", (), "", "Cut the selected cells (X)"),
    Command("copy_cell", "Copy Cells", "Edit", (), "", "Copy the selected cells (C)"),
    Command("paste_cell", "Paste Cells Below", "Edit", (), "", "Paste below the selection (V)"),
    Command("split_cell", "Split Cell at Cursor", "Edit", (), "", "Split the cell (Ctrl+Shift+-)"),
    Command(
        "merge_cells", "Merge Cells", "Edit", (), "",
        "Merge the selected cells, or one with the cell below it (Shift+M)",
    ),
)  # fmt: skip

#: Of the menu Run.
RUN = (
    Command("run_above", "Run All Above", "Run", ()),
    Command("run_below", "Run Cell and All Below", "Run", ()),
    Command("clear_outputs", "Clear All Outputs", "Run", ()),
)  # fmt: skip

#: Of the menu Run, below what concerns the kernel.
KERNEL = (
    Command(
        "attach", "Attach to Kernel…", "Run", (), "link",
        "Record and watch what runs in a kernel that somebody else started",
    ),
    Command(
        "console", "Console", "Run", ("Ctrl+`",), "code",
        "Lines that run in the notebook's kernel, with the same names and recording",
    ),
    Command(
        "memory", "Memory Limit…", "Run", (), "",
        "How many gigabytes of data the code may hold before it raises MemoryError",
    ),
)  # fmt: skip
