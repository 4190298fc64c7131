"""Layers by their constructor: parameters drawn, text, output and gradients as PyTorch's.

`python tests/engine/nn/layer_recipes.py` under a Python that has PyTorch 2.13 writes
`data/layers.json`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "layers.json"
#: (constructor, shape of the input or None for an expression in the third place)
LAYERS = (
    ("nn.Linear(3, 5)", (4, 3)), ("nn.Linear(3, 2, bias=False)", (2, 4, 3)),
    ("nn.LazyLinear(4)", (2, 3)), ("nn.Identity(5)", (2, 3)), ("nn.Flatten()", (2, 3, 4)),
    ("nn.Unflatten(1, (2, 3))", (2, 6)), ("nn.PReLU(3)", (2, 3)), ("nn.PReLU()", (2, 3)),
    *((f"nn.{name}", (4, 6)) for name in (
        "ReLU()", "ReLU(inplace=True)", "ReLU6()", "LeakyReLU(0.2)", "ELU()", "CELU(1.3)", "SELU()",
        "GELU()", "GELU('tanh')", "SiLU()", "Mish()", "Hardtanh(-0.5, 0.5)", "Hardswish()",
        "Hardsigmoid()", "Sigmoid()", "LogSigmoid()", "Tanh()", "Tanhshrink()", "Softsign()",
        "Softplus()", "Hardshrink()", "Softshrink()", "GLU()", "Softmax(1)", "Softmin(dim=0)",
        "LogSoftmax(1)", "Threshold(0.1, 20)", "RReLU()", "Dropout(0.3)", "AlphaDropout(0.3)",
    )),
    ("nn.Softmax2d()", (1, 3, 2, 2)), ("nn.Dropout1d(0.5)", (2, 3, 4)),
    ("nn.Dropout2d(0.5, inplace=True)", (2, 3, 2, 2)),
    ("nn.LayerNorm(6)", (4, 6)), ("nn.LayerNorm((3, 6), eps=1e-3, bias=False)", (2, 3, 6)),
    ("nn.LayerNorm(6, elementwise_affine=False)", (4, 6)), ("nn.RMSNorm(6)", (4, 6)),
    ("nn.GroupNorm(2, 6)", (4, 6, 3)), ("nn.BatchNorm1d(6)", (4, 6)),
    ("nn.BatchNorm1d(3, momentum=None)", (4, 3, 5)), ("nn.BatchNorm2d(3, affine=False)", (2, 3, 4, 4)),
    ("nn.BatchNorm2d(3, track_running_stats=False)", (2, 3, 4, 4)),
    ("nn.InstanceNorm1d(3, affine=True)", (2, 3, 5)),
    ("nn.InstanceNorm2d(3, track_running_stats=True)", (2, 3, 4, 4)),
    ("nn.LocalResponseNorm(2)", (2, 4, 3, 3)),
    ("nn.Conv1d(3, 4, 2)", (2, 3, 6)), ("nn.Conv1d(3, 6, 3, 2, 1, groups=3, bias=False)", (2, 3, 6)),
    ("nn.Conv2d(2, 3, 3, padding='same', padding_mode='reflect')", (2, 2, 5, 5)),
    ("nn.Conv2d(2, 3, (3, 2), stride=(2, 1), dilation=(1, 2))", (2, 2, 7, 6)),
    ("nn.Conv3d(1, 2, 2)", (1, 1, 3, 3, 3)), ("nn.LazyConv2d(3, 2)", (1, 2, 4, 4)),
    ("nn.ConvTranspose1d(3, 2, 3, 2)", (2, 3, 4)),
    ("nn.ConvTranspose2d(2, 3, 3, 2, 1, output_padding=1)", (1, 2, 3, 3)),
    ("nn.MaxPool1d(2)", (2, 3, 6)), ("nn.MaxPool2d(3, 2, padding=1)", (1, 2, 6, 6)),
    ("nn.AvgPool1d(2)", (2, 3, 6)), ("nn.AvgPool2d((2, 3))", (1, 2, 6, 6)),
    ("nn.AdaptiveAvgPool2d((1, 1))", (1, 2, 4, 4)), ("nn.AdaptiveMaxPool1d(2)", (1, 2, 5)),
    ("nn.LPPool2d(2, 2)", (1, 2, 4, 4)), ("nn.Upsample(scale_factor=2)", (1, 2, 3, 3)),
    ("nn.UpsamplingBilinear2d(size=(4, 5))", (1, 2, 3, 3)), ("nn.PixelShuffle(2)", (1, 4, 2, 2)),
    ("nn.PixelUnshuffle(2)", (1, 1, 4, 4)), ("nn.ChannelShuffle(2)", (1, 4, 2, 2)),
    ("nn.ZeroPad2d(1)", (1, 1, 2, 2)), ("nn.ConstantPad1d((1, 2), 3.5)", (1, 2, 3)),
    ("nn.ReflectionPad2d(1)", (1, 1, 3, 3)), ("nn.ReplicationPad1d(2)", (1, 2, 3)),
    ("nn.CircularPad1d(1)", (1, 2, 3)), ("nn.Unfold(2)", (1, 2, 3, 3)),
    ("nn.RNN(3, 4)", (5, 2, 3)), ("nn.RNN(3, 4, 2, 'relu', bidirectional=True)", (5, 2, 3)),
    ("nn.RNN(3, 4, batch_first=True, bias=False)", (2, 5, 3)), ("nn.RNN(3, 4)", (5, 3)),
    ("nn.GRU(3, 4, num_layers=2)", (5, 2, 3)), ("nn.GRU(3, 4, bidirectional=True)", (5, 2, 3)),
    ("nn.LSTM(3, 4)", (5, 2, 3)), ("nn.LSTM(3, 4, 2, batch_first=True)", (2, 5, 3)),
    ("nn.LSTM(3, 4, proj_size=2, bidirectional=True)", (5, 2, 3)),
    ("nn.RNNCell(3, 4)", (2, 3)), ("nn.RNNCell(3, 4, nonlinearity='relu', bias=False)", (2, 3)),
    ("nn.GRUCell(3, 4)", (2, 3)), ("nn.LSTMCell(3, 4)", (3,)),
    ("nn.TransformerEncoderLayer(6, 2, 8)", (3, 2, 6)),
    ("nn.TransformerEncoderLayer(6, 3, 8, 0.0, 'gelu', batch_first=True, norm_first=True)", (3, 2, 6)),
    ("nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 1, 8), 2)", (3, 2, 4)),
    ("nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))", (5, 3)),
    ("nn.DataParallel(nn.Linear(3, 2))", (2, 3)),
)  # fmt: skip
#: Expressions that build and call something with more than one input.
CALLS = (
    "nn.Bilinear(2, 3, 4)(wave(5, 2), wave(5, 3))",
    "nn.Embedding(5, 3, padding_idx=-1)(torch.tensor([[0, 4], [2, 2]]))",
    "nn.Embedding(5, 3, max_norm=1.0)(torch.tensor([0, 4]))",
    "nn.Embedding.from_pretrained(wave(3, 2))(torch.tensor([2]))",
    "nn.EmbeddingBag(5, 3, mode='sum')(torch.tensor([0, 4, 2]), torch.tensor([0, 2]))",
    "nn.MultiheadAttention(6, 2)(wave(3, 2, 6), wave(4, 2, 6), wave(4, 2, 6))[0]",
    "nn.MultiheadAttention(6, 2, batch_first=True)(wave(3, 2, 6), wave(3, 2, 6), wave(3, 2, 6))[1]",
    "nn.MultiheadAttention(4, 1)(wave(3, 4), wave(3, 4), wave(3, 4), attn_mask=torch.tensor("
    "[[False, True, True], [False, False, True], [False, False, False]]))[1]",
    "nn.TransformerDecoderLayer(4, 2, 8)(wave(3, 2, 4), wave(5, 2, 4))",
    "nn.Transformer(4, 2, 1, 1, 8, 0.0)(wave(3, 2, 4), wave(2, 2, 4))",
    "nn.CosineSimilarity()(wave(3, 4), wave(4, 3).T)", "nn.PairwiseDistance()(wave(3, 4), wave(4, 3).T)",
    "nn.GRU(3, 4)(wave(5, 2, 3), wave(1, 2, 4))[1]",
    "nn.LSTM(3, 4)(wave(5, 2, 3), (wave(1, 2, 4), wave(1, 2, 4)))[1][1]",
    "nn.LSTM(3, 4, bidirectional=True)(nn.utils.rnn.pack_sequence([wave(4, 3), wave(2, 3), wave(1, 3)]))"
    "[0].data",
    "nn.GRU(3, 4)(nn.utils.rnn.pack_sequence([wave(2, 3), wave(4, 3)], enforce_sorted=False))[1]",
    "nn.utils.rnn.pad_packed_sequence(nn.utils.rnn.pack_sequence([wave(4, 3), wave(2, 3)]))[0]",
    "nn.utils.rnn.pad_sequence([wave(2, 3), wave(4, 3)], True, -1.0)",
    "nn.init.xavier_uniform_(torch.empty(4, 5), gain=2.0)", "nn.init.xavier_normal_(torch.empty(4, 5))",
    "nn.init.kaiming_uniform_(torch.empty(4, 5), nonlinearity='relu')",
    "nn.init.kaiming_normal_(torch.empty(4, 5, 2), mode='fan_out')",
    "nn.init.orthogonal_(torch.empty(3, 5), gain=1.5)", "nn.init.trunc_normal_(torch.empty(4, 5))",
    "nn.init.eye_(torch.empty(3, 4))", "nn.init.dirac_(torch.empty(4, 2, 3), 2)",
    "nn.init.sparse_(torch.empty(4, 3), 0.5)", "nn.init.constant_(torch.empty(2), 3.0)",
)  # fmt: skip


def waver(torch: Any) -> Any:
    """Return a maker of tensors that no random stream is needed for."""

    def wave(*shape: int) -> Any:
        n = math.prod(shape)
        return torch.tensor([math.sin(1 + 0.83 * i + 0.01 * i * i) for i in range(n)]).reshape(
            shape
        )

    return wave


def first(output: Any) -> Any:
    """Return the first tensor of an output."""
    return first(output[0]) if isinstance(output, tuple) else output


def evaluate_layer(torch: Any, nn: Any, code: str, shape: Any) -> dict[str, Any]:
    """Return text, parameters, output, gradients and state of a layer and its next random number."""
    torch.manual_seed(11)
    layer = eval(code, {"torch": torch, "nn": nn})
    found: dict[str, Any] = {"repr": repr(layer)}
    x = waver(torch)(*shape).requires_grad_()
    y = first(layer(x * 1.0))
    found["parameters"] = {k: _flat(p) for k, p in layer.named_parameters()}
    found["value"], found["shape"] = _flat(y), list(y.shape)
    (y * torch.cos(torch.arange(float(y.numel()))).reshape(y.shape)).sum().backward()
    found["grads"] = {k: _flat(p.grad) for k, p in layer.named_parameters()}
    found["input"] = _flat(x.grad)
    found["state"] = {k: _flat(v.double()) for k, v in layer.state_dict().items()}
    layer.eval()
    found["eval"] = _flat(first(layer(x * 1.0)))
    found["next"] = torch.rand(1).item()
    return found


def evaluate_call(torch: Any, nn: Any, code: str) -> list[float]:
    """Return the value of an expression."""
    torch.manual_seed(11)
    return _flat(eval(code, {"torch": torch, "nn": nn, "wave": waver(torch)}))


def _flat(t: Any) -> list[float]:
    return t.detach().reshape(-1).tolist()  # type: ignore[no-any-return]


def _record() -> None:
    import warnings

    import torch

    warnings.simplefilter("ignore")
    found = {
        "layers": [evaluate_layer(torch, torch.nn, *layer) for layer in LAYERS],
        "calls": [evaluate_call(torch, torch.nn, code) for code in CALLS],
    }
    rounded = json.loads(json.dumps(found), parse_float=lambda text: float(f"{float(text):.7g}"))
    RECORDING.write_text(json.dumps(rounded, indent=0) + "\n")


if __name__ == "__main__":
    _record()
