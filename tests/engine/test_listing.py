"""The operator table as a person meets it: the listing, its texts, and the page made from it."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import engine as torch
from engine.ops import listed, rooms
from engine.ops.gradient_text import expression
from engine.ops.listing import COMPOSED, Operation
from engine.ops.page import page
from ui.theme import FAMILIES

ROOT = Path(__file__).parents[2]


@cache
def by_call() -> dict[str, Operation]:
    return {one.call: one for one in listed()}


def test_every_public_operation_is_listed_with_a_sentence_and_a_family() -> None:
    wrong = [
        one.call
        for one in listed()
        if not 2 < len(one.doc) <= 100
        or not one.doc.endswith((".", "..."))
        or one.family not in FAMILIES
    ]
    assert not wrong
    known = {name for one in listed() for name in (one.name, *one.also)}
    gone = rooms.ROOMS["removed"]
    public = {name for name in rooms.functions() if not name.startswith("_")}
    public -= {*gone.both.split(), *gone.functions.split()}
    assert {name for name in public if not name.endswith("_")} <= known


def test_rows_are_sorted_by_family_and_name_and_named_once() -> None:
    keys = [(one.family, one.name, one.call) for one in listed()]
    assert keys == sorted(keys)
    assert len({one.call for one in listed()}) == len(keys)


def test_calls_are_those_of_the_namespaces() -> None:
    for one in listed():
        found = torch
        for part in one.call.removeprefix("torch.").split("."):
            found = getattr(found, part)
        assert callable(found), one.call


@pytest.mark.parametrize(
    ("call", "signature", "arguments", "node", "gradients"),
    [
        ("torch.sin", "torch.sin(input)", ("input",), "SinBackward0",
         (("input", "g * conj(cos(input))"),)),
        ("torch.mul", "torch.mul(input, other)", ("input", "other"), "MulBackward0",
         (("input", "g * conj(other)"), ("other", "g * conj(input)"))),
        ("torch.matmul", "torch.matmul(input, other)", ("input", "other"),
         "MvBackward0, DotBackward0, BmmBackward0", (("", COMPOSED),)),
        ("torch.sum", "torch.sum(input, dim, keepdim=False)", ("input",),
         "SumBackward0, SumBackward1", (("input", "expand(g, input.shape)"),)),
        ("torch.abs", "torch.abs(input)", ("input",), "AbsBackward0", (("input", "g * sgn(input)"),)),
        ("torch.floor", "torch.floor(input)", ("input",), "FloorBackward0", (("input", "0"),)),
        ("torch.argmax", "torch.argmax(input, dim=None, keepdim=False)", ("input",), "", ()),
        ("Tensor.view", "Tensor.view(*size)", ("size",), "ViewBackward0",
         (("input", "g.reshape(input.shape)"),)),
        ("torch.nn.functional.silu", "torch.nn.functional.silu(input, inplace=False)", ("input",),
         "SiluBackward0", (("input", "g * sigmoid(input) * (1 + input * (1 - sigmoid(input)))"),)),
    ],
)  # fmt: skip
def test_what_a_person_reads_of_an_operation(
    call: str, signature: str, arguments: tuple[str, ...], node: str, gradients: object
) -> None:
    one = by_call()[call]
    assert one.signature == signature
    assert one.arguments == arguments
    assert set(node.split(", ")) <= set(one.node.split(", "))
    assert one.gradients == gradients


def test_other_names_are_told_with_the_operation() -> None:
    assert by_call()["torch.acos"].also == ("arccos",)
    assert by_call()["torch.cat"].also == ("concat", "concatenate")
    assert "torch.arccos" not in by_call()


def test_variants_are_told() -> None:
    assert by_call()["torch.add"].inplace
    assert by_call()["torch.add"].method
    assert not by_call()["torch.cat"].method
    assert not by_call()["torch.matmul"].inplace


def test_the_text_of_a_function_is_its_expression_and_nothing_else() -> None:
    def short(F: object, g: float) -> float:
        """It only returns."""
        return g * (  # over two lines
            g + 1
        )

    def long(F: object, g: float) -> float:
        h = g + 1
        return g * h

    assert expression(lambda F, g: (g + 1) * g) == "(g + 1) * g"
    assert [expression(f) for f in (lambda g: -g, lambda g: g / 2)] == ["-g", "g / 2"]
    assert expression(short) == "g * (g + 1)"
    assert expression(long) is None
    assert expression(max) is None


def test_the_page_is_up_to_date() -> None:
    written = (ROOT / "resources" / "docs" / "operations.md").read_text("utf-8")
    assert written == page(), "run python -m engine.ops.page > resources/docs/operations.md"


def test_the_order_in_which_rooms_load_changes_nothing() -> None:
    code = (
        "import hashlib, sys; from engine.ops import rooms; "
        "import engine; rooms.load_all(sorted(rooms.ROOMS, reverse=bool(int(sys.argv[1])))); "
        "from engine.ops.page import page; print(hashlib.sha256(page().encode()).hexdigest())"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    first, second = (
        subprocess.run(
            [sys.executable, "-c", code, order], env=environment, capture_output=True, check=True
        ).stdout
        for order in "01"
    )
    assert first == second
