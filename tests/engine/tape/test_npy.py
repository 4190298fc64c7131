"""Headers of `.npy` members: other writers' spellings are read, what could keep a parser busy not."""

from __future__ import annotations

import ast
import struct

import pytest

from engine.tape.schema import TABLES
from engine.tape.storage import npy

DTYPE = TABLES["dims"]


def member(text: str) -> bytes:
    """Return a member with this header and two rows."""
    head = text.encode("latin-1")
    return npy.header(DTYPE, 2)[:8] + struct.pack("<H", len(head)) + head + bytes(16)


def test_another_writers_spelling_means_the_same() -> None:
    descr = [(name, DTYPE.fields[name][0].str) for name in DTYPE.names]
    text = f'{{"shape": (2,),  "fortran_order": False, "descr": {descr}}}\n'
    assert len(npy.decode(member(text), DTYPE)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "[" * 4000,
        "[" * 50 + "]" * 50,
        "-" * 8000 + "1",
        "{'shape': " + "~" * 100 + "1}",
        "(" * 5 + ")" * 5,
        "1+" * 3000 + "1",
        "{'shape': (2,)}}",
        "\xff{'shape': (2,)}",
        "f(2)",
    ],
)
def test_what_is_no_plain_literal_never_reaches_the_parser(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(ast, "literal_eval", lambda text: seen.append(text) or {})
    with pytest.raises(ValueError, match="header"):
        npy.decode(member(text), DTYPE)
    assert seen == [] or text == "f(2)"
    with pytest.raises(ValueError, match="header"):
        npy.decode(npy.header(DTYPE, 3) + bytes(16), DTYPE)
