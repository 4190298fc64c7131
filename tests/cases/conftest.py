"""Runs a program on the engine under the recorder, as a cell of a notebook would."""

from __future__ import annotations

import linecache
import sys
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest

import engine
from engine import nn
from engine.nn import functional
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


@pytest.fixture
def record_program(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Tape]]:
    """Run sources as cells and return their tape; what one raises is recorded, the next runs."""
    names: list[str] = []
    for name in [name for name in sys.modules if name.split(".")[0] == "engine"]:
        monkeypatch.setitem(sys.modules, "torch" + name[len("engine") :], sys.modules[name])

    def run(*sources: str) -> Tape:
        namespace = {"torch": engine, "nn": nn, "F": functional, "np": np}
        recorder = Recorder()
        with recorder, warnings.catch_warnings(), engine.enable_grad():  # as a program leaves it
            warnings.simplefilter("ignore")
            for number, source in enumerate(sources, 1):
                recorder.begin_cell(f"cell-{number}", source, number)
                names.append(f"<program {number}>")
                recorder.register_file(names[-1], f"cell-{number}")
                text = source.splitlines(keepends=True)
                linecache.cache[names[-1]] = (len(source), None, text, names[-1])
                try:
                    exec(compile(source, names[-1], "exec"), namespace)
                except Exception as error:
                    recorder.error(error)
                recorder.end_cell(namespace)
        assert recorder.failure is None
        return recorder.tape()

    yield run
    for name in names:
        linecache.cache.pop(name, None)
