"""A variable is renamed where the code means it, and nowhere else."""

from __future__ import annotations

import pytest

from app.renaming import RenameError, renamed


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("w = 1\ny = w + w.w", "v = 1\ny = v + v.w"),
        ("f(w=w)", "f(w=v)"),
        ("words = 'w'  # w", "words = 'w'  # w"),
        ("é = w; ww = 2", "é = v; ww = 2"),
        ("def f(w):\n    return w\nf(w)", "def f(w):\n    return w\nf(v)"),
        ("def f(a=w):\n    return w", "def f(a=v):\n    return v"),
        ("def f():\n    w = 2\n    return w\nw", "def f():\n    w = 2\n    return w\nv"),
        ("g = lambda w: w\nh = lambda: w", "g = lambda w: w\nh = lambda: v"),
        ("[w for w in w]", "[w for w in v]"),
        ("[x * w for x in w]", "[x * v for x in v]"),
        ("for w in range(3):\n    w.x = w", "for v in range(3):\n    v.x = v"),
        ("class A:\n    w = 1\n    def m(self):\n        return w", None),
        ("%time w\nw = 1", "%time w\nv = 1"),
        ('print(f"{w} {w:.2f}")', 'print(f"{v} {v:.2f}")'),
        ("x.w = 1\nw[0] += 1\ndel w", "x.w = 1\nv[0] += 1\ndel v"),
        ("async def f():\n    async for i in w:\n        yield w", None),
        ("try:\n    w\nexcept E as e:\n    w", "try:\n    v\nexcept E as e:\n    v"),
        ("(lambda x=w: [w for _ in w])()", "(lambda x=v: [v for _ in v])()"),
        ("nothing", "nothing"),
    ],
)
def test_what_means_the_variable_is_renamed(source: str, expected: str | None) -> None:
    if expected is None:
        expected = {
            "class A": "class A:\n    w = 1\n    def m(self):\n        return v",
            "async d": "async def f():\n    async for i in v:\n        yield v",
        }[source[:7]]
    assert renamed(source, "w", "v") == expected


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("w = (", "line 1 cannot be read"),
        ("def f(v):\n    return w", "line 2 is where 'v' is a local variable"),
        ("def w():\n    pass", "line 1 defines it as a function"),
        ("import w", "line 1 imports it"),
        ("class A:\n    w = w", "line 2 may mean the class's 'w'"),
        ("def f():\n    global w\n    w = 1", "line 2 declares it global"),
    ],
)
def test_what_cannot_be_renamed_says_why(source: str, why: str) -> None:
    with pytest.raises(RenameError, match=why):
        renamed(source, "w", "v")
