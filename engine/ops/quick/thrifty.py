"""How steps put large results into memory that nobody needs any more.

That is the memory of the gradient `g` that a step takes, of a saved value which is freed there, or of
what the step has just made. Whether nobody else refers to an array is seen by its references.
"""

from __future__ import annotations

import re
import sys
from typing import Any

import numpy as np

#: Elements of an array from which on memory is used again rather than asked for.
LARGE = 1 << 13
_PRODUCT = re.compile(r"^( *)(\w+) = g \* (\w+|\w*\([^()]*(?:\([^()]*\)[^()]*)*\))$", re.M)
_SUM = re.compile(r"^( *)(\w+)\._got = old \+ (\w+)$", re.M)
_FACTOR = re.compile(r"g \* \((.*)\)")
_CALL = re.compile(r"(\w+)\((\w+)\)")
_SQUARE = re.compile(r"(\w+) \* \1")


def thrifty(body: str) -> str:
    """A step's lines, where the last product of `g` may take its memory, if only the step refers to
    it (so the count of references is 2); and its `sums`."""
    products = [*_PRODUCT.finditer(body)]
    if products:
        last = products[-1]
        pad, v, factor = last.groups()
        tail = body[last.end() :]
        if "g *" not in tail and "(g" not in tail and " g" not in tail:
            product = f"""{pad}if g.__class__ is ndarray and g.size >= LARGE and getrefcount(g) == 2 and g.base is None:
{pad}    {v} = within(g, {factor})
{pad}else:
{pad}    {v} = g * {factor}"""
            body = body[: last.start()] + product + tail
    return sums(body)


def sums(body: str) -> str:
    """A step's lines, where a sum may take the memory of a gradient which was just made."""
    return _SUM.sub(
        r"\1\2._got = old + \3 if \3.__class__ is not ndarray or \3.size < LARGE else joined(old, \3)",
        body,
    )


def spared(formula: str, saved: str, calls: dict[str, Any]) -> str | None:
    """The lines for a large product of `g` and a function of the `saved` value, whose memory the
    step may use as well; None where the formula is another one. `calls` gets what they call."""
    found = _FACTOR.fullmatch(formula)
    if found is None:
        return None
    factor, fresh = found[1], "True"
    call, square = _CALL.search(factor), _SQUARE.search(factor)
    if factor == saved:
        fresh = "spare is not None"
    elif square is not None and square[1] == saved:
        factor = factor.replace(square[0], f"multiply({saved}, {saved}, spare)")
    elif call is not None and call[2] == saved and hasattr(calls.get(call[1]), "ufunc"):
        calls["ufunc"] = calls[call[1]].ufunc
        factor = factor.replace(call[0], f"ufunc({saved}, spare)")
    else:
        return None
    if len(re.findall(rf"\b{saved}\b", factor)) > (2 if square else 1):
        return None
    return f"""
self.{saved} = None
spare = {saved} if getrefcount({saved}) == 2 and {saved}.base is None else None
own = g if getrefcount(g) == 2 and g.base is None else None
v = product(g, {factor}, own, {fresh})"""


def within(g: Any, factor: Any) -> Any:
    """g * factor in the memory of `g`, if the product fits into it."""
    if type(factor) is np.ndarray and (factor.shape != g.shape or factor.dtype is not g.dtype):
        return g * factor
    return np.multiply(g, factor, g)


def product(g: Any, factor: Any, own: Any, fresh: bool) -> Any:
    """g * factor, in the memory of `own`, which is `g` or None, or else in that of a fresh factor."""
    if type(factor) is not np.ndarray or factor.shape != g.shape or factor.dtype is not g.dtype:
        return g * factor
    if own is not None or not fresh:
        return np.multiply(g, factor, own)
    if not any(g.strides) and g.item(0) == 1:  # as of a sum
        return factor
    return np.multiply(g, factor, factor)


def joined(old: Any, v: Any) -> Any:
    """old + v, in the memory of `v` if the caller alone refers to it."""
    if sys.getrefcount(v) == 3 and v.base is None and v.shape == old.shape:
        return np.add(old, v, v)
    return old + v
