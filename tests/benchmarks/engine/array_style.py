"""The programs as a person writes them for a library that differentiates NumPy's functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from tests.benchmarks.engine import problems
from tests.benchmarks.engine.problems import Array, B, D, H, T

Value = Any


class Library(Protocol):
    """`np`: its NumPy; the others: its own functions, or what its examples write out."""

    np: Any

    def relu(self, x: Value) -> Value: ...
    def softmax(self, x: Value) -> Value: ...
    def cross_entropy(self, logits: Value, target: Array) -> Value: ...


def scalar_chain(library: Library, x: Value, w: Value) -> Value:
    sin, y = library.np.sin, x
    for _ in range(problems.CYCLES):
        y = y * w
        y = y + x
        y = sin(y)
    return y * w


def mlp(library: Library, *parameters: Value, x: Array, target: Array) -> Value:
    h: Value = x
    for k in range(0, len(parameters) - 2, 2):
        h = library.relu(h @ parameters[k].T + parameters[k + 1])
    return library.cross_entropy(h @ parameters[-2].T + parameters[-1], target)


def rnn(library: Library, wx: Value, wh: Value, b: Value, x: Array) -> Value:
    tanh = library.np.tanh
    h: Value = library.np.zeros((problems.BATCH, problems.HIDDEN), x.dtype)
    for t in range(problems.STEPS):
        h = tanh(x[t] @ wx + h @ wh + b)
    return h.sum()


def attention(
    library: Library, x: Value, gain: Value, shift: Value, wq: Value, bq: Value, wk: Value,
    bk: Value, wv: Value, bv: Value, wo: Value, bo: Value,
) -> Value:  # fmt: skip
    np = library.np
    centred = x - np.mean(x, axis=-1, keepdims=True)
    variance = np.mean(centred * centred, axis=-1, keepdims=True)
    h = centred / np.sqrt(variance + 1e-5) * gain + shift
    q, k, v = (
        np.swapaxes(np.reshape(h @ weight.T + bias, (B, T, H, D)), 1, 2)
        for weight, bias in ((wq, bq), (wk, bk), (wv, bv))
    )
    weights = library.softmax(q @ np.swapaxes(k, -2, -1) / D**0.5)
    mixed = np.reshape(np.swapaxes(weights @ v, 1, 2), (B, T, H * D))
    y = x + (mixed @ wo.T + bo)
    return np.mean(y * y)


def elementwise(library: Library, x: Value, w: Value) -> Value:
    np = library.np
    y = np.tanh(x * w + x)
    y = np.sin(y * w)
    return np.sum(np.exp(y))


def random_dag(library: Library, *values: Value, program: list[tuple[int, int, int]]) -> Value:
    np = library.np
    operations = (np.add, np.subtract, np.multiply, np.tanh, np.sin)
    known = list(values)
    for number, first, second in program:
        if second < 0:
            known.append(operations[number](known[first]))
        else:
            known.append(operations[number](known[first], known[second]))
    return known[-1].sum()


FORWARD: dict[str, Callable[..., Value]] = {
    "a": scalar_chain,
    "b": mlp,
    "c": mlp,
    "d": rnn,
    "e": attention,
    "f": elementwise,
    "g": random_dag,
}
