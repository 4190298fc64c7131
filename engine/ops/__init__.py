"""The operations: importing this package makes the operator table and equips Tensor."""
# ruff: noqa: F401 (this is the public namespace)

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from engine import creation
from engine.ops import helpers, rooms
from engine.ops.api import FUNCTIONS, publish
from engine.ops.table import GRAPH, OPS, RAW, Op, define, family
from engine.tensor import Tensor

if TYPE_CHECKING:
    from engine.ops import listing

creation.install()
rooms.announce(Tensor)


def __getattr__(name: str) -> Any:
    """torch.ops.aten."""
    if name == "aten":
        from engine.dispatch import aten

        return aten
    raise AttributeError(f"module 'torch.ops' has no attribute '{name}'")


def rows() -> Iterator[Op]:
    """All rows of the operator table."""
    rooms.load_all()
    return iter(OPS.values())


def listed() -> tuple[listing.Operation, ...]:
    """All public operations by family and name: signature, sentence, node and gradients of each."""
    from engine.ops import listing

    return listing.listed()


__all__ = ["FUNCTIONS", "GRAPH", "OPS", "RAW", "Op", "define", "family", "listed", "rows"]
