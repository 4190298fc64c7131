"""L-BFGS: quasi-Newton steps from a history of steps and gradient changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import engine
from engine.tensor import Tensor, wrap

from .line_search import Evaluate, strong_wolfe
from .optimizer import Optimizer, Raw, check_rate


def _number(loss: Any) -> float:
    return float(loss.detach() if isinstance(loss, Tensor) else loss)


class _Memory:
    """Steps and gradient changes, as arrays; the state of the optimizer keeps them as tensors."""

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.direction, self.gradient = (_array(state.get(k)) for k in ("d", "prev_flat_grad"))
        self.length = state.get("t")
        self.changes, self.steps, self.weights = (
            [_array(v) for v in state.get(k) or ()] for k in ("old_dirs", "old_stps", "ro")
        )
        self.scale: Any = _array(state.get("H_diag"))

    def keep(self, state: dict[str, Any], loss: float) -> None:
        """Put all into the state, with the loss before the last step."""
        tensors = {"old_dirs": self.changes, "old_stps": self.steps, "ro": self.weights}
        state["d"], state["t"] = wrap(self.direction), self.length
        state |= {name: [wrap(v) for v in values] for name, values in tensors.items()}
        state["H_diag"] = self.scale if isinstance(self.scale, int) else wrap(self.scale)
        state["prev_flat_grad"], state["prev_loss"] = wrap(self.gradient), loss

    def turn(self, state: dict[str, Any], grad: Raw) -> Raw:
        """Return -H grad by the two-loop recursion over the remembered steps."""
        if state["n_iter"] == 1:
            self.changes, self.steps, self.weights, self.scale = [], [], [], 1
            return -grad
        y = grad - self.gradient
        s = self.direction * grad.dtype.type(self.length)
        ys = y.dot(s)
        if ys > 1e-10:
            remembered = ((self.changes, y), (self.steps, s), (self.weights, 1.0 / ys))
            for values, value in remembered:
                if len(values) == self.size:
                    values.pop(0)
                values.append(value)
            self.scale = ys / y.dot(y)
        q = -grad
        alphas: list[Any] = []
        history = list(zip(self.changes, self.steps, self.weights, strict=True))
        for y, s, ro in reversed(history):
            alpha = s.dot(q) * ro
            q = q - alpha * y
            alphas.append(alpha)
        found = [*map(wrap, reversed(alphas)), *[None] * self.size]
        state["al"] = (found + state.get("al", [])[len(alphas) :])[: self.size]
        r = q * self.scale
        for (y, s, ro), alpha in zip(history, reversed(alphas), strict=True):
            r = r + s * (alpha - y.dot(r) * ro)
        return r


def _array(value: Any) -> Any:
    return value._a if isinstance(value, Tensor) else value


class LBFGS(Optimizer):
    """Limited-memory BFGS (Nocedal 1980); `step` needs a closure that returns the loss."""

    def __init__(
        self,
        params: Any,
        lr: Any = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_rate(lr)
        max_eval = max_iter * 5 // 4 if max_eval is None else max_eval
        super().__init__(params, {
            "lr": lr, "max_iter": max_iter, "max_eval": max_eval, "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        })  # fmt: skip
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        if line_search_fn not in (None, "strong_wolfe"):
            raise RuntimeError("only 'strong_wolfe' is supported")
        self._params = self.param_groups[0]["params"]

    def _gather(self) -> Raw:
        parts = [
            np.zeros(p.numel(), p._a.dtype) if p.grad is None else np.asarray(p.grad._a).ravel()
            for p in self._params
        ]
        return np.concatenate(parts)

    def _move(self, t: float, direction: Raw) -> None:
        start = 0
        for p in self._params:
            part = direction[start : start + p.numel()].reshape(p._s)
            self._write(p, p._a + p._a.dtype.type(t) * part)
            start += p.numel()

    def _set(self, values: list[Raw]) -> None:
        for p, v in zip(self._params, values, strict=True):
            self._write(p, v)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take up to max_iter quasi-Newton steps; returns the loss before the first."""
        if closure is None:
            raise TypeError("LBFGS.step() missing 1 required positional argument: 'closure'")
        self._stepped = True

        def evaluate() -> float:
            with engine.enable_grad():
                return _number(closure())

        with engine.enable_grad():
            original = closure()
        with engine.no_grad():
            self._iterate(_number(original), evaluate)
        return original

    def _iterate(self, loss: float, evaluate: Callable[[], float]) -> None:
        group, state = self.param_groups[0], self.state[self._params[0]]
        state["func_evals"] = state.get("func_evals", 0) + 1
        state.setdefault("n_iter", 0)
        evaluations, grad = 1, self._gather()
        if np.abs(grad).max() <= group["tolerance_grad"]:
            return
        memory = _Memory(state, group["history_size"])
        for n in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            memory.direction = direction = memory.turn(state, grad)
            memory.gradient, previous_loss = grad.copy(), loss
            lr = float(group["lr"]) if isinstance(group["lr"], Tensor) else group["lr"]
            t = min(1.0, 1.0 / float(np.abs(grad).sum())) * lr if state["n_iter"] == 1 else lr
            memory.length = t
            slope = float(grad.dot(direction))
            if slope > -group["tolerance_change"]:
                break
            used = 0
            if group["line_search_fn"] == "strong_wolfe":
                loss, grad, t, used = self._search(evaluate, t, direction, loss, grad, slope)
                self._move(t, direction)
            else:
                self._move(t, direction)
                if n != group["max_iter"]:
                    loss, used = evaluate(), 1
                    grad = self._gather()
            memory.length = t
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or np.abs(grad).max() <= group["tolerance_grad"]
                or np.abs(direction * t).max() <= group["tolerance_change"]
                or abs(loss - previous_loss) < group["tolerance_change"]
            ):
                break
        memory.keep(state, previous_loss)

    def _search(
        self, evaluate: Callable[[], float], t: float, direction: Raw, loss: float, grad: Raw,
        slope: float,
    ) -> tuple[float, Raw, float, int]:  # fmt: skip
        saved = [np.array(p._a) for p in self._params]

        def at(step: float) -> tuple[float, Raw]:
            self._move(step, direction)
            value = evaluate()
            gradient = self._gather()
            self._set(saved)
            return value, gradient

        search: Evaluate = at
        return strong_wolfe(search, t, direction, loss, grad, slope)
