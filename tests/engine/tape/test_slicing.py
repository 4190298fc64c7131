"""Slices written by a person: what is understood, and what is said of the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.tape.slicing import Slice, SliceError, bound, parse


@pytest.mark.parametrize(
    ("text", "grad", "index"),
    [
        ("w", False, ()),
        ("w.grad", True, ()),
        ("w[3]", False, (3,)),
        (" w.grad [ ::10 , 0, : ] ", True, (slice(None, None, 10), 0, slice(None))),
        ("w[-1, ..., 2:5]", False, (-1, ..., slice(2, 5))),
        ("w[0,]", False, (0,)),
        ("w[+2:-3:-1]", False, (slice(2, -3, -1),)),
    ],
)
def test_what_is_understood(text: str, grad: bool, index: tuple[object, ...]) -> None:
    assert parse(text, "w") == Slice(grad, index)


def test_names_may_hold_brackets_and_dots() -> None:
    assert parse("layers[0].weight.grad[1]", "layers[0].weight") == Slice(True, (1,))
    assert parse('d["a]"][:2]', 'd["a]"]') == Slice(False, (slice(None, 2),))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("v[0]", r"this is not w: write w\[\.\.\.\] or w\.grad\[\.\.\.\]"),
        ("w.gradient[0]", "this is not w"),
        ("ww", "this is not w"),
        ("w[0", "the bracket is not closed"),
        ("w[]", "an index is missing"),
        ("w[1,,2]", "an index is missing"),
        ("w[a]", r"a cannot be an index: an index is a number, a slice such as 2:10:2, or \.\.\."),
        ("w[1.5]", r"1\.5 cannot be an index"),
        ("w[len(x)]", "cannot be an index"),
        ("w[__import__('os')]", "cannot be an index"),
        ("w[1:2:3:4]", "1:2:3:4 has too many colons"),
        ("w[::0]", "the step of ::0 is 0"),
        ("w[..., ...]", r"there can be only one \.\.\. in an index"),
        ("w[٣]", "cannot be an index"),
    ],
)
def test_what_is_said_of_the_rest(text: str, sentence: str) -> None:
    with pytest.raises(SliceError, match=sentence):
        parse(text, "w")


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        ((100,), "100 is out of range: there are 100 iterations"),
        ((0, 4), "4 is out of range: dimension 0 has size 4"),
        ((0, 0, -3), "-3 is out of range: dimension 1 has size 2"),
        ((0, 0, 0, 0), r"4 indices are too many: iterations come first, then the 2 dimensions"),
    ],
)
def test_what_does_not_fit(index: tuple[int, ...], sentence: str) -> None:
    with pytest.raises(SliceError, match=sentence):
        bound(index, 100, (4, 2))


part = st.none() | st.integers(-9, 9)
items = st.one_of(
    st.integers(-9, 9),
    st.builds(slice, part, part, part.filter(lambda step: step != 0)),
    st.just(...),
)


@given(st.lists(items, max_size=4))
def test_it_chooses_what_numpy_chooses(index: list[object]) -> None:
    stacked = np.arange(5 * 4 * 3).reshape(5, 4, 3)
    words = ", ".join(_words(item) for item in index)
    try:
        expected = stacked[tuple(index)]  # type: ignore[arg-type]
    except IndexError:
        with pytest.raises(SliceError):
            bound(parse(f"w[{words}]", "w").items, 5, (4, 3))
        return
    when, elements = bound(parse(f"w[{words}]" if words else "w", "w").items, 5, (4, 3))
    found = np.stack([row[elements] for row in np.atleast_3d(stacked)[np.atleast_1d(when)]]
                     if isinstance(when, int) else [row[elements] for row in stacked[when]]
                     or [stacked[0][elements]])  # fmt: skip
    if isinstance(when, int):
        found = found[0]
    elif not len(stacked[when]):
        found = found[:0]
    assert (found == expected).all() and found.shape == expected.shape


def _words(item: object) -> str:
    if item is ...:
        return "..."
    if isinstance(item, slice):
        return ":".join("" if p is None else str(p) for p in (item.start, item.stop, item.step))
    return str(item)
