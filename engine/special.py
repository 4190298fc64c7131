"""torch.special."""

from __future__ import annotations

import math
from typing import Any

from engine import later
from engine.ops import special as raw
from engine.ops.api import FUNCTIONS, functional
from engine.ops.guards import in_namespace
from engine.ops.table import GRAPH, OPS, TO_FLOAT, define

_SAME = {
    "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "expm1": "expm1", "exp2": "exp2", "log1p": "log1p",
    "digamma": "digamma", "psi": "digamma", "gammaln": "lgamma", "expit": "sigmoid", "logit": "logit",
    "logsumexp": "logsumexp", "i0": "i0", "sinc": "sinc", "round": "round", "softmax": "softmax",
    "log_softmax": "log_softmax", "xlogy": "xlogy", "polygamma": "polygamma",
}  # fmt: skip
gammainc = FUNCTIONS["igamma"]
globals().update({name: FUNCTIONS[target] for name, target in _SAME.items()})


def _row(name: str, forward: Any, vjp: Any, doc: str) -> Any:
    op = define(f"special_{name}(self)", forward, TO_FLOAT, family="pointwise", doc=doc, self=vjp)
    call = functional(op)
    setattr(GRAPH, op.name, call)
    return call


i0e = _row(
    "i0e",
    raw.i0e,
    lambda F, g, self, result: g * (F.special_i1e(self) - F.sgn(self) * result),
    doc="exp(-|x|) i0(x), which does not overflow.",
)
i1 = functional(OPS["special_i1"])
i1e = _row(
    "i1e",
    raw.i1e,
    lambda F, g, self, result: (
        g * (F.special_i0e(self) - result * (F.sgn(self) + F.reciprocal(self)))
    ),
    doc="exp(-|x|) i1(x), which does not overflow.",
)
ndtr = _row(
    "ndtr",
    raw.ndtr,
    lambda F, g, self: g * F.exp(-(self * self) / 2) / math.sqrt(2 * math.pi),
    doc="The area under the standard normal curve up to x.",
)
ndtri = _row(
    "ndtri",
    raw.ndtri,
    lambda F, g, result: g * F.exp(result * result / 2) * math.sqrt(2 * math.pi),
    doc="Where the area under the standard normal curve is x.",
)
log_ndtr = _row(
    "log_ndtr",
    raw.log_ndtr,
    lambda F, g, self, result: g * F.exp(-(self * self) / 2 - result) / math.sqrt(2 * math.pi),
    doc="log(ndtr(x)), exact for large negative x.",
)
erfcx = _row(
    "erfcx",
    raw.erfcx,
    lambda F, g, self, result: g * (2 * self * result - 2 / math.sqrt(math.pi)),
    doc="exp(x²) erfc(x), which does not underflow.",
)
entr = _row(
    "entr",
    lambda a: _entr(a),
    lambda F, g, self: g * (-F.log(self) - 1),
    doc="-x log(x), 0 at 0 and -inf below.",
)


def _entr(a: Any) -> Any:
    import numpy as np

    return np.where(a > 0, -a * np.log(np.where(a > 0, a, 1)), np.where(a == 0, 0, -np.inf)).astype(
        a.dtype
    )[()]


def xlog1py(input: Any, other: Any) -> Any:
    """input * log1p(other), and 0 where input is 0."""
    return FUNCTIONS["where"](input == 0, 0.0, input * FUNCTIONS["log1p"](other))


def multigammaln(a: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension p."""
    total = p * (p - 1) / 4 * math.log(math.pi)
    return total + sum((FUNCTIONS["lgamma"](a - j / 2) for j in range(p)), 0)


in_namespace("special_", globals())


def __getattr__(name: str) -> Any:
    return later.load(__name__, {}, name)
