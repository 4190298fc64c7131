"""Optimizers and learning rate schedules."""

from __future__ import annotations

from typing import Any

from engine import places

from . import lr_scheduler
from .adam import Adam, Adamax, AdamW, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop, Rprop
from .factored import Adafactor, Muon
from .lbfgs import LBFGS
from .optimizer import Optimizer
from .sgd import ASGD, SGD

__all__ = [
    "ASGD",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Muon",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]

places.settle("optim.", {**vars(lr_scheduler), **globals()})


def __getattr__(name: str) -> Any:
    """Load weight averaging when it is first used: it needs modules."""
    if name == "swa_utils":
        import importlib

        return importlib.import_module("engine.optim.swa_utils")
    from engine import absent

    raise absent.error("torch.optim", name)
