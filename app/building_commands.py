"""The commands of the menu Build: gestures that write code. Rows of the one table of commands."""

from __future__ import annotations

from app.command import Command
from app.templates import TEMPLATES

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
        "new_leaf", "New Tensor…", "Build", ("Ctrl+Shift+N",), "table",
        "Type or paste its numbers, or fill it; the code that makes it is written and run",
    ),
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
    Command(
        "backward", "Backward…", "Build", ("Shift+B",), "reverse",
        "Run backward() from the selected tensor", on_graph=True, separator=True,
    ),
    Command(
        "zero_grad", "Zero Gradient", "Build", ("Shift+Z",), "", "Set the leaf's .grad to zero",
        on_graph=True,
    ),
    Command(
        "toggle_grad", "Toggle requires_grad", "Build", (), "",
        "Let the selected leaf require grad, or not any more",
    ),
    Command("detach", "Detach", "Build", ("Shift+D",), "",
            "The selected tensor's values without its history", on_graph=True),
    Command(
        "rename", "Rename Variable…", "Build", ("Shift+F2",), "",
        "Call the selected tensor's variable something else, in all cells", on_graph=True,
    ),
    *(
        Command(
            f"template_{name}", one.text, "Build", (), "", one.tip, submenu="Templates",
            separator=name == "linear",
        )
        for name, one in TEMPLATES.items()
    ),
)  # fmt: skip

#: What the context menu of a node offers of these; "" is a line.
NODE_BUILD = ("backward", "zero_grad", "toggle_grad", "detach", "rename", "")
