"""The programs as a person writes them for PyTorch; `torch` is PyTorch or our engine."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from tests.benchmarks.engine import problems
from tests.benchmarks.engine.problems import B, D, H, T

Tensor = Any
Forward = Callable[..., Tensor]


def scalar_chain(torch: Any, x: Tensor, w: Tensor) -> Tensor:
    y = x
    for _ in range(problems.CYCLES):
        y = y * w
        y = y + x
        y = torch.sin(y)
    return y * w


def mlp(torch: Any, *parameters: Tensor, x: Tensor, target: Tensor) -> Tensor:
    functional = torch.nn.functional
    for k in range(0, len(parameters) - 2, 2):
        x = functional.relu(functional.linear(x, parameters[k], parameters[k + 1]))
    return functional.cross_entropy(functional.linear(x, *parameters[-2:]), target)


def rnn(torch: Any, wx: Tensor, wh: Tensor, b: Tensor, x: Tensor) -> Tensor:
    h = torch.zeros(problems.BATCH, problems.HIDDEN)
    for t in range(problems.STEPS):
        h = torch.tanh(x[t] @ wx + h @ wh + b)
    return h.sum()


def attention(
    torch: Any, x: Tensor, gain: Tensor, shift: Tensor, wq: Tensor, bq: Tensor, wk: Tensor,
    bk: Tensor, wv: Tensor, bv: Tensor, wo: Tensor, bo: Tensor,
) -> Tensor:  # fmt: skip
    functional = torch.nn.functional
    h = functional.layer_norm(x, (H * D,), gain, shift)
    q, k, v = (
        functional.linear(h, weight, bias).view(B, T, H, D).transpose(1, 2)
        for weight, bias in ((wq, bq), (wk, bk), (wv, bv))
    )
    weights = torch.softmax(q @ k.transpose(-2, -1) / D**0.5, dim=-1)
    mixed = (weights @ v).transpose(1, 2).reshape(B, T, H * D)
    y = x + functional.linear(mixed, wo, bo)
    return (y * y).mean()


def elementwise(torch: Any, x: Tensor, w: Tensor) -> Tensor:
    y = torch.tanh(x * w + x)
    y = torch.sin(y * w)
    return torch.exp(y).sum()


def random_dag(torch: Any, *values: Tensor, program: list[tuple[int, int, int]]) -> Tensor:
    operations = (operator.add, operator.sub, operator.mul, torch.tanh, torch.sin)
    known = list(values)
    for number, first, second in program:
        if second < 0:
            known.append(operations[number](known[first]))
        else:
            known.append(operations[number](known[first], known[second]))
    return known[-1].sum()


FORWARD: dict[str, Forward] = {
    "a": scalar_chain,
    "b": mlp,
    "c": mlp,
    "d": rnn,
    "e": attention,
    "f": elementwise,
    "g": random_dag,
}
