"""A chain of a million operations: forward, backward, deallocation, and memory per node."""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import engine as torch

LENGTH = 1_000_000
_TRACED = 100_000  # operations while tracemalloc looks: it makes each several times slower
MOST = 600  # bytes per small node beyond the arrays


def run(length: int = LENGTH) -> list[str]:
    """Print the numbers of chains on a scalar and on vectors; return what misses the target."""
    missed = []
    for title, shape in (("0-d", ()), ("(8,)", (8,))):
        print(f"{length:,} operations on {title}: {_timed(shape, length)}")
        array = _array_bytes(shape)
        traced = _bytes_per_node(shape, _TRACED) - array
        mark = "ok" if traced <= MOST else "MISS"
        print(f"  {traced:,.0f} bytes per node beyond arrays of {array} bytes  ≤ {MOST} {mark}")
        if traced > MOST:
            missed.append(f"{title}: {traced:,.0f} bytes per node")
    return missed


def _grow(x: Any, w: Any, length: int) -> Any:
    """y ← y·w and y ← y + x in turn; with w = 1 the gradient of x counts the additions."""
    y = x
    for _ in range(length // 2):
        y = y * w
        y = y + x
    return y


def _leaves(shape: tuple[int, ...]) -> tuple[Any, Any]:
    return torch.zeros(shape, requires_grad=True), torch.ones(shape, requires_grad=True)


def _timed(shape: tuple[int, ...], length: int) -> str:
    x, w = _leaves(shape)
    resident = _resident()
    forward, y = _seconds(lambda: _grow(x, w, length))
    each = (_resident() - resident) / length
    backward, _ = _seconds(y.sum().backward)
    if x.grad.flatten()[0].item() != 1 + length // 2:
        raise AssertionError(f"the gradient is {x.grad}, not {1 + length // 2}")
    kept = [y]
    del y
    deallocation, _ = _seconds(kept.clear)
    kept.append(_grow(x, w, length))
    unused, _ = _seconds(kept.clear)
    return (
        f"forward {forward:.2f} s, backward {backward:.2f} s, deallocation {deallocation:.2f} s "
        f"(of one that never ran backward {unused:.2f} s), "
        f"resident {each:,.0f} bytes per node"
    )


def _bytes_per_node(shape: tuple[int, ...], length: int) -> float:
    x, w = _leaves(shape)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        y = _grow(x, w, length)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    del y
    return (after - before) / length


def _array_bytes(shape: tuple[int, ...]) -> float:
    """Of a node that saved its operand, as every other node here does: per node, the half."""
    return sys.getsizeof(torch.ones(shape).numpy() + 0) / 2


def _resident() -> int:
    """Bytes in memory now; 0 where the system does not say it."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 if status.exists() else 0


def _seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    before = time.process_time()
    result = work()
    return time.process_time() - before, result
