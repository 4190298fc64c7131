"""What an answer to Why? costs on tapes of about 10,000 operations, over many selections.

    python -m tests.benchmarks.why [--profile] [NAME]

Milliseconds of CPU per answer: the median, the slowest, and which one that was; all of one element
(`element`), and beside a formula that is typed (`expected`). Each is the first answer about its
tape: nothing is known of it but its tables, no array was read. Further ones in the window, while
the tape does not grow, know what those before them found (`again`: the median of the same nodes).
What a process imports once for finite differences, which a formula may need, is not counted; the
window imports it while the formula is typed.
"""

from __future__ import annotations

import cProfile
import pstats
import random
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

import engine as torch
from app.controller.problems import answer
from engine import nn
from engine.nn import functional
from engine.tape.conditions import ConditionError
from engine.tape.diagnose import Facts, Finding, why, words
from engine.tape.rerun.operations import rows_by_name
from engine.tape.tape import Tape
from tests import recording
from ui.graph.types import Kind, NodeId

SELECTIONS = 120
CHAIN = """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
y = w * 1.0
for i in range(4990):
    y = (y * 0.9999).tanh() if i % 2 else (y + 0.001).sin()
loss = y.sum()
loss.backward()
"""
TRAINING = """\
model = nn.Sequential(*[m for _ in range(4) for m in (nn.Linear(8, 8), nn.Tanh())], nn.Linear(8, 1))
opt = torch.optim.Adam(model.parameters(), lr=1e-3)
x, t = torch.randn(16, 8), torch.randn(16, 1)
for step in range(550):
    loss = F.mse_loss(model(x), t)
    opt.zero_grad()
    loss.backward()
    opt.step()
"""
FORGOTTEN = TRAINING.replace("    opt.zero_grad()\n", "")
RECURRENT = """\
W = (torch.eye(16) * 0.9).requires_grad_()
u = torch.randn(16, requires_grad=True)
h = torch.zeros(16)
for t in range(2480):
    h = torch.relu(W @ h + u * 0.01)
    h = h + 1e-4
loss = (h ** 2).mean()
loss.backward()
"""
NAN = RECURRENT.replace("mean()", "mean().sub(1e9).sqrt()")
MASKED = CHAIN.replace("loss = y.sum()", "loss = torch.where(w > 1.5, y, torch.zeros(2)).sum()")
DEAD = RECURRENT.replace("u * 0.01", "u * 0 - 1")
UNROLLED = """\
a = torch.ones(4, requires_grad=True)
b = torch.ones(4, requires_grad=True)
s = a * 0
for i in range(3300):
    s = s + (a * b) * 0.5
c = torch.ones(4, requires_grad=True)
frozen = (s * c).detach()
loss = s.sum() + frozen.sum()
loss.backward()
"""
PROGRAMS = {
    "chain": (CHAIN, "w.grad", "2 * w"),
    "training": (TRAINING, "2.weight.grad", "8.bias * 2"),
    "forgotten": (FORGOTTEN, "2.weight.grad", "2.weight * 2"),
    "recurrent": (RECURRENT, "u.grad", "u * 2"),
    "nan": (NAN, "u.grad", "u * 2"),
    "dead": (DEAD, "W.grad", "W * 2"),
    "unrolled": (UNROLLED, "a.grad", "b * 3"),
    "masked": (MASKED, "w.grad", "2 * w"),
}


def record(program: str) -> Tape:
    """Run a program under a recorder; return its tape."""
    torch.manual_seed(0)
    return recording.tape_of(program, names={"nn": nn, "F": functional})


def selections(tape: Tape) -> list[NodeId]:
    """Return nodes of all kinds, spread over a tape: all leaves, and some of the others."""
    chosen = random.Random(0)
    leaves = [
        NodeId(Kind.ACCUMULATE, n) for n in range(len(tape.nodes)) if tape.nodes["variable"][n] >= 0
    ]
    nodes = [n for n in range(len(tape.nodes)) if tape.nodes["variable"][n] < 0]
    ops = [NodeId(Kind.OP, op) for op in chosen.sample(range(len(tape.ops)), SELECTIONS // 2)]
    grads = [
        NodeId(Kind.GRAD_FN, n) for n in chosen.sample(nodes, min(SELECTIONS // 2, len(nodes)))
    ]
    return [*leaves[:20], *ops, *grads]


def _cold(tape: Tape, node: NodeId) -> Finding:
    """Answer as if nothing had been asked of the tape yet."""
    return answer(Facts(tape.snapshot()), node, len(tape.events))


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds of CPU that a piece of work takes."""
    began = time.process_time()
    work()
    return (time.process_time() - began) * 1000


def main() -> None:
    """Print a line per program."""
    names = [name for name in sys.argv[1:] if name in PROGRAMS] or list(PROGRAMS)
    print(f"{'':10} {'operations':>10} {'median':>8} {'slowest':>8} {'element':>8} {'expected':>8}"
          f" {'again':>8}  ms of CPU")  # fmt: skip
    rows_by_name()
    for name in names:
        program, question, formula = PROGRAMS[name]
        tape = record(program)
        nodes, end = selections(tape), len(tape.events)
        found = [(timed(partial(_cold, tape, node)), node) for node in nodes]
        kept = Facts(tape.snapshot())
        again = statistics.median(timed(partial(answer, kept, node, end)) for node in nodes)
        tensor, _, _ = words.parse(tape, question)
        element = [0] * len(tape.value_shape(words.latest(tape, tensor)))
        single = timed(partial(why, tape.snapshot(), tensor, element))
        try:
            beside = timed(partial(words.answer, tape.snapshot(), question, formula))
        except (ConditionError, words.QuestionError) as error:
            sys.exit(f"{name}: {error}")
        slowest, which = max(found)
        median = statistics.median(took for took, _ in found)
        what = _cold(tape, which).cause
        numbers = " ".join(f"{one:8.1f}" for one in (median, slowest, single, beside, again))
        where = f"{which.kind.name.lower()} {which.ref}: {what}"
        print(f"{name:10} {len(tape.ops):10,} {numbers}  {where}", flush=True)
        if "--profile" in sys.argv:
            profile = cProfile.Profile()
            profile.runcall(_cold, tape, which)
            pstats.Stats(profile).sort_stats("cumulative").print_stats(25)


if __name__ == "__main__":
    main()
