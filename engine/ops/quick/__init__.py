"""The quick ways through the rows of the table, for plain float32 and float64 tensors.

A row gets a function and a node class written for it, as `namedtuple` writes classes: everything in
one function, without a call that could be spared. Whatever else comes (other types, saved-tensor
hooks, inference mode) goes through `engine.ops.table.run_any`. Code is written when a row is used
for the first time.

A node of these classes looks like any other `OpNode`; it only keeps less and steps faster.
"""

from __future__ import annotations

from engine.ops.quick.binary import binary
from engine.ops.quick.row import row
from engine.ops.quick.unary import unary

__all__ = ["binary", "row", "unary"]
