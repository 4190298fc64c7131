"""vmap: what the mapped function sees, what it may not do, its dimensions, random draws."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import engine as torch
from engine import func, nn
from engine.func import grad, vmap

sys.path.insert(0, str(Path(__file__).parent))

from mapped import X, equal

#: The first forward derivative of a process warns of that, as PyTorch's does.
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")


# --- inside ------------------------------------------------------------------------------------------
def test_the_function_runs_once_and_sees_one_example() -> None:
    seen: list[Any] = []

    def look(row: Any) -> Any:
        seen.append((row.shape, row.ndim, row.numel(), row.stride(), len(row), type(row).__name__))
        return row.sum()

    assert equal(vmap(look)(X), X.sum(1))
    assert seen == [((2,), 1, 2, (1,), 2, "Tensor")]


def test_printing_shows_the_batch() -> None:
    shown: list[str] = []
    vmap(vmap(lambda a: shown.append(repr(a)) or a))(X)  # type: ignore[func-returns-value]
    vmap(lambda a: shown.append(repr(a)) or a, in_dims=1)(X)  # type: ignore[func-returns-value]
    rows = "tensor([[0., 1.],\n{0}        [2., 3.],\n{0}        [4., 5.]])"
    assert shown[0] == (
        "BatchedTensor(lvl=2, bdim=0, value=\n    BatchedTensor(lvl=1, bdim=0, value=\n        "
        + rows.format(" " * 8)
        + "\n    )\n)"
    )
    assert shown[1] == "BatchedTensor(lvl=1, bdim=1, value=\n    " + rows.format("    ") + "\n)"


def _shown(run: Callable[[Any], Any]) -> str:
    shown: list[str] = []
    run(lambda t: shown.append(repr(t)) or t)  # type: ignore[func-returns-value]
    return shown[-1].replace("\n", " ").replace("    ", "")


def test_printing_shows_the_gradients_that_are_taken() -> None:
    x = torch.arange(2.0)
    one = "GradTrackingTensor(lvl=1, value= tensor([0., 1.]) )"
    assert _shown(lambda show: grad(lambda a: show(a).sum())(x)) == one
    assert _shown(lambda show: func.jvp(lambda a: show(a), (x,), (x,))) == one
    both = "GradTrackingTensor(lvl=2, value= GradTrackingTensor(lvl=1, value= tensor([0., 1.]) ) )"
    assert _shown(lambda show: grad(lambda b: grad(lambda a: show(a).sum())(b).sum())(x)) == both
    mixed = (
        "GradTrackingTensor(lvl=2, value= BatchedTensor(lvl=1, bdim=0, value= tensor([0., 1.]) ) )"
    )
    assert _shown(lambda show: vmap(grad(lambda a: show(a)))(x)) == mixed


_ITEM = "vmap: It looks like you're calling .item() on a Tensor. We don't support vmap over calling .item()"


@pytest.mark.parametrize(
    ("function", "error", "text"),
    [
        (lambda a: a.sum().item(), RuntimeError, _ITEM),
        (lambda a: float(a.sum()), RuntimeError, _ITEM),
        (lambda a: a[: a[0].long()], RuntimeError, _ITEM),
        (lambda a: f"{a.sum()}", RuntimeError, _ITEM),
        (lambda a: torch.tensor([a[0]]), RuntimeError, _ITEM),
        (lambda a: a if a.sum() > 0 else -a, RuntimeError, "in some data-dependent control flow"),
        (lambda a: a.numpy(), RuntimeError, "Cannot access data pointer of Tensor that doesn't"),
        (lambda a: a.tolist(), RuntimeError, "Cannot access data pointer of Tensor that doesn't"),
        (lambda a: a.storage(), NotImplementedError, "Cannot access storage of BatchedTensorImpl"),
        (lambda a: a[a > 2], RuntimeError, "Attempting to batch over indexing with a boolean mask"),
        (lambda a: a.data, RuntimeError, "accessing `data` under vmap transform is not allowed"),
        (lambda a: torch.add(a, a, out=torch.empty(2)), RuntimeError, "not implemented for aten::add.out;"),
        (lambda a: a.nonzero(), RuntimeError, "Attempted to vmap over aten::nonzero. Please file"),
        (torch.unique, RuntimeError, "Attempted to vmap over aten::_unique2. Please file"),
        (lambda a: a.masked_select(a > 2), RuntimeError, "over `mask` in torch.masked_select"),
        (lambda a: torch.allclose(a, a), RuntimeError, "vmap over torch.allclose isn't supported"),
        (lambda a: a.requires_grad_(), RuntimeError, "attempting to call Tensor.requires_grad_()"),
        (lambda a: a.sum().backward(), RuntimeError, "called inside a functorch transform"),
        (lambda a: torch.zeros(2).mul_(a), RuntimeError, "vmap: inplace arithmetic(self, *extra_a"),
        (lambda a: torch.zeros(2).copy_(a), RuntimeError, "vmap: inplace arithmetic(self, *extra_a"),
        (lambda a: torch.zeros(2).add_(a), RuntimeError, "[2] doesn't match the broadcast shape [3, 2]"),
        (lambda a: a + torch.randn(2), RuntimeError, "random operation while in randomness error"),
        (nn.functional.dropout, RuntimeError, "random operation while in randomness error"),
        (nn.BatchNorm1d(2), RuntimeError, "Batch norm got a batched tensor as input while the"),
    ],
)  # fmt: skip
def test_what_a_mapped_function_may_not_do(
    function: Callable[..., Any], error: type[Exception], text: str
) -> None:
    inputs = X[:, None].repeat(1, 4, 1) if isinstance(function, nn.Module) else X
    with pytest.raises(error) as raised:
        vmap(function)(inputs)
    assert text in str(raised.value)
    assert not torch.autograd.mode.unusual  # and the map is over


def test_the_error_names_the_write_to_what_is_shared() -> None:
    def put(a: Any) -> Any:
        y = torch.zeros(2)
        y[torch.tensor([0, 1])] = a
        return y

    with pytest.raises(
        RuntimeError, match=r"vmap: index_put_\(self, \*extra_args\) is not possible"
    ):
        vmap(put)(X)
    with pytest.raises(RuntimeError, match=r"`self` not being vmapped over at level 1. Please try"):
        vmap(lambda a: torch.zeros(2).scatter_(0, torch.tensor([0, 1]), a))(X)


def test_writing_in_place_reaches_the_mapped_tensor() -> None:
    x = X.clone()

    def scale(row: Any) -> Any:
        row.mul_(2)
        row[0] = 7
        row[1:] += 1
        return row

    found = vmap(scale)(x)
    assert equal(found, torch.tensor([[7.0, 3.0], [7.0, 7.0], [7.0, 11.0]])) and equal(found, x)


def test_what_is_made_like_an_example_can_be_written_to() -> None:
    def turned(row: Any) -> Any:
        y = torch.zeros_like(row)
        y[0] = row[1]
        y[1].fill_(row[0])
        return y

    assert equal(vmap(turned)(X), X.flip(1))


def test_new_tensors_of_an_example_can_be_written_to() -> None:
    def filled(row: Any) -> Any:
        return row.new_zeros(2).add_(row[0]), row.new_full((1,), 2.0).mul_(row[1])

    first, second = vmap(filled)(X)
    assert equal(first, X[:, :1].expand(3, 2)) and equal(second, X[:, 1:] * 2)


def test_each_example_has_an_index_of_its_own() -> None:
    i = torch.tensor([1, -1, 0])
    table = torch.arange(12.0).view(2, 2, 3)
    assert equal(vmap(lambda a, k: a[k])(X, i), torch.tensor([1.0, 3.0, 4.0]))
    assert equal(vmap(lambda k: table[k])(i), table[i])
    assert equal(vmap(lambda k: table[:, k])(i), table[:, i].transpose(0, 1))
    pairs = i[:, None].repeat(1, 2)
    looped = torch.stack([table[:, p, p + 1] for p in pairs])
    assert equal(vmap(lambda p: table[:, p, p + 1])(pairs), looped)

    def put(a: Any, k: Any) -> Any:
        a = a * 1
        a[k] = -1
        return a

    assert equal(vmap(put)(X, i), torch.tensor([[0.0, -1.0], [2.0, -1.0], [-1.0, 5.0]]))
    slopes = vmap(grad(lambda a, k: (a[k] ** 2).sum()))(X, i)
    assert equal(slopes, torch.tensor([[0.0, 2.0], [0.0, 6.0], [8.0, 0.0]]))


# --- dimensions --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("in_dims", "args", "text"),
    [
        (3, (X,), "vmap({}, in_dims=3, ...)(<inputs>): Got in_dim=3 for some input, but that input is a "
         "Tensor of dimensionality 2 so expected in_dim to satisfy -2 <= in_dim < 2."),
        (1.0, (X,), "vmap({}, in_dims=1.0, ...)(<inputs>): expected `in_dims` to be int or a (potentially "
         "nested) tuple matching the structure of inputs, got: <class 'float'>."),
        ((0, 0), (X,), "vmap({}, in_dims=(0, 0), ...)(<inputs>): in_dims is not compatible with the "
         "structure of `inputs`. in_dims has structure TreeSpec(tuple, None, [*,\n  *]) but inputs has "
         "structure TreeSpec(tuple, None, [*])."),
        (({"b": 0},), ({"a": X},), "vmap({}, in_dims=({{'b': 0}},), ...)(<inputs>): in_dims is not "
         "compatible with the structure of `inputs`. in_dims has structure TreeSpec(tuple, None, "
         "[TreeSpec(dict, ['b'], [*])]) but inputs has structure TreeSpec(tuple, None, [TreeSpec(dict, "
         "['a'], [*])])."),
        ((None,), (X,), "vmap: Expected at least one Tensor to vmap over"),
        (0, (X, 3), "vmap({}, in_dims=0, ...)(<inputs>): Got in_dim=0 for an input but the input is of "
         "type <class 'int'>. We cannot vmap over non-Tensor arguments, please use None as the "
         "respective in_dim"),
        ((0, "x"), (X, 3), "vmap({}, in_dims=(0, 'x'), ...)(<inputs>): Got in_dim=x for an input but "
         "in_dim must be either an integer dimension or None."),
        (0, (X, torch.ones(4)), "vmap: Expected all tensors to have the same size in the mapped "
         "dimension, got sizes [3, 4] for the mapped dimension"),
        (0, (), "vmap({})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to "
         "vmap over a function with no inputs. The latter is unsupported."),
    ],
)  # fmt: skip
def test_in_dims_that_do_not_fit(in_dims: Any, args: Any, text: str) -> None:
    def first(*given: Any) -> Any:
        return given[0]

    for one, name in (
        (first, "first"),
        (functools.partial(first), "functools.partial(first, ...)"),
    ):
        with pytest.raises(ValueError) as raised:
            vmap(one, in_dims)(*args)
        assert str(raised.value) == text.format(name)


@pytest.mark.parametrize(
    ("out_dims", "result", "text"),
    [
        (0, lambda a: 1, "vmap({0}, ...): `{0}` must only return Tensors, got type <class 'int'>. Did you "
         "mean to set out_dims= to None for output?"),
        (None, lambda a: a, "vmap({0}, ...): `{0}` can not return a BatchedTensor when out_dim is None"),
        ((0, 1, 2), lambda a: (a, a), "vmap({0}, ..., out_dims=(0, 1, 2))(<inputs>): out_dims is not "
         "compatible with the structure of `outputs`. out_dims has structure TreeSpec(tuple, None, [*,\n  "
         "*,\n  *]) but outputs has structure TreeSpec(tuple, None, [*,\n  *])."),
        ("a", lambda a: a, "vmap({0}, ..., out_dims=a): `out_dims` must be an int, None or a python "
         "collection of ints representing where in the outputs the vmapped dimension should appear."),
    ],
)  # fmt: skip
def test_out_dims_that_do_not_fit(out_dims: Any, result: Any, text: str) -> None:
    with pytest.raises(ValueError) as raised:
        vmap(result, out_dims=out_dims)(X)
    assert str(raised.value) == text.format("<lambda>")


def test_dimensions_go_in_and_out_where_they_are_wanted() -> None:
    assert equal(vmap(lambda a: a * 2, in_dims=-1, out_dims=1)(X), X * 2)
    assert vmap(lambda a: {"q": a}, out_dims=1)(X)["q"].shape == (2, 3)
    both = vmap(lambda p: (p[0] + p[1], p[1]), in_dims=((0, None),), out_dims=(1, None))
    total, shared = both((X, torch.ones(2)))
    assert equal(total, (X + 1).t()) and equal(shared, torch.ones(2))
    assert vmap(lambda a: torch.ones(2))(X).shape == (3, 2)
    with pytest.raises(IndexError, match=r"expected to be in range of \[-2, 1\], but got 5"):
        vmap(lambda a: a, out_dims=5)(X)


def test_chunks_give_what_the_whole_gives() -> None:
    sizes: list[int] = []

    def counted(a: Any, b: Any) -> Any:
        sizes.append(a._a.value.shape[0])
        return a * b, b

    found = vmap(counted, (0, None), (1, None), chunk_size=2)(X, torch.tensor(3.0))
    assert equal(found[0], X.t() * 3) and found[1] == 3 and sizes == [2, 1]
    with pytest.raises(ValueError, match=r"should be None or greater than 0. \(got 0\)"):
        vmap(counted, chunk_size=0)


# --- random draws ------------------------------------------------------------------------------------
def test_draws_are_the_same_or_different() -> None:
    def noisy(a: Any) -> Any:
        return a * 0 + torch.randn(2)

    torch.manual_seed(0)
    whole = torch.randn(3, 2)
    torch.manual_seed(0)
    assert equal(vmap(noisy, randomness="different")(X), whole)
    torch.manual_seed(0)
    assert equal(vmap(noisy, randomness="same")(X), whole[:1].expand(3, 2))
    torch.manual_seed(0)
    assert equal(vmap(noisy, randomness="same", chunk_size=2)(X), whole[:1].expand(3, 2))
    with pytest.raises(RuntimeError, match="Only allowed values for randomness are"):
        vmap(noisy, randomness="x")


def test_draws_of_nested_maps_are_each_ones_own() -> None:
    x = torch.zeros(3, 2, 2)

    def draw(a: Any) -> Any:
        return a + torch.randn(2)

    found = vmap(vmap(draw, randomness="different"), randomness="same")(x)
    assert equal(found, found[:1].expand(3, 2, 2)) and not equal(found[0, 0], found[0, 1])
    found = vmap(vmap(draw, randomness="same"), randomness="different")(x)
    assert equal(found, found[:, :1].expand(3, 2, 2)) and not equal(found[0, 0], found[1, 0])


def test_dropout_draws_for_each_example() -> None:
    torch.manual_seed(0)
    wanted = nn.functional.dropout(torch.ones(3, 50))
    torch.manual_seed(0)
    assert equal(vmap(nn.functional.dropout, randomness="different")(torch.ones(3, 50)), wanted)
    same = vmap(nn.functional.dropout, randomness="same")(torch.ones(3, 50))
    assert equal(same, same[:1].expand(3, 50)) and 0 < float(same.count_nonzero()) < 150
    with pytest.raises(RuntimeError, match="Cannot ask for different inplace randomness"):
        vmap(lambda a: torch.zeros(2).normal_(), randomness="different")(X)
    with pytest.raises(RuntimeError, match="does not currently support same randomness"):
        vmap(torch.bernoulli, randomness="same")(X / 9)
