"""Which kernels of layers and losses are nodes of their own where a backward pass is recorded."""

from __future__ import annotations

from engine.ops.namespace import OPS
from engine.ops.twice import name_kernel

from . import activations, composites, losses

#: The node of the backward kernel, what it can be differentiated by, and the rows that have it.
_KERNELS = (
    ("LeakyRelu", "self", "leaky_relu"),
    ("PreluKernel", "self weight", "_prelu_kernel"),
    ("RreluWithNoise", "", "rrelu_with_noise"),
    ("Threshold", "self", "threshold"),
    ("Hardtanh", "self", "hardtanh"),
    ("Elu", "self", "elu celu"),
    ("Gelu", "self", "gelu"),
    ("Softplus", "self", "softplus"),
    ("Hardswish", "self", "hardswish"),
    ("Hardshrink", "self", "hardshrink"),
    ("Softshrink", "self", "softshrink"),
    ("LogSigmoid", "self", "log_sigmoid"),
    ("Glu", "self", "glu"),
    ("MseLoss", "self target", "mse_loss"),
    ("SmoothL1Loss", "self target", "smooth_l1_loss"),
    ("HuberLoss", "self target", "huber_loss"),
    ("SoftMarginLoss", "self", "soft_margin_loss"),
    ("BinaryCrossEntropy", "self", "binary_cross_entropy"),
    ("NllLoss", "", "nll_loss"),
    ("NllLoss2D", "", "nll_loss2d"),
)
for _node, _over, _rows in _KERNELS:
    for _row in _rows.split():
        name_kernel(OPS[_row], _node + "Backward", _over)

__all__ = ["activations", "composites", "losses"]
