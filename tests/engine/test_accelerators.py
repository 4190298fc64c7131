"""Programs written for accelerators run without one: switches switch nothing, scalers scale nothing."""

from __future__ import annotations

import warnings

import pytest

import engine as torch
from engine import amp, cuda, jit, nn
from engine.backends import cudnn


@pytest.mark.filterwarnings("ignore:torch.cuda.amp.GradScaler is enabled")
@pytest.mark.filterwarnings("ignore:CUDA is not available")
def test_a_training_step_in_mixed_precision_is_an_ordinary_one() -> None:
    layer = nn.Linear(2, 1, bias=False)
    before = layer.weight.detach().clone()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    scaler = amp.GradScaler()
    with torch.autocast(device_type="cuda"):
        loss = layer(torch.ones(1, 2)).sum()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    assert loss.dtype is torch.float32
    assert torch.equal(layer.weight, before - 0.5)
    assert (scaler.get_scale(), scaler.is_enabled()) == (1.0, False)


def test_autocast_leaves_the_functions_as_they_were() -> None:
    product, method = torch.mm, torch.Tensor.__matmul__
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.mm(torch.ones(1, 1), torch.ones(1, 1)).dtype is torch.bfloat16
    assert (torch.mm, torch.Tensor.__matmul__) == (product, method)


def test_cuda_counts_nothing_and_refuses_what_needs_a_device() -> None:
    assert cuda.memory_allocated() == cuda.max_memory_allocated() == cuda.device_count() == 0
    for name in ("current_device", "get_device_properties", "mem_get_info", "synchronize"):
        with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
            getattr(cuda, name)()
    with pytest.raises(TypeError, match=r"type torch\.cuda\.FloatTensor not available"):
        cuda.FloatTensor([1.0])  # type: ignore[attr-defined]


def test_switches_keep_what_is_set() -> None:
    with cudnn.flags(deterministic=True):
        assert cudnn.deterministic
    assert not cudnn.deterministic


def test_jit_leaves_functions_as_they_are_and_says_so() -> None:
    jit._say.cache_clear()
    with pytest.warns(UserWarning, match=r"torch\.jit\.script: programs are not compiled"):
        assert jit.script(abs) is abs
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert jit.script(abs) is jit.ignore(abs) is jit.unused(abs) is abs
    with pytest.raises(NotImplementedError, match=r"torch\.jit\.trace is not supported"):
        jit.trace(abs, ())  # type: ignore[attr-defined]
