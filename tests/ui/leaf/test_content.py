"""The code of a new leaf makes the numbers that its form shows; spreadsheets are read."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from ui.leaf.content import DTYPES, Content, ContentError, Fill, code, numbers, read_table, shape_of


def made(text: str, name: str = "x") -> engine.Tensor:
    """Run a line as a kernel would."""
    names: dict[str, object] = {"torch": engine}
    exec(text, names)
    found = names[name]
    assert isinstance(found, engine.Tensor)
    return found


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (2, 1, 4)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("fill", list(Fill))
def test_the_code_makes_the_numbers_that_are_shown(
    fill: Fill, dtype: str, shape: tuple[int, ...]
) -> None:
    if dtype.startswith("complex") and fill is Fill.RANGE:
        pytest.skip("arange has no complex numbers")
    differentiable = dtype.startswith(("float", "complex"))
    typed = np.random.default_rng(0).normal(size=shape) * 3
    content = Content(shape, dtype, fill, 5, differentiable, typed)
    leaf = made(code("x", content))
    assert leaf.shape == shape
    assert str(leaf.dtype) == f"torch.{dtype}"
    assert leaf.requires_grad is differentiable
    assert leaf.is_leaf
    shown = numbers(content)
    assert shown.dtype == leaf.detach().numpy().dtype
    np.testing.assert_array_equal(leaf.detach().numpy(), shown)


def test_long_tables_are_written_row_by_row_and_longer_ones_not_at_all() -> None:
    typed = np.arange(120.0).reshape(12, 10)
    text = code("x", Content((12, 10), typed=typed))
    assert len(text.splitlines()) == 17
    np.testing.assert_array_equal(made(text).detach().numpy(), typed.astype("float32"))
    with pytest.raises(ContentError, match="20,000 typed numbers make no readable line"):
        code("x", Content((20_000,)))


def test_numbers_that_have_no_literal_are_written_as_well() -> None:
    typed = np.array([np.nan, np.inf, -np.inf, 0.1])
    leaf = made(code("x", Content((4,), typed=typed)))
    np.testing.assert_array_equal(leaf.detach().numpy(), typed.astype("float32"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1\t2\r\n3\t4\r\n", [[1, 2], [3, 4]]),
        ("1,5\t2\n3\t4", [[1.5, 2], [3, 4]]),
        ("1;2,5\n3;4", [[1, 2.5], [3, 4]]),
        ("1,2\n3,4\n", [[1, 2], [3, 4]]),
        ('"1.5","2"\n3,4', [[1.5, 2], [3, 4]]),
        ("1 2\n3 4", [[1, 2], [3, 4]]),
        ("7", [[7]]),
        ("1e-3\t-inf", [[0.001, -np.inf]]),
    ],
)
def test_tables_of_spreadsheets_are_read(text: str, expected: list[list[float]]) -> None:
    np.testing.assert_array_equal(read_table(text), expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no table"),
        ("a\tb\n1\t2", "Row 1, column 1 is “a”"),
        ("1\t\n2\t3", "Row 1, column 2 is an empty cell"),
        ("1\t2\n3", "Row 2 has 1 cells and row 1 has 2"),
    ],
)
def test_what_is_no_table_of_numbers_is_refused(text: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        read_table(text)


@pytest.mark.parametrize(
    ("text", "shape"),
    [("", ()), ("3", (3,)), ("3, 4", (3, 4)), ("(3, 4)", (3, 4)), ("3x4", (3, 4)), ("0 2", (0, 2))],
)
def test_shapes_are_read(text: str, shape: tuple[int, ...]) -> None:
    assert shape_of(text) == shape


@pytest.mark.parametrize("text", ["a", "3, -1", "1e3", "99999999, 99"])
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(ContentError):
        shape_of(text)


def test_integers_that_require_grad_are_refused() -> None:
    with pytest.raises(ContentError, match="Only floating point"):
        code("x", Content((2,), "int64", Fill.ONES))
    with pytest.raises(ContentError, match="needs a name"):
        code("", Content((2,)))
    with pytest.raises(ContentError, match="'2x' is no name"):
        code("2x", Content((2,)))
