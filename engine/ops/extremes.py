"""Largest, smallest, where they are; and all, any."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np

from engine import errors
from engine.dtype import COMPLEX, FLOAT
from engine.formats import only_text
from engine.ops.api import expose, into, publish
from engine.ops.helpers import axes, axis, expand_dims
from engine.ops.table import GRAPH, OPS, RAW, define, run
from engine.tensor import Tensor

Raw = Any


def returns(name: str, fields: str) -> Callable[[tuple[Any, ...]], Any]:
    """A named tuple type as PyTorch shows it: torch.return_types.max(...)."""
    kind = namedtuple(name, fields)  # type: ignore[misc]

    def show(self: Any) -> str:
        items = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
        return f"torch.return_types.{name}(\n{items})"

    def lacks(self: Any, attribute: str) -> Any:
        raise AttributeError(f"'torch.return_types.{name}' object has no attribute '{attribute}'")

    kind.__getattr__ = lacks  # type: ignore[attr-defined]
    kind.__repr__ = show  # type: ignore[method-assign]
    kind.__format__ = only_text(f"torch.return_types.{name}")  # type: ignore[method-assign]
    kind.__module__ = "torch.return_types"
    return lambda out: kind(*out)


def _even(F: Any, g: Any, self: Any, result: Any) -> Any:
    """Spread over all places that hold the extreme value, evenly."""
    mask = (self == result) | (F.isnan(self) & F.isnan(result))
    share = F.bool_to(mask, g)
    return share * (g / share.sum())


def _even_dim(
    F: Any, g: Any, self: Any, result: Any, self_sizes: Any, dim: Any, keepdim: bool
) -> Any:
    n = len(self_sizes)
    dims = axes(dim, n)
    result, g = expand_dims(result, dims, n, keepdim), expand_dims(g, dims, n, keepdim)
    share = F.bool_to(self == result, g)
    return share * g / F.sum(share, list(dims), True)


def _nanless(fn: Any) -> Any:
    def call(a: Raw) -> Raw:
        if not np.size(a):
            raise RuntimeError(
                f"{fn.__name__}(): Expected reduction dim to be specified for input.numel() == 0. Specify the "
                "reduction dim with the 'dim' argument."
            )
        return fn(a)

    return call


def _pick(F: Any, g: Any, self_sizes: Any, result1: Any, dim: int, keepdim: bool) -> Any:
    return F.put_along(g, result1, self_sizes, dim, keepdim)


def _put_along(g: Raw, index: Raw, sizes: Any, dim: int, keepdim: bool) -> Raw:
    out = np.zeros(sizes, g.dtype)
    if not len(sizes):
        return g
    if not keepdim:
        g, index = np.expand_dims(g, dim), np.expand_dims(index, dim)
    np.put_along_axis(out, index, g, dim)
    return out


def _take_along(a: Raw, index: Raw, dim: int, keepdim: bool) -> Raw:
    if not np.ndim(a):
        return a
    if keepdim:
        return np.take_along_axis(a, index, dim)
    return np.take_along_axis(a, np.expand_dims(index, dim), dim).squeeze(dim)


PUT_ALONG = define(
    "_put_along(self, index, sizes, dim, keepdim)",
    _put_along,
    family="indexing",
    key="put_along",
    node="ScatterBackward0",
    self=lambda F, g, index, dim, keepdim: F.take_along(g, index, dim, keepdim),
)
TAKE_ALONG = define(
    "_take_along(self, index, dim, keepdim)",
    _take_along,
    family="indexing",
    key="take_along",
    self=lambda F, g, index, self_sizes, dim, keepdim: F.put_along(
        g, index, self_sizes, dim, keepdim
    ),
)


def need_elements(name: str, a: Raw, dim: int) -> None:
    if np.ndim(a) and a.shape[dim] == 0:
        raise IndexError(f"{name}(): Expected reduction dim {dim} to have non-zero size.")


def _along(name: str, find: Any) -> Callable[..., tuple[Raw, Raw]]:
    def call(a: Raw, dim: int, keepdim: bool = False) -> tuple[Raw, Raw]:
        if not np.ndim(a):
            return np.array(a), np.array(0)
        need_elements(name, a, dim)
        i = _first(a, find, dim)
        v = np.take_along_axis(a, np.expand_dims(i, dim), dim)
        return (v, np.expand_dims(i, dim)) if keepdim else (v.squeeze(dim), i)

    return call


def _first(a: Raw, find: Any, dim: int) -> Raw:
    return np.asarray(find(a, axis=dim))  # NumPy finds the first; nan counts as the extreme


MAX_ALL = define(
    "max(self)",
    _nanless(np.max),
    family="reduction",
    key="max_all",
    node="MaxBackward1",
    self=_even,
)
MIN_ALL = define(
    "min(self)",
    _nanless(np.min),
    family="reduction",
    key="min_all",
    node="MinBackward1",
    self=_even,
)
MAX_DIM = define(
    "max(self, dim, keepdim=False)",
    _along("max", np.argmax),
    family="reduction",
    node="MaxBackward0",
    pack=returns("max", "values indices"),
    self=_pick,
    key="max_dim",
)
MIN_DIM = define(
    "min(self, dim, keepdim=False)",
    _along("min", np.argmin),
    family="reduction",
    node="MinBackward0",
    pack=returns("min", "values indices"),
    self=_pick,
    key="min_dim",
)


def _over(fn: Any) -> Callable[..., Raw]:
    def call(a: Raw, dim: Any = (), keepdim: bool = False) -> Raw:
        dims = axes(dim, np.ndim(a))
        given = (
            dim if isinstance(dim, (list, tuple)) and dim else [dim] if type(dim) is int else dims
        )
        for d in given:
            need_elements(fn.__name__, a, d)
        return fn(np.asarray(a), axis=dims, keepdims=keepdim)

    return call


def amax(a: Raw, **k: Any) -> Raw:
    return np.amax(a, **k)


def amin(a: Raw, **k: Any) -> Raw:
    return np.amin(a, **k)


AMAX = define(
    "amax(self, dim=None, keepdim=False)",
    _over(amax),
    family="reduction",
    self=_even_dim,
    doc="The largest elements over `dim`; equal ones share the gradient.",
)
AMIN = define(
    "amin(self, dim=None, keepdim=False)",
    _over(amin),
    family="reduction",
    self=_even_dim,
    doc="The smallest elements over `dim`; equal ones share the gradient.",
)


def _whole(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        if values[1] in (None, (), []) and not values[0]._s.numel():
            raise RuntimeError(
                f"{name}(): Expected reduction dim to be specified for input.numel() == 0. Specify the reduction "
                "dim with the 'dim' argument."
            )

    return check


expose(AMAX, check=_whole("amax"))
expose(AMIN, check=_whole("amin"))


def _aminmax(a: Raw, dim: Any = None, keepdim: bool = False) -> tuple[Raw, Raw]:
    if dim is None and not np.size(a):
        raise RuntimeError(
            "aminmax(): cannot compute aminmax over an empty dimension as the operation has no identity."
        )
    dims = None if dim is None else axes(dim, np.ndim(a))
    for d in dims or ():
        if not a.shape[d]:
            raise IndexError(f"aminmax: Expected reduction dim {d} to have non-zero size.")
    return np.min(a, axis=dims, keepdims=keepdim), np.max(a, axis=dims, keepdims=keepdim)


def _aminmax_vjp(
    F: Any, g: Any, self: Any, result0: Any, result1: Any, self_sizes: Any, dim: Any, keepdim: bool
) -> Any:
    parts = [
        _even_dim(F, v, self, r, self_sizes, dim, keepdim)
        for v, r in zip(g, (result0, result1), strict=True)
        if v is not None
    ]
    return parts[0] if len(parts) == 1 else parts[0] + parts[1]


expose(
    define(
        "aminmax(self, *, dim=None, keepdim=False)",
        _aminmax,
        family="reduction",
        outputs=2,
        pack=returns("aminmax", "min max"),
        self=_aminmax_vjp,
        doc="Smallest and largest element, over all or along `dim`.",
    )
)


def _extreme(name: str, whole: Any, some: Any, pair: str) -> Any:
    def call(
        input: Any,
        dim: Any = None,
        keepdim: bool = False,
        *,
        other: Any = None,
        axis: Any = None,
        keepdims: Any = None,
        out: Any = None,
    ) -> Any:
        dim = axis if axis is not None else dim
        keepdim = keepdim if keepdims is None else keepdims
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}() received an invalid combination of arguments - got ({', '.join(type(v).__name__ for v in (input, dim) if v is not None)}), but expected one of:"
            )
        if input._d.category == COMPLEX:
            raise errors.not_implemented(
                f"{name}_all" if dim is None else f"{name}_cpu", input._d.display
            )
        other = dim if isinstance(dim, Tensor) else other
        if other is not None:
            return (
                run(OPS[pair], [input, other])
                if out is None
                else into(name, out, lambda: run(OPS[pair], [input, other]), [input])
            )
        if dim is None:
            return run(whole, [input])
        d = _axis(dim, len(input._s))
        if out is not None:
            return into(name, out, lambda: run(some, [input, d, keepdim]), [input])
        return run(some, [input, d, keepdim])

    call.__name__ = name
    return call


_axis = axis
publish(
    "max",
    _extreme("max", MAX_ALL, MAX_DIM, "maximum"),
    doc="The largest element, or the largest along `dim` and their places; or of two tensors.",
)
publish(
    "min",
    _extreme("min", MIN_ALL, MIN_DIM, "minimum"),
    doc="The smallest element, or the smallest along `dim` and their places; or of two tensors.",
)


def _arg(fn: Any, name: str, doc: str) -> None:
    def forward(a: Raw, dim: Any = None, keepdim: bool = False) -> Raw:
        a = np.asarray(a)
        if dim is None:
            if not a.size:
                raise IndexError(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0."
                )
            i = np.asarray(fn(a))
            return i.reshape((1,) * a.ndim) if keepdim else i
        if not a.ndim:
            axis(dim, 0)
            return np.array(0)
        need_elements(name, a, axis(dim, a.ndim))
        return np.asarray(fn(a, axis=axis(dim, a.ndim), keepdims=keepdim))

    expose(define(f"{name}(self, dim=None, keepdim=False)", forward, family="reduction", doc=doc))


_arg(np.argmax, "argmax", "The place of the largest element, in the flat tensor or along `dim`.")
_arg(np.argmin, "argmin", "The place of the smallest element, in the flat tensor or along `dim`.")


def _logical(fn: Any, name: str, doc: str) -> None:
    def forward(a: Raw, dim: Any = None, keepdim: bool = False) -> Raw:
        a = np.asarray(a)
        r = fn(a, axis=None if dim is None else axes(dim, a.ndim), keepdims=keepdim)
        return np.asarray(r).astype(np.uint8 if a.dtype == np.uint8 else bool)

    expose(define(f"{name}(self, dim=None, keepdim=False)", forward, family="reduction", doc=doc))


_logical(np.all, "all", "Whether all elements, or all along `dim`, are true.")
_logical(np.any, "any", "Whether any element, or any along `dim`, is true.")
expose(
    define(
        "count_nonzero(self, dim=None)",
        lambda a, dim=None: np.asarray(
            np.count_nonzero(a, axis=None if dim is None else axes(dim, np.ndim(a)))
        ),
        family="reduction",
        doc="How many elements are not zero, over all or along `dim`.",
    )
)


# --- running extremes ----------------------------------------------------------------------------
def _running(greater: Any) -> Callable[..., tuple[Raw, Raw]]:
    def call(a: Raw, dim: int) -> tuple[Raw, Raw]:
        a = np.asarray(a)
        if not a.ndim:
            return a.copy(), np.array(0)
        moved = np.moveaxis(a, axis(dim, a.ndim), 0)
        values, places = moved.copy(), np.zeros(moved.shape, np.int64)
        for i in range(1, len(moved)):
            better = greater(moved[i], values[i - 1]) | np.isnan(moved[i])
            values[i] = np.where(better, moved[i], values[i - 1])
            places[i] = np.where(better, i, places[i - 1])
        return np.moveaxis(values, 0, dim), np.moveaxis(places, 0, dim)

    return call


def _check_running(name: str) -> Callable[[list[Any]], None]:
    def check(values: list[Any]) -> None:
        if not values[0]._s and values[1] not in (-1, 0):
            raise IndexError(
                f"{name}(): Expected reduction dim -1 or 0 for scalar but got {values[1]}"
            )

    return check


def _running_vjp(F: Any, g: Any, self_sizes: Any, result1: Any, dim: int) -> Any:
    return F.scatter_add_along(g, result1, self_sizes, axis(dim, len(self_sizes)))


for _name, _greater, _doc in (
    ("cummax", np.greater_equal, "The largest element so far along `dim`, and its place."),
    ("cummin", np.less_equal, "The smallest element so far along `dim`, and its place."),
):
    expose(
        define(
            f"{_name}(self, dim)",
            _running(_greater),
            family="reduction",
            pack=returns(_name, "values indices"),
            doc=_doc,
            self=_running_vjp,
        ),
        check=_check_running(_name),
    )
__all__ = ["FLOAT", "GRAPH", "RAW"]
