"""Layers and losses as functions of a few leaves, for finite differences."""

from __future__ import annotations

from recipe_leaves import Fn, targets

import engine as torch

F = torch.nn.functional
IMAGE, KERNEL = (1, 2, 4, 4), (2, 2, 2, 2)
LAYERS: dict[str, tuple[Fn, tuple[tuple[int, ...], ...]]] = {
    **{
        name: (lambda x, name=name: getattr(F, name)(x - 1.03), ((2, 3),))
        for name in (
            "elu",
            "celu",
            "selu",
            "gelu",
            "silu",
            "mish",
            "softplus",
            "logsigmoid",
            "leaky_relu",
            "hardswish",
            "hardsigmoid",
            "hardtanh",
            "softsign",
            "tanhshrink",
            "softshrink",
            "hardshrink",
            "relu6",
        )
    },
    "glu": (F.glu, ((2, 4),)),
    "prelu": (lambda x, w: F.prelu(x - 1.03, w), ((2, 3), (1,))),
    "threshold": (lambda x: F.threshold(x, 1.03, 0.5), ((2, 3),)),
    "conv1d": (F.conv1d, ((1, 2, 5), (3, 2, 2))),
    "conv2d": (lambda x, w, b: F.conv2d(x, w, b, 2, 1), (IMAGE, KERNEL, (2,))),
    "conv_transpose2d": (lambda x, w: F.conv_transpose2d(x, w, stride=2), (IMAGE, KERNEL)),
    "avg_pool2d": (lambda x: F.avg_pool2d(x, 2) ** 2, (IMAGE,)),
    "max_pool2d": (lambda x: F.max_pool2d(x, 2) ** 2, (IMAGE,)),
    "adaptive_avg_pool2d": (lambda x: F.adaptive_avg_pool2d(x, 3) ** 2, (IMAGE,)),
    "adaptive_max_pool2d": (lambda x: F.adaptive_max_pool2d(x, 3) ** 2, (IMAGE,)),
    "layer_norm": (lambda x, w, b: F.layer_norm(x, w.shape, w, b), ((2, 3), (3,), (3,))),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), ((2, 4, 2), (4,), (4,))),
    "batch_norm": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        ((4, 3), (3,), (3,)),
    ),
    "embedding": (lambda w: F.embedding(torch.tensor([0, 2, 0]), w) ** 2, ((3, 2),)),
    "pad_reflect": (lambda x: F.pad(x, (1, 1), mode="reflect") ** 2, ((2, 3),)),
    "pad_replicate": (lambda x: F.pad(x, (1, 2), mode="replicate") ** 2, ((2, 3),)),
    "pad_constant": (lambda x: F.pad(x, (1, -1), value=2.0) ** 2, ((2, 3),)),
    "interpolate": (
        lambda x: F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False),
        (IMAGE,),
    ),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2) ** 2, ((1, 4, 2, 2),)),
    "im2col": (lambda x: F.unfold(x, 2) ** 2, (IMAGE,)),
    "mse_loss": (F.mse_loss, ((2, 3), (2, 3))),
    "smooth_l1_loss": (lambda x, y: F.smooth_l1_loss(x, y + 0.05), ((2, 3), (2, 3))),
    "huber_loss": (lambda x, y: F.huber_loss(x, y + 0.05), ((2, 3), (2, 3))),
    "cross_entropy": (lambda x: F.cross_entropy(x, targets(x)), ((2, 3),)),
    "nll_loss": (lambda x: F.nll_loss(x * x, targets(x)), ((2, 3),)),
    "binary_cross_entropy": (
        lambda x: F.binary_cross_entropy(x / 2, torch.full_like(x, 0.3).detach()),
        ((2, 3),),
    ),
    "binary_cross_entropy_with_logits": (
        lambda x: F.binary_cross_entropy_with_logits(x, torch.full_like(x, 0.3).detach()),
        ((2, 3),),
    ),
    "kl_div": (lambda x, y: F.kl_div(x, y, reduction="sum"), ((2, 3), (2, 3))),
    "soft_margin_loss": (
        lambda x: F.soft_margin_loss(x, torch.ones_like(x).detach()),
        ((2, 3),),
    ),
    "cosine_similarity": (F.cosine_similarity, ((2, 3), (2, 3))),
    "normalize": (F.normalize, ((2, 3),)),
    "attention": (
        F.scaled_dot_product_attention,
        ((1, 2, 3), (1, 2, 3), (1, 2, 3)),
    ),
}
