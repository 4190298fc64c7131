"""Transforms of functions: gradients, Jacobians, Hessians, maps and modules as functions."""

from __future__ import annotations

from typing import Any

import pytest

import engine as torch
from engine import func, nn

#: The first forward derivative of a process warns of that, as PyTorch's does.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")


def cubes(x: Any) -> Any:
    return (x**3).sum()


def equal(a: Any, b: Any) -> bool:
    return bool(torch.allclose(a, torch.as_tensor(b), atol=1e-5))


def test_gradients_nest() -> None:
    x = torch.tensor(2.0)
    first, second, third = func.grad(torch.sin), func.grad(func.grad(torch.sin)), 0
    assert equal(first(x), torch.cos(x)) and equal(second(x), -torch.sin(x)) and not third
    assert not first(x).requires_grad


def test_grad_takes_arguments_by_number_and_trees() -> None:
    def f(a: Any, b: dict[str, Any]) -> Any:
        return a * b["x"] ** 2

    ga, gb = func.grad(f, argnums=(0, 1))(torch.tensor(3.0), {"x": torch.tensor(2.0)})
    assert ga == 4 and gb["x"] == 12
    found, value = func.grad_and_value(cubes)(torch.tensor([1.0, 2.0]))
    assert equal(found, [3.0, 12.0]) and value == 9


def test_a_vector_result_is_refused() -> None:
    with pytest.raises(RuntimeError, match="return a scalar Tensor, got tensor with 1 dims"):
        func.grad(torch.sin)(torch.ones(2))


def test_products_with_the_jacobian_from_both_sides() -> None:
    x, v = torch.tensor([1.0, 2.0]), torch.tensor([0.5, -1.0])

    def f(t: Any) -> Any:
        return torch.stack([t[0] * t[1], t[0] ** 2, t[1].sin()])

    jacobian = func.jacrev(f)(x)
    assert equal(func.jacfwd(f)(x), jacobian)
    assert equal(func.jvp(f, (x,), (v,))[1], jacobian @ v)
    _, pull = func.vjp(f, x)
    w = torch.tensor([1.0, 2.0, 3.0])
    assert equal(pull(w)[0], w @ jacobian)


def test_the_hessian_of_cubes_is_diagonal() -> None:
    assert equal(func.hessian(cubes)(torch.tensor([1.0, 2.0])), [[6.0, 0.0], [0.0, 12.0]])


def test_vmap_maps_chosen_dimensions() -> None:
    a, b = torch.randn(3, 2), torch.randn(2, 3)
    assert equal(func.vmap(torch.dot, in_dims=(0, 1))(a, b), (a * b.T).sum(1))
    assert equal(func.vmap(torch.dot, in_dims=(0, None))(a, b[:, 0]), a @ b[:, 0])
    assert func.vmap(torch.sin, out_dims=1)(a).shape == (2, 3)
    with pytest.raises(ValueError, match="same size in the mapped dimension"):
        func.vmap(torch.dot)(a, b)


def test_gradients_per_example() -> None:
    x = torch.randn(4, 3)
    assert equal(func.vmap(func.grad(cubes))(x), 3 * x**2)


def test_a_module_is_called_with_other_parameters() -> None:
    net, x = nn.Sequential(nn.Linear(2, 3), nn.Tanh()), torch.randn(4, 2)
    doubled = {k: p.detach() * 2 for k, p in net.named_parameters()}
    before = net(x)
    out = func.functional_call(net, doubled, (x,))
    assert equal(out, torch.tanh(2 * net[0](x)))
    assert equal(net(x), before)
    assert equal(func.functional_call(net, {"nope": torch.ones(1)}, (x,)), before)
    with pytest.raises(RuntimeError, match="Unexpected key"):
        func.functional_call(net, {**doubled, "nope": torch.ones(1)}, (x,), strict=True)


def test_gradients_with_respect_to_a_modules_parameters() -> None:
    net, x = nn.Linear(2, 1), torch.randn(4, 2)
    parameters = {k: p.detach() for k, p in net.named_parameters()}

    def loss(values: Any) -> Any:
        return func.functional_call(net, values, (x,)).pow(2).mean()

    found = func.grad(loss)(parameters)
    net(x).pow(2).mean().backward()
    assert equal(found["weight"], net.weight.grad) and equal(found["bias"], net.bias.grad)


def test_states_of_equal_modules_are_stacked() -> None:
    parameters, _ = func.stack_module_state([nn.Linear(2, 1), nn.Linear(2, 1)])
    assert parameters["weight"].shape == (2, 1, 2) and parameters["weight"].is_leaf


def test_what_a_function_closes_over_is_differentiated_too() -> None:
    two = torch.tensor(2.0)
    mixed = func.grad(lambda x: func.grad(lambda y: x * y**2)(torch.tensor(1.0)))(two)
    assert mixed == 2 and not mixed.requires_grad
    w = torch.tensor(3.0, requires_grad=True)
    x = torch.tensor([1.0, 2.0])
    for jacobian in (func.jacrev, func.jacfwd):
        assert torch.autograd.grad(jacobian(lambda y: w * y)(x).sum(), w) == (2,)
    assert torch.autograd.grad(func.vjp(lambda y: w * y, x)[1](x)[0].sum(), w) == (3,)
    assert not func.grad(cubes)(x).requires_grad


class _Counted(torch.autograd.Function):
    """x², which counts its backward passes."""

    passes = 0

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Any) -> Any:
        return x * x

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        _Counted.passes += 1
        return 2 * g * ctx.saved_tensors[0]


@pytest.mark.parametrize("jacobian", [func.jacrev, func.jacfwd])
def test_a_tall_jacobian_takes_few_passes(jacobian: Any) -> None:
    x, tall = torch.tensor([1.0, 2.0]), torch.ones(50, 1)
    _Counted.passes = 0
    found = jacobian(lambda v: _Counted.apply(v) * tall)(x)
    assert equal(found, torch.diag(2 * x).expand(50, 2, 2))
    assert _Counted.passes <= 3


def test_a_wide_jacobian_takes_few_passes() -> None:
    x = torch.arange(40.0)
    _Counted.passes = 0
    found = func.jacfwd(lambda v: _Counted.apply(v).sum())(x)
    assert equal(found, 2 * x)
    assert _Counted.passes == 1


def test_what_can_be_differentiated_once_has_tall_jacobians() -> None:
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(x: Any) -> Any:
            return x * x

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx: Any, g: Any) -> Any:
            return 2 * g * ctx.saved_tensors[0]

    x = torch.tensor([1.0, 2.0])
    found = func.jacrev(lambda v: Once.apply(v) * torch.ones(9, 1))(x)
    assert equal(found, torch.diag(2 * x).expand(9, 2, 2))


def test_vmap_gives_the_digits_of_the_batch() -> None:
    torch.manual_seed(0)
    layer, x = nn.Linear(31, 33), torch.randn(64, 31)
    many, few = layer(x), layer(x[:4])
    # Whether one row of a product has the digits it has among many is up to the processor's BLAS.
    torch.testing.assert_close(func.vmap(layer)(x), many, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(func.vmap(layer)(x[:4]), few, rtol=1e-5, atol=1e-6)
    for f in (torch.tanh, torch.exp, torch.sigmoid, nn.functional.gelu):
        assert torch.equal(func.vmap(f)(many), f(many))
        assert torch.equal(func.vmap(f)(few), f(few))
