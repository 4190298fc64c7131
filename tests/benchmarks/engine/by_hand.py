"""The programs with their gradients written out in NumPy, as somebody would who knows it well.

A forward pass keeps what its backward pass needs; memory that nobody needs any more is used again.
Like the programs, they take the steps of the network one at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.benchmarks.engine import problems
from tests.benchmarks.engine.problems import Array, B, D, H, T

Gradients = list[Array]


def scalar_chain(x: Array, w: Array) -> Gradients:
    a, b = np.float32(x), np.float32(w)
    sin, cos = np.sin, np.cos
    before, inside = [], []  # of each cycle: what is multiplied, and the argument of the sine
    y = a
    for _ in range(problems.CYCLES):
        before.append(y)
        z = y * b + a
        inside.append(z)
        y = sin(z)
    _result = y * b
    g, ga, gb = b, np.float32(0), y
    for y, z in zip(reversed(before), reversed(inside), strict=True):
        g = g * cos(z)
        ga += g
        gb += g * y
        g = g * b
    return [ga + g, gb]


def mlp(*parameters: Array, x: Array, target: Array) -> Gradients:
    weights, biases = parameters[::2], parameters[1::2]
    inputs, h = [], x
    for weight, bias in zip(weights, biases, strict=True):
        inputs.append(h)
        h = h @ weight.T
        h += bias
        if len(inputs) < len(weights):
            np.maximum(h, 0, out=h)
    rows = np.arange(len(x))
    h -= h.max(axis=1, keepdims=True)
    picked = h[rows, target]
    np.exp(h, out=h)
    total = h.sum(axis=1, keepdims=True)
    _loss = (np.log(total[:, 0]) - picked).mean()
    g = h
    g /= total
    g[rows, target] -= 1
    g /= len(x)
    gradients: Gradients = []
    for weight, h in zip(reversed(weights), reversed(inputs), strict=True):
        gradients += [g.sum(axis=0), g.T @ h]
        if h is not x:
            g = g @ weight
            g *= h > 0
    return gradients[::-1]


def rnn(wx: Array, wh: Array, b: Array, x: Array) -> Gradients:
    h = np.zeros((problems.BATCH, problems.HIDDEN), np.float32)
    states = [h]
    for t in range(problems.STEPS):
        h = x[t] @ wx
        h += states[-1] @ wh
        h += b
        np.tanh(h, out=h)
        states.append(h)
    _loss = h.sum()
    gx, gh, gb = np.zeros_like(wx), np.zeros_like(wh), np.zeros_like(b)
    g, back = np.ones_like(h), wh.T
    for t in reversed(range(problems.STEPS)):
        h = states[t + 1]
        g *= 1 - h * h
        gx += x[t].T @ g
        gh += states[t].T @ g
        gb += g.sum(axis=0)
        g = g @ back
    return [gx, gh, gb]


def attention(
    x: Array, gain: Array, shift: Array, wq: Array, bq: Array, wk: Array, bk: Array,
    wv: Array, bv: Array, wo: Array, bo: Array,
) -> Gradients:  # fmt: skip
    width, scale = H * D, np.float32(D**-0.5)
    rows = x.reshape(B * T, width)
    normal = rows - rows.mean(axis=1, keepdims=True)
    spread = 1 / np.sqrt(np.square(normal).mean(axis=1, keepdims=True) + np.float32(1e-5))
    normal *= spread
    h = normal * gain
    h += shift

    q, k, v = _project(h, wq, bq), _project(h, wk, bk), _project(h, wv, bv)
    q *= scale
    p = q @ k.swapaxes(2, 3)
    p -= p.max(axis=3, keepdims=True)
    np.exp(p, out=p)
    p /= p.sum(axis=3, keepdims=True)
    mixed = (p @ v).swapaxes(1, 2).reshape(B * T, width)
    y = mixed @ wo.T
    y += bo
    y += rows
    _loss = np.vdot(y, y) / y.size

    gy = y
    gy *= np.float32(2 / y.size)
    gwo, gbo = gy.T @ mixed, gy.sum(axis=0)
    gmixed = (gy @ wo).reshape(B, T, H, D).swapaxes(1, 2)
    gv = p.swapaxes(2, 3) @ gmixed
    gp = gmixed @ v.swapaxes(2, 3)
    gp *= p
    p *= gp.sum(axis=3, keepdims=True)
    gp -= p
    gk = gp.swapaxes(2, 3) @ q
    gq = gp @ k
    gq *= scale
    flat_q, flat_k, flat_v = (g.swapaxes(1, 2).reshape(B * T, width) for g in (gq, gk, gv))
    gh = flat_q @ wq
    gh += flat_k @ wk
    gh += flat_v @ wv

    ggain, gshift = (gh * normal).sum(axis=0), gh.sum(axis=0)
    gh *= gain
    mean = gh.mean(axis=1, keepdims=True)
    along = (gh * normal).mean(axis=1, keepdims=True)
    gh -= mean
    normal *= along
    gh -= normal
    gh *= spread
    gh += gy
    projections = [(g.T @ h, g.sum(axis=0)) for g in (flat_q, flat_k, flat_v)]
    pairs = [array for pair in projections for array in pair]
    return [gh.reshape(x.shape), ggain, gshift, *pairs, gwo, gbo]


def _project(h: Array, weight: Array, bias: Array) -> Array:
    """(rows, width) → (B, H, T, D)"""
    out = h @ weight.T
    out += bias
    return out.reshape(B, T, H, D).swapaxes(1, 2)


def elementwise(x: Array, w: Array) -> Gradients:
    y = x * w
    y += x
    np.tanh(y, out=y)
    z = y * w
    result = np.sin(z)
    np.exp(result, out=result)
    _loss = result.sum()
    g = np.cos(z, out=z)
    g *= result
    gw = np.multiply(g, y, out=result)
    g *= w
    y *= y
    np.subtract(1, y, out=y)
    g *= y
    gw += np.multiply(g, x, out=y)
    gx = np.multiply(g, w, out=y)
    gx += g
    return [gx, gw]


def random_dag(*values: Array, program: list[tuple[int, int, int]]) -> Gradients:
    operations = (np.add, np.subtract, np.multiply, np.tanh, np.sin)
    known = list(values)
    for number, first, second in program:
        if second < 0:
            known.append(operations[number](known[first]))
        else:
            known.append(operations[number](known[first], known[second]))
    _result = known[-1].sum()
    return _random_dag_backward(known, len(values), program)


def _random_dag_backward(
    known: list[Array], leaves: int, program: list[tuple[int, int, int]]
) -> Gradients:
    cos = np.cos
    gradients: list[Array | None] = [None] * len(known)
    gradients[-1] = np.ones_like(known[-1])
    for at in range(len(program) - 1, -1, -1):
        g = gradients[leaves + at]
        if g is None:
            continue
        number, first, second = program[at]
        if number == 0:
            to_first = to_second = g
        elif number == 1:
            to_first, to_second = g, -g
        elif number == 2:
            to_first, to_second = g * known[second], g * known[first]
        elif number == 3:
            y = known[leaves + at]
            to_first = g * (1 - y * y)
        else:
            to_first = g * cos(known[first])
        old = gradients[first]
        gradients[first] = to_first if old is None else old + to_first
        if second >= 0:
            old = gradients[second]
            gradients[second] = to_second if old is None else old + to_second
    return gradients[:leaves]  # type: ignore[return-value]


GRADIENTS: dict[str, Callable[..., Gradients]] = {
    "a": scalar_chain,
    "b": mlp,
    "c": mlp,
    "d": rnn,
    "e": attention,
    "f": elementwise,
    "g": random_dag,
}
