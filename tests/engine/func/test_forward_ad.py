"""Forward derivatives: dual tensors, jvp and linearize, the `jvp` of a person's Function."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine import func
from engine.autograd import forward_ad as fw
from engine.func.trees import leaves as flat

sys.path.insert(0, str(Path(__file__).parents[1]))

from gradient_recipes import ROWS
from recipe_leaves import leaf

#: The first forward derivative of a process warns of that, as PyTorch's does.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")

#: Rows whose recipes differentiate inside, which ends what came along.
_INSIDE = {
    "third_of_max",
    "third_of_take",
    "third_of_select",
    "third_of_scatter",
    "third_of_narrow",
}


def _values(fn: Any, args: Any) -> list[Any]:
    return [
        t for t in flat(fn(*args))
        if isinstance(t, torch.Tensor) and (t.is_floating_point() or t.is_complex())
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(ROWS) - _INSIDE))
def test_tangents_are_the_jacobian_times_those_of_the_arguments(name: str) -> None:
    fn, shapes = ROWS[name]
    primals = [leaf(*shape, place=i).detach() for i, shape in enumerate(shapes)]
    tangents = [leaf(*shape, place=i + 7).detach() for i, shape in enumerate(shapes)]
    with fw.dual_level():
        duals = [fw.make_dual(p, t) for p, t in zip(primals, tangents, strict=True)]
        found = [fw.unpack_dual(o).tangent for o in _values(fn, duals)]
    wanted = func.jvp(lambda *xs: _values(fn, xs), tuple(primals), tuple(tangents))[1]
    for a, b in zip(found, wanted, strict=True):
        a = torch.zeros_like(b) if a is None else a
        assert not a.requires_grad and torch.allclose(a, b.to(a.dtype), 1e-9, 1e-9, equal_nan=True)


def test_a_dual_tensor_is_a_view_in_no_graph() -> None:
    p, v = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    with fw.dual_level():
        d = fw.make_dual(p, v)
        assert d._is_view() and d.is_leaf and not d.requires_grad
        assert fw.unpack_dual(d).tangent is v
        assert repr(d) == "tensor([1., 2.], tangent=tensor([3., 4.]))"
        out = (d * d).sum()
        assert repr(out) == "tensor(5., tangent=22.0)" and out.grad_fn is None
        assert fw.unpack_dual(d.detach()).tangent is None
        with torch.no_grad():
            assert fw.unpack_dual(d * 3).tangent.tolist() == [9.0, 12.0]
    assert fw.unpack_dual(out).tangent is None and repr(out) == "tensor(5.)"


def test_a_tangent_of_another_layout_is_copied() -> None:
    p, v = torch.zeros(2, 3), torch.arange(6.0).view(3, 2).T
    with fw.dual_level():
        tangent = fw.unpack_dual(fw.make_dual(p, v)).tangent
    assert tangent is not v and tangent.stride() == (3, 1) and torch.equal(tangent, v)


def test_writes_in_place_reach_the_tangent() -> None:
    p, v = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    with fw.dual_level():
        d = fw.make_dual(p, v)
        x = d.clone()
        x.mul_(d)
        x[0] = 5
        assert fw.unpack_dual(x).tangent.tolist() == [0.0, 16.0]
        z = torch.zeros(2, 2)
        row = z[1]
        row.copy_(d)
        row[0].zero_()
        assert fw.unpack_dual(z).tangent.tolist() == [[0.0, 0.0], [0.0, 4.0]]
        y = p.clone()
        y.copy_(d)
        assert fw.unpack_dual(y).tangent.tolist() == [3.0, 4.0]


def test_tangents_of_gradients_and_gradients_of_tangents() -> None:
    v = torch.tensor([3.0, 4.0])
    p = torch.tensor([1.0, 2.0], requires_grad=True)
    with fw.dual_level():
        d = fw.make_dual(p, v)
        out = (d.exp() * d).sum()
        (slope,) = torch.autograd.grad(out, d, retain_graph=True)
        second = fw.unpack_dual(slope).tangent  # H v
        (third,) = torch.autograd.grad(fw.unpack_dual(out).tangent, p)
    wanted = (p.exp() * (p + 2) * v).detach()
    assert torch.allclose(second, wanted) and torch.allclose(third, wanted)


def test_errors_of_levels_and_dual_tensors() -> None:
    p, v = torch.ones(2), torch.ones(2)
    with pytest.raises(RuntimeError, match="no level exists, make sure to enter_dual_level"):
        fw.make_dual(p, v)
    with pytest.raises(RuntimeError, match=r"Dual level must be a positive number\."):
        fw.exit_dual_level()
    with fw.dual_level():
        d = fw.make_dual(p, v)
        with pytest.raises(
            RuntimeError, match="already has a forward gradient at the same level 0 is"
        ):
            fw.make_dual(d, v)
        with pytest.raises(
            RuntimeError, match="itself has a forward gradient at the same level0 is"
        ):
            fw.make_dual(p, d)
        with pytest.raises(
            ValueError, match="Expected primal to be floating point or complex, but got"
        ):
            fw.make_dual(torch.arange(2), v)
        with pytest.raises(
            RuntimeError, match="Nested forward mode AD is not supported at the moment"
        ):
            fw.enter_dual_level()
    assert not torch.autograd.mode.unusual


class _Exp(torch.autograd.Function):
    generate_vmap_rule = True
    calls: list[Any] = []  # noqa: RUF012

    @staticmethod
    def forward(x: Any) -> Any:
        return x.exp()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_forward(output)

    @staticmethod
    def jvp(ctx: Any, tangent: Any) -> Any:
        _Exp.calls.append(tangent.shape)
        return tangent * ctx.saved_tensors[0]


def test_a_function_with_nothing_but_a_jvp() -> None:
    p, v = torch.tensor([0.0, 1.0]), torch.tensor([3.0, 4.0])
    wanted = v * p.exp()
    _Exp.calls.clear()
    with fw.dual_level():
        assert torch.allclose(fw.unpack_dual(_Exp.apply(fw.make_dual(p, v))).tangent, wanted)
    assert torch.allclose(func.jvp(_Exp.apply, (p,), (v,))[1], wanted)
    assert _Exp.calls == [(2,), (2,)]
    assert torch.allclose(func.jacfwd(_Exp.apply)(p), torch.diag(p.exp()))
    assert torch.allclose(func.vmap(lambda a, b: func.jvp(_Exp.apply, (a,), (b,))[1])(p, v), wanted)
    assert torch.allclose(func.jvp(func.vmap(_Exp.apply), (p,), (v,))[1], wanted)
    x = p.double().requires_grad_()
    options = {
        "check_backward_ad": False,
        "check_undefined_grad": False,
        "check_batched_grad": False,
    }
    assert torch.autograd.gradcheck(_Exp.apply, (x,), check_forward_ad=True, **options)


class _Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, factor: float) -> Any:
        return x * 2

    @staticmethod
    def jvp(ctx: Any, tangent: Any, factor: Any) -> Any:
        assert factor is None
        return tangent * 3


def test_gradcheck_looks_at_forward_derivatives() -> None:
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    with pytest.raises(
        RuntimeError, match="Jacobian computed with forward mode mismatch for output 0"
    ):
        torch.autograd.gradcheck(
            lambda t: _Double.apply(t, 1.0), (x,), check_forward_ad=True, check_backward_ad=False
        )


def test_a_function_without_jvp_has_no_forward_derivative() -> None:
    class Plain(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            return x * 2

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    with fw.dual_level(), pytest.raises(NotImplementedError, match="You must implement the jvp"):
        Plain.apply(fw.make_dual(torch.ones(2), torch.ones(2)))


@pytest.mark.parametrize(
    ("primals", "tangents", "text"),
    [
        (torch.ones(2), (), "Expected primals to be a tuple. E.g. it should be valid to call f(*primals)"),
        ((), (), "jvp(f, primals, tangents): Expected primals to contain at least one Tensor."),
        ((torch.ones(2), 2.0), (torch.ones(2), 1.0), "only contain Tensors, got <class 'float'>"),
        ((torch.ones(2),) * 2, (torch.ones(2),), "Got primals with structure TreeSpec(tuple, None, [*,\n  "
         "*]) and tangents with structure TreeSpec(tuple, None, [*])"),
        ((torch.ones(2),), (torch.ones(3),), "Tensor is of size [2] while the given forward gradient is "
         "of size [3]."),
    ],
)  # fmt: skip
def test_errors_of_jvp(primals: Any, tangents: Any, text: str) -> None:
    with pytest.raises(RuntimeError) as raised:
        func.jvp(lambda *xs: xs[0], primals, tangents)
    assert text in str(raised.value)


def test_results_that_have_no_tangent() -> None:
    x = torch.ones(2)
    assert func.jvp(lambda t: (t.argmax(), torch.ones(3)), (x,), (x,))[1][1].tolist() == [0.0] * 3
    with pytest.raises(
        RuntimeError, match="to return only tensors, got unsupported type <class 'int'>"
    ):
        func.jvp(lambda t: 3, (x,), (x,))
    with pytest.raises(
        RuntimeError, match=r"independent of the inputs\. This is not allowed with strict"
    ):
        func.jvp(lambda t: torch.ones(3), (x,), (x,), strict=True)
    with pytest.raises(
        RuntimeError, match=r"should be a tuple: \(output, aux\) if has_aux is True"
    ):
        func.jvp(lambda t: t, (x,), (x,), has_aux=True)


def test_linearize_calls_the_function_once() -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(1)
        return x.sin() * x

    p, v = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    value, push = func.linearize(f, p)
    for t in (v, 2 * v):
        assert torch.allclose(push(t), func.jvp(lambda x: x.sin() * x, (p,), (t,))[1])
    assert torch.equal(value, p.sin() * p) and len(calls) == 1
    with pytest.raises(
        RuntimeError, match=r"tangent:0 with shape torch.Size\(\[1\]\) in flattened"
    ):
        push(v[:1])
    with pytest.raises(RuntimeError, match=r"Expected the tangents TreeSpec\(tuple, None, \[\*,"):
        push(v, v)
    with pytest.raises(
        RuntimeError, match=r"tangent:0 with dtype torch\.float64 in flattened pytree"
    ):
        push(v.double())
