"""What torch.autocast does on the CPU: functions of three lists convert their arguments first.

Nothing is asked for where autocast is off: the functions are wrapped while it is on, and only then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

from engine.dtype import FLOAT, bfloat16, float16, float32, float64
from engine.tensor import Tensor

#: Products, which compute in the lower precision.
_LOWER = frozenset(
    [
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "bmm",
        "mm",
        "baddbmm",
        "addmm",
        "addbmm",
        "linear",
        "matmul",
        "einsum",
        "inner",
        "chain_matmul",
        "scaled_dot_product_attention",
        "linalg.matmul",
        "linalg.multi_dot",
    ]
)
#: What loses too much in the lower precision.
_SINGLE = frozenset(
    [
        "avg_pool3d",
        "binary_cross_entropy",
        "grid_sample",
        "polar",
        "prod",
        "quantile",
        "nanquantile",
        "stft",
        "cdist",
        "trace",
        "pad",
        "cholesky",
        "cholesky_inverse",
        "cholesky_solve",
        "inverse",
        "lu_solve",
        "orgqr",
        "pinverse",
        "max_pool3d",
        "max_unpool2d",
        "max_unpool3d",
        "adaptive_avg_pool3d",
        "mse_loss",
        "cosine_embedding_loss",
        "nll_loss",
        "hinge_embedding_loss",
        "poisson_nll_loss",
        "smooth_l1_loss",
        "cross_entropy",
        "l1_loss",
        "huber_loss",
        "margin_ranking_loss",
        "soft_margin_loss",
        "triplet_margin_loss",
        "multi_margin_loss",
        "ctc_loss",
        "kl_div",
        "multilabel_margin_loss",
        "binary_cross_entropy_with_logits",
        "pdist",
        "fft.fft",
        "fft.ifft",
        "fft.fft2",
        "fft.ifft2",
        "fft.fftn",
        "fft.ifftn",
        "fft.rfft",
        "fft.irfft",
        "fft.rfft2",
        "fft.irfft2",
        "fft.rfftn",
        "fft.irfftn",
        "fft.hfft",
        "fft.ihfft",
        "linalg.cond",
        "linalg.matrix_rank",
        "linalg.solve",
        "linalg.cholesky",
        "linalg.svdvals",
        "linalg.eigvals",
        "linalg.eigvalsh",
        "linalg.inv",
        "linalg.householder_product",
        "linalg.tensorinv",
        "linalg.tensorsolve",
        "linalg.qr",
        "linalg.cholesky_ex",
        "linalg.svd",
        "linalg.eig",
        "linalg.eigh",
        "linalg.lstsq",
        "linalg.inv_ex",
    ]
)
#: What takes the widest type of its arguments.
_WIDEST = frozenset(["stack", "cat", "concat", "concatenate"])
_OPERATORS = {"__matmul__": "matmul", "__rmatmul__": "matmul"}

#: The state: whether it is on, the lower type, whether conversions are kept, how many are nested.
enabled = False
lower = bfloat16
caching = True
_nested = 0
#: Conversions of parameters, made once in the outermost scope; the parameter is kept with them.
_converted: dict[int, tuple[Tensor, Tensor]] = {}
#: Where functions were before they were wrapped: owner, name, what stood there or None.
_replaced: list[tuple[Any, str, Any]] = []
#: Greater than 0 within a function that has converted its arguments.
_inside = 0


def enter(on: bool, dtype: Any, keep: bool) -> tuple[bool, Any, bool]:
    """Switch, and return the state of before."""
    global enabled, lower, caching, _nested
    before = enabled, lower, caching
    enabled, lower, caching = on, dtype, keep
    _nested += 1
    if on and not _replaced:
        _install()
    return before


def leave(before: tuple[bool, Any, bool]) -> None:
    """Back to the state of before."""
    global enabled, lower, caching, _nested
    enabled, lower, caching = before
    _nested -= 1
    if not _nested:
        _converted.clear()
        for owner, name, real in reversed(_replaced):
            setattr(owner, name, real)
        _replaced.clear()


def _to(t: Tensor, dtype: Any) -> Tensor:
    if t._d.category != FLOAT or t._d is dtype or t._d is float64:
        return t
    if not (caching and dtype is lower and t._d is float32 and t.requires_grad and t.is_leaf):
        return t.to(dtype)  # type: ignore[no-any-return]
    if id(t) not in _converted:
        _converted[id(t)] = t, t.to(dtype)
    return _converted[id(t)][1]


def convert(value: Any, dtype: Any) -> Any:
    """The tensors in a value, in `dtype`."""
    if isinstance(value, Tensor):
        return _to(value, dtype)
    if type(value) in (list, tuple):
        return type(value)([convert(v, dtype) for v in value])
    return value


def _floats(value: Any) -> Iterator[Any]:
    if isinstance(value, Tensor):
        if value._d.category == FLOAT:
            yield value._d
    elif isinstance(value, (list, tuple)):
        for v in value:
            yield from _floats(v)


def _target(name: str, values: Any) -> Any:
    if name in _LOWER:
        return lower
    if name in _SINGLE:
        return float32
    kinds = set(_floats(values))
    return float32 if float32 in kinds or len(kinds & {float16, bfloat16}) == 2 else lower


def _casting(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def call(*args: Any, **kwargs: Any) -> Any:
        global _inside
        if not enabled or _inside or kwargs.get("out") is not None:
            return real(*args, **kwargs)
        if name == "pad" and not {"reflect", "replicate"} & {*args[2:], kwargs.get("mode")}:
            return real(*args, **kwargs)
        dtype = _target(name, (args, tuple(kwargs.values())))
        args = tuple(convert(a, dtype) for a in args)
        kwargs = {k: convert(v, dtype) for k, v in kwargs.items()}
        _inside += 1
        try:
            return real(*args, **kwargs)
        finally:
            _inside -= 1

    return call


def _owners() -> Iterator[tuple[Any, str, str]]:
    """Owner, attribute and listed name of all places where a listed function is."""
    import engine
    from engine import fft, linalg
    from engine.nn import functional

    for listed in sorted(_LOWER | _SINGLE | _WIDEST):
        room, _, name = listed.rpartition(".")
        for owner in ([linalg] if room == "linalg" else [fft]) if room else (engine, functional):
            if hasattr(owner, name):
                yield owner, name, listed
        if not room and name in Tensor.__dict__:
            yield Tensor, name, listed
    yield from ((Tensor, name, listed) for name, listed in _OPERATORS.items())


def _install() -> None:
    for owner, name, listed in _owners():
        real = getattr(owner, name)
        _replaced.append((owner, name, real))
        setattr(owner, name, _casting(listed, real))
