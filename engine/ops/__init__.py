"""The operations: importing this package fills the operator table and equips Tensor."""
# ruff: noqa: F401 (this is the public namespace)

from __future__ import annotations

from collections.abc import Iterator

from engine import creation
from engine.ops import (
    api,
    arithmetic,
    binary,
    diagonal,
    extremes,
    helpers,
    indexing,
    joining,
    linalg,
    matmul,
    memory,
    operators,
    pointwise,
    randomness,
    reduction,
    scattering,
    selection,
    shape,
    softmax,
    sorting,
    statistics,
    table,
)  # fmt: skip  # isort: skip
from engine.ops.api import FUNCTIONS, publish
from engine.ops.table import GRAPH, OPS, RAW, Op, define, family

creation.install()
memory.install()
indexing.install()
randomness.install()
operators.install()


def rows() -> Iterator[Op]:
    """All rows of the operator table."""
    return iter(OPS.values())


__all__ = ["FUNCTIONS", "GRAPH", "OPS", "RAW", "Op", "define", "family", "rows"]
