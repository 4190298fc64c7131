"""torch.special."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from engine import later
from engine.ops import bessel
from engine.ops import special as raw
from engine.ops.api import FUNCTIONS, functional
from engine.ops.guards import in_namespace
from engine.ops.orthogonal import POLYNOMIALS
from engine.ops.table import GRAPH, OPS, PROMOTE_FLOAT, TO_FLOAT, define, run
from engine.tensor import Tensor

_SAME = {
    "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "expm1": "expm1", "exp2": "exp2", "log1p": "log1p",
    "digamma": "digamma", "psi": "digamma", "gammaln": "lgamma", "expit": "sigmoid", "logit": "logit",
    "logsumexp": "logsumexp", "i0": "i0", "sinc": "sinc", "round": "round", "softmax": "softmax",
    "log_softmax": "log_softmax", "xlogy": "xlogy", "polygamma": "polygamma",
}  # fmt: skip
gammainc, gammaincc = FUNCTIONS["igamma"], FUNCTIONS["igammac"]
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


def _i1e_slope(F: Any, x: Any, result: Any) -> Any:
    """i0e(x) - i1e(x) (sgn(x) + 1 / x), and ½ at 0."""
    away = F.abs(x) > float(np.finfo(F.elements(x).dtype).eps)
    safe = F.where(away, x, F.ones_like(x))
    slope = F.special_i0e(safe) - result * (F.sgn(safe) + F.reciprocal(safe))
    return F.where(away, slope, F.ones_like(x) * 0.5)


i1 = functional(OPS["special_i1"])
i1e = _row(
    "i1e",
    raw.i1e,
    lambda F, g, self, result: g * _i1e_slope(F, self, result),
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

    outside = np.where(a == 0, 0, np.where(np.isnan(a), np.nan, -np.inf))
    return np.where(a > 0, -a * np.log(np.where(a > 0, a, 1)), outside).astype(a.dtype)[()]


def _xlog1py(a: Any, b: Any) -> Any:
    import numpy as np

    return np.where((a == 0) & ~np.isnan(b), 0, a * np.log1p(b)).astype(np.result_type(a, b))[()]


_XLOG1PY = define(
    "special_xlog1py(self, other)", _xlog1py, PROMOTE_FLOAT, family="pointwise",
    doc="input * log1p(other), and 0 where input is 0.",
    node="SpecialXlog1PyBackward0",
    self=lambda F, g, self, other: (
        g * F.where((self == 0) & (other <= -1), F.zeros_like(g), F.log1p(other))
    ),
    other=lambda F, g, self, other: g * self / (other + 1),
)  # fmt: skip


def xlog1py(input: Any, other: Any) -> Any:
    """input * log1p(other), and 0 where input is 0."""
    if not isinstance(input, Tensor):
        input = FUNCTIONS["tensor"](input, dtype=other._d)
    if not isinstance(other, Tensor):
        other = FUNCTIONS["tensor"](other, dtype=input._d)
    return run(_XLOG1PY, [input, other])


def multigammaln(a: Any, p: int) -> Any:
    """The logarithm of the multivariate gamma function of dimension p."""
    return FUNCTIONS["mvlgamma"](a, p)


def _no_slope(F: Any, g: Any) -> Any:
    raise NotImplementedError("the derivative for 'zeta' is not implemented.")


_ZETA = define(
    "special_zeta(self, other)", raw.zeta, PROMOTE_FLOAT, family="pointwise",
    doc="The Hurwitz zeta function: the sum of (other + k)^-input over k = 0, 1, ...",
    self=_no_slope,
    other=lambda F, g, self, other: g * -self * F.special_zeta(self + 1, other),
)  # fmt: skip


def zeta(input: Any, other: Any) -> Any:
    """The Hurwitz zeta function: the sum of (other + k)^-input over k = 0, 1, ..."""
    if not isinstance(input, Tensor):
        input = FUNCTIONS["tensor"](input, dtype=other._d)
    if not isinstance(other, Tensor):
        other = FUNCTIONS["tensor"](other, dtype=input._d)
    return run(_ZETA, [input, other])


#: Functions without a derivative: the name, the row's forward and what a person gets.
_BESSEL = {
    "airy_ai": (bessel.airy_ai, "The Airy function Ai."),
    "bessel_j0": (bessel.j0, "The Bessel function of the first kind, of order 0."),
    "bessel_j1": (bessel.j1, "The Bessel function of the first kind, of order 1."),
    "bessel_y0": (bessel.y0, "The Bessel function of the second kind, of order 0."),
    "bessel_y1": (bessel.y1, "The Bessel function of the second kind, of order 1."),
    "modified_bessel_i0": (raw.i0, "The modified Bessel function of the first kind, of order 0."),
    "modified_bessel_i1": (raw.i1, "The modified Bessel function of the first kind, of order 1."),
    "modified_bessel_k0": (
        bessel.k0,
        "The modified Bessel function of the second kind, of order 0.",
    ),
    "modified_bessel_k1": (
        bessel.k1,
        "The modified Bessel function of the second kind, of order 1.",
    ),
    "scaled_modified_bessel_k0": (bessel.scaled_k0, "exp(x) K0(x)."),
    "scaled_modified_bessel_k1": (bessel.scaled_k1, "exp(x) K1(x)."),
    "spherical_bessel_j0": (bessel.spherical_j0, "sin(x) / x, and 1 at 0."),
}
for _name, (_forward, _words) in _BESSEL.items():
    globals()[_name] = functional(
        define(f"special_{_name}(self)", _forward, TO_FLOAT, family="pointwise", doc=_words)
    )


def _polynomial(name: str, forward: Any) -> Any:
    row = define(
        f"special_{name}(self, n)", forward, PROMOTE_FLOAT, family="pointwise",
        doc="The polynomial of degree n, broadcast; 0 for negative degrees.",
    )  # fmt: skip

    def call(input: Any, n: Any, *, out: Any = None) -> Any:
        if not isinstance(input, Tensor):
            input = FUNCTIONS["tensor"](input, dtype=n._d)
        if not isinstance(n, Tensor):
            n = FUNCTIONS["tensor"](n, dtype=input._d)
        return run(row, [input, n])

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The {name.replace('_', ' ')} of degree n, by element."
    return call


for _name, _values in POLYNOMIALS.items():
    globals()[_name] = _polynomial(_name, _values)

in_namespace("special_", globals())


def __getattr__(name: str) -> Any:
    return later.load(__name__, {}, name)
