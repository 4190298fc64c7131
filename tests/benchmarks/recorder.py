"""What recording costs: `python -m tests.benchmarks.recorder` prints recorded ÷ unrecorded.

Both run in one process in alternating rounds. As in the kernel, a thread flushes ten times a second
into a spool file; the recorded time ends when everything is written. Medians are compared.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

import engine as torch
from engine.tape.recorder import Recorder
from engine.tape.schema import Event

nn = torch.nn
Work = Callable[[], None]


class Cost(NamedTuple):
    """Seconds of one round: unrecorded, recorded while it ran, and for the rest of the drain."""

    plain: float
    running: float
    draining: float
    entries: int  # operations and steps


def chain(length: int = 10_000, inputs: int = 1) -> Work:
    """A chain of scalar mul and add, forward and backward."""

    def work() -> None:
        x = torch.ones(inputs, requires_grad=True)
        y = x
        for _ in range(length // 2):
            y = y * 1.0001 + x
        y.sum().backward()

    return work


def mlp(widths: tuple[int, ...], batch: int, optimizer: str, steps: int) -> Work:
    """Training of a ReLU network with one of the optimizers."""
    layers: list[object] = []
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    stepper = getattr(torch.optim, optimizer)(model.parameters(), lr=1e-3)
    x = torch.tensor(np.random.default_rng(0).normal(size=(batch, widths[0])).astype(np.float32))
    target = torch.zeros(batch, dtype=torch.int64)

    def work() -> None:
        for _ in range(steps):
            stepper.zero_grad()
            nn.functional.cross_entropy(model(x), target).backward()
            stepper.step()

    return work


def rnn(length: int = 100, width: int = 32, rounds: int = 10) -> Work:
    """A recurrent network unrolled by hand, with plain gradient descent."""
    w, u = (torch.randn(width, width, requires_grad=True) for _ in range(2))
    x = torch.randn(length, 1, width)

    def work() -> None:
        for _ in range(rounds):
            h = torch.zeros(1, width)
            for t in range(length):
                h = torch.tanh(x[t] @ w * 0.1 + h @ u * 0.1)
            h.pow(2).mean().backward()
            with torch.no_grad():
                for p in (w, u):
                    p -= 0.01 * p.grad
                    p.grad = None

    return work


def accumulate(rounds: int = 1_000) -> Work:
    """Many small passes into one gradient that stays."""
    w = torch.ones(3, requires_grad=True)

    def work() -> None:
        w.grad = None
        for i in range(rounds):
            (w * float(i % 7)).sum().backward()

    return work


WORKLOADS: dict[str, Callable[[], Work]] = {
    "chain, scalars": lambda: chain(),
    "chain, 1,000 elements": lambda: chain(inputs=1_000),
    "small passes": lambda: accumulate(),
    "RNN 100 x 32": lambda: rnn(),
    "MLP 2-16-16-2, batch 8, SGD": lambda: mlp((2, 16, 16, 2), 8, "SGD", 200),
    "MLP 2-16-16-2, batch 8, Adam": lambda: mlp((2, 16, 16, 2), 8, "Adam", 200),
    "MLP 784-128-10, batch 64, SGD": lambda: mlp((784, 128, 10), 64, "SGD", 100),
    "MLP 784-1024-10, batch 64, SGD": lambda: mlp((784, 1024, 10), 64, "SGD", 25),
    "MLP 784-1024-10, batch 64, Adam": lambda: mlp((784, 1024, 10), 64, "Adam", 25),
}


def measure(work: Work, folder: Path) -> Cost:
    """Run once unrecorded and once recorded."""
    before = time.perf_counter()
    work()
    plain = time.perf_counter() - before
    recorder, over = Recorder(folder / "spool.tape"), threading.Event()
    follower = threading.Thread(target=follow, args=(recorder, over))
    recorder.start()
    follower.start()
    before = time.perf_counter()
    work()
    ran = time.perf_counter()
    recorder.stop()
    recorder.flush()
    done = time.perf_counter()
    over.set()
    follower.join()
    tape = recorder.tape()
    counts = np.bincount(tape.events["kind"], minlength=len(Event))
    tape.close()
    recorder.finish()
    if recorder.failure:
        raise RuntimeError(recorder.failure)
    return Cost(plain, ran - before, done - ran, int(counts[Event.OP] + counts[Event.STEP]))


def follow(recorder: Recorder, over: threading.Event) -> None:
    """Flush from another thread until it is over."""
    while not over.wait(0.1):
        recorder.flush()


def main() -> None:
    """Print one line per workload."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--only", default="", help="workloads whose name contains this")
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':<34}{'plain':>9}{'recorded':>10}{'ratio':>8}{'entries':>9}{'µs each':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for name, make in WORKLOADS.items():
            if args.only in name:
                work = make()
                work()
                print(_line(name, [measure(work, Path(folder)) for _ in range(args.rounds)]))


def _line(name: str, costs: list[Cost]) -> str:
    """plain, recorded: ms; ratio; entries; what recording adds per entry."""
    plain = statistics.median(cost.plain for cost in costs)
    recorded = statistics.median(cost.running + cost.draining for cost in costs)
    entries = costs[0].entries
    return (
        f"{name:<34}{plain * 1e3:>9.1f}{recorded * 1e3:>10.1f}{recorded / plain:>8.2f}"
        f"{entries:>9,}{(recorded - plain) / entries * 1e6:>9.1f}"
    )


if __name__ == "__main__":
    main()
