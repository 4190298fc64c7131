"""torch.autograd.graph: looking at the graph and at what it saves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from engine.autograd import hooks, mode
from engine.autograd import node as graph
from engine.autograd.node import Node
from engine.later import sign as _sign


class GradientEdge(NamedTuple):
    """Where the gradient of a tensor enters the graph."""

    node: Node
    output_nr: int
    ownership_token: Any = None


GradientEdge.__module__ = "torch.autograd.graph"


def get_gradient_edge(tensor: Any) -> GradientEdge:
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require gradients"
        )
    e = graph.edge(tensor)
    return GradientEdge(e.node, e.nr) if type(e) is graph.Port else GradientEdge(e, 0)


class saved_tensors_hooks:
    """Within it, tensors that nodes save go through `pack_hook`, and back through `unpack_hook`."""

    __module__ = "torch.autograd.graph"

    def __init__(self, pack_hook: Callable[[Any], Any], unpack_hook: Callable[[Any], Any]) -> None:
        self.pair = (pack_hook, unpack_hook)

    def __enter__(self) -> None:
        if _disabled:
            raise RuntimeError(_disabled[-1])
        mode.pack_hooks.append(self.pair)
        mode.refresh()

    def __exit__(self, *exc: object) -> None:
        mode.pack_hooks.pop()
        mode.refresh()


_disabled: list[str] = []


class save_on_cpu(saved_tensors_hooks):
    """Keep copies of saved tensors on the CPU, where they are anyway."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda t: t.detach().clone(), lambda t: t)


@contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    _disabled.append(error_message)
    try:
        yield
    finally:
        _disabled.pop()


class register_multi_grad_hook:
    """Call `fn` with all gradients when they were computed ("all"), or with the first ("any")."""

    def __init__(
        self, tensors: Sequence[Any], fn: Callable[..., Any], *, mode: str = "all"
    ) -> None:
        if mode not in ("all", "any"):
            raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
        self.found: dict[int, Any] = {}
        self.fn, self.n, self.mode = fn, len(tensors), mode
        self.edges = [graph.edge(t) for t in tensors]
        self.expected = self.n
        self.handles = [t.register_hook(self._hook(i)) for i, t in enumerate(tensors)]

    def _hook(self, i: int) -> Callable[[Any], None]:
        return lambda g: self._arrived(i, g)

    def _arrived(self, i: int, g: Any) -> None:
        from engine.autograd.execution import reached

        if not self.found:
            self.expected = reached(self.edges)
            if self.mode == "any":
                self.fn(g)
        self.found[i] = g
        if len(self.found) < self.expected:
            return
        found, self.found = self.found, {}
        if self.mode == "all":
            self.fn([found.get(k) for k in range(self.n)])

    def remove(self) -> None:
        for handle in self.handles:
            handle.remove()


def increment_version(tensor: Any) -> None:
    from engine import version

    for t in (tensor,) if not isinstance(tensor, (list, tuple)) else tensor:
        version.cell_of(t).bump()


@contextmanager
def allow_mutation_on_saved_tensors() -> Iterator[None]:
    """Within it, saved tensors are kept as copies, so that writes do not matter."""
    with saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
        yield


_sign(globals(), "torch.autograd.graph")

__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "hooks", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip
