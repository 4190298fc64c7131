"""torch.autograd.functional: Jacobians, Hessians and products with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from engine.autograd import mode
from engine.autograd.passes import grad as _grad
from engine.later import sign as _sign
from engine.ops.api import FUNCTIONS
from engine.tensor import Tensor

Func = Callable[..., Any]


def _tuple(x: Any, what: str, fn: str) -> tuple[bool, tuple[Any, ...]]:
    many = isinstance(x, tuple)
    items = x if many else (x,)
    for i, t in enumerate(items):
        if not isinstance(t, Tensor):
            if many:
                raise TypeError(
                    f"The {what} given to {fn} must be either a Tensor or a tuple of Tensors but the value at "
                    f"index {i} has type {type(t)}."
                )
            raise TypeError(
                f"The {what} given to {fn} must be either a Tensor or a tuple of Tensors but the given {what} "
                f"has type {type(t)}."
            )
    return many, items


def _fresh(inputs: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    return tuple(
        t.view_as(t) if create_graph and t.requires_grad else t.detach().requires_grad_()
        for t in inputs
    )


def _done(x: Any, create_graph: bool) -> Any:
    if isinstance(x, tuple):
        return tuple(_done(t, create_graph) for t in x)
    return x if create_graph or x is None else x.detach()


def _zeros_like(t: Any) -> Any:
    return FUNCTIONS["zeros_like"](t.detach())


def _filled(gs: tuple[Any, ...], inputs: tuple[Any, ...], strict: bool = False) -> tuple[Any, ...]:
    """Gradients with zeros for inputs that do not matter, which strict mode does not allow."""
    for i, g in enumerate(gs if strict else ()):
        if g is None:
            raise RuntimeError(
                f"The output of the user-provided function is independent of input {i}. This is "
                "not allowed in strict mode."
            )
    return tuple(_zeros_like(t) if g is None else g for g, t in zip(gs, inputs, strict=True))


def _single(out: tuple[Any, ...], many: bool) -> Any:
    return out if many else out[0]


def _check_v(v: Any, like: tuple[Any, ...], what: str) -> tuple[Any, ...]:
    vs = v if isinstance(v, tuple) else (v,)
    if len(like) == 1 and len(vs) != 1:
        raise RuntimeError("The given v should contain a single Tensor.")
    if len(vs) != len(like):
        raise RuntimeError(
            f"v is a tuple of invalid length: should be {len(like)} but got {len(vs)}."
        )
    for i, (a, b) in enumerate(zip(vs, like, strict=True)):
        if a._s != b._s:
            at = f"Entry {i} in " if len(vs) > 1 else ""
            raise RuntimeError(f"{at}v has invalid size: should be {b._s} but got {a._s}.")
    return vs


def vjp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(inputs) and the product of `v` with its Jacobian."""
    with mode.enable_grad():
        many, items = _tuple(inputs, "inputs", "vjp")
        items = _fresh(items, create_graph)
        many_out, outs = _tuple(func(*items), "outputs of the user-provided function", "vjp")
        for i, out in enumerate(outs if strict else ()):
            _check_connected(out, i)
        if v is None:
            if len(outs) != 1 or outs[0].numel() != 1:
                raise RuntimeError(
                    "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
                )
            vs: tuple[Any, ...] = (None,)
        else:
            vs = _check_v(v, outs, "outputs")
        gs = _filled(_partial(outs, items, vs, create_graph), items, strict)
    return _single(_done(outs, create_graph), many_out), _single(_done(gs, create_graph), many)


def _check_connected(out: Any, i: int) -> None:
    if not out.requires_grad:
        raise RuntimeError(
            f"Output {i} of the user-provided function does not require gradients. The outputs must "
            "be computed in a differentiable manner from the input when running in strict mode."
        )


def _partial(outs: Any, items: Any, vs: Any, create_graph: bool) -> tuple[Any, ...]:
    keep = [(o, v) for o, v in zip(outs, vs, strict=True) if o.requires_grad]
    if not keep:
        return (None,) * len(items)
    return _grad(
        [o for o, _ in keep],
        items,
        [v for _, v in keep],
        retain_graph=True,
        create_graph=create_graph,
        allow_unused=True,
    )


def jvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(inputs) and the product of its Jacobian with `v`, by differentiating twice."""
    with mode.enable_grad():
        _, items = _tuple(inputs, "inputs", "jvp")
        items = _fresh(items, create_graph)
        many_out, outs = _tuple(func(*items), "outputs of the user-provided function", "jvp")
        if v is None:
            if len(items) != 1 or items[0].numel() != 1:
                raise RuntimeError(
                    "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
                )
            vs: tuple[Any, ...] = (FUNCTIONS["ones_like"](items[0]),)
        else:
            vs = _check_v(v, items, "inputs")
        for i, out in enumerate(outs if strict else ()):
            _check_connected(out, i)
        dummies = tuple(_zeros_like(o).requires_grad_() for o in outs)
        gs = _filled(_partial(outs, items, dummies, True), items, strict)
        live = [(g, v) for g, v in zip(gs, vs, strict=True) if g.requires_grad]
        if live:
            found = _grad(
                [g for g, _ in live],
                dummies,
                [v for _, v in live],
                create_graph=create_graph,
                allow_unused=True,
            )
        else:
            found = (None,) * len(outs)
        products = _filled(found, outs)
    return _single(_done(outs, create_graph), many_out), _single(
        _done(products, create_graph), many_out
    )


def jacobian(
    func: Func, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The Jacobian, for each output and input of shape (*output, *input)."""
    if strategy not in _STRATEGIES:
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function '
            'has more outputs than inputs, "forward-mode" tends to be more performant. Otherwise, '
            'prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode" and create_graph:
        raise NotImplementedError(
            "torch.autograd.functional.jacobian: `create_graph=True` and "
            '`strategy="forward-mode"` are not supported together (yet). Please either set '
            '`create_graph=False` or `strategy="reverse-mode"`.'
        )
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(_FORWARD_NEEDS)
    if strict and vectorize:
        raise RuntimeError(
            "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not "
            "supported together. Please either set `strict=False` or `vectorize=False`."
        )
    with mode.enable_grad():
        many, items = _tuple(inputs, "inputs", "jacobian")
        forward = strategy == "forward-mode"  # whose result is part of the inputs' graph
        create_graph = create_graph or forward
        items = _fresh(items, create_graph)
        many_out, outs = _tuple(func(*items), "outputs of the user-provided function", "jacobian")
        rows = tuple(_jacobian_of(o, items, create_graph, strict, i) for i, o in enumerate(outs))
    if forward and not any(t.requires_grad for t in (inputs if many else (inputs,))):
        create_graph = False
    result: tuple[Any, ...] = tuple(_single(_done(r, create_graph), many) for r in rows)
    if forward and many:
        result = tuple(list(r) for r in result)
    return result if many_out else result[0]


def _jacobian_of(
    out: Any, items: tuple[Any, ...], create_graph: bool, strict: bool, i: int
) -> tuple[Any, ...]:
    columns: list[list[Any]] = [[] for _ in items]
    flat = out.reshape(-1)
    if strict:
        _check_connected(out, i)
    for k in range(out.numel()):
        gs = _partial((flat[k],), items, (None,), create_graph)
        for column, g, t in zip(columns, gs, items, strict=True):
            if g is None and strict:
                raise RuntimeError(
                    f"Output {i} of the user-provided function is independent of input 0. This is not allowed in strict mode."
                )
            column.append(_zeros_like(t) if g is None else g)
    stack = FUNCTIONS["stack"]
    return tuple(
        stack(c).view((*out._s, *t._s)) if c else FUNCTIONS["zeros"]((*out._s, *t._s))
        for c, t in zip(columns, items, strict=True)
    )


_STRATEGIES = ("forward-mode", "reverse-mode")
_FORWARD_NEEDS = (
    "Computing Jacobian using forward-AD or forward-over-reverse Hessian is"
    "only implemented for `vectorize=True`."
)
_LINEAR = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect "
    "to input {} is independent of the input. This is not allowed in strict mode. You should ensure "
    "that your function is twice differentiable and that the jacobian depends on the inputs (this "
    "would be violated by a linear function for example)."
)


def hessian(
    func: Func, inputs: Any, create_graph: bool = False, strict: bool = False, vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:  # fmt: skip
    """The matrix of second derivatives of a function with one element."""
    many, _ = _tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in _STRATEGIES:
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    if outer_jacobian_strategy == "forward-mode" and not vectorize:
        raise NotImplementedError(_FORWARD_NEEDS)

    def scalar(*xs: Any) -> Any:
        out = func(*xs)
        many_out, outs = _tuple(out, "outputs of the user-provided function", "hessian")
        for i, one in enumerate(outs if strict else ()):
            _check_connected(one, i)
        _check_scalar(many_out, outs, "hessian")
        return outs[0].squeeze()

    def slope(*xs: Any) -> Any:
        j = jacobian(scalar, xs, create_graph=True)
        for i, part in enumerate(j if strict else ()):
            if not part.requires_grad:
                raise RuntimeError(_LINEAR.format(i))
        return j if many else j[0]

    return jacobian(slope, inputs, create_graph=create_graph, strict=strict)


def _check_scalar(many_out: bool, outs: tuple[Any, ...], name: str) -> None:
    if many_out or len(outs) != 1:
        raise RuntimeError(f"The function given to {name} should return a single Tensor")
    if outs[0].numel() != 1:
        raise RuntimeError(
            f"The Tensor returned by the function given to {name} should contain a single element"
        )


def vhp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(inputs) and the product of `v` with its Hessian."""
    return _hessian_product("vhp", func, inputs, v, create_graph, strict)


def _hessian_product(
    name: str, func: Func, inputs: Any, v: Any, create_graph: bool, strict: bool
) -> tuple[Any, Any]:
    with mode.enable_grad():
        many, items = _tuple(inputs, "inputs", name)
        items = _fresh(items, create_graph)
        many_out, outs = _tuple(func(*items), "outputs of the user-provided function", name)
        if v is None and (len(items) != 1 or items[0].numel() != 1):
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single "
                "Tensor with a single element."
            )
        vs = (FUNCTIONS["ones_like"](items[0]),) if v is None else _check_v(v, items, "inputs")
        for i, out in enumerate(outs if strict else ()):
            _check_connected(out, i)
        _check_scalar(many_out, outs, name)
        slopes = _filled(_partial(outs, items, (None,), True), items, strict)
        for i, slope in enumerate(slopes if strict else ()):
            if not slope.requires_grad:
                raise RuntimeError(_LINEAR.format(i))
        gs = _filled(_partial(slopes, items, vs, create_graph), items)
    return _done(outs[0], create_graph), _single(_done(gs, create_graph), many)


def hvp(
    func: Func, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False
) -> tuple[Any, Any]:
    """func(inputs) and the product of its Hessian with `v`; the Hessian is symmetric."""
    return _hessian_product("hvp", func, inputs, v, create_graph, strict)


_sign(globals(), "torch.autograd.functional")
