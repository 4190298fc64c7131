"""What the tests of float16 and bfloat16 differentiate.

`OMP_NUM_THREADS=1 python tests/engine/half_recipes.py` under a Python that has PyTorch 2.13 writes
`data/halves.json`: the bits of value and gradients. With more threads PyTorch adds up the gradients
of a layer norm's parameters in another order.
"""

from __future__ import annotations

import json
import random
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "halves.json"
DTYPES = ("bfloat16", "float16")
#: Expressions in `a` and `b`, both 4 x 5.
EXPRESSIONS = (
    "a.exp()", "a.tanh()", "a.sigmoid()", "a.sin()", "a.erf()", "a.atan()", "(a.abs() + 0.5).rsqrt()",
    "(a.abs() + 0.5).log()", "a * b", "a + 0.1", "a * 0.3", "a / (b.abs() + 0.5)", "1.7 / (a.abs() + 0.5)",
    "torch.sub(a, b, alpha=0.3)", "a**3", "(a.abs() + 0.5) ** b", "(a.abs() + 0.5) ** 2.5", "a * b[0]",
    "a.sum(1) * b.sum(1)", "a.mean(0) * b.mean(0)", "a @ b.t()", "torch.outer(a[0], b[1])",
    "torch.addmm(a[:, :4], a, b.t(), beta=0.5, alpha=0.3)", "a.softmax(1) * b", "a.log_softmax(1) * b",
    "a.logsumexp(1)", "a.var()", "a.std(1)", "a.norm()", "a.prod(1)", "a.cumsum(1) * b", "a.clamp(-1, 1) * b",
    "torch.where(a > b, a * b, b)", "torch.cat([a, b]) * torch.cat([b, a])", "a[[0, 0, 1]] * b[[1, 0, 1]]",
    "torch.lerp(a, b, 0.3)", "torch.hypot(a, b)", "torch.atan2(a, b)", "torch.logaddexp(a, b)",
    "F.gelu(a)", "F.silu(a)", "F.softplus(a)", "F.elu(a)", "F.leaky_relu(a)", "F.logsigmoid(a)",
    "F.glu(a[:, :4])", "F.layer_norm(a, (5,), b[0], b[1])", "F.linear(a, b, b[:4, 0])", "F.mse_loss(a, b)",
    "F.smooth_l1_loss(a, b)", "F.huber_loss(a, b)", "F.cross_entropy(a, torch.tensor([0, 1, 4, 2]))",
    "F.binary_cross_entropy_with_logits(a, b.sigmoid().detach())",
    "F.binary_cross_entropy(a.sigmoid(), b.sigmoid().detach())",
    "F.embedding(torch.tensor([[0, 1, 1], [3, 1, 0]]), a)", "F.conv1d(a.reshape(1, 4, 5), b[:, :4].reshape(2, 4, 2))",
    "a * b + a * a + a.tanh() + a * 0.3 + b", "sum((a * (i * 0.37)).tanh() for i in range(9))",
    "(a.float() * b.float()).to(a.dtype) * 0.3",
)  # fmt: skip
PROGRAMS: dict[str, Callable[[Any, Any, Any], Any]] = {}


def program(fn: Callable[[Any, Any, Any], Any]) -> Callable[[Any, Any, Any], Any]:
    PROGRAMS[fn.__name__] = fn
    return fn


@program
def layers(torch: Any, a: Any, b: Any) -> Any:
    h = a
    for i in range(3):
        h = (h @ leaf(torch, (5, 5), 100 + i, a.dtype) * 0.3 + b[i]).tanh()
    return ((h - b) ** 2).mean()


@program
def recurrence(torch: Any, a: Any, b: Any) -> Any:
    w, h = leaf(torch, (5, 5), 300, a.dtype) * 0.3, b
    for _ in range(6):
        h = (a @ w + h @ w.t()).tanh() * h.sigmoid()
    return h.sum()


@program
def attention(torch: Any, a: Any, b: Any) -> Any:
    return (((a @ b.t()) / 2.236).softmax(-1) @ b).pow(2).mean()


@program
def writing_in_place(torch: Any, a: Any, b: Any) -> Any:
    c = a * 1.1
    c.mul_(b)
    c.add_(a, alpha=0.3)
    c[0] = b[1] * a[0]
    c[1:].mul_(b[1:])
    return c.tanh()


@program
def hooks(torch: Any, a: Any, b: Any) -> Any:
    c = a * b
    c.register_hook(lambda g: g * 1.3)
    c.register_hook(lambda g: None if g.dtype is a.dtype else 1 / 0)
    return c * c + a


@program
def gradients_of_gradients(torch: Any, a: Any, b: Any) -> Any:
    (g,) = torch.autograd.grad((a * b).tanh().sum(), a, create_graph=True)
    return g * g


@program
def functions_of_ones_own(torch: Any, a: Any, b: Any) -> Any:
    class Product(torch.autograd.Function):  # type: ignore[misc, name-defined]
        @staticmethod
        def forward(ctx: Any, x: Any, y: Any) -> Any:
            ctx.save_for_backward(x, y)
            return x * y

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            x, y = ctx.saved_tensors
            return (g * y * 1.1, g * x) if g.dtype is x.dtype else None

    return Product.apply(a, b) + a


CASES = (*EXPRESSIONS, *PROGRAMS)


def leaf(torch: Any, shape: tuple[int, ...], seed: int, dtype: Any) -> Any:
    rng, n = random.Random(seed), 1
    for size in shape:
        n *= size
    values = torch.tensor([rng.uniform(-2, 2) for _ in range(n)], dtype=torch.float32)
    return values.reshape(shape).to(dtype).requires_grad_()


def bits(tensor: Any, dtype: str) -> str:
    """Return the elements as four hexadecimal digits each."""
    values = tensor.detach().float().flatten().tolist()
    if dtype == "float16":
        return struct.pack(f">{len(values)}e", *values).hex()
    return "".join(struct.pack(">f", v).hex()[:4] for v in values)


def evaluate(torch: Any, case: str, dtype: str) -> list[str | None]:
    """Return the value, the gradients, and what they are after a second pass."""
    a, b = (leaf(torch, (4, 5), seed, getattr(torch, dtype)) for seed in (1, 2))
    if case in PROGRAMS:
        y = PROGRAMS[case](torch, a, b)
    else:
        y = eval(case, {"torch": torch, "F": torch.nn.functional, "a": a, "b": b, "sum": sum})
    g = leaf(torch, tuple(y.shape), 3, y.dtype).detach()
    found = [bits(y, dtype)]
    y.backward(g, retain_graph=True)
    again = (g * 0.3).detach()
    for _ in range(2):
        found += [None if t.grad is None else bits(t.grad, dtype) for t in (a, b)]
        if len(found) < 5:
            y.backward(again)
    return found


def main() -> None:
    import torch

    found = {case: {d: evaluate(torch, case, d) for d in DTYPES} for case in CASES}
    RECORDING.write_text(json.dumps({"torch": torch.__version__, "cases": found}, indent=0) + "\n")
    sys.stdout.write(f"{len(found)} cases\n")


if __name__ == "__main__":
    main()
