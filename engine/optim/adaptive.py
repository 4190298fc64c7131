"""Optimizers that scale each element by its own history: RMSprop, Adagrad, Adadelta, Rprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.tensor import Tensor, wrap

from .arithmetic import addcdiv, addcmul, fma, lerp
from .optimizer import (
    Group,
    Optimizer,
    Raw,
    check,
    check_rate,
    check_ways,
    counted,
    start,
    zeros_like,
)


class RMSprop(Optimizer):
    """Gradient divided by the root of its running mean square."""

    operation = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(eps >= 0.0, "epsilon value", eps)
        check(momentum >= 0.0, "momentum value", momentum)
        check(weight_decay >= 0.0, "weight_decay value", weight_decay)
        check(alpha >= 0.0, "alpha value", alpha)
        super().__init__(params, {
            "lr": lr, "momentum": momentum, "alpha": alpha, "eps": eps, "centered": centered,
            "weight_decay": weight_decay, "capturable": capturable, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        names = ["square_avg"]
        names += ["momentum_buffer"] if group["momentum"] > 0 else []
        names += ["grad_avg"] if group["centered"] else []
        start(state, p, *names)
        counted(state)
        grad = self.gradient(group, p, grad)
        alpha, square = group["alpha"], state["square_avg"]
        square._a = addcmul(square._a * alpha, grad, grad, 1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"]
            mean._a = lerp(mean._a, grad, 1 - alpha)
            root = np.sqrt(addcmul(square._a, mean._a, mean._a, -1.0))
        else:
            root = np.sqrt(square._a)
        root = root + group["eps"]
        if group["momentum"] > 0:
            buffer = state["momentum_buffer"]
            buffer._a = addcdiv(buffer._a * group["momentum"], grad, root, 1.0)
            return fma(buffer._a, -float(group["lr"]), p._a)
        return addcdiv(p._a, grad, root, -float(group["lr"]))


class Adagrad(Optimizer):
    """Gradient divided by the root of the sum of its squares."""

    operation = "addcdiv_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        check_rate(lr)
        check(lr_decay >= 0.0, "lr_decay value", lr_decay)
        check(weight_decay >= 0.0, "weight_decay value", weight_decay)
        check(
            initial_accumulator_value >= 0.0,
            "initial_accumulator_value value",
            initial_accumulator_value,
        )
        check(eps >= 0.0, "epsilon value", eps)
        check_ways(foreach, fused)
        super().__init__(params, {
            "lr": lr, "lr_decay": lr_decay, "eps": eps, "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "fused": fused,
        })  # fmt: skip
        for group in self.param_groups:
            for p in group["params"]:
                start(self.state[p], p)
                full = np.full(p._s, initial_accumulator_value, p._a.dtype)
                self.state[p]["sum"] = wrap(full, p.dtype)

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        step = counted(state)
        grad = self.gradient(group, p, grad)
        lr = float(group["lr"]) / (1 + (step - 1) * group["lr_decay"])
        total = state["sum"]
        total._a = addcmul(total._a, grad, grad, 1.0)
        return addcdiv(p._a, grad, np.sqrt(total._a) + group["eps"], -lr)


class Adadelta(Optimizer):
    """Steps in units of the parameter itself (Zeiler 2012)."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(0.0 <= rho <= 1.0, "rho value", rho)
        check(eps >= 0.0, "epsilon value", eps)
        check(weight_decay >= 0.0, "weight_decay value", weight_decay)
        super().__init__(params, {
            "lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
            "capturable": capturable, "foreach": foreach, "differentiable": differentiable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        start(state, p, "square_avg", "acc_delta")
        counted(state)
        grad = self.gradient(group, p, grad)
        rho, eps = group["rho"], group["eps"]
        square, moved = state["square_avg"], state["acc_delta"]
        square._a = addcmul(square._a * rho, grad, grad, 1 - rho)
        delta = np.sqrt(moved._a + eps) / np.sqrt(square._a + eps) * grad
        moved._a = addcmul(moved._a * rho, delta, delta, 1 - rho)
        return fma(delta, -float(group["lr"]), p._a)


class Rprop(Optimizer):
    """Steps that grow while the gradient keeps its sign (Riedmiller and Braun 1993)."""

    operation = "addcmul_"

    def __init__(
        self,
        params: Any,
        lr: Any = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        check_rate(lr)
        check(0.0 < etas[0] < 1.0 < etas[1], "eta values", f"{etas[0]}, {etas[1]}")
        super().__init__(params, {
            "lr": lr, "etas": etas, "step_sizes": step_sizes, "foreach": foreach,
            "maximize": maximize, "differentiable": differentiable, "capturable": capturable,
        })  # fmt: skip

    def update(self, group: Group, p: Tensor, grad: Raw, state: dict[str, Any]) -> Raw:
        if "step" not in state:
            start(state, p, "prev")
            state["step_size"] = zeros_like(p)
            state["step_size"]._a = np.full(p._s, float(group["lr"]), p._a.dtype)
        counted(state)
        grad = self.gradient(group, p, grad)
        previous, size = state["prev"], state["step_size"]
        agree = np.sign(grad * previous._a)
        shrink, grow = group["etas"]
        factor = np.where(agree > 0, grow, np.where(agree < 0, shrink, 1)).astype(grad.dtype)
        size._a = np.clip(size._a * factor, *group["step_sizes"])
        grad = np.where(agree < 0, 0, grad).astype(grad.dtype)
        previous._a = grad.copy()
        return p._a - np.sign(grad) * size._a


__all__ = ["Adadelta", "Adagrad", "RMSprop", "Rprop"]
