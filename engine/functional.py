"""torch.functional: operations that PyTorch composes in Python, by their former home."""

from __future__ import annotations

from engine.ops import FUNCTIONS

_NAMES = (
    "atleast_1d", "atleast_2d", "atleast_3d", "align_tensors", "broadcast_shapes",
    "broadcast_tensors", "cartesian_prod", "block_diag", "cdist", "chain_matmul", "einsum", "norm",
    "meshgrid", "split", "tensordot", "unique", "unique_consecutive", "unravel_index",
)  # fmt: skip
__all__ = [name for name in _NAMES if name in FUNCTIONS]
globals().update({name: FUNCTIONS[name] for name in __all__})
