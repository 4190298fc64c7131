"""Runs a program on the engine under the recorder, as cells of a notebook would."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional
from engine.tape.tape import Tape
from tests import recording


@pytest.fixture
def record_program(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Tape]:
    """Run sources as cells and return their tape; what one raises is recorded, the next runs."""
    for name in [name for name in sys.modules if name.split(".")[0] == "engine"]:
        monkeypatch.setitem(sys.modules, "torch" + name[len("engine") :], sys.modules[name])

    def run(*sources: str) -> Tape:
        with warnings.catch_warnings(), engine.enable_grad():  # as a program leaves it
            warnings.simplefilter("ignore")
            return recording.tape_of(*sources, names={"nn": nn, "F": functional, "np": np})

    return run
