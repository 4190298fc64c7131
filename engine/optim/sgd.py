"""Stochastic gradient descent, plain, with momentum, and averaged."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor import Tensor, wrap

from .arithmetic import fma
from .optimizer import Group, Optimizer, Raw, check, check_rate, check_ways, counted, zeros_like


class SGD(Optimizer):
    """p ← p - lr b with b ← momentum b + (1 - dampening) grad."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check(momentum >= 0.0, "momentum value", momentum)
        check(weight_decay >= 0.0, "weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        check_ways(foreach, fused)
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay,
            "nesterov": nesterov, "maximize": maximize, "foreach": foreach,
            "differentiable": differentiable, "fused": fused,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        grad = self.gradient(group, p, grad)
        momentum = group["momentum"]
        if momentum != 0:
            grad = self._with_momentum(group, grad, state, momentum, p)
        return fma(grad, -float(group["lr"]), p._a)

    def _with_momentum(
        self, group: Group, grad: Raw, state: dict[str, Any], momentum: float, p: Tensor
    ) -> Raw:
        buffer = state.get("momentum_buffer")
        if buffer is None:
            buffer = state["momentum_buffer"] = wrap(grad.copy(), p.dtype)
        else:
            buffer._a = fma(grad, 1.0 - group["dampening"], buffer._a * momentum)
        return fma(buffer._a, momentum, grad) if group["nesterov"] else buffer._a


class ASGD(Optimizer):
    """Averaged stochastic gradient descent (Polyak and Juditsky 1992)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        check_rate(lr)
        check(weight_decay >= 0.0, "weight_decay value", weight_decay)
        super().__init__(params, {
            "lr": lr, "lambd": lambd, "alpha": alpha, "t0": t0, "weight_decay": weight_decay,
            "foreach": foreach, "maximize": maximize, "differentiable": differentiable,
            "capturable": capturable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        if "step" not in state:
            state["step"] = wrap(np.array(0.0, np.float32))
            state["eta"] = wrap(np.array(float(group["lr"]), np.float32))
            state["mu"] = wrap(np.array(1.0, np.float32))
            state["ax"] = zeros_like(p)
        step = counted(state)
        grad = self.gradient(group, p, grad)
        eta, mu = float(state["eta"]), float(state["mu"])
        values = p._a * (1 - group["lambd"] * eta)
        values = fma(grad, -eta, values)
        average = state["ax"]
        average._a = values.copy() if mu == 1 else average._a + (values - average._a) * mu
        lr = float(group["lr"])
        eta = lr / ((1 + group["lambd"] * lr * step) ** group["alpha"])
        state["eta"]._a = np.array(eta, np.float32)
        state["mu"]._a = np.array(1 / max(1, step - group["t0"]), np.float32)
        return values
