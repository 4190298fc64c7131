"""Small programs run under the recorder, as a kernel runs the cells of a notebook."""

from __future__ import annotations

import linecache
from pathlib import Path
from typing import Any

import engine
from engine.tape.recorder import Recorder
from engine.tape.tape import Tape


def tape_of(*cells: str, names: dict[str, Any] | None = None) -> Tape:
    """Run sources as cells over `names` and `torch`; what one raises is recorded, the next runs."""
    recorder = Recorder()
    run(recorder, cells, names or {}, goes_on=True)
    assert recorder.failure is None
    return recorder.tape()


def write(path: Path, *cells: str, names: dict[str, Any] | None = None) -> Path:
    """Run sources as cells over `names` and `torch`, which must not raise; save their tape."""
    recorder = Recorder(path)
    run(recorder, cells, names or {})
    recorder.finish()
    return path


def run(
    recorder: Recorder, cells: tuple[str, ...], names: dict[str, Any], *, goes_on: bool = False
) -> None:
    """Run cells "cell-1", "cell-2", … under a recorder; their lines are found while they run."""
    namespace = {"torch": engine, **names}
    files = [f"<cell {number} of a test>" for number in range(1, len(cells) + 1)]
    try:
        with recorder:
            for number, (source, file) in enumerate(zip(cells, files, strict=True), 1):
                recorder.begin_cell(f"cell-{number}", source, number)
                recorder.register_file(file, f"cell-{number}")
                lines = source.splitlines(keepends=True)
                linecache.cache[file] = (len(source), None, lines, file)
                try:
                    exec(compile(source, file, "exec"), namespace)
                except Exception as error:
                    if not goes_on:
                        raise
                    recorder.error(error)
                recorder.end_cell(namespace)
    finally:
        for file in files:
            linecache.cache.pop(file, None)
