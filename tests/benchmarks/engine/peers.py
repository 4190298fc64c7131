"""Who takes part: a peer makes of a problem a step that returns the gradients of all leaves."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Container, Iterable
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks.engine import array_style, by_hand, torch_style, training
from tests.benchmarks.engine.problems import Array, Problem

Step = Callable[[], list[Any]]

_BOTH = (*torch_style.FORWARD, *training.PROGRAMS)


class Peer(NamedTuple):
    """`prepare(key, problem)` returns a step that returns the gradients of all leaves, or what a
    training loop changed; `programs` are the keys that it knows."""

    title: str
    version: str
    programs: Container[str]
    prepare: Callable[[str, Problem], Step]


class Halves(NamedTuple):
    """The two halves of a step of ours."""

    forward: Callable[[], Any]
    backward: Callable[[Any], None]


def hand_written() -> Peer:
    def prepare(key: str, problem: Problem) -> Step:
        gradients, leaves = by_hand.GRADIENTS[key], tuple(problem.leaves.values())
        return lambda: gradients(*leaves, **problem.data)

    return Peer("hand-written NumPy", np.__version__, by_hand.GRADIENTS, prepare)


def ours() -> Peer:
    torch = importlib.import_module("engine")
    prepare = partial(_torch_step, torch)
    return Peer("our engine", "", _BOTH, prepare)


def pytorch() -> Peer:
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    prepare = partial(_torch_step, torch)
    return Peer("PyTorch eager", torch.__version__, _BOTH, prepare)


def halves(torch: Any, key: str, problem: Problem) -> tuple[list[Any], Halves]:
    """Return the leaves and the forward and backward half of a step."""
    # Copies: the libraries share NumPy's memory, and no peer shall see what another does to it.
    leaves = [torch.tensor(a.copy()).requires_grad_() for a in problem.leaves.values()]
    data = {
        name: torch.from_numpy(value.copy()) if isinstance(value, np.ndarray) else value
        for name, value in problem.data.items()
    }
    program = torch_style.FORWARD[key]

    def forward() -> Any:
        for leaf in leaves:
            leaf.grad = None
        return program(torch, *leaves, **data)

    return leaves, Halves(forward, lambda loss: loss.backward())


def _torch_step(torch: Any, key: str, problem: Problem) -> Step:
    if key in training.PROGRAMS:
        return training.PROGRAMS[key](torch)
    leaves, half = halves(torch, key, problem)

    def step() -> list[Any]:
        half.forward().backward()
        return [leaf.grad for leaf in leaves]

    return step


def hips() -> Peer:
    numpy = importlib.import_module("autograd.numpy")
    grad = importlib.import_module("autograd").grad
    library = SimpleNamespace(np=numpy)

    def softmax(x: Any) -> Any:
        e = numpy.exp(x - numpy.max(x, axis=-1, keepdims=True))
        return e / numpy.sum(e, axis=-1, keepdims=True)

    def cross_entropy(logits: Any, target: Array) -> Any:
        shifted = logits - numpy.max(logits, axis=1, keepdims=True)
        total = numpy.log(numpy.sum(numpy.exp(shifted), axis=1))
        return numpy.mean(total - shifted[numpy.arange(len(target)), target])

    library.relu = lambda x: numpy.maximum(x, 0)
    library.softmax, library.cross_entropy = softmax, cross_entropy

    def prepare(key: str, problem: Problem) -> Step:
        program, leaves = array_style.FORWARD[key], [a[()] for a in problem.leaves.values()]
        gradient = grad(
            lambda *values: program(library, *values, **problem.data), tuple(range(len(leaves)))
        )
        return lambda: list(gradient(*leaves))

    return Peer("HIPS autograd", version("autograd"), array_style.FORWARD, prepare)


def my_grad(guarded: bool = True) -> Peer:
    """`guarded`: with its check that no array is written to that a gradient needs, as installed."""
    mygrad = importlib.import_module("mygrad")
    nnet = importlib.import_module("mygrad.nnet")
    guard = mygrad.mem_guard_on if guarded else mygrad.mem_guard_off
    library = SimpleNamespace(
        np=mygrad,
        relu=nnet.activations.relu,
        softmax=nnet.activations.softmax,
        cross_entropy=nnet.losses.softmax_crossentropy,
    )

    def prepare(key: str, problem: Problem) -> Step:
        program = array_style.FORWARD[key]
        leaves = [mygrad.tensor(a.copy()) for a in problem.leaves.values()]

        def step() -> list[Any]:
            for leaf in leaves:
                leaf.null_grad()
            with guard:
                program(library, *leaves, **problem.data).backward()
            return [leaf.grad for leaf in leaves]

        return step

    return Peer(
        "MyGrad" if guarded else "MyGrad unguarded", version("mygrad"), array_style.FORWARD, prepare
    )


#: In the order of the table; ours is compared with all others.
PEERS: dict[str, Callable[[], Peer]] = {
    "numpy": hand_written,
    "torch": pytorch,
    "hips": hips,
    "mygrad": my_grad,
    "unguarded": lambda: my_grad(guarded=False),
}


def present(names: Iterable[str]) -> tuple[dict[str, Peer], list[str]]:
    """Return the peers that can be imported, and the names of those that are absent."""
    found: dict[str, Peer] = {}
    absent = []
    for name in names:
        try:
            found[name] = PEERS[name]()
        except ModuleNotFoundError:
            absent.append(name)
    return found, absent
