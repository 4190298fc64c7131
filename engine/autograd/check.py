"""gradcheck: compare gradients with finite differences."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from engine.autograd import mode
from engine.autograd.passes import grad as _grad
from engine.dtype import COMPLEX, float64
from engine.later import sign as _sign
from engine.ops.api import FUNCTIONS
from engine.tensor import Tensor, array, wrap


class GradcheckError(RuntimeError):
    """Numerical and analytical gradients differ."""

    __module__ = "torch.autograd.gradcheck"


def _outputs(fn: Callable[..., Any], inputs: tuple[Any, ...]) -> list[Any]:
    out = fn(*inputs)
    outs = out if isinstance(out, (tuple, list)) else (out,)
    return [o for o in outs if isinstance(o, Tensor) and (o._d.category >= 2)]


#: What is looked at in complex outputs: the part, and the gradient that picks it.
_PARTS: tuple[tuple[str, complex], ...] = (("imaginary", 1j), ("real", 1))


def _numerical(
    fn: Callable[..., Any], inputs: tuple[Any, ...], t: Any, eps: float, o: int, part: str
) -> Any:
    """The Jacobian of output `o` with respect to `t`, (inputs, outputs), by central differences.

    For an input z = x + iy and a real output L it holds dL/dx + i dL/dy.
    """
    x = array(t)
    steps = (eps, eps * 1j) if t._d.category == COMPLEX else (eps,)

    def value() -> Any:
        a = np.array(_outputs(fn, inputs)[o]._a)
        return a if not np.iscomplexobj(a) else a.imag if part == "imaginary" else a.real

    rows = []
    with mode.no_grad():
        for i in np.ndindex(*x.shape):
            old = x[i].copy() if isinstance(x[i], np.ndarray) else x[i]
            slopes = []
            for step in steps:
                x[i] = old + step
                high = value()
                x[i] = old - step
                low = value()
                x[i] = old
                slopes.append((high - low) / (2 * eps))
            total = slopes[0] if len(slopes) == 1 else slopes[0] + 1j * slopes[1]
            rows.append(np.asarray(total).reshape(-1))
    return np.stack(rows) if rows else np.zeros((0, 0))


def _analytical(out: Any, t: Any, pick: complex) -> Any:
    """The same by one backward pass per output element."""
    columns = []
    for i in np.ndindex(*out._s):
        v = np.zeros(out._s, out._d.np)
        v[i] = pick if out._d.category == COMPLEX else 1
        g = (
            _grad([out], [t], [wrap(v, out._d)], retain_graph=True, allow_unused=True)[0]
            if out.requires_grad
            else None
        )
        columns.append(
            np.zeros(t._s, t._d.np).reshape(-1) if g is None else np.asarray(g._a).reshape(-1)
        )
    return np.stack(columns, 1) if columns else np.zeros((t.numel(), 0))


def _along_tangents(fn: Callable[..., Any], inputs: tuple[Any, ...], t: Any, o: int) -> Any:
    """The same by one tangent per input element."""
    from engine.autograd import forward_ad

    rows = []
    with forward_ad.dual_level():
        for i in np.ndindex(*t._s):
            v = np.zeros(t._s, t._d.np)
            v[i] = 1
            dual = forward_ad.make_dual(t.detach(), wrap(v, t._d))
            out = _outputs(fn, tuple(dual if x is t else x for x in inputs))[o]
            tangent = forward_ad.unpack_dual(out).tangent
            found = np.zeros(out._s, out._d.np) if tangent is None else np.asarray(tangent._a)
            rows.append(found.reshape(-1))
    return np.stack(rows) if rows else np.zeros((0, 0))


def _warn_precision(inputs: tuple[Any, ...]) -> bool:
    any_grad = False
    for i, t in enumerate(inputs):
        if isinstance(t, Tensor) and t.requires_grad:
            any_grad = True
            if t._d is not float64 and t._d.name != "complex128":
                warnings.warn(
                    f"Input #{i} requires gradient and is not a double precision floating point or complex. This "
                    "check will likely fail if all the inputs are not of double precision floating point or "
                    "complex. ", UserWarning, stacklevel=4,
                )  # fmt: skip
    return any_grad


def _compare(
    fn: Callable[..., Any], inputs: tuple[Any, ...], eps: float, atol: float, rtol: float,
    backward: bool, forward: bool,
) -> None:  # fmt: skip
    outs = _outputs(fn, inputs)
    wanted = [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]
    if not wanted:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have "
            "requires_grad=True."
        )
    for place, t in enumerate(wanted):
        if 0 in t.stride() and t.numel():
            raise RuntimeError(
                f"The {place}th input has a dimension with stride 0. gradcheck only supports "
                "inputs that are non-overlapping to be able to compute the numerical gradients "
                "correctly. You should call .contiguous on the input before passing it to "
                "gradcheck."
            )
    if forward and any(v._d.category == COMPLEX for v in (*outs, *wanted)):
        raise NotImplementedError("gradcheck: check_forward_ad supports real tensors only")
    parts = _PARTS if any(o._d.category == COMPLEX for o in outs) else (("", 1),)
    for part, pick in parts:
        about = f"While considering the {part} part of complex outputs only, " if part else ""
        for o, out in enumerate(outs):
            for place, t in enumerate(wanted):
                numerical = _numerical(fn, inputs, t, eps, o, part)
                if not any(out.requires_grad for out in outs):
                    if np.any(numerical):
                        raise GradcheckError("Numerical gradient for function expected to be zero")
                    continue
                ways: list[tuple[str, Any]] = []
                if forward:
                    found = _along_tangents(fn, inputs, t, o)
                    ways.append(("Jacobian computed with forward mode mismatch for output", found))
                if backward:
                    ways.append(("Jacobian mismatch for output", _analytical(out, t, pick)))
                for what, analytical in ways:
                    if not np.allclose(analytical, numerical, rtol, atol, equal_nan=False):
                        raise GradcheckError(
                            f"{about}{what} {o} with respect to input {place},\n"
                            f"numerical:{wrap(np.asarray(numerical))}\n"
                            f"analytical:{wrap(np.asarray(analytical))}\n"
                        )


def gradcheck(
    func: Callable[..., Any], inputs: Any, *, eps: float = 1e-6, atol: float = 1e-5, rtol: float = 1e-3,
    raise_exception: bool = True, nondet_tol: float = 0.0, check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False, check_batched_grad: bool = False, check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False, check_backward_ad: bool = True, fast_mode: bool = False, masked: Any = None,
) -> bool:  # fmt: skip
    """True if the gradients of `func` agree with finite differences."""
    items = tuple(inputs) if isinstance(inputs, (list, tuple)) else (inputs,)
    _warn_precision(items)
    try:
        _compare(func, items, eps, atol, rtol, check_backward_ad, check_forward_ad)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Callable[..., Any], inputs: Any, grad_outputs: Any = None, *, eps: float = 1e-6, atol: float = 1e-5,
    rtol: float = 1e-3, gen_non_contig_grad_outputs: bool = False, raise_exception: bool = True, **options: Any,
) -> bool:  # fmt: skip
    """The same for the gradients themselves."""
    items = (inputs,) if isinstance(inputs, Tensor) else tuple(inputs)
    if grad_outputs is None:
        given = [
            o.detach().new_empty(o._s).uniform_(-1, 1).requires_grad_()
            for o in _outputs(func, items)
        ]
    else:
        given = [grad_outputs] if isinstance(grad_outputs, Tensor) else list(grad_outputs)
    n = len(given)

    def slope(*args: Any) -> Any:
        xs, vs = args[:-n], args[-n:]
        xs = tuple(
            x.detach().requires_grad_()
            if isinstance(x, Tensor) and x.is_leaf and x.requires_grad and not mode.enabled
            else x
            for x in xs
        )
        with mode.enable_grad():
            outs = _outputs(func, xs)
            wanted = [x for x in xs if isinstance(x, Tensor) and x.requires_grad]
            found = _grad(outs, wanted, list(vs), create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        slope, (*items, *given), eps=eps, atol=atol, rtol=rtol, raise_exception=raise_exception
    )


_sign(globals(), "torch.autograd.gradcheck")

__all__ = ["FUNCTIONS", "GradcheckError", "gradcheck", "gradgradcheck"]
