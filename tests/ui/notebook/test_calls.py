"""Names, calls and signatures read from text."""

from __future__ import annotations

import pytest

from ui.notebook.calls import Call, Signature, call_at, name_at


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("y = to|rch.nn.Linear(2)", "torch"),
        ("y = torch.n|n.Linear(2)", "torch.nn"),
        ("y = torch.nn.Li|near(2)", "torch.nn.Linear"),
        ("y = torch| + 1", ""),
        ("größe|_1 + 1", "größe_1"),
        ("12|3", ""),
    ],
)
def test_the_name_around_a_column(line: str, name: str) -> None:
    assert name_at(line.replace("|", ""), line.index("|")) == name


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("f(|", Call("f", 0, "")),
        ("f(a, b|)", Call("f", 1, "")),
        ("torch.add(x, alpha=|", Call("torch.add", 1, "alpha")),
        ("torch.add(x == |", Call("torch.add", 0, "")),
        ("f(g(1, 2), |", Call("f", 1, "")),
        ("f(g(1, |", Call("g", 1, "")),
        ("f([1, 2, |", None),
        ("f((1, |", None),
        ("def f(a, |", None),
        ("f(a)|", None),
        ("f(',', |", Call("f", 1, "")),
        ("f(a,\n  b,\n  |", Call("f", 2, "")),
    ],
)
def test_the_call_around_a_place(text: str, call: Call | None) -> None:
    plain = text.replace("|", "")
    quotes = [at for at, letter in enumerate(plain) if letter == "'"]
    inside = range(quotes[0], quotes[1]) if quotes else range(0)
    assert call_at(plain, text.index("|"), lambda at: at in inside) == call


MATMUL = (
    "\x1b[31mSignature:\x1b[39m torch.matmul(input: \x1b[33m'Any'\x1b[39m, other, *, "
    "out=\x1b[32mNone\x1b[39m) -> \x1b[33m'Any'\x1b[39m\n"
    "\x1b[31mDocstring:\x1b[39m Matrix product.\nMore.\n\x1b[31mType:\x1b[39m      function"
)


@pytest.mark.parametrize(
    ("call", "bold"),
    [
        (Call("", 0, ""), "input: Any"),
        (Call("", 1, ""), "other"),
        (Call("", 2, ""), ""),
        (Call("", 1, "out"), "out=None"),
        (Call("", 0, "nope"), ""),
    ],
)
def test_the_argument_at_the_cursor_is_bold(call: Call, bold: str) -> None:
    signature = Signature.parse(MATMUL)
    assert signature is not None
    assert signature.parameters == ("input: Any", "other", "*", "out=None")
    assert (signature.tail, signature.doc) == (" -> Any", "Matrix product.")
    written = signature.written(call)
    assert written.partition("\x1b[1;36m")[2].partition("\x1b[0m")[0] == bold


def test_stars_take_the_rest() -> None:
    signature = Signature.parse("Signature: f(a, /, *rest, b=(1, 2), **more)")
    assert signature is not None
    assert signature.parameters == ("a", "/", "*rest", "b=(1, 2)", "**more")
    for call, bold in ((Call("", 5, ""), "*rest"), (Call("", 1, "c"), "**more")):
        assert f"\x1b[1;36m{bold}\x1b[0m" in signature.written(call)


def test_what_has_no_signature_gives_none() -> None:
    assert Signature.parse("Type: int\nString form: 3") is None
    assert Signature.parse("") is None
