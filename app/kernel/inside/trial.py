"""Try a line of code without leaving a trace, and tell which tensors a line can name.

A trial runs in a forked child: what it computes, writes in place, draws at random or differentiates
is gone with it, and nothing of it is recorded or shown.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from engine import recording
from engine.tape.record.tensors import number_of
from engine.tensor import Tensor

#: Seconds that a trial may take.
LIMIT = 5.0
_LONGEST = 4_000  # characters of an error's message


def tried(source: str, result: str, names: dict[str, Any], limit: float = LIMIT) -> dict[str, Any]:
    """Run `source` over `names` in a child of this process; return what came of it.

    {"status": "ok", "shown": the value of the variable `result` in words}, {"status": "error",
    "ename", "evalue"}, or {"status": "unknown", "why"} where it cannot be told without running it.
    """

    def work() -> dict[str, Any]:
        exec(compile(source, "<trial>", "exec"), names)
        return {"status": "ok", "shown": describe(names[result]) if result in names else ""}

    return in_child(work, limit)


def in_child(work: Callable[[], dict[str, Any]], limit: float) -> dict[str, Any]:
    """Return what work says that runs in a child of this process, and leaves no trace in it.

    limit: seconds that it may take. What it raises is {"status": "error", "ename", "evalue"}.
    """
    if not hasattr(os, "fork"):
        return _unknown("a line cannot be tried on this system")
    reading, writing = os.pipe()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of forks beside threads
            child = os.fork()
    except OSError as error:
        os.close(reading)
        os.close(writing)
        return _unknown(f"a line cannot be tried now ({error.strerror})")
    if child == 0:
        _run(work, writing)
    os.close(writing)
    try:
        said = _read(reading, time.monotonic() + limit)
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)  # not reaped yet, so the number is still its own
        os.waitpid(child, 0)
    if said is None:
        return _unknown(f"it takes longer than {limit:g} s to try")
    try:
        found: dict[str, Any] = json.loads(said)
    except ValueError:  # it ended in the middle of it: killed for its memory, or crashed
        return _unknown("the trial did not come to its end")
    return found


def tensors(names: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tensors that a line can name, each once, variables before parameters of models.

    {"name": an expression, "tensor": its id on the tape or -1, "shape", "dtype", "requires_grad",
    "leaf", "grad": whether it has one}.
    """
    return [
        {
            "name": name,
            "tensor": number_of(one),
            "shape": list(one.shape),
            "dtype": str(one.dtype).removeprefix("torch."),
            "requires_grad": bool(one.requires_grad),
            "leaf": bool(one.is_leaf),
            "grad": bool(one.is_leaf) and one.grad is not None,
        }
        for name, one in _named(names)
    ]


def models(names: Mapping[str, Any]) -> list[str]:
    """Return the variables that hold modules with parameters."""
    return [
        name
        for name, thing in list(names.items())
        if not name.startswith("_") and _is_model(thing) and any(True for _ in thing.parameters())
    ]


def describe(value: Any) -> str:
    """Return a value in words: `float32 (3, 4), requires grad`."""
    if isinstance(value, Tensor):
        words = f"{str(value.dtype).removeprefix('torch.')} {tuple(value.shape)}"
        if not value.dim() and not value.is_meta:
            words += f" = {value.item():.6g}" if value.is_floating_point() else f" = {value.item()}"
        return words + (", requires grad" if value.requires_grad else "")
    if isinstance(value, (tuple, list)) and value and isinstance(value[0], Tensor):
        return "; ".join(describe(one) for one in value[:4]) + (" …" if len(value) > 4 else "")
    return type(value).__name__


def _named(names: Mapping[str, Any]) -> Iterator[tuple[str, Tensor]]:
    seen: set[int] = set()
    shown = [(name, thing) for name, thing in list(names.items()) if not name.startswith("_")]
    for name, thing in shown:
        if isinstance(thing, Tensor) and id(thing) not in seen:
            seen.add(id(thing))
            yield name, thing
    models = [pair for pair in shown if _is_model(pair[1])]
    inner = {id(part) for _, model in models for part in model.modules() if part is not model}
    for name, model in sorted(models, key=lambda pair: id(pair[1]) in inner):
        for path, thing in [*model.named_parameters(), *model.named_buffers()]:
            if id(thing) not in seen:
                seen.add(id(thing))
                yield name + _attribute(path), thing


def _is_model(thing: object) -> bool:
    """Whether it is a module, said without importing all of engine.nn for it."""
    return hasattr(type(thing), "named_parameters") and hasattr(thing, "_modules")


def _attribute(path: str) -> str:
    """`fc.weight` as `.fc.weight`, `0.weight` as `[0].weight`."""
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in path.split("."))


def _unknown(why: str) -> dict[str, Any]:
    return {"status": "unknown", "why": why}


def _read(reading: int, until: float) -> bytes | None:
    """Return all that the child writes; None if it is not done in time."""
    parts: list[bytes] = []
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return None
        part = os.read(reading, 65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def _run(work: Callable[[], dict[str, Any]], writing: int) -> None:
    """In the child: run, tell, and end without anything that ends a kernel."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (0, 1, 2):
            os.dup2(nowhere, descriptor)
        sys.stdout = sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
        recording.log = None
        recording.unhook()
        said: dict[str, Any]
        try:
            said = work()
        except BaseException as error:
            said = {"status": "error", "ename": type(error).__name__, "evalue": _message(error)}
        data = json.dumps(said).encode()
        while data:
            data = data[os.write(writing, data) :]
    finally:
        os._exit(0)


def _message(error: BaseException) -> str:
    return (error.msg if isinstance(error, SyntaxError) else str(error))[:_LONGEST]
