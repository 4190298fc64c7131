"""An element of a gradient is followed exactly through what only moves elements."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.tape.diagnose import why
from engine.tape.diagnose.facts import Facts
from engine.tape.tape import Tape

Record = Callable[[str], Tape]

MOVED = (
    "x.flip(0)",
    "x.roll(1)",
    "torch.cat([torch.ones(2), x])",
    "torch.stack([x, x], 1)",
    "x.view(2, 2).T",
    "x.view(2, 2).permute(1, 0)",
    "x.view(2, 2).transpose(0, 1)",
    "x.index_select(0, torch.tensor([2, 0]))",
    "torch.cat(x.split(2)[::-1])",
    "torch.cat(x.chunk(2))",
    "x.narrow(0, 0, 2)",
    "torch.stack(x.unbind())",
    "F.pad(x, (1, 1))",
    "x.repeat(2)",
    "x.gather(0, torch.tensor([0, 3]))",
    "x[[3, 0]]",
    "x[:2]",
    "x[0]",
    "x.unfold(0, 2, 1)",
    "torch.rot90(x.view(2, 2))",
    "x.view(2, 2).diagonal()",
    "x.view(2, 2).tril()",
    "x.split([1, 3])[0]",
    "F.embedding(torch.tensor([0, 3]), x[:, None])",
)


@pytest.mark.parametrize("moved", MOVED)
def test_an_element_is_followed_to_its_own_place(moved: str, record_program: Record) -> None:
    source = f"""
x = torch.tensor([-1.0, 2.0, 3.0, 4.0], requires_grad=True)
y = torch.relu({moved})
y.sum().backward()
"""
    tape = record_program(source)
    found = why(tape, Facts(tape).named("x"), (0,))
    assert (found.cause, tape.text(int(tape.ops["name"][found.culprit.op]))) == (
        "dead-relu",
        "relu",
    )


def test_a_part_that_is_not_used_is_told(record_program: Record) -> None:
    tape = record_program("""
x = torch.ones(4, requires_grad=True)
a, b = x.split(2)
b.sum().backward()
""")
    found = why(tape, Facts(tape).named("x"), (0,))
    assert (found.cause, found.title) == ("masked", "the part that holds it is not used")


def test_a_channel_of_a_convolution_is_followed(record_program: Record) -> None:
    tape = record_program("""
w = torch.tensor([[[-1.0]], [[1.0]]], requires_grad=True)
y = F.conv1d(torch.ones(1, 1, 4), w).max(dim=1).values
y.sum().backward()
""")
    assert why(tape, Facts(tape).named("w"), (0,)).cause == "not-chosen"
