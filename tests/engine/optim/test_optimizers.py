"""Optimizers and schedules take PyTorch's steps."""

from __future__ import annotations

import copy
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine as torch
from engine import optim
from engine.optim import lr_scheduler

_spec = importlib.util.spec_from_file_location(
    "optimizer_recipes", Path(__file__).parent / "optimizer_recipes.py"
)
assert _spec is not None and _spec.loader is not None
recipes: Any = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(recipes)
RECORDED = json.loads(recipes.RECORDING.read_text())


@pytest.mark.parametrize("code", recipes.OPTIMIZERS)
def test_ten_steps(code: str) -> None:
    found, expected = recipes.optimize(torch, code), RECORDED["optimizers"][code]
    assert found["repr"] == expected["repr"]
    np.testing.assert_allclose(found["losses"], expected["losses"], rtol=2e-5)
    for ours, theirs in zip(found["parameters"], expected["parameters"], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6)
    for ours, theirs in zip(found["state"], expected["state"], strict=True):
        assert ours.keys() == theirs.keys()
        for name, values in theirs.items():
            np.testing.assert_allclose(ours[name], values, rtol=5e-5, atol=2e-6)


@pytest.mark.parametrize("code", recipes.SCHEDULES)
def test_twelve_epochs(code: str) -> None:
    found = recipes.schedule(torch, code)
    np.testing.assert_allclose(found, RECORDED["schedules"][code], rtol=1e-12, atol=1e-15)


def parameter() -> Any:
    return torch.ones(2, requires_grad=True)


def test_the_rate_falls_when_the_measure_stalls() -> None:
    o = optim.SGD([parameter()], lr=0.8)
    plateau = lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=1, cooldown=1, min_lr=0.3)
    rates = []
    for measure in (1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9):
        plateau.step(measure)
        rates.append(o.param_groups[0]["lr"])
    assert rates == [0.8, 0.8, 0.8, 0.4, 0.4, 0.4, 0.3, 0.3, 0.3]


def test_stepping_the_schedule_first_is_pointed_out() -> None:
    schedule = lr_scheduler.StepLR(optim.SGD([parameter()], lr=0.1), 1)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        schedule.step()


def test_state_survives_saving_and_loading() -> None:
    p = parameter()
    first = optim.Adam([p], lr=0.1)
    (p * p).sum().backward()
    first.step()
    q = p.detach().clone().requires_grad_()
    second = optim.Adam([q], lr=0.5)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for tensor in (p, q):
        tensor.grad = torch.ones(2)
    first.step()
    second.step()
    assert torch.equal(p, q) and second.param_groups[0]["lr"] == 0.1
    assert second.state[q]["exp_avg"] is not first.state[p]["exp_avg"]


def test_loaded_state_is_shared_with_the_dictionary_it_came_from() -> None:
    p = parameter()
    first = optim.Adam([p], lr=0.1)
    (p * p).sum().backward()
    first.step()
    second = optim.Adam([p], lr=0.5)
    second.load_state_dict(first.state_dict())
    second.step()
    assert first.state[p]["step"].item() == 2.0


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (
            "SGD(p)",
            TypeError,
            "should be an iterable of Tensors or dicts, but got torch.FloatTensor",
        ),
        ("SGD([])", ValueError, "optimizer got an empty parameter list"),
        ("SGD([p * 2])", ValueError, "can't optimize a non-leaf Tensor"),
        ("SGD([1])", TypeError, "one of the params is int"),
        ("SGD([p], lr=-1)", ValueError, "Invalid learning rate: -1"),
        ("SGD([p], nesterov=True)", ValueError, "Nesterov momentum requires a momentum"),
        ("Adam([p], betas=(1.0, 0.9))", ValueError, "Invalid beta parameter at index 0: 1.0"),
        ("SGD([{'params': [p]}, {'params': [p]}])", ValueError, "more than one parameter group"),
    ],
)
def test_mistakes_are_named(code: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message.replace("(", r"\(")):
        eval(f"optim.{code}", {"optim": optim, "p": parameter()})


def test_a_step_changes_the_version_so_that_an_old_graph_is_not_used_by_mistake() -> None:
    w = torch.ones(2, requires_grad=True)
    y = (w * w).sum()
    y.backward(retain_graph=True)
    optim.SGD([w], lr=0.1).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.backward()


def test_hooks_run_around_a_step() -> None:
    o, seen = optim.SGD([parameter()], lr=0.1), []
    o.register_step_pre_hook(lambda *_: seen.append("before"))
    handle = o.register_step_post_hook(lambda *_: seen.append("after"))
    o.step()
    handle.remove()
    o.step()
    assert seen == ["before", "after", "before"]
