"""The line of code that an operation becomes in a cell. Free of Qt."""

from __future__ import annotations

from collections.abc import Sequence

from engine.ops.listing import Operation

RESULT = "result"


def statement(one: Operation, names: Sequence[str] = ()) -> str:
    """Return `result = torch.matmul(w, other)`; see `expression`."""
    return f"{RESULT} = {expression(one, names)}"


def expression(one: Operation, names: Sequence[str] = ()) -> str:
    """Return the call with what it cannot do without.

    `names` are variables to use: each stands for the argument of the same name, else for the first
    that is left. A method is called on the first.
    """
    left = list(names)
    receiver = ""
    if one.call.startswith("Tensor."):
        receiver = left.pop(0) if left else "tensor"
    values = {argument: argument for argument in one.arguments if argument in left}
    left = [name for name in left if name not in values]
    for argument in one.arguments:
        if argument not in values:
            values[argument] = left.pop(0) if left else argument
    by_name = _by_name(one.signature)
    parts = [
        f"{argument}={values[argument]}" if argument in by_name else values[argument]
        for argument in one.arguments
    ]
    callee = f"{receiver}.{one.name}" if receiver else one.call
    return f"{callee}({', '.join(parts)})"


def _by_name(signature: str) -> set[str]:
    """The arguments that are given by name only."""
    after = signature.partition("*, ")[2].removesuffix(")")
    return {part.strip().partition("=")[0] for part in after.split(",")}
