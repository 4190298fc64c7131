"""Arithmetic with a number inside PyTorch's composite functions.

There a number beside a tensor is another overload, which shows in the node's name: MulBackward1,
DivBackward1, AddBackward1, SubBackward1.
"""

from __future__ import annotations

from typing import Any

from engine.dtype import FLOAT, default
from engine.ops.table import define, run


def _scalar(name: str, forward: Any, vjp: Any) -> Any:
    node = f"{name.capitalize()}Backward1"
    op = define(
        f"{name}(self, other)",
        forward,
        family="pointwise",
        node=node,
        key=f"{name}_scalar",
        self=vjp,
    )

    def call(t: Any, number: float) -> Any:
        if t._d.category < FLOAT and (isinstance(number, float) or name == "div"):
            t = t.to(default())
        return run(op, [t, number])

    return call


times = _scalar("mul", lambda a, b: a * b, lambda F, g, other: g * other)
over = _scalar("div", lambda a, b: a / b, lambda F, g, other: g / other)
plus = _scalar("add", lambda a, b: a + b, lambda F, g: g)
minus = _scalar("sub", lambda a, b: a - b, lambda F, g: g)
