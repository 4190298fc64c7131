"""Expressions over fixed tensors: values, gradients and graph are compared with PyTorch's.

`python tests/engine/nn/functional_recipes.py` under a Python that has PyTorch 2.13 writes
`data/functional.json`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "functional.json"
#: Expressions over the leaves that `leaves` makes; `lab`, `prob`, `mask` are constants.
EXPRESSIONS = (
    # activations
    *(f"F.{name}(a)" for name in (
        "relu", "relu6", "leaky_relu", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh",
        "hardswish", "hardsigmoid", "hardshrink", "softshrink", "softplus", "softsign", "logsigmoid",
        "tanhshrink", "sigmoid", "tanh",
    )),
    "F.leaky_relu(a, 0.3)", "F.elu(a, 0.7)", "F.celu(a, 1.7)", "F.gelu(a, approximate='tanh')",
    "F.softplus(a, 2.0, 1.0)", "F.hardtanh(a, -0.3, 0.9)", "F.threshold(a, 0.1, 7.0)",
    "F.softmax(a, 1)", "F.softmin(a, 0)", "F.log_softmax(a, 1)", "F.glu(q, -1)", "F.glu(q, 0)",
    "F.prelu(a, v)", "F.prelu(im, v)", "F.prelu(a, v[:1])", "F.rrelu(a)", "F.rrelu(a, training=True)",
    "F.dropout(a, 0.4)", "F.dropout(a, 0.4, False)", "F.dropout(a, 1.0)", "F.dropout1d(s, 0.5)",
    "F.dropout2d(im, 0.5)", "F.alpha_dropout(a, 0.5, True)", "F.feature_alpha_dropout(im, 0.5, True)",
    "F.gumbel_softmax(a)", "F.gumbel_softmax(a, hard=True, tau=0.5)",
    # products
    "F.linear(a, w, c)", "F.linear(a, w)", "F.linear(x3, w, c)", "F.linear(x3, w)",
    "F.linear(a[0], w, c)", "F.linear(a[0], w)", "F.linear(x3.transpose(0, 1), w, c)",
    "F.bilinear(a, b, k3, c)", "F.embedding(lab, a)", "F.embedding(lab, a, padding_idx=1)",
    "F.embedding(lab, a, scale_grad_by_freq=True)",
    "F.embedding_bag(lab, a, torch.tensor([0, 2]))",
    "F.embedding_bag(lab, a, torch.tensor([0, 2, 2]), mode='sum')",
    "F.embedding_bag(lab, a, torch.tensor([0, 1]), mode='max')",
    "F.embedding_bag(lab.view(2, 2), a, per_sample_weights=q[0, :4].view(2, 2), mode='sum')",
    "F.cosine_similarity(a, b)", "F.pairwise_distance(a, b)", "F.normalize(a)", "F.normalize(a, 1, 0)",
    "F.pdist(a)", "F.one_hot(lab) + a.sum()",
    "F.scaled_dot_product_attention(x3, x3, x3)", "F.scaled_dot_product_attention(x3, x3, x3, mask)",
    "F.scaled_dot_product_attention(x3, x3, x3, is_causal=True)",
    # losses
    *(f"F.{name}(a, b, reduction='{r}')" for name in ("mse_loss", "l1_loss", "smooth_l1_loss",
      "huber_loss") for r in ("none", "mean", "sum")),
    "F.smooth_l1_loss(a, b, beta=0.3)", "F.huber_loss(a, b, delta=0.4)",
    *(f"F.{loss}(F.log_softmax(a, 1), lab{rest})" for loss in ("nll_loss",) for rest in (
        "", ", reduction='sum'", ", reduction='none'", ", weight=prob[0]", ", ignore_index=1",
        ", weight=prob[0], reduction='none'")),
    *(f"F.cross_entropy(a, lab{rest})" for rest in (
        "", ", weight=prob[0]", ", label_smoothing=0.2", ", ignore_index=2, reduction='sum'",
        ", label_smoothing=0.2, weight=prob[0]", ", label_smoothing=0.1, ignore_index=1",
        ", label_smoothing=0.1, reduction='none'")),
    "F.cross_entropy(a, prob)", "F.cross_entropy(a, prob, weight=prob[0], reduction='sum')",
    "F.cross_entropy(a, prob, label_smoothing=0.1)",
    "F.cross_entropy(s, lab[:2].view(2, 1).expand(2, 6))",
    "F.cross_entropy(im, torch.ones(2, 6, 6, dtype=torch.long))",
    "F.cross_entropy(s, lab[:2].view(2, 1).expand(2, 6), reduction='none')",
    *(f"F.binary_cross_entropy(a.sigmoid(), prob{r})" for r in ("", ", reduction='sum'",
      ", weight=prob", ", weight=prob[0], reduction='none'")),
    *(f"F.binary_cross_entropy_with_logits(a, prob{r})" for r in ("", ", reduction='sum'",
      ", weight=prob", ", pos_weight=prob[0]", ", pos_weight=prob[1], reduction='none'")),
    "F.binary_cross_entropy_with_logits(a, b.sigmoid())", "F.binary_cross_entropy(prob, b.sigmoid())",
    "F.kl_div(F.log_softmax(a, 1), prob, reduction='batchmean')",
    "F.kl_div(F.log_softmax(a, 1), F.log_softmax(b, 1), reduction='sum', log_target=True)",
    "F.poisson_nll_loss(a, b)", "F.poisson_nll_loss(a.exp(), prob * 4, log_input=False, full=True)",
    "F.gaussian_nll_loss(a, prob, b ** 2)", "F.gaussian_nll_loss(a, prob, b ** 2, full=True)",
    "F.hinge_embedding_loss(a, torch.sign(prob - 0.4))", "F.soft_margin_loss(a, torch.sign(prob - 0.3))",
    "F.margin_ranking_loss(a, b, torch.sign(prob - 0.3), margin=0.2)",
    "F.cosine_embedding_loss(a, b, torch.tensor([1., -1., 1., -1.]), margin=-0.5)",
    "F.triplet_margin_loss(a, b, a * 2)", "F.triplet_margin_loss(a, b, a * 2, swap=True, p=1)",
    "F.triplet_margin_with_distance_loss(a, b, a * 2)",
    *(f"F.multi_margin_loss(a, lab{r})" for r in ("", ", p=2, margin=0.5", ", weight=prob[0]",
      ", reduction='none'", ", reduction='sum'")),
    "F.multilabel_margin_loss(a, torch.tensor([[0, -1, 1], [1, 2, -1], [2, -1, -1], [-1, 0, 1]]))",
    "F.multilabel_margin_loss(a[0], torch.tensor([0, 2, -1]), reduction='sum')",
    "F.multilabel_soft_margin_loss(a, prob.round())",
    # normalization
    "F.layer_norm(a, (3,))", "F.layer_norm(x3, (4, 3), b, a)", "F.layer_norm(a, (3,), v, c3)",
    "F.group_norm(im, 3)", "F.group_norm(im, 1, v, c3)", "F.instance_norm(im)",
    "F.instance_norm(s, weight=v, bias=c3)", "F.batch_norm(im, None, None, training=True)",
    "F.batch_norm(a, None, None, v, c3, training=True)",
    "F.batch_norm(a, prob[0], prob[1], v, c3)", "F.rms_norm(a, (3,))", "F.rms_norm(x3, (4, 3), b)",
    "F.local_response_norm(im, 2)", "F.local_response_norm(s, 3, 0.1)",
    # convolution
    "F.conv1d(s, k1)", "F.conv1d(s, k1, c4, stride=2, padding=1)", "F.conv1d(s[0], k1, c4)",
    "F.conv1d(s, k1, padding='same')", "F.conv1d(s, k1[:3, :1], groups=3, dilation=2)",
    "F.conv2d(im, k2, c4)", "F.conv2d(im, k2, c4, stride=2, padding=1)",
    "F.conv2d(im, k2, dilation=2, padding=(2, 0))", "F.conv2d(im, k2[:3, :1], groups=3)",
    "F.conv2d(im, k2[:, :, :2, :2], padding='same')",
    "F.conv3d(im.view(1, 2, 3, 6, 6), k2.view(2, 2, 3, 3, 3))",
    "F.conv_transpose1d(s, k1.transpose(0, 1))",
    "F.conv_transpose1d(s, k1.transpose(0, 1), c4, stride=3, padding=1, output_padding=2)",
    "F.conv_transpose2d(im, k2.transpose(0, 1), c4, stride=2, padding=1)",
    "F.conv_transpose2d(im, k2[:3, :2], groups=3, dilation=2)",
    "F.unfold(im, 2)", "F.unfold(im, (3, 2), dilation=2, padding=1, stride=2)",
    "F.fold(F.unfold(im, 3), (6, 6), 3)",
    # pooling
    "F.max_pool1d(s, 2)", "F.max_pool1d(s, 3, 2, padding=1)", "F.max_pool2d(im, 2)",
    "F.max_pool2d(im, 3, 2, padding=1)", "F.max_pool2d(im, 2, 3, ceil_mode=True)",
    "F.max_pool2d(im[0], 2, dilation=2)", "F.max_pool2d(im, 2, return_indices=True)[1] + im.sum()",
    "F.max_pool3d(im.view(1, 2, 3, 6, 6), 2)", "F.avg_pool1d(s, 2)", "F.avg_pool2d(im, 2)",
    "F.avg_pool2d(im, 3, 2, padding=1)", "F.avg_pool2d(im, 3, 2, 1, count_include_pad=False)",
    "F.avg_pool2d(im, 4, 3, 1, ceil_mode=True)", "F.avg_pool2d(im, 2, divisor_override=3)",
    "F.avg_pool3d(im.view(1, 2, 3, 6, 6), 2)", "F.adaptive_avg_pool1d(s, 4)",
    "F.adaptive_avg_pool2d(im, (4, 5))", "F.adaptive_avg_pool2d(im, 1)",
    "F.adaptive_avg_pool2d(im, (None, 2))", "F.adaptive_max_pool1d(s, 4)",
    "F.adaptive_max_pool2d(im, (4, 5))", "F.lp_pool2d(im, 2, 2)", "F.lp_pool1d(s, 3, 2)",
    "F.max_unpool2d(*F.max_pool2d(im, 2, return_indices=True), 2)",
    # shape
    "F.pad(a, (1, 2))", "F.pad(a, (1, -1, 0, 2), value=3.0)", "F.pad(s, (1, 2), mode='reflect')",
    "F.pad(im, (1, 2, 3, 1), mode='reflect')", "F.pad(im, (1, 2, 3, 1), mode='replicate')",
    "F.pad(im, (1, 2, 3, 1), mode='circular')", "F.interpolate(im, scale_factor=2)",
    "F.interpolate(im, size=(4, 9))", "F.interpolate(s, scale_factor=1.5)",
    "F.interpolate(im, scale_factor=1.5, mode='bilinear')",
    "F.interpolate(im, size=(4, 9), mode='bilinear', align_corners=True)",
    "F.interpolate(s, scale_factor=2.5, mode='linear')", "F.interpolate(im, (4, 9), mode='bicubic')",
    "F.interpolate(im, (8, 3), mode='nearest-exact')", "F.interpolate(im, (3, 2), mode='area')",
    "F.pixel_shuffle(im.view(1, 4, 3, 18), 2)", "F.pixel_unshuffle(im, 3)", "F.channel_shuffle(im, 3)",
)  # fmt: skip
_SHAPES = {
    "a": (4, 3), "b": (4, 3), "w": (2, 3), "c": (2,), "c3": (3,), "c4": (4,), "v": (3,),
    "x3": (2, 4, 3), "q": (4, 6), "s": (2, 3, 6), "im": (2, 3, 6, 6), "k1": (4, 3, 2),
    "k2": (4, 3, 3, 3), "k3": (2, 3, 3),
}  # fmt: skip


def leaves(torch: Any) -> dict[str, Any]:
    """Return the leaves by name: waves of different frequency, never close to a kink or a tie."""
    found = {}
    for number, (name, shape) in enumerate(_SHAPES.items(), 1):
        n = math.prod(shape)
        values = [1.7 * math.sin(number + 0.917 * i * (1 + 0.07 * number)) for i in range(n)]
        found[name] = torch.tensor(values).reshape(shape).requires_grad_()
    return found


def constants(torch: Any) -> dict[str, Any]:
    """Return class numbers, probabilities per row and a mask."""
    waves = torch.tensor([[0.2 + 0.15 * math.sin(3.0 * i + j) for j in range(3)] for i in range(4)])
    return {
        "lab": torch.tensor([0, 2, 1, 2]),
        "prob": waves / waves.sum(1, keepdim=True),
        "mask": torch.tensor([[True, False, True, True]] * 4),
    }


def graph(node: Any, depth: int = 0) -> str:
    """Return a node and what it leads to, six steps deep."""
    if node is None:
        return "None"
    name = node.name().replace("torch::autograd::", "").replace("Backward", "")
    if depth == 6:
        return name
    inner = ", ".join(graph(n, depth + 1) for n, _ in node.next_functions)
    return f"{name}({inner})" if inner else name


def weights(torch: Any, y: Any) -> Any:
    """Return a cotangent for y that treats no two elements alike."""
    n = y.numel()
    values = [0.6 + 0.4 * math.cos(1.3 * i + 0.5) for i in range(n)]
    return torch.tensor(values, dtype=y.dtype).reshape(y.shape)


def evaluate(torch: Any, F: Any, expression: str) -> dict[str, Any]:
    """Return value, gradients, graph and the next random number of an expression."""
    torch.manual_seed(3)
    own = leaves(torch)
    names = {"torch": torch, "F": F, **constants(torch), **own}
    y = eval(expression, names)
    result: dict[str, Any] = {"shape": list(y.shape), "value": y.detach().reshape(-1).tolist()}
    result["graph"] = graph(y.grad_fn)
    if y.requires_grad:
        y.backward(weights(torch, y))
    result["grads"] = {k: t.grad.reshape(-1).tolist() for k, t in own.items() if t.grad is not None}
    result["next"] = torch.rand(1).item()
    return result


def second_order(torch: Any, F: Any, expression: str) -> dict[str, list[float]]:
    """Return the gradients of the squared norm of all first gradients."""
    torch.manual_seed(3)
    own = leaves(torch)
    y = eval(expression, {"torch": torch, "F": F, **constants(torch), **own})
    firsts = torch.autograd.grad(
        y, list(own.values()), weights(torch, y), create_graph=True, allow_unused=True
    )
    total = sum((g * g).sum() for g in firsts if g is not None and g.requires_grad)
    if not isinstance(total, torch.Tensor) or not total.requires_grad:
        return {}
    seconds = torch.autograd.grad(total, list(own.values()), allow_unused=True)
    return {k: g.reshape(-1).tolist() for k, g in zip(own, seconds, strict=True) if g is not None}


def _record() -> None:
    import warnings

    import torch
    import torch.nn.functional as F

    warnings.simplefilter("ignore")
    found = {}
    for expression in EXPRESSIONS:
        found[expression] = evaluate(torch, F, expression)
        try:
            found[expression]["second"] = second_order(torch, F, expression)
        except RuntimeError as error:  # not implemented there
            print(expression, str(error)[:70])
    rounded = json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.6g}"))
    RECORDING.write_text(json.dumps(rounded, indent=0) + "\n")


if __name__ == "__main__":
    _record()
