"""Orthogonal polynomials by their recurrences: p_{k+1} from p_k and p_{k-1}, degree by element."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Raw = Any
_Next = Callable[[Raw, int, Raw, Raw], Raw]


def _polynomial(first: Callable[[Raw], Raw], following: _Next, shifted: bool = False) -> Any:
    """The polynomials that begin with 1 and `first`; 0 for negative degrees."""

    def values(x: Raw, n: Raw) -> Raw:
        kind = np.result_type(x, n)
        x, n = np.broadcast_arrays(np.asarray(x, kind), np.asarray(n, kind))
        x = x + x - 1 if shifted else x
        degree = np.trunc(n).astype(np.int64)
        before, now = np.ones_like(x), np.asarray(first(x), kind)
        out = np.where(degree < 0, 0, np.where(degree == 0, before, now)).astype(kind)
        with np.errstate(all="ignore"):
            for k in range(1, int(degree.max(initial=0))):
                before, now = now, np.asarray(following(x, k, now, before), kind)
                out = np.where(degree == k + 1, now, out)
        return out[()]

    return values


def _chebyshev(x: Raw, k: int, now: Raw, before: Raw) -> Raw:
    return (x + x) * now - before


_FIRST: dict[str, Callable[[Raw], Raw]] = {
    "t": lambda x: x,
    "u": lambda x: x + x,
    "v": lambda x: x + x - 1,
    "w": lambda x: x + x + 1,
}
#: By the names of torch.special.
POLYNOMIALS: dict[str, Callable[[Raw, Raw], Raw]] = {
    **{f"chebyshev_polynomial_{k}": _polynomial(f, _chebyshev) for k, f in _FIRST.items()},
    **{
        f"shifted_chebyshev_polynomial_{k}": _polynomial(f, _chebyshev, shifted=True)
        for k, f in _FIRST.items()
    },
    "hermite_polynomial_h": _polynomial(
        lambda x: x + x, lambda x, k, now, before: (x + x) * now - 2 * k * before
    ),
    "hermite_polynomial_he": _polynomial(
        lambda x: x, lambda x, k, now, before: x * now - k * before
    ),
    "laguerre_polynomial_l": _polynomial(
        lambda x: 1 - x,
        lambda x, k, now, before: ((2 * k + 1 - x) * now - k * before) / (k + 1),
    ),
    "legendre_polynomial_p": _polynomial(
        lambda x: x, lambda x, k, now, before: ((2 * k + 1) * x * now - k * before) / (k + 1)
    ),
}
