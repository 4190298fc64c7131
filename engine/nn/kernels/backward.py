"""Which kernels of layers and losses are nodes of their own where a backward pass is recorded."""

from __future__ import annotations

from engine.ops.namespace import OPS
from engine.ops.twice import name_joint, name_kernel, refuse_kernel

from . import (
    activations,
    composites,
    convolution,
    ctc,
    losses,
    normalization,
    pooling,
    resize,
    sampling,
)

#: The node of the backward kernel, what it can be differentiated by, and the rows that have it.
_KERNELS = (
    ("LeakyRelu", "self", "leaky_relu"),
    ("PreluKernel", "self weight", "_prelu_kernel"),
    ("RreluWithNoise", "self", "rrelu_with_noise"),
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
    ("SoftMarginLoss", "self", "soft_margin_loss"),
    ("BinaryCrossEntropy", "self target", "binary_cross_entropy"),
    ("NllLoss", "self", "nll_loss"),
    ("NllLoss2D", "self", "nll_loss2d"),
    ("AvgPool2D", "self", "avg_pool2d"),
    ("AvgPool3D", "self", "avg_pool3d"),
    ("MaxPool2DWithIndices", "self", "max_pool2d_with_indices"),
    ("MaxPool3DWithIndices", "self", "max_pool3d_with_indices"),
    ("AdaptiveAvgPool2D", "self", "_adaptive_avg_pool2d"),
    ("AdaptiveAvgPool3D", "self", "_adaptive_avg_pool3d"),
    ("AdaptiveMaxPool2D", "self", "adaptive_max_pool2d"),
    ("AdaptiveMaxPool3D", "self", "adaptive_max_pool3d"),
    ("FractionalMaxPool2D", "self", "fractional_max_pool2d"),
    ("FractionalMaxPool3D", "self", "fractional_max_pool3d"),
    *((f"ReflectionPad{n}D", "self", f"reflection_pad{n}d") for n in (1, 2, 3)),
    *((f"ReplicationPad{n}D", "self", f"replication_pad{n}d") for n in (1, 2, 3)),
)
for _node, _over, _rows in _KERNELS:
    for _row in _rows.split():
        name_kernel(OPS[_row], _node + "Backward", _over)

for _node, _row in (
    ("MseLoss", "mse_loss"),
    ("SmoothL1Loss", "smooth_l1_loss"),
    ("HuberLoss", "huber_loss"),
):
    name_kernel(OPS[_row], _node + "Backward", "self target", mirrored=True)

#: The node of all gradients at once, and the edges that it has besides the gradient it is given.
_JOINT = (
    ("Convolution", "self weight", "convolution conv_transposed"),
    ("NativeLayerNorm", "self mean rstd weight bias", "native_layer_norm"),
    ("NativeBatchNorm", "self weight save_mean save_rstd", "native_batch_norm"),
    ("GridSampler2D", "self grid", "grid_sampler_2d"),
    ("GridSampler3D", "self grid", "grid_sampler_3d"),
)
for _node, _over, _rows in _JOINT:
    for _row in _rows.split():
        name_joint(OPS[_row], _node + "Backward", _over)


def _refuse(row: str, kernel: str) -> None:
    text = f"derivative for aten::{kernel} is not implemented"
    refuse_kernel(OPS[row], lambda: RuntimeError(text), "self")


for _row in ("hardsigmoid", "multi_margin_loss", "multilabel_margin_loss"):
    _refuse(_row, f"{_row}_backward")
_refuse("_ctc_loss", "_ctc_loss_backward")

__all__ = [
    "activations", "composites", "convolution", "ctc", "losses", "normalization", "pooling",
    "resize", "sampling",
]  # fmt: skip
