"""The values that the kernel's client works with: jobs, replies, events, limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

Output = dict[str, Any]  # an nbformat-4 output

#: How many megabytes of arrays a recording keeps whole, where nobody chose otherwise.
KEEP_MEGABYTES = 8000.0


class Budget(NamedTuple):
    """What a kernel may use, in megabytes.

    keep: of arrays that its recording holds whole. memory: of its own data; 0 is without limit.
    """

    keep: float = KEEP_MEGABYTES
    memory: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """How a cell ended. `status` is "ok", "error", or "aborted" if it did not run to its end.

    `cell` and `line` say where in a cell the error came up (line 0: nowhere in a cell); it may be
    another cell, whose function was called.
    """

    status: str
    count: int | None = None
    ename: str = ""
    evalue: str = ""
    traceback: tuple[str, ...] = ()
    cell: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class Job:
    """One cell to run. An error in it ends the run unless it `may_raise`."""

    key: str
    source: str
    may_raise: bool = False
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OutputLimit:
    """How much of one cell's output is kept; the rest is counted and left out.

    characters: of printed text, half from its beginning and half from its end.
    outputs: results, images and other displays. data: their characters, images as base64.
    """

    characters: int = 200_000
    outputs: int = 500
    data: int = 64_000_000


class Event(NamedTuple):
    """What the worker tells: the name of a signal of `Kernel`, and its arguments."""

    name: str
    arguments: tuple[Any, ...] = ()
