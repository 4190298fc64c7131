"""What a tensor prints as inside of transforms: a wrapper for each map and each gradient."""

from __future__ import annotations

import textwrap
from typing import Any

from engine.autograd import node as graph
from engine.autograd.node import AccumulateGrad, Port
from engine.ops.nodes import output_tensor
from engine.printing import tensor_repr
from engine.tensor import Tensor

from .levels import BatchedTensor, Gradient, nesting


def shown(t: Any) -> str:
    """The text of a tensor, with the transforms that it takes part in."""
    layers: list[tuple[int, str]] = []
    while True:
        gradients = [
            i for i, g in enumerate(nesting, 1) if type(g) is Gradient and _comes_from(t, g)
        ]
        layers += [(i, f"GradTrackingTensor(lvl={i}, value=") for i in gradients]
        if type(t) is not BatchedTensor:
            break
        a = t._a
        value, dim = (a.value, 0) if a.given is None else a.given
        if a.mapped:
            i = nesting.index(a.level) + 1 if a.level in nesting else a.level
            layers.append((i, f"BatchedTensor(lvl={i}, bdim={dim}, value="))
        t = value
    text = tensor_repr(output_tensor(None, 0, t._a, t._s, t._d) if gradients else t)
    for _, title in sorted(layers):
        text = f"{title}\n{textwrap.indent(text, '    ')}\n)"
    return text


def _comes_from(t: Any, gradient: Gradient) -> bool:
    """Whether a tensor was computed from what a gradient is taken by."""
    if t._g is None:
        return False
    own = {graph.edge(o) for o in gradient.own if isinstance(o, Tensor) and o._g is not None}
    front = [graph.edge(t)]
    seen = set(front)
    while front:
        n = front.pop()
        if n in own or (type(n) is Port and n.node in own):
            return True
        if isinstance(n, AccumulateGrad):
            continue
        new = [e for e in n.edges if e is not None and e not in seen]
        seen.update(new)
        front.extend(new)
    return False
