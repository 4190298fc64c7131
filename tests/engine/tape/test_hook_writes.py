"""What a hook writes into the gradient that it is given is on the tape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine.tape import replay
from engine.tape.recorder import Recorder

SHAPES = [(), (3,), (50_000,)]  # a NumPy scalar, copied at once, borrowed until the next flush


def of_leaf(x: Any, hook: Any) -> Any:
    x.register_hook(hook)
    return (x * 2).sum()


def of_result(x: Any, hook: Any) -> Any:
    y = x * 2
    y.register_hook(hook)
    return (y * 3).sum()


def of_one_of_two_uses(x: Any, hook: Any) -> Any:
    y = x * 2
    y.register_hook(hook)
    return (y * 3 + x.exp()).sum()


@pytest.mark.parametrize("program", [of_leaf, of_result, of_one_of_two_uses])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("returns", [True, False])
def test_what_a_hook_writes_in_place_comes_on(
    program: Callable[[Any, Any], Any], shape: tuple[int, ...], returns: bool
) -> None:
    def hook(gradient: Any) -> Any:
        gradient.mul_(0.5).add_(1)
        return gradient if returns else None

    recorder = Recorder()
    with recorder:
        x = torch.ones(shape, requires_grad=True)
        for _ in range(2):
            x.grad = None
            program(x, hook).backward()
    assert recorder.failure is None
    tape = recorder.tape()
    tensor = int(x._tid) % (1 << 40)
    held = replay.grad_at(tape, tensor, len(tape.events))
    np.testing.assert_array_equal(held, x.grad.detach().numpy())


def test_gradients_without_hooks_are_what_was_sent() -> None:
    recorder = Recorder()
    with recorder:
        x = torch.ones(3, requires_grad=True)
        buffer = torch.zeros(3)
        for _ in range(3):
            (x * buffer.add_(1)).sum().backward()
    assert len(recorder.tape().cotangents) == 0
