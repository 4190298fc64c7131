"""What starts a pass: backward, grad, and a node that is called by hand."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from engine.autograd import mode
from engine.autograd.execution import execute, given_gradient, graph_namespace, root_edge
from engine.autograd.node import AccumulateGrad
from engine.later import sign as _sign
from engine.tensor import Tensor, wrap

_CYCLE = (
    "Using backward() with create_graph=True will create a reference cycle between the parameter "
    "and its gradient which can cause a memory leak. We recommend using autograd.grad when "
    "creating the graph to avoid this. If you have to use this function, make sure to reset the "
    ".grad fields of your parameters to None after use to break the cycle and avoid the leak."
)
_UNUSED = (
    "The differentiated Tensor at index {} appears to not have been used in the graph. "
    "Set allow_unused=True if this is the desired behavior."
)


def _as_tuple(x: Any) -> tuple[Any, ...]:
    return (x,) if isinstance(x, Tensor) or x is None else tuple(x)


def backward(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    grad_variables: Any = None,
    inputs: Any = None,
) -> None:
    """Add the gradients of `tensors` to the `.grad` of the leaves (or of `inputs`)."""
    if mode.transforms:
        raise RuntimeError(
            "backward() called inside a functorch transform. This is not supported, please use "
            "functorch.grad or functorch.vjp instead or call backward() outside of functorch "
            "transforms."
        )
    outputs = _as_tuple(tensors)
    for t in outputs:
        if not isinstance(t, Tensor):
            raise AssertionError("Expected output to be a torch.Tensor")  # noqa: TRY004
    if inputs is not None:
        inputs = _as_tuple(inputs)
        if not inputs:
            raise RuntimeError("`inputs` argument to `backward()` cannot be empty.")
        for t in inputs:
            if t._g is None:
                raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
            t.retain_grad()
    if grad_variables is not None:
        warnings.warn(
            "`grad_variables` is deprecated. Use `grad_tensors` instead.",
            FutureWarning,
            stacklevel=2,
        )
    given = grad_tensors if grad_tensors is not None else grad_variables
    gradients = (None,) * len(outputs) if given is None else _as_tuple(given)
    gradients = _counted(outputs, gradients)
    if create_graph:
        warnings.warn(_CYCLE, UserWarning, stacklevel=3)
    retain = create_graph if retain_graph is None else retain_graph
    execute("backward", outputs, gradients, retain, create_graph, inputs)


def _counted(outputs: Sequence[Any], gradients: Sequence[Any]) -> tuple[Any, ...]:
    """One gradient per output: what there is too much is ignored, as PyTorch does."""
    gradients = tuple(gradients[: len(outputs)])
    for t, g in zip(outputs, gradients, strict=False):
        if g is not None and not isinstance(g, Tensor):
            given_gradient(t, g, 0)
    if len(outputs) != len(gradients):
        raise RuntimeError(f"got {len(outputs)} tensors and {len(gradients)} gradients")
    return gradients


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of `outputs` with respect to `inputs`, as a tuple."""
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "Expected allow_unused to be True or not passed when materialize_grads=True, but got: "
            "allow_unused=False."
        )
    allow_unused = materialize_grads if allow_unused is None else allow_unused
    if not only_inputs:
        warnings.warn(
            "only_inputs argument is deprecated and is ignored now (defaults to True). To accumulate"
            " gradient for other parts of the graph, please use torch.autograd.backward.",
            FutureWarning,
            stacklevel=2,
        )
    outs, ins = _as_tuple(outputs), tuple(map(_tensor_of, _inputs(inputs)))
    if not ins:
        raise RuntimeError("`inputs` argument to `grad()` cannot be empty.")
    gradients = (None,) * len(outs) if grad_outputs is None else _as_tuple(grad_outputs)
    if is_grads_batched:
        return _batched(outs, ins, gradients, retain_graph, create_graph, allow_unused)
    gradients = _counted(outs, gradients)
    for t in ins:
        if t._g is None:
            _first_root_error(outs)
            raise RuntimeError("One of the differentiated Tensors does not require grad")
    retain = create_graph if retain_graph is None else retain_graph
    found = execute("grad", outs, gradients, retain, create_graph, ins)
    return _results(found, ins, create_graph, allow_unused, materialize_grads)


def _inputs(inputs: Any) -> tuple[Any, ...]:
    return (inputs,) if hasattr(inputs, "ownership_token") else _as_tuple(inputs)


def _tensor_of(t: Any) -> Any:
    """The leaf that a gradient edge leads to."""
    return getattr(t.node, "variable", t) if hasattr(t, "ownership_token") else t


def _first_root_error(outs: Sequence[Any]) -> None:
    for i, t in enumerate(outs):
        root_edge(t, i)


def _results(
    found: dict[int, Any], ins: Sequence[Any], create: bool, unused: bool, zeros: bool
) -> tuple[Any, ...]:
    result: list[Any] = []
    for i, t in enumerate(ins):
        g = found.get(i)
        if g is None:
            if not unused:
                raise RuntimeError(_UNUSED.format(i))
            g = wrap(np.zeros(t._s, t._d.np), t._d) if zeros else None
        elif not isinstance(g, Tensor):
            g = wrap(np.array(g) if isinstance(g, np.ndarray) else g, t._d)
        result.append(g)
    return tuple(result)


def _batched(
    outs: Sequence[Any], ins: Sequence[Any], gradients: Sequence[Any], retain: bool | None,
    create: bool, unused: bool,
) -> tuple[Any, ...]:  # fmt: skip
    from engine.ops.joining import stack

    n = next(g._s[0] for g in gradients if g is not None)
    rows = [
        grad(
            outs, ins, [None if g is None else g[k] for g in gradients], True, create, True, unused
        )
        for k in range(n)
    ]
    return tuple(
        None if column[0] is None else stack(list(column)) for column in zip(*rows, strict=True)
    )


def call(node: Any, gradients: Sequence[Any]) -> Any:
    """Run one node by hand on tensors, as `grad_fn(gradient)` does."""
    g: Any = list(gradients) if node.outputs > 1 else gradients[0]
    if type(node) is AccumulateGrad:
        node.accumulate(g._a, None)
        return None
    out = tuple(node.grads(graph_namespace(), g))
    return out[0] if len(out) == 1 else out


_sign(globals(), "torch.autograd")

__all__ = ["backward", "grad"]
