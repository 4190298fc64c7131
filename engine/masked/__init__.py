"""torch.masked: tensors some of whose elements do not count, and reductions that leave elements out."""

from __future__ import annotations

from engine.later import sign

from .creation import as_masked_tensor, masked_tensor
from .reductions import (
    amax,
    amin,
    argmax,
    argmin,
    log_softmax,
    logsumexp,
    mean,
    norm,
    prod,
    softmax,
    softmin,
    std,
    sum,
    var,
)
from .tensor import MaskedTensor, is_masked_tensor

__all__ = [
    "MaskedTensor", "amax", "amin", "argmax", "argmin", "as_masked_tensor", "is_masked_tensor",
    "log_softmax", "logsumexp", "masked_tensor", "mean", "norm", "prod", "softmax", "softmin", "std",
    "sum", "var",
]  # fmt: skip

sign(globals(), "torch.masked")
MaskedTensor.__module__ = "torch.masked.maskedtensor.core"
