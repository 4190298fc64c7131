"""Short words for tests that record: tensors, cells, what is on a tape."""

from __future__ import annotations

import linecache
from typing import Any

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.schema import Event
from engine.tape.tape import Tape


def tensor(values: Any, requires_grad: bool = True) -> Any:
    return torch.tensor(values, requires_grad=requires_grad)


def tid(tensor: Any) -> int:
    """Return the tensor's id on the tape of the recording that saw it last."""
    return int(tensor._tid) % (1 << 40)


def run_cell(recorder: Recorder, key: str, source: str, names: dict[str, Any]) -> None:
    """Run a cell as IPython does: compiled under a name of its own that linecache knows."""
    recorder.begin_cell(key, source, 1)
    file = f"/tmp/ipykernel_1/{hash(source) % 10**9}.py"
    linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    try:
        exec(compile(source, file, "exec"), names)
    except Exception as error:
        recorder.error(error)
    recorder.end_cell(names)


def kinds(tape: Tape) -> list[str]:
    return [Event(kind).name for kind in tape.events["kind"]]


def ops(tape: Tape) -> list[str]:
    return [tape.text(int(name)) for name in tape.ops["name"]]
