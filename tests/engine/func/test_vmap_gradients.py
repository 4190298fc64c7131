"""vmap beside gradients: per sample, in ensembles, nested, of layers and losses, on a tape."""

from __future__ import annotations

import functools
import sys
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine import func, nn
from engine.func import grad, vmap
from engine.tape.recorder import Recorder

sys.path.insert(0, str(Path(__file__).parent))

from mapped import X, equal

#: The first forward derivative of a process warns of that, as PyTorch's does.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")


# --- gradients ---------------------------------------------------------------------------------------
def _net() -> Any:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)
    )


def test_gradients_per_sample() -> None:
    net = _net()
    x, y = torch.randn(5, 1, 8, 8), torch.tensor([0, 3, 1, 1, 2])
    values = {k: v.detach() for k, v in net.named_parameters()}

    def loss(values: Any, sample: Any, target: Any) -> Any:
        out = func.functional_call(net, values, (sample.unsqueeze(0),))
        return nn.functional.cross_entropy(out, target.unsqueeze(0))

    found = vmap(grad(loss), in_dims=(None, 0, 0))(values, x, y)
    for k in range(5):
        one = torch.autograd.grad(
            nn.functional.cross_entropy(net(x[k : k + 1]), y[k : k + 1]), list(net.parameters())
        )
        for name, slope in zip(values, one, strict=True):
            assert torch.allclose(found[name][k], slope, atol=1e-6)


def test_ensembles_of_modules() -> None:
    nets = [_net() for _ in range(3)]
    for i, net in enumerate(nets):
        with torch.no_grad():
            net[4].weight.mul_(i + 1)
    params, buffers = func.stack_module_state(nets)
    x = torch.randn(4, 1, 8, 8)

    def run(p: Any, b: Any, x: Any) -> Any:
        return func.functional_call(nets[0], (p, b), (x,))

    found = vmap(run, in_dims=(0, 0, None))(params, buffers, x)
    assert torch.allclose(found, torch.stack([net(x) for net in nets]), atol=1e-6)
    found.sum().backward()
    nets[2](x).sum().backward()
    assert torch.allclose(params["0.weight"].grad[2], nets[2][0].weight.grad, atol=1e-5)


def test_a_map_in_a_gradient_in_a_map() -> None:
    w = torch.randn(2, 2, dtype=torch.float64)
    x = torch.randn(4, 3, 2, dtype=torch.float64)

    def energy(rows: Any) -> Any:
        return vmap(lambda r: (r @ w).tanh().sum() * r.prod())(rows).pow(2).sum()

    wanted = torch.stack([grad(energy)(rows) for rows in x])
    assert equal(vmap(grad(energy))(x), wanted)
    outer = grad(lambda t: (vmap(grad(energy))(t) ** 2).sum())(x)
    looped = grad(lambda t: sum((grad(energy)(rows) ** 2).sum() for rows in t))(x)
    assert equal(outer, looped)


class _Cube(torch.autograd.Function):
    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any) -> Any:
        return x**3

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        (x,) = ctx.saved_tensors
        assert x.shape == (2,)  # one example's
        return 3 * x**2 * g


class _Ruled(torch.autograd.Function):
    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x * y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        x, y = ctx.saved_tensors
        return g * y, g * x

    @staticmethod
    def vmap(info: Any, in_dims: Any, x: Any, y: Any) -> Any:
        assert (info.batch_size, info.randomness, in_dims) == (3, "error", (0, None))
        return _Ruled.apply(x, y), 0


def test_functions_of_a_person() -> None:
    x = X.clone().requires_grad_()
    vmap(_Cube.apply)(x).sum().backward()
    assert equal(x.grad, 3 * X**2)
    assert equal(vmap(grad(lambda r: _Cube.apply(r).sum()))(X), 3 * X**2)
    factor = torch.tensor([2.0, 5.0])
    slopes = vmap(grad(lambda r, y: _Ruled.apply(r, y).sum()), (0, None))(X, factor)
    assert equal(slopes, factor.expand(3, 2))

    class Plain(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x

    with pytest.raises(RuntimeError, match="it must override the setup_context staticmethod"):
        vmap(Plain.apply)(X)
    Plain.setup_context = _Cube.setup_context  # type: ignore[method-assign]
    with pytest.raises(
        RuntimeError, match="You tried to vmap over Plain, but it does not have vmap"
    ):
        vmap(Plain.apply)(X)


def test_batched_gradients_of_autograd() -> None:
    x = X.clone().requires_grad_()
    y = (x**2).sum(1)
    (rows,) = torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)
    assert rows.shape == (3, 3, 2) and equal(rows.sum(0), 2 * X)


@pytest.mark.parametrize(
    "layer",
    [nn.LSTM(5, 6), nn.GRU(5, 6), nn.TransformerEncoderLayer(5, 1, 8, dropout=0.0), nn.LayerNorm(5),
     nn.BatchNorm1d(5, track_running_stats=False), nn.Sequential(nn.Linear(5, 3), nn.GELU())],
    ids=lambda layer: type(layer).__name__,
)  # fmt: skip
def test_layers_map_as_loops_do(layer: Any) -> None:
    torch.manual_seed(0)
    x = torch.randn(3, 4, 5)

    def out(a: Any) -> Any:
        found = layer(a)
        return found[0] if isinstance(found, tuple) else found

    slope = grad(lambda a: (out(a) ** 2).sum())
    for fn in (out, slope):
        assert torch.allclose(vmap(fn)(x), torch.stack([fn(a) for a in x]), atol=1e-4)


def test_losses_of_each_example() -> None:
    torch.manual_seed(0)
    x, y = torch.randn(3, 4, 5), torch.randint(5, (3, 4))
    y[0, 1] = -100
    losses = (
        nn.functional.cross_entropy,
        functools.partial(nn.functional.cross_entropy, weight=torch.rand(5), reduction="sum"),
        functools.partial(nn.functional.cross_entropy, weight=torch.rand(5)),
        functools.partial(nn.functional.cross_entropy, label_smoothing=0.1),
        functools.partial(nn.functional.cross_entropy, reduction="none"),
        lambda a, b: nn.functional.mse_loss(a, a.flip(0), reduction="mean"),
    )
    for loss in losses:
        wanted = torch.stack([loss(a, b) for a, b in zip(x, y, strict=True)])
        assert torch.allclose(vmap(loss)(x, y), wanted, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16, torch.float64])
def test_other_types_keep_theirs_inside(kind: Any) -> None:
    x = torch.linspace(-1, 1, 6).view(3, 2).requires_grad_()

    def out(row: Any) -> Any:
        row = (row.to(kind) * 2).tanh()
        assert row.dtype is kind
        return row.sum()

    found = vmap(out)(x)
    wanted = torch.stack([out(row) for row in x])
    assert found.dtype is kind and torch.equal(found, wanted)
    (slope,) = torch.autograd.grad(found.sum(), x)
    assert torch.equal(slope, torch.autograd.grad(wanted.sum(), x)[0])


@pytest.mark.filterwarnings("ignore:Anomaly Detection has been enabled")
def test_gradients_inside_a_map_may_be_watched() -> None:
    with torch.autograd.detect_anomaly(check_nan=True):
        assert equal(vmap(grad(lambda r: (r**2).sum()))(X), 2 * X)


# --- the tape ----------------------------------------------------------------------------------------
def test_a_tape_has_each_operation_once_with_all_examples() -> None:
    x = X.clone().requires_grad_()
    with Recorder() as recorder:
        vmap(lambda r: (r * 2).sin().sum())(x).sum().backward()
    tape = recorder.tape()
    assert [tape.text(int(n)) for n in tape.ops["name"]] == ["mul", "sin", "sum", "sum"]
    assert tape.value(1).shape == (3, 2) and len(tape.passes) == 1
    with Recorder() as recorder:
        found = vmap(grad(lambda r: (r * 2).sin().sum()))(X)
    tape = recorder.tape()
    names = [tape.text(int(n)) for n in tape.ops["name"]]
    assert names[:3] == ["mul", "sin", "sum"] and "cos" in names  # and the pass by its operations
    assert not len(tape.passes) and equal(found, 2 * (2 * X).cos())
