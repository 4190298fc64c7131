"""Optimizers on a small problem, and schedules: traces to compare with PyTorch's.

`python tests/engine/optim/optimizer_recipes.py` under a Python that has PyTorch 2.13 writes
`data/optim.json`.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

RECORDING = Path(__file__).parent / "data" / "optim.json"
OPTIMIZERS = (
    "SGD(ps, lr=0.02)", "SGD(ps, lr=0.02, momentum=0.9)",
    "SGD(ps, lr=0.02, momentum=0.9, nesterov=True, weight_decay=0.1)",
    "SGD(ps, lr=0.02, momentum=0.5, dampening=0.3)", "SGD(ps, lr=0.001, maximize=True)",
    "Adam(ps, lr=0.1)", "Adam(ps, lr=0.1, amsgrad=True, weight_decay=0.1)",
    "Adam(ps, lr=0.1, betas=(0.5, 0.8), eps=0.1, maximize=True)", "AdamW(ps, lr=0.1)",
    "AdamW(ps, lr=0.1, weight_decay=0.3, amsgrad=True)", "Adamax(ps, lr=0.1, weight_decay=0.1)",
    "NAdam(ps, lr=0.1)", "NAdam(ps, lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)",
    "RAdam(ps, lr=0.1)", "RAdam(ps, lr=0.1, weight_decay=0.1)", "RMSprop(ps, lr=0.05)",
    "RMSprop(ps, lr=0.05, centered=True, momentum=0.5, weight_decay=0.1)", "Adagrad(ps, lr=0.3)",
    "Adagrad(ps, lr=0.3, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5)",
    "Adadelta(ps)", "Adadelta(ps, lr=0.5, rho=0.7, weight_decay=0.1)", "ASGD(ps, lr=0.02)",
    "ASGD(ps, lr=0.02, t0=2, weight_decay=0.1)", "Rprop(ps, lr=0.05)",
    "SGD([{'params': [ps[0]], 'lr': 0.05}, {'params': [ps[1]]}], lr=0.01, momentum=0.5)",
    "LBFGS(ps, lr=0.3, max_iter=4)", "LBFGS(ps, max_iter=5, line_search_fn='strong_wolfe')",
)  # fmt: skip
SCHEDULES = (
    "StepLR(o, 3, 0.5)", "MultiStepLR(o, [2, 5, 5], 0.5)", "ConstantLR(o, 0.5, 3)",
    "LinearLR(o, 0.25, 0.8, 4)", "ExponentialLR(o, 0.8)", "CosineAnnealingLR(o, 4, 0.01)",
    "PolynomialLR(o, 5, 2.0)", "LambdaLR(o, lambda e: 0.9 ** e)",
    "MultiplicativeLR(o, lambda e: 0.95)", "CosineAnnealingWarmRestarts(o, 3, 2, 0.01)",
    "CyclicLR(o, 0.01, 0.2, 3, 2)", "CyclicLR(o, 0.01, 0.2, 2, mode='triangular2')",
    "CyclicLR(o, 0.01, 0.2, 2, mode='exp_range', gamma=0.9)", "OneCycleLR(o, 0.5, total_steps=12)",
    "OneCycleLR(o, 0.5, total_steps=12, three_phase=True, anneal_strategy='linear')",
    "SequentialLR(o, [S.LinearLR(o, 0.1, 1.0, 3), S.ExponentialLR(o, 0.9)], [4])",
    "SequentialLR(o, [S.ConstantLR(o, 0.1, 2), S.StepLR(o, 2, 0.5), S.ExponentialLR(o, 0.9)], [3, 7])",
    "ChainedScheduler([S.ConstantLR(o, 0.1, 2), S.ExponentialLR(o, 0.9)])",
)  # fmt: skip


def optimize(torch: Any, code: str) -> dict[str, Any]:
    """Return losses of ten steps, final parameters, the kept state and the text of an optimizer."""
    # A line search turns the last bits of float32 losses into other steps.
    dtype = torch.float64 if "LBFGS" in code else torch.float32
    rows = [[0.3 + 0.1 * i for i in range(20)], [math.sin(i) for i in range(20)]]
    ps = [
        torch.tensor([1.0, -1.5, 0.5], dtype=dtype, requires_grad=True),
        torch.tensor(rows, dtype=dtype, requires_grad=True),
    ]
    optimizer = eval(f"optim.{code}", {"optim": torch.optim, "ps": ps})

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((ps[0] - 0.5) ** 4).sum() + (ps[0][:2].unsqueeze(1) * ps[1] - 0.3).pow(2).mean()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(10)]
    state = optimizer.state_dict()["state"]
    return {
        "repr": repr(optimizer),
        "losses": losses,
        "parameters": [p.detach().reshape(-1).tolist() for p in ps],
        "state": [] if "LBFGS" in code else [_plain(torch, entry) for entry in state.values()],
    }


def _plain(torch: Any, entry: dict[str, Any]) -> dict[str, Any]:
    """Return a state entry as numbers, without what is not there."""
    return {
        k: v.reshape(-1).tolist() if isinstance(v, torch.Tensor) else v
        for k, v in sorted(entry.items())
        if v is not None
    }


def schedule(torch: Any, code: str) -> list[list[float]]:
    """Return learning rate and momentum over twelve epochs."""
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1, momentum=0.9)
    names = {"S": torch.optim.lr_scheduler, "o": optimizer}
    scheduler = eval(f"S.{code}", names)
    trace = []
    for _ in range(12):
        group = optimizer.param_groups[0]
        trace.append([float(group["lr"]), float(group["momentum"])])
        optimizer.step()
        scheduler.step()
    return trace


def _record() -> None:
    import torch

    found = {
        "optimizers": {code: optimize(torch, code) for code in OPTIMIZERS},
        "schedules": {code: schedule(torch, code) for code in SCHEDULES},
    }
    RECORDING.write_text(json.dumps(found, indent=0) + "\n")


if __name__ == "__main__":
    _record()
