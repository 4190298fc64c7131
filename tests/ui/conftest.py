"""Recordings of small programs, as the kernel would make them."""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterator

import pytest

import engine
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


@pytest.fixture
def record() -> Iterator[Callable[..., Tape]]:
    """Run sources as cells 1, 2, ... on the engine and return what was recorded."""
    names: list[str] = []

    def run(*cells: str) -> Tape:
        recorder, namespace = Recorder(), {"torch": engine}
        with recorder:
            for number, source in enumerate(cells, 1):
                recorder.begin_cell(f"cell-{number}", source, number)
                name = f"<recorded cell {len(names)}>"
                names.append(name)
                linecache.cache[name] = (len(source), None, source.splitlines(True), name)
                try:
                    exec(compile(source, name, "exec"), namespace)
                except Exception as error:
                    recorder.error(error)
                recorder.end_cell(namespace)
        assert recorder.failure is None
        return recorder.tape()

    yield run
    for name in names:
        linecache.cache.pop(name, None)
