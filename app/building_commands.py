"""The commands of the menu Build: gestures that write code. Rows of the one table of commands."""

from __future__ import annotations

from app.command import Command

#: Operations that have a key of their own on the graph: full name, text, keys.
APPLIED = (
    ("torch.add", "Add", ("+",)),
    ("torch.sub", "Subtract", ("-",)),
    ("torch.mul", "Multiply", ("*",)),
    ("torch.div", "Divide", ("/",)),
    ("torch.matmul", "Matrix Product", ("@",)),
    ("torch.pow", "Power", ("^",)),
    ("torch.sum", "Sum", ("Shift+S",)),
    ("torch.mean", "Mean", ("Shift+M",)),
    ("torch.relu", "ReLU", ("Shift+R",)),
    ("torch.tanh", "Tanh", ("Shift+T",)),
)

BUILD = (
    Command(
        "apply", "Apply Operation…", "Build", ("Ctrl+Return",), "search",
        "Ask for the arguments of the operation chosen in the palette, then write and run it",
    ),
    *(
        Command(
            f"apply_{call.rpartition('.')[2]}", text, "Build", keys, "",
            f"Write and run {call} of the selected nodes", on_graph=True, submenu="Apply",
        )
        for call, text, keys in APPLIED
    ),
)  # fmt: skip
