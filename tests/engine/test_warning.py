"""A warning points at the person's line, through however many functions of the engine it came."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import nn, warning


def _old_hook() -> None:
    layer = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    layer.register_backward_hook(lambda *_: None)
    layer(torch.ones(1, 2))


def _epoch() -> None:
    optimizer = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1)
    optimizer.step()
    scheduler.step(5)


WARNING: dict[str, Callable[[], Any]] = {
    "cross": lambda: torch.cross(torch.ones(3), torch.ones(3)),
    "std": lambda: torch.ones(1).std(),
    "complex to real": lambda: torch.tensor([1j]).float(),
    "copy of a tensor": lambda: torch.tensor(torch.ones(2)),
    "list of arrays": lambda: torch.tensor([np.ones(2), np.ones(2)]),
    "out": lambda: torch.add(torch.ones(3), torch.ones(3), out=torch.ones(2)),
    "loss": lambda: nn.MSELoss()(torch.ones(2, 2), torch.ones(2)),
    "loss function": lambda: nn.functional.l1_loss(torch.ones(2, 2), torch.ones(2)),
    "hook": _old_hook,
    "scheduler": _epoch,
}


@pytest.mark.parametrize("what", WARNING)
def test_the_line_is_the_persons(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warning, "always", [True])  # also what this process was told before
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        WARNING[what]()
    assert {w.filename for w in caught} == {__file__}
