"""The seven problems: what they are called, their data, and the targets of the ratios.

The training loops (`training`) are called like them, but make their data themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

CYCLES = 333  # of mul, add and sin; a last mul makes it 1,000 operations
STEPS, HIDDEN, BATCH, INPUTS = 200, 64, 16, 32  # of the recurrent network
B, H, T, D = 4, 4, 64, 32  # of the attention block: batch, heads, length, width of a head
ELEMENTS = 1_000_000
NODES, WIDTH, SINKS = 10_000, 8, 64  # of the random graph


class Problem(NamedTuple):
    """leaves: the arrays whose gradients are wanted; data: what else the program reads."""

    leaves: dict[str, Array]
    data: dict[str, Any]


class Targets(NamedTuple):
    """`numpy`, `torch`, `recorder`: our time may be so many times theirs (of that without one);
    `hips`, `mygrad`: their time must be so many times ours."""

    numpy: float
    torch: float
    hips: float
    mygrad: float
    recorder: float


TITLES = {
    "a": "scalar chain of 1,000 mul, add, sin",
    "b": "MLP 64-128-10, batch 32, cross entropy",
    "c": "MLP 784-1024-1024-10, batch 256",
    "d": "tanh RNN, 200 steps, hidden 64, batch 16",
    "e": "attention block B4 H4 T64 D32",
    "f": "elementwise chain on 1M float32",
    "g": "random DAG of 10,000 ops on (8,)",
}

TARGETS = {
    "a": Targets(3.5, 0.25, 15, 12, 1.20),
    "b": Targets(1.2, 0.25, 10, 4, 1.20),
    "c": Targets(1.05, 1.25, 1.9, 1.0, 1.05),
    "d": Targets(1.6, 0.5, 6, 5, 1.25),
    "e": Targets(1.2, 1.0, 6, 1.6, 1.05),
    "f": Targets(1.25, 0.9, 2.5, 1.5, 1.10),
    "g": Targets(1.75, 0.33, 8, 8, 1.20),
}


def problem(key: str) -> Problem:
    """Return the data of the problem `key`, the same in every call; none for a training loop."""
    return Problem({}, {}) if key not in _MAKERS else _MAKERS[key](np.random.default_rng(0))


def _normal(rng: np.random.Generator, *shape: int, scale: float = 1.0) -> Array:
    return (rng.standard_normal(shape) * scale).astype(np.float32)


def _scalar_chain(rng: np.random.Generator) -> Problem:
    return Problem({"x": np.array(0.7, np.float32), "w": np.array(0.9, np.float32)}, {})


def _mlp(*widths: int, batch: int) -> Callable[[np.random.Generator], Problem]:
    def make(rng: np.random.Generator) -> Problem:
        leaves = {}
        for k, (before, after) in enumerate(pairwise(widths), 1):
            leaves[f"w{k}"] = _normal(rng, after, before, scale=before**-0.5)
            leaves[f"b{k}"] = _normal(rng, after, scale=0.1)
        target = rng.integers(0, widths[-1], batch)
        return Problem(leaves, {"x": _normal(rng, batch, widths[0]), "target": target})

    return make


def _rnn(rng: np.random.Generator) -> Problem:
    # An orthogonal matrix and small inputs: gradients neither vanish nor explode in 200 steps.
    orthogonal = np.linalg.qr(rng.standard_normal((HIDDEN, HIDDEN)))[0].astype(np.float32)
    leaves = {
        "wx": _normal(rng, INPUTS, HIDDEN, scale=0.02),
        "wh": orthogonal,
        "b": _normal(rng, HIDDEN, scale=0.02),
    }
    return Problem(leaves, {"x": _normal(rng, STEPS, BATCH, INPUTS)})


def _attention(rng: np.random.Generator) -> Problem:
    width = H * D
    leaves = {
        "x": _normal(rng, B, T, width),
        "gain": 1 + _normal(rng, width, scale=0.1),
        "shift": _normal(rng, width, scale=0.1),
    }
    for name in ("q", "k", "v", "o"):
        leaves[f"w{name}"] = _normal(rng, width, width, scale=width**-0.5)
        leaves[f"b{name}"] = _normal(rng, width, scale=0.1)
    return Problem(leaves, {})


def _elementwise(rng: np.random.Generator) -> Problem:
    return Problem({"x": _normal(rng, ELEMENTS), "w": _normal(rng, ELEMENTS)}, {})


def _random_dag(rng: np.random.Generator) -> Problem:
    """data["program"]: (operation, first, second) per node; operation numbers as in `OPERATIONS`.

    A node takes one of the `SINKS` youngest values that nothing used yet, and any other value, so
    that all nodes lead to the result; what is left unused at the end is added up.
    """
    leaves = {f"x{k}": _normal(rng, WIDTH) for k in range(SINKS)}
    program, unused = [], list(range(SINKS))
    while len(program) < NODES - SINKS:
        operation = int(rng.choice(len(OPERATIONS), p=SHARES))
        first = unused.pop(int(rng.integers(len(unused))))
        second = int(rng.integers(SINKS + len(program))) if operation < BINARY else -1
        if second in unused and len(unused) > SINKS // 2:
            unused.remove(second)
        unused.append(SINKS + len(program))
        program.append((operation, first, second))
    while len(program) < NODES:
        first, second = unused.pop(0), unused.pop(0) if len(unused) else 0
        unused.append(SINKS + len(program))
        program.append((0, first, second))
    return Problem(leaves, {"program": program})


#: Operations of the random graph; the first `BINARY` take two values.
OPERATIONS = ("add", "sub", "mul", "tanh", "sin")
SHARES = (0.2, 0.15, 0.15, 0.25, 0.25)
BINARY = 3

_MAKERS: dict[str, Callable[[np.random.Generator], Problem]] = {
    "a": _scalar_chain,
    "b": _mlp(64, 128, 10, batch=32),
    "c": _mlp(784, 1024, 1024, 10, batch=256),
    "d": _rnn,
    "e": _attention,
    "f": _elementwise,
    "g": _random_dag,
}
