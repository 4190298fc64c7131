"""One layer of an LSTM in one direction as one operation, as PyTorch computes float32 on the CPU.

Gates are input, forget, cell and output; c ← f c + i g, h ← o tanh(c). The gradient goes back
through time over the gates, which it computes again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.autograd import mode
from engine.ops.api import FUNCTIONS
from engine.ops.table import define

Raw = Any


def _sigmoid(a: Raw) -> Raw:
    return 1 / (1 + np.exp(-a))


def _order(n: int, reverse: bool) -> range:
    return range(n - 1, -1, -1) if reverse else range(n)


def _gates(z: Raw) -> tuple[Raw, Raw, Raw, Raw]:
    n = z.shape[1] // 4
    s = _sigmoid(z)
    return s[:, :n], s[:, n : 2 * n], np.tanh(z[:, 2 * n : 3 * n]), s[:, 3 * n :]


def _layer(
    x: Raw, w_ih: Raw, w_hh: Raw, b_ih: Raw, b_hh: Raw, hx: Raw, cx: Raw, reverse: bool
) -> tuple[Raw, Raw, Raw]:
    """Outputs (time, batch, hidden) and the last h and c."""
    from_input = x @ w_ih.T + (b_ih + b_hh)
    out = np.empty((*x.shape[:2], hx.shape[-1]), x.dtype)
    h, c = hx, cx
    for t in _order(len(x), reverse):
        i, f, g, o = _gates(from_input[t] + h @ w_hh.T)
        c = f * c + i * g
        h = o * np.tanh(c)
        out[t] = h
    return out, np.array(h), np.array(c)


def _back(F: Any, g: Any, values: list[Any], reverse: bool) -> list[Any]:
    x, w_ih, w_hh, b_ih, b_hh, hx, cx = values
    from_input = x @ w_ih.T + (b_ih + b_hh)
    steps = []
    h, c = hx, cx
    for t in _order(len(x), reverse):
        gates = _gates(from_input[t] + h @ w_hh.T)
        before = h, c
        c = gates[1] * c + gates[0] * gates[2]
        th = np.tanh(c)
        h = gates[3] * th
        steps.append((t, gates, before, th))
    d_out, dh, dc = g
    dh, dc = (np.zeros_like(s) if d is None else d for d, s in ((dh, hx), (dc, cx)))
    dz = np.empty((*x.shape[:2], 4 * hx.shape[-1]), x.dtype)
    for t, (i, f, cell, o), (_, c_before), th in reversed(steps):
        if d_out is not None:
            dh = dh + d_out[t]
        dc = dc + dh * o * (1 - th * th)
        dz[t] = np.concatenate(
            (
                dc * cell * i * (1 - i), dc * c_before * f * (1 - f), dc * i * (1 - cell * cell),
                dh * th * o * (1 - o),
            ), 1,
        )  # fmt: skip
        dh, dc = dz[t] @ w_hh, dc * f
    flat = dz.reshape(-1, dz.shape[-1])
    h_before = np.stack([s[2][0] for s in sorted(steps, key=lambda s: s[0])])
    bias = flat.sum(0)
    return [
        dz @ w_ih, flat.T @ x.reshape(-1, x.shape[-1]), flat.T @ h_before.reshape(len(flat), -1),
        bias, bias, dh, dc,
    ]  # fmt: skip


def _again(g: Any, values: list[Any], reverse: bool) -> list[Any]:
    """The gradients as a recorded computation: through the layer written out in operations."""
    from engine.autograd.passes import grad
    from engine.nn.cells import lstm_step

    recorded = mode.enabled
    with mode.enable_grad():
        leaves = [v if v.requires_grad else v.detach().requires_grad_() for v in values]
        x, w_ih, w_hh, b_ih, b_hh, h, c = leaves
        steps = (x @ w_ih.mT + b_ih).unbind(0)
        outputs: list[Any] = [None] * len(steps)
        for t in _order(len(steps), reverse):
            h, c = lstm_step(steps[t], (h, c), w_hh, b_hh)
            outputs[t] = h
        outs = (FUNCTIONS["stack"](outputs, 0), h, c)
    pairs = [(o, d) for o, d in zip(outs, g, strict=True) if d is not None]
    return list(
        grad(
            [o for o, _ in pairs], leaves, [d for _, d in pairs], create_graph=recorded,
            allow_unused=True,
        )
    )  # fmt: skip


def _vjp(
    F: Any, g: Any, self: Any, w_ih: Any, w_hh: Any, b_ih: Any, b_hh: Any, hx: Any, cx: Any,
    reverse: bool, needs: Any,
) -> tuple[Any, ...]:  # fmt: skip
    values = [self, w_ih, w_hh, b_ih, b_hh, hx, cx]
    found = _back(F, g, values, reverse) if F.raw else _again(g, values, reverse)
    return tuple(v if need else None for v, need in zip(found, needs, strict=True))


LSTM_LAYER = define(
    "mkldnn_rnn_layer(self, w_ih, w_hh, b_ih, b_hh, hx, cx, reverse)", _layer, family="matmul",
    outputs=3, joint=_vjp, wrt="self w_ih w_hh b_ih b_hh hx cx",
)  # fmt: skip
