"""No healthy program is accused: the built-in examples, the lessons, and real training loops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from engine.tape.diagnose import Severity, problems
from engine.tape.schema import Mark
from engine.tape.tape import Tape
from resources import path as resource
from tests.cases.broken import healthy

Record = Callable[..., Tape]
EXAMPLES = sorted(resource("examples").glob("*.ipynb"))

#: What a notebook raises on purpose, and what Tapedeck says of it.
MEANT = {"not-scalar", "freed", "root-without-graph", "not-a-leaf", "leaf-in-place"}

HEALTHY = {
    "masked attention": """
torch.manual_seed(0)
layer = nn.MultiheadAttention(8, 2, batch_first=True)
x = torch.randn(2, 5, 8)
mask = torch.triu(torch.full((5, 5), float("-inf")), diagonal=1)
y, _ = layer(x, x, x, attn_mask=mask)
scores = (x @ x.mT).masked_fill(mask == float("-inf"), float("-inf")).softmax(-1)
(y.sum() + (scores @ x).sum()).backward()
""",
    "gradient accumulation": """
torch.manual_seed(0)
model = nn.Linear(2, 1)
opt = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    opt.zero_grad()
    for _ in range(3):
        (model(torch.randn(4, 2)).pow(2).mean() / 3).backward()
    opt.step()
""",
    "adversarial pair": """
torch.manual_seed(0)
G, D = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.LeakyReLU(), nn.Linear(8, 1))
og, od = (torch.optim.Adam(m.parameters(), lr=1e-3) for m in (G, D))
for _ in range(3):
    fake, real = G(torch.randn(8, 2)), torch.randn(8, 2)
    od.zero_grad()
    loss = F.binary_cross_entropy_with_logits(D(real), torch.ones(8, 1))
    loss = loss + F.binary_cross_entropy_with_logits(D(fake.detach()), torch.zeros(8, 1))
    loss.backward()
    od.step()
    og.zero_grad()
    F.binary_cross_entropy_with_logits(D(fake), torch.ones(8, 1)).backward()
    og.step()
""",
    "convolution with dropout": """
torch.manual_seed(0)
net = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5),
                    nn.Linear(36, 10))
opt = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
total = 0.0
for _ in range(3):
    loss = F.cross_entropy(net(torch.randn(4, 1, 8, 8)), torch.tensor([1, 2, 3, 4]))
    opt.zero_grad()
    loss.backward()
    opt.step()
    total += loss.item()
""",
    "frozen body": """
torch.manual_seed(0)
body, head = nn.Linear(2, 4), nn.Linear(4, 1)
for p in body.parameters():
    p.requires_grad = False
opt = torch.optim.SGD(head.parameters(), lr=0.1)
for _ in range(2):
    opt.zero_grad()
    head(torch.relu(body(torch.randn(4, 2)))).mean().backward()
    opt.step()
""",
    "recurrent state detached": """
torch.manual_seed(0)
cell, out = nn.GRUCell(2, 4), nn.Linear(4, 1)
opt = torch.optim.Adam([*cell.parameters(), *out.parameters()])
h = torch.zeros(3, 4)
for _ in range(3):
    h = cell(torch.randn(3, 2), h.detach())
    opt.zero_grad()
    out(h).pow(2).mean().backward()
    opt.step()
""",
    "by hand with log-sum-exp and running minimum": """
w = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
best = torch.tensor(float("inf"))
for _ in range(5):
    loss = torch.logsumexp(w, 0) + (w[:, None] - w[None, :]).pow(2).mean()
    loss.backward()
    best = torch.minimum(best, loss.detach())
    with torch.no_grad():
        w -= 0.1 * w.grad
        w.grad = None
""",
    "double backward": """
x = torch.tensor([1.0, 2.0], requires_grad=True)
y = (x ** 3).sum()
g, = torch.autograd.grad(y, x, create_graph=True)
(g ** 2).sum().backward()
""",
}  # fmt: skip


LOOPS = healthy()


@pytest.mark.parametrize("name", LOOPS)
def test_a_training_loop_has_no_problems(name: str, record_program: Record) -> None:
    tape = record_program(LOOPS[name])
    assert not (tape.marks["kind"] == Mark.ERROR).any()
    found = problems(tape)
    assert [(one.cause, one.title) for one in found if one.severity > Severity.NOTE] == []


def test_a_run_that_was_stopped_has_no_problem(record_program: Record) -> None:
    tape = record_program("class KeyboardInterrupt(Exception): pass\nraise KeyboardInterrupt('x')")
    assert (tape.marks["kind"] == Mark.ERROR).any()
    assert problems(tape) == []


def test_there_are_enough_loops() -> None:
    assert len(LOOPS) >= 80


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_program_has_no_problems(name: str, record_program: Record) -> None:
    found = problems(record_program(HEALTHY[name]))
    assert [(one.cause, one.title) for one in found if one.severity > Severity.NOTE] == []


def _record_notebook(path: Path, record_program: Record) -> Tape:
    notebook = nbformat.read(path, as_version=4)
    cells = [
        "\n".join(line for line in cell.source.splitlines() if not line.startswith(("%", "!")))
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]
    return record_program(*cells)


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_an_example_is_told_only_what_it_shows(path: Path, record_program: Record) -> None:
    found = problems(_record_notebook(path, record_program))
    assert {one.cause for one in found if one.severity > Severity.NOTE} <= MEANT
    raised = "error" in path.stem or "vector" in path.stem
    assert bool(found) == raised


def test_a_lesson_is_told_only_what_it_raises(lessons: list[Path], record_program: Record) -> None:
    for path in lessons:
        found = problems(_record_notebook(path, record_program))
        assert {one.cause for one in found if one.severity > Severity.NOTE} <= MEANT, path.name
