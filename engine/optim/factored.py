"""Adafactor and Muon: optimizers that look at the rows and columns of matrices."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import engine
from engine import recording
from engine.later import sign as _sign
from engine.tensor import Tensor

from .optimizer import Group, Optimizer, Raw, counted


def _at_least(value: float, least: float, name: str, words: str = ">=") -> None:
    if not value >= least:
        raise ValueError(f"{name} should be {words} {least:g} but is: {value}")


def _unrecorded(update: Callable[..., Raw]) -> Callable[..., Raw]:
    """Let an update use operations that the recorder does not see: a step is one operation."""

    @functools.wraps(update)
    def call(*args: Any) -> Raw:
        before = recording.log
        recording.log = None
        try:
            return update(*args)
        finally:
            recording.log = before

    return call


class Adafactor(Optimizer):
    """Adafactor (Shazeer and Stern 2018): second moments kept as one row and one column."""

    operation = "add_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        _at_least(lr, 0.0, "Learning rate")
        if not beta2_decay <= 0.0:
            raise ValueError(f"beta2_decay should be <= 0 but is: {beta2_decay}")
        if eps[0] is not None:
            _at_least(eps[0], 0.0, "epsilon1")
        _at_least(eps[1], 0.0, "epsilon2")
        _at_least(d, 1.0, "Clipping threshold d")
        _at_least(weight_decay, 0.0, "weight_decay")
        super().__init__(params, {
            "lr": lr, "beta2_decay": beta2_decay, "eps": eps, "d": d, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize,
        })  # fmt: skip

    @_unrecorded
    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        g = engine.tensor(grad) if not isinstance(grad, Tensor) else grad
        if not state:
            state["step"] = engine.tensor(0.0)
            if g.dim() > 1:
                state["row_var"] = g.new_zeros((*g.shape[:-1], 1))
                state["col_var"] = g.new_zeros((*g.shape[:-2], 1, g.shape[-1]))
            else:
                state["variance"] = engine.zeros_like(g)
        g = -g if group["maximize"] else g
        step = float(counted(state))
        lr, (eps1, eps2) = float(group["lr"]), group["eps"]
        eps1 = engine.finfo(p.dtype).eps if eps1 is None else eps1
        new = step ** group["beta2_decay"]
        value = engine.from_numpy(p._a.copy())
        alpha = max(eps2, value.norm(2).item() / value.numel() ** 0.5) * min(lr, 1 / step**0.5)
        if group["weight_decay"] != 0:
            value.mul_(1 - lr * group["weight_decay"])
        estimate = _estimate(g, state, new, eps1)
        update = estimate.clamp_(min=eps1 * eps1).rsqrt_().mul_(g)
        shrink = max(1.0, update.norm(2).item() / (update.numel() ** 0.5 * group["d"]))
        return value.add_(update, alpha=-alpha / shrink)._a


def _estimate(g: Tensor, state: dict[str, Any], new: float, eps: float) -> Tensor:
    """The second moment of the gradient, of a matrix as the product of a row and a column."""
    if g.dim() < 2:
        return state["variance"].lerp_(g * g, new).clone()  # type: ignore[no-any-return]
    for name, dim in (("row_var", -1), ("col_var", -2)):
        mean = g.norm(dim=dim, keepdim=True).square_().div_(g.size(dim))
        state[name].lerp_(mean, new)
    row = state["row_var"]
    return (row @ state["col_var"]).div_(row.mean(dim=-2, keepdim=True).clamp_(min=eps))  # type: ignore[no-any-return]


class Muon(Optimizer):
    """Muon (Jordan 2024): momentum of a matrix, made orthogonal by Newton and Schulz's iteration."""

    operation = "add_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        _at_least(lr, 0.0, "Learning rate")
        _at_least(momentum, 0.0, "momentum")
        _at_least(weight_decay, 0.0, "weight decay")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        super().__init__(params, {
            "lr": lr, "weight_decay": weight_decay, "momentum": momentum, "nesterov": nesterov,
            "ns_coefficients": ns_coefficients, "eps": eps, "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        "Muon only supports 2D parameters whereas we found a parameter with size: "
                        f"{p.size()}"
                    )

    @_unrecorded
    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        g = engine.tensor(grad) if not isinstance(grad, Tensor) else grad
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = engine.zeros_like(g)
        mean = state["momentum_buffer"].lerp_(g, 1 - group["momentum"])
        update = _orthogonal(g.lerp(mean, group["momentum"]) if group["nesterov"] else mean, group)
        rows, columns = p.shape
        lr = float(group["lr"])
        ratio = math.sqrt(max(1, rows / columns))
        if group["adjust_lr_fn"] == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        value = engine.from_numpy(p._a.copy()).mul_(1 - lr * group["weight_decay"])
        return value.add_(update, alpha=-lr * ratio)._a


def _orthogonal(g: Tensor, group: Group) -> Tensor:
    a, b, c = group["ns_coefficients"]
    tall = g.size(0) > g.size(1)
    x = g.bfloat16()
    x = x.T if tall else x
    x = x / x.norm().clamp(min=group["eps"])
    for _ in range(group["ns_steps"]):
        gram = x @ x.T
        x = engine.addmm(x, engine.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.T if tall else x  # type: ignore[no-any-return]


_sign(globals(), "torch.optim")
