"""The operator table by name, and `F`: the functions that a VJP computes with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from engine.autograd import node as graph
from engine.ops import rooms

if TYPE_CHECKING:
    from engine.ops.nodes import Op


class Namespace:
    """Functions by operation name; what `F` is inside a VJP."""

    raw: bool

    def __init__(self, raw: bool) -> None:
        self.raw = raw

    def __getattr__(self, name: str) -> Any:
        if rooms.load(name) and name in self.__dict__:
            return self.__dict__[name]
        op = OPS.get(name)
        if op is None or self.raw:
            raise AttributeError(f"no operation '{name}'")

        def call(*values: Any) -> Any:
            from engine.ops.running import run

            return run(op, [*values, *(op.defaults[p] for p in op.params[len(values) :])])

        setattr(self, name, call)
        return call


RAW: Any = Namespace(True)
GRAPH: Any = Namespace(False)
graph.RAW = RAW
OPS: dict[str, Op] = rooms.Table()
